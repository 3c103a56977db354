"""Conversations: branches, pages, revisions, owners, and what stays when one is deleted."""

import dataclasses
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from contract.errors import Conflict, InvalidRequest, NotFound, PreconditionFailed
from contract.ids import new_id
from store import Conversation, Conversations, Database, Interaction, Interactions, JobRow, Jobs
from store.database import now
from store.message_tree import TITLE_CHARACTERS
from tests.store.talking import finish, talk


@pytest.fixture
def conversations(database: Database) -> Conversations:
    return Conversations(database)


def test_a_branch_is_read_from_its_root_to_its_leaf(database: Database, conversations: Conversations) -> None:
    conversation = talk(database, conversations, 3)

    found = conversations.messages(conversation, "local")

    assert [message.content for message in found] == [
        text for number in range(3) for text in (f"question {number}", f"answer {number}")
    ]
    assert [message.parent_id for message in found] == [None, *(message.id for message in found[:-1])]
    assert found[-1].figures == {"tokens_out": 1}


def test_a_side_branch_is_not_in_view(database: Database, conversations: Conversations) -> None:
    conversation = talk(database, conversations, 2)
    first = conversations.messages(conversation, "local")[0]
    database.write(
        lambda db: db.execute(
            """INSERT INTO messages (id, conversation_id, parent_id, role, content, state, created_at)
               VALUES ('side', ?, ?, 'assistant', 'another answer', 'done', ?)""",
            (conversation, first.id, now()),
        )
    )
    assert "another answer" not in [m.content for m in conversations.messages(conversation, "local")]

    database.write(lambda db: db.execute("UPDATE conversations SET leaf_id = 'side' WHERE id = ?", (conversation,)))
    assert [m.content for m in conversations.messages(conversation, "local")] == ["question 0", "another answer"]


def test_pages_before_a_message_join_without_a_gap_or_a_double(
    database: Database, conversations: Conversations
) -> None:
    conversation = talk(database, conversations, 12)
    whole = [message.id for message in conversations.messages(conversation, "local")]

    pages: list[str] = []
    before = None
    while page := conversations.messages(conversation, "local", limit=5, before=before):
        assert len(page) <= 5
        pages = [*(message.id for message in page), *pages]
        before = page[0].id

    assert pages == whole
    assert conversations.messages(conversation, "local", limit=5, before="no such message") == []


def test_a_stale_page_gets_a_conflict_and_the_history_stays(database: Database, conversations: Conversations) -> None:
    conversation = conversations.create("local", "")
    loaded = conversation.revision
    _, _, reply = conversations.say(conversation.id, "local", "from one tab", None, loaded)
    finish(database, reply)

    with pytest.raises(Conflict, match="changed elsewhere") as caught:
        conversations.say(conversation.id, "local", "from the stale tab", None, loaded)

    assert caught.value.details["revision"] == conversations.get(conversation.id, "local").revision
    assert [m.content for m in conversations.messages(conversation.id, "local")] == ["from one tab", "Fine."]


def test_nobody_speaks_while_a_reply_is_written(database: Database, conversations: Conversations) -> None:
    conversation = conversations.create("local", "")
    now_, _, reply = conversations.say(conversation.id, "local", "one", None)

    with pytest.raises(Conflict, match="being written"):
        conversations.say(conversation.id, "local", "two", None, now_.revision)

    finish(database, reply)
    conversations.say(conversation.id, "local", "two", None, now_.revision)  # the reply's end is no news to its page


def test_an_id_of_another_owner_is_not_found_by_any_call(database: Database, conversations: Conversations) -> None:
    conversation = talk(database, conversations, 1, owner="anna")
    message = conversations.messages(conversation, "anna")[0].id

    for call in (
        lambda: conversations.get(conversation, "boris"),
        lambda: conversations.messages(conversation, "boris"),
        lambda: conversations.say(conversation, "boris", "hello", None),
        lambda: conversations.rename(conversation, "boris", "mine"),
        lambda: conversations.delete(conversation, "boris"),
        lambda: conversations.conversation_of(message, "boris"),
    ):
        with pytest.raises(NotFound):
            call()
    assert conversations.all("boris") == []
    assert conversations.get(conversation, "anna").title == "question 0"


