"""Files that jobs made: one folder an owner, one row a file, and no path from outside is trusted."""

import contextlib
import hashlib
import json
import re
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from contract.errors import NotFound, StorageFailed
from contract.ids import new_id
from store.database import Database, now
from store.sqlite import Transaction

OURS = re.compile(r"[0-9a-f]{32}")  # contract.ids
SUFFIXES = {
    "audio/wav": ".wav",
    "audio/mpeg": ".mp3",
    "audio/ogg": ".ogg",
    "audio/mp4": ".m4a",
    "image/png": ".png",
    # Recordings of the audio library
    "audio/flac": ".flac",
    "application/octet-stream": ".bin",
    # Translated documents
    "text/plain": ".txt",
    "text/markdown": ".md",
    "text/html": ".html",
    "text/csv": ".csv",
    "text/vtt": ".vtt",
    "text/x-gettext-translation": ".po",
    "application/x-subrip": ".srt",
    "application/json": ".json",
    "application/epub+zip": ".epub",
    "application/vnd.oasis.opendocument.text": ".odt",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": ".pptx",
}
DRAFT = ".nut"  # long audio while it is made, beside the file that it becomes


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """One row of ``artifacts``; ``path`` is absolute, ``name`` is what a person saves it as.

    One with ``deleted_at`` is out of sight, and can be brought back until it is purged.
    """

    id: str
    owner: str
    job_id: str | None
    mime: str
    name: str
    path: Path
    size_bytes: int
    created_at: str
    details: Mapping[str, str | int | float] = field(default_factory=dict)
    starred: bool = False
    deleted_at: str | None = None


class Artifacts:
    """Keeps files under ``folder/<owner>/<year-month>/``."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self.folder = folder

    def new_path(self, owner: str, mime: str) -> tuple[str, Path]:
        """Return a new id and the path to write its file to; the folder exists.

        Raises:
            StorageFailed: The folder can't be made.
        """
        artifact_id = new_id()
        # Owners come from signed cookies and accounts; hashed, none can name a path.
        who = owner if owner == "local" else hashlib.sha256(owner.encode()).hexdigest()[:24]
        path = self.folder / who / now()[:7] / (artifact_id + SUFFIXES[mime])
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise StorageFailed(
                f"{path.parent} can't be made: {exc}. Free space or check the folder's rights."
            ) from exc
        return artifact_id, path

    @staticmethod
    def add(db: Transaction, file: StoredFile, folder: Path) -> None:
        """Add a file's row, inside a write of the caller's; the path is kept relative to ``folder``."""
        db.execute(
            """INSERT INTO artifacts (id, owner, job_id, mime, name, path, size_bytes, details, created_at)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)""",
            (
                *(file.id, file.owner, file.job_id, file.mime, file.name),
                *(file.path.relative_to(folder).as_posix(), file.size_bytes),
                *(json.dumps(dict(file.details)), file.created_at),
            ),
        )

    def keep(self, file: StoredFile) -> None:
        """Add a file's row at once, before its job ends; raises StorageFailed."""
        self._database.write(lambda db: self.add(db, file, self.folder))

    def get(self, artifact_id: str, owner: str) -> StoredFile:
        """Return one file.

        Raises:
            NotFound: There is no such file of this owner, or it is gone from the disk.
        """
        rows = self._database.rows(
            "SELECT * FROM artifacts WHERE id = ? AND owner = ? AND deleted_at IS NULL", (artifact_id, owner)
        )
        if not rows:
            raise NotFound(f"There is no file {artifact_id[:64]!r}. It may have been deleted.", id=artifact_id[:64])
        file = self.file_of(dict(rows[0]))
        if not file.path.is_file():
            raise NotFound(f"The file {file.name} is gone from the data folder. Make it again.", id=artifact_id)
        return file

    def remove(self, file_ids: Sequence[str | None], owner: str) -> None:
        """Remove files of an owner with their rows; None and what is gone already are passed over."""
        ids = [file_id for file_id in file_ids if file_id is not None]
        named = ", ".join("?" * len(ids))
        rows = self._database.rows(f"SELECT path FROM artifacts WHERE id IN ({named}) AND owner = ?", (*ids, owner))
        self._database.write(
            lambda db: db.execute(f"DELETE FROM artifacts WHERE id IN ({named}) AND owner = ?", (*ids, owner))
        )
        for row in rows:
            with contextlib.suppress(OSError):
                (self.folder / row["path"]).unlink()

    def of_job(self, job_id: str, owner: str) -> list[StoredFile]:
        """Return the files that a job made and whose bytes are still there, oldest first."""
        rows = self._database.rows(
            "SELECT * FROM artifacts WHERE job_id = ? AND owner = ? AND deleted_at IS NULL ORDER BY id",
            (job_id, owner),
        )
        return self._there(rows)

    def latest(self, owner: str, mime: str, limit: int = 50) -> list[StoredFile]:
        """Return the newest files of a type whose bytes are still there; those of the audio library are shown there."""
        rows = self._database.rows(
            """SELECT * FROM artifacts
               WHERE owner = ? AND mime = ? AND deleted_at IS NULL AND details ->> 'recording' IS NULL
               ORDER BY id DESC LIMIT ?""",
            (owner, mime, limit),
        )
        return self._there(rows)

    def remove_orphans(self) -> None:
        """Remove files that no row tells of, as a crash leaves them; only while no other process makes any."""
        known = {row["path"] for row in self._database.rows("SELECT path FROM artifacts")}
        for path in self.folder.glob("*/*/*"):
            ours = OURS.fullmatch(path.stem) is not None and path.suffix in (*SUFFIXES.values(), DRAFT)
            if ours and path.relative_to(self.folder).as_posix() not in known:
                with contextlib.suppress(OSError):
                    path.unlink()

    def _there(self, rows: list[sqlite3.Row]) -> list[StoredFile]:
        # A file deleted by hand is left out; its row stays for the log.
        return [file for file in (self.file_of(dict(row)) for row in rows) if file.path.is_file()]

    def file_of(self, row: dict[str, Any]) -> StoredFile:
        """Return a row of ``artifacts`` as the file that it tells of."""
        told = {"path": self.folder / row["path"], "details": json.loads(row["details"])}
        return StoredFile(**{**row, **told, "starred": bool(row["starred"])})
