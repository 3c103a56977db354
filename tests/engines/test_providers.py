"""The engines of providers: against a server that is not ours, against ourselves, and against bad ones."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from contract.engine import Stop
from contract.errors import (
    InvalidRequest,
    ProviderBusy,
    ProviderFailed,
    ProviderRefusedKey,
    ProviderUnreachable,
    StudioError,
    UnknownModel,
)
from contract.events import Delta, Finish, ToolCallDelta
from contract.messages import Message, Tool, ToolCall
from contract.models import ModelSpec
from contract.requests import ChatRequest
from engines import PROVIDERS
from engines.wire import Server
from tests.engines.cases import ask, run, text_of, until, usage_of
from tests.engines.providing import BOTH, KEY, engine_for, ours, spec_for
from tests.engines.servers import LlamaServer
from tests.model_server import Answer, ModelServer, events, json_answer, model_server, page
from tests.serving import NOBODY
from tests.serving import Server as Hearth

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40
TOOL = Tool(
    name="weather", description="Tells it", parameters='{"type": "object", "properties": {"town": {"type": "string"}}}'
)


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with model_server() as made:
        yield made


# A server that is not ours


@pytest.fixture(scope="module", params=["openai", "anthropic"])
def theirs(request: pytest.FixtureRequest, llama_server: LlamaServer) -> ModelSpec:
    """The starter behind llama.cpp's own server, by both of its protocols."""
    kind = request.param
    found = PROVIDERS[kind].discover(Server("them", llama_server.url), 30)
    [model] = found.models
    return spec_for(found.url, kind, model.name, **model.options)


def test_a_reply_comes_in_pieces_with_its_figures(theirs: ModelSpec) -> None:
    events = run(engine_for(theirs), ask("Count from one to ten.", max_tokens=12, temperature=0.0))
    assert len([event for event in events if isinstance(event, Delta)]) > 5
    assert Finish("length") in events
    usage = usage_of(events)
    assert usage.tokens_out == 12 and usage.tokens_in and usage.tokens_in > 5


def test_a_stop_ends_the_reply_there_too(theirs: ModelSpec, llama_server: LlamaServer) -> None:
    stop = Stop()
    with closing(engine_for(theirs).run(ask("Write a long story.", max_tokens=1_500), stop)) as events:
        next(events)
        stop.set()
        assert not [event for event in events if isinstance(event, Delta)]
    until(lambda: llama_server.busy() == 0)


def test_what_the_protocol_can_do_reaches_the_server(llama_server: LlamaServer) -> None:
    found = PROVIDERS["openai"].discover(Server("them", llama_server.url), 30)
    spec = spec_for(found.url, "openai", found.models[0].name, **found.models[0].options)
    engine = engine_for(spec)
    # A number has no end that a grammar could tell, and the model may go on writing digits.
    schema = '{"type": "object", "properties": {"purrs": {"type": "boolean"}}, "required": ["purrs"]}'
    asked = ask("Does a cat purr?", json_schema=schema, max_tokens=80, temperature=0.0)
    assert json.loads(text_of(run(engine, asked)))["purrs"] in (True, False)
    same = [text_of(run(engine, ask("Tell me a joke.", seed=7, top_k=40, max_tokens=8))) for _ in range(2)]
    assert same[0] == same[1]
    told = run(engine, ask("Hello", max_tokens=2, logprobs=2))
    assert all(len(event.likelihoods[0].others) == 2 for event in told if isinstance(event, Delta))
    assert "ten" not in text_of(run(engine, ask("Count: one, two,", stop=("ten",), max_tokens=40)))
    raw = ChatRequest(messages=(Message("user", "Once upon a"),), raw=True, max_tokens=4, temperature=0.0)
    assert text_of(run(engine, raw)).startswith(" time")
    begun = ChatRequest(
        messages=(Message("user", "Count to five."), Message("assistant", "1, 2, 3,")), max_tokens=4, temperature=0.0
    )
    assert text_of(run(engine, begun)).lstrip().startswith("4")


