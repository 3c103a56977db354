"""Jobs and the files they make: follow, replay, cancel, listen while it is spoken, download."""

import json
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import FileResponse, JSONResponse, Response, StreamingResponse

from api.caller import caller_of, studio_of
from api.event_stream import EventStream
from api.schemas import Reply, content
from studio import Event, Job, Kind, Progress

router = APIRouter(tags=["jobs"])
# Inline only what can't run script in our origin.
INLINE = ("audio/wav", "audio/mpeg", "audio/flac", "audio/ogg", "audio/mp4", "image/png")


class JobOut(Reply):
    """A job; ``position`` is its place in the queue, 0 once it runs."""

    id: str
    kind: Kind
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    model: str | None
    position: int


class JobList(Reply):
    """Unfinished jobs."""

    data: list[JobOut]


def as_json(event: Event) -> dict[str, object]:
    """Return an event as JSON: its class's name in lower case, and its fields; previews are left out."""
    values = asdict(event)
    if isinstance(event, Progress):
        values.pop("preview")
    return {"type": type(event).__name__.lower(), **values}


def describe(job: Job) -> dict[str, object]:
    """Return a job as JSON."""
    return {
        "id": job.id,
        "kind": job.kind,
        "state": job.state,
        "model": job.spec.id if job.spec else None,
        "position": job.position,
    }


@router.get("/jobs", response_model=JobList)
def jobs(request: Request) -> Response:
    """The caller's unfinished jobs, oldest first."""
    return JSONResponse({"data": [describe(job) for job in studio_of(request).jobs(caller_of(request))]})


@router.get("/jobs/{job_id}", response_model=JobOut)
def job(request: Request, job_id: str) -> Response:
    """One job of the caller's."""
    return JSONResponse(describe(studio_of(request).job(job_id, caller_of(request))))


@router.post("/jobs/{job_id}/cancel", response_model=JobOut, status_code=202)
def cancel(request: Request, job_id: str) -> Response:
    """Stop a job; what it has made so far is kept."""
    found = studio_of(request).job(job_id, caller_of(request))
    found.cancel()
    return JSONResponse(describe(found), 202)


@router.get("/jobs/{job_id}/events", response_class=StreamingResponse, responses={200: content("text/event-stream")})
async def events(
    request: Request,
    job_id: str,
    after: Annotated[int, Query(ge=0)] = 0,
    last_event_id: Annotated[int | None, Header(ge=0)] = None,
) -> EventStream:
    """Follow a job as server-sent events; ``Last-Event-ID`` or ``after`` replays what came since.

    A comment comes every 15 seconds when nothing else does, so that no proxy cuts the connection.
    """
    found = studio_of(request).job(job_id, caller_of(request))

    async def stream() -> AsyncIterator[str]:
        async for number, event in found.events(after if last_event_id is None else last_event_id):
            yield f"id: {number}\ndata: {json.dumps(as_json(event), ensure_ascii=False, default=str)}\n\n"

    return EventStream(stream())


@router.get("/jobs/{job_id}/audio.mp3", response_class=StreamingResponse, responses={200: content("audio/mpeg")})
async def audio(request: Request, job_id: str) -> StreamingResponse:
    """The speech of a job as MP3, from its beginning, while it is still being made."""
    studio = studio_of(request)
    found = studio.job(job_id, caller_of(request))
    return StreamingResponse(studio.audio_stream(found), media_type="audio/mpeg", headers={"Cache-Control": "no-store"})


@router.get("/jobs/{job_id}/audio.pcm", response_class=StreamingResponse, responses={200: content("audio/pcm")})
async def samples(request: Request, job_id: str) -> StreamingResponse:
    """The same as bare samples, 24,000 Hz, 16 bit, mono, little-endian: a player need not wait for a whole frame."""
    studio = studio_of(request)
    found = studio.job(job_id, caller_of(request))
    stream = studio.audio_stream(found, "pcm")
    return StreamingResponse(stream, media_type="audio/pcm", headers={"Cache-Control": "no-store"})


@router.get(
    "/files/{file_id}",
    response_class=FileResponse,
    responses={200: content(*INLINE, "application/octet-stream")},
)
def file(request: Request, file_id: str, download: bool = False) -> FileResponse:
    """A file that one of the caller's jobs made; ``download=1`` saves it instead of showing it."""
    found = studio_of(request).artifact(file_id, caller_of(request))
    inline = found.mime in INLINE and not download
    return FileResponse(
        found.path,
        media_type=found.mime if found.mime in INLINE else "application/octet-stream",
        filename=found.name,
        content_disposition_type="inline" if inline else "attachment",
        headers={"Cache-Control": "private, max-age=31536000, immutable"},
    )
