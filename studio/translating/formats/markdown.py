"""Markdown: headings, lists, quotes, tables and links keep their marks; code and front matter stay as they are.

markdown-it-py says which lines are text of which block; the text is replaced in place, so that everything else
stays byte for byte. The lines of a paragraph become one: Markdown reads them so.
"""

import re

from markdown_it import MarkdownIt

from studio.translating.formats.encoding import decode
from studio.translating.formats.seam import Change, offered, unreadable
from studio.translating.marked import bare, escaped

_FRONT = re.compile(r"\A---\n.*?\n(?:---|\.\.\.)\n", re.S)
# Inline Markdown: code, pictures, footnotes' marks, tags, a link and its end with the address, emphasis.
_MARKS = re.compile(
    r"(?P<code>`+)(?:.+?)(?P=code)|!\[(?:[^\[\]]|\\.)*\]\([^()\s]*(?:\s+\"[^\"]*\")?\)|\[\^[^\]\s]+\]|<[^<>\n]+>"
    r"|(?P<link>\[)|(?P<end>\](?:\([^()\n]*(?:\([^()\n]*\)[^()\n]*)?\)|\[[^\]\n]*\])?)"
    r"|(?P<style>\*\*\*|\*\*|\*|~~|(?<!\w)___?(?=\w)|(?<=\w|[.!?,;:)])__?(?!\w)|(?<!\w)_(?=\w))"
)
_CODE = re.compile(r"<(/?)(\d{1,5})(/?)>|&(lt|amp);")
_DEEPEST = 100


def rewrite(data: bytes, change: Change, target_lang: str) -> bytes:
    """See ``seam``."""
    file = decode(data, "Markdown")
    newline = "\r\n" if "\r\n" in file.text else "\n"
    text = file.text.replace("\r\n", "\n")
    front = _FRONT.match(text)
    head = front[0] if front else ""
    lines = text[len(head) :].split("\n")
    reader = MarkdownIt("commonmark", {"maxNesting": _DEEPEST}).enable(["table", "strikethrough"])
    try:
        tokens = reader.parse("\n".join(lines))
    except RecursionError as exc:
        raise unreadable("Markdown", "it is nested too deep. Split it.") from exc
    places: dict[int, int] = {}  # how far into its line each cell of a table was found
    level = 0
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            level = int(token.tag[1:]) if token.nesting > 0 else 0
        if token.type != "inline" or token.map is None or not token.content.strip():
            continue
        first, last = token.map
        new = _translated(token.content, change, level)
        if new is None:
            continue
        pieces = token.content.split("\n")
        start = lines[first].find(pieces[0], places.get(first, 0))
        if start < 0:
            continue  # spaces that the reader has changed: better untouched than damaged
        if len(pieces) == 1:
            lines[first] = lines[first][:start] + new + lines[first][start + len(pieces[0]) :]
            places[first] = start + len(new)
            continue
        tail = lines[last - 1][len(lines[last - 1].rstrip()) :] if last > first else ""
        lines[first : first + len(pieces)] = [lines[first][:start] + new + tail, *[_GONE] * (len(pieces) - 1)]
    body = "\n".join(line for line in lines if line is not _GONE)
    return file.encoded((head + body).replace("\n", newline))


_GONE = "\x00gone"


def _translated(content: str, change: Change, level: int) -> str | None:
    """Translate the text of one block; hard line breaks stay where they were."""
    parts = re.split(r"( {2,}\n|\\\n)", content)
    news: list[str] = []
    changed = False
    for number, part in enumerate(parts):
        if number % 2:
            news.append("<br>\n" if "|" in part else part)
            continue
        marked, marks = _read(part.replace("\n", " "))
        new = change(offered(marked, level))
        changed = changed or new is not None
        news.append(part.replace("\n", " ") if new is None else _write(new, marks))
    return "".join(news).replace("\n", " " if len(parts) == 1 else "\n") if changed else None


def _read(text: str) -> tuple[str, dict[int, tuple[str, str]]]:
    """Inline Markdown as marked text, and what its codes stand for; a mark without words has no second part."""
    found = [match for match in _MARKS.finditer(text) if match.start() == 0 or text[match.start() - 1] != "\\"]
    partner: dict[int, int] = {}
    stack: list[int] = []
    for at, match in enumerate(found):
        if match["link"]:
            stack.append(at)
        elif match["end"]:
            while stack and not found[stack[-1]]["link"]:
                stack.pop()
            if stack:
                partner[stack.pop()] = at
        elif match["style"]:
            same = [place for place in stack if found[place]["style"] == match["style"]]
            after_word = match.start() > 0 and not text[match.start() - 1].isspace()
            if same and after_word:
                del stack[stack.index(same[-1]) + 1 :]
                partner[stack.pop()] = at
            elif match.end() < len(text) and not text[match.end()].isspace():
                stack.append(at)
    marks: dict[int, tuple[str, str]] = {}
    closing: dict[int, int] = {}
    marked, at, code = "", 0, 0
    for number, match in enumerate(found):
        marked += escaped(text[at : match.start()])
        at = match.end()
        if number in partner:
            code += 1
            closing[partner[number]] = code
            marks[code] = (match[0], found[partner[number]][0])
            marked += f"<{code}>"
        elif number in closing:
            marked += f"</{closing[number]}>"
        elif match["style"] or match["link"] or match["end"]:
            marked += escaped(match[0])
        else:
            code += 1
            marks[code] = (match[0], "")
            marked += f"<{code}/>"
    return marked + escaped(text[at:]), marks


def _write(target: str, marks: dict[int, tuple[str, str]]) -> str:
    out, at = "", 0
    for match in _CODE.finditer(target):
        out += target[at : match.start()]
        at = match.end()
        if match[4]:
            out += bare(match[0])
        else:
            out += marks.get(int(match[2]), ("", ""))[bool(match[1])]
    return out + target[at:]