def test_a_deleted_conversation_leaves_its_figures_and_no_text(
    database: Database, conversations: Conversations
) -> None:
    conversation, _, reply = conversations.say(conversations.create("local", "").id, "local", "my secret", None)
    jobs = Jobs(database)
    row = JobRow(
        id=new_id(),
        owner="local",
        via="ui",
        kind="chat",
        state="queued",
        created_at=now(),
        instance="here",
        input="my secret",
        reply_id=reply,
    )
    interaction = Interaction(
        id=new_id(),
        created_at=now(),
        kind="chat",
        via="ui",
        owner="local",
        status="done",
        conversation_id=conversation.id,
        input="my secret",
        output="your secret",
        tokens_out=7,
    )
    jobs.add(row)
    finish(database, reply, "your secret", row.id)
    database.write(lambda db: Interactions.append(db, interaction))

    conversations.delete(conversation.id, "local")
    assert conversations.purge(now()) == 1
    # A reply that ends after the deletion must not bring the texts back.
    database.write(lambda db: Interactions.append(db, dataclasses.replace(interaction, id=new_id())))
    database.write(lambda db: Jobs.finish(db, row.id, "done", None, None, None))

    assert conversations.all("local") == []
    log = Interactions(database).latest("local")
    assert [(entry["tokens_out"], entry["input"], entry["output"]) for entry in log] == [(7, None, None)] * 2
    found = jobs.get(row.id)
    assert found is not None and found.input is None
    for (table,) in database.rows("SELECT name FROM sqlite_master WHERE type = 'table'"):
        assert "secret" not in str([tuple(r) for r in database.rows(f"SELECT * FROM {table}")]), table


def test_a_job_outside_any_conversation_keeps_its_text(database: Database) -> None:
    jobs = Jobs(database)
    job = JobRow(
        id=new_id(), owner="local", via="api", kind="chat", state="queued", created_at=now(), instance="x", input="hi"
    )
    jobs.add(job)
    database.write(lambda db: Jobs.finish(db, job.id, "done", "echo-chat", None, None))

    found = jobs.get(job.id)
    assert found is not None and (found.input, found.state) == ("hi", "done")


def test_a_reply_without_a_job_is_cut_off_and_one_with_a_job_is_not(
    database: Database, conversations: Conversations
) -> None:
    _, _, orphan = conversations.say(conversations.create("local", "").id, "local", "one", None)
    _, _, living = conversations.say(conversations.create("local", "").id, "local", "two", None)
    job = JobRow(
        id=new_id(),
        owner="local",
        via="ui",
        kind="chat",
        state="running",
        created_at=now(),
        instance="x",
        reply_id=living,
    )
    Jobs(database).add(job)

    assert conversations.cut_off("cut off", before="2000-01-01") == 0
    assert conversations.cut_off("cut off", before=now()) == 1

    found = {message_id: conversations.message(message_id) for message_id in (orphan, living)}
    assert found[orphan] is not None and found[orphan].state == "interrupted"
    assert found[living] is not None and found[living].state == "growing"


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("  Tell me\tabout   bees \nand more", "Tell me about bees"),
        ("word " * 40, ("word " * 12).strip() + "…"),
        ("x" * 100, "x" * TITLE_CHARACTERS + "…"),
        ("źdźbło 🌾 'quoted' \"text\"; DROP TABLE messages", "źdźbło 🌾 'quoted' \"text\"; DROP TABLE messages"),
    ],
)
def test_a_conversation_is_called_by_the_first_line_said(conversations: Conversations, text: str, title: str) -> None:
    conversation, _, _ = conversations.say(conversations.create("local", "").id, "local", text, None)

    assert conversation.title == title


def test_the_last_changed_conversation_comes_first(database: Database, conversations: Conversations) -> None:
    first, second = (conversations.create("local", title) for title in ("first", "second"))
    database.write(lambda db: db.execute("UPDATE conversations SET updated_at = '2001' WHERE id = ?", (second.id,)))

    assert [conversation.title for conversation in conversations.all("local")] == ["first", "second"]
    assert conversations.all("local", limit=1)[0].id == first.id


