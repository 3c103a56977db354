"""Piper on the starter voice: sound before the end, speed, pauses, what can't be spoken."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from contract.engine import Engine, Stop
from contract.errors import InvalidRequest
from contract.events import AudioChunk, Progress
from contract.models import ModelSpec
from contract.requests import SpeechRequest
from engines import ENGINES
from tests.engines.cases import SENTENCES, run, usage_of


@pytest.fixture(scope="module")
def piper(specs: dict[str, ModelSpec]) -> Iterator[Engine]:
    engine = ENGINES["piper"](specs["en_us-joe-medium"], threads=1)
    engine.load()
    yield engine
    engine.unload()


def seconds(engine: Engine, text: str, speed: float = 1.0) -> float:
    return usage_of(run(engine, SpeechRequest(text=text, speed=speed))).seconds or 0


def test_the_first_sentence_is_heard_before_the_next_is_made(piper: Engine) -> None:
    with closing(piper.run(SpeechRequest(text=SENTENCES), Stop())) as events:
        first = next(events)
        assert isinstance(first, AudioChunk) and first.text == "The train leaves at noon."
        assert next(events) == Progress(1, 4)


def test_each_word_is_told_when_it_is_heard(piper: Engine) -> None:
    text = "The quick brown fox jumps over the lazy dog. It costs $3.50."
    chunks = [event for event in piper.run(SpeechRequest(text=text), Stop()) if isinstance(event, AudioChunk)]
    for chunk in chunks:
        assert [word.text for word in chunk.words] == chunk.text.split()
        starts = [word.start_s for word in chunk.words]
        assert starts == sorted(starts) and 0 <= starts[0] < 1
        length_s = len(chunk.pcm) / 2 / chunk.sample_rate_hz
        assert length_s / 2 < chunk.words[-1].end_s <= length_s + 0.001


def test_speed_changes_the_length(piper: Engine) -> None:
    ordinary = seconds(piper, SENTENCES)
    # Every sound lasts a whole number of frames, so fast speech is a little longer than its share.
    assert seconds(piper, SENTENCES, 2.0) == pytest.approx(ordinary / 2, rel=0.35)
    assert seconds(piper, SENTENCES, 0.5) == pytest.approx(ordinary * 2, rel=0.35)


def test_a_longer_text_is_longer(piper: Engine) -> None:
    assert seconds(piper, SENTENCES) > 2 * seconds(piper, "The train leaves at noon.")


@pytest.mark.parametrize("text", ["...", "—", "🦊🦊", "\n\n!?"])
def test_text_without_a_word_is_refused(piper: Engine, text: str) -> None:
    with pytest.raises(InvalidRequest, match="no words"):
        run(piper, SpeechRequest(text=text, normalize_text=False))


@pytest.mark.parametrize(
    "text", ["a" * 2_000, "Zażółć gęślą jaźń.", "[[ h ]] and [[", "1,234.56 €", "日本語 and English"]
)
def test_odd_text_is_spoken_and_leaves_the_voice_in_order(piper: Engine, text: str) -> None:
    run(piper, SpeechRequest(text=text))
    assert seconds(piper, "Good morning.") > 0.3


def test_it_takes_no_more_threads_than_it_was_given(specs: dict[str, ModelSpec]) -> None:
    engine = ENGINES["piper"](specs["en_us-joe-medium"], threads=1)
    engine.load()
    assert engine._voice.session.get_session_options().intra_op_num_threads == 1  # type: ignore[attr-defined]
    engine.unload()