def test_the_list_tells_the_context_and_whose_server_it_is(llama_server: LlamaServer) -> None:
    found = PROVIDERS["openai"].discover(Server("them", llama_server.url), 30)
    assert found.url == f"{llama_server.url}/v1"
    assert found.models[0].options["flavour"] == "llamacpp" and found.models[0].options["context_tokens"] == 2_048


@BOTH
def test_another_hearth_is_a_provider_by_either_protocol(echo_server: Hearth, kind: str) -> None:
    found = PROVIDERS[kind].discover(Server("attic", echo_server.url), 30)
    assert "echo-chat" in {model.name for model in found.models}
    if kind == "openai":
        assert {model.name for model in found.models} == {"echo-chat"} and found.left_out == 5
    events = run(engine_for(spec_for(found.url, kind, "echo-chat")), ask("Say good morning", max_tokens=100))
    assert text_of(events) == "Say good morning" and Finish("stop") in events
    assert usage_of(events).tokens_out == 3


# What is sent, and what comes


@BOTH
def test_every_setting_is_sent_or_refused_by_its_name(server: ModelServer, kind: str) -> None:
    server.chat = ours(kind, "Good", " day")
    engine = engine_for(spec_for(server.url, kind))
    settings = {"max_tokens": 9, "temperature": 0.5, "top_p": 0.9, "stop": ("END",)}
    assert text_of(run(engine, ask("Hello", **settings))) == "Good day"
    [body] = server.bodies()
    assert body["max_tokens"] == 9 and body["temperature"] == 0.5 and body["top_p"] == 0.9
    assert body["stop" if kind == "openai" else "stop_sequences"] == ["END"]
    values = {"top_k": 5, "min_p": 0.1, "repeat_penalty": 1.2, "seed": 4}
    sent = {"openai": {"seed"}, "anthropic": {"top_k"}}[kind]
    for name, value in values.items():
        if name in sent:
            run(engine, ask("Hello", **{name: value}))
            assert server.bodies()[-1][name] == value
            continue
        with pytest.raises(InvalidRequest, match=f"can't do {name}") as caught:
            run(engine, ask("Hello", **{name: value}))
        assert caught.value.details["field"] == name
    run(engine, ask("Hello", min_p=0.0, repeat_penalty=1.0))  # these mean "off"
    assert not {"min_p", "repeat_penalty"} & set(server.bodies()[-1])


@pytest.mark.parametrize(
    ("flavour", "names"),
    [
        ("llamacpp", {"top_k", "min_p", "repeat_penalty"}),
        ("vllm", {"top_k", "min_p", "repetition_penalty"}),
        ("openrouter", {"top_k", "min_p", "repetition_penalty", "provider"}),
    ],
)
def test_servers_that_take_more_get_it_under_their_own_names(
    server: ModelServer, flavour: str, names: set[str]
) -> None:
    run(engine_for(spec_for(server.url, flavour=flavour)), ask("Hello", top_k=5, min_p=0.1, repeat_penalty=1.2))
    assert names <= set(server.bodies()[0])


def test_openai_itself_gets_its_newer_name_for_the_limit(server: ModelServer) -> None:
    run(engine_for(spec_for(server.url, flavour="openai")), ask("Hello", max_tokens=7))
    assert server.bodies()[0]["max_completion_tokens"] == 7 and "max_tokens" not in server.bodies()[0]


