"""Small settings of an owner, kept as JSON by key."""

import json

from store.database import Database


class Preferences:
    """A dictionary for each owner; ``""`` is the studio's own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, owner: str, key: str) -> object:
        """Return the value, or None when it was never set."""
        rows = self._database.rows("SELECT value FROM preferences WHERE owner = ? AND key = ?", (owner, key))
        return json.loads(rows[0]["value"]) if rows else None

    def starting(self, owner: str, prefix: str) -> dict[str, object]:
        """Return the values of all keys that begin so, by key."""
        rows = self._database.rows(
            "SELECT key, value FROM preferences WHERE owner = ? AND substr(key, 1, ?) = ?", (owner, len(prefix), prefix)
        )
        return {row["key"]: json.loads(row["value"]) for row in rows}

    def set(self, owner: str, key: str, value: object) -> None:
        """Keep a JSON value; None forgets it."""
        if value is None:
            self._database.write(
                lambda db: db.execute("DELETE FROM preferences WHERE owner = ? AND key = ?", (owner, key))
            )
            return
        self._database.write(
            lambda db: db.execute(
                """INSERT INTO preferences (owner, key, value) VALUES (?, ?, ?)
                   ON CONFLICT (owner, key) DO UPDATE SET value = excluded.value""",
                (owner, key, json.dumps(value)),
            )
        )
