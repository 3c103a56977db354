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
# general.file_type, of llama.cpp's enum llama_ftype: the ones that are about.
FILE_TYPES: dict[object, str] = {
    0: "F32",
    1: "F16",
    2: "Q4_0",
    3: "Q4_1",
    7: "Q8_0",
    8: "Q5_0",
    9: "Q5_1",
    10: "Q2_K",
    11: "Q3_K_S",
    12: "Q3_K_M",
    13: "Q3_K_L",
    14: "Q4_K_S",
    15: "Q4_K_M",
    16: "Q5_K_S",
    17: "Q5_K_M",
    18: "Q6_K",
    25: "IQ4_NL",
    30: "IQ4_XS",
    32: "BF16",
    38: "MXFP4",
}
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


def told(path: Path) -> dict[str, Scalar]:
    """Return what a person may want to know of a file: its architecture, size, quantisation, context and template.

    {} where it can't be read: loading it tells why.
    """
    try:
        facts = metadata(path)
    except (OSError, ValueError):
        return {}
    model = facts.get("general.architecture", "")
    kept = {
        "architecture": model,
        "name": facts.get("general.name", ""),
        "parameters": facts.get("general.size_label", ""),
        "quantisation": FILE_TYPES.get(facts.get("general.file_type", -1), ""),
        "context_length": facts.get(f"{model}.context_length", 0),
        "layers": facts.get(f"{model}.block_count", 0),
        "embedding_length": facts.get(f"{model}.embedding_length", 0),
        "template": facts.get("tokenizer.chat_template", ""),
    }
    return {name: value for name, value in kept.items() if value}


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