@BOTH
def test_pictures_tools_and_results_are_passed_on(server: ModelServer, kind: str) -> None:
    server.chat = ours(kind, "Fine")
    call = ToolCall(id="call_1", name="weather", arguments='{"town": "Rome"}')
    turns = (
        Message("system", "Be brief."),
        Message("user", "What is this?", images=(PNG,)),
        Message("assistant", "Let me look.", tool_calls=(call,)),
        Message("tool", "Sunny", tool_call_id="call_1"),
        Message("user", "And now?"),
    )
    asked = ChatRequest(messages=turns, tools=(TOOL,), tool_choice="required", parallel_tool_calls=False)
    run(engine_for(spec_for(server.url, kind)), asked)
    [body] = server.bodies()
    text = json.dumps(body)
    assert base64.b64encode(PNG).decode() in text and "image/png" in text and "Sunny" in text and "call_1" in text
    if kind == "openai":
        assert body["tool_choice"] == "required" and body["parallel_tool_calls"] is False
        assert [turn["role"] for turn in body["messages"]] == ["system", "user", "assistant", "tool", "user"]
    else:
        assert body["system"] == "Be brief."
        assert body["tool_choice"] == {"type": "any", "disable_parallel_tool_use": True}
        # Results of calls are part of the user's turn, and turns alternate.
        assert [turn["role"] for turn in body["messages"]] == ["user", "assistant", "user"]
        assert [block["type"] for block in body["messages"][2]["content"]] == ["tool_result", "text"]


def test_calls_come_back_in_pieces(server: ModelServer) -> None:
    first = {"index": 0, "id": "a", "function": {"name": "weather", "arguments": ""}}
    rest = [{"index": 0, "function": {"arguments": part}} for part in ('{"town"', ': "Rome"}')]
    chunks = [{"choices": [{"delta": {"tool_calls": [piece]}}]} for piece in (first, *rest)]
    server.chat = events(*chunks, {"choices": [{"delta": {}, "finish_reason": "tool_calls"}]})
    told = run(engine_for(spec_for(server.url)), ask("Weather?", tools=(TOOL,)))
    pieces = [event for event in told if isinstance(event, ToolCallDelta)]
    assert pieces[0].name == "weather" and "".join(piece.arguments for piece in pieces) == '{"town": "Rome"}'
    assert Finish("tool_calls") in told


def test_calls_and_thoughts_of_the_messages_protocol_come_back(server: ModelServer) -> None:
    server.chat = events(
        {"type": "message_start", "message": {"usage": {"input_tokens": 3, "cache_read_input_tokens": 4}}},
        {"type": "content_block_start", "content_block": {"type": "thinking", "thinking": ""}},
        {"type": "content_block_delta", "delta": {"type": "thinking_delta", "thinking": "Hm."}},
        {
            "type": "content_block_start",
            "content_block": {"type": "tool_use", "id": "a", "name": "weather", "input": {}},
        },
        {"type": "content_block_delta", "delta": {"type": "input_json_delta", "partial_json": '{"town": "Rome"}'}},
        {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 9}},
        {"type": "message_stop"},
    )
    told = run(engine_for(spec_for(server.url, "anthropic")), ask("Weather?", tools=(TOOL,)))
    assert told[0] == Delta("Hm.", reasoning=True)
    assert told[1] == ToolCallDelta(0, "", "a", "weather") and told[2] == ToolCallDelta(0, '{"town": "Rome"}')
    assert Finish("tool_calls") in told
    usage = usage_of(told)
    assert (usage.tokens_in, usage.tokens_cached, usage.tokens_out) == (7, 4, 9)


@BOTH
def test_a_reply_that_is_not_streamed_is_taken_whole(server: ModelServer, kind: str) -> None:
    whole = {
        "openai": {"choices": [{"message": {"content": "Good day"}, "finish_reason": "stop"}]},
        "anthropic": {"type": "message", "content": [{"type": "text", "text": "Good day"}], "stop_reason": "end_turn"},
    }
    server.chat = json_answer(whole[kind])
    assert text_of(run(engine_for(spec_for(server.url, kind)), ask("Hello"))) == "Good day"


@BOTH
def test_a_reply_goes_on_by_a_turn_that_asks_for_it(server: ModelServer, kind: str) -> None:
    server.chat = ours(kind, " three")
    begun = ChatRequest(messages=(Message("user", "Count"), Message("assistant", "one, two,")))
    assert text_of(run(engine_for(spec_for(server.url, kind)), begun)) == " three"
    turns = server.bodies()[0]["messages"]
    assert [turn["role"] for turn in turns] == ["user", "assistant", "user"]


