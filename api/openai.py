"""OpenAI-compatible routes: chat completions and models; the official clients work unchanged."""

import contextlib
import json
import time
from collections.abc import AsyncIterator, Sequence

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from api.caller import cancelled_when_gone, studio_of
from api.event_stream import KEEP_ALIVE_S, EventStream
from api.generation import accepted, error_frame, first_output, merged, submit_all, wants_async
from api.openai_schemas import ChatCompletionBody
from api.replies import TEXT, Reply, collected, left_out, model_of, usage_json, variants
from studio import (
    KINDS,
    ChatRequest,
    Delta,
    Done,
    Failed,
    InvalidRequest,
    Job,
    Likelihood,
    ModelInfo,
    Terminal,
    ToolCallDelta,
    UnknownModel,
    Usage,
)

router = APIRouter(prefix="/v1", tags=["openai"])


def _chat_request(body: ChatCompletionBody) -> ChatRequest:
    if body.top_logprobs is not None and not body.logprobs:
        raise InvalidRequest("top_logprobs goes with logprobs true. Send both, or neither.", field="top_logprobs")
    tools, tool_choice = body.tools_and_choice()
    return ChatRequest(
        messages=tuple(message.turn() for message in body.messages),
        model=body.model,
        max_tokens=body.max_completion_tokens if body.max_completion_tokens is not None else body.max_tokens,
        temperature=body.temperature,
        top_p=body.top_p,
        top_k=body.top_k,
        min_p=body.min_p,
        repeat_penalty=body.repeat_penalty,
        seed=body.seed,
        stop=body.stops(),
        json_schema=body.schema_text(),
        tools=tools,
        tool_choice=tool_choice,
        parallel_tool_calls=body.parallel_tool_calls,
        logprobs=(body.top_logprobs or 0) if body.logprobs else None,
    )


@router.post("/chat/completions", response_model=None)
async def chat_completions(request: Request, body: ChatCompletionBody) -> Response:
    """The next message of a conversation, whole or as server-sent events."""
    jobs = submit_all(request, variants(_chat_request(body), body.n))
    if wants_async(request):
        return accepted(jobs[0])
    head = {"id": f"chatcmpl-{jobs[0].id}", "created": int(time.time()), "model": model_of(jobs[0])}
    async with cancelled_when_gone(request, *jobs):
        after = await first_output(jobs[0], TEXT, patience_s=KEEP_ALIVE_S if body.stream else None)
        if not body.stream:
            replies = [await collected(job) for job in jobs]
            choices = [_choice(index, reply) for index, reply in enumerate(replies)]
            usage = usage_json([reply.usage for reply in replies])
            content = {**head, "object": "chat.completion", "choices": choices, "usage": usage}
            return JSONResponse(content, headers=left_out(jobs[0]))
    include_usage = body.stream_options is not None and body.stream_options.include_usage
    return EventStream(_chunks(jobs, after, head, include_usage), headers=left_out(jobs[0]))


def _choice(index: int, reply: Reply) -> dict[str, object]:
    silent = reply.tool_calls and not reply.text
    message: dict[str, object] = {"role": "assistant", "content": None if silent else reply.text, "refusal": None}
    if reply.tool_calls:
        message["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in reply.tool_calls
        ]
    if reply.reasoning:
        message["reasoning_content"] = reply.reasoning
    logprobs = _logprobs(reply.likelihoods)
    return {"index": index, "message": message, "logprobs": logprobs, "finish_reason": reply.finish_reason}


def _logprobs(likelihoods: Sequence[Likelihood]) -> dict[str, object] | None:
    def one(token: Likelihood) -> dict[str, object]:
        return {"token": token.token, "logprob": token.logprob, "bytes": list(token.token.encode())}

    if not likelihoods:
        return None
    content = [{**one(token), "top_logprobs": [one(other) for other in token.others]} for token in likelihoods]
    return {"content": content, "refusal": None}


async def _chunks(jobs: Sequence[Job], after: int, head: dict[str, object], include_usage: bool) -> AsyncIterator[str]:
    frame = {**head, "object": "chat.completion.chunk"}

    def chunk(
        index: int, delta: dict[str, object], finish: str | None = None, tokens: Sequence[Likelihood] = ()
    ) -> str:
        logprobs = _logprobs(tokens)
        choice = {"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": finish}
        return f"data: {json.dumps({**frame, 'choices': [choice]}, ensure_ascii=False)}\n\n"

    usages: dict[int, Usage] = {}
    for index in range(len(jobs)):
        yield chunk(index, {"role": "assistant", "content": ""})
    async with contextlib.aclosing(merged(jobs, after)) as events:
        async for index, event in events:
            if isinstance(event, Delta):
                field = "reasoning_content" if event.reasoning else "content"
                yield chunk(index, {field: event.text}, tokens=event.likelihoods)
            elif isinstance(event, ToolCallDelta):
                yield chunk(index, {"tool_calls": [_call_piece(event)]})
            elif isinstance(event, Usage):
                usages[index] = event
            elif isinstance(event, Failed):
                yield error_frame(event)
                return
            elif isinstance(event, Terminal):
                yield chunk(index, {}, event.finish_reason if isinstance(event, Done) else "stop")
    if include_usage:
        usage = usage_json(list(usages.values()))
        yield f"data: {json.dumps({**frame, 'choices': [], 'usage': usage})}\n\n"
    yield "data: [DONE]\n\n"


def _call_piece(event: ToolCallDelta) -> dict[str, object]:
    if not event.name:
        return {"index": event.index, "function": {"arguments": event.arguments}}
    function = {"name": event.name, "arguments": event.arguments}
    return {"index": event.index, "id": event.id, "type": "function", "function": function}


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
