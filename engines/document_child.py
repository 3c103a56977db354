"""Reads one file into pages of text; a program of its own, so that a bad file can cost this process and no more.

``python -P document_child.py FILE ENDING`` prints one JSON object: ``form``, ``mime`` and ``pages`` as pairs of
label and text, or ``error`` with a word of why. What the file is decides its content, not its ending. Memory
and processor time are bounded by the system where it can; the characters, pages and pixels here.
"""

import contextlib
import json
import re
import sys
import warnings
import zipfile
from collections.abc import Iterable, Iterator

MEMORY_BYTES = 1024**3
CPU_S = 60
CHARACTERS = 4_000_000
PAGES = 5_000
PIXELS = 50_000_000
UNPACKED_BYTES = 256 * 1024**2
LINES_A_PAGE = 100
IMAGES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif"}
PACKED = (b"\x1f\x8b", b"Rar!", b"7z\xbc\xaf", b"BZh", b"\xfd7zXZ")
BINARY = (b"MZ", b"\x7fELF", b"ID3", b"OggS", b"fLaC", b"SQLite", b"RIFF")
OLD_OFFICE = b"\xd0\xcf\x11\xe0"
CODE_ENDINGS = """
    bash bat c cc cfg clj cmake conf cpp cs css cxx dart diff dockerfile ex go gradle graphql h hpp hs html ini ipynb
    java jl js json jsonl jsx kt less lua m makefile mjs ml nix patch php pl proto ps1 py r rb rs sass scala scss sh
    sql svelte swift tex toml ts tsx vb vue xml yaml yml zig
"""
CODE = frozenset(CODE_ENDINGS.split())
Page = tuple[str, str]


class Unreadable(Exception):
    """The file can't be read; the word says why."""


def main(path: str, ending: str) -> dict[str, object]:
    """Return what the file holds, or the word for why not."""
    with open(path, "rb") as file:
        head = file.read(1024)
    try:
        form, mime, pages = _read(path, ending, head)
    except Unreadable as exc:
        return {"error": str(exc)}
    except MemoryError:
        return {"error": "too_much"}
    return {"form": form, "mime": mime, "pages": pages}


def _read(path: str, ending: str, head: bytes) -> tuple[str, str, list[Page]]:
    for magic, mime in IMAGES.items():
        if head.startswith(magic):
            return "image", mime, _picture(path)
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "image", "image/webp", _picture(path)
    if b"%PDF-" in head:
        return "pdf", "application/pdf", _bounded(_pdf(path))
    if head.startswith(b"PK\x03\x04"):
        return _zipped(path)
    if head.startswith(OLD_OFFICE):
        # Word and Excel encrypt a new document into this old wrapper.
        raise Unreadable("encrypted" if ending in ("docx", "xlsx") else "old_office")
    if head.startswith(PACKED):
        raise Unreadable("archive")
    if head.startswith(BINARY):
        raise Unreadable("binary")
    if ending in ("pdf", "docx", "xlsx", "png", "jpg", "jpeg", "gif", "webp"):
        raise Unreadable("wrong_ending")
    text = _text(path)
    if ending in ("csv", "tsv"):
        return "csv", "text/csv", _bounded(_blocks(text, "rows"))
    if ending in ("md", "markdown", "rst"):
        return "text", "text/markdown", _bounded(_sections(text))
    form = "code" if ending in CODE else "text"
    return form, "text/plain", _bounded(_blocks(text, "lines"))


def _bounded(pages: Iterable[Page]) -> list[Page]:
    found: list[Page] = []
    characters = 0
    for label, text in pages:
        characters += len(text)
        if characters > CHARACTERS or len(found) >= PAGES:
            raise Unreadable("too_long")
        found.append((label, text))
    if not any(text.strip() for _, text in found):
        raise Unreadable("no_text")
    return found


