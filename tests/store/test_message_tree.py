"""The tree in use: other wordings and other replies stand beside, a cut reply grows on, and stale pages are told."""

import pytest

from contract.errors import Conflict, InvalidRequest, NotFound
from store import Conversations, Database
from tests.store.talking import finish, talk, texts


@pytest.fixture
def conversations(database: Database) -> Conversations:
    return Conversations(database)


def test_an_edited_message_stands_beside_the_first_and_nothing_is_lost(
    database: Database, conversations: Conversations
) -> None:
    conversation = talk(database, conversations, 2)
    second = conversations.messages(conversation, "local")[2]

    said, reply = conversations.edit(conversation, "local", second.id, "question 1, better", None)
    finish(database, reply, "a better answer")

    assert texts(conversations, conversation) == ["question 0", "answer 0", "question 1, better", "a better answer"]
    found = conversations.siblings(conversations.messages(conversation, "local"))
    assert found[said] == (second.id, said)
    assert len(conversations.all_messages(conversation, "local")) == 6


def test_the_first_message_can_be_edited_too(database: Database, conversations: Conversations) -> None:
    conversation = talk(database, conversations, 1)
    first = conversations.messages(conversation, "local")[0]
    said, reply = conversations.edit(conversation, "local", first.id, "hello instead", None)
    finish(database, reply)

    assert texts(conversations, conversation) == ["hello instead", "Fine."]
    assert conversations.siblings(conversations.messages(conversation, "local"))[said] == (first.id, said)


def test_a_reply_written_again_stands_beside_the_first(database: Database, conversations: Conversations) -> None:
    conversation = talk(database, conversations, 2)
    old = conversations.messages(conversation, "local")[1]

    new = conversations.regenerate(conversation, "local", old.id, "other-model")
    finish(database, new, "another answer")

    assert texts(conversations, conversation) == ["question 0", "another answer"]
    conversations.choose(conversation, "local", old.id)
    assert texts(conversations, conversation) == ["question 0", "answer 0", "question 1", "answer 1"]


def test_the_branch_in_view_is_kept(database: Database, conversations: Conversations) -> None:
    conversation = talk(database, conversations, 2)
    whole = conversations.messages(conversation, "local")
    finish(database, conversations.regenerate(conversation, "local", whole[3].id, None), "second try")
    before = conversations.get(conversation, "local")
    conversations.choose(conversation, "local", whole[3].id)

    assert texts(Conversations(database), conversation)[-1] == "answer 1"
    after = conversations.get(conversation, "local")
    assert after.revision == before.revision + 1 and after.updated_at == before.updated_at, "looking is no change"
    assert conversations.depth(conversation, "local", whole[0].id) == 3
    assert conversations.depth(conversation, "local", "nothing") is None


def test_a_cut_reply_grows_on_and_keeps_its_beginning(database: Database, conversations: Conversations) -> None:
    conversation, _, reply = conversations.say(conversations.create("local", "").id, "local", "count", None)
    finish(database, reply, "one two", state="cancelled")

    assert conversations.resume(conversation.id, "local", reply).content == "one two"
    message = conversations.message(reply)
    assert message is not None and (message.state, message.content) == ("growing", "one two")
    finish(database, reply, "one two three")

    with pytest.raises(InvalidRequest, match="continued"):
        conversations.resume(conversation.id, "local", reply)


def test_every_change_of_the_view_makes_other_pages_stale(database: Database, conversations: Conversations) -> None:
    conversation = talk(database, conversations, 1)
    question, answer = conversations.messages(conversation, "local")
    loaded = conversations.get(conversation, "local").revision
    finish(database, conversations.regenerate(conversation, "local", answer.id, None, loaded))

    for call in (
        lambda: conversations.edit(conversation, "local", question.id, "x", None, loaded),
        lambda: conversations.regenerate(conversation, "local", answer.id, None, loaded),
        lambda: conversations.resume(conversation, "local", answer.id, loaded),
        lambda: conversations.choose(conversation, "local", answer.id, loaded),
    ):
        with pytest.raises(Conflict, match="changed elsewhere"):
            call()
    conversations.pin(conversation, "local", True)  # the list is no part of what a page shows of a conversation
    conversations.choose(conversation, "local", answer.id, loaded + 1)


def test_nothing_moves_while_a_reply_is_written(conversations: Conversations) -> None:
    conversation, said, reply = conversations.say(conversations.create("local", "").id, "local", "one", None)
    for call in (
        lambda: conversations.edit(conversation.id, "local", said, "x", None),
        lambda: conversations.regenerate(conversation.id, "local", reply, None),
        lambda: conversations.choose(conversation.id, "local", said),
    ):
        with pytest.raises(Conflict, match="being written"):
            call()


def test_only_what_fits_is_edited_or_written_again(database: Database, conversations: Conversations) -> None:
    conversation = talk(database, conversations, 1)
    other = talk(database, conversations, 1)
    question, answer = conversations.messages(conversation, "local")
    foreign = conversations.messages(other, "local")[0]

    with pytest.raises(InvalidRequest):
        conversations.edit(conversation, "local", answer.id, "x", None)
    with pytest.raises(NotFound):
        conversations.edit(conversation, "local", foreign.id, "x", None)
    with pytest.raises(NotFound):
        conversations.choose(conversation, "boris", question.id)


def test_a_window_may_end_in_the_middle(database: Database, conversations: Conversations) -> None:
    conversation = talk(database, conversations, 5)
    whole = conversations.messages(conversation, "local")

    found = conversations.messages(conversation, "local", limit=3, until=whole[4].id)

    assert [message.id for message in found] == [message.id for message in whole[2:5]]


def test_messages_that_wait_are_taken_in_order_and_once(conversations: Conversations) -> None:
    conversation = conversations.create("local", "").id
    first, second, third = (conversations.enqueue(conversation, "local", text) for text in ("a", "b", "c"))

    assert conversations.take_queued(conversation, "local", second.id) == second
    assert conversations.take_queued(conversation, "local", second.id) is None
    assert [message.content for message in conversations.queued(conversation, "local")] == ["a", "c"]
    assert conversations.take_queued(conversation, "local") == first
    assert conversations.take_queued(conversation, "local") == third
    with pytest.raises(NotFound):
        conversations.take_queued(conversation, "boris")
