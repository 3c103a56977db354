"""Text inside PNG files, written and read by their chunks alone: no pixel is unpacked, so no picture is too large."""

import struct
import zlib
from collections.abc import Iterator, Mapping
from typing import BinaryIO

from contract.errors import InvalidRequest

MAGIC = b"\x89PNG\r\n\x1a\n"
_HEADER_BYTES = 33  # the magic and the IHDR chunk, which must come first
# A chunk of text may unpack to a thousand times its size.
MOST_TEXT_BYTES = 200_000
MOST_CHUNKS = 10_000


def with_text(png: bytes, texts: Mapping[str, str]) -> bytes:
    """Return the PNG with texts by keyword, each in Latin-1 where it fits, as other tools write them, else in UTF-8.

    Raises:
        ValueError: It is no PNG.
    """
    if not png.startswith(MAGIC) or png[12:16] != b"IHDR":
        raise ValueError("it is no PNG")
    return png[:_HEADER_BYTES] + b"".join(_chunk(key, text) for key, text in texts.items()) + png[_HEADER_BYTES:]


def _chunk(key: str, text: str) -> bytes:
    try:
        kind, body = b"tEXt", key.encode("latin-1") + b"\0" + text.encode("latin-1")
    except UnicodeEncodeError:
        kind, body = b"iTXt", key.encode("latin-1") + b"\0\0\0\0\0" + text.encode("utf-8")
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def texts_of(file: BinaryIO) -> dict[str, str]:
    """Return the texts of a PNG by keyword, the first of each.

    Raises:
        InvalidRequest: It is no PNG, is cut off, or holds more text than a picture has reason to.
    """
    if file.read(len(MAGIC)) != MAGIC:
        raise InvalidRequest("This file is no PNG picture. Drop one that Hearth or another tool has made.")
    found: dict[str, str] = {}
    total = 0
    for kind, body in _chunks(file):
        total += len(body)
        if total > MOST_TEXT_BYTES:
            raise InvalidRequest(f"This picture holds more than {MOST_TEXT_BYTES:,} bytes of text, so it is not read.")
        key, _, rest = body.partition(b"\0")
        found.setdefault(key.decode("latin-1"), _text(kind, rest))
    return found


def _chunks(file: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    for _ in range(MOST_CHUNKS):
        head = file.read(8)
        if len(head) < 8:
            raise InvalidRequest("This PNG is cut off. Save it anew, then drop it again.")
        length, kind = struct.unpack(">I4s", head)
        if kind == b"IEND":
            return
        if kind in (b"tEXt", b"iTXt", b"zTXt"):
            if length > MOST_TEXT_BYTES:
                raise InvalidRequest(f"This picture holds a text of {length:,} bytes, so it is not read.")
            yield kind, file.read(length)
            file.seek(4, 1)
        else:
            file.seek(length + 4, 1)
    raise InvalidRequest("This PNG has too many parts to be a picture.")


def _text(kind: bytes, rest: bytes) -> str:
    if kind == b"tEXt":
        return rest.decode("latin-1")
    if kind == b"zTXt":
        return _unpacked(rest[1:]).decode("latin-1")
    packed = rest[:1] == b"\1"
    _, _, after = rest[2:].partition(b"\0")  # the language
    _, _, text = after.partition(b"\0")  # the keyword in that language
    return (_unpacked(text) if packed else text).decode("utf-8", "replace")


def _unpacked(data: bytes) -> bytes:
    unpacking = zlib.decompressobj()
    try:
        text = unpacking.decompress(data, MOST_TEXT_BYTES)
    except zlib.error as exc:
        raise InvalidRequest("A text in this PNG can't be unpacked. Save the picture anew.") from exc
    if unpacking.unconsumed_tail:
        raise InvalidRequest(f"A text in this PNG unpacks to more than {MOST_TEXT_BYTES:,} bytes, so it is not read.")
    return text
