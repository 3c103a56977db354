"""Glossaries and the memory of accepted translations over HTTP: one's own, by pair of languages."""

import asyncio
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Path, Query, Request, UploadFile
from fastapi.responses import JSONResponse, Response
from pydantic import Field

from api.caller import caller_of, studio_of
from api.schemas import Cursor, Language, Limit, Page, Plain, Reply, content, examples, json_wanted
from api.strict import Strict, StrictForm
from studio import GlossaryFormat, Match, Memory, Term

router = APIRouter(tags=["translation"])
Code = Annotated[str, Path(pattern=r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$", max_length=40)]
JSON_ONLY = [Depends(json_wanted)]
Line = Annotated[Plain, Field(min_length=1, max_length=200, pattern=r"\S")]
Sentence = Annotated[Plain, Field(min_length=1, max_length=4_000, pattern=r"\S")]
FORMATS = {"csv": "text/csv", "tbx": "application/x-tbx+xml"}
TMX = "application/x-tmx+xml"


class TermBody(Strict):
    """A term; ``target`` left out: it is not translated. ``match_case``: capitals must agree."""

    source: Line
    target: Line | None = None
    match_case: bool = False
    note: Annotated[Plain, Field(max_length=4_000)] = ""


class TermsBody(Strict):
    """Terms to add or to change."""

    terms: Annotated[list[TermBody], Field(min_length=1, max_length=1_000)]


class TermOut(Reply):
    """A term of a glossary."""

    source: str
    target: str
    match_case: bool
    note: str


class DirectionOut(Reply):
    """A pair of languages and how much is kept of it."""

    source_lang: str
    target_lang: str
    count: int


class CountOut(Reply):
    """How many there were."""

    count: int


class FileForm(StrictForm):
    """A file to be read."""

    file: UploadFile


class MemoryBody(Strict):
    """An accepted translation of a sentence."""

    source: Sentence
    target: Sentence
    source_lang: Language
    target_lang: Language


class MemoryFileForm(StrictForm):
    """A TMX file, and which direction of it to keep."""

    file: UploadFile
    source_lang: Language
    target_lang: Language


class SearchBody(Strict):
    """A sentence to look up."""

    text: Sentence
    source_lang: Language
    target_lang: Language


class MemoryOut(Reply):
    """An accepted translation; ``origin`` is where it was accepted."""

    id: str
    source: str
    target: str
    origin: str
    updated_at: str


class MatchOut(Reply):
    """A similar sentence; ``suggestion`` is its translation, with this sentence's numbers where only those differ."""

    id: str
    source: str
    target: str
    origin: str
    similarity: float
    suggestion: str


class Matches(Reply):
    """The most similar sentences, best first."""

    data: list[MatchOut]


class Directions(Reply):
    """Every pair of languages that something is kept of."""

    data: list[DirectionOut]


class Terms(Reply):
    """A whole glossary."""

    data: list[TermOut]


# Glossaries


@router.get("/glossaries", response_model=Directions, dependencies=JSON_ONLY)
def glossaries(request: Request) -> Response:
    """The pairs of languages that you have a glossary of."""
    return _directions(studio_of(request).glossary_directions(caller_of(request)))


@router.get("/glossaries/{source_lang}/{target_lang}", response_model=Terms, dependencies=JSON_ONLY)
def glossary(request: Request, source_lang: Code, target_lang: Code) -> Response:
    """Your terms of a pair; empty where you have none."""
    return _terms(studio_of(request).glossary(source_lang, target_lang, caller_of(request)))


@router.put(
    "/glossaries/{source_lang}/{target_lang}",
    response_model=Terms,
    dependencies=JSON_ONLY,
    openapi_extra=examples({"terms": [{"source": "fireplace", "target": "kominek"}, {"source": "Hearth"}]}),
)
def put_terms(request: Request, source_lang: Code, target_lang: Code, body: TermsBody) -> Response:
    """Add terms to your glossary, or change those that are there."""
    studio, caller = studio_of(request), caller_of(request)
    terms = [
        Term(source=each.source, target=each.target or each.source, match_case=each.match_case, note=each.note)
        for each in body.terms
    ]
    studio.put_terms(terms, source_lang, target_lang, caller)
    return _terms(studio.glossary(source_lang, target_lang, caller))


@router.delete("/glossaries/{source_lang}/{target_lang}", response_model=CountOut, dependencies=JSON_ONLY)
def clear(
    request: Request,
    source_lang: Code,
    target_lang: Code,
    term: Annotated[str | None, Query(max_length=200, description="This term alone.")] = None,
) -> Response:
    """Delete your glossary of a pair, or one term of it."""
    studio, caller = studio_of(request), caller_of(request)
    if term is None:
        return JSONResponse({"count": studio.clear_glossary(source_lang, target_lang, caller)})
    studio.remove_term(term, source_lang, target_lang, caller)
    return JSONResponse({"count": 1})


@router.post("/glossaries/{source_lang}/{target_lang}/import", response_model=CountOut, dependencies=JSON_ONLY)
async def import_glossary(
    request: Request, source_lang: Code, target_lang: Code, body: Annotated[FileForm, Form()]
) -> Response:
    """Add the terms of a CSV file (source, target, match_case, note) or of a TBX file."""
    data = await body.file.read()
    many = await asyncio.to_thread(
        studio_of(request).import_glossary, data, source_lang, target_lang, caller_of(request)
    )
    return JSONResponse({"count": many})


@router.get(
    "/glossaries/{source_lang}/{target_lang}/export",
    response_class=Response,
    responses={200: content(*FORMATS.values())},
)
def export_glossary(request: Request, source_lang: Code, target_lang: Code, format: GlossaryFormat = "csv") -> Response:
    """Your glossary of a pair as CSV or TBX."""
    data = studio_of(request).export_glossary(source_lang, target_lang, caller_of(request), format)
    return _file(data, f"glossary.{source_lang}-{target_lang}.{format}", FORMATS[format])


# Memory


@router.get("/translation-memory", response_model=Directions, dependencies=JSON_ONLY)
def memory_directions(request: Request) -> Response:
    """The pairs of languages that you have accepted translations of."""
    return _directions(studio_of(request).memory_directions(caller_of(request)))


@router.post(
    "/translation-memory",
    response_model=CountOut,
    status_code=201,
    dependencies=JSON_ONLY,
    openapi_extra=examples({"source": "Good morning.", "target": "Bom dia.", "source_lang": "en", "target_lang": "pt"}),
)
def remember(request: Request, body: MemoryBody) -> Response:
    """Keep an accepted translation; it takes the model's place from now on."""
    pair = [(body.source, body.target)]
    many = studio_of(request).remember(pair, body.source_lang, body.target_lang, caller_of(request))
    return JSONResponse({"count": many}, 201)


@router.post(
    "/translation-memory/search",
    response_model=Matches,
    dependencies=JSON_ONLY,
    openapi_extra=examples({"text": "Good morning!", "source_lang": "en", "target_lang": "pt"}),
)
def search(request: Request, body: SearchBody) -> Response:
    """The accepted translations of the sentences that are most like one, from 75 % on."""
    found = studio_of(request).memory_matches(body.text, body.source_lang, body.target_lang, caller_of(request))
    return JSONResponse({"data": [_match(each) for each in found]})


@router.post("/translation-memory/import", response_model=CountOut, dependencies=JSON_ONLY)
async def import_memory(request: Request, body: Annotated[MemoryFileForm, Form()]) -> Response:
    """Keep the translations of a TMX file in one direction."""
    data = await body.file.read()
    many = await asyncio.to_thread(
        studio_of(request).import_memory,
        data,
        body.source_lang,
        body.target_lang,
        caller_of(request),
        body.file.filename or "TMX",
    )
    return JSONResponse({"count": many})


@router.get("/translation-memory/{source_lang}/{target_lang}", response_model=Page[MemoryOut], dependencies=JSON_ONLY)
def memories(
    request: Request, source_lang: Code, target_lang: Code, limit: Limit = 100, cursor: Cursor = None
) -> Response:
    """Your accepted translations of a pair, the newest first."""
    found = studio_of(request).memories(source_lang, target_lang, caller_of(request), limit + 1, cursor)
    more = found[limit - 1].id if len(found) > limit else None
    return JSONResponse({"data": [_memory(each) for each in found[:limit]], "next": more})


@router.get(
    "/translation-memory/{source_lang}/{target_lang}/export", response_class=Response, responses={200: content(TMX)}
)
def export_memory(request: Request, source_lang: Code, target_lang: Code) -> Response:
    """Your accepted translations of a pair as TMX."""
    data = studio_of(request).export_memory(source_lang, target_lang, caller_of(request))
    return _file(data, f"memory.{source_lang}-{target_lang}.tmx", TMX)


@router.delete("/translation-memory/{source_lang}/{target_lang}", response_model=CountOut, dependencies=JSON_ONLY)
def forget(
    request: Request,
    source_lang: Code,
    target_lang: Code,
    id: Annotated[str | None, Query(max_length=64, description="This one alone.")] = None,
) -> Response:
    """Forget your accepted translations of a pair, or one of them."""
    studio, caller = studio_of(request), caller_of(request)
    if id is None:
        return JSONResponse({"count": studio.forget_all(source_lang, target_lang, caller)})
    studio.forget(id, caller)
    return JSONResponse({"count": 1})


def _directions(found: list[tuple[str, str, int]]) -> Response:
    data = [{"source_lang": source, "target_lang": target, "count": many} for source, target, many in found]
    return JSONResponse({"data": data})


def _terms(terms: list[Term]) -> Response:
    data = [
        {"source": each.source, "target": each.target, "match_case": each.match_case, "note": each.note}
        for each in terms
    ]
    return JSONResponse({"data": data})


def _memory(memory: Memory) -> dict[str, object]:
    return {
        "id": memory.id,
        "source": memory.source,
        "target": memory.target,
        "origin": memory.origin,
        "updated_at": memory.updated_at,
    }


def _match(match: Match) -> dict[str, object]:
    found = _memory(match.memory)
    found.pop("updated_at")
    return {**found, "similarity": round(match.similarity, 3), "suggestion": match.target}


def _file(data: bytes, name: str, mime: str) -> Response:
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}", "Cache-Control": "no-store"}
    return Response(data, media_type=mime, headers=headers)
