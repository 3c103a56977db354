"""Glossaries as CSV and TBX, the memory as TMX: read from strangers with care, written as the standards say.

CSV has a line a term: source, target, and if need be ``match_case`` (1 or 0) and a note; a first line with these
names is skipped. TBX is read in its old form (``martif``), which is written too, and in that of ISO 30042:2019
(``conceptEntry``).
"""

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Literal

from lxml import etree

from contract.errors import InputTooLarge, InvalidRequest
from store import Term
from studio.translating.exports import NO_XML
from studio.translating.formats.encoding import decode
from studio.translating.formats.seam import unreadable

GlossaryFormat = Literal["csv", "tbx"]
MOST_BYTES = 50 * 1024 * 1024
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_HEAD = ("source", "target", "match_case", "note")
_RUNS = ("=", "+", "-", "@", "\t", "\r")
_SIGN = "'"


def read_glossary(data: bytes, source_lang: str, target_lang: str) -> list[Term]:
    """Return the terms of a CSV or TBX file, whichever it is; raises InvalidRequest for what is neither."""
    _check_size(data)
    if data.lstrip()[:1] == b"<" or data.startswith((b"\xef\xbb\xbf<", b"\xff\xfe<")):
        terms = list(_tbx_terms(data, source_lang, target_lang))
        kind = "TBX"
    else:
        terms = list(_csv_terms(decode(data, "CSV").text))
        kind = "CSV"
    if not terms:
        raise unreadable(kind, f"it has no term from {source_lang} to {target_lang}. Check the languages and the file.")
    return terms


def _csv_terms(text: str) -> Iterator[Term]:
    first = text.partition("\n")[0]
    separator = max(",;\t", key=first.count)
    try:
        for number, row in enumerate(csv.reader(io.StringIO(text), delimiter=separator), 1):
            cells = [_unsigned(cell.strip()) for cell in row]
            if not any(cells) or (number == 1 and cells[0].lower() in ("source", "term")):
                continue
            if not cells[0]:
                raise InvalidRequest(f"Line {number} of the CSV has no term. Mend it and try again.", field="file")
            target = cells[1] if len(cells) > 1 and cells[1] else cells[0]
            match_case = len(cells) > 2 and cells[2].lower() in ("1", "true", "yes")
            yield Term(source=cells[0], target=target, match_case=match_case, note=cells[3] if len(cells) > 3 else "")
    except csv.Error as exc:
        raise unreadable("CSV", f"{exc}. Mend it and try again.") from exc


def _unsigned(cell: str) -> str:
    return cell[1:] if cell.startswith(_SIGN) and cell[1:].startswith(_RUNS) else cell


def _tbx_terms(data: bytes, source_lang: str, target_lang: str) -> Iterator[Term]:
    root = _parsed(data, "TBX")
    for entry in root.iter("{*}termEntry", "{*}conceptEntry", "termEntry", "conceptEntry"):
        found: dict[str, list[str]] = {}
        for section in entry.iter("{*}langSet", "{*}langSec", "langSet", "langSec"):
            language = (section.get(_LANG) or section.get("lang") or "").lower()
            terms = ["".join(term.itertext()).strip() for term in section.iter("{*}term", "term")]
            found.setdefault(language, []).extend(term for term in terms if term)
            found.setdefault(language.partition("-")[0], []).extend(term for term in terms if term)
        targets = found.get(target_lang.lower())
        for source in dict.fromkeys(found.get(source_lang.lower(), ())):
            if targets:
                yield Term(source=source, target=targets[0])


def write_glossary(terms: Sequence[Term], source_lang: str, target_lang: str, form: GlossaryFormat) -> bytes:
    """Return terms as a file; what a spreadsheet would run begins with an apostrophe in CSV."""
    if form == "csv":
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(_HEAD)
        for term in terms:
            cells = (term.source, term.target, str(int(term.match_case)), term.note)
            writer.writerow([_SIGN + cell if cell.startswith(_RUNS) else cell for cell in cells])
        return out.getvalue().encode()
    # The form of ISO 30042:2008: what other tools read, the Translate Toolkit among them, does not know the newer one.
    root = etree.Element("martif", {"type": "TBX", _LANG: source_lang})
    description = etree.SubElement(etree.SubElement(etree.SubElement(root, "martifHeader"), "fileDesc"), "sourceDesc")
    etree.SubElement(description, "p").text = "Hearth"
    body = etree.SubElement(etree.SubElement(root, "text"), "body")
    for number, term in enumerate(terms, 1):
        entry = etree.SubElement(body, "termEntry", id=f"c{number}")
        for language, text in ((source_lang, term.source), (target_lang, term.target)):
            section = etree.SubElement(entry, "langSet", {_LANG: language})
            etree.SubElement(etree.SubElement(section, "tig"), "term").text = NO_XML.sub("", text)
    printed: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return printed


def read_tmx(data: bytes, source_lang: str, target_lang: str) -> list[tuple[str, str]]:
    """Return the pairs of sentences of a TMX file in one direction; inline codes are left out."""
    _check_size(data)
    found: list[tuple[str, str]] = []
    root = _parsed(data, "TMX")
    for unit in root.iter("{*}tu", "tu"):
        texts: dict[str, str] = {}
        for variant in unit.iter("{*}tuv", "tuv"):
            language = (variant.get(_LANG) or variant.get("lang") or "").lower()
            segment = next(variant.iter("{*}seg", "seg"), None)
            if segment is not None:
                text = " ".join(_prose(segment).split())
                texts.setdefault(language.partition("-")[0], text)
                texts[language] = text
        source, target = texts.get(source_lang.lower()), texts.get(target_lang.lower())
        if source and target:
            found.append((source, target))
    if not found:
        raise unreadable("TMX", f"it has no sentence from {source_lang} to {target_lang}. Check the languages.")
    return found


def _prose(segment: "etree._Element") -> str:
    """A segment's text without that of its codes, which is markup of another format."""
    text = segment.text or ""
    for child in segment:
        if isinstance(child.tag, str) and etree.QName(child).localname in ("hi", "sub"):
            text += _prose(child)
        text += child.tail or ""
    return text


def _parsed(data: bytes, kind: str) -> "etree._Element":
    # TMX names its DTD, which is neither fetched nor needed; entities of one's own are an attack.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as exc:
        raise unreadable(kind, f"its XML is damaged ({str(exc)[:120]}). Choose the file again.") from exc
    internal = root.getroottree().docinfo.internalDTD
    if internal is not None and next(iter(internal.iterentities()), None) is not None:
        raise unreadable(kind, "it declares entities, which no such file has. It may be an attack.")
    return root


def _check_size(data: bytes) -> None:
    if len(data) > MOST_BYTES:
        raise InputTooLarge(
            f"The file has {len(data) / 1e6:,.0f} MB; the limit is {MOST_BYTES / 1e6:,.0f} MB. Split it.", field="file"
        )
