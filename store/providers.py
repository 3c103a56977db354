"""Model servers that the owner connected, as the database keeps them; their keys only encrypted."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from contract.errors import Conflict, NotFound
from store.database import Database, now
from store.sqlite import Transaction, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderRow:
    """One row of ``providers``.

    Attributes:
        name: What its models' ids begin with.
        secret: The key, encrypted; None: it asks for none.
        hint: The key's last characters, to know it by.
        models: Names that are offered of it; empty: all that it lists.
        found: What it listed when it last answered, as JSON of the studio's own.
        status, since: How it was when last asked, and since when.
        revision: Grows with every change of what is asked where.
    """

    id: str
    name: str
    kind: str
    url: str
    created_at: str
    secret: bytes | None = None
    hint: str = ""
    own_network: bool = False
    timeout_s: int = 300
    models: tuple[str, ...] = ()
    found: str = "[]"
    status: str = "checking"
    since: str = ""
    revision: int = 1


_COLUMNS = (
    "id, name, kind, url, created_at, secret, hint, own_network, timeout_s, models, found, status, since, revision"
)


class Providers:
    """Writes and reads ``providers``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[ProviderRow]:
        """Return every provider, by name."""
        return [_row(row) for row in self._database.rows(f"SELECT {_COLUMNS} FROM providers ORDER BY name")]

    def add(self, row: ProviderRow) -> None:
        """Keep a new one; raises Conflict where its name is taken."""

        def write(db: Transaction) -> None:
            if db.execute("SELECT 1 FROM providers WHERE name = ?", (row.name,)).fetchone():
                raise Conflict(f"There is a server called {row.name!r} already. Choose another name.", name=row.name)
            values = (
                *(row.id, row.name, row.kind, row.url, row.created_at, row.secret, row.hint, int(row.own_network)),
                *(row.timeout_s, json.dumps(row.models), row.found, row.status, row.since or now(), row.revision),
            )
            db.execute(f"INSERT INTO providers ({_COLUMNS}) VALUES ({', '.join('?' * len(values))})", values)

        self._database.write(write)

    def change(self, provider_id: str, values: Mapping[str, Value | Sequence[str]]) -> None:
        """Change columns of one by their names, and count its revision up; raises NotFound."""
        kept: dict[str, Value] = {
            name: value if isinstance(value, str | int | float | bytes | None) else json.dumps(value)
            for name, value in values.items()
        }
        sets = "".join(f"{name} = ?, " for name in kept)

        def write(db: Transaction) -> None:
            done = db.execute(
                f"UPDATE providers SET {sets}revision = revision + 1 WHERE id = ?", (*kept.values(), provider_id)
            )
            if not done.rowcount:
                raise NotFound(f"There is no server {provider_id[:64]!r}.", id=provider_id[:64])

        self._database.write(write)

    def note(self, provider_id: str, revision: int, status: str, since: str, found: str | None) -> None:
        """Note how one was when it was asked; not where it has been changed meanwhile. Does not wait."""
        self._database.submit(
            lambda db: db.execute(
                """UPDATE providers SET status = ?, since = ?, found = coalesce(?, found)
                   WHERE id = ? AND revision = ?""",
                (status, since, found, provider_id, revision),
            )
        )

    def delete(self, provider_id: str) -> None:
        """Forget one and its key; raises NotFound."""

        def write(db: Transaction) -> None:
            if not db.execute("DELETE FROM providers WHERE id = ?", (provider_id,)).rowcount:
                raise NotFound(f"There is no server {provider_id[:64]!r}.", id=provider_id[:64])

        self._database.write(write)


def _row(row: sqlite3.Row) -> ProviderRow:
    values = dict(row)
    return ProviderRow(
        **{**values, "own_network": bool(values["own_network"]), "models": tuple(json.loads(values["models"]))}
    )
