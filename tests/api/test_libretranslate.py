"""LibreTranslate's routes: two published clients work unchanged; errors and keys as they expect them."""

import io
from collections.abc import Iterator

import docx
import httpx
import pytest
from libretranslate_aio import BadRequestError, ForbiddenError, LibreTranslate
from libretranslatepy import LibreTranslateAPI

from tests.serving import Server


@pytest.fixture
def libre(echo_server: Server) -> Iterator[LibreTranslate]:
    """The newer client on the echo engines."""
    with LibreTranslate(echo_server.url) as client:
        yield client


@pytest.fixture
def http(echo_server: Server) -> Iterator[httpx.Client]:
    """A plain client of the echo server."""
    with httpx.Client(base_url=echo_server.url, timeout=30) as client:
        yield client


def test_the_older_client_translates_detects_and_lists(real_server: Server) -> None:
    client = LibreTranslateAPI(real_server.url)
    assert client.translate("Good morning, my friend.", "en", "pt").lower().startswith("bom dia")
    assert client.detect("Gdzie jest dworzec kolejowy?")[0]["language"] == "pl"
    assert {line["code"]: line["name"] for line in client.languages()} == {"en": "English", "pt": "Portuguese"}


def test_the_newer_client_translates_one_text_and_many(libre: LibreTranslate) -> None:
    assert libre.translate("Hello.", "en", "pl").translated_text == "[pl] Hello."
    assert libre.translate(["One.", "Two."], "en", "pl").translated_text == ["[pl] One.", "[pl] Two."]


def test_the_newer_client_is_told_the_language_and_other_wordings(libre: LibreTranslate) -> None:
    made = libre.translate("Hello. You.", "auto", "pl", alternatives=2)
    assert made.detected_language is not None
    assert (made.detected_language.language, made.detected_language.confidence) == ("en", 100.0)  # type: ignore[union-attr]
    assert made.alternatives == ["[pl 2] Hello. [pl 2] You.", "[pl 3] Hello. [pl 3] You."]


def test_a_file_is_translated_and_fetched(libre: LibreTranslate, echo_server: Server) -> None:
    file = io.BytesIO(b"<p>Hello you.</p><p><b>Good</b></p><script>let x = 1</script>")
    file.name = "../my page.html"
    url = libre.translate_file(file, "en", "pl").translated_file_url
    answer = httpx.get(url, timeout=60)
    assert answer.text == "<p>[pl] Hello you.</p><p><b>[pl] Good</b></p><script>let x = 1</script>"
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["content-disposition"] == 'attachment; filename="my page_pl.html"'
    other = httpx.get(f"{echo_server.url}/download_file/other", timeout=60)
    assert other.json()["error"].startswith("This file is not there")


def test_a_word_document_comes_back_as_one(libre: LibreTranslate) -> None:
    document = docx.Document()
    document.add_heading("The house", 1)
    document.add_paragraph("It is old.")
    file = io.BytesIO()
    document.save(file)
    file.seek(0)
    file.name = "house.docx"

    answer = httpx.get(libre.translate_file(file, "en", "pl").translated_file_url, timeout=60)

    assert answer.headers["content-disposition"] == 'attachment; filename="house_pl.docx"'
    translated = docx.Document(io.BytesIO(answer.content)).paragraphs
    assert [(each.style.name, each.text) for each in translated] == [
        ("Heading 1", "[pl] The house"), ("Normal", "[pl] It is old.")
    ]  # fmt: skip


def test_the_settings_say_what_works_here(libre: LibreTranslate) -> None:
    told = libre.frontend_settings()
    assert not told.suggestions and not told.key_required
    assert {".txt", ".html", ".docx", ".odt", ".epub", ".srt", ".pdf"} <= set(told.supported_files_format)


