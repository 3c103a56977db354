"""A reply spoken below its conversation, or taken to the Translate panel; nobody else's."""

import gradio as gr

from studio import Caller, Studio
from tests.ui.conftest import Asked, everything, shown
from tests.ui.test_chat import LONG, click
from ui.chat import ChatPanel
from ui.follow import Turns
from ui.replies import ReplyActions
from ui.sidebar import Sidebar


def actions_of(studio: Studio) -> ReplyActions:
    sidebar = Sidebar(studio)
    chat = ChatPanel(studio, Turns(), sidebar)
    actions = ReplyActions(chat)
    with gr.Blocks():
        sidebar.build()
        chat.build(below=(actions.build,))
    return actions


def reply_of(studio: Studio, text: str) -> str:
    conversation, job = studio.say(None, text, Caller())
    job.wait()
    return studio.conversations.messages(conversation.id, "local")[-1].id


async def test_a_reply_is_heard_from_its_first_sentence_on_until_the_player_is_closed(
    slow_echo: Studio, ask: Asked
) -> None:
    actions = actions_of(slow_echo)
    event = click(act="speak", id=reply_of(slow_echo, "Good morning. How are you?"))
    page = shown(await everything(actions.act(ask(), event)))
    [spoken] = [job for job in slow_echo._shelf._jobs.values() if job.kind == "speech"]
    assert f"jobs/{spoken.id}/audio.mp3" in str(page[actions.player]) and "hush" in str(page[actions.player])
    assert spoken.request.text == "Good morning. How are you?"
    assert shown(await everything(actions.act(ask(), click(act="hush"))))[actions.player] == ""
    spoken.stop.set()


async def test_what_is_asked_for_next_or_a_closed_page_ends_what_was_heard(slow_echo: Studio, ask: Asked) -> None:
    actions = actions_of(slow_echo)
    event = click(act="speak", id=reply_of(slow_echo, LONG))
    await everything(actions.act(ask(), event))
    await everything(actions.act(ask(), event))
    await everything(actions.act(ask("other"), event))
    actions.leave("other")
    jobs = [job for job in slow_echo._shelf._jobs.values() if job.kind == "speech"]
    assert [job.stop.is_set() for job in jobs] == [True, False, True]
    actions.leave("page")


async def test_a_reply_is_taken_to_the_translate_panel_as_it_was_written(echo: Studio, ask: Asked) -> None:
    actions = actions_of(echo)
    event = click(act="translate", id=reply_of(echo, 'a "quoted" <b>word</b>'))
    [update] = await everything(actions.act(ask(), event))
    assert 'data-translate="a &quot;quoted&quot; &lt;b&gt;word&lt;/b&gt;"' in str(update[actions.player])
    assert "Not found" in str(shown(await everything(actions.act(ask(owner="bob"), event)))[actions.player])
    assert await everything(actions.act(ask(), click(act="edit", id="x"))) == []
