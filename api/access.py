"""Who a request is from and what they may do: an API key and its scopes, a cookie, or this machine's owner.

One table says which scope a path asks of a key; what is not in it, the dashboard too, asks for
``admin``. Without a key, a request on the loopback address is the owner's, and elsewhere each
browser is a guest with rows of its own, unless keys are required.
"""

import hashlib
import hmac
import os
import secrets
import time
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from typing import Literal

from starlette.datastructures import Headers
from starlette.types import Scope

from api.refusal import Refused
from studio import ApiKey, Keys, Settings, allows, new_id

KEY_BYTES = 32
GUEST_COOKIE = "hearth_owner"
KEY_COOKIE = "hearth_key"
GUEST_COOKIE_S = 400 * 24 * 3600  # the longest that browsers keep one
KEY_COOKIE_S = 30 * 24 * 3600
KEY_PREFIX = "hearth_"
READING = ("GET", "HEAD")
PUBLIC = ""
# LibreTranslate's clients carry their key in the body, which is read behind the door: the routes ask for it there.
KEY_IN_BODY = ("/translate", "/translate_file", "/detect", "/suggest")
# The first line that fits decides: path, the scope to read, the scope for anything else.
SCOPE_OF: tuple[tuple[str, str, str], ...] = (
    *((path, PUBLIC, PUBLIC) for path in ("/live", "/ping", "/ready", "/docs", "/openapi.json", "/sign-in")),
    # What LibreTranslate tells everybody; a file there has a name that nobody can guess.
    *((path, PUBLIC, PUBLIC) for path in ("/languages", "/frontend/settings", "/download_file")),
    *((path, "metrics", "metrics") for path in ("/health", "/metrics")),
    *((path, "models", "models") for path in ("/api/pull", "/api/delete", "/api/create", "/api/copy")),
    *((path, "generate", "models") for path in ("/models", "/aliases")),
    *((path, "generate", "generate") for path in ("/v1", "/api", "/translations", "/detections", "/mcp")),
    *((path, "generate", "generate") for path in (*KEY_IN_BODY, "/jobs", "/files", "/audio", "/images")),
    *((path, "generate", "generate") for path in ("/glossaries", "/translation-memory")),
    *((path, "conversations", "conversations") for path in ("/conversations", "/documents", "/collections")),
    ("/templates", "conversations", "conversations"),
    *((path, "usage", "usage") for path in ("/interactions", "/usage")),
    ("/providers", "admin", "admin"),
)
# Nothing of the dashboard lives below these, so an unknown path there is an API error, not a page.
API_PATHS = (*(f"{path}/" for path, _, _ in SCOPE_OF), "/api-keys/")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a request is from; ``new_cookie`` is to be set in the answer."""

    owner: str
    role: Literal["admin", "user"]
    new_cookie: str | None = None


def scope_for(method: str, path: str) -> str:
    """Return the scope that a key needs; ``PUBLIC``: none, and no key either."""
    for prefix, reading, writing in SCOPE_OF:
        if path == prefix or path.startswith(prefix + "/"):
            return reading if method in READING else writing
    return "admin"


def cookie_key(data_dir: Path) -> bytes:
    """Return the key that signs cookies, made at first use and readable by the owner alone."""
    path = data_dir / "cookie.key"
    # Whole or not at all: with half a key, or none, anybody could sign.
    if not path.exists() or path.stat().st_size != KEY_BYTES:
        draft = data_dir / f"cookie.key.{new_id()}"
        with open(draft, "wb", opener=lambda name, flags: os.open(name, flags | os.O_EXCL, 0o600)) as file:
            file.write(secrets.token_bytes(KEY_BYTES))
        draft.replace(path)
    return path.read_bytes()


def presented(headers: Headers) -> str | None:
    """Return the key that a request carries."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    return headers.get("x-api-key") or None


