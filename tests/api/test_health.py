"""The health of all parts over HTTP, and what it costs to be asked often."""

import asyncio
import threading

import httpx
import pytest

from api.server import create_api
from studio import Health, Studio


async def test_many_who_ask_at_once_share_one_look(echo_studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[str] = []
    look = echo_studio.health

    def counted() -> Health:
        looks.append(threading.current_thread().name)
        return look()

    monkeypatch.setattr(echo_studio, "health", counted)
    transport = httpx.ASGITransport(create_api(echo_studio))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", timeout=60) as client:
        answers = await asyncio.gather(*(client.get("/health") for _ in range(20)))

    assert {answer.status_code for answer in answers} == {200}
    assert len(looks) == 1
    assert looks[0] != threading.current_thread().name


async def test_a_look_soon_tells_what_is_new(echo_studio: Studio) -> None:
    transport = httpx.ASGITransport(create_api(echo_studio))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", timeout=60) as client:
        assert (await client.get("/health")).json()["interactions"] == 0
        await asyncio.to_thread(echo_studio.chat, "Hello")
        while (await client.get("/health")).json()["interactions"] != 1:
            await asyncio.sleep(0.01)  # polls
