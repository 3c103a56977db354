"""Long texts read aloud over HTTP: as text, as document, as a job, timed by sentence, cut by chapter."""

import io
import zipfile
from collections.abc import Iterator

import httpx
import pytest

from tests.serving import Server

HOME = "/audio/narrations"
BOOK = "# Tea\n\nThe tea is ready. Drink it.\n\n# Milk\n\nIt is cold.\n"


@pytest.fixture(scope="module")
def http(echo_server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=echo_server.url, timeout=60) as client:
        yield client


def test_a_text_is_read_aloud_with_its_times_and_chapters(http: httpx.Client) -> None:
    answer = http.post(HOME, json={"text": BOOK, "format": "m4a", "speed": 2})
    assert answer.status_code == 201, answer.text
    found = answer.json()
    assert answer.headers["location"] == f"{HOME}/{found['id']}"
    assert (found["name"], found["state"], found["chapters"], found["done"]) == ("Tea", "done", 2, 5)
    assert http.get(f"/files/{found['audio']}").headers["content-type"] == "audio/mp4"
    part = http.get(f"/files/{found['audio']}", headers={"Range": "bytes=0-9"})
    assert part.status_code == 206, "a player seeks in it"
    page = http.get(f"{HOME}/{found['id']}/sentences", params={"limit": 2}).json()
    rest = http.get(f"{HOME}/{found['id']}/sentences", params={"cursor": page["next"]}).json()
    sentences = [*page["data"], *rest["data"]]
    assert [each["text"] for each in sentences] == ["Tea", "The tea is ready.", "Drink it.", "Milk", "It is cold."]
    assert [each["chapter"] for each in sentences if each["begins"] == "chapter"] == ["Tea", "Milk"]
    assert 0 == sentences[0]["start_s"] < sentences[1]["start_s"]
    assert sentences[-1]["end_s"] == pytest.approx(found["seconds"], abs=0.001)
    answer = http.get(f"{HOME}/{found['id']}/chapters.zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.namelist() == ["1 Tea.m4a", "2 Milk.m4a"]
    assert found["id"] in [each["id"] for each in http.get(HOME).json()["data"]]
    assert http.post(f"{HOME}/{found['id']}/resume").json() == found
    assert http.delete(f"{HOME}/{found['id']}").status_code == 204
    assert http.get(f"{HOME}/{found['id']}").status_code == 404


def test_a_document_is_read_as_a_job_and_the_same_key_gives_the_same(http: httpx.Client) -> None:
    file = {"file": ("book.md", BOOK.encode())}
    headers = {"Prefer": "respond-async", "Idempotency-Key": "a-book"}
    first = http.post(f"{HOME}/files", files=file, data={"format": "ogg"}, headers=headers)
    assert first.status_code == 202, first.text
    place = first.headers["link"].split(">")[0].removeprefix("<")
    http.get(f"/jobs/{first.json()['id']}/events")  # to its end
    assert http.get(place).json()["state"] == "done"
    again = http.post(f"{HOME}/files", files=file, data={"format": "ogg"}, headers={"Idempotency-Key": "a-book"})
    assert (again.status_code, again.json()["id"]) == (201, place.rpartition("/")[2])


def test_what_cannot_be_read_is_refused_in_a_sentence(http: httpx.Client) -> None:
    for body in ({"text": " ... "}, {"text": "Hi", "format": "wav"}, {"text": "Hi", "speed": 9}, {"words": "Hi"}):
        assert http.post(HOME, json=body).status_code == 422
    refused = http.post(f"{HOME}/files", files={"file": ("a.gif", b"GIF89a")})
    assert refused.status_code == 422 and "ending that no known document has" in refused.json()["detail"]
    missing = http.post(HOME, json={"text": "Hi", "voice": "nobody"})
    assert missing.status_code == 404 and "nobody" in missing.json()["detail"]
    assert http.get(f"{HOME}/{'0' * 32}/chapters.zip").status_code == 404
