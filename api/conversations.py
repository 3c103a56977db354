"""Conversations: made, listed, renamed, filed, tagged, pinned, archived, deleted with a way back.

``ETag`` changes with all that is shown of a conversation; with ``If-Match`` a change is made only
if nobody else was faster (412). The check and the change are one step.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response

from api.caller import caller_of, studio_of
from api.conversation_schemas import (
    ConversationChange,
    ConversationOut,
    IfMatch,
    IfNoneMatch,
    NewConversation,
    answer,
    etag,
    matching,
    names,
    shown,
)
from api.idempotency import Once
from api.schemas import CURSOR_TOLD, CountCursor, Limit, Page, Reply, examples, json_wanted

router = APIRouter(prefix="/conversations", tags=["conversations"], dependencies=[Depends(json_wanted)])
PlaceCursor = Annotated[str | None, Query(pattern=r"^[^~]+~[^~]+$", max_length=100, description=CURSOR_TOLD)]
Flag = Annotated[bool | None, Query(description="Only those that are, or are not; left out: both.")]


class NameOut(Reply):
    """A folder's or a tag's name."""

    name: str


@router.get("", response_model=Page[ConversationOut])
def conversations(
    request: Request,
    limit: Limit = 50,
    cursor: PlaceCursor = None,
    pinned: Flag = None,
    archived: Flag = None,
    folder: Annotated[str | None, Query(max_length=60, description="Empty: those in none.")] = None,
    tag: Annotated[str | None, Query(max_length=60)] = None,
) -> Response:
    """The caller's conversations, the last changed first."""
    before = None
    if cursor is not None:
        changed, _, last = cursor.partition("~")
        before = (changed, last)
    found = studio_of(request).conversations.page(
        caller_of(request).owner, limit + 1, before, pinned=pinned, archived=archived, folder=folder, tag=tag
    )
    more = f"{found[limit - 1].updated_at}~{found[limit - 1].id}" if len(found) > limit else None
    return JSONResponse({"data": [shown(each) for each in found[:limit]], "next": more})


@router.post("", response_model=ConversationOut, status_code=201, openapi_extra=examples({"title": "Winter"}))
def create(request: Request, body: NewConversation) -> Response:
    """Make an empty conversation; the same ``Idempotency-Key`` gives the same one again."""
    once: Once = request.app.state.once
    studio, owner = studio_of(request), caller_of(request).owner
    made = once.do(request, body.model_dump_json(), lambda: studio.conversations.create(owner, body.title.strip()))
    return answer(studio.conversations.get(made.id, owner), 201)


@router.get("/folders", response_model=Page[NameOut])
def folders(request: Request, limit: Limit = 200, cursor: CountCursor = None) -> Response:
    """The caller's folders, by the alphabet; one is there while a conversation is in it."""
    return _names(studio_of(request).conversations.folders(caller_of(request).owner), limit, cursor)


@router.get("/tags", response_model=Page[NameOut])
def tags(request: Request, limit: Limit = 200, cursor: CountCursor = None) -> Response:
    """The caller's tags, by the alphabet; one is there while a conversation has it."""
    return _names(studio_of(request).conversations.tags(caller_of(request).owner), limit, cursor)


def _names(found: list[str], limit: int, cursor: str | None) -> Response:
    begin = int(cursor or 0)
    more = str(begin + limit) if len(found) > begin + limit else None
    return JSONResponse({"data": [{"name": name} for name in found[begin : begin + limit]], "next": more})


@router.get("/{conversation_id}", response_model=ConversationOut, responses={304: {"description": "Unchanged"}})
def conversation(request: Request, conversation_id: str, if_none_match: IfNoneMatch = None) -> Response:
    """One conversation; 304 while it is what ``If-None-Match`` says."""
    found = studio_of(request).conversations.get(conversation_id, caller_of(request).owner)
    if if_none_match is not None and names(if_none_match, found):
        return Response(status_code=304, headers={"ETag": etag(found)})
    return answer(found)


@router.patch(
    "/{conversation_id}",
    response_model=ConversationOut,
    openapi_extra=examples({"title": "Spring", "folder": "Seasons", "tags": ["garden"], "pinned": True}),
)
def change(request: Request, conversation_id: str, body: ConversationChange, if_match: IfMatch = None) -> Response:
    """Rename, pin, archive, file or tag a conversation: all that is given, in one step."""
    changed = studio_of(request).conversations.change(
        conversation_id, caller_of(request).owner, **body.model_dump(), revision=matching(if_match)
    )
    return answer(changed)


@router.delete("/{conversation_id}", status_code=204, response_class=Response)
def delete(request: Request, conversation_id: str, if_match: IfMatch = None) -> Response:
    """Delete a conversation and its texts; for ten minutes it can be restored. The log keeps its figures."""
    studio_of(request).delete_conversation(conversation_id, caller_of(request), matching(if_match))
    return Response(status_code=204)


@router.post("/{conversation_id}/restore", response_model=ConversationOut)
def restore(request: Request, conversation_id: str) -> Response:
    """Bring a deleted conversation back, up to ten minutes later; one that is there stays as it is."""
    return answer(studio_of(request).conversations.restore(conversation_id, caller_of(request).owner))
