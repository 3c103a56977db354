"""Downloads by way of the Studio: paused and gone on with, cancelled, lost and found again, across restarts too."""

import json
import signal
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import httpx
import pytest

from studio import (
    Caller,
    Cancelled,
    Conflict,
    Done,
    DownloadFailed,
    DownloadRequest,
    Forbidden,
    Job,
    NotFound,
    Progress,
    Settings,
    Studio,
)
from studio import downloads as module
from studio.catalogue import Entry
from studio.sources import http_file
from tests.echo_models import until
from tests.serving import Server
from tests.studio.conftest import FileServer, left_in
from tests.studio.test_firefox_source import model_url, packed, pair

__all__ = ["packed", "pair"]  # fixtures
OWNER, GUEST = Caller(), Caller(owner="guest-1", role="user")
MODEL = "firefox-en-gl"


@pytest.fixture
def settings(pair: Entry, file_server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Of a Studio without a model, whose own catalogue names the pair on the mirror."""
    monkeypatch.setenv("HEARTH_FIREFOX_URL", file_server.url + "/{revision}")
    (tmp_path / "catalogue.json").write_text(json.dumps({"models": [asdict(pair)]}))
    return Settings(data_dir=tmp_path, ollama_host="http://127.0.0.1:9", no_starters=True)


@pytest.fixture
def studio(settings: Settings) -> Iterator[Studio]:
    """That Studio."""
    with Studio.open(settings) as opened:
        yield opened


def half_way(studio: Studio, server: FileServer, entry: Entry) -> Job:
    """Begin the download and let it come to a halt in the middle of its largest file."""
    server.stalls.add(model_url(entry))
    job = studio.submit(DownloadRequest(model=MODEL), OWNER)
    until(lambda: came(studio.settings) > 1_000_000)
    return job


def go_on(server: FileServer) -> None:
    """Let what is asked from now on come whole."""
    server.stalls.clear()
    server.stalled.clear()


def came(settings: Settings) -> int:
    """The bytes that came of the largest file."""
    return sum(path.stat().st_size for path in (settings.models_dir / ".partial" / MODEL).glob("model*.part"))


def test_a_paused_download_keeps_what_came_and_goes_on_from_there(
    studio: Studio, file_server: FileServer, pair: Entry
) -> None:
    job = half_way(studio, file_server, pair)
    assert studio.model(MODEL).state == "downloading"
    assert studio.downloads.pause(MODEL, OWNER).state == "paused"
    assert job.wait() == Cancelled()
    until(lambda: studio.downloads.get(MODEL).job_id is None)
    (paused,) = studio.downloads.all()
    assert (paused.state, paused.title, paused.why, paused.total_bytes) == (
        "paused",
        pair.title,
        "",
        pair.download_bytes,
    )
    assert studio.model(MODEL).state == "paused"
    had = came(studio.settings)
    assert 1_000_000 < had < pair.download_bytes

    go_on(file_server)
    assert studio.submit(DownloadRequest(model=MODEL.upper()), OWNER).wait() == Done()
    assert file_server.ranges_of(model_url(pair)) == [None, f"bytes={had}-"]
    assert studio.downloads.all() == []
    assert "casa" in studio.translate("The house is small.", "gl", "en").text


def test_a_cancelled_download_leaves_nothing_running_or_paused(
    studio: Studio, file_server: FileServer, pair: Entry
) -> None:
    job = half_way(studio, file_server, pair)
    assert studio.downloads.cancel(MODEL, OWNER) == 0
    assert job.wait() == Cancelled()
    until(lambda: studio.downloads.all() == [])
    assert left_in(studio.settings.models_dir) == []

    job = half_way(studio, file_server, pair)
    studio.downloads.pause(MODEL, OWNER)
    job.wait()
    until(lambda: MODEL not in [download.model for download in studio.downloads.all() if download.job_id])
    assert studio.downloads.cancel(MODEL, OWNER) > 1_000_000
    assert left_in(studio.settings.models_dir) == []
    assert studio.model(MODEL).state == "available"
    with pytest.raises(NotFound):
        studio.downloads.pause(MODEL, OWNER)


def test_a_line_that_is_lost_for_good_pauses_the_download_with_the_reason(
    studio: Studio, file_server: FileServer, pair: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_file, "_TRIES", 2)
    file_server.cuts[model_url(pair)] = [3_000_000, 0, 0, 0]
    with pytest.raises(DownloadFailed, match=r"connection was lost after \d+ MB. They are kept") as lost:
        studio.submit(DownloadRequest(model=MODEL), OWNER).wait()
    assert lost.value.details["resumable"] is True
    (paused,) = studio.downloads.all()
    assert paused.state == "paused" and "They are kept" in paused.why
    had = came(studio.settings)
    assert 2_000_000 < had <= 3_000_000
    file_server.cuts.clear()
    assert studio.submit(DownloadRequest(model=MODEL), OWNER).wait() == Done()
    assert file_server.ranges_of(model_url(pair))[-1] == f"bytes={had}-"


def test_a_file_that_changed_while_the_download_was_paused_is_refused_and_leaves_nothing(
    studio: Studio, file_server: FileServer, pair: Entry
) -> None:
    job = half_way(studio, file_server, pair)
    studio.downloads.pause(MODEL, OWNER)
    job.wait()
    until(lambda: studio.downloads.get(MODEL).job_id is None)
    go_on(file_server)
    changed = bytearray(file_server.files[model_url(pair)])
    changed[10] ^= 1
    file_server.files[model_url(pair)], file_server.etags[model_url(pair)] = bytes(changed), '"another"'
    with pytest.raises(DownloadFailed, match="checksum"):
        studio.submit(DownloadRequest(model=MODEL), OWNER).wait()
    assert studio.downloads.all() == []
    assert left_in(studio.settings.models_dir) == []


def test_what_runs_when_the_process_ends_goes_on_at_the_next_start(
    settings: Settings, file_server: FileServer, pair: Entry
) -> None:
    with Studio.open(settings) as studio:
        half_way(studio, file_server, pair)
    size = came(settings)
    assert size > 1_000_000
    go_on(file_server)
    with Studio.open(settings) as studio:
        assert studio.downloads.get(MODEL).state == "paused"
        (job,) = studio.resume_downloads()
        assert job.wait() == Done()
        assert file_server.ranges_of(model_url(pair)) == [None, f"bytes={size}-"]
        assert studio.resume_downloads() == []


def test_a_download_goes_on_by_itself_after_kill_9(settings: Settings, file_server: FileServer, pair: Entry) -> None:
    file_server.stalls.add(model_url(pair))
    server = Server(settings.data_dir, "--no-starters", "--api-only").start()
    try:
        with httpx.Client(base_url=server.url, timeout=30) as http:
            assert http.post("/models/downloads", json={"model": MODEL}).status_code == 202
            until(lambda: came(settings) > 1_000_000)
            assert http.post("/models/downloads", json={"model": MODEL}).status_code == 409
            (running,) = http.get("/models/downloads").json()["data"]
            assert (running["state"], running["total_bytes"]) == ("running", pair.download_bytes)
        server.stop(signal.SIGKILL)
        had = came(settings)
        go_on(file_server)
        server.start()
        with httpx.Client(base_url=server.url, timeout=30) as http:
            until(lambda: http.get("/models/downloads").json()["data"] == [])
            assert http.get(f"/models/{MODEL}").json()["state"] == "installed"
            assert http.delete(f"/models/downloads/{MODEL}").status_code == 404
            assert http.post("/models/downloads/pauses", json={"model": MODEL}).status_code == 404
    finally:
        server.stop()
    assert file_server.ranges_of(model_url(pair)) == [None, f"bytes={had}-"]


def test_a_model_is_downloaded_once_at_a_time_and_by_the_owner_alone(
    studio: Studio, file_server: FileServer, pair: Entry
) -> None:
    half_way(studio, file_server, pair)
    with pytest.raises(Conflict, match="being downloaded already"):
        studio.submit(DownloadRequest(model=MODEL), OWNER)
    for forbidden in (studio.downloads.pause, studio.downloads.cancel):
        with pytest.raises(Forbidden):
            forbidden(MODEL, GUEST)
    with pytest.raises(Forbidden):
        studio.submit(DownloadRequest(model="firefox-en-pl"), GUEST)
    assert [download.state for download in studio.downloads.all()] == ["running"]


def test_speed_and_time_left_are_those_of_the_last_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: clock[0])
    live = module._Live(Job(DownloadRequest(model="m"), OWNER), "m", "M")
    for second in range(20):
        clock[0] = float(second)
        live.add(Progress(second * (1_000_000 if second < 10 else 2_000_000), 100_000_000))
    assert live.speed == pytest.approx(2_000_000, rel=0.01)
    clock[0] += 60  # nothing comes any more
    assert live.speed < 300_000
    live.add(Progress(1_000, 100_000_000))  # begun anew
    assert live.speed == 0
