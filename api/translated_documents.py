"""Documents over HTTP: handed in and translated as a job, mended by segment, exported, read aloud."""

import asyncio
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Path, Request, UploadFile
from fastapi.responses import JSONResponse, Response
from pydantic import Field

from api.caller import caller_of, cancelled_when_gone, studio_of
from api.generation import accepted, ended, wants_async
from api.idempotency import Once
from api.schemas import (
    CountCursor,
    Cursor,
    Language,
    Limit,
    ModelName,
    Page,
    Plain,
    Reply,
    content,
    examples,
    json_wanted,
)
from api.strict import Strict, StrictForm
from studio import BILINGUAL_MIME, BilingualFormat, ChapterFormat, Job, TranslatedDocument, TranslatedSegment

router = APIRouter(prefix="/translations/documents", tags=["translation"])
Number = Annotated[int, Path(ge=0, le=10_000_000)]


class DocumentForm(StrictForm):
    """A document to translate; ``source_lang`` left out: find it out. ``model`` left out: the pair's own."""

    file: UploadFile
    target_lang: Language
    source_lang: Language | None = None
    model: ModelName | None = None
    glossary: bool = True
    memory: bool = True


class DocumentOut(Reply):
    """A document and how far it is; ``result``, translated, and ``audio``, read aloud, are for ``GET /files/{id}``."""

    id: str
    name: str
    source_lang: str | None
    target_lang: str
    model: str | None
    state: Literal["waiting", "running", "done", "cancelled", "failed", "interrupted"]
    segments: int
    done: int
    flagged: int
    job: str | None
    result: str | None
    audio: str | None
    created_at: str


class SegmentOut(Reply):
    """A sentence; in its texts ``<1>…</1>`` is a run in a style of its own, ``<2/>`` something without words."""

    number: int
    source: str
    target: str | None
    faults: list[str]
    origin: str
    similarity: float


class SpokenBody(Strict):
    """How to read a translation aloud; ``voice`` left out: the best one here that speaks its language."""

    format: ChapterFormat = "mp3"
    voice: ModelName | None = None
    speed: Annotated[float, Field(ge=0.5, le=2)] = 1.0
    pitch: Annotated[float, Field(ge=0.5, le=2)] = 1.0
    volume: Annotated[float, Field(ge=0, le=2)] = 1.0
    pauses: Annotated[float, Field(ge=0, le=5)] = 1.0


class SegmentBody(Strict):
    """A person's translation of a segment, with the codes of its source."""

    text: Annotated[Plain, Field(min_length=1, max_length=20_000, pattern=r"\S")]


@router.post("", response_model=DocumentOut, status_code=201, dependencies=[Depends(json_wanted)])
async def translate(request: Request, body: Annotated[DocumentForm, Form()]) -> Response:
    """Translate a document; with ``Prefer: respond-async`` get a job to follow instead.

    Known are txt, md, html, docx, pptx, odt, epub, srt, vtt, po, json and csv, and pdf as text. The same file with
    the same languages goes on where it was.
    """
    studio, caller = studio_of(request), caller_of(request)
    data = await body.file.read()
    name = body.file.filename or ""
    document = await asyncio.to_thread(
        studio.hand_in, data, name, body.target_lang, caller, body.source_lang, body.model
    )
    once: Once = request.app.state.once
    fingerprint = f"{document.id} {body.glossary} {body.memory}"
    job = once.do(
        request,
        fingerprint,
        lambda: studio.translate_document(document.id, caller, glossary=body.glossary, memory=body.memory),
    )
    return await _answer(request, job, document.id, 201)


@router.post("/{translated_document_id}/translate", response_model=DocumentOut, dependencies=[Depends(json_wanted)])
async def go_on(request: Request, translated_document_id: str) -> Response:
    """Go on with a document where it was, or write its file anew after edits."""
    job = studio_of(request).translate_document(translated_document_id, caller_of(request))
    return await _answer(request, job, translated_document_id, 200)


