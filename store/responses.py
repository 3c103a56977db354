"""Responses that /v1/responses keeps: each holds its own turns, and the id of the one that it goes on from."""

import base64
import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from contract.errors import InputTooLarge, NotFound
from contract.messages import Message, ToolCall
from store.database import Database, now

LONGEST_CHAIN = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredResponse:
    """One row of ``responses``.

    Attributes:
        turns: What was said in this request, and the reply; not what came before.
        input: The items that were sent, as JSON text.
        response: What was answered, as JSON text.
    """

    id: str
    owner: str
    previous_id: str | None
    turns: tuple[Message, ...]
    input: str
    response: str


class Responses:
    """Writes, reads and deletes ``responses``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, stored: StoredResponse) -> None:
        """Keep one."""
        row = (
            *(stored.id, stored.owner, stored.previous_id, now()),
            *(json.dumps([_as_json(turn) for turn in stored.turns]), stored.input, stored.response),
        )
        self._database.write(lambda db: db.execute("INSERT INTO responses VALUES (?, ?, ?, ?, ?, ?, ?)", row))

    def get(self, response_id: str, owner: str) -> StoredResponse:
        """Return one; raises NotFound when it is not this owner's."""
        rows = self._database.rows("SELECT * FROM responses WHERE id = ? AND owner = ?", (response_id, owner))
        if not rows:
            raise NotFound(
                f"There is no stored response {response_id[:64]!r}. It may have been deleted, or was made with "
                "store false.",
                id=response_id[:64],
            )
        return _stored(rows[0])

    def conversation(self, response_id: str, owner: str) -> tuple[Message, ...]:
        """Return every turn up to and with a response, oldest first.

        Raises:
            NotFound: It, or one that it goes on from, is not there. InputTooLarge: The chain is too long.
        """
        parts: list[tuple[Message, ...]] = []
        wanted: str | None = response_id
        while wanted is not None:
            if len(parts) == LONGEST_CHAIN:
                raise InputTooLarge(
                    f"previous_response_id goes back over more than {LONGEST_CHAIN:,} responses. Start a new chain.",
                    field="previous_response_id",
                )
            stored = self.get(wanted, owner)
            parts.append(stored.turns)
            wanted = stored.previous_id
        return tuple(turn for part in reversed(parts) for turn in part)

    def delete(self, response_id: str, owner: str) -> None:
        """Delete one; raises NotFound when it is not this owner's."""
        self.get(response_id, owner)
        where = (response_id, owner)
        self._database.write(lambda db: db.execute("DELETE FROM responses WHERE id = ? AND owner = ?", where))


def _as_json(turn: Message) -> Mapping[str, object]:
    return {
        "role": turn.role,
        "content": turn.content,
        "tool_calls": [{"id": call.id, "name": call.name, "arguments": call.arguments} for call in turn.tool_calls],
        "tool_call_id": turn.tool_call_id,
        "images": [base64.b64encode(image).decode() for image in turn.images],
    }


def _stored(row: sqlite3.Row) -> StoredResponse:
    turns: Sequence[dict[str, list[dict[str, str]]]] = json.loads(row["turns"])
    return StoredResponse(
        id=row["id"],
        owner=row["owner"],
        previous_id=row["previous_id"],
        turns=tuple(_turn(turn) for turn in turns),
        input=row["input"],
        response=row["response"],
    )


def _turn(value: Mapping[str, object]) -> Message:
    calls, images = value["tool_calls"], value["images"]
    assert isinstance(calls, list) and isinstance(images, list)
    return Message(
        value["role"],  # type: ignore[arg-type]  # as _as_json wrote it
        str(value["content"]),
        tool_calls=tuple(ToolCall(**call) for call in calls),
        tool_call_id=value["tool_call_id"],  # type: ignore[arg-type]
        images=tuple(base64.b64decode(image) for image in images),
    )
