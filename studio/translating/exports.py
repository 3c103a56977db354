"""A translated document for other tools: both languages side by side in Word, TMX 1.4b and XLIFF 1.2.

TMX and XLIFF carry the inline codes of a segment; XLIFF also says what a check found wrong. Both are written
with lxml, as their standards say; see the DTD of TMX 1.4b and the OASIS standard XLIFF 1.2.
"""

import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from lxml import etree

from store import TranslatedDocument, TranslatedSegment
from studio.translating.marked import bare

BilingualFormat = Literal["docx", "tmx", "xliff"]
MIME: dict[BilingualFormat, str] = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "tmx": "application/x-tmx+xml",
    "xliff": "application/xliff+xml",
}
SUFFIX: dict[BilingualFormat, str] = {"docx": ".docx", "tmx": ".tmx", "xliff": ".xlf"}
_CODE = re.compile(r"<(/?)(\d{1,5})(/?)>|&(lt|amp);")
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_SPACE = "{http://www.w3.org/XML/1998/namespace}space"
_XLIFF = "urn:oasis:names:tc:xliff:document:1.2"
# What XML 1.0 has no place for.
NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Pair:
    """A sentence and its translation, as TMX and the memory know them."""

    source: str
    target: str
    origin: str = ""


def bilingual(document: TranslatedDocument, segments: Iterable[TranslatedSegment], form: BilingualFormat) -> bytes:
    """Return a document's segments in both languages as a file."""
    if form == "docx":
        return _word(document, segments)
    if form == "tmx":
        pairs = (
            Pair(each.source, each.target, "memory" if each.origin == "memory" else document.name)
            for each in segments
            if each.target
        )
        return tmx(pairs, document.source_lang or "und", document.target_lang, marked=True)
    return _xliff(document, segments)


def _word(document: TranslatedDocument, segments: Iterable[TranslatedSegment]) -> bytes:
    import docx

    file = docx.Document()
    file.core_properties.title = document.name
    table = file.add_table(rows=1, cols=4)
    table.style = "Table Grid"
    for cell, text in zip(
        table.rows[0].cells, ("#", document.source_lang or "", document.target_lang, "!"), strict=True
    ):
        cell.text = text
    for segment in segments:
        row = (str(segment.number + 1), bare(segment.source), bare(segment.target or ""), ", ".join(segment.faults))
        cells = table.add_row().cells
        for cell, text in zip(cells, row, strict=True):
            cell.text = NO_XML.sub("", text)
    out = io.BytesIO()
    file.save(out)
    return out.getvalue()


def tmx(pairs: Iterable[Pair], source_lang: str, target_lang: str, *, marked: bool = False) -> bytes:
    """Return sentences with their translations as TMX 1.4b.

    Args:
        marked: Whether the texts have inline codes; else they are plain.
    """
    root = etree.Element("tmx", version="1.4")
    etree.SubElement(
        root,
        "header",
        {
            "creationtool": "Hearth",
            "creationtoolversion": "1",
            "segtype": "sentence",
            "o-tmf": "Hearth",
            "adminlang": "en",
            "srclang": source_lang,
            "datatype": "plaintext",
        },
    )
    body = etree.SubElement(root, "body")
    for pair in pairs:
        unit = etree.SubElement(body, "tu")
        if pair.origin:
            etree.SubElement(unit, "prop", type="x-origin").text = NO_XML.sub("", pair.origin)
        for language, text in ((source_lang, pair.source), (target_lang, pair.target)):
            variant = etree.SubElement(unit, "tuv", {_XML_LANG: language})
            _codes(etree.SubElement(variant, "seg"), text if marked else _escaped(text), "tmx")
    printed: bytes = etree.tostring(
        root, xml_declaration=True, encoding="UTF-8", doctype='<!DOCTYPE tmx SYSTEM "tmx14.dtd">', pretty_print=True
    )
    return printed


def _xliff(document: TranslatedDocument, segments: Iterable[TranslatedSegment]) -> bytes:
    root = etree.Element(f"{{{_XLIFF}}}xliff", {"version": "1.2"}, nsmap={None: _XLIFF})
    file = etree.SubElement(
        root,
        f"{{{_XLIFF}}}file",
        {
            "original": NO_XML.sub("", document.name),
            "datatype": "plaintext",
            "source-language": document.source_lang or "und",
            "target-language": document.target_lang,
        },
    )
    body = etree.SubElement(file, f"{{{_XLIFF}}}body")
    for segment in segments:
        unit = etree.SubElement(body, f"{{{_XLIFF}}}trans-unit", {"id": str(segment.number + 1), _SPACE: "preserve"})
        _codes(etree.SubElement(unit, f"{{{_XLIFF}}}source"), segment.source, "xliff")
        if segment.target is not None:
            state = "needs-review-translation" if segment.faults else "translated"
            target = etree.SubElement(unit, f"{{{_XLIFF}}}target", state=state)
            _codes(target, segment.target, "xliff")
        for fault in segment.faults:
            etree.SubElement(unit, f"{{{_XLIFF}}}note").text = fault
    printed: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return printed


def _codes(element: "etree._Element", marked: str, kind: Literal["tmx", "xliff"]) -> None:
    """Write marked text into an element: ``bpt``/``ept``/``ph`` in TMX, ``g``/``x`` in XLIFF."""
    stack = [element]

    def text(piece: str) -> None:
        piece = NO_XML.sub("", piece)
        place = stack[-1]
        if len(place):
            place[-1].tail = (place[-1].tail or "") + piece
        else:
            place.text = (place.text or "") + piece

    at = 0
    for match in _CODE.finditer(marked):
        text(marked[at : match.start()])
        at = match.end()
        if match[4]:
            text("<" if match[4] == "lt" else "&")
        elif kind == "tmx":
            names = {"i": match[2]} if not match[3] else {"x": match[2]}
            etree.SubElement(element, "ph" if match[3] else "ept" if match[1] else "bpt", names)
        elif match[3]:
            etree.SubElement(stack[-1], f"{{{_XLIFF}}}x", id=match[2])
        elif match[1]:
            if len(stack) > 1:
                stack.pop()
        else:
            stack.append(etree.SubElement(stack[-1], f"{{{_XLIFF}}}g", id=match[2]))
    text(marked[at:])


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
