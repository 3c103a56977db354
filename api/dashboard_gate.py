"""What of the dashboard's own server answers, and to whom: used routes only, uploads and streams to their owner.

Gradio serves each upload and each event stream to whoever knows its name, fetches addresses for
anybody (``file=http…``), and has routes for tools that nothing here uses. What pages need is
listed; the rest is not there. An upload belongs to the owner who sent it, and a page's stream to
the owner who first opened it; both are remembered for the life of the process.
"""

import json
import re
import shutil
import time
from collections import OrderedDict
from pathlib import Path
from urllib.parse import parse_qs

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

API = "/gradio_api/"
USED = re.compile(
    r"(info|app_id|user|token|login_check|startup-events|theme\.css|upload|upload_progress|cancel|reset|run/predict|queue/(join|data)"
    r"|heartbeat/[^/]+|file=.+)/?"
)
UNUSED_PAGES = re.compile(
    r"/(login|logout|monitoring|svelte|custom_component|proxy=|run-history|runs|deep_link)(/.*|\Z)?"
)
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

    def is_free_or_has(self, name: str, owner: str) -> bool:
        return name not in self._owner_of or self.has(name, owner)


class DashboardGate:
    """ASGI app before the dashboard's."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._uploads = _Owners()
        self._pages = _Owners()

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
        self._check_page(scope, route, owner)
        if route.rstrip("/") == "upload":
            send = self._noting_uploads(send, owner)
        await self._app(scope, receive, send)

    def _check_page(self, scope: Scope, route: str, owner: str) -> None:
        """A page's stream is its owner's: whoever else knows its name sees nothing."""
        named = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("session_hash", [])
        if route.startswith("heartbeat/"):
            named = [*named, route.split("/")[1]]
        for page in named:
            if not self._pages.is_free_or_has(page, owner):
                raise HTTPException(404)
            self._pages.add(page, owner)

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


def _paths(body: bytes) -> list[str]:
    """Return the paths that an upload's answer lists; none for a refusal."""
    try:
        answer = json.loads(body)
    except ValueError:
        return []
    return [path for path in answer if isinstance(path, str)] if isinstance(answer, list) else []
