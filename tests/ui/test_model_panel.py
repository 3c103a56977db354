"""The Models panel beyond its list: a model opened, changed, measured, deleted; filters, imports, downloads."""

from pathlib import Path

import gradio as gr
import pytest

from studio import Caller, ChatRequest, Done, Download, Message, Settings, Studio
from tests.echo_models import install_echo, until
from tests.ui.conftest import Asked, everything, shown
from tests.ui.test_panels import laid_out
from ui import model_downloads, model_list
from ui.model_details import ModelDetailsBox
from ui.model_list import Wanted
from ui.models import ModelsPanel
from ui.words import Words

ENGLISH, POLISH = Words("en"), Words("pl")


@pytest.fixture
def studio(tmp_path: Path):
    """A studio of two echo models in a folder, and the catalogue."""
    install_echo(tmp_path, "one")
    install_echo(tmp_path, "two")
    settings = Settings(data_dir=tmp_path, ollama_host="http://127.0.0.1:9", no_starters=True)
    with Studio.open(settings) as opened:
        yield opened


def clicked(act: str, target: str) -> gr.EventData:
    return gr.EventData(None, {"act": act, "id": target})


def box_of(studio: Studio) -> ModelDetailsBox:
    return laid_out(ModelsPanel, studio).details


async def test_a_model_is_opened_with_its_facts_and_the_settings_that_it_has(studio: Studio, ask: Asked) -> None:
    box = box_of(studio)
    page = shown(await everything(box.open(ask(language="pl"), clicked("details", "one"))))
    about = str(page[box.about])
    assert "Nazwa w zapytaniach" in about and "<dd>one</dd>" in about and "echo-chat" in about
    assert page[box.numbers["temperature"]]["visible"] and not page[box.numbers["guidance_scale"]]["visible"]
    guest = shown(await everything(box.open(ask(owner="guest-1"), clicked("details", "one"))))
    assert not guest[box.save]["visible"] and not guest[box.delete]["visible"]


async def test_an_opened_model_tells_its_owner_what_it_did(studio: Studio, ask: Asked) -> None:
    box = box_of(studio)
    before = shown(await everything(box.open(ask(), clicked("details", "one"))))
    assert "The last 30 days" not in str(before[box.about])
    request = ChatRequest(messages=(Message("user", "one two three"),), model="one")
    assert isinstance(studio.submit(request, Caller(via="ui")).wait(), Done)
    until(lambda: studio.model_statistics("one").calls == 1)
    after = str(shown(await everything(box.open(ask(), clicked("details", "one"))))[box.about])
    for told in ("The last 30 days", "<dt>Calls</dt><dd>1</dd>", "written", "Whole answer"):
        assert told in after
    guest = shown(await everything(box.open(ask(owner="guest-1"), clicked("details", "one"))))
    assert "The last 30 days" not in str(guest[box.about])


async def test_what_is_saved_counts_and_a_bad_value_is_a_sentence(studio: Studio, ask: Asked) -> None:
    box = box_of(studio)
    given = {box.model: "one", box.enabled: True, box.pinned: True, box.note: "Mine."}
    numbers = {box.numbers["temperature"]: 0.2, box.numbers["top_k"]: None}
    page = shown(await everything(box.keep({**given, **numbers}, ask())))
    assert "Saved." in str(page[box.told]) and page[box.changed] == 1
    info = studio.model("one")
    assert (info.pinned, info.remark, studio.model_details("one").values) == (True, "Mine.", {"temperature": 0.2})
    bad = shown(await everything(box.keep({**given, box.numbers["temperature"]: 9}, ask())))
    assert "from 0 to 2" in str(bad[box.told])
    stranger = shown(await everything(box.keep({**given, box.enabled: False}, ask(owner="guest-1"))))
    assert "Not allowed" in str(stranger[box.told])
    assert studio.model("one").state == "installed"


async def test_a_model_is_measured_and_its_history_shown(studio: Studio, ask: Asked) -> None:
    box = box_of(studio)
    page = shown(await everything(box.benchmark({box.model: "one"}, ask())))
    assert "Tokens/s" in str(page[box.about]) or "First output, s" in str(page[box.about])
    assert len(studio.benchmarks.of("one")) == 1


