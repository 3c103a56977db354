"""Prompt templates of an owner: a name and a text each; variables are no matter of the store."""

from collections.abc import Sequence
from dataclasses import dataclass

from contract.errors import Conflict, InvalidRequest, NotFound
from contract.ids import new_id
from store.database import Database, now
from store.sqlite import Transaction

TEMPLATES_MOST = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTemplate:
    """One row of ``templates``."""

    id: str
    owner: str
    name: str
    text: str
    created_at: str
    updated_at: str


class Templates:
    """Writes and reads ``templates``; no two names of an owner differ in upper and lower case alone."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self, owner: str) -> list[StoredTemplate]:
        """Return an owner's templates, by the alphabet."""
        rows = self._database.rows("SELECT * FROM templates WHERE owner = ?", (owner,))
        found = [StoredTemplate(**dict(row)) for row in rows]
        return sorted(found, key=lambda template: template.name.casefold())

    def get(self, template_id: str, owner: str) -> StoredTemplate:
        """Return one; raises NotFound when it is not this owner's."""
        rows = self._database.rows("SELECT * FROM templates WHERE id = ? AND owner = ?", (template_id, owner))
        if not rows:
            raise _gone(template_id)
        return StoredTemplate(**dict(rows[0]))

    def add(self, owner: str, named: Sequence[tuple[str, str]]) -> list[str]:
        """Keep new templates, all or none; returns their ids.

        Args:
            named: Name and text of each.

        Raises:
            Conflict: A name is taken.
            InvalidRequest: There would be too many.
        """

        def insert(db: Transaction) -> list[str]:
            [count] = db.execute("SELECT count(*) FROM templates WHERE owner = ?", (owner,)).fetchone()
            if count + len(named) > TEMPLATES_MOST:
                raise InvalidRequest(
                    f"There would be {count + len(named)} templates; the limit is {TEMPLATES_MOST}. Delete some first.",
                    field="templates",
                )
            ids = []
            for name, text in named:
                _refuse_taken(db, owner, name, "")
                ids.append(new_id())
                db.execute(
                    "INSERT INTO templates (id, owner, name, text, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)",
                    (ids[-1], owner, name, text, now(), now()),
                )
            return ids

        return self._database.write(insert)

    def change(self, template_id: str, owner: str, name: str, text: str) -> StoredTemplate:
        """Give a template another name and text; errors as in ``add`` and ``get``."""

        def update(db: Transaction) -> None:
            _refuse_taken(db, owner, name, template_id)
            changed = db.execute(
                "UPDATE templates SET name = ?, text = ?, updated_at = ? WHERE id = ? AND owner = ?",
                (name, text, now(), template_id, owner),
            )
            if not changed.rowcount:
                raise _gone(template_id)

        self._database.write(update)
        return self.get(template_id, owner)

    def delete(self, template_id: str, owner: str) -> None:
        """Forget a template; raises NotFound when it is not this owner's."""

        def remove(db: Transaction) -> None:
            if not db.execute("DELETE FROM templates WHERE id = ? AND owner = ?", (template_id, owner)).rowcount:
                raise _gone(template_id)

        self._database.write(remove)


def _gone(template_id: str) -> NotFound:
    return NotFound("There is no such template. It may have been deleted.", id=template_id[:64])


def _refuse_taken(db: Transaction, owner: str, name: str, own_id: str) -> None:
    names = db.execute("SELECT name FROM templates WHERE owner = ? AND id <> ?", (owner, own_id)).fetchall()
    if name.casefold() in {taken.casefold() for (taken,) in names}:
        raise Conflict(f"There is a template called {name!r} already. Choose another name, or change that one.")
