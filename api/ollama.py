"""Ollama-compatible routes: chat and generate as NDJSON, the list of models, what is loaded, pull.

Times are what the studio measured of that job, in nanoseconds, as the protocol has them. Of a model
only what is known is told: nothing here makes up a digest or a family.
"""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import Field, JsonValue

from api.caller import cancelled_when_gone, studio_of
from api.generation import accepted, ended, first_output, submit, wants_async
from api.openai_schemas import Strict
from api.replies import collected, model_of
from studio import (
    ChatRequest,
    Delta,
    Done,
    DownloadRequest,
    Event,
    Failed,
    InvalidRequest,
    Job,
    Message,
    ModelInfo,
    Progress,
    Terminal,
    Usage,
)

router = APIRouter(prefix="/api", tags=["ollama"])
NDJSON = "application/x-ndjson"
NANOSECONDS = 1_000_000_000


class Options(Strict):
    """How a reply is made; the options that engines here have."""

    num_predict: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    repeat_penalty: float | None = None
    seed: int | None = None
    stop: list[str] | str | None = None


class OllamaMessage(Strict):
    """One turn."""

    role: Literal["system", "user", "assistant"]
    content: str


class Generation(Strict):
    """What chat and generate have in common; ``tools`` may be there but empty, as the official client sends it."""

    model: str
    stream: bool = True
    format: Literal["", "json"] | dict[str, JsonValue] | None = None
    options: Options | None = None

    def request(self, messages: tuple[Message, ...]) -> ChatRequest:
        """Return what the studio is asked for."""
        options = self.options or Options()
        stop = (options.stop,) if isinstance(options.stop, str) else tuple(options.stop or ())
        schema = json.dumps(self.format) if isinstance(self.format, dict) else None
        unlimited = options.num_predict == -1
        return ChatRequest(
            messages=messages,
            model=without_tag(self.model),
            max_tokens=None if unlimited else options.num_predict,
            temperature=options.temperature,
            top_p=options.top_p,
            top_k=options.top_k,
            min_p=options.min_p,
            repeat_penalty=options.repeat_penalty,
            seed=options.seed,
            stop=stop,
            json_schema='{"type": "object"}' if self.format == "json" else schema,
        )


class ChatBody(Generation):
    """The body of ``POST /api/chat``."""

    messages: Annotated[list[OllamaMessage], Field(min_length=1, max_length=10_000)]
    tools: list[JsonValue] = Field(default_factory=list, max_length=0)


class GenerateBody(Generation):
    """The body of ``POST /api/generate``; ``raw`` continues the prompt without a chat template."""

    prompt: str
    system: str | None = None
    raw: bool = False


class PullBody(Strict):
    """The body of ``POST /api/pull``; the official client always says that it is not ``insecure``."""

    model: str
    insecure: Literal[False] = False
    stream: bool = True


class ShowBody(Strict):
    """The body of ``POST /api/show``."""

    model: str


def without_tag(name: str) -> str:
    """Return a model's name without ``:latest``, which this protocol adds to names that have no tag."""
    return name.removesuffix(":latest")


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


# Text


@router.post("/chat", response_model=None)
async def chat(request: Request, body: ChatBody) -> Response:
    """The next message of a conversation: NDJSON, or one object with ``stream`` false."""
    wanted = body.request(tuple(Message(message.role, message.content) for message in body.messages))

    def content(text: str, thinking: str) -> dict[str, object]:
        message = {"role": "assistant", "content": text}
        return {"message": {**message, "thinking": thinking} if thinking else message}

    return await _text(request, submit(request, wanted), body.stream, content)


@router.post("/generate", response_model=None)
async def generate(request: Request, body: GenerateBody) -> Response:
    """How a prompt is answered: NDJSON, or one object with ``stream`` false."""
    if body.raw and body.system is not None:
        raise InvalidRequest("raw takes the prompt as it stands; leave out system, or raw.", field="system")
    before = (Message("system", body.system),) if body.system else ()
    wanted = replace(body.request((*before, Message("user", body.prompt))), raw=body.raw)

    def content(text: str, thinking: str) -> dict[str, object]:
        return {"response": text, "thinking": thinking} if thinking else {"response": text}

    return await _text(request, submit(request, wanted), body.stream, content)


async def _text(request: Request, job: Job, stream: bool, content: Callable[[str, str], dict[str, object]]) -> Response:
    if wants_async(request):
        return accepted(job)
    async with cancelled_when_gone(request, job):
        after = await first_output(job, (Delta,))
        if not stream:
            reply = await collected(job)
            end = _end(job, reply.usage, reply.finish_reason)
            return JSONResponse({**_head(job), **content(reply.text, reply.reasoning), **end})
    return StreamingResponse(_lines(job, after, content), media_type=NDJSON)


def _head(job: Job) -> dict[str, object]:
    return {"model": model_of(job), "created_at": _now()}


async def _lines(job: Job, after: int, content: Callable[[str, str], dict[str, object]]) -> AsyncIterator[str]:
    def line(**fields: object) -> str:
        return json.dumps({**_head(job), **fields}, ensure_ascii=False) + "\n"

    usage = Usage()
    try:
        async for _, event in job.events(after):
            if isinstance(event, Delta):
                text, thinking = ("", event.text) if event.reasoning else (event.text, "")
                yield line(**content(text, thinking), done=False)
            elif isinstance(event, Usage):
                usage = event
            elif isinstance(event, Failed):
                yield json.dumps({"error": event.message}, ensure_ascii=False) + "\n"
                return
            elif isinstance(event, Terminal):
                reason = event.finish_reason if isinstance(event, Done) else "stop"
                yield line(**content("", ""), **_end(job, usage, reason))
    finally:
        job.cancel()  # the client went away; harmless when the job has ended


def _end(job: Job, usage: Usage, reason: str) -> dict[str, object]:
    times = job.times
    finished = times.finished or times.submitted
    loaded = times.loaded or finished
    first = times.first_output or finished

    def nanoseconds(start: float, end: float) -> int:
        return max(0, round((end - start) * NANOSECONDS))

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
    return JSONResponse({"models": [{**_entry(info), "size": info.memory_bytes, "size_vram": 0} for info in infos]})


@router.post("/show")
def show(request: Request, body: ShowBody) -> Response:
    """What is known of a model."""
    studio = studio_of(request)
    spec = studio.spec(without_tag(body.model), "chat")
    info = next(info for info in studio.usable_models() if info.spec.id == spec.id)
    return JSONResponse(
        {
            "details": {"format": _format(info)},
            "capabilities": ["completion"],
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
