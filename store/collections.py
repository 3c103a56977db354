"""Collections of files, each its owner's; a file goes, passages and vectors too, with the last that uses it."""

from collections.abc import Sequence
from dataclasses import dataclass

from contract.errors import Conflict, InvalidRequest, NotFound
from contract.ids import new_id
from store.database import Database, now
from store.documents import COLUMNS, Document, Documents
from store.sqlite import Transaction

NAME_CHARACTERS = 60
GONE = "There is no such collection. It may have been deleted."
LISTED = """SELECT c.id, c.owner, c.name, c.revision, c.created_at, c.updated_at,
    (SELECT count(*) FROM collection_files f WHERE f.collection_id = c.id) AS files,
    (SELECT coalesce(sum(d.passages), 0) FROM collection_files f JOIN documents d ON d.id = f.document_id
     WHERE f.collection_id = c.id) AS passages
    FROM collections c"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """One row of ``collections``; ``revision`` counts the changes of its files and its name."""

    id: str
    owner: str
    name: str
    revision: int
    created_at: str
    updated_at: str
    files: int = 0
    passages: int = 0


class Collections:
    """Writes and reads ``collections`` and which files are in them."""

    def __init__(self, database: Database, documents: Documents) -> None:
        self._database = database
        self._documents = documents

    def create(self, owner: str, name: str) -> Collection:
        """Make an empty collection; raises InvalidRequest for a name that is empty or long, Conflict for one taken."""
        collection_id, when, name = new_id(), now(), _name(name)

        def insert(db: Transaction) -> None:
            _free(db, owner, name)
            db.execute(
                "INSERT INTO collections (id, owner, name, created_at, updated_at) VALUES (?, ?, ?, ?, ?)",
                (collection_id, owner, name, when, when),
            )

        self._database.write(insert)
        return self.get(collection_id, owner)

    def get(self, collection_id: str, owner: str) -> Collection:
        """Return one collection; raises NotFound when it is not this owner's."""
        rows = self._database.rows(f"{LISTED} WHERE c.id = ? AND c.owner = ?", (collection_id, owner))
        if not rows:
            raise NotFound(GONE, id=collection_id[:64])
        return Collection(**dict(rows[0]))

    def named(self, name: str, owner: str) -> Collection:
        """Return an owner's collection by its id or its name; raises NotFound."""
        rows = self._database.rows(f"{LISTED} WHERE c.owner = ? AND (c.id = ? OR c.name = ?)", (owner, name, name))
        if not rows:
            raise NotFound(f"There is no collection {name[:64]!r}. Make it first.", id=name[:64])
        return Collection(**dict(rows[0]))

    def page(self, owner: str, limit: int, before: tuple[str, str] | None = None) -> list[Collection]:
        """Return an owner's collections, the last changed first.

        Args:
            before: Only those after the one with this ``(updated_at, id)`` in that order.
        """
        changed, last = before or (None, None)
        rows = self._database.rows(
            f"""{LISTED} WHERE c.owner = :owner AND (:changed IS NULL OR (c.updated_at, c.id) < (:changed, :last))
                ORDER BY c.updated_at DESC, c.id DESC LIMIT :limit""",
            {"owner": owner, "changed": changed, "last": last, "limit": limit},
        )
        return [Collection(**dict(row)) for row in rows]

    def rename(self, collection_id: str, owner: str, name: str, revision: int | None = None) -> Collection:
        """Give a collection another name; errors as in ``create`` and ``get``, Conflict at another revision."""
        name = _name(name)

        def update(db: Transaction) -> None:
            self._touch(db, collection_id, owner, revision)
            _free(db, owner, name, collection_id)
            db.execute("UPDATE collections SET name = ? WHERE id = ?", (name, collection_id))

        self._database.write(update)
        return self.get(collection_id, owner)

    def delete(self, collection_id: str, owner: str, revision: int | None = None) -> None:
        """Delete a collection, and those of its files that nothing else uses; errors as in ``rename``."""

        def delete(db: Transaction) -> None:
            self._touch(db, collection_id, owner, revision)
            db.execute("DELETE FROM collections WHERE id = ?", (collection_id,))

        self._database.write(delete)
        self._documents.sweep()

    # Files

    def files(self, collection_id: str, owner: str) -> list[Document]:
        """Return a collection's files, the last added first; raises NotFound when it is not this owner's."""
        self.get(collection_id, owner)
        rows = self._database.rows(
            f"""SELECT {COLUMNS} FROM collection_files f JOIN documents d ON d.id = f.document_id
                WHERE f.collection_id = ? ORDER BY f.added_at DESC, d.id DESC""",
            (collection_id,),
        )
        return [self._documents.of_row(row) for row in rows]

    def put(self, db: Transaction, collection_id: str, owner: str, document_id: str) -> None:
        """Add a file, inside a write of the caller's; one that is in already stays. Raises NotFound."""
        self._touch(db, collection_id, owner, None)
        db.execute("UPDATE documents SET attached = 1 WHERE id = ? AND owner = ?", (document_id, owner))
        db.execute("INSERT OR IGNORE INTO collection_files VALUES (?, ?, ?)", (collection_id, document_id, now()))

    def take_out(self, collection_id: str, owner: str, document_id: str) -> None:
        """Take a file out, and delete it with its passages and vectors unless something else uses it."""

        def delete(db: Transaction) -> None:
            self._touch(db, collection_id, owner, None)
            taken = db.execute(
                "DELETE FROM collection_files WHERE collection_id = ? AND document_id = ?",
                (collection_id, document_id),
            )
            if not taken.rowcount:
                raise NotFound("There is no such file in this collection.", id=document_id[:64])

        self._database.write(delete)
        self._documents.sweep()

    @staticmethod
    def _touch(db: Transaction, collection_id: str, owner: str, revision: int | None) -> None:
        row = db.execute(
            "SELECT revision FROM collections WHERE id = ? AND owner = ?", (collection_id, owner)
        ).fetchone()
        if row is None:
            raise NotFound(GONE, id=collection_id[:64])
        if revision is not None and revision != row[0]:
            raise Conflict("This collection was changed elsewhere. Read it again.", revision=row[0])
        db.execute(
            "UPDATE collections SET revision = revision + 1, updated_at = ? WHERE id = ?", (now(), collection_id)
        )


def _name(name: str) -> str:
    line = " ".join(name.split())
    if not 1 <= len(line) <= NAME_CHARACTERS:
        raise InvalidRequest(
            f"The name has {len(line)} characters; a collection's has 1 to {NAME_CHARACTERS}.", field="name"
        )
    return line


def _free(db: Transaction, owner: str, name: str, but: str = "") -> None:
    taken: Sequence[object] | None = db.execute(
        "SELECT 1 FROM collections WHERE owner = ? AND name = ? AND id <> ?", (owner, name, but)
    ).fetchone()
    if taken is not None:
        raise Conflict(f"There is a collection called {name!r} already. Choose another name.", field="name")
