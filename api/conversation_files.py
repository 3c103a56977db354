"""Conversations as files: one exported as Markdown, JSON, HTML or a notebook, all as JSON, many imported."""

import asyncio
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from api.caller import caller_of, studio_of
from api.schemas import Reply, content
from studio import EXPORT_MIME, ExportFormat

router = APIRouter(prefix="/conversations", tags=["conversations"])
EXAMPLE: dict[str, object] = {
    "title": "Fires",
    "current_node": "b",
    "mapping": {
        "a": {
            "parent": None,
            "message": {
                "author": {"role": "user"},
                "content": {"content_type": "text", "parts": ["What is a hearth?"]},
            },
        },
        "b": {
            "parent": "a",
            "message": {
                "author": {"role": "assistant"},
                "content": {"content_type": "text", "parts": ["The floor of a fireplace."]},
            },
        },
    },
}


class ImportOut(Reply):
    """What was imported; ``left_out`` counts the parts of messages that were no text."""

    ids: list[str]
    messages: int
    left_out: int


@router.get("/export", response_class=StreamingResponse, responses={200: content("application/json")})
def export_all(request: Request) -> Response:
    """All conversations of the caller's as one JSON file, with every branch and their files, to be imported again."""
    pieces = studio_of(request).export_conversations(caller_of(request))
    headers = {"Content-Disposition": 'attachment; filename="conversations.json"', "Cache-Control": "no-store"}
    return StreamingResponse(pieces, media_type="application/json", headers=headers)


@router.get(
    "/{conversation_id}/export", response_class=Response, responses={200: content(*dict.fromkeys(EXPORT_MIME.values()))}
)
def export(
    request: Request,
    conversation_id: str,
    format: ExportFormat = Query("json", description="``json`` holds every branch, the others the one in view."),
) -> Response:
    """One conversation as a file."""
    made = studio_of(request).export_conversation(conversation_id, caller_of(request), format)
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(made.name)}",
        "Cache-Control": "no-store",
    }
    return Response(made.data, media_type=made.mime, headers=headers)


@router.post(
    "/import",
    response_model=ImportOut,
    status_code=201,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"type": "object"}, "example": EXAMPLE}},
        }
    },
)
async def import_file(request: Request) -> Response:
    """Import a file of conversations, all of it or nothing: what ``export`` gave as JSON, or ChatGPT's export.

    The body is the file as it is, ``conversations.json`` or the zip with it, at most 100 MB.
    """
    data = await request.body()
    found = await asyncio.to_thread(studio_of(request).import_conversations, data, caller_of(request))
    return JSONResponse({"ids": list(found.ids), "messages": found.messages, "left_out": found.left_out}, 201)
