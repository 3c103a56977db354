"""Speech over HTTP: time to the first sound and real-time factor, beside Piper alone in this process."""

import asyncio
import io
import time
from collections.abc import Callable
from pathlib import Path

import av
from piper import PiperVoice

from benchmarks.client import first_byte
from benchmarks.measure import Effort, Result, Sample, alternate, result, row, run
from benchmarks.servers import data_folder, hearth, starters_dir, with_starters

VOICE = "en_us-joe-medium"
TEXT = (
    "The old harbour lies quiet in the morning, and the first boats come home with the light on their sails. "
    "Nobody hurries. The bakery opens its shutters, a dog crosses the square, and the bell counts seven."
)


def over_http(port: int) -> Sample:
    """Let Hearth speak the text as MP3."""
    body = {"model": VOICE, "voice": VOICE, "input": TEXT, "response_format": "mp3"}
    first_s, total_s, data = asyncio.run(first_byte(port, "/v1/audio/speech", body))
    with av.open(io.BytesIO(data), "r") as recording:
        seconds = sum(frame.samples / frame.sample_rate for frame in recording.decode(recording.streams.audio[0]))
    return {"first": first_s, "rtf": total_s / seconds}


def piper_alone(model: Path) -> Callable[[], Sample]:
    """Return what speaks the text with Piper."""
    voice = PiperVoice.load(model)

    def speak() -> Sample:
        began, first_s, samples = time.perf_counter(), 0.0, 0
        for chunk in voice.synthesize(TEXT):
            first_s = first_s or time.perf_counter() - began
            samples += len(chunk.audio_int16_bytes) // 2
        total_s = time.perf_counter() - began
        return {"first": first_s, "rtf": total_s / (samples / voice.config.sample_rate)}

    speak()
    return speak


def measure(effort: Effort) -> Result:
    """Measure."""
    model = next((starters_dir() / "piper" / VOICE).glob("*.onnx"))
    with data_folder() as folder, hearth(with_starters(folder / "data")) as ours:
        ours.wait("/ready")
        over_http(ours.port)
        made = alternate(lambda: over_http(ours.port), piper_alone(model), effort)
    limit = "Piper alone"
    return result(
        "speech",
        made,
        [
            row("speech: first sound", "ms", made, "first", limit, scale=1000),
            row("speech: real-time factor, as MP3", "× real time", made, "rtf", limit),
        ],
    )


if __name__ == "__main__":
    run("speech", __doc__, measure)
