"""CSV: the texts in its cells; formulas, numbers, codes, separators and quotes stay as they are.

A cell that a spreadsheet would run (``=``, ``+``, ``-``, ``@`` first) is kept as it is; and where a translation
would begin so, an apostrophe goes before it, which makes it text.
"""

import re

from studio.translating.formats.encoding import decode
from studio.translating.formats.json_file import _NO_PROSE
from studio.translating.formats.seam import Change
from studio.translating.marked import bare, escaped

_SEPARATORS = (",", ";", "\t", "|")
_RUNS = ("=", "+", "-", "@", "\t", "\r")


def rewrite(data: bytes, change: Change, target_lang: str) -> bytes:
    """See ``seam``."""
    file = decode(data, "CSV")
    separator = _separator(file.text)
    field = re.compile(rf'("(?:[^"]|"")*"|[^{re.escape(separator)}"\r\n][^{re.escape(separator)}\r\n]*)')
    return file.encoded(field.sub(lambda match: _cell(match[0], change, separator), file.text))


def _cell(raw: str, change: Change, separator: str) -> str:
    quoted = len(raw) > 1 and raw[0] == raw[-1] == '"'
    text = raw[1:-1].replace('""', '"') if quoted else raw
    if text.lstrip().startswith(_RUNS) or (_NO_PROSE.fullmatch(text) and " " not in text.strip()):
        return raw
    new = change(escaped(text))
    if new is None:
        return raw
    cell = bare(new)
    if cell.lstrip().startswith(_RUNS):
        cell = "'" + cell
    if quoted or separator in cell or '"' in cell or "\n" in cell:
        return '"' + cell.replace('"', '""') + '"'
    return cell


def _separator(text: str) -> str:
    """The sign that divides most of the first lines into the same number of cells."""
    lines = [re.sub(r'"[^"]*"', "", line) for line in text.splitlines()[:20] if line.strip()]

    def fits(sign: str) -> tuple[bool, int]:
        counts = [line.count(sign) for line in lines]
        return bool(counts) and min(counts) > 0 and min(counts) == max(counts), sum(counts)

    return max(_SEPARATORS, key=fits)
