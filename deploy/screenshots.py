"""Takes the README's pictures in docs/ from a real dashboard on the starter models (`make screenshots`)."""

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from studio.starters import fetch_starters
from tests.serving import Server, use_models

DOCS = Path(__file__).resolve().parent.parent / "docs"
CONVERSATIONS = (
    ("Give me three ideas for a rainy Sunday.",),
    ("Why is the sky blue?",),
    ("Write two sentences about a fire on a winter evening.", "Now write one about the morning after."),
)
SIZES = {"light": (1440, 900), "dark": (1440, 900), "phone": (390, 844)}


def talk(page: Page) -> None:
    """Hold the conversations, waiting for each reply."""
    for questions in CONVERSATIONS:
        page.locator("#new-chat").click()
        for turn, question in enumerate(questions, start=1):
            page.locator("#ask textarea").fill(question)
            page.locator("#ask textarea").press("Enter")
            page.locator("#chat-history .bot.message").nth(turn - 1).wait_for(timeout=120_000)
            page.locator("#chat-status").filter(has_text="tokens").wait_for()


def take(page: Page, name: str) -> None:
    """Show the last conversation as ``name`` says and save the picture."""
    width, height = SIZES[name]
    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(color_scheme="dark" if name == "dark" else "light", reduced_motion="reduce")
    page.reload()
    page.locator("#chat-history .bot.message").last.wait_for()
    page.wait_for_function("document.fonts.status === 'loaded'")
    page.mouse.move(width - 2, height - 2)  # off whatever lights up under the pointer
    page.screenshot(path=DOCS / f"screenshot-{name}.png", animations="disabled", caret="hide")
    print(f"docs/screenshot-{name}.png")


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
            page = browser.new_page(locale="en-US")
            page.goto(server.url)
            page.locator("#ask textarea").wait_for()
            talk(page)
            for name in SIZES:
                take(page, name)
        finally:
            browser.close()
            server.stop()


if __name__ == "__main__":
    main()
