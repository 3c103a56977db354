"""Versions of messages in the Chat panel: edited, written again, continued, switched, with their figures."""

import json
import re

import pytest

from studio import Caller, ChatSettings, Studio
from tests.ui.conftest import Asked, everything, shown, text_of
from tests.ui.test_chat import LONG, click, given, panel_of, say
from ui.panel import Updates

LOCAL = Caller(via="ui")


def ids(page: Updates, panel: object, act: str) -> list[str]:
    """Return whom an action is offered for, in the bars below the messages."""
    return re.findall(rf'data-act="{act}" data-id="(\w+)"', str(page[panel.facts]))  # type: ignore[attr-defined]


async def test_an_edited_message_is_a_second_version_and_the_first_can_be_looked_at(echo: Studio, ask: Asked) -> None:
    panel = panel_of(echo)
    page = shown(await say(panel, "one", ask()))
    (own,) = ids(page, panel, "edit")
    place = page[panel.place]
    editing = shown(await everything(panel.act_on_message(given(panel, "", place), ask(), click(act="edit", id=own))))
    assert editing[panel.ask] == "one"
    assert "new branch" in str(editing[panel.note])

    sent = {**given(panel, "uno", place), panel.editing: editing[panel.editing]}
    page = shown(await everything(panel.send(sent, ask())))
    assert text_of(page[panel.history]) == ["uno", "uno"]
    assert "2/2" in str(page[panel.facts])
    assert page[panel.editing] == page[panel.note] == ""

    (before,) = ids(page, panel, "choose")
    event = click(act="choose", id=before)
    page = shown(await everything(panel.act_on_message(given(panel, "", page[panel.place]), ask(), event)))
    assert text_of(page[panel.history]) == ["one", "one"]
    assert "1/2" in str(page[panel.facts])


async def test_a_reply_is_written_again_and_both_are_kept(echo: Studio, ask: Asked) -> None:
    panel = panel_of(echo)
    page = shown(await say(panel, "one", ask()))
    (reply,) = ids(page, panel, "again")
    event = click(act="again", id=reply, model="echo-chat")
    page = shown(await everything(panel.act_on_message(given(panel, "", page[panel.place]), ask(), event)))
    assert text_of(page[panel.history]) == ["one", "one"]
    assert "2/2" in str(page[panel.facts])


async def test_a_conversation_that_ends_with_a_question_is_answered(echo: Studio, ask: Asked) -> None:
    panel = panel_of(echo)
    place = shown(await say(panel, "one", ask()))[panel.place]
    whole = json.loads(echo.export_conversation(str(place["id"]), LOCAL, "json").data)  # type: ignore[index]
    cut = json.dumps({**whole, "messages": whole["messages"][:1], "leaf": 0}).encode()
    (imported,) = echo.import_conversations(cut, LOCAL).ids

    page = shown(await everything(panel.load({"id": imported, "revision": 0}, ask())))
    (question,) = re.findall(r'data-act="again" data-id="(\w+)"', str(page[panel.status]))
    event = click(act="again", id=question)
    page = shown(await everything(panel.act_on_message(given(panel, "", page[panel.place]), ask(), event)))
    assert text_of(page[panel.history]) == ["one", "one"]
    assert "data-act" not in str(page[panel.status])


async def test_a_stopped_reply_is_continued_from_its_last_word(slow_echo: Studio, ask: Asked) -> None:
    panel = panel_of(slow_echo)
    page: Updates = {}
    async for update in panel.send(given(panel, LONG), ask()):
        page |= update
        if page.get(panel.live):
            panel.stop(page[panel.place], ask())  # type: ignore[arg-type]
    begun = text_of(page[panel.history])[-1]
    (reply,) = ids(page, panel, "go_on")
    event = click(act="go_on", id=reply)
    updates = await everything(panel.act_on_message(given(panel, "", page[panel.place]), ask(), event))
    grown = [text_of(update[panel.live])[-1] for update in updates if update.get(panel.live)]
    assert grown and all(text.startswith(begun) for text in grown)
    assert text_of(shown(updates)[panel.history]) == [LONG, LONG]