class Access:
    """Tells who asks, for one studio.

    Args:
        embedded: Served inside another site's frame (a Space): then a guest's cookie must say so.
    """

    def __init__(self, settings: Settings, keys: Keys, *, embedded: bool) -> None:
        self._loopback = settings.loopback
        self._required = settings.require_key
        self._keys = keys
        self._embedded = embedded
        self._signing_key = cookie_key(settings.data_dir) if self._required or not settings.loopback else b""

    def identify(self, scope: Scope, headers: Headers) -> Identity:
        """Return who asks.

        Raises:
            Refused: With 401 for no or no valid key, with 403 for one without the scope.
            StorageFailed: The keys can't be read.
        """
        needed = scope_for(scope["method"], scope["path"])
        key = self._key(headers)
        if key is not None:
            if needed != PUBLIC and not allows(key, needed):
                raise Refused(
                    403, "missing_scope", f"The key {key.name!r} lacks the scope {needed}. Make one that has it."
                )
            return Identity(key.owner, "admin" if _is_admin(key, needed) else "user")
        if self._required:
            if scope["path"] in KEY_IN_BODY and scope["method"] == "POST":
                return Identity("", "user")  # nobody yet: see ``identify_body``
            if needed != PUBLIC:
                raise Refused(401, "key_required", "This Hearth asks for an API key. Send it as Authorization: Bearer.")
            return Identity("nobody", "user")
        return Identity("local", "admin") if self._loopback else self._guest(scope, headers)

    def identify_body(self, path: str, text: str | None) -> Identity | None:
        """Return who a key in a body stands for; None: it carries none that is judged.

        Raises:
            Refused: It is no valid key, or lacks the scope of the path.
        """
        key = self._judged(text or None)
        needed = scope_for("POST", path)
        if key is not None and not allows(key, needed):
            raise Refused(403, "missing_scope", f"The key {key.name!r} lacks the scope {needed}. Make one that has it.")
        return Identity(key.owner, "user") if key is not None else None

    def _key(self, headers: Headers) -> ApiKey | None:
        key = self._judged(presented(headers))
        if key is not None:
            return key
        key_id = self._signed(headers, KEY_COOKIE) if self._required else None
        if key_id is None:
            return None
        name, _, until = key_id.rpartition("~")
        return self._keys.get(name) if until.isdecimal() and int(until) > time.time() else None

    def _judged(self, text: str | None) -> ApiKey | None:
        # Clients of others' services send what they have, "none" mostly; only what looks like ours is judged.
        if text is None or not (self._required or text.startswith(KEY_PREFIX)):
            return None
        key = self._keys.find(text)
        if key is None:
            raise Refused(401, "invalid_key", "This API key is unknown, expired or revoked. Ask for another.")
        return key

    def _guest(self, scope: Scope, headers: Headers) -> Identity:
        name = self._signed(headers, GUEST_COOKIE)
        if name is not None:
            return Identity(name, "user")
        name = f"guest-{new_id()}"
        if "text/html" not in headers.get("accept", ""):
            return Identity(name, "user")
        # In a frame of another site, browsers send a cookie only with all three of these.
        secure = "; Secure" if scope.get("scheme") == "https" else ""
        same_site = "; SameSite=None; Secure; Partitioned" if self._embedded else f"; SameSite=Lax{secure}"
        value = f"{name}.{self._sign(name)}"
        cookie = f"{GUEST_COOKIE}={value}; Path=/; HttpOnly; Max-Age={GUEST_COOKIE_S}{same_site}"
        return Identity(name, "user", cookie)

    def key_cookie(self, text: str, *, secure: bool) -> str | None:
        """Return the cookie that opens the dashboard to whoever has this key; None: it opens nothing."""
        key = self._keys.find(text)
        if key is None or not allows(key, "admin"):
            return None
        value = f"{key.id}~{int(time.time()) + KEY_COOKIE_S}"
        flags = "HttpOnly; SameSite=Strict" + ("; Secure" if secure else "")
        return f"{KEY_COOKIE}={value}.{self._sign(value)}; Path=/; Max-Age={KEY_COOKIE_S}; {flags}"

    def _signed(self, headers: Headers, cookie: str) -> str | None:
        try:
            jar = SimpleCookie(headers.get("cookie", ""))
        except CookieError:
            return None
        value, _, signature = jar[cookie].value.rpartition(".") if cookie in jar else ("", "", "")
        signed = value and hmac.compare_digest(signature.encode(), self._sign(value).encode())
        return value if signed else None

    def _sign(self, value: str) -> str:
        return hmac.new(self._signing_key, value.encode(), hashlib.sha256).hexdigest()


def _is_admin(key: ApiKey, needed: str) -> bool:
    # Within its scope a key may do what the owner may: fetch models with `models`, read figures with `metrics`.
    return allows(key, "admin") or needed in ("models", "metrics", "usage")
