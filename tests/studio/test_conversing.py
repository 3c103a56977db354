"""Branches, continuation, waiting messages, private chats and titles, by way of the Studio."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from studio import (
    Caller,
    ChatSettings,
    Conflict,
    Done,
    InvalidRequest,
    NotFound,
    Settings,
    Studio,
    UnknownModel,
    titles,
)
from studio.conversing import system_of
from tests.echo_models import until
from tests.serving import use_models
from tests.studio.asking import LOCAL, chat, only_row, rows

SLOW = ChatSettings(model="slow-chat")


def texts(studio: Studio, conversation_id: str) -> list[str]:
    return [message.content for message in studio.conversations.messages(conversation_id, "local")]


def last(studio: Studio, conversation_id: str):
    return studio.conversations.messages(conversation_id, "local")[-1]


def test_an_edited_message_is_answered_on_a_branch_of_its_own(echo_studio: Studio) -> None:
    conversation, job = echo_studio.say(None, "one", LOCAL)
    job.wait()
    conversation, job = echo_studio.say(conversation.id, "two", LOCAL)
    job.wait()
    second = echo_studio.conversations.messages(conversation.id, "local")[2]

    conversation, job = echo_studio.edit(conversation.id, second.id, "deux", LOCAL, revision=conversation.revision)
    job.wait()

    assert texts(echo_studio, conversation.id) == ["one", "one", "deux", "deux"]
    assert [message.content for message in job.request.messages] == ["one", "one", "deux"]


def test_a_reply_is_written_again_by_another_model(odd_studio: Studio) -> None:
    conversation, job = odd_studio.say(None, "one two", LOCAL, settings=SLOW)
    job.wait()
    first = last(odd_studio, conversation.id)

    _, job = odd_studio.regenerate(conversation.id, first.id, LOCAL, settings=ChatSettings(model="loads-slowly"))
    job.wait()

    second = last(odd_studio, conversation.id)
    assert (second.model, second.parent_id) == ("loads-slowly", first.parent_id)
    assert [message.role for message in job.request.messages] == ["user"]


def test_a_stopped_reply_goes_on_from_where_it_was(odd_studio: Studio) -> None:
    text = " ".join(f"w{number}" for number in range(60))
    conversation, job = odd_studio.say(None, text, LOCAL, settings=SLOW)
    until(lambda: len(job.text()) > 10)
    job.cancel()
    job.wait()
    begun = last(odd_studio, conversation.id)
    assert begun.can_go_on and text.startswith(begun.content)

    conversation, job = odd_studio.resume(conversation.id, begun.id, LOCAL, settings=SLOW)
    assert job.wait() == Done()

    reply = last(odd_studio, conversation.id)
    assert (reply.id, reply.content, reply.state) == (begun.id, text, "done")
    assert rows(odd_studio)[-1]["output"] == text.removeprefix(begun.content)


def test_a_continued_reply_that_is_stopped_before_its_first_word_loses_nothing(odd_studio: Studio) -> None:
    conversation, job = odd_studio.say(None, "one two three", LOCAL, settings=ChatSettings(model="breaks-chat"))
    until(lambda: job.finished)
    begun = last(odd_studio, conversation.id)

    _, job = odd_studio.resume(conversation.id, begun.id, LOCAL, settings=ChatSettings(model="loads-slowly"))
    job.cancel()
    job.wait()

    assert (last(odd_studio, conversation.id).content, begun.content) == ("one", "one")


def test_a_refused_continuation_leaves_the_reply_as_it_was(odd_studio: Studio) -> None:
    conversation, job = odd_studio.say(None, "one two three", LOCAL, settings=ChatSettings(model="breaks-chat"))
    until(lambda: job.finished)
    begun = last(odd_studio, conversation.id)

    with pytest.raises(UnknownModel):
        odd_studio.resume(conversation.id, begun.id, LOCAL, settings=ChatSettings(model="no-such-model"))

    assert last(odd_studio, conversation.id).content == "one"
    assert last(odd_studio, conversation.id).can_go_on


def test_a_conversation_keeps_its_settings(echo_studio: Studio) -> None:
    settings = ChatSettings(temperature=0.3, top_k=5, stop=("END",), seed=7)
    conversation, job = echo_studio.say(None, "hello", LOCAL, system="Be brief.", settings=settings)
    job.wait()

    kept = echo_studio.conversations.get(conversation.id, "local").settings
    assert ChatSettings.of(kept) == settings
    assert system_of(kept) == "Be brief."


@pytest.mark.parametrize(
    "kept", [{}, {"temperature": "hot", "stop": "END", "model": 5, "system": []}, {"stop": [1, None], "top_k": True}]
)
def test_odd_settings_are_the_models_own(kept: dict[str, object]) -> None:
    assert ChatSettings.of(kept) == ChatSettings()
    assert system_of(kept) == ""


def test_a_waiting_message_is_sent_once_the_reply_is_done(odd_studio: Studio) -> None:
    conversation, job = odd_studio.say(None, "a b c d e", LOCAL, system="Short.", settings=SLOW)
    for text in ("second", "third"):
        odd_studio.enqueue(conversation.id, text, LOCAL)
    job.wait()

    until(lambda: texts(odd_studio, conversation.id)[2:] == ["second", "second", "third", "third"])
    assert odd_studio.conversations.queued(conversation.id, "local") == []
    reply = last(odd_studio, conversation.id)
    until(lambda: odd_studio.conversations.message(reply.id).state == "done")
    assert reply.model == "slow-chat"


def test_after_a_stopped_reply_a_waiting_message_waits_for_the_person(odd_studio: Studio) -> None:
    conversation, job = odd_studio.say(None, "a b c d e " * 20, LOCAL, settings=SLOW)
    waiting = odd_studio.enqueue(conversation.id, "next", LOCAL)
    job.cancel()
    job.wait()
    odd_studio.background.close()  # whatever it was told is done

    assert odd_studio.conversations.queued(conversation.id, "local") == [waiting]
    sent = odd_studio.send_queued(conversation.id, LOCAL, waiting.id)
    assert sent is not None
    sent[1].wait()
    assert texts(odd_studio, conversation.id)[2:] == ["next", "next"]


def test_a_message_queued_after_the_end_is_sent_all_the_same(echo_studio: Studio) -> None:
    conversation, job = echo_studio.say(None, "first", LOCAL)
    job.wait()
    echo_studio.enqueue(conversation.id, "second", LOCAL)

    until(lambda: texts(echo_studio, conversation.id)[2:] == ["second", "second"])


def test_an_empty_waiting_message_is_refused_and_others_cannot_queue(echo_studio: Studio) -> None:
    conversation, job = echo_studio.say(None, "first", LOCAL)
    job.wait()
    with pytest.raises(InvalidRequest):
        echo_studio.enqueue(conversation.id, "  ", LOCAL)
    with pytest.raises(NotFound):
        echo_studio.enqueue(conversation.id, "hello", Caller(owner="boris"))


def test_a_private_request_leaves_its_figures_and_not_a_word(echo_studio: Studio) -> None:
    job = echo_studio.submit(chat("my secret plan", private=True), LOCAL)
    job.wait()

    row = only_row(echo_studio)
    assert (row["tokens_in"], row["tokens_out"], row["input"], row["output"]) == (3, 3, None, None)
    database = echo_studio._database
    for (table,) in database.rows("SELECT name FROM sqlite_master WHERE type = 'table'"):
        assert "secret" not in str([tuple(found) for found in database.rows(f"SELECT * FROM {table}")]), table


def test_a_deleted_conversation_stops_its_reply_and_comes_back(odd_studio: Studio) -> None:
    conversation, job = odd_studio.say(None, "a b c " * 50, LOCAL, settings=SLOW)
    until(lambda: job.text())
    odd_studio.delete_conversation(conversation.id, LOCAL)
    job.wait()

    assert job.state == "cancelled"
    odd_studio.conversations.restore(conversation.id, "local")
    assert last(odd_studio, conversation.id).content == job.text()


def test_nothing_is_said_beside_a_growing_reply(odd_studio: Studio) -> None:
    conversation, job = odd_studio.say(None, "a b c " * 50, LOCAL, settings=SLOW)
    question, reply = odd_studio.conversations.messages(conversation.id, "local")
    with pytest.raises(Conflict):
        odd_studio.edit(conversation.id, question.id, "x", LOCAL)
    with pytest.raises(Conflict):
        odd_studio.regenerate(conversation.id, reply.id, LOCAL)
    job.cancel()


# Titles


@pytest.mark.parametrize(
    ("answer", "title"),
    [
        ('Title: "Why the sky is blue"', "Why the sky is blue"),
        ("**Blue sky**\nHere is more", "Blue sky"),
        ("# sky colours", "Sky colours"),
        ("Why the **sky** is *blue*", "Why the sky is blue"),
        ("`Blue` ~~red~~ _sky_ [colours](http://x.example/a_b)", "Blue red sky colours"),
        ("__Blue sky__ in snake_case", "Blue sky in snake_case"),
        ("- **Title:** Blue *sky*", "Blue sky"),
        ("Tytuł: „Kolor nieba”", "Kolor nieba"),
        ("I am an assistant made to help.", None),
        ("the sky " * 20, None),
        ("", None),
        ("???", None),
    ],
)
def test_a_title_is_cleaned_and_must_be_about_the_conversation(answer: str, title: str | None) -> None:
    said = ["Why is the blue sky blue, and what colours has it? Kolor nieba?", "It scatters."]
    assert titles.clean(answer, [*said, "sky colours"]) == title


@pytest.fixture
def real_studio(tmp_path: Path, starters: Path) -> Iterator[Studio]:
    use_models(tmp_path, starters, ["smollm2-135m"])
    with Studio.open(Settings(data_dir=tmp_path, ollama_host="http://127.0.0.1:9", no_starters=True)) as studio:
        yield studio


def test_the_model_is_asked_for_a_title_after_the_first_exchange_and_never_in_the_way(real_studio: Studio) -> None:
    settings = ChatSettings(max_tokens=24, temperature=0.0)
    conversation, job = real_studio.say(None, "Why is the sky blue?", LOCAL, settings=settings)
    job.wait()
    until(lambda: len(rows(real_studio)) == 2, 60)

    asked = rows(real_studio)[1]
    assert asked["status"] == "done" and asked["input"] is None and asked["output"] is None
    assert asked["tokens_out"] <= titles.MAX_TOKENS
    # The first turns are in the prompt cache already.
    assert asked["tokens_cached"] > 20
    real_studio.background.close()
    found = real_studio.conversations.get(conversation.id, "local")
    assert "sky" in found.title.lower()

    # Who writes on does not wait for a title that is being made.
    conversation, job = real_studio.say(None, "Tell me about bees.", LOCAL, settings=settings)
    job.wait()
    real_studio._name(conversation.id, job)
    naming = [other for other in real_studio.jobs(LOCAL) if other.id != job.id]
    _, job = real_studio.say(conversation.id, "And wasps?", LOCAL, settings=settings)
    assert all(other.stop.is_set() for other in naming)
    assert job.wait() is not None
