"""When each written word is heard: matched with what is spoken for it, shared where there is no match of its own."""

import itertools

import pytest

from engines.onnx_output import with_output_of
from engines.word_times import matched, words_of


def heard(written: str, said: str, *runs: float) -> list[tuple[str, float, float]]:
    """Words with their times; each run of phonemes lasts so long, with 0.1 s between two."""
    phonemes = [("^", 0.2)]
    for run in runs:
        phonemes += [("a", run / 2), ("b", run / 2), (" ", 0.1)]
    words = words_of(written, said, [*phonemes, (".", 0.3), ("$", 0.1)])
    return [(word.text, round(word.start_s, 3), round(word.end_s, 3)) for word in words]


def test_each_word_is_heard_with_its_own_run_of_phonemes() -> None:
    assert heard("One, two.", "One, two.", 0.4, 0.2) == [("One,", 0.2, 0.6), ("two.", 0.7, 0.9)]


def test_a_figure_is_heard_as_long_as_the_words_for_it() -> None:
    found = heard("It costs $3.50 now.", "It costs three dollars and fifty cents now.", *[0.2] * 8)
    assert found == [("It", 0.2, 0.4), ("costs", 0.5, 0.7), ("$3.50", 0.8, 2.2), ("now.", 2.3, 2.5)]


def test_runs_that_were_joined_are_shared_by_the_length_of_the_words() -> None:
    found = heard("of the house", "of the house", 0.3, 0.5)
    assert [word for word, _, _ in found] == ["of", "the", "house"]
    assert found[0][1] == 0.2 and found[-1][2] == pytest.approx(1.1)
    assert all(before[2] <= after[1] + 0.001 for before, after in itertools.pairwise(found))


def test_what_is_not_spoken_has_a_moment_and_what_is_not_written_belongs_to_the_word_before() -> None:
    times = [(0.0, 1.0), (1.0, 2.0)]
    assert matched(["one", "*", "two"], ["one", "two"], times) == [(0.0, 1.0), (1.0, 1.0), (1.0, 2.0)]
    assert matched(["one"], ["one", "more"], times) == [(0.0, 2.0)]
    assert words_of("One.", "One.", []) == ()


@pytest.mark.parametrize("model", [b"", b"\xff\xff", b"no model at all", b"\x3a\x05\x0a\x03abc"])
def test_bytes_that_are_no_model_are_left_alone(model: bytes) -> None:
    assert with_output_of(model, "Ceil") is None