def _clean(text: str) -> str:
    """Return text without what no engine and no database takes, its lines ended in one way."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\ufffe", "").replace("\x02", "")
    return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", "", text).encode("utf-8", "replace").decode()


def _pdf(path: str) -> Iterator[Page]:
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as exc:
        raise Unreadable("encrypted" if "password" in str(exc).lower() else "damaged") from exc
    if len(document) == 0:
        raise Unreadable("damaged")
    for number in range(len(document)):
        try:
            text = document[number].get_textpage().get_text_bounded()
        except pypdfium2.PdfiumError as exc:
            raise Unreadable("damaged") from exc
        yield f"page {number + 1}", _clean(text)


def _zipped(path: str) -> tuple[str, str, list[Page]]:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            # A file says how large its parts are; a lie ends at the bound on memory.
            if sum(item.file_size for item in archive.infolist()) > UNPACKED_BYTES:
                raise Unreadable("too_much")
            if any(item.flag_bits & 1 for item in archive.infolist()):
                raise Unreadable("encrypted")
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as exc:
        raise Unreadable("damaged") from exc
    office = "application/vnd.openxmlformats-officedocument."
    if "word/document.xml" in names:
        return "docx", office + "wordprocessingml.document", _bounded(_docx(path))
    if any(name.startswith("xl/workbook") for name in names):
        return "sheet", office + "spreadsheetml.sheet", _bounded(_sheets(path))
    raise Unreadable("archive")


def _docx(path: str) -> Iterator[Page]:
    import docx
    from docx.table import Table

    try:
        document = docx.Document(path)
        heading, lines, number = "", list[str](), 0
        for block in document.iter_inner_content():
            if isinstance(block, Table):
                lines += ["\t".join(cell.text for cell in row.cells) for row in block.rows]
                continue
            if (block.style is not None and (block.style.name or "").startswith(("Heading", "Title"))) and block.text:
                if any(line.strip() for line in lines):
                    number += 1
                    yield _label(heading, number), _clean("\n".join(lines))
                heading, lines = block.text, []
            lines.append(block.text)
    except Unreadable:
        raise
    except MemoryError:
        raise
    except Exception as exc:  # lxml's, zipfile's and python-docx's own, and KeyErrors of missing parts
        raise Unreadable("damaged") from exc
    yield _label(heading, number + 1), _clean("\n".join(lines))


def _label(heading: str, number: int) -> str:
    return f"section {' '.join(heading.split())[:80] or number}"


def _sheets(path: str) -> Iterator[Page]:
    import python_calamine

    try:
        book = python_calamine.CalamineWorkbook.from_path(path)
        sheets = [(name, book.get_sheet_by_name(name).to_python()) for name in book.sheet_names]
    except (python_calamine.CalamineError, ValueError, OSError) as exc:
        raise Unreadable("damaged") from exc
    for name, rows in sheets:
        for first in range(0, len(rows), LINES_A_PAGE):
            part = rows[first : first + LINES_A_PAGE]
            text = "\n".join("\t".join(_cell(value) for value in row) for row in part)
            yield f"rows {first + 1}–{first + len(part)} ({name[:60]})", _clean(text)


def _cell(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _text(path: str) -> str:
    with open(path, "rb") as file:
        data = file.read()
    for encoding in ("utf-16",) if data.startswith((b"\xff\xfe", b"\xfe\xff")) else ("utf-8-sig", "cp1250", "latin-1"):
        with contextlib.suppress(UnicodeDecodeError):
            text = data.decode(encoding)
            break
    else:
        raise Unreadable("binary")
    controls = len(re.findall(r"[\x00-\x08\x0e-\x1f]", text[:100_000]))
    if "\x00" in text or controls > len(text[:100_000]) / 100:
        raise Unreadable("binary")
    return _clean(text)


def _blocks(text: str, what: str) -> Iterator[Page]:
    lines = text.split("\n")
    for first in range(0, len(lines), LINES_A_PAGE):
        part = lines[first : first + LINES_A_PAGE]
        yield f"{what} {first + 1}–{first + len(part)}", "\n".join(part)


def _sections(text: str) -> Iterator[Page]:
    starts = [found.start() for found in re.finditer(r"^#{1,6} .+$", text, re.M)]
    if not starts:
        yield from _blocks(text, "lines")
        return
    starts = [0, *starts] if text[: starts[0]].strip() else [0, *starts[1:]]
    for number, (start, end) in enumerate(zip(starts, [*starts[1:], len(text)], strict=True), start=1):
        part = text[start:end].rstrip("\n")
        heading = re.match(r"\s*#{1,6} (.+)", part)
        yield _label(heading[1] if heading else "", number), part


def _picture(path: str) -> list[Page]:
    from PIL import Image

    warnings.simplefilter("ignore")
    Image.MAX_IMAGE_PIXELS = None
    try:
        with Image.open(path) as picture:
            if picture.width * picture.height > PIXELS:
                raise Unreadable("too_much")
            picture.load()
    except (OSError, SyntaxError, ValueError, EOFError) as exc:
        raise Unreadable("damaged") from exc
    return []


if __name__ == "__main__":
    with contextlib.suppress(ImportError, OSError, ValueError):  # Windows has no such bounds, macOS not all of them
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    answer = json.dumps(main(sys.argv[1], sys.argv[2]), ensure_ascii=False)
    sys.stdout.buffer.write(answer.encode())
