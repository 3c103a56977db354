"""Each kind of document comes back in its form; what is split in mid-sentence is translated as one sentence."""

import io
import re
import zipfile
from collections.abc import Callable

import docx
import odfdo
import polib
import pptx
import pytest
from lxml import etree

from contract.errors import InputTooLarge, InvalidRequest
from studio.translating.formats import FORMATS, format_of, package
from tests import files
from tests.studio.translating import papers
from tests.studio.translating.papers import PAPERS, zipped

TEXTS = (".txt", ".md", ".srt", ".vtt", ".json", ".csv")


def shout(marked: str) -> str:
    """A stand-in for a translation that can be seen in every word: capitals, codes and placeholders kept."""
    parts = re.split(r"(<[^>]*>|&\w+;|%\(\w+\)s|%d|\{\w+\})", marked)
    return "".join(part if number % 2 else part.upper() for number, part in enumerate(parts))


def read(suffix: str, data: bytes) -> list[str]:
    seen: list[str] = []
    FORMATS[suffix].rewrite(data, lambda marked: seen.append(marked), "pl")
    return seen


def shouted(suffix: str, data: bytes | None = None) -> bytes:
    return FORMATS[suffix].rewrite(PAPERS[suffix] if data is None else data, shout, "pl")


@pytest.mark.parametrize("suffix", TEXTS)
def test_a_text_file_that_nobody_changes_stays_byte_for_byte(suffix: str) -> None:
    assert FORMATS[suffix].rewrite(PAPERS[suffix], lambda marked: None, "pl") == PAPERS[suffix]


@pytest.mark.parametrize("suffix", [suffix for suffix in PAPERS if suffix not in (".pdf", ".po", ".srt")])
def test_reading_the_translation_gives_the_translation(suffix: str) -> None:
    before, after = read(suffix, PAPERS[suffix]), read(suffix, shouted(suffix))
    words = [re.sub(r"<[^>]*>|\s+", " ", text).strip().upper() for text in before]
    assert [re.sub(r"<[^>]*>|\s+", " ", text).strip().upper() for text in after] == words


def test_lines_of_plain_text_that_ran_on_are_one_sentence_and_are_broken_again() -> None:
    assert any("because the page was only fifty" in text for text in read(".txt", papers.TEXT))
    lines = shouted(".txt").decode().splitlines()
    assert max(map(len, lines)) <= 52
    assert lines[4:6] == ["- FIRST POINT", "- SECOND POINT WITH 3 ITEMS"]


def test_text_keeps_its_encoding_while_that_has_the_letters() -> None:
    polish = "Zażółć gęślą jaźń. Ogień jest ciepły i herbata jest gotowa. Było już późno, więc poszliśmy spać.\r\n" * 3
    data = polish.encode("cp1250")
    assert FORMATS[".txt"].rewrite(data, shout, "pl").decode("cp1250") == polish.upper()
    other = FORMATS[".txt"].rewrite(data, lambda marked: "Θερμή φωτιά", "el")
    assert other.decode("utf-8").startswith("Θερμή φωτιά")
    assert FORMATS[".txt"].rewrite("Żar".encode("utf-16"), shout, "pl").decode("utf-16") == "ŻAR"


def test_markdown_keeps_marks_links_code_and_front_matter() -> None:
    out = shouted(".md").decode()
    assert out.startswith("---\ntitle: Untouched\n---\n# THE BIG HEADING\n")
    assert 'A *WARM* FIRE WITH A [LINK TO THE PAGE](https://example.org/a_b "Title") AND `code_here`.' in out
    assert "IT GOES ON **IN THE NEXT LINE** OF THE SOURCE." in out
    assert "| FIRE | A WARM LIGHT |\n" in out
    assert "> A QUOTED LINE.\n" in out
    assert '```python\nprint("never touched")\n```' in out


def test_html_keeps_every_tag_attribute_comment_and_script() -> None:
    out = shouted(".html").decode()
    assert '<html lang="pl">' in out
    assert '<script>var text = "never touched";</script>' in out
    assert "<!-- a comment stays -->" in out
    assert (
        '<p>A <b>WARM</b> FIRE, <a href="a.html?x=1&amp;y=2" title="SEE THE PAGE">A LINK</a>\xa0AND '
        "<code>code_here</code>.<br>NEW LINE &lt; OLD.</p>" in out
    )
    assert '<p translate="no">Hearth stays</p>' in out
    assert "  never   touched\n" in out
    tags = re.compile(r"</?[a-z][a-z0-9]*")
    assert tags.findall(out) == tags.findall(papers.HTML.decode())


