"""Who calls, and whether they are still there."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

from fastapi import Request

from studio import Caller, Job, Studio


def studio_of(request: Request) -> Studio:
    """Return the studio that this app serves."""
    return cast(Studio, request.app.state.studio)


def caller_of(request: Request) -> Caller:
    """Return the caller that the gate found out."""
    return Caller(owner=request.scope["hearth.owner"], role=request.scope["hearth.role"], via="api")


@asynccontextmanager
async def cancelled_when_gone(request: Request, *jobs: Job) -> AsyncIterator[None]:
    """Cancel jobs when their client hangs up inside the block, or the block fails."""

    def cancel() -> None:
        for job in jobs:
            job.cancel()

    async def watch() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        cancel()

    watcher = asyncio.create_task(watch())
    try:
        yield
    except BaseException:
        cancel()
        raise
    finally:
        watcher.cancel()
