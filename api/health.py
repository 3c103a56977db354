"""Whether Hearth lives, is ready, and how each part is."""

from dataclasses import asdict

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from api.caller import studio_of

router = APIRouter(tags=["health"])


@router.get("/live", response_class=PlainTextResponse)
async def live() -> str:
    """The process answers."""
    return "ok"


@router.get("/ping", response_class=PlainTextResponse)
async def ping() -> str:
    """The process answers."""
    return "pong"


@router.get("/ready")
async def ready(request: Request) -> Response:
    """200 once the dashboard is up too, 503 before: ``{"ready": bool, "dashboard": "starting" | "up" | "failed"}``."""
    dashboard = request.app.state.dashboard
    return JSONResponse({"ready": dashboard == "up", "dashboard": dashboard}, 200 if dashboard == "up" else 503)


@router.get("/health")
def health(request: Request) -> Response:
    """Each part with a status (``ok``, ``limited``, ``down``) and a sentence; 503 when one that must work is down."""
    found = studio_of(request).health()
    return JSONResponse(asdict(found), 503 if found.status == "down" else 200)
