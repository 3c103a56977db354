"""What of the dashboard's own server answers, and to whom: used routes only, uploads and streams to their owner.

Gradio serves each upload and each event stream to whoever knows its name, fetches addresses for
anybody (``file=http…``), and has routes for tools that nothing here uses. What pages need is
listed; the rest is not there. An upload belongs to the owner who sent it, and a file to whom a page was told of it, for
the life of the process. A page's name (Gradio's session hash) is the browser's own choice, so each visitor's are put
into a namespace of theirs on the way in: who knows another's name reaches a page of their own by it.
"""

import hashlib
import json
import re
import shutil
import time
from collections import OrderedDict
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

API = "/gradio_api/"
USED = re.compile(
    r"(info|app_id|user|token|login_check|startup-events|theme\.css|upload|upload_progress|cancel|reset|run/predict|queue/(join|data)"
    r"|heartbeat/[^/]+|file=.+)/?"
)
# A file as Gradio tells of it. In a text that a person wrote the quotes would have backslashes.
TOLD = re.compile(rb'\{"path":\s*("(?:[^"\\]|\\.)*"),\s*"url":')
UNUSED_PAGES = re.compile(
    r"/(login|logout|monitoring|svelte|custom_component|proxy=|run-history|runs|deep_link)(/.*|\Z)?"
)
NAMING_BODY = re.compile(r"(queue/join|run/predict|cancel|reset)/?")  # these name their page in the body
PAGE = "session_hash"
KEPT = 10_000
UPLOAD_KEPT_S = 24 * 3600


def uploads_folder(data_dir: Path) -> Path:
    """Return the folder for uploads, readable by this user alone; what a crash left there goes after a day."""
    folder = data_dir / "uploads"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in folder.iterdir():
        if left.is_dir() and left.stat().st_mtime < time.time() - UPLOAD_KEPT_S:
            shutil.rmtree(left, ignore_errors=True)
    return folder


class _Owners:
    """Whose a name is: the first owner that came with it; the oldest are forgotten."""

    def __init__(self) -> None:
        self._owner_of: OrderedDict[str, set[str]] = OrderedDict()

    def add(self, name: str, owner: str) -> None:
        self._owner_of.setdefault(name, set()).add(owner)
        while len(self._owner_of) > KEPT:
            self._owner_of.popitem(last=False)

    def has(self, name: str, owner: str) -> bool:
        return owner in self._owner_of.get(name, ())


class DashboardGate:
    """ASGI app before the dashboard's."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._uploads = _Owners()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or raise 404."""
        path, owner = str(scope["path"]), str(scope.get("hearth.owner", "local"))
        if not path.startswith(API):
            if UNUSED_PAGES.fullmatch(path):
                raise HTTPException(404)
            await self._app(scope, receive, send)
            return
        route = path.removeprefix(API)
        if not USED.fullmatch(route):
            raise HTTPException(404)
        if route.startswith("file=") and not self._uploads.has(route.removeprefix("file="), owner):
            raise HTTPException(404)
        if owner != "local":  # who owns this Hearth needs no namespace: nobody else's names are without one
            scope, receive = await _with_own_pages(scope, receive, route, owner)
        if route.rstrip("/") == "upload":
            send = self._noting_uploads(send, owner)
        elif route.rstrip("/") == "queue/data":
            send = self._noting_told(send, owner)
        await self._app(scope, receive, send)

    def _noting_uploads(self, send: Send, owner: str) -> Send:
        body = bytearray()

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.body":
                body.extend(message.get("body", b""))
                if not message.get("more_body"):
                    for path in _paths(bytes(body)):
                        self._uploads.add(path, owner)
            await send(message)

        return noting

    def _noting_told(self, send: Send, owner: str) -> Send:
        """Note the files that a page is told of, such as the picture that its brush paints on: they are its owner's."""

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.body":
                for found in TOLD.finditer(message.get("body", b"")):
                    self._uploads.add(json.loads(found[1]), owner)
            await send(message)

        return noting


def _paths(body: bytes) -> list[str]:
    """Return the paths that an upload's answer lists; none for a refusal."""
    try:
        answer = json.loads(body)
    except ValueError:
        return []
    return [path for path in answer if isinstance(path, str)] if isinstance(answer, list) else []


async def _with_own_pages(scope: Scope, receive: Receive, route: str, owner: str) -> tuple[Scope, Receive]:
    """Return a request that names its page within its owner's namespace, wherever it names one."""
    namespace = hashlib.sha256(owner.encode()).hexdigest()[:32]
    query = parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
    query = [(name, f"{namespace}-{value}" if name == PAGE else value) for name, value in query]
    scope = {**scope, "query_string": urlencode(query).encode()}
    if route.startswith("heartbeat/"):
        path = f"{API}heartbeat/{namespace}-{route.removeprefix('heartbeat/')}"
        scope |= {"path": path, "raw_path": quote(path).encode()}
    if scope["method"] != "POST" or not NAMING_BODY.fullmatch(route):
        return scope, receive
    body = await _whole(receive)
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError):
        sent = None  # Gradio refuses it
    if isinstance(sent, dict) and isinstance(sent.get(PAGE), str):
        body = json.dumps({**sent, PAGE: f"{namespace}-{sent[PAGE]}"}).encode()
    headers = MutableHeaders(raw=list(scope["headers"]))
    headers["content-length"] = str(len(body))
    told = False

    async def receive_body() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return {**scope, "headers": headers.raw}, receive_body


async def _whole(receive: Receive) -> bytes:
    """Return a whole body; what came of it, when its client goes away."""
    body = bytearray()
    while (message := await receive())["type"] == "http.request":
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    return bytes(body)
