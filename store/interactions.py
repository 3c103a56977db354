"""The log: one append-only row for each interaction, whatever its surface and outcome."""

import json
import math
import re
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields

from contract.errors import NotFound
from store.database import Database
from store.sqlite import Transaction, Value

STATUSES = ("done", "failed", "cancelled", "refused", "interrupted")


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """One row of ``interactions``; times in seconds, None where a figure does not apply.

    Attributes:
        request_id: Of the HTTP request that asked, as the server's log and its answer have it.
        first_output_s: From submission to the first thing a person could see or hear.
        duration_s: From submission to the end, waiting and loading included.
        queued_s, load_s: Of that, waiting in the lane and making the model resident.
    """

    id: str
    created_at: str
    kind: str
    via: str
    owner: str
    status: str
    engine: str | None = None
    model: str | None = None
    job_id: str | None = None
    request_id: str | None = None
    conversation_id: str | None = None
    parameters: Mapping[str, object] = field(default_factory=dict)
    input: str | None = None
    output: str | None = None
    artifacts: tuple[str, ...] = ()
    tokens_in: int | None = None
    tokens_out: int | None = None
    tokens_cached: int | None = None
    characters: int | None = None
    audio_s: float | None = None
    queued_s: float | None = None
    load_s: float | None = None
    first_output_s: float | None = None
    duration_s: float | None = None
    error_code: str | None = None
    error_message: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionFilter:
    """Which rows of the log are wanted; None: any. Times as the database writes them, or the beginning of one."""

    kind: str | None = None
    status: str | None = None
    via: str | None = None
    model: str | None = None
    since: str | None = None
    until: str | None = None


COLUMNS = tuple(column.name for column in fields(Interaction))
INSERT = f"INSERT INTO interactions ({', '.join(COLUMNS)}) VALUES ({', '.join(':' + name for name in COLUMNS)})"


def _row(interaction: Interaction) -> dict[str, Value]:
    row: dict[str, Value] = {name: getattr(interaction, name) for name in COLUMNS}
    # NaN and infinity, which only a refused request can have, are no JSON.
    given = {
        name: str(value) if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in interaction.parameters.items()
    }
    row["parameters"] = json.dumps(given, ensure_ascii=False, default=str)
    row["artifacts"] = json.dumps(interaction.artifacts)
    return row


def _interaction(row: sqlite3.Row) -> Interaction:
    values = dict(row)
    values["parameters"] = json.loads(values["parameters"])
    values["artifacts"] = tuple(json.loads(values["artifacts"]))
    return Interaction(**values)


