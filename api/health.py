"""Whether Hearth lives, is ready, and how each part is."""

import asyncio
import time
from dataclasses import asdict, replace
from typing import Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from pydantic import BaseModel

from api.caller import studio_of
from studio import Health, Part, Studio

router = APIRouter(tags=["health"])
DASHBOARD = {
    "starting": Part("limited", "The dashboard is opening."),
    "up": Part("ok", "The dashboard is open."),
    "off": Part("ok", "There is none: it was started with --api-only."),
    "failed": Part("limited", "The dashboard could not open; the server's log says why. The API works."),
}
MADE_EVERY_S = 0.25


class Checked:
    """The latest look at all parts, shared by all who ask within a quarter of a second."""

    def __init__(self) -> None:
        self._made: tuple[str, float] = ("", 0.0)
        self._making: asyncio.Task[tuple[int, bytes]] | None = None

    async def answer(self, studio: Studio, dashboard: str) -> Response:
        """Return the answer, made on a thread: a part may be slow."""
        state, at = self._made
        old = state != dashboard or time.monotonic() - at > MADE_EVERY_S
        if self._making is None or (self._making.done() and old):
            self._made = (dashboard, time.monotonic())
            self._making = asyncio.create_task(asyncio.to_thread(_look, studio, dashboard))
        status, body = await asyncio.shield(self._making)
        return Response(body, status, media_type="application/json")


def _look(studio: Studio, dashboard: str) -> tuple[int, bytes]:
    found = studio.health()
    whole = replace(found, parts={**found.parts, "dashboard": DASHBOARD[dashboard]})
    return 503 if found.status == "down" else 200, bytes(JSONResponse(asdict(whole)).body)


class Ready(BaseModel):
    """Whether the dashboard is there."""

    ready: bool
    dashboard: Literal["starting", "up", "failed", "off"]


@router.get("/live", response_class=PlainTextResponse)
async def live() -> str:
    """The process answers."""
    return "ok"


@router.get("/ping", response_class=PlainTextResponse)
async def ping() -> str:
    """The process answers."""
    return "pong"


@router.get("/ready", response_model=Ready, responses={503: {"model": Ready}})
async def ready(request: Request) -> Response:
    """200 once the dashboard is up too, where there is to be one, 503 before."""
    dashboard = request.app.state.dashboard
    ready = dashboard in ("up", "off")
    return JSONResponse({"ready": ready, "dashboard": dashboard}, 200 if ready else 503)


@router.get("/health", response_model=Health, responses={503: {"model": Health}})
async def health(request: Request) -> Response:
    """Each part with a status (``ok``, ``limited``, ``down``) and a sentence; 503 when one that must work is down."""
    checked: Checked = request.app.state.health
    return await checked.answer(studio_of(request), request.app.state.dashboard)
