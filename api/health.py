"""Whether Hearth lives, is ready, and how each part is."""

from dataclasses import asdict, replace
from typing import Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from pydantic import BaseModel

from api.caller import studio_of
from studio import Health, Part

router = APIRouter(tags=["health"])
DASHBOARD = {
    "starting": Part("limited", "The dashboard is opening."),
    "up": Part("ok", "The dashboard is open."),
    "failed": Part("limited", "The dashboard could not open; the server's log says why. The API works."),
}


class Ready(BaseModel):
    """Whether the dashboard is there."""

    ready: bool
    dashboard: Literal["starting", "up", "failed"]


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
    """200 once the dashboard is up too, 503 before: ``{"ready": bool, "dashboard": "starting" | "up" | "failed"}``."""
    dashboard = request.app.state.dashboard
    return JSONResponse({"ready": dashboard == "up", "dashboard": dashboard}, 200 if dashboard == "up" else 503)


@router.get("/health", response_model=Health, responses={503: {"model": Health}})
def health(request: Request) -> Response:
    """Each part with a status (``ok``, ``limited``, ``down``) and a sentence; 503 when one that must work is down."""
    found = studio_of(request).health()
    parts = {**found.parts, "dashboard": DASHBOARD[request.app.state.dashboard]}
    return JSONResponse(asdict(replace(found, parts=parts)), 503 if found.status == "down" else 200)
