"""LibreTranslate's routes, so that its clients work unchanged: texts, lists, HTML and files.

https://docs.libretranslate.com: errors are ``{"error": …}`` with 400, 403, 413, 429 or 5xx, a key comes
as ``api_key`` in the body, a confidence is of 100. What differs: nothing is suggested to anybody, and a
file's translation stays among the documents of the Translate panel; its public name is good for an hour.
"""

import asyncio
import secrets
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import FileResponse, JSONResponse, Response
from pydantic import BaseModel, Field

from api.caller import caller_of, cancelled_when_gone, studio_of
from api.generation import ended, submit_all
from api.libretranslate_bodies import (
    CHARACTERS,
    DetectBody,
    FileBody,
    KeyedBody,
    SuggestBody,
    TranslateBody,
    admitted,
)
from api.refusal import Refused
from api.schemas import Reply, content
from studio import (
    DOCUMENT_FORMATS,
    Aligned,
    Caller,
    Conflict,
    Detected,
    Job,
    NotFound,
    StudioError,
    TranslateRequest,
    html_words,
    language_name,
)

router = APIRouter(tags=["libretranslate"])
TEXT = (".txt", ".md", ".html", ".csv", ".json", ".srt", ".vtt", ".po")
KEPT_FILES = 1_000
KEPT_S = 3600.0
FORMS = ("application/json", "application/x-www-form-urlencoded", "multipart/form-data")
KEPT_AS_THEY_ARE = (413, 429)


class DetectedLanguage(Reply):
    """A language and how sure it is, of 100."""

    confidence: float
    language: str


class Translated(Reply):
    """A translation, or one for each text of a list."""

    translatedText: str | list[str]  # LibreTranslate's own name, as below
    detectedLanguage: DetectedLanguage | list[DetectedLanguage | None] | None = None
    alternatives: list[str] | list[list[str]] | None = None


class LanguageOut(Reply):
    """A language that can be translated now, and into which."""

    code: str
    name: str
    targets: list[str]


class NamedLanguage(Reply):
    """A language."""

    code: str
    name: str


class Ends(Reply):
    """What is chosen at first."""

    source: NamedLanguage
    target: NamedLanguage


class FrontendSettings(Reply):
    """What a client's form needs to know."""

    apiKeys: bool
    charLimit: int
    filesTranslation: bool
    frontendTimeout: int
    keyRequired: bool
    language: Ends
    suggestions: bool
    supportedFilesFormat: list[str]


class FileOut(Reply):
    """Where the translated file is, for an hour."""

    translatedFileUrl: str


class WithFile(FileBody):
    """The file to translate, and its languages."""

    file: Annotated[str, Field(json_schema_extra={"format": "binary"})]


def _body(form: type[BaseModel], *kinds: str, **example: object) -> dict[str, object]:
    """Return what documents a body that is read by hand."""
    told = {"schema": form.model_json_schema(), "example": example}
    return {"requestBody": {"required": True, "content": dict.fromkeys(kinds, told)}}


@dataclass(frozen=True, slots=True)
class _Kept:
    name: str
    document: str
    caller: Caller
    until: float


@router.post(
    "/translate",
    response_model=Translated,
    openapi_extra=_body(TranslateBody, *FORMS, q="Good morning.", source="en", target="pt"),
)
async def translate(request: Request) -> Response:
    """Translate a text or a list of texts, plain or HTML."""
    body, _ = await admitted(request, TranslateBody)
    texts = [body.q] if isinstance(body.q, str) else body.q
    made = await _translate(request, texts, body)
    reply: dict[str, object] = {"translatedText": [text for text, _, _ in made]}
    if body.source == "auto":
        reply["detectedLanguage"] = [found for _, found, _ in made]
    if body.alternatives:
        reply["alternatives"] = [others for _, _, others in made]
    if isinstance(body.q, str):
        reply = {name: values[0] for name, values in reply.items() if isinstance(values, list)}
    return JSONResponse(reply)


@router.post(
    "/detect",
    response_model=list[DetectedLanguage],
    openapi_extra=_body(DetectBody, *FORMS, q="Gdzie jest dworzec?"),
)
async def detect(request: Request) -> Response:
    """Tell the languages that a text may be in, the likeliest first."""
    body, _ = await admitted(request, DetectBody)
    found = await asyncio.to_thread(studio_of(request).detect, body.q)
    return JSONResponse([_detected(name, sure) for name, sure in found if sure >= 0.005])


@router.get("/languages", response_model=list[LanguageOut])
def languages(request: Request) -> Response:
    """The languages that can be translated now."""
    targets = _targets(request)
    return JSONResponse(
        [{"code": code, "name": language_name(code), "targets": sorted(targets[code])} for code in sorted(targets)]
    )


@router.get("/frontend/settings", response_model=FrontendSettings)
@router.post("/frontend/settings", response_model=FrontendSettings)
def settings(request: Request) -> Response:
    """What a client's form needs to know."""
    targets = _targets(request)
    first = "en" if "en" in targets else next(iter(targets), "en")
    last = next(iter(sorted(targets.get(first, ()))), "pl")
    required = studio_of(request).settings.require_key
    return JSONResponse(
        {
            "apiKeys": required,
            "charLimit": CHARACTERS,
            "filesTranslation": True,
            "frontendTimeout": 500,
            "keyRequired": required,
            "language": {
                "source": {"code": first, "name": language_name(first)},
                "target": {"code": last, "name": language_name(last)},
            },
            "suggestions": False,
            "supportedFilesFormat": list(DOCUMENT_FORMATS),
        }
    )


