"""The gallery: pictures that are still there, with what the log knows of how each was made."""

import contextlib
import json
import re
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from contract.errors import NotFound
from store.artifacts import Artifacts, StoredFile
from store.database import Database, now
from store.sqlite import Transaction

MIME = "image/png"
# The log's row comes with a job's end; until then its own row tells of the pictures that are done.
TOLD = """LEFT JOIN interactions ON interactions.job_id = artifacts.job_id
          LEFT JOIN jobs ON jobs.id = artifacts.job_id AND jobs.state IN ('queued', 'running')"""
PROMPT, MODEL = "coalesce(interactions.input, jobs.input)", "coalesce(interactions.model, jobs.model)"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPicture:
    """A picture and its row of the log; ``prompt`` is None where the log's texts were taken back."""

    file: StoredFile
    prompt: str | None = None
    model: str | None = None
    parameters: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureFilter:
    """Which pictures are wanted.

    Attributes:
        words: All of them must be in the prompt; upper and lower case are one.
        model: Made by this one; None: by any.
        starred: Only those with a star.
    """

    words: str = ""
    model: str | None = None
    starred: bool = False


class Gallery:
    """Finds, stars and deletes the pictures of an owner.

    What is taken out of sight can be brought back until it is purged; what is deleted is gone at once.
    """

    def __init__(self, database: Database, artifacts: Artifacts) -> None:
        self._database = database
        self._artifacts = artifacts

    def page(
        self, owner: str, limit: int, before: str | None = None, wanted: PictureFilter | None = None
    ) -> list[StoredPicture]:
        """Return an owner's pictures, the newest first, those whose file is gone left out.

        Args:
            before: Only pictures older than the one with this id.
        """
        wanted = wanted or PictureFilter()
        patterns = ["%" + re.sub(r"([\\%_])", r"\\\1", word) + "%" for word in wanted.words.casefold().split()[:20]]
        rows = self._database.rows(
            rf"""SELECT artifacts.*, {PROMPT} AS prompt, {MODEL} AS model, interactions.parameters AS parameters
               FROM artifacts {TOLD}
               WHERE artifacts.owner = :owner AND artifacts.mime = :mime AND artifacts.deleted_at IS NULL
                 AND (:before IS NULL OR artifacts.id < :before)
                 AND (:starred = 0 OR artifacts.starred = 1)
                 AND (:model IS NULL OR {MODEL} = :model)
                 AND NOT EXISTS (SELECT 1 FROM json_each(:patterns) AS pattern
                                 WHERE {PROMPT} IS NULL OR folded({PROMPT}) NOT LIKE pattern.value ESCAPE '\')
               ORDER BY artifacts.id DESC LIMIT :limit""",
            {
                "owner": owner,
                "mime": MIME,
                "before": before,
                "starred": int(wanted.starred),
                "model": wanted.model,
                "patterns": json.dumps(patterns),
                "limit": limit,
            },
        )
        return [picture for picture in map(self._picture, rows) if picture.file.path.is_file()]

    def get(self, picture_id: str, owner: str) -> StoredPicture:
        """Return one picture; raises NotFound when it is not there or not this owner's."""
        file = self._artifacts.get(picture_id, owner)
        if file.mime != MIME:
            raise NotFound(f"The file {picture_id[:64]!r} is no picture.", id=picture_id[:64])
        rows = self._database.rows(
            f"""SELECT artifacts.*, {PROMPT} AS prompt, {MODEL} AS model, interactions.parameters AS parameters
               FROM artifacts {TOLD} WHERE artifacts.id = ?""",
            (picture_id,),
        )
        return self._picture(rows[0])

    def models(self, owner: str) -> list[str]:
        """Return the models that an owner's pictures were made with, by name."""
        rows = self._database.rows(
            """SELECT DISTINCT interactions.model FROM artifacts
               JOIN interactions ON interactions.job_id = artifacts.job_id
               WHERE artifacts.owner = ? AND artifacts.mime = ? AND artifacts.deleted_at IS NULL
                 AND interactions.model IS NOT NULL
               ORDER BY interactions.model""",
            (owner, MIME),
        )
        return [row[0] for row in rows]

    def star(self, picture_id: str, owner: str, starred: bool) -> None:
        """Give a picture a star or take it; raises NotFound as ``get`` does."""
        self.get(picture_id, owner)
        self._database.write(
            lambda db: db.execute(
                "UPDATE artifacts SET starred = ? WHERE id = ? AND owner = ?", (int(starred), picture_id, owner)
            )
        )

    def take_away(self, picture_ids: Sequence[str], owner: str) -> list[str]:
        """Take pictures out of sight, which ``bring_back`` undoes; returns those that were there."""

        def write(db: Transaction) -> list[str]:
            return [
                picture_id
                for picture_id in picture_ids
                if db.execute(
                    """UPDATE artifacts SET deleted_at = ?
                       WHERE id = ? AND owner = ? AND mime = ? AND deleted_at IS NULL""",
                    (now(), picture_id, owner, MIME),
                ).rowcount
            ]

        return self._database.write(write)

    def bring_back(self, picture_ids: Sequence[str], owner: str) -> int:
        """Show pictures again that were taken away; returns how many had not been purged yet."""

        def write(db: Transaction) -> int:
            return db.execute(
                """UPDATE artifacts SET deleted_at = NULL
                   WHERE owner = ? AND deleted_at IS NOT NULL AND id IN (SELECT value FROM json_each(?))""",
                (owner, json.dumps(list(picture_ids))),
            ).rowcount

        return self._database.write(write)

    def purge(self, before: str) -> int:
        """Delete for good what was taken away until then, anybody's; returns how many pictures."""
        which = "SELECT id FROM artifacts WHERE deleted_at <= ? AND mime = ?"
        if not self._database.rows(which + " LIMIT 1", (before, MIME)):
            return 0
        return self._erase(which, (before, MIME))

    def delete(self, picture_ids: Sequence[str], owner: str) -> int:
        """Delete pictures for good, and of a job whose last one goes, the prompt in the log; the figures stay.

        Returns:
            How many there were; one that is gone already is passed over.
        """
        which = "SELECT id FROM artifacts WHERE id IN (SELECT value FROM json_each(?)) AND owner = ? AND mime = ?"
        return self._erase(which, (json.dumps(list(picture_ids)), owner, MIME))

    def _erase(self, which: str, values: tuple[str, ...]) -> int:
        def write(db: Transaction) -> list[str]:
            found = db.execute(f"SELECT id, path, job_id FROM artifacts WHERE id IN ({which})", values).fetchall()
            for picture_id, _, job_id in found:
                db.execute("DELETE FROM artifacts WHERE id = ?", (picture_id,))
                if db.execute("SELECT 1 FROM artifacts WHERE job_id = ?", (job_id,)).fetchone() is None:
                    db.execute("UPDATE interactions SET input = NULL WHERE job_id = ?", (job_id,))
                    db.execute("UPDATE jobs SET input = NULL WHERE id = ?", (job_id,))
            return [str(path) for _, path, _ in found]

        paths = self._database.write(write)
        for path in paths:
            with contextlib.suppress(OSError):  # what stays is an orphan, removed at a next start
                (self._artifacts.folder / path).unlink()
        return len(paths)

    def _picture(self, row: sqlite3.Row) -> StoredPicture:
        values = dict(row)
        prompt, model, parameters = values.pop("prompt"), values.pop("model"), values.pop("parameters")
        return StoredPicture(
            file=self._artifacts.file_of(values),
            prompt=prompt,
            model=model,
            parameters=json.loads(parameters) if parameters else {},
        )
