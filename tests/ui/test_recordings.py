"""The audio library's part of the Speech panel: added, edited, planned and confirmed, undone, joined, deleted."""

import json
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import pytest

from studio import Studio, step_of
from tests.studio.sound.sounds import ME, added, tone, write_wav
from tests.ui.conftest import Asked, everything, shown
from ui.follow import Turns
from ui.recordings import RecordingsPart
from ui.step_words import describe
from ui.words import Words


@pytest.fixture
def part(echo: Studio) -> RecordingsPart:
    """The part, laid out."""
    made = RecordingsPart(echo, Turns())
    with gr.Blocks():
        made.build()
    return made


def click(act: str, id: str = "") -> gr.EventData:
    return SimpleNamespace(act=act, id=id)  # type: ignore[return-value]


async def do(part: RecordingsPart, request: gr.Request, act: str, id: str = "") -> dict[object, object]:
    return dict(shown(await everything(part.act(request, click(act, id)))))


async def test_an_empty_library_says_what_to_do(part: RecordingsPart, ask: Asked) -> None:
    updates = shown(await everything(part.load(ask(language="pl"))))
    assert "Oryginał zawsze zostaje bez zmian" in str(updates[part.view])


async def test_a_dropped_file_is_opened_with_what_was_measured(
    part: RecordingsPart, ask: Asked, tmp_path: Path
) -> None:
    path = write_wav(tmp_path / "<b>bold.wav", tone(2))
    updates = shown(await everything(part.add(str(path), ask())))
    view = str(updates[part.view])
    assert "2.00 s · WAV · 48.0 kHz · 1 channel" in view
    assert "LUFS" in view
    assert "<b>bold" not in view
    assert "No steps yet" in view


async def test_what_is_no_sound_is_told(part: RecordingsPart, ask: Asked, tmp_path: Path) -> None:
    (tmp_path / "page.mp3").write_text("<html>no sound</html>")
    updates = shown(await everything(part.add(str(tmp_path / "page.mp3"), ask())))
    assert "has no sound that can be read" in str(updates[part.told])


async def test_steps_are_added_moved_removed_and_undone(
    part: RecordingsPart, echo: Studio, ask: Asked, tmp_path: Path
) -> None:
    recording = added(echo, write_wav(tmp_path / "a.wav", tone(2)))
    await everything(part.load(ask()))
    await do(part, ask(), "add", json.dumps({"op": "trim", "start_s": 0.5}))
    updates = await do(part, ask(), "add", json.dumps({"op": "fade", "out_s": 1}))
    assert "Keep from 0.5 s to the end" in str(updates[part.view])
    assert "1.50 s · WAV" in str(updates[part.view])
    await do(part, ask(), "down", "0")
    assert [step["op"] for step in echo.recording(recording.id, ME).steps] == ["fade", "trim"]
    await do(part, ask(), "remove", "0")
    assert [step["op"] for step in echo.recording(recording.id, ME).steps] == ["trim"]
    await do(part, ask(), "undo")
    assert len(echo.recording(recording.id, ME).steps) == 2
    refused = await do(part, ask(), "add", "no json")
    assert "Reload the page, then try again" in str(refused[part.told])
    refused = await do(part, ask(), "add", json.dumps({"op": "trim", "start_s": 90}))
    assert "start_s is 90 s" in str(refused[part.told])
    assert len(echo.recording(recording.id, ME).steps) == 2
    refused = shown(await everything(part.plan("cut the first 900 seconds", ask())))
    assert "Step 3 (cut): Nothing would be left of 1.50 s" in str(refused[part.planned])
    await do(part, ask(), "confirm")
    assert len(echo.recording(recording.id, ME).steps) == 2


async def test_an_instruction_is_shown_first_and_done_when_confirmed(
    part: RecordingsPart, echo: Studio, ask: Asked, tmp_path: Path
) -> None:
    recording = added(echo, write_wav(tmp_path / "a.wav", tone(5)))
    await everything(part.load(ask()))
    text = "wytnij pierwsze 3 sekundy, a potem wycisz stopniowo na końcu przez 2 sekundy"
    updates = shown(await everything(part.plan(text, ask(language="pl"))))
    assert "Wytnij od początku do 3 s" in str(updates[part.planned])
    assert "Stopniowo wycisz przez 2 s" in str(updates[part.planned])
    assert echo.recording(recording.id, ME).steps == ()
    await do(part, ask(), "confirm")
    made = echo.recording(recording.id, ME)
    assert [step["op"] for step in made.steps] == ["cut", "fade"]
    assert made.result_info is not None and made.result_info["seconds"] == 2.0
    nonsense = shown(await everything(part.plan("make it purple", ask())))
    assert "nothing that can be done to a sound" in str(nonsense[part.planned])
    await do(part, ask(), "confirm")
    assert len(echo.recording(recording.id, ME).steps) == 2


async def test_several_get_the_same_steps_and_are_joined(
    part: RecordingsPart, echo: Studio, ask: Asked, tmp_path: Path
) -> None:
    others = [added(echo, write_wav(tmp_path / f"{hz}.wav", tone(1, hz))) for hz in (300, 500)]
    shown_one = added(echo, write_wav(tmp_path / "shown.wav", tone(1)))
    await everything(part.load(ask()))
    await do(part, ask(), "add", json.dumps({"op": "reverse"}))
    updates = await do(part, ask(), "batch", " ".join(each.id for each in others))
    assert "2 recordings were changed" in str(updates[part.told])
    assert all(echo.recording(each.id, ME).results for each in others)
    updates = await do(part, ask(), "join", others[0].id)
    assert "Put behind it: 300.wav" in str(updates[part.view])
    assert echo.recording(shown_one.id, ME).result_info["seconds"] == 2.0  # type: ignore[index]


async def test_nobody_else_s_recording_is_opened_or_deleted(
    part: RecordingsPart, echo: Studio, ask: Asked, tmp_path: Path
) -> None:
    recording = added(echo, write_wav(tmp_path / "a.wav", tone(1)))
    for act in ("open", "delete"):
        updates = await do(part, ask(owner="guest"), act, recording.id)
        assert "There is no recording" in str(updates[part.told])
    await do(part, ask(), "delete", recording.id)
    assert echo.recordings.latest("local") == []


WORDS: list[tuple[dict[str, object], str, str]] = [
    ({"op": "cut", "start_s": -3}, "Cut from 3 s before the end to the end", "Wytnij od 3 s przed końcem do końca"),
    ({"op": "gain", "db": -6.5}, "6.5 dB quieter", "Ciszej o 6,5 dB"),
    (
        {"op": "gain", "db": -100, "start_s": 1, "end_s": 2},
        "Silence, from 1 s to 2 s",
        "Wycisz zupełnie, od 1 s do 2 s",
    ),
    (
        {"op": "split", "at_s": [90, -5]},
        "Split at 1 min 30 s, 5 s before the end",
        "Podziel w 1 min 30 s, 5 s przed końcem",
    ),
    (
        {"op": "convert", "format": "mp3", "bit_rate_kbps": 128, "tags": {"title": "x"}},
        "Write as MP3, 128 kbit/s, title: x",
        "Zapisz jako MP3, 128 kbit/s, title: x",
    ),
    ({"op": "normalise", "lufs": -16}, "Bring to −16 LUFS", "Ustaw głośność na −16 LUFS"),
]


@pytest.mark.parametrize(("values", "english", "polish"), WORDS)
def test_steps_are_told_in_words(values: dict[str, object], english: str, polish: str) -> None:
    assert describe(step_of(values), Words("en"), {}) == english
    assert describe(step_of(values), Words("pl"), {}) == polish
