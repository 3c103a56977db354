"""E-books: every chapter as HTML, the table of contents and the title; pictures, styles and fonts stay."""

import re

from studio.translating.formats.html import rewrite as rewrite_html
from studio.translating.formats.html import rewrite_text
from studio.translating.formats.package import parse_xml, part, parts_of, rewrite_parts
from studio.translating.formats.seam import Change, aside, unreadable

KIND = "an e-book (.epub)"
_CONTAINER = "META-INF/container.xml"
_OPF = "{http://www.idpf.org/2007/opf}"
_PAGES = ("application/xhtml+xml", "text/html")
_CONTENTS = "application/x-dtbncx+xml"
_LANGUAGE = re.compile(r"(<dc:language\b[^>]*>)[^<]*(</dc:language>)")
_TITLE = re.compile(r"(<dc:title\b[^>]*>)[^<]*(</dc:title>)")
_XML_LANG = re.compile(r"(<html\b[^>]*?\sxml:lang\s*=\s*)([\"'])[^\"']*\2", re.I)


def rewrite(data: bytes, change: Change, target_lang: str) -> bytes:
    """See ``seam``."""
    names = set(parts_of(data, KIND))
    if _CONTAINER not in names:
        raise unreadable(KIND, "it has no table of its parts. Choose the file again, or check its ending.")
    if "META-INF/encryption.xml" in names and b"EncryptedData" in part(data, "META-INF/encryption.xml", KIND):
        encrypted = part(data, "META-INF/encryption.xml", KIND)
        if b"html" in encrypted.lower():
            raise unreadable(KIND, "it is protected against copying. Choose a book without that.")
    container = parse_xml(part(data, _CONTAINER, KIND), KIND)
    roots = [each.get("full-path", "") for each in container.iter("{*}rootfile")]
    if not roots or roots[0] not in names:
        raise unreadable(KIND, "its table of parts is damaged. Choose the file again.")
    opf = roots[0]
    pages, contents, navigation = _pages(parse_xml(part(data, opf, KIND), KIND), opf)

    def changed(name: str, content: bytes) -> bytes:
        if name == opf:
            text = content.decode("utf-8", "replace")
            text = _LANGUAGE.sub(rf"\g<1>{target_lang}\g<2>", text)
            return _TITLE.sub(lambda match: rewrite_text(match[0], aside(change)), text).encode()
        if name in contents:
            return rewrite_text(content.decode("utf-8", "replace"), aside(change)).encode()
        new = rewrite_html(content, aside(change) if name in navigation else change, target_lang)
        return _XML_LANG.sub(rf"\g<1>\g<2>{target_lang}\g<2>", new.decode("utf-8", "replace"), count=1).encode()

    wanted = [name for name in [opf, *contents, *pages] if name in names]
    return rewrite_parts(data, KIND, lambda name: name in wanted, changed, wanted)


def _pages(opf: "object", name: str) -> tuple[list[str], list[str], list[str]]:
    """The book's chapters in reading order, then other pages; its tables of contents; and those that are pages."""
    folder = name.rpartition("/")[0]
    items: dict[str, tuple[str, str]] = {}
    navigation: list[str] = []
    for item in opf.iter(_OPF + "item"):  # type: ignore[attr-defined]  # an lxml element, which ships no types
        path = re.sub(r"[^/]+/\.\./", "", f"{folder}/{item.get('href', '')}".lstrip("/"))
        items[item.get("id", "")] = (_unquoted(path), item.get("media-type", ""))
        if "nav" in item.get("properties", "").split():
            navigation.append(_unquoted(path))
    spine = [each.get("idref", "") for each in opf.iter(_OPF + "itemref")]  # type: ignore[attr-defined]
    order = [*(key for key in spine if key in items), *(key for key in items if key not in spine)]
    pages = [items[key][0] for key in order if items[key][1] in _PAGES]
    return pages, [path for path, mime in items.values() if mime == _CONTENTS], navigation


def _unquoted(path: str) -> str:
    from urllib.parse import unquote

    return unquote(path)
