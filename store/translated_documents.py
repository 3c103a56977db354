"""Documents that are translated: which file into which language, and each segment as far as it is done."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from contract.errors import NotFound
from store.artifacts import Artifacts, StoredFile
from store.database import Database, now
from store.sqlite import Transaction

PAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class TranslatedDocument:
    """One row of ``translated_documents``.

    Attributes:
        digest: The file's SHA-256.  file_id: Its artifact.  result_id: The translation's artifact, once there is one.
        audio_id: The artifact of the translation read aloud, once there is one.
        state: ``waiting``, ``running``, ``done``, ``cancelled``, ``failed``, ``interrupted``.
        segments: How many it has; 0 while it has not been read.
        done, flagged: How many are translated, and how many of them have a fault.
    """

    id: str
    owner: str
    name: str
    digest: str
    file_id: str
    source_lang: str | None
    target_lang: str
    model: str | None
    state: str
    job_id: str | None
    result_id: str | None
    segments: int
    created_at: str
    updated_at: str
    audio_id: str | None = None
    done: int = 0
    flagged: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TranslatedSegment:
    """One row of ``translated_segments``; texts are marked (see ``studio.translating.marked``)."""

    number: int
    source: str
    target: str | None = None
    faults: tuple[str, ...] = ()
    origin: str = "model"
    similarity: float = 0.0


class TranslatedDocuments:
    """Writes and reads ``translated_documents`` and ``translated_segments``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, document: TranslatedDocument, file: StoredFile, artifacts: Artifacts) -> None:
        """Keep a new document and the row of its file, both or none."""

        def write(db: Transaction) -> None:
            Artifacts.add(db, file, artifacts.folder)
            db.execute(
                """INSERT INTO translated_documents (id, owner, name, digest, file_id, source_lang, target_lang, model,
                       state, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
                (
                    *(document.id, document.owner, document.name, document.digest, document.file_id),
                    *(document.source_lang, document.target_lang, document.model, document.state),
                    *(document.created_at, document.updated_at),
                ),
            )

        self._database.write(write)

    def get(self, document_id: str, owner: str) -> TranslatedDocument:
        """Return one document of an owner; raises NotFound for an unknown one and for somebody else's."""
        found = self._select("id = ? AND owner = ?", (document_id, owner))
        if not found:
            raise NotFound(f"There is no document {document_id[:64]!r}. It may have been deleted.", id=document_id[:64])
        return found[0]

    def same(self, like: TranslatedDocument) -> TranslatedDocument | None:
        """Return the owner's newest document of the same file, name, languages and model, or None."""
        found = self._select(
            """owner = ? AND digest = ? AND name = ? AND target_lang = ? AND model IS ?
               AND (source_lang IS ? OR ? IS NULL)""",
            (like.owner, like.digest, like.name, like.target_lang, like.model, like.source_lang, like.source_lang),
        )
        return found[0] if found else None

    def ids(self) -> list[str]:
        """Return the ids of everybody's documents."""
        return [str(row["id"]) for row in self._database.rows("SELECT id FROM translated_documents")]

    def latest(self, owner: str, limit: int = 50, before: str | None = None) -> list[TranslatedDocument]:
        """Return an owner's documents, the newest first.

        Args:
            before: Only those that are older than the one of this id.
        """
        if before is None:
            return self._select("owner = ?", (owner,), limit)
        return self._select("owner = ? AND id < ?", (owner, before), limit)

    def _select(self, where: str, values: Sequence[str | int | None], limit: int = 1) -> list[TranslatedDocument]:
        rows = self._database.rows(
            f"""SELECT translated_documents.*,
                (SELECT count(*) FROM translated_segments WHERE document_id = id AND target IS NOT NULL) AS done,
                (SELECT count(*) FROM translated_segments WHERE document_id = id AND faults != '') AS flagged
                FROM translated_documents WHERE {where} ORDER BY id DESC LIMIT ?""",
            (*values, limit),
        )
        return [TranslatedDocument(**dict(row)) for row in rows]

    def update(self, document_id: str, **values: str | int | None) -> None:
        """Change columns of a document."""
        names = ", ".join(f"{name} = ?" for name in values)
        self._database.submit(  # whoever reads it, reads it after something that waits for the writer
            lambda db: db.execute(
                f"UPDATE translated_documents SET {names}, updated_at = ? WHERE id = ?",
                (*values.values(), now(), document_id),
            )
        )

    def cut_off(self) -> None:
        """Mark as interrupted what no job translates any more, as a crash leaves it."""
        self._database.write(
            lambda db: db.execute(
                """UPDATE translated_documents SET state = 'interrupted' WHERE state IN ('waiting', 'running')
                   AND NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.id = job_id AND jobs.state IN ('queued', 'running'))"""
            )
        )

    def delete(self, document_id: str, owner: str) -> None:
        """Delete a document with its segments and the rows of its files; raises NotFound."""
        found = self.get(document_id, owner)

        def write(db: Transaction) -> None:
            db.execute("DELETE FROM translated_documents WHERE id = ?", (found.id,))
            db.execute("DELETE FROM artifacts WHERE id IN (?, ?, ?)", (found.file_id, found.result_id, found.audio_id))

        self._database.write(write)

    # Segments

    def begin(self, document_id: str, sources: Sequence[str], source_lang: str) -> None:
        """Write down what a document says, all segments open."""

        def write(db: Transaction) -> None:
            db.execute("DELETE FROM translated_segments WHERE document_id = ?", (document_id,))
            db.conn.executemany(
                "INSERT INTO translated_segments (document_id, number, source) VALUES (?, ?, ?)",
                ((document_id, number, source) for number, source in enumerate(sources)),
            )
            db.execute(
                "UPDATE translated_documents SET segments = ?, source_lang = ? WHERE id = ?",
                (len(sources), source_lang, document_id),
            )

        self._database.write(write)

    def keep(self, document_id: str, segments: Sequence[TranslatedSegment]) -> None:
        """Keep the translations of segments."""
        self._database.write(
            lambda db: db.conn.executemany(
                """UPDATE translated_segments SET target = ?, faults = ?, origin = ?, similarity = ?
                   WHERE document_id = ? AND number = ?""",
                [
                    (each.target, " ".join(each.faults), each.origin, each.similarity, document_id, each.number)
                    for each in segments
                ],
            )
        )

    def open_segments(self, document_id: str) -> Iterator[TranslatedSegment]:
        """Yield what is not translated yet, page by page."""
        yield from self._pages(document_id, "target IS NULL")

    def flagged(self, document_id: str) -> Iterator[TranslatedSegment]:
        """Yield what has a fault, page by page."""
        yield from self._pages(document_id, "faults != ''")

    def segments(self, document_id: str) -> Iterator[TranslatedSegment]:
        """Yield every segment in order, page by page."""
        yield from self._pages(document_id, "1")

    def page(
        self, document_id: str, after: int = -1, limit: int = PAGE, *, flagged: bool = False
    ) -> list[TranslatedSegment]:
        """Return the next segments after a number."""
        return self._page(document_id, "faults != ''" if flagged else "1", after, limit)

    def segment(self, document_id: str, number: int) -> TranslatedSegment:
        """Return one segment; raises NotFound."""
        found = self._page(document_id, "1", number - 1, 1)
        if not found or found[0].number != number:
            raise NotFound(f"The document has no segment {number}.", id=number)
        return found[0]

    def _pages(self, document_id: str, where: str) -> Iterator[TranslatedSegment]:
        after = -1
        while page := self._page(document_id, where, after, PAGE):
            yield from page
            after = page[-1].number

    def _page(self, document_id: str, where: str, after: int, limit: int) -> list[TranslatedSegment]:
        rows = self._database.rows(
            f"""SELECT number, source, target, faults, origin, similarity FROM translated_segments
                WHERE document_id = ? AND number > ? AND {where} ORDER BY number LIMIT ?""",
            (document_id, after, limit),
        )
        return [TranslatedSegment(**{**dict(row), "faults": tuple(row["faults"].split())}) for row in rows]
