"""Whole conversations as trees without ids, for what is carried from one Hearth to another: all are stored or none."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from contract.documents import FileText, Source
from contract.ids import new_id
from contract.messages import Role
from store.attaching import attach
from store.conversation_rows import Conversation, TitleBy
from store.database import Database
from store.documents import Documents
from store.message_tree import StoredMessage
from store.sqlite import Transaction

CUT_OFF = "It was being written when the conversation was exported."


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeFile:
    """A file that goes with a message: its bytes, and the text that was read from it."""

    name: str
    read: FileText
    content: bytes = field(repr=False)


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
    attachments: tuple[TreeFile, ...] = ()
    sources: tuple[Source, ...] = ()


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


def tree_of(
    conversation: Conversation, messages: Sequence[StoredMessage], documents: Documents | None = None
) -> ConversationTree:
    """Return a stored conversation as a tree.

    Args:
        messages: Of all its branches, oldest first.
        documents: Where their files are; None: they are left out.
    """
    files, sources = _files_of(documents, conversation.owner, messages)
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
                attachments=files.get(message.id, ()),
                sources=sources.get(message.id, ()),
            )
            for message in messages
        ),
    )


def _files_of(
    documents: Documents | None, owner: str, messages: Sequence[StoredMessage]
) -> tuple[dict[str, tuple[TreeFile, ...]], dict[str, tuple[Source, ...]]]:
    """Return what goes with messages and what they rest on, by message."""
    if documents is None or not messages:
        return {}, {}
    ids = [message.id for message in messages]
    files: dict[str, tuple[TreeFile, ...]] = {}
    for message_id, found in documents.of_messages(ids).items():
        files[message_id] = tuple(
            TreeFile(
                name=file.name,
                read=FileText(file.form, file.mime, tuple(documents.pages(file.id, owner))),
                # One deleted by hand is carried as its text.
                content=file.path.read_bytes() if file.path.is_file() else b"",
            )
            for file in found
        )
    return files, documents.sources_of(ids)


def add_trees(database: Database, owner: str, trees: Sequence[ConversationTree], documents: Documents) -> list[str]:
    """Store conversations for an owner in one transaction; returns their new ids.

    Their files are written before it; those of an import that fails are swept like any that is not used.
    """
    kept = {
        id(file): documents.add(owner, file.name, file.content, file.read).id
        for tree in trees
        for message in tree.messages
        for file in message.attachments
    }

    def insert(db: Transaction) -> list[str]:
        return [_insert(db, owner, tree, kept) for tree in trees]

    return database.write(insert)


def _insert(db: Transaction, owner: str, tree: ConversationTree, kept: Mapping[int, str]) -> str:
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
        attach(db, message_id, owner, [kept[id(file)] for file in message.attachments])
        Documents.keep_sources(db, message_id, message.sources)
    return conversation_id
