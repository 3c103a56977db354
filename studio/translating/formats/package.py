"""Documents that are zip files of XML: opened with bounds, changed in place, all other parts copied as they are.

Nothing is unpacked to disk. A bomb is refused by what really comes out, not by what the file says; XML with a
document type is refused (external entities, a billion laughs), and so is nesting beyond 256 elements.
"""

import io
import zipfile
from collections.abc import Callable

from lxml import etree

from contract.errors import InputTooLarge, InvalidRequest
from studio.translating.formats.seam import unreadable

_MEMBERS = 20_000
UNPACKED = 400 * 1024 * 1024  # bytes, of all parts together
PART = 100 * 1024 * 1024
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def rewrite_parts(
    data: bytes, kind: str, wanted: Callable[[str], bool], change: Callable[[str, bytes], bytes], order: list[str]
) -> bytes:
    """Change some parts of a zip file.

    Args:
        kind: What it should be, for the errors.
        wanted: Whether a part, by name, is to be changed.
        change: Gives the new content of a part.
        order: Names of parts that are to be offered first, in that order.
    """
    with _opened(data, kind) as package:
        infos = package.infolist()
        if len(infos) > _MEMBERS:
            raise InputTooLarge(f"The document has {len(infos):,} parts; the limit is {_MEMBERS:,}.", field="file")
        if any(info.flag_bits & 1 for info in infos):
            raise unreadable(kind, "it is protected by a password. Remove that and try again.")
        left = UNPACKED
        new: dict[str, bytes] = {}
        names = [info.filename for info in infos if wanted(info.filename)]
        for name in sorted(names, key=lambda name: (order.index(name) if name in order else len(order), name)):
            content = read_part(package, name, kind)
            left -= len(content)
            new[name] = change(name, content)
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as copy:
            for info in infos:
                content = new[info.filename] if info.filename in new else read_part(package, info.filename, kind)
                left -= len(content)
                if left < 0:
                    raise InputTooLarge(
                        f"The document has over {UNPACKED / 1e6:,.0f} MB unpacked. Split it.", field="file"
                    )
                fresh = zipfile.ZipInfo(info.filename, info.date_time)
                fresh.compress_type = zipfile.ZIP_STORED if info.filename == "mimetype" else zipfile.ZIP_DEFLATED
                fresh.external_attr = info.external_attr
                copy.writestr(fresh, content)
    return out.getvalue()


def parts_of(data: bytes, kind: str) -> list[str]:
    """Return the names of a zip file's parts."""
    with _opened(data, kind) as package:
        return package.namelist()


def part(data: bytes, name: str, kind: str) -> bytes:
    """Return one part; raises InvalidRequest where it has none of that name."""
    with _opened(data, kind) as package:
        return read_part(package, name, kind)


def read_part(package: zipfile.ZipFile, name: str, kind: str) -> bytes:
    """Return a part's content, no more than the limit."""
    try:
        with package.open(name) as file:
            content = file.read(PART + 1)
    except (KeyError, zipfile.BadZipFile, OSError, EOFError, RuntimeError, NotImplementedError, ValueError) as exc:
        raise unreadable(kind, f"{name} in it is damaged or missing. Choose the file again.") from exc
    except Exception as exc:  # zlib.error, lzma.LZMAError: each compression has its own
        raise unreadable(kind, f"{name} in it is damaged. Choose the file again.") from exc
    if len(content) > PART:
        raise InputTooLarge(f"{name} in the document has over {PART / 1e6:,.0f} MB unpacked. Split it.", field="file")
    return content


def parse_xml(content: bytes, kind: str) -> "etree._Element":
    """Read XML from a stranger: no entities, no files, no network, not too deep."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False
    )
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as exc:
        raise unreadable(kind, f"its XML is damaged ({str(exc)[:120]}). Choose the file again.") from exc
    if root.getroottree().docinfo.doctype:
        raise unreadable(kind, "its XML declares a document type, which no such file has. It may be an attack.")
    return root


def print_xml(root: "etree._Element") -> bytes:
    """Return XML as bytes with its declaration."""
    printed: bytes = etree.tostring(root.getroottree(), xml_declaration=True, encoding="UTF-8", standalone=True)
    return printed


def _opened(data: bytes, kind: str) -> zipfile.ZipFile:
    if data.startswith(_OLE):
        raise unreadable(
            kind, "it is protected by a password, or in Office's old format. Save it anew without a password."
        )
    try:
        return zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, OSError, ValueError, EOFError) as exc:
        raise unreadable(kind, "it is damaged or of another kind. Choose the file again.") from exc


__all__ = ["InvalidRequest", "parse_xml", "part", "parts_of", "print_xml", "read_part", "rewrite_parts"]
