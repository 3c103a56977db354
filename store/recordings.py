"""The audio library: each recording's original, its lists of edit steps with undo, and what they made."""

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from contract.errors import Conflict, NotFound
from store.artifacts import Artifacts, StoredFile
from store.database import Database, now
from store.sqlite import Transaction

Version = Literal["original", "edited"]
Info = Mapping[str, str | int | float | Mapping[str, str] | None]
StepJson = Mapping[str, object]
LISTS_KEPT = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One row of ``recordings``.

    Attributes:
        file_id: The artifact of the untouched original.
        info: What was measured of it; ``result_info``: of what the steps made.
        steps: As ``contract.audio.told`` writes them.
        revision: Counts the changes of the steps.
        state: ``ready``, ``waiting``, ``running``, ``failed``, ``cancelled`` or ``interrupted``: of the steps' result.
        results: The artifacts that the steps made; none while there are no steps.
        undo, redo: Whether there is a list of steps before and after this one.
    """

    id: str
    owner: str
    name: str
    digest: str
    file_id: str
    info: Info
    steps: tuple[StepJson, ...] = ()
    revision: int = 0
    state: str = "ready"
    job_id: str | None = None
    error: str | None = None
    results: tuple[str, ...] = ()
    result_info: Info | None = None
    undo: bool = False
    redo: bool = False
    created_at: str
    updated_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What a version of a recording looks like; see ``studio.sound.measuring``."""

    peaks: bytes
    bucket_s: float
    spectrum: bytes
    column_s: float


class Recordings:
    """Writes and reads ``recordings`` and ``recording_pictures``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, recording: Recording, file: StoredFile, picture: Picture, artifacts: Artifacts) -> None:
        """Keep a new recording with the row of its file, all or nothing."""

        def write(db: Transaction) -> None:
            Artifacts.add(db, file, artifacts.folder)
            db.execute(
                """INSERT INTO recordings
                       (id, owner, name, digest, file_id, info, state, job_id, created_at, updated_at)
                   VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
                (
                    *(recording.id, recording.owner, recording.name, recording.digest, recording.file_id),
                    *(json.dumps(recording.info, ensure_ascii=False), recording.state, recording.job_id),
                    *(recording.created_at, recording.updated_at),
                ),
            )
            _keep_picture(db, recording.id, "original", picture)

        self._database.write(write)

    def get(self, recording_id: str, owner: str) -> Recording:
        """Return one recording of an owner; raises NotFound for an unknown one and for somebody else's."""
        found = self._select("id = ? AND owner = ?", (recording_id, owner), 1)
        if not found:
            raise NotFound(
                f"There is no recording {recording_id[:64]!r}. It may have been deleted.", id=recording_id[:64]
            )
        return found[0]

    def same(self, digest: str, name: str, owner: str) -> Recording | None:
        """Return the owner's recording of the same file and name, or None."""
        found = self._select("digest = ? AND name = ? AND owner = ?", (digest, name, owner), 1)
        return found[0] if found else None

    def latest(self, owner: str, limit: int = 50, before: str | None = None) -> list[Recording]:
        """Return an owner's recordings, the newest first.

        Args:
            before: Only those that are older than the one of this id.
        """
        if before is None:
            return self._select("owner = ?", (owner,), limit)
        return self._select("owner = ? AND id < ?", (owner, before), limit)

    def _select(self, where: str, values: Sequence[str | int], limit: int) -> list[Recording]:
        rows = self._database.rows(f"SELECT * FROM recordings WHERE {where} ORDER BY id DESC LIMIT ?", (*values, limit))
        return [_recording(dict(row)) for row in rows]

    # Steps

    def set_steps(self, recording_id: str, owner: str, steps: Sequence[StepJson], revision: int | None) -> None:
        """Put a list of steps in the place of the one that is there, which undo brings back.

        Args:
            revision: That the caller has seen; None: any.

        Raises:
            NotFound: There is no such recording.  Conflict: It was changed since.
        """

        def write(db: Transaction) -> None:
            lists, place = _lists(db, recording_id, owner, revision)
            lists = [*lists[: place + 1], list(steps)][-LISTS_KEPT:]
            _put_lists(db, recording_id, lists, len(lists) - 1)

        self._database.write(write)

    def step_back(self, recording_id: str, owner: str, by: Literal[-1, 1]) -> None:
        """Undo (-1) or redo (1) the last change of the steps; raises NotFound, and Conflict where there is none."""

        def write(db: Transaction) -> None:
            lists, place = _lists(db, recording_id, owner, None)
            if not 0 <= place + by < len(lists):
                raise Conflict(f"There is nothing to {'undo' if by < 0 else 'redo'} in this recording.")
            _put_lists(db, recording_id, lists, place + by)

        self._database.write(write)

    def state(self, recording_id: str, revision: int, state: str, job_id: str | None, error: str | None = None) -> None:
        """Note how far the result of a list of steps is, unless the list was changed since; does not wait."""
        self._database.submit(
            lambda db: db.execute(
                "UPDATE recordings SET state = ?, job_id = ?, error = ? WHERE id = ? AND revision = ?",
                (state, job_id, error, recording_id, revision),
            )
        )

    def made(
        self, recording_id: str, revision: int, results: Sequence[str], info: Info | None, picture: Picture | None
    ) -> list[str] | None:
        """Keep what a list of steps made; returns the artifacts that nothing needs any more.

        Returns:
            None: the list was changed since, so nothing is kept.
        """

        def write(db: Transaction) -> list[str] | None:
            row = db.execute("SELECT revision, results FROM recordings WHERE id = ?", (recording_id,)).fetchone()
            if row is None or row[0] != revision:
                return None
            old = [each for each in json.loads(row[1]) if each not in results]
            db.execute(
                """UPDATE recordings SET results = ?, result_info = ?, state = 'ready', error = NULL, updated_at = ?
                   WHERE id = ?""",
                (json.dumps(list(results)), None if info is None else json.dumps(info), now(), recording_id),
            )
            db.execute("DELETE FROM recording_pictures WHERE recording_id = ? AND version = 'edited'", (recording_id,))
            if picture is not None:
                _keep_picture(db, recording_id, "edited", picture)
            return old

        return self._database.write(write)

    def cut_off(self) -> None:
        """Mark as interrupted what no job works on any more, as a crash leaves it."""
        self._database.write(
            lambda db: db.execute(
                """UPDATE recordings SET state = 'interrupted' WHERE state IN ('waiting', 'running')
                   AND NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.id = job_id AND jobs.state IN ('queued', 'running'))"""
            )
        )

    def rename(self, recording_id: str, owner: str, name: str) -> None:
        """Call a recording something else; raises NotFound."""
        self.get(recording_id, owner)
        self._database.write(
            lambda db: db.execute(
                "UPDATE recordings SET name = ?, updated_at = ? WHERE id = ?", (name, now(), recording_id)
            )
        )

    def delete(self, recording_id: str, owner: str) -> None:
        """Delete a recording with the rows of its files; raises NotFound."""
        found = self.get(recording_id, owner)

        def write(db: Transaction) -> None:
            db.execute("DELETE FROM recordings WHERE id = ?", (found.id,))
            for file_id in (found.file_id, *found.results):
                db.execute("DELETE FROM artifacts WHERE id = ?", (file_id,))

        self._database.write(write)

    def forget_files(self, file_ids: Sequence[str]) -> None:
        """Delete the rows of files that nothing needs any more."""
        self._database.write(
            lambda db: db.conn.executemany("DELETE FROM artifacts WHERE id = ?", [(each,) for each in file_ids])
        )

    def picture(self, recording_id: str, version: Version) -> Picture:
        """Return what a version looks like; raises NotFound."""
        rows = self._database.rows(
            """SELECT peaks, bucket_s, spectrum, column_s FROM recording_pictures
               WHERE recording_id = ? AND version = ?""",
            (recording_id, version),
        )
        if not rows:
            raise NotFound(f"The recording has no {version} sound to show.", id=recording_id[:64])
        row = rows[0]
        return Picture(
            peaks=zlib.decompress(row["peaks"]),
            bucket_s=row["bucket_s"],
            spectrum=zlib.decompress(row["spectrum"]),
            column_s=row["column_s"],
        )


