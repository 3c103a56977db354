"""Anthropic-compatible routes: messages, streamed or whole, and their tokens counted by the model's own tokenizer.

A model that thinks aloud gives ``thinking`` blocks before its ``text``. What a prompt cost is known
when the engine has read it, so a stream tells it at the end, in ``message_delta``, as the protocol
allows. Prompts are cached as it is, so a ``cache_control`` mark changes nothing and is let through.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Annotated, Literal

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import Field, JsonValue

from api.caller import cancelled_when_gone, studio_of
from api.error_forms import ErrorFacts, anthropic_error
from api.event_stream import KEEP_ALIVE_S, EventStream
from api.generation import accepted, first_output, submit, wants_async
from api.openai_tools import base64_bytes, chosen, tool
from api.replies import TEXT, Reply, arguments_of, collected, left_out, model_of
from api.strict import Strict
from studio import (
    ChatRequest,
    Delta,
    Done,
    Failed,
    InvalidRequest,
    Job,
    Message,
    Terminal,
    Tool,
    ToolCall,
    ToolCallDelta,
    ToolChoice,
    Usage,
)

router = APIRouter(prefix="/v1/messages", tags=["anthropic"])
STOP_REASONS = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use"}


class CacheControl(Strict):
    """A mark that everything up to here may be cached; it always is."""

    type: Literal["ephemeral"]


class TextBlock(Strict):
    """A piece of text."""

    type: Literal["text"]
    text: str
    cache_control: CacheControl | None = None


class ImageSource(Strict):
    """A picture in base64; nothing is fetched from other servers."""

    type: Literal["base64"]
    media_type: Literal["image/png", "image/jpeg", "image/webp", "image/gif"]
    data: str


class ImageBlock(Strict):
    """A picture."""

    type: Literal["image"]
    source: ImageSource
    cache_control: CacheControl | None = None


class ToolUseBlock(Strict):
    """A call that the assistant made."""

    type: Literal["tool_use"]
    id: str
    name: str
    input: dict[str, JsonValue]
    cache_control: CacheControl | None = None


class ToolResultBlock(Strict):
    """What a call gave."""

    type: Literal["tool_result"]
    tool_use_id: str
    content: str | list[TextBlock] = ""
    is_error: bool = False
    cache_control: CacheControl | None = None


class ThinkingBlock(Strict):
    """What the assistant thought in an earlier turn; models don't read it again."""

    type: Literal["thinking"]
    thinking: str
    signature: str = ""


Block = Annotated[TextBlock | ImageBlock | ToolUseBlock | ToolResultBlock | ThinkingBlock, Field(discriminator="type")]


class Turn(Strict):
    """One message; the last may be the assistant's, to be continued."""

    role: Literal["user", "assistant"]
    content: str | list[Block]

    def messages(self) -> list[Message]:
        """Return the turn as the studio has it: results of calls are turns of their own, before the text."""
        if isinstance(self.content, str):
            return [Message(self.role, self.content)]
        results = [
            Message("tool", _result(block), tool_call_id=block.tool_use_id)
            for block in self.content
            if isinstance(block, ToolResultBlock)
        ]
        text = "\n".join(block.text for block in self.content if isinstance(block, TextBlock))
        calls = tuple(
            ToolCall(id=block.id, name=block.name, arguments=json.dumps(block.input, ensure_ascii=False))
            for block in self.content
            if isinstance(block, ToolUseBlock)
        )
        images = tuple(
            base64_bytes(block.source.data, "messages") for block in self.content if isinstance(block, ImageBlock)
        )
        if results and not (text or calls or images):
            return results
        return [*results, Message(self.role, text, tool_calls=calls, images=images)]


class ToolBody(Strict):
    """A function that the model may call."""

    name: str
    description: str | None = None
    input_schema: dict[str, JsonValue]
    type: Literal["custom"] | None = None
    cache_control: CacheControl | None = None


class Choice(Strict):
    """Whether a tool is called: ``any`` means that one must be, ``tool`` names it."""

    type: Literal["auto", "any", "none", "tool"]
    name: str | None = None
    disable_parallel_tool_use: bool = False


class Metadata(Strict):
    """Whose request this is at the client's; not kept."""

    user_id: str | None = None


class CountBody(Strict):
    """The body of ``POST /v1/messages/count_tokens``."""

    model: str
    messages: Annotated[list[Turn], Field(min_length=1, max_length=10_000)]
    system: str | list[TextBlock] | None = None
    tools: Annotated[list[ToolBody], Field(max_length=128)] = Field(default_factory=list)
    tool_choice: Choice | None = None

    def turns(self) -> tuple[Message, ...]:
        """Return the conversation, its instructions first."""
        system = _text(self.system or "")
        before = (Message("system", system),) if system else ()
        return (*before, *(message for turn in self.messages for message in turn.messages()))

    def tools_and_choice(self) -> tuple[tuple[Tool, ...], ToolChoice]:
        """Return what may be called, and whether it must be."""
        choice = self.tool_choice or Choice(type="auto")
        if (choice.type == "tool") != (choice.name is not None):
            raise InvalidRequest("tool_choice has a name with type tool, and only then.", field="tool_choice")
        offered = tuple(tool(one.name, one.description, one.input_schema) for one in self.tools)
        return chosen(offered, {"any": "required", "tool": f"={choice.name}"}.get(choice.type, choice.type))


class MessagesBody(CountBody):
    """The body of ``POST /v1/messages``."""

    max_tokens: int
    stream: bool = False
    stop_sequences: list[str] = Field(default_factory=list)
    temperature: Annotated[float | None, Field(ge=0, le=1)] = None
    top_p: float | None = None
    top_k: int | None = None
    metadata: Metadata | None = None


