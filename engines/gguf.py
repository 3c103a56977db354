"""What a GGUF file says of itself: its metadata, read without the tensors.

The form is that of https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, version 3.
"""

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

MAGIC = b"GGUF"
# Encoders: they give vectors and write nothing (llama.cpp's LLM_ARCH_* of them).
ENCODERS = frozenset(
    {"bert", "modern-bert", "nomic-bert", "nomic-bert-moe", "neo-bert", "jina-bert-v2", "jina-bert-v3", "eurobert"}
    | {"gemma-embedding", "t5encoder"}
)
POOLED = (1, 2, 3)  # mean, cls, last: a vector of a text; 0 is none, 4 ranks two texts
Scalar = str | int | float | bool
_FORMS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_LONGEST = 100_000_000  # no length in a sane file is more; a damaged one must not fill the memory


def metadata(path: Path) -> Mapping[str, Scalar]:
    """Return the file's scalar values and texts by key; arrays are passed over.

    Raises:
        ValueError: It is no GGUF file, or cut off or damaged.
        OSError: It can't be read.
    """
    found: dict[str, Scalar] = {}
    with path.open("rb") as file:
        if file.read(4) != MAGIC:
            raise ValueError(f"{path.name} is no GGUF file")
        _, _, count = struct.unpack("<IQQ", _read(file, 20))
        for _ in range(min(count, 10_000)):
            key = _string(file)
            (form,) = struct.unpack("<I", _read(file, 4))
            if form == _ARRAY:
                _skip_array(file)
            else:
                found[key] = _string(file) if form == _STRING else _scalar(file, form)
    return found


def embeds(facts: Mapping[str, Scalar]) -> bool:
    """Whether a model with this metadata is made for embeddings rather than chat."""
    architecture = facts.get("general.architecture")
    return architecture in ENCODERS or facts.get(f"{architecture}.pooling_type") in POOLED


def _read(file: BinaryIO, size: int) -> bytes:
    data = file.read(size) if size <= _LONGEST else b""
    if len(data) != size:
        raise ValueError("it is cut off or damaged")
    return data


def _string(file: BinaryIO) -> str:
    (size,) = struct.unpack("<Q", _read(file, 8))
    return _read(file, size).decode("utf-8", "replace")


def _scalar(file: BinaryIO, form: int) -> Scalar:
    if form not in _FORMS:
        raise ValueError(f"it has a value of an unknown kind ({form})")
    value: Scalar = struct.unpack("<" + _FORMS[form], _read(file, struct.calcsize(_FORMS[form])))[0]
    return value


def _skip_array(file: BinaryIO) -> None:
    form, count = struct.unpack("<IQ", _read(file, 12))
    if count > _LONGEST or (form != _STRING and form not in _FORMS):
        raise ValueError("it has an array that can't be read")
    if form != _STRING:
        _read(file, count * struct.calcsize(_FORMS[form]))
        return
    for _ in range(count):
        _read(file, struct.unpack("<Q", _read(file, 8))[0])
