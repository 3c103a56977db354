"""Translation and the language of a text, native: one call each, or a job."""

from dataclasses import asdict
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import Field

from api.caller import cancelled_when_gone, studio_of
from api.generation import accepted, ended, submit, wants_async
from api.replies import model_of
from api.schemas import CountCursor, Language, Limit, ModelName, Page, Plain, Reply, examples, json_wanted
from api.strict import Strict
from api.translated import Sentence, sentences_of
from studio import Detected, Pair, Tone, TranslateRequest, TranslationEngine, Usage

router = APIRouter(tags=["translation"], dependencies=[Depends(json_wanted)])


class Guess(Reply):
    """A language (ISO 639-1) and how sure it is, in [0, 1]."""

    language: str
    confidence: float


class Guesses(Reply):
    """The languages that a text may be in, best first; empty for a text without words."""

    data: list[Guess]


class NewTranslation(Strict):
    """What to translate; ``source_lang`` left out: detect it.

    ``model`` and ``engine`` left out: the best one here for the pair. ``tone`` needs a chat model.
    ``glossary`` and ``memory``: whether your own terms and accepted translations of the pair are used.
    ``format`` html: what a person reads of it is translated, its tags stay, and ``sentences`` comes back empty.
    """

    text: Annotated[Plain, Field(min_length=1, max_length=200_000, pattern=r"\S")]
    target_lang: Language
    source_lang: Language | None = None
    model: ModelName | None = None
    engine: TranslationEngine | None = None
    tone: Tone | None = None
    alternatives: Annotated[int, Field(ge=0, le=5)] = 0
    glossary: bool = True
    memory: bool = True
    format: Literal["text", "html"] = "text"


class TextBody(Strict):
    """The body of ``POST /detections``."""

    text: Annotated[Plain, Field(min_length=1, max_length=200_000)]


class TranslationOut(Reply):
    """A translation; ``detected`` is null where the source was named."""

    id: str
    text: str
    target_lang: str
    source_lang: str | None
    detected: Guess | None
    model: str
    engine: str | None
    characters: int | None
    sentences: list[Sentence]


class PairOut(Reply):
    """Two languages that can be translated; ``size_bytes`` is what is still to be downloaded."""

    source: str
    target: str
    via: str | None
    installed: bool
    size_bytes: int
    models: list[str]
    engine: str


@router.post(
    "/translations",
    response_model=TranslationOut,
    openapi_extra=examples({"text": "Good morning.", "source_lang": "en", "target_lang": "pt"}),
)
async def translate(request: Request, body: NewTranslation) -> Response:
    """Translate a text; with ``Prefer: respond-async`` get a job to follow instead."""
    wanted = TranslateRequest(
        text=body.text,
        target_lang=body.target_lang,
        source_lang=body.source_lang,
        model=body.model,
        engine=body.engine,
        tone=body.tone,
        alternatives=body.alternatives,
        glossary=body.glossary,
        memory=body.memory,
        html=body.format == "html",
    )
    job = submit(request, wanted)
    if wants_async(request):
        return accepted(job)
    async with cancelled_when_gone(request, job):
        await ended(job)
    detected, usage = None, Usage()
    for _, event in job.snapshot():
        if isinstance(event, Detected):
            detected = asdict(event)
        elif isinstance(event, Usage):
            usage = event
    return JSONResponse(
        {
            "id": job.id,
            "text": job.text(),
            "target_lang": body.target_lang,
            "source_lang": body.source_lang or (detected and detected["language"]),
            "detected": detected,
            "model": model_of(job),
            "engine": job.spec.engine if job.spec else None,
            "characters": usage.characters,
            "sentences": sentences_of(job),
        }
    )


@router.post("/detections", response_model=Guesses, openapi_extra=examples({"text": "Gdzie jest dworzec?"}))
def detect(request: Request, body: TextBody) -> Response:
    """Tell the language of a text."""
    found = studio_of(request).detect(body.text)
    return JSONResponse({"data": [{"language": name, "confidence": sure} for name, sure in found]})


@router.get("/translations/pairs", response_model=Page[PairOut])
def pairs(
    request: Request,
    source: Annotated[str | None, Query(max_length=40)] = None,
    target: Annotated[str | None, Query(max_length=40)] = None,
    limit: Limit = 200,
    cursor: CountCursor = None,
) -> Response:
    """Every pair of languages that is here or can be fetched, directly or through English."""
    begin = int(cursor or 0)
    fit = [
        pair for pair in studio_of(request).pairs() if source in (None, pair.source) and target in (None, pair.target)
    ]
    more = str(begin + limit) if len(fit) > begin + limit else None
    return JSONResponse({"data": [_pair(pair) for pair in fit[begin : begin + limit]], "next": more})


def _pair(pair: Pair) -> dict[str, object]:
    return {**asdict(pair), "models": list(pair.models)}
