"""Files of every form, made as a test needs them: PDF, locked, scanned and broken ones, DOCX, XLSX, bombs."""

import hashlib
import io
import zipfile
from collections.abc import Sequence

PADDING = bytes.fromhex("28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A")
# Polish letters at places of WinAnsi that a document here needs for nothing else.
POLISH = {
    "ą": (0xA1, "aogonek"), "ć": (0xA2, "cacute"), "ę": (0xA3, "eogonek"), "ł": (0xA4, "lslash"),
    "ń": (0xA5, "nacute"), "ó": (0xA6, "oacute"), "ś": (0xA7, "sacute"), "ź": (0xA8, "zacute"),
    "ż": (0xA9, "zdotaccent"), "Ł": (0xAA, "Lslash"), "Ś": (0xAB, "Sacute"), "Ż": (0xAC, "Zdotaccent"),
}  # fmt: skip


def pdf(pages: Sequence[str], password: str = "") -> bytes:
    """A PDF with these pages, one line of text a line; with a password, one that asks for it."""
    names = " ".join(f"{code} /{name}" for code, name in POLISH.values())
    kids = " ".join(f"{5 + 2 * number} 0 R" for number in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {len(pages)} /Kids [{kids}] >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding 4 0 R >>",
        f"<< /Type /Encoding /BaseEncoding /WinAnsiEncoding /Differences [{names}] >>".encode(),
    ]
    for number, page in enumerate(pages):
        shown = b" T* ".join(b"(" + _escaped(line) + b") Tj" for line in page.split("\n"))
        stream = b"BT /F1 11 Tf 50 780 Td 14 TL " + shown + b" ET" if page else b""
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >> "
            f"/Contents {6 + 2 * number} 0 R >>".encode()
        )
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream))
    trailer = b"/Root 1 0 R"
    if password:
        objects.append(_lock(password))
        trailer += b" /Encrypt %d 0 R /ID [<%s> <%s>]" % (len(objects), b"00" * 16, b"00" * 16)
    out, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start, count = len(out), len(objects) + 1
    out += b"xref\n0 %d\n0000000000 65535 f \n%s" % (count, table)
    return out + b"trailer\n<< /Size %d %s >>\nstartxref\n%d\n%%%%EOF\n" % (count, trailer, start)


def _escaped(line: str) -> bytes:
    codes = (POLISH[c][0] if c in POLISH else c.encode("cp1252")[0] for c in line)
    return bytes(codes).replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")


def _lock(password: str) -> bytes:
    """Algorithms 3.2 to 3.4 of the PDF reference: the standard security handler, revision 2."""
    padded = (password.encode() + PADDING)[:32]
    owner = _rc4(hashlib.md5(padded).digest()[:5], padded)
    key = hashlib.md5(padded + owner + (-4).to_bytes(4, "little", signed=True) + bytes(16)).digest()[:5]
    user = _rc4(key, PADDING)
    return b"<< /Filter /Standard /V 1 /R 2 /P -4 /O <%s> /U <%s> >>" % (owner.hex().encode(), user.hex().encode())


def _rc4(key: bytes, data: bytes) -> bytes:
    state, j, out = list(range(256)), 0, bytearray()
    for i in range(256):
        j = (j + state[i] + key[i % len(key)]) % 256
        state[i], state[j] = state[j], state[i]
    i = j = 0
    for byte in data:
        i = (i + 1) % 256
        j = (j + state[i]) % 256
        state[i], state[j] = state[j], state[i]
        out.append(byte ^ state[(state[i] + state[j]) % 256])
    return bytes(out)


def docx(sections: Sequence[tuple[str, str]]) -> bytes:
    """A Word document of headings with a paragraph each."""
    from docx import Document

    document, file = Document(), io.BytesIO()
    for heading, text in sections:
        document.add_heading(heading, 1)
        document.add_paragraph(text)
    document.save(file)
    return file.getvalue()


def xlsx(rows: Sequence[Sequence[str | int]], sheet: str = "Sales") -> bytes:
    """A workbook with one sheet."""
    cells = "".join(
        "<row>"
        + "".join(
            f"<c><v>{value}</v></c>" if isinstance(value, int) else f'<c t="inlineStr"><is><t>{value}</t></is></c>'
            for value in row
        )
        + "</row>"
        for row in rows
    )
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    links = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"><Default Extension="xml" '
        'ContentType="application/xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{links}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{links}"><sheets><sheet name="{sheet}" sheetId="1" '
        'r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{links}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{cells}</sheetData></worksheet>',
    }
    return zipped({name: part.encode() for name, part in parts.items()})


def zipped(parts: dict[str, bytes]) -> bytes:
    """A zip with these files."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return file.getvalue()


def bomb() -> bytes:
    """A Word document that is 300 kB packed and 300 MB unpacked."""
    return zipped({"word/document.xml": b"<w>" + b" " * 300_000_000, "[Content_Types].xml": b"<Types/>"})


def png(width: int = 8, height: int = 8) -> bytes:
    """A picture of one colour."""
    from PIL import Image

    file = io.BytesIO()
    Image.new("RGB", (width, height), "orange").save(file, "PNG")
    return file.getvalue()
