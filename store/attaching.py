"""Documents tied to messages, inside the writes that make those messages."""

from collections.abc import Sequence

from contract.errors import NotFound
from store.sqlite import Transaction

NO_DOCUMENT = "There is no such file. Attach it again."


def attach(db: Transaction, message_id: str, owner: str, documents: Sequence[str]) -> None:
    """Tie documents to a message, in order; raises NotFound for one that is not this owner's."""
    for place, document_id in enumerate(dict.fromkeys(documents)):
        used = db.execute("UPDATE documents SET attached = 1 WHERE id = ? AND owner = ?", (document_id, owner))
        if not used.rowcount:
            raise NotFound(NO_DOCUMENT, id=document_id[:64])
        db.execute("INSERT INTO message_attachments VALUES (?, ?, ?)", (message_id, place, document_id))


def attached_to(db: Transaction, message_id: str) -> tuple[str, ...]:
    """Return the documents of a message, in order."""
    rows = db.execute(
        "SELECT document_id FROM message_attachments WHERE message_id = ? ORDER BY place", (message_id,)
    ).fetchall()
    return tuple(row[0] for row in rows)
