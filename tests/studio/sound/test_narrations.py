"""A long text is read aloud sentence by sentence, goes on where it was, and tells when each sentence is heard."""

import itertools
import zipfile
from pathlib import Path

import av
import pytest

from studio import (
    Caller,
    Cancelled,
    Conflict,
    Done,
    InputTooLarge,
    InvalidRequest,
    Narration,
    NotFound,
    Progress,
    Settings,
    Studio,
)
from studio.sound.narrations import title_of
from tests.echo_models import install_echo, until
from tests.serving import use_models
from tests.studio.asking import LOCAL, rows

BOOK = """# Morning

The first light comes. Somebody puts the kettle on.

It is early.

# Evening

The fire is lit at seven.
"""
LONG = "\n\n".join(f"Paragraph {number} is here. It has two sentences." for number in range(30))


def opened(folder: Path) -> Studio:
    return Studio.open(Settings(data_dir=folder, ollama_host="http://127.0.0.1:9", no_starters=True))


def demo(folder: Path) -> Studio:
    return Studio.open(Settings(demo=True, data_dir=folder))


def kept(studio: Studio, narration: Narration) -> Narration:
    return studio.narration(narration.id, LOCAL)


def test_a_book_has_its_chapters_its_paragraphs_and_its_times(tmp_path: Path) -> None:
    with demo(tmp_path) as studio:
        added = studio.add_narration(BOOK, LOCAL, form="m4a")
        job = studio.narrate(added.id, LOCAL)
        assert job.wait() == Done()
        found = kept(studio, added)
        assert (found.name, found.state, found.chapters, found.done) == ("Morning", "done", 2, 6)
        sentences = studio.narration_sentences(found.id, LOCAL)
        assert [(each.text, each.begins, each.chapter) for each in sentences] == [
            ("Morning", "chapter", "Morning"),
            ("The first light comes.", "paragraph", ""),
            ("Somebody puts the kettle on.", "sentence", ""),
            ("It is early.", "paragraph", ""),
            ("Evening", "chapter", "Evening"),
            ("The fire is lit at seven.", "paragraph", ""),
        ]
        starts = [each.start_s for each in sentences]
        assert starts == sorted(starts) and starts[0] == 0
        pauses = [round(after.start_s - before.end_s, 2) for before, after in itertools.pairwise(sentences)]
        assert pauses == [0.6, 0.2, 0.6, 1.2, 0.6]
        file = studio.artifact(found.audio_id or "", LOCAL)
        assert (file.name, file.mime) == ("Morning.m4a", "audio/mp4")
        with av.open(str(file.path)) as made:
            marks = [(mark["metadata"]["title"], float(mark["start"] * mark["time_base"])) for mark in made.chapters()]
            length_s = (made.duration or 0) / 1e6
        assert marks == [("Morning", 0.0), ("Evening", pytest.approx(sentences[4].start_s, abs=0.002))]
        assert length_s == pytest.approx(found.seconds, abs=0.1)
        assert list((tmp_path / "artifacts").rglob("*.pcm")) == []
        told = [event for _, event in job.snapshot() if isinstance(event, Progress)]
        assert (told[-1].step, told[-1].total, told[-1].message) == (6, 6, "Evening")
        [row] = [row for row in rows(studio) if row["job_id"] == job.id]
        assert (row["kind"], row["status"], row["input"], row["audio_s"]) == (
            "speech",
            "done",
            "Morning",
            found.seconds,
        )


def test_a_cancelled_one_goes_on_where_it_was_after_a_restart_too(tmp_path: Path) -> None:
    install_echo(tmp_path, "slow-voice", "speech", delay_s=0.005)
    with opened(tmp_path) as studio:
        added = studio.add_narration(LONG, LOCAL, "A book")
        assert added.settings["model"] == "slow-voice" and added.sentences == 60
        job = studio.narrate(added.id, LOCAL)
        assert studio.narrate(added.id, LOCAL) is job
        until(lambda: kept(studio, added).done >= 5)
        job.cancel()
        assert isinstance(job.wait(), Cancelled)
        first = kept(studio, added)
        assert first.state == "cancelled" and 5 <= first.done < 60 and first.audio_id is None
        before = studio.narration_sentences(added.id, LOCAL)
    with opened(tmp_path) as studio:
        again = studio.narrate(added.id, LOCAL)
        assert again.wait() == Done()
        after = studio.narration_sentences(added.id, LOCAL)
        assert after[: first.done] == before[: first.done], "what was spoken is not spoken anew"
        found = kept(studio, added)
        assert (found.state, found.done) == ("done", 60)
        with av.open(str(studio.artifact(found.audio_id or "", LOCAL).path)) as made:
            assert (made.duration or 0) / 1e6 == pytest.approx(found.seconds, abs=0.1)
        assert after[-1].end_s == pytest.approx(found.seconds, abs=0.001)
        with pytest.raises(Conflict, match="read to its end"):
            studio.narrate(added.id, LOCAL)


def test_one_whose_process_was_killed_keeps_what_its_draft_has_whole(tmp_path: Path) -> None:
    install_echo(tmp_path, "slow-voice", "speech", delay_s=0.005)
    with opened(tmp_path) as studio:
        added = studio.add_narration(LONG, LOCAL, "A book")
        job = studio.narrate(added.id, LOCAL)
        until(lambda: kept(studio, added).done >= 8)
        job.cancel()
        job.wait()
        # As a kill leaves it: rows that tell of more than the draft has, and nobody at work.
        draft = tmp_path / "artifacts" / added.draft
        third = studio.narration_sentences(added.id, LOCAL)[2]
        assert third.end_s is not None
        draft.write_bytes(draft.read_bytes()[: round(third.end_s * 22_050) * 2 + 999])
        studio.narrations.state(added.id, "running", "0" * 32)
        studio.preferences.set("test", "flush", None)
    with opened(tmp_path) as studio:
        assert kept(studio, added).state == "interrupted"
        assert studio.narrate(added.id, LOCAL).wait() == Done()
        sentences = studio.narration_sentences(added.id, LOCAL)
        assert sentences[2] == third
        assert all(each.end_s is not None for each in sentences)


