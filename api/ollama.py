"""Ollama-compatible routes: chat and generate as NDJSON, the list of models, what is loaded, pull.

Times are what the studio measured of that job, in nanoseconds, as the protocol has them. Of a model
only what is known is told: nothing here makes up a digest or a family.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from api.caller import cancelled_when_gone, studio_of
from api.generation import accepted, ended, first_output, submit, wants_async
from api.ollama_schemas import ChatBody, GenerateBody, PullBody, ShowBody, without_tag
from api.replies import TEXT, Reply, arguments_of, collected, left_out, model_of, nanoseconds
from studio import (
    ChatRequest,
    Delta,
    Done,
    DownloadRequest,
    Event,
    Failed,
    Job,
    ModelInfo,
    Progress,
    Terminal,
    Usage,
)

router = APIRouter(prefix="/api", tags=["ollama"])
NDJSON = "application/x-ndjson"


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


# Text


@router.post("/chat", response_model=None)
async def chat(request: Request, body: ChatBody) -> Response:
    """The next message of a conversation: NDJSON, or one object with ``stream`` false."""

    def content(reply: Reply) -> dict[str, object]:
        message: dict[str, object] = {"role": "assistant", "content": reply.text}
        if reply.reasoning:
            message["thinking"] = reply.reasoning
        if reply.tool_calls:
            message["tool_calls"] = [
                {"function": {"name": call.name, "arguments": arguments_of(call)}} for call in reply.tool_calls
            ]
        return {"message": message}

    return await _text(request, submit(request, await _within(request, body.tool_request())), body.stream, content)


@router.post("/generate", response_model=None)
async def generate(request: Request, body: GenerateBody) -> Response:
    """How a prompt is answered: NDJSON, or one object with ``stream`` false."""

    def content(reply: Reply) -> dict[str, object]:
        text = {"response": reply.text}
        return {**text, "thinking": reply.reasoning} if reply.reasoning else {**text}

    return await _text(request, submit(request, await _within(request, body.prompt_request())), body.stream, content)


async def _within(request: Request, chat: ChatRequest) -> ChatRequest:
    """Return a request with no longer a context than its model was trained for, as Ollama itself does."""
    studio = studio_of(request)
    if chat.context_tokens is None or studio.spec(chat.model, "chat").remote:
        return chat
    known = await asyncio.to_thread(studio.context_range, chat.model or "")
    if known is None:
        return chat
    return replace(chat, context_tokens=max(known.least, min(chat.context_tokens, known.most)))


async def _text(request: Request, job: Job, stream: bool, content: Callable[[Reply], dict[str, object]]) -> Response:
    if wants_async(request):
        return accepted(job)
    async with cancelled_when_gone(request, job):
        after = await first_output(job, TEXT)
        if not stream:
            reply = await collected(job)
            whole = {**_head(job), **content(reply), **_end(job, reply.usage, reply.finish_reason)}
            return JSONResponse(whole, headers=left_out(job))
    return StreamingResponse(_lines(job, after, content), media_type=NDJSON, headers=left_out(job))


def _head(job: Job) -> dict[str, object]:
    return {"model": model_of(job), "created_at": _now()}


async def _lines(job: Job, after: int, content: Callable[[Reply], dict[str, object]]) -> AsyncIterator[str]:
    def line(**fields: object) -> str:
        return json.dumps({**_head(job), **fields}, ensure_ascii=False) + "\n"

    whole = Reply()
    try:
        async for _, event in job.events(after):
            whole.take(event)
            if isinstance(event, Delta):
                piece = Reply(reasoning=event.text) if event.reasoning else Reply(text=event.text)
                yield line(**content(piece), done=False)
            elif isinstance(event, Failed):
                yield json.dumps({"error": event.message}, ensure_ascii=False) + "\n"
                return
            elif isinstance(event, Terminal):
                if whole.tool_calls:  # this protocol has no pieces of calls
                    yield line(**content(Reply(tool_calls=whole.tool_calls)), done=False)
                yield line(**content(Reply()), **_end(job, whole.usage, whole.finish_reason))
    finally:
        job.cancel()  # the client went away; harmless when the job has ended


def _end(job: Job, usage: Usage, reason: str) -> dict[str, object]:
    times = job.times
    finished = times.finished or times.submitted
    loaded = times.loaded or finished
    first = times.first_output or finished

    return {
        "done": True,
        "done_reason": "length" if reason == "length" else "stop",
        "total_duration": nanoseconds(times.submitted, finished),
        "load_duration": nanoseconds(times.started or loaded, loaded),
        "prompt_eval_count": usage.tokens_in or 0,
        "prompt_eval_duration": nanoseconds(loaded, first),
        "eval_count": usage.tokens_out or 0,
        "eval_duration": nanoseconds(first, finished),
    }


# Models


def _entry(info: ModelInfo) -> dict[str, object]:
    spec = info.spec
    return {"name": spec.id, "model": spec.id, "size": spec.size_bytes, "details": {"format": _format(info)}}


def _format(info: ModelInfo) -> str:
    suffixes = {path.suffix.lstrip(".").lower() for path in info.spec.paths} - {""}
    return suffixes.pop() if len(suffixes) == 1 else ""


@router.get("/tags")
def tags(request: Request) -> Response:
    """The chat models that are here."""
    infos = [info for info in studio_of(request).usable_models() if info.spec.kind == "chat"]
    return JSONResponse({"models": [_entry(info) for info in infos]})


@router.get("/ps")
def loaded(request: Request) -> Response:
    """The models in memory."""
    infos = [info for info in studio_of(request).usable_models() if info.state == "loaded"]
    on_card = studio_of(request).residency.on_card()
    models = [{**_entry(info), "size": info.memory_bytes, "size_vram": on_card.get(info.spec.id, 0)} for info in infos]
    return JSONResponse({"models": models})


@router.post("/show")
def show(request: Request, body: ShowBody) -> Response:
    """What is known of a model."""
    studio = studio_of(request)
    spec = studio.spec(without_tag(body.model), "chat")
    info = next(info for info in studio.usable_models() if info.spec.id == spec.id)
    return JSONResponse(
        {
            "details": {"format": _format(info)},
            "capabilities": ["completion", *sorted(studio.abilities(spec) & {"tools"})],
            "license": spec.licence,
            "model_info": {"general.name": spec.title},
        }
    )


@router.get("/version")
def version(request: Request) -> Response:
    """Hearth's own version."""
    return JSONResponse({"version": request.app.version})


