"""Conversations and their messages: made, listed, renamed, answered in and deleted, each at its revision.

``ETag`` changes with all that is shown of a conversation; with ``If-Match`` a change is made only
if nobody else was faster (412).
"""

import asyncio
import hashlib
import json
from dataclasses import asdict
from typing import Annotated, Literal, cast

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import Field, JsonValue

from api.caller import caller_of, cancelled_when_gone, studio_of
from api.generation import accepted, ended, wants_async
from api.idempotency import Once
from api.schemas import CURSOR_TOLD, Body, Cursor, Limit, Page, Plain, Reply, examples, json_wanted
from studio import ChatSettings, Conversation, InvalidRequest, Job, PreconditionFailed, StoredMessage

router = APIRouter(prefix="/conversations", tags=["conversations"], dependencies=[Depends(json_wanted)])
ETAG_DIGITS = 16
PlaceCursor = Annotated[str | None, Query(pattern=r"^[^~]+~[^~]+$", max_length=100, description=CURSOR_TOLD)]
StopText = Annotated[Plain, Field(min_length=1, max_length=200)]
IfMatch = Annotated[str | None, Header(pattern=r'^("[0-9a-f]{16}"|\*)$', description="The ``ETag`` it was read at.")]


class ConversationOut(Reply):
    """A conversation; ``revision`` counts its changes."""

    id: str
    title: str
    revision: int
    created_at: str
    updated_at: str


class MessageOut(Reply):
    """A message of the branch in view; ``figures`` is what a reply cost."""

    id: str
    parent_id: str | None
    role: Literal["system", "user", "assistant"]
    content: str
    reasoning: str
    state: Literal["done", "growing", "failed", "cancelled", "interrupted"]
    model: str | None
    job_id: str | None
    error_message: str | None
    created_at: str
    figures: dict[str, JsonValue]


class NewConversation(Body):
    """The body of ``POST /conversations``; a title that is left out comes from the first message."""

    title: Annotated[Plain, Field(max_length=200)] = ""


class ConversationChange(Body):
    """The body of ``PATCH``."""

    title: Annotated[Plain, Field(min_length=1, max_length=200)]


class NewMessage(Body):
    """What a person says, and how the model is to answer; fields left out are the model's own."""

    content: Annotated[Plain, Field(min_length=1, max_length=400_000, pattern=r"\S")]
    system: Annotated[Plain, Field(max_length=100_000)] = ""
    model: Annotated[str | None, Field(min_length=1, max_length=200)] = None
    max_tokens: Annotated[int | None, Field(ge=1, le=1_000_000)] = None
    temperature: Annotated[float | None, Field(ge=0, le=2)] = None
    top_p: Annotated[float | None, Field(ge=0, le=1)] = None
    top_k: Annotated[int | None, Field(ge=0, le=1_000)] = None
    min_p: Annotated[float | None, Field(ge=0, le=1)] = None
    repeat_penalty: Annotated[float | None, Field(ge=0.5, le=2)] = None
    seed: Annotated[int | None, Field(ge=0, le=2**32 - 1)] = None
    stop: Annotated[
        list[Annotated[Plain, Field(min_length=1, max_length=200)]], Field(max_length=8, default_factory=list)
    ]
    context_tokens: Annotated[int | None, Field(ge=1, le=10_000_000)] = None


class Exchange(Reply):
    """The conversation as it is now, and the reply."""

    conversation: ConversationOut
    message: MessageOut


def _out(conversation: Conversation) -> dict[str, object]:
    values = asdict(conversation)
    return {name: values[name] for name in ConversationOut.model_fields}


def _message(message: StoredMessage) -> dict[str, object]:
    values = asdict(message)
    return {name: values[name] for name in MessageOut.model_fields}


def _etag(conversation: Conversation) -> str:
    shown = json.dumps(_out(conversation), sort_keys=True, ensure_ascii=True)
    return f'"{hashlib.sha256(shown.encode()).hexdigest()[:ETAG_DIGITS]}"'


def _answer(conversation: Conversation, status: int = 200) -> Response:
    headers = {"ETag": _etag(conversation)}
    if status == 201:
        headers["Location"] = f"/conversations/{conversation.id}"
    return JSONResponse(_out(conversation), status, headers=headers)


def _at_revision(conversation: Conversation, if_match: str | None) -> int | None:
    """Return the revision that the client means, None for any; raises PreconditionFailed."""
    if if_match is None or if_match == "*":
        return None
    if if_match != _etag(conversation):
        raise PreconditionFailed(
            f"If-Match is {if_match}, and this conversation is at {_etag(conversation)} now. Read it again.",
            revision=conversation.revision,
        )
    return conversation.revision


