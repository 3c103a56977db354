"""Search over all messages and titles of the caller's conversations."""

from dataclasses import asdict
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response

from api.caller import caller_of, studio_of
from api.schemas import Cursor, Limit, Page, Reply, json_wanted
from studio import Hit

router = APIRouter(prefix="/conversations", tags=["conversations"], dependencies=[Depends(json_wanted)])


class Piece(Reply):
    """A piece of a snippet; ``match`` says that it is one of the words."""

    text: str
    match: bool


class HitOut(Reply):
    """A message that has the words, or a conversation whose title has them (``message_id`` null)."""

    conversation_id: str
    title: str
    message_id: str | None
    role: Literal["system", "user", "assistant"] | None
    created_at: str
    snippet: list[Piece]


def _out(hit: Hit) -> dict[str, object]:
    return {**asdict(hit), "snippet": [{"text": text, "match": match} for text, match in hit.snippet]}


@router.get("/search", response_model=Page[HitOut])
def search(
    request: Request,
    q: Annotated[
        str,
        Query(
            max_length=500,
            description='Words, "phrases", and `tag:` `folder:` `model:` `before:` `after:`; dates as 2026-01-31.',
            examples=["hearth after:2026-01-01"],
        ),
    ],
    limit: Limit = 30,
    cursor: Cursor = None,
) -> Response:
    """Messages that have all the words, the newest first, and before them titles that have."""
    hits, more = studio_of(request).search.page(caller_of(request).owner, q, limit, cursor)
    return JSONResponse({"data": [_out(hit) for hit in hits], "next": more})
