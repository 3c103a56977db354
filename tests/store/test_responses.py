"""Stored responses: whole turns come back, chains are joined, and nobody reads another's."""

import pytest

from contract.errors import NotFound
from contract.messages import Message, ToolCall
from store import Database, Responses, StoredResponse


def stored(name: str, previous: str | None, *turns: Message) -> StoredResponse:
    """One response of Ann's."""
    return StoredResponse(id=name, owner="ann", previous_id=previous, turns=turns, input="[]", response="{}")


def test_a_chain_gives_every_turn_as_it_was(database: Database) -> None:
    responses = Responses(database)
    call = ToolCall(id="c1", name="look", arguments='{"at": "żaba"}')
    first = (Message("user", "Look", images=(b"GIF8 picture",)), Message("assistant", "", tool_calls=(call,)))
    second = (Message("tool", "a frog", tool_call_id="c1"), Message("assistant", "It is a frog."))
    responses.add(stored("r1", None, *first))
    responses.add(stored("r2", "r1", *second))

    assert responses.conversation("r2", "ann") == (*first, *second)
    assert responses.get("r1", "ann").turns == first


def test_nobody_reads_or_deletes_anothers(database: Database) -> None:
    responses = Responses(database)
    responses.add(stored("r1", None, Message("user", "Mine")))

    for look in (responses.get, responses.conversation, responses.delete):
        with pytest.raises(NotFound, match="no stored response"):
            look("r1", "eve")
    responses.delete("r1", "ann")
    with pytest.raises(NotFound):
        responses.get("r1", "ann")
