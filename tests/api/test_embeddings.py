"""Embeddings through the official clients, on the starter: across languages, as numbers and base64, refused."""

import base64
import math
import struct

import ollama
import openai
import pytest

from tests.serving import Server

MODEL = "multilingual-e5-small"
PASSAGES = [
    "Kot śpi na dachu, bo słońce tak miło grzeje.",
    "Umowa najmu wygasa po trzydziestu dniach od wypowiedzenia.",
    "Ciasto drożdżowe rośnie około godziny w ciepłym miejscu.",
]


def likeness(one: list[float], other: list[float]) -> float:
    """The cosine of the angle between two vectors of length 1."""
    return sum(a * b for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("How long until a rental contract ends?", 1),
        ("What does the cat do on the roof?", 0),
        ("How long does yeast dough have to rise?", 2),
    ],
)
def test_a_polish_passage_is_found_by_an_english_question(
    real_client: openai.OpenAI, question: str, answer: int
) -> None:
    passages = real_client.embeddings.create(
        model="text-embedding-3-small", input=PASSAGES, extra_body={"input_type": "document"}
    )
    asked = real_client.embeddings.create(model=MODEL, input=question, extra_body={"input_type": "query"})
    scores = [likeness(asked.data[0].embedding, row.embedding) for row in passages.data]

    assert passages.model == MODEL
    assert [row.index for row in passages.data] == [0, 1, 2]
    assert scores.index(max(scores)) == answer


def test_numbers_and_base64_are_the_same_vector_of_length_one(real_client: openai.OpenAI) -> None:
    def vector(form: dict[str, str]) -> list[float]:
        # The client turns base64 into numbers itself, unless it was asked for by name.
        return real_client.embeddings.create(model=MODEL, input="Zażółć gęślą jaźń", **form).data[0].embedding

    unasked, numbers = vector({}), vector({"encoding_format": "float"})
    text = vector({"encoding_format": "base64"})

    assert len(numbers) == 384
    assert math.hypot(*numbers) == pytest.approx(1)
    assert unasked == pytest.approx(numbers, abs=1e-6)
    assert struct.unpack("<384f", base64.b64decode(text)) == pytest.approx(numbers, abs=1e-6)


def test_a_prefix_that_is_there_is_not_put_twice(real_client: openai.OpenAI) -> None:
    own = real_client.embeddings.create(model=MODEL, input="query: cats", extra_body={"input_type": "query"})
    asked = real_client.embeddings.create(model=MODEL, input="cats", extra_body={"input_type": "query"})
    bare = real_client.embeddings.create(model=MODEL, input="cats")

    assert own.data[0].embedding == pytest.approx(asked.data[0].embedding, abs=1e-5)
    assert own.usage.prompt_tokens == asked.usage.prompt_tokens > bare.usage.prompt_tokens


def test_many_texts_come_back_in_their_order_and_are_counted_in_the_log(
    client: openai.OpenAI, echo_server: Server
) -> None:
    texts = [f"text number {number}" for number in range(100)]
    made = client.embeddings.create(model="echo-embedding", input=texts, dimensions=32)
    alone = client.embeddings.create(model="echo-embedding", input=texts[41], dimensions=32)

    assert len(made.data) == 100
    assert made.data[41].embedding == alone.data[0].embedding
    assert len(alone.data[0].embedding) == 32
    assert made.usage.total_tokens == 300


def test_ollamas_client_gets_the_same_vectors(real_server: Server, real_client: openai.OpenAI) -> None:
    client = ollama.Client(real_server.url, timeout=120)
    made = client.embed(MODEL, PASSAGES)
    client.close()
    same = real_client.embeddings.create(model=MODEL, input=PASSAGES, encoding_format="float")

    assert made.prompt_eval_count == same.usage.prompt_tokens
    for one, row in zip(made.embeddings, same.data, strict=True):
        assert likeness(list(one), row.embedding) > 0.999


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"dimensions": 100}, "dimensions is 100"),
        ({"input": "word " * 2_000}, r"input has a text of 2,00\d tokens; multilingual-e5-small reads 512"),
        ({"input": [[1, 2, 3]]}, "input has numbers of tokens"),
        ({"input": [1, 2, 3]}, "input has numbers of tokens"),
        ({"input": []}, "input has 0 texts"),
        ({"input": ["one", " "]}, "input is empty"),
        ({"input": "\u200b"}, "nothing to read"),
        ({"input": ["one"] * 2_049}, "input has 2,049 texts"),
        ({"encoding_format": "int8"}, "encoding_format"),
        ({"model": "smollm2-135m"}, "is a chat model"),
    ],
)
def test_what_can_not_be_done_is_refused_by_name(
    real_client: openai.OpenAI, options: dict[str, object], named: str
) -> None:
    with pytest.raises(openai.UnprocessableEntityError, match=named):
        real_client.embeddings.create(**{"model": MODEL, "input": "one", **options})