@router.post(
    "/{translated_document_id}/speech",
    response_model=DocumentOut,
    dependencies=[Depends(json_wanted)],
    openapi_extra=examples({"format": "m4a", "voice": "alloy"}),
)
async def speak(request: Request, translated_document_id: str, body: SpokenBody) -> Response:
    """Read a translation aloud into one file with a chapter for each heading; with ``Prefer: respond-async`` as a job.

    A book takes minutes to hours, so rather ask for the job, and follow its progress. MP3, Opus in OGG, or AAC in M4A.
    """
    once: Once = request.app.state.once
    job = once.do(
        request,
        f"{translated_document_id} {body!r}",
        lambda: studio_of(request).speak_document(
            translated_document_id,
            caller_of(request),
            form=body.format,
            voice=body.voice,
            speed=body.speed,
            pitch=body.pitch,
            volume=body.volume,
            pauses=body.pauses,
        ),
    )
    return await _answer(request, job, translated_document_id, 200)


@router.get("", response_model=Page[DocumentOut], dependencies=[Depends(json_wanted)])
def documents(request: Request, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """The caller's documents, the newest first."""
    found = studio_of(request).translated_documents(caller_of(request), limit + 1, cursor)
    more = found[limit - 1].id if len(found) > limit else None
    return JSONResponse({"data": [_document(each) for each in found[:limit]], "next": more})


@router.get("/{translated_document_id}", response_model=DocumentOut, dependencies=[Depends(json_wanted)])
def document(request: Request, translated_document_id: str) -> Response:
    """One document and how far it is."""
    return JSONResponse(_document(studio_of(request).translated_document(translated_document_id, caller_of(request))))


@router.delete("/{translated_document_id}", status_code=204, response_class=Response)
def delete(request: Request, translated_document_id: str) -> Response:
    """Delete a document, its translation and its segments; a job that translates it is cancelled."""
    studio_of(request).delete_document(translated_document_id, caller_of(request))
    return Response(status_code=204)


@router.get("/{translated_document_id}/segments", response_model=Page[SegmentOut], dependencies=[Depends(json_wanted)])
def segments(
    request: Request, translated_document_id: str, flagged: bool = False, limit: Limit = 200, cursor: CountCursor = None
) -> Response:
    """A document's sentences with their translations; ``flagged``: only those with a fault, the file's report."""
    after = -1 if cursor is None else int(cursor)
    found = studio_of(request).document_segments(
        translated_document_id, caller_of(request), after, limit + 1, flagged=flagged
    )
    more = str(found[limit - 1].number) if len(found) > limit else None
    return JSONResponse({"data": [_segment(each) for each in found[:limit]], "next": more})


@router.put(
    "/{translated_document_id}/segments/{number}",
    response_model=SegmentOut,
    dependencies=[Depends(json_wanted)],
    openapi_extra=examples({"text": "A better translation."}),
)
def edit(request: Request, translated_document_id: str, number: Number, body: SegmentBody) -> Response:
    """Put your own translation of a sentence in its place; it is remembered for later translations too."""
    edited = studio_of(request).edit_segment(translated_document_id, number, body.text, caller_of(request))
    return JSONResponse(_segment(edited))


@router.get(
    "/{translated_document_id}/export",
    response_class=Response,
    responses={200: content(*dict.fromkeys(BILINGUAL_MIME.values()))},
)
def export(request: Request, translated_document_id: str, format: BilingualFormat = "docx") -> Response:
    """A document in both languages: a table in Word, TMX or XLIFF."""
    made = studio_of(request).export_document(translated_document_id, caller_of(request), format)
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(made.name)}",
        "Cache-Control": "no-store",
    }
    return Response(made.data, media_type=made.mime, headers=headers)


async def _answer(request: Request, job: Job, translated_document_id: str, status: int) -> Response:
    if wants_async(request):
        answer = accepted(job)
        answer.headers["Link"] = f'</translations/documents/{translated_document_id}>; rel="item"'
        return answer
    async with cancelled_when_gone(request, job):
        await ended(job)
    found = studio_of(request).translated_document(translated_document_id, caller_of(request))
    return JSONResponse(_document(found), status)


def _document(document: TranslatedDocument) -> dict[str, object]:
    return {
        "id": document.id,
        "name": document.name,
        "source_lang": document.source_lang,
        "target_lang": document.target_lang,
        "model": document.model,
        "state": document.state,
        "segments": document.segments,
        "done": document.done,
        "flagged": document.flagged,
        "job": document.job_id,
        "result": document.result_id,
        "audio": document.audio_id,
        "created_at": document.created_at,
    }


def _segment(segment: TranslatedSegment) -> dict[str, object]:
    return {
        "number": segment.number,
        "source": segment.source,
        "target": segment.target,
        "faults": list(segment.faults),
        "origin": segment.origin,
        "similarity": round(segment.similarity, 3),
    }
