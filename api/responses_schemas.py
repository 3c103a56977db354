"""The body of OpenAI's ``/v1/responses``, as far as the engines can do it; anything else is refused by name."""

import json
from typing import Annotated, Literal

from pydantic import Field, JsonValue

from api.openai_tools import chosen, data_url, tool
from api.strict import No, Strict
from studio import ChatRequest, Message, Role, Tool, ToolCall, ToolChoice


class InputText(Strict):
    """A piece of what somebody said."""

    type: Literal["input_text"]
    text: str


class InputImage(Strict):
    """A picture as a ``data:`` URL; nothing is fetched from other servers."""

    type: Literal["input_image"]
    image_url: str
    detail: Literal["auto"] = "auto"


class OutputText(Strict):
    """A piece of an earlier reply."""

    type: Literal["output_text"]
    text: str
    annotations: Annotated[list[JsonValue], Field(max_length=0)] = Field(default_factory=list)
    logprobs: Annotated[list[JsonValue] | None, Field(max_length=0)] = None


Content = Annotated[InputText | InputImage | OutputText, Field(discriminator="type")]


class MessageItem(Strict):
    """A turn, said now or an earlier reply that is sent back; ``developer`` means ``system``."""

    role: Literal["user", "assistant", "system", "developer"]
    content: str | list[Content]
    type: Literal["message"] = "message"
    id: str | None = None
    status: Literal["in_progress", "completed", "incomplete"] | None = None
    phase: None = None


class CallItem(Strict):
    """A call that the assistant made."""

    type: Literal["function_call"]
    call_id: str
    name: str
    arguments: str
    id: str | None = None
    status: Literal["in_progress", "completed", "incomplete"] | None = None


class ResultItem(Strict):
    """What a call gave."""

    type: Literal["function_call_output"]
    call_id: str
    output: str | list[InputText]
    id: str | None = None
    status: Literal["in_progress", "completed", "incomplete"] | None = None


class ReasoningItem(Strict):
    """What was thought for an earlier reply; models don't read it again."""

    type: Literal["reasoning"]
    id: str
    summary: list[JsonValue]
    content: list[JsonValue] | None = None
    status: Literal["in_progress", "completed", "incomplete"] | None = None


Item = MessageItem | CallItem | ResultItem | ReasoningItem


class FunctionTool(Strict):
    """A function that the model may call."""

    type: Literal["function"]
    name: str
    description: str | None = None
    parameters: dict[str, JsonValue] | None = None
    strict: bool | None = None


class NamedTool(Strict):
    """The one function that must be called."""

    type: Literal["function"]
    name: str


class PlainText(Strict):
    """Free text."""

    type: Literal["text"]


class AnyObject(Strict):
    """Some JSON object."""

    type: Literal["json_object"]


class ObjectOfSchema(Strict):
    """JSON that follows a schema; it always does, with ``strict`` or without."""

    type: Literal["json_schema"]
    name: str
    schema_: Annotated[dict[str, JsonValue], Field(alias="schema")]
    description: str | None = None
    strict: bool | None = None


class TextConfig(Strict):
    """The form of the text."""

    format: Annotated[PlainText | AnyObject | ObjectOfSchema, Field(discriminator="type")] = PlainText(type="text")


class ResponsesBody(Strict):
    """The body of ``POST /v1/responses``."""

    model: str
    input: str | Annotated[list[Item], Field(min_length=1, max_length=10_000)]
    instructions: str | None = None
    previous_response_id: Annotated[str | None, Field(max_length=200)] = None
    store: bool | None = None
    stream: bool | None = None
    max_output_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    text: TextConfig = TextConfig()
    tools: Annotated[list[FunctionTool], Field(max_length=128)] = Field(default_factory=list)
    tool_choice: Literal["none", "auto", "required"] | NamedTool = "auto"
    parallel_tool_calls: bool | None = None
    metadata: Annotated[dict[str, str] | None, Field(max_length=16)] = None
    truncation: Literal["disabled"] | None = None
    background: No | None = None
    user: Annotated[str | None, Field(description="Whose request this is at the client's; not kept.")] = None

    def turns(self) -> tuple[Message, ...]:
        """Return what is said now, as the studio has it; calls join the assistant's turn before them."""
        if isinstance(self.input, str):
            return (Message("user", self.input),)
        turns: list[Message] = []
        for item in self.input:
            if isinstance(item, MessageItem):
                turns.append(_message(item))
            elif isinstance(item, CallItem):
                call = ToolCall(id=item.call_id, name=item.name, arguments=item.arguments)
                before = turns.pop() if turns and turns[-1].role == "assistant" else Message("assistant", "")
                turns.append(Message("assistant", before.content, tool_calls=(*before.tool_calls, call)))
            elif isinstance(item, ResultItem):
                output = item.output
                text = output if isinstance(output, str) else "\n".join(part.text for part in output)
                turns.append(Message("tool", text, tool_call_id=item.call_id))
        return tuple(turns)

    def request(self, before: tuple[Message, ...]) -> ChatRequest:
        """Return what the studio is asked for, after the turns of an earlier response."""
        instructions = (Message("system", self.instructions),) if self.instructions else ()
        tools, tool_choice = self._tools_and_choice()
        return ChatRequest(
            messages=(*instructions, *before, *self.turns()),
            model=self.model,
            max_tokens=self.max_output_tokens,
            temperature=self.temperature,
            top_p=self.top_p,
            json_schema=self._schema_text(),
            tools=tools,
            tool_choice=tool_choice,
            parallel_tool_calls=self.parallel_tool_calls is not False,
        )

    def _tools_and_choice(self) -> tuple[tuple[Tool, ...], ToolChoice]:
        offered = tuple(tool(one.name, one.description, one.parameters) for one in self.tools)
        choice = self.tool_choice
        return chosen(offered, f"={choice.name}" if isinstance(choice, NamedTool) else choice)

    def _schema_text(self) -> str | None:
        form = self.text.format
        if isinstance(form, ObjectOfSchema):
            return json.dumps(form.schema_)
        return '{"type": "object"}' if isinstance(form, AnyObject) else None


def _message(item: MessageItem) -> Message:
    role: Role = "system" if item.role == "developer" else item.role
    if isinstance(item.content, str):
        return Message(role, item.content)
    text = "\n".join(part.text for part in item.content if not isinstance(part, InputImage))
    images = tuple(data_url(part.image_url) for part in item.content if isinstance(part, InputImage))
    return Message(role, text, images=images)
