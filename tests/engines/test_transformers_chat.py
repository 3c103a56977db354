"""The transformers engine on a tiny model: its template, sampling, seeds, stop strings and limits."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from contract.engine import Engine, Stop
from contract.errors import InvalidRequest, ModelDamaged
from contract.events import Delta, Finish
from contract.messages import Message
from contract.models import ModelSpec
from contract.requests import ChatRequest
from engines import ENGINES
from tests.engines.cases import ask, run, text_of, usage_of
from tests.engines.tiny_language_model import make_tiny_language_model


def engine_for(folder: Path) -> Engine:
    spec = ModelSpec(id="tiny-lm", engine="transformers_chat", kind="chat", title="Tiny", paths=(folder,))
    return ENGINES["transformers_chat"](spec, threads=2)


@pytest.fixture(scope="module")
def engine(language_model: Path) -> Iterator[Engine]:
    made = engine_for(language_model)
    made.load()
    yield made
    made.unload()


def say(engine: Engine, **settings: object) -> str:
    return text_of(run(engine, ask("the red apple", **{"max_tokens": 20, "seed": 3, **settings})))


def test_the_same_seed_gives_the_same_text_and_another_seed_another(engine: Engine) -> None:
    assert say(engine) == say(engine)
    assert len({say(engine, seed=seed) for seed in range(4)}) == 4


def test_without_temperature_it_takes_the_likeliest_whatever_the_seed(engine: Engine) -> None:
    assert say(engine, temperature=0.0, seed=1) == say(engine, temperature=0.0, seed=2)
    assert say(engine, top_k=1, seed=1) == say(engine, temperature=0.0)
    assert say(engine, top_p=0.0) == say(engine, temperature=0.0)


def test_each_setting_of_the_sampling_is_heard(engine: Engine) -> None:
    base = say(engine, temperature=2.0)
    for name, value in (("top_p", 0.1), ("top_k", 2), ("min_p", 0.9), ("repeat_penalty", 2.0), ("temperature", 0.1)):
        assert say(engine, **{"temperature": 2.0, name: value}) != base, name


def test_a_limit_of_tokens_is_kept_and_told(engine: Engine) -> None:
    events = run(engine, ask("the red apple", max_tokens=5, seed=3))
    assert Finish("length") in events and usage_of(events).tokens_out == 5
    assert usage_of(events).tokens_in == engine.count_tokens(ask("the red apple")) == 8
    assert usage_of(events).context_tokens == 128


def test_it_ends_by_itself_and_says_so(engine: Engine) -> None:
    whole = [run(engine, ask("the red apple", seed=seed)) for seed in range(8)]
    ended = [events for events in whole if Finish("stop") in events]
    assert ended and all(usage_of(events).tokens_out < 120 for events in ended)
    assert not [events for events in whole if "<end>" in text_of(events) or "<turn>" in text_of(events)]


def test_a_stop_string_ends_it_and_is_not_said(engine: Engine) -> None:
    whole = say(engine)
    words = whole.split()
    stop = f"{words[3]} {words[4]}"
    events = run(engine, ask("the red apple", max_tokens=20, seed=3, stop=("never said", stop)))
    assert text_of(events) == whole[: whole.index(stop)] and Finish("stop") in events


def test_what_only_begins_like_a_stop_string_is_said_after_all(engine: Engine) -> None:
    whole = say(engine)
    assert say(engine, stop=(whole.split()[-1] + " and never this",)) == whole


def test_a_reply_goes_on_where_it_was_cut(engine: Engine) -> None:
    turns = (Message("user", "the red apple"), Message("assistant", "one two"))
    assert engine.count_tokens(ChatRequest(messages=turns)) == 10  # nothing closes the reply
    assert text_of(run(engine, ChatRequest(messages=turns, max_tokens=3, seed=1)))


def test_text_is_continued_without_the_template(engine: Engine) -> None:
    raw = ChatRequest(messages=(Message("user", "the red apple"),), raw=True, max_tokens=4, seed=1)
    assert engine.count_tokens(raw) == 3 and usage_of(run(engine, raw)).tokens_out == 4


def test_a_conversation_that_does_not_fit_is_refused_with_the_numbers(engine: Engine) -> None:
    with pytest.raises(InvalidRequest, match="takes 128") as caught:
        run(engine, ask("apple " * 200))
    assert caught.value.details["tokens"] > 128
    assert len(text_of(run(engine, ask("apple " * 110, seed=1, temperature=2.0))).split()) <= 18


def test_turns_that_its_template_refuses_are_told(engine: Engine) -> None:
    turns = (Message("user", "the apple"), Message("tool", "red", tool_call_id="a"))
    with pytest.raises(InvalidRequest, match="no tools"):
        run(engine, ChatRequest(messages=turns))


def test_a_stop_ends_it_within_a_token(engine: Engine) -> None:
    stop = Stop()
    with closing(engine.run(ask("the red apple", seed=3), stop)) as events:
        assert isinstance(next(events), Delta)
        stop.set()
        assert list(events) == []


def test_a_model_without_a_template_says_so(tmp_path: Path) -> None:
    bare = engine_for(make_tiny_language_model(tmp_path / "bare", template=""))
    bare.load()
    with pytest.raises(InvalidRequest, match="no chat template"):
        run(bare, ask("the red apple"))
    bare.unload()


def test_neither_pickles_nor_code_of_the_folder_are_run(tmp_path: Path) -> None:
    folder = make_tiny_language_model(tmp_path / "code")
    (folder / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    with pytest.raises(ModelDamaged, match="is a pickle"):
        engine_for(folder).load()
    (folder / "pytorch_model.bin").unlink()
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "odd", "auto_map": {"AutoConfig": "odd.Odd", "AutoModelForCausalLM": "odd.Odd"}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "odd.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()\nclass Odd: ...\n")
    with pytest.raises(ModelDamaged):
        engine_for(folder).load()
    assert not (tmp_path / "ran").exists()


def test_a_model_that_does_not_write_is_told(tmp_path: Path) -> None:
    folder = make_tiny_language_model(tmp_path / "bert")
    config = json.loads((folder / "config.json").read_text()) | {"model_type": "vit", "architectures": ["ViTModel"]}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelDamaged) as caught:
        engine_for(folder).load()
    assert "\n" not in caught.value.message
