"""A long text read aloud: what 100,000 characters take of memory beside 10,000, tenth by tenth, and how fast it goes.

Both are the same twenty sentences again and again under headings, read by the starter voice into one MP3 with chapter
marks, each in a process of its own. The memory is that of the process and all that it started, looked at every 50 ms.
"""

import itertools
import multiprocessing
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.listening import settings
from benchmarks.measure import Busy, Effort, Result, Round, result, row, run
from benchmarks.round_trip import SENTENCES
from benchmarks.servers import data_folder, with_starters
from studio import Caller, Progress, Studio

ME = Caller()
VOICE = "en_us-joe-medium"
CHARACTERS, QUICK_CHARACTERS = (10_000, 100_000), (1_000, 2_000)
PARTS = 10
CHAPTER_SENTENCES = 60
LOOK_S = 0.05


@dataclass(frozen=True, slots=True)
class Read:
    """The greatest memory while each tenth was read, in bytes; seconds of sound, and that it took."""

    parts_bytes: tuple[int, ...]
    sound_s: float
    took_s: float


def text(characters: int) -> str:
    """Return a text of so many characters, in chapters and paragraphs of five sentences."""
    pieces, size = list[str](), 0
    for number, sentence in enumerate(itertools.cycle(SENTENCES)):
        heading = f"\n\n# Chapter {number // CHAPTER_SENTENCES + 1}\n\n" if number % CHAPTER_SENTENCES == 0 else ""
        piece = f"{heading}{sentence}{' ' if (number + 1) % 5 else chr(10) * 2}"
        pieces.append(piece)
        size += len(piece)
        if size >= characters:
            return "".join(pieces).strip()[:characters]
    raise AssertionError("a cycle has no end")


def memory_bytes(process: psutil.Process) -> int:
    """Return what a process and all that it started hold."""
    total = 0
    for each in (process, *process.children(recursive=True)):
        try:
            total += each.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total


def read(data_dir: Path, characters: int) -> Read:
    """Read a text aloud in this process."""
    process, over, peaks, part = psutil.Process(), threading.Event(), dict[int, int](), [0]

    def watch() -> None:
        while not over.wait(LOOK_S):
            peaks[part[0]] = max(peaks.get(part[0], 0), memory_bytes(process))

    with Studio.open(settings(data_dir)) as studio:
        watching = threading.Thread(target=watch)
        watching.start()
        began = time.perf_counter()
        try:
            narration = studio.add_narration(text(characters), ME, "A long text.md", model=VOICE, form="mp3")
            job = studio.narrate(narration.id, ME)
            for _, event in job.follow():
                if isinstance(event, Progress) and (now := event.step * PARTS // (event.total + 1)) != part[0]:
                    print(f"{event.step:,} of {event.total:,} sentences", flush=True)  # it takes minutes
                    part[0] = now
            assert job.state == "done", job.snapshot()[-1]
        finally:
            over.set()
            watching.join()
        took_s = time.perf_counter() - began
        sound_s = studio.narration(narration.id, ME).seconds
    return Read(tuple(peaks[each] for each in sorted(peaks)), sound_s, took_s)


def measure(effort: Effort) -> Result:
    """Measure."""
    found: list[Read] = []
    few, many = QUICK_CHARACTERS if effort.quick else CHARACTERS
    with data_folder() as folder, Busy() as busy:
        data = with_starters(folder / "data")
        for characters in (few, many):
            with multiprocessing.get_context("spawn").Pool(1) as alone:
                found.append(alone.apply(read, (data, characters)))
                alone.close()
                alone.join()
    short, long = found
    ours = {"memory": max(long.parts_bytes) / 1e6, "rtf": long.took_s / long.sound_s}
    made = [Round(ours, {"memory": max(short.parts_bytes) / 1e6}, busy.others_cores)]
    parts = ", ".join(f"{part / 1e6:,.0f}" for part in long.parts_bytes)
    return result(
        "narration",
        made,
        [
            row(
                f"read aloud: memory with {many:,} characters", "MB", made, "memory", f"{few:,} characters",
                aim=1.1, aim_of="ratio",
            ),
            row(f"read aloud: {many:,} characters", "× real time", made, "rtf", ""),
        ],
        [f"Memory while each tenth of the {many:,} characters was read, in MB: {parts}. Sound: {long.sound_s:,.0f} s."],
    )  # fmt: skip


if __name__ == "__main__":
    run("narration", __doc__ or "", measure)