def _result(block: ToolResultBlock) -> str:
    text = _text(block.content)
    return f"Error: {text}" if block.is_error else text


def _text(content: str | list[TextBlock]) -> str:
    return content if isinstance(content, str) else "\n".join(block.text for block in content)


@router.post("", response_model=None)
async def messages(request: Request, body: MessagesBody) -> Response:
    """The next message of a conversation, whole or as server-sent events."""
    tools, tool_choice = body.tools_and_choice()
    wanted = ChatRequest(
        messages=body.turns(),
        model=body.model,
        tools=tools,
        tool_choice=tool_choice,
        parallel_tool_calls=body.tool_choice is None or not body.tool_choice.disable_parallel_tool_use,
        max_tokens=body.max_tokens,
        temperature=body.temperature,
        top_p=body.top_p,
        top_k=body.top_k,
        stop=tuple(body.stop_sequences),
    )
    job = submit(request, wanted)
    if wants_async(request):
        return accepted(job)
    async with cancelled_when_gone(request, job):
        after = await first_output(job, TEXT, patience_s=KEEP_ALIVE_S if body.stream else None)
        if not body.stream:
            reply = await collected(job)
            reason = STOP_REASONS.get(reply.finish_reason, "end_turn")
            return JSONResponse(_message(job, _blocks(reply), reason, _usage(reply.usage)), headers=left_out(job))
    request_id = request.scope.get("hearth.request_id", "")
    return EventStream(_events(job, after, request_id), headers=left_out(job))


@router.post("/count_tokens", response_model=None)
async def count_tokens(request: Request, body: CountBody) -> Response:
    """How many tokens a conversation has for this model, its template included."""
    tools, tool_choice = body.tools_and_choice()
    wanted = ChatRequest(messages=body.turns(), model=body.model, tools=tools, tool_choice=tool_choice)
    return JSONResponse({"input_tokens": await asyncio.to_thread(studio_of(request).count_tokens, wanted)})


def _blocks(reply: Reply) -> list[dict[str, object]]:
    blocks: list[dict[str, object]] = []
    if reply.reasoning:
        blocks.append({"type": "thinking", "thinking": reply.reasoning, "signature": ""})
    if reply.text or not reply.tool_calls:
        blocks.append({"type": "text", "text": reply.text})
    for call in reply.tool_calls:
        blocks.append({"type": "tool_use", "id": call.id, "name": call.name, "input": arguments_of(call)})
    return blocks


def _message(
    job: Job, blocks: list[dict[str, object]], stop_reason: str | None, usage: dict[str, int]
) -> dict[str, object]:
    return {
        "id": f"msg_{job.id}",
        "type": "message",
        "role": "assistant",
        "model": model_of(job),
        "content": blocks,
        "stop_reason": stop_reason,
        "stop_sequence": None,
        "usage": usage,
    }


def _usage(usage: Usage) -> dict[str, int]:
    cached = usage.tokens_cached or 0
    return {
        "input_tokens": max(0, (usage.tokens_in or 0) - cached),
        "cache_read_input_tokens": cached,
        "cache_creation_input_tokens": 0,
        "output_tokens": usage.tokens_out or 0,
    }


def _frame(kind: str, **fields: object) -> str:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields}, ensure_ascii=False)}\n\n"


async def _events(job: Job, after: int, request_id: str) -> AsyncIterator[str]:
    index, open_block, usage = -1, "", Usage()
    try:
        yield _frame("message_start", message=_message(job, [], None, _usage(Usage())))
        yield _frame("ping")
        async for _, event in job.events(after):
            if isinstance(event, Delta | ToolCallDelta):
                kind, key, start, delta = _piece(event)
                if key != open_block:
                    if open_block:
                        yield _frame("content_block_stop", index=index)
                    index, open_block = index + 1, key
                    yield _frame("content_block_start", index=index, content_block=start)
                yield _frame("content_block_delta", index=index, delta={"type": f"{kind}_delta", **delta})
            elif isinstance(event, Usage):
                usage = event
            elif isinstance(event, Failed):
                facts = ErrorFacts(
                    status=event.status,
                    code=event.code,
                    title=event.title,
                    message=event.message,
                    request_id=request_id,
                )
                yield f"event: error\ndata: {json.dumps(anthropic_error(facts), ensure_ascii=False)}\n\n"
                return
            elif isinstance(event, Terminal):
                if not open_block:
                    index = 0
                    yield _frame("content_block_start", index=index, content_block=_empty_block("text"))
                yield _frame("content_block_stop", index=index)
                reason = STOP_REASONS.get(event.finish_reason, "end_turn") if isinstance(event, Done) else "end_turn"
                delta = {"stop_reason": reason, "stop_sequence": None}
                yield _frame("message_delta", delta=delta, usage=_usage(usage))
                yield _frame("message_stop")
    finally:
        job.cancel()  # the client went away; harmless when the job has ended


def _piece(event: Delta | ToolCallDelta) -> tuple[str, str, dict[str, object], dict[str, object]]:
    """Return a piece's kind, which block it is in, how that block begins, and what the piece adds."""
    if isinstance(event, ToolCallDelta):
        start: dict[str, object] = {"type": "tool_use", "id": event.id, "name": event.name, "input": {}}
        return "input_json", f"call {event.index}", start, {"partial_json": event.arguments}
    kind = "thinking" if event.reasoning else "text"
    return kind, kind, _empty_block(kind), {kind: event.text}


def _empty_block(kind: str) -> dict[str, object]:
    return {"type": "thinking", "thinking": "", "signature": ""} if kind == "thinking" else {"type": "text", "text": ""}
