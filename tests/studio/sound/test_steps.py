"""Every step of an edit does to a sound what it says, by independent measures: lengths, levels, spectra, loudness."""

import re
from pathlib import Path

import numpy as np
import pytest

from contract.audio import (
    Convert,
    Cut,
    Denoise,
    Fade,
    Gain,
    Join,
    Normalise,
    Pitch,
    RemoveSilence,
    Reverse,
    Speed,
    Split,
    Trim,
)
from studio import InvalidRequest, Recording, Studio
from tests.studio.sound.sounds import (
    ME,
    RATE_HZ,
    added,
    edited,
    level_db,
    loudest_hz,
    lufs,
    read,
    sound_of,
    tone,
    write_wav,
)


@pytest.fixture
def three_tones(echo_studio: Studio, tmp_path: Path) -> Recording:
    """A second each of 300, 600 and 1,200 Hz."""
    sound = np.concatenate([tone(1, 300), tone(1, 600), tone(1, 1_200)])
    return added(echo_studio, write_wav(tmp_path / "three.wav", sound))


def test_the_whole_is_what_was_measured(three_tones: Recording) -> None:
    assert (three_tones.info["seconds"], three_tones.info["frames"]) == (3.0, 3 * RATE_HZ)
    assert three_tones.info["peak_db"] == pytest.approx(-12.0, abs=0.1)


def test_trim_keeps_the_middle_and_cut_drops_it(echo_studio: Studio, three_tones: Recording) -> None:
    sound, rate = sound_of(echo_studio, edited(echo_studio, three_tones, Trim(start_s=1, end_s=2)))
    assert len(sound) == RATE_HZ
    assert loudest_hz(sound, rate) == pytest.approx(600, abs=2)
    sound, rate = sound_of(echo_studio, edited(echo_studio, three_tones, Cut(start_s=1, end_s=2)))
    assert len(sound) == 2 * RATE_HZ
    assert loudest_hz(sound[:RATE_HZ], rate) == pytest.approx(300, abs=2)
    assert loudest_hz(sound[RATE_HZ:], rate) == pytest.approx(1_200, abs=2)


