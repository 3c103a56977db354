"""OpenAI-compatible embeddings, as numbers or base64, and Ollama's; a batch is one job."""

import base64
import struct
from typing import Annotated, Literal

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import Field

from api.caller import cancelled_when_gone
from api.generation import accepted, raise_failed, submit, wants_async
from api.ollama_schemas import without_tag
from api.replies import model_of, nanoseconds
from api.strict import No, Strict
from studio import Embedding, EmbedRequest, InvalidRequest, Job, Usage

router = APIRouter()
Tokens = list[int] | list[list[int]]


class EmbeddingsBody(Strict):
    """The body of ``POST /v1/embeddings``; ``input_type`` is Hearth's own."""

    model: str
    input: Annotated[str | list[str] | Tokens, Field(union_mode="left_to_right")]
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: int | None = None
    input_type: Annotated[
        Literal["query", "document"] | None,
        Field(description="What the texts are, for models that were trained to be told. Left out: as they stand."),
    ] = None
    user: str | None = None

    def texts(self) -> tuple[str, ...]:
        """Return the texts.

        Raises:
            InvalidRequest: They are numbers of tokens.
        """
        if isinstance(self.input, str):
            return (self.input,)
        texts = tuple(text for text in self.input if isinstance(text, str))
        if len(texts) < len(self.input):
            raise InvalidRequest(
                "input has numbers of tokens, which stand for other words in each model. Send the text itself.",
                field="input",
            )
        return texts


class EmbedBody(Strict):
    """The body of Ollama's ``POST /api/embed``; a text that is too long is refused rather than cut."""

    model: str
    input: str | list[str]
    truncate: No | None = None
    dimensions: int | None = None


@router.post("/v1/embeddings", response_model=None, tags=["openai"])
async def embeddings(request: Request, body: EmbeddingsBody) -> Response:
    """The vectors of texts, in their order, each of length 1."""
    wanted = EmbedRequest(texts=body.texts(), model=body.model, purpose=body.input_type, dimensions=body.dimensions)
    job = submit(request, wanted)
    if wants_async(request):
        return accepted(job)
    async with cancelled_when_gone(request, job):
        vectors, usage = await _vectors(job)
    rows = [
        {"object": "embedding", "index": index, "embedding": _encoded(vector, body.encoding_format)}
        for index, vector in enumerate(vectors)
    ]
    tokens = {"prompt_tokens": usage.tokens_in or 0, "total_tokens": usage.tokens_in or 0}
    return JSONResponse({"object": "list", "data": rows, "model": model_of(job), "usage": tokens})


@router.post("/api/embed", response_model=None, tags=["ollama"])
async def embed(request: Request, body: EmbedBody) -> Response:
    """The vectors of texts, in their order, each of length 1."""
    texts = (body.input,) if isinstance(body.input, str) else tuple(body.input)
    job = submit(request, EmbedRequest(texts=texts, model=without_tag(body.model), dimensions=body.dimensions))
    if wants_async(request):
        return accepted(job)
    async with cancelled_when_gone(request, job):
        vectors, usage = await _vectors(job)
    times = job.times
    return JSONResponse(
        {
            "model": model_of(job),
            "embeddings": vectors,
            "total_duration": nanoseconds(times.submitted, times.finished),
            "load_duration": nanoseconds(times.started, times.loaded),
            "prompt_eval_count": usage.tokens_in or 0,
        }
    )


async def _vectors(job: Job) -> tuple[list[tuple[float, ...]], Usage]:
    vectors: list[tuple[float, ...]] = []
    usage = Usage()
    async for _, event in job.events():
        raise_failed(event)
        if isinstance(event, Embedding):
            vectors.append(event.vector)
        elif isinstance(event, Usage):
            usage = event
    return vectors, usage


def _encoded(vector: tuple[float, ...], form: Literal["float", "base64"]) -> str | tuple[float, ...]:
    if form == "float":
        return vector
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
