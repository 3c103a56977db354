"""Replies as they grow and end: kept while they are written, closed with what they cost."""

import json
from collections.abc import Mapping

from store.database import Database, now
from store.sqlite import Transaction


class GrowingReplies:
    """Writes replies into ``messages``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def fail_reply(self, reply_id: str, error_message: str) -> None:
        """Close a reply whose request was refused; the user's message above it stays."""
        self._database.write(lambda db: self.fail_growing(db, reply_id, error_message))

    @staticmethod
    def fail_growing(db: Transaction, reply_id: str, error_message: str) -> None:
        """Like ``fail_reply``, inside a write of the caller's; one that has ended stays as it is."""
        db.execute(
            "UPDATE messages SET state = 'failed', error_message = ? WHERE id = ? AND state = 'growing'",
            (error_message, reply_id),
        )

    def cut_off(self, error_message: str, before: str) -> int:
        """Close replies from before a time that still grow though no job writes them; returns how many.

        A crash between the message and its job leaves one, and its conversation would take no message any more.
        """
        if not self._database.rows("SELECT 1 FROM messages WHERE state = 'growing' LIMIT 1"):
            return 0
        return self._database.write(
            lambda db: (
                db.execute(
                    """UPDATE messages SET state = 'interrupted', error_message = ?
                   WHERE state = 'growing' AND created_at <= ? AND id NOT IN (
                       SELECT reply_id FROM jobs WHERE state IN ('queued', 'running') AND reply_id IS NOT NULL)""",
                    (error_message, before),
                ).rowcount
            )
        )

    def grow(self, reply_id: str, content: str, reasoning: str, job_id: str) -> None:
        """Keep what a growing reply has so far; does not wait for the commit."""
        self._database.submit(
            lambda db: db.execute(
                "UPDATE messages SET content = ?, reasoning = CASE WHEN ? = '' THEN reasoning ELSE ? END, job_id = ? "
                "WHERE id = ?",
                (content, reasoning, reasoning, job_id, reply_id),
            )
        )

    @staticmethod
    def finish_reply(
        db: Transaction,
        reply_id: str,
        *,
        state: str,
        content: str,
        reasoning: str,
        model: str | None,
        job_id: str | None,
        figures: Mapping[str, object],
        error_message: str | None,
    ) -> None:
        """Close a reply, inside a write of the caller's; whoever saw it begin is still up to date.

        Args:
            reasoning: "" keeps what a continued reply had.
        """
        db.execute(
            """UPDATE messages SET state = ?, content = ?, reasoning = CASE WHEN ? = '' THEN reasoning ELSE ? END,
                   model = ?, job_id = ?, figures = ?, error_message = ? WHERE id = ?""",
            (state, content, reasoning, reasoning, model, job_id, json.dumps(figures), error_message, reply_id),
        )
        db.execute(
            "UPDATE conversations SET updated_at = ? WHERE id = (SELECT conversation_id FROM messages WHERE id = ?)",
            (now(), reply_id),
        )
