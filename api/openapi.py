"""The OpenAPI document, complete: keys, errors in each path's form, jobs for answers; and the page at /docs."""

from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel, JsonValue

from api.access import KEY_IN_BODY, PUBLIC, scope_for
from api.error_forms import LIBRETRANSLATE, PROBLEM, fits
from api.openapi_answers import TOLD, links, refusals
from api.openapi_examples import ANSWERS, BODIES

router = APIRouter(include_in_schema=False)
ASSETS = Path(__file__).parent / "assets"
DESCRIPTION = """A local AI studio: chat, translation, images and speech, on this machine.

Errors are problem details (RFC 9457); under `/v1` and `/api`, and on the routes of
LibreTranslate, they have the form that the clients of those routes read.
Every answer carries `X-Request-ID`. Where keys are required, send one as `Authorization: Bearer` or `x-api-key`.
"""


class Problem(BaseModel):
    """What went wrong (RFC 9457); ``details`` names a bad field, its value and the rule."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    timestamp: str
    details: dict[str, JsonValue]


class OpenAIErrorFields(BaseModel):
    """What went wrong."""

    message: str
    type: str
    param: str | None
    code: str
    request_id: str


class OpenAIError(BaseModel):
    """OpenAI's form of an error."""

    error: OpenAIErrorFields


class AnthropicErrorFields(BaseModel):
    """What went wrong."""

    type: str
    message: str


class AnthropicError(BaseModel):
    """Anthropic's form of an error."""

    type: str
    error: AnthropicErrorFields
    request_id: str


class OllamaError(BaseModel):
    """Ollama's form of an error."""

    error: str
    code: str
    request_id: str


class LibreTranslateError(BaseModel):
    """LibreTranslate's form of an error."""

    error: str
    code: str
    request_id: str


class Accepted(BaseModel):
    """A job instead of the answer; ``Location`` says where to follow it."""

    id: str
    kind: str
    state: str


ERRORS: tuple[tuple[str, type[BaseModel], str], ...] = (
    ("/v1/messages", AnthropicError, "application/json"),
    ("/v1/", OpenAIError, "application/json"),
    ("/api/", OllamaError, "application/json"),
    *((path, LibreTranslateError, "application/json") for path in LIBRETRANSLATE),
    ("/", Problem, PROBLEM),
)
MODELS = (Problem, OpenAIError, AnthropicError, OllamaError, LibreTranslateError, Accepted)
# What answers 202 to `Prefer: respond-async`.
GENERATING = (
    *("/v1/", "/translations", "/audio/narrations", "/audio/transcripts"),
    "/conversations/{conversation_id}/messages",
)
NOT_GENERATING = ("/v1/models", "/v1/messages/count_tokens", "/audio/transcripts/{transcript_id}")
Document = dict[str, Any]


def install(app: FastAPI) -> None:
    """Make ``app`` describe itself so; the document is made when it is first asked for, and kept."""

    def document() -> Document:
        if app.openapi_schema is None:
            made = get_openapi(title=app.title, version=app.version, description=DESCRIPTION, routes=app.routes)
            app.openapi_schema = _completed(made)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # FastAPI's own way to extend it


def _completed(made: Document) -> Document:
    components = made.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for model in MODELS:
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(schema.pop("$defs", {}))
        schemas[model.__name__] = schema
    components["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer"},
        "header": {"type": "apiKey", "in": "header", "name": "x-api-key"},
    }
    for path, operations in made["paths"].items():
        for method, operation in operations.items():
            _complete(path, method, operation)
    for operation, status, name, link in links(made["paths"]):
        operation["responses"][status].setdefault("links", {})[name] = link
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    return made


def _complete(path: str, method: str, operation: Document) -> None:
    responses = operation["responses"]
    responses.pop("422", None)
    form, media_type = next((form, media) for prefix, form, media in ERRORS if fits(path, prefix))
    error = {"content": {media_type: {"schema": {"$ref": f"#/components/schemas/{form.__name__}"}}}}
    for status in refusals(path, method, operation):
        responses.setdefault(status, {"description": TOLD[status], **error})
    responses.setdefault("5XX", {"description": "What failed here", **error})
    if method == "post" and path.startswith(GENERATING) and not path.startswith(NOT_GENERATING):
        schema = {"schema": {"$ref": "#/components/schemas/Accepted"}}
        responses.setdefault("202", {"description": "A job to follow instead", "content": {"application/json": schema}})
    for parameter in operation.get("parameters", ()):
        _without_null(parameter["schema"])
    if method in ("post", "put"):
        _complete_post(path, operation)
    scope = scope_for(method.upper(), path)
    if scope != PUBLIC:
        operation["description"] = f"{operation.get('description', '')}\n\nScope of a key: `{scope}`.".strip()
        # The empty one: on the loopback address no key is needed.
        operation["security"] = [{"bearer": []}, {"header": []}, {}]


def _without_null(schema: Document) -> None:
    # FastAPI says that what may be left out may be null; a header or a query has no null.
    kinds = [kind for kind in schema.pop("anyOf", []) if kind.get("type") != "null"]
    if len(kinds) == 1:
        schema.update(kinds[0])
    elif kinds:
        schema["anyOf"] = kinds


def _complete_post(path: str, operation: Document) -> None:
    sent = operation.get("requestBody", {}).get("content", {})
    # FastAPI says so of a form without defaults, and a file can't be sent in it. LibreTranslate's do come so.
    if path not in KEY_IN_BODY and (form := sent.pop("application/x-www-form-urlencoded", None)) is not None:
        sent["multipart/form-data"] = form
    if path in BODIES and "application/json" in sent:
        sent["application/json"].setdefault("example", BODIES[path])
    for media_type in ANSWERS.get(path, ()):
        operation["responses"]["200"]["content"][media_type] = {"schema": {}}


@router.get("/docs", response_class=HTMLResponse)
def page() -> Response:
    """The documentation, to read and to try; it asks no other host for anything."""
    return HTMLResponse((ASSETS / "docs.html").read_text(encoding="utf-8"))
