"""HTML, also that of e-books, Markdown and subtitles: read as a stream of tags and text, written back in place.

Nothing is parsed into a tree and printed again: tags, comments, scripts, character references and white space
outside translated text stay byte for byte, nesting costs nothing, and entities of a DTD are never expanded. A
paragraph is what stands between tags that are not inline. Not translated: ``script``, ``style``, ``pre``,
``code`` and what says ``translate="no"``. Of attributes, ``alt``, ``title``, ``placeholder``, ``aria-label``, the
text of buttons and the description are.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape, unescape

from studio.translating.formats.encoding import Decoded, decode
from studio.translating.formats.seam import Change, aside, offered, unreadable
from studio.translating.marked import bare, escaped

_INLINE = frozenset(
    (
        *("a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "data", "del", "dfn", "em", "font", "i", "ins"),
        *("label", "lang", "mark", "nobr", "q", "rb", "rt", "ruby", "s", "small", "span", "strike", "strong", "sub"),
        *("sup", "time", "tt", "u", "v"),
    )
)
_OPAQUE = frozenset(
    (
        *("code", "kbd", "samp", "var", "svg", "math", "img", "input", "wbr", "object", "audio", "video", "canvas"),
        *("iframe", "picture"),
    )
)
_UNTOUCHED = frozenset(("script", "style", "pre", "textarea", "template", "noscript", "xmp", "plaintext"))
_VOID = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr")
)
_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([\w-]{2,40})", re.I)
_XML_ENCODING = re.compile(rb"^\s*<\?xml[^>]{0,200}encoding\s*=\s*[\"']([\w-]{2,40})")
_ATTRIBUTE = re.compile(r"(\s(?:alt|title|placeholder|aria-label)\s*=\s*)(\"[^\"]*\"|'[^']*')", re.I)
_VALUE = re.compile(r"(\s(?:value|content)\s*=\s*)(\"[^\"]*\"|'[^']*')", re.I)
_BUTTON = re.compile(r"type\s*=\s*[\"']?(?:submit|button|reset)", re.I)
_DESCRIPTION = re.compile(r"(?:name|property)\s*=\s*[\"']?(?:description|og:title|og:description|keywords)\b", re.I)
_KEEP = re.compile(r"translate\s*=\s*[\"']?no\b|class\s*=\s*[\"'][^\"']*\bnotranslate\b", re.I)
_LANG = re.compile(r"(<html\b[^<>]{0,2000}?\s(?:xml:)?lang\s*=\s*)([\"'])[^\"']*\2", re.I)
# A comment, a declaration, or a tag with its attributes.
_MARKUP = re.compile(
    r"<!--.*?(?:-->|\Z)|<!\[CDATA\[.*?(?:\]\]>|\Z)|<[?!][^>]*+(?:>|\Z)"
    r"|<(/?)([A-Za-z][^\s/<>]*+)(?:[^<>\"']++|\"[^\"]*+\"|'[^']*+')*+>",
    re.S,
)
_RAW = {tag: re.compile(rf"</{tag}\b", re.I) for tag in ("script", "style")}
_HEADING = re.compile(r"h([1-6])")
_MOST_TAGS = 2_000_000
_CODE = re.compile(r"<(/?)(\d{1,5})(/?)>|&(lt|amp);")


@dataclass(frozen=True, slots=True)
class _Token:
    """A piece of the file: ``text``, ``open``, ``close``, ``single`` or ``other``, its tag and its source."""

    kind: str
    tag: str
    raw: str


@dataclass(frozen=True, slots=True)
class Inline:
    """A paragraph as marked text, and what its codes stand for: opening and closing source, or one."""

    marked: str
    pairs: dict[int, tuple[str, str]]
    singles: dict[int, str]
    breaks: tuple[str, ...] = ()


def _tokens(source: str) -> list[_Token]:
    """Cut HTML at its tags; what is never closed is text, or a comment to the end, as browsers see it.

    Python's own parser looks through the rest of the file again for each tag that is not closed: a page of 200 kB
    can be made to take minutes. This looks at every character once.
    """
    found: list[_Token] = []
    at = 0
    while (match := _MARKUP.search(source, at)) is not None:
        if at < match.start():
            found.append(_Token("text", "", source[at : match.start()]))
        at = match.end()
        tag = (match[2] or "").lower()
        if not tag:
            found.append(_Token("other", "", match[0]))
        elif match[1]:
            found.append(_Token("close", tag, match[0]))
        elif tag in _VOID or match[0].endswith("/>"):
            found.append(_Token("single", tag, match[0]))
        else:
            found.append(_Token("open", tag, match[0]))
            if tag in _RAW:  # in a script, "<" begins no tag
                closing = _RAW[tag].search(source, at)
                end = closing.start() if closing else len(source)
                found.append(_Token("text", "", source[at:end]))
                at = end
        if len(found) > _MOST_TAGS:
            raise unreadable("HTML", f"it has over {_MOST_TAGS:,} tags. Split it.")
    if at < len(source):
        found.append(_Token("text", "", source[at:]))
    return found


def rewrite(data: bytes, change: Change, target_lang: str) -> bytes:
    """See ``seam``."""
    said = _CHARSET.search(data[:4096]) or _XML_ENCODING.search(data[:512])
    file = None
    if said:
        try:
            file = Decoded(data.decode(said[1].decode()), said[1].decode())
        except (LookupError, UnicodeDecodeError):
            file = None  # it lies, as many pages do
    file = file or decode(data, "HTML")
    out = rewrite_text(file.text, change)
    out = _LANG.sub(lambda match: f"{match[1]}{match[2]}{target_lang}{match[2]}", out, count=1)
    try:
        return file.mark + out.encode(file.encoding, "xmlcharrefreplace")
    except LookupError:
        return out.encode()


def rewrite_text(source: str, change: Change) -> str:
    """Translate HTML that is text already."""
    out: list[str] = []
    run: list[_Token] = []
    tokens = _tokens(source)
    ends = _ends(tokens)
    level = 0
    apart = aside(change)

    def flush() -> None:
        if run:
            out.append(_paragraph(run, apart if level < 0 else change, level))
            run.clear()

    at = 0
    while at < len(tokens):
        token = tokens[at]
        end = at + 1
        if token.kind == "open" and (token.tag in _UNTOUCHED | _OPAQUE or _KEEP.search(token.raw)):
            end = ends.get(at, at + 1)
            whole = _Token("single", token.tag, "".join(each.raw for each in tokens[at:end]))
            if token.tag in _INLINE | _OPAQUE:
                run.append(whole)
            else:
                flush()
                out.append(whole.raw)
        elif token.kind == "text" or token.tag in _INLINE | _OPAQUE or token.tag == "br":
            run.append(_Token(token.kind, token.tag, _attributes(token, apart)))
        elif token.kind == "other" and run:
            run.append(_Token("single", "", token.raw))
        else:
            flush()
            out.append(_attributes(token, apart))
            level = _level(token, level)
        at = end
    flush()
    return "".join(out)


def inline_text(source: str) -> Inline:
    """Read a piece of HTML without block tags, such as a cue of subtitles."""
    return _inline(_tokens(source))


def inline_write(source: Inline, target: str, *, for_html: bool = True) -> str:
    """Write a translated paragraph: codes become their tags again, signs are escaped for HTML."""
    breaks = list(source.breaks)
    out: list[str] = []

    def text(piece: str) -> None:
        for part in re.split("(\n)", piece):
            if part == "\n":
                out.append(breaks.pop(0) if breaks else "<br>")
            else:
                out.append(escape(part, quote=False) if for_html else part)

    at = 0
    for match in _CODE.finditer(target):
        text(target[at : match.start()])
        at = match.end()
        if match[4]:
            sign = "<" if match[4] == "lt" else "&"
            out.append(escape(sign) if for_html else sign)
        elif match[3]:
            out.append(source.singles.get(int(match[2]), ""))
        else:
            out.append(source.pairs.get(int(match[2]), ("", ""))[bool(match[1])])
    text(target[at:])
    return "".join(out)


def _ends(tokens: Sequence[_Token]) -> dict[int, int]:
    """The place after the tag that closes each element, by the place of the tag that opens it; of closed ones only."""
    found: dict[int, int] = {}
    open_of: dict[str, list[int]] = {}
    for place, token in enumerate(tokens):
        if token.kind == "open":
            open_of.setdefault(token.tag, []).append(place)
        elif token.kind == "close" and open_of.get(token.tag):
            found[open_of[token.tag].pop()] = place + 1
    return found


def _level(token: _Token, level: int) -> int:
    """The level of the heading that a tag begins; 0 where it begins or ends another part, -1 in the page's title."""
    if token.kind not in ("open", "close"):
        return level
    heading = _HEADING.fullmatch(token.tag)
    if token.kind == "open":
        return int(heading[1]) if heading else -1 if token.tag == "title" else level
    return 0 if heading or token.tag == "title" else level


