"""Servers in the Models panel: entered, tested, connected, edited and removed; the key never comes back."""

import asyncio
from collections.abc import Iterator

import gradio as gr
import pytest

from studio import Caller, ChatRequest, Message, Studio
from studio import providers as module
from tests.echo_models import until
from tests.model_server import ModelServer, json_answer, model_server
from tests.ui.conftest import Asked, everything, shown
from ui import choices
from ui.follow import Turns
from ui.models import ModelsPanel
from ui.panel import Updates
from ui.servers import ServersBox
from ui.words import Words

KEY = "sk-live-0123456789abcdefWXYZ"
LOCAL = Caller(via="ui")


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("EVERY_S", "AGAIN_S", "AWAY_AT_MOST_S", "FAILING_AT_MOST_S"):
        monkeypatch.setattr(module, name, 0.1)


@pytest.fixture
def theirs() -> Iterator[ModelServer]:
    with model_server(key=KEY, models=json_answer({"data": [{"id": "<b>Big</b>"}, {"id": "Tiny-1"}]})) as made:
        yield made


@pytest.fixture
def panel(echo: Studio) -> ModelsPanel:
    made = ModelsPanel(echo, Turns())
    with gr.Blocks():
        made.build()
    return made


@pytest.fixture
def box(panel: ModelsPanel) -> ServersBox:
    return panel.servers


def given(box: ServersBox, url: str, key: str = KEY, **more: object) -> dict[object, object]:
    values = {"name": "work", "kind": "openai", "models": "", "timeout": 300, "own": False, "editing": "", **more}
    return {box.url: url, box.key: key, **{getattr(box, name): value for name, value in values.items()}}


def click(act: str, id: str = "") -> gr.EventData:
    return gr.EventData(None, {"act": act, "id": id})


def said(updates: Updates, box: ServersBox) -> str:
    return str(updates[box.told])


async def connected(box: ServersBox, theirs: ModelServer, ask: Asked) -> str:
    await everything(box.keep(given(box, theirs.url), ask()))
    [info] = box.studio.providers.all(LOCAL)
    return info.id


async def test_a_test_says_what_it_found_in_both_languages_and_keeps_nothing(
    box: ServersBox, theirs: ModelServer, ask: Asked
) -> None:
    english = shown(await everything(box.check(given(box, theirs.url), ask())))
    assert "It answers, with 2 models: &lt;b&gt;Big&lt;/b&gt;, Tiny-1." in said(english, box)
    polish = shown(await everything(box.check(given(box, theirs.url), ask(language="pl"))))
    assert "Odpowiada, ma 2 modele" in said(polish, box)
    wrong = shown(await everything(box.check(given(box, theirs.url, key="sk-wrong-987654321"), ask())))
    assert "wrong key" in said(wrong, box) and "sk-wrong" not in said(wrong, box)
    assert box.studio.providers.all(LOCAL) == []


async def test_a_mistake_is_told_and_what_was_entered_stays(box: ServersBox, ask: Asked) -> None:
    told = shown(await everything(box.keep(given(box, "not an address"), ask())))
    assert "http://127.0.0.1:8000/v1" in said(told, box)
    assert set(told) == {box.told}


async def test_what_is_connected_is_listed_with_how_it_is_and_its_models_can_be_chosen(
    box: ServersBox, panel: ModelsPanel, theirs: ModelServer, ask: Asked
) -> None:
    told = await everything(box.keep(given(box, theirs.url), ask()))
    listed = str(shown(told)[box.list])
    assert "reachable" in listed and "2 models" in listed and "…WXYZ" in listed and "since" in listed
    assert KEY not in str(told)
    assert shown(told)[box.key]["value"] == ""
    pairs = {id: title for title, id in choices.of_kind(box.studio, "chat").pairs}
    assert pairs["work/tiny-1"] == "work/Tiny-1"
    drawn = str(shown(await everything(panel.load("", "all", "", ask())))[panel.list])
    assert "work/Tiny-1" in drawn and "<b>Big" not in drawn


