"""OpenAI's older text completions: a text continued as it stands."""

import contextlib
import json
import time
from collections.abc import AsyncIterator, Sequence

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from api.caller import cancelled_when_gone
from api.event_stream import KEEP_ALIVE_S, EventStream
from api.generation import accepted, error_frame, first_output, merged, submit_all, wants_async
from api.openai_schemas import CompletionBody
from api.replies import collected, model_of, usage_json, variants
from studio import ChatRequest, Delta, Done, Failed, Job, Likelihood, Message, Terminal, Usage

router = APIRouter(prefix="/v1", tags=["openai"])


@router.post("/completions", response_model=None)
async def completions(request: Request, body: CompletionBody) -> Response:
    """How a text goes on, whole or as server-sent events; ``echo`` gives the text itself first."""
    wanted = ChatRequest(
        messages=(Message("user", body.prompt),),
        raw=True,
        model=body.model,
        max_tokens=body.max_tokens,
        temperature=body.temperature,
        top_p=body.top_p,
        top_k=body.top_k,
        min_p=body.min_p,
        repeat_penalty=body.repeat_penalty,
        seed=body.seed,
        stop=body.stops(),
        logprobs=body.logprobs,
    )
    jobs = submit_all(request, variants(wanted, body.n))
    if wants_async(request):
        return accepted(jobs[0])
    head = {
        "id": f"cmpl-{jobs[0].id}",
        "object": "text_completion",
        "created": int(time.time()),
        "model": model_of(jobs[0]),
    }
    before = body.prompt if body.echo else ""
    async with cancelled_when_gone(request, *jobs):
        after = await first_output(jobs[0], (Delta,), patience_s=KEEP_ALIVE_S if body.stream else None)
        if not body.stream:
            replies = [await collected(job) for job in jobs]
            choices = [
                _choice(index, before + reply.text, reply.likelihoods, reply.finish_reason, len(before))
                for index, reply in enumerate(replies)
            ]
            return JSONResponse({**head, "choices": choices, "usage": usage_json([reply.usage for reply in replies])})
    include_usage = body.stream_options is not None and body.stream_options.include_usage
    return EventStream(_chunks(jobs, after, head, before, include_usage))


def _choice(
    index: int, text: str, likelihoods: Sequence[Likelihood], finish_reason: str | None, offset: int
) -> dict[str, object]:
    logprobs: dict[str, object] | None = None
    if likelihoods:
        offsets = []
        for token in likelihoods:
            offsets.append(offset)
            offset += len(token.token)
        logprobs = {
            "tokens": [token.token for token in likelihoods],
            "token_logprobs": [token.logprob for token in likelihoods],
            "top_logprobs": [{other.token: other.logprob for other in token.others} for token in likelihoods],
            "text_offset": offsets,
        }
    return {"index": index, "text": text, "logprobs": logprobs, "finish_reason": finish_reason}


async def _chunks(
    jobs: Sequence[Job], after: int, head: dict[str, object], before: str, include_usage: bool
) -> AsyncIterator[str]:
    def chunk(choices: list[dict[str, object]], **fields: object) -> str:
        return f"data: {json.dumps({**head, 'choices': choices, **fields}, ensure_ascii=False)}\n\n"

    usages: dict[int, Usage] = {}
    offsets = [len(before)] * len(jobs)
    if before:
        yield chunk([_choice(index, before, (), None, 0) for index in range(len(jobs))])
    async with contextlib.aclosing(merged(jobs, after)) as events:
        async for index, event in events:
            if isinstance(event, Delta) and not event.reasoning:
                yield chunk([_choice(index, event.text, event.likelihoods, None, offsets[index])])
                offsets[index] += len(event.text)
            elif isinstance(event, Usage):
                usages[index] = event
            elif isinstance(event, Failed):
                yield error_frame(event)
                return
            elif isinstance(event, Terminal):
                yield chunk([_choice(index, "", (), event.finish_reason if isinstance(event, Done) else "stop", 0)])
    if include_usage:
        yield chunk([], usage=usage_json(list(usages.values())))
    yield "data: [DONE]\n\n"