def test_a_negative_place_counts_from_the_end(echo_studio: Studio, three_tones: Recording) -> None:
    sound, _ = sound_of(echo_studio, edited(echo_studio, three_tones, Cut(start_s=-1)))
    assert len(sound) == 2 * RATE_HZ
    sound, rate = sound_of(echo_studio, edited(echo_studio, three_tones, Trim(start_s=-1.5, end_s=-0.5)))
    assert len(sound) == RATE_HZ
    assert loudest_hz(sound[: RATE_HZ // 2], rate) == pytest.approx(600, abs=4)


def test_a_fade_begins_and_ends_in_silence(echo_studio: Studio, three_tones: Recording) -> None:
    sound, _ = sound_of(echo_studio, edited(echo_studio, three_tones, Fade(in_s=1, out_s=0.5)))
    assert level_db(sound[: RATE_HZ // 100]) < -50
    assert level_db(sound[-RATE_HZ // 100 :]) < -40
    assert level_db(sound[RATE_HZ : 2 * RATE_HZ]) == pytest.approx(-15.05, abs=0.1)
    half = level_db(sound[round(0.49 * RATE_HZ) : round(0.51 * RATE_HZ)])
    assert half == pytest.approx(-15.05 - 6.02, abs=0.5)  # a half cosine is at a half in its middle


def test_gain_changes_the_level_of_a_part(echo_studio: Studio, three_tones: Recording) -> None:
    sound, _ = sound_of(echo_studio, edited(echo_studio, three_tones, Gain(db=-6, start_s=1, end_s=2)))
    levels = [level_db(sound[RATE_HZ * second : RATE_HZ * (second + 1)]) for second in range(3)]
    assert levels == pytest.approx([-15.05, -21.05, -15.05], abs=0.1)


def test_gain_over_full_scale_is_limited_and_not_clipped(echo_studio: Studio, three_tones: Recording) -> None:
    sound, _ = sound_of(echo_studio, edited(echo_studio, three_tones, Gain(db=20)))
    assert np.abs(sound).max() <= 0.98
    spectrum = np.abs(np.fft.rfft(sound[RATE_HZ // 4 : 3 * RATE_HZ // 4, 0] * np.hanning(RATE_HZ // 2)))
    third_harmonic = spectrum[440:460].max() / spectrum.max()
    assert third_harmonic < 0.05  # a sine clipped as hard has over 0.25 of it


@pytest.mark.parametrize("target", [-23, -16])
def test_normalise_reaches_the_loudness_by_the_standard(echo_studio: Studio, tmp_path: Path, target: float) -> None:
    rng = np.random.default_rng(7)
    speech_like = np.concatenate([tone(2, 200, 0.3), tone(2, 900, 0.02), rng.normal(0, 0.05, 2 * RATE_HZ)])
    stereo = np.stack([speech_like, 0.5 * speech_like], axis=1)
    recording = added(echo_studio, write_wav(tmp_path / "loud.wav", stereo))
    assert recording.info["lufs"] == pytest.approx(lufs(stereo, RATE_HZ), abs=0.1)
    made = edited(echo_studio, recording, Normalise(lufs=target))
    sound, rate = sound_of(echo_studio, made)
    assert lufs(sound, rate) == pytest.approx(target, abs=0.2)
    assert made.result_info is not None
    assert made.result_info["lufs"] == pytest.approx(target, abs=0.2)


@pytest.mark.parametrize("factor", [0.25, 0.5, 0.8, 1.5, 2, 4])
def test_speed_changes_the_length_and_keeps_the_pitch(echo_studio: Studio, tmp_path: Path, factor: float) -> None:
    recording = added(echo_studio, write_wav(tmp_path / "tone.wav", tone(3)))
    sound, rate = sound_of(echo_studio, edited(echo_studio, recording, Speed(factor=factor)))
    assert len(sound) == round(3 * RATE_HZ / factor)
    assert loudest_hz(sound[len(sound) // 5 : -len(sound) // 5], rate) == pytest.approx(440, abs=6)


@pytest.mark.parametrize("semitones", [-24, -12, 3, 12, 24])
def test_pitch_moves_the_pitch_and_keeps_the_length(echo_studio: Studio, tmp_path: Path, semitones: float) -> None:
    recording = added(echo_studio, write_wav(tmp_path / "tone.wav", tone(3)))
    sound, rate = sound_of(echo_studio, edited(echo_studio, recording, Pitch(semitones=semitones)))
    assert len(sound) == 3 * RATE_HZ
    assert loudest_hz(sound[RATE_HZ // 2 : -RATE_HZ // 2], rate) == pytest.approx(440 * 2 ** (semitones / 12), rel=0.01)


def test_reverse_is_the_same_backwards(echo_studio: Studio, three_tones: Recording) -> None:
    once, _ = sound_of(echo_studio, edited(echo_studio, three_tones, Reverse()))
    original, _ = read(echo_studio.artifact(three_tones.file_id, ME).path)
    np.testing.assert_allclose(once[::-1], original, atol=2 / 32_768)


def test_long_pauses_are_shortened_and_short_ones_kept(echo_studio: Studio, tmp_path: Path) -> None:
    quiet = np.zeros
    sound = np.concatenate(
        [quiet(3 * RATE_HZ), tone(1), quiet(RATE_HZ // 4), tone(1), quiet(2 * RATE_HZ), tone(1), quiet(RATE_HZ)]
    )
    recording = added(echo_studio, write_wav(tmp_path / "pauses.wav", sound))
    step = RemoveSilence(threshold_db=-50, longer_than_s=0.5, keep_s=0.2)
    made, _ = sound_of(echo_studio, edited(echo_studio, recording, step))
    assert len(made) / RATE_HZ == pytest.approx(3 + 0.25 + 3 * 0.2, abs=0.05)
    loud = np.square(made[:, 0]) > 1e-4
    assert loud.sum() == pytest.approx((np.square(sound) > 1e-4).sum(), rel=0.001)


def test_denoise_takes_hiss_down_and_leaves_the_tone_where_it_was(echo_studio: Studio, tmp_path: Path) -> None:
    hiss = np.random.default_rng(3).normal(0, 0.01, 6 * RATE_HZ)
    sound = np.concatenate([np.zeros(3 * RATE_HZ), tone(3)]) + hiss
    recording = added(echo_studio, write_wav(tmp_path / "hiss.wav", sound))
    made, _ = sound_of(echo_studio, edited(echo_studio, recording, Denoise(strength_db=20)))
    assert len(made) == len(sound)
    assert level_db(made[RATE_HZ : 2 * RATE_HZ]) < level_db(sound[RATE_HZ : 2 * RATE_HZ]) - 8
    assert level_db(made[4 * RATE_HZ : 5 * RATE_HZ]) == pytest.approx(-15.05, abs=1)
    began = np.argmax(np.abs(made[:, 0]) > 0.1)
    assert began / RATE_HZ == pytest.approx(3, abs=0.02)


def test_join_puts_others_behind_it_at_its_own_rate(
    echo_studio: Studio, three_tones: Recording, tmp_path: Path
) -> None:
    stereo = np.stack([tone(1, 2_000, rate_hz=16_000)] * 2, axis=1)
    other = added(echo_studio, write_wav(tmp_path / "other.wav", stereo, 16_000))
    made = edited(echo_studio, three_tones, Join(recordings=(other.id,), gap_s=0.5))
    sound, rate = sound_of(echo_studio, made)
    assert (sound.shape, rate) == ((round(4.5 * RATE_HZ), 1), RATE_HZ)
    assert level_db(sound[3 * RATE_HZ : round(3.4 * RATE_HZ)]) < -80
    assert loudest_hz(sound[round(3.5 * RATE_HZ) :], rate) == pytest.approx(2_000, abs=3)


def test_split_makes_files_that_together_are_the_whole(echo_studio: Studio, three_tones: Recording) -> None:
    made = edited(echo_studio, three_tones, Split(at_s=(1, -1)))
    parts = [sound_of(echo_studio, made, number)[0] for number in range(3)]
    assert [len(part) for part in parts] == [RATE_HZ] * 3
    original, _ = read(echo_studio.artifact(three_tones.file_id, ME).path)
    np.testing.assert_allclose(np.concatenate(parts), original, atol=2 / 32_768)
    names = [echo_studio.artifact(each, ME).name for each in made.results]
    assert names == ["three 1.wav", "three 2.wav", "three 3.wav"]


@pytest.mark.parametrize("form", ["wav", "mp3", "flac", "opus", "m4a"])
def test_convert_writes_each_format_with_its_tags(echo_studio: Studio, three_tones: Recording, form: str) -> None:
    import av

    step = Convert(format=form, tags={"title": "Zażółć gęślą", "artist": "Jaźń"})  # type: ignore[arg-type]
    made = edited(echo_studio, three_tones, step)
    file = echo_studio.artifact(made.results[0], ME)
    sound, rate = read(file.path)
    assert file.name == f"three.{form}"
    assert len(sound) / rate == pytest.approx(3, abs=0.06)
    assert loudest_hz(sound[: len(sound) // 3], rate) == pytest.approx(300, abs=3)
    with av.open(str(file.path)) as container:
        tags = {**container.metadata, **container.streams.audio[0].metadata}
    assert {name.lower(): text for name, text in tags.items()}.items() >= {
        "title": "Zażółć gęślą",
        "artist": "Jaźń",
    }.items()


@pytest.mark.parametrize(("rate_hz", "channels"), [(8_000, 1), (44_100, 2), (192_000, 2), (48_000, 6)])
def test_every_rate_and_layout_goes_through_every_step(
    echo_studio: Studio, tmp_path: Path, rate_hz: int, channels: int
) -> None:
    sound = np.stack([tone(1, 300 + 100 * each, rate_hz=rate_hz) for each in range(channels)], axis=1)
    recording = added(echo_studio, write_wav(tmp_path / "any.wav", sound, rate_hz))
    assert (recording.info["sample_rate_hz"], recording.info["channels"]) == (rate_hz, channels)
    steps = (
        *(Trim(start_s=0.1), Gain(db=3), Normalise(lufs=-20), Speed(factor=1.25), Pitch(semitones=1), Denoise()),
        *(Reverse(), RemoveSilence(), Fade(in_s=0.1, out_s=0.1), Convert(format="flac")),
    )
    made, rate = sound_of(echo_studio, edited(echo_studio, recording, *steps))
    assert (rate, made.shape[1]) == (rate_hz, channels)
    assert len(made) / rate == pytest.approx(0.9 / 1.25, abs=0.01)


@pytest.mark.parametrize(
    ("step", "told"),
    [
        (Trim(start_s=90), "start_s is 90 s, and the sound is 3.00 s long"),
        (Cut(start_s=0), "Nothing would be left"),
        (Fade(out_s=10), "Make it shorter"),
        (Split(at_s=(50,)), "the sound is 3.00 s long"),
        (Split(every_s=10), "split would make 1 parts"),
    ],
)
def test_what_can_not_be_done_is_refused_and_the_steps_stay_as_they_were(
    echo_studio: Studio, three_tones: Recording, step: Trim, told: str
) -> None:
    kept = edited(echo_studio, three_tones, Reverse())
    for refuse in (
        lambda: echo_studio.set_steps(kept.id, (Reverse(), step), ME),
        lambda: echo_studio.edit_all([kept.id], (step,), ME),
        lambda: echo_studio.check_plan(kept.id, (step,), ME),
    ):
        with pytest.raises(InvalidRequest, match=re.escape(told)) as refused:
            refuse()
        assert refused.value.details.get("step", 2) == 2  # a split is looked at behind all steps
    assert echo_studio.recording(kept.id, ME) == kept


def test_what_is_seen_only_when_the_sound_is_made_is_told_then(echo_studio: Studio, three_tones: Recording) -> None:
    made = edited(echo_studio, three_tones, RemoveSilence(threshold_db=-10, keep_s=0), Trim(start_s=90))
    assert made.state == "failed"
    assert "nothing would be left" in (made.error or "")
    assert (len(made.steps), made.results) == (2, ())


def test_a_length_is_told_from_the_steps_before(echo_studio: Studio, three_tones: Recording) -> None:
    echo_studio.check_plan(three_tones.id, (Speed(factor=0.5), Cut(start_s=5, end_s=5.5)), ME)
    with pytest.raises(InvalidRequest, match=r"the sound is 1\.50 s long"):
        echo_studio.check_plan(three_tones.id, (Speed(factor=2), Normalise(), Denoise(), Cut(start_s=2)), ME)


def test_silence_has_no_loudness_to_be_brought_to(echo_studio: Studio, tmp_path: Path) -> None:
    recording = added(echo_studio, write_wav(tmp_path / "silent.wav", np.zeros(RATE_HZ)))
    assert (recording.info["lufs"], recording.info["peak_db"]) == (None, None)
    assert "silent" in (edited(echo_studio, recording, Normalise()).error or "")
