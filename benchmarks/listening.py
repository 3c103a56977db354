"""What a recording takes of memory while it is written down, part by part: ten minutes and two hours of speech.

Both are speech by the starter voice without a pause longer than between sentences, the same twenty of them again and
again, heard by the starter recogniser, and kept as transcripts. Each is heard in a process of its own, whose memory is
looked at every 50 ms. Whisper hears ten minutes at a time: the table tells the greatest memory of the whole, and the
notes that of each such part, which would climb if anything grew with the length.
"""

import multiprocessing
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.measure import Busy, Effort, Result, Round, result, row, run
from benchmarks.servers import data_folder, with_starters
from benchmarks.transcription import ME, MODEL, THREADS, kept, spoken
from studio import Progress, Segment, Settings, Studio

MINUTES, QUICK_MINUTES = (10, 120), (0.2, 0.4)
PART_S = 600  # as engines.whisper reads a recording
LOOK_S = 0.05


@dataclass(frozen=True, slots=True)
class Heard:
    """The greatest memory while each part was heard, in bytes; how many segments; how long it took, in seconds."""

    parts_bytes: tuple[int, ...]
    segments: int
    took_s: float


def settings(data_dir: Path) -> Settings:
    """Return those of a Hearth that asks nobody."""
    return Settings(data_dir=data_dir, no_starters=True, threads=THREADS, ollama_host="http://127.0.0.1:9")


def heard(data_dir: Path, recording: str) -> Heard:
    """Write a recording of the library down in this process."""
    process, over, peaks, at_s, segments = psutil.Process(), threading.Event(), dict[int, int](), [0], 0

    def watch() -> None:
        while not over.wait(LOOK_S):
            part = at_s[0] // PART_S
            peaks[part] = max(peaks.get(part, 0), process.memory_info().rss)

    with Studio.open(settings(data_dir)) as studio:
        watching = threading.Thread(target=watch)
        watching.start()
        began = time.perf_counter()
        try:
            job = studio.transcribe_recording(recording, ME, MODEL)
            for _, event in job.follow():
                if isinstance(event, Progress):
                    if event.step // PART_S > at_s[0] // PART_S:  # it takes half an hour: show that it goes on
                        print(f"{event.step // 60} minutes heard, {max(peaks.values()) / 1e6:,.0f} MB", flush=True)
                    at_s[0] = event.step
                segments += isinstance(event, Segment)
            assert job.state == "done", job.snapshot()[-1]
        finally:
            over.set()
            watching.join()
        assert len(studio.transcript_of(job, ME).segments) == segments > 0, "nothing was heard"
    return Heard(tuple(peaks[part] for part in sorted(peaks)), segments, time.perf_counter() - began)


def measure(effort: Effort) -> Result:
    """Measure."""
    minutes = QUICK_MINUTES if effort.quick else MINUTES
    found: list[Heard] = []
    with data_folder() as folder, Busy() as busy:
        data = with_starters(folder / "data")
        with Studio.open(settings(data)) as studio:
            recordings = [kept(studio, path).id for path in spoken(studio, folder, minutes)]
        for recording in recordings:
            with multiprocessing.get_context("spawn").Pool(1) as alone:
                found.append(alone.apply(heard, (data, recording)))
                alone.close()
                alone.join()
    short, long = found
    peaks = {"short": max(short.parts_bytes) / 1e6, "long": max(long.parts_bytes) / 1e6}
    rates = {"rtf": long.took_s / (minutes[1] * 60)}
    made = [Round(peaks | rates, {}, busy.others_cores)]
    parts = ", ".join(f"{part / 1e6:,.0f}" for part in long.parts_bytes)
    return result(
        "listening",
        made,
        [
            row(f"transcription: memory with {minutes[0]:g} minutes", "MB", made, "short", ""),
            row(f"transcription: memory with {minutes[1]:g} minutes", "MB", made, "long", ""),
            row(f"transcription: {minutes[1]:g} minutes", "× real time", made, "rtf", ""),
        ],
        [
            f"Memory while each ten minutes of the {minutes[1]:g} were heard, in MB: {parts}. Heard: {long.segments:,} "
            "segments."
        ],
    )


if __name__ == "__main__":
    run("listening", __doc__ or "", measure)
