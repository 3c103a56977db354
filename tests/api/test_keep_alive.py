"""A stream that has nothing to tell for long sends comments, which official clients pass over."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import openai
import pytest

from api import anthropic, event_stream, openai_responses
from api import openai as openai_routes
from api.server import behind_the_door, create_api
from studio import Settings, Studio
from tests.echo_models import install_echo

COMMENT = event_stream.COMMENT.decode()
CHAT = {"model": "slow", "messages": [{"role": "user", "content": "one two three"}], "stream": True}


@pytest.fixture
def door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[httpx.ASGITransport]:
    """The API with a model that takes half a second for a word, and comments ten times as often."""
    install_echo(tmp_path, "slow", delay_s=0.5)
    install_echo(tmp_path, "broken", delay_s=0.5, fail_after=1)
    for module in (event_stream, openai_routes, openai_responses, anthropic):
        monkeypatch.setattr(module, "KEEP_ALIVE_S", 0.05)
    settings = Settings(data_dir=tmp_path, no_starters=True, ollama_host="http://127.0.0.1:9")
    with Studio.open(settings) as studio:
        yield httpx.ASGITransport(behind_the_door(create_api(studio), studio))


def asked(door: httpx.ASGITransport, method: str, path: str, **options: object) -> httpx.Response:
    """Ask without a server between."""

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=door, base_url="http://127.0.0.1", timeout=60) as client:
            return await client.request(method, path, **options)  # type: ignore[arg-type]

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("path", "body", "end"),
    [
        ("/v1/chat/completions", CHAT, "data: [DONE]\n\n"),
        ("/v1/responses", {"model": "slow", "input": "one two three", "stream": True}, "response.completed"),
        ("/v1/messages", {**CHAT, "max_tokens": 9}, "message_stop"),
    ],
)
def test_a_slow_reply_is_never_silent_for_long(
    door: httpx.ASGITransport, path: str, body: dict[str, object], end: str
) -> None:
    answer = asked(door, "POST", path, json=body)

    assert answer.status_code == 200
    assert answer.text.count(COMMENT) > 3
    assert end in answer.text
    assert "three" in answer.text.replace(COMMENT, "")


def test_a_followed_job_is_never_silent_for_long_and_its_events_are_whole(door: httpx.ASGITransport) -> None:
    job = asked(door, "POST", "/v1/chat/completions", json=CHAT, headers={"Prefer": "respond-async"})

    text = asked(door, "GET", f"{job.headers['location']}/events").text

    assert COMMENT in text
    frames = [frame for frame in text.replace(COMMENT, "").split("\n\n") if frame]
    assert [json.loads(frame.split("data: ", 1)[1])["type"] for frame in frames][-1] == "done"
    assert not text.endswith(COMMENT)


def test_a_failure_after_the_stream_has_begun_is_told_in_it(door: httpx.ASGITransport) -> None:
    answer = asked(door, "POST", "/v1/chat/completions", json={**CHAT, "model": "broken"})

    assert answer.status_code == 200
    assert "engine_failed" in answer.text


def test_the_official_client_passes_over_the_comments(door: httpx.ASGITransport) -> None:
    async def said() -> str:
        http = httpx.AsyncClient(transport=door, base_url="http://127.0.0.1", timeout=60)
        async with openai.AsyncOpenAI(base_url="http://127.0.0.1/v1", api_key="none", http_client=http) as client:
            stream = await client.chat.completions.create(
                model="slow", messages=[{"role": "user", "content": "one two three"}], stream=True
            )
            return "".join([chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices])

    assert asyncio.run(said()) == "one two three"
