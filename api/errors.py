"""Errors as HTTP tells them: each StudioError, bad body and crash in the form of the path it happened on."""

from collections.abc import Mapping
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Route

from api.error_forms import ErrorFacts, error_body
from api.refusal import Refused
from studio import LaneFull, StudioError

log = structlog.get_logger(__name__)
FAULTS_TOLD = 20
SECRETS = ("key", "password", "secret", "token")  # fields whose value no answer says back
TITLES = {
    400: "That request can't be read",
    404: "Not found",
    405: "Method not allowed",
    406: "Not available in that form",
    408: "The body came too slowly",
    413: "That is too large",
    415: "That form of body is not taken",
    422: "That request can't be done",
}


def problem(
    request: Request,
    status: int,
    code: str,
    title: str,
    message: str,
    details: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """Return an error in the form of the path it happened on."""
    facts = ErrorFacts(
        status=status,
        code=code,
        title=title,
        message=message,
        request_id=request.scope.get("hearth.request_id", ""),
        details=details or {},
    )
    body, media_type = error_body(request.url.path, facts)
    return JSONResponse(body, status, headers=dict(headers or {}), media_type=media_type)


def from_studio(request: Request, error: StudioError) -> JSONResponse:
    """Return a StudioError with its own status."""
    wait = error.details.get("retry_after_s", 5 if isinstance(error, LaneFull) else None)
    headers = {} if wait is None else {"Retry-After": str(wait)}
    return problem(request, error.status, error.code, error.title, error.message, error.details, headers)


async def _studio_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, StudioError)
    return from_studio(request, error)


async def _validation_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    answer = _unreadable(request, error)
    # It never became a request, so the log knows nothing of it; it is counted instead.
    code = {400: "invalid_json", 415: "unsupported_media_type"}.get(answer.status_code, "invalid_request")
    request.app.state.metrics.count_refused(request.scope, code)
    return answer


def _unreadable(request: Request, error: RequestValidationError) -> JSONResponse:
    """Return what is told of a body or a field that is none that the route takes."""
    faults = error.errors()
    first = faults[0]
    rule, context = first["type"], first.get("ctx") or {}
    lines = [_fault(fault) for fault in faults[:FAULTS_TOLD]]
    field, sent = lines[0]["field"], request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if rule == "json_invalid":
        message = f"The body is no JSON: {context.get('error', 'it breaks off')}. Send a JSON object."
        return problem(request, 400, "invalid_json", TITLES[400], message, {"field": "body"})
    if first["loc"] == ("body",) and rule != "missing" and not sent.endswith("json"):
        message = f"The body is {sent[:80] or 'of no type'}. Send the header Content-Type: application/json."
        return problem(request, 415, "unsupported_media_type", TITLES[415], message, {"field": "Content-Type"})
    if rule == "missing":
        message = "The body is empty. Send a JSON object." if field == "body" else f"{field} is missing. Send it."
    elif rule == "extra_forbidden":
        message = f"{field} is not supported here. Leave it out."
    else:
        message = f"{field} is {lines[0]['value']}: {first['msg']}."
    details = {**lines[0], "errors": lines}
    return problem(request, 422, "invalid_request", TITLES[422], message, details)


def _fault(fault: Mapping[str, Any]) -> dict[str, object]:
    """Return one broken rule: the field, its value as it can be shown, the rule and its limits."""
    # What a client names may be as long as its body.
    field = ".".join(str(part)[:80] for part in fault["loc"] if part != "body")[:200] or "body"
    limits = {name: value for name, value in (fault.get("ctx") or {}).items() if isinstance(value, str | int | float)}
    value = "not shown" if any(part in SECRETS for part in fault["loc"]) else _shown(fault.get("input"))
    return {"field": field, "value": value, "rule": fault["type"], **limits}


def _shown(value: object) -> str:
    """Return a value for a message; what is large or nested is named, not shown."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    return repr(value[:80] if isinstance(value, str) else value)[:80]


async def _http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    status, path = error.status_code, request.url.path[:200]
    title = TITLES.get(status, "That did not work")
    code, message = "http_error", str(error.detail)
    headers = dict(error.headers or {})
    if isinstance(error, Refused):
        code = error.code
    elif status == 404:
        code, message = "not_found", f"There is nothing at {path}."
    elif status == 405:
        # The framework names the methods of the first route that has the path, not those of all.
        headers = {"Allow": ", ".join(_methods(request))}
        code, message = "method_not_allowed", f"{request.method[:20]} does not work at {path}. Use {headers['Allow']}."
    elif status == 406:
        code = "not_acceptable"
    elif message == "There was an error parsing the body":  # FastAPI's word for all that is wrong with one
        code = "invalid_request"
        message = "The body can't be read. Send JSON in UTF-8, not compressed, not nested without end."
    return problem(request, status, code, title, message, headers=headers)


def _methods(request: Request) -> list[str]:
    routes: list[Route] = request.app.state.routes
    fit = [route for route in routes if route.path_regex.fullmatch(request.url.path)]
    # /models/loads is also what /models/{model_id} could mean; the route that spells out more of it is meant.
    spelt = [len(route.path.partition("{")[0]) for route in fit]
    fit = [route for route, length in zip(fit, spelt, strict=True) if length == max(spelt)]
    return sorted({method for route in fit for method in route.methods or ()})


async def _unexpected(request: Request, error: Exception) -> JSONResponse:
    request_id = request.scope.get("hearth.request_id", "")
    log.error("request_crashed", path=request.url.path, exc_info=error)
    return problem(
        request,
        500,
        "studio_error",
        "Something went wrong",
        f"Something unexpected went wrong. The server's log tells more under {request_id}.",
    )


def install(app: FastAPI) -> None:
    """Make every route of ``app`` answer errors in these forms."""
    app.add_exception_handler(StudioError, _studio_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _unexpected)
