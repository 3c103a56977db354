"""Models: what is here and what could be, loaded and unloaded, fetched, deleted, and the default of each job."""

import asyncio

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response

from api.caller import caller_of, studio_of
from api.generation import accepted, submit
from api.schemas import CountCursor, Limit, ModelName, Page, Reply, examples, json_wanted
from api.strict import Strict
from studio import KINDS, DownloadRequest, Forbidden, JobKind, ModelInfo, ModelState

router = APIRouter(tags=["models"], dependencies=[Depends(json_wanted)])


class ModelOut(Reply):
    """A model; ``memory_bytes`` is what it takes now, 0 when it is not loaded."""

    id: str
    kind: str
    engine: str
    title: str
    state: ModelState
    is_default: bool
    starter: bool
    recommended: bool
    size_bytes: int
    memory_bytes: int
    languages: list[str]
    source_lang: str | None
    target_lang: str | None
    licence: str
    note: str
    missing_parts: list[str]
    error: str


class ModelBody(Strict):
    """Names one model."""

    model: ModelName


class Defaults(Reply):
    """The model that each job takes when none is named; null: there is none."""

    chat: str | None
    translation: str | None
    image: str | None
    speech: str | None
    transcription: str | None
    embedding: str | None


class Freed(Reply):
    """What a deletion gave back."""

    model: str
    freed_bytes: int


def _out(info: ModelInfo) -> dict[str, object]:
    spec = info.spec
    return {
        "id": spec.id,
        "kind": spec.kind,
        "engine": spec.engine,
        "title": spec.title,
        "state": info.state,
        "is_default": info.is_default,
        "starter": info.starter,
        "recommended": info.recommended,
        "size_bytes": spec.size_bytes,
        "memory_bytes": info.memory_bytes,
        "languages": list(spec.languages),
        "source_lang": spec.source_lang,
        "target_lang": spec.target_lang,
        "licence": spec.licence,
        "note": spec.note,
        "missing_parts": list(info.missing_parts),
        "error": info.error,
    }


def _only_admin(request: Request, what: str) -> None:
    if caller_of(request).role != "admin":
        raise Forbidden(f"Only the owner of this Hearth can {what}. Ask them to.")


@router.get("/models", response_model=Page[ModelOut])
def models(
    request: Request,
    kind: JobKind | None = None,
    state: ModelState | None = None,
    limit: Limit = 100,
    cursor: CountCursor = None,
) -> Response:
    """Every model, those here first."""
    begin = int(cursor or 0)
    fit = [
        info for info in studio_of(request).models() if kind in (None, info.spec.kind) and state in (None, info.state)
    ]
    more = str(begin + limit) if len(fit) > begin + limit else None
    return JSONResponse({"data": [_out(info) for info in fit[begin : begin + limit]], "next": more})


@router.get("/models/defaults", response_model=Defaults)
def defaults(request: Request) -> Response:
    """The model that each job takes when none is named."""
    registry = studio_of(request).registry
    chosen = {kind: registry.default(kind) for kind in KINDS}
    return JSONResponse({kind: spec.id if spec else None for kind, spec in chosen.items()})


@router.put("/models/defaults/{kind}", response_model=Defaults, openapi_extra=examples({"model": "echo-chat"}))
def set_default(request: Request, kind: JobKind, body: ModelBody) -> Response:
    """Choose the model that a job takes when none is named."""
    _only_admin(request, "choose the defaults")
    studio_of(request).registry.set_default(kind, body.model)
    return defaults(request)


@router.post("/models/downloads", status_code=202, openapi_extra=examples({"model": "firefox-en-pl"}))
def download(request: Request, body: ModelBody) -> Response:
    """Fetch a model: of the catalogue, ``hf:owner/name``, or ``ollama/name``; follow the job."""
    return accepted(submit(request, DownloadRequest(model=body.model)))


@router.post("/models/loads", response_model=ModelOut, openapi_extra=examples({"model": "echo-chat"}))
async def load(request: Request, body: ModelBody) -> Response:
    """Make a model resident now, so that the next request need not wait; it goes as any other when idle."""
    _only_admin(request, "load models")
    studio = studio_of(request)
    return JSONResponse(_out(await asyncio.to_thread(studio.load, body.model)))


@router.post("/models/unloads", response_model=ModelOut, openapi_extra=examples({"model": "echo-chat"}))
async def unload(request: Request, body: ModelBody) -> Response:
    """Give a model's memory back; 409 while it works."""
    _only_admin(request, "unload models")
    studio = studio_of(request)
    return JSONResponse(_out(await asyncio.to_thread(studio.unload, body.model)))


@router.get("/models/{model_id:path}", response_model=ModelOut)
def model(request: Request, model_id: str) -> Response:
    """One model."""
    return JSONResponse(_out(studio_of(request).model(model_id)))


@router.delete("/models/{model_id:path}", response_model=Freed)
async def delete(request: Request, model_id: str) -> Response:
    """Delete a model from this machine; 409 while it works."""
    _only_admin(request, "delete models")
    freed = await asyncio.to_thread(studio_of(request).remove_model, model_id)
    return JSONResponse({"model": model_id, "freed_bytes": freed})
