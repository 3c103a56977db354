"""Conversations: named, filed, tagged, pinned, archived, deleted with a way back; their messages are a tree.

A deleted conversation is out of sight at once and can be restored until it is purged; then its
texts go everywhere, and the log keeps its figures.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from contract.errors import InvalidRequest, NotFound
from contract.ids import new_id
from store.conversation_rows import COLUMNS, GONE, Conversation, Revision, conversation_of_row, read
from store.database import now
from store.message_tree import MessageTree, check_revision
from store.sqlite import Transaction, Value

LIST_MOST = 200
NAME_CHARACTERS = 60
TAGS_MOST = 20
QUEUE_MOST = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedMessage:
    """A message that waits for the reply before it."""

    id: str
    conversation_id: str
    content: str
    created_at: str
    attachments: tuple[str, ...] = ()


def _name(what: str, text: str) -> str:
    name = " ".join(text.split())
    if len(name) > NAME_CHARACTERS:
        raise InvalidRequest(
            f"{what} has {len(name)} characters; the limit is {NAME_CHARACTERS}. Shorten it.", field=what
        )
    return name


def _tags(tags: Sequence[str]) -> list[str]:
    names = list(dict.fromkeys(name for tag in tags if (name := _name("tag", tag).lower())))
    if len(names) > TAGS_MOST:
        raise InvalidRequest(f"There are {len(names)} tags; the limit is {TAGS_MOST}. Leave some out.", field="tag")
    return names


class Conversations(MessageTree):
    """Writes and reads ``conversations`` and what belongs to them."""

    def create(self, owner: str, title: str, settings: Mapping[str, object] | None = None) -> Conversation:
        """Make an empty conversation."""
        conversation_id, when = new_id(), now()
        self._database.write(
            lambda db: db.execute(
                """INSERT INTO conversations (id, owner, title, settings, created_at, updated_at)
                   VALUES (?, ?, ?, ?, ?, ?)""",
                (conversation_id, owner, title, json.dumps(settings or {}), when, when),
            )
        )
        return self.get(conversation_id, owner)

    def get(self, conversation_id: str, owner: str) -> Conversation:
        """Return one conversation; raises NotFound when it is not this owner's, or deleted."""
        rows = self._database.rows(
            f"SELECT {COLUMNS} FROM conversations c WHERE id = ? AND owner = ? AND deleted_at IS NULL",
            (conversation_id, owner),
        )
        if not rows:
            raise NotFound(GONE, id=conversation_id[:64])
        return conversation_of_row(rows[0])

    def all(self, owner: str, limit: int = LIST_MOST, archived: bool | None = None) -> list[Conversation]:
        """Return an owner's conversations, the last changed first; beyond ``limit`` the pinned ones stay.

        Args:
            archived: Only those that are, or are not; None: both.
        """
        rows = self._database.rows(
            f"""SELECT {COLUMNS} FROM conversations c
                WHERE owner = ? AND deleted_at IS NULL AND (? IS NULL OR archived = ?)
                ORDER BY pinned DESC, updated_at DESC, id DESC LIMIT ?""",
            (owner, archived, archived, limit),
        )
        found = [conversation_of_row(row) for row in rows]
        return sorted(found, key=lambda conversation: (conversation.updated_at, conversation.id), reverse=True)

    def page(
        self,
        owner: str,
        limit: int,
        before: tuple[str, str] | None = None,
        *,
        archived: bool | None = None,
        pinned: bool | None = None,
        folder: str | None = None,
        tag: str | None = None,
    ) -> list[Conversation]:
        """Return an owner's conversations, the last changed first.

        Args:
            before: Only those after the one with this ``(updated_at, id)`` in that order.
            archived, pinned: Only those that are, or are not; None: both.
            folder: Only those in it, "" for those in none; None: all. tag: Only those that have it.
        """
        changed, last = before or (None, None)
        rows = self._database.rows(
            f"""SELECT {COLUMNS} FROM conversations c
                WHERE owner = :owner AND deleted_at IS NULL
                  AND (:changed IS NULL OR (updated_at, id) < (:changed, :last))
                  AND (:archived IS NULL OR archived = :archived) AND (:pinned IS NULL OR pinned = :pinned)
                  AND (:folder IS NULL OR folder = :folder COLLATE NOCASE)
                  AND (:tag IS NULL OR EXISTS
                      (SELECT 1 FROM conversation_tags t WHERE t.conversation_id = c.id AND t.tag = lower(:tag)))
                ORDER BY updated_at DESC, id DESC LIMIT :limit""",
            {
                "owner": owner,
                "changed": changed,
                "last": last,
                "limit": limit,
                "archived": archived,
                "pinned": pinned,
                "folder": folder,
                "tag": tag,
            },
        )
        return [conversation_of_row(row) for row in rows]

    def folders(self, owner: str) -> list[str]:
        """Return the names of an owner's folders, by the alphabet."""
        rows = self._database.rows(
            """SELECT DISTINCT folder FROM conversations
               WHERE owner = ? AND deleted_at IS NULL AND folder <> '' ORDER BY folder COLLATE NOCASE""",
            (owner,),
        )
        return [str(row["folder"]) for row in rows]

    def tags(self, owner: str) -> list[str]:
        """Return an owner's tags, by the alphabet."""
        rows = self._database.rows(
            """SELECT DISTINCT tag FROM conversation_tags t JOIN conversations c ON c.id = t.conversation_id
               WHERE c.owner = ? AND c.deleted_at IS NULL ORDER BY tag""",
            (owner,),
        )
        return [str(row["tag"]) for row in rows]

    def say(
        self, conversation_id: str, owner: str, text: str, model: str | None, revision: Revision = None
    ) -> tuple[Conversation, str, str]:
        """Like ``ask``; returns the conversation as it is now too."""
        user_id, reply_id = self.ask(conversation_id, owner, text, model, revision)
        return self.get(conversation_id, owner), user_id, reply_id

    # Arranging

    def change(
        self,
        conversation_id: str,
        owner: str,
        *,
        title: str | None = None,
        pinned: bool | None = None,
        archived: bool | None = None,
        folder: str | None = None,
        tags: Sequence[str] | None = None,
        revision: Revision = None,
    ) -> Conversation:
        """Change what is given, all of it in one step; the revision stays, which is that of the messages.

        Args:
            title: Cut to 200 characters; no model replaces it any more.
            pinned: Whether it stays above the others. archived: Whether it is put away from the list.
            folder: "" is none; a folder is there while something is in it. tags: These and no others; at most 20.

        Raises:
            NotFound: It is not this owner's. InvalidRequest: A name is too long, or there are too many tags.
        """
        values: dict[str, Value] = {}
        if title is not None:
            values |= {"title": title.strip()[:200], "title_by": "person"}
        if pinned is not None:
            values["pinned"] = int(pinned)
        if archived is not None:
            values["archived"] = int(archived)
        if folder is not None:
            values["folder"] = _name("folder", folder)
        names = None if tags is None else _tags(tags)

        def update(db: Transaction) -> Conversation:
            check_revision(read(db, conversation_id, owner), revision)
            if values:
                columns = ", ".join(f"{name} = ?" for name in values)
                db.execute(f"UPDATE conversations SET {columns} WHERE id = ?", (*values.values(), conversation_id))
            if names is not None:
                db.execute("DELETE FROM conversation_tags WHERE conversation_id = ?", (conversation_id,))
                for name in names:
                    db.execute("INSERT INTO conversation_tags VALUES (?, ?)", (conversation_id, name))
            return read(db, conversation_id, owner)

        return self._database.write(update)

    def rename(self, conversation_id: str, owner: str, title: str) -> Conversation:
        """Give a conversation another title; see ``change``."""
        return self.change(conversation_id, owner, title=title)

    def propose_title(self, conversation_id: str, owner: str, title: str) -> None:
        """Give a conversation the model's title, unless a person has named it meanwhile."""
        self._database.write(
            lambda db: db.execute(
                "UPDATE conversations SET title = ?, title_by = 'model' "
                "WHERE id = ? AND owner = ? AND title_by = 'words'",
                (title, conversation_id, owner),
            )
        )

    def pin(self, conversation_id: str, owner: str, pinned: bool) -> Conversation:
        """Keep a conversation above the others, or no more."""
        return self.change(conversation_id, owner, pinned=pinned)

    def archive(self, conversation_id: str, owner: str, archived: bool) -> Conversation:
        """Put a conversation away from the list, or back."""
        return self.change(conversation_id, owner, archived=archived)

    def file(self, conversation_id: str, owner: str, folder: str) -> Conversation:
        """Put a conversation into a folder, "" into none."""
        return self.change(conversation_id, owner, folder=folder)

    def tag(self, conversation_id: str, owner: str, tags: Sequence[str]) -> Conversation:
        """Give a conversation these tags and no others."""
        return self.change(conversation_id, owner, tags=tags)

    def keep_settings(self, conversation_id: str, owner: str, settings: Mapping[str, object]) -> Conversation:
        """Keep how this conversation's replies are made."""

        def update(db: Transaction) -> Conversation:
            read(db, conversation_id, owner)
            db.execute("UPDATE conversations SET settings = ? WHERE id = ?", (json.dumps(settings), conversation_id))
            return read(db, conversation_id, owner)

        return self._database.write(update)

    # Waiting messages

    def enqueue(self, conversation_id: str, owner: str, content: str, attachments: Sequence[str] = ()) -> QueuedMessage:
        """Keep a message for after the reply that is being written; raises InvalidRequest when 20 wait."""
        self.get(conversation_id, owner)
        if len(self.queued(conversation_id, owner)) >= QUEUE_MOST:
            raise InvalidRequest(f"{QUEUE_MOST} messages wait already. Wait for the reply first.", field="message")
        message = QueuedMessage(
            id=new_id(),
            conversation_id=conversation_id,
            content=content,
            created_at=now(),
            attachments=tuple(attachments),
        )
        self._database.write(
            lambda db: db.execute(
                "INSERT INTO queued_messages (id, conversation_id, content, created_at, attachments) "
                "VALUES (?, ?, ?, ?, ?)",
                (message.id, conversation_id, content, message.created_at, json.dumps(message.attachments)),
            )
        )
        return message

    def queued(self, conversation_id: str, owner: str) -> list[QueuedMessage]:
        """Return the messages that wait, the next one first."""
        rows = self._database.rows(
            """SELECT q.* FROM queued_messages q JOIN conversations c ON c.id = q.conversation_id
               WHERE q.conversation_id = ? AND c.owner = ? AND c.deleted_at IS NULL ORDER BY q.id""",
            (conversation_id, owner),
        )
        return [QueuedMessage(**{**dict(row), "attachments": tuple(json.loads(row["attachments"]))}) for row in rows]

    def take_queued(self, conversation_id: str, owner: str, message_id: str | None = None) -> QueuedMessage | None:
        """Remove and return a waiting message, the next one unless named; None when somebody was first."""
        self.get(conversation_id, owner)

        def take(db: Transaction) -> QueuedMessage | None:
            row = db.execute(
                """SELECT id, content, created_at, attachments FROM queued_messages
                   WHERE conversation_id = ? AND (? IS NULL OR id = ?) ORDER BY id LIMIT 1""",
                (conversation_id, message_id, message_id),
            ).fetchone()
            if row is None:
                return None
            db.execute("DELETE FROM queued_messages WHERE id = ?", (row[0],))
            return QueuedMessage(
                id=row[0],
                conversation_id=conversation_id,
                content=row[1],
                created_at=row[2],
                attachments=tuple(json.loads(row[3])),
            )

        return self._database.write(take)

    # Deleting

    def delete(self, conversation_id: str, owner: str, revision: Revision = None) -> None:
        """Take a conversation out of sight; ``restore`` brings it back until it is purged."""

        def update(db: Transaction) -> None:
            check_revision(read(db, conversation_id, owner), revision)
            db.execute("UPDATE conversations SET deleted_at = ? WHERE id = ?", (now(), conversation_id))

        self._database.write(update)

    def restore(self, conversation_id: str, owner: str) -> Conversation:
        """Bring a deleted conversation back; one that is there stays. Raises NotFound once it was purged."""

        def update(db: Transaction) -> Conversation:
            where = (conversation_id, owner)
            db.execute("UPDATE conversations SET deleted_at = NULL WHERE id = ? AND owner = ?", where)
            return read(db, conversation_id, owner)

        return self._database.write(update)

    def answered_by(self, model: str) -> int:
        """Return in how many conversations, whoever's, a model has answered."""
        rows = self._database.rows(
            "SELECT count(DISTINCT conversation_id) AS n FROM messages WHERE role = 'assistant' AND model = ?", (model,)
        )
        return int(rows[0]["n"])

    def purge(self, before: str) -> int:
        """Delete for good what was deleted up to a time; returns how many conversations that were.

        Their texts go in the log, the jobs and the search index too; the log keeps its figures.
        """
        if not self._database.rows("SELECT 1 FROM conversations WHERE deleted_at <= ? LIMIT 1", (before,)):
            return 0
        return self._database.write(lambda db: _purge(db, before))


def _purge(db: Transaction, before: str) -> int:
    which = "(SELECT id FROM conversations WHERE deleted_at <= ?)"
    db.execute(f"UPDATE interactions SET input = NULL, output = NULL WHERE conversation_id IN {which}", (before,))
    db.execute(
        f"UPDATE jobs SET input = NULL WHERE reply_id IN (SELECT id FROM messages WHERE conversation_id IN {which})",
        (before,),
    )
    purged = db.execute("DELETE FROM conversations WHERE deleted_at <= ?", (before,)).rowcount
    # The index only marks words as deleted until its parts are merged.
    db.execute("INSERT INTO messages_fts (messages_fts) VALUES ('optimize')")
    return purged
