"""Collections of files that conversations can be asked with: made, filled, searched, deleted, each at its revision."""

import asyncio
import hashlib
import json
from dataclasses import asdict
from typing import Annotated, cast

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import Field

from api.caller import caller_of, studio_of
from api.documents import DocumentOut, Upload, document_out, read_upload
from api.idempotency import Once
from api.schemas import CURSOR_TOLD, Id, Limit, Page, Plain, Reply, examples, json_wanted
from api.strict import Strict
from studio import Collection, PreconditionFailed

router = APIRouter(prefix="/collections", tags=["collections"], dependencies=[Depends(json_wanted)])
ETAG_DIGITS = 16
PlaceCursor = Annotated[str | None, Query(pattern=r"^[^~]+~[^~]+$", max_length=100, description=CURSOR_TOLD)]
IfMatch = Annotated[str | None, Header(pattern=r'^("[0-9a-f]{16}"|\*)$', description="The ``ETag`` it was read at.")]


class CollectionOut(Reply):
    """A collection; ``revision`` counts its changes, ``passages`` what can be searched in it."""

    id: str
    name: str
    revision: int
    files: int
    passages: int
    created_at: str
    updated_at: str


class CollectionBody(Strict):
    """The body of ``POST /collections`` and of ``PATCH``."""

    name: Annotated[Plain, Field(min_length=1, max_length=60, pattern=r"\S")]


class SearchBody(Strict):
    """A question or words; passages are found by meaning, in other languages too, and by the words."""

    query: Annotated[Plain, Field(min_length=1, max_length=800, pattern=r"\S")]
    limit: Annotated[int, Field(ge=1, le=40)] = 8


class PassageOut(Reply):
    """A passage: its file, its page (from 0) and the characters in that page's text.

    ``similarity`` is the cosine of its vector to the question's, null where only words found it.
    """

    document_id: str
    name: str
    page: int
    label: str
    start: int
    end: int
    text: str
    score: float
    similarity: float | None


class Passages(Reply):
    """The best passages, the best first."""

    data: list[PassageOut]


class Files(Reply):
    """The files of a collection; ``stale`` are those that another embedding model made searchable than is used now."""

    data: list[DocumentOut]
    stale: list[str]


class Jobs(Reply):
    """Jobs to follow at ``/jobs/{id}``."""

    jobs: list[str]


def _out(collection: Collection) -> dict[str, object]:
    return {name: getattr(collection, name) for name in CollectionOut.model_fields}


def _etag(collection: Collection) -> str:
    shown = json.dumps(_out(collection), sort_keys=True, ensure_ascii=True)
    return f'"{hashlib.sha256(shown.encode()).hexdigest()[:ETAG_DIGITS]}"'


def _answer(collection: Collection, status: int = 200) -> Response:
    headers = {"ETag": _etag(collection)}
    if status == 201:
        headers["Location"] = f"/collections/{collection.id}"
    return JSONResponse(_out(collection), status, headers=headers)


def _at_revision(collection: Collection, if_match: str | None) -> int | None:
    """Return the revision that the client means, None for any; raises PreconditionFailed."""
    if if_match is None or if_match == "*":
        return None
    if if_match != _etag(collection):
        raise PreconditionFailed(
            f"If-Match is {if_match}, and this collection is at {_etag(collection)} now. Read it again.",
            revision=collection.revision,
        )
    return collection.revision


@router.get("", response_model=Page[CollectionOut])
def collections(request: Request, limit: Limit = 50, cursor: PlaceCursor = None) -> Response:
    """The caller's collections, the last changed first."""
    before = None
    if cursor is not None:
        changed, _, last = cursor.partition("~")
        before = (changed, last)
    found = studio_of(request).collections.page(caller_of(request).owner, limit + 1, before)
    more = f"{found[limit - 1].updated_at}~{found[limit - 1].id}" if len(found) > limit else None
    return JSONResponse({"data": [_out(each) for each in found[:limit]], "next": more})


