"""A Word document of 300 pages translated: words per second, and how the memory of the process grows meanwhile.

A page has 300 words in 20 sentences, some with a run in bold. The memory is that of the whole process, looked at every
50 ms: before, at its peak, and how much the peak of the last half is above that of the first, which is what would go on
growing with more pages.
"""

import argparse
import io
import random
import threading
import time
from dataclasses import dataclass, field

import docx
import psutil

from benchmarks.servers import data_folder, with_starters
from studio import Caller, Progress, Settings, Studio

PAGES = 300
WORDS_OF_PAGE = 300
PARAGRAPHS_OF_PAGE = 5
PEOPLE = ("The teacher", "My neighbour", "A young doctor", "Her brother", "The old captain", "Our guide", "The baker")
DOES = ("bought", "found", "painted", "repaired", "described", "carried home", "forgot", "sold")
THINGS = ("a small boat", "the green door", "three letters", "an old map", "the kitchen table", "a new coat", "a clock")
WHEN = ("in the morning", "before the long winter", "after the meeting", "on a rainy Sunday", "many years ago")
WHY = ("because the price was good", "although nobody asked", "and told us about it", "while the children slept")


@dataclass
class Watched:
    """The memory of this process over time: seconds and bytes."""

    samples: list[tuple[float, int]] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def watch(self) -> None:
        """Look until it is over."""
        process = psutil.Process()
        while not self.over.wait(0.05):
            self.samples.append((time.monotonic(), process.memory_info().rss))


def book(pages: int) -> tuple[bytes, int]:
    """Return a Word document and how many words it has."""
    chance = random.Random(1)
    document = docx.Document()
    words = 0
    for number in range(1, pages + 1):
        document.add_heading(f"Page {number}", 2)
        of_page = 0
        while of_page < WORDS_OF_PAGE:
            paragraph = document.add_paragraph()
            for _ in range(4):
                parts = [chance.choice(each) for each in (PEOPLE, DOES, THINGS, WHEN, WHY)]
                bold = chance.random() < 0.1
                paragraph.add_run(f"{parts[0]} {parts[1]} ")
                paragraph.add_run(parts[2]).bold = bold
                paragraph.add_run(f" {parts[3]}, {parts[4]}, {number} times. ")
                of_page += len(" ".join(parts).split()) + 2
        words += of_page + 2
    file = io.BytesIO()
    document.save(file)
    return file.getvalue(), words


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--pages", type=int, default=PAGES, help="how long the document is (default: 300)")
    pages = parser.parse_args().pages
    data, words = book(pages)
    watched, caller = Watched(), Caller()
    with data_folder() as folder:
        data_dir = with_starters(folder / "data")
        with Studio.open(Settings.load(["--data-dir", str(data_dir)])) as studio:
            studio.translate("Good morning.", "pt", "en")  # the model is loaded before the clock runs
            before = psutil.Process().memory_info().rss
            thread = threading.Thread(target=watched.watch)
            thread.start()
            began = time.monotonic()
            document = studio.hand_in(data, "book.docx", "pt", caller, "en")
            job = studio.translate_document(document.id, caller)
            job.wait()
            took = time.monotonic() - began
            watched.over.set()
            thread.join()
            document = studio.translated_document(document.id, caller)
            steps = sum(isinstance(event, Progress) for _, event in job.snapshot())
    middle = began + took / 2
    first = max(size for at, size in watched.samples if at <= middle)
    last = max(size for at, size in watched.samples if at > middle)
    print(
        f"{pages} pages, {words:,} words, {document.segments:,} sentences, {document.flagged} flagged, "
        f"{steps} steps told\n"
        f"{took:.1f} s, {words / took:,.0f} words/s\n"
        f"memory: {before / 1e6:,.0f} MB before, {max(first, last) / 1e6:,.0f} MB at its peak; "
        f"second half against first: {(last - first) / 1e6:+,.0f} MB"
    )


if __name__ == "__main__":
    main()
