"""What every HTTP request passes first: request id, host and origin checks, owner, size limit, headers.

Plain ASGI, because it stands before everything. A page of another site can't drive a Hearth on
the loopback address: it may neither name another host (DNS rebinding) nor post from its own
origin, and no answer carries a CORS permission.
"""

import hashlib
import hmac
import ipaddress
import json
import re
import secrets
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from urllib.parse import urlsplit

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.error_forms import ErrorFacts, error_body
from studio import Settings, new_id

COOKIE = "hearth_owner"
COOKIE_S = 400 * 24 * 3600  # the longest that browsers keep one
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
BODY_BYTES = 8 * 1024 * 1024
UPLOAD_BYTES = 210 * 1024 * 1024
UPLOAD_PATHS = ("/gradio_api/upload", "/v1/audio/transcriptions", "/v1/audio/translations")
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


class Refused(Exception):
    """A request that goes no further."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


def cookie_key(data_dir: Path) -> bytes:
    """Return the key that signs owner cookies, made at first use and readable by the owner alone."""
    path = data_dir / "cookie.key"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_bytes(secrets.token_bytes(32))
    return path.read_bytes()


class Gate:
    """The outermost ASGI app.

    Args:
        app: What lies behind.
        settings: Whether only this machine can reach us.
        embedded: Served inside another site's frame (a Space): then its cookie must say so.
    """

    def __init__(self, app: ASGIApp, settings: Settings, *, embedded: bool = False) -> None:
        self._app = app
        self._loopback = settings.loopback
        self._embedded = embedded
        self._key = b"" if settings.loopback else cookie_key(settings.data_dir)
        self._hosts = {"localhost", "127.0.0.1", "[::1]", "::1", settings.host}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it with a refusal."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        asked = headers.get("x-request-id", "")
        request_id = scope["hearth.request_id"] = asked if REQUEST_ID.fullmatch(asked) else new_id()
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        new_cookie = self._find_owner(scope, headers)
        scope["hearth.role"] = "admin" if scope["hearth.owner"] == "local" else "user"

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                for name in [name for name in answer if name.startswith("access-control-")]:
                    del answer[name]
                answer["X-Request-ID"] = request_id
                for name, value in SECURITY_HEADERS.items():
                    answer.setdefault(name, value)
                if new_cookie:
                    answer.append("Set-Cookie", new_cookie)
            await send(message)

        try:
            self._check_host(headers)
            self._check_origin(scope, headers)
            await self._app(scope, self._bounded(scope, headers, receive), send_with_headers)
        except Refused as refused:
            await _answer(refused, scope, send_with_headers)

    def _check_host(self, headers: Headers) -> None:
        if not self._loopback:
            return
        name = urlsplit(f"//{headers.get('host', '')}").hostname or ""
        if name not in self._hosts and not _is_loopback(name):
            raise Refused(
                421, "unknown_host", f"This Hearth does not answer as {name[:100]!r}. Open it as http://127.0.0.1."
            )

    @staticmethod
    def _check_origin(scope: Scope, headers: Headers) -> None:
        if scope["method"] in SAFE_METHODS and "access-control-request-method" not in headers:
            return
        origin = headers.get("origin")
        if origin is None:
            return  # not a browser, or one that asks its own site
        ours = {headers.get("host", ""), headers.get("x-forwarded-host", "")}
        if urlsplit(origin).netloc not in ours - {""}:
            raise Refused(403, "foreign_origin", f"Requests from {origin[:100]!r} are not taken: it is another site.")

    def _find_owner(self, scope: Scope, headers: Headers) -> str | None:
        """Put the owner into the scope; return a cookie to set, if a page is asked for without one."""
        if self._loopback:
            scope["hearth.owner"] = "local"
            return None
        try:
            jar = SimpleCookie(headers.get("cookie", ""))
            name, _, signature = jar[COOKIE].value.partition(".") if COOKIE in jar else ("", "", "")
        except CookieError:
            name, signature = "", ""
        if name and hmac.compare_digest(signature, self._sign(name)):
            scope["hearth.owner"] = name
            return None
        name = scope["hearth.owner"] = f"guest-{new_id()}"
        if "text/html" not in headers.get("accept", ""):
            return None
        # In a frame of another site, browsers send a cookie only with all three of these.
        secure = "; Secure" if scope.get("scheme") == "https" else ""
        same_site = "; SameSite=None; Secure; Partitioned" if self._embedded else f"; SameSite=Lax{secure}"
        return f"{COOKIE}={name}.{self._sign(name)}; Path=/; HttpOnly; Max-Age={COOKIE_S}{same_site}"

    def _sign(self, name: str) -> str:
        return hmac.new(self._key, name.encode(), hashlib.sha256).hexdigest()

    @staticmethod
    def _bounded(scope: Scope, headers: Headers, receive: Receive) -> Receive:
        most = UPLOAD_BYTES if scope["path"].startswith(UPLOAD_PATHS) else BODY_BYTES
        too_large = Refused(
            413, "input_too_large", f"The request has more than {most // 1024 // 1024} MB. Send less at once."
        )
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > most:
            raise too_large
        got = 0

        async def receive_some() -> Message:
            nonlocal got
            message = await receive()
            got += len(message.get("body", b""))
            if got > most:
                raise too_large
            return message

        return receive_some


def _is_loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


async def _answer(refused: Refused, scope: Scope, send: Send) -> None:
    facts = ErrorFacts(
        status=refused.status,
        code=refused.code,
        title="Refused",
        message=refused.message,
        request_id=scope["hearth.request_id"],
    )
    body, media_type = error_body(scope["path"], facts)
    headers = [(b"content-type", media_type.encode())]
    await send({"type": "http.response.start", "status": refused.status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})