class Interactions:
    """Appends to the log and reads it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @staticmethod
    def append(db: Transaction, interaction: Interaction) -> None:
        """Add one row, inside a write of the caller's; without texts when its conversation is deleted meanwhile."""
        row = _row(interaction)
        if interaction.conversation_id is not None:
            where = (interaction.conversation_id,)
            if db.execute("SELECT 1 FROM conversations WHERE id = ?", where).fetchone() is None:
                row["input"] = row["output"] = None
        db.execute(INSERT, row)

    def belong_to(self, job_id: str, conversation_id: str) -> None:
        """Tie a job's row to the conversation that was made of it, so that its texts go when that is deleted."""
        self._database.write(
            lambda db: db.execute(
                "UPDATE interactions SET conversation_id = ? WHERE job_id = ? AND conversation_id IS NULL",
                (conversation_id, job_id),
            )
        )

    def rows(self, owner: str | None, since: str, until: str | None = None) -> list[sqlite3.Row]:
        """Return the figures (not the texts) since a time, oldest first; owner None: everybody's."""
        return self._database.rows(
            """SELECT id, created_at, kind, engine, model, via, owner, tokens_in, tokens_out, tokens_cached,
                      characters, audio_s, queued_s, load_s, first_output_s, duration_s, status, error_code
               FROM interactions
               WHERE created_at >= :since AND (:until IS NULL OR created_at < :until)
                 AND (:owner IS NULL OR owner = :owner)
               ORDER BY created_at""",
            {"since": since, "until": until, "owner": owner},
        )

    def latest(self, owner: str | None, limit: int = 100) -> list[sqlite3.Row]:
        """Return the newest rows, texts included."""
        return self._database.rows(
            "SELECT * FROM interactions WHERE (:owner IS NULL OR owner = :owner) ORDER BY id DESC LIMIT :limit",
            {"owner": owner, "limit": limit},
        )

    def page(
        self, owner: str, limit: int, before: str | None = None, wanted: InteractionFilter | None = None
    ) -> list[Interaction]:
        """Return an owner's rows, the newest first, texts included.

        Args:
            before: Only rows older than the one with this id.
        """
        found = asdict(wanted or InteractionFilter())
        rows = self._database.rows(
            """SELECT * FROM interactions
               WHERE owner = :owner AND (:before IS NULL OR id < :before)
                 AND (:kind IS NULL OR kind = :kind) AND (:status IS NULL OR status = :status)
                 AND (:via IS NULL OR via = :via) AND (:model IS NULL OR model = :model)
                 AND (:since IS NULL OR created_at >= :since) AND (:until IS NULL OR created_at < :until)
               ORDER BY id DESC LIMIT :limit""",
            {"owner": owner, "before": before, "limit": limit, **found},
        )
        return [_interaction(row) for row in rows]

    def search(self, owner: str, kind: str, words: str, limit: int) -> list[Interaction]:
        """Return an owner's finished rows from the dashboard whose texts hold ``words``, the newest first.

        Rows whose texts were taken back are not there. Upper and lower case are one for ASCII letters.
        """
        pattern = "%" + re.sub(r"([\\%_])", r"\\\1", words.strip()) + "%"
        rows = self._database.rows(
            r"""SELECT * FROM interactions
               WHERE owner = :owner AND kind = :kind AND status = 'done' AND via = 'ui' AND input IS NOT NULL
                 AND (input LIKE :pattern ESCAPE '\' OR output LIKE :pattern ESCAPE '\')
               ORDER BY id DESC LIMIT :limit""",
            {"owner": owner, "kind": kind, "pattern": pattern, "limit": limit},
        )
        return [_interaction(row) for row in rows]

    def by_model(self) -> list[sqlite3.Row]:
        """Return each model that did anything: ``model``, ``kind``, ``calls``, ``last_used_at``."""
        return self._database.rows(
            """SELECT model, kind, count(*) AS calls, max(created_at) AS last_used_at FROM interactions
               WHERE model IS NOT NULL AND kind <> 'download' GROUP BY model, kind"""
        )

    def of_model(self, model: str, kind: str, since: str = "", limit: int = 10_000) -> list[sqlite3.Row]:
        """Return the figures of a model's latest rows, the newest first."""
        return self._database.rows(
            """SELECT created_at, status, error_code, tokens_in, tokens_out, characters, audio_s, load_s,
                      first_output_s, duration_s
               FROM interactions WHERE model = ? AND kind = ? AND created_at >= ? ORDER BY created_at DESC LIMIT ?""",
            (model, kind, since, limit),
        )

    def forget(self, owner: str, kind: str, ids: Sequence[str] | None) -> None:
        """Take back the texts of an owner's rows, here and in their jobs; the figures stay.

        Args:
            ids: None: of all rows of this kind.
        """

        def write(db: Transaction) -> None:
            for table, column in (("jobs", "id"), ("interactions", "job_id")):
                texts = "input = NULL" if table == "jobs" else "input = NULL, output = NULL"
                found = "SELECT value FROM json_each(?)"
                jobs = f"SELECT job_id FROM interactions WHERE owner = ? AND kind = ? AND id IN ({found})"
                if ids is None:
                    db.execute(f"UPDATE {table} SET {texts} WHERE owner = ? AND kind = ?", (owner, kind))
                else:
                    chosen = (owner, kind, json.dumps(list(ids)))
                    db.execute(f"UPDATE {table} SET {texts} WHERE {column} IN ({jobs})", chosen)

        self._database.write(write)

    def get(self, interaction_id: str, owner: str) -> Interaction:
        """Return one row; raises NotFound when it is not this owner's."""
        rows = self._database.rows("SELECT * FROM interactions WHERE id = ? AND owner = ?", (interaction_id, owner))
        if not rows:
            raise NotFound(f"There is no interaction {interaction_id[:64]!r} in the log.", id=interaction_id[:64])
        return _interaction(rows[0])

    def count(self) -> int:
        """Return how many interactions there are; at once, because rows are only ever added."""
        return int(self._database.rows("SELECT coalesce(max(rowid), 0) FROM interactions")[0][0])
