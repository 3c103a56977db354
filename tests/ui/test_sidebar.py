"""The list of conversations and the search: arranged, found, opened at the message, deleted and taken back."""

import asyncio
import re
from pathlib import Path

import gradio as gr
import pytest

from studio import Caller, Studio
from tests.ui.conftest import Asked, everything, shown, text_of
from tests.ui.test_chat import NEW, click, panel_of, say
from ui.chat import ChatPanel
from ui.opened import WINDOW
from ui.panel import Updates


async def act(panel: ChatPanel, request: gr.Request, place: object = NEW, **told: object) -> Updates:
    return shown(await everything(panel.act_on_list(place, request, click(**told))))  # type: ignore[arg-type]


def listed(page: Updates, panel: ChatPanel) -> str:
    return str(page[panel.sidebar.list])


async def test_conversations_are_pinned_filed_tagged_and_archived(echo: Studio, ask: Asked) -> None:
    panel = panel_of(echo)
    for text in ("first", "second"):
        await say(panel, text, ask())
    first = echo.conversations.all("local")[-1].id

    assert ">Pinned</h2>" in listed(await act(panel, ask(), act="pin", id=first), panel)
    await act(panel, ask(), act="pin", id=first)
    page = await act(panel, ask(), act="file", id=first, title="<i>Work</i>")
    assert "<summary><h2>&lt;i&gt;Work&lt;/i&gt;</h2><small>1</small></summary>" in listed(page, panel)
    assert 'data-tags="a, b"' in listed(await act(panel, ask(), act="tag", id=first, title="b, A ,"), panel)
    page = await act(panel, ask(), act="archive", id=first)
    assert re.search(r"<summary>Archive · 1</summary><ul><li [^>]*" + first, listed(page, panel))
    too_long = await act(panel, ask(), act="file", id=first, title="x" * 61)
    assert "folder has 61 characters" in str(too_long[panel.status])


