"""The messages of a conversation, a tree: said, edited, written again, continued; branches chosen and read.

An edited message and a reply written again stand beside what they replace. Each change is bound to
``If-Match`` where that is sent, done once for one ``Idempotency-Key``, and a job to follow with
``Prefer: respond-async``.
"""

import asyncio
from collections.abc import Callable
from typing import cast

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response

from api.caller import caller_of, cancelled_when_gone, studio_of
from api.conversation_schemas import (
    Answering,
    Branch,
    ConversationOut,
    Exchange,
    IfMatch,
    MessageOut,
    NewMessage,
    answer,
    etag,
    matching,
    shown,
    shown_messages,
)
from api.generation import accepted, ended, wants_async
from api.idempotency import Once
from api.schemas import CountCursor, Cursor, Limit, Page, examples, json_wanted
from studio import Asking, Caller, ChatRequest, Conversation, InvalidRequest, Job, NotFound, StoredMessage, Studio

router = APIRouter(
    prefix="/conversations/{conversation_id}", tags=["conversations"], dependencies=[Depends(json_wanted)]
)
Answered = tuple[Conversation, Job]
Ask = Callable[[Studio, Caller, Asking], Answered]


def _message(studio: Studio, conversation_id: str, message_id: str, owner: str) -> StoredMessage:
    studio.conversations.get(conversation_id, owner)
    found = studio.conversations.message(message_id)
    if found is None or found.conversation_id != conversation_id:
        raise NotFound("There is no such message in this conversation.", id=message_id[:64])
    return found


# Reading


@router.get("/messages", response_model=Page[MessageOut])
def messages(request: Request, conversation_id: str, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """The last messages of the branch in view, oldest first; ``next`` leads to those before."""
    studio = studio_of(request)
    found = studio.conversations.messages(conversation_id, caller_of(request).owner, limit + 1, cursor)
    page = found[-limit:]
    more = page[0].id if len(found) > limit else None
    return JSONResponse({"data": shown_messages(studio, page), "next": more})


@router.get("/tree", response_model=Page[MessageOut])
def tree(request: Request, conversation_id: str, limit: Limit = 200, cursor: CountCursor = None) -> Response:
    """The messages of every branch, oldest first; ``parent_id`` makes them a tree."""
    studio, begin = studio_of(request), int(cursor or 0)
    found = studio.conversations.all_messages(conversation_id, caller_of(request).owner)
    more = str(begin + limit) if len(found) > begin + limit else None
    return JSONResponse({"data": shown_messages(studio, found[begin : begin + limit]), "next": more})


@router.get("/messages/{message_id}", response_model=MessageOut)
def message(request: Request, conversation_id: str, message_id: str) -> Response:
    """One message, of any branch."""
    studio = studio_of(request)
    found = _message(studio, conversation_id, message_id, caller_of(request).owner)
    return JSONResponse(shown_messages(studio, [found])[0])


@router.put("/branch", response_model=ConversationOut, openapi_extra=examples({"message_id": "MESSAGE"}))
def choose(request: Request, conversation_id: str, body: Branch, if_match: IfMatch = None) -> Response:
    """Have the branch of a message in view, down to its newest reply."""
    studio, owner = studio_of(request), caller_of(request).owner
    studio.conversations.choose(conversation_id, owner, body.message_id, matching(if_match))
    return answer(studio.conversations.get(conversation_id, owner))


# Saying


@router.post(
    "/messages",
    response_model=Exchange,
    status_code=201,
    openapi_extra=examples({"content": "What is a hearth?", "max_tokens": 40}),
)
async def say(request: Request, conversation_id: str, body: NewMessage, if_match: IfMatch = None) -> Response:
    """Say something and get the reply.

    A reply that is cut off, because its client went away too, is kept as far as it came.
    """

    def ask(studio: Studio, caller: Caller, how: Asking) -> Answered:
        return studio.say(conversation_id, body.content, caller, **how)

    return await _answered(request, body, if_match, ask)


@router.post(
    "/messages/{message_id}/edits",
    response_model=Exchange,
    status_code=201,
    openapi_extra=examples({"content": "What is a fireplace?", "max_tokens": 40}),
)
async def edit(
    request: Request, conversation_id: str, message_id: str, body: NewMessage, if_match: IfMatch = None
) -> Response:
    """Say a user's message in other words, as a branch beside it, and get the reply."""
    return await _answered(
        request,
        body,
        if_match,
        lambda studio, caller, how: studio.edit(conversation_id, message_id, body.content, caller, **how),
    )


@router.post(
    "/messages/{message_id}/regenerations",
    response_model=Exchange,
    status_code=201,
    openapi_extra=examples({"temperature": 0.9}),
)
async def regenerate(
    request: Request, conversation_id: str, message_id: str, body: Answering, if_match: IfMatch = None
) -> Response:
    """Have a reply written again, by another model too, as a branch beside it; or to a message that has none."""
    return await _answered(
        request,
        body,
        if_match,
        lambda studio, caller, how: studio.regenerate(conversation_id, message_id, caller, **how),
    )


@router.post(
    "/messages/{message_id}/continuations",
    response_model=Exchange,
    status_code=201,
    openapi_extra=examples({"max_tokens": 40}),
)
async def resume(
    request: Request, conversation_id: str, message_id: str, body: Answering, if_match: IfMatch = None
) -> Response:
    """Have the last reply go on from where it was cut."""

    def ask(studio: Studio, caller: Caller, how: Asking) -> Answered:
        return studio.resume(conversation_id, message_id, caller, **how)

    return await _answered(request, body, if_match, ask)


async def _answered(request: Request, body: Answering, if_match: str | None, ask: Ask) -> Response:
    """Have the reply asked for in one of the four ways, and answer with it or with the job that writes it."""
    studio, caller, once = studio_of(request), caller_of(request), cast(Once, request.app.state.once)
    how = Asking(revision=matching(if_match), system=body.system, settings=body.settings())
    if isinstance(body, NewMessage):
        if "\x00" in body.content:
            raise InvalidRequest("content holds binary data, not text. Send plain text.", field="content")
        how["attachments"] = body.attachments

    def begin() -> Answered:
        return ask(studio, caller, how)

    conversation, job = await asyncio.to_thread(once.do, request, body.model_dump_json(), begin)
    if wants_async(request):
        return accepted(job)
    async with cancelled_when_gone(request, job):
        await ended(job)

    def read() -> Response:
        assert isinstance(job.request, ChatRequest) and job.request.reply_id is not None
        reply = _message(studio, conversation.id, job.request.reply_id, caller.owner)
        now = studio.conversations.get(conversation.id, caller.owner)
        headers = {"ETag": etag(now), "Location": f"/conversations/{now.id}/messages/{reply.id}"}
        [found] = shown_messages(studio, [reply])
        return JSONResponse({"conversation": shown(now), "message": found}, 201, headers=headers)

    return await asyncio.to_thread(read)