async def test_a_stale_page_offers_to_reload_and_shows_what_is_new(echo: Studio, ask: Asked) -> None:
    panel = panel_of(echo)
    page = shown(await say(panel, "one", ask("a")))
    await say(panel, "two", ask("b"), page[panel.place])  # type: ignore[arg-type]
    for act in ("again", "choose"):
        event = click(act=act, id=ids(page, panel, "again")[0])
        told = shown(await everything(panel.act_on_message(given(panel, "", page[panel.place]), ask("a"), event)))
        assert "Changed elsewhere" in str(told[panel.status])
        assert 'data-act="reload"' in str(told[panel.status])
    event = click(act="reload")
    page = shown(await everything(panel.act_on_message(given(panel, "mine", page[panel.place]), ask("a"), event)))
    assert text_of(page[panel.history]) == ["one", "one", "two", "two"]
    assert panel.ask not in page


@pytest.mark.parametrize("act", ["edit", "again", "go_on", "choose"])
async def test_nothing_can_be_done_to_anothers_message(echo: Studio, ask: Asked, act: str) -> None:
    panel = panel_of(echo)
    page = shown(await say(panel, "my secret", ask(owner="anna")))
    event = click(act=act, id=ids(page, panel, "edit")[0])
    place = page[panel.place]
    told = await everything(panel.act_on_message(given(panel, "", place), ask(owner="bob"), event))
    assert "my secret" not in str(told)
    assert "Not found" in str(told)


async def test_every_reply_but_the_last_has_its_figures_below_it(echo: Studio, ask: Asked) -> None:
    panel = panel_of(echo)
    page = shown(await say(panel, "one two", ask()))
    page = shown(await say(panel, "three four five", ask(), page[panel.place]))  # type: ignore[arg-type]
    assert "Echo (chat) · 2 tokens" in str(page[panel.facts])
    assert "Echo (chat) · 3 tokens" in str(page[panel.status])
    assert "% of the context" in str(page[panel.status])


async def test_bars_never_hold_markup_of_others(echo: Studio, ask: Asked) -> None:
    panel = panel_of(echo)
    page = shown(await say(panel, "<img src=x onerror=alert(1)>", ask()))
    assert "<img" not in str(page[panel.facts])


async def test_settings_are_sent_kept_and_shown_again(echo: Studio, ask: Asked) -> None:
    panel = panel_of(echo)
    values = {"temperature": 0.2, "top_k": 7, "seed": 3, "stops": "END\nFIN", "system": "Be brief.", "min_p": 0.05}
    page = shown(await everything(panel.send(given(panel, "hello END there", **values), ask())))
    assert text_of(page[panel.history]) == ["hello END there", "hello "]

    page = shown(await everything(panel.load(page[panel.place], ask("other"))))  # type: ignore[arg-type]
    drawer = panel.drawer
    assert {name: page[getattr(drawer, name)] for name in values} == values
    blank = shown(await everything(panel.new(ask())))
    assert (blank[drawer.temperature], blank[drawer.top_k], blank[drawer.system]) == (0.7, None, "")


async def test_a_schema_is_kept_with_the_conversation_and_one_that_is_none_is_told(echo: Studio, ask: Asked) -> None:
    panel = panel_of(echo)
    page = shown(await everything(panel.send(given(panel, "hello", schema="{'a': 1}"), ask())))
    assert "json_schema is no JSON object" in str(page[panel.status]) and page[panel.ask] == "hello"
    page = shown(await everything(panel.send(given(panel, "hello", schema=' {"type": "object"} '), ask())))
    assert "json_schema" in str(page[panel.status])  # echo-chat can't, and says so
    kept = ChatSettings(json_schema='{"type": "object"}').kept()
    assert ChatSettings.of(kept).json_schema == panel.drawer.fill(kept)[panel.drawer.schema] == '{"type": "object"}'


