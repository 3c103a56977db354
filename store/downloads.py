"""Downloads that are not finished, as they outlive their process: what was asked, by whom, and how far it is."""

from dataclasses import dataclass
from typing import Literal

from store.database import Database, now

DownloadState = Literal["waiting", "running", "paused"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadRow:
    """One row of ``downloads``.

    Attributes:
        model: The model's id.
        asked: What was asked for, as it was written.
        owner, via: Who asked, and from where.
        state: ``waiting`` and ``running`` go on at the next start, ``paused`` when somebody says so.
        why: Why it is paused; "": somebody paused it.
    """

    model: str
    asked: str
    owner: str
    via: str
    title: str
    state: DownloadState = "waiting"
    done_bytes: int = 0
    total_bytes: int = 0
    why: str = ""
    created_at: str = ""


class Downloads:
    """Writes and reads ``downloads``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[DownloadRow]:
        """Return every download, oldest first."""
        rows = self._database.rows("SELECT * FROM downloads ORDER BY created_at, model")
        return [DownloadRow(**dict(row)) for row in rows]

    def get(self, model: str) -> DownloadRow | None:
        """Return one download, or None."""
        rows = self._database.rows("SELECT * FROM downloads WHERE model = ?", (model,))
        return DownloadRow(**dict(rows[0])) if rows else None

    def put(self, row: DownloadRow) -> None:
        """Keep a download; one that is there waits again, with the bytes that it has."""
        self._database.write(
            lambda db: db.execute(
                """INSERT INTO downloads (model, asked, owner, via, title, state, created_at)
                   VALUES (?, ?, ?, ?, ?, ?, ?)
                   ON CONFLICT (model) DO UPDATE SET
                       asked = excluded.asked, owner = excluded.owner, via = excluded.via, state = excluded.state,
                       why = ''""",
                (row.model, row.asked, row.owner, row.via, row.title, row.state, row.created_at or now()),
            )
        )

    def change(
        self, model: str, state: DownloadState, done_bytes: int, total_bytes: int, title: str, why: str = ""
    ) -> None:
        """Tell how a download stands; does not wait."""
        self._database.submit(
            lambda db: db.execute(
                "UPDATE downloads SET state = ?, done_bytes = ?, total_bytes = ?, title = ?, why = ? WHERE model = ?",
                (state, done_bytes, total_bytes, title, why, model),
            )
        )

    def remove(self, model: str) -> None:
        """Forget a download."""
        self._database.write(lambda db: db.execute("DELETE FROM downloads WHERE model = ?", (model,)))
