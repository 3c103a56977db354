"""Jobs as they outlive their process: who asked for what, how it stands, and which were cut off."""

from dataclasses import dataclass

from store.database import Database, now
from store.sqlite import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRow:
    """One row of ``jobs``; ``instance`` names the process that runs it."""

    id: str
    owner: str
    via: str
    kind: str
    state: str
    created_at: str
    instance: str
    model: str | None = None
    input: str | None = None
    reply_id: str | None = None
    finished_at: str | None = None
    error_code: str | None = None
    error_message: str | None = None


class Jobs:
    """Writes and reads the ``jobs`` table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, row: JobRow) -> None:
        """Queue the row of a new job; what follows it in the writer sees it."""
        self._database.submit(
            lambda db: db.execute(
                """INSERT INTO jobs (id, owner, via, kind, state, created_at, instance, model, input, reply_id)
                   VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
                (
                    *(row.id, row.owner, row.via, row.kind, row.state),
                    *(row.created_at, row.instance, row.model, row.input, row.reply_id),
                ),
            )
        )

    def started(self, job_id: str) -> None:
        """Mark a job as running."""

        def write(db: Transaction) -> None:
            for table, column in (("jobs", "id"), ("image_queue", "job_id")):
                db.execute(f"UPDATE {table} SET state = 'running' WHERE {column} = ?", (job_id,))

        self._database.submit(write)

    @staticmethod
    def finish(
        db: Transaction,
        job_id: str,
        state: str,
        model: str | None,
        error_code: str | None,
        error_message: str | None,
    ) -> None:
        """Close a job, inside a write of the caller's; its text goes if its conversation is deleted meanwhile."""
        db.execute(
            """UPDATE jobs SET state = ?, model = ?, error_code = ?, error_message = ?, finished_at = ?,
                   input = CASE WHEN reply_id IS NULL OR reply_id IN (SELECT id FROM messages) THEN input END
               WHERE id = ?""",
            (state, model, error_code, error_message, now(), job_id),
        )
        if state == "done":
            db.execute("DELETE FROM image_queue WHERE job_id = ?", (job_id,))
        else:  # what had not begun when its process died waits for the next one
            db.execute(
                """UPDATE image_queue SET error_message = :message,
                       state = CASE WHEN :state = 'interrupted' AND state = 'waiting' THEN 'waiting' ELSE :state END
                   WHERE job_id = :job""",
                {"state": state, "message": error_message, "job": job_id},
            )

    @staticmethod
    def is_open(db: Transaction, job_id: str) -> bool:
        """Whether nobody has closed a job yet, inside a write of the caller's."""
        return (
            db.execute("SELECT 1 FROM jobs WHERE id = ? AND state IN ('queued', 'running')", (job_id,)).fetchone()
            is not None
        )

    def get(self, job_id: str) -> JobRow | None:
        """Return one job's row, or None."""
        rows = self._database.rows("SELECT * FROM jobs WHERE id = ?", (job_id,))
        return JobRow(**dict(rows[0])) if rows else None

    def open(self) -> list[JobRow]:
        """Return the jobs that no process has finished."""
        rows = self._database.rows("SELECT * FROM jobs WHERE state IN ('queued', 'running') ORDER BY created_at")
        return [JobRow(**dict(row)) for row in rows]