@router.post("/pull", response_model=None)
async def pull(request: Request, body: PullBody) -> Response:
    """Fetch a model that Hearth knows, or ``hf:owner/name``; NDJSON with the bytes so far."""
    job = submit(request, DownloadRequest(model=without_tag(body.model)))
    if wants_async(request):
        return accepted(job)
    async with cancelled_when_gone(request, job):
        after = await first_output(job, (Progress,))
        if not body.stream:
            await ended(job)
            return JSONResponse({"status": "success"})
    return StreamingResponse(_pulled(job, after, body.model), media_type=NDJSON)


async def _pulled(job: Job, after: int, name: str) -> AsyncIterator[str]:
    def line(event: Event) -> dict[str, object] | None:
        if isinstance(event, Progress):
            return {"status": f"pulling {name}", "total": event.total, "completed": event.step}
        if isinstance(event, Failed):
            return {"error": event.message}
        if isinstance(event, Done):
            return {"status": "success"}
        return {"error": "The download was cancelled."} if isinstance(event, Terminal) else None

    try:
        yield json.dumps({"status": "pulling manifest"}) + "\n"
        async for _, event in job.events(after):
            if (fields := line(event)) is not None:
                yield json.dumps(fields, ensure_ascii=False) + "\n"
    finally:
        job.cancel()  # the client went away; harmless when the job has ended
