"""Chat: stored before it is sent, followed from anywhere, and nobody sees another's."""

import asyncio
import itertools
from collections.abc import Mapping

import gradio as gr
import pytest
from gradio.components import Component

from studio import Caller, ChatRequest, Job, Kind, Studio
from tests.echo_models import until
from tests.ui.conftest import Asked, everything, shown, text_of
from ui.chat import ChatPanel
from ui.dashboard import build
from ui.follow import Turns
from ui.opened import WINDOW
from ui.panel import Updates
from ui.sidebar import Sidebar

LONG = " ".join(f"word{number}" for number in range(80))
NEW = {"id": "", "revision": 0}


def panel_of(studio: Studio) -> ChatPanel:
    """Return a chat panel laid out in a page of its own."""
    sidebar = Sidebar(studio)
    panel = ChatPanel(studio, Turns(), sidebar)
    with gr.Blocks():
        sidebar.build()
        panel.build()
    return panel


def given(panel: ChatPanel, text: str = "", place: object = NEW, **values: object) -> dict[Component, object]:
    """Return what a page sends along with an event."""
    drawer = panel.drawer
    fields = {drawer.temperature: 0.7, drawer.max_tokens: 1024, drawer.system: "", drawer.stops: ""}
    named = {getattr(drawer, name): value for name, value in values.items()}
    return {panel.ask: text, panel.place: place, panel.editing: "", **fields, **named}


async def say(panel: ChatPanel, text: str, request: gr.Request, place: Mapping[str, object] = NEW) -> list[Updates]:
    return await everything(panel.send(given(panel, text, place), request))


def click(**told: object) -> gr.EventData:
    return gr.EventData(None, told)


async def test_a_message_is_answered_kept_and_listed(echo: Studio, ask: Asked) -> None:
    panel = panel_of(echo)
    page = shown(await say(panel, "Hello there", ask()))
    assert text_of(page[panel.history]) == ["Hello there", "Hello there"]
    assert page[panel.live] == []
    assert "2 tokens" in str(page[panel.status])
    assert "Hello there" in str(page[panel.title])
    assert "Hello there" in str(page[panel.sidebar.list])
    assert page[panel.ask] == ""
    stored = echo.conversations.all("local")
    assert [message.content for message in echo.conversations.messages(stored[0].id, "local")] == ["Hello there"] * 2


async def test_text_that_was_sent_to_the_page_is_only_added_to(slow_echo: Studio, ask: Asked) -> None:
    panel = panel_of(slow_echo)
    updates = await say(panel, LONG, ask())
    grown = [text_of(update[panel.live])[-1] for update in updates if update.get(panel.live)]
    assert len(grown) > 3
    assert all(later.startswith(earlier) for earlier, later in itertools.pairwise(grown))
    assert LONG.startswith(grown[-1])


async def test_while_a_reply_grows_it_is_not_in_the_history_too(slow_echo: Studio, ask: Asked) -> None:
    panel = panel_of(slow_echo)
    page: Updates = {}
    async for update in panel.send(given(panel, LONG), ask()):
        page |= update
        if page.get(panel.live):
            assert text_of(page[panel.history]) == [LONG]
    assert text_of(page[panel.history]) == [LONG, LONG]


async def test_a_page_opened_in_the_middle_shows_the_reply_from_its_first_word(slow_echo: Studio, ask: Asked) -> None:
    panel = panel_of(slow_echo)
    first = panel.send(given(panel, LONG), ask("first"))
    page: Updates = {}
    async for update in first:
        page |= update
        if page.get(panel.live):
            break
    await first.aclose()
    place = page[panel.place]
    assert isinstance(place, dict)
    again = await everything(panel.load(place, ask("second")))
    grown = [text_of(update[panel.live])[-1] for update in again if update.get(panel.live)]
    assert grown[0].startswith("word0")
    assert text_of(shown(again)[panel.history]) == [LONG, LONG]


