"""A translated document read aloud is a job: progress, cancel, its owner's alone, gone with its document."""

from pathlib import Path
from typing import Any

import av
import pytest

from contract.engine import Stop
from contract.events import AudioChunk
from studio import (
    Artifact,
    Caller,
    Cancelled,
    Conflict,
    Done,
    InvalidRequest,
    ModelNotInstalled,
    NotFound,
    Progress,
    Settings,
    Studio,
    TranslatedDocument,
)
from studio.translating.spoken_passages import SpokenPassages, named
from tests.echo_models import install_echo, until
from tests.serving import use_models
from tests.studio.asking import LOCAL, rows

TEXT = b"# O fogo\n\nO fogo esta quente.\n\n## O cha\n\nO cha esta pronto. Bebe-o agora.\n"


@pytest.fixture
def studio(tmp_path: Path) -> Any:
    with Studio.open(Settings(demo=True, data_dir=tmp_path)) as opened:
        yield opened


def translated(studio: Studio, name: str = "paper.md", data: bytes = TEXT, target: str = "en") -> TranslatedDocument:
    document = studio.hand_in(data, name, target, LOCAL, "pt")
    studio.translate_document(document.id, LOCAL).wait()
    return studio.translated_document(document.id, LOCAL)


def test_a_real_voice_reads_a_real_translation_with_its_chapters(starters: Path, tmp_path: Path) -> None:
    use_models(tmp_path, starters)
    with Studio.open(Settings(data_dir=tmp_path, no_starters=True, ollama_host="http://127.0.0.1:9")) as studio:
        document = translated(
            studio, data="# O fogo\n\nO fogo está quente.\n\n# O chá\n\nO chá está pronto.\n".encode()
        )
        job = studio.speak_document(document.id, LOCAL, form="m4a")
        assert job.wait() == Done()
        audio_id = studio.translated_document(document.id, LOCAL).audio_id
        assert audio_id is not None
        file = studio.artifact(audio_id, LOCAL)
        assert (file.name, file.mime, file.details["chapters"]) == ("paper.en.m4a", "audio/mp4", 2)
        with av.open(str(file.path)) as made:
            titles = [mark["metadata"]["title"].lower() for mark in made.chapters()]
            assert titles == ["the fire", "the tea"]
            loudest = max(float(abs(frame.to_ndarray()).max()) for frame in made.decode(audio=0))
        assert loudest > 0.05
        assert 2 < float(file.details["seconds"]) < 30
        told = [event for _, event in job.snapshot() if isinstance(event, Progress)]
        assert told[-1].step == told[-1].total and told[-1].message.lower() == "the tea"
        (row,) = [row for row in rows(studio) if row["job_id"] == job.id]
        assert (row["kind"], row["status"], row["input"], row["model"]) == ("speech", "done", "paper.md", job.spec.id)
        assert row["audio_s"] == file.details["seconds"]


def long_reading(folder: Path) -> Settings:
    install_echo(folder, "slow-voice", "speech", delay_s=0.03)
    install_echo(folder, "quick-voice", "speech")
    install_echo(folder, "echo-words", "translation")
    return Settings(data_dir=folder, ollama_host="http://127.0.0.1:9", no_starters=True)


def cancelled(studio: Studio, document_id: str, after: int) -> None:
    """Read aloud until so many passages are spoken."""
    job = studio.speak_document(document_id, LOCAL, voice="slow-voice")
    assert studio.speak_document(document_id, LOCAL, voice="slow-voice") is job
    until(lambda: len(list(studio.settings.data_dir.rglob("readings/*/*.json"))) >= after or job.finished)
    job.cancel()
    assert isinstance(job.wait(), Cancelled)


def test_a_cancelled_reading_leaves_no_file_and_goes_on_where_it_was_stopped(tmp_path: Path) -> None:
    settings = long_reading(tmp_path)
    with Studio.open(settings) as studio:
        text = "\n\n".join(f"Linha {number} esta aqui." for number in range(30)).encode()
        document = studio.hand_in(text, "long.txt", "en", LOCAL, "pt", "echo-words")
        studio.translate_document(document.id, LOCAL).wait()
        cancelled(studio, document.id, 5)
        assert studio.translated_document(document.id, LOCAL).audio_id is None
        left = {path.suffix for path in (tmp_path / "artifacts").rglob("*") if path.is_file()}
        assert left == {".bin", ".txt"}
    with Studio.open(settings) as studio:  # after a restart too
        kept = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("readings/*/*.pcm")}
        assert 5 <= len(kept) < 30
        cancelled(studio, document.id, len(kept) + 5)
        assert {path: path.stat().st_mtime_ns for path in kept} == kept, "what was spoken is not spoken again"

        job = studio.speak_document(document.id, LOCAL, voice="slow-voice")
        assert job.wait() == Done()
        (file,) = [event for _, event in job.snapshot() if isinstance(event, Artifact)]
        seconds = float(file.details["seconds"])
        assert list(tmp_path.rglob("readings/*/*")) == []
        again = studio.speak_document(document.id, LOCAL, voice="quick-voice")
        again.wait()
        (file,) = [event for _, event in again.snapshot() if isinstance(event, Artifact)]
        assert file.details["seconds"] == seconds, "put together, it is as long as in one go"


