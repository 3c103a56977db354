"""A recording of two hours through the audio editor: how long it takes, and how much memory above one of ten minutes.

Both are MP3 of the same minute of speech-like sound, again and again. Each is added (listened through, measured, drawn)
and edited: its ends cut, noise taken down, brought to -16 LUFS, faded, written as FLAC (LAME alone
would take longer than all of that). The memory is the greatest of
the whole process, looked at every 50 ms.
"""

import shutil
import threading
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import psutil

from benchmarks.measure import Busy, Effort, Result, Round, result, row, run
from benchmarks.servers import data_folder
from studio import Caller, Job, Settings, Step, Studio, parse_steps

RATE_HZ = 44_100
MINUTES, QUICK_MINUTES = (10, 120), (1, 2)
ME = Caller()
STEPS: list[dict[str, object]] = [
    {"op": "cut", "start_s": 0, "end_s": 5},
    {"op": "cut", "start_s": -5},
    {"op": "denoise", "strength_db": 12},
    {"op": "normalise", "lufs": -16},
    {"op": "fade", "in_s": 1, "out_s": 3},
    {"op": "convert", "format": "flac"},
]


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds to add a recording and to edit it, and the greatest memory of the process meanwhile, in bytes."""

    add_s: float
    edit_s: float
    peak_bytes: int


def minute(path: Path) -> bytes:
    """Return a minute of stereo MP3 without a header, so that several of them are one longer recording."""
    chance = np.random.default_rng(1)
    time_s = np.arange(60 * RATE_HZ) / RATE_HZ
    voice = np.sin(2 * np.pi * (140 + 40 * np.sin(time_s)) * time_s) * (np.sin(2 * np.pi * 2.2 * time_s) > -0.3)
    sound = (0.3 * voice + chance.normal(0, 0.01, len(time_s))).astype(np.float32)
    with av.open(str(path), "w", format="mp3", options={"write_xing": "0", "id3v2_version": "0"}) as container:
        stream = container.add_stream("libmp3lame", rate=RATE_HZ, layout="stereo", format="fltp")
        stream.bit_rate = 96_000
        for at in range(0, len(sound) - 1152, 1152):
            frame = av.AudioFrame.from_ndarray(np.stack([sound[at : at + 1152]] * 2), format="fltp", layout="stereo")
            frame.sample_rate = RATE_HZ
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path.read_bytes()


def ended(job: Job | None) -> float:
    """Wait for a job; returns how long it took, in seconds."""
    assert job is not None
    job.wait()
    assert job.state == "done", job.snapshot()[-1]
    return (job.times.finished or 0) - job.times.submitted


def measured(studio: Studio, path: Path, steps: tuple[Step, ...]) -> Took:
    """Add a recording and edit it."""
    process, over, peaks = psutil.Process(), threading.Event(), [0]

    def watch() -> None:
        while not over.wait(0.05):
            peaks[0] = max(peaks[0], process.memory_info().rss)

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        job = studio.add_recording(path, path.name, ME)
        add_s = ended(job)
        edit_s = ended(studio.set_steps(studio.recording_of(job, ME).id, steps, ME))
    finally:
        over.set()
        watching.join()
    return Took(add_s, edit_s, peaks[0])


def measure(effort: Effort) -> Result:
    """Measure."""
    found: list[Took] = []
    with Busy() as busy, data_folder() as folder, Studio.open(Settings(demo=True, data_dir=folder / "data")) as studio:
        one = minute(folder / "minute.mp3")
        for minutes in QUICK_MINUTES if effort.quick else MINUTES:
            path = folder / f"{minutes} minutes.mp3"
            with path.open("wb") as file:
                for _ in range(minutes):
                    file.write(one)
            found.append(measured(studio, path, parse_steps(STEPS)))
        shutil.rmtree(folder / "data" / "artifacts", ignore_errors=True)
    short, long = found
    seconds = 60 * (QUICK_MINUTES if effort.quick else MINUTES)[1]
    made = [
        Round(
            {
                "add": long.add_s / seconds,
                "edit": long.edit_s / seconds,
                "peak": long.peak_bytes / 1e6,
                "short": short.peak_bytes / 1e6,
            },
            {},
            busy.others_cores,
        )
    ]
    return result(
        "editor",
        made,
        [
            row("audio editor: 2 hours added", "× real time", made, "add", ""),
            row("audio editor: 2 hours edited", "× real time", made, "edit", ""),
            row("audio editor: memory with 2 hours", "MB", made, "peak", "", aim=185, aim_of="hearth"),
            row("audio editor: memory with 10 minutes", "MB", made, "short", ""),
        ],
    )


if __name__ == "__main__":
    run("editor", __doc__ or "", measure)
