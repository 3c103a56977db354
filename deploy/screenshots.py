"""Takes the README's pictures in docs/ from a real dashboard on the starter models (`make screenshots`)."""

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from studio.starters import fetch_starters
from tests.serving import Server, use_models

DOCS = Path(__file__).resolve().parent.parent / "docs"
QUESTIONS = ("Give me three ideas for a rainy Sunday.", "Write two sentences about a fire on a winter evening.")
SIZES = {"light": (1440, 900), "dark": (1440, 900), "phone": (390, 844)}


def ask(page: Page, question: str) -> None:
    """Ask a question in a new conversation and wait until the reply is written."""
    page.locator("#new-chat").click()
    page.locator("#ask textarea").fill(question)
    page.locator("#ask textarea").press("Enter")
    page.locator("#chat-status").filter(has_text="tokens").wait_for(timeout=120_000)


def take(browser: Browser, url: str, name: str) -> None:
    """Open the dashboard as ``name`` shows it, where its last conversation stands, and save the picture."""
    width, height = SIZES[name]
    page = browser.new_page(viewport={"width": width, "height": height}, locale="en-US")
    page.emulate_media(color_scheme="dark" if name == "dark" else "light")
    page.goto(url)
    page.locator("#ask textarea").wait_for()
    if name == "light":
        for question in QUESTIONS:
            ask(page, question)
    page.locator("#chat-history .bot.message").last.wait_for()
    page.mouse.move(width / 2, 4)  # off whatever lights up under the pointer
    page.wait_for_function("document.fonts.status === 'loaded'")
    page.screenshot(path=DOCS / f"screenshot-{name}.png")
    print(f"docs/screenshot-{name}.png")
    page.close()


def main() -> None:
    """Start Hearth on the starters and take every picture."""
    DOCS.mkdir(exist_ok=True)
    cache = Path.home() / ".cache" / "hearth-tests" / "models"  # the one that the tests keep
    cache.mkdir(parents=True, exist_ok=True)
    failed = fetch_starters(cache, sys.stderr)
    if failed:
        raise SystemExit(f"No pictures without the starters: {failed}")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        use_models(Path(folder), cache)
        server = Server(Path(folder), "--no-starters").start().wait_ready()
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        try:
            for name in SIZES:
                take(browser, server.url, name)
        finally:
            browser.close()
            server.stop()


if __name__ == "__main__":
    main()
