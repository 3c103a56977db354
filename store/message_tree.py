"""Messages as a tree: each knows its parent, a conversation its leaf in view, and nothing is overwritten.

An edited message and a regenerated reply stand beside what they replace, under the same parent. The
branch in view is the way from the leaf up. Every change of what is in view adds one to the
conversation's revision, so that a page that shows an older one gets Conflict and loses nothing.
"""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from contract.errors import Conflict, InvalidRequest, NotFound
from contract.ids import new_id
from contract.messages import Role
from store.attaching import attach, attached_to
from store.conversation_rows import GONE, Conversation, Revision, read
from store.database import now
from store.growing import GrowingReplies
from store.sqlite import Transaction

TITLE_CHARACTERS = 60
COLUMNS = (
    "m.id, m.conversation_id, m.parent_id, m.role, m.content, m.reasoning, m.state, m.model, m.job_id, m.figures, "
    "m.error_message, m.created_at"
)
BRANCH = """WITH RECURSIVE branch(id, parent_id, depth) AS (
    SELECT id, parent_id, 0 FROM messages WHERE id = :leaf AND conversation_id = :conversation
    UNION ALL
    SELECT m.id, m.parent_id, depth + 1 FROM messages m JOIN branch b ON m.id = b.parent_id
)"""


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

    @property
    def can_go_on(self) -> bool:
        """Whether it is a reply that ended before it was finished."""
        cut = self.state in ("cancelled", "interrupted", "failed") or self.figures.get("finish_reason") == "length"
        return self.role == "assistant" and bool(self.content) and cut and self.state != "growing"


def message_of(row: sqlite3.Row) -> StoredMessage:
    """Return a row of ``COLUMNS`` as a message."""
    return StoredMessage(**{**dict(row), "figures": json.loads(row["figures"])})


def title_of(text: str) -> str:
    """Return a title from a first message: its first line, cut at a word."""
    line = " ".join(text.strip().split("\n", 1)[0].split())
    if len(line) <= TITLE_CHARACTERS:
        return line
    return line[:TITLE_CHARACTERS].rsplit(" ", 1)[0] + "…"


def check_revision(conversation: Conversation, revision: Revision) -> None:
    """Raise what a change minds of a conversation as it is."""
    if callable(revision):
        revision(conversation)
    elif revision is not None and revision != conversation.revision:
        raise Conflict(
            "This conversation was changed elsewhere. Reload it; your text is kept.", revision=conversation.revision
        )


