"""Speech as FLAC, Opus, AAC or bare PCM, encoded for one listener while it is made.

The WAV file that a speech job grows is read behind its end and encoded piece by piece in a worker
thread. MP3 needs none of this: it is written once for all listeners, see audio.py.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from contract.events import Spoken, Terminal, Usage
from studio.job import Job

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream

SpeechFormat = Literal["flac", "opus", "aac", "pcm"]
WAV_HEADER_BYTES = 44  # what the standard library's wave module writes for PCM


@dataclass(frozen=True, slots=True)
class _Form:
    container: str
    codec: str
    sample_format: str
    rate_hz: int | None


# None: the voice's own rate. Opus knows 48 kHz and its divisors (RFC 6716); OpenAI's pcm is 24 kHz, 16 bit, mono.
FORMS: dict[SpeechFormat, _Form] = {
    "flac": _Form("flac", "flac", "s16", None),
    "opus": _Form("ogg", "libopus", "s16", 48_000),
    "aac": _Form("adts", "aac", "fltp", None),
    "pcm": _Form("s16le", "pcm_s16le", "s16", 24_000),
}


class _Sink:
    """What the muxer writes into; it can't seek, so the muxer never goes back."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        data, self._parts = b"".join(self._parts), []
        return data


class _Encoder:
    """One utterance on its way to one listener; used by one thread at a time."""

    def __init__(self, form: _Form, rate_hz: int) -> None:
        import av  # 60 ms that only speech should pay

        self._av, self._rate_hz, self._samples = av, rate_hz, 0
        self._sink = _Sink()
        self._container = av.open(self._sink, "w", format=form.container)
        rate = form.rate_hz or rate_hz
        stream = self._container.add_stream(form.codec, rate=rate, layout="mono", format=form.sample_format)
        self._stream = cast("AudioStream", stream)  # PyAV's types know the codecs of FFmpeg's own names only
        codec = self._stream.codec_context
        codec.open()
        self._resampler = av.AudioResampler(
            format=form.sample_format, layout="mono", rate=rate, frame_size=codec.frame_size or None
        )

    def feed(self, pcm: bytes) -> bytes:
        """Encode 16-bit mono PCM; returns what is ready to be sent."""
        import numpy as np

        samples = np.frombuffer(pcm, dtype="<i2")
        frame = self._av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.pts = self._rate_hz, self._samples
        self._samples += len(samples)
        self._encode(frame)
        return self._sink.take()

    def finish(self) -> bytes:
        """Return what the encoder still holds and the end of the file."""
        self._encode(None)
        self._container.mux(self._stream.encode(None))
        self._container.close()
        return self._sink.take()

    def _encode(self, frame: "AudioFrame | None") -> None:
        for ready in self._resampler.resample(frame):
            self._container.mux(self._stream.encode(ready))


async def stream_speech(job: Job, form: SpeechFormat) -> AsyncIterator[bytes]:
    """Yield a speech job's sound in a format as it grows, from its start to its end."""
    encoder: _Encoder | None = None
    done = WAV_HEADER_BYTES
    async for _, event in job.events():
        if isinstance(event, Spoken | Usage | Terminal) and job.speech is not None:
            pcm = await asyncio.to_thread(_read_from, job.speech.wav, done)
            done += len(pcm)
            if encoder is None:
                encoder = await asyncio.to_thread(_Encoder, FORMS[form], job.speech.sample_rate_hz)
            if pcm:
                yield await asyncio.to_thread(encoder.feed, pcm)
        if isinstance(event, Usage):  # told when all is spoken: no need to wait until the job's own files are closed
            break
    if encoder is not None:
        yield await asyncio.to_thread(encoder.finish)


def _read_from(path: Path, start: int) -> bytes:
    with path.open("rb") as file:
        file.seek(start)
        data = file.read()
    return data[: len(data) // 2 * 2]