def test_a_sentence_over_two_subtitles_is_one_and_is_divided_again() -> None:
    assert read(".srt", papers.SRT)[0] == "The fire is warm, and the tea is <1>ready</1> now."
    out = shouted(".srt").decode()
    assert re.findall(r".*-->.*", out) == re.findall(r".*-->.*", papers.SRT.decode())
    assert "THE FIRE IS WARM,\nAND THE TEA\n\n2\n" in out
    assert "IS <i>READY</i> NOW." in out
    assert "- WHO IS IT?\n- IT IS ME." in out


def test_webvtt_keeps_header_style_notes_settings_and_voices() -> None:
    out = shouted(".vtt").decode()
    head = papers.VTT.decode().partition("<v Anna>")[0]
    assert out.startswith(head + "<v Anna>THE FIRE IS WARM.\n")


def test_json_keeps_keys_ids_layout_and_placeholders() -> None:
    out = shouted(".json").decode()
    expected = papers.JSON.decode()
    for text in ("The big title", "One thing", "Two things"):
        expected = expected.replace(text, text.upper())
    expected = expected.replace("Hello {name}, you have %d messages.", "HELLO {name}, YOU HAVE %d MESSAGES.")
    assert out == expected


def test_csv_keeps_formulas_numbers_separators_and_quotes() -> None:
    out = shouted(".csv").decode().splitlines()
    assert out[1] == '1;CHAIR;"A WARM, ""OLD"" CHAIR";12.50'
    assert out[2] == "2;LAMP;A SMALL LAMP;=SUM(D2:D3)"
    assert out[3] == "3;@cmd;-1+1;+48 600 100 200"


def test_a_translation_that_a_spreadsheet_would_run_becomes_text() -> None:
    out = FORMATS[".csv"].rewrite(b"name,note\nx1,harmless words\n", lambda marked: "=cmd|' /C calc'!A0", "pl")
    assert "'=cmd" in out.decode()
    assert not re.search(r"(^|,)\"?=", out.decode(), re.M)


def test_word_keeps_styles_links_tables_fields_and_headers() -> None:
    assert (
        "The fire is <2>very warm</2> and the tea <4>is ready</4>. A second sentence stands here. "
        "See <6>the whole page</6>." in read(".docx", PAPERS[".docx"])
    )
    assert "One sentence in many runs." in read(".docx", PAPERS[".docx"])
    document = docx.Document(io.BytesIO(shouted(".docx")))
    texts = [paragraph.text for paragraph in document.paragraphs]
    assert texts[:3] == [
        "THE BIG HEADING",
        "THE FIRE IS VERY WARM AND THE TEA IS READY. A SECOND SENTENCE STANDS HERE. SEE THE WHOLE PAGE.",
        "FIRST POINT",
    ]
    assert [paragraph.style.name for paragraph in document.paragraphs[:3]] == ["Heading 1", "Normal", "List Bullet"]
    runs = document.paragraphs[1].runs
    assert [run.text for run in runs if run.bold] == ["VERY WARM"]
    assert [run.text for run in runs if run.italic] == ["IS READY"]
    link = document.paragraphs[1].hyperlinks[0]
    assert (link.text, link.address) == ("THE WHOLE PAGE", "https://example.org/page")
    assert texts[4] == "NAME:\tANNA\nSECOND LINE"
    assert [cell.text for cell in document.tables[0].rows[0].cells] == ["A CELL OF THE TABLE", "17"]
    assert document.sections[0].header.paragraphs[0].text == "THE HEADER OF THE PAGE"
    page = etree.tostring(document.paragraphs[5]._p).decode()
    assert page.index("begin") < page.index("PAGE</w:instrText>") < page.index("separate") < page.index('"end"')


def test_a_paragraph_of_word_that_stays_is_not_touched() -> None:
    kept = FORMATS[".docx"].rewrite(PAPERS[".docx"], lambda marked: None, "pl")

    def body(data: bytes) -> bytes:
        root = etree.fromstring(zipfile.ZipFile(io.BytesIO(data)).read("word/document.xml"))
        return bytes(etree.tostring(root, method="c14n"))

    assert body(kept) == body(PAPERS[".docx"])


def test_slides_keep_styles_tables_and_notes() -> None:
    slide = pptx.Presentation(io.BytesIO(shouted(".pptx"))).slides[0]
    assert slide.shapes.title.text == "THE BIG TITLE"
    runs = slide.placeholders[1].text_frame.paragraphs[0].runs
    assert [(run.text, run.font.bold) for run in runs] == [("THE FIRE IS ", None), ("WARM", True), (" TONIGHT.", None)]
    assert [shape.table.cell(0, 0).text for shape in slide.shapes if shape.has_table] == ["A CELL"]
    assert slide.notes_slide.notes_text_frame.text == "SAY THIS SLOWLY."


