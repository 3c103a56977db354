"""What a downloaded file really is, told by its bytes: weights are read, never run.

A pickle can run any code when it is loaded, and calls itself model.bin or model.safetensors if
that helps. So the name decides nothing here: safetensors, GGUF, ONNX and CTranslate2 files are
known by their first bytes, text by being text, and whatever else there is, is refused.
"""

import struct
from pathlib import Path

from contract.errors import DownloadFailed

# https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
_GGUF = b"GGUF"
# A CTranslate2 model starts with its format version (1 to 6 so far) as a little-endian uint32,
# then the length and name of its spec: https://opennmt.net/CTranslate2/conversion.html
_CTRANSLATE2_VERSIONS = range(1, 16)
_TEXT_SUFFIXES = (".json", ".txt", ".md", ".jinja", ".model_card")
_SENTENCEPIECE_SUFFIXES = (".spm", ".model")
_HEAD = 4096


def check_contents(path: Path) -> None:
    """Raise DownloadFailed unless the file is of a kind that can be read without running code."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if is_pickle(head):
        raise _refused(path, "it is a Python pickle, which can run code of its own when it is loaded")
    suffix = path.suffix.lower() or f".{path.name.lower()}"
    if suffix in _TEXT_SUFFIXES or path.name.startswith("."):
        ok = b"\x00" not in head
    elif suffix == ".gguf":
        ok = head.startswith(_GGUF)
    elif suffix == ".safetensors":
        ok = _is_safetensors(head, path.stat().st_size)
    elif suffix == ".onnx":
        # ONNX is a protobuf whose first field is ir_version (field 1, varint).
        ok = head[:1] == b"\x08"
    elif suffix == ".bin":
        ok = bool(ctranslate2_spec(head)) or _is_marian(head)
    elif suffix in _SENTENCEPIECE_SUFFIXES:
        # A SentencePiece model is a protobuf that starts with its pieces (field 1, length-delimited).
        ok = head[:1] == b"\x0a"
    else:
        ok = False
    if not ok:
        raise _refused(path, f"it does not hold what a {suffix} file of a model holds")


def is_pickle(head: bytes) -> bool:
    """Whether these first bytes are a pickle of today's protocols, bare or in the zip or tar that torch writes.

    The text protocols of old look like any text; they fail the check of what a file must hold instead.
    """
    return (
        head[:4] in (b"PK\x03\x04", b"PK\x05\x06")
        or (len(head) > 1 and head[0] == 0x80 and 2 <= head[1] <= 5)
        or head[257:262] == b"ustar"
    )


def _refused(path: Path, why: str) -> DownloadFailed:
    return DownloadFailed(f"{path.name} was refused: {why}. Choose another model.", file=path.name)


def _is_safetensors(head: bytes, size: int) -> bool:
    # https://github.com/huggingface/safetensors#format: 8 bytes of header length, then JSON.
    if len(head) < 9:
        return False
    (length,) = struct.unpack("<Q", head[:8])
    return bool(length <= min(size - 8, 100_000_000) and head[8:9] == b"{")


def ctranslate2_spec(head: bytes) -> str:
    """What a CTranslate2 model calls itself, as WhisperSpec; "" when it is none."""
    if len(head) < 8:
        return ""
    version, length = struct.unpack("<IH", head[:6])
    name = head[6 : 6 + length].rstrip(b"\x00")
    ok = version in _CTRANSLATE2_VERSIONS and 0 < length < 200 and name.isalnum() and name.endswith(b"Spec")
    return name.decode("ascii", "ignore") if ok else ""


def _is_marian(head: bytes) -> bool:
    # Marian's binary models start with version 1 and their number of tensors, as uint64; a lexical
    # shortlist with its magic number 0xF11A48D5013417F5.
    if len(head) < 16:
        return False
    first, count = struct.unpack("<QQ", head[:16])
    return bool((first == 1 and 0 < count < 100_000) or first == 0xF11A48D5013417F5)
