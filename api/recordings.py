"""The audio library over HTTP: recordings with what was measured of them, their steps, their sound and its pictures.

The original is never changed: a list of steps is made into sound as a job, whenever it changes.
"""

import asyncio
import dataclasses
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, File, Path, Query, Request, UploadFile
from fastapi.responses import FileResponse, JSONResponse, Response
from pydantic import BeforeValidator, Field

from api.caller import caller_of, cancelled_when_gone, studio_of
from api.documents import spooled
from api.generation import accepted, ended, wants_async
from api.idempotency import Once
from api.schemas import Cursor, Limit, ModelName, Page, Plain, Reply, content, examples, json_wanted
from api.strict import Strict
from studio import Job, Recording, Step, Version, step_of, step_told

router = APIRouter(prefix="/audio", tags=["audio"])
STEPS_MOST = 100


def _read(value: object) -> object:
    """Make a step of an object; 2.0 is a whole number in JSON, which knows no others."""
    if not isinstance(value, dict):
        return value
    whole = {name: int(each) if isinstance(each, float) and each.is_integer() else each for name, each in value.items()}
    return step_of(whole)


OneStep = Annotated[Annotated[Step, Field(discriminator="op")], BeforeValidator(_read)]
Steps = Annotated[list[OneStep], Field(max_length=STEPS_MOST)]
RecordingId = Annotated[str, Path(max_length=64)]
Seconds = Annotated[float, Query(ge=0, le=43_200)]
Upload = Annotated[UploadFile, File(description="A recording in any common format, up to 200 MB and 12 hours.")]


class SoundOut(Reply):
    """What was measured of a sound; ``lufs`` is its loudness by ITU-R BS.1770, null where it is silent or too short."""

    container: str
    codec: str
    sample_rate_hz: int
    channels: int
    layout: str
    bit_rate: int
    size_bytes: int
    seconds: float
    lufs: float | None
    peak_db: float | None
    tags: dict[str, str]


class RecordingOut(Reply):
    """A recording: its untouched original, the steps over it, and the files that those made, for ``GET /files/{id}``.

    ``results`` are empty while there are no steps, and several after a split.
    """

    id: str
    name: str
    original: SoundOut
    steps: list[dict[str, object]]
    revision: int
    undo: bool
    redo: bool
    state: Literal["ready", "waiting", "running", "failed", "cancelled", "interrupted"]
    error: str | None
    job: str | None
    edited: SoundOut | None
    results: list[str]
    created_at: str
    updated_at: str


class StepsBody(Strict):
    """The whole list of steps, in order; ``revision`` that it was read at refuses it where it was changed since."""

    steps: Steps
    revision: Annotated[int, Field(ge=0)] | None = None


class NameBody(Strict):
    """Another name."""

    name: Annotated[Plain, Field(min_length=1, max_length=200, pattern=r"\S")]


class BatchBody(Strict):
    """Steps that are put behind those of many recordings."""

    recordings: Annotated[list[str], Field(min_length=1, max_length=200)]
    steps: Annotated[Steps, Field(min_length=1)]


class JobRef(Reply):
    """A job to follow at ``/jobs/{id}``."""

    id: str
    kind: str
    state: str


class JobRefs(Reply):
    """Jobs to follow."""

    data: list[JobRef]


class PlanBody(Strict):
    """What is to be done, in English or Polish; ``model`` is a chat model for what the grammar does not know."""

    instruction: Annotated[Plain, Field(min_length=1, max_length=1_000, pattern=r"\S")]
    model: ModelName | None = None


class PlanOut(Reply):
    """The steps that an instruction means, to be looked at before they are put; ``by`` is grammar or a model's id."""

    steps: list[dict[str, object]]
    by: str


class WaveformOut(Reply):
    """The least and the greatest sample, -1 to 1, of equal spans between two places."""

    start_s: float
    end_s: float
    peaks: list[tuple[float, float]]


@router.post("/recordings", response_model=RecordingOut, status_code=201, dependencies=[Depends(json_wanted)])
async def add(request: Request, file: Upload) -> Response:
    """Take a recording into the library; the same file with the same name gives the same recording."""
    studio, caller = studio_of(request), caller_of(request)
    async with spooled(file) as path:
        job = await asyncio.to_thread(studio.add_recording, path, file.filename or "recording", caller)
        async with cancelled_when_gone(request, job):
            await ended(job)
    found = await asyncio.to_thread(studio.recording_of, job, caller)
    return JSONResponse(_out(found), 201, headers={"Location": f"/audio/recordings/{found.id}"})


