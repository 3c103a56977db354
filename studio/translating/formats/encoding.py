"""Text files as text: by their mark, as UTF-8, else in the encoding that fits their bytes best.

Old subtitles and notes in Polish are often in windows-1250. The translation is written in the same encoding
where that has all its letters, else in UTF-8.
"""

import codecs
from dataclasses import dataclass

from charset_normalizer import from_bytes

from studio.translating.formats.seam import unreadable

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_LOOKED_AT = 200_000  # bytes


@dataclass(frozen=True, slots=True)
class Decoded:
    """A file's text, and how to write it again."""

    text: str
    encoding: str
    mark: bytes = b""

    def encoded(self, text: str) -> bytes:
        """Return text as bytes in the file's encoding, or in UTF-8 where that lacks a letter."""
        try:
            return self.mark + text.encode(self.encoding)
        except UnicodeEncodeError:
            return text.encode("utf-8")


def decode(data: bytes, kind: str) -> Decoded:
    """Read bytes as text; raises InvalidRequest for what is none."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            try:
                return Decoded(data[len(mark) :].decode(encoding), encoding, mark)
            except UnicodeDecodeError as exc:
                raise unreadable(kind, f"it is no {encoding.upper()}, as it says. Save it again as UTF-8.") from exc
    if b"\x00" in data[:_LOOKED_AT]:
        raise unreadable(kind, "it is no text. Choose the file again, or another format.")
    try:
        return Decoded(data.decode("utf-8"), "utf-8")
    except UnicodeDecodeError:
        best = from_bytes(data[:_LOOKED_AT], threshold=0.4).best()
    if best is None:
        raise unreadable(kind, "its letters are in no known encoding. Save it as UTF-8 and try again.")
    return Decoded(data.decode(best.encoding, errors="replace"), best.encoding)
