"""Long texts read aloud over HTTP: handed in as text or document, gone on with, timed by sentence, cut by chapter."""

import asyncio
import tempfile
from pathlib import Path as FilePath
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Path, Request, UploadFile
from fastapi.responses import FileResponse, JSONResponse, Response
from pydantic import Field
from starlette.background import BackgroundTask

from api.caller import caller_of, studio_of
from api.generation import accepted, ended, wants_async
from api.idempotency import Once
from api.schemas import CountCursor, Cursor, Limit, ModelName, Page, Plain, Reply, content, examples, json_wanted
from api.strict import Strict, StrictForm
from studio import ChapterFormat, Narration, Sentence

router = APIRouter(prefix="/audio/narrations", tags=["audio"])
NarrationId = Annotated[str, Path(max_length=64)]
Times = Annotated[float, Field(ge=0.5, le=2)]


class NarrationBody(Strict):
    """A text to read aloud; Markdown headings begin chapters. ``voice`` left out: the default one."""

    text: Annotated[Plain, Field(min_length=1, max_length=1_000_000, pattern=r"[^\W_]")]
    name: Annotated[Plain, Field(max_length=200)] = ""
    format: ChapterFormat = "mp3"
    voice: ModelName | None = None
    speed: Times = 1.0
    pitch: Times = 1.0
    volume: Annotated[float, Field(ge=0, le=2)] = 1.0
    pauses: Annotated[float, Field(ge=0, le=5)] = 1.0
    normalize_text: bool = True


class NarrationForm(StrictForm):
    """A document to read aloud: txt, md, html, docx, pptx, odt, epub, pdf, …; its headings begin chapters."""

    file: UploadFile
    format: ChapterFormat = "mp3"
    voice: ModelName | None = None
    speed: Times = 1.0
    pitch: Times = 1.0
    volume: Annotated[float, Field(ge=0, le=2)] = 1.0
    pauses: Annotated[float, Field(ge=0, le=5)] = 1.0
    normalize_text: bool = True


class NarrationOut(Reply):
    """A text that is read aloud: ``done`` of its ``sentences`` are spoken; ``audio`` is for ``/files/{id}``."""

    id: str
    name: str
    state: Literal["waiting", "running", "done", "failed", "cancelled", "interrupted"]
    error: str | None
    job: str | None
    voice: str | None
    format: str
    sentences: int
    done: int
    characters: int
    seconds: float
    chapters: int
    audio: str | None
    created_at: str


class WordOut(Reply):
    """A word and when it is heard."""

    start_s: float
    end_s: float
    text: str


class SentenceOut(Reply):
    """A sentence and when it is heard, null while it is not; ``words`` where the voice tells.

    ``begins`` says whether a paragraph or a chapter begins with it, ``chapter`` that chapter's title.
    """

    number: int
    begins: Literal["sentence", "paragraph", "chapter"]
    chapter: str
    text: str
    start_s: float | None
    end_s: float | None
    words: list[WordOut]


@router.post(
    "",
    response_model=NarrationOut,
    status_code=201,
    dependencies=[Depends(json_wanted)],
    openapi_extra=examples({"text": "# Morning\n\nThe fire is lit.\n\n# Evening\n\nThe fire is out."}),
)
async def add(request: Request, body: NarrationBody) -> Response:
    """Read a long text aloud into one file with chapters; with ``Prefer: respond-async`` get a job to follow instead.

    A book takes minutes to hours, so rather ask for the job. A connection that is lost does not stop it.
    """
    settings = body.model_dump(exclude={"text", "name", "format", "voice"})
    return await _kept(request, body.text, body.name, repr(body), form=body.format, model=body.voice, **settings)


@router.post("/files", response_model=NarrationOut, status_code=201, dependencies=[Depends(json_wanted)])
async def add_file(request: Request, body: Annotated[NarrationForm, Form()]) -> Response:
    """Read a document aloud, as a text is."""
    data = await body.file.read()
    name = body.file.filename or ""
    settings = body.model_dump(exclude={"file", "format", "voice"})
    return await _kept(request, data, name, f"{name} {len(data)}", form=body.format, model=body.voice, **settings)


