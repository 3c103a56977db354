"""Transcripts over HTTP: written, mended at a revision, taken back, exported in four forms."""

from collections.abc import Iterator

import httpx
import pytest

from tests.api.conftest import tone
from tests.serving import Server

HOME = "/audio/transcripts"


@pytest.fixture(scope="module")
def http(echo_server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=echo_server.url, timeout=60) as client:
        yield client


def written(http: httpx.Client, name: str) -> dict[str, object]:
    answer = http.post(HOME, files={"file": (name, tone(12))})
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"{HOME}/{answer.json()['id']}"
    return dict(answer.json())


def test_a_transcript_is_mended_and_taken_back_at_its_revision(http: httpx.Client) -> None:
    found = written(http, "mended.wav")
    where = f"{HOME}/{found['id']}"
    assert (found["state"], found["revision"], found["edited"]) == ("done", 0, False)
    assert len(found["segments"]) == 2  # type: ignore[arg-type]
    assert http.get(f"/audio/recordings/{found['recording']}").json()["name"] == "mended.wav"
    segments = [{"start_s": 0, "end_s": 5, "text": "One <b>."}, {"start_s": 5, "end_s": 10, "text": "Two --> three."}]
    edit = {"at": 0, "remove": 1, "segments": segments, "revision": 0}
    mended = http.post(f"{where}/edits", json=edit).json()
    assert [each["text"] for each in mended["segments"]][:2] == ["One <b>.", "Two --> three."]
    assert (mended["revision"], mended["undo"], mended["redo"], mended["edited"]) == (1, True, False, True)
    stale = http.post(f"{where}/edits", json=edit)
    assert stale.status_code == 409 and "Open it again" in stale.json()["detail"]
    early = http.post(f"{where}/edits", json={"at": 1, "remove": 1, "segments": [{**segments[1], "start_s": 1}]})
    assert early.status_code == 422 and "segment before it ends at 5" in early.json()["detail"]
    assert http.post(f"{where}/undo", json={"revision": 1}).json()["segments"] == found["segments"]
    assert http.post(f"{where}/undo", json={}).status_code == 409
    assert http.post(f"{where}/redo", json={}).json()["segments"] == mended["segments"]
    assert http.post(f"{where}/restore", json={}).json()["edited"] is False
    assert found["id"] in [each["id"] for each in http.get(HOME).json()["data"]]
    assert http.delete(where).status_code == 204
    assert http.get(where).status_code == 404


def test_it_is_exported_as_it_is_now_and_as_it_was_recognised(http: httpx.Client) -> None:
    where = f"{HOME}/{written(http, 'exported.wav')['id']}"
    segment = {"start_s": 0.5, "end_s": 9.25, "text": "Ala & <kot>"}
    http.post(f"{where}/edits", json={"at": 0, "remove": 1, "segments": [segment]})

    def export(kind: str, version: str = "edited") -> httpx.Response:
        return http.get(f"{where}/export", params={"format": kind, "version": version})

    assert export("srt").text.startswith("1\n00:00:00,500 --> 00:00:09,250\nAla & <kot>\n\n2\n00:00:10,000 --> ")
    assert "00:00:00.500 --> 00:00:09.250\nAla &amp; &lt;kot>" in export("vtt").text
    assert export("txt").text.splitlines()[0] == "Ala & <kot>"
    told = export("json").json()
    assert told["segments"][0] == {**segment, "words": []} and told["name"] == "exported.wav"
    assert export("txt", "original").text.startswith("From 0.0 to 10.0")
    answer = export("vtt")
    assert answer.headers["content-type"].startswith("text/vtt")
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''exported.vtt"


def test_a_large_recording_is_taken_and_what_is_none_is_refused(http: httpx.Client) -> None:
    answer = http.post("/audio/recordings", files={"file": ("long.wav", tone(5, 16_000) + bytes(9 * 1024 * 1024))})
    assert answer.status_code == 201, answer.text  # more than the 8 MB of an ordinary body
    refused = http.post(HOME, files={"file": ("page.wav", b"<html>no sound</html>")})
    assert refused.status_code == 422 and "no sound that can be read" in refused.json()["detail"]
