"""OpenAI-compatible routes: chat completions and models; the official clients work unchanged."""

import json
import time
from collections.abc import AsyncIterator

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from api.caller import cancelled_when_gone, studio_of
from api.generation import SSE_HEADERS, accepted, first_output, raise_failed, submit, wants_async
from api.openai_schemas import ChatCompletionBody
from studio import (
    KINDS,
    ChatRequest,
    Delta,
    Done,
    Failed,
    Job,
    Message,
    ModelInfo,
    Terminal,
    UnknownModel,
    Usage,
)

router = APIRouter(prefix="/v1", tags=["openai"])


def _chat_request(body: ChatCompletionBody) -> ChatRequest:
    stop = (body.stop,) if isinstance(body.stop, str) else tuple(body.stop or ())
    return ChatRequest(
        messages=tuple(
            Message("system" if message.role == "developer" else message.role, message.text())
            for message in body.messages
        ),
        model=body.model,
        max_tokens=body.max_completion_tokens if body.max_completion_tokens is not None else body.max_tokens,
        temperature=body.temperature,
        top_p=body.top_p,
        top_k=body.top_k,
        min_p=body.min_p,
        repeat_penalty=body.repeat_penalty,
        seed=body.seed,
        stop=stop,
    )


def _usage(usage: Usage) -> dict[str, object]:
    tokens_in, tokens_out = usage.tokens_in or 0, usage.tokens_out or 0
    return {
        "prompt_tokens": tokens_in,
        "completion_tokens": tokens_out,
        "total_tokens": tokens_in + tokens_out,
        "prompt_tokens_details": {"cached_tokens": usage.tokens_cached or 0},
    }


@router.post("/chat/completions", response_model=None)
async def chat_completions(request: Request, body: ChatCompletionBody) -> Response:
    """The next message of a conversation, whole or as server-sent events."""
    job = submit(request, _chat_request(body))
    if wants_async(request):
        return accepted(job)
    head = {"id": f"chatcmpl-{job.id}", "created": int(time.time()), "model": job.spec.id if job.spec else body.model}
    async with cancelled_when_gone(request, job):
        after = await first_output(job, (Delta,))
        if not body.stream:
            return JSONResponse(await _completion(job, head))
    include_usage = body.stream_options is not None and body.stream_options.include_usage
    return StreamingResponse(
        _chunks(job, after, head, include_usage), media_type="text/event-stream", headers=SSE_HEADERS
    )


async def _completion(job: Job, head: dict[str, object]) -> dict[str, object]:
    text: list[str] = []
    reasoning: list[str] = []
    usage, finish_reason = Usage(), "stop"
    async for _, event in job.events():
        raise_failed(event)
        if isinstance(event, Delta):
            (reasoning if event.reasoning else text).append(event.text)
        elif isinstance(event, Usage):
            usage = event
        elif isinstance(event, Done):
            finish_reason = event.finish_reason
    message: dict[str, object] = {"role": "assistant", "content": "".join(text), "refusal": None}
    if reasoning:
        message["reasoning_content"] = "".join(reasoning)
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish_reason}
    return {**head, "object": "chat.completion", "choices": [choice], "usage": _usage(usage)}


async def _chunks(job: Job, after: int, head: dict[str, object], include_usage: bool) -> AsyncIterator[str]:
    frame = {**head, "object": "chat.completion.chunk"}

    def chunk(delta: dict[str, str], finish_reason: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return f"data: {json.dumps({**frame, 'choices': [choice]}, ensure_ascii=False)}\n\n"

    usage = Usage()
    try:
        yield chunk({"role": "assistant", "content": ""})
        async for _, event in job.events(after):
            if isinstance(event, Delta):
                yield chunk({"reasoning_content" if event.reasoning else "content": event.text})
            elif isinstance(event, Usage):
                usage = event
            elif isinstance(event, Failed):
                error = {"message": event.message, "type": "server_error", "param": None, "code": event.code}
                yield f"data: {json.dumps({'error': error}, ensure_ascii=False)}\n\n"
                return
            elif isinstance(event, Terminal):
                yield chunk({}, event.finish_reason if isinstance(event, Done) else "stop")
        if include_usage:
            yield f"data: {json.dumps({**frame, 'choices': [], 'usage': _usage(usage)})}\n\n"
        yield "data: [DONE]\n\n"
    finally:
        job.cancel()  # the client went away; harmless when the job has ended


def _model(info: ModelInfo, created: int) -> dict[str, object]:
    return {
        "id": info.spec.id,
        "object": "model",
        "created": created,
        "owned_by": info.spec.engine,
        "kind": info.spec.kind,
        "state": info.state,
    }


@router.get("/models")
async def models(request: Request) -> Response:
    """The models that a request can name now."""
    studio = studio_of(request)
    created = int(studio.started)
    return JSONResponse({"object": "list", "data": [_model(info, created) for info in studio.usable_models()]})


@router.get("/models/{model_id:path}")
async def model(request: Request, model_id: str) -> Response:
    """One model, by its name or an alias; 404 with the list when there is none of that name."""
    studio = studio_of(request)
    infos = studio.usable_models()
    wanted = next((studio.spec(model_id, kind).id for kind in KINDS if studio.aliases.find(model_id, kind)), model_id)
    for name in (model_id, wanted):
        for info in infos:
            if info.spec.id == name:
                return JSONResponse(_model(info, int(studio.started)))
    there = ", ".join(info.spec.id for info in infos) or "none yet"
    raise UnknownModel(f"There is no model called {model_id[:200]!r}. The models here: {there}.", model=model_id[:200])
