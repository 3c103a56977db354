"""Conversations by way of the Studio: replies that grow, fail and are refused."""

import pytest

from store.database import now
from studio import (
    Caller,
    ChatSettings,
    Conflict,
    Done,
    EngineFailed,
    InputTooLarge,
    InvalidRequest,
    LaneFull,
    NotFound,
    Studio,
    StudioError,
    UnknownModel,
)
from studio.lanes import Lane, LaneSize
from tests.echo_models import until
from tests.studio.asking import LOCAL, chat, only_row, rows

# Conversations


def test_a_reply_grows_in_the_store_while_it_is_written(odd_studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studio.run.SAVE_EVERY_S", 0.01)
    conversation, job = odd_studio.say(
        None, "word " * 200, LOCAL, settings=ChatSettings(model="slow-chat", temperature=0.5)
    )

    def stored() -> str:
        return odd_studio.conversations.messages(conversation.id, "local")[-1].content

    until(lambda: stored().count("word") >= 2)
    first = stored()
    until(lambda: len(stored()) > len(first))
    reply = odd_studio.conversations.messages(conversation.id, "local")[-1]
    assert (reply.state, reply.job_id) == ("growing", job.id)
    assert job.text().startswith(first)

    job.cancel()
    job.wait()
    reply = odd_studio.conversations.messages(conversation.id, "local")[-1]
    assert (reply.state, reply.content) == ("cancelled", job.text())


def test_a_conversation_goes_on_with_what_was_said_before(echo_studio: Studio) -> None:
    conversation, job = echo_studio.say(None, "My name is Ada.", LOCAL, system="Be brief.")
    job.wait()
    conversation, job = echo_studio.say(conversation.id, "And you?", LOCAL, revision=conversation.revision)
    job.wait()

    assert [(m.role, m.content) for m in job.request.messages] == [
        ("user", "My name is Ada."),
        ("assistant", "My name is Ada."),
        ("user", "And you?"),
    ]
    reply = echo_studio.conversations.messages(conversation.id, "local")[-1]
    assert (reply.state, reply.content, reply.model) == ("done", "And you?", "echo-chat")
    assert reply.figures["tokens_out"] == 2 and reply.figures["first_output_s"] > 0
    assert [row["conversation_id"] for row in rows(echo_studio)] == [conversation.id] * 2


def test_a_failed_reply_keeps_what_it_had_and_the_conversation_goes_on(odd_studio: Studio) -> None:
    conversation, job = odd_studio.say(None, "one two three", LOCAL, settings=ChatSettings(model="breaks-chat"))
    with pytest.raises(EngineFailed):
        job.wait()

    reply = odd_studio.conversations.messages(conversation.id, "local")[-1]
    assert (reply.state, reply.content) == ("failed", "one")
    assert reply.error_message is not None and "failed after 1" in reply.error_message
    _, job = odd_studio.say(conversation.id, "again", LOCAL, settings=ChatSettings(model="loads-slowly"))
    assert job.wait() == Done()


@pytest.mark.parametrize(
    ("text", "model", "error"),
    [("", None, InvalidRequest), ("x" * 400_001, None, InputTooLarge), ("hello", "no-such-model", UnknownModel)],
)
def test_a_refused_message_leaves_a_row_and_a_conversation_that_goes_on(
    echo_studio: Studio, text: str, model: str | None, error: type[StudioError]
) -> None:
    conversation, job = echo_studio.say(None, "first", LOCAL)
    job.wait()

    with pytest.raises(error):
        echo_studio.say(conversation.id, text, LOCAL, settings=ChatSettings(model=model))

    assert [row["status"] for row in rows(echo_studio)] == ["done", "refused"]
    assert rows(echo_studio)[1]["conversation_id"] == conversation.id
    _, job = echo_studio.say(conversation.id, "second", LOCAL)
    assert job.wait() == Done()


def test_a_stale_page_is_told_and_logged(echo_studio: Studio) -> None:
    conversation, job = echo_studio.say(None, "first", LOCAL)
    job.wait()

    with pytest.raises(Conflict):
        echo_studio.say(conversation.id, "stale", LOCAL, revision=conversation.revision - 1)

    assert [(row["status"], row["error_code"]) for row in rows(echo_studio)] == [
        ("done", None),
        ("refused", "conflict"),
    ]


def test_a_full_lane_closes_the_reply_that_was_begun(echo_studio: Studio) -> None:
    lane = echo_studio.lanes["echo"]
    echo_studio.lanes["echo"] = Lane("echo", LaneSize(0, 0), lane._run, lane._drop)
    with pytest.raises(LaneFull):
        echo_studio.say(None, "hello", LOCAL)
    echo_studio.lanes["echo"] = lane

    [conversation] = echo_studio.conversations.all("local")
    said, reply = echo_studio.conversations.messages(conversation.id, "local")
    assert (said.content, reply.state) == ("hello", "failed")
    assert only_row(echo_studio)["status"] == "refused"


def test_nobody_writes_into_somebody_elses_conversation(echo_studio: Studio) -> None:
    conversation, job = echo_studio.say(None, "mine", Caller(owner="anna"))
    job.wait()
    reply = echo_studio.conversations.messages(conversation.id, "anna")[-1]
    boris = Caller(owner="boris")

    with pytest.raises(NotFound):
        echo_studio.say(conversation.id, "also mine", boris)
    with pytest.raises(NotFound):
        echo_studio.submit(chat("overwritten", reply_id=reply.id), boris)

    rows(echo_studio)
    assert [m.content for m in echo_studio.conversations.messages(conversation.id, "anna")] == ["mine", "mine"]


def test_a_conversation_deleted_while_its_reply_is_written_leaves_no_text(odd_studio: Studio) -> None:
    conversation, job = odd_studio.say(None, "a secret " * 20, LOCAL, settings=ChatSettings(model="slow-chat"))
    until(lambda: "secret" in job.text())

    odd_studio.delete_conversation(conversation.id, LOCAL)
    job.wait()
    assert odd_studio.conversations.purge(now()) == 1

    row = only_row(odd_studio)
    assert (row["status"], row["input"], row["output"]) == ("cancelled", None, None)
    database = odd_studio._database
    for (table,) in database.rows("SELECT name FROM sqlite_master WHERE type = 'table'"):
        assert "secret" not in str([tuple(found) for found in database.rows(f"SELECT * FROM {table}")]), table
