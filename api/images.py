"""Pictures and their queue: found, starred, enlarged, deleted, packed; what waits is moved, cancelled, tried again."""

import asyncio
import hashlib
from collections.abc import Iterator
from typing import Annotated, BinaryIO, Literal

from fastapi import APIRouter, Depends, Form, Query, Request, UploadFile
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import Field, JsonValue

from api.caller import caller_of, cancelled_when_gone, studio_of
from api.generation import accepted, ended, submit, wants_async
from api.jobs import JobOut, describe
from api.schemas import Cursor, Id, Limit, Page, Reply, content, examples, json_wanted
from api.strict import Strict, StrictForm
from studio import Artifact, Conflict, PictureFilter, QueuedImage, StoredPicture, UpscaleRequest

router = APIRouter(prefix="/images", tags=["images"])
JSON = [Depends(json_wanted)]
CHUNK_BYTES = 256 * 1024
MOST_ZIPPED = 500


class PictureOut(Reply):
    """A picture at ``/files/{id}``; ``prompt`` is null where the log's texts were taken back."""

    id: str
    created_at: str
    size_bytes: int
    width: int | None
    height: int | None
    seed: int | None
    starred: bool
    prompt: str | None
    model: str | None
    parameters: dict[str, JsonValue]


class PictureBody(Strict):
    """What can be changed of a picture."""

    starred: bool


class EntryOut(Reply):
    """An entry of the queue; ``position`` is its place in line, 0 where it does not wait."""

    id: str
    job_id: str | None
    state: Literal["waiting", "running", "failed", "cancelled", "interrupted"]
    position: int
    created_at: str
    error_message: str | None
    request: dict[str, JsonValue]


class EntryList(Reply):
    """The queue, in the order in which it is drawn."""

    data: list[EntryOut]


class MoveBody(Strict):
    """Which way."""

    direction: Literal["up", "down"]


class DeletedOut(Reply):
    """How many pictures are deleted."""

    deleted: int


class DeleteBody(Strict):
    """Which pictures."""

    ids: Annotated[list[Id], Field(min_length=1, max_length=MOST_ZIPPED)]


class EnlargeBody(StrictForm):
    """The form of ``POST /images/enlarge``: a PNG, JPEG, WebP or GIF file, and how many times larger it becomes.

    ``model`` is one that enlarges, which reads ``prompt``; without it, the picture is interpolated.
    """

    image: UploadFile
    scale: int = 2
    model: str | None = None
    prompt: str = ""


def _picture(found: StoredPicture) -> dict[str, object]:
    file = found.file
    return {
        "id": file.id,
        "created_at": file.created_at,
        "size_bytes": file.size_bytes,
        **{name: file.details.get(name) for name in ("width", "height", "seed")},
        "starred": file.starred,
        "prompt": found.prompt,
        "model": found.model,
        "parameters": dict(found.parameters),
    }


def _entry(found: QueuedImage) -> dict[str, object]:
    entry = found.entry
    return {
        "id": entry.id,
        "job_id": entry.job_id,
        "state": entry.state,
        "position": found.position,
        "created_at": entry.created_at,
        "error_message": entry.error_message,
        "request": dict(entry.request),
    }


