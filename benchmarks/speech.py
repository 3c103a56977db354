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
from studio.audio import Mp3Encoder

AIM = 1.05
PCM_HZ = 24_000  # what the API sends as bare samples
VOICE = "en_us-joe-medium"
TEXT = (
    "The old harbour lies quiet in the morning, and the first boats come home with the light on their sails. "
    "Nobody hurries. The bakery opens its shutters, a dog crosses the square, and the bell counts seven."
)


def over_http(port: int) -> Sample:
    """Let Hearth speak the text as MP3, then as bare samples; without the pauses that Piper alone does not make.

    In this order, for the MP3 that a job keeps is encoded behind the samples where nobody listens to it before.
    """
    made: dict[str, float] = {}
    for form, prefix in (("mp3", "mp3 "), ("pcm", "")):
        body = {"model": VOICE, "voice": VOICE, "input": TEXT, "response_format": form, "pauses": 0}
        first_s, total_s, data = asyncio.run(first_byte(port, "/v1/audio/speech", body))
        seconds = len(data) / 2 / PCM_HZ if form == "pcm" else _seconds(data)
        made |= {f"{prefix}first": first_s, f"{prefix}rtf": total_s / seconds}
    return made


def _seconds(mp3: bytes) -> float:
    with av.open(io.BytesIO(mp3), "r") as recording:
        return sum(frame.samples / frame.sample_rate for frame in recording.decode(recording.streams.audio[0]))


def piper_alone(model: Path) -> Callable[[], Sample]:
    """Return what speaks the text with Piper, then with Piper and the MP3 encoder."""
    voice = PiperVoice.load(model)
    rate = voice.config.sample_rate

    def speak(mp3: bool) -> tuple[float, float]:
        began, first_s, samples = time.perf_counter(), 0.0, 0
        encoder = Mp3Encoder(rate) if mp3 else None
        for chunk in voice.synthesize(TEXT):
            pcm = chunk.audio_int16_bytes
            if encoder is not None:
                encoder.feed(pcm)
            first_s = first_s or time.perf_counter() - began
            samples += len(pcm) // 2
        if encoder is not None:
            encoder.finish()
        return first_s, (time.perf_counter() - began) / (samples / rate)

    def both() -> Sample:
        (first_s, rtf), (mp3_first_s, mp3_rtf) = speak(mp3=False), speak(mp3=True)
        return {"first": first_s, "rtf": rtf, "mp3 first": mp3_first_s, "mp3 rtf": mp3_rtf}

    both()
    return both


def measure(effort: Effort) -> Result:
    """Measure."""
    model = next((starters_dir() / "piper" / VOICE).glob("*.onnx"))
    with data_folder() as folder, hearth(with_starters(folder / "data")) as ours:
        ours.wait("/ready")
        over_http(ours.port)
        made = alternate(lambda: over_http(ours.port), piper_alone(model), effort)
    limit, encoded = "Piper alone", "Piper and the encoder alone"
    return result(
        "speech",
        made,
        [
            row("speech: first sound", "ms", made, "first", limit, scale=1000, aim=AIM, aim_of="ratio"),
            row("speech: real-time factor", "× real time", made, "rtf", limit, aim=AIM, aim_of="ratio"),
            row("speech: first sound, as MP3", "ms", made, "mp3 first", encoded, scale=1000, aim=AIM, aim_of="ratio"),
            row("speech: real-time factor, as MP3", "× real time", made, "mp3 rtf", encoded, aim=AIM, aim_of="ratio"),
        ],
    )


if __name__ == "__main__":
    run("speech", __doc__, measure)
