"""MarianMT and NLLB models of random weights: languages, batches, other wordings, a stop in the middle."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from contract.engine import Engine, Stop
from contract.errors import InvalidRequest, ModelDamaged
from contract.events import Aligned, Delta, Progress
from contract.models import ModelSpec
from contract.requests import TranslateRequest
from engines import ENGINES
from tests.engines.cases import run, text_of
from tests.engines.tiny_translators import make_tiny_nllb


@pytest.fixture(scope="module")
def nllb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    folder = make_tiny_nllb(tmp_path_factory.mktemp("nllb") / "tiny")
    spec = ModelSpec(
        id="nllb", engine="transformers", kind="translation", title="NLLB", paths=(folder,),
        languages=("en", "pl", "pt"), options={"num_beams": 1},
    )  # fmt: skip
    engine = ENGINES["transformers"](spec, threads=2)
    engine.load()
    yield engine
    engine.unload()


def ask(text: str, target: str = "pl", **settings: object) -> TranslateRequest:
    return TranslateRequest(text=text, source_lang="en", target_lang=target, **settings)


def test_the_target_language_decides_what_is_written(nllb: Engine) -> None:
    polish, portuguese = (text_of(run(nllb, ask("We eat bread.", target))) for target in ("pl", "pt"))
    assert polish and portuguese and polish != portuguese


def test_a_language_it_does_not_know_is_refused_by_name(nllb: Engine) -> None:
    with pytest.raises(InvalidRequest, match="does not translate en to de"):
        run(nllb, ask("Hello.", "de"))


def test_a_source_that_nobody_named_is_asked_for(nllb: Engine) -> None:
    with pytest.raises(InvalidRequest, match="must be told the source language"):
        run(nllb, replace(ask("Hello."), source_lang=None))


def test_sentences_of_several_batches_come_in_order_with_lines_and_figures_between(nllb: Engine) -> None:
    text = "\n\n".join(["The train leaves.", "12 345", *["We eat bread."] * 9])
    events = run(nllb, ask(text))
    assert text_of(events).split("\n\n")[1] == "12 345"
    assert text_of(events).count("\n\n") == 10
    places = [(event.source_start, event.source_end) for event in events if isinstance(event, Aligned)]
    assert [text[start:end] for start, end in places] == text.split("\n\n")
    assert [event.step for event in events if isinstance(event, Progress)] == list(range(1, 12))


def test_other_wordings_are_told_and_differ(nllb: Engine) -> None:
    events = run(nllb, ask("The weather is good.", alternatives=3))
    (aligned,) = [event for event in events if isinstance(event, Aligned)]
    assert aligned.alternatives
    assert len({text_of(events), *aligned.alternatives}) == 1 + len(aligned.alternatives)


def test_a_stop_ends_a_batch_within_a_token(nllb: Engine) -> None:
    class StopsItself(Stop):
        """Says stop once the batch is being written."""

        asked = 0

        def is_set(self) -> bool:
            self.asked += 1
            return self.asked > 3

    stop = StopsItself()
    assert [event for event in run(nllb, ask("We eat bread. " * 8), stop) if isinstance(event, Delta)] == []
    assert stop.asked < 10


def test_weights_that_are_pickles_are_refused(marian: ModelSpec, tmp_path: Path) -> None:
    for file in marian.paths[0].iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x04")
    engine = ENGINES["transformers"](replace(marian, paths=(tmp_path,)), threads=1)
    with pytest.raises(ModelDamaged, match="pickle"):
        engine.load()


def test_a_model_of_another_job_is_refused(marian: ModelSpec, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    engine = ENGINES["transformers"](replace(marian, paths=(tmp_path,)), threads=1)
    with pytest.raises(ModelDamaged, match="translates nothing here"):
        engine.load()
