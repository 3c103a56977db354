"""The audio library: bad files refused and nothing kept, originals untouched, steps undone, others' never seen."""

import hashlib
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from contract.audio import Convert, Gain, Join, Normalise, RemoveSilence, Reverse, Split, Trim, step_of, told
from studio import Caller, Conflict, InputTooLarge, InvalidRequest, NotFound, Studio, parse_steps
from tests.echo_models import silent_opus
from tests.studio.sound.sounds import ME, RATE_HZ, added, edited, ended, loudest_hz, sound_of, tone, write_wav

BAD = {
    "text.wav": b"This is a text, whatever its name says.\n" * 100,
    "page.mp3": b"<!doctype html><html><body><script>alert(1)</script></body></html>",
    "list.wav": b"#EXTM3U\n#EXTINF:1,\nthere.wav\n",
    "concat.wav": b"ffconcat version 1.0\nfile there.wav\n",
    "half.flac": b"fLaC\x00\x00\x00\x22" + b"\x00" * 20,
    "noise.ogg": bytes(range(256)) * 40,
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_recording_is_refused_and_nothing_kept(echo_studio: Studio, tmp_path: Path, name: str) -> None:
    write_wav(tmp_path / "there.wav", tone(1))
    (tmp_path / name).write_bytes(BAD[name])
    job = echo_studio.add_recording(tmp_path / name, name, ME)
    ended(job)
    assert job.state == "failed"
    assert f"{name} has no sound that can be read" in str(job.snapshot()[-1])
    assert echo_studio.recordings.latest("local") == []
    assert not [path for path in (echo_studio.settings.data_dir / "artifacts").rglob("*") if path.is_file()]


def test_no_bytes_and_no_sound_are_refused(echo_studio: Studio, tmp_path: Path) -> None:
    (tmp_path / "empty.wav").write_bytes(b"")
    with pytest.raises(InvalidRequest, match="0 bytes"):
        echo_studio.add_recording(tmp_path / "empty.wav", "empty.wav", ME)
    job = echo_studio.add_recording(write_wav(tmp_path / "none.wav", np.zeros(0)), "none.wav", ME)
    ended(job)
    assert "0 seconds long" in str(job.snapshot()[-1])


def test_a_long_recording_is_taken_and_one_over_the_limit_is_not(echo_studio: Studio, tmp_path: Path) -> None:
    assert added(echo_studio, silent_opus(tmp_path / "long.opus", 600)).info["seconds"] == pytest.approx(600, abs=1)
    with pytest.raises(InputTooLarge, match="The file has 211 MB; the limit is 210 MB"):
        path = tmp_path / "huge.wav"
        with path.open("wb") as file:
            file.truncate(201 * 1024 * 1024)
        echo_studio.add_recording(path, "huge.wav", ME)


def test_a_damaged_place_is_left_out_and_the_rest_is_kept(echo_studio: Studio, tmp_path: Path) -> None:
    whole = added(echo_studio, write_wav(tmp_path / "whole.wav", tone(4)))
    made = edited(echo_studio, whole, Convert(format="mp3"))
    data = bytearray(echo_studio.artifact(made.results[0], ME).path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 300] = b"\xff" * 300
    (tmp_path / "damaged.mp3").write_bytes(data)
    recording = added(echo_studio, tmp_path / "damaged.mp3")
    assert 3 < float(str(recording.info["seconds"])) < 4.1


def test_the_original_is_never_touched(echo_studio: Studio, tmp_path: Path) -> None:
    path = write_wav(tmp_path / "mine.wav", tone(1))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    recording = added(echo_studio, path)
    edited(echo_studio, recording, Reverse(), Gain(db=-10), Trim(start_s=0.5))
    assert edited(echo_studio, recording, RemoveSilence(threshold_db=-10, keep_s=0)).state == "failed"
    kept = echo_studio.artifact(recording.file_id, ME).path
    assert hashlib.sha256(kept.read_bytes()).hexdigest() == digest == recording.digest


def test_the_same_file_again_is_the_same_recording(echo_studio: Studio, tmp_path: Path) -> None:
    path = write_wav(tmp_path / "mine.wav", tone(1))
    assert added(echo_studio, path).id == added(echo_studio, path).id
    assert added(echo_studio, path, "other.wav").id != added(echo_studio, path).id


def test_names_are_shown_and_never_run_or_followed(echo_studio: Studio, tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", tone(1))
    recording = added(echo_studio, path, "../../$(touch x);`id`.wav")
    assert recording.name == "$(touch x);`id`.wav"
    made = edited(echo_studio, recording, Split(parts=2))
    assert [echo_studio.artifact(each, ME).name for each in made.results] == [
        "$(touch x);`id` 1.wav",
        "$(touch x);`id` 2.wav",
    ]
    folder = echo_studio.settings.data_dir / "artifacts"
    assert all(echo_studio.artifact(each, ME).path.resolve().is_relative_to(folder.resolve()) for each in made.results)


def test_every_change_of_the_steps_is_undone_and_redone(echo_studio: Studio, tmp_path: Path) -> None:
    recording = added(echo_studio, write_wav(tmp_path / "a.wav", np.concatenate([tone(1, 300), tone(1, 900)])))
    edited(echo_studio, recording, Trim(end_s=1))
    swapped = edited(echo_studio, recording, Reverse(), Trim(end_s=1))
    assert loudest_hz(*sound_of(echo_studio, swapped)) == pytest.approx(900, abs=2)
    ended(echo_studio.step_back(recording.id, ME))
    back = echo_studio.recording(recording.id, ME)
    assert loudest_hz(*sound_of(echo_studio, back)) == pytest.approx(300, abs=2)
    assert (back.undo, back.redo) == (True, True)
    assert echo_studio.step_back(recording.id, ME) is None
    bare = echo_studio.recording(recording.id, ME)
    assert (bare.steps, bare.results, bare.result_info) == ((), (), None)
    with pytest.raises(Conflict, match="nothing to undo"):
        echo_studio.step_back(recording.id, ME)
    ended(echo_studio.step_back(recording.id, ME, 1))
    ended(echo_studio.step_back(recording.id, ME, 1))
    assert len(echo_studio.recording(recording.id, ME).steps) == 2


def test_what_an_older_list_made_is_thrown_away(echo_studio: Studio, tmp_path: Path) -> None:
    recording = added(echo_studio, write_wav(tmp_path / "a.wav", tone(1)))
    old = echo_studio.artifact(edited(echo_studio, recording, Gain(db=-3)).results[0], ME)
    new = echo_studio.artifact(edited(echo_studio, recording, Gain(db=-6)).results[0], ME)
    assert not old.path.exists()
    assert new.path.exists()
    with pytest.raises(NotFound):
        echo_studio.artifact(old.id, ME)


def test_a_stale_page_changes_nothing(echo_studio: Studio, tmp_path: Path) -> None:
    recording = added(echo_studio, write_wav(tmp_path / "a.wav", tone(1)))
    edited(echo_studio, recording, Gain(db=-3))
    with pytest.raises(Conflict, match="changed elsewhere"):
        echo_studio.set_steps(recording.id, (Reverse(),), ME, revision=recording.revision)
    assert echo_studio.recording(recording.id, ME).steps == (told(Gain(db=-3)),)


def test_many_are_edited_at_once(echo_studio: Studio, tmp_path: Path) -> None:
    found = [added(echo_studio, write_wav(tmp_path / f"{hz}.wav", tone(1, hz))) for hz in (300, 500, 700)]
    for job in echo_studio.edit_all([each.id for each in found], (Normalise(lufs=-20), Convert(format="mp3")), ME):
        ended(job)
    made = [echo_studio.recording(each.id, ME) for each in found]
    assert [echo_studio.artifact(each.results[0], ME).name for each in made] == ["300.mp3", "500.mp3", "700.mp3"]
    assert [each.result_info["lufs"] for each in made if each.result_info] == pytest.approx([-20] * 3, abs=0.1)


def test_nobody_else_sees_or_joins_a_recording(echo_studio: Studio, tmp_path: Path) -> None:
    recording = added(echo_studio, write_wav(tmp_path / "a.wav", tone(1)))
    stranger = Caller(owner="stranger")
    job = echo_studio.add_recording(tmp_path / "a.wav", "a.wav", stranger)
    ended(job)
    theirs = echo_studio.recording_of(job, stranger)
    assert theirs.id != recording.id
    for attempt in (
        lambda: echo_studio.recording(recording.id, stranger),
        lambda: echo_studio.set_steps(recording.id, (Reverse(),), stranger),
        lambda: echo_studio.set_steps(theirs.id, (Join(recordings=(recording.id,)),), stranger),
        lambda: echo_studio.edit_all([theirs.id, recording.id], (Reverse(),), stranger),
        lambda: echo_studio.waveform(recording.id, "original", stranger),
        lambda: echo_studio.delete_recording(recording.id, stranger),
    ):
        with pytest.raises(NotFound):
            attempt()


def test_deleting_leaves_no_file(echo_studio: Studio, tmp_path: Path) -> None:
    recording = added(echo_studio, write_wav(tmp_path / "a.wav", tone(1)))
    edited(echo_studio, recording, Split(parts=2))
    echo_studio.delete_recording(recording.id, ME)
    assert not [path for path in (echo_studio.settings.data_dir / "artifacts").rglob("*") if path.is_file()]
    with pytest.raises(NotFound):
        echo_studio.recording(recording.id, ME)


def test_an_edit_is_in_the_log_with_its_steps(echo_studio: Studio, tmp_path: Path) -> None:
    recording = added(echo_studio, write_wav(tmp_path / "a.wav", tone(1)))
    edited(echo_studio, recording, Gain(db=-3))
    with sqlite3.connect(echo_studio.settings.data_dir / "hearth.db") as db:
        rows = db.execute("SELECT kind, input, parameters, audio_s, status FROM interactions ORDER BY id").fetchall()
    db.close()
    assert [row[:2] for row in rows] == [("audio", "a.wav"), ("audio", "a.wav")]
    assert '"op": "gain"' in rows[1][2]
    assert rows[1][3:] == (1.0, "done")


def test_the_waveform_shows_where_the_sound_is(echo_studio: Studio, tmp_path: Path) -> None:
    sound = np.concatenate([np.zeros(RATE_HZ), tone(1, level=0.5), np.zeros(2 * RATE_HZ)])
    recording = added(echo_studio, write_wav(tmp_path / "a.wav", sound))
    drawn = echo_studio.waveform(recording.id, "original", ME, points=8)
    assert [round(high, 1) for _, high in drawn.peaks] == [0, 0, 0.5, 0.5, 0, 0, 0, 0]
    part = echo_studio.waveform(recording.id, "original", ME, points=4, start_s=1, end_s=2)
    assert [round(low, 1) for low, _ in part.peaks] == [-0.5] * 4
    assert (part.start_s, part.end_s) == (1.0, 2.0)


def test_the_spectrogram_shows_high_above_low(echo_studio: Studio, tmp_path: Path) -> None:
    import io

    from PIL import Image

    sound = np.concatenate([tone(1, 200), tone(1, 8_000)])
    recording = added(echo_studio, write_wav(tmp_path / "a.wav", sound))
    with Image.open(io.BytesIO(echo_studio.spectrogram(recording.id, "original", ME))) as picture:
        bright = np.asarray(picture.convert("L")).astype(float)
    first, second = bright[:, : bright.shape[1] // 3].mean(axis=1), bright[:, -bright.shape[1] // 3 :].mean(axis=1)
    assert first.argmax() > second.argmax() + 40  # rows count from the top


@pytest.mark.parametrize(
    "values",
    [
        {"op": "purple"},
        {"op": "trim", "start_s": "0"},
        {"op": "trim", "start_s": 5, "end_s": 2},
        {"op": "trim", "start": 5},
        {"op": "gain"},
        {"op": "gain", "db": 100},
        {"op": "gain", "db": True},
        {"op": "speed", "factor": 0},
        {"op": "split"},
        {"op": "split", "parts": 2, "every_s": 3},
        {"op": "join", "recordings": "abc"},
        {"op": "convert", "format": "exe"},
        {"op": "convert", "format": "mp3", "tags": {"title": "\x00"}},
        {"op": "fade"},
        {},
    ],
)
def test_a_step_that_can_not_be_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(InvalidRequest):
        step_of(values)


def test_a_split_must_be_last_and_steps_are_told_as_they_are_read(echo_studio: Studio, tmp_path: Path) -> None:
    recording = added(echo_studio, write_wav(tmp_path / "a.wav", tone(1)))
    with pytest.raises(InvalidRequest, match="must be the last"):
        echo_studio.set_steps(recording.id, (Split(parts=2), Reverse()), ME)
    steps = (Trim(start_s=1.5, end_s=-2), Split(at_s=(1.0, 2.0)), Convert(format="mp3", tags={"title": "x"}))
    assert parse_steps([told(step) for step in steps]) == (steps[0], Split(at_s=[1.0, 2.0]), steps[2])