@router.get("/recordings", response_model=Page[RecordingOut], dependencies=[Depends(json_wanted)])
def recordings(request: Request, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """The caller's recordings, the newest first."""
    found = studio_of(request).recordings.latest(caller_of(request).owner, limit + 1, cursor)
    more = found[limit - 1].id if len(found) > limit else None
    return JSONResponse({"data": [_out(each) for each in found[:limit]], "next": more})


@router.get("/recordings/{recording_id}", response_model=RecordingOut, dependencies=[Depends(json_wanted)])
def recording(request: Request, recording_id: RecordingId) -> Response:
    """One recording."""
    return JSONResponse(_out(studio_of(request).recording(recording_id, caller_of(request))))


@router.patch(
    "/recordings/{recording_id}",
    response_model=RecordingOut,
    dependencies=[Depends(json_wanted)],
    openapi_extra=examples({"name": "Interview.wav"}),
)
def rename(request: Request, recording_id: RecordingId, body: NameBody) -> Response:
    """Call a recording something else."""
    return JSONResponse(_out(studio_of(request).rename_recording(recording_id, body.name, caller_of(request))))


@router.delete("/recordings/{recording_id}", status_code=204, response_class=Response)
def delete(request: Request, recording_id: RecordingId) -> Response:
    """Delete a recording, its steps and all its files; a job that works on it is cancelled."""
    studio_of(request).delete_recording(recording_id, caller_of(request))
    return Response(status_code=204)


@router.put(
    "/recordings/{recording_id}/steps",
    response_model=RecordingOut,
    dependencies=[Depends(json_wanted)],
    openapi_extra=examples({"steps": [{"op": "trim", "start_s": 0.1}, {"op": "fade", "out_s": 0.2}]}),
)
async def put_steps(request: Request, recording_id: RecordingId, body: StepsBody) -> Response:
    """Put a list of steps in the place of the one there, and make its sound; ``Prefer: respond-async`` gets the job."""
    studio, caller, once = studio_of(request), caller_of(request), _once(request)

    def make() -> list[Job]:
        job = studio.set_steps(recording_id, body.steps, caller, body.revision)
        return [] if job is None else [job]

    jobs = await asyncio.to_thread(once.do, request, f"{recording_id} {body!r}", make)
    return await _made(request, recording_id, jobs)


@router.post("/recordings/{recording_id}/undo", response_model=RecordingOut, dependencies=[Depends(json_wanted)])
async def undo(request: Request, recording_id: RecordingId) -> Response:
    """Bring back the list of steps before the last change, and make its sound; 409 where there is none."""
    return await _stepped(request, recording_id, -1)


@router.post("/recordings/{recording_id}/redo", response_model=RecordingOut, dependencies=[Depends(json_wanted)])
async def redo(request: Request, recording_id: RecordingId) -> Response:
    """Bring back the list of steps that was undone last, and make its sound; 409 where there is none."""
    return await _stepped(request, recording_id, 1)


@router.post("/recordings/{recording_id}/make", response_model=RecordingOut, dependencies=[Depends(json_wanted)])
async def make(request: Request, recording_id: RecordingId) -> Response:
    """Make the sound of a recording's steps anew from its original, as after a failure."""
    studio, caller = studio_of(request), caller_of(request)
    job = await asyncio.to_thread(studio.make, recording_id, caller)
    return await _made(request, recording_id, [] if job is None else [job])


@router.post(
    "/edits",
    response_model=JobRefs,
    status_code=202,
    dependencies=[Depends(json_wanted)],
    openapi_extra=examples({"recordings": ["0" * 32], "steps": [{"op": "normalise", "lufs": -16}]}),
)
async def batch(request: Request, body: BatchBody) -> Response:
    """Put the same steps behind those of many recordings, a job each; all are checked before any begins."""
    studio, caller = studio_of(request), caller_of(request)
    jobs = await asyncio.to_thread(
        _once(request).do, request, repr(body), lambda: studio.edit_all(body.recordings, body.steps, caller)
    )
    return JSONResponse({"data": [{"id": job.id, "kind": job.kind, "state": job.state} for job in jobs]}, 202)


@router.post(
    "/plans",
    response_model=PlanOut,
    dependencies=[Depends(json_wanted)],
    openapi_extra=examples({"instruction": "cut the first 3 seconds, then fade out over 2"}),
)
async def plan(request: Request, body: PlanBody) -> Response:
    """Read an instruction as steps; nothing is done. 422 says which part of it is nothing that can be done."""
    studio, caller = studio_of(request), caller_of(request)
    found = await asyncio.to_thread(studio.plan_edit, body.instruction, caller, body.model)
    return JSONResponse({"steps": [step_told(step) for step in found.steps], "by": found.by})


@router.get(
    "/recordings/{recording_id}/original",
    response_class=FileResponse,
    responses={200: content("audio/wav", "audio/mpeg", "audio/flac", "audio/ogg", "application/octet-stream")},
)
def original(request: Request, recording_id: RecordingId, download: bool = False) -> FileResponse:
    """The untouched original; ``download=1`` saves it instead of playing it."""
    file, mime = studio_of(request).original_sound(recording_id, caller_of(request))
    inline = bool(mime) and not download
    return FileResponse(
        file.path,
        media_type=mime or "application/octet-stream",
        filename=file.name,
        content_disposition_type="inline" if inline else "attachment",
        headers={"Cache-Control": "private, no-cache", "X-Content-Type-Options": "nosniff"},
    )


@router.get("/recordings/{recording_id}/waveform", response_model=WaveformOut, dependencies=[Depends(json_wanted)])
def waveform(
    request: Request,
    recording_id: RecordingId,
    version: Version = "original",
    points: Annotated[int, Query(ge=1, le=4_000)] = 1_000,
    start_s: Seconds = 0.0,
    end_s: Seconds | None = None,
) -> Response:
    """A waveform to draw, of the original or of what the steps made, whole or a part."""
    studio, caller = studio_of(request), caller_of(request)
    found = studio.waveform(recording_id, version, caller, points=points, start_s=start_s, end_s=end_s)
    return JSONResponse(dataclasses.asdict(found))


@router.get(
    "/recordings/{recording_id}/spectrogram.png", response_class=Response, responses={200: content("image/png")}
)
def spectrogram(
    request: Request,
    recording_id: RecordingId,
    version: Version = "original",
    start_s: Seconds = 0.0,
    end_s: Seconds | None = None,
) -> Response:
    """A picture of which frequencies are there when, up to half the sample rate on the mel scale, low ones below."""
    studio, caller = studio_of(request), caller_of(request)
    png = studio.spectrogram(recording_id, version, caller, start_s=start_s, end_s=end_s)
    return Response(png, media_type="image/png", headers={"Cache-Control": "private, no-cache"})


def _once(request: Request) -> Once:
    once: Once = request.app.state.once
    return once


async def _stepped(request: Request, recording_id: str, by: Literal[-1, 1]) -> Response:
    studio, caller = studio_of(request), caller_of(request)
    job = await asyncio.to_thread(studio.step_back, recording_id, caller, by)
    return await _made(request, recording_id, [] if job is None else [job])


async def _made(request: Request, recording_id: str, jobs: list[Job]) -> Response:
    if jobs and wants_async(request):
        return accepted(jobs[0])
    for job in jobs:
        await ended(job)  # it goes on when the client leaves: the steps are kept, and their sound will be wanted
    return JSONResponse(_out(studio_of(request).recording(recording_id, caller_of(request))))


def _out(found: Recording) -> dict[str, object]:
    return {
        "id": found.id,
        "name": found.name,
        "original": _sound(found.info),
        "steps": list(found.steps),
        "revision": found.revision,
        "undo": found.undo,
        "redo": found.redo,
        "state": found.state,
        "error": found.error,
        "job": found.job_id,
        "edited": None if found.result_info is None else _sound(found.result_info),
        "results": list(found.results),
        "created_at": found.created_at,
        "updated_at": found.updated_at,
    }


def _sound(info: object) -> dict[str, object]:
    assert isinstance(info, dict)
    return {name: info[name] for name in SoundOut.model_fields}