def test_an_open_document_keeps_nested_styles_notes_spaces_and_tabs() -> None:
    assert "The fire is <1>very <2>warm</2></1> and the tea<3/> is ready. See <4>the page</4>." in read(
        ".odt", PAPERS[".odt"]
    )
    out = shouted(".odt")
    document = odfdo.Document(io.BytesIO(out))
    assert document.body.headers[0].text == "THE BIG HEADING"
    xml = zipfile.ZipFile(io.BytesIO(out)).read("content.xml").decode()
    assert '<text:span text:style-name="Bold">VERY <text:span text:style-name="It">WARM</text:span></text:span>' in xml
    assert "<text:p>A NOTE BELOW.</text:p></text:note-body></text:note> IS READY." in xml
    assert '<text:p>NAME:<text:tab/>ANNA<text:line-break/>TWO <text:s text:c="2"/>SPACES</text:p>' in xml
    first = zipfile.ZipFile(io.BytesIO(out)).infolist()[0]
    assert (first.filename, first.compress_type) == ("mimetype", zipfile.ZIP_STORED)


def test_a_book_is_read_in_order_and_says_its_new_language() -> None:
    seen = read(".epub", PAPERS[".epub"])
    assert seen.index("First chapter") < seen.index("Second chapter")
    package = zipfile.ZipFile(io.BytesIO(shouted(".epub")))
    page = package.read("OEBPS/a.xhtml").decode()
    assert "<p>THE <i>FIRE</i> IS WARM.<br/>IT BURNS.</p>" in page
    assert 'xml:lang="pl"' in page
    etree.fromstring(page.encode(), etree.XMLParser(load_dtd=False, resolve_entities=False))
    assert "<dc:language>pl</dc:language>" in package.read("OEBPS/book.opf").decode()
    assert "<navLabel><text>FIRST CHAPTER</text></navLabel>" in package.read("OEBPS/toc.ncx").decode()
    assert "SECOND CHAPTER" in package.read("OEBPS/two b.xhtml").decode()
    assert package.read("OEBPS/s.css") == b"p { color: red }"


def test_a_catalogue_keeps_what_is_done_and_has_the_languages_plurals() -> None:
    entries = {entry.msgid: entry for entry in polib.pofile(shouted(".po").decode())}
    assert entries["Hello %(name)s, the fire is warm."].msgstr == "HELLO %(name)s, THE FIRE IS WARM."
    assert entries["%d file"].msgstr_plural == {0: "%d FILE", 1: "%d FILES", 2: "%d FILES"}
    assert (entries["Done already"].msgstr, entries["Done already"].comment) == ("Już zrobione", "stays")
    assert entries["Doubtful"].msgstr == "DOUBTFUL"


def test_a_pdf_becomes_text() -> None:
    assert "A SECOND PAGE." in shouted(".pdf").decode()


# What comes from strangers


def bomb() -> bytes:
    return zipped({"word/document.xml": b"<w:document>" + b" " * (11 * 1024 * 1024)})


def many_bombs() -> bytes:
    file = io.BytesIO(PAPERS[".docx"])
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as package:
        for number in range(5):
            package.writestr(f"word/media/{number}.bin", b"\x00" * (9 * 1024 * 1024))
    return file.getvalue()


def with_document(xml: str) -> bytes:
    return zipped({"word/document.xml": xml.encode()})


