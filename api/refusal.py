"""A request that goes no further than the door, and how it is told."""

import json

from starlette.exceptions import HTTPException
from starlette.types import Scope, Send

from api.error_forms import ErrorFacts, error_body


class Refused(HTTPException):
    """Why a request goes no further; FastAPI lets this class through where it reads a body."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(status, message)
        self.status, self.code, self.message = status, code, message


async def answer(refused: Refused, scope: Scope, send: Send) -> None:
    """Send a refusal in the form of its path."""
    title = {401: "A key is needed", 413: "That is too large"}.get(refused.status, "Refused")
    facts = ErrorFacts(
        status=refused.status,
        code=refused.code,
        title=title,
        message=refused.message,
        request_id=scope["hearth.request_id"],
    )
    body, media_type = error_body(scope["path"], facts)
    headers = [(b"content-type", media_type.encode())]
    if refused.status == 401:
        headers.append((b"www-authenticate", b'Bearer realm="Hearth"'))
    await send({"type": "http.response.start", "status": refused.status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})
