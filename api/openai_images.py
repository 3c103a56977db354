"""OpenAI-compatible images: generated at once or with the forming picture streamed, as base64 or by address.

OpenAI streams one picture a request; here ``n`` may be more. Each picture is then told by a ``completed`` event of its
own as soon as it is done, its partial ones before it, numbered from 0 for each.
"""

import asyncio
import base64
import hashlib
import json
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request, UploadFile
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from api.caller import cancelled_when_gone, studio_of
from api.event_stream import KEEP_ALIVE_S, EventStream
from api.generation import accepted, first_output, raise_failed, submit, wants_async
from api.strict import Strict, StrictForm
from studio import Artifact, Failed, ImageMemory, ImageRequest, InvalidRequest, Job, Progress, Studio

router = APIRouter(prefix="/v1/images", tags=["openai"])
JPEG_MAGIC = b"\xff\xd8"


class Wanted(BaseModel):
    """What both routes take; the last six are Hearth's own."""

    prompt: str
    model: str | None = None
    n: int = 1
    size: Annotated[str, Field(pattern=r"^(auto|[1-9][0-9]{1,3}x[1-9][0-9]{1,3})$")] = "auto"
    response_format: Annotated[
        Literal["url", "b64_json"] | None,
        Field(description="Left out: b64_json for a model called gpt-image-*, which never knew addresses, else url."),
    ] = None
    output_format: Literal["png"] = "png"
    quality: Literal["auto", "standard", "hd"] = "auto"
    background: Literal["auto", "opaque"] = "auto"
    stream: bool = False
    partial_images: Annotated[int, Field(ge=0, le=3)] = 0
    user: str | None = None
    seed: int | None = None
    negative_prompt: str = ""
    num_inference_steps: int | None = None
    guidance_scale: float | None = None
    scheduler: str | None = None
    memory: ImageMemory | None = None

    def request(self) -> ImageRequest:
        """Return it as the Studio takes it; raises InvalidRequest for fields that do not go together."""
        if self.partial_images and not self.stream:
            raise InvalidRequest(
                "partial_images goes with stream only. Leave it out, or stream.", field="partial_images"
            )
        if self.stream and self.response_format == "url":
            raise InvalidRequest("A stream carries b64_json. Leave out response_format.", field="response_format")
        size = size_px(self.size)
        return ImageRequest(
            prompt=self.prompt,
            negative_prompt=self.negative_prompt,
            model=self.model,
            width=size[0] if size else None,
            height=size[1] if size else None,
            num_inference_steps=self.num_inference_steps,
            guidance_scale=self.guidance_scale,
            quality=None if self.quality == "auto" else self.quality,
            scheduler=self.scheduler,
            memory=self.memory,
            seed=self.seed,
            num_images=self.n,
        )


class ImageBody(Strict, Wanted):
    """The body of ``POST /v1/images/generations``."""


class EditBody(StrictForm, Wanted):
    """The form of ``POST /v1/images/edits``; ``strength`` is Hearth's own too."""

    image: UploadFile
    mask: UploadFile | None = None
    strength: float | None = None


@router.post("/edits", response_model=None)
async def edits(request: Request, body: Annotated[EditBody, Form()]) -> Response:
    """Pictures made of another one by a prompt: all of it, or what the mask leaves transparent."""
    image = await body.image.read()
    mask = None if body.mask is None else await body.mask.read()
    wanted = replace(body.request(), image=image, mask=mask, strength=body.strength)
    digest = hashlib.sha256(image + b"\x00" + (mask or b"")).hexdigest()
    return await _answer(request, body, submit(request, wanted, fingerprint=f"{digest} {wanted!r}"), "image_edit")


@router.post("/generations", response_model=None)
async def generations(request: Request, body: ImageBody) -> Response:
    """Pictures of a prompt."""
    return await _answer(request, body, submit(request, body.request()), "image_generation")


async def _answer(request: Request, body: Wanted, job: Job, event: str) -> Response:
    if wants_async(request):
        return accepted(job)
    async with cancelled_when_gone(request, job):
        after = await first_output(job, (Progress, Artifact), patience_s=KEEP_ALIVE_S if body.stream else None)
        if not body.stream:
            return JSONResponse(await _pictures(request, job, as_base64(body.response_format, body.model)))
    return EventStream(_stream(studio_of(request), job, after, (body.n, body.partial_images), event))


def size_px(size: str) -> tuple[int, int] | None:
    """Return width and height; None leaves them to the model."""
    if size == "auto":
        return None
    width, height = size.split("x")
    return int(width), int(height)


def as_base64(response_format: Literal["url", "b64_json"] | None, model: str | None) -> bool:
    """Whether the pictures themselves are wanted rather than their addresses."""
    if response_format is None:
        return (model or "").startswith("gpt-image-")
    return response_format == "b64_json"


async def _pictures(request: Request, job: Job, as_base64: bool) -> dict[str, object]:
    made: list[Artifact] = []
    async for _, event in job.events():
        raise_failed(event)
        if isinstance(event, Artifact):
            made.append(event)
    pictures: list[dict[str, object]] = []
    for picture in made:
        if as_base64:
            shown = {"b64_json": await _base64(studio_of(request), job, picture)}
        else:
            shown = {"url": str(request.base_url.replace(path=f"/files/{picture.id}"))}
        pictures.append({**shown, "seed": picture.details["seed"]})
    return {"created": int(time.time()), "data": pictures, "output_format": "png"}


async def _base64(studio: Studio, job: Job, picture: Artifact) -> str:
    def read() -> str:
        return base64.b64encode(studio.artifact(picture.id, job.caller).path.read_bytes()).decode()

    return await asyncio.to_thread(read)


async def _stream(studio: Studio, job: Job, after: int, wanted: tuple[int, int], event_name: str) -> AsyncIterator[str]:
    """Tell pictures as they are done; ``wanted``: how many, and how many partial ones before each."""
    pictures, partial_images = wanted
    made = sent = 0

    def frame(kind: str, data: str, form: str, size: str, **fields: object) -> str:
        body = {"type": kind, "b64_json": data, "created_at": int(time.time()), "output_format": form, "size": size}
        return f"event: {kind}\ndata: {json.dumps({**body, 'quality': 'auto', 'background': 'auto', **fields})}\n\n"

    try:
        async for _, event in job.events(after):
            if isinstance(event, Progress) and event.preview is not None and sent < partial_images:
                # Evenly over a picture's own steps, the last of which is the picture itself.
                steps = event.total // pictures
                if (event.step - made * steps) * (partial_images + 1) >= steps * (sent + 1):
                    form = "jpeg" if event.preview.startswith(JPEG_MAGIC) else "png"
                    preview = base64.b64encode(event.preview).decode()
                    yield frame(f"{event_name}.partial_image", preview, form, "auto", partial_image_index=sent)
                    sent += 1
            elif isinstance(event, Artifact):
                size = f"{event.details['width']}x{event.details['height']}"
                data = await _base64(studio, job, event)
                yield frame(f"{event_name}.completed", data, "png", size, seed=event.details["seed"])
                made, sent = made + 1, 0
            elif isinstance(event, Failed):
                error = {"message": event.message, "type": "server_error", "param": None, "code": event.code}
                yield f"event: error\ndata: {json.dumps({'error': error}, ensure_ascii=False)}\n\n"
                return
    finally:
        job.cancel()
