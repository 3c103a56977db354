"""OpenAI's responses: whole or streamed, kept for their owner unless ``store`` is false, gone on from by id.

A response is kept when its reply is finished; one whose client went away is not. What was told to
the client and what was said are kept apart from the log, and deleting a response deletes both.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from typing import cast

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import JsonValue

from api.caller import caller_of, cancelled_when_gone, studio_of
from api.event_stream import KEEP_ALIVE_S, EventStream
from api.generation import accepted, first_output, submit, wants_async
from api.replies import TEXT, Reply, collected, left_out, model_of
from api.responses_schemas import ResponsesBody
from studio import Delta, Failed, InvalidRequest, Job, Message, StoredResponse, Studio, Terminal, ToolCallDelta

router = APIRouter(prefix="/v1/responses", tags=["openai"])
Json = dict[str, object]


@router.post("", response_model=None)
async def create(request: Request, body: ResponsesBody) -> Response:
    """The next reply of a conversation, whole or as server-sent events."""
    studio, owner = studio_of(request), caller_of(request).owner
    before: tuple[Message, ...] = ()
    if body.previous_response_id is not None:
        before = await asyncio.to_thread(studio.responses.conversation, body.previous_response_id, owner)
    job = submit(request, body.request(before))
    if wants_async(request):
        return accepted(job)
    answer = _Answer(studio, job, body)
    async with cancelled_when_gone(request, job):
        after = await first_output(job, TEXT, patience_s=KEEP_ALIVE_S if body.stream else None)
        if not body.stream:
            answer.reply = await collected(job)
            for _ in answer.close():
                pass
            await answer.keep()
            return JSONResponse(answer.as_json(), headers=left_out(job))
    return EventStream(_events(job, after, answer), headers=left_out(job))


@router.get("/{response_id}")
def read(request: Request, response_id: str) -> Response:
    """A stored response."""
    if "stream" in request.query_params:
        raise InvalidRequest("stream is for making a response. Leave it out.", field="stream")
    stored = studio_of(request).responses.get(response_id, caller_of(request).owner)
    return Response(stored.response, media_type="application/json")


@router.get("/{response_id}/input_items")
def input_items(request: Request, response_id: str) -> Response:
    """What was sent for a stored response, in its order."""
    stored = studio_of(request).responses.get(response_id, caller_of(request).owner)
    items: list[Json] = json.loads(stored.input)
    ends = {"first_id": items[0]["id"], "last_id": items[-1]["id"]}
    return JSONResponse({"object": "list", "data": items, "has_more": False, **ends})


@router.delete("/{response_id}")
def delete(request: Request, response_id: str) -> Response:
    """Delete a stored response; what goes on from it can't be gone on from any more."""
    studio_of(request).responses.delete(response_id, caller_of(request).owner)
    return JSONResponse({"id": response_id, "object": "response", "deleted": True})