async def test_a_reply_that_ends_while_its_page_opens_is_shown_whole(
    slow_echo: Studio, ask: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = panel_of(slow_echo)
    conversation, job = slow_echo.say(None, "one two three", Caller(via="ui"))
    jobs = slow_echo.jobs

    def once_it_ended(caller: Caller | None, kind: Kind | None = None) -> list[Job]:
        job.wait()
        return jobs(caller, kind)

    monkeypatch.setattr(slow_echo, "jobs", once_it_ended)
    place = {"id": conversation.id, "revision": conversation.revision}
    page = shown(await everything(panel.load(place, ask())))
    assert text_of(page[panel.history]) == ["one two three"] * 2
    assert "tokens" in str(page[panel.status])


async def test_a_reply_that_another_process_writes_says_so(slow_echo: Studio, ask: Asked) -> None:
    panel = panel_of(slow_echo)
    empty = slow_echo.conversations.create("local", "")
    slow_echo.conversations.say(empty.id, "local", "hello", None)
    page = shown(await everything(panel.load({"id": empty.id, "revision": 1}, ask())))
    assert "Another Hearth" in str(page[panel.status])


async def test_stop_ends_the_reply_and_keeps_what_there_is(slow_echo: Studio, ask: Asked) -> None:
    panel = panel_of(slow_echo)
    page: Updates = {}
    async for update in panel.send(given(panel, LONG), ask()):
        page |= update
        if page.get(panel.live) and not page.get("asked"):
            panel.stop(page[panel.place], ask())
            page |= {"asked": True}  # type: ignore[dict-item]
    kept = text_of(page[panel.history])[-1]
    assert kept
    assert LONG.startswith(kept)
    assert kept != LONG
    assert "Stopped" in str(page[panel.status])


async def test_a_message_sent_while_a_reply_grows_waits_and_is_answered_after_it(slow_echo: Studio, ask: Asked) -> None:
    panel = panel_of(slow_echo)
    long = f"{LONG} {LONG} {LONG}"  # a busy machine takes its time to put a message in line
    page: Updates = {}
    queued: Updates = {}
    async for update in panel.send(given(panel, long), ask()):
        page |= update
        # Once, at the first word: at the last one the reply may be finished.
        if page.get(panel.live) and not queued:
            queued = shown(await say(panel, "and <b>then</b>?", ask(), page[panel.place]))  # type: ignore[arg-type]
            assert queued[panel.ask] == ""
            assert "&lt;b&gt;then" in str(queued[panel.waiting])
    assert text_of(page[panel.history]) == [long, long, "and <b>then</b>?", "and <b>then</b>?"]
    assert page[panel.waiting] == ""


async def test_a_waiting_message_is_taken_back_or_sent_after_a_stop(slow_echo: Studio, ask: Asked) -> None:
    panel = panel_of(slow_echo)
    page: Updates = {}
    async for update in panel.send(given(panel, LONG), ask()):
        page |= update
        if page.get(panel.live) and "li" not in str(page.get(panel.waiting)):
            for text in ("first", "second"):
                page |= shown(await say(panel, text, ask(), page[panel.place]))  # type: ignore[arg-type]
            panel.stop(page[panel.place], ask())  # type: ignore[arg-type]
    assert "Send now" in str(page[panel.waiting])
    first, second = slow_echo.conversations.queued(slow_echo.conversations.all("local")[0].id, "local")
    now = given(panel, "half a thought", page[panel.place])
    back = shown(await everything(panel.act_on_message(now, ask(), click(act="queue_drop", id=second.id))))
    assert back[panel.ask] == "second\n\nhalf a thought"
    page = shown(await everything(panel.act_on_message(now, ask(), click(act="queue_send", id=first.id))))
    assert text_of(page[panel.history])[2:] == ["first", "first"]


async def test_a_stale_tab_is_told_and_loses_nothing(echo: Studio, ask: Asked) -> None:
    panel = panel_of(echo)
    old = shown(await say(panel, "one", ask("a")))[panel.place]
    await say(panel, "two", ask("b"), old)  # type: ignore[arg-type]
    stale = shown(await say(panel, "three", ask("a"), old))  # type: ignore[arg-type]
    assert "Changed elsewhere" in str(stale[panel.status])
    assert stale[panel.ask] == "three"
    stored = echo.conversations.all("local")[0]
    assert [message.content for message in echo.conversations.messages(stored.id, "local")] == ["one"] * 2 + ["two"] * 2


async def test_only_the_last_messages_are_shown_until_earlier_ones_are_asked_for(echo: Studio, ask: Asked) -> None:
    panel = panel_of(echo)
    caller, conversation_id = Caller(via="ui"), None
    for number in range(WINDOW // 2 + 2):
        conversation, job = echo.say(conversation_id, f"message {number}", caller)
        conversation_id = conversation.id
        await asyncio.to_thread(job.wait)
    place = {"id": conversation_id, "revision": conversation.revision}
    page = shown(await everything(panel.load(place, ask())))
    assert len(text_of(page[panel.history])) == WINDOW
    assert text_of(page[panel.history])[0] == "message 2"
    more = shown(await everything(panel.show_earlier(place, WINDOW, "", ask())))
    assert text_of(more[panel.history])[0] == "message 0"


@pytest.mark.parametrize("act", ["open", "rename", "delete"])
async def test_another_owners_conversation_is_not_there(echo: Studio, ask: Asked, act: str) -> None:
    panel = panel_of(echo)
    await say(panel, "my secret", ask(owner="anna"))
    theirs = echo.conversations.all("anna")[0]
    event = click(act=act, id=theirs.id, title="mine now")
    told = await everything(panel.act_on_list(NEW, ask(owner="bob"), event))
    assert "my secret" not in str(told)
    assert "Not found" in str(told)
    assert echo.conversations.get(theirs.id, "anna") == theirs


async def test_a_forged_place_shows_nothing_of_others(echo: Studio, ask: Asked) -> None:
    panel = panel_of(echo)
    await say(panel, "my secret", ask(owner="anna"))
    place = {"id": echo.conversations.all("anna")[0].id, "revision": 1}
    told = [
        *await everything(panel.load(place, ask(owner="bob"))),
        *await say(panel, "hello", ask(owner="bob"), place),
        *await everything(panel.show_earlier(place, 50, "", ask(owner="bob"))),
        panel.stop(place, ask(owner="bob")),
    ]
    assert "my secret" not in str(told)


@pytest.mark.parametrize("place", [None, {}, [], "x", {"id": 5}, {"id": ["a"]}, {"id": "no such", "revision": "x"}])
async def test_an_odd_place_is_a_new_conversation(echo: Studio, ask: Asked, place: Mapping[str, object]) -> None:
    panel = panel_of(echo)
    page = shown(await everything(panel.load(place, ask())))
    assert page[panel.history] == []
    assert "example" in str(page[panel.start])


@pytest.mark.parametrize("text", ["", "   \n", None])
async def test_an_empty_message_is_not_sent(echo: Studio, ask: Asked, text: str) -> None:
    assert await say(panel_of(echo), text, ask()) == []
    assert echo.conversations.all("local") == []


async def test_a_conversation_is_renamed_and_deleted_from_the_sidebar(echo: Studio, ask: Asked) -> None:
    panel = panel_of(echo)
    place = shown(await say(panel, "Hello", ask()))[panel.place]
    stored = echo.conversations.all("local")[0]
    event = click(act="rename", id=stored.id, title="<b>Greeting</b>")
    page = shown(await everything(panel.act_on_list(place, ask(), event)))  # type: ignore[arg-type]
    assert "&lt;b&gt;Greeting&lt;/b&gt;" in str(page[panel.sidebar.list])
    assert "<b>Greeting" not in str(page)
    event = click(act="delete", id=stored.id)
    page = shown(await everything(panel.act_on_list(place, ask(), event)))  # type: ignore[arg-type]
    assert page[panel.history] == []
    assert page[panel.place] == {"id": "", "revision": 0}
    assert echo.conversations.all("local") == []


async def test_opening_another_conversation_leaves_the_reply_being_written(slow_echo: Studio, ask: Asked) -> None:
    panel = panel_of(slow_echo)
    seen: list[Updates] = []

    async def read() -> None:
        async for update in panel.send(given(panel, LONG), ask()):
            seen.append(update)

    reading = asyncio.create_task(read())
    while not any(update.get(panel.live) for update in seen):
        await asyncio.sleep(0.01)
    blank = shown(await everything(panel.new(ask())))
    assert blank[panel.history] == []
    await asyncio.wait_for(reading, 30)
    (job,) = slow_echo.jobs(Caller(via="ui"))
    assert isinstance(job.request, ChatRequest)
    assert not job.finished
    job.cancel()


async def test_the_page_speaks_the_language_of_its_cookie(echo: Studio, ask: Asked) -> None:
    panel = panel_of(echo)
    page = shown(await everything(panel.new(ask(language="pl"))))
    assert "Nowa rozmowa" in str(page[panel.title])
    assert "Dlaczego niebo jest niebieskie?" in str(page[panel.start])


async def test_the_example_is_sent_and_what_was_typed_stays(echo: Studio, ask: Asked) -> None:
    panel = panel_of(echo)
    page = shown(await everything(panel.send_example(given(panel, "half a thought"), ask())))
    assert text_of(page[panel.history])[0].startswith("Why is the sky blue?")
    assert panel.ask not in page


def test_no_handler_takes_a_history_from_the_browser(echo: Studio) -> None:
    demo = build(echo)
    boxes = {block._id for block in demo.blocks.values() if isinstance(block, gr.Chatbot)}
    assert boxes
    for dependency in demo.config["dependencies"]:
        assert not boxes & set(dependency["inputs"])


async def test_a_message_that_overtakes_the_opening_of_its_page_stays_in_sight(slow_echo: Studio, ask: Asked) -> None:
    panel, request = panel_of(slow_echo), ask()
    page: Updates = {}
    sending = panel.send(given(panel, LONG), request)
    page |= await anext(sending)
    late = await everything(panel.begin(NEW, request))
    assert all(set(updates) == {panel.status} for updates in late)
    async for updates in sending:
        page |= updates
    assert text_of(page[panel.history]) == [LONG, LONG]
    assert (await everything(panel.begin(NEW, request)))[-1][panel.history] == []


async def test_who_presses_enter_twice_says_it_once_and_who_writes_on_at_once_goes_on(
    slow_echo: Studio, ask: Asked
) -> None:
    panel = panel_of(slow_echo)
    texts = ("one two three", "one two three", "four")

    told = await asyncio.gather(*(everything(panel.send(given(panel, text), ask())) for text in texts))

    [conversation] = slow_echo.conversations.all("local")
    waiting = slow_echo.conversations.queued
    await asyncio.to_thread(until, lambda: not waiting(conversation.id, "local") and not slow_echo.jobs(Caller()), 60)
    said = [each.content for each in slow_echo.conversations.messages(conversation.id, "local") if each.role == "user"]
    assert said == ["one two three", "four"] and told[1] == []
    # The page knows of it now: the same words can be said again, and a new chat is a new one.
    await everything(panel.new(ask()))
    await everything(panel.send(given(panel, "four"), ask()))
    assert len(slow_echo.conversations.all("local")) == 2
