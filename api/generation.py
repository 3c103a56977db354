"""One generation over HTTP: submitted once, then followed, handed over, or cancelled with its client."""

from fastapi import Request
from fastapi.responses import JSONResponse, Response

from api.caller import caller_of, studio_of
from api.idempotency import Once
from studio import Event, Failed, Job, Terminal, error_class
from studio import Request as StudioRequest

SSE_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


def submit(http: Request, wanted: StudioRequest, fingerprint: str | None = None) -> Job:
    """Submit a request for the caller; the same ``Idempotency-Key`` gives the same job again.

    Args:
        fingerprint: What tells this request from another, where ``wanted`` itself does not.

    Raises:
        StudioError: It is refused.
    """
    once: Once = http.app.state.once
    studio, caller = studio_of(http), caller_of(http)
    return once.do(http, fingerprint or repr(wanted), lambda: studio.submit(wanted, caller))


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


async def first_output(job: Job, kinds: tuple[type, ...]) -> int:
    """Wait for the first output or the end, and return the number before it.

    A failure is raised here, while the status can still say so.
    """
    async for number, event in job.events():
        raise_failed(event)
        if isinstance(event, (*kinds, Terminal)):
            return number - 1
    raise AssertionError("a job's events end with a terminal one")


async def ended(job: Job) -> None:
    """Wait for a job's end; raises what it failed with."""
    async for _, event in job.events():
        raise_failed(event)
