"""Messages through the official anthropic client: whole, streamed, counted, refused."""

from collections.abc import Iterator

import anthropic
import httpx
import pytest

from tests.serving import Server

HELLO = [{"role": "user", "content": "Say hello to the whole wide world."}]


@pytest.fixture
def claude(echo_server: Server) -> Iterator[anthropic.Anthropic]:
    """The official client on the echo server."""
    with anthropic.Anthropic(base_url=echo_server.url, api_key="none", max_retries=0, timeout=30) as client:
        yield client


@pytest.fixture
def real_claude(real_server: Server) -> Iterator[anthropic.Anthropic]:
    """The official client on the starters."""
    with anthropic.Anthropic(base_url=real_server.url, api_key="none", max_retries=0, timeout=120) as client:
        yield client


def test_a_message_is_answered_and_tells_the_real_model(claude: anthropic.Anthropic) -> None:
    reply = claude.messages.create(
        model="claude-sonnet-4-6",
        max_tokens=100,
        system=[{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
        messages=[{"role": "user", "content": [{"type": "text", "text": "Hello there"}]}],
    )

    assert reply.content[0].text == "Hello there"
    assert reply.model == "echo-chat"
    assert reply.stop_reason == "end_turn"
    assert (reply.usage.input_tokens, reply.usage.output_tokens) == (4, 2)


def test_a_limit_of_tokens_is_told_as_the_reason(claude: anthropic.Anthropic) -> None:
    reply = claude.messages.create(model="echo-chat", max_tokens=2, messages=HELLO)

    assert reply.stop_reason == "max_tokens"
    assert reply.content[0].text == "Say hello"


def test_a_stream_has_every_event_in_its_order(claude: anthropic.Anthropic) -> None:
    stream = claude.messages.create(model="echo-chat", max_tokens=100, messages=HELLO, stream=True)
    kinds = [event.type for event in stream]

    assert kinds[:2] == ["message_start", "content_block_start"]
    assert kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"]
    assert set(kinds[2:-3]) == {"content_block_delta"}


def test_the_real_model_streams_what_it_says_whole(real_claude: anthropic.Anthropic) -> None:
    options = {
        "model": "claude-haiku-4-5", "max_tokens": 16, "messages": HELLO, "extra_body": {"temperature": 0}
    }  # fmt: skip
    with real_claude.messages.stream(**options) as stream:
        pieces = list(stream.text_stream)
        final = stream.get_final_message()
    whole = real_claude.messages.create(**options)

    assert len(pieces) > 3
    assert final.content[0].text == whole.content[0].text == "".join(pieces)
    assert final.model == "smollm2-135m"
    assert final.usage.output_tokens == whole.usage.output_tokens > 3


def test_the_count_of_tokens_is_what_the_model_then_reads(real_claude: anthropic.Anthropic) -> None:
    conversation = {"model": "smollm2-135m", "system": "Be kind. Zażółć!", "messages": HELLO}

    counted = real_claude.messages.count_tokens(**conversation).input_tokens
    usage = real_claude.messages.create(max_tokens=1, **conversation).usage

    assert counted == usage.input_tokens + usage.cache_read_input_tokens > 10


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, "tools"),
        ({"extra_body": {"temperature": 1.5}}, "temperature"),
        ({"max_tokens": 0}, "max_tokens is 0"),
    ],
)
def test_what_can_not_be_done_is_refused_by_name(
    claude: anthropic.Anthropic, options: dict[str, object], named: str
) -> None:
    with pytest.raises(anthropic.UnprocessableEntityError, match=named) as refused:
        claude.messages.create(**{"model": "echo-chat", "max_tokens": 10, "messages": HELLO, **options})

    assert refused.value.body["error"]["type"] == "invalid_request_error"


def test_an_unknown_model_is_not_found_in_the_form_of_this_protocol(claude: anthropic.Anthropic) -> None:
    with pytest.raises(anthropic.NotFoundError, match="echo-chat") as refused:
        claude.messages.create(model="mystery", max_tokens=10, messages=HELLO)

    assert refused.value.body["error"]["type"] == "not_found_error"
    assert refused.value.body["request_id"] == refused.value.response.headers["x-request-id"]


def test_a_client_that_hangs_up_cancels_its_job(claude: anthropic.Anthropic, http: httpx.Client) -> None:
    long = [{"role": "user", "content": "word " * 8_000}]
    with claude.messages.create(model="echo-chat", max_tokens=100_000, messages=long, stream=True) as stream:
        next(iter(stream))

    while http.get("/jobs").json()["data"]:
        pass  # it ends by being cancelled, or the test by its time limit
