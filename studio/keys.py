"""API keys: named, scoped, with an end, shown once; whoever holds one may do what its scopes say.

A key is 256 random bits, so its plain SHA-256 is as good as a slow hash: there is nothing to guess.
Looked up keys are remembered for a second, so that a busy client costs no read each; a key that
another process revoked (`app.py keys revoke`) works that second longer.
"""

import hashlib
import re
import secrets
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Literal, get_args

from contract.errors import InvalidRequest
from contract.ids import new_id
from store import ApiKey, ApiKeys
from store.database import now, timestamp

Scope = Literal["generate", "conversations", "models", "usage", "metrics", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
PREFIX = "hearth_"
HINT_CHARACTERS = len(PREFIX) + 6
REMEMBERED_S = 1.0
REMEMBERED = 1_000
USED_EVERY_S = 60.0
NAME = re.compile(r"[^\x00-\x1f\x7f]{1,100}")
MOST_DAYS = 3_650


class Keys:
    """Makes, finds and revokes the keys of one studio."""

    def __init__(self, rows: ApiKeys) -> None:
        self._rows = rows
        self._lock = threading.Lock()
        self._found: dict[bytes, tuple[float, ApiKey | None]] = {}
        self._noted: dict[str, float] = {}

    def make(self, name: str, scopes: tuple[str, ...], days: int | None = None) -> tuple[ApiKey, str]:
        """Make a key for the owner of this Hearth.

        Args:
            name: What a person knows it by.
            scopes: Of ``SCOPES``; ``admin`` holds all others.
            days: Until it expires; None: never.

        Returns:
            Its row, and its text, which is kept nowhere.

        Raises:
            InvalidRequest: With the field and the rule.
        """
        if not NAME.fullmatch(name) or not name.strip():
            raise InvalidRequest(f"name is {name[:80]!r}; it must have 1 to 100 characters.", field="name")
        unknown = [scope for scope in scopes if scope not in SCOPES]
        if unknown or not scopes:
            said = f"has {unknown[0][:40]!r}" if unknown else "is empty"
            raise InvalidRequest(f"scopes {said}; it takes {', '.join(SCOPES)}.", field="scopes")
        if days is not None and not 1 <= days <= MOST_DAYS:
            raise InvalidRequest(f"days is {days}; it must be from 1 to {MOST_DAYS:,}.", field="days")
        text = PREFIX + secrets.token_urlsafe(32)
        key = ApiKey(
            id=new_id(),
            owner="local",
            name=name.strip(),
            hint=text[:HINT_CHARACTERS],
            scopes=tuple(scope for scope in SCOPES if scope in scopes),
            created_at=now(),
            expires_at=None if days is None else timestamp(datetime.now(UTC) + timedelta(days=days)),
        )
        self._rows.add(key, _digest(text))
        self.forget()
        return key, text

    def find(self, text: str) -> ApiKey | None:
        """Return the key with this text if it lets in now, and note its use."""
        digest = _digest(text)
        return self._current(digest, lambda: self._rows.by_digest(digest))

    def get(self, key_id: str) -> ApiKey | None:
        """Return a key by its id if it lets in now, and note its use."""
        return self._current(key_id.encode("utf-8", "replace"), lambda: self._rows.find(key_id))

    def _current(self, place: bytes, look: Callable[[], ApiKey | None]) -> ApiKey | None:
        moment = time.monotonic()
        with self._lock:
            seen = self._found.get(place)
        if seen is not None and moment - seen[0] < REMEMBERED_S:
            key = seen[1]
        else:
            key = look()
            with self._lock:
                if len(self._found) >= REMEMBERED:
                    self._found.clear()
                self._found[place] = moment, key
        return key if key is not None and self._lets_in(key, moment) else None

    def _lets_in(self, key: ApiKey, moment: float) -> bool:
        if key.revoked_at is not None or (key.expires_at is not None and key.expires_at <= now()):
            return False
        if moment - self._noted.get(key.id, -USED_EVERY_S) >= USED_EVERY_S:
            self._noted[key.id] = moment
            self._rows.used(key.id)
        return True

    def all(self) -> list[ApiKey]:
        """Return every key that is not revoked, the newest first."""
        return self._rows.all()

    def revoke(self, key_id: str) -> None:
        """Let nobody in with this key any more; raises NotFound."""
        self._rows.revoke(key_id)
        self.forget()

    def forget(self) -> None:
        """Look keys up anew."""
        with self._lock:
            self._found.clear()


def allows(key: ApiKey, scope: str) -> bool:
    """Whether a key holds a scope."""
    return scope in key.scopes or "admin" in key.scopes


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()
