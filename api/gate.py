"""What every HTTP request passes first: request id, host and origin checks, owner, size limit, headers.

Plain ASGI, because it stands before everything. A page of another site can't drive a Hearth on
the loopback address: it may neither name another host (DNS rebinding) nor post from its own
origin, and no answer carries a CORS permission that the settings do not name.
"""

import asyncio
import ipaddress
import re
from urllib.parse import urlsplit

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access import Access
from api.cors import Cors
from api.refusal import Refused, answer
from api.sign_in import sign_in_page
from studio import Settings, StudioError, new_id

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
BODY_PIECE_S = 20.0
BODY_BYTES = 8 * 1024 * 1024
UPLOAD_BYTES = 210 * 1024 * 1024
UPLOAD_PATHS = (
    *("/gradio_api/upload", "/v1/audio/transcriptions", "/v1/images/edits", "/v1/audio/translations"),
    *("/conversations/import", "/translations/documents", "/translation-memory/import", "/translate_file"),
    *("/documents", "/collections", "/audio/recordings", "/audio/narrations", "/audio/transcripts"),
    "/images/enlarge",
)
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; media-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self' data: blob:; worker-src 'self' blob:; object-src 'none'; base-uri 'self'; form-action 'self'"
)
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


class Gate:
    """The outermost ASGI app.

    Args:
        app: What lies behind.
        settings: Whether only this machine can reach us, and which sites may use the API.
        access: Tells who asks.
    """

    def __init__(self, app: ASGIApp, settings: Settings, access: Access) -> None:
        self._app = app
        self._loopback = settings.loopback
        self._access = access
        self._cors = Cors(settings.origins)
        self._hosts = {"localhost", "127.0.0.1", "[::1]", "::1", settings.host}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it with a refusal."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":  # nothing here speaks WebSocket, and no check stands before one
            await send({"type": "websocket.close", "code": 1008})
            return
        headers = Headers(scope=scope)
        asked = headers.get("x-request-id", "")
        request_id = scope["hearth.request_id"] = asked if REQUEST_ID.fullmatch(asked) else new_id()
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        new_cookie: str | None = None

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                sent = MutableHeaders(scope=message)
                self._cors.permit(headers, sent)
                sent["X-Request-ID"] = request_id
                for name, value in SECURITY_HEADERS.items():
                    sent.setdefault(name, value)
                if new_cookie:
                    sent.append("Set-Cookie", new_cookie)
            await send(message)

        try:
            self._check_host(headers)
            if self._cors.is_preflight(scope, headers):
                await self._cors.answer_preflight(headers, send)
                return
            self._check_origin(scope, headers)
            identity = self._access.identify(scope, headers)
            scope["hearth.owner"], scope["hearth.role"] = identity.owner, identity.role
            new_cookie = identity.new_cookie
            await self._app(scope, self._bounded(scope, headers, receive), send_with_headers)
        except Refused as refused:
            if refused.status_code == 401 and scope["method"] == "GET" and "text/html" in headers.get("accept", ""):
                await sign_in_page(scope, send_with_headers)
            else:
                await answer(refused, scope, send_with_headers)
        except StudioError as error:  # the keys can't be read
            await answer(Refused(error.status, error.code, error.message), scope, send_with_headers)

    def _check_host(self, headers: Headers) -> None:
        if not self._loopback:
            return
        host = headers.get("host", "")
        name = _host_name(host)
        if name not in self._hosts and not _is_loopback(name):
            raise Refused(
                421, "unknown_host", f"This Hearth does not answer as {host[:100]!r}. Open it as http://127.0.0.1."
            )

    def _check_origin(self, scope: Scope, headers: Headers) -> None:
        if scope["method"] in SAFE_METHODS and "access-control-request-method" not in headers:
            return
        origin = headers.get("origin")
        if origin is None:
            return  # not a browser, or one that asks its own site
        if self._cors.allows(origin):
            return
        ours = {headers.get("host", ""), headers.get("x-forwarded-host", "")}
        if origin.partition("://")[2] not in ours - {""}:
            raise Refused(403, "foreign_origin", f"Requests from {origin[:100]!r} are not taken: it is another site.")

    @staticmethod
    def _bounded(scope: Scope, headers: Headers, receive: Receive) -> Receive:
        most = UPLOAD_BYTES if scope["path"].startswith(UPLOAD_PATHS) else BODY_BYTES
        too_large = Refused(
            413, "input_too_large", f"The request has more than {most // 1024 // 1024} MB. Send less at once."
        )
        too_slow = Refused(
            408, "body_too_slow", f"Nothing of the body came for {BODY_PIECE_S:.0f} seconds. Send it again, faster."
        )
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > most:
            raise too_large
        got = 0
        whole = False

        async def receive_some() -> Message:
            nonlocal got, whole
            if whole:
                return await receive()  # waits for the client to go, as long as it likes
            try:
                async with asyncio.timeout(BODY_PIECE_S):
                    message = await receive()
            except TimeoutError as exc:
                raise too_slow from exc
            whole = not message.get("more_body", False)
            got += len(message.get("body", b""))
            if got > most:
                raise too_large
            return message

        return receive_some


def _host_name(host: str) -> str:
    """Return a Host header's name without its port; "" when it is malformed."""
    try:
        found = urlsplit(f"//{host}")
        return "" if "@" in host else found.hostname or ""
    except ValueError:
        return ""


def _is_loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
