"""Responses through the official client: events in order, going on by id, stored and deleted, tools, schemas."""

import json

import openai
import pytest

MODEL = "smollm2-135m"
TOOL = {
    "type": "function",
    "name": "get_weather",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string", "maxLength": 12}},
        "required": ["city"],
        "additionalProperties": False,
    },
}


def test_a_stream_has_the_official_events_in_their_order(real_client: openai.OpenAI) -> None:
    events = list(
        real_client.responses.create(
            model="gpt-4o",
            instructions="Be brief.",
            input="Tell me about the sea.",
            max_output_tokens=6,
            temperature=0,
            stream=True,
        )
    )
    kinds = [event.type for event in events]

    assert kinds[:4] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
    ]
    assert set(kinds[4:-4]) == {"response.output_text.delta"}
    assert kinds[-4:] == [
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.incomplete",
    ]
    assert [event.sequence_number for event in events] == list(range(len(events)))
    final = events[-1].response
    assert "".join(event.delta for event in events[4:-4]) == final.output_text
    assert final.incomplete_details.reason == "max_output_tokens"
    assert (final.model, final.usage.output_tokens) == (MODEL, 6)
    assert real_client.responses.retrieve(final.id).output_text == final.output_text


def test_a_conversation_goes_on_from_a_stored_response_without_its_instructions(client: openai.OpenAI) -> None:
    first = client.responses.create(model="echo-chat", instructions="one two three", input="Hello there")
    second = client.responses.create(model="echo-chat", input="And again", previous_response_id=first.id)

    assert first.status == "completed"
    assert (first.output_text, second.output_text) == ("Hello there", "And again")
    assert first.usage.input_tokens == 5
    # Two words, the reply to them, and two more: what was said, and not the instructions.
    assert second.usage.input_tokens == 6
    assert second.previous_response_id == first.id


def test_a_response_is_kept_until_it_is_deleted(client: openai.OpenAI) -> None:
    made = client.responses.create(model="echo-chat", input="Keep me", metadata={"a": "b"})
    kept = client.responses.retrieve(made.id)
    items = list(client.responses.input_items.list(made.id))
    client.responses.delete(made.id)

    assert kept.to_dict() == made.to_dict()
    assert kept.metadata == {"a": "b"}
    assert items[0].content[0].text == "Keep me"
    with pytest.raises(openai.NotFoundError, match="no stored response"):
        client.responses.retrieve(made.id)
    with pytest.raises(openai.NotFoundError, match="no stored response"):
        client.responses.create(model="echo-chat", input="Go on", previous_response_id=made.id)


def test_a_response_that_shall_not_be_stored_is_not(client: openai.OpenAI) -> None:
    made = client.responses.create(model="echo-chat", input="Forget me", store=False)

    assert made.output_text == "Forget me"
    with pytest.raises(openai.NotFoundError, match="store false"):
        client.responses.retrieve(made.id)


def test_a_function_is_called_and_its_result_answered(real_client: openai.OpenAI) -> None:
    ask = [{"role": "user", "content": "What is the weather in Warsaw?"}]
    made = real_client.responses.create(
        model=MODEL, input=ask, tools=[TOOL], tool_choice="required", max_output_tokens=40
    )
    streamed = list(
        real_client.responses.create(
            model=MODEL,
            input=ask,
            tools=[TOOL],
            tool_choice={"type": "function", "name": "get_weather"},
            max_output_tokens=40,
            stream=True,
        )
    )
    call = made.output[0]
    result = {"type": "function_call_output", "call_id": call.call_id, "output": "12 degrees"}
    by_id = real_client.responses.create(
        model=MODEL, input=[result], tools=[TOOL], previous_response_id=made.id, max_output_tokens=4
    )
    by_items = real_client.responses.create(
        model=MODEL, input=[*ask, *made.output, result], tools=[TOOL], max_output_tokens=4
    )

    assert (call.type, call.name) == ("function_call", "get_weather")
    assert set(json.loads(call.arguments)) == {"city"}
    done = next(event for event in streamed if event.type == "response.function_call_arguments.done")
    pieces = [event.delta for event in streamed if event.type == "response.function_call_arguments.delta"]
    assert "".join(pieces) == done.arguments == streamed[-1].response.output[0].arguments
    assert by_id.usage.input_tokens == by_items.usage.input_tokens > made.usage.input_tokens


def test_text_follows_a_schema(real_client: openai.OpenAI) -> None:
    schema = {"type": "object", "properties": {"yes": {"type": "boolean"}}, "required": ["yes"]}
    schema["additionalProperties"] = False
    form = {"type": "json_schema", "name": "answer", "schema": schema, "strict": True}

    made = real_client.responses.create(model=MODEL, input="Is it raining?", text={"format": form})

    assert set(json.loads(made.output_text)) == {"yes"}


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"tools": [{"type": "web_search"}]}, "tools"),
        ({"background": True}, "background"),
        ({"truncation": "auto"}, "truncation"),
        ({"reasoning": {"effort": "low"}}, "reasoning is not supported"),
        ({"input": [{"type": "item_reference", "id": "x"}]}, "input"),
        ({"input": []}, "input"),
        ({"max_output_tokens": 0}, "max_tokens is 0"),
        ({"text": {"format": {"type": "json_object"}}}, "json_schema"),
    ],
)
def test_what_can_not_be_done_is_refused_by_name(client: openai.OpenAI, options: dict[str, object], named: str) -> None:
    with pytest.raises(openai.UnprocessableEntityError, match=named):
        client.responses.create(**{"model": "echo-chat", "input": "Hi", **options})