async def test_deleting_asks_first_and_says_what_it_touches(studio: Studio, ask: Asked) -> None:
    box = box_of(studio)
    studio.registry.set_default("chat", "one")
    asked = str(shown(await everything(box.ask({box.model: "one"}, ask())))[box.told])
    assert "Delete this model?" in asked and "It is the default for: Chat" in asked and 'data-act="delete"' in asked
    await everything(box.remove({box.model: "one"}, ask(owner="guest-1"), clicked("delete", "one")))
    assert studio.model("one").state == "installed"
    page = shown(await everything(box.remove({box.model: "one"}, ask(), clicked("delete", "one"))))
    assert "It is deleted" in str(page[box.told])
    assert "one" not in [info.spec.id for info in studio.models()]


def test_the_list_is_narrowed_by_job_by_words_and_by_what_is_here(studio: Studio) -> None:
    infos = studio.models()
    polish = model_list.sections(infos, Wanted("chat", "all", "bielik"), ENGLISH)
    assert "Bielik 1.5B" in polish and "SD-Turbo" not in polish and "Gemma 3 4B" not in polish
    here = model_list.sections(infos, Wanted("", "here", ""), ENGLISH)
    assert ">One<" in here and "Bielik" not in here
    assert "Nothing fits that" in model_list.sections(infos, Wanted("", "all", "no such thing at all"), ENGLISH)
    everything_there = model_list.sections(infos, Wanted(), POLISH)
    assert "zmieści się" in everything_there and "około 2,5 GB" in everything_there


def test_a_download_shows_speed_time_left_and_buttons_for_the_owner_alone() -> None:
    running = Download(
        model="m",
        title="<b>Big</b>",
        state="running",
        done_bytes=500_000_000,
        total_bytes=2_000_000_000,
        speed_bytes_s=10_000_000,
        left_s=150,
    )
    row = model_downloads.rows([running], ENGLISH, mine=True)
    assert "500 MB of 2.0 GB · 10 MB/s · 2 min left" in row and "&lt;b&gt;Big" in row
    assert 'data-act="pause"' in row and 'data-act="cancel"' in row and 'aria-valuenow="25"' in row
    assert "data-act" not in model_downloads.rows([running], ENGLISH, mine=False)
    paused = Download(model="m", title="Big", state="paused", done_bytes=1, total_bytes=2, why="The line broke.")
    row = model_downloads.rows([paused], POLISH, mine=True)
    assert "Wstrzymano: Big" in row and "The line broke." in row and 'data-act="fetch"' in row


async def test_leftovers_are_offered_to_the_owner_and_cleaned(studio: Studio, ask: Asked, tmp_path: Path) -> None:
    orphan = tmp_path / "models" / "llama_cpp" / "half"
    orphan.mkdir(parents=True)
    (orphan / "model.gguf").write_bytes(bytes(3_000_000))
    panel = laid_out(ModelsPanel, studio)
    page = shown(await everything(panel.load("", "all", "", ask())))
    assert "1 leftover, 3 MB" in str(page[panel.left]) and "llama_cpp/half" in str(page[panel.left])
    assert not shown(await everything(panel.load("", "all", "", ask(owner="guest-1", page="other"))))[panel.left]
    await everything(panel.act("", "all", "", ask(owner="guest-1"), clicked("clean", "")))
    assert orphan.exists()
    cleaned = shown(await everything(panel.act("", "all", "", ask(), clicked("clean", ""))))
    assert "3 MB are free again" in str(cleaned[panel.status]) and not orphan.exists()


async def test_an_import_that_can_not_be_is_told(studio: Studio, ask: Asked, tmp_path: Path) -> None:
    box = laid_out(ModelsPanel, studio).importing
    (tmp_path / "notes.txt").write_text("no model")
    for path, words in (("", "Name one file or folder"), (str(tmp_path / "notes.txt"), "can&#x27;t be imported")):
        page = shown(await everything(box.take_in(path, "", "", False, 0, ask())))
        assert words in str(page[box.told])
    page = shown(await everything(box.take_in("/etc", "", "", False, 0, ask(owner="guest-1"))))
    assert "Not allowed" in str(page[box.told])
