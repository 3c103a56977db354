"""One generation over HTTP: submitted once, then followed, handed over, or cancelled with its client."""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, Sequence

from fastapi import Request
from fastapi.responses import JSONResponse, Response

from api.caller import caller_of, studio_of
from api.idempotency import Once
from studio import Event, Failed, Job, StudioError, Terminal, error_class
from studio import Request as StudioRequest

STREAM_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


def submit(http: Request, wanted: StudioRequest, fingerprint: str | None = None) -> Job:
    """Submit a request for the caller; the same ``Idempotency-Key`` gives the same job again.

    Args:
        fingerprint: What tells this request from another, where ``wanted`` itself does not.

    Raises:
        StudioError: It is refused.
    """
    return submit_all(http, [wanted], fingerprint)[0]


def submit_all(http: Request, wanted: Sequence[StudioRequest], fingerprint: str | None = None) -> list[Job]:
    """Submit several requests, all or none; otherwise like ``submit``."""
    once: Once = http.app.state.once
    studio, caller = studio_of(http), caller_of(http)

    def make() -> list[Job]:
        jobs: list[Job] = []
        try:
            for request in wanted:
                jobs.append(studio.submit(request, caller))
        except StudioError:
            for job in jobs:
                job.cancel()
            raise
        return jobs

    return once.do(http, fingerprint or repr(wanted), make)


def wants_async(http: Request) -> bool:
    """Whether the client would rather have the job than wait for it: ``Prefer: respond-async``."""
    return any(part.strip().lower() == "respond-async" for part in http.headers.get("prefer", "").split(","))


def accepted(job: Job) -> Response:
    """Hand a job over: 202, and where to follow it."""
    headers = {"Location": f"/jobs/{job.id}", "Preference-Applied": "respond-async"}
    return JSONResponse({"id": job.id, "kind": job.kind, "state": job.state}, 202, headers=headers)


def raise_failed(event: Event) -> None:
    """Raise what a job failed with."""
    if isinstance(event, Failed):
        raise error_class(event.code)(event.message, **event.details)


async def first_output(job: Job, kinds: tuple[type, ...], *, patience_s: float | None = None) -> int:
    """Wait for the first output or the end, and return the number before it.

    A failure is raised here, while the status can still say so.

    Args:
        patience_s: Wait no longer and return 0: then the answer begins, and a failure is told in it.
    """
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(patience_s):
            async for number, event in job.events():
                raise_failed(event)
                if isinstance(event, (*kinds, Terminal)):
                    return number - 1
    return 0


async def ended(job: Job) -> None:
    """Wait for a job's end; raises what it failed with."""
    raise_failed(await job.ended())


async def merged(jobs: Sequence[Job], after: int = 0) -> AsyncGenerator[tuple[int, Event], None]:
    """Yield the events of several jobs as they come, each with its job's place; cancels the jobs on the way out.

    Args:
        after: Skip this many events of the first job.
    """
    tasks: list[asyncio.Task[None]] = []
    try:
        if len(jobs) == 1:  # the usual case goes without a queue between
            async for _, event in jobs[0].events(after):
                yield 0, event
            return
        found: asyncio.Queue[tuple[int, Event]] = asyncio.Queue()

        async def follow(index: int, job: Job) -> None:
            async for _, event in job.events(0 if index else after):
                found.put_nowait((index, event))

        tasks = [asyncio.create_task(follow(index, job)) for index, job in enumerate(jobs)]
        running = len(jobs)
        while running:
            index, event = await found.get()
            running -= isinstance(event, Terminal)
            yield index, event
    finally:
        for task in tasks:
            task.cancel()
        for job in jobs:
            job.cancel()  # the client went away; harmless when they have ended


def error_frame(event: Failed) -> str:
    """Return a failure as OpenAI's clients expect it inside a stream."""
    error = {"message": event.message, "type": "server_error", "param": None, "code": event.code}
    return f"data: {json.dumps({'error': error}, ensure_ascii=False)}\n\n"
