"""What models were measured at on this machine, kept as history."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from contract.ids import new_id
from store.database import Database, now


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """One row of ``benchmarks``; ``figures`` by name, see ``studio.benchmarking``."""

    id: str
    model: str
    kind: str
    created_at: str
    figures: Mapping[str, float]


class Benchmarks:
    """Writes and reads ``benchmarks``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, model: str, kind: str, figures: Mapping[str, float]) -> Benchmark:
        """Keep one, and return it."""
        row = Benchmark(id=new_id(), model=model, kind=kind, created_at=now(), figures=dict(figures))
        self._database.write(
            lambda db: db.execute(
                "INSERT INTO benchmarks (id, model, kind, created_at, figures) VALUES (?, ?, ?, ?, ?)",
                (row.id, row.model, row.kind, row.created_at, json.dumps(dict(row.figures))),
            )
        )
        return row

    def of(self, model: str, limit: int = 50) -> list[Benchmark]:
        """Return a model's, the newest first."""
        rows = self._database.rows(
            "SELECT * FROM benchmarks WHERE model = ? ORDER BY created_at DESC, id DESC LIMIT ?", (model, limit)
        )
        return [Benchmark(**{**dict(row), "figures": json.loads(row["figures"])}) for row in rows]
