"""More voices in the Speech panel: the page's language first, a robotic voice where there is no other, and said so."""

from types import SimpleNamespace

import gradio as gr
import pytest

from studio import Settings, Studio
from tests.ui.conftest import Asked, everything, shown
from ui.follow import Turns
from ui.voices import VoiceShelf


@pytest.fixture
def shelf(tmp_path_factory: pytest.TempPathFactory) -> VoiceShelf:
    """The drawer, over a studio without a single model."""
    folder = tmp_path_factory.mktemp("voices")
    studio = Studio.open(Settings(data_dir=folder, ollama_host="http://127.0.0.1:9", no_starters=True))
    made = VoiceShelf(studio, Turns())
    with gr.Blocks():
        made.build()
        made.wire(gr.Dropdown(), gr.HTML())
    yield made
    studio.close()


async def test_polish_comes_first_on_a_polish_page(shelf: VoiceShelf, ask: Asked) -> None:
    updates = await shelf.open(None, ask(language="pl"))
    dropdown = updates[shelf.language]
    assert isinstance(dropdown, gr.Dropdown)
    assert (dropdown.value, [code for _, code in dropdown.choices][:2]) == ("pl", ["pl", "en"])
    listed = str(updates[shelf.list])
    assert listed.index("Gosia") < listed.index("głos robota")
    assert "63 MB" in listed and "dobra jakość" in listed and 'data-act="fetch"' in listed


async def test_a_language_without_a_piper_voice_has_a_robotic_one_and_says_so(shelf: VoiceShelf, ask: Asked) -> None:
    updates = await shelf.open("hr", ask())
    listed = str(updates[shelf.list])
    assert "Croatian, robotic" in listed and "like a robot" in listed
    event = SimpleNamespace(act="take", id="espeak-hr")
    taken = shown(await everything(shelf.act("hr", ask(), event)))  # type: ignore[arg-type]
    voice = taken[shelf._voice]
    assert isinstance(voice, gr.Dropdown)
    assert voice.value == "espeak-hr" and ("Croatian, robotic", "espeak-hr") in list(map(tuple, voice.choices))
    assert "like a robot" in str(taken[shelf._hint])


async def test_a_guest_who_may_not_download_is_told(shelf: VoiceShelf, ask: Asked) -> None:
    event = SimpleNamespace(act="fetch", id="pl_pl-gosia-medium")
    updates = shown(await everything(shelf.act("pl", ask(owner="guest"), event)))  # type: ignore[arg-type]
    assert "Only the owner" in str(updates[shelf.told])
