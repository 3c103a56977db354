"""Transcription: the real-time factor beside faster-whisper alone on the same file, and what a long recording takes.

The file is speech by the starter voice, the same twenty sentences again and again. Both sides hear it with the starter
recogniser, with the same settings, beam and filter of silence, on as many threads; ours through the studio, kept as a
transcript. Two lengths of it are heard for the memory: what the longer one adds to the greatest of the process. From a
cancel to its end is measured in the middle of the long one.
"""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from benchmarks.measure import Effort, Result, Row, Sample, alternate, result, row, run
from benchmarks.round_trip import SENTENCES
from benchmarks.servers import data_folder, starters_dir, with_starters
from studio import Caller, Job, Recording, Segment, Settings, Studio

ME = Caller()
MODEL = "whisper-tiny.en"
THREADS = 2
MINUTES, QUICK_MINUTES = (2, 10, 40), (0.2, 0.2, 0.4)


def spoken(studio: Studio, folder: Path, minutes: tuple[float, ...]) -> list[Path]:
    """Return recordings of so many minutes each: one reading, again and again."""
    import av
    import numpy as np

    sound = studio.speak(" ".join(SENTENCES))
    with av.open(str(sound.wav)) as container:
        rate = container.streams.audio[0].rate
        once = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    paths = []
    for number, length in enumerate(minutes):
        path = folder / f"{number}.flac"
        with av.open(str(path), "w", format="flac") as out:
            stream = out.add_stream("flac", rate=rate, layout="mono", format="s16")
            left, step = round(length * 60 * rate), 65_536
            while left > 0:
                for at in range(0, len(once), step):
                    piece = once[at : at + min(step, left)]
                    if not len(piece):
                        break
                    frame = av.AudioFrame.from_ndarray(piece.reshape(1, -1), format="s16", layout="mono")
                    frame.sample_rate = rate
                    out.mux(stream.encode(frame))
                    left -= len(piece)
            out.mux(stream.encode(None))
        paths.append(path)
    return paths


def kept(studio: Studio, path: Path) -> Recording:
    """Take a recording into the library."""
    job = studio.add_recording(path, path.name, ME)
    job.wait()
    return studio.recording_of(job, ME)


def ours(studio: Studio, recording: Recording) -> Callable[[], Sample]:
    """Return what writes a recording down through the studio."""
    seconds = float(str(recording.info["seconds"]))

    def hear() -> Sample:
        began = time.perf_counter()
        job = studio.transcribe_recording(recording.id, ME, MODEL)
        job.wait()
        took_s = time.perf_counter() - began
        heard = studio.transcript_of(job, ME)
        assert heard.segments, "nothing was heard"
        return {"rtf": took_s / seconds}

    hear()
    return hear


def alone(folder: Path, path: Path, seconds: float) -> Callable[[], Sample]:
    """Return what writes it down with faster-whisper."""
    from faster_whisper import WhisperModel

    model = WhisperModel(str(folder), device="auto", compute_type="int8", cpu_threads=THREADS, local_files_only=True)

    def hear() -> Sample:
        began = time.perf_counter()
        segments, _ = model.transcribe(str(path), word_timestamps=True, vad_filter=True, beam_size=5)
        assert [each.text for each in segments], "nothing was heard"
        return {"rtf": (time.perf_counter() - began) / seconds}

    hear()
    return hear


def peak_mb(work: Callable[[], object]) -> float:
    """Return the greatest memory of this process while it works, looked at every 50 ms."""
    process, over, peaks = psutil.Process(), threading.Event(), [0]

    def watch() -> None:
        while not over.wait(0.05):
            peaks[0] = max(peaks[0], process.memory_info().rss)

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        work()
    finally:
        over.set()
        watching.join()
    return peaks[0] / 1e6


def written(studio: Studio, recording: Recording) -> Job:
    """Write a recording down to its end."""
    job = studio.transcribe_recording(recording.id, ME, MODEL)
    job.wait()
    return job


def cancel_s(studio: Studio, recording: Recording) -> float:
    """Return the seconds from a cancel, once something is heard, to its end."""
    job = studio.transcribe_recording(recording.id, ME, MODEL)
    for _, event in job.follow():
        if isinstance(event, Segment):
            break
    began = time.perf_counter()
    job.cancel()
    job.wait()
    return time.perf_counter() - began


def measure(effort: Effort) -> Result:
    """Measure."""
    minutes = QUICK_MINUTES if effort.quick else MINUTES
    with data_folder() as folder:
        data = with_starters(folder / "data")
        settings = Settings(data_dir=data, no_starters=True, threads=THREADS, ollama_host="http://127.0.0.1:9")
        with Studio.open(settings) as studio:
            short, middle, long = (kept(studio, path) for path in spoken(studio, folder, minutes))
            seconds = float(str(short.info["seconds"]))
            limit = alone(starters_dir() / "whisper" / MODEL, folder / "0.flac", seconds)
            made = alternate(ours(studio, short), limit, effort)
            first = peak_mb(lambda: written(studio, middle))
            second = peak_mb(lambda: written(studio, long))
            stopped_s = cancel_s(studio, long)
    return result(
        "transcription",
        made,
        [
            row("transcription: real-time factor", "× real time", made, "rtf", "faster-whisper alone"),
            Row(what=f"transcription: memory while {minutes[1]:g} minutes are heard", unit="MB", hearth=first),
            Row(what=f"transcription: memory while {minutes[2]:g} minutes are heard", unit="MB", hearth=second),
            Row(what="transcription: from a cancel to its end", unit="s", hearth=stopped_s),
        ],
    )


if __name__ == "__main__":
    run("transcription", __doc__ or "", measure)
