"""Documents over HTTP: translated in one call or as a job, reported, mended, exported, another's never seen."""

import io
from collections.abc import Iterator

import av
import docx
import httpx
import pytest

from tests.serving import Server
from tests.studio.translating.papers import PAPERS, zipped

CLIMBING = zipped({"../../etc/passwd": b"x", "word/document.xml": b"<a/>"})


@pytest.fixture(scope="module")
def real_http(real_server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=real_server.url, timeout=120) as client:
        yield client


def send(
    http: httpx.Client, name: str, data: bytes, headers: dict[str, str] | None = None, **form: str
) -> httpx.Response:
    return http.post(
        "/translations/documents", files={"file": (name, data)}, data={"target_lang": "pt", **form}, headers=headers
    )


def test_a_document_is_translated_in_one_call(real_http: httpx.Client) -> None:
    answer = send(real_http, "paper.docx", PAPERS[".docx"], source_lang="en")
    assert answer.status_code == 201, answer.text
    document = answer.json()
    assert (document["state"], document["done"], document["flagged"]) == ("done", document["segments"], 0)
    file = real_http.get(f"/files/{document['result']}?download=1")
    assert 'filename="paper.pt.docx"' in file.headers["content-disposition"]
    assert docx.Document(io.BytesIO(file.content)).paragraphs[0].text == "O grande título"


def test_a_document_is_followed_as_a_job(real_http: httpx.Client) -> None:
    answer = send(real_http, "paper.md", PAPERS[".md"], {"Prefer": "respond-async"}, source_lang="en")
    assert answer.status_code == 202
    events = real_http.get(f"{answer.headers['location']}/events").text
    assert '"type": "progress"' in events
    assert '"type": "artifact"' in events
    assert '"type": "done"' in events
    link = answer.headers["link"].partition(">")[0].lstrip("<")
    assert real_http.get(link).json()["state"] == "done"


def test_the_report_is_read_mended_and_exported(real_http: httpx.Client) -> None:
    text = b"The fire is warm.\n\nDas ist ein Haus und es ist sehr alt.\n"
    document = send(real_http, "report.txt", text, source_lang="en").json()
    where = f"/translations/documents/{document['id']}"
    report = real_http.get(f"{where}/segments?flagged=true").json()["data"]
    assert [(each["number"], each["faults"]) for each in report] == [(1, ["echoed"])]

    put = real_http.put(f"{where}/segments/1", json={"text": "Esta casa é muito antiga."})
    assert put.json()["origin"] == "edit"
    again = real_http.post(f"{where}/translate").json()
    assert again["flagged"] == 0
    assert real_http.get(f"/files/{again['result']}").text.endswith("Esta casa é muito antiga.\n")
    for form, begin in (("docx", b"PK"), ("tmx", b"<?xml"), ("xliff", b"<?xml")):
        export = real_http.get(f"{where}/export?format={form}")
        assert export.content.startswith(begin)
        assert export.headers["content-disposition"].startswith("attachment")
    assert real_http.delete(where).status_code == 204
    assert real_http.get(where).status_code == 404


def test_documents_come_in_pages_the_newest_first(http: httpx.Client) -> None:
    names = [f"{number}.txt" for number in range(3)]
    for name in names:
        assert send(http, name, f"Words of {name} are here.".encode(), source_lang="en").status_code == 201
    first = http.get("/translations/documents?limit=2").json()
    assert [each["name"] for each in first["data"]] == ["2.txt", "1.txt"]
    rest = http.get(f"/translations/documents?limit=2&cursor={first['next']}").json()
    assert rest["data"][0]["name"] == "0.txt"


@pytest.mark.parametrize(
    ("name", "data", "form", "status", "why"),
    [
        ("a.exe", b"x y", {}, 422, "ending"),
        ("a.docx", b"no zip", {}, 422, "damaged"),
        ("a.txt", b"", {}, 422, "empty"),
        ("a.txt", b"x y", {"target_lang": "../x"}, 422, "target_lang"),
        ("a.txt", b"x y", {"source_lang": "pt"}, 422, "two languages"),
        ("a.txt", b"x y", {"extra": "1"}, 422, "extra"),
        (
            "a.docx",
            zipped({"../../etc/passwd": b"x", "word/document.xml": b"<a/>"}),
            {"source_lang": "en"},
            422,
            "words",
        ),
    ],
)
def test_a_bad_document_is_refused_in_a_sentence(
    name: str, data: bytes, form: dict[str, str], status: int, why: str, http: httpx.Client
) -> None:
    answer = send(http, name, data, **form)
    assert answer.status_code == status, answer.text
    assert why in answer.text


def test_a_text_has_its_sentences_with_their_faults(real_http: httpx.Client) -> None:
    text = "Hello {name}, you have %d messages.\nDas ist ein Haus und es ist sehr alt."
    body = {"text": text, "source_lang": "en", "target_lang": "pt", "memory": False}
    answer = real_http.post("/translations", json=body).json()
    made = answer["text"]
    assert [(made[each["start"] : each["end"]], each["faults"]) for each in answer["sentences"]] == [
        ("Olá {name}, você tem mensagens %d.", []),
        ("Das ist ein Haus und es ist sehr alt.", ["echoed"]),
    ]


def test_a_translation_is_read_aloud_into_one_file_with_chapters(http: httpx.Client) -> None:
    text = b"# O fogo\n\nO fogo esta quente.\n\n# O cha\n\nO cha esta pronto.\n"
    document = send(http, "aloud.md", text, source_lang="pt", target_lang="en").json()
    assert document["audio"] is None
    where = f"/translations/documents/{document['id']}"
    for form, begin, mime in (("mp3", b"ID3", "audio/mpeg"), ("ogg", b"OggS", "audio/ogg"), ("m4a", b"", "audio/mp4")):
        spoken = http.post(f"{where}/speech", json={"format": form, "speed": 2})
        assert spoken.status_code == 200, spoken.text
        file = http.get(f"/files/{spoken.json()['audio']}")
        assert file.headers["content-type"] == mime and file.content.startswith(begin)
        with av.open(io.BytesIO(file.content)) as made:
            assert [mark["metadata"]["title"] for mark in made.chapters()] == [
                "en O fogo",
                "en O cha",
            ]  # brackets are Markdown
    job = http.post(f"{where}/speech", json={}, headers={"Prefer": "respond-async"})
    assert job.status_code == 202 and job.json()["kind"] == "speech"
    assert '"type": "done"' in http.get(f"{job.headers['location']}/events").text
    assert http.get(f"{job.headers['location']}/audio.mp3").status_code == 404
    for wrong in ({"format": "wav"}, {"speed": 9}, {"extra": 1}, {"voice": "../x"}):
        assert http.post(f"{where}/speech", json=wrong).status_code in (404, 422)
    assert http.post("/translations/documents/none/speech", json={}).status_code == 404
