"""Long texts and transcripts in the Speech panel: read aloud, cancelled and gone on with, opened, deleted, refused."""

from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import pytest
from gradio.components import Component

from studio import Studio
from tests.echo_models import until
from tests.studio.asking import LOCAL
from tests.studio.sound.sounds import added, ended, tone, write_wav
from tests.ui.conftest import Asked, everything, shown
from ui.follow import Turns
from ui.narrations import LongTexts
from ui.transcripts import TranscriptsPart

STORY = "# Morning\n\nThe fire is lit.\n\n# Evening\n\nIt is out."


def laid_out(part: LongTexts | TranscriptsPart) -> None:
    with gr.Blocks():
        part.build()


@pytest.fixture
def part(echo: Studio) -> LongTexts:
    made = LongTexts(echo, Turns())
    laid_out(made)
    return made


def given(part: LongTexts, text: str = "", file: Path | None = None) -> dict[Component, object]:
    path = None if file is None else str(file)
    return {part.text: text, part.file: path, part.voice: None, part.form: "m4a", part.speed: 1.5}


def click(act: str, id: str = "") -> gr.EventData:
    return SimpleNamespace(act=act, id=id)  # type: ignore[return-value]


async def test_a_text_is_read_aloud_and_can_be_read_along(part: LongTexts, echo: Studio, ask: Asked) -> None:
    page = shown(await everything(part.load(ask(language="pl"))))
    assert "Cała książka trafi do jednego pliku" in str(page[part.view])
    page = shown(await everything(part.read(given(part, STORY), ask())))
    kept = echo.narrations.latest("local")[0]
    view = str(page[part.view])
    assert f'data-home="/audio/narrations/{kept.id}"' in view
    assert f'src="/files/{kept.audio_id}"' in view and "chapters.zip" in view
    assert "M4A · 2 chapters" in str(page[part.list])
    assert (kept.settings["form"], kept.settings["speed"], page[part.text]) == ("m4a", 1.5, "")
    page = shown(await everything(part.act(given(part), ask(), click("delete", kept.id))))
    assert "Morning is deleted." in str(page[part.told])


async def test_a_document_is_read_and_what_is_none_is_told(part: LongTexts, ask: Asked, tmp_path: Path) -> None:
    (tmp_path / "<b>tea.md").write_text(STORY)
    page = shown(await everything(part.read(given(part, file=tmp_path / "<b>tea.md"), ask())))
    assert "&lt;b&gt;tea.md" in str(page[part.view]) and "<b>tea" not in str(page[part.view])
    (tmp_path / "a.gif").write_bytes(b"GIF89a")
    page = shown(await everything(part.read(given(part, file=tmp_path / "a.gif"), ask())))
    assert "ending that no known document has" in str(page[part.told])
    page = shown(await everything(part.read(given(part, " "), ask())))
    assert "text is empty" in str(page[part.told])


async def test_a_cancelled_one_offers_to_go_on(slow_echo: Studio, ask: Asked) -> None:
    part = LongTexts(slow_echo, Turns())
    laid_out(part)
    kept = slow_echo.add_narration("One sentence. " * 60, LOCAL)
    job = slow_echo.narrate(kept.id, LOCAL)
    until(lambda: slow_echo.narration(kept.id, LOCAL).done)
    await everything(part.act(given(part), ask(), click("stop", job.id)))
    ended(job)
    page = shown(await everything(part.load(ask())))
    assert f'data-act="go" data-id="{kept.id}"' in str(page[part.view])
    page = shown(await everything(part.act(given(part), ask(), click("go", kept.id))))
    assert "reading-sound" in str(page[part.view])
    page = shown(await everything(part.act(given(part), ask(owner="guest"), click("open", kept.id))))
    assert "There is no narration" in str(page[part.told])


async def test_a_transcript_is_opened_beside_its_waveform_and_deleted(echo: Studio, ask: Asked, tmp_path: Path) -> None:
    part = TranscriptsPart(echo, Turns())
    laid_out(part)
    page = shown(await everything(part.load(ask(language="pl"))))
    assert "Spisz nagranie" in str(page[part.view])
    recording = added(echo, write_wav(tmp_path / "<i>said.wav", tone(2)))
    job = echo.transcribe_recording(recording.id, LOCAL)
    ended(job)
    found = echo.transcript_of(job, LOCAL)
    view = str(shown(await everything(part.load(ask())))[part.view])
    assert f'data-home="/audio/transcripts/{found.id}"' in view and "<i>said" not in view
    assert f'src="/audio/recordings/{recording.id}/original"' in view
    assert all(f"export?format={kind}" in view for kind in ("txt", "srt", "vtt", "json"))
    echo.delete_recording(recording.id, LOCAL)
    view = str(shown(await everything(part.act(ask(), click("open", found.id))))[part.view])
    assert "no longer in the library" in view and "ts-wave" not in view
    page = shown(await everything(part.act(ask(owner="guest"), click("delete", found.id))))
    assert "There is no transcript" in str(page[part.told])
    page = shown(await everything(part.act(ask(), click("delete", found.id))))
    assert "is deleted" in str(page[part.told]) and echo.transcripts.latest("local") == []
