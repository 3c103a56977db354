"""The real starter voice says what was made ready, the real starter recogniser hears it, and spans stay in the text."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from studio import Job, Settings, SpeechRequest, Spoken, Studio
from tests.serving import use_models

TEXT = "It costs $3.50 on 5 May 2021."
SAID = "It costs three dollars and fifty cents on the fifth of May twenty twenty-one."


@pytest.fixture(scope="module")
def studio(starters: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    data_dir = tmp_path_factory.mktemp("voice")
    use_models(data_dir, starters, only=["en_us-joe-medium", "whisper-tiny.en"])
    with Studio.open(Settings(data_dir=data_dir, ollama_host="http://127.0.0.1:9")) as opened:
        yield opened


def spans(job: Job) -> list[str]:
    job.wait()
    return [event.text for _, event in job.snapshot() if isinstance(event, Spoken)]


def test_a_price_and_a_date_are_heard_in_words(studio: Studio) -> None:
    heard = studio.transcribe(studio.speak(TEXT).wav).text.lower()
    # The recogniser writes figures again as often as words.
    for words in (r"three|\b3|\$3", r"dollar|\$", r"fifty|50", r"fifth|5", r"may", r"20|twenty"):
        assert re.search(words, heard), heard


def test_what_is_said_is_longer_than_the_text_as_it_stands(studio: Studio) -> None:
    text = "Jan. 5, 2021: 1,234 km."
    assert studio.speak(text).seconds > studio.speak(text, normalize_text=False).seconds


def test_the_spans_of_read_along_are_pieces_of_the_text_as_it_was_written(studio: Studio) -> None:
    text = "# Prices\n\nIt costs **$3.50**. See [our page](https://example.com)!\n\n```\nx = 5\n```\n\n1. One\n2. Two\n"
    found = spans(studio.submit(SpeechRequest(text=text)))
    code = "```\nx = 5\n```"
    assert found == ["Prices", "It costs **$3.50**.", "See [our page](https://example.com)!", code, "1. One", "2. Two"]
    at = 0
    for span in found:
        at = text.index(span, at) + len(span)


def test_a_table_without_words_and_a_number_of_a_thousand_figures_do_no_harm(studio: Studio) -> None:
    assert spans(studio.submit(SpeechRequest(text="Hello.\n\n|---|---|\n\n---\n\n" + "7" * 40)))[0] == "Hello."


def test_the_studio_tells_what_will_be_said(studio: Studio) -> None:
    assert studio.spoken_text(TEXT) == SAID
    assert studio.spoken_text(TEXT, "en_us-joe-medium") == SAID
