"""Transcripts of recordings: what was recognised, what a person made of it, and each edit with its way back."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from contract.errors import Conflict, InvalidRequest, NotFound
from contract.events import Segment, Word
from store.database import Database, now
from store.sqlite import Transaction

TranscriptState = Literal["waiting", "running", "done", "failed", "cancelled", "interrupted"]
EDITS_KEPT = 500
_LISTED = "id, owner, recording_id, name, model, language, state, job_id, error, revision, created_at, updated_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptTranscript:
    """One row of ``transcripts``; in a list without its segments.

    Attributes:
        original: As it was recognised.  segments: As it is now.
        revision: Counts the changes.
        undo, redo: Whether there is an edit to take back, and one that was taken back.
    """

    id: str
    owner: str
    recording_id: str
    name: str
    model: str | None
    language: str | None
    state: TranscriptState
    job_id: str | None = None
    error: str | None = None
    revision: int = 0
    undo: bool = False
    redo: bool = False
    created_at: str
    updated_at: str
    original: tuple[Segment, ...] = ()
    segments: tuple[Segment, ...] = ()


class Transcripts:
    """Writes and reads ``transcripts`` and ``transcript_edits``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, transcript: KeptTranscript) -> None:
        """Keep a new one."""
        self._database.write(
            lambda db: db.execute(
                """INSERT INTO transcripts
                       (id, owner, recording_id, name, model, language, state, created_at, updated_at)
                   VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)""",
                (
                    *(transcript.id, transcript.owner, transcript.recording_id, transcript.name),
                    *(transcript.model, transcript.language, transcript.state),
                    *(transcript.created_at, transcript.updated_at),
                ),
            )
        )

    def get(self, transcript_id: str, owner: str) -> KeptTranscript:
        """Return one of an owner's with its segments; raises NotFound."""
        rows = self._database.rows(
            """SELECT *, (SELECT count(*) FROM transcript_edits WHERE transcript_id = transcripts.id) AS edits
               FROM transcripts WHERE id = ? AND owner = ?""",
            (transcript_id, owner),
        )
        if not rows:
            raise _missing(transcript_id)
        row = dict(rows[0])
        place, edits = row.pop("place"), row.pop("edits")
        original, segments = _read(row.pop("original")), _read(row.pop("segments"))
        return KeptTranscript(**row, undo=place > 0, redo=place < edits, original=original, segments=segments)

    def latest(self, owner: str, limit: int = 50, before: str | None = None) -> list[KeptTranscript]:
        """Return an owner's without their segments, the newest first; ``before``: only those older than this id."""
        where, values = ("owner = ?", (owner,)) if before is None else ("owner = ? AND id < ?", (owner, before))
        rows = self._database.rows(
            f"SELECT {_LISTED} FROM transcripts WHERE {where} ORDER BY id DESC LIMIT ?", (*values, limit)
        )
        return [KeptTranscript(**dict(row)) for row in rows]

    def state(self, transcript_id: str, state: TranscriptState, job_id: str | None, error: str | None = None) -> None:
        """Note how it stands; does not wait."""
        self._database.submit(
            lambda db: db.execute(
                "UPDATE transcripts SET state = ?, job_id = ?, error = ?, updated_at = ? WHERE id = ?",
                (state, job_id, error, now(), transcript_id),
            )
        )

    def heard(self, transcript_id: str, segments: Sequence[Segment], language: str | None) -> None:
        """Keep what was recognised so far; does not wait."""
        told = _told(segments)
        self._database.submit(
            lambda db: db.execute(
                "UPDATE transcripts SET original = ?, segments = ?, language = coalesce(?, language) WHERE id = ?",
                (told, told, language, transcript_id),
            )
        )

    def splice(
        self, transcript_id: str, owner: str, at: int, remove: int, segments: Sequence[Segment], revision: int | None
    ) -> None:
        """Put segments in the place of ``remove`` others, from number ``at`` on.

        Args:
            revision: That the caller has seen; None: any.

        Raises:
            NotFound: There is no such transcript.  InvalidRequest: There are no such segments.
            Conflict: It was changed since, or is still being written.
        """

        def write(db: Transaction) -> None:
            current, place = _current(db, transcript_id, owner, revision)
            if at + remove > len(current):
                raise InvalidRequest(f"There are {len(current)} segments. Reload the transcript.", field="at")
            db.execute("DELETE FROM transcript_edits WHERE transcript_id = ? AND place >= ?", (transcript_id, place))
            db.execute(
                "INSERT INTO transcript_edits (transcript_id, place, at, removed, inserted) VALUES (?, ?, ?, ?, ?)",
                (transcript_id, place, at, _told(current[at : at + remove]), _told(segments)),
            )
            current[at : at + remove] = segments
            if place >= EDITS_KEPT:  # the oldest is forgotten, and the others move down
                db.execute("DELETE FROM transcript_edits WHERE transcript_id = ? AND place = 0", (transcript_id,))
                db.execute("UPDATE transcript_edits SET place = place - 1 WHERE transcript_id = ?", (transcript_id,))
                place -= 1
            _put(db, transcript_id, current, place + 1)

        self._database.write(write)

    def step_back(self, transcript_id: str, owner: str, by: Literal[-1, 1], revision: int | None) -> None:
        """Undo (-1) or redo (1) an edit; raises NotFound, and Conflict where there is none or it was changed since."""

        def write(db: Transaction) -> None:
            current, place = _current(db, transcript_id, owner, revision)
            row = db.execute(
                "SELECT at, removed, inserted FROM transcript_edits WHERE transcript_id = ? AND place = ?",
                (transcript_id, place if by > 0 else place - 1),
            ).fetchone()
            if row is None:
                raise Conflict(f"There is nothing to {'undo' if by < 0 else 'redo'} in this transcript.")
            removed, inserted = (_read(each) for each in (row[1:] if by > 0 else (row[2], row[1])))
            current[row[0] : row[0] + len(removed)] = inserted
            _put(db, transcript_id, current, place + by)

        self._database.write(write)

    def cut_off(self) -> None:
        """Mark as interrupted what no job works on any more, as a crash leaves it."""
        self._database.write(
            lambda db: db.execute(
                """UPDATE transcripts SET state = 'interrupted' WHERE state IN ('waiting', 'running')
                   AND NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.id = job_id AND jobs.state IN ('queued', 'running'))"""
            )
        )

    def delete(self, transcript_id: str, owner: str) -> None:
        """Delete one with its edits; its recording stays. Raises NotFound."""
        self.get(transcript_id, owner)
        self._database.write(lambda db: db.execute("DELETE FROM transcripts WHERE id = ?", (transcript_id,)))


