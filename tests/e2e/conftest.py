"""A real browser on a real server with the starter models."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
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
def echo_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Hearth on the echo models alone, one for all browser tests: each begins with a conversation of its own."""
    server = Server(tmp_path_factory.mktemp("echo-server"), "--demo").start().wait_ready()
    yield server
    server.stop()


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One Chromium for all browser tests; gone with the last, for its event loop leaves no room for another's."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=QUIET)
        yield chromium
        chromium.close()


@contextmanager
def profile_of(browser: Browser, server: Server) -> Iterator[BrowserContext]:
    """A person's browser profile; it fails the test when the page asks another host for anything."""
    asked: list[str] = []
    context = browser.new_context(base_url=server.url, viewport={"width": 1440, "height": 900}, locale="en-US")
    context.on("request", lambda request: asked.append(request.url))
    context.set_default_timeout(30_000)
    yield context
    context.close()
    foreign = [url for url in asked if not url.startswith((server.url, "data:", "blob:"))]
    assert not foreign, f"the page asked other hosts: {foreign}"


def opened(context: BrowserContext) -> Page:
    """The dashboard, open and ready to type into."""
    page = context.new_page()
    page.goto("/")
    told(page)
    return page


def told(page: Page) -> None:
    """Wait until a page that was opened can be typed into and knows what is kept, which it is told a moment later."""
    page.locator("#ask textarea").wait_for()
    expect(page.locator("#side")).to_contain_text(re.compile("Today|will be kept here"), timeout=60_000)


def as_found(page: Page) -> Page:
    """A page that many tests only look at, as one finds it: its first panel, from the top, on a screen."""
    page.set_viewport_size({"width": 1440, "height": 900})
    page.emulate_media(reduced_motion="no-preference", color_scheme="light")
    page.get_by_role("tab", name="Chat", exact=True).click()
    page.evaluate("scrollTo(0, 0)")
    return page


@pytest.fixture
def context(browser: Browser, studio_server: Server) -> Iterator[BrowserContext]:
    """A profile of its own on the starter models."""
    with profile_of(browser, studio_server) as made:
        yield made


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """The dashboard on the starter models."""
    return opened(context)


@pytest.fixture
def echo_page(browser: Browser, echo_server: Server) -> Iterator[Page]:
    """The dashboard on the echo models, where it is known what a reply says."""
    with profile_of(browser, echo_server) as made:
        yield opened(made)