def _keep_picture(db: Transaction, recording_id: str, version: Version, picture: Picture) -> None:
    db.execute(
        """INSERT INTO recording_pictures (recording_id, version, peaks, bucket_s, spectrum, column_s)
           VALUES (?, ?, ?, ?, ?, ?)""",
        (
            *(recording_id, version, zlib.compress(picture.peaks, 1), picture.bucket_s),
            *(zlib.compress(picture.spectrum, 1), picture.column_s),
        ),
    )


def _lists(db: Transaction, recording_id: str, owner: str, revision: int | None) -> tuple[list[list[StepJson]], int]:
    row = db.execute(
        "SELECT lists, place, revision FROM recordings WHERE id = ? AND owner = ?", (recording_id, owner)
    ).fetchone()
    if row is None:
        raise NotFound(f"There is no recording {recording_id[:64]!r}. It may have been deleted.", id=recording_id[:64])
    if revision is not None and row[2] != revision:
        raise Conflict("The steps were changed elsewhere since this page was loaded. Open the recording again.")
    return json.loads(row[0]), row[1]


def _put_lists(db: Transaction, recording_id: str, lists: Sequence[Sequence[StepJson]], place: int) -> None:
    db.execute(
        """UPDATE recordings SET lists = ?, place = ?, revision = revision + 1, state = 'waiting', error = NULL,
           job_id = NULL, updated_at = ? WHERE id = ?""",
        (json.dumps(lists, ensure_ascii=False), place, now(), recording_id),
    )


def _recording(row: dict[str, str]) -> Recording:
    lists, place = json.loads(row.pop("lists")), int(row.pop("place"))
    values = {
        **row,
        "info": json.loads(row["info"]),
        "results": tuple(json.loads(row["results"])),
        "result_info": json.loads(row["result_info"]) if row["result_info"] else None,
    }
    return Recording(
        **values,
        steps=tuple(lists[place]),
        undo=place > 0,
        redo=place + 1 < len(lists),
    )
