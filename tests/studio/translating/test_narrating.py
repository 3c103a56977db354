"""What is read aloud of a document: its running text in order, a chapter for each heading where it has some."""

import pytest

from contract.errors import InvalidRequest
from studio.translating.narrating import Passage, read
from tests.studio.translating.papers import PAPERS

WITH_HEADINGS = {
    ".md": ["The big heading"],
    ".html": ["The big heading"],
    ".docx": ["The big heading"],
    ".pptx": ["The big title"],
    ".odt": ["The big heading"],
    ".epub": ["First chapter", "Second chapter"],
}


def texts(suffix: str) -> list[str]:
    return [passage.text for passage in read(PAPERS[suffix], f"paper{suffix}", "en")]


@pytest.mark.parametrize("suffix", [suffix for suffix in PAPERS if suffix not in (".pdf", ".po")])
def test_headings_begin_chapters_where_the_format_has_them(suffix: str) -> None:
    passages = read(PAPERS[suffix], f"paper{suffix}", "en")
    assert [each.chapter for each in passages if each.chapter] == WITH_HEADINGS.get(suffix, [])
    assert all(each.text for each in passages)


def test_what_is_no_running_text_is_not_read() -> None:
    assert "The header of the page" not in texts(".docx") and "A cell of the table" in texts(".docx")
    assert "Say this slowly." not in texts(".pptx") and "The fire is warm tonight." in texts(".pptx")
    assert texts(".epub") == ["First chapter", "The fire is warm. It burns.", "Second chapter", "The fire is warm. It burns."]  # fmt: skip
    html = " ".join(texts(".html"))
    assert "A small picture" not in html and "The big page" not in html and "never" not in html
    assert "print" not in " ".join(texts(".md"))


def test_what_stands_before_the_first_heading_is_a_chapter_of_its_own() -> None:
    passages = read(b"A word before.\n\n# One\n\nText.\n\n#### Deep\n\nMore.\n", "note.pl.md", "pl")
    assert passages == [
        Passage("A word before.", "note.pl"),
        Passage("One", "One"),
        Passage("Text."),
        Passage("Deep"),
        Passage("More."),
    ]


def test_headings_of_word_count_by_outline_level_in_any_language() -> None:
    import io

    import docx
    from docx.oxml.ns import qn
    from docx.oxml.shared import OxmlElement

    document = docx.Document()
    own = document.add_paragraph("Nagłówek bez stylu")
    level = OxmlElement("w:outlineLvl")
    level.set(qn("w:val"), "1")
    own._p.get_or_add_pPr().append(level)
    document.add_paragraph("Treść.")
    document.add_heading("Tytuł", 0)
    file = io.BytesIO()
    document.save(file)
    chapters = [each.chapter for each in read(file.getvalue(), "a.docx", "pl")]
    assert chapters == ["Nagłówek bez stylu", "", "Tytuł"]


def test_a_document_without_running_text_says_so() -> None:
    with pytest.raises(InvalidRequest, match="no running text"):
        read(b"...\n\n- - -\n", "signs.txt", "en")
