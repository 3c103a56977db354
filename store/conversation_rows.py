"""One row of ``conversations``, read outside or inside a write, and what a change may demand of it."""

import json
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from contract.errors import NotFound
from store.sqlite import Transaction

TitleBy = Literal["words", "model", "person"]
GONE = "There is no such conversation. It may have been deleted."
COLUMNS = """c.id, c.owner, c.title, c.revision, c.leaf_id, c.settings, c.created_at, c.updated_at, c.pinned,
    c.archived, c.folder, c.title_by, c.deleted_at,
    (SELECT json_group_array(tag) FROM conversation_tags t WHERE t.conversation_id = c.id) AS tags"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """One row of ``conversations``; ``leaf_id`` is the last message of the branch in view.

    Attributes:
        title_by: Who named it: its first ``words``, a ``model``, or a ``person``.
        folder: "" is none.
    """

    id: str
    owner: str
    title: str
    revision: int
    leaf_id: str | None
    settings: Mapping[str, object]
    created_at: str
    updated_at: str
    pinned: bool = False
    archived: bool = False
    folder: str = ""
    title_by: TitleBy = "words"
    deleted_at: str | None = None
    tags: tuple[str, ...] = ()


Guard = Callable[[Conversation], None]
# What a change demands: the revision that a page was loaded at, or a look at the conversation as it is, which
# raises what it minds. Either happens inside the write, so nobody comes between.
Revision = int | Guard | None


def conversation_of_row(row: sqlite3.Row) -> Conversation:
    """Return a row of ``COLUMNS`` as a conversation."""
    return _conversation(dict(row))


def read(db: Transaction, conversation_id: str, owner: str) -> Conversation:
    """Return a conversation inside a write; raises NotFound when it is not this owner's, or deleted."""
    cursor = db.execute(
        f"SELECT {COLUMNS} FROM conversations c WHERE id = ? AND owner = ? AND deleted_at IS NULL",
        (conversation_id, owner),
    )
    names, row = [column[0] for column in cursor.description], cursor.fetchone()
    if row is None:
        raise NotFound(GONE, id=conversation_id[:64])
    return _conversation(dict(zip(names, row, strict=True)))


def _conversation(values: dict[str, object]) -> Conversation:
    # The columns are the fields; three of them are kept in a form of SQLite's.
    values |= {
        "settings": json.loads(str(values["settings"])),
        "tags": tuple(json.loads(str(values["tags"]))),
        "pinned": bool(values["pinned"]),
        "archived": bool(values["archived"]),
    }
    return Conversation(**values)  # type: ignore[arg-type]
