"""PowerPoint presentations: the text of slides, tables and charts' titles, and the speaker's notes."""

import re

from lxml.etree import _Element as Element

from studio.translating.formats.package import parse_xml, parts_of, print_xml, rewrite_parts
from studio.translating.formats.runs import Dialect, rewrite_paragraphs
from studio.translating.formats.seam import Change, aside, unreadable

KIND = "a PowerPoint presentation (.pptx)"
_PARTS = re.compile(r"ppt/(?:slides/slide|notesSlides/notesSlide|charts/chart|diagrams/data)(\d+)\.xml")
_P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
_TITLES = ("title", "ctrTitle")
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"

SLIDE = Dialect(
    paragraph=_A + "p",
    run=_A + "r",
    properties=_A + "rPr",
    text=_A + "t",
    line_break=_A + "br",
    tab=_A + "tab-never",
    first=frozenset({_A + "pPr"}),
    last=frozenset({_A + "endParaRPr"}),
    wrappers=frozenset(),
    transparent=frozenset(),
    before=frozenset(),
    after=frozenset(),
    dropped=frozenset(),
    noise=frozenset({"lang", "altLang", "dirty", "err", "smtClean", "noProof"}),
    break_in_run=False,
)


def rewrite(data: bytes, change: Change, target_lang: str) -> bytes:
    """See ``seam``."""
    names = [name for name in parts_of(data, KIND) if _PARTS.fullmatch(name)]
    if "ppt/presentation.xml" not in parts_of(data, KIND):
        raise unreadable(KIND, "it has no slides. Choose the file again, or check its ending.")

    def part(name: str, content: bytes) -> bytes:
        root = parse_xml(content, KIND)
        rewrite_paragraphs(root, SLIDE, change if name.startswith("ppt/slides/") else aside(change), _level_of)
        return print_xml(root)

    order = sorted(names, key=lambda name: (not name.startswith("ppt/slides"), _number(name), name))
    return rewrite_parts(data, KIND, lambda name: name in order, part, order)


def _level_of(paragraph: Element) -> int:
    """A slide's title is its heading."""
    shape = next(paragraph.iterancestors(_P + "sp"), None)
    place = None if shape is None else shape.find(f"{_P}nvSpPr/{_P}nvPr/{_P}ph")
    return int(place is not None and place.get("type") in _TITLES)


def _number(name: str) -> int:
    match = _PARTS.fullmatch(name)
    return int(match[1]) if match else 0
