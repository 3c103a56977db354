"""Word documents: body, tables, text boxes, headers, footers, foot- and endnotes."""

import re
from collections.abc import Callable

from lxml.etree import _Element as Element

from studio.translating.formats.package import parse_xml, part, parts_of, print_xml, rewrite_parts
from studio.translating.formats.runs import Dialect, rewrite_paragraphs
from studio.translating.formats.seam import Change, aside, unreadable

KIND = "a Word document (.docx)"
_PARTS = re.compile(r"word/(?:document\d*|header\d*|footer\d*|footnotes|endnotes)\.xml")
_STYLES = "word/styles.xml"
_HEADING = re.compile(r"(?:heading ([1-9])|title)", re.IGNORECASE)
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def _names(*names: str) -> frozenset[str]:
    return frozenset(_W + name for name in names)


WORD = Dialect(
    paragraph=_W + "p",
    run=_W + "r",
    properties=_W + "rPr",
    text=_W + "t",
    line_break=_W + "br",
    tab=_W + "tab",
    first=_names("pPr"),
    last=frozenset(),
    wrappers=_names("hyperlink"),
    transparent=_names("ins", "smartTag", "sdt", "sdtContent", "moveTo", "customXml"),
    before=_names("bookmarkStart", "commentRangeStart", "permStart", "moveToRangeStart", "moveFromRangeStart"),
    after=_names("bookmarkEnd", "commentRangeEnd", "permEnd", "moveToRangeEnd", "moveFromRangeEnd"),
    dropped=_names("proofErr", "lastRenderedPageBreak", "softHyphen", "sdtPr", "sdtEndPr", "smartTagPr", "customXmlPr"),
    noise=_names("lang", "noProof", "rFonts", "bCs", "iCs", "szCs", "kern", "spacing", "w", "webHidden"),
    break_in_run=True,
    field_char=_W + "fldChar",
    field_type=_W + "fldCharType",
    field_code=_W + "instrText",
)


def rewrite(data: bytes, change: Change, target_lang: str) -> bytes:
    """See ``seam``."""
    seen: list[str] = []
    level_of = _levels(data)

    def changed(name: str, content: bytes) -> bytes:
        seen.append(name)
        root = parse_xml(content, KIND)
        rewrite_paragraphs(root, WORD, change if name.startswith("word/document") else aside(change), level_of)
        return print_xml(root)

    new = rewrite_parts(data, KIND, lambda name: _PARTS.fullmatch(name) is not None, changed, ["word/document.xml"])
    if not any(name.startswith("word/document") for name in seen):
        raise unreadable(KIND, "it has no text part. Choose the file again, or check its ending.")
    return new


def _levels(data: bytes) -> Callable[[Element], int]:
    """Return what tells a heading's level: by its own outline level, or by its style's English name or level."""
    levels: dict[str, int] = {}
    if _STYLES in parts_of(data, KIND):
        for style in parse_xml(part(data, _STYLES, KIND), KIND).iter(_W + "style"):
            name = style.find(_W + "name")
            heading = _HEADING.fullmatch("" if name is None else name.get(_W + "val", ""))
            levels[style.get(_W + "styleId", "")] = int(heading[1] or 1) if heading else _outline(style)

    def level_of(paragraph: Element) -> int:
        style = paragraph.find(f"{_W}pPr/{_W}pStyle")
        return _outline(paragraph) or levels.get("" if style is None else style.get(_W + "val", ""), 0)

    return level_of


def _outline(element: Element) -> int:
    found = element.find(f"{_W}pPr/{_W}outlineLvl")
    told = "" if found is None else found.get(_W + "val", "")
    return int(told) + 1 if told in tuple("012345678") else 0