def _paragraph(run: Sequence[_Token], change: Change, level: int) -> str:
    raw = "".join(token.raw for token in run)
    inline = _inline(run)
    words = inline.marked.strip(" ")
    new = change(offered(words, max(0, level))) if words else None
    if new is None:
        return raw
    lead = raw[: len(raw) - len(raw.lstrip())]
    tail = raw[len(raw.rstrip()) :]
    return lead + inline_write(inline, new) + tail


def _inline(run: Sequence[_Token]) -> Inline:
    pairs: dict[int, tuple[str, str]] = {}
    singles: dict[int, str] = {}
    breaks: list[str] = []
    partner = _partners(run)
    marked = ""
    code = 0
    open_codes: dict[int, int] = {}
    for at, token in enumerate(run):
        if token.kind == "text":
            marked += escaped(re.sub(r"[ \t\r\n\f]+", " ", unescape(token.raw)))
        elif token.tag == "br":
            marked += "\n"
            breaks.append(token.raw)
        elif token.kind == "open" and at in partner:
            code += 1
            open_codes[partner[at]] = code
            pairs[code] = (token.raw, run[partner[at]].raw)
            marked += f"<{code}>"
        elif token.kind == "close" and at in open_codes:
            marked += f"</{open_codes[at]}>"
        else:
            code += 1
            singles[code] = token.raw
            marked += f"<{code}/>"
    return Inline(re.sub(" *\n *", "\n", re.sub("  +", " ", marked)), pairs, singles, tuple(breaks))


def _partners(run: Sequence[_Token]) -> dict[int, int]:
    """Which opening tag is closed by which, by place; badly nested ones have no partner."""
    found: dict[int, int] = {}
    stack: list[int] = []
    for at, token in enumerate(run):
        if token.kind == "open":
            stack.append(at)
        elif token.kind == "close" and stack and run[stack[-1]].tag == token.tag:
            found[stack.pop()] = at
    return found


def _attributes(token: _Token, change: Change) -> str:
    """A tag with those of its attributes translated that a person reads."""
    if token.kind not in ("open", "single") or "=" not in token.raw or not token.tag:
        return token.raw

    def translated(match: re.Match[str]) -> str:
        new = change(escaped(unescape(match[2][1:-1]).strip()))
        return match[0] if new is None else match[1] + '"' + escape(bare(new)) + '"'

    raw = _ATTRIBUTE.sub(translated, token.raw)
    is_button = token.tag == "input" and _BUTTON.search(raw)
    if is_button or (token.tag == "meta" and _DESCRIPTION.search(raw)):
        raw = _VALUE.sub(translated, raw)
    return raw