async def test_a_server_that_answers_while_the_list_is_drawn_is_shown_as_it_is(
    box: ServersBox, theirs: ModelServer, ask: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = box._draw

    def drawn_late(caller: Caller, words: Words) -> str:
        drawn = draw(caller, words)
        until(lambda: "checking" not in box.studio.providers.states().values())
        return drawn

    monkeypatch.setattr(box, "_draw", drawn_late)
    told = await everything(box.keep(given(box, theirs.url), ask()))
    assert "reachable" in str(shown(told)[box.list])


async def test_editing_keeps_the_key_unless_another_is_entered(
    box: ServersBox, theirs: ModelServer, ask: Asked
) -> None:
    provider = await connected(box, theirs, ask)
    form = shown(await everything(box.act(given(box, ""), ask(), click("edit", provider))))
    assert form[box.url] == theirs.url and form[box.editing] == provider and form[box.key]["value"] == ""
    assert "…WXYZ" in form[box.key]["info"] and KEY not in str(form)
    changed = given(box, theirs.url, key="", models="Tiny-1\n", timeout=60, editing=provider)
    await everything(box.keep(changed, ask()))
    [info] = box.studio.providers.all(LOCAL)
    assert (info.models, info.timeout_s, info.key_hint) == (("Tiny-1",), 60, "…WXYZ")
    until(lambda: box.studio.providers.all(LOCAL)[0].status == "up", 30)
    told = shown(await everything(box.keep(given(box, "http://elsewhere:1", key="", editing=provider), ask())))
    assert "goes to no other" in said(told, box)


async def test_removing_asks_first(box: ServersBox, theirs: ModelServer, ask: Asked) -> None:
    provider = await connected(box, theirs, ask)
    asked = shown(await everything(box.act(given(box, ""), ask(), click("remove", provider))))
    assert "Remove work?" in said(asked, box) and len(box.studio.providers.all(LOCAL)) == 1
    gone = shown(await everything(box.act(given(box, ""), ask(), click("remove_yes", provider))))
    assert "is removed" in said(gone, box) and box.studio.providers.all(LOCAL) == []
    again = shown(await everything(box.act(given(box, ""), ask(), click("remove_yes", provider))))
    assert "There is no server" in said(again, box)


async def test_strangers_see_nothing_of_it_and_can_do_nothing(box: ServersBox, theirs: ModelServer, ask: Asked) -> None:
    provider = await connected(box, theirs, ask)
    stranger = ask(owner="guest-1")
    seen = await everything(box.open(stranger))
    assert seen == [{box.box: gr.update(visible=False)}]
    before = len(theirs.asked)
    for told in (
        await everything(box.check(given(box, theirs.url, name="x"), stranger)),
        await everything(box.keep(given(box, theirs.url, name="x"), stranger)),
        await everything(box.act(given(box, ""), stranger, click("edit", provider))),
        await everything(box.act(given(box, ""), stranger, click("remove_yes", provider))),
    ):
        assert "Not allowed" in said(shown(told), box) and theirs.url not in str(told)
    assert len(box.studio.providers.all(LOCAL)) == 1
    assert not [path for method, path, *_ in theirs.asked[before:] if method == "POST"]


async def test_an_empty_list_says_what_to_do_and_fills_in_an_example(box: ServersBox, ask: Asked) -> None:
    assert 'data-act="example"' in str(shown(await everything(box.open(ask())))[box.list])
    filled = shown(await everything(box.act(given(box, ""), ask(), click("example"))))
    assert filled[box.url] == "http://127.0.0.1:8000/v1"


async def test_a_server_that_is_gone_is_marked_and_a_model_of_it_that_was_chosen_stays_chosen(
    box: ServersBox, panel: ModelsPanel, ask: Asked
) -> None:
    with model_server() as theirs:
        await everything(box.keep(given(box, theirs.url, key=""), ask()))
        assert choices.of_kind(box.studio, "chat").pairs[-1][1] == "work/tiny-1"
    until(lambda: box.studio.providers.all(LOCAL)[0].status == "unreachable", 30)
    assert "work/tiny-1" not in {id for _, id in choices.of_kind(box.studio, "chat").pairs}
    assert choices.of_kind(box.studio, "chat", "work/tiny-1").value == "work/tiny-1"
    assert "does not answer" in choices.hint(box.studio, "work/tiny-1", Words("en"))
    drawn = str(shown(await everything(panel.load("", "all", "", ask())))[panel.list])
    assert "not reachable" in drawn
    listed = str(shown(await everything(box.open(ask(language="pl"))))[box.list])
    assert "niedostępny" in listed


async def test_a_huge_list_is_folded_away(box: ServersBox, panel: ModelsPanel, ask: Asked) -> None:
    with model_server(models=json_answer({"data": [{"id": f"m-{n}"} for n in range(300)]})) as theirs:
        await everything(box.keep(given(box, theirs.url, key=""), ask()))
        until(lambda: len(box.studio.models()) > 300, 30)
        drawn = str((await panel.redraw("", "all", "", ask()))[panel.list])
        assert "<summary>300 on servers</summary>" in drawn
        assert choices.of_kind(box.studio, "chat").dropdown().filterable is True


async def test_a_silent_server_does_not_hold_up_the_panel(box: ServersBox, panel: ModelsPanel, ask: Asked) -> None:
    with model_server(slow_list=True) as theirs:
        following = asyncio.create_task(everything(box.keep(given(box, theirs.url, key=""), ask())))
        await asyncio.to_thread(theirs.waiting.wait, 30)
        assert "Echo" in str(shown(await everything(panel.load("", "all", "", ask(page="other"))))[panel.list])
        request = ChatRequest(messages=(Message("user", "Hello"),), model="echo-chat")
        assert (await asyncio.to_thread(box.studio.submit(request).wait)).finish_reason == "stop"
        theirs.go_on.set()
        assert "reachable" in str(shown(await following)[box.list])