# Bad days

FAULTS: list[tuple[str, Answer, type[StudioError], str]] = [
    ("page", page(), ProviderFailed, "a web page"),
    ("page-404", page(404), ProviderFailed, "a web page"),
    ("page-500", page(500), ProviderFailed, "failed"),
    ("key", json_answer({"error": {"message": "Bad key"}}, 401), ProviderRefusedKey, "Bad key"),
    ("forbidden", json_answer({"detail": "no credit"}, 403), ProviderRefusedKey, "no credit"),
    ("no-model", json_answer({"error": {"message": "no such model"}}, 404), UnknownModel, "no such model"),
    ("bad-value", json_answer({"error": {"message": "temperature is odd"}}, 400), InvalidRequest, "temperature is odd"),
    ("busy", json_answer({"error": {"message": "Slow down"}}, 429), ProviderBusy, "Slow down"),
    ("crash", json_answer({"error": {"message": "out of memory"}}, 500), ProviderFailed, "out of memory"),
    ("empty-500", (500, {}, b""), ProviderFailed, "500"),
    ("elsewhere", (307, {"Location": "http://127.0.0.1:9/v1"}, b""), ProviderFailed, "another address"),
    ("error-200", json_answer({"error": {"message": "not today"}}), ProviderFailed, "not today"),
    ("error-event", events({"error": {"message": "engine died"}}), ProviderFailed, "engine died"),
    ("garbage", events("{not json"), ProviderFailed, "no JSON"),
    ("list", events([1, 2]), ProviderFailed, "not of its protocol"),
    ("nothing", (200, {"Content-Type": "text/event-stream"}, b""), ProviderFailed, "before it said a word"),
    ("comments", (200, {"Content-Type": "text/event-stream"}, b": ping\n\n" * 50), ProviderFailed, "before it said"),
    ("noise", (200, {"Content-Type": "text/event-stream"}, bytes(range(256)) * 9), ProviderFailed, "before it said"),
    ("picture", (200, {"Content-Type": "image/png"}, PNG), ProviderFailed, "image/png"),
]


@BOTH
@pytest.mark.parametrize(
    ("chat", "error", "words"), [fault[1:] for fault in FAULTS], ids=[fault[0] for fault in FAULTS]
)
def test_a_server_that_answers_badly_gives_one_sentence(
    server: ModelServer, kind: str, chat: Answer, error: type[StudioError], words: str
) -> None:
    server.chat = chat
    with pytest.raises(error, match=words) as caught:
        run(engine_for(spec_for(server.url, kind), KEY), ask("Hello"))
    message = caught.value.message
    assert type(caught.value) is error
    assert "\n" not in message and "Traceback" not in message and len(message) < 420 and KEY not in message, message
    assert len(server.asked) == 1, "nothing is sent twice, and nothing elsewhere"


@BOTH
def test_a_stream_that_is_cut_keeps_what_came_and_says_so(server: ModelServer, kind: str) -> None:
    server.chat = ours(kind, "Good", " day")
    status, headers, body = server.chat
    server.chat, server.cut = (status, headers, body[: body.rindex(b" day") + 40]), True
    got: list[object] = []
    with pytest.raises(ProviderFailed, match="broke off"):
        got.extend(iter_into(got, engine_for(spec_for(server.url, kind)).run(ask("Hello"), Stop())))
    assert Delta("Good") in got


def iter_into(got: list[object], events: Iterator[object]) -> list[object]:
    for event in events:
        got.append(event)
    return []


@BOTH
def test_a_stream_that_ends_without_its_end_is_no_whole_reply(server: ModelServer, kind: str) -> None:
    whole = ours(kind, "Good", " day")[2].decode().split("\n\n")
    server.chat = (200, {"Content-Type": "text/event-stream"}, "\n\n".join(whole[:2]).encode() + b"\n\n")
    with pytest.raises(ProviderFailed, match=r"in the middle of the reply|before it said"):
        run(engine_for(spec_for(server.url, kind)), ask("Hello"))


