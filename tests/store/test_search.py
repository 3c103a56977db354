"""Search: words, phrases, filters, owners, and an index that follows every change."""

import pytest

from contract.errors import InvalidRequest
from store import Conversations, Database, Search
from store.database import now
from store.search import parse
from tests.store.talking import finish, talk


@pytest.fixture
def conversations(database: Database) -> Conversations:
    return Conversations(database)


@pytest.fixture
def search(database: Database) -> Search:
    return Search(database)


def ask(database: Database, conversations: Conversations, text: str, answer: str, owner: str = "local") -> str:
    conversation, _, reply = conversations.say(conversations.create(owner, "A title").id, owner, text, None)
    finish(database, reply, answer)
    return conversation.id


def found(search: Search, query: str, owner: str = "local") -> list[str]:
    return ["".join(text for text, _ in hit.snippet) for hit in search.find(owner, query) if hit.message_id]


def test_words_are_found_in_questions_and_answers_the_newest_first(
    database: Database, conversations: Conversations, search: Search
) -> None:
    ask(database, conversations, "Where do bees live?", "In a hive.")
    ask(database, conversations, "And wasps?", "In a nest, not a hive like bees.")

    assert found(search, "bees") == ["In a nest, not a hive like bees.", "Where do bees live?"]
    assert found(search, "hive bees") == ["In a nest, not a hive like bees."]
    assert found(search, '"a hive like"') == ["In a nest, not a hive like bees."]
    assert found(search, "was") == ["And wasps?"]
    assert found(search, "was ") == []
    hit = search.find("local", "hive")[-1]
    assert hit.snippet == (("In a ", False), ("hive", True), (".", False))


@pytest.mark.parametrize(("query", "text"), [("zażółć", "Zażółć gęślą jaźń"), ("ZOŁC", "żółć"), ("naive", "naïve")])
def test_accents_and_case_do_not_matter(
    database: Database, conversations: Conversations, search: Search, query: str, text: str
) -> None:
    ask(database, conversations, text, "ok")
    assert found(search, query) == [text]


@pytest.mark.parametrize(
    "query", ['"', "AND", "a OR", "NEAR(", "*", "col:x", "(", "^a", "'; DROP TABLE m;--", "-", "\0a*"]
)
def test_no_query_is_an_operator_or_an_error(
    database: Database, conversations: Conversations, search: Search, query: str
) -> None:
    ask(database, conversations, "hello", "there")
    search.find("local", query)
    assert found(search, "hello") == ["hello"]


def test_filters_narrow_the_hits(database: Database, conversations: Conversations, search: Search) -> None:
    one = ask(database, conversations, "about bees", "yes, bees")
    ask(database, conversations, "bees again", "bees")
    conversations.tag(one, "local", ["Garden", " honey  pots "])
    conversations.file(one, "local", "Summer house")

    assert found(search, "bees tag:garden") == ["yes, bees", "about bees"]
    assert found(search, 'bees tag:"honey pots" folder:"summer house"') == ["yes, bees", "about bees"]
    assert found(search, "bees tag:other") == []
    assert found(search, "bees model:ECHO") == ["bees", "yes, bees"]
    assert len(found(search, "bees after:2001")) == 4
    assert found(search, "bees before:2001-02") == []
    assert [hit.conversation_id for hit in search.find("local", "tag:garden")] == [one]
    assert [hit.conversation_id for hit in search.find("local", "folder:nowhere")] == []


def test_a_wrong_date_says_how_one_is_written(search: Search) -> None:
    with pytest.raises(InvalidRequest, match="before:yesterday is no date"):
        search.find("local", "bees before:yesterday")


def test_titles_are_found_whatever_their_case(database: Database, conversations: Conversations, search: Search) -> None:
    conversation = talk(database, conversations, 1)
    conversations.rename(conversation, "local", "Łódź in winter")

    assert [(hit.title, hit.message_id) for hit in search.find("local", "łódź")] == [("Łódź in winter", None)]


def test_nobody_finds_what_is_not_theirs(database: Database, conversations: Conversations, search: Search) -> None:
    ask(database, conversations, "my secret", "kept", owner="anna")

    assert search.find("boris", "secret") == []
    assert len(search.find("anna", "secret")) == 1


def test_the_index_follows_growth_continuation_deletion_and_return(
    database: Database, conversations: Conversations, search: Search
) -> None:
    conversation, _, reply = conversations.say(conversations.create("local", "x").id, "local", "question", None)
    conversations.grow(reply, "unfinished words", "", "job")
    assert found(search, "unfinished") == []
    finish(database, reply, "finished words", state="cancelled")
    assert found(search, "finished") == ["finished words"]

    conversations.resume(conversation.id, "local", reply)
    finish(database, reply, "entirely other words")
    assert found(search, "finished") == []
    assert found(search, "entirely") == ["entirely other words"]

    conversations.delete(conversation.id, "local")
    assert found(search, "entirely") == []
    conversations.restore(conversation.id, "local")
    assert found(search, "entirely") == ["entirely other words"]
    conversations.delete(conversation.id, "local")
    conversations.purge(now())
    assert database.rows("SELECT * FROM messages_fts WHERE messages_fts MATCH 'entirely'") == []
    database.write(lambda db: db.execute("INSERT INTO messages_fts (messages_fts) VALUES ('integrity-check')"))


def test_a_query_is_taken_apart() -> None:
    query = parse('one tag:"two words" "exact words" thr')

    assert query.words == ("one", "exact words", "thr")
    assert query.tag == "two words"
    assert query.match == '"one" "exact words" "thr"*'
