"""Firefox Translations on the starter pair: markup, lengths, lines and odd characters come through."""

from collections.abc import Iterator

import pytest

from contract.engine import Engine
from contract.errors import InvalidRequest
from contract.events import Delta
from contract.models import ModelSpec
from contract.requests import TranslateRequest
from engines import ENGINES
from tests.engines.cases import run, text_of, usage_of


@pytest.fixture(scope="module")
def firefox(specs: dict[str, ModelSpec]) -> Iterator[Engine]:
    engine = ENGINES["firefox"](specs["firefox-en-pt"], threads=2)
    engine.load()
    yield engine
    engine.unload()


def translate(engine: Engine, text: str) -> str:
    return text_of(run(engine, TranslateRequest(text=text, source_lang="en", target_lang="pt")))


def test_a_sentence_is_translated(firefox: Engine) -> None:
    assert translate(firefox, "Good morning, my friend.").lower().startswith("bom dia")


@pytest.mark.parametrize("tag", ["<b>", "</b>", '<a href="https://example.org/a?b=c">', "<br/>", "<!-- note -->"])
def test_tags_stay_as_they_are(firefox: Engine, tag: str) -> None:
    assert tag in translate(firefox, f"The house is {tag} red and very large.")


def test_less_and_more_than_are_no_tags(firefox: Engine) -> None:
    assert {"<", ">"} <= set(translate(firefox, "It is true that 3 < 5 and that 9 > 2 in this book."))


def test_lines_blank_lines_and_indentation_stay(firefox: Engine) -> None:
    text = "\n\nThe dog sleeps.\n\n\n    The cat eats.\n- The bird sings.\n\t1. The fish swims.\n\n"
    result = translate(firefox, text)
    assert [len(line) - len(line.lstrip()) for line in result.split("\n")] == [
        len(line) - len(line.lstrip()) for line in text.split("\n")
    ]
    assert [bool(line.strip()) for line in result.split("\n")] == [bool(line.strip()) for line in text.split("\n")]
    assert result.split("\n")[6].startswith("- ")


def test_the_cells_of_a_table_stay_apart(firefox: Engine) -> None:
    text = "Name\tThe city\tAge\nThe old man\tThe sea\t84\n"
    result = translate(firefox, text)
    assert [line.count("\t") for line in result.split("\n")] == [2, 2, 0]
    assert "84" in result and "cidade" in result.lower() and "velho" in result.lower()


def test_a_long_text_comes_whole_sentence_by_sentence(firefox: Engine) -> None:
    text = " ".join(f"The number of the house is {number}." for number in range(200))
    events = run(firefox, TranslateRequest(text=text, source_lang="en", target_lang="pt"))
    result = text_of(events)
    assert [number for number in range(200) if str(number) not in result] == []
    assert len([event for event in events if isinstance(event, Delta)]) == 200
    assert usage_of(events).characters == len(text)


@pytest.mark.parametrize(
    "text",
    [
        "a" * 3_000, "word " * 400, "." * 500, "\u202e\u200b\u00a0\ufeff",
        "🦊" * 50, "\x1b[31mred\x1b[0m", "ﷺ" * 20, "Z\u0338\u0321a\u0335l\u0335g\u0337o\u0336 text.",
    ],
    ids=["word", "words", "dots", "invisible", "foxes", "escape", "ligature", "zalgo"],
)  # fmt: skip
def test_odd_text_neither_fails_nor_vanishes(firefox: Engine, text: str) -> None:
    assert translate(firefox, text)


@pytest.mark.parametrize(
    "kept", ["🦊", "Łódź", "https://example.org/x?y=1", "me@example.org", "`x = 1`", "日本", "{name}"]
)
def test_what_the_model_has_no_letters_for_is_kept(firefox: Engine, kept: str) -> None:
    assert kept in translate(firefox, f"We saw {kept} in the morning.")


def test_text_without_a_word_is_given_back(firefox: Engine) -> None:
    for text in ("12 345,67", "—", "\n \n", "?!", "👍"):
        assert translate(firefox, text) == text


def test_another_pair_is_refused_by_its_languages(firefox: Engine) -> None:
    with pytest.raises(InvalidRequest, match="translates en to pt, and was asked for en to pl"):
        run(firefox, TranslateRequest(text="Hello.", source_lang="en", target_lang="pl"))