@BOTH
@pytest.mark.parametrize(
    ("header", "seconds"), [("7", 7), ("0.2", 1), ("Wed, 21 Oct 2015 07:28:00 GMT", 1), ("", None)]
)
def test_a_busy_server_says_when_to_come_back(server: ModelServer, kind: str, header: str, seconds: int | None) -> None:
    server.chat = json_answer({"error": {"message": "Slow down"}}, 429, **({"Retry-After": header} if header else {}))
    with pytest.raises(ProviderBusy) as caught:
        run(engine_for(spec_for(server.url, kind)), ask("Hello"))
    assert caught.value.details.get("retry_after_s") == seconds
    assert ("later" if seconds is None else f"in {seconds} s") in caught.value.message


@BOTH
@pytest.mark.parametrize("begun", [b"", ours("openai", "Good")[2][:70]], ids=["nothing", "a piece"])
def test_a_silent_server_is_left_at_once_by_a_stop(server: ModelServer, kind: str, begun: bytes) -> None:
    server.chat, server.hangs = (200, {"Content-Type": "text/event-stream"}, begun), True
    stop, told = Stop(), []
    engine = engine_for(spec_for(server.url, kind, timeout_s=600))
    worker = threading.Thread(target=lambda: told.extend(engine.run(ask("Hello"), stop)))
    worker.start()
    assert server.waiting.wait(30)
    stop.set()
    worker.join(30)
    assert not worker.is_alive() and server.left.wait(30)
    assert not [event for event in told if isinstance(event, Finish)]


@BOTH
def test_a_silent_server_is_given_up_after_its_time(server: ModelServer, kind: str) -> None:
    server.chat, server.hangs = (200, {"Content-Type": "text/event-stream"}, b""), True
    with pytest.raises(ProviderFailed, match=r"said nothing for 0\.3 s.*longer in Models"):
        run(engine_for(spec_for(server.url, kind, timeout_s=0.3)), ask("Hello"))


@BOTH
def test_nobody_there_is_told_with_the_address_and_what_to_do(kind: str) -> None:
    url = NOBODY
    with pytest.raises(ProviderUnreachable, match=url):
        PROVIDERS[kind].discover(Server("them", url), 5)
    with pytest.raises(ProviderUnreachable, match="Start that server"):
        run(engine_for(spec_for(url, kind)), ask("Hello"))


@BOTH
@pytest.mark.parametrize(
    ("models", "error"),
    [
        (page(), ProviderFailed),
        (json_answer({"models": []}), ProviderFailed),
        (json_answer({"data": 3}), ProviderFailed),
        (json_answer([]), ProviderFailed),
        ((200, {"Content-Type": "application/json"}, b'{"data": ['), ProviderFailed),
        ((200, {"Content-Type": "application/json"}, b" " * 9_000_000), ProviderFailed),
        (json_answer({"error": {"message": "who are you"}}, 401), ProviderRefusedKey),
    ],
    ids=["page", "other", "number", "empty-list", "cut", "nine-megabytes", "key"],
)
def test_what_has_no_list_of_models_is_not_taken_for_a_server(
    server: ModelServer, kind: str, models: Answer, error: type[StudioError]
) -> None:
    if kind == "openai" and models[2] == b"[]":
        pytest.skip("some servers list their models bare")
    server.models = models
    with pytest.raises(error) as caught:
        PROVIDERS[kind].discover(Server("them", server.url, KEY), 10)
    assert "\n" not in caught.value.message and len(caught.value.message) < 420


def test_models_that_do_not_chat_are_left_out_and_counted(server: ModelServer) -> None:
    names = ["gpt-4o", "text-embedding-3-small", "whisper-1", "tts-1", "dall-e-3", "nomic-embed-text"]
    server.models = json_answer({"data": [{"id": name} for name in names]})
    found = PROVIDERS["openai"].discover(Server("them", server.url), 10)
    assert [model.name for model in found.models] == ["gpt-4o"] and found.left_out == 5
