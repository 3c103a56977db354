"""Whole conversations as trees without ids, for what is carried from one Hearth to another: all are stored or none."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from contract.ids import new_id
from contract.messages import Role
from store.conversation_rows import Conversation, TitleBy
from store.database import Database
from store.message_tree import StoredMessage
from store.sqlite import Transaction

CUT_OFF = "It was being written when the conversation was exported."


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeMessage:
    """A message of a tree; ``parent`` is the place of another one before it, None for a first message."""

    parent: int | None
    role: Role
    content: str
    reasoning: str = ""
    state: str = "done"
    model: str | None = None
    figures: Mapping[str, float | int | str | None] = field(default_factory=dict)
    error_message: str | None = None
    created_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationTree:
    """A conversation with every branch; ``leaf`` is the place of the last message of the branch in view."""

    title: str
    title_by: TitleBy
    folder: str = ""
    tags: tuple[str, ...] = ()
    pinned: bool = False
    archived: bool = False
    settings: Mapping[str, object] = field(default_factory=dict)
    created_at: str
    updated_at: str
    leaf: int | None
    messages: tuple[TreeMessage, ...]

    def branch(self) -> list[TreeMessage]:
        """Return the branch in view, oldest first."""
        found: list[TreeMessage] = []
        at = self.leaf
        while at is not None:
            found.append(self.messages[at])
            at = self.messages[at].parent
        return found[::-1]


def tree_of(conversation: Conversation, messages: Sequence[StoredMessage]) -> ConversationTree:
    """Return a stored conversation as a tree.

    Args:
        messages: Of all its branches, oldest first.
    """
    place = {message.id: number for number, message in enumerate(messages)}
    return ConversationTree(
        title=conversation.title,
        title_by=conversation.title_by,
        folder=conversation.folder,
        tags=tuple(sorted(conversation.tags)),
        pinned=conversation.pinned,
        archived=conversation.archived,
        settings=conversation.settings,
        created_at=conversation.created_at,
        updated_at=conversation.updated_at,
        # None too where a message came between the two reads.
        leaf=place.get(conversation.leaf_id or "", len(messages) - 1 if messages else None),
        messages=tuple(
            TreeMessage(
                parent=None if message.parent_id is None else place[message.parent_id],
                role=message.role,
                content=message.content,
                reasoning=message.reasoning,
                state="interrupted" if message.state == "growing" else message.state,
                model=message.model,
                figures=message.figures,
                error_message=CUT_OFF if message.state == "growing" else message.error_message,
                created_at=message.created_at,
            )
            for message in messages
        ),
    )


def add_trees(database: Database, owner: str, trees: Sequence[ConversationTree]) -> list[str]:
    """Store conversations for an owner in one transaction; returns their new ids."""

    def insert(db: Transaction) -> list[str]:
        return [_insert(db, owner, tree) for tree in trees]

    return database.write(insert)


def _insert(db: Transaction, owner: str, tree: ConversationTree) -> str:
    conversation_id, ids = new_id(), [new_id() for _ in tree.messages]
    db.execute(
        """INSERT INTO conversations (id, owner, title, title_by, folder, pinned, archived, settings, leaf_id,
               created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        (
            conversation_id, owner, tree.title, tree.title_by, tree.folder, int(tree.pinned), int(tree.archived),
            json.dumps(tree.settings), None if tree.leaf is None else ids[tree.leaf], tree.created_at,
            tree.updated_at,
        ),
    )  # fmt: skip
    for tag in tree.tags:
        db.execute("INSERT INTO conversation_tags VALUES (?, ?)", (conversation_id, tag))
    for message_id, message in zip(ids, tree.messages, strict=True):
        db.execute(
            """INSERT INTO messages (id, conversation_id, parent_id, role, content, reasoning, state, model, figures,
                   error_message, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
            (
                message_id, conversation_id, None if message.parent is None else ids[message.parent], message.role,
                message.content, message.reasoning, message.state, message.model, json.dumps(message.figures),
                message.error_message, message.created_at,
            ),
        )  # fmt: skip
    return conversation_id
