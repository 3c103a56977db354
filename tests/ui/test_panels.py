"""Translate, Images, Speech, Models and Usage: each follows its job and says what it cost."""

import asyncio
import re
import time
from typing import TypeVar

import gradio as gr
import pytest
from gradio.components import Component

from studio import (
    Caller,
    ChatRequest,
    Message,
    SpeechRequest,
    Studio,
    StudioError,
    TranslateRequest,
)
from tests.echo_models import until
from tests.ui.conftest import Asked, everything, shown
from ui.follow import Turns
from ui.models import ModelsPanel
from ui.panel import Panel
from ui.speech import SpeechPanel
from ui.translate import TranslatePanel
from ui.translation import Shown
from ui.translation_choices import DETECT
from ui.usage import UsagePanel

P = TypeVar("P", bound=Panel)


def laid_out(kind: type[P], studio: Studio) -> P:
    """Return a panel laid out in a page of its own."""
    panel = kind(studio, Turns())
    with gr.Blocks():
        panel.build()
    return panel


def click(**told: object) -> gr.EventData:
    return gr.EventData(None, told)


async def wait_for_job(studio: Studio) -> None:
    while not studio.jobs(Caller(via="ui")):
        await asyncio.sleep(0.005)


# Translate


async def test_a_text_is_translated_with_its_language_and_cost(echo: Studio, ask: Asked) -> None:
    panel = laid_out(TranslatePanel, echo)
    page = shown(await everything(panel.translate("Good day.", DETECT, "pt", "", "", ask())))
    assert page[panel.shown].result == "[pt] Good day."
    assert ">[pt] Good day.</span>" in str(page[panel.result])
    assert "English, 100 % sure" in str(page[panel.below_text])
    assert "9 / 200\u202f000" in str(page[panel.below_text])
    assert "took" in str(page[panel.status])
    assert "data-copy" in str(page[panel.status])


async def test_the_newest_text_wins_and_the_job_before_it_is_stopped(slow_echo: Studio, ask: Asked) -> None:
    panel = laid_out(TranslatePanel, slow_echo)
    first = asyncio.create_task(everything(panel.translate("One. " * 1_000, "en", "pt", "", "", ask())))
    await wait_for_job(slow_echo)
    (old,) = slow_echo.jobs(Caller(via="ui"))
    page = shown(await everything(panel.translate("Two.", "en", "pt", "", "", ask())))
    assert page[panel.shown].result == "[pt] Two."
    await asyncio.wait_for(first, 30)
    while not old.finished:
        await asyncio.sleep(0.005)
    assert old.state == "cancelled"


async def test_another_page_does_not_stop_this_ones_translation(slow_echo: Studio, ask: Asked) -> None:
    panel = laid_out(TranslatePanel, slow_echo)
    first = asyncio.create_task(everything(panel.translate("One. " * 20, "en", "pt", "", "", ask("a"))))
    await wait_for_job(slow_echo)
    await everything(panel.translate("Two.", "en", "pt", "", "", ask("b")))
    assert shown(await first)[panel.shown].result.count("[pt] One.") == 20


async def test_swapping_takes_the_translation_as_the_text(echo: Studio, ask: Asked) -> None:
    panel = laid_out(TranslatePanel, echo)
    page = shown(await everything(panel.swap_languages("Hello", "en", "pt", "", "", Shown("Hello", "Olá"), ask())))
    assert (page[panel.text], page[panel.source], page[panel.target]) == ("Olá", "pt", "en")
    assert page[panel.shown].result == "[en] Olá"


async def test_emptied_text_empties_the_translation(echo: Studio, ask: Asked) -> None:
    panel = laid_out(TranslatePanel, echo)
    page = shown(await everything(panel.translate("  ", "en", "pt", "", "", ask())))
    assert page[panel.shown] == Shown()
    assert "example" in str(page[panel.below_text])


async def test_two_equal_languages_are_explained_not_tried(echo: Studio, ask: Asked) -> None:
    panel = laid_out(TranslatePanel, echo)
    page = shown(await everything(panel.translate("Hello", "en", "en", "", "", ask())))
    assert "Choose two languages." in str(page[panel.status])


async def test_a_reloaded_page_follows_the_translation_that_runs(slow_echo: Studio, ask: Asked) -> None:
    panel = laid_out(TranslatePanel, slow_echo)
    text = "One. " * 30
    slow_echo.submit(TranslateRequest(text=text, source_lang="en", target_lang="pt"), Caller(via="ui"))
    page = shown(await everything(panel.load("", ask())))
    assert page[panel.text] == text
    assert page[panel.shown].result.count("[pt] One.") == 30


