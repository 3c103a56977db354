"""Images: the picture that forms, the queue, the gallery, a picture to begin from, a grid, the prompt written out."""

import asyncio
import re
from pathlib import Path

import pytest
from gradio.components import Component

import engines
from studio import Caller, ImageRequest, QueuedImage, Settings, Studio
from tests.ui.conftest import Asked, everything, shown
from tests.ui.test_panels import laid_out, wait_for_job
from ui.images import ImagesPanel
from ui.panel import Updates
from ui.words import words_of

LOCAL = Caller(via="ui")


def given(panel: ImagesPanel, prompt: str = "a house", **figures: str) -> dict[Component, object]:
    """What a page sends along: small, quick and always the same, but for what a test says."""
    values = {"width": "64", "height": "64", "num_inference_steps": "6", "seed": "7"} | figures
    return {panel.prompt: prompt, **{panel.form.figures[name]: value for name, value in values.items()}}


def make(panel: ImagesPanel, ask: Asked, prompt: str = "a house", **figures: str) -> "asyncio.Future[list[Updates]]":
    return asyncio.ensure_future(everything(panel.make(given(panel, prompt, **figures), ask())))


def queue_of(studio: Studio) -> list[QueuedImage]:
    """The queue, once all that was submitted to the database is written."""
    studio.preferences.set("test", "flush", None)
    return studio.image_queue(LOCAL)


async def test_a_picture_forms_and_joins_the_gallery(slow_echo: Studio, ask: Asked) -> None:
    panel = laid_out(ImagesPanel, slow_echo)
    updates = await make(panel, ask, num_inference_steps="60")
    told = " ".join(str(update.get(panel.status)) for update in updates)
    assert re.search(r"Step \d+ of 60", told)
    assert any("data:image/png;base64," in str(update.get(panel.preview)) for update in updates)
    page = shown(updates)
    assert page[panel.preview] == ""
    assert "64 × 64 · seed 7" in str(page[panel.status])
    (file,) = slow_echo.artifacts.latest("local", "image/png")
    assert f'src="/files/{file.id}"' in str(page[panel.gallery])


async def test_a_picture_is_cancelled(slow_echo: Studio, ask: Asked) -> None:
    panel = laid_out(ImagesPanel, slow_echo)
    making = make(panel, ask, num_inference_steps="200")
    await wait_for_job(slow_echo)
    panel.stop(ask())
    page = shown(await asyncio.wait_for(making, 30))
    assert "Stopped" in str(page[panel.status])
    assert slow_echo.artifacts.latest("local", "image/png") == []


@pytest.mark.parametrize(
    "odd",
    [{"width": "65"}, {"width": "100000"}, {"num_inference_steps": "0"}, {"seed": "-1"}, {"num_images": "99"},
     {"num_inference_steps": "4.5"}, {"guidance_scale": "much"}, {"width": "1e999"}],
)  # fmt: skip
async def test_a_value_that_can_not_be_is_explained(echo: Studio, ask: Asked, odd: dict[str, str]) -> None:
    panel = laid_out(ImagesPanel, echo)
    page = shown(await make(panel, ask, **odd))
    assert 'role="alert"' in str(page[panel.status])


async def test_settings_that_were_never_opened_are_the_models_own(echo: Studio, ask: Asked) -> None:
    panel = laid_out(ImagesPanel, echo)
    page = shown(await everything(panel.make({panel.prompt: "a house"}, ask())))
    assert "<img" in str(page[panel.gallery])


async def test_a_figure_may_have_a_decimal_comma(echo: Studio, ask: Asked) -> None:
    panel = laid_out(ImagesPanel, echo)
    page = shown(await make(panel, ask, guidance_scale="7,5"))
    assert "<img" in str(page[panel.gallery])


async def test_a_reloaded_page_follows_the_picture_that_forms(slow_echo: Studio, ask: Asked) -> None:
    panel = laid_out(ImagesPanel, slow_echo)
    asked = ImageRequest(prompt="a lamp", width=64, height=64, num_inference_steps=30)
    slow_echo.submit(asked, Caller(via="ui"))
    page = shown(await everything(panel.load({}, ask())))
    assert page[panel.prompt] == "a lamp"
    assert "<img" in str(page[panel.gallery])


async def test_pictures_of_others_are_not_shown(echo: Studio, ask: Asked) -> None:
    panel = laid_out(ImagesPanel, echo)
    await make(panel, ask)
    page = shown(await everything(panel.load({}, ask(owner="bob"))))
    assert page[panel.gallery] == ""


def test_without_the_packages_for_pictures_the_panel_says_what_adds_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: Asked
) -> None:
    with Studio.open(Settings(data_dir=tmp_path, ollama_host="http://127.0.0.1:9")) as studio:
        panel = laid_out(ImagesPanel, studio)
        assert "Models" in panel._start(words_of(ask()))
        monkeypatch.setattr(engines, "missing", lambda engine: ["torch"] if engine.extra else [])
        assert "make install PROFILE=full" in panel._start(words_of(ask()))
        assert "make install PROFILE=full" in studio.health().parts["diffusers"].message
