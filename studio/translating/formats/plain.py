"""Plain text: paragraph by paragraph; lines that only end because the page was full become one sentence again."""

import itertools
import re
import textwrap

from studio.translating.formats.encoding import decode
from studio.translating.formats.seam import Change
from studio.translating.marked import bare, escaped

_BLANK = re.compile(r"(\n[ \t]*\n[\s]*)")
_LINE_START = re.compile(r"[ \t]*(?:(?:>+|[-*+•]|\d{1,3}[.)]|#{1,6})[ \t]+)?")
_NARROWEST, _WIDEST = 30, 120  # characters of a page that lines were broken for
_FULL = 0.6  # of the longest line


def rewrite(data: bytes, change: Change, target_lang: str) -> bytes:
    """See ``seam``."""
    file = decode(data, "plain text")
    newline = "\r\n" if "\r\n" in file.text else "\n"
    parts = _BLANK.split(file.text.replace("\r\n", "\n"))
    parts[::2] = [_paragraph(part, change) for part in parts[::2]]
    return file.encoded("".join(parts).replace("\n", newline))


def _paragraph(text: str, change: Change) -> str:
    lines = text.split("\n")
    width = _page_width(lines)
    if width:
        first = _LINE_START.match(lines[0])
        prefix = first[0] if first else ""
        joined = " ".join(line.strip() for line in [lines[0][len(prefix) :], *lines[1:]])
        new = change(escaped(joined))
        if new is None:
            return text
        later = re.match(r"[ \t]*", lines[1])
        wrapped = textwrap.fill(
            bare(new),
            width,
            initial_indent=prefix,
            subsequent_indent=later[0] if later else "",
            break_long_words=False,
            break_on_hyphens=False,
        )
        return wrapped + "\n" * (len(text) - len(text.rstrip("\n")))
    return "\n".join(_line(line, change) for line in lines)


def _line(line: str, change: Change) -> str:
    start = _LINE_START.match(line)
    prefix = start[0] if start else ""
    words = line[len(prefix) :].rstrip()
    if not words:
        return line
    new = change(escaped(words))
    return line if new is None else prefix + bare(new) + line[len(prefix) + len(words) :]


def _page_width(lines: list[str]) -> int:
    """The width that lines were broken at; 0 where each line stands for itself."""
    lines = [line.rstrip() for line in lines if line.strip()]
    if len(lines) < 2:
        return 0
    longest = max(map(len, lines))
    if not _NARROWEST <= longest <= _WIDEST or any(len(line) < _FULL * longest for line in lines[:-1]):
        return 0
    starts = [_LINE_START.match(line) for line in lines[1:]]
    if any(start and start[0].strip() for start in starts):
        return 0
    runs_on = any(
        after.lstrip()[:1].islower() or not before.endswith((".", "!", "?", ":", ";"))
        for before, after in itertools.pairwise(lines)
    )
    return longest if runs_on else 0
