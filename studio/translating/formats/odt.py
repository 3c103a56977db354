"""OpenDocument texts: paragraphs, headings, lists, tables, notes, headers and footers."""

import copy
import re
from dataclasses import dataclass, field

from lxml import etree
from lxml.etree import _Element as Element

from studio.translating.formats.package import parse_xml, part, parts_of, print_xml, rewrite_parts
from studio.translating.formats.seam import Change, aside, offered, unreadable
from studio.translating.marked import escaped

KIND = "an OpenDocument text (.odt)"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_BLOCKS = (_TEXT + "p", _TEXT + "h")
_SPANS = frozenset({_TEXT + "span", _TEXT + "a", _TEXT + "meta"})
_DROPPED = frozenset({_TEXT + "soft-page-break"})
_CODE = re.compile(r"<(/?)(\d{1,5})(/?)>|&(lt|amp);|(\n)|(\t)")
_PARTS = ("content.xml", "styles.xml")


@dataclass(slots=True)
class _Read:
    """A paragraph as marked text and the elements behind its codes."""

    marked: str = ""
    codes: dict[int, Element] = field(default_factory=dict)


def rewrite(data: bytes, change: Change, target_lang: str) -> bytes:
    """See ``seam``."""
    if "content.xml" not in parts_of(data, KIND):
        raise unreadable(KIND, "it has no text part. Choose the file again, or check its ending.")
    if "META-INF/manifest.xml" in parts_of(data, KIND) and b"encryption-data" in part(
        data, "META-INF/manifest.xml", KIND
    ):
        raise unreadable(KIND, "it is protected by a password. Remove that and try again.")

    def changed(name: str, content: bytes) -> bytes:
        root = parse_xml(content, KIND)
        for paragraph in list(root.iter(*_BLOCKS)):
            _rewrite(paragraph, aside(change) if name == "styles.xml" else change)
        return print_xml(root)

    return rewrite_parts(data, KIND, lambda name: name in _PARTS, changed, ["content.xml"])


def _rewrite(paragraph: Element, change: Change) -> None:
    read = _Read()
    _gather(paragraph, read)
    if not read.marked.strip():
        return
    level = 0
    if paragraph.tag == _BLOCKS[1]:
        told = paragraph.get(_TEXT + "outline-level", "1")
        level = int(told) if told.isascii() and told.isdecimal() else 1
    new = change(offered(read.marked, level))
    if new is None:
        return
    for child in list(paragraph):
        paragraph.remove(child)
    paragraph.text = None
    _write(paragraph, new, read.codes)


def _gather(element: Element, read: _Read) -> None:
    read.marked += escaped(_collapsed(element.text))
    for child in element:
        if child.tag == _TEXT + "s":
            read.marked += " " * min(200, int(child.get(_TEXT + "c", "1") or 1))
        elif child.tag == _TEXT + "tab":
            read.marked += "\t"
        elif child.tag == _TEXT + "line-break":
            read.marked += "\n"
        elif child.tag not in _DROPPED and isinstance(child.tag, str):
            code = len(read.codes) + 1
            read.codes[code] = child
            if child.tag in _SPANS:
                read.marked += f"<{code}>"
                _gather(child, read)
                read.marked += f"</{code}>"
            else:
                read.marked += f"<{code}/>"
        read.marked += escaped(_collapsed(child.tail))


def _collapsed(text: str | None) -> str:
    return re.sub(r"[ \t\r\n]+", " ", text or "")


def _write(paragraph: Element, marked: str, codes: dict[int, Element]) -> None:
    stack: list[Element] = [paragraph]
    used: set[int] = set()

    def write(text: str) -> None:
        # A second space in a row must be an element, or readers drop it.
        for piece in re.split(r"(?<= )( +)", text):
            if piece.strip(" ") or piece in ("", " "):
                _append(stack[-1], piece)
            else:
                etree.SubElement(stack[-1], _TEXT + "s").set(_TEXT + "c", str(len(piece)))

    at = 0
    for match in _CODE.finditer(marked):
        write(marked[at : match.start()])
        at = match.end()
        if match[4]:
            _append(stack[-1], "<" if match[4] == "lt" else "&")
        elif match[5] or match[6]:
            etree.SubElement(stack[-1], _TEXT + ("line-break" if match[5] else "tab"))
        elif match[3] and int(match[2]) in codes:
            element = codes[int(match[2])]
            element.tail = None
            stack[-1].append(copy.deepcopy(element) if int(match[2]) in used else element)
            used.add(int(match[2]))
        elif match[1]:
            if len(stack) > 1:
                stack.pop()
        elif int(match[2]) in codes:
            element = codes[int(match[2])]
            stack.append(etree.SubElement(stack[-1], element.tag, dict(element.attrib)))
    write(marked[at:])


def _append(element: Element, text: str) -> None:
    if len(element):
        element[-1].tail = (element[-1].tail or "") + text
    else:
        element.text = (element.text or "") + text
