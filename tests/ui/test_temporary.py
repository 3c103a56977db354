"""A temporary chat: followed and stopped like any other, and not a word of it is written anywhere."""

from studio import Studio
from tests.ui.conftest import Asked, everything, shown, text_of
from tests.ui.test_chat import LONG, NEW, click, given, panel_of, say
from ui.chat import ChatPanel
from ui.held import Temporary
from ui.panel import Updates
from ui.temporary import TemporaryChat


def sent(panel: ChatPanel, text: str, temporary: object) -> dict[object, object]:
    return {**given(panel, text), panel.temporary: temporary}


def written(studio: Studio) -> str:
    """Return every row of every table, and every file of the data folder, as one text."""
    database = studio._database
    tables = database.rows("SELECT name FROM sqlite_master WHERE type = 'table'")
    rows = [tuple(row) for (table,) in tables for row in database.rows(f"SELECT * FROM {table}")]
    files = [path.read_bytes() for path in studio.settings.data_dir.rglob("*") if path.is_file()]
    return f"{rows} {files}"


async def test_its_messages_are_answered_together_marked_and_nowhere_in_the_store(echo: Studio, ask: Asked) -> None:
    panel = panel_of(echo)
    chat = TemporaryChat(panel)
    page = chat.begin(ask())
    assert "Temporary chat" in str(page[panel.title]) and "gone when you reload" in str(page[panel.title])
    assert "Czat tymczasowy" in str(chat.begin(ask(language="pl"))[panel.title])

    for text in ("my hidden plan", "another hidden"):
        page |= shown(await everything(panel.send(sent(panel, text, page[panel.temporary]), ask())))

    assert text_of(page[panel.history]) == ["my hidden plan", "my hidden plan", "another hidden", "another hidden"]
    assert page[panel.live] == [] and page[panel.ask] == ""
    assert "2 tokens" in str(page[panel.status])
    assert [message.role for message in page[panel.temporary].messages] == ["user", "assistant"] * 2  # type: ignore[attr-defined]
    assert echo.conversations.all("local") == []
    assert "hidden" not in str(page[panel.sidebar.list])
    figures = echo._database.rows("SELECT tokens_in, tokens_out FROM interactions ORDER BY id")
    assert [tuple(row) for row in figures] == [(3, 3), (8, 2)]
    assert "hidden" not in written(echo)
    await say(panel, "an open word", ask())
    assert "open word" in written(echo), "the look at the store sees what is written"


async def test_a_reload_or_another_conversation_ends_it(echo: Studio, ask: Asked) -> None:
    panel = panel_of(echo)
    page = TemporaryChat(panel).begin(ask())
    page |= shown(await everything(panel.send(sent(panel, "secret", page[panel.temporary]), ask())))
    again = shown(await everything(panel.load(page[panel.place], ask("reloaded"))))  # type: ignore[arg-type]
    assert again[panel.temporary] is None and again[panel.history] == []

    kept = shown(await say(panel, "kept", ask()))
    assert kept[panel.temporary] is None
    opened = click(act="open", id=echo.conversations.all("local")[0].id)
    there = shown(await everything(panel.act_on_list(page[panel.place], ask(), opened)))  # type: ignore[arg-type]
    assert there[panel.temporary] is None and text_of(there[panel.history]) == ["kept", "kept"]


async def test_stop_keeps_what_came_and_takes_no_second_message_meanwhile(slow_echo: Studio, ask: Asked) -> None:
    panel = panel_of(slow_echo)
    chat = TemporaryChat(panel)
    page: Updates = {}
    async for update in panel.send(sent(panel, LONG, Temporary()), ask()):
        page |= update
        if page.get(panel.live):
            running = page[panel.temporary]
            if isinstance(running, Temporary) and running.job_id:
                second = shown(await everything(panel.send(sent(panel, "second", running), ask())))
                assert second[panel.ask] == "second" and "A reply is being written" in str(second[panel.note])
                assert "Not found" in str(chat.stop(running, ask(owner="bob")))
                panel.stop(NEW, ask())
                chat.stop(running, ask())

    texts = text_of(page[panel.history])
    assert texts[0] == LONG and LONG.startswith(texts[1]) and texts[1] != LONG
    assert "Stopped." in str(page[panel.status]) and page[panel.temporary].job_id == ""  # type: ignore[attr-defined]


async def test_who_leaves_stops_the_reply(slow_echo: Studio, ask: Asked) -> None:
    panel = panel_of(slow_echo)
    page: Updates = {}
    async for update in panel.send(sent(panel, LONG, Temporary()), ask()):
        page |= update
        if page.get(panel.live):
            (job,) = slow_echo.jobs(None)
            await everything(panel.new(ask()))
    job.wait()
    assert job.state == "cancelled"


async def test_a_refused_message_goes_back_into_its_box(echo: Studio, ask: Asked) -> None:
    panel = panel_of(echo)
    page = shown(await everything(panel.send({**sent(panel, "hello", Temporary()), panel.drawer.top_p: 7}, ask())))
    assert "top_p is 7" in str(page[panel.status]) and page[panel.ask] == "hello"
    assert panel.temporary not in page


async def test_a_message_is_edited_and_a_reply_written_again_and_what_came_after_goes(echo: Studio, ask: Asked) -> None:
    panel = panel_of(echo)
    page = TemporaryChat(panel).begin(ask())
    for text in ("one", "two"):
        page |= shown(await everything(panel.send(sent(panel, text, page[panel.temporary]), ask())))
    facts = str(page[panel.facts])
    assert facts.count('data-act="edit"') == facts.count('data-act="again"') == 2
    assert "speak" not in facts and "translate" not in facts

    event = click(act="edit", id="2")
    page |= shown(await everything(panel.act_on_message(sent(panel, "", page[panel.temporary]), ask(), event)))
    assert page[panel.ask] == "two" and "replaces what came after" in str(page[panel.note])
    given_ = {**sent(panel, "deux", page[panel.temporary]), panel.editing: page[panel.editing]}
    page |= shown(await everything(panel.send(given_, ask())))
    assert text_of(page[panel.history]) == ["one", "one", "deux", "deux"] and page[panel.editing] == ""

    event = click(act="again", id="1", model="echo-chat")
    page |= shown(await everything(panel.act_on_message(sent(panel, "kept", page[panel.temporary]), ask(), event)))
    assert text_of(page[panel.history]) == ["one", "one"]
    for odd in ({"act": "again", "id": "0"}, {"act": "edit", "id": "9"}, {"act": "go_on", "id": "x"}):
        given_ = sent(panel, "", page[panel.temporary])
        assert await everything(panel.act_on_message(given_, ask(), click(**odd))) == []
    assert "deux" not in written(echo)


async def test_a_refused_second_try_leaves_the_first_reply(echo: Studio, ask: Asked) -> None:
    panel = panel_of(echo)
    page = TemporaryChat(panel).begin(ask())
    page |= shown(await everything(panel.send(sent(panel, "one", page[panel.temporary]), ask())))
    event = click(act="again", id="1", model="gone")
    told = shown(await everything(panel.act_on_message(sent(panel, "", page[panel.temporary]), ask(), event)))
    assert "no model called" in str(told[panel.status]) and panel.history not in told and panel.ask not in told
