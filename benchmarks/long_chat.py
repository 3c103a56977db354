"""Long conversations and long pastes in a real Chromium: streaming below 1,000 messages, and the longest task."""

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from benchmarks.conversations import LONG, SHORT, TITLES, fill
from benchmarks.measure import Effort, Result, Sample, alternate, result, row, run
from benchmarks.page import QUIET
from benchmarks.servers import data_folder, hearth

WORDS, DELAY_S = 150, 0.02
LINES = 20_000
PASTED = "\n".join(f"line {number} of it" for number in range(LINES))
# Tasks that kept the page from answering for 50 ms and more, as Chromium tells them.
WATCH = """() => {
  window.longest = 0;
  new PerformanceObserver((list) => {
    for (const task of list.getEntries()) window.longest = Math.max(window.longest, task.duration);
  }).observe({ type: "longtask" });
}"""
AT_REST = "() => new Promise((done) => requestIdleCallback(() => setTimeout(done, 300), { timeout: 60000 }))"
ENDED = """(messages) => document.querySelector("#send")?.offsetParent
  && !document.querySelector("#chat-live .message")
  && document.querySelectorAll("#chat-history .message").length === messages"""


def slow_model(data_dir: Path) -> None:
    """Give a data folder an echo model that says a word every 20 ms, as its only one."""
    folder = data_dir / "models" / "echo-chat" / "slow"
    folder.mkdir(parents=True)
    manifest = {
        "id": "slow", "engine": "echo-chat", "kind": "chat", "title": "Slow", "paths": ["."], "files": [],
        "size_bytes": 0, "memory_bytes": 0, "languages": [], "source_lang": None, "target_lang": None,
        "licence": "", "note": "", "options": {"delay_s": DELAY_S},
    }  # fmt: skip
    (folder / "hearth.json").write_text(json.dumps(manifest), encoding="utf-8")


def streaming(page: Page, size: int) -> Callable[[], Sample]:
    """Return what sends a message in a conversation of so many messages, until its reply stands in the history."""
    text = " ".join(f"word{number}" for number in range(WORDS))

    def send() -> Sample:
        page.locator("#new-chat").click()
        page.locator("#chat-start .empty").wait_for()
        page.locator("#conversations .open", has_text=TITLES[size]).first.click()
        page.locator("#chat-history .message-row").nth(min(size, 50) - 1).wait_for()
        shown = page.locator("#chat-history .message").count()
        page.locator("#ask textarea").fill(text)
        began = time.perf_counter()
        page.locator("#ask textarea").press("Enter")
        page.locator("#stop").wait_for()
        page.wait_for_function(ENDED, arg=min(shown + 2, 50), polling="raf")
        return {"stream": time.perf_counter() - began}

    send()
    return send


def pasting(page: Page) -> Sample:
    """Paste 20,000 lines into the message box; returns the longest task, and whether the page answers after it."""
    page.locator("#new-chat").click()
    page.locator("#chat-start .empty").wait_for()
    page.evaluate(AT_REST)
    page.evaluate("(text) => navigator.clipboard.writeText(text)", PASTED)
    page.evaluate(WATCH)
    page.locator("#ask textarea").press("ControlOrMeta+v")
    page.evaluate(AT_REST)
    pasted = page.evaluate("window.longest")
    page.locator("#ask textarea").press_sequentially("!")
    page.evaluate(AT_REST)
    typed = page.evaluate("window.longest")
    page.reload()
    page.locator("#chat-start .empty").wait_for()
    return {"paste": pasted / 1_000 or 0.05, "type": max(typed / 1_000, 0.05)}


def measure(effort: Effort) -> Result:
    """Measure."""
    with data_folder() as folder:
        data = folder / "data"
        fill(data)
        slow_model(data)
        with hearth(data) as ours, sync_playwright() as playwright:
            ours.wait("/ready")
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(QUIET))
            context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-US")
            context.grant_permissions(["clipboard-read", "clipboard-write"], origin=ours.url)
            page = context.new_page()
            page.goto(ours.url)
            page.locator("#ask textarea").wait_for()
            page.locator("#chat-start .empty").wait_for()
            pasted = alternate(lambda: pasting(page), dict, effort)
            below_many, below_few = streaming(page, LONG), streaming(page, SHORT)
            rounds = alternate(below_many, below_few, effort)
            browser.close()
    words = f"a reply of {WORDS} words streamed below {LONG:,} messages"
    return result(
        "long_chat",
        [*rounds, *pasted],
        [
            row(words, "s", rounds, "stream", f"below {SHORT}", aim=1.1, aim_of="ratio"),
            row(f"longest task of a paste of {LINES:,} lines", "s", pasted, "paste", "", aim=0.2),
            row("longest task until the next key is taken", "s", pasted, "type", "", aim=0.2),
        ],
        ["Tasks under 50 ms are told as 50 ms: Chromium does not tell them apart."],
    )


if __name__ == "__main__":
    run("long_chat", __doc__, measure)
