"""Chat, generate, the list of models and pull through the official ollama client."""

import json
from collections.abc import Iterator

import httpx
import ollama
import pytest

from tests.serving import Server

QUESTION = [{"role": "user", "content": "Say hello to the whole wide world."}]


@pytest.fixture
def local(echo_server: Server) -> Iterator[ollama.Client]:
    """The official client on the echo server."""
    client = ollama.Client(echo_server.url, timeout=30)
    yield client
    client.close()


@pytest.fixture
def real(real_server: Server) -> Iterator[ollama.Client]:
    """The official client on the starters."""
    client = ollama.Client(real_server.url, timeout=120)
    yield client
    client.close()


def test_a_chat_streams_what_it_says_whole_and_tells_its_figures(real: ollama.Client) -> None:
    options = {"temperature": 0, "num_predict": 12}
    parts = list(real.chat("smollm2-135m", QUESTION, stream=True, options=options))
    whole = real.chat("smollm2-135m:latest", QUESTION, options=options)

    assert "".join(part.message.content for part in parts) == whole.message.content
    assert parts[-1].done
    assert parts[-1].done_reason == whole.done_reason == "length"
    assert whole.eval_count == 12
    assert whole.prompt_eval_count > 10
    assert 0 < whole.eval_duration <= whole.total_duration


def test_generate_takes_a_system_text_or_a_raw_prompt(local: ollama.Client, real: ollama.Client) -> None:
    assert local.generate("echo-chat", "Hello there", system="Be brief.").response == "Hello there"
    raw = real.generate("smollm2-135m", "1, 2, 3, 4, 5,", raw=True, options={"temperature": 0, "num_predict": 3})

    assert raw.response.startswith(" 6")


def test_a_schema_is_followed(real: ollama.Client) -> None:
    schema = {"type": "object", "properties": {"yes": {"type": "boolean"}}, "required": ["yes"]}
    schema["additionalProperties"] = False

    greedy = {"num_predict": 80, "temperature": 0}  # room for the blanks that the grammar allows
    reply = real.chat("smollm2-135m", QUESTION, format=schema, options=greedy)

    assert json.loads(reply.message.content) in ({"yes": True}, {"yes": False})


def test_the_lists_show_the_chat_models_and_what_is_loaded(real: ollama.Client) -> None:
    real.chat("smollm2-135m", QUESTION, options={"num_predict": 1})

    listed = {model.model: model for model in real.list().models}
    loaded = {model.model: model for model in real.ps().models}

    assert set(listed) == {"smollm2-135m"}
    assert listed["smollm2-135m"].size > 50_000_000
    assert listed["smollm2-135m"].details.format == "gguf"
    assert loaded["smollm2-135m"].size >= listed["smollm2-135m"].size
    shown = real.show("smollm2-135m")
    assert shown.capabilities == ["completion", "tools"]
    assert shown.details.format == "gguf"


def test_pulling_what_is_here_succeeds_at_once_and_an_unknown_name_says_so(real: ollama.Client) -> None:
    statuses = [part.status for part in real.pull("firefox-en-pt", stream=True)]

    assert statuses[0] == "pulling manifest"
    assert statuses[-1] == "success"
    assert real.pull("firefox-en-pt").status == "success"
    with pytest.raises(ollama.ResponseError, match="no-such-model"):
        real.pull("no-such-model")


@pytest.mark.parametrize(
    ("call", "named"),
    [
        ({"keep_alive": "5m"}, "keep_alive is not supported"),
        ({"options": {"mirostat": 1}}, "options.mirostat is not supported"),
        ({"options": {"temperature": 9}}, "temperature is 9"),
        ({"tools": [{"type": "function", "function": {"name": "no name"}}]}, "tools has the name"),
        ({"format": "json"}, "json_schema"),
    ],
)
def test_what_can_not_be_done_is_refused_by_name(local: ollama.Client, call: dict[str, object], named: str) -> None:
    with pytest.raises(ollama.ResponseError, match=named) as refused:
        local.chat("echo-chat", QUESTION, **call)

    assert refused.value.status_code == 422


def test_an_unknown_model_is_not_found(local: ollama.Client) -> None:
    with pytest.raises(ollama.ResponseError, match="echo-chat") as refused:
        local.chat("llama3.2", QUESTION)

    assert refused.value.status_code == 404


def test_a_conversation_that_is_too_long_is_answered_and_the_header_tells_how_much_was_left_out(
    http: httpx.Client,
) -> None:
    turns = [
        {"role": role, "content": f"{role} {number} " + "word " * 20}
        for number in range(10)
        for role in ("user", "assistant")
    ]
    body = {"model": "echo-chat", "messages": [*turns, {"role": "user", "content": "now"}], "stream": False}

    whole = http.post("/api/chat", json=body)
    assert "hearth-left-out" not in whole.headers
    cut = http.post("/api/chat", json={**body, "options": {"num_ctx": 100}})
    assert cut.json()["message"]["content"] == "now"
    assert int(cut.headers["hearth-left-out"]) % 2 == 0 and cut.json()["prompt_eval_count"] <= 100
    streamed = http.post("/api/chat", json={**body, "options": {"num_ctx": 100}, "stream": True})
    assert streamed.headers["hearth-left-out"] == cut.headers["hearth-left-out"]
    # A client's built-in length may be more than the model has; Ollama takes the model's then.
    assert http.post("/api/chat", json={**body, "options": {"num_ctx": 131_072}}).status_code == 200
