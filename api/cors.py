"""Which pages of other sites may use the API: none, or those that a setting names."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import Scope, Send

METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE"
EXPOSED = "X-Request-ID, Location, ETag, Link, Retry-After, Content-Disposition, Preference-Applied, Mcp-Session-Id"
REMEMBERED_S = "600"


class Cors:
    """The permissions of one app.

    Args:
        origins: As browsers write them, ``https://a.example``; nothing else is ever allowed.
    """

    def __init__(self, origins: tuple[str, ...]) -> None:
        self._origins = frozenset(origins)

    def allows(self, origin: str | None) -> bool:
        """Whether pages of this origin may use the API."""
        return origin in self._origins

    def permit(self, headers: Headers, answer: MutableHeaders) -> None:
        """Take away what others permitted, and permit what the setting says; credentials never."""
        for name in [name for name in answer if name.startswith("access-control-")]:
            del answer[name]
        origin = headers.get("origin")
        if self._origins:
            answer.add_vary_header("Origin")
        if origin is not None and origin in self._origins:
            answer["Access-Control-Allow-Origin"] = origin
            answer["Access-Control-Expose-Headers"] = EXPOSED

    def is_preflight(self, scope: Scope, headers: Headers) -> bool:
        """Whether a browser asks beforehand, for a page that may."""
        asks = scope["method"] == "OPTIONS" and "access-control-request-method" in headers
        return asks and self.allows(headers.get("origin"))

    async def answer_preflight(self, headers: Headers, send: Send) -> None:
        """Tell a browser what the page may send."""
        start = {
            "type": "http.response.start",
            "status": 204,
            "headers": [
                (b"access-control-allow-origin", headers["origin"].encode("latin-1")),
                (b"access-control-allow-methods", METHODS.encode()),
                (b"access-control-allow-headers", headers.get("access-control-request-headers", "").encode("latin-1")),
                (b"access-control-max-age", REMEMBERED_S.encode()),
                (b"vary", b"Origin, Access-Control-Request-Headers"),
            ],
        }
        await send(start)
        await send({"type": "http.response.body", "body": b""})
