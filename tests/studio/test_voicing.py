"""Pitch and volume change what they say and nothing else: measured on tones."""

import numpy as np
import pytest

from studio.voicing import Leveller, shape
from tests.studio.sound.sounds import lufs

RATE_HZ = 22_050


def tone(hz: float = 220, seconds: float = 1.5, amplitude: float = 0.3) -> bytes:
    time_s = np.arange(round(RATE_HZ * seconds)) / RATE_HZ
    return (amplitude * 32_767 * np.sin(2 * np.pi * hz * time_s)).astype("<i2").tobytes()


def samples(pcm: bytes) -> np.ndarray:
    return np.frombuffer(pcm, dtype="<i2").astype(float)


def pitch_hz(pcm: bytes) -> float:
    """The strongest frequency in the middle second."""
    middle = samples(pcm)[RATE_HZ // 4 : RATE_HZ // 4 + RATE_HZ]
    return float(np.argmax(np.abs(np.fft.rfft(middle * np.hanning(len(middle))))))


def loudness(pcm: bytes) -> float:
    return float(np.sqrt(np.mean(samples(pcm)[RATE_HZ // 4 : -RATE_HZ // 4] ** 2)))


@pytest.mark.parametrize("pitch", [0.5, 0.8, 1.25, 2])
def test_the_pitch_moves_and_the_length_stays(pitch: float) -> None:
    said = tone()
    shaped = shape(said, RATE_HZ, pitch, 1)

    assert len(shaped) == len(said)
    assert pitch_hz(shaped) == pytest.approx(220 * pitch, rel=0.03)
    assert loudness(shaped) == pytest.approx(loudness(said), rel=0.2)


@pytest.mark.parametrize("volume", [0.1, 0.5, 1.5])
def test_the_volume_is_a_factor(volume: float) -> None:
    assert loudness(shape(tone(), RATE_HZ, 1, volume)) == pytest.approx(loudness(tone()) * volume, rel=0.05)


def test_what_would_be_too_loud_is_held_back_and_not_clipped() -> None:
    loud = samples(shape(tone(amplitude=0.9), RATE_HZ, 1, 2))

    assert np.max(np.abs(loud)) <= 32_767 * 0.98
    assert np.count_nonzero(np.abs(loud) >= np.max(np.abs(loud)) - 1) < len(loud) / 20  # still a wave, no plateau


def test_no_volume_is_silence_and_one_changes_no_sample() -> None:
    assert not samples(shape(tone(), RATE_HZ, 1, 0)).any()
    assert shape(tone(), RATE_HZ, 1, 1) == tone()
    assert shape(b"", RATE_HZ, 2, 2) == b""


def test_a_piece_of_a_few_samples_keeps_its_length() -> None:
    assert len(shape(tone(seconds=0.001), RATE_HZ, 0.7, 1.3)) == len(tone(seconds=0.001))


@pytest.mark.parametrize("target", [-23.0, -16.0])
def test_sentences_of_any_level_come_to_one_loudness_by_the_standard(target: float) -> None:
    leveller = Leveller(48_000, target)
    time_s = np.arange(48_000 * 2) / 48_000
    said = [level * np.sin(2 * np.pi * hz * time_s) for level, hz in ((0.02, 300), (0.4, 800), (0.1, 2_000))]
    spoken = [leveller.level((32_767 * each).astype("<i2").tobytes()) for each in said]

    each_one = [lufs(samples(pcm) / 32_768, 48_000) for pcm in spoken]
    assert each_one == pytest.approx([target] * 3, abs=0.3)
    assert lufs(samples(b"".join(spoken)) / 32_768, 48_000) == pytest.approx(target, abs=0.3)


def test_a_word_too_short_to_have_a_loudness_is_changed_as_the_sentence_before_it() -> None:
    leveller = Leveller(RATE_HZ, -30)
    sentence = leveller.level(tone())
    word = leveller.level(tone(seconds=0.2))
    assert np.abs(samples(word)).max() == pytest.approx(np.abs(samples(sentence)).max(), rel=0.02)