# Speech


def said(panel: SpeechPanel, text: str, *, normalize: bool = True, **sliders: float) -> dict[Component, object]:
    """What a page sends along: sliders of a drawer that was never opened are left out."""
    fields = panel.drawer.fields
    set_to = {fields[name]: value for name, value in ({"speed": 1.0} | sliders).items()}
    return {panel.text: text, panel.voice: None, panel.preview.normalize: normalize, **set_to}


async def test_sound_can_be_heard_before_the_text_is_spoken(slow_echo: Studio, ask: Asked) -> None:
    panel = laid_out(SpeechPanel, slow_echo)
    updates = await everything(panel.speak(said(panel, "One sentence. " * 40), ask()))
    players = [str(update[panel.player]) for update in updates if "audio" in str(update.get(panel.player))]
    assert len(players) == 1, "a player that is put there twice starts again"
    assert re.search(r'autoplay.*src="/jobs/[^"]+/audio.mp3"', players[0])
    started = next(index for index, update in enumerate(updates) if "audio" in str(update.get(panel.player)))
    assert started < len(updates) - 1
    page = shown(updates)
    assert re.findall(r"Save (WAV|MP3)", str(page[panel.status])) == ["WAV", "MP3"]
    assert "s of sound" in str(page[panel.status])


async def test_the_last_sound_is_there_after_a_reload_and_does_not_play_by_itself(echo: Studio, ask: Asked) -> None:
    panel = laid_out(SpeechPanel, echo)
    await everything(panel.speak(said(panel, "Hello."), ask()))
    page = shown(await everything(panel.load_speak(ask())))
    assert 'src="/files/' in str(page[panel.player])
    assert "autoplay" not in str(page[panel.player])


async def test_what_will_be_spoken_is_shown_before(echo: Studio, ask: Asked) -> None:
    preview = laid_out(SpeechPanel, echo).preview
    page = await preview.show("It costs $3.50 & <script>more</script>.", None, True, ask())
    assert "It costs three dollars and fifty cents and more." in str(page[preview.said])
    assert "<script>" not in str(page[preview.said])
    page = await preview.show("It costs $3.50.", None, False, ask(language="pl"))
    assert "Tekst zostanie przeczytany tak, jak stoi." in str(page[preview.said])
    page = await preview.show("five words and no more\n" * 1_000, None, True, ask())
    assert "and so on to the end" in str(page[preview.said])
    assert (await preview.show(" ", None, True, ask()))[preview.said] == ""
    page = await preview.show("Hello.", "no-such-voice", True, ask())
    assert "no-such-voice" in str(page[preview.said])


async def test_the_switch_speaks_the_text_as_it_stands(echo: Studio, ask: Asked) -> None:
    panel = laid_out(SpeechPanel, echo)
    lengths = []
    for normalize in (True, False):
        await everything(panel.speak(said(panel, "$3.50", normalize=normalize), ask()))
        lengths.append(float(echo.artifacts.latest("local", "audio/wav", 1)[0].details["seconds"]))
    assert lengths[0] > lengths[1] > 0


async def test_the_sliders_reach_the_request(echo: Studio, ask: Asked) -> None:
    panel = laid_out(SpeechPanel, echo)
    await everything(panel.speak(said(panel, "Hello.", pitch=1.5, volume=0.5, pauses=2.0), ask()))
    (row,) = echo.interactions.page("local", 2)
    assert {name: row.parameters[name] for name in ("speed", "pitch", "volume", "pauses")} == {
        "speed": 1.0, "pitch": 1.5, "volume": 0.5, "pauses": 2.0
    }  # fmt: skip


async def test_a_sample_is_spoken_and_written_down(echo: Studio, ask: Asked) -> None:
    panel = laid_out(SpeechPanel, echo)
    page = shown(await everything(panel.writing.act(None, None, ask(), click(act="sample", id=""))))
    assert "0:00" in str(page[panel.writing.transcript])
    assert "took" in str(page[panel.writing.status])
    kept = echo.transcripts.latest("local")[0]
    assert f'data-act="edit-transcript" data-id="{kept.id}"' in str(page[panel.writing.transcript])
    opened = await panel.edit_transcript(ask(), click(act="edit-transcript", id=kept.id))
    assert f"audio/transcripts/{kept.id}/export?format=srt" in str(opened[panel.transcripts.view])


async def test_without_a_recording_it_says_so(echo: Studio, ask: Asked) -> None:
    panel = laid_out(SpeechPanel, echo)
    page = shown(await everything(panel.writing.write(None, None, ask())))
    assert "There is no recording" in str(page[panel.writing.status])