def test_a_long_conversation_is_read_by_its_last_page_quickly(database: Database, conversations: Conversations) -> None:
    conversation = conversations.create("local", "long")

    def fill(db: object) -> None:
        parent = None
        for number in range(3_000):
            db.execute(
                """INSERT INTO messages (id, conversation_id, parent_id, role, content, state, created_at)
                   VALUES (?, ?, ?, 'user', ?, 'done', ?)""",
                (f"m{number}", conversation.id, parent, "x" * 500, now()),
            )
            parent = f"m{number}"
        db.execute("UPDATE conversations SET leaf_id = ? WHERE id = ?", (parent, conversation.id))

    database.write(fill)

    page = conversations.messages(conversation.id, "local", limit=50)

    assert [message.id for message in page] == [f"m{number}" for number in range(2_950, 3_000)]


def test_a_deleted_conversation_comes_back_until_it_is_purged(database: Database, conversations: Conversations) -> None:
    conversation = talk(database, conversations, 1)
    conversations.delete(conversation, "local")

    assert conversations.all("local") == []
    with pytest.raises(NotFound):
        conversations.messages(conversation, "local")
    with pytest.raises(NotFound):
        conversations.restore(conversation, "boris")
    assert conversations.restore(conversation, "local").title == "question 0"
    assert len(conversations.messages(conversation, "local")) == 2

    conversations.delete(conversation, "local")
    assert conversations.purge("2001") == 0
    assert conversations.purge(now()) == 1
    with pytest.raises(NotFound):
        conversations.restore(conversation, "local")


def test_a_chain_of_thousands_of_messages_can_be_purged(database: Database, conversations: Conversations) -> None:
    conversation = talk(database, conversations, 1_200)
    conversations.delete(conversation, "local")

    assert conversations.purge(now()) == 1
    assert database.rows("SELECT count(*) FROM messages")[0][0] == 0


def test_conversations_are_pinned_archived_filed_and_tagged(database: Database, conversations: Conversations) -> None:
    one, two = talk(database, conversations, 1), talk(database, conversations, 1)
    revision = conversations.get(one, "local").revision

    assert conversations.pin(one, "local", True).pinned
    assert conversations.archive(two, "local", True).archived
    assert conversations.file(one, "local", "  My   folder ").folder == "My folder"
    assert conversations.tag(one, "local", ["Work", "work", " ", "home"]).tags == ("home", "work")
    assert conversations.get(one, "local").revision == revision
    assert [found.id for found in conversations.all("local", archived=False)] == [one]
    assert [found.id for found in conversations.all("local", archived=True)] == [two]
    assert conversations.folders("local") == ["My folder"]
    with pytest.raises(InvalidRequest, match="tag has 61 characters"):
        conversations.tag(one, "local", ["x" * 61])
    with pytest.raises(NotFound):
        conversations.pin(one, "boris", True)


def test_a_title_that_a_person_gave_is_not_replaced(database: Database, conversations: Conversations) -> None:
    conversation = talk(database, conversations, 1)
    conversations.propose_title(conversation, "local", "By the model")
    assert conversations.get(conversation, "local").title_by == "model"
    conversations.rename(conversation, "local", "By me")
    conversations.propose_title(conversation, "local", "By the model again")

    assert conversations.get(conversation, "local").title == "By me"


def test_a_pinned_conversation_stays_in_a_full_list(database: Database, conversations: Conversations) -> None:
    oldest, _, newest = (talk(database, conversations, 1) for _ in range(3))
    conversations.pin(oldest, "local", True)

    assert [found.id for found in conversations.all("local", limit=2)] == [newest, oldest]


def test_what_a_change_demands_is_looked_at_inside_the_write(conversations: Conversations) -> None:
    """The second writer asks while the first is between its check and its write."""
    conversation = conversations.create("local", "Old").id
    inside, asked, seen = threading.Event(), threading.Event(), list[str]()

    def first_demands(found: Conversation) -> None:
        seen.append(found.title)
        inside.set()
        assert asked.wait(30)

    def second_demands(found: Conversation) -> None:
        seen.append(found.title)
        raise PreconditionFailed(f"It is called {found.title}.")

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(conversations.change, conversation, "local", title="First", revision=first_demands)
        assert inside.wait(30)
        second = pool.submit(conversations.delete, conversation, "local", second_demands)
        asked.set()
        assert first.result(60).title == "First"
        with pytest.raises(PreconditionFailed):
            second.result(60)

    assert seen == ["Old", "First"]
    assert conversations.get(conversation, "local").title == "First"
