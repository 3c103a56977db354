"""The turns of a conversation: what was said, seen and called, and the tools that may be called."""

import json
import re
from dataclasses import dataclass, field
from typing import Literal

from contract.documents import Attachment
from contract.errors import InvalidRequest

Role = Literal["system", "user", "assistant", "tool"]
ToolChoice = Literal["auto", "none", "required"]
ROLES: tuple[Role, ...] = ("system", "user", "assistant", "tool")
TOOL_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
TOOLS = 128
IMAGE_MAGICS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF", b"GIF8")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A function that the model may call; ``parameters`` is the JSON Schema of its arguments, as JSON text."""

    name: str
    description: str = ""
    parameters: str = '{"type": "object", "properties": {}}'


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """A call that the model made: ``arguments`` is JSON text as the model wrote it."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation.

    Attributes:
        tool_calls: What the assistant called in this turn.
        tool_call_id: Of a ``tool`` turn: the call whose result ``content`` is.
        images: PNG, JPEG, WebP or GIF files that go with the text.
        attachments: Texts of files that go with it, as data; the Studio puts what fits before the text.
    """

    role: Role
    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None
    images: tuple[bytes, ...] = field(default=(), repr=False)
    attachments: tuple[Attachment, ...] = ()


def check_plain(field: str, text: str) -> None:
    """Refuse what is no text: NUL, and half of a pair of UTF-16, which no file or database takes."""
    if not isinstance(text, str) or "\x00" in text:
        raise InvalidRequest(f"{field} holds binary data, not text. Paste plain text.", field=field)
    try:
        text.encode()
    except UnicodeEncodeError as exc:
        raise InvalidRequest(f"{field} holds half a character, not text. Paste plain text.", field=field) from exc


def is_object(text: str) -> bool:
    """Whether JSON text is an object."""
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def check_turn(message: Message, images: int) -> None:
    """Raise InvalidRequest for a turn that can't be; ``images`` is the most that one may have."""
    if message.role not in ROLES:
        raise InvalidRequest(
            f"messages has the role {message.role!r}; it must be one of {', '.join(ROLES)}.", field="messages"
        )
    check_plain("messages", message.content)
    for call in message.tool_calls:
        check_plain("messages", call.arguments)
        if message.role != "assistant" or not TOOL_NAME.fullmatch(call.name):
            raise InvalidRequest(
                "messages has a call that no assistant could make. Send calls back as they came.", field="messages"
            )
        if not is_object(call.arguments):
            raise InvalidRequest(
                f"messages has a call of {call.name} whose arguments are no JSON object. Leave that turn out.",
                field="messages",
            )
    if (message.role == "tool") != (message.tool_call_id is not None):
        raise InvalidRequest(
            "messages has a tool message without tool_call_id, or the other way round. Send the call's id with its "
            "result.",
            field="messages",
        )
    if len(message.images) > images or (message.images and message.role != "user"):
        raise InvalidRequest(
            f"messages has {len(message.images)} images in a turn of the {message.role}; a turn of the user takes up "
            f"to {images}.",
            field="messages",
        )
    if message.attachments and message.role != "user":
        raise InvalidRequest(f"messages has a file in a turn of the {message.role}; only the user attaches any.")
    for attachment in message.attachments:
        check_plain("attachments", attachment.text)
    if any(not image.startswith(IMAGE_MAGICS) for image in message.images):
        raise InvalidRequest(
            "messages has an image that is no PNG, JPEG, WebP or GIF. Convert it, then send it again.",
            field="messages",
        )
