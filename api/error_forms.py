"""The forms an error takes on the wire: problem details, OpenAI's, Anthropic's and Ollama's, by path.

One table says which path speaks which form, so that the routes, the gate and a stream that breaks
half-way say the same thing. Nothing here knows what went wrong; see contract/errors.py for that.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

JSON = "application/json"
PROBLEM = "application/problem+json"
# LibreTranslate's paths; an exact one is no beginning of another of ours.
LIBRETRANSLATE = ("/translate", "/translate_file", "/detect", "/suggest", "/languages", "/frontend/", "/download_file/")
# https://docs.anthropic.com/en/api/errors
ANTHROPIC_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorFacts:
    """What every form is made of."""

    status: int
    code: str
    title: str
    message: str
    request_id: str
    details: Mapping[str, object] = field(default_factory=dict)


def openai_error(facts: ErrorFacts) -> dict[str, object]:
    """Return OpenAI's form, with the request id added."""
    return {
        "error": {
            "message": facts.message,
            "type": "server_error" if facts.status >= 500 else "invalid_request_error",
            "param": facts.details.get("field"),
            "code": facts.code,
            "request_id": facts.request_id,
        }
    }


def anthropic_error(facts: ErrorFacts) -> dict[str, object]:
    """Return Anthropic's form."""
    kind = ANTHROPIC_TYPES.get(facts.status, "api_error" if facts.status >= 500 else "invalid_request_error")
    return {"type": "error", "error": {"type": kind, "message": facts.message}, "request_id": facts.request_id}


def ollama_error(facts: ErrorFacts) -> dict[str, object]:
    """Return Ollama's form, with code and request id added."""
    return {"error": facts.message, "code": facts.code, "request_id": facts.request_id}


def libretranslate_error(facts: ErrorFacts) -> dict[str, object]:
    """Return LibreTranslate's form, with code and request id added."""
    return {"error": facts.message, "code": facts.code, "request_id": facts.request_id}


def problem_details(facts: ErrorFacts) -> dict[str, object]:
    """Return problem details (RFC 9457)."""
    return {
        "type": "about:blank",
        "title": facts.title,
        "status": facts.status,
        "detail": facts.message,
        "code": facts.code,
        "request_id": facts.request_id,
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "details": dict(facts.details),
    }


FORMS: tuple[tuple[str, Callable[[ErrorFacts], dict[str, object]], str], ...] = (
    ("/v1/messages", anthropic_error, JSON),
    ("/v1/", openai_error, JSON),
    ("/api/", ollama_error, JSON),
    *((path, libretranslate_error, JSON) for path in LIBRETRANSLATE),
    ("/", problem_details, PROBLEM),
)


def error_body(path: str, facts: ErrorFacts) -> tuple[dict[str, object], str]:
    """Return the body and the media type of an error on ``path``."""
    for prefix, form, media_type in FORMS:
        if fits(path, prefix):
            return form(facts), media_type
    return problem_details(facts), PROBLEM


def fits(path: str, prefix: str) -> bool:
    """Whether a path is one of a form's: below a prefix that ends with a slash, else the prefix or below it."""
    return path.startswith(prefix) if prefix.endswith("/") else path == prefix or path.startswith(prefix + "/")
