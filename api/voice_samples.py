"""How a voice sounds before it is chosen: a sentence of its own, or its publisher's sample, fetched when asked for."""

import asyncio
from typing import Literal

from fastapi import APIRouter, Depends, Request
from fastapi.responses import FileResponse, JSONResponse, Response

from api.caller import caller_of, studio_of
from api.models import ModelBody
from api.schemas import Reply, content, examples, json_wanted

router = APIRouter(tags=["models"], dependencies=[Depends(json_wanted)])


class VoiceSampleOut(Reply):
    """How a voice sounds, an MP3 at ``url``; ``text`` is "" where its publisher does not tell what it says."""

    model: str
    title: str
    by: Literal["publisher", "voice"]
    text: str
    url: str


@router.post("/models/samples", response_model=VoiceSampleOut, openapi_extra=examples({"model": "echo-speech"}))
async def sample(request: Request, body: ModelBody) -> Response:
    """Have a voice heard: one that is here speaks a sentence; of another its publisher's sample is fetched and kept."""
    made = await asyncio.to_thread(studio_of(request).voice_sample, body.model, caller_of(request))
    url = f"/files/{made.file}" if made.file else f"/models/samples/{made.voice}"
    return JSONResponse({"model": made.voice, "title": made.title, "by": made.by, "text": made.text, "url": url})


@router.get(
    "/models/samples/{model_id:path}",
    response_class=FileResponse,
    responses={200: content("audio/mpeg")},
)
def kept_sample(request: Request, model_id: str) -> FileResponse:
    """The publisher's sample of a voice, once it was asked for; this asks nobody."""
    kept = studio_of(request).kept_sample(model_id)
    return FileResponse(kept, media_type="audio/mpeg", headers={"Cache-Control": "private, max-age=86400"})
