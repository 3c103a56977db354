"""Word documents: body, tables, text boxes, headers, footers, foot- and endnotes."""

import re

from studio.translating.formats.package import parse_xml, print_xml, rewrite_parts
from studio.translating.formats.runs import Dialect, rewrite_paragraphs
from studio.translating.formats.seam import Change, unreadable

KIND = "a Word document (.docx)"
_PARTS = re.compile(r"word/(?:document\d*|header\d*|footer\d*|footnotes|endnotes)\.xml")
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

    def part(name: str, content: bytes) -> bytes:
        seen.append(name)
        root = parse_xml(content, KIND)
        rewrite_paragraphs(root, WORD, change)
        return print_xml(root)

    new = rewrite_parts(data, KIND, lambda name: _PARTS.fullmatch(name) is not None, part, ["word/document.xml"])
    if not any(name.startswith("word/document") for name in seen):
        raise unreadable(KIND, "it has no text part. Choose the file again, or check its ending.")
    return new
