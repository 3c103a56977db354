"""What is left out of a conversation that is longer than its context: the rule, by itself and on real engines."""

import itertools
from dataclasses import replace

import pytest

from contract.engine import Engine
from contract.messages import Message
from contract.models import ModelSpec
from contract.requests import ChatRequest
from engines import ENGINES
from engines.trimming import fit
from tests.engines.cases import run, text_of, usage_of
from tests.engines.servers import OllamaServer

SYSTEM = Message("system", "Be brief.")


def talk(exchanges: int, words: int = 20) -> tuple[Message, ...]:
    """A conversation of so many exchanges, and a question."""
    said = [
        Message(role, f"{role} {number} " + "word " * words)
        for number in range(exchanges)
        for role in ("user", "assistant")
    ]
    return (SYSTEM, *said, Message("user", "And now?"))


def counted(chat: ChatRequest) -> int:
    return sum(len(turn.content.split()) for turn in chat.messages)


@pytest.mark.parametrize("exchanges", [0, 1, 2, 7, 40, 200])
@pytest.mark.parametrize("context_tokens", [64, 300, 2_000])
def test_what_is_kept_fits_begins_with_a_user_and_has_the_instructions_and_the_question(
    exchanges: int, context_tokens: int
) -> None:
    chat = ChatRequest(messages=talk(exchanges))
    found = fit(chat, context_tokens, counted)
    kept = found.request.messages
    assert kept[0] == SYSTEM and kept[1].role == "user" and kept[-1] == chat.messages[-1]
    assert kept[1:] == chat.messages[1 + found.left_out :]
    assert counted(found.request) <= context_tokens
    assert found.left_out == 0 or counted(chat) > context_tokens * 3 // 4


def test_the_next_turns_begin_with_the_same_words() -> None:
    begins = [fit(ChatRequest(messages=talk(exchanges)), 600, counted).request.messages[1] for exchanges in range(40)]
    changes = sum(before != after for before, after in itertools.pairwise(begins))
    assert 2 <= changes <= 12


def test_a_call_is_never_parted_from_its_result() -> None:
    turns = [
        turn
        for number in range(30)
        for turn in (
            Message("user", f"question {number} " + "word " * 20),
            Message("assistant", "call"),
            Message("tool", "result " * 20, tool_call_id="x"),
            Message("assistant", "so"),
        )
    ]
    found = fit(ChatRequest(messages=(*turns, Message("user", "And now?"))), 400, counted)
    assert found.left_out % 4 == 0 and found.left_out and found.request.messages[0].role == "user"


def test_a_last_message_that_is_too_long_alone_is_all_that_is_kept() -> None:
    chat = ChatRequest(messages=(*talk(5), Message("assistant", "yes"), Message("user", "word " * 1_000)))
    found = fit(chat, 100, counted)
    assert found.request.messages == (SYSTEM, chat.messages[-1])


@pytest.fixture(scope="module")
def small(specs: dict[str, ModelSpec]) -> Engine:
    spec = replace(specs["smollm2-135m"], id="small", options={"n_ctx": 512, "slots": 2})
    return ENGINES["llama_cpp"](spec, threads=2)


def test_llama_cpp_answers_a_conversation_that_is_too_long_tells_it_and_finds_its_cache_again(small: Engine) -> None:
    small.load()
    try:
        turns = talk(20)
        events = run(small, ChatRequest(messages=turns, max_tokens=4, temperature=0.0))
        first = usage_of(events)
        assert first.left_out and text_of(events) and (first.tokens_in or 0) <= 512
        more = (*turns, Message("assistant", text_of(events)), Message("user", "And then?"))
        second = usage_of(run(small, ChatRequest(messages=more, max_tokens=4, temperature=0.0)))
        assert second.left_out == first.left_out
        assert (second.tokens_cached or 0) >= (first.tokens_in or 0) - 4
        assert usage_of(run(small, ChatRequest(messages=talk(2), max_tokens=4))).left_out is None
    finally:
        small.unload()


def test_ollama_is_given_what_fits_the_context_that_it_is_asked_for(ollama_server: OllamaServer) -> None:
    engine = ENGINES["ollama"](ollama_server.spec)
    engine.load()
    asked = ChatRequest(messages=talk(40), max_tokens=4, context_tokens=512)
    events = run(engine, asked)
    usage = usage_of(events)
    assert usage.left_out and usage.context_tokens == 512 and text_of(events)
    assert (usage.tokens_in or 0) < 512
    assert usage_of(run(engine, replace(asked, messages=talk(1)))).left_out is None
