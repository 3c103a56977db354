"""Files with the text that was read from them: one folder an owner, kept while a message or a collection uses them.

A file that was chosen and never sent goes after a day, one whose last message or collection was deleted at the
next sweep. ``message_sources`` outlives the file that it cites, as the quoted text of an answer.
"""

import contextlib
import hashlib
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from contract.documents import FileText, Form, PageText, Source
from contract.errors import NotFound, StorageFailed
from contract.ids import new_id
from store.attaching import NO_DOCUMENT
from store.database import Database, now, timestamp
from store.sqlite import Transaction

DRAFTS_KEPT = timedelta(days=1)
COLUMNS = """d.id, d.owner, d.name, d.form, d.mime, d.sha256, d.size_bytes, d.path, d.characters, d.pages,
    d.indexed_model, d.passages, d.created_at"""
USED = """(EXISTS (SELECT 1 FROM message_attachments a WHERE a.document_id = d.id)
    OR EXISTS (SELECT 1 FROM collection_files f WHERE f.document_id = d.id)
    OR EXISTS (SELECT 1 FROM queued_messages q, json_each(q.attachments) e WHERE e.value = d.id))"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One row of ``documents``; ``path`` is absolute.

    Attributes:
        indexed_model: The embedding model that its passages were made searchable with; None: they were not.
        passages: How many those are.
    """

    id: str
    owner: str
    name: str
    form: Form
    mime: str
    sha256: str
    size_bytes: int
    path: Path
    characters: int
    pages: int
    indexed_model: str | None = None
    passages: int = 0
    created_at: str


