"""Names an inner tensor of an ONNX model as one more output, without the ``onnx`` package.

Only the few fields of the protocol buffers that matter are read (onnx.proto: ModelProto.graph is field 7; of a
GraphProto node is 1 and output 12; of a NodeProto output is 2 and op_type 4); everything else is copied as it stands.
"""

from collections.abc import Iterator

_GRAPH, _NODE, _OUTPUT, _NODE_OUTPUT, _OP_TYPE, _NAME = 7, 1, 12, 2, 4, 1
_BYTES = 2  # the wire type of texts, bytes and messages


def with_output_of(model: bytes, op_type: str) -> bytes | None:
    """Return a model that also gives what its one node of a type computes.

    Returns:
        None: it has no such node or several, or gives it already, or its bytes can't be followed.
    """
    try:
        graph = next((field for field in _fields(model, 0, len(model)) if field[0] == _GRAPH), None)
        if graph is None:
            return None
        _, start, begin, end = graph
        found, given = set[bytes](), set[bytes]()
        for number, _, first, last in _fields(model, begin, end):
            if number == _NODE:
                inner = [(kind, model[a:b]) for kind, _, a, b in _fields(model, first, last)]
                if (_OP_TYPE, op_type.encode()) in inner:
                    found |= {text for kind, text in inner if kind == _NODE_OUTPUT}
            elif number == _OUTPUT:
                given |= {model[a:b] for kind, _, a, b in _fields(model, first, last) if kind == _NAME}
    except IndexError:
        return None
    if len(found) != 1 or found & given:
        return None
    added = _message(_OUTPUT, _message(_NAME, found.pop()))
    length = _varint(end - begin + len(added))
    return b"".join((model[:start], _varint(_GRAPH << 3 | _BYTES), length, model[begin:end], added, model[end:]))


def _fields(data: bytes, at: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield each field's number, where it starts, and where its content begins and ends."""
    while at < end:
        start = at
        tag, at = _read_varint(data, at)
        kind = tag & 7
        if kind == _BYTES:
            length, at = _read_varint(data, at)
        elif kind == 0:
            _, after = _read_varint(data, at)
            length = after - at
        elif kind in (1, 5):
            length = 8 if kind == 1 else 4
        else:
            raise IndexError(f"wire type {kind}")
        if at + length > end:
            raise IndexError("cut off")
        yield tag >> 3, start, at, at + length
        at += length


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def _varint(value: int) -> bytes:
    parts = bytearray()
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])


def _message(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | _BYTES) + _varint(len(content)) + content
