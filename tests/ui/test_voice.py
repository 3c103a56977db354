"""A conversation by voice is a conversation: written down, answered, spoken, interrupted; nobody else's."""

import base64
import re
from dataclasses import replace
from pathlib import Path

import gradio as gr
import pytest
from gradio.components import Component

import studio.registry
from contract.events import Segment
from engines.echo import EchoTranscription
from studio import Caller, Message, Studio, TranscribeRequest
from tests.echo_models import recording, until
from tests.ui.conftest import Asked, everything, shown, text_of
from tests.ui.test_chat import LONG, NEW, click, given
from ui.chat import ChatPanel
from ui.follow import Turns
from ui.held import Temporary
from ui.sidebar import Sidebar
from ui.voice import VoiceMode


def mode_of(studio: Studio) -> VoiceMode:
    sidebar = Sidebar(studio)
    chat = ChatPanel(studio, Turns(), sidebar)
    mode = VoiceMode(chat)
    with gr.Blocks():
        sidebar.build()
        chat.build(below=(mode.build,))
    return mode


def sound(folder: Path, seconds: float = 1.0) -> str:
    return base64.b64encode(recording(folder / "said.wav", seconds).read_bytes()).decode()


def sent(mode: VoiceMode, place: object = NEW, **values: object) -> dict[Component, object]:
    """What the page sends along with an event."""
    return {**given(mode.chat, place=place), mode.chat.temporary: values.get("temporary")}


def mark(told: object) -> str:
    found = re.search(r"&quot;state&quot;: &quot;(\w+)&quot;", str(told))
    return found[1] if found else ""


