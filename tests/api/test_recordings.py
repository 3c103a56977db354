"""The audio library over HTTP: uploaded, edited by steps, undone, drawn, saved; another's never seen."""

import io
import wave
from collections.abc import Iterator

import httpx
import pytest

from tests.api.conftest import tone
from tests.serving import Server

HOME = "/audio/recordings"


@pytest.fixture(scope="module")
def http(echo_server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=echo_server.url, timeout=60) as client:
        yield client


def add(http: httpx.Client, name: str = "tone.wav", data: bytes = b"", seconds: float = 2) -> httpx.Response:
    return http.post(HOME, files={"file": (name, data or tone(seconds))})


def test_a_recording_is_added_and_told_what_it_is(http: httpx.Client) -> None:
    answer = add(http)
    assert answer.status_code == 201, answer.text
    found = answer.json()
    assert answer.headers["location"] == f"{HOME}/{found['id']}"
    original = found["original"]
    assert (original["container"], original["codec"], original["sample_rate_hz"]) == ("wav", "pcm_s16le", 16_000)
    assert (original["seconds"], original["channels"]) == (2.0, 1)
    assert original["peak_db"] == pytest.approx(-20.8, abs=0.1)  # 3,000 of 32,768
    assert http.get(f"{HOME}/{found['id']}").json() == found
    assert found["id"] in [each["id"] for each in http.get(HOME).json()["data"]]


def test_steps_are_made_into_sound_and_undone(http: httpx.Client) -> None:
    found = add(http, "steps.wav").json()
    where = f"{HOME}/{found['id']}"
    steps = [{"op": "cut", "start_s": 0, "end_s": 0.5}, {"op": "fade", "out_s": 0.5}]
    edited = http.put(f"{where}/steps", json={"steps": steps, "revision": 0}).json()
    assert (edited["state"], edited["steps"], edited["undo"]) == ("ready", steps, True)
    assert edited["edited"]["seconds"] == 1.5
    file = http.get(f"/files/{edited['results'][0]}")
    assert file.headers["content-type"] == "audio/wav"
    with wave.open(io.BytesIO(file.content)) as sound:
        assert sound.getnframes() == 24_000
    again = http.post(f"{where}/undo").json()
    assert (again["steps"], again["results"], again["redo"]) == ([], [], True)
    assert http.post(f"{where}/undo").status_code == 409
    assert http.post(f"{where}/redo").json()["edited"]["seconds"] == 1.5
    assert http.get(f"{where}/original").content == tone(2)


def test_a_list_that_was_changed_elsewhere_is_refused(http: httpx.Client) -> None:
    where = f"{HOME}/{add(http, 'stale.wav').json()['id']}"
    assert http.put(f"{where}/steps", json={"steps": [{"op": "reverse"}], "revision": 0}).status_code == 200
    refused = http.put(f"{where}/steps", json={"steps": [], "revision": 0})
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")


@pytest.mark.parametrize(
    "steps",
    [
        [{"op": "purple"}],
        [{"op": "trim", "start_s": "1"}],
        [{"op": "trim", "start_s": True}],
        [{"op": "gain", "db": 3, "more": 1}],
        [{"start_s": 1}],
        [{"op": "speed", "factor": 9}],
        [{"op": "trim", "start_s": 90}],
        [{"op": "split", "parts": 2}, {"op": "reverse"}],
        [{"op": "convert"}],
        [{"op": "reverse"}] * 101,
    ],
)
def test_steps_that_can_not_be_are_refused(http: httpx.Client, steps: list[dict[str, object]]) -> None:
    where = f"{HOME}/{add(http, 'refused.wav').json()['id']}"
    answer = http.put(f"{where}/steps", json={"steps": steps})
    assert answer.status_code == 422, answer.text
    assert answer.json()["code"] == "invalid_request"


def test_a_job_is_followed_instead(http: httpx.Client) -> None:
    where = f"{HOME}/{add(http, 'job.wav').json()['id']}"
    steps = {"steps": [{"op": "split", "parts": 2}, {"op": "convert", "format": "flac"}]}
    answer = http.put(f"{where}/steps", json=steps, headers={"Prefer": "respond-async"})
    assert answer.status_code == 202
    events = http.get(f"{answer.headers['location']}/events").text
    assert events.count('"type": "artifact"') == 2
    assert '"type": "done"' in events
    assert len(http.get(where).json()["results"]) == 2


def test_many_are_edited_at_once(http: httpx.Client) -> None:
    ids = [add(http, f"many-{number}.wav").json()["id"] for number in range(3)]
    answer = http.post("/audio/edits", json={"recordings": ids, "steps": [{"op": "normalise", "lufs": -20}]})
    assert answer.status_code == 202
    for job in answer.json()["data"]:
        assert '"type": "done"' in http.get(f"/jobs/{job['id']}/events").text
    assert [http.get(f"{HOME}/{each}").json()["edited"]["lufs"] for each in ids] == pytest.approx([-20] * 3, abs=0.1)


def test_the_sound_is_drawn(http: httpx.Client) -> None:
    where = f"{HOME}/{add(http, 'drawn.wav').json()['id']}"
    drawn = http.get(f"{where}/waveform?points=10").json()
    assert len(drawn["peaks"]) == 10
    assert drawn["peaks"][5][1] == pytest.approx(0.09, abs=0.01)
    assert http.get(f"{where}/spectrogram.png").content.startswith(b"\x89PNG")
    assert http.get(f"{where}/waveform?version=edited").status_code == 404
    assert http.get(f"{where}/waveform?start_s=2&end_s=1").status_code == 422


def test_a_page_uploaded_as_sound_is_refused_and_a_name_is_only_a_name(http: httpx.Client) -> None:
    page = add(http, "page.mp3", b"<!doctype html><script>alert(1)</script>")
    assert (page.status_code, page.json()["code"]) == (422, "invalid_request")
    named = add(http, "../../<img src=x onerror=alert(1)>.wav").json()
    assert named["name"] == "<img src=x onerror=alert(1)>.wav"
    original = http.get(f"{HOME}/{named['id']}/original")
    assert original.headers["x-content-type-options"] == "nosniff"
    assert original.headers["content-type"] == "audio/wav"


def test_it_is_renamed_and_deleted(http: httpx.Client) -> None:
    where = f"{HOME}/{add(http, 'old.wav').json()['id']}"
    assert http.patch(where, json={"name": "new.wav"}).json()["name"] == "new.wav"
    assert http.delete(where).status_code == 204
    for path in (where, f"{where}/original", f"{where}/waveform", f"{where}/spectrogram.png"):
        assert http.get(path).status_code == 404
    assert http.put(f"{where}/steps", json={"steps": []}).status_code == 404


def test_an_instruction_is_read_and_nothing_is_done(http: httpx.Client) -> None:
    answer = http.post("/audio/plans", json={"instruction": "cut the first 3 seconds, then fade out over 2"})
    steps = [{"op": "cut", "start_s": 0.0, "end_s": 3.0}, {"op": "fade", "out_s": 2.0}]
    assert answer.json() == {"steps": steps, "by": "grammar"}
    nonsense = http.post("/audio/plans", json={"instruction": "make it purple"})
    assert nonsense.status_code == 422
    assert '"make it purple" is nothing that can be done to a sound' in nonsense.json()["detail"]
