"""Conversations as trees of messages; a save names the revision that it was loaded at.

Each message knows its parent, and a conversation the leaf in view, so that edits and other
answers are branches and nothing is overwritten. A tab that is behind gets Conflict, never a
wiped history.
"""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field

from contract.errors import Conflict, NotFound
from contract.ids import new_id
from contract.messages import Role
from store.database import Database, now
from store.sqlite import Transaction

TITLE_CHARACTERS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """One row of ``conversations``; ``leaf_id`` is the last message of the branch in view."""

    id: str
    owner: str
    title: str
    revision: int
    leaf_id: str | None
    settings: Mapping[str, object]
    created_at: str
    updated_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMessage:
    """One row of ``messages``; ``figures`` holds what the reply cost."""

    id: str
    conversation_id: str
    parent_id: str | None
    role: Role
    content: str
    reasoning: str
    state: str
    model: str | None
    job_id: str | None
    error_message: str | None
    created_at: str
    figures: Mapping[str, float | int | str | None] = field(default_factory=dict)


def _conversation(row: sqlite3.Row) -> Conversation:
    return Conversation(**{**dict(row), "settings": json.loads(row["settings"])})


def _message(row: sqlite3.Row) -> StoredMessage:
    return StoredMessage(**{**dict(row), "figures": json.loads(row["figures"])})


def title_of(text: str) -> str:
    """Return a title from a first message: its first line, cut at a word."""
    line = " ".join(text.strip().split("\n", 1)[0].split())
    if len(line) <= TITLE_CHARACTERS:
        return line
    return line[:TITLE_CHARACTERS].rsplit(" ", 1)[0] + "…"


