"""llama.cpp on the chat starter: seeds, limits, stops, schemas, long conversations, split characters, its cache."""

import json
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from contract.engine import Engine, Stop
from contract.errors import InvalidRequest
from contract.events import Delta, EngineEvent, Finish
from contract.models import ModelSpec
from contract.requests import ChatRequest, Message
from engines import ENGINES
from tests.engines.cases import ask, chats, run, text_of, until, usage_of


@pytest.fixture(scope="module")
def llama(specs: dict[str, ModelSpec]) -> Iterator[Engine]:
    engine = ENGINES["llama_cpp"](specs["smollm2-135m"], threads=2)
    engine.load()
    yield engine
    engine.unload()


@pytest.fixture(scope="module")
def small(specs: dict[str, ModelSpec]) -> Iterator[Engine]:
    """The same with a context of 512 tokens and two slots."""
    spec = replace(specs["smollm2-135m"], id="small", options={"n_ctx": 512, "slots": 2})
    engine = ENGINES["llama_cpp"](spec, threads=2)
    engine.load()
    yield engine
    engine.unload()


def reason(events: list[EngineEvent]) -> str:
    return next(event.reason for event in events if isinstance(event, Finish))


def test_the_same_seed_gives_the_same_text_and_another_seed_another(llama: Engine) -> None:
    def told(seed: int) -> str:
        return text_of(run(llama, ask("Tell me a story.", seed=seed, temperature=1.0, max_tokens=24)))

    assert told(7) == told(7) != told(8)


def test_a_reply_has_at_most_max_tokens_and_says_that_it_was_cut(llama: Engine) -> None:
    events = run(llama, ask("Count from one to ten.", temperature=0.0, max_tokens=5))
    assert usage_of(events).tokens_out == 5
    assert reason(events) == "length"


def test_a_stop_string_ends_the_reply_before_it(llama: Engine) -> None:
    asked = ask("Count from one to ten.", temperature=0.0, max_tokens=60)
    whole = text_of(run(llama, asked))
    word = whole.split()[3]
    events = run(llama, replace(asked, stop=(word,)))
    assert text_of(events) == whole[: whole.index(word)]
    assert reason(events) == "stop"


def test_a_json_schema_is_followed(llama: Engine) -> None:
    schema = {
        "type": "object",
        "properties": {"name": {"type": "string", "maxLength": 20}, "age": {"type": "integer", "maximum": 99}},
        "required": ["name", "age"],
        "additionalProperties": False,
    }
    asked = ask("Invent a person.", temperature=0.0, json_schema=json.dumps(schema), max_tokens=100)
    reply = json.loads(text_of(run(llama, asked)))
    assert isinstance(reply["name"], str) and isinstance(reply["age"], int) and set(reply) == {"name", "age"}


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "nonsense"},
        {"$ref": "#/nowhere"},
        {"$ref": "http://127.0.0.1:9/schema.json"},
        {"type": "string", "pattern": "^((($"},
        {"type": "array", "items": {"type": "integer"}, "minItems": 10**9},
    ],
    ids=["type", "reference", "address", "pattern", "count"],
)
def test_a_schema_that_can_not_be_followed_is_refused_and_the_model_goes_on(
    llama: Engine, schema: dict[str, object]
) -> None:
    with pytest.raises(InvalidRequest) as caught:
        run(llama, ask("Hello", json_schema=json.dumps(schema), max_tokens=5))
    assert caught.value.details["field"] == "json_schema"
    assert "\n" not in caught.value.message and len(caught.value.message) < 400
    assert text_of(run(llama, ask("Hello", temperature=0.0, max_tokens=5)))


def test_a_message_longer_than_the_context_is_refused_with_both_numbers(small: Engine) -> None:
    with pytest.raises(InvalidRequest) as caught:
        run(small, ask("word " * 2_000))
    assert caught.value.details["context_tokens"] == 512
    assert "2,0" in caught.value.message and "512" in caught.value.message and "context length" in caught.value.message
    assert text_of(run(small, ask("Hello", temperature=0.0, max_tokens=4)))


def test_a_reply_that_reaches_the_end_of_the_context_ends_there(small: Engine) -> None:
    events = run(small, ask("word " * 400 + "Now write a long story.", temperature=0.0))
    usage = usage_of(events)
    assert reason(events) in ("length", "stop")
    assert (usage.tokens_in or 0) + (usage.tokens_out or 0) <= 513


