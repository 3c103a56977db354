"""Bodies of LibreTranslate's routes, from JSON or a form alike, and the key that they may carry.

LibreTranslate's clients send either, so the framework's one way of reading a body does not do. The
key stands in the body too: ``admitted`` is where it counts, and every route reads its body there.
"""

import json
from typing import Annotated, Literal, TypeVar

from fastapi import Request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from starlette.datastructures import UploadFile

from api.access import Access
from api.refusal import Refused
from api.schemas import Plain

B = TypeVar("B", bound="KeyedBody")
TEXTS = 500
CHARACTERS = 200_000
LanguageCode = Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$", max_length=40)]
OrAuto = Annotated[Literal["auto"] | LanguageCode, Field(description="A language, or ``auto``.")]
Text = Annotated[Plain, Field(min_length=1, max_length=CHARACTERS)]


def _whole(value: object) -> object:
    """A form holds figures as text."""
    return int(value) if isinstance(value, str) and value.isdecimal() and len(value) < 4 else value


class KeyedBody(BaseModel):
    """A body that may carry a key; as LibreTranslate does, it takes fields that it does not know."""

    model_config = ConfigDict(extra="ignore", strict=True)
    api_key: Annotated[str | None, Field(max_length=200)] = None


class TranslateBody(KeyedBody):
    """What to translate, one text or several."""

    q: Text | Annotated[list[Annotated[Plain, Field(max_length=CHARACTERS)]], Field(min_length=1, max_length=TEXTS)]
    source: OrAuto
    target: LanguageCode
    format: Literal["text", "html"] = "text"
    alternatives: Annotated[int, BeforeValidator(_whole), Field(ge=0, le=5)] = 0


class DetectBody(KeyedBody):
    """Whose language is asked for."""

    q: Text


class SuggestBody(KeyedBody):
    """A better translation."""

    q: Text
    s: Text
    source: LanguageCode
    target: LanguageCode


class FileBody(KeyedBody):
    """The languages of a file; the file itself is ``file``."""

    source: OrAuto
    target: LanguageCode


async def admitted(request: Request, form: type[B]) -> tuple[B, UploadFile | None]:
    """Read a body, and let in whom its key or the door lets in; returns it and the file in it, if any.

    Raises:
        Refused: It can't be read or lacks something (400), or its key does not do (403).
    """
    values, file = await _read(request)
    access: Access = request.app.state.access
    key = values.get("api_key")
    try:
        identity = access.identify_body(request.url.path, key if isinstance(key, str) else None)
    except Refused as exc:
        raise Refused(403, exc.code, exc.message) from exc
    if identity is not None:
        request.scope["hearth.owner"], request.scope["hearth.role"] = identity.owner, identity.role
    elif not request.scope["hearth.owner"]:
        raise Refused(403, "key_required", "This Hearth asks for an API key. Send it as api_key.")
    try:
        return form.model_validate(values), file
    except ValidationError as exc:
        raise Refused(400, "invalid_request", _told(exc)) from exc


async def _read(request: Request) -> tuple[dict[str, object], UploadFile | None]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in ("application/x-www-form-urlencoded", "multipart/form-data"):
        return await _read_form(request)
    if kind != "application/json":
        raise Refused(415, "unsupported_media_type", "Send the body as application/json or as a form.")
    try:
        values = json.loads(await request.body())
    except (ValueError, RecursionError) as exc:
        raise Refused(400, "invalid_json", f"Invalid request: the body is no JSON: {str(exc)[:80]}.") from exc
    if not isinstance(values, dict):
        raise Refused(400, "invalid_json", "Invalid request: the body is no JSON object.")
    return values, None


async def _read_form(request: Request) -> tuple[dict[str, object], UploadFile | None]:
    values: dict[str, object] = {}
    file = None
    form = await request.form(max_files=1, max_fields=TEXTS + 20)
    for name in form:
        found = form.getlist(name)
        if isinstance(found[0], UploadFile):
            file = found[0] if name == "file" else file
        else:
            # A list of texts comes as one field many times.
            values[name] = found[0] if len(found) == 1 or name != "q" else [str(text) for text in found]
    return values, file


def _told(exc: ValidationError) -> str:
    first = exc.errors(include_url=False, include_input=False)[0]
    field = ".".join(str(part) for part in first["loc"] if part not in ("str", "list"))[:80]
    field = field.partition(".constrained")[0].partition(".function")[0].partition(".literal")[0]
    if first["type"] == "missing":
        return f"Invalid request: missing {field} parameter"
    return f"Invalid request: {field}: {first['msg']}"