class MessageTree(GrowingReplies):
    """Writes and reads ``messages``."""

    # Reading

    def messages(
        self,
        conversation_id: str,
        owner: str,
        limit: int | None = None,
        before: str | None = None,
        until: str | None = None,
    ) -> list[StoredMessage]:
        """Return the branch in view, oldest first.

        Args:
            limit: At most this many, the last ones; None: all.
            before: Only messages above this one in the branch.
            until: Only messages above this one in the branch, and itself.
        """
        rows = self._database.rows(
            f"""{BRANCH} SELECT {COLUMNS} FROM branch b JOIN messages m ON m.id = b.id
               WHERE (:before IS NULL OR b.depth > (SELECT depth FROM branch WHERE id = :before))
                 AND (:until IS NULL OR b.depth >= (SELECT depth FROM branch WHERE id = :until))
               ORDER BY b.depth LIMIT :limit""",
            {
                "leaf": self._leaf(conversation_id, owner),
                "conversation": conversation_id,
                "before": before,
                "until": until,
                "limit": -1 if limit is None else limit,
            },
        )
        return [message_of(row) for row in reversed(rows)]

    def depth(self, conversation_id: str, owner: str, message_id: str) -> int | None:
        """Return how many messages of the branch in view come after one; None when it is not in view."""
        rows = self._database.rows(
            f"{BRANCH} SELECT depth FROM branch WHERE id = :message",
            {"leaf": self._leaf(conversation_id, owner), "conversation": conversation_id, "message": message_id},
        )
        return int(rows[0]["depth"]) if rows else None

    def _leaf(self, conversation_id: str, owner: str) -> str | None:
        rows = self._database.rows(
            "SELECT leaf_id FROM conversations WHERE id = ? AND owner = ? AND deleted_at IS NULL",
            (conversation_id, owner),
        )
        if not rows:
            raise NotFound(GONE, id=conversation_id[:64])
        leaf = rows[0]["leaf_id"]
        return None if leaf is None else str(leaf)

    def all_messages(self, conversation_id: str, owner: str) -> list[StoredMessage]:
        """Return the messages of every branch, oldest first."""
        self._leaf(conversation_id, owner)
        rows = self._database.rows(
            f"SELECT {COLUMNS} FROM messages m WHERE conversation_id = ? ORDER BY number", (conversation_id,)
        )
        return [message_of(row) for row in rows]

    def message(self, message_id: str) -> StoredMessage | None:
        """Return one message, or None."""
        rows = self._database.rows(f"SELECT {COLUMNS} FROM messages m WHERE id = ?", (message_id,))
        return message_of(rows[0]) if rows else None

    def siblings(self, messages: Sequence[StoredMessage]) -> dict[str, tuple[str, ...]]:
        """Return for each message the ids of those under the same parent, itself among them, oldest first.

        Args:
            messages: Of one conversation.
        """
        if not messages:
            return {}
        marks = ",".join("?" for _ in messages)
        rows = self._database.rows(
            f"""SELECT id, parent_id FROM messages
                WHERE conversation_id = ? AND (parent_id IN ({marks}) OR parent_id IS NULL) ORDER BY number""",
            (messages[0].conversation_id, *(message.parent_id for message in messages)),
        )
        below: dict[str | None, list[str]] = {}
        for row in rows:
            below.setdefault(row["parent_id"], []).append(row["id"])
        return {message.id: tuple(below.get(message.parent_id, ())) for message in messages}

    def conversation_of(self, message_id: str, owner: str) -> str:
        """Return the conversation that a message of this owner is in; raises NotFound."""
        rows = self._database.rows(
            """SELECT c.id FROM messages m JOIN conversations c ON c.id = m.conversation_id
               WHERE m.id = ? AND c.owner = ? AND c.deleted_at IS NULL""",
            (message_id, owner),
        )
        if not rows:
            raise NotFound("There is no such message. Its conversation may have been deleted.", id=message_id[:64])
        return str(rows[0]["id"])

    # Growing the tree

    def ask(
        self,
        conversation_id: str,
        owner: str,
        text: str,
        model: str | None,
        revision: Revision = None,
        attachments: Sequence[str] = (),
    ) -> tuple[str, str]:
        """Add the user's message and an empty, growing reply below the leaf, in one transaction.

        Args:
            revision: The one the page was loaded at, or a check of the row; None: whatever it is now.
            attachments: Ids of this owner's documents that go with the message.

        Returns:
            The user's message id, and the reply's.

        Raises:
            NotFound: It is not this owner's. Conflict: It has another revision, or a reply is being written.
        """

        def insert(db: Transaction) -> tuple[str, str]:
            head = self._head(db, conversation_id, owner, revision)
            pair = self._insert_pair(db, head, head.leaf_id, text, model)
            attach(db, pair[0], owner, attachments)
            return pair

        return self._database.write(insert)

    def edit(
        self,
        conversation_id: str,
        owner: str,
        message_id: str,
        text: str,
        model: str | None,
        revision: Revision = None,
        attachments: Sequence[str] | None = None,
    ) -> tuple[str, str]:
        """Add another wording of a user's message beside it, with a growing reply; as ``ask`` otherwise.

        Args:
            attachments: None: those of the message.
        """

        def insert(db: Transaction) -> tuple[str, str]:
            head = self._head(db, conversation_id, owner, revision)
            message = self._row(db, conversation_id, message_id)
            if message.role != "user":
                raise InvalidRequest("Only your own messages can be edited. Choose one of them.", field="message")
            pair = self._insert_pair(db, head, message.parent_id, text, model)
            attach(db, pair[0], owner, attached_to(db, message_id) if attachments is None else attachments)
            return pair

        return self._database.write(insert)

    def regenerate(
        self, conversation_id: str, owner: str, message_id: str, model: str | None, revision: Revision = None
    ) -> str:
        """Add an empty, growing reply beside another one, or to a message; returns its id, errors as in ``ask``."""
        reply_id = new_id()

        def insert(db: Transaction) -> str:
            self._head(db, conversation_id, owner, revision)
            message = self._row(db, conversation_id, message_id)
            if message.role == "system":
                raise InvalidRequest("Instructions are not answered. Choose a message or a reply.", field="message")
            asked = message.id if message.role == "user" else message.parent_id
            self._insert(db, reply_id, conversation_id, asked, "assistant", "", "growing", model)
            self._look_at(db, conversation_id, reply_id, now())
            return reply_id

        return self._database.write(insert)

    def resume(self, conversation_id: str, owner: str, message_id: str, revision: Revision = None) -> StoredMessage:
        """Let the last reply in view grow on from where it was cut; returns it as it was, errors as in ``ask``."""

        def update(db: Transaction) -> StoredMessage:
            head = self._head(db, conversation_id, owner, revision)
            message = self._row(db, conversation_id, message_id)
            if message.id != head.leaf_id or not message.can_go_on:
                raise InvalidRequest(
                    "Only the last reply can be continued, and only where it was cut. Ask again instead.",
                    field="message",
                )
            db.execute("UPDATE messages SET state = 'growing', error_message = NULL WHERE id = ?", (message_id,))
            self._look_at(db, conversation_id, message_id, now())
            return message

        return self._database.write(update)

    def choose(self, conversation_id: str, owner: str, message_id: str, revision: Revision = None) -> None:
        """Look at the branch of a message, down to its newest leaf; errors as in ``ask``."""

        def update(db: Transaction) -> None:
            self._head(db, conversation_id, owner, revision)
            leaf = self._row(db, conversation_id, message_id).id
            while (
                below := db.execute(
                    "SELECT id FROM messages WHERE parent_id = ? ORDER BY number DESC LIMIT 1", (leaf,)
                ).fetchone()
            ) is not None:
                leaf = below[0]
            self._look_at(db, conversation_id, leaf)

        self._database.write(update)

    @staticmethod
    def _head(db: Transaction, conversation_id: str, owner: str, revision: Revision) -> Conversation:
        found = read(db, conversation_id, owner)
        check_revision(found, revision)
        growing = "SELECT 1 FROM messages WHERE id = ? AND state = 'growing'"
        if db.execute(growing, (found.leaf_id,)).fetchone() is not None:
            raise Conflict("A reply is being written. Stop it or wait for it, then send again.")
        return found

    @staticmethod
    def _row(db: Transaction, conversation_id: str, message_id: str) -> StoredMessage:
        cursor = db.execute(
            f"SELECT {COLUMNS} FROM messages m WHERE id = ? AND conversation_id = ?", (message_id, conversation_id)
        )
        names, row = [column[0] for column in cursor.description], cursor.fetchone()
        if row is None:
            raise NotFound("There is no such message. Its conversation may have been deleted.", id=message_id[:64])
        found = dict(zip(names, row, strict=True))
        return StoredMessage(**{**found, "figures": json.loads(found["figures"])})

    def _insert_pair(
        self, db: Transaction, head: Conversation, parent: str | None, text: str, model: str | None
    ) -> tuple[str, str]:
        user_id, reply_id = new_id(), new_id()
        self._insert(db, user_id, head.id, parent, "user", text, "done", model)
        self._insert(db, reply_id, head.id, user_id, "assistant", "", "growing", model)
        self._look_at(db, head.id, reply_id, now())
        if not head.title:
            db.execute("UPDATE conversations SET title = ? WHERE id = ?", (title_of(text), head.id))
        return user_id, reply_id

    @staticmethod
    def _insert(
        db: Transaction,
        message_id: str,
        conversation_id: str,
        parent: str | None,
        role: Role,
        content: str,
        state: str,
        model: str | None,
    ) -> None:
        db.execute(
            """INSERT INTO messages (id, conversation_id, parent_id, role, content, state, model, created_at)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?)""",
            (message_id, conversation_id, parent, role, content, state, model, now()),
        )

    @staticmethod
    def _look_at(db: Transaction, conversation_id: str, leaf_id: str, when: str | None = None) -> None:
        """Put a branch in view; ``when`` None: nothing was said, so it stays at its place in the list."""
        db.execute(
            """UPDATE conversations SET leaf_id = ?, revision = revision + 1, updated_at = coalesce(?, updated_at)
               WHERE id = ?""",
            (leaf_id, when, conversation_id),
        )
