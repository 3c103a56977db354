"""Speech written to a WAV and an MP3 file while it is made, and the MP3 streamed as it grows.

The MP3 is a plain run of frames without a header of its own, so a player can start at its first
byte while the rest is still being spoken, and every listener reads the same file: it is encoded
once. PyAV carries the encoder, so nothing needs to be installed on the system.
"""

import wave
from collections.abc import AsyncIterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from contract.errors import StorageFailed
from contract.events import Spoken, Terminal
from studio.job import Job

if TYPE_CHECKING:
    from av.audio.codeccontext import AudioCodecContext

AudioFormat = Literal["wav", "mp3"]
MP3_BITS_PER_S = 96_000
# MPEG audio knows these rates only (ISO 11172-3, 13818-3); others are resampled to the next one up.
MP3_RATES_HZ = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)


class SpeechFile:
    """One utterance on its way to disk.

    Args:
        wav, mp3: Where to write.
        sample_rate_hz: Of the mono 16-bit little-endian PCM that ``write`` takes.
    """

    def __init__(self, wav: Path, mp3: Path, sample_rate_hz: int) -> None:
        import av  # 60 ms that only speech should pay

        self.wav, self.mp3, self.sample_rate_hz = wav, mp3, sample_rate_hz
        self.samples = 0
        self._av = av
        self._wav_raw = wav.open("wb")
        self._wav = wave.open(self._wav_raw, "wb")  # noqa: SIM115  # open for as long as the speech grows
        self._wav.setnchannels(1)
        self._wav.setsampwidth(2)
        self._wav.setframerate(sample_rate_hz)
        self._mp3 = mp3.open("wb")
        rate = next((rate for rate in MP3_RATES_HZ if rate >= sample_rate_hz), MP3_RATES_HZ[-1])
        codec: AudioCodecContext = av.CodecContext.create("libmp3lame", "w")
        codec.sample_rate, codec.layout, codec.format = rate, "mono", av.AudioFormat("s16p")
        codec.bit_rate, codec.time_base = MP3_BITS_PER_S, Fraction(1, rate)
        self._codec = codec
        self._codec.open()
        self._resampler = av.AudioResampler(format="s16p", layout="mono", rate=rate, frame_size=codec.frame_size)

    @property
    def seconds(self) -> float:
        """How long the speech is so far."""
        return self.samples / self.sample_rate_hz

    def write(self, pcm: bytes) -> None:
        """Append PCM to both files; a reader sees it at once."""
        import numpy as np

        samples = np.frombuffer(pcm, dtype="<i2")
        if not len(samples):
            return
        try:
            self._wav.writeframesraw(pcm)
            self._wav_raw.flush()
            frame = self._av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16p", layout="mono")
            frame.sample_rate, frame.pts = self.sample_rate_hz, self.samples
            frame.time_base = Fraction(1, self.sample_rate_hz)
            self._encode(frame)
            self._mp3.flush()
        except OSError as exc:
            raise StorageFailed(f"Saving the speech to {self.wav} failed: {exc}. Free some space, try again.") from exc
        self.samples += len(samples)

    def _encode(self, frame: object) -> None:
        for ready in self._resampler.resample(frame):  # type: ignore[arg-type]
            for packet in self._codec.encode(ready):
                self._mp3.write(bytes(packet))

    def close(self) -> None:
        """Write what the encoder still holds and the WAV's length."""
        try:
            self._encode(None)
            for packet in self._codec.encode(None):
                self._mp3.write(bytes(packet))
        finally:
            self._wav.close()
            self._wav_raw.close()
            self._mp3.close()


async def stream_mp3(job: Job) -> AsyncIterator[bytes]:
    """Yield a speech job's MP3 as it grows, from its start to its end."""
    done = 0
    async for _, event in job.events():
        if isinstance(event, Spoken | Terminal) and job.speech is not None:
            with job.speech.open("rb") as file:
                file.seek(done)
                while fresh := file.read(64 * 1024):
                    done += len(fresh)
                    yield fresh
