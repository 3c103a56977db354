"""The page around Gradio's: its head, its own assets at /hearth, and what a browser may keep of it all."""

import hashlib
import re
from http.cookies import CookieError, SimpleCookie
from pathlib import Path

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.gzip import GZipMiddleware
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.words import COOKIE, language_head

# Fonts, styles and the icon; served at /hearth.
ASSETS = Path(__file__).parent / "assets"
FOR_GOOD = "public, max-age=31536000, immutable"
FOR_A_DAY = "public, max-age=86400"
# What one sees first is asked for at once instead of when the styles that name it have been read.
FIRST_FONTS = (
    "hearth/fonts/lora-latin-600-normal.woff2",
    "static/fonts/IBMPlexSans/IBMPlexSans-Regular.woff2",
    "static/fonts/IBMPlexSans/IBMPlexSans-Bold.woff2",
)
# Gradio's page advertises Gradio to whoever the address is sent to.
ADVERTS = re.compile(rb'<meta\s+(?:property|name)="(?:og|twitter):[^>]*>\s*')
CONFIG = b"<script>window.gradio_config"


class Page:
    """The ASGI app around Gradio's: completes the page, serves our assets, says what may be kept.

    Args:
        inner: Gradio's app.
    """

    def __init__(self, inner: ASGIApp) -> None:
        self._inner = inner
        self._files = StaticFiles(directory=ASSETS)
        # Fonts are compressed already; Gradio compresses its own scripts, but not the page, which is the largest.
        self._page = GZipMiddleware(self._completed)
        self._text = GZipMiddleware(self._files)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        # Behind a proxy's prefix the path begins with it.
        path = scope.get("path", "").removeprefix(scope.get("root_path", ""))
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
        elif path == "/":
            await self._page(scope, receive, send)
        elif path.startswith("/hearth/"):
            files = self._text if path.endswith((".css", ".js", ".svg")) else self._files
            below = {**scope, "path": path.removeprefix("/hearth"), "root_path": ""}
            await files(below, receive, keep(send, FOR_GOOD))
        elif path.startswith("/assets/"):
            await self._inner(scope, receive, keep(send, FOR_GOOD))  # a hash of its content is in each name
        elif path.startswith("/static/"):
            await self._inner(scope, receive, keep(send, FOR_A_DAY))
        else:
            await self._inner(scope, receive, send)

    async def _completed(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Put the person's language and theme, the title and the styles into Gradio's page."""
        language = language_cookie(Headers(scope=scope))
        start: Message = {}
        body = bytearray()

        async def send_page(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
                return
            body.extend(message.get("body", b""))
            if message.get("more_body"):
                return
            page = complete(bytes(body), language)
            headers = MutableHeaders(scope=start)
            headers["Content-Length"] = str(len(page))
            headers["Cache-Control"] = "no-cache"
            headers.add_vary_header("Cookie")
            await send(start)
            await send({"type": "http.response.body", "body": page})

        await self._inner(scope, receive, send_page)


def keep(send: Send, rule: str) -> Send:
    """Return a ``send`` that lets a browser keep what was found."""

    async def send_kept(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] in (200, 206, 304):
            MutableHeaders(scope=message)["Cache-Control"] = rule
        await send(message)

    return send_kept


def language_cookie(headers: Headers) -> str | None:
    """Return the chosen language as the cookie has it; None without one or with one that can't be read."""
    try:
        cookies = SimpleCookie(headers.get("cookie", ""))
    except CookieError:
        return None
    return cookies[COOKIE].value if COOKIE in cookies else None


def complete(page: bytes, language: str | None) -> bytes:
    """Return Gradio's page with our head.

    The language must be known before anything of Gradio's runs; the styles come after Gradio's, so
    that they win. They stand in the page itself rather than in Gradio's ``head=``, which a script
    adds late: the page would flash white first.
    """
    head, config, rest = page.partition(CONFIG)
    head = ADVERTS.sub(b"", head).replace(b"<head>", b"<head>" + (language_head(language) + FIRST).encode(), 1)
    before, end, after = (config + rest).rpartition(b"</head>")
    return head + before + STYLES.encode() + end + after


def address(name: str) -> str:
    """Return an asset's address with a hash of its content: a new version of it has a new address."""
    return f"hearth/{name}?v={hashlib.sha256((ASSETS / name).read_bytes()).hexdigest()[:12]}"


def _fonts() -> str:
    return "".join(
        f'<link rel="preload" href="{font}" as="font" type="font/woff2" crossorigin>' for font in FIRST_FONTS
    )


FIRST = (
    '<title>Hearth</title><meta name="description" content="A local AI studio">'
    f'<link rel="icon" type="image/svg+xml" href="{address("favicon.svg")}">'
    '<meta name="theme-color" media="(prefers-color-scheme: light)" content="#FAF7F2">'
    '<meta name="theme-color" media="(prefers-color-scheme: dark)" content="#171412">'
)
STYLES = (
    f'{_fonts()}<link rel="stylesheet" href="{address("hearth.css")}">'
    f'<script defer src="{address("translate.js")}"></script>'
    f'<script defer src="{address("editor.js")}"></script>'
    f'<script defer src="{address("voice.js")}" data-ear="{address("voice-ear.js")}"></script>'
    f'<script defer src="{address("reading.js")}"></script>'
    f'<script defer src="{address("transcript.js")}"></script>'
)
