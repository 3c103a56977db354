"""Long texts that are read aloud: their sentences, how far they are, and when each is heard in the sound."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from contract.errors import NotFound
from contract.events import Word
from store.artifacts import Artifacts, StoredFile
from store.database import Database, now
from store.sqlite import Transaction

Begins = Literal["sentence", "paragraph", "chapter"]
NarrationState = Literal["waiting", "running", "done", "failed", "cancelled", "interrupted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Narration:
    """One row of ``narrations``.

    Attributes:
        settings: The fields of NarrateRequest besides the id and the name.
        sentences, done: How many there are, and how many are spoken.
        draft: Where the sound so far is, 16-bit mono PCM, below the artifacts' folder; gone once it is done.
        sample_rate_hz: Of the draft; 0 while there is none.
        seconds, chapters, audio_id: Of the finished file.
    """

    id: str
    owner: str
    name: str
    settings: Mapping[str, str | float | bool | None]
    state: NarrationState
    job_id: str | None = None
    error: str | None = None
    sentences: int
    characters: int
    done: int = 0
    draft: str
    sample_rate_hz: int = 0
    seconds: float = 0.0
    chapters: int = 0
    audio_id: str | None = None
    created_at: str
    updated_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """One row of ``narration_sentences``; without times it is not spoken yet.

    Attributes:
        begins: Whether a paragraph or a chapter begins with it, or it just goes on.
        chapter: The title of the one that begins with it.
        words: When each of its parts between spaces is heard, where the voice tells.
    """

    number: int
    begins: Begins
    chapter: str
    text: str
    start_s: float | None = None
    end_s: float | None = None
    words: tuple[Word, ...] = ()


class Narrations:
    """Writes and reads ``narrations`` and ``narration_sentences``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, narration: Narration, sentences: Sequence[Sentence]) -> None:
        """Keep a new one with its sentences, all or nothing."""

        def write(db: Transaction) -> None:
            db.execute(
                """INSERT INTO narrations
                       (id, owner, name, settings, state, sentences, characters, draft, created_at, updated_at)
                   VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
                (
                    *(narration.id, narration.owner, narration.name),
                    *(json.dumps(dict(narration.settings), ensure_ascii=False), narration.state),
                    *(narration.sentences, narration.characters, narration.draft),
                    *(narration.created_at, narration.updated_at),
                ),
            )
            db.conn.executemany(
                "INSERT INTO narration_sentences (narration_id, number, begins, chapter, text) VALUES (?, ?, ?, ?, ?)",
                [(narration.id, each.number, each.begins, each.chapter, each.text) for each in sentences],
            )

        self._database.write(write)

    def get(self, narration_id: str, owner: str) -> Narration:
        """Return one of an owner's; raises NotFound for an unknown one and for somebody else's."""
        found = self._select("id = ? AND owner = ?", (narration_id, owner), 1)
        if not found:
            raise NotFound(
                f"There is no narration {narration_id[:64]!r}. It may have been deleted.", id=narration_id[:64]
            )
        return found[0]

    def latest(self, owner: str, limit: int = 50, before: str | None = None) -> list[Narration]:
        """Return an owner's, the newest first; ``before``: only those older than the one of this id."""
        if before is None:
            return self._select("owner = ?", (owner,), limit)
        return self._select("owner = ? AND id < ?", (owner, before), limit)

    def _select(self, where: str, values: Sequence[str | int], limit: int) -> list[Narration]:
        rows = self._database.rows(f"SELECT * FROM narrations WHERE {where} ORDER BY id DESC LIMIT ?", (*values, limit))
        return [Narration(**{**dict(row), "settings": json.loads(row["settings"])}) for row in rows]

    def sentences(self, narration_id: str, after: int = -1, limit: int = -1) -> list[Sentence]:
        """Return sentences in order, from number ``after + 1`` on; ``limit`` -1: all."""
        rows = self._database.rows(
            """SELECT number, begins, chapter, text, start_s, end_s, words FROM narration_sentences
               WHERE narration_id = ? AND number > ? ORDER BY number LIMIT ?""",
            (narration_id, after, limit),
        )
        return [
            Sentence(**{**dict(row), "words": tuple(Word(*each) for each in json.loads(row["words"]))}) for row in rows
        ]

    def state(self, narration_id: str, state: NarrationState, job_id: str | None, error: str | None = None) -> None:
        """Note how it stands; does not wait."""
        self._database.submit(
            lambda db: db.execute(
                "UPDATE narrations SET state = ?, job_id = ?, error = ?, updated_at = ? WHERE id = ?",
                (state, job_id, error, now(), narration_id),
            )
        )

    def begun(self, narration_id: str, done: int, sample_rate_hz: int) -> None:
        """Note the rate of the draft, and how many sentences of it count; those behind them are to be spoken anew."""

        def write(db: Transaction) -> None:
            db.execute(
                "UPDATE narrations SET done = ?, sample_rate_hz = ? WHERE id = ?", (done, sample_rate_hz, narration_id)
            )
            db.execute(
                """UPDATE narration_sentences SET start_s = NULL, end_s = NULL, words = '[]'
                   WHERE narration_id = ? AND number >= ?""",
                (narration_id, done),
            )

        self._database.submit(write)

    def spoken(self, narration_id: str, number: int, start_s: float, end_s: float, words: Sequence[Word]) -> None:
        """Note when a sentence is heard; does not wait."""
        told = json.dumps([(round(w.start_s, 3), round(w.end_s, 3), w.text) for w in words], ensure_ascii=False)

        def write(db: Transaction) -> None:
            db.execute(
                """UPDATE narration_sentences SET start_s = ?, end_s = ?, words = ?
                   WHERE narration_id = ? AND number = ?""",
                (start_s, end_s, told, narration_id, number),
            )
            db.execute("UPDATE narrations SET done = ? WHERE id = ?", (number + 1, narration_id))

        self._database.submit(write)

    def made(
        self, narration_id: str, file: StoredFile, seconds: float, chapters: int, artifacts: Artifacts
    ) -> str | None:
        """Keep the finished file with its row; returns the file that was there before, if any."""

        def write(db: Transaction) -> str | None:
            row = db.execute("SELECT audio_id FROM narrations WHERE id = ?", (narration_id,)).fetchone()
            if row is None:
                return file.id  # it was deleted meanwhile: nobody wants the file
            Artifacts.add(db, file, artifacts.folder)
            db.execute(
                """UPDATE narrations SET state = 'done', error = NULL, audio_id = ?, seconds = ?, chapters = ?,
                       updated_at = ? WHERE id = ?""",
                (file.id, seconds, chapters, now(), narration_id),
            )
            return str(row[0]) if row[0] else None

        return self._database.write(write)

    def cut_off(self) -> None:
        """Mark as interrupted what no job works on any more, as a crash leaves it."""
        self._database.write(
            lambda db: db.execute(
                """UPDATE narrations SET state = 'interrupted' WHERE state IN ('waiting', 'running')
                   AND NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.id = job_id AND jobs.state IN ('queued', 'running'))"""
            )
        )

    def delete(self, narration_id: str, owner: str) -> None:
        """Delete one with the row of its file; raises NotFound."""
        found = self.get(narration_id, owner)

        def write(db: Transaction) -> None:
            db.execute("DELETE FROM narrations WHERE id = ?", (found.id,))
            db.execute("DELETE FROM artifacts WHERE id = ?", (found.audio_id,))

        self._database.write(write)
