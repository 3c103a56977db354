"""Tool calls through the official clients of three protocols: forced, streamed, answered, and refused."""

import contextlib
import json
import sqlite3

import anthropic
import ollama
import openai
import pytest

from tests.serving import Server

MODEL = "smollm2-135m"
WEATHER = {
    "type": "object",
    "properties": {"city": {"type": "string", "maxLength": 12}, "unit": {"enum": ["celsius", "fahrenheit"]}},
    "required": ["city", "unit"],
    "additionalProperties": False,
}
TOOL = {"type": "function", "function": {"name": "get_weather", "description": "The weather", "parameters": WEATHER}}
TIME = {"type": "function", "function": {"name": "get_time"}}
NAMED = {"type": "function", "function": {"name": "get_weather"}}
ASK = [{"role": "user", "content": "What is the weather in Warsaw?"}]
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def picture(url: str) -> list[dict[str, object]]:
    """A question about a picture."""
    return [
        {
            "role": "user",
            "content": [{"type": "text", "text": "What is it?"}, {"type": "image_url", "image_url": {"url": url}}],
        }
    ]


def follows(arguments: str) -> bool:
    """Whether JSON text is what the schema asks for."""
    value = json.loads(arguments)
    return set(value) == {"city", "unit"} and len(value["city"]) <= 12 and value["unit"] in ("celsius", "fahrenheit")


def test_a_forced_call_is_well_formed_and_its_result_is_read(real_client: openai.OpenAI) -> None:
    reply = real_client.chat.completions.create(
        model=MODEL, messages=ASK, tools=[TIME, TOOL], tool_choice=NAMED, max_tokens=60, seed=1
    )
    message = reply.choices[0].message
    call = message.tool_calls[0]
    answer = real_client.chat.completions.create(
        model=MODEL,
        messages=[*ASK, message, {"role": "tool", "tool_call_id": call.id, "content": "12 degrees, rain"}],
        tools=[TOOL],
        max_tokens=12,
    )

    assert reply.choices[0].finish_reason == "tool_calls"
    assert message.content is None
    assert call.function.name == "get_weather"
    assert follows(call.function.arguments)
    # The question, the call and its result are all in the prompt: a template that dropped them would have less.
    assert answer.usage.prompt_tokens > reply.usage.prompt_tokens


def test_a_streamed_call_is_the_same_call_in_pieces(real_client: openai.OpenAI) -> None:
    options = {"model": MODEL, "messages": ASK, "tools": [TOOL], "tool_choice": "required", "max_tokens": 60, "seed": 1}
    whole = real_client.chat.completions.create(**options).choices[0].message.tool_calls[0]
    chunks = [chunk.choices[0] for chunk in real_client.chat.completions.create(**options, stream=True)]
    pieces = [piece for chunk in chunks for piece in chunk.delta.tool_calls or []]

    assert pieces[0].id and pieces[0].function.name == "get_weather"
    assert len(pieces) > 3
    assert "".join(piece.function.arguments for piece in pieces) == whole.function.arguments
    assert not any(chunk.delta.content for chunk in chunks)
    assert chunks[-1].finish_reason == "tool_calls"


def test_tools_that_need_not_be_called_are_shown_to_the_model(real_client: openai.OpenAI) -> None:
    def read(**options: object) -> int:
        reply = real_client.chat.completions.create(model=MODEL, messages=ASK, max_tokens=1, **options)
        return reply.usage.prompt_tokens

    assert read(tools=[TOOL]) == read(tools=[TOOL], tool_choice="none") > read() + 30


def test_anthropic_tools_are_called_and_answered(real_server: Server) -> None:
    tools = [{"name": "get_weather", "description": "The weather", "input_schema": WEATHER}]
    with anthropic.Anthropic(base_url=real_server.url, api_key="none", max_retries=0, timeout=120) as claude:
        options = {"model": MODEL, "max_tokens": 60, "tools": tools, "tool_choice": {"type": "any"}, "messages": ASK}
        reply = claude.messages.create(**options)
        with claude.messages.stream(**options) as stream:
            streamed = stream.get_final_message()
        result = {"type": "tool_result", "tool_use_id": reply.content[0].id, "content": "12 degrees, rain"}
        answer = claude.messages.create(
            model=MODEL,
            max_tokens=12,
            tools=tools,
            messages=[
                *ASK,
                {"role": "assistant", "content": reply.content},
                {"role": "user", "content": [result, {"type": "text", "text": "And now?"}]},
            ],
        )

    for message in (reply, streamed):
        assert message.stop_reason == "tool_use"
        assert [block.type for block in message.content] == ["tool_use"]
        assert follows(json.dumps(message.content[0].input))
    read = [message.usage.input_tokens + message.usage.cache_read_input_tokens for message in (reply, answer)]
    assert read[0] < read[1]


def test_ollama_tools_and_results_are_read(real_server: Server) -> None:
    client = ollama.Client(real_server.url, timeout=120)
    call = {"function": {"name": "get_weather", "arguments": {"city": "Warsaw", "unit": "celsius"}}}
    with_result = [
        *ASK,
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "tool_name": "get_weather", "content": "12 degrees, rain"},
    ]

    with contextlib.closing(client):
        plain = client.chat(MODEL, ASK, options={"num_predict": 1}).prompt_eval_count
        offered = client.chat(MODEL, ASK, tools=[TOOL], options={"num_predict": 1}).prompt_eval_count
        answered = client.chat(MODEL, with_result, tools=[TOOL], options={"num_predict": 1}).prompt_eval_count
        with pytest.raises(ollama.ResponseError, match="which nobody called"):
            client.chat(MODEL, [*ASK, {"role": "tool", "tool_name": "other", "content": "1"}])

    assert plain < offered < answered


def test_a_call_is_in_the_log_as_the_output(echo_server: Server, client: openai.OpenAI) -> None:
    reply = client.chat.completions.create(model="echo-chat", messages=ASK, tools=[TOOL], tool_choice="required")
    with contextlib.closing(sqlite3.connect(echo_server.data_dir / "hearth.db")) as database:
        rows = database.execute("SELECT output FROM interactions WHERE kind = 'chat'").fetchall()

    arguments = reply.choices[0].message.tool_calls[0].function.arguments
    assert json.loads(arguments) == {"city": ASK[0]["content"]}
    assert (f"get_weather {arguments}",) in rows


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"tool_choice": "required"}, "tool_choice goes with tools"),
        ({"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "x"}}}, "which is not in tools"),
        ({"tools": [{"type": "function", "function": {"name": "not a name"}}]}, "letters, digits"),
        ({"tools": [{"type": "web_search"}]}, "tools"),
        ({"functions": [{"name": "f"}]}, "functions is not supported"),
        ({"messages": picture("http://x.test/a.png")}, "not fetched from elsewhere"),
        ({"messages": picture("data:image/png;base64,????")}, "not base64"),
        ({"messages": picture("data:image/png;base64,aGVsbG8=")}, "no PNG, JPEG"),
        ({"messages": picture(f"data:image/png;base64,{PIXEL}")}, "can't do images"),
        ({"messages": [*ASK, {"role": "tool", "content": "12 degrees"}]}, "tool_call_id"),
    ],
)
def test_what_can_not_be_done_is_refused_by_name(client: openai.OpenAI, options: dict[str, object], named: str) -> None:
    with pytest.raises(openai.UnprocessableEntityError, match=named):
        client.chat.completions.create(**{"model": "echo-chat", "messages": ASK, **options})
