"""Messages and tools as OpenAI's chat completions have them, and what the studio is asked for with them."""

import base64
import binascii
import json
from typing import Annotated, Literal

from pydantic import Field, JsonValue

from api.strict import Strict
from studio import InvalidRequest, Message, Tool, ToolCall, ToolChoice

NO_ARGUMENTS: dict[str, JsonValue] = {"type": "object", "properties": {}}


class TextPart(Strict):
    """A piece of text in a message's content."""

    type: Literal["text"]
    text: str


class ImageAddress(Strict):
    """A picture as a ``data:`` URL; nothing is fetched from other servers."""

    url: str
    detail: Literal["auto"] = "auto"


class ImagePart(Strict):
    """A picture in a message's content."""

    type: Literal["image_url"]
    image_url: ImageAddress


Part = Annotated[TextPart | ImagePart, Field(discriminator="type")]


class CalledFunction(Strict):
    """What was called, and with which arguments, as JSON text."""

    name: str
    arguments: str


class Call(Strict):
    """A call that the assistant made."""

    id: str
    type: Literal["function"] = "function"
    function: CalledFunction


class ChatMessage(Strict):
    """One turn; ``developer`` means ``system``. What a client sends back of a reply is taken as it came."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[Part] | None = None
    tool_calls: list[Call] | None = None
    tool_call_id: str | None = None
    reasoning_content: Annotated[str | None, Field(description="Of an earlier reply; models don't read it.")] = None
    refusal: None = None
    annotations: Annotated[list[JsonValue] | None, Field(max_length=0)] = None
    audio: None = None
    function_call: None = None

    def turn(self) -> Message:
        """Return the turn as the studio has it."""
        parts = [] if self.content is None or isinstance(self.content, str) else self.content
        text = self.content if isinstance(self.content, str) else ""
        return Message(
            "system" if self.role == "developer" else self.role,
            text or "\n".join(part.text for part in parts if isinstance(part, TextPart)),
            tool_calls=tuple(
                ToolCall(id=call.id, name=call.function.name, arguments=call.function.arguments)
                for call in self.tool_calls or ()
            ),
            tool_call_id=self.tool_call_id,
            images=tuple(data_url(part.image_url.url) for part in parts if isinstance(part, ImagePart)),
        )


class Function(Strict):
    """A function that the model may call; its arguments always follow the schema when the call is forced."""

    name: str
    description: str | None = None
    parameters: dict[str, JsonValue] | None = None
    strict: bool | None = None


class FunctionTool(Strict):
    """A tool; there are no others than functions."""

    type: Literal["function"]
    function: Function


class NamedFunction(Strict):
    """Names a function."""

    name: str


class NamedTool(Strict):
    """The one function that must be called."""

    type: Literal["function"]
    function: NamedFunction


def tool(name: str, description: str | None, parameters: dict[str, JsonValue] | None) -> Tool:
    """Return a tool as the studio has it."""
    return Tool(name=name, description=description or "", parameters=json.dumps(parameters or NO_ARGUMENTS))


def chosen(tools: tuple[Tool, ...], choice: ToolChoice | str | None) -> tuple[tuple[Tool, ...], ToolChoice]:
    """Return what is offered and whether it must be called, after a choice that may name one.

    Args:
        choice: A mode, or ``=`` and the name of a function.

    Raises:
        InvalidRequest: It names a function that is not there.
    """
    if choice is None or choice == "auto":
        return tools, "auto"
    if choice == "none":
        return tools, "none"
    if choice == "required":
        return tools, "required"
    named = tuple(one for one in tools if one.name == choice[1:])
    if not named:
        there = ", ".join(one.name for one in tools) or "none"
        raise InvalidRequest(
            f"tool_choice is {choice[1:][:80]!r}, which is not in tools. Choose of: {there}.", field="tool_choice"
        )
    return named, "required"


def data_url(url: str) -> bytes:
    """Return the bytes of a ``data:`` URL.

    Raises:
        InvalidRequest: It is another kind of URL, or not base64.
    """
    head, _, data = url.partition(",")
    if not head.startswith("data:") or not head.endswith(";base64"):
        raise InvalidRequest(
            f"image_url is {url[:60]!r}; pictures are not fetched from elsewhere. Send it as data:image/png;base64,…",
            field="image_url",
        )
    return base64_bytes(data, "image_url")


def base64_bytes(data: str, field: str) -> bytes:
    """Return what base64 text holds; raises InvalidRequest."""
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as exc:
        raise InvalidRequest(f"{field} is not base64. Encode the file again.", field=field) from exc
