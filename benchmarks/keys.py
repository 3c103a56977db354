"""Translate as one types: from a key in a real Chromium to the new translation on the page, beside the API alone."""

import shutil
import statistics
import time

import httpx
from playwright.sync_api import Page, sync_playwright

from benchmarks.measure import Effort, Result, Sample, alternate, result, row, run
from benchmarks.page import QUIET
from benchmarks.servers import data_folder, hearth, with_starters

TEXT = "The train to the coast leaves at half past nine from the second platform, so we must"
LONG = "The museum is free on Sundays, but the queue is long. " * 60
# From the key to the first change of the translation after it, on the page's own clock.
FROM_KEY = """(key) => new Promise((done) => {
  const area = document.querySelector("#tr-text textarea");
  const before = document.querySelector("#tr-out").textContent;
  const pressed = performance.now();
  const watch = new MutationObserver(() => {
    if (document.querySelector("#tr-out")?.textContent === before) return;
    watch.disconnect();
    done(performance.now() - pressed);
  });
  watch.observe(document.querySelector("#tr-result"), { childList: true, subtree: true, characterData: true });
  area.setRangeText(key, area.value.length, area.value.length, "end");
  area.dispatchEvent(new InputEvent("input", { bubbles: true, data: key }));
})"""
# Another sentence each time, so that every key changes the translation.
NEXT = (" Zero.", " One.", " Two.", " Three.", " Four.", " Five.", " Six.", " Seven.")


def open_panel(page: Page, text: str) -> None:
    """Open Translate with a text and wait until it is translated."""
    page.goto("/?panel=translate")
    page.get_by_role("tab", name="Translate", exact=True).click()
    page.wait_for_function("document.querySelector('#tr-target input')?.value")
    page.locator("#tr-text textarea").fill(text)
    page.locator("#tr-out .seg").first.wait_for()


def on_the_page(page: Page, keys: int) -> Sample:
    """Press keys with rests between them, in a sentence and at the end of 660 words."""
    found: dict[str, float] = {}
    for name, text in (("key", TEXT), ("key_in_long", LONG)):
        open_panel(page, text)
        took = []
        for added in NEXT[:keys]:
            took.append(float(page.evaluate(FROM_KEY, added)))
            page.wait_for_timeout(400)  # a rest, as after a thought
        found[name] = statistics.median(took) / 1e3
    return found


def through_api(client: httpx.Client, keys: int) -> Sample:
    """Translate the same texts with one call each."""
    found: dict[str, float] = {}
    for name, text in (("key", TEXT), ("key_in_long", LONG)):
        took = []
        for added in NEXT[:keys]:
            text += added
            began = time.perf_counter()
            client.post("/translations", json={"text": text, "target_lang": "pt"}).raise_for_status()
            took.append(time.perf_counter() - began)
        found[name] = statistics.median(took)
    return found


def measure(effort: Effort) -> Result:
    """Measure."""
    keys = effort.of(len(NEXT))
    with (
        data_folder() as folder,
        hearth(with_starters(folder / "data")) as server,
        httpx.Client(base_url=server.url, timeout=60) as client,
        sync_playwright() as playwright,
    ):
        server.wait("/ready")
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(QUIET))
        page = browser.new_page(base_url=server.url, viewport={"width": 1440, "height": 900}, locale="en-US")
        through_api(client, 1)
        made = alternate(lambda: on_the_page(page, keys), lambda: through_api(client, keys), effort)
        browser.close()
    limit = "the API"
    return result(
        "keys",
        made,
        [
            row("Translate: a key → the translation, one sentence", "ms", made, "key", limit, scale=1000),
            row("Translate: a key → the translation, 660 words", "ms", made, "key_in_long", limit, scale=1000),
        ],
    )


if __name__ == "__main__":
    run("keys", __doc__, measure)
