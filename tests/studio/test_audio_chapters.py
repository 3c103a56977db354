"""Long audio with chapter marks: every form has its times, titles and sound, and a failed one leaves nothing."""

import struct
from pathlib import Path

import av
import pytest

from contract.document_speech import ChapterFormat
from contract.errors import StorageFailed
from studio.audio_chapters import FORMS, Chapter, ChapterFile

RATE = 22_050
FORM_NAMES: tuple[ChapterFormat, ...] = tuple(FORMS)


def square(seconds: float) -> bytes:
    """A loud square wave of 220 Hz."""
    return b"".join(struct.pack("<h", 9_000 if i // 50 % 2 else -9_000) for i in range(round(RATE * seconds)))


@pytest.mark.parametrize("form", FORM_NAMES)
def test_the_marks_have_their_titles_and_times_and_the_sound_its_length(form: ChapterFormat, tmp_path: Path) -> None:
    path = tmp_path / f"book.{form}"
    file = ChapterFile(path, form, RATE, "A  book")
    for title, seconds in (("One", 1.0), ("Żółw;\n[Ü]=", 2.0), ("Nothing is said in it", 0.0), ("Three", 0.5)):
        file.begin(title)
        file.write(square(seconds))
    file.finish()
    assert file.chapters == (Chapter("One", 0, 1), Chapter("Żółw; [Ü]=", 1, 3), Chapter("Three", 3, 3.5))
    assert [each.name for each in tmp_path.iterdir()] == [path.name]
    with av.open(str(path)) as made:
        marks = [(mark["metadata"]["title"], mark["start"] * mark["time_base"]) for mark in made.chapters()]
        assert [(title, float(start)) for title, start in marks] == [("One", 0), ("Żółw; [Ü]=", 1), ("Three", 3)]
        sound = [frame.to_ndarray() for frame in made.decode(audio=0)]
        length_s = sum(piece.shape[-1] for piece in sound) / made.streams.audio[0].rate
    assert 3.4 < length_s < 3.7
    assert max(float(abs(piece.astype(float)).max()) for piece in sound) > 0.2


@pytest.mark.parametrize("form", FORM_NAMES)
def test_a_file_without_headings_has_no_marks(form: ChapterFormat, tmp_path: Path) -> None:
    file = ChapterFile(tmp_path / "plain", form, RATE)
    file.write(square(0.3))
    file.silence(0.2)
    file.finish()
    assert file.seconds == pytest.approx(0.5)
    with av.open(str(tmp_path / "plain")) as made:
        assert made.chapters() == []


def test_a_discarded_file_leaves_nothing(tmp_path: Path) -> None:
    file = ChapterFile(tmp_path / "gone.mp3", "mp3", RATE)
    file.begin("One")
    file.write(square(0.3))
    file.discard()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_takes_no_file_is_told_as_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(StorageFailed, match="Free some space"):
        ChapterFile(tmp_path / "not there" / "a.mp3", "mp3", RATE)
