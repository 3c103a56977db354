"""Models: what is here and what could be, changed, loaded and unloaded, deleted, and the default of each job."""

import asyncio
from dataclasses import asdict
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.encoders import jsonable_encoder
from fastapi.responses import JSONResponse, Response
from pydantic import Field

from api.caller import caller_of, studio_of
from api.schemas import CountCursor, Limit, ModelName, Page, Reply, examples, json_wanted
from api.strict import Strict
from studio import KINDS, Forbidden, JobKind, ModelDetails, ModelInfo, ModelState

ANY = "/models/{model_id:path}"
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
    need_bytes: int
    fit: Literal["fits", "tight", "too_big", "elsewhere", "unknown"]
    approximate: bool
    pinned: bool
    remark: str
    calls: int
    last_used_at: str
    tokens_per_s: float | None


class SettingOut(Reply):
    """One value that can be set for a model; ``value`` null is the model's own."""

    name: str
    low: float
    high: float
    whole: bool
    loading: bool
    value: float | None


class ModelDetailsOut(ModelOut):
    """A model with all that is known of it; ``facts`` are its file's or its server's own words."""

    facts: dict[str, str | int | float | bool]
    settings: list[SettingOut]
    source: str


class ModelPatch(Strict):
    """What to change of a model; what is left out stays. A setting of null is the model's own again."""

    enabled: bool | None = None
    pinned: bool | None = None
    note: Annotated[str, Field(max_length=2_000, pattern=r"^[^\x00]*$")] | None = None
    settings: dict[Annotated[str, Field(max_length=40)], float | None] | None = None


class StatisticsOut(Reply):
    """A model's figures over a period, everybody's; null where nothing was measured."""

    days: int
    calls: int
    errors: int
    by_error: dict[str, int]
    tokens_in: int
    tokens_out: int
    latency_s: float | None
    latency_p95_s: float | None
    first_output_s: float | None
    first_output_p95_s: float | None
    load_s: float | None
    tokens_per_s: float | None
    last_used_at: str


class DependantsOut(Reply):
    """What a model's deletion touches."""

    freed_bytes: int
    jobs: list[str]
    aliases: list[str]
    conversations: int
    pairs: list[str]


class MemoryOut(Reply):
    """What models take in memory, and may; ``models`` by id."""

    budget_bytes: int
    taken_bytes: int
    available_bytes: int
    keep_alive_s: float
    models: dict[str, int]


class LeftoverOut(Reply):
    """Something in the models folder that belongs to no model."""

    name: str
    kind: Literal["partial", "orphan"]
    size_bytes: int


class Leftovers(Reply):
    """What can be cleaned."""

    data: list[LeftoverOut]


class Cleaned(Reply):
    """What cleaning gave back."""

    freed_bytes: int


class Unloaded(Reply):
    """How many models were unloaded."""

    unloaded: int


class BenchmarkOut(Reply):
    """What a model was measured at here; the names of ``figures`` depend on its job."""

    id: str
    model: str
    kind: str
    created_at: str
    figures: dict[str, float]


class BenchmarkList(Reply):
    """A model's benchmarks, the newest first."""

    data: list[BenchmarkOut]


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
        "need_bytes": info.need_bytes,
        "fit": info.fit,
        "approximate": info.approximate,
        "pinned": info.pinned,
        "remark": info.remark,
        "calls": info.calls,
        "last_used_at": info.last_used_at,
        "tokens_per_s": info.tokens_per_s,
    }


def _details(found: ModelDetails) -> dict[str, object]:
    settings = [{**asdict(setting), "value": found.values.get(setting.name)} for setting in found.settings]
    return {**_out(found.info), "facts": dict(found.facts), "settings": settings, "source": found.source}


def _only_admin(request: Request, what: str) -> None:
    if caller_of(request).role != "admin":
        raise Forbidden(f"Only the owner of this Hearth can {what}. Ask them to.")


def no_model(request: Request) -> None:
    """Refuse with 405 what is asked of another route's place: a model's name may be any path below /models."""
    places = [route for route in request.app.state.routes if route.path.startswith("/models/")]
    allowed = {
        method
        for route in places
        if route.path != ANY and route.path_regex.match(request.scope["path"])
        for method in route.methods
    }
    if allowed:
        raise HTTPException(405, headers={"Allow": ", ".join(sorted(allowed))})


OF_A_MODEL = [Depends(no_model)]


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