def changed_since() -> Conflict:
    """Return what is told to whoever has seen an older revision."""
    return Conflict("The transcript was changed elsewhere since this page was loaded. Open it again.")


def _missing(transcript_id: str) -> NotFound:
    return NotFound(f"There is no transcript {transcript_id[:64]!r}. It may have been deleted.", id=transcript_id[:64])


def _current(db: Transaction, transcript_id: str, owner: str, revision: int | None) -> tuple[list[Segment], int]:
    row = db.execute(
        "SELECT segments, place, revision, state FROM transcripts WHERE id = ? AND owner = ?", (transcript_id, owner)
    ).fetchone()
    if row is None:
        raise _missing(transcript_id)
    if row[3] in ("waiting", "running"):
        raise Conflict("The transcript is still being written. Wait for its end, or cancel it, and edit then.")
    if revision is not None and row[2] != revision:
        raise changed_since()
    return list(_read(row[0])), row[1]


def _put(db: Transaction, transcript_id: str, segments: Sequence[Segment], place: int) -> None:
    db.execute(
        "UPDATE transcripts SET segments = ?, place = ?, revision = revision + 1, updated_at = ? WHERE id = ?",
        (_told(segments), place, now(), transcript_id),
    )


def _told(segments: Sequence[Segment]) -> str:
    return json.dumps(
        [
            (
                *(round(each.start_s, 3), round(each.end_s, 3), each.text),
                [(round(word.start_s, 3), round(word.end_s, 3), word.text) for word in each.words],
            )
            for each in segments
        ],
        ensure_ascii=False,
    )


def _read(text: str) -> tuple[Segment, ...]:
    return tuple(
        Segment(start_s, end_s, said, tuple(Word(*word) for word in words))
        for start_s, end_s, said, words in json.loads(text)
    )