def test_suggestions_are_refused(libre: LibreTranslate) -> None:
    with pytest.raises(ForbiddenError, match="disabled"):
        libre.suggest("Hello.", "Cześć.", "en", "pl")


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"source": "en", "target": "pl"}, "missing q"),
        ({"q": "Hi", "target": "pl"}, "missing source"),
        ({"q": "Hi", "source": "en", "target": "!!"}, "target"),
        ({"q": "", "source": "en", "target": "pl"}, "q"),
        ({"q": [], "source": "en", "target": "pl"}, "q"),
        ({"q": "Hi", "source": "en", "target": "en"}, "source_lang and target_lang"),
        ({"q": "Hi", "source": "en", "target": "pl", "format": "pdf"}, "format"),
        ({"q": "Hi", "source": "en", "target": "pl", "alternatives": 99}, "alternatives"),
        ({"q": "1234", "source": "en", "target": "pl", "api_key": "hearth_" + "x" * 43}, "unknown"),
    ],
)
@pytest.mark.parametrize("form", ["json", "data"])
def test_a_bad_request_is_one_sentence(http: httpx.Client, body: dict[str, object], told: str, form: str) -> None:
    answer = http.post("/translate", **{form: body})
    assert answer.status_code == (403 if "api_key" in body else 400), answer.text
    assert told in answer.json()["error"]
    assert "constrained" not in answer.text and "function" not in answer.text


def test_a_body_of_another_kind_is_refused(http: httpx.Client) -> None:
    assert http.post("/translate", content="q=Hi", headers={"Content-Type": "text/plain"}).status_code == 415
    broken = http.post("/translate", content="{", headers={"Content-Type": "application/json"})
    assert broken.status_code == 400 and "no JSON" in broken.json()["error"]
    assert http.post("/translate", json=["Hi"]).status_code == 400
    assert "Use POST" in http.get("/translate").json()["error"]


def test_html_is_translated_in_whole_sentences(real_server: Server) -> None:
    source = "<p>The fire is <b>very warm</b> and the tea is <i>ready</i>.</p>"
    body = {"q": source, "source": "auto", "target": "pt", "format": "html"}
    made = httpx.post(f"{real_server.url}/translate", json=body, timeout=60).json()["translatedText"]
    assert made == "<p>O fogo é <b>muito quente</b> e o chá está <i>pronto</i>.</p>"


def test_a_pair_that_is_not_here_says_so(real_server: Server) -> None:
    with LibreTranslate(real_server.url) as client, pytest.raises(BadRequestError, match="not on this machine yet"):
        client.translate("Hello.", "en", "pl")


def test_a_file_of_another_kind_or_none_is_refused(http: httpx.Client) -> None:
    asked = {"source": "en", "target": "pl"}
    for files in ({"file": ("a.exe", b"MZ")}, {"file": ("a.txt", b"\xff\xfe\x00")}, {"other": ("a.txt", b"Hi")}):
        answer = http.post("/translate_file", data=asked, files=files)
        assert answer.status_code == 400 and answer.json()["error"]
    assert http.post("/translate_file", data=asked, files={"file": ("a.txt", b"x" * 51_000_000)}).status_code == 413


@pytest.mark.parametrize(
    ("source", "translation"),
    [
        ("<p>Hello &amp; <i>You</i></p>", "<p>[pl] Hello &amp; <i>You</i></p>"),
        (
            "<p>Hello <a href='/x?a=1'>You</a>. Bye.</p>",
            "<p>[pl] Hello <a href='/x?a=1'>You</a>. [pl] Bye.</p>",
        ),
        ("Hello<br>you", "[pl] Hello<br>[pl] you"),
        ("<!-- Hi --><h1 title='a>b'>Hi</h1>", '<!-- Hi --><h1 title="[pl] a&gt;b">[pl] Hi</h1>'),
        ("<p translate='no'>Hi <b>you</b></p><p>me</p>", "<p translate='no'>Hi <b>you</b></p><p>[pl] me</p>"),
        ("<pre>Hi\n  you</pre>12 <b>Me</b>", "<pre>Hi\n  you</pre>[pl] 12 <b>Me</b>"),
        ("<p>Hello\n   you</p>\n", "<p>[pl] Hello you</p>\n"),
        ("a &lt;b&gt; c", "[pl] a &lt;b&gt; c"),
        ("<div><span></span></div>", "<div><span></span></div>"),
    ],
)
def test_tags_stay_as_they_are(http: httpx.Client, source: str, translation: str | None) -> None:
    answer = http.post("/translate", json={"q": source, "source": "en", "target": "pl", "format": "html"})
    assert answer.status_code == 200, answer.text
    if translation is not None:
        assert answer.json()["translatedText"] == translation
