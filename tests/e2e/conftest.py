"""A real browser on a real server with the starter models."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.serving import Server, use_models

QUIET = ["--no-sandbox", "--disable-background-networking", "--disable-quic", "--disable-component-update",
         "--disable-sync", "--no-first-run", "--autoplay-policy=no-user-gesture-required"]  # fmt: skip


# Two slow cores that also run the model: what takes a second alone may take ten.
expect.set_options(timeout=30_000)


@pytest.fixture(scope="package")
def studio_server(starters: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Hearth as a newcomer has it after the first start: the starters and nothing else."""
    data_dir = tmp_path_factory.mktemp("studio")
    use_models(data_dir, starters)
    server = Server(data_dir, "--no-starters").start().wait_ready()
    yield server
    server.stop()


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One Chromium for all browser tests; gone with the last, for its event loop leaves no room for another's."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=QUIET)
        yield chromium
        chromium.close()


@pytest.fixture
def context(browser: Browser, studio_server: Server) -> Iterator[BrowserContext]:
    """A person's browser profile; it fails the test when the page asks another host for anything."""
    asked: list[str] = []
    context = browser.new_context(base_url=studio_server.url, viewport={"width": 1440, "height": 900}, locale="en-US")
    context.on("request", lambda request: asked.append(request.url))
    context.set_default_timeout(30_000)
    yield context
    context.close()
    foreign = [url for url in asked if not url.startswith((studio_server.url, "data:", "blob:"))]
    assert not foreign, f"the page asked other hosts: {foreign}"


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """The dashboard, open and ready to type into."""
    page = context.new_page()
    page.goto("/")
    page.locator("#ask textarea").wait_for()
    return page
