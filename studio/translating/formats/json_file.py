"""JSON: the texts among its values; keys, numbers, addresses, identifiers and the file's own layout stay."""

import json
import re

from studio.translating.formats.encoding import decode
from studio.translating.formats.seam import Change, unreadable
from studio.translating.marked import bare, escaped

_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"')
# Ids, constants, colours, dates, paths, file names, locales: values that a program reads.
_NO_PROSE = re.compile(
    r"\s*(?:[\w.+-]*[\d_./:\\#@=&?+-][\w./:\\#@=&?%+-]*|[a-z]{2,3}[-_][A-Z]{2}|#[0-9A-Fa-f]{3,8}|[a-z]+(?:[A-Z][a-z]*)+)\s*"
)


def rewrite(data: bytes, change: Change, target_lang: str) -> bytes:
    """See ``seam``."""
    file = decode(data, "JSON")
    try:
        json.loads(file.text)
    except RecursionError as exc:
        raise unreadable("JSON", "it is nested too deep. Split it.") from exc
    except ValueError as exc:
        raise unreadable("JSON", f"{exc}. Mend it and try again.") from exc
    ascii_only = "\\u" in file.text and file.text.isascii()
    out: list[str] = []
    at = 0
    for match in _STRING.finditer(file.text):
        out.append(file.text[at : match.start()])
        at = match.end()
        out.append(match[0])
        if file.text[at : at + 100].lstrip()[:1] == ":":
            continue  # a key
        text = json.loads(match[0])
        if _NO_PROSE.fullmatch(text) and " " not in text.strip():
            continue
        new = change(escaped(text))
        if new is not None:
            out[-1] = json.dumps(bare(new), ensure_ascii=ascii_only)
    return file.encoded("".join([*out, file.text[at:]]))