@pytest.fixture
def hears(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the recogniser understands, turn by turn, in the place of how long the recording is."""
    texts: list[str] = []

    def run(engine: EchoTranscription, request: TranscribeRequest, stop: object):  # type: ignore[no-untyped-def]
        assert request.audio.is_file()
        if text := texts.pop(0):
            yield Segment(0.0, 1.0, text)

    monkeypatch.setattr(EchoTranscription, "run", run)
    return texts


async def test_a_turn_is_written_down_answered_and_spoken(
    echo: Studio, ask: Asked, tmp_path: Path, hears: list[str]
) -> None:
    hears += ["Good morning. How are you?", "And tomorrow?"]
    mode = mode_of(echo)
    event = click(act="said", turn="t.1", sound=sound(tmp_path))
    updates = await everything(mode.act(sent(mode), ask(), event))
    page = shown(updates)
    assert text_of(page[mode.chat.history]) == ["Good morning. How are you?"] * 2
    marks = [str(update[mode.told]) for update in updates if mode.told in update]
    [told] = [told for told in marks if mark(told) == "reply"]
    [job] = [job for job in echo._shelf._jobs.values() if job.kind == "speech"]
    assert f"/jobs/{job.id}/audio.pcm" in told and "t.1" in told
    [conversation] = echo.conversations.all("local")
    assert conversation.title == "Good morning. How are you?"

    place = {"id": conversation.id, "revision": 0}
    page = shown(await everything(mode.act(sent(mode, place), ask(), event)))
    assert text_of(page[mode.chat.history])[2:] == ["And tomorrow?"] * 2

    rows = [
        row for kind in ("transcription", "chat", "speech") for row in echo.interactions.search("local", kind, "", 9)
    ]
    assert [row.kind for row in rows] == ["transcription"] * 2 + ["chat"] * 2 + ["speech"] * 2
    assert {row.conversation_id for row in rows} == {conversation.id}, "so that its text goes when that is deleted"


async def test_no_recording_is_left_behind(
    echo: Studio, ask: Asked, tmp_path: Path, hears: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    hears.append("Hello.")
    heard: list[Path] = []
    check = TranscribeRequest.check
    monkeypatch.setattr(TranscribeRequest, "check", lambda asked, most: (heard.append(asked.audio), check(asked, most)))
    mode = mode_of(echo)
    await everything(mode.act(sent(mode), ask(), click(act="said", turn="t.1", sound=sound(tmp_path))))
    assert len(heard) == 1 and not heard[0].parent.exists()


@pytest.mark.parametrize("text", ["", " ", "[BLANK_AUDIO]", "(wind blowing)", "♪ ♪", "..."])
async def test_a_noise_begins_no_conversation_and_interrupts_nothing(
    slow_echo: Studio, ask: Asked, tmp_path: Path, hears: list[str], text: str
) -> None:
    hears.append(text)
    mode = mode_of(slow_echo)
    conversation, reply = slow_echo.say(None, LONG, Caller(via="ui"))
    mode._spoken["page"] = voice = slow_echo.speak_reply(reply, Caller(via="ui"))
    place = {"id": conversation.id, "revision": 1}
    updates = await everything(mode.act(sent(mode, place), ask(), click(act="said", turn="t.2", sound=sound(tmp_path))))
    assert [mark(update[mode.told]) for update in updates] == ["nothing"]
    assert not reply.stop.is_set() and not voice.stop.is_set()
    reply.cancel()
    voice.cancel()


async def test_who_speaks_over_a_reply_stops_its_writing_and_what_was_written_stays(
    slow_echo: Studio, ask: Asked, tmp_path: Path, hears: list[str]
) -> None:
    hears.append("Wait.")
    mode = mode_of(slow_echo)
    conversation, reply = slow_echo.say(None, LONG, Caller(via="ui"))
    mode._spoken["page"] = voice = slow_echo.speak_reply(reply, Caller(via="ui"))
    until(lambda: len(reply.text().split()) > 3)
    place = {"id": conversation.id, "revision": 1}
    page = shown(
        await everything(mode.act(sent(mode, place), ask(), click(act="said", turn="t.2", sound=sound(tmp_path))))
    )
    assert reply.state == "cancelled" and voice.stop.is_set()
    said = text_of(page[mode.chat.history])
    assert said[0] == LONG and said[2:] == ["Wait.", "Wait."]
    assert said[1] and LONG.startswith(said[1]) and said[1] != LONG


async def test_a_key_interrupts_voice_and_writing_and_closing_only_the_voice(slow_echo: Studio, ask: Asked) -> None:
    mode = mode_of(slow_echo)
    for act, stopped in (("close", False), ("hush", True)):
        conversation, reply = slow_echo.say(None, LONG, Caller(via="ui"))
        mode._spoken["page"] = voice = slow_echo.speak_reply(reply, Caller(via="ui"))
        await everything(mode.act(sent(mode, {"id": conversation.id, "revision": 1}), ask(), click(act=act)))
        assert (voice.stop.is_set(), reply.stop.is_set()) == (True, stopped), act
        reply.cancel()


async def test_another_s_conversation_is_neither_continued_nor_stopped(
    slow_echo: Studio, ask: Asked, tmp_path: Path, hears: list[str]
) -> None:
    hears.append("Mine now.")
    mode = mode_of(slow_echo)
    alice = Caller(owner="guest-alice", role="user", via="ui")
    conversation, reply = slow_echo.say(None, LONG, alice)
    place, mallory = {"id": conversation.id, "revision": 1}, ask(owner="guest-mallory")
    await everything(mode.act(sent(mode, place), mallory, click(act="hush")))
    event = click(act="said", turn="t.1", sound=sound(tmp_path))
    page = shown(await everything(mode.act(sent(mode, place), mallory, event)))
    assert mark(page[mode.told]) == "failed" and page[mode.chat.ask] == "Mine now."
    assert not reply.stop.is_set()
    assert [turn.role for turn in slow_echo.conversations.messages(conversation.id, alice.owner)] == [
        "user",
        "assistant",
    ]
    reply.cancel()


async def test_a_guest_talks_in_a_conversation_of_their_own(
    echo: Studio, ask: Asked, tmp_path: Path, hears: list[str]
) -> None:
    hears.append("Hello.")
    mode = mode_of(echo)
    await everything(mode.act(sent(mode), ask(owner="guest-a"), click(act="said", turn="t.1", sound=sound(tmp_path))))
    assert echo.conversations.all("local") == []
    assert len(echo.conversations.all("guest-a")) == 1
    assert {job.caller.owner for job in echo._shelf._jobs.values()} == {"guest-a"}


@pytest.mark.parametrize(
    ("data", "told"),
    [("no base64!", "came damaged"), ("A" * 6_000_000, "over two minutes"), ("", "empty"), ("PGh0bWw+", "no sound")],
)
async def test_what_is_no_recording_is_refused_in_a_sentence(echo: Studio, ask: Asked, data: str, told: str) -> None:
    mode = mode_of(echo)
    page = shown(await everything(mode.act(sent(mode), ask(), click(act="said", turn="t.1", sound=data))))
    assert mark(page[mode.told]) == "failed" and told in str(page[mode.told])
    assert echo.conversations.all("local") == []


async def test_opening_loads_the_models_and_says_what_they_can_not_do(
    echo: Studio, ask: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    mode = mode_of(echo)
    page = shown(await everything(mode.act(sent(mode), ask(), click(act="open", turn="t"))))
    assert mark(page[mode.notes]) == "ready" and "not kept" in str(page[mode.notes])
    assert echo.residency.loaded().keys() == {"echo-transcription", "echo-speech", "echo-chat"}
    assert "only" not in str(page[mode.notes]).replace("only its text", "")

    page = shown(await everything(mode.act(sent(mode), ask(language="pl"), click(act="open", turn="t"))))
    assert "polski, więc mówi głos robota" in str(page[mode.notes])

    [ears] = echo.registry.installed("transcription")
    monkeypatch.setitem(echo.registry._installed, ears.id, replace(ears, languages=("en",)))
    page = shown(await everything(mode.act(sent(mode), ask(language="pl"), click(act="open", turn="t"))))
    assert "tylko ten język: angielski" in str(page[mode.notes]) and "Przejdź do Modeli" in str(page[mode.notes])


async def test_a_model_that_is_missing_is_told_before_anybody_speaks(
    echo: Studio, ask: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    specs = [spec for spec in studio.registry.echo_specs() if spec.kind != "transcription"]
    monkeypatch.setattr(studio.registry, "echo_specs", lambda: specs)
    echo.registry.refresh()
    mode = mode_of(echo)
    page = shown(await everything(mode.act(sent(mode), ask(), click(act="open", turn="t"))))
    assert mark(page[mode.notes]) == "refused" and "no transcription model" in str(page[mode.notes])


async def test_a_temporary_chat_is_not_talked_to_for_the_log_would_have_its_words(
    echo: Studio, ask: Asked, tmp_path: Path
) -> None:
    mode = mode_of(echo)
    temporary = Temporary((Message("user", "Secret."),))
    for event in (click(act="open", turn="t"), click(act="said", turn="t.1", sound=sound(tmp_path))):
        page = shown(await everything(mode.act(sent(mode, temporary=temporary), ask(), event)))
        [told] = page.values()
        assert mark(told) == "refused" and "temporary" in str(told)
    assert echo.interactions.count() == 0


async def test_without_a_voice_the_reply_is_read(
    echo: Studio, ask: Asked, tmp_path: Path, hears: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    specs = [spec for spec in studio.registry.echo_specs() if spec.kind != "speech"]
    monkeypatch.setattr(studio.registry, "echo_specs", lambda: specs)
    echo.registry.refresh()
    hears.append("Hello.")
    mode = mode_of(echo)
    page = shown(await everything(mode.act(sent(mode), ask(), click(act="said", turn="t.1", sound=sound(tmp_path)))))
    assert mark(page[mode.told]) == "silent" and "can be read" in str(page[mode.told])
    assert text_of(page[mode.chat.history]) == ["Hello.", "Hello."]


async def test_a_page_that_is_closed_falls_silent_and_its_reply_is_written_on(slow_echo: Studio) -> None:
    mode = mode_of(slow_echo)
    _, reply = slow_echo.say(None, LONG, Caller(via="ui"))
    mode._spoken["page"] = voice = slow_echo.speak_reply(reply, Caller(via="ui"))
    mode.leave("other")
    assert not voice.stop.is_set()
    mode.leave("page")
    assert voice.stop.is_set() and not reply.stop.is_set()
    reply.cancel()