class _Answer:
    """A response while it is made: gathers the reply, and tells each change as the event that the protocol has."""

    def __init__(self, studio: Studio, job: Job, body: ResponsesBody) -> None:
        self.reply = Reply()
        self._studio, self._job, self._body = studio, job, body
        self._created = int(time.time())
        self._output: list[Json] = []
        self._open = ""
        self._sequence = 0
        self._status = "in_progress"
        self._error: Json | None = None

    def event(self, kind: str, **fields: object) -> str:
        """Return one server-sent event, numbered."""
        data = {"type": kind, "sequence_number": self._sequence, **fields}
        self._sequence += 1
        return f"event: {kind}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"

    def begin(self) -> Iterator[str]:
        """Yield how a response begins."""
        yield self.event("response.created", response=self.as_json())
        yield self.event("response.in_progress", response=self.as_json())

    def take(self, event: Delta | ToolCallDelta) -> Iterator[str]:
        """Yield what a piece of the reply changes."""
        if isinstance(event, ToolCallDelta):
            key = f"call {event.index}"
        else:
            key = "reasoning" if event.reasoning else "message"
        if key != self._open:
            yield from self._close_item()
            self._open = key
            yield from self._open_item(event)
        self.reply.take(event)
        where: Json = {"item_id": self._output[-1]["id"], "output_index": len(self._output) - 1}
        if isinstance(event, ToolCallDelta):
            yield self.event("response.function_call_arguments.delta", **where, delta=event.arguments)
        elif event.reasoning:
            yield self.event("response.reasoning_text.delta", **where, content_index=0, delta=event.text)
        else:
            yield self.event("response.output_text.delta", **where, content_index=0, delta=event.text, logprobs=[])

    def close(self, failed: Failed | None = None) -> Iterator[str]:
        """Yield how a response ends; of one that was not streamed, make its items first."""
        if not self._output:
            self._output = self._items()
        else:
            yield from self._close_item()
        cut = self.reply.finish_reason == "length"
        self._status = "failed" if failed else "incomplete" if cut else "completed"
        if failed:
            self._error = {"code": failed.code, "message": failed.message}
        yield self.event(f"response.{self._status}", response=self.as_json())

    async def keep(self) -> None:
        """Store it, unless that is not wanted or it failed."""
        if self._body.store is False or self._status == "failed":
            return
        reply = Message("assistant", self.reply.text, tool_calls=tuple(self.reply.tool_calls))
        stored = StoredResponse(
            id=self.id,
            owner=self._job.caller.owner,
            previous_id=self._body.previous_response_id,
            turns=(*self._body.turns(), reply),
            input=json.dumps(self._input_items(), ensure_ascii=False),
            response=json.dumps(self.as_json(), ensure_ascii=False),
        )
        await asyncio.to_thread(self._studio.responses.add, stored)

    @property
    def id(self) -> str:
        """The response's id."""
        return f"resp_{self._job.id}"

    def as_json(self) -> Json:
        """Return the response as it is now."""
        body = self._body
        cut = self._status == "incomplete"
        settled = self._status != "in_progress"
        return {
            "id": self.id,
            "object": "response",
            "created_at": self._created,
            "status": self._status,
            "error": self._error,
            "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
            "instructions": body.instructions,
            "max_output_tokens": body.max_output_tokens,
            "metadata": body.metadata or {},
            "model": model_of(self._job),
            "output": self._output,
            "parallel_tool_calls": body.parallel_tool_calls is not False,
            "previous_response_id": body.previous_response_id,
            "store": body.store is not False,
            "temperature": body.temperature,
            "text": body.text.model_dump(by_alias=True, exclude_none=True),
            "tool_choice": body.model_dump()["tool_choice"],
            "tools": [one.model_dump() for one in body.tools],
            "top_p": body.top_p,
            "truncation": "disabled",
            "usage": self._usage() if settled else None,
        }

    def _usage(self) -> Json:
        usage = self.reply.usage
        tokens_in, tokens_out = usage.tokens_in or 0, usage.tokens_out or 0
        return {
            "input_tokens": tokens_in,
            "input_tokens_details": {"cached_tokens": usage.tokens_cached or 0, "cache_write_tokens": 0},
            "output_tokens": tokens_out,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": tokens_in + tokens_out,
        }

    # Items of the output

    def _open_item(self, event: Delta | ToolCallDelta) -> Iterator[str]:
        item_id = f"{self._job.id}_{len(self._output)}"
        item: Json
        if isinstance(event, ToolCallDelta):
            call = {"call_id": event.id, "name": event.name, "arguments": ""}
            item = {"type": "function_call", "id": f"fc_{item_id}", "status": "in_progress", **call}
        elif event.reasoning:
            item = {"type": "reasoning", "id": f"rs_{item_id}", "summary": [], "content": []}
        else:
            item = {"type": "message", "id": f"msg_{item_id}", "status": "in_progress", "role": "assistant"}
            item["content"] = []
        self._output.append(item)
        where: Json = {"output_index": len(self._output) - 1}
        yield self.event("response.output_item.added", **where, item=item)
        if item["type"] == "message":
            where = {**where, "item_id": item["id"], "content_index": 0}
            yield self.event("response.content_part.added", **where, part=_text_part(""))

    def _close_item(self) -> Iterator[str]:
        if not self._open:
            return
        item = self._output[-1]
        where: Json = {"item_id": item["id"], "output_index": len(self._output) - 1}
        if item["type"] == "message":
            part = _text_part(self.reply.text)
            item.update(content=[part], status="completed")
            where["content_index"] = 0
            yield self.event("response.output_text.done", **where, text=self.reply.text, logprobs=[])
            yield self.event("response.content_part.done", **where, part=part)
        elif item["type"] == "reasoning":
            item["content"] = [{"type": "reasoning_text", "text": self.reply.reasoning}]
            yield self.event("response.reasoning_text.done", **where, content_index=0, text=self.reply.reasoning)
        else:
            arguments = self.reply.tool_calls[-1].arguments
            item.update(arguments=arguments, status="completed")
            yield self.event("response.function_call_arguments.done", **where, name=item["name"], arguments=arguments)
        self._open = ""
        yield self.event("response.output_item.done", output_index=len(self._output) - 1, item=item)

    def _items(self) -> list[Json]:
        """The items of a reply that came whole."""
        reply, self.reply = self.reply, Reply()
        pieces: list[Delta | ToolCallDelta] = []
        if reply.reasoning:
            pieces.append(Delta(reply.reasoning, reasoning=True))
        if reply.text or not reply.tool_calls:
            pieces.append(Delta(reply.text))
        for index, call in enumerate(reply.tool_calls):
            pieces.append(ToolCallDelta(index, call.arguments, call.id, call.name))
        for piece in pieces:
            for _ in self.take(piece):
                pass
        for _ in self._close_item():
            pass
        self.reply = reply
        return self._output

    def _input_items(self) -> list[Json]:
        sent = self._body.model_dump(mode="json", exclude_none=True)["input"]
        if isinstance(sent, str):
            sent = [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": sent}]}]
        items = cast(list[dict[str, JsonValue]], sent)
        return [{"id": f"in_{self._job.id}_{number}", **item} for number, item in enumerate(items)]


def _text_part(text: str) -> Json:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


async def _events(job: Job, after: int, answer: _Answer) -> AsyncIterator[str]:
    failed: Failed | None = None
    try:
        for frame in answer.begin():
            yield frame
        async for _, event in job.events(after):
            if isinstance(event, Delta | ToolCallDelta):
                for frame in answer.take(event):
                    yield frame
                continue
            answer.reply.take(event)
            if isinstance(event, Failed):
                failed = event
            if isinstance(event, Terminal):
                frames = list(answer.close(failed))
                await answer.keep()  # before the client hears that it is there
                for frame in frames:
                    yield frame
    finally:
        job.cancel()  # the client went away; harmless when the job has ended