def test_a_finished_one_is_cut_into_a_file_a_chapter_without_packing_anew(tmp_path: Path) -> None:
    with demo(tmp_path) as studio:
        for form in ("mp3", "ogg", "m4a"):
            added = studio.add_narration(BOOK, LOCAL, f"Ein Buch: {form}", form=form)
            with pytest.raises(NotFound, match="not read to its end"):
                studio.zip_narration(added.id, LOCAL, tmp_path / "none.zip")
            studio.narrate(added.id, LOCAL).wait()
            sentences = studio.narration_sentences(added.id, LOCAL)
            lengths = [sentences[4].start_s, kept(studio, added).seconds - sentences[4].start_s]
            target = tmp_path / f"{form}.zip"
            assert studio.zip_narration(added.id, LOCAL, target) == f"Ein Buch: {form}.zip"
            with zipfile.ZipFile(target) as archive:
                assert archive.namelist() == [f"1 Morning.{form}", f"2 Evening.{form}"]
                archive.extractall(tmp_path / form)
            for name, length_s in zip(("1 Morning", "2 Evening"), lengths, strict=True):
                with av.open(str(tmp_path / form / f"{name}.{form}")) as part:
                    assert part.metadata.get("title", name[2:]) == name[2:]
                    rate = part.streams.audio[0].rate
                    samples = sum(frame.samples for frame in part.decode(audio=0))
                assert samples / rate == pytest.approx(length_s, abs=0.15)


def test_a_text_without_headings_has_no_chapters_and_a_document_has_its_own(tmp_path: Path) -> None:
    with demo(tmp_path) as studio:
        plain = studio.add_narration("One line.\nAnother line.\n\n* * *\n\nA paragraph.", LOCAL)
        studio.narrate(plain.id, LOCAL).wait()
        sentences = studio.narration_sentences(plain.id, LOCAL)
        assert [(each.text, each.begins) for each in sentences] == [
            ("One line.", "paragraph"),
            ("Another line.", "sentence"),
            ("A paragraph.", "paragraph"),
        ]
        assert kept(studio, plain).chapters == 0 and kept(studio, plain).name == "One line"
        page = b"<html><body><h1>Tea</h1><p>It is ready.</p><h2>Milk</h2><p>It is cold.</p></body></html>"
        book = studio.add_narration(page, LOCAL, "tea.html")
        studio.narrate(book.id, LOCAL).wait()
        assert (kept(studio, book).name, kept(studio, book).chapters) == ("tea.html", 2)


def test_what_cannot_be_read_is_told_and_nothing_is_kept(tmp_path: Path) -> None:
    with demo(tmp_path) as studio:
        with pytest.raises(InvalidRequest, match="text is empty"):
            studio.add_narration("  ", LOCAL)
        with pytest.raises(InvalidRequest, match="no words"):
            studio.add_narration("... !", LOCAL)
        with pytest.raises(InvalidRequest, match="ending that no known document has"):
            studio.add_narration(b"GIF89a", LOCAL, "a.gif")
        with pytest.raises(InvalidRequest, match="form"):
            studio.add_narration("Hello.", LOCAL, form="wav")
        with pytest.raises(InputTooLarge, match="1,000,000"):
            studio.add_narration("word " * 250_000, LOCAL)
        assert studio.narrations.latest("local") == []


def test_another_person_sees_nothing_of_it_and_its_owner_deletes_it_whole(tmp_path: Path) -> None:
    with demo(tmp_path) as studio:
        added = studio.add_narration(BOOK, LOCAL)
        studio.narrate(added.id, LOCAL).wait()
        other = Caller(owner="boris", via="api")
        for ask in (studio.narration, studio.narrate, studio.narration_sentences, studio.delete_narration):
            with pytest.raises(NotFound):
                ask(added.id, other)
        path = studio.artifact(kept(studio, added).audio_id or "", LOCAL).path
        studio.delete_narration(added.id, LOCAL)
        assert not path.exists()
        assert studio.narrations.sentences(added.id) == []


def test_a_real_voice_tells_its_words_and_a_notebook_gets_the_book(starters: Path, tmp_path: Path) -> None:
    use_models(tmp_path, starters, only=("en_us-joe-medium",))
    with opened(tmp_path) as studio:
        book = studio.read_aloud("# Tea\n\nThe tea is ready. It costs $3.\n", form="ogg", speed=1.5)
        assert book.path.suffix == ".ogg" and book.chapters == 1 and book.model == "en_us-joe-medium"
        assert [each.text for each in book.sentences] == ["Tea", "The tea is ready.", "It costs $3."]
        for each in book.sentences:
            assert [word.text for word in each.words] == each.text.split()
            assert each.start_s <= each.words[0].start_s and each.words[-1].end_s <= each.end_s + 0.001
        assert book.seconds == pytest.approx(book.sentences[-1].end_s, abs=0.001)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("## A *story*\n\nOnce.", "A *story"),
        ("Once upon a time.", "Once upon a time"),
        ("word " * 40, None),
        ("/a/b", "a b"),
    ],
)
def test_a_text_is_called_after_its_beginning(text: str, name: str | None) -> None:
    found = title_of(text)
    assert found == name if name is not None else len(found) <= 61
