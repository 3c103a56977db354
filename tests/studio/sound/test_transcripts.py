"""A recording is written down and kept; its segments are mended, merged, split, taken back, and never lost."""

from pathlib import Path

import pytest

from studio import Caller, Conflict, Done, InvalidRequest, KeptTranscript, NotFound, Segment, Settings, Studio
from tests.echo_models import install_echo, recording, until
from tests.serving import use_models
from tests.studio.asking import LOCAL, rows
from tests.studio.sound.sounds import added


def demo(folder: Path) -> Studio:
    return Studio.open(Settings(demo=True, data_dir=folder))


def real(folder: Path) -> Studio:
    return Studio.open(Settings(data_dir=folder, ollama_host="http://127.0.0.1:9", no_starters=True))


def written(studio: Studio, folder: Path, seconds: float = 35) -> KeptTranscript:
    """A transcript of four segments, by the echo engine: one for each ten seconds."""
    found = added(studio, recording(folder / "said.wav", seconds))
    job = studio.transcribe_recording(found.id, LOCAL)
    assert job.wait() == Done()
    return studio.transcript_of(job, LOCAL)


def spans(found: KeptTranscript) -> list[tuple[float, float]]:
    return [(each.start_s, each.end_s) for each in found.segments]


def test_a_transcript_is_kept_with_its_recording_and_told_in_the_log(tmp_path: Path) -> None:
    with demo(tmp_path / "data") as studio:
        found = written(studio, tmp_path)
        assert (found.state, found.name, found.revision, found.undo) == ("done", "said.wav", 0, False)
        assert spans(found) == [(0, 10), (10, 20), (20, 30), (30, 35)]
        assert found.segments == found.original
        [row] = [row for row in rows(studio) if row["kind"] == "transcription"]
        assert (row["status"], row["input"], row["audio_s"]) == ("done", "said.wav", 35)
        assert [each.id for each in studio.transcripts.latest("local")] == [found.id]
    with demo(tmp_path / "data") as studio:
        assert studio.transcript(found.id, LOCAL) == found


def test_segments_are_mended_merged_split_and_deleted_and_each_edit_is_taken_back(tmp_path: Path) -> None:
    with demo(tmp_path / "data") as studio:
        found = written(studio, tmp_path)
        mended = studio.edit_transcript(found.id, LOCAL, 0, 1, [Segment(0.5, 9, " Hello there. ")], 0)
        assert (mended.segments[0].text, mended.revision, mended.undo) == ("Hello there.", 1, True)
        merged = studio.edit_transcript(found.id, LOCAL, 1, 2, [Segment(10, 30, "Both.")], 1)
        assert spans(merged) == [(0.5, 9), (10, 30), (30, 35)]
        split = studio.edit_transcript(found.id, LOCAL, 2, 1, [Segment(30, 32, "One"), Segment(32, 35, "two.")], 2)
        assert len(split.segments) == 4
        gone = studio.edit_transcript(found.id, LOCAL, 0, 1, [], 3)
        assert [each.text for each in gone.segments] == ["Both.", "One", "two."]
        assert gone.original == found.original
        for expected in (split, merged, mended, found):
            assert studio.transcript_back(found.id, LOCAL, -1).segments == expected.segments
        with pytest.raises(Conflict, match="nothing to undo"):
            studio.transcript_back(found.id, LOCAL, -1)
        for expected in (mended, merged, split, gone):
            assert studio.transcript_back(found.id, LOCAL, 1).segments == expected.segments
        restored = studio.restore_transcript(found.id, LOCAL)
        assert restored.segments == found.original
        assert studio.transcript_back(found.id, LOCAL).segments == gone.segments
        studio.edit_transcript(found.id, LOCAL, 0, 1, [])
        assert not studio.transcript(found.id, LOCAL).redo


def test_an_edit_of_an_older_revision_and_one_that_cannot_be_are_refused(tmp_path: Path) -> None:
    with demo(tmp_path / "data") as studio:
        found = written(studio, tmp_path)
        studio.edit_transcript(found.id, LOCAL, 0, 1, [Segment(0, 10, "New.")], 0)
        with pytest.raises(Conflict, match="changed elsewhere"):
            studio.edit_transcript(found.id, LOCAL, 0, 1, [Segment(0, 10, "Newer.")], 0)
        with pytest.raises(Conflict, match="changed elsewhere"):
            studio.transcript_back(found.id, LOCAL, -1, 0)
        for bad, why in (
            (Segment(5, 4, "x"), "before start_s"),
            (Segment(0, 11, "x"), "next segment begins at 10"),
            (Segment(0, 10, "  "), "text is empty"),
            (Segment(-1, 10, "x"), "start_s"),
        ):
            with pytest.raises(InvalidRequest, match=why):
                studio.edit_transcript(found.id, LOCAL, 0, 1, [bad])
        with pytest.raises(InvalidRequest, match="segment before it ends at 10"):
            studio.edit_transcript(found.id, LOCAL, 1, 1, [Segment(9, 20, "x")])
        with pytest.raises(InvalidRequest, match="There are 4 segments"):
            studio.edit_transcript(found.id, LOCAL, 4, 1, [])
        with pytest.raises(NotFound):
            studio.edit_transcript(found.id, Caller(owner="boris", via="api"), 0, 1, [])
        assert studio.transcript(found.id, LOCAL).segments[0].text == "New."


def test_one_that_is_cancelled_keeps_what_was_heard_and_one_at_work_is_not_edited(tmp_path: Path) -> None:
    install_echo(tmp_path / "data", "slow-ears", "transcription", delay_s=0.3)
    with Studio.open(
        Settings(data_dir=tmp_path / "data", ollama_host="http://127.0.0.1:9", no_starters=True)
    ) as studio:
        found = added(studio, recording(tmp_path / "long.wav", 3_000))
        job = studio.transcribe_recording(found.id, LOCAL)
        at_work = studio.transcript_of(job, LOCAL)
        with pytest.raises(Conflict, match="still being written"):
            studio.edit_transcript(at_work.id, LOCAL, 0, 0, [])
        until(lambda: studio.transcript(at_work.id, LOCAL).segments)  # kept while it listens
        job.cancel()
        job.wait()
        kept = studio.transcript(at_work.id, LOCAL)
        assert kept.state == "cancelled" and 1 <= len(kept.segments) < 300
        studio.delete_transcript(kept.id, LOCAL)
        assert studio.recording(found.id, LOCAL).name == "long.wav"


def test_real_words_keep_their_times_when_the_text_is_mended(starters: Path, tmp_path: Path) -> None:
    use_models(tmp_path / "data", starters)
    with Studio.open(
        Settings(data_dir=tmp_path / "data", ollama_host="http://127.0.0.1:9", no_starters=True)
    ) as studio:
        sound = studio.speak("The train to the coast leaves every morning.")
        heard = added(studio, sound.wav, "train.wav")
        job = studio.transcribe_recording(heard.id, LOCAL)
        assert job.wait() == Done()
        found = studio.transcript_of(job, LOCAL)
        first = found.segments[0]
        assert [word.text for word in first.words] == first.text.split()
        assert found.language == "en"
        words = first.text.split()
        text = " ".join(["Indeed,", *words[:-1], "evening."])
        mended = studio.edit_transcript(found.id, LOCAL, 0, 1, [Segment(first.start_s, first.end_s, text)])
        times = {word.text: word.start_s for word in mended.segments[0].words}
        assert times[words[1]] == pytest.approx(next(w.start_s for w in first.words if w.text == words[1]))
        assert first.start_s <= times["evening."] <= first.end_s
