"""Takes the README's pictures in docs/ from a real dashboard on the starter models (`make screenshots`)."""

import shutil
import sys
import tempfile
from pathlib import Path

import httpx
from playwright.sync_api import Page, sync_playwright

from studio.starters import fetch_starters
from tests.serving import Server, use_models

DOCS = Path(__file__).resolve().parent.parent / "docs"
CONVERSATIONS = ("Give me three ideas for a rainy Sunday.", "Why is the sky blue?")
# What is drawn, the last one first in the gallery, and with which seed.
ICONS = (
    ("panda", 12), ("czerwone serce", 47), ("butterfly", 14), ("kot", 43), ("birthday cake", 5), ("red apple", 0),
    ("smiling face with sunglasses", 23), ("owl", 15), ("hamburger", 4),
)  # fmt: skip
TEXT = "Good morning! The house by the sea is very beautiful today."
SIZES = {"light": (1440, 900), "dark": (1440, 900), "phone": (390, 844)}


def talk(page: Page) -> None:
    """Hold the conversations, waiting for each reply."""
    for question in CONVERSATIONS:
        page.locator("#new-chat").click()
        page.locator("#ask textarea").fill(question)
        page.locator("#ask textarea").press("Enter")
        page.locator("#chat-history .bot.message").wait_for(timeout=120_000)
        page.locator("#chat-status").filter(has_text="tokens").wait_for()


def draw(url: str) -> None:
    """Draw the icons over HTTP, where each can have its seed."""
    for prompt, seed in ICONS:
        asked = {"prompt": prompt, "model": "hearth-icons", "seed": seed}
        httpx.post(f"{url}/v1/images/generations", json=asked, timeout=120).raise_for_status()


def take(page: Page, name: str) -> None:
    """Show the panel as ``name`` says and save the picture: what was drawn, or a translation on a phone."""
    width, height = SIZES[name]
    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(color_scheme="dark" if name == "dark" else "light", reduced_motion="reduce")
    page.reload()
    page.get_by_role("tab", name="Chat", exact=True).wait_for()
    if name == "phone":
        page.get_by_role("tab", name="Translate", exact=True).click()
        page.locator("#tr-text textarea").press_sequentially(TEXT)
        page.locator("#tr-out .seg").nth(1).wait_for()
    else:
        page.get_by_role("tab", name="Images", exact=True).click()
        page.locator(".gallery li img").nth(len(ICONS) - 1).wait_for()
    page.wait_for_function("document.fonts.status === 'loaded'")
    page.wait_for_timeout(1_000)  # figures below what was translated, pictures decoded
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
            draw(server.url)
            for name in SIZES:
                take(page, name)
        finally:
            browser.close()
            server.stop()


if __name__ == "__main__":
    main()
