"""Files to go with messages: uploaded and read into text, told, fetched, deleted."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, File, Query, Request, UploadFile
from fastapi.responses import FileResponse, JSONResponse, Response

from api.caller import caller_of, cancelled_when_gone, studio_of
from api.generation import ended
from api.schemas import Reply, content, json_wanted
from studio import Conflict, Document, DocumentRead, DocumentRequest, EngineFailed, Job

router = APIRouter(prefix="/documents", tags=["documents"])
# Inline only what can't run script in our origin.
INLINE = ("image/png", "image/jpeg", "image/webp", "image/gif")
Upload = Annotated[UploadFile, File(description="A PDF, DOCX, XLSX, CSV, code, text or picture, up to 32 MB.")]


class DocumentOut(Reply):
    """A file; ``passages`` of it can be searched, with vectors of ``indexed_model``."""

    id: str
    name: str
    form: str
    mime: str
    sha256: str
    size_bytes: int
    characters: int
    pages: int
    passages: int
    indexed_model: str | None
    created_at: str


class PageOut(Reply):
    """A page, a section or a block of lines of a file; ``number`` counts from 0."""

    number: int
    label: str
    text: str


class Pages(Reply):
    """A file's text; ``next`` is the cursor of the pages after these."""

    data: list[PageOut]
    next: str | None


def document_out(document: Document) -> dict[str, object]:
    """Return a file as JSON."""
    return {name: getattr(document, name) for name in DocumentOut.model_fields}


@asynccontextmanager
async def spooled(file: UploadFile) -> AsyncIterator[Path]:
    """Give an upload's bytes a path for the time of the block."""
    with tempfile.TemporaryDirectory(prefix="hearth-") as folder:
        path = Path(folder) / "upload"

        def copy() -> None:
            with path.open("wb") as target:
                shutil.copyfileobj(file.file, target)

        await asyncio.to_thread(copy)
        yield path


async def read_upload(request: Request, file: UploadFile, collection: str | None = None) -> Document:
    """Read an upload, for the caller, and return the file as it is kept; stops when the client goes away.

    Raises:
        StudioError: It can't be read.
    """
    studio, caller = studio_of(request), caller_of(request)
    async with spooled(file) as path:
        wanted = DocumentRequest(path=path, name=file.filename or "file", collection=collection)
        job = await asyncio.to_thread(studio.submit, wanted, caller)
        async with cancelled_when_gone(request, job):
            await ended(job)
    read = _read(job)
    return await asyncio.to_thread(studio.documents.get, read.id, caller.owner)


def _read(job: Job) -> DocumentRead:
    for _, event in job.snapshot():
        if isinstance(event, DocumentRead):
            return event
    if job.state == "cancelled":
        raise Conflict("Reading was stopped. Send the file again.", id=job.id)
    raise EngineFailed("The file was not read. Send it again.", id=job.id)


@router.post("", response_model=DocumentOut, status_code=201, dependencies=[Depends(json_wanted)])
async def upload(request: Request, file: Upload) -> Response:
    """Read a file into text and keep both, to be named in a message's ``attachments``.

    The same file with the same name gives the same document. What is never sent goes after a day.
    """
    document = await read_upload(request, file)
    headers = {"Location": f"/documents/{document.id}"}
    return JSONResponse(document_out(document), 201, headers=headers)


@router.get("/{document_id}", response_model=DocumentOut, dependencies=[Depends(json_wanted)])
def document(request: Request, document_id: str) -> Response:
    """One file."""
    return JSONResponse(document_out(studio_of(request).documents.get(document_id, caller_of(request).owner)))


@router.get("/{document_id}/pages", response_model=Pages, dependencies=[Depends(json_wanted)])
def pages(
    request: Request,
    document_id: str,
    limit: Annotated[int, Query(ge=1, le=200, description="At most this many.")] = 50,
    cursor: Annotated[str | None, Query(pattern=r"^[0-9]{1,9}$")] = None,
) -> Response:
    """The text that was read, as it is sent to a model."""
    found = studio_of(request).documents.pages(document_id, caller_of(request).owner)
    first = int(cursor or 0)
    data = [
        {"number": number, "label": page.label, "text": page.text}
        for number, page in enumerate(found[first : first + limit], start=first)
    ]
    return JSONResponse({"data": data, "next": str(first + limit) if first + limit < len(found) else None})


@router.get(
    "/{document_id}/content",
    response_class=FileResponse,
    responses={200: content(*INLINE, "application/octet-stream")},
)
def original(request: Request, document_id: str) -> FileResponse:
    """The file as it was uploaded; a picture is shown, anything else saved."""
    found = studio_of(request).documents.get(document_id, caller_of(request).owner)
    inline = found.mime in INLINE
    return FileResponse(
        found.path,
        media_type=found.mime if inline else "application/octet-stream",
        filename=found.name,
        content_disposition_type="inline" if inline else "attachment",
        headers={"Cache-Control": "private, max-age=31536000, immutable"},
    )


@router.delete("/{document_id}", status_code=204, response_class=Response)
def delete(request: Request, document_id: str) -> Response:
    """Delete a file that no message and no collection uses; 409 while one does."""
    studio, owner = studio_of(request), caller_of(request).owner
    name = studio.documents.get(document_id, owner).name
    if not studio.documents.discard(document_id, owner):
        raise Conflict(f"{name} goes with a message or a collection. Delete that, then the file goes too.")
    return Response(status_code=204)