@router.post(
    "/suggest",
    response_model=KeyedBody,
    openapi_extra=_body(SuggestBody, *FORMS, q="Hello.", s="Olá.", source="en", target="pt"),
)
async def suggest(request: Request) -> Response:
    """Refused: what is translated here goes to nobody."""
    await admitted(request, SuggestBody)
    raise Refused(403, "no_suggestions", "Suggestions are disabled on this server.")


@router.post(
    "/translate_file",
    response_model=FileOut,
    openapi_extra=_body(WithFile, "multipart/form-data", file="Good morning.", source="en", target="pt"),
)
async def translate_file(request: Request) -> Response:
    """Translate a document in any format of Translate's; it is fetched for an hour by a name that nobody can guess."""
    body, file = await admitted(request, FileBody)
    if file is None:
        raise Refused(400, "invalid_request", "Invalid request: missing file parameter")
    studio, caller = studio_of(request), caller_of(request)
    name = PurePath((file.filename or "").replace("\\", "/")).name
    data = await file.read(studio.limits.translated_document_bytes + 1)
    source = None if body.source == "auto" else body.source
    try:
        document = await asyncio.to_thread(studio.hand_in, data, name, body.target, caller, source)
        job = studio.translate_document(document.id, caller)
        async with cancelled_when_gone(request, job):
            await ended(job)
        done = studio.translated_document(document.id, caller)
        if done.result_id is None:
            raise Conflict(f"{name} was not translated: the job was stopped. Send it again.", id=job.id)
        made = studio.artifact(done.result_id, caller)
    except StudioError as error:
        raise _refused(error) from error
    token = secrets.token_urlsafe(24)
    named = PurePath(name)
    _kept(request)[token] = _Kept(
        f"{named.stem[:80]}_{body.target}{PurePath(made.name).suffix}", document.id, caller, time.monotonic() + KEPT_S
    )
    return JSONResponse({"translatedFileUrl": str(request.url_for("download_file", token=token))})


@router.get("/download_file/{token}", response_class=Response, responses={200: content("text/plain")})
def download_file(request: Request, token: Annotated[str, Path(max_length=100)]) -> Response:
    """A translated file."""
    found, studio = _kept(request).get(token), studio_of(request)
    try:
        if found is None:
            raise NotFound("It has gone.")
        # The document's newest file: one that is sent again is written anew.
        result_id = studio.translated_document(found.document, found.caller).result_id
        path = studio.artifact(result_id or "", found.caller).path
    except NotFound as error:
        raise Refused(404, "not_found", "This file is not there any more. Translate it again.") from error
    name = "".join(char if char.isascii() and (char.isalnum() or char in "._- ") else "_" for char in found.name)
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    # HTML of anybody's must not open as a page of ours.
    kind = "text/plain; charset=utf-8" if found.name.endswith(TEXT) else "application/octet-stream"
    return FileResponse(path, media_type=kind, headers=headers)


def _kept(request: Request) -> OrderedDict[str, _Kept]:
    """Return the files that are kept, the oldest first, after those whose time is over have gone."""
    state = request.app.state
    if not hasattr(state, "translated_files"):
        state.translated_files = OrderedDict()
    kept: OrderedDict[str, _Kept] = state.translated_files
    while kept and (len(kept) > KEPT_FILES or next(iter(kept.values())).until < time.monotonic()):
        kept.popitem(last=False)
    return kept


def _refused(error: StudioError) -> Refused:
    """Return an error as LibreTranslate's clients tell them apart: it knows no finer statuses."""
    status = error.status if error.status >= 500 or error.status in KEPT_AS_THEY_ARE else 400
    return Refused(status, error.code, error.message)


Made = tuple[str, dict[str, object] | None, list[str]]


async def _translate(request: Request, texts: Sequence[str], body: TranslateBody) -> list[Made]:
    """Return each text's translation, its detected language and the other wordings."""
    html = body.format == "html"
    spoken = [index for index, text in enumerate(texts) if (html_words(text) if html else text).strip()]
    wanted = [
        TranslateRequest(
            text=texts[index],
            target_lang=body.target,
            source_lang=None if body.source == "auto" else body.source,
            alternatives=0 if html else body.alternatives,
            html=html,
        )
        for index in spoken
    ]
    made: list[Made] = [(text, None, []) for text in texts]
    try:
        jobs = submit_all(request, wanted) if wanted else []
        async with cancelled_when_gone(request, *jobs):
            for job in jobs:
                await ended(job)
    except StudioError as error:
        raise _refused(error) from error
    for index, job in zip(spoken, jobs, strict=True):
        text = job.text()
        found = next((event for _, event in job.snapshot() if isinstance(event, Detected)), None)
        told = None if found is None else _detected(found.language, found.confidence)
        made[index] = text, told, _others(job, text) if body.alternatives else []
    return made


def _others(job: Job, text: str) -> list[str]:
    """Return other wordings of a whole text: its best, next best … sentences each put together."""
    places = [event for _, event in job.snapshot() if isinstance(event, Aligned)]
    found = []
    for rank in range(max((len(place.alternatives) for place in places), default=0)):
        parts, at = [], 0
        for place in places:
            parts.append(text[at : place.start])
            own = place.alternatives[rank] if rank < len(place.alternatives) else text[place.start : place.end]
            parts.append(own)
            at = place.end
        found.append("".join(parts) + text[at:])
    return found


def _targets(request: Request) -> dict[str, set[str]]:
    studio = studio_of(request)
    found: dict[str, set[str]] = {}
    for pair in studio.pairs():
        if pair.installed or studio.settings.demo:
            found.setdefault(pair.source, set()).add(pair.target)
    return found


def _detected(language: str, confidence: float) -> dict[str, object]:
    return {"confidence": round(100 * confidence, 1), "language": language}