@router.get("", response_model=Page[ConversationOut])
def conversations(request: Request, limit: Limit = 50, cursor: PlaceCursor = None) -> Response:
    """The caller's conversations, the last changed first."""
    before = None
    if cursor is not None:
        changed, _, last = cursor.partition("~")
        before = (changed, last)
    found = studio_of(request).conversations.page(caller_of(request).owner, limit + 1, before)
    more = f"{found[limit - 1].updated_at}~{found[limit - 1].id}" if len(found) > limit else None
    return JSONResponse({"data": [_out(each) for each in found[:limit]], "next": more})


@router.post("", response_model=ConversationOut, status_code=201, openapi_extra=examples({"title": "Winter"}))
def create(request: Request, body: NewConversation) -> Response:
    """Make an empty conversation; the same ``Idempotency-Key`` gives the same one again."""
    once: Once = request.app.state.once
    studio, owner = studio_of(request), caller_of(request).owner
    made = once.do(request, body.model_dump_json(), lambda: studio.conversations.create(owner, body.title.strip()))
    return _answer(studio.conversations.get(made.id, owner), 201)


@router.get("/{conversation_id}", response_model=ConversationOut, responses={304: {"description": "Unchanged"}})
def conversation(
    request: Request, conversation_id: str, if_none_match: Annotated[str | None, Header(max_length=100)] = None
) -> Response:
    """One conversation; 304 while it is what ``If-None-Match`` says."""
    found = studio_of(request).conversations.get(conversation_id, caller_of(request).owner)
    if if_none_match == _etag(found):
        return Response(status_code=304, headers={"ETag": if_none_match})
    return _answer(found)


@router.patch("/{conversation_id}", response_model=ConversationOut, openapi_extra=examples({"title": "Spring"}))
def rename(request: Request, conversation_id: str, body: ConversationChange, if_match: IfMatch = None) -> Response:
    """Give a conversation another title."""
    studio, owner = studio_of(request), caller_of(request).owner
    _at_revision(studio.conversations.get(conversation_id, owner), if_match)
    return _answer(studio.conversations.rename(conversation_id, owner, body.title))


@router.delete("/{conversation_id}", status_code=204, response_class=Response)
def delete(request: Request, conversation_id: str, if_match: IfMatch = None) -> Response:
    """Delete a conversation and its texts; the log keeps its figures."""
    studio, owner = studio_of(request), caller_of(request).owner
    _at_revision(studio.conversations.get(conversation_id, owner), if_match)
    studio.conversations.delete(conversation_id, owner)
    return Response(status_code=204)


@router.get("/{conversation_id}/messages", response_model=Page[MessageOut])
def messages(request: Request, conversation_id: str, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """The last messages of the branch in view, oldest first; ``next`` leads to those before."""
    found = studio_of(request).conversations.messages(conversation_id, caller_of(request).owner, limit + 1, cursor)
    page = found[-limit:]
    more = page[0].id if len(found) > limit else None
    return JSONResponse({"data": [_message(each) for each in page], "next": more})


@router.post(
    "/{conversation_id}/messages",
    response_model=Exchange,
    status_code=201,
    openapi_extra=examples({"content": "What is a hearth?", "max_tokens": 40}),
)
async def say(request: Request, conversation_id: str, body: NewMessage, if_match: IfMatch = None) -> Response:
    """Say something and get the reply; with ``Prefer: respond-async`` a job to follow instead.

    A reply that is cut off, because its client went away too, is kept as far as it came.
    """
    conversation, job = await asyncio.to_thread(_say, request, conversation_id, body, if_match)
    if wants_async(request):
        return accepted(job)
    studio, owner = studio_of(request), caller_of(request).owner
    async with cancelled_when_gone(request, job):
        await ended(job)

    def read() -> Response:
        reply = next(m for m in studio.conversations.messages(conversation.id, owner) if m.job_id == job.id)
        now = studio.conversations.get(conversation.id, owner)
        headers = {"ETag": _etag(now)}
        return JSONResponse({"conversation": _out(now), "message": _message(reply)}, 201, headers=headers)

    return await asyncio.to_thread(read)


def _say(request: Request, conversation_id: str, body: NewMessage, if_match: str | None) -> tuple[Conversation, Job]:
    studio, caller = studio_of(request), caller_of(request)
    revision = _at_revision(studio.conversations.get(conversation_id, caller.owner), if_match)
    if "\x00" in body.content:
        raise InvalidRequest("content holds binary data, not text. Send plain text.", field="content")
    settings = ChatSettings(
        model=body.model,
        max_tokens=body.max_tokens,
        temperature=body.temperature,
        top_p=body.top_p,
        top_k=body.top_k,
        min_p=body.min_p,
        repeat_penalty=body.repeat_penalty,
        seed=body.seed,
        stop=tuple(body.stop),
        context_tokens=body.context_tokens,
    )
    once = cast(Once, request.app.state.once)
    return once.do(
        request,
        body.model_dump_json(),
        lambda: studio.say(
            conversation_id, body.content, caller, revision=revision, system=body.system, settings=settings
        ),
    )