def test_two_long_replies_share_a_small_context_and_neither_fails(small: Engine) -> None:
    results: list[list[EngineEvent] | Exception] = []

    def work(text: str) -> None:
        try:
            results.append(run(small, ask(text + " word" * 150, max_tokens=200)))
        except Exception as exc:
            results.append(exc)

    threads = [threading.Thread(target=work, args=(text,)) for text in ("Tell a story.", "Write a poem.", "Explain.")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for result in results:
        assert isinstance(result, list), result
        assert reason(result) in ("stop", "length")


def test_a_short_reply_does_not_wait_for_room_that_a_longer_one_will_not_use(small: Engine) -> None:
    told: list[str] = []

    def work(name: str, max_tokens: int) -> None:
        for event in small.run(ask("Write a very long story.", temperature=0.0, max_tokens=max_tokens), Stop()):
            told.append(f"{name} {type(event).__name__}")
            begun.set()

    begun = threading.Event()
    long, short = threading.Thread(target=work, args=("long", 150)), threading.Thread(target=work, args=("short", 4))
    long.start()
    assert begun.wait(60)
    short.start()
    long.join()
    short.join()
    assert told.index("short Delta") < told.index("long Finish")


@pytest.mark.parametrize("signs", ["🦊🐻🐼🐨🐯🦁", "Zażółć gęślą jaźń", "日本語のテキスト", "👩‍👩‍👧‍👦🏳️‍🌈"])
def test_characters_of_several_tokens_come_whole(llama: Engine, signs: str) -> None:
    begun = ChatRequest(
        messages=(Message("user", "Repeat: " + signs), Message("assistant", signs[: len(signs) // 2])),
        temperature=0.0,
        max_tokens=20,
    )
    for request in (begun, ask(f"Say {signs} three times.", temperature=0.0, max_tokens=21)):
        for event in run(llama, request):
            if isinstance(event, Delta):
                assert "\ufffd" not in event.text
                event.text.encode()


def test_a_stop_ends_the_reply_within_one_token_and_frees_its_slot(llama: Engine) -> None:
    stop = Stop()
    with closing(llama.run(ask("Write a very long story.", max_tokens=2_000), stop)) as events:
        for event in events:
            if isinstance(event, Delta):
                stop.set()
                break
        assert not [event for event in events if isinstance(event, Delta)]
    until(lambda: not [thread for thread in threading.enumerate() if thread.name == "llama-reply"])


def test_a_stop_while_the_prompt_is_read_ends_it_without_a_token(llama: Engine) -> None:
    stop = Stop()
    events: list[EngineEvent] = []
    worker = threading.Thread(
        target=lambda: events.extend(llama.run(ask("Zebra " * 6_000, max_tokens=5), stop))  # seconds of reading
    )
    worker.start()
    until(lambda: any(thread.name == "llama-reply" for thread in threading.enumerate()))
    stop.set()
    worker.join()
    assert not [event for event in events if isinstance(event, Delta)]
    until(lambda: not [thread for thread in threading.enumerate() if thread.name == "llama-reply"])


def test_the_next_turn_reads_only_what_is_new_also_after_many_other_conversations(llama: Engine) -> None:
    facts = " ".join(f"Item {number} costs {number * 7 % 13} crowns." for number in range(40))
    turns = [Message("user", facts + " What does item 1 cost?")]

    def turn() -> int:
        """Ask, keep the reply; returns the prompt's tokens that had to be read."""
        events = run(llama, ChatRequest(messages=tuple(turns), temperature=0.0, max_tokens=8))
        usage = usage_of(events)
        turns.extend([Message("assistant", text_of(events)), Message("user", "And item 2?")])
        return (usage.tokens_in or 0) - (usage.tokens_cached or 0)

    first = turn()
    assert first > 300
    assert turn() < 40
    others = list(chats())
    assert len(others) > llama.slots
    for other in others:
        run(llama, ask(other, max_tokens=3))
    assert turn() < 40


def test_conversations_that_begin_alike_find_their_own_cache_when_they_are_answered_together(llama: Engine) -> None:
    rules = Message("system", "You are a clerk. " + " ".join(f"Rule {n}: greet customer {n}." for n in range(12)))
    talks = [
        [rules, Message("user", f"Shop {k}: " + " ".join(f"Item {n} costs {n * k % 13} crowns." for n in range(15)))]
        for k in range(6)
    ]
    read: dict[int, int] = {}

    def turn(place: int) -> None:
        events = run(llama, ChatRequest(messages=tuple(talks[place]), temperature=0.0, max_tokens=6))
        usage = usage_of(events)
        read[place] = (usage.tokens_in or 0) - (usage.tokens_cached or 0)
        talks[place] += [Message("assistant", text_of(events)), Message("user", "And then?")]

    for number in range(3):
        threads = [threading.Thread(target=turn, args=(place,)) for place in sorted(range(6), key=lambda k: k * 5 % 6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if number:
            assert max(read.values()) < 40, read


def test_a_model_that_can_not_be_found_in_this_state_says_so_in_one_sentence(llama: Engine) -> None:
    with pytest.raises(InvalidRequest, match="messages"):
        run(llama, ask("half an emoji: \ud83d"))
