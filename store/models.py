"""What the owner set for each model and what was measured of it; and models that a server held and holds no more."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from store.database import Database
from store.sqlite import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRow:
    """One row of ``models``.

    Attributes:
        enabled: Whether requests may use it.
        pinned: It stays in memory however long it is idle.
        note: The owner's words on it.
        settings: Numbers by name, see ``studio.model_settings``.
        memory_bytes: What it took when it was last loaded here; 0: not measured.
        gone_at: Since when its server has it no more; None: it has it.
    """

    id: str
    kind: str
    engine: str
    title: str
    enabled: bool = True
    pinned: bool = False
    note: str = ""
    settings: Mapping[str, float] = field(default_factory=dict)
    memory_bytes: int = 0
    gone_at: str | None = None


class Models:
    """Writes and reads ``models``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> dict[str, ModelRow]:
        """Return every row by its model's id."""
        found = {}
        for row in self._database.rows("SELECT * FROM models ORDER BY id"):
            values = dict(row)
            values |= {"enabled": bool(row["enabled"]), "pinned": bool(row["pinned"])}
            found[row["id"]] = ModelRow(**{**values, "settings": json.loads(row["settings"])})
        return found

    def put(self, rows: Iterable[ModelRow], *, wait: bool = True) -> None:
        """Keep rows, in place of those of the same ids, in one transaction.

        Args:
            wait: Until they are written.
        """
        kept = tuple(rows)
        if wait:
            self._database.write(lambda db: _put(db, kept))
        else:
            self._database.submit(lambda db: _put(db, kept))

    def remove(self, model: str) -> None:
        """Forget what is kept of a model."""
        self._database.write(lambda db: db.execute("DELETE FROM models WHERE id = ?", (model,)))


def _put(db: Transaction, rows: Iterable[ModelRow]) -> None:
    for row in rows:
        db.execute(
            """INSERT OR REPLACE INTO models
                   (id, kind, engine, title, enabled, pinned, note, settings, memory_bytes, gone_at)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
            (
                *(row.id, row.kind, row.engine, row.title, int(row.enabled), int(row.pinned), row.note),
                *(json.dumps(dict(row.settings)), row.memory_bytes, row.gone_at),
            ),
        )