def test_what_was_spoken_of_a_document_goes_with_it(tmp_path: Path) -> None:
    with Studio.open(long_reading(tmp_path)) as studio:
        text = "\n\n".join(f"Linha {number}." for number in range(30)).encode()
        document = studio.hand_in(text, "long.txt", "en", LOCAL, "pt", "echo-words")
        studio.translate_document(document.id, LOCAL).wait()
        cancelled(studio, document.id, 1)
        assert list(tmp_path.rglob("readings/*/*.pcm"))
        studio.delete_document(document.id, LOCAL)
        assert list(tmp_path.rglob("readings/*")) == []


def test_a_passage_that_was_cut_off_is_spoken_anew(tmp_path: Path) -> None:
    spoken, chunks = SpokenPassages(tmp_path), [AudioChunk(b"ab" * 5, 8_000), AudioChunk(b"cd" * 3, 8_000)]
    assert list(spoken.keeping("one", "name", chunks, Stop())) == chunks
    again = spoken.kept("one", "name")
    assert again is not None and list(again) == chunks
    assert spoken.kept("one", named("voice", "Text.", 1, 1)) is None
    (tmp_path / "one" / "name.pcm").write_bytes(b"ab")
    assert spoken.kept("one", "name") is None

    stopped = Stop()
    stopped.set()
    list(spoken.keeping("one", "other", chunks, stopped))
    assert spoken.kept("one", "other") is None
    spoken.drop_others(["two"])
    assert list(tmp_path.iterdir()) == []


def test_without_a_translation_or_a_voice_it_says_what_to_do(starters: Path, tmp_path: Path) -> None:
    use_models(tmp_path, starters)
    with Studio.open(Settings(data_dir=tmp_path, no_starters=True, ollama_host="http://127.0.0.1:9")) as studio:
        document = studio.hand_in(b"The fire is warm.", "a.txt", "pt", LOCAL, "en")
        with pytest.raises(Conflict, match="Translate it"):
            studio.speak_document(document.id, LOCAL)
        studio.translate_document(document.id, LOCAL).wait()
        with pytest.raises(ModelNotInstalled, match="'pt'"):
            studio.speak_document(document.id, LOCAL).wait()
        with pytest.raises(InvalidRequest, match="form"):
            studio.speak_document(document.id, LOCAL, form="wav")  # type: ignore[arg-type]


def test_the_recording_goes_with_the_document_and_with_a_newer_translation(studio: Studio) -> None:
    document = translated(studio)
    job = studio.speak_document(document.id, LOCAL, form="ogg")
    assert job.wait() == Done()
    (file,) = [event for _, event in job.snapshot() if isinstance(event, Artifact)]
    path = studio.artifact(file.id, LOCAL).path
    with pytest.raises(NotFound):
        studio.artifact(file.id, Caller(owner="boris", via="api"))
    with pytest.raises(NotFound):
        studio.speak_document(document.id, Caller(owner="boris", via="api"))
    with pytest.raises(NotFound):
        studio.audio_stream(job)
    studio.delete_document(document.id, LOCAL)
    assert not path.exists()

    document = translated(studio, "other.md")
    for form in ("mp3", "ogg"):
        studio.speak_document(document.id, LOCAL, form=form).wait()
        assert files(studio, ".mp3", ".ogg") == [f".{form}"]  # the older one went
    studio.translate_document(document.id, LOCAL).wait()
    assert studio.translated_document(document.id, LOCAL).audio_id is None
    assert files(studio, ".mp3", ".ogg") == []


def files(studio: Studio, *suffixes: str) -> list[str]:
    """The kinds of files that are kept of all jobs."""
    found = studio.artifacts.folder.rglob("*")
    return sorted(path.suffix for path in found if path.suffix in suffixes)