async def test_a_value_that_cannot_be_is_told_and_the_text_stays(echo: Studio, ask: Asked) -> None:
    panel = panel_of(echo)
    page = shown(await everything(panel.send(given(panel, "hello", top_p=7), ask())))
    assert "top_p is 7" in str(page[panel.status])
    assert page[panel.ask] == "hello"


async def test_presets_and_model_defaults_are_kept_by_owner(echo: Studio, ask: Asked) -> None:
    panel = panel_of(echo)
    drawer = panel.drawer
    values = {
        **given(panel, "", temperature=0.1, system="Pirate."),
        drawer.preset: "  Ahoy ",
        drawer.model: "echo-chat",
    }
    assert "Ahoy" in str(drawer.save_preset(values, ask())[drawer.told])
    chosen = drawer.choose_preset({drawer.preset: "Ahoy"}, ask())
    assert (chosen[drawer.temperature], chosen[drawer.system]) == (0.1, "Pirate.")
    assert drawer.choose_preset({drawer.preset: "Ahoy"}, ask(owner="bob")) == {drawer.told: ""}

    drawer.save_default(values, ask())
    assert drawer.fresh(Caller())[drawer.system] == "Pirate."
    assert drawer.fresh(Caller(owner="bob"))[drawer.system] == ""

    drawer.drop_preset({drawer.preset: "Ahoy"}, ask())
    assert drawer.choose_preset({drawer.preset: "Ahoy"}, ask()) == {drawer.told: ""}
    assert "60 characters" in str(drawer.save_preset({**values, drawer.preset: "x" * 61}, ask())[drawer.told])


async def test_the_context_length_is_told_with_its_cost_sent_kept_and_gone_with_another_model(
    echo: Studio, ask: Asked
) -> None:
    panel = panel_of(echo)
    drawer = panel.drawer
    told = await drawer.tell_context("echo-chat", None, ask())
    assert "16 to 8\u202f192 tokens" in str(told[drawer.context_told]) and "8 MB" in str(told[drawer.context_told])
    assert "od 16 do" in str((await drawer.tell_context("echo-chat", 64, ask(language="pl")))[drawer.context_told])
    too_long = await drawer.tell_context("echo-chat", 9_000, ask())
    assert too_long[drawer.context].value is None  # type: ignore[attr-defined]
    assert (await drawer.tell_context("no-such-model", 64, ask()))[drawer.context].value is None  # type: ignore[attr-defined]

    page = shown(await everything(panel.send(given(panel, "word " * 30, context=64), ask())))
    page = shown(await everything(panel.send(given(panel, "more " * 30, page[panel.place], context=64), ask())))
    assert "the first 2 messages did not fit" in str(page[panel.status])
    reopened = shown(await everything(panel.load(page[panel.place], ask("other"))))  # type: ignore[arg-type]
    assert reopened[drawer.context] == 64

    refused = shown(await everything(panel.send(given(panel, "hello", context=9_000), ask())))
    assert "context_tokens is 9,000; echo-chat takes 16 to 8,192" in str(refused[panel.status])


async def test_whatever_the_api_keeps_of_a_conversation_the_drawer_takes(echo: Studio, ask: Asked) -> None:
    panel = panel_of(echo)
    drawer = panel.drawer
    ends = {"temperature": (0.0, 2.0), "max_tokens": (1, 1_000_000), "top_p": (0.0, 1.0), "top_k": (0, 1000)}
    ends |= {"min_p": (0.0, 1.0), "repeat_penalty": (0.5, 2.0), "seed": (0, 2**32 - 1)}
    for end in (0, 1):
        settings = ChatSettings(**{name: values[end] for name, values in ends.items()})
        said, job = echo.say(None, "one", LOCAL, settings=settings)
        job.wait()
        page = shown(await everything(panel.load({"id": said.id}, ask())))
        for name, values in ends.items():
            field = getattr(drawer, name)
            assert field.preprocess(page[field]) == values[end], name