@router.post("", response_model=CollectionOut, status_code=201, openapi_extra=examples({"name": "House papers"}))
def create(request: Request, body: CollectionBody) -> Response:
    """Make an empty collection; the same ``Idempotency-Key`` gives the same one again."""
    once = cast(Once, request.app.state.once)
    studio, owner = studio_of(request), caller_of(request).owner
    made = once.do(request, body.model_dump_json(), lambda: studio.collections.create(owner, body.name))
    return _answer(studio.collections.get(made.id, owner), 201)


@router.get("/{collection_id}", response_model=CollectionOut, responses={304: {"description": "Unchanged"}})
def collection(
    request: Request, collection_id: str, if_none_match: Annotated[str | None, Header(max_length=100)] = None
) -> Response:
    """One collection; 304 while it is what ``If-None-Match`` says."""
    found = studio_of(request).collections.get(collection_id, caller_of(request).owner)
    if if_none_match == _etag(found):
        return Response(status_code=304, headers={"ETag": if_none_match})
    return _answer(found)


@router.patch("/{collection_id}", response_model=CollectionOut, openapi_extra=examples({"name": "Papers of the house"}))
def rename(request: Request, collection_id: str, body: CollectionBody, if_match: IfMatch = None) -> Response:
    """Give a collection another name."""
    studio, owner = studio_of(request), caller_of(request).owner
    revision = _at_revision(studio.collections.get(collection_id, owner), if_match)
    return _answer(studio.collections.rename(collection_id, owner, body.name, revision))


@router.delete("/{collection_id}", status_code=204, response_class=Response)
def delete(request: Request, collection_id: str, if_match: IfMatch = None) -> Response:
    """Delete a collection, with the passages and vectors of the files that nothing else uses."""
    studio, owner = studio_of(request), caller_of(request).owner
    revision = _at_revision(studio.collections.get(collection_id, owner), if_match)
    studio.collections.delete(collection_id, owner, revision)
    return Response(status_code=204)


@router.get("/{collection_id}/files", response_model=Files)
def files(request: Request, collection_id: str) -> Response:
    """The files of a collection, the last added first."""
    studio, caller = studio_of(request), caller_of(request)
    found = studio.collections.files(collection_id, caller.owner)
    stale = [file.id for file in studio.stale_files(collection_id, caller)] if found else []
    return JSONResponse({"data": [document_out(file) for file in found], "stale": stale})


@router.post("/{collection_id}/files", response_model=DocumentOut, status_code=201)
async def add(request: Request, collection_id: str, file: Upload) -> Response:
    """Read a file, cut it into passages, embed them here, and make them searchable; a client that leaves stops it.

    The same file with the same name is known again and costs nothing.
    """
    studio, owner = studio_of(request), caller_of(request).owner
    await asyncio.to_thread(studio.collections.get, collection_id, owner)
    document = await read_upload(request, file, collection_id)
    return JSONResponse(document_out(document), 201, headers={"Location": f"/documents/{document.id}"})


@router.delete("/{collection_id}/files/{document_id}", status_code=204, response_class=Response)
def take_out(request: Request, collection_id: str, document_id: Id) -> Response:
    """Take a file out, and delete it with its passages and vectors unless something else uses it."""
    studio_of(request).collections.take_out(collection_id, caller_of(request).owner, document_id)
    return Response(status_code=204)


@router.post("/{collection_id}/index", response_model=Jobs, status_code=202)
def index(request: Request, collection_id: str) -> Response:
    """Make the stale files searchable anew, after the embedding model was changed: a job for each."""
    jobs = studio_of(request).index_again(collection_id, caller_of(request))
    return JSONResponse({"jobs": [job.id for job in jobs]}, 202)


@router.post(
    "/{collection_id}/search",
    response_model=Passages,
    openapi_extra=examples({"query": "When was the chimney swept?"}),
)
def search(request: Request, collection_id: str, body: SearchBody) -> Response:
    """The passages that say most about a question, by meaning and by words together."""
    found = studio_of(request).search_collection(collection_id, body.query, caller_of(request), body.limit)
    return JSONResponse({"data": [asdict(passage) for passage in found]})
