"""Comparing models: one prompt to several at once, stopped together, remembered, and gone on with."""

from pathlib import Path

import gradio as gr
import pytest

from studio import Caller, ChatSettings, InvalidRequest, NotFound, Settings, Studio
from tests.echo_models import install_echo
from tests.studio.asking import chat
from tests.ui.conftest import Asked, everything, shown, text_of
from tests.ui.test_chat import LONG
from ui.chat import ChatPanel
from ui.compare import NOTHING, ComparePanel
from ui.follow import Turns
from ui.panel import Updates
from ui.sidebar import Sidebar


@pytest.fixture
def several(tmp_path: Path):
    """A studio with a quick model, a slow one and one that breaks."""
    install_echo(tmp_path, "quick")
    install_echo(tmp_path, "slow", delay_s=0.02)
    install_echo(tmp_path, "breaks", fail_after=1)
    settings = Settings(data_dir=tmp_path, ollama_host="http://127.0.0.1:9", no_starters=True)
    with Studio.open(settings) as studio:
        yield studio


def panel_of(studio: Studio) -> ComparePanel:
    sidebar = Sidebar(studio)
    chat_panel = ChatPanel(studio, Turns(), sidebar)
    compare = ComparePanel(chat_panel)
    with gr.Blocks():
        sidebar.build()
        chat_panel.build()
        compare.build()
    return compare


def asked(compare: ComparePanel, prompt: str, *models: str, heats: tuple[float, ...] = ()) -> dict[object, object]:
    given: dict[object, object] = {compare.ask: prompt, compare.count: len(models), compare.memory: dict(NOTHING)}
    for number, model in enumerate(models):
        given[compare.sides[number].model] = model
        given[compare.sides[number].temperature] = heats[number] if heats else 0.7
    return given


def said(page: Updates, compare: ComparePanel, number: int) -> list[str]:
    return text_of(page[compare.sides[number].reply])


async def test_each_model_answers_with_its_figures_and_one_that_breaks_says_so(several: Studio, ask: Asked) -> None:
    compare = panel_of(several)
    page = shown(await everything(compare.run(asked(compare, "one two three", "quick", "slow", "breaks"), ask())))
    assert said(page, compare, 0) == said(page, compare, 1) == ["one two three"]
    assert said(page, compare, 2) == ["one"]
    assert "3 tokens" in str(page[compare.sides[0].status]) and "first after" in str(page[compare.sides[0].status])
    assert "failed after 1" in str(page[compare.sides[2].status])
    assert page[compare.ask] == "" and "one two three" in str(page[compare.prompt])
    rows = [(row["model"], row["via"], row["status"]) for row in several.interactions.latest(None)]
    assert sorted(rows) == [("breaks", "ui", "failed"), ("quick", "ui", "done"), ("slow", "ui", "done")]


async def test_one_model_twice_at_other_temperatures_beside_one_that_is_gone(several: Studio, ask: Asked) -> None:
    compare = panel_of(several)
    given = asked(compare, "hello", "quick", "gone", "quick", heats=(0.1, 0.5, 1.5))
    page = shown(await everything(compare.run(given, ask())))
    assert said(page, compare, 0) == said(page, compare, 2) == ["hello"] and said(page, compare, 1) == []
    assert "no model called" in str(page[compare.sides[1].status])
    heats = [row["parameters"] for row in several.interactions.latest(None) if row["model"] == "quick"]
    assert any("0.1" in heat for heat in heats) and any("1.5" in heat for heat in heats)

    refused = shown(await everything(compare.run(asked(compare, "hello", "gone", "gone"), ask())))
    assert "no model called" in str(refused[compare.note]) and refused[compare.ask] == "hello"


async def test_all_are_stopped_together_and_what_came_stays(several: Studio, ask: Asked) -> None:
    compare = panel_of(several)
    page: Updates = {}
    async for update in compare.run(asked(compare, LONG, "slow", "slow"), ask()):
        page |= update
        if page.get(compare.sides[0].reply) and page.get(compare.sides[1].reply):
            compare.stop(page[compare.memory], ask(owner="bob"))  # not his
            compare.stop(page[compare.memory], ask())
    for number in (0, 1):
        assert "Stopped" in str(page[compare.sides[number].status])
        assert LONG.startswith(said(page, compare, number)[0]) and said(page, compare, number)[0] != LONG


async def test_a_reload_comes_back_to_the_choice_and_the_replies(several: Studio, ask: Asked) -> None:
    compare = panel_of(several)
    first = shown(await everything(compare.open(None, ask())))
    assert first[compare.count] == 2 and first[compare.sides[0].temperature] == 0.7
    page = shown(await everything(compare.run(asked(compare, "hello", "slow", "quick", "slow"), ask())))
    again = shown(await everything(compare.open(page[compare.memory], ask("reloaded"))))
    assert again[compare.count] == 3 and again[compare.sides[0].model].value == "slow"
    assert [said(again, compare, number) for number in range(3)] == [["hello"]] * 3
    loaded = shown(await everything(compare.load(page[compare.memory], ask("loaded"))))
    assert said(loaded, compare, 0) == ["hello"]
    assert await everything(compare.load(None, ask("new"))) == []
    stranger = shown(await everything(compare.open(page[compare.memory], ask(owner="bob"))))
    assert compare.prompt not in stranger
    odd = shown(await everything(compare.open({"models": 3, "count": "x", "jobs": {"a": 1}}, ask())))
    assert odd[compare.count] == 2


async def test_one_reply_becomes_a_conversation_that_goes_on_and_its_log_goes_with_it(
    several: Studio, ask: Asked
) -> None:
    compare = panel_of(several)
    page = shown(await everything(compare.run(asked(compare, "my question", "quick", "slow"), ask())))
    opened = shown(await everything(compare._going_on(1)(page[compare.memory], ask())))
    assert text_of(opened[compare.chat.history]) == ["my question", "my question"]
    [conversation] = several.conversations.all("local")
    assert conversation.title == "my question" and conversation.settings["model"] == "slow"
    assert "2 tokens" in str(opened[compare.chat.status])
    _, job = several.say(conversation.id, "and now?", Caller(), settings=ChatSettings(model="quick"))
    job.wait()
    assert len(several.conversations.messages(conversation.id, "local")) == 4
    tied = [row["model"] for row in several.interactions.latest(None) if row["conversation_id"] == conversation.id]
    assert sorted(tied)[-1] == "slow" and len(tied) == 2

    denied = shown(await everything(compare._going_on(0)(page[compare.memory], ask(owner="bob"))))
    assert "Not found" in str(denied[compare.chat.status])


def test_only_a_finished_chat_that_said_something_can_be_gone_on_with(several: Studio) -> None:
    private = several.submit(chat("secret", model="quick", private=True), Caller())
    private.wait()
    with pytest.raises(InvalidRequest):
        several.adopt(private.id, Caller())
    with pytest.raises(NotFound):
        several.adopt("nothing", Caller())
    assert several.conversations.all("local") == []
