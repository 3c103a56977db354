"""The queue of pictures still to be drawn, with all that a restart needs to draw them."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from contract.errors import NotFound
from contract.ids import new_id
from store.database import Database, now
from store.sqlite import Transaction

EntryState = Literal["waiting", "running", "failed", "cancelled", "interrupted"]
COLUMNS = "id, owner, job_id, state, place, request, image, mask, error_message, created_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueEntry:
    """One row of ``image_queue``.

    Attributes:
        id: Stays the same however often it is tried; ``job_id`` is the last try's, None before the first.
        place: They are drawn from the lowest up.
        request: The fields of an ImageRequest but ``image`` and ``mask``, those that are not at their defaults; with
            a ``scale``, of an UpscaleRequest.
    """

    id: str
    owner: str
    state: EntryState
    place: int
    request: Mapping[str, str | int | float]
    job_id: str | None = None
    image: bytes | None = None
    mask: bytes | None = None
    error_message: str | None = None
    created_at: str = ""


class ImageQueue:
    """Writes and reads the ``image_queue`` table; how a job ends is written by ``Jobs``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, entry: QueueEntry) -> QueueEntry:
        """Put an entry at the end, without waiting for the disk; returns it with its id."""
        made = replace(entry, id=new_id(), created_at=now())
        values = (
            *(made.id, made.owner, made.job_id, made.state, json.dumps(dict(made.request), ensure_ascii=False)),
            *(made.image, made.mask, made.created_at),
        )
        self._database.submit(
            lambda db: db.execute(
                """INSERT INTO image_queue (id, owner, job_id, state, request, image, mask, created_at, place)
                   SELECT ?, ?, ?, ?, ?, ?, ?, ?, coalesce(max(place), 0) + 1 FROM image_queue""",
                values,
            )
        )
        return made

    def of(self, owner: str) -> list[QueueEntry]:
        """Return an owner's entries in order, without their pictures."""
        columns = COLUMNS.replace("image, mask", "NULL AS image, NULL AS mask")
        rows = self._database.rows(f"SELECT {columns} FROM image_queue WHERE owner = ? ORDER BY place", (owner,))
        return [_entry(row) for row in rows]

    def get(self, entry_id: str, owner: str) -> QueueEntry:
        """Return one entry, pictures included; raises NotFound when it is not there or not this owner's."""
        rows = self._database.rows(f"SELECT {COLUMNS} FROM image_queue WHERE id = ? AND owner = ?", (entry_id, owner))
        if not rows:
            raise NotFound(
                f"There is no entry {entry_id[:64]!r} in the queue. It may be drawn already.", id=entry_id[:64]
            )
        return _entry(rows[0])

    def left_over(self) -> list[QueueEntry]:
        """Return what waits and no living process is to draw, in order."""
        rows = self._database.rows(
            f"""SELECT {COLUMNS} FROM image_queue
                WHERE state = 'waiting' AND NOT EXISTS (
                    SELECT 1 FROM jobs WHERE jobs.id = image_queue.job_id AND jobs.state IN ('queued', 'running'))
                ORDER BY place"""
        )
        return [_entry(row) for row in rows]

    @staticmethod
    def waits(db: Transaction, job_id: str) -> bool:
        """Whether a job's entry has not begun, inside a write of the caller's."""
        found = db.execute("SELECT 1 FROM image_queue WHERE job_id = ? AND state = 'waiting'", (job_id,))
        return found.fetchone() is not None

    def try_again(self, entry: QueueEntry, job_id: str) -> bool:
        """Tie an entry to a new try; False where another was first, or it is gone."""

        def write(db: Transaction) -> bool:
            tied = db.execute(
                """UPDATE image_queue SET job_id = ?, state = 'waiting', error_message = NULL
                   WHERE id = ? AND job_id IS ?""",
                (job_id, entry.id, entry.job_id),
            ).rowcount
            if tied:
                db.execute("UPDATE image_grid_cells SET job_id = ? WHERE entry_id = ?", (job_id, entry.id))
            return bool(tied)

        return self._database.write(write)

    def fail(self, entry: QueueEntry, message: str) -> None:
        """Mark an entry that could not even be submitted."""
        self._database.write(
            lambda db: db.execute(
                "UPDATE image_queue SET state = 'failed', error_message = ? WHERE id = ?", (message, entry.id)
            )
        )

    def swap(self, one: QueueEntry, other: QueueEntry) -> None:
        """Give two entries each other's place."""

        def write(db: Transaction) -> None:
            for entry, place in ((one, other.place), (other, one.place)):
                db.execute("UPDATE image_queue SET place = ? WHERE id = ?", (place, entry.id))

        self._database.write(write)

    def remove(self, entry_id: str, owner: str) -> None:
        """Forget an entry."""
        self._database.write(
            lambda db: db.execute("DELETE FROM image_queue WHERE id = ? AND owner = ?", (entry_id, owner))
        )

    def remove_jobs(self, job_ids: list[str]) -> None:
        """Forget the entries of jobs."""
        self._database.write(
            lambda db: db.execute(
                "DELETE FROM image_queue WHERE job_id IN (SELECT value FROM json_each(?))", (json.dumps(job_ids),)
            )
        )

    def flush(self) -> None:
        """Wait until all is written that was begun."""
        self._database.write(lambda db: None)

    def hold(self, job_ids: list[str]) -> None:
        """Let entries wait for the next start, however their jobs end now."""
        self._database.write(
            lambda db: db.execute(
                """UPDATE image_queue SET state = 'waiting', job_id = NULL
                   WHERE job_id IN (SELECT value FROM json_each(?))""",
                (json.dumps(job_ids),),
            )
        )


def _entry(row: sqlite3.Row) -> QueueEntry:
    return QueueEntry(**{**dict(row), "request": json.loads(row["request"])})