class Conversations:
    """Writes and reads ``conversations`` and ``messages``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, owner: str, title: str) -> Conversation:
        """Make an empty conversation."""
        conversation_id, when = new_id(), now()

        def insert(db: Transaction) -> None:
            db.execute(
                "INSERT INTO conversations (id, owner, title, created_at, updated_at) VALUES (?, ?, ?, ?, ?)",
                (conversation_id, owner, title, when, when),
            )

        self._database.write(insert)
        return self.get(conversation_id, owner)

    def get(self, conversation_id: str, owner: str) -> Conversation:
        """Return one conversation; raises NotFound when it is not this owner's."""
        rows = self._database.rows("SELECT * FROM conversations WHERE id = ? AND owner = ?", (conversation_id, owner))
        if not rows:
            raise NotFound("There is no such conversation. It may have been deleted.", id=conversation_id[:64])
        return _conversation(rows[0])

    def all(self, owner: str, limit: int = 200) -> list[Conversation]:
        """Return an owner's conversations, the last changed first."""
        rows = self._database.rows(
            "SELECT * FROM conversations WHERE owner = ? ORDER BY updated_at DESC, id DESC LIMIT ?", (owner, limit)
        )
        return [_conversation(row) for row in rows]

    def messages(
        self, conversation_id: str, owner: str, limit: int | None = None, before: str | None = None
    ) -> list[StoredMessage]:
        """Return the branch in view, oldest first.

        Args:
            limit: At most this many, the last ones; None: all.
            before: Only messages above this one in the branch.
        """
        leaf = self.get(conversation_id, owner).leaf_id
        rows = self._database.rows(
            """WITH RECURSIVE branch(id, parent_id, depth) AS (
                   SELECT id, parent_id, 0 FROM messages WHERE id = :leaf AND conversation_id = :conversation
                   UNION ALL
                   SELECT m.id, m.parent_id, depth + 1 FROM messages m JOIN branch b ON m.id = b.parent_id
               )
               SELECT m.* FROM branch b JOIN messages m ON m.id = b.id
               WHERE :before IS NULL OR b.depth > (SELECT depth FROM branch WHERE id = :before)
               ORDER BY b.depth LIMIT :limit""",
            {"leaf": leaf, "conversation": conversation_id, "before": before, "limit": -1 if limit is None else limit},
        )
        return [_message(row) for row in reversed(rows)]

    def message(self, message_id: str) -> StoredMessage | None:
        """Return one message, or None."""
        rows = self._database.rows("SELECT * FROM messages WHERE id = ?", (message_id,))
        return _message(rows[0]) if rows else None

    def conversation_of(self, message_id: str, owner: str) -> str:
        """Return the conversation that a message of this owner is in; raises NotFound."""
        rows = self._database.rows(
            """SELECT c.id FROM messages m JOIN conversations c ON c.id = m.conversation_id
               WHERE m.id = ? AND c.owner = ?""",
            (message_id, owner),
        )
        if not rows:
            raise NotFound("There is no such message. Its conversation may have been deleted.", id=message_id[:64])
        return str(rows[0]["id"])

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

    def say(
        self, conversation_id: str, owner: str, text: str, model: str | None, revision: int | None = None
    ) -> tuple[Conversation, str, str]:
        """Add the user's message and an empty, growing reply below the leaf, in one transaction.

        Args:
            revision: The one the page was loaded at; None: whatever it is now.

        Returns:
            The conversation as it is now, the user's message id, and the reply's id.

        Raises:
            NotFound: It is not this owner's. Conflict: It has another revision, or a reply is being written.
        """
        user_id, reply_id = new_id(), new_id()

        def insert(db: Transaction) -> None:
            found = db.execute(
                "SELECT revision, leaf_id, title FROM conversations WHERE id = ? AND owner = ?",
                (conversation_id, owner),
            ).fetchone()
            if found is None:
                raise NotFound("There is no such conversation. It may have been deleted.", id=conversation_id[:64])
            current, leaf, title = found
            if revision is not None and revision != current:
                raise Conflict(
                    "This conversation was changed elsewhere. Reload it; your text is kept.", revision=current
                )
            growing = db.execute("SELECT 1 FROM messages WHERE id = ? AND state = 'growing'", (leaf,)).fetchone()
            if growing is not None:
                raise Conflict("A reply is being written. Stop it or wait for it, then send again.")
            when = now()
            for message_id, parent, role, content, state in (
                (user_id, leaf, "user", text, "done"),
                (reply_id, user_id, "assistant", "", "growing"),
            ):
                db.execute(
                    """INSERT INTO messages (id, conversation_id, parent_id, role, content, state, model, created_at)
                       VALUES (?, ?, ?, ?, ?, ?, ?, ?)""",
                    (message_id, conversation_id, parent, role, content, state, model, when),
                )
            db.execute(
                "UPDATE conversations SET leaf_id = ?, revision = revision + 1, title = ?, updated_at = ? WHERE id = ?",
                (reply_id, title or title_of(text), when, conversation_id),
            )

        self._database.write(insert)
        return self.get(conversation_id, owner), user_id, reply_id

    def grow(self, reply_id: str, content: str, reasoning: str, job_id: str) -> None:
        """Keep what a growing reply has so far; does not wait for the commit."""
        self._database.submit(
            lambda db: db.execute(
                "UPDATE messages SET content = ?, reasoning = ?, job_id = ? WHERE id = ?",
                (content, reasoning, job_id, reply_id),
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
        """Close a reply, inside a write of the caller's; whoever saw it begin is still up to date."""
        db.execute(
            """UPDATE messages SET state = ?, content = ?, reasoning = ?, model = ?, job_id = ?, figures = ?,
                   error_message = ? WHERE id = ?""",
            (state, content, reasoning, model, job_id, json.dumps(figures), error_message, reply_id),
        )
        db.execute(
            "UPDATE conversations SET updated_at = ? WHERE id = (SELECT conversation_id FROM messages WHERE id = ?)",
            (now(), reply_id),
        )

    def rename(self, conversation_id: str, owner: str, title: str) -> Conversation:
        """Give a conversation another title (cut to 200 characters)."""
        self.get(conversation_id, owner)
        self._database.write(
            lambda db: db.execute(
                "UPDATE conversations SET title = ?, revision = revision + 1 WHERE id = ? AND owner = ?",
                (title.strip()[:200], conversation_id, owner),
            )
        )
        return self.get(conversation_id, owner)

    def delete(self, conversation_id: str, owner: str) -> None:
        """Delete a conversation; the log keeps its figures, its texts there go too."""
        self.get(conversation_id, owner)

        def remove(db: Transaction) -> None:
            db.execute(
                "UPDATE interactions SET input = NULL, output = NULL WHERE conversation_id = ? AND owner = ?",
                (conversation_id, owner),
            )
            db.execute(
                "UPDATE jobs SET input = NULL WHERE id IN (SELECT job_id FROM messages WHERE conversation_id = ?)",
                (conversation_id,),
            )
            db.execute("DELETE FROM conversations WHERE id = ? AND owner = ?", (conversation_id, owner))

        self._database.write(remove)