def digest_of(path: Path) -> str:
    """Return a file's SHA-256."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Documents:
    """Keeps files under ``folder/<owner>/``."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self.folder = folder

    # Keeping

    def known(self, owner: str, sha256: str, name: str) -> Document | None:
        """Return an owner's file of these bytes and this name, as if it had just been read; None: there is none."""
        when = now()

        def find(db: Transaction) -> str | None:
            row = db.execute(
                "SELECT id FROM documents WHERE owner = ? AND sha256 = ? AND name = ?", (owner, sha256, name)
            ).fetchone()
            if row is None:
                return None
            db.execute("UPDATE documents SET touched_at = ?, attached = 0 WHERE id = ?", (when, row[0]))
            return str(row[0])

        found = self._database.write(find)
        document = None if found is None else self.get(found, owner)
        return document if document is not None and document.path.is_file() else None

    def add(self, owner: str, name: str, content: bytes, read: FileText) -> Document:
        """Keep a file and its text.

        Raises:
            StorageFailed: The folder takes no file.
        """
        document_id, when = new_id(), now()
        path = self.folder / _folder_of(owner) / document_id
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        except OSError as exc:
            path.unlink(missing_ok=True)
            raise StorageFailed(f"Saving {name} to {path} failed: {exc}. Free some space, try again.") from exc
        document = Document(
            id=document_id,
            owner=owner,
            name=name,
            form=read.form,
            mime=read.mime,
            sha256=hashlib.sha256(content).hexdigest(),
            size_bytes=len(content),
            path=path,
            characters=sum(len(page.text) for page in read.pages),
            pages=len(read.pages),
            created_at=when,
        )
        try:
            self._database.write(lambda db: self.insert(db, document, read.pages))
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return document

    def insert(self, db: Transaction, document: Document, pages: Sequence[PageText]) -> None:
        """Add a file's rows, inside a write of the caller's."""
        db.execute(
            """INSERT INTO documents (id, owner, name, form, mime, sha256, size_bytes, path, characters, pages,
                   created_at, touched_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
            (
                *(document.id, document.owner, document.name, document.form, document.mime, document.sha256),
                *(document.size_bytes, document.path.relative_to(self.folder).as_posix(), document.characters),
                *(document.pages, document.created_at, now()),
            ),
        )
        for number, page in enumerate(pages):
            db.execute("INSERT INTO document_pages VALUES (?, ?, ?, ?)", (document.id, number, page.label, page.text))

    # Reading

    def get(self, document_id: str, owner: str) -> Document:
        """Return one file; raises NotFound when it is not this owner's."""
        rows = self._database.rows(
            f"SELECT {COLUMNS} FROM documents d WHERE d.id = ? AND d.owner = ?", (document_id, owner)
        )
        if not rows:
            raise NotFound(NO_DOCUMENT, id=document_id[:64])
        return self.of_row(rows[0])

    def some(self, document_ids: Iterable[str], owner: str) -> list[Document]:
        """Return those of the named files that are this owner's, in the order of the names."""
        found = []
        for document_id in dict.fromkeys(document_ids):
            with contextlib.suppress(NotFound):
                found.append(self.get(document_id, owner))
        return found

    def pages(self, document_id: str, owner: str) -> list[PageText]:
        """Return a file's text, page by page; raises NotFound when it is not this owner's."""
        self.get(document_id, owner)
        rows = self._database.rows(
            "SELECT label, text FROM document_pages WHERE document_id = ? ORDER BY number", (document_id,)
        )
        return [PageText(row["label"], row["text"]) for row in rows]

    def text(self, document_id: str, owner: str) -> str:
        """Return a file's whole text; errors as in ``pages``."""
        return "\n".join(page.text for page in self.pages(document_id, owner))

    def of_messages(self, message_ids: Sequence[str]) -> dict[str, tuple[Document, ...]]:
        """Return the files of messages, by message; those without any are left out."""
        rows = self._database.rows(
            f"""SELECT a.message_id, {COLUMNS} FROM message_attachments a JOIN documents d ON d.id = a.document_id
                WHERE a.message_id IN ({",".join("?" for _ in message_ids)}) ORDER BY a.message_id, a.place""",
            tuple(message_ids),
        )
        found: dict[str, tuple[Document, ...]] = {}
        for row in rows:
            found[row["message_id"]] = (*found.get(row["message_id"], ()), self.of_row(row))
        return found

    def of_row(self, row: sqlite3.Row) -> Document:
        """Return a row of ``COLUMNS`` as a file."""
        names = Document.__slots__
        return Document(**{**{name: row[name] for name in names}, "path": self.folder / row["path"]})

    # What replies rest on

    @staticmethod
    def keep_sources(db: Transaction, message_id: str, sources: Sequence[Source]) -> None:
        """Keep the passages that a reply may cite, inside a write of the caller's; a continued one keeps what it had.

        One whose file was deleted meanwhile is kept as its text.
        """
        for source in sources:
            db.execute(
                """INSERT OR REPLACE INTO message_sources VALUES
                   (?, ?, (SELECT id FROM documents WHERE id = ?), ?, ?, ?, ?, ?, ?)""",
                (
                    *(message_id, source.number, source.document_id, source.name, source.page, source.label),
                    *(source.start, source.end, source.text),
                ),
            )

    def sources_of(self, message_ids: Sequence[str]) -> dict[str, tuple[Source, ...]]:
        """Return what replies may cite, by message; those without any are left out."""
        rows = self._database.rows(
            f"""SELECT * FROM message_sources WHERE message_id IN ({",".join("?" for _ in message_ids)})
                ORDER BY message_id, number""",
            tuple(message_ids),
        )
        found: dict[str, tuple[Source, ...]] = {}
        for row in rows:
            values = dict(row)
            message_id = values.pop("message_id")
            found[message_id] = (*found.get(message_id, ()), Source(**values))
        return found

    # Deleting

    def discard(self, document_id: str, owner: str) -> bool:
        """Delete a file that nothing uses; returns whether it did: one in use stays."""
        return bool(self._delete("d.id = ? AND d.owner = ?", document_id, owner))

    def sweep(self) -> int:
        """Delete what nothing uses any more, and what was chosen a day ago and never sent; returns how many."""
        return self._delete("d.attached = 1 OR d.touched_at < ?", timestamp(datetime.now(UTC) - DRAFTS_KEPT))

    def _delete(self, which: str, *values: str) -> int:
        def delete(db: Transaction) -> list[str]:
            rows = db.execute(f"SELECT d.id, d.path FROM documents d WHERE ({which}) AND NOT {USED}", values).fetchall()
            for document_id, _ in rows:
                db.execute("DELETE FROM documents WHERE id = ?", (document_id,))
            if rows:  # the index only marks words as deleted until its parts are merged
                db.execute("INSERT INTO passages_fts (passages_fts) VALUES ('optimize')")
            return [path for _, path in rows]

        paths = self._database.write(delete)
        for path in paths:
            with contextlib.suppress(OSError):
                (self.folder / path).unlink()
        return len(paths)

    def remove_orphans(self) -> None:
        """Remove files that no row tells of, as a crash leaves them; only while no other process makes any."""
        known = {row["path"] for row in self._database.rows("SELECT path FROM documents")}
        for path in self.folder.glob("*/*"):
            if path.relative_to(self.folder).as_posix() not in known:
                with contextlib.suppress(OSError):
                    path.unlink()


def _folder_of(owner: str) -> str:
    # Owners come from signed cookies and accounts; hashed, none can name a path.
    return owner if owner == "local" else hashlib.sha256(owner.encode()).hexdigest()[:24]
