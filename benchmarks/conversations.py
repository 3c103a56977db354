"""Long histories: search over 100,000 messages, and a conversation of 1,000 messages opened in a real Chromium."""

import random
import shutil
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from benchmarks.measure import Effort, Result, Sample, alternate, result, row, run
from benchmarks.page import QUIET
from benchmarks.servers import data_folder, hearth
from store import Conversations, Database, Search, Transaction
from store.database import now

MESSAGES, LONG, SHORT = 100_000, 1_000, 2
TURNS = 100  # messages of each of the other conversations
SEED = 20_261
# A common word, a rare one, two together, an unfinished one, a phrase, and one that is nowhere.
QUERIES = ("w1", "w4999", "w3 w17", "w49", '"w1 w2"', "nowhere", "w5 model:echo after:2001")
TITLES = {LONG: "the long one", SHORT: "the short one"}


def fill(folder: Path) -> None:
    """Write the messages as the store has them, words drawn so that few are common and most are rare."""
    chance = random.Random(SEED)
    words = [f"w{number}" for number in range(5_000)]
    weights = [1 / (number + 1) for number in range(5_000)]
    database = Database(folder)
    conversations = Conversations(database)
    sizes = [LONG, SHORT, *[TURNS] * ((MESSAGES - LONG - SHORT) // TURNS)]
    for size in sizes:
        conversation = conversations.create("local", TITLES.get(size, "another"))
        texts = [" ".join(chance.choices(words, weights, k=40)) for _ in range(size)]

        def insert(db: Transaction, id: str = conversation.id, texts: list[str] = texts) -> None:
            parent, when = None, now()
            for number, text in enumerate(texts):
                message = f"{id}-{number:04d}"
                db.execute(
                    """INSERT INTO messages (id, conversation_id, parent_id, role, content, state, model, created_at)
                       VALUES (?, ?, ?, ?, ?, 'done', 'echo-chat', ?)""",
                    (message, id, parent, "assistant" if number % 2 else "user", text, when),
                )
                parent = message
            db.execute("UPDATE conversations SET leaf_id = ? WHERE id = ?", (parent, id))

        database.write(insert)
    for title in TITLES.values():  # so that both stand in the list
        found = next(one for one in conversations.all("local", limit=MESSAGES) if one.title == title)
        conversations.pin(found.id, "local", True)
    database.close()


def searching(folder: Path) -> Callable[[], Sample]:
    """Return what asks every query once; milliseconds of the slowest and of the median one."""
    database = Database(folder)
    search = Search(database)

    def ask() -> Sample:
        took = []
        for query in QUERIES:
            began = time.perf_counter()
            search.find("local", query)
            took.append(time.perf_counter() - began)
        return {"median": statistics.median(took), "worst": max(took)}

    ask()
    return ask


def opening(page: Page, size: int) -> Callable[[], Sample]:
    """Return what opens a conversation by a click, until its last message is drawn."""

    def visit() -> Sample:
        page.locator("#new-chat").click()
        page.locator("#chat-start .empty").wait_for()
        began = time.perf_counter()
        page.locator("#conversations .open", has_text=TITLES[size]).first.click()
        page.locator("#chat-history .message-row").nth(min(size, 50) - 1).wait_for()
        return {"open": time.perf_counter() - began}

    visit()
    return visit


def measure(effort: Effort) -> Result:
    """Measure."""
    with data_folder() as folder:
        data = folder / "data"
        fill(data)
        ask = searching(data)
        with hearth(data, "--demo") as ours, sync_playwright() as playwright:
            ours.wait("/ready")
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(QUIET))
            page = browser.new_page(viewport={"width": 1440, "height": 900}, locale="en-US")
            page.goto(ours.url)
            page.locator("#ask textarea").wait_for()
            open_long, open_short = opening(page, LONG), opening(page, SHORT)
            rounds = alternate(lambda: {**ask(), **open_long()}, open_short, effort)
            browser.close()
    short = f"one of {SHORT} messages"
    return result(
        "conversations",
        rounds,
        [
            row("search over 100,000 messages, median query", "ms", rounds, "median", "", scale=1000, aim=50),
            row("search over 100,000 messages, slowest query", "ms", rounds, "worst", "", scale=1000, aim=50),
            row("a conversation of 1,000 messages opens", "s", rounds, "open", short, aim=1),
        ],
        [f"The queries of conversations: {', '.join(QUERIES)}."],
    )


if __name__ == "__main__":
    run("conversations", __doc__, measure)
