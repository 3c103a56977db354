"""What a person accepted as translations, and the terms that they want: by owner and pair of languages."""

from collections.abc import Sequence
from dataclasses import dataclass

from contract.errors import NotFound
from contract.ids import new_id
from store.database import Database, now


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """One accepted translation; ``origin`` says where it was accepted: a document's name, a file, ``edit``."""

    id: str
    source: str
    target: str
    origin: str
    updated_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One line of a glossary.

    Attributes:
        target: What it must be called; the same as ``source``: it is not translated.
        match_case: Whether capitals must agree to be this term ("Windows", "windows").
    """

    source: str
    target: str
    match_case: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Direction:
    """Whose, from which language and into which."""

    owner: str
    source_lang: str
    target_lang: str

    @property
    def values(self) -> tuple[str, str, str]:
        """As the columns have it."""
        return (self.owner, self.source_lang, self.target_lang)


class TranslationMemory:
    """Writes and reads ``translation_memory``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def accept(self, direction: Direction, pairs: Sequence[tuple[str, str]], origin: str) -> int:
        """Keep accepted translations; a newer one of the same sentence replaces the older. Returns how many."""
        at = now()
        self._database.write(
            lambda db: db.conn.executemany(
                """INSERT INTO translation_memory
                   (id, owner, source_lang, target_lang, source, target, origin, updated_at)
                   VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                   ON CONFLICT (owner, source_lang, target_lang, source)
                   DO UPDATE SET id = excluded.id, target = excluded.target, origin = excluded.origin,
                   updated_at = excluded.updated_at""",
                [(new_id(), *direction.values, source, target, origin, at) for source, target in pairs],
            )
        )
        return len(pairs)

    def all(self, direction: Direction) -> list[Memory]:
        """Return everything that is kept of a direction, the oldest first."""
        return self._select(direction, "1", (), -1)

    def page(self, direction: Direction, limit: int, before: str | None = None) -> list[Memory]:
        """Return a page, the newest first."""
        return self._select(direction, "id < ?" if before else "1", (before,) if before else (), limit, "DESC")

    def _select(
        self, direction: Direction, where: str, values: tuple[str, ...], limit: int, order: str = "ASC"
    ) -> list[Memory]:
        rows = self._database.rows(
            f"""SELECT id, source, target, origin, updated_at FROM translation_memory
                WHERE owner = ? AND source_lang = ? AND target_lang = ? AND {where} ORDER BY id {order} LIMIT ?""",
            (*direction.values, *values, limit),
        )
        return [Memory(**dict(row)) for row in rows]

    def version(self, direction: Direction) -> str:
        """Return what changes whenever anything of a direction does."""
        # By the ids, which only rise: two changes may share a millisecond.
        row = self._database.rows(
            """SELECT count(*) || ' ' || coalesce(max(id), '') AS version FROM translation_memory
               WHERE owner = ? AND source_lang = ? AND target_lang = ?""",
            direction.values,
        )[0]
        return str(row["version"])

    def forget(self, memory_id: str, owner: str) -> None:
        """Delete one; raises NotFound for an unknown one and for somebody else's."""
        done = self._database.write(
            lambda db: db.execute("DELETE FROM translation_memory WHERE id = ? AND owner = ?", (memory_id, owner))
        )
        if not done.rowcount:
            raise NotFound(f"The memory has no translation {memory_id[:64]!r}. It may have been deleted.")

    def forget_all(self, direction: Direction) -> int:
        """Delete everything of a direction; returns how many there were."""
        done = self._database.write(
            lambda db: db.execute(
                "DELETE FROM translation_memory WHERE owner = ? AND source_lang = ? AND target_lang = ?",
                direction.values,
            )
        )
        return int(done.rowcount)

    def directions(self, owner: str) -> list[tuple[str, str, int]]:
        """Return each direction that an owner has something of, with how much."""
        return _directions(self._database, "translation_memory", owner)


class Glossaries:
    """Writes and reads ``glossary_terms``: one glossary for each owner and direction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def terms(self, direction: Direction) -> list[Term]:
        """Return a glossary's terms by the alphabet."""
        rows = self._database.rows(
            """SELECT source, target, match_case, note FROM glossary_terms
               WHERE owner = ? AND source_lang = ? AND target_lang = ? ORDER BY lower(source), source""",
            direction.values,
        )
        return [Term(**{**dict(row), "match_case": bool(row["match_case"])}) for row in rows]

    def put(self, direction: Direction, terms: Sequence[Term]) -> None:
        """Add terms, or change those that are there."""
        at = now()
        self._database.write(
            lambda db: db.conn.executemany(
                """INSERT INTO glossary_terms
                   (owner, source_lang, target_lang, source, target, match_case, note, updated_at)
                   VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                   ON CONFLICT (owner, source_lang, target_lang, source) DO UPDATE SET target = excluded.target,
                   match_case = excluded.match_case, note = excluded.note, updated_at = excluded.updated_at""",
                [(*direction.values, term.source, term.target, int(term.match_case), term.note, at) for term in terms],
            )
        )

    def remove(self, direction: Direction, source: str) -> None:
        """Take a term out; raises NotFound."""
        done = self._database.write(
            lambda db: db.execute(
                "DELETE FROM glossary_terms WHERE owner = ? AND source_lang = ? AND target_lang = ? AND source = ?",
                (*direction.values, source),
            )
        )
        if not done.rowcount:
            raise NotFound(f"The glossary has no term {source[:80]!r}. It may have been deleted.")

    def clear(self, direction: Direction) -> int:
        """Delete a glossary; returns how many terms it had."""
        done = self._database.write(
            lambda db: db.execute(
                "DELETE FROM glossary_terms WHERE owner = ? AND source_lang = ? AND target_lang = ?", direction.values
            )
        )
        return int(done.rowcount)

    def directions(self, owner: str) -> list[tuple[str, str, int]]:
        """Return each direction that an owner has a glossary of, with how many terms."""
        return _directions(self._database, "glossary_terms", owner)


def _directions(database: Database, table: str, owner: str) -> list[tuple[str, str, int]]:
    rows = database.rows(
        f"""SELECT source_lang, target_lang, count(*) AS many FROM {table} WHERE owner = ?
            GROUP BY source_lang, target_lang ORDER BY source_lang, target_lang""",
        (owner,),
    )
    return [(row["source_lang"], row["target_lang"], row["many"]) for row in rows]