W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
XXE = f'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><w:document {W}><w:p><w:r><w:t>&e;</w:t></w:r></w:p></w:document>'
LAUGHS = (
    '<!DOCTYPE x [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {after} "{f"&{before};" * 10}">' for before, after in zip("abcdefgh", "bcdefghi", strict=True))
    + f"]><w:document {W}><w:p><w:r><w:t>&i;</w:t></w:r></w:p></w:document>"
)
DEEP = f"<w:document {W}>" + "<w:sdt>" * 10_000 + "</w:sdt>" * 10_000 + "</w:document>"
HOSTILE: dict[str, tuple[str, Callable[[], bytes], type[Exception], str]] = {
    "bomb": (".docx", bomb, InputTooLarge, "unpacked"),
    "many": (".docx", many_bombs, InputTooLarge, "unpacked"),
    "xxe": (".docx", lambda: with_document(XXE), InvalidRequest, "document type"),
    "laughs": (".docx", lambda: with_document(LAUGHS), InvalidRequest, "document type|damaged"),
    "deep": (".docx", lambda: with_document(DEEP), InvalidRequest, "damaged"),
    "cut": (".docx", lambda: PAPERS[".docx"][:2_000], InvalidRequest, "damaged"),
    "flipped": (
        ".docx",
        lambda: PAPERS[".docx"].replace(b"word/document.xml", b"word/documenX.xml"),
        InvalidRequest,
        ".",
    ),
    "office": (".docx", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600, InvalidRequest, "password"),
    "odt-as-docx": (".docx", lambda: PAPERS[".odt"], InvalidRequest, "ending"),
    "docx-as-pptx": (".pptx", lambda: PAPERS[".docx"], InvalidRequest, "ending"),
    "docx-as-odt": (".odt", lambda: PAPERS[".docx"], InvalidRequest, "ending"),
    "zip-as-epub": (".epub", lambda: PAPERS[".docx"], InvalidRequest, "ending"),
    "docx-as-txt": (".txt", lambda: PAPERS[".docx"], InvalidRequest, "no text"),
    "png-as-srt": (".srt", lambda: b"\x89PNG\r\n\x1a\n\x00\x00", InvalidRequest, "no text"),
    "txt-as-srt": (".srt", lambda: b"Only words.", InvalidRequest, "no cue"),
    "txt-as-po": (".po", lambda: b"Only words.", InvalidRequest, "msgid"),
    "bad-po": (".po", lambda: b'msgid "a\nmsgstr b c\nmsgfoo "', InvalidRequest, "Mend|msgid"),
    "bad-json": (".json", lambda: b'{"a": ', InvalidRequest, "Mend"),
    "deep-json": (".json", lambda: b"[" * 100_000, InvalidRequest, "deep"),
    "locked-pdf": (".pdf", lambda: files.pdf(["Secret words."], password="secret"), InvalidRequest, "password"),
    "bad-pdf": (".pdf", lambda: PAPERS[".pdf"][:120], InvalidRequest, "damaged|no page"),
    "txt-as-pdf": (".pdf", lambda: b"Only words.", InvalidRequest, "another kind"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_can_not_be_read_is_told_in_a_sentence(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "PART", 10 * 1024 * 1024)  # a tenth of what is allowed: a tenth of the time
    monkeypatch.setattr(package, "UNPACKED", 40 * 1024 * 1024)
    suffix, make, error, why = HOSTILE[name]
    with pytest.raises(error, match=why) as told:
        FORMATS[suffix].rewrite(make(), shout, "pl")
    assert told.value.__class__ in (InvalidRequest, InputTooLarge)
    assert "/etc" not in str(told.value)


@pytest.mark.parametrize("suffix", [".html", ".epub", ".md", ".srt"])
def test_ten_thousand_nested_tags_cost_nothing(suffix: str) -> None:
    deep = b"<div>" * 10_000 + b"<b>" * 10_000 + b"words" + b"</b>" * 10_000
    if suffix == ".epub":
        parts = {i.filename: zipfile.ZipFile(io.BytesIO(PAPERS[suffix])).read(i) for i in papers_of(PAPERS[suffix])}
        data = zipped({**parts, "OEBPS/a.xhtml": deep})
        assert b"WORDS" in zipfile.ZipFile(io.BytesIO(shouted(suffix, data))).read("OEBPS/a.xhtml")
        return
    if suffix == ".srt":
        deep = b"1\n00:00:01,000 --> 00:00:02,000\n" + b"<b>" * 10_000 + b"words\n"
    out = shouted(suffix, deep)
    assert b"WORDS" in out or suffix == ".md"


def papers_of(data: bytes) -> list[zipfile.ZipInfo]:
    return zipfile.ZipFile(io.BytesIO(data)).infolist()


def test_an_entity_of_a_books_page_is_never_read_from_a_file() -> None:
    page = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><html><body><p>A &e; word</p></body></html>'
    parts = {i.filename: zipfile.ZipFile(io.BytesIO(PAPERS[".epub"])).read(i) for i in papers_of(PAPERS[".epub"])}
    seen = read(".epub", zipped({**parts, "OEBPS/a.xhtml": page}))
    assert not any("root:" in text for text in seen)


def test_an_unknown_ending_names_the_known_ones() -> None:
    for name in ("a.exe", "noending", "a.docx.scr", ".hidden", "a." + "x" * 500):
        with pytest.raises(InvalidRequest, match=r"\.docx"):
            format_of(name)
    assert format_of("../../A.DOCX").suffix == ".docx"


@pytest.mark.parametrize(
    "piece", ["<!--", "<![CDATA[", "<a ", "<a class='", "<p translate=no>", "<code>", "&", "<html "]
)
def test_markup_that_is_never_closed_is_read_in_one_pass(piece: str) -> None:
    source = (piece * (300_000 // len(piece))).encode()
    assert FORMATS[".html"].rewrite(source, lambda marked: None, "pl") == source  # else: minutes, and the time limit


def test_what_only_looks_like_markup_stays_as_it_is() -> None:
    page = "<p title='a>b'>Is 3 < 4?</p><SCRIPT>if (a<b) { x('<p>no</p>') }</SCRIPT><p>Yes<br/>no <b>very</b>.</p>"
    assert read(".html", page.encode()) == ["a>b", "Is 3 &lt; 4?", "Yes\nno <1>very</1>."]
    assert b"x('<p>no</p>')" in shouted(".html", page.encode())