@router.get("", response_model=Page[NarrationOut], dependencies=[Depends(json_wanted)])
def narrations(request: Request, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """The caller's, the newest first."""
    found = studio_of(request).narrations.latest(caller_of(request).owner, limit + 1, cursor)
    more = found[limit - 1].id if len(found) > limit else None
    return JSONResponse({"data": [_out(each) for each in found[:limit]], "next": more})


@router.get("/{narration_id}", response_model=NarrationOut, dependencies=[Depends(json_wanted)])
def narration(request: Request, narration_id: NarrationId) -> Response:
    """One of them, and how far it is."""
    return JSONResponse(_out(studio_of(request).narration(narration_id, caller_of(request))))


@router.post("/{narration_id}/resume", response_model=NarrationOut, dependencies=[Depends(json_wanted)])
async def resume(request: Request, narration_id: NarrationId) -> Response:
    """Go on where it was cancelled or cut off; what is spoken is kept. One that is read to its end is just told."""
    return await _read(request, narration_id, 200)


@router.get("/{narration_id}/sentences", response_model=Page[SentenceOut], dependencies=[Depends(json_wanted)])
def sentences(request: Request, narration_id: NarrationId, limit: Limit = 200, cursor: CountCursor = None) -> Response:
    """Its sentences in order, with when each is heard: what is needed to read along."""
    after = -1 if cursor is None else int(cursor)
    found = studio_of(request).narration_sentences(narration_id, caller_of(request), after, limit + 1)
    more = str(found[limit - 1].number) if len(found) > limit else None
    return JSONResponse({"data": [_sentence(each) for each in found[:limit]], "next": more})


@router.get("/{narration_id}/chapters.zip", response_class=FileResponse, responses={200: content("application/zip")})
def chapters(request: Request, narration_id: NarrationId) -> FileResponse:
    """A ZIP with a file for each chapter, numbered and tagged; 404 while it is not read to its end."""
    with tempfile.NamedTemporaryFile(prefix="hearth-chapters-", suffix=".zip", delete=False) as file:
        path = FilePath(file.name)
    try:
        name = studio_of(request).zip_narration(narration_id, caller_of(request), path)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    gone = BackgroundTask(path.unlink, missing_ok=True)
    return FileResponse(
        path, media_type="application/zip", filename=name, headers={"Cache-Control": "no-store"}, background=gone
    )


@router.delete("/{narration_id}", status_code=204, response_class=Response)
def delete(request: Request, narration_id: NarrationId) -> Response:
    """Delete a text with its sound; a job that reads it is cancelled."""
    studio_of(request).delete_narration(narration_id, caller_of(request))
    return Response(status_code=204)


async def _kept(
    request: Request, text: str | bytes, name: str, fingerprint: str, **settings: str | float | bool | None
) -> Response:
    studio, caller = studio_of(request), caller_of(request)
    once: Once = request.app.state.once
    found = await asyncio.to_thread(
        once.do, request, fingerprint, lambda: studio.add_narration(text, caller, name, **settings).id
    )
    return await _read(request, found, 201)


async def _read(request: Request, narration_id: str, status: int) -> Response:
    studio, caller = studio_of(request), caller_of(request)
    headers = {"Location": f"/audio/narrations/{narration_id}"} if status == 201 else None
    if studio.narration(narration_id, caller).state != "done":
        job = await asyncio.to_thread(studio.narrate, narration_id, caller)
        if wants_async(request):
            answer = accepted(job)
            answer.headers["Link"] = f'</audio/narrations/{narration_id}>; rel="item"'
            return answer
        await ended(job)
    return JSONResponse(_out(studio.narration(narration_id, caller)), status, headers=headers)


def _out(found: Narration) -> dict[str, object]:
    return {
        "id": found.id,
        "name": found.name,
        "state": found.state,
        "error": found.error,
        "job": found.job_id,
        "voice": found.settings.get("model"),
        "format": found.settings.get("form"),
        "sentences": found.sentences,
        "done": found.done,
        "characters": found.characters,
        "seconds": found.seconds,
        "chapters": found.chapters,
        "audio": found.audio_id,
        "created_at": found.created_at,
    }


def _sentence(found: Sentence) -> dict[str, object]:
    return {
        "number": found.number,
        "begins": found.begins,
        "chapter": found.chapter,
        "text": found.text,
        "start_s": found.start_s,
        "end_s": found.end_s,
        "words": [{"start_s": word.start_s, "end_s": word.end_s, "text": word.text} for word in found.words],
    }