async def test_speaking_stops(slow_echo: Studio, ask: Asked) -> None:
    panel = laid_out(SpeechPanel, slow_echo)
    speaking = asyncio.ensure_future(everything(panel.speak(said(panel, "One sentence. " * 400), ask())))
    await wait_for_job(slow_echo)
    panel.stop_speaking(ask())
    assert "Stopped" in str(shown(await asyncio.wait_for(speaking, 30))[panel.status])


# Models


async def test_models_are_listed_by_job_with_their_state(echo: Studio, ask: Asked) -> None:
    panel = laid_out(ModelsPanel, echo)
    page = shown(await everything(panel.load("", "all", "", ask())))
    for text in ("Chat", "Translation", "Images", "Voices", "Transcription", "ready", "default"):
        assert text in str(page[panel.list])


@pytest.mark.parametrize(
    "name", ["", "nonsense", "a/b/c", "ftp://a/b", "https://", "../../etc/passwd", "<script>/x", "owner/na me"]
)
async def test_what_is_no_hub_name_is_not_asked_for(echo: Studio, ask: Asked, name: str) -> None:
    panel = laid_out(ModelsPanel, echo)
    page = shown(await everything(panel.fetch_hub(name, "", "all", "", ask())))
    assert "is neither a name on the" in str(page[panel.status])
    assert "<script>" not in str(page[panel.status])
    assert echo.interactions.count() == 0


async def test_strangers_can_not_download(echo: Studio, ask: Asked) -> None:
    panel = laid_out(ModelsPanel, echo)
    page = shown(await everything(panel.fetch_hub("owner/name", "", "all", "", ask(owner="guest-1"))))
    assert "Not allowed" in str(page[panel.status])


# Usage


async def test_usage_shows_the_figures_of_the_log(echo: Studio, ask: Asked) -> None:
    caller = Caller(via="ui")
    for request in (
        ChatRequest(messages=(Message("user", "one two three"),)),
        SpeechRequest(text="Hello."),
        TranslateRequest(text="Hello.", target_lang="pt", source_lang="en"),
    ):
        await asyncio.to_thread(echo.submit(request, caller).wait)
    panel = laid_out(UsagePanel, echo)
    page = await panel.show(28, ask())
    tiles = re.sub(r"<[^>]+>", " ", str(page[panel.tiles]))
    assert re.search(r"Requests\s+3 ", tiles)
    assert re.search(r"Tokens\s+6 ", tiles)
    assert re.search(r"Errors\s+0 ", tiles)
    assert "echo-chat" in str(page[panel.models])
    drawn = page[panel.calls]
    assert isinstance(drawn, gr.BarPlot)
    assert drawn.y_lim == [0, 5], "few things are not divided into halves"
    assert panel.calls.colors_in_legend == [], "the page has one legend for all charts"
    first, last = page[panel.latency].x_lim  # in seconds: Gradio makes Vega's milliseconds of them
    assert last - first == 27 * 24 * 3600 and abs(last - time.time()) < 2 * 24 * 3600
    assert page[panel.errors].visible is False
    assert "Nothing went wrong." in page[panel.no_errors].value


async def test_usage_draws_errors_when_there_are_some(echo: Studio, ask: Asked) -> None:
    for _ in range(7):
        with pytest.raises(StudioError):
            echo.submit(ChatRequest(messages=(Message("user", "Hi"),), model="nobody"), Caller(via="ui"))
    until(lambda: len(echo.interactions.page("local", 10)) == 7)  # a refusal is written without waiting
    panel = laid_out(UsagePanel, echo)
    page = await panel.show(7, ask(language="pl"))
    assert page[panel.errors].visible is True
    assert page[panel.errors].y_lim == [0, pytest.approx(7.56)]
    assert page[panel.errors].x_axis_format == "%-d.%m"
    assert page[panel.no_errors].visible is False
    assert '<th scope="row">none</th>' not in str(page[panel.models])


async def test_usage_without_any_says_where_to_begin(echo: Studio, ask: Asked) -> None:
    panel = laid_out(UsagePanel, echo)
    page = await panel.show(7, ask(language="pl"))
    assert "Jeszcze o nic nie pytano" in str(page[panel.tiles])


async def test_usage_of_others_is_not_shown(echo: Studio, ask: Asked) -> None:
    await asyncio.to_thread(echo.submit(SpeechRequest(text="Hello."), Caller(owner="anna", via="ui")).wait)
    panel = laid_out(UsagePanel, echo)
    assert "empty" in str((await panel.show(7, ask(owner="bob")))[panel.tiles])
