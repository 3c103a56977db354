"""What goes in and out of the conversations' routes, and the ETag that a change may be bound to."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Literal

from fastapi import Header
from fastapi.responses import JSONResponse, Response
from pydantic import Field, JsonValue

from api.schemas import Id, Plain, Reply
from api.strict import Strict
from studio import ChatSettings, Conversation, PreconditionFailed, Revision, StoredMessage, Studio

ETAG_DIGITS = 16
IfMatch = Annotated[str | None, Header(description="The ``ETag`` it was read at.")]
IfNoneMatch = Annotated[str | None, Header(description="The ``ETag`` it was read at before.")]
StopText = Annotated[Plain, Field(min_length=1, max_length=200)]
Name = Annotated[Plain, Field(max_length=60)]


class ConversationOut(Reply):
    """A conversation; ``revision`` counts its messages' changes, ``leaf_id`` is the last message in view."""

    id: str
    title: str
    revision: int
    leaf_id: str | None
    pinned: bool
    archived: bool
    folder: str
    tags: list[str]
    created_at: str
    updated_at: str


class AttachedOut(Reply):
    """A file that goes with a message; ``GET /documents/{id}`` tells more."""

    id: str
    name: str
    form: str
    size_bytes: int


class SourceOut(Reply):
    """A passage that a reply may cite as ``[number]``: the page (from 0) and the characters in its text.

    ``document_id`` is null once the file was deleted.
    """

    number: int
    document_id: str | None
    name: str
    page: int
    label: str
    start: int
    end: int
    text: str


class MessageOut(Reply):
    """A message; ``siblings`` are the versions of it, itself among them, ``figures`` what a reply cost."""

    id: str
    parent_id: str | None
    siblings: list[str]
    role: Literal["system", "user", "assistant"]
    content: str
    reasoning: str
    state: Literal["done", "growing", "failed", "cancelled", "interrupted"]
    model: str | None
    job_id: str | None
    error_message: str | None
    created_at: str
    figures: dict[str, JsonValue]
    attachments: list[AttachedOut]
    sources: list[SourceOut]


class Exchange(Reply):
    """The conversation as it is now, and the reply."""

    conversation: ConversationOut
    message: MessageOut


class NewConversation(Strict):
    """The body of ``POST /conversations``; a title that is left out comes from the first message."""

    title: Annotated[Plain, Field(max_length=200)] = ""


class ConversationChange(Strict):
    """The body of ``PATCH``: what is left out stays. No folder is ``""``; ``tags`` are all that there shall be."""

    title: Annotated[Plain, Field(min_length=1, max_length=200, pattern=r"\S")] | None = None
    pinned: bool | None = None
    archived: bool | None = None
    folder: Name | None = None
    tags: Annotated[list[Name], Field(max_length=20)] | None = None


class Answering(Strict):
    """How the model is to answer; fields left out are the model's own."""

    system: Annotated[Plain, Field(max_length=100_000)] = ""
    model: Annotated[str | None, Field(min_length=1, max_length=200)] = None
    max_tokens: Annotated[int | None, Field(ge=1, le=1_000_000)] = None
    temperature: Annotated[float | None, Field(ge=0, le=2)] = None
    top_p: Annotated[float | None, Field(ge=0, le=1)] = None
    top_k: Annotated[int | None, Field(ge=0, le=1_000)] = None
    min_p: Annotated[float | None, Field(ge=0, le=1)] = None
    repeat_penalty: Annotated[float | None, Field(ge=0.5, le=2)] = None
    seed: Annotated[int | None, Field(ge=0, le=2**32 - 1)] = None
    stop: Annotated[list[StopText], Field(max_length=8, default_factory=list)]
    context_tokens: Annotated[int | None, Field(ge=1, le=10_000_000)] = None
    json_schema: Annotated[
        dict[str, JsonValue] | None, Field(description="A JSON Schema that the reply must follow.")
    ] = None
    collections: Annotated[
        list[Id], Field(max_length=8, default_factory=list, description="Collections whose best passages go along.")
    ]

    def settings(self) -> ChatSettings:
        """Return them as the Studio takes them."""
        return ChatSettings(
            **self.model_dump(exclude={"system", "content", "attachments", "stop", "json_schema", "collections"}),
            stop=tuple(self.stop),
            json_schema=None if self.json_schema is None else json.dumps(self.json_schema, ensure_ascii=False),
            collections=tuple(self.collections),
        )


class NewMessage(Answering):
    """What a person says, and how the model is to answer."""

    content: Annotated[Plain, Field(min_length=1, max_length=400_000, pattern=r"\S")]
    attachments: Annotated[
        list[Id] | None,
        Field(max_length=10, description="Ids that ``POST /documents`` gave. Left out in an edit: those it had."),
    ] = None


class Branch(Strict):
    """The body of ``PUT …/branch``: any message of the branch that shall be in view."""

    message_id: Annotated[str, Field(min_length=1, max_length=100)]


def shown(conversation: Conversation) -> dict[str, object]:
    """Return a conversation as JSON."""
    values = asdict(conversation) | {"tags": sorted(conversation.tags)}
    return {name: values[name] for name in ConversationOut.model_fields}


def shown_messages(studio: Studio, messages: Sequence[StoredMessage]) -> list[dict[str, object]]:
    """Return messages of one conversation as JSON."""
    siblings, ids = studio.conversations.siblings(messages), [message.id for message in messages]
    files, sources = studio.documents.of_messages(ids), studio.documents.sources_of(ids)
    told = []
    for message in messages:
        values = asdict(message) | {
            "siblings": list(siblings[message.id]),
            "attachments": [
                {name: getattr(file, name) for name in AttachedOut.model_fields} for file in files.get(message.id, ())
            ],
            "sources": [asdict(source) for source in sources.get(message.id, ())],
        }
        told.append({name: values[name] for name in MessageOut.model_fields})
    return told


def etag(conversation: Conversation) -> str:
    """Return what changes with all that is shown of a conversation."""
    text = json.dumps(shown(conversation), sort_keys=True, ensure_ascii=True)
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:ETAG_DIGITS]}"'


def answer(conversation: Conversation, status: int = 200) -> Response:
    """Answer with a conversation; 201 says where it is."""
    headers = {"ETag": etag(conversation)}
    if status == 201:
        headers["Location"] = f"/conversations/{conversation.id}"
    return JSONResponse(shown(conversation), status, headers=headers)


def names(header: str, conversation: Conversation) -> bool:
    """Whether ``If-Match`` or ``If-None-Match`` names a conversation as it is (RFC 9110, 13.1)."""
    tags = {tag.strip() for tag in header.split(",")}
    return bool(tags & {"*", etag(conversation)})


def matching(if_match: str | None) -> Revision:
    """Return what ``If-Match`` demands; it is looked at inside the write, and raises PreconditionFailed there."""
    if if_match is None:
        return None

    def check(conversation: Conversation) -> None:
        now = etag(conversation)
        if not names(if_match, conversation):
            raise PreconditionFailed(
                f"If-Match is {if_match[:80]}, and this conversation is at {now} now. Read it again.",
                revision=conversation.revision,
            )

    return check
