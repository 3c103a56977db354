"""Files of every form are read into pages, and what can't be read is told in a sentence; nothing ends this process."""

import threading
from pathlib import Path

import pytest

from contract.documents import FileText
from contract.engine import Stop
from contract.errors import InvalidRequest
from engines import documents
from tests import files

CYCLE = "Żółty łoś śpi."


def read(folder: Path, name: str, content: bytes) -> FileText:
    path = folder / "upload"
    path.write_bytes(content)
    found = documents.read(path, name, Stop())
    assert found is not None
    return found


def test_a_pdf_is_read_page_by_page_polish_letters_too(tmp_path: Path) -> None:
    found = read(tmp_path, "report.pdf", files.pdf([f"First page. {CYCLE}", "Second page."]))

    assert (found.form, found.mime) == ("pdf", "application/pdf")
    assert [(page.label, page.text.strip()) for page in found.pages] == [
        ("page 1", f"First page. {CYCLE}"),
        ("page 2", "Second page."),
    ]


def test_a_word_document_is_read_by_its_headings(tmp_path: Path) -> None:
    found = read(tmp_path, "a.docx", files.docx([("Hearths", "They are warm."), ("Chimneys", CYCLE)]))

    assert [(page.label, page.text) for page in found.pages] == [
        ("section Hearths", "Hearths\nThey are warm."),
        ("section Chimneys", f"Chimneys\n{CYCLE}"),
    ]


def test_a_workbook_is_read_by_its_rows(tmp_path: Path) -> None:
    found = read(tmp_path, "a.xlsx", files.xlsx([["wood", "price"], ["oak", 12]]))

    assert [(page.label, page.text) for page in found.pages] == [("rows 1–2 (Sales)", "wood\tprice\noak\t12")]


@pytest.mark.parametrize(
    ("name", "content", "form", "labels"),
    [
        ("a.csv", b"a,b\n" * 150, "csv", ["rows 1–100", "rows 101–151"]),
        ("a.py", b"print(1)\n", "code", ["lines 1–2"]),
        ("notes.txt", CYCLE.encode("utf-16"), "text", ["lines 1–1"]),
        ("notes.txt", CYCLE.encode("cp1250"), "text", ["lines 1–1"]),
        ("notes.md", b"# One\ntext\n## Two\nmore", "text", ["section One", "section Two"]),
    ],
)
def test_text_is_read_in_blocks_or_sections(
    tmp_path: Path, name: str, content: bytes, form: str, labels: list[str]
) -> None:
    found = read(tmp_path, name, content)

    assert (found.form, [page.label for page in found.pages]) == (form, labels)
    if CYCLE[0] in found.pages[0].text:
        assert found.pages[0].text == CYCLE


def test_a_file_is_what_its_content_says_whatever_its_ending(tmp_path: Path) -> None:
    assert read(tmp_path, "report.txt", files.pdf(["Text."])).form == "pdf"
    assert read(tmp_path, "notes", files.png()).form == "image"


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("locked.pdf", lambda: files.pdf(["Secret."], password="open"), "encrypted"),
        ("scan.pdf", lambda: files.pdf(["", ""]), "no_text"),
        ("cut.pdf", lambda: b"%PDF-1.7\n" + b"\x00garbage" * 50, "damaged"),
        ("cut.docx", lambda: files.docx([("A", "b")])[:900], "damaged"),
        ("empty.docx", lambda: files.zipped({"word/document.xml": b""}), "damaged"),
        ("bomb.docx", files.bomb, "too_much"),
        ("report.pdf", lambda: b"plain text", "wrong_ending"),
        ("program.txt", lambda: b"\x7fELF\x02\x01\x01" + bytes(100), "binary"),
        ("noise.txt", lambda: bytes(range(32)) * 100, "binary"),
        ("files.zip", lambda: files.zipped({"a.txt": b"a"}), "archive"),
        ("old.doc", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "old_office"),
        ("blank.txt", lambda: b" \n\n ", "no_text"),
        ("long.txt", lambda: b"word " * 900_000, "too_long"),
        ("broken.png", lambda: files.png()[:40], "damaged"),
        ("wide.png", lambda: files.png(60_000, 1_000), "too_much"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_name_and_a_next_step(
    tmp_path: Path, name: str, content: object, reason: str
) -> None:
    assert callable(content)
    with pytest.raises(InvalidRequest) as refused:
        read(tmp_path, name, content())

    assert refused.value.details["reason"] == reason
    assert refused.value.message.startswith(f"{name} ")
    assert refused.value.message.count(".") >= 2


def test_an_entity_bomb_in_a_word_document_is_refused(tmp_path: Path) -> None:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    evil = f'<!DOCTYPE w [<!ENTITY e0 "boom">{entities}]><w>&e11;</w>'.encode()
    parts = {"[Content_Types].xml": evil, "_rels/.rels": evil, "word/document.xml": evil}

    with pytest.raises(InvalidRequest):
        read(tmp_path, "evil.docx", files.zipped(parts))


def test_reading_stops_when_it_is_told_to(tmp_path: Path) -> None:
    path, stop = tmp_path / "large.pdf", Stop()
    path.write_bytes(files.pdf(["\n".join(["word " * 15] * 50)] * 3_000))
    threading.Timer(0.3, stop.set).start()

    assert documents.read(path, "large.pdf", stop) is None
