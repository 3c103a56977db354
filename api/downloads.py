"""Downloads of models: begun, gone on with, paused, cancelled, and how far each is."""

import asyncio
from dataclasses import asdict
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response
from pydantic import Field

from api.caller import caller_of, studio_of
from api.generation import accepted, submit
from api.schemas import Language, ModelName, Reply, examples, json_wanted
from api.strict import Strict
from studio import Download, DownloadRequest, ImportRequest

router = APIRouter(tags=["models"], dependencies=[Depends(json_wanted)])


class DownloadOut(Reply):
    """A download; ``why`` says what paused it, "" a person. ``total_bytes`` 0 and ``left_s`` null: not known."""

    model: str
    title: str
    state: Literal["waiting", "running", "paused"]
    done_bytes: int
    total_bytes: int
    speed_bytes_s: int
    left_s: int | None
    why: str
    job_id: str | None


class DownloadList(Reply):
    """Downloads that are not finished."""

    data: list[DownloadOut]


class DownloadBody(Strict):
    """Names one model, or the address of one."""

    model: Annotated[str, Field(min_length=1, max_length=2000, pattern=r"^[!-~]+$")]


class Discarded(Reply):
    """What a cancelled download gave back; 0 of one that runs, which takes its files away as it ends."""

    model: str
    freed_bytes: int


def _out(download: Download) -> dict[str, object]:
    return asdict(download)


@router.get("/models/downloads", response_model=DownloadList)
def downloads(request: Request) -> Response:
    """The downloads that are not finished, oldest first."""
    return JSONResponse({"data": [_out(download) for download in studio_of(request).downloads.all()]})


@router.post("/models/downloads", status_code=202, openapi_extra=examples({"model": "firefox-en-pl"}))
def download(request: Request, body: DownloadBody) -> Response:
    """Fetch a model or go on where it was, and follow the job.

    Of the catalogue, ``hf:owner/name``, ``ollama/name``, or the address of a GGUF file or a Piper voice.
    """
    return accepted(submit(request, DownloadRequest(model=body.model)))


@router.post("/models/downloads/pauses", response_model=DownloadOut, openapi_extra=examples({"model": "firefox-en-pl"}))
async def pause(request: Request, body: DownloadBody) -> Response:
    """Stop a download and keep what came; POST it to ``/models/downloads`` to go on."""
    paused = await asyncio.to_thread(studio_of(request).downloads.pause, body.model, caller_of(request))
    return JSONResponse(_out(paused))


class ImportBody(Strict):
    """A model on the machine that Hearth runs on: a file or a folder; ``link`` where it is on the same disk."""

    path: Annotated[str, Field(min_length=1, max_length=4_096, pattern=r"^[^\x00]*$")]
    name: ModelName | None = None
    link: bool = False
    source_lang: Language | None = None
    target_lang: Language | None = None


@router.post("/models/imports", status_code=202, openapi_extra=examples({"path": "/models/gemma.gguf"}))
def take_in(request: Request, body: ImportBody) -> Response:
    """Take in a model that lies on this machine, known by its bytes; follow the job."""
    wanted = ImportRequest(
        path=body.path, name=body.name, link=body.link, source_lang=body.source_lang, target_lang=body.target_lang
    )
    return accepted(submit(request, wanted))


@router.delete("/models/downloads/{model_id:path}", response_model=Discarded)
async def cancel(request: Request, model_id: str) -> Response:
    """Stop a download, running or paused, and leave nothing of it."""
    freed = await asyncio.to_thread(studio_of(request).downloads.cancel, model_id, caller_of(request))
    return JSONResponse({"model": model_id.lower(), "freed_bytes": freed})
