"""The Images panel in a real browser: draw, find, delete and undo, take a foreign picture's settings, send to chat."""

from collections.abc import Iterator
from pathlib import Path

import PIL.Image
import pytest
from PIL.PngImagePlugin import PngInfo
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.conftest import opened
from tests.echo_models import manifest_of
from tests.engines.tiny_pipeline import make_tiny_pipeline
from tests.serving import Server, use_models

pytest.importorskip("diffusers", reason="the light profile has no diffusers")
LONG_MS = 120_000  # two slow cores that also load a pipeline


@pytest.fixture(scope="module")
def images_server(starters: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Hearth with a real pipeline, tiny and untrained, and the chat starter."""
    data_dir = tmp_path_factory.mktemp("images")
    use_models(data_dir, starters, only=["smollm2-135m"])
    folder = make_tiny_pipeline(data_dir / "models" / "diffusers" / "tiny")
    (folder / "hearth.json").write_text(manifest_of("tiny", "diffusers", "image", num_inference_steps=4))
    server = Server(data_dir, "--no-starters").start().wait_ready()
    yield server
    server.stop()


@pytest.fixture
def context(browser: Browser, images_server: Server) -> Iterator[BrowserContext]:
    context = browser.new_context(base_url=images_server.url, viewport={"width": 1440, "height": 900}, locale="en-US")
    context.set_default_timeout(LONG_MS)
    yield context
    context.close()


def panel_of(context: BrowserContext) -> Page:
    """The panel, ready to type into."""
    page = opened(context)
    page.locator("#tab-images-button").click()
    page.locator("#im-prompt textarea").wait_for()
    return page


def test_a_picture_is_drawn_found_deleted_brought_back_and_sent_to_the_chat(context: BrowserContext) -> None:
    page = panel_of(context)
    expect(page.locator("#im-search")).to_be_hidden()
    page.locator("#im-prompt textarea").fill("a red apple")
    page.locator("#im-go").click()
    cells = page.locator(".gallery li")
    expect(cells).to_have_count(1, timeout=LONG_MS)
    expect(page.locator("#im-status")).to_contain_text("64 × 64")

    page.locator("#im-search input, #im-search textarea").fill("boat")
    expect(page.locator("#im-gallery")).to_contain_text("No picture fits")
    page.locator("#im-search input, #im-search textarea").fill("APPLE")
    expect(cells).to_have_count(1)
    page.reload()
    page.locator("#tab-images-button").click()
    expect(cells).to_have_count(1)

    cells.locator(".choose").click()
    page.locator("#im-tools [data-act=delete]").click()
    expect(cells).to_have_count(0)
    page.locator("#im-tools [data-act=restore]").click()
    expect(cells).to_have_count(1)
    cells.locator("[data-act=to-chat]").click()
    expect(page.locator("#chips .chip")).to_contain_text("hearth-")
    expect(page.locator("#ask textarea")).to_be_visible()


def test_a_picture_of_another_program_fills_the_form_on_a_phone(context: BrowserContext, tmp_path: Path) -> None:
    foreign, told = tmp_path / "foreign.png", PngInfo()
    told.add_text(
        "parameters",
        "a lighthouse in the rain\nNegative prompt: people\nSteps: 7, Sampler: Euler a, CFG scale: 6.5, Seed: 1234, "
        "Size: 64x64, Model hash: 0123456789, Model: elsewhere",
    )
    PIL.Image.new("RGB", (64, 64), "navy").save(foreign, pnginfo=told)
    page = panel_of(context)
    page.set_viewport_size({"width": 390, "height": 844})
    page.locator("#images .toggle-aside").click()
    page.locator("#im-source button.label-wrap").click()
    page.locator("#im-file input[type=file]").set_input_files(foreign)
    expect(page.locator("#im-prompt textarea")).to_have_value("a lighthouse in the rain", timeout=LONG_MS)
    page.locator("#im-drawer button.label-wrap").click()
    expect(page.locator("#im-seed input, #im-seed textarea")).to_have_value("1234")
    expect(page.locator("#im-steps input, #im-steps textarea")).to_have_value("7")
    with page.expect_response(lambda answer: "/gradio_api/file=" in answer.url) as painted_on:
        page.locator("#im-use label").nth(2).click()
    assert painted_on.value.status == 200, "the brush has the picture below it"
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
