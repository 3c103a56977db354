"""Chat and text completions with the options that llama.cpp has, on the real starter, through the official client."""

import json

import openai
import pytest

CHAT = "smollm2-135m"
PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 12},
        "age": {"type": "integer", "minimum": 0, "maximum": 120},
    },
    "required": ["name", "age"],
    "additionalProperties": False,
}


def ask(text: str) -> list[dict[str, str]]:
    """A conversation of one question."""
    return [{"role": "user", "content": text}]


def test_a_schema_is_followed_to_the_letter(real_client: openai.OpenAI) -> None:
    reply = real_client.chat.completions.create(
        model="gpt-4o-mini",
        messages=ask("Describe a person."),
        max_tokens=80,
        seed=3,
        response_format={"type": "json_schema", "json_schema": {"name": "person", "schema": PERSON, "strict": True}},
    )

    person = json.loads(reply.choices[0].message.content)
    assert set(person) == {"name", "age"}
    assert len(person["name"]) <= 12
    assert 0 <= person["age"] <= 120
    assert reply.model == CHAT


def test_a_schema_that_is_none_is_refused_by_name(real_client: openai.OpenAI) -> None:
    wrong = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "nonsense"}}}

    with pytest.raises(openai.UnprocessableEntityError, match="json_schema"):
        real_client.chat.completions.create(model=CHAT, messages=ask("Hi"), response_format=wrong)


def test_log_probabilities_come_with_every_token(real_client: openai.OpenAI) -> None:
    reply = real_client.chat.completions.create(
        model=CHAT, messages=ask("Say hello."), max_tokens=5, logprobs=True, top_logprobs=2
    )

    tokens = reply.choices[0].logprobs.content
    assert "".join(token.token for token in tokens).startswith(reply.choices[0].message.content)
    assert all(token.logprob <= 0 and len(token.top_logprobs) == 2 for token in tokens)
    assert all(bytes(token.bytes).decode() == token.token for token in tokens)


def test_several_replies_come_at_once_and_each_seed_gives_its_own(real_client: openai.OpenAI) -> None:
    def replies() -> list[str]:
        reply = real_client.chat.completions.create(
            model=CHAT, messages=ask("Name a colour."), max_tokens=8, n=2, seed=11, temperature=1.2
        )
        assert [choice.index for choice in reply.choices] == [0, 1]
        assert reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens
        return [choice.message.content for choice in reply.choices]

    first, second = replies()

    assert first != second


def test_several_streamed_replies_keep_apart(client: openai.OpenAI) -> None:
    texts = {0: "", 1: "", 2: ""}
    ends: list[int] = []
    stream = client.chat.completions.create(
        model="gpt-4o", messages=ask("one two three"), n=3, stream=True, stream_options={"include_usage": True}
    )
    for chunk in stream:
        for choice in chunk.choices:
            texts[choice.index] += choice.delta.content or ""
            ends += [choice.index] if choice.finish_reason else []
        usage = chunk.usage

    assert set(texts.values()) == {"one two three"}
    assert sorted(ends) == [0, 1, 2]
    assert usage.completion_tokens == 9


def test_a_text_is_continued_without_a_template(real_client: openai.OpenAI) -> None:
    whole = real_client.completions.create(
        model=CHAT, prompt="1, 2, 3, 4, 5,", max_tokens=6, temperature=0, echo=True, logprobs=1
    )

    assert whole.choices[0].text.startswith("1, 2, 3, 4, 5, 6")
    assert whole.choices[0].finish_reason == "length"
    assert len(whole.choices[0].logprobs.tokens) == 6
    assert whole.choices[0].logprobs.text_offset[0] == len("1, 2, 3, 4, 5,")
    assert whole.usage.completion_tokens == 6


def test_a_streamed_completion_is_the_same_text(real_client: openai.OpenAI) -> None:
    options = {"model": CHAT, "prompt": "1, 2, 3, 4, 5,", "max_tokens": 6, "temperature": 0}
    whole = real_client.completions.create(**options)
    chunks = list(real_client.completions.create(**options, stream=True))

    assert "".join(chunk.choices[0].text for chunk in chunks) == whole.choices[0].text
    assert chunks[-1].choices[0].finish_reason == "length"


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"logprobs": True}, "logprobs"),
        ({"response_format": {"type": "json_object"}}, "json_schema"),
        ({"frequency_penalty": 0.5}, "frequency_penalty is not supported"),
        ({"top_logprobs": 2}, "top_logprobs goes with"),
        ({"n": 99}, "n is 99"),
    ],
)
def test_what_an_engine_can_not_do_is_refused_by_name(
    client: openai.OpenAI, options: dict[str, object], named: str
) -> None:
    with pytest.raises(openai.UnprocessableEntityError, match=named):
        client.chat.completions.create(model="echo-chat", messages=ask("Hi"), **options)
