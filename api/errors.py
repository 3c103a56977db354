"""Errors as HTTP tells them: each StudioError, bad body and crash in the form of the path it happened on."""

from collections.abc import Mapping

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from api.error_forms import ErrorFacts, error_body
from studio import LaneFull, StudioError

log = structlog.get_logger(__name__)
TITLES = {404: "Not found", 405: "Method not allowed", 413: "That is too large", 422: "That request can't be done"}


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
    headers = {}
    if isinstance(error, LaneFull):
        headers["Retry-After"] = str(error.details.get("retry_after_s", 5))
    return problem(request, error.status, error.code, error.title, error.message, error.details, headers)


async def _studio_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, StudioError)
    return from_studio(request, error)


async def _validation_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"] if part != "body") or "body"
    if first["type"] == "extra_forbidden":
        message = f"{field} is not supported here. Leave it out."
    else:
        shown = repr(first.get("input"))
        message = f"{field} is {shown[:80]}: {first['msg']}."
    return problem(request, 422, "invalid_request", TITLES[422], message, {"field": field, "rule": first["type"]})


async def _http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    title = TITLES.get(error.status_code, "That did not work")
    message = f"There is nothing at {request.url.path}." if error.status_code == 404 else str(error.detail)
    code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "http_error")
    return problem(request, error.status_code, code, title, message, headers=error.headers)


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