async def test_older_conversations_are_listed_on_demand_and_pinned_ones_always(
    echo: Studio, ask: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.sidebar.LISTED", 2)
    panel = panel_of(echo)
    made = [echo.conversations.create("local", f"talk {number}").id for number in range(5)]
    echo.conversations.pin(made[0], "local", True)

    def rows(page: Updates) -> list[str]:
        return re.findall(r'<li class="conversation[^"]*" data-id="([^"]+)"', listed(page, panel))

    page = shown(await everything(panel.load(NEW, ask())))
    assert rows(page) == [made[0], made[4]] and 'data-do="older"' in listed(page, panel)
    page = await act(panel, ask(), act="older")
    assert rows(page) == [made[0], made[4], made[3], made[2]]
    page = await act(panel, ask(), act="older")
    assert rows(page) == [made[0], made[4], made[3], made[2], made[1]] and 'data-do="older"' not in listed(page, panel)
    page = shown(await everything(panel.load(NEW, ask())))
    assert len(rows(page)) == 2  # a page that is opened begins with the newest


async def test_a_deleted_conversation_is_taken_back(echo: Studio, ask: Asked) -> None:
    panel = panel_of(echo)
    place = shown(await say(panel, "precious", ask()))[panel.place]
    found = echo.conversations.all("local")[0].id

    page = await act(panel, ask(), place, act="delete", id=found)
    assert page[panel.history] == []
    assert f'data-do="restore" data-id="{found}"' in listed(page, panel)
    page = await act(panel, ask(), act="restore", id=found)
    assert "precious" in listed(page, panel)
    gone = await act(panel, ask(owner="bob"), act="restore", id=found)
    assert "Not found" in str(gone[panel.status])


async def test_search_shows_hits_with_their_words_marked_and_nothing_as_markup(
    echo: Studio, ask: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = panel_of(echo)
    await say(panel, "bees <img src=x onerror=alert(1)> ${alert(1)} live in hives", ask())
    hits = str(panel.sidebar.find("hives", ask())[panel.sidebar.hits])
    assert "<mark>hives</mark>" in hits
    assert "<img" not in hits and "${" not in hits
    assert panel.sidebar.find(" ", ask())[panel.sidebar.hits] == ""
    assert "Nothing was found" in str(panel.sidebar.find("wasps", ask())[panel.sidebar.hits])
    assert "no date" in str(panel.sidebar.find("before:soon", ask())[panel.sidebar.hits])
    assert "<mark>" not in str(panel.sidebar.find("hives", ask(owner="bob"))[panel.sidebar.hits])
    monkeypatch.setattr("ui.sidebar.HITS", 1)
    assert "The newest 1 hits. More words" in str(panel.sidebar.find("hives", ask())[panel.sidebar.hits])


async def test_a_hit_far_up_is_opened_at_its_message(echo: Studio, ask: Asked) -> None:
    panel = panel_of(echo)
    conversation = None
    for number in range(WINDOW):
        conversation, job = echo.say(conversation and conversation.id, f"number{number}", Caller())
        await asyncio.to_thread(job.wait)
    assert conversation is not None
    hit = next(hit for hit in echo.search.find("local", "number3 ") if hit.role == "user")

    page = await act(panel, ask(), act="open", id=conversation.id, message=hit.message_id)

    texts = text_of(page[panel.history])
    assert texts[6] == "number3" and len(texts) == 17
    assert 'data-reveal="6"' in str(page[panel.facts])
    page = shown(await everything(panel.load(page[panel.place], ask())))  # type: ignore[arg-type]
    assert text_of(page[panel.history])[-1] == f"number{WINDOW - 1}"


async def test_a_hit_on_another_branch_is_opened_there(echo: Studio, ask: Asked) -> None:
    panel = panel_of(echo)
    conversation, job = echo.say(None, "old wording", Caller())
    await asyncio.to_thread(job.wait)
    first = echo.conversations.messages(conversation.id, "local")[0]
    _, job = echo.edit(conversation.id, first.id, "new wording", Caller())
    await asyncio.to_thread(job.wait)

    page = await act(panel, ask(), act="open", id=conversation.id, message=first.id)

    assert text_of(page[panel.history]) == ["old wording", "old wording"]


@pytest.mark.parametrize("name", ["pin", "archive", "file", "tag", "delete", "open"])
async def test_nobody_arranges_what_is_not_theirs(echo: Studio, ask: Asked, name: str) -> None:
    panel = panel_of(echo)
    await say(panel, "my secret", ask(owner="anna"))
    theirs = echo.conversations.all("anna")[0]
    message = echo.conversations.messages(theirs.id, "anna")[0].id
    told = await act(panel, ask(owner="bob"), act=name, id=theirs.id, title="x", message=message)
    assert "Not found" in str(told[panel.status]) and "my secret" not in str(told)
    assert echo.conversations.get(theirs.id, "anna") == theirs


async def test_a_file_is_imported_listed_and_its_upload_removed(echo: Studio, ask: Asked, tmp_path: Path) -> None:
    panel = panel_of(echo)
    page = shown(await say(panel, "carried along", ask()))
    id = echo.conversations.all("local")[0].id
    assert f'href="/conversations/{id}/export?format=markdown"' in str(page[panel.title])
    upload = tmp_path / "upload.json"
    upload.write_bytes(echo.export_conversation(id, Caller()).data)

    told = await panel.sidebar.take_file(str(upload), ask(owner="bob"))

    assert "1 conversation imported." in str(told[panel.sidebar.told])
    assert "carried along" in listed(told, panel)
    assert not upload.exists()
    upload.write_text('{"mapping": {"a": 7}}')
    told = await panel.sidebar.take_file(str(upload), ask(owner="bob"))
    assert "mapping.a is damaged" in str(told[panel.sidebar.told]) and panel.sidebar.list not in told
    assert len(echo.conversations.all("bob")) == 1
    assert not upload.exists()
