"""Transcripts over HTTP: a recording written down and kept, its segments mended, taken back, exported."""

import asyncio
import json
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Path, Request, UploadFile
from fastapi.responses import JSONResponse, Response
from pydantic import Field

from api.caller import caller_of, studio_of
from api.documents import spooled
from api.generation import accepted, ended, wants_async
from api.schemas import Cursor, Language, Limit, ModelName, Page, Plain, Reply, content, examples, json_wanted
from api.strict import Strict, StrictForm
from api.subtitles import as_srt, as_vtt
from studio import KeptTranscript, Segment

router = APIRouter(prefix="/audio/transcripts", tags=["audio"])
TranscriptId = Annotated[str, Path(max_length=64)]
Seconds = Annotated[float, Field(ge=0, le=43_200)]
Revision = Annotated[int, Field(ge=0)]
ExportFormat = Literal["txt", "srt", "vtt", "json"]
MIME = {"txt": "text/plain", "srt": "application/x-subrip", "vtt": "text/vtt", "json": "application/json"}


class TranscriptForm(StrictForm):
    """A recording in any common format, up to 200 MB and 12 hours; it is kept in the audio library too."""

    file: UploadFile
    model: ModelName | None = None
    language: Language | None = None


class WordOut(Reply):
    """A word and when it is said."""

    start_s: float
    end_s: float
    text: str


class SegmentOut(Reply):
    """A passage, and its words where the model tells when they are said."""

    start_s: float
    end_s: float
    text: str
    words: list[WordOut]


class TranscriptLine(Reply):
    """A transcript without its text; ``revision`` counts its edits."""

    id: str
    name: str
    recording: str
    model: str | None
    language: str | None
    state: Literal["waiting", "running", "done", "failed", "cancelled", "interrupted"]
    error: str | None
    job: str | None
    revision: int
    undo: bool
    redo: bool
    created_at: str
    updated_at: str


class TranscriptOut(TranscriptLine):
    """A transcript with its segments as they are now; ``edited``: they are not what was recognised."""

    edited: bool
    segments: list[SegmentOut]


class SegmentBody(Strict):
    """What comes in the place of other segments."""

    start_s: Seconds
    end_s: Seconds
    text: Annotated[Plain, Field(min_length=1, max_length=5_000, pattern=r"\S")]


class EditBody(Strict):
    """Segments in the place of ``remove`` others from number ``at`` on: to mend one, merge two, split or delete one.

    ``revision`` that the transcript was read at refuses the edit where it was changed since.
    """

    at: Annotated[int, Field(ge=0, le=1_000_000)]
    remove: Annotated[int, Field(ge=0, le=10_000)] = 0
    segments: Annotated[list[SegmentBody], Field(max_length=10_000)]
    revision: Revision | None = None


class RevisionBody(Strict):
    """The ``revision`` that the transcript was read at; it refuses where it was changed since."""

    revision: Revision | None = None


@router.post("", response_model=TranscriptOut, status_code=201, dependencies=[Depends(json_wanted)])
async def add(request: Request, body: Annotated[TranscriptForm, Form()]) -> Response:
    """Write a recording down and keep the transcript; with ``Prefer: respond-async`` get a job to follow instead."""
    studio, caller = studio_of(request), caller_of(request)
    async with spooled(body.file) as path:
        added = await asyncio.to_thread(studio.add_recording, path, body.file.filename or "recording", caller)
        await ended(added)
    recording = await asyncio.to_thread(studio.recording_of, added, caller)
    job = await asyncio.to_thread(studio.transcribe_recording, recording.id, caller, body.model, body.language)
    found = studio.transcript_of(job, caller)
    if wants_async(request):
        answer = accepted(job)
        answer.headers["Link"] = f'</audio/transcripts/{found.id}>; rel="item"'
        return answer
    await ended(job)
    headers = {"Location": f"/audio/transcripts/{found.id}"}
    return JSONResponse(_out(studio.transcript(found.id, caller)), 201, headers=headers)