@router.get("", response_model=Page[PictureOut], dependencies=JSON)
def pictures(
    request: Request,
    q: Annotated[str, Query(max_length=200, pattern=r"^[^\x00]*$", description="Words of the prompt.")] = "",
    model: Annotated[str | None, Query(max_length=200)] = None,
    starred: bool = False,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """The caller's pictures, the newest first."""
    wanted = PictureFilter(words=q, model=model, starred=starred)
    found = studio_of(request).gallery.page(caller_of(request).owner, limit + 1, cursor, wanted)
    more = found[limit - 1].file.id if len(found) > limit else None
    return JSONResponse({"data": [_picture(each) for each in found[:limit]], "next": more})


@router.get("/queue", response_model=EntryList, dependencies=JSON)
def queue(request: Request) -> Response:
    """What the dashboard is still to draw for the caller, and what failed or was cancelled of it."""
    found = studio_of(request).image_queue(caller_of(request))
    return JSONResponse({"data": [_entry(each) for each in found]})


@router.post(
    "/queue/{entry_id}/move",
    response_model=EntryList,
    dependencies=JSON,
    openapi_extra=examples({"direction": "up"}),
)
def move(request: Request, entry_id: str, body: MoveBody) -> Response:
    """Swap a waiting entry with the one before or after it; 409 when it does not wait any more."""
    studio, caller = studio_of(request), caller_of(request)
    studio.move_image(entry_id, caller, up=body.direction == "up")
    return queue(request)


@router.post("/queue/{entry_id}/cancel", response_model=EntryList, dependencies=JSON)
def cancel(request: Request, entry_id: str) -> Response:
    """Stop drawing an entry, or take it out of the line; it can be tried again."""
    studio_of(request).cancel_image(entry_id, caller_of(request))
    return queue(request)


@router.post("/queue/{entry_id}/retry", response_model=JobOut, status_code=202, dependencies=JSON)
def retry(request: Request, entry_id: str) -> Response:
    """Draw an entry again that failed, was cancelled or was cut off."""
    return JSONResponse(describe(studio_of(request).retry_image(entry_id, caller_of(request))), 202)


@router.delete("/queue/{entry_id}", status_code=204, response_class=Response)
def remove(request: Request, entry_id: str) -> Response:
    """Take an entry out of the queue; what is being drawn of it is cancelled."""
    studio_of(request).remove_image(entry_id, caller_of(request))
    return Response(status_code=204)


@router.post("/enlarge", response_model=PictureOut, dependencies=JSON)
async def enlarge(request: Request, body: Annotated[EnlargeBody, Form()]) -> Response:
    """A picture two to four times as wide and as high, by interpolation or by a model that enlarges."""
    image = await body.image.read()
    wanted = UpscaleRequest(image=image, scale=body.scale, model=body.model, prompt=body.prompt)
    job = submit(request, wanted, fingerprint=f"{hashlib.sha256(image).hexdigest()} {wanted!r}")
    if wants_async(request):
        return accepted(job)
    async with cancelled_when_gone(request, job):
        await ended(job)
    made = next((event for _, event in job.snapshot() if isinstance(event, Artifact)), None)
    if made is None:
        raise Conflict("Enlarging was stopped. Send the picture again.", id=job.id)
    found = await asyncio.to_thread(studio_of(request).gallery.get, made.id, job.caller.owner)
    return JSONResponse(_picture(found))


@router.get("/zip", response_class=StreamingResponse, responses={200: content("application/zip")})
def packed(request: Request, id: Annotated[list[Id], Query(min_length=1, max_length=MOST_ZIPPED)]) -> StreamingResponse:
    """Pictures as one ZIP file."""
    file = studio_of(request).zip_pictures(id, caller_of(request).owner)
    headers = {"Content-Disposition": 'attachment; filename="hearth-images.zip"', "Cache-Control": "no-store"}
    return StreamingResponse(_pieces(file), media_type="application/zip", headers=headers)


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while piece := file.read(CHUNK_BYTES):
            yield piece


@router.post("/delete", response_model=DeletedOut, dependencies=JSON, openapi_extra=examples({"ids": ["0" * 32]}))
def delete(request: Request, body: DeleteBody) -> Response:
    """Delete pictures for good; those that are gone already are passed over. The log keeps their figures."""
    return JSONResponse({"deleted": studio_of(request).gallery.delete(body.ids, caller_of(request).owner)})


@router.get("/{picture_id}", response_model=PictureOut, dependencies=JSON)
def picture(request: Request, picture_id: str) -> Response:
    """One of the caller's pictures."""
    return JSONResponse(_picture(studio_of(request).gallery.get(picture_id, caller_of(request).owner)))


@router.patch("/{picture_id}", response_model=PictureOut, dependencies=JSON, openapi_extra=examples({"starred": True}))
def change(request: Request, picture_id: str, body: PictureBody) -> Response:
    """Give a picture a star, or take it."""
    studio_of(request).gallery.star(picture_id, caller_of(request).owner, body.starred)
    return picture(request, picture_id)
