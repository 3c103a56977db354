"""Voices heard before they are chosen: from a real server in the form of the publisher's folders, and by themselves."""

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from contract.engine import Stop
from contract.errors import DownloadFailed, InvalidRequest, NotFound, UnknownModel
from studio import Caller, Settings, Studio
from studio.catalogue import Entry, load_catalogue
from studio.sampling import SENTENCES
from studio.sources import voice_sample
from tests.studio.conftest import FileServer
from tests.studio.sound.sounds import loudest_hz, read, tone, write_mp3, write_wav

GOSIA = "pl_pl-gosia-medium"
PLACE = "/rhasspy/piper-voices/resolve/v1.0.0/pl/pl_PL/gosia/medium/samples/speaker_0.mp3"
SIGN_IN = b"<!DOCTYPE html><html><body><h1>Welcome to the hotel</h1>" + b"<p>Sign in.</p>" * 500


@pytest.fixture
def published(file_server: FileServer, tmp_path: Path) -> bytes:
    """Two seconds of MP3 where the publisher of a Polish voice keeps its sample."""
    file_server.files[PLACE] = content = write_mp3(tmp_path / "made.mp3", tone(2, 660)).read_bytes()
    return content


@pytest.fixture
def gosia() -> Entry:
    return load_catalogue()[GOSIA]


@pytest.fixture
def new_studio(tmp_path: Path, file_server: FileServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Studio]:
    """A studio without a single model, whose Hub is the local server."""
    template = f"{file_server.url}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
    monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", template)
    settings = Settings(data_dir=tmp_path / "data", ollama_host="http://127.0.0.1:9", no_starters=True)
    with Studio.open(settings) as opened:
        yield opened


def test_a_sample_is_fetched_on_the_first_click_alone(
    new_studio: Studio, file_server: FileServer, published: bytes
) -> None:
    assert not file_server.asked, "nobody has clicked"
    first, second = new_studio.voice_sample(GOSIA), new_studio.voice_sample(GOSIA.upper())
    assert first == second and (first.voice, first.by, first.text) == (GOSIA, "publisher", "")
    assert first.path.read_bytes() == published and new_studio.kept_sample(GOSIA) == first.path
    sound, rate = read(first.path)
    assert loudest_hz(sound, rate) == pytest.approx(660, abs=2)
    assert [path for path, _ in file_server.asked] == [PLACE]
    assert [path.name for path in first.path.parent.iterdir()] == [f"{GOSIA}.mp3"]
    assert "data:audio/mpeg;base64," in first._repr_html_()


def test_every_piper_voice_of_the_catalogue_tells_where_its_sample_is() -> None:
    voices = [entry for entry in load_catalogue().values() if entry.engine == "piper" and not entry.starter]
    places = [voice_sample.origin(entry) for entry in voices]
    assert len(voices) > 90 and len(set(places)) == len(voices)
    assert all(place is not None and place.endswith("/samples/speaker_0.mp3") for place in places)
    assert all(any(code in SENTENCES for code in entry.languages) for entry in voices)


@pytest.mark.parametrize("body", [SIGN_IN, b"", b"\xff\xfb\x90\x00" + bytes(50), b"RIFF"], ids=len)
def test_what_is_no_sound_is_refused_and_not_kept(
    file_server: FileServer, tmp_path: Path, gosia: Entry, body: bytes
) -> None:
    file_server.files[PLACE] = body
    with pytest.raises(DownloadFailed, match="is no sound") as raised:
        voice_sample.fetch(gosia, tmp_path / "kept" / "gosia.mp3", Stop(), endpoint=file_server.url)
    assert raised.value.details["reason"] == "unsuitable"
    assert list((tmp_path / "kept").iterdir()) == []


def test_sound_of_another_format_or_too_long_is_no_sample(
    file_server: FileServer, tmp_path: Path, gosia: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(voice_sample, "MOST_S", 2)
    wav = write_wav(tmp_path / "a.wav", tone(1)).read_bytes()
    long = write_mp3(tmp_path / "long.mp3", np.zeros(3 * 48_000)).read_bytes()
    for body in (wav, long):
        file_server.files[PLACE] = body
        with pytest.raises(DownloadFailed, match="is no sound"):
            voice_sample.fetch(gosia, tmp_path / "kept.mp3", Stop(), endpoint=file_server.url)


def test_more_than_a_sample_can_have_is_not_taken(
    file_server: FileServer, tmp_path: Path, gosia: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(voice_sample, "LIMIT_BYTES", 10_000)
    file_server.files[PLACE] = bytes(10_001)
    with pytest.raises(DownloadFailed, match="the Hub did not give it"):
        voice_sample.fetch(gosia, tmp_path / "kept.mp3", Stop(), endpoint=file_server.url)
    assert not (tmp_path / "kept.mp3").exists()


def test_a_publisher_without_a_sample_and_a_hub_that_is_not_there_are_told_apart(
    file_server: FileServer, nobody: str, tmp_path: Path, gosia: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NotFound, match="keeps no sample"):
        voice_sample.fetch(gosia, tmp_path / "kept.mp3", Stop(), endpoint=file_server.url)
    with pytest.raises(DownloadFailed, match=r"does not answer\. Connect to the network"):
        voice_sample.fetch(gosia, tmp_path / "kept.mp3", Stop(), endpoint=nobody)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    before = len(file_server.asked)
    with pytest.raises(DownloadFailed, match="HF_HUB_OFFLINE is set"):
        voice_sample.fetch(gosia, tmp_path / "kept.mp3", Stop(), endpoint=file_server.url)
    assert len(file_server.asked) == before


def test_a_kept_sample_needs_no_network(
    new_studio: Studio, file_server: FileServer, published: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_studio.voice_sample(GOSIA)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert new_studio.voice_sample(GOSIA).path.read_bytes() == published


def test_a_stop_ends_the_fetching_and_leaves_nothing(
    file_server: FileServer, published: bytes, tmp_path: Path, gosia: Entry
) -> None:
    file_server.stalls.add(PLACE)
    stop, came = Stop(), []
    work = threading.Thread(
        target=lambda: came.append(
            voice_sample.fetch(gosia, tmp_path / "kept" / "gosia.mp3", stop, endpoint=file_server.url)
        )
    )
    work.start()
    assert file_server.stalled.wait(60)
    stop.set()
    work.join(60)
    assert came == [False] and list((tmp_path / "kept").iterdir()) == []


def test_only_a_voice_that_is_known_has_a_sample(new_studio: Studio) -> None:
    with pytest.raises(UnknownModel):
        new_studio.voice_sample("nobody")
    with pytest.raises(InvalidRequest, match=r"is no voice"):
        new_studio.voice_sample("whisper-tiny.en")
    for strange in ("../cookie", "a\x00b"):
        with pytest.raises((InvalidRequest, NotFound)):
            new_studio.kept_sample(strange)


def test_a_voice_that_is_here_speaks_its_sample_itself(tmp_path: Path) -> None:
    with Studio.open(Settings(demo=True, data_dir=tmp_path)) as opened:
        sample = opened.voice_sample("echo-speech")
        assert (sample.by, sample.text, sample.path.suffix) == ("voice", SENTENCES["en"], ".mp3")
        assert opened.artifact(sample.file, Caller()).path == sample.path