@router.get("", response_model=Page[TranscriptLine], dependencies=[Depends(json_wanted)])
def transcripts(request: Request, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """The caller's transcripts without their text, the newest first."""
    found = studio_of(request).transcripts.latest(caller_of(request).owner, limit + 1, cursor)
    more = found[limit - 1].id if len(found) > limit else None
    return JSONResponse({"data": [_line(each) for each in found[:limit]], "next": more})


@router.get("/{transcript_id}", response_model=TranscriptOut, dependencies=[Depends(json_wanted)])
def transcript(request: Request, transcript_id: TranscriptId) -> Response:
    """One transcript; while it is being written, with what is heard so far."""
    return JSONResponse(_out(studio_of(request).transcript(transcript_id, caller_of(request))))


@router.post(
    "/{transcript_id}/edits",
    response_model=TranscriptOut,
    dependencies=[Depends(json_wanted)],
    openapi_extra=examples({"at": 0, "remove": 1, "segments": [{"start_s": 0, "end_s": 0.4, "text": "The fire."}]}),
)
def edit(request: Request, transcript_id: TranscriptId, body: EditBody) -> Response:
    """Put segments in the place of others; what was recognised is kept, and every edit can be taken back."""
    segments = [Segment(each.start_s, each.end_s, each.text) for each in body.segments]
    found = studio_of(request).edit_transcript(
        transcript_id, caller_of(request), body.at, body.remove, segments, body.revision
    )
    return JSONResponse(_out(found))


@router.post(
    "/{transcript_id}/undo",
    response_model=TranscriptOut,
    dependencies=[Depends(json_wanted)],
    openapi_extra=examples({}),
)
def undo(request: Request, transcript_id: TranscriptId, body: RevisionBody) -> Response:
    """Take the last edit back; 409 where there is none."""
    found = studio_of(request).transcript_back(transcript_id, caller_of(request), -1, body.revision)
    return JSONResponse(_out(found))


@router.post(
    "/{transcript_id}/redo",
    response_model=TranscriptOut,
    dependencies=[Depends(json_wanted)],
    openapi_extra=examples({}),
)
def redo(request: Request, transcript_id: TranscriptId, body: RevisionBody) -> Response:
    """Do again what was taken back last; 409 where there is nothing."""
    return JSONResponse(_out(studio_of(request).transcript_back(transcript_id, caller_of(request), 1, body.revision)))


@router.post(
    "/{transcript_id}/restore",
    response_model=TranscriptOut,
    dependencies=[Depends(json_wanted)],
    openapi_extra=examples({}),
)
def restore(request: Request, transcript_id: TranscriptId, body: RevisionBody) -> Response:
    """Go back to what was recognised; that can be taken back as any edit."""
    return JSONResponse(_out(studio_of(request).restore_transcript(transcript_id, caller_of(request), body.revision)))


@router.get("/{transcript_id}/export", response_class=Response, responses={200: content(*MIME.values())})
def export(
    request: Request,
    transcript_id: TranscriptId,
    format: ExportFormat = "srt",
    version: Literal["edited", "original"] = "edited",
) -> Response:
    """A transcript as text, SubRip, WebVTT or JSON, as it is now or as it was recognised."""
    found = studio_of(request).transcript(transcript_id, caller_of(request))
    segments = found.segments if version == "edited" else found.original
    if format == "srt":
        text = as_srt(segments)
    elif format == "vtt":
        text = as_vtt(segments)
    elif format == "txt":
        text = "".join(f"{each.text}\n" for each in segments)
    else:
        told = {"name": found.name, "language": found.language, "model": found.model}
        text = json.dumps({**told, "segments": _segments(segments)}, ensure_ascii=False, indent=1) + "\n"
    stem = found.name.rpartition(".")[0] or found.name
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(f'{stem}.{format}')}",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(text, media_type=MIME[format], headers=headers)


@router.delete("/{transcript_id}", status_code=204, response_class=Response)
def delete(request: Request, transcript_id: TranscriptId) -> Response:
    """Delete a transcript with its edits; the recording stays in the library."""
    studio_of(request).delete_transcript(transcript_id, caller_of(request))
    return Response(status_code=204)


def _line(found: KeptTranscript) -> dict[str, object]:
    return {
        "id": found.id,
        "name": found.name,
        "recording": found.recording_id,
        "model": found.model,
        "language": found.language,
        "state": found.state,
        "error": found.error,
        "job": found.job_id,
        "revision": found.revision,
        "undo": found.undo,
        "redo": found.redo,
        "created_at": found.created_at,
        "updated_at": found.updated_at,
    }


def _out(found: KeptTranscript) -> dict[str, object]:
    return {**_line(found), "edited": found.segments != found.original, "segments": _segments(found.segments)}


def _segments(segments: tuple[Segment, ...]) -> list[dict[str, object]]:
    return [
        {
            "start_s": each.start_s,
            "end_s": each.end_s,
            "text": each.text,
            "words": [{"start_s": word.start_s, "end_s": word.end_s, "text": word.text} for word in each.words],
        }
        for each in segments
    ]
