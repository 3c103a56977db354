"""API keys as the database keeps them: a name, scopes and a digest, never the key itself."""

import json
import sqlite3
from dataclasses import dataclass

from contract.errors import NotFound
from store.database import Database, now


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """One row of ``api_keys``; times as the database writes them, None where there is none yet.

    Attributes:
        hint: The beginning of the key, to know it by.
    """

    id: str
    owner: str
    name: str
    hint: str
    scopes: tuple[str, ...]
    created_at: str
    expires_at: str | None = None
    last_used_at: str | None = None
    revoked_at: str | None = None


COLUMNS = "id, owner, name, hint, scopes, created_at, expires_at, last_used_at, revoked_at"


class ApiKeys:
    """Writes and reads ``api_keys``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, key: ApiKey, digest: bytes) -> None:
        """Keep a new key under the digest of its text."""
        self._database.write(
            lambda db: db.execute(
                """INSERT INTO api_keys (id, owner, name, hint, digest, scopes, created_at, expires_at)
                   VALUES (?, ?, ?, ?, ?, ?, ?, ?)""",
                (
                    *(key.id, key.owner, key.name, key.hint, digest),
                    *(json.dumps(key.scopes), key.created_at, key.expires_at),
                ),
            )
        )

    def by_digest(self, digest: bytes) -> ApiKey | None:
        """Return the key with this digest, revoked and expired ones too."""
        rows = self._database.rows(f"SELECT {COLUMNS} FROM api_keys WHERE digest = ?", (digest,))
        return _key(rows[0]) if rows else None

    def find(self, key_id: str) -> ApiKey | None:
        """Return a key by its id, revoked and expired ones too."""
        rows = self._database.rows(f"SELECT {COLUMNS} FROM api_keys WHERE id = ?", (key_id,))
        return _key(rows[0]) if rows else None

    def all(self) -> list[ApiKey]:
        """Return every key that is not revoked, the newest first."""
        rows = self._database.rows(f"SELECT {COLUMNS} FROM api_keys WHERE revoked_at IS NULL ORDER BY id DESC")
        return [_key(row) for row in rows]

    def revoke(self, key_id: str) -> None:
        """Let nobody in with this key any more; its row stays, so that the log can name it. Raises NotFound."""
        key = self.find(key_id)
        if key is None or key.revoked_at is not None:
            raise NotFound(f"There is no API key {key_id[:64]!r}; it may be revoked already.", id=key_id[:64])
        self._database.write(lambda db: db.execute("UPDATE api_keys SET revoked_at = ? WHERE id = ?", (now(), key_id)))

    def used(self, key_id: str) -> None:
        """Note that a key was used; does not wait for the commit."""
        self._database.submit(
            lambda db: db.execute("UPDATE api_keys SET last_used_at = ? WHERE id = ?", (now(), key_id))
        )


def _key(row: sqlite3.Row) -> ApiKey:
    return ApiKey(**{**dict(row), "scopes": tuple(json.loads(row["scopes"]))})
