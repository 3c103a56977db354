"""Robotic voices: many languages without any file, Polish too; Piper's own phonemes stay as they were."""

import numpy as np
import pytest

from contract.errors import InvalidRequest
from contract.events import AudioChunk, EngineEvent
from contract.requests import SpeechRequest
from engines import ENGINES, robotic_languages, robotic_voice
from tests.engines.cases import run, usage_of


def say(language: str, text: str, speed: float = 1.0) -> list[EngineEvent]:
    spec = robotic_voice(f"espeak-{language}")
    assert spec is not None
    engine = ENGINES["espeak"](spec)
    engine.load()
    return run(engine, SpeechRequest(text=text, speed=speed))


def test_there_are_voices_for_many_languages_and_none_for_what_is_no_language() -> None:
    assert {"pl", "en", "fi", "uk", "zh", "no", "ja", "sw", "cy"} <= robotic_languages()
    assert len(robotic_languages()) > 80
    for name in ("espeak-", "espeak-xx", "espeak-../../etc", "espeak", "espeak-PL/../..", "pl"):
        assert robotic_voice(name) is None


@pytest.mark.parametrize(
    ("language", "text"), [("pl", "Dzień dobry."), ("fi", "Hyvää päivää."), ("zh", "你好"), ("uk", "Добрий день.")]
)
def test_a_language_is_spoken_aloud(language: str, text: str) -> None:
    pcm = b"".join(event.pcm for event in say(language, text) if isinstance(event, AudioChunk))
    sound = np.frombuffer(pcm, "<i2").astype(float)
    assert len(sound) > 22_050 * 0.3
    assert np.abs(sound).max() > 3_000


def test_polish_is_read_in_words_first() -> None:
    short, long = usage_of(say("pl", "5 zł")), usage_of(say("pl", "5 345 678 zł"))
    assert (long.seconds or 0) > 2 * (short.seconds or 0)


def test_speed_changes_the_length() -> None:
    text = "The train leaves at noon. Please take your seats now."
    ordinary, fast = usage_of(say("en", text)), usage_of(say("en", text, 2.0))
    assert fast.seconds == pytest.approx((ordinary.seconds or 0) / 2, rel=0.3)


def test_piper_has_the_same_phonemes_before_and_after() -> None:
    from piper.phonemize_espeak import EspeakPhonemizer

    phonemizer = EspeakPhonemizer()
    before = phonemizer.phonemize("en-us", "Good morning, everybody.")
    say("fi", "Hyvää päivää.")
    assert phonemizer.phonemize("en-us", "Good morning, everybody.") == before


def test_signs_alone_are_refused() -> None:
    with pytest.raises(InvalidRequest, match="no words"):
        say("en", "...")
