"""A translated document read aloud is a job: progress, cancel, its owner's alone, gone with its document."""

from pathlib import Path
from typing import Any

import av
import pytest

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


def test_a_cancelled_reading_leaves_nothing_behind(tmp_path: Path) -> None:
    install_echo(tmp_path, "slow-voice", "speech", delay_s=0.02)
    install_echo(tmp_path, "echo-words", "translation")
    with Studio.open(Settings(data_dir=tmp_path, ollama_host="http://127.0.0.1:9", no_starters=True)) as studio:
        text = "\n\n".join(f"Linha {number} esta aqui." for number in range(300)).encode()
        document = studio.hand_in(text, "long.txt", "en", LOCAL, "pt", "echo-words")
        studio.translate_document(document.id, LOCAL).wait()
        job = studio.speak_document(document.id, LOCAL, voice="slow-voice")
        assert studio.speak_document(document.id, LOCAL, voice="slow-voice") is job
        until(lambda: any(isinstance(event, Progress) for _, event in job.snapshot()))
        job.cancel()
        assert isinstance(job.wait(), Cancelled)
        assert studio.translated_document(document.id, LOCAL).audio_id is None
        left = {path.suffix for path in (tmp_path / "artifacts").rglob("*") if path.is_file()}
        assert left == {".bin", ".txt"}


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
    studio.speak_document(document.id, LOCAL).wait()
    assert studio.translated_document(document.id, LOCAL).audio_id is not None
    studio.translate_document(document.id, LOCAL).wait()
    assert studio.translated_document(document.id, LOCAL).audio_id is None
