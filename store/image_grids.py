"""The grid of pictures that an owner had drawn last, so that a reload and a restart find its table again."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from store.database import Database
from store.gallery import MIME
from store.sqlite import Transaction

CellState = Literal["waiting", "running", "done", "failed", "cancelled", "interrupted"]
STATES: dict[str, CellState] = {
    "waiting": "waiting",
    "queued": "waiting",
    "running": "running",
    "done": "done",
    "failed": "failed",
    "cancelled": "cancelled",
    "interrupted": "interrupted",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class GridCell:
    """Where the picture of one pair of values stands.

    Attributes:
        job_id: Of its last try.
        picture_id: None: it is not drawn, or not there any more.
    """

    job_id: str
    state: CellState
    picture_id: str | None = None
    error_code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageGrid:
    """A grid: which settings differ along it, their values as they were written, and its cells row by row.

    Attributes:
        x, y: Names of settings; ``y`` is "" where there is but one row.
    """

    x: str
    y: str
    across: tuple[str, ...]
    down: tuple[str, ...]
    cells: tuple[GridCell, ...]


class ImageGrids:
    """Writes and reads the last grid of each owner; a cell follows its entry of the queue from try to try."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, owner: str, axes: tuple[str, str], values: tuple[Sequence[str], ...], jobs: Sequence[str]) -> None:
        """Keep a grid in the place of the owner's last one.

        Args:
            axes: Names of the settings across and down.
            values: Those across, and those down.
            jobs: Their ids, row by row; their entries are in the queue.
        """
        across, down = (json.dumps(list(each), ensure_ascii=False) for each in values)

        def write(db: Transaction) -> None:
            _forget(db, owner)
            db.execute(
                "INSERT INTO image_grids (owner, x, y, across, down) VALUES (?, ?, ?, ?, ?)",
                (owner, *axes, across, down),
            )
            for place, job_id in enumerate(jobs):
                db.execute(
                    """INSERT INTO image_grid_cells (owner, place, job_id, entry_id)
                       VALUES (?, ?, ?, (SELECT id FROM image_queue WHERE job_id = ?))""",
                    (owner, place, job_id, job_id),
                )

        self._database.write(write)

    def last(self, owner: str) -> ImageGrid | None:
        """Return an owner's last grid as it stands now, unless it was put away."""
        found = self._database.rows("SELECT x, y, across, down FROM image_grids WHERE owner = ?", (owner,))
        if not found:
            return None
        rows = self._database.rows(
            """SELECT cells.job_id AS job_id, coalesce(image_queue.state, jobs.state, 'cancelled') AS state,
                      jobs.error_code AS error_code,
                      (SELECT id FROM artifacts
                       WHERE artifacts.job_id = cells.job_id AND mime = ? AND deleted_at IS NULL
                       ORDER BY id LIMIT 1) AS picture_id
               FROM image_grid_cells AS cells
               LEFT JOIN image_queue ON image_queue.id = cells.entry_id
               LEFT JOIN jobs ON jobs.id = cells.job_id
               WHERE cells.owner = ? ORDER BY cells.place""",
            (MIME, owner),
        )
        cells = tuple(GridCell(**{**dict(row), "state": STATES[row["state"]]}) for row in rows)
        told = dict(found[0])
        across, down = (tuple(json.loads(told.pop(name))) for name in ("across", "down"))
        return ImageGrid(**told, across=across, down=down, cells=cells)

    def forget(self, owner: str) -> None:
        """Put the owner's last grid away; its pictures stay."""
        self._database.write(lambda db: _forget(db, owner))


def _forget(db: Transaction, owner: str) -> None:
    for table in ("image_grid_cells", "image_grids"):
        db.execute(f"DELETE FROM {table} WHERE owner = ?", (owner,))
