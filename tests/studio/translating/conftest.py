"""The starter model as something that translates a sentence, loaded once."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fxtranslate import Translator

from contract.engine import Stop
from contract.models import ModelSpec
from contract.requests import TranslateRequest
from engines import ENGINES
from engines.language import detect
from studio.translating.checking import asking
from studio.translating.segments import SentenceTranslator


@pytest.fixture(scope="package")
def portuguese(starters: Path) -> Iterator[Callable[[str], str]]:
    """English to Portuguese, a sentence in and its translation out, unchecked."""
    spec = ModelSpec(
        id="firefox-en-pt", engine="firefox", kind="translation", title="English to Portuguese",
        paths=(starters / "firefox" / "firefox-en-pt",), source_lang="en", target_lang="pt",
    )  # fmt: skip
    engine = ENGINES["firefox"](spec, threads=1)
    engine.load()
    yield asking(engine, TranslateRequest(text="x", source_lang="en", target_lang="pt"), Stop())
    engine.unload()


@pytest.fixture
def sentences(portuguese: Callable[[str], str]) -> SentenceTranslator:
    """The starter model with checks and retries."""
    return SentenceTranslator(portuguese, "en", "pt", detect)


@pytest.fixture(scope="package")
def raw(starters: Path) -> Callable[[str], str]:
    """The starter model itself, without the engine's care for what it would lose."""
    folder = starters / "firefox" / "firefox-en-pt"
    vocabulary = next(folder.glob("vocab*.spm")).read_bytes()
    return Translator(next(folder.glob("model*.bin")).read_bytes(), vocabulary, vocabulary).translate
