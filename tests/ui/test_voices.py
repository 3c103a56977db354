"""More voices in the Speech panel: the page's language first, a robotic voice where there is no other, and said so."""

from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import pytest

from studio import Settings, Studio
from tests.serving import served
from tests.studio.sound.sounds import tone, write_mp3
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


async def test_a_voice_is_heard_before_it_is_downloaded(
    shelf: VoiceShelf, ask: Asked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = str((await shelf.open("pl", ask()))[shelf.list])
    assert listed.count('data-act="hear"') == listed.count('data-act="fetch"') > 1
    place = tmp_path / "rhasspy/piper-voices/resolve/v1.0.0/pl/pl_PL/gosia/medium/samples/speaker_0.mp3"
    place.parent.mkdir(parents=True)
    write_mp3(place, tone(1))
    event = SimpleNamespace(act="hear", id="pl_pl-gosia-medium")
    with served(tmp_path) as address:
        template = f"{address}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
        monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", template)
        told = await everything(shelf.hear(ask(), event))  # type: ignore[arg-type]
        assert "Fetching a sample of Gosia" in str(told[0][shelf.sample])
        assert 'data-act="hear-stop"' in str(told[0][shelf.sample])
        assert 'autoplay src="/models/samples/pl_pl-gosia-medium"' in str(told[-1][shelf.sample])
        other = SimpleNamespace(act="hear", id="pl_pl-darkman-medium")
        assert "no sample of Darkman" in str(await heard(shelf, other, ask()))
    assert "as its publisher" in str(await heard(shelf, event, ask())), "it is kept: no network is needed"
    assert "Hub nie odpowiada" in str(await heard(shelf, other, ask(language="pl")))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert "HF_HUB_OFFLINE is set" in str(await heard(shelf, other, ask()))
    stop = SimpleNamespace(act="hear-stop", id="")
    assert await heard(shelf, stop, ask()) == ""


async def heard(shelf: VoiceShelf, event: SimpleNamespace, request: gr.Request) -> object:
    """Return what a click shows in the end."""
    return (await everything(shelf.hear(request, event)))[-1][shelf.sample]  # type: ignore[arg-type]