@router.delete("/models/loads", response_model=Unloaded)
async def unload_all(request: Request) -> Response:
    """Give back the memory of every model that nobody uses, the pinned ones' too."""
    _only_admin(request, "unload models")
    return JSONResponse({"unloaded": await asyncio.to_thread(studio_of(request).residency.unload_idle)})


@router.get("/models/memory", response_model=MemoryOut)
def memory(request: Request) -> Response:
    """What is in memory now, and what it costs."""
    residency = studio_of(request).residency
    loaded = residency.loaded()
    return JSONResponse(
        {
            "budget_bytes": residency.budget_bytes,
            "taken_bytes": sum(loaded.values()),
            "available_bytes": studio_of(request).health().memory_available_bytes,
            "keep_alive_s": residency.keep_alive_s,
            "models": loaded,
        }
    )


@router.get("/models/leftovers", response_model=Leftovers)
async def leftovers(request: Request) -> Response:
    """What lies in the models folder and belongs to no model."""
    _only_admin(request, "look into the models folder")
    found = await asyncio.to_thread(studio_of(request).leftovers)
    data = [{"name": item.name, "kind": item.kind, "size_bytes": item.size_bytes} for item in found]
    return JSONResponse({"data": data})


@router.delete("/models/leftovers", response_model=Cleaned)
async def clean(request: Request) -> Response:
    """Remove what belongs to no model; downloads that are paused are kept."""
    freed = await asyncio.to_thread(studio_of(request).clean_leftovers, caller_of(request))
    return JSONResponse({"freed_bytes": freed})


@router.get("/models/statistics/{model_id:path}", response_model=StatisticsOut)
async def statistics(request: Request, model_id: str, days: Annotated[int, Query(ge=1, le=3_650)] = 30) -> Response:
    """A model's calls, tokens, errors and latency over the last days, everybody's."""
    _only_admin(request, "see everybody's figures")
    return JSONResponse(asdict(await asyncio.to_thread(studio_of(request).model_statistics, model_id, days)))


@router.post("/models/benchmarks", response_model=BenchmarkOut, openapi_extra=examples({"model": "echo-chat"}))
async def benchmark(request: Request, body: ModelBody) -> Response:
    """Measure a model: loaded anew, then a fixed request three times; answers when it is done."""
    studio = studio_of(request)
    return JSONResponse(asdict(await asyncio.to_thread(studio.benchmark, body.model, caller_of(request))))


@router.get("/models/benchmarks/{model_id:path}", response_model=BenchmarkList)
def benchmarks(request: Request, model_id: str) -> Response:
    """What a model was measured at, the newest first."""
    return JSONResponse({"data": [asdict(found) for found in studio_of(request).benchmarks.of(model_id)]})


@router.get("/models/dependants/{model_id:path}", response_model=DependantsOut)
async def dependants(request: Request, model_id: str) -> Response:
    """What deleting a model would touch, and the bytes that it would free."""
    _only_admin(request, "delete models")
    found = await asyncio.to_thread(studio_of(request).dependants, model_id)
    return JSONResponse(jsonable_encoder(asdict(found)))


@router.get(ANY, response_model=ModelDetailsOut, dependencies=OF_A_MODEL)
async def model(request: Request, model_id: str) -> Response:
    """One model, with what its file or its server says of it, and what can be set."""
    return JSONResponse(_details(await asyncio.to_thread(studio_of(request).model_details, model_id)))


@router.patch(ANY, response_model=ModelDetailsOut, dependencies=OF_A_MODEL, openapi_extra=examples({"note": "Quick."}))
async def change(request: Request, model_id: str, body: ModelPatch) -> Response:
    """Switch a model on or off, pin it, note something, set values that requests leave open."""
    studio = studio_of(request)
    given = {"enabled": body.enabled, "pinned": body.pinned}
    await asyncio.to_thread(
        studio.change_model, model_id, caller_of(request), note=body.note, settings=body.settings, **given
    )
    return JSONResponse(_details(await asyncio.to_thread(studio.model_details, model_id)))


@router.delete(ANY, response_model=Freed, dependencies=OF_A_MODEL)
async def delete(request: Request, model_id: str) -> Response:
    """Delete a model from this machine; 409 while it works."""
    _only_admin(request, "delete models")
    freed = await asyncio.to_thread(studio_of(request).remove_model, model_id)
    return JSONResponse({"model": model_id, "freed_bytes": freed})
