"""What the start has made is no burden on what comes after it."""

import asyncio
import contextlib
import gc
from collections.abc import Iterator

import pytest
from fastapi import FastAPI

import app
from api.server import create_api
from studio import Studio
from tests.echo_models import until


@pytest.fixture(autouse=True)
def unfrozen() -> Iterator[None]:
    """Give the collector back what a test took from it, and before that what all tests did."""
    gc.unfreeze()
    yield
    gc.unfreeze()


def test_an_open_dashboard_is_left_out_of_every_later_collection(
    echo_studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [[number] for number in range(10_000)]
    monkeypatch.setattr(app, "build_dashboard", lambda _: (FastAPI(), FastAPI()))
    api = create_api(echo_studio)
    assert gc.get_freeze_count() < len(made)

    async def opened() -> None:
        async with contextlib.AsyncExitStack() as stack:
            await stack.enter_async_context(app.Dashboard(echo_studio, api).lifespan(api))
            await asyncio.to_thread(until, lambda: api.state.dashboard == "up", 60)

    asyncio.run(opened())

    assert gc.get_freeze_count() > len(made)
    assert not any(found is made for found in gc.get_objects())
