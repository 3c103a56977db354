"""Speech written to a WAV and an MP3 file while it is made, and the MP3 streamed as it grows.

The MP3 is a plain run of frames without a header of its own, so a player can start at its first
byte while the rest is still being spoken, and every listener reads the same file: it is encoded
once, on a thread of its own and not before it is wanted, so that neither the voice nor a listener of
another form waits for it.
PyAV carries the encoder, so nothing needs to be installed on the system.
"""

import asyncio
import queue
import threading
import wave
from collections.abc import AsyncIterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from contract.errors import StorageFailed
from contract.events import Spoken, Terminal
from studio.job import Job

if TYPE_CHECKING:
    from av.audio.codeccontext import AudioCodecContext

MP3_BITS_PER_S = 96_000
# LAME's "very fast": half the work of its default (55 against 98 ms for 11 s of speech), at a rate where speech has
# bits to spare.
MP3_QUALITY = 7
# MPEG audio knows these rates only (ISO 11172-3, 13818-3); others are resampled to the next one up.
MP3_RATES_HZ = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
UNHEARD_S = 60  # as much may wait in memory for a first listener
SLICE_S = 0.5  # what is encoded in one go: a listener has the start of a long sentence before its end is encoded


class Mp3Encoder:
    """16-bit mono PCM to MPEG audio layer III, used by one thread at a time.

    Args:
        sample_rate_hz: Of the PCM.
    """

    def __init__(self, sample_rate_hz: int) -> None:
        import av  # 60 ms that only speech should pay

        self._av, self._rate_hz, self._samples = av, sample_rate_hz, 0
        rate = next((rate for rate in MP3_RATES_HZ if rate >= sample_rate_hz), MP3_RATES_HZ[-1])
        codec: AudioCodecContext = av.CodecContext.create("libmp3lame", "w")
        codec.sample_rate, codec.layout, codec.format = rate, "mono", av.AudioFormat("s16p")
        codec.bit_rate, codec.time_base = MP3_BITS_PER_S, Fraction(1, rate)
        codec.options = {"compression_level": str(MP3_QUALITY)}
        codec.open()
        self._codec = codec
        self._resampler = av.AudioResampler(format="s16p", layout="mono", rate=rate, frame_size=codec.frame_size)

    def feed(self, pcm: bytes) -> bytes:
        """Encode a whole number of samples; returns the frames that are ready."""
        import numpy as np

        samples = np.frombuffer(pcm, dtype="<i2")
        frame = self._av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16p", layout="mono")
        frame.sample_rate, frame.pts = self._rate_hz, self._samples
        frame.time_base = Fraction(1, self._rate_hz)
        self._samples += len(samples)
        return b"".join(packet for ready in self._resampler.resample(frame) for packet in self._encode(ready))

    def finish(self) -> bytes:
        """Return what the encoder still holds."""
        last = [packet for ready in self._resampler.resample(None) for packet in self._encode(ready)]
        return b"".join([*last, *self._encode(None)])

    def _encode(self, frame: object) -> list[bytes]:
        return [bytes(packet) for packet in self._codec.encode(frame)]  # type: ignore[arg-type]


class Mp3File:
    """An MP3 that grows on a thread of its own while others read it; begun when the first one reads, or at the end.

    Args:
        path: Where to write.  sample_rate_hz: Of the 16-bit mono PCM.
    """

    def __init__(self, path: Path, sample_rate_hz: int) -> None:
        self.path = path
        self._rate_hz = sample_rate_hz
        self._file: BinaryIO = path.open("wb")
        self._waiting: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._changed = threading.Condition()
        self._left = 0  # bytes of PCM that are not encoded yet
        self._size = 0  # bytes of MP3 that a reader finds in the file
        self._wanted = False
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="mp3", daemon=True)
        self._thread.start()

    def write(self, pcm: bytes) -> None:
        """Take PCM to be encoded; does not wait.

        Raises:
            OSError: What was taken before could not be written.
        """
        self._raise()
        with self._changed:
            self._left += len(pcm)
            if self._left > 2 * UNHEARD_S * self._rate_hz:
                self._want()
        self._waiting.put(pcm)

    def close(self) -> None:
        """Wait until all of it is written; harmless a second time.

        Raises:
            OSError: It could not be written.
        """
        with self._changed:
            self._want()
        self._waiting.put(None)
        self._thread.join()
        self._raise()

    def read(self, start: int) -> bytes:
        """Return what is there from byte ``start`` on; waits for it while PCM is being encoded, else b""."""
        with self._changed:
            self._want()
            self._changed.wait_for(lambda: self._size > start or not self._left or self._failure is not None)
            size = self._size
        if size <= start:
            return b""
        with self.path.open("rb") as file:
            file.seek(start)
            return file.read(size - start)

    def _want(self) -> None:
        self._wanted = True
        self._changed.notify_all()

    def _raise(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        try:
            with self._changed:
                self._changed.wait_for(lambda: self._wanted)
            with self._file:
                encoder, size = Mp3Encoder(self._rate_hz), 2 * round(SLICE_S * self._rate_hz)
                while (pcm := self._waiting.get()) is not None:
                    for begin in range(0, len(pcm), size):
                        part = pcm[begin : begin + size]
                        self._append(encoder.feed(part), len(part))
                self._append(encoder.finish(), 0)
        except Exception as exc:  # a full disk, and whatever else: told to the voice at its next sentence
            with self._changed:
                self._failure = exc
                self._changed.notify_all()

    def _append(self, data: bytes, encoded: int) -> None:
        self._file.write(data)
        self._file.flush()
        with self._changed:
            self._size += len(data)
            self._left -= encoded
            self._changed.notify_all()


class SpeechFile:
    """One utterance on its way to disk.

    Args:
        wav, mp3: Where to write.
        sample_rate_hz: Of the mono 16-bit little-endian PCM that ``write`` takes.

    Attributes:
        mp3: The MP3 file, which may be read while it grows.
    """

    def __init__(self, wav: Path, mp3: Path, sample_rate_hz: int) -> None:
        self.wav, self.sample_rate_hz = wav, sample_rate_hz
        self.samples = 0
        self._wav_raw = wav.open("wb")
        self._wav = wave.open(self._wav_raw, "wb")  # noqa: SIM115  # open for as long as the speech grows
        self._wav.setnchannels(1)
        self._wav.setsampwidth(2)
        self._wav.setframerate(sample_rate_hz)
        self.mp3 = Mp3File(mp3, sample_rate_hz)

    @property
    def seconds(self) -> float:
        """How long the speech is so far."""
        return self.samples / self.sample_rate_hz

    def write(self, pcm: bytes) -> None:
        """Append PCM to both files; a reader of the WAV sees it at once, of the MP3 soon.

        Raises:
            StorageFailed: The disk takes no more.
        """
        if not pcm:
            return
        try:
            self._wav.writeframesraw(pcm)
            self._wav_raw.flush()
            self.mp3.write(pcm)
        except OSError as exc:
            raise self._failed(exc) from exc
        self.samples += len(pcm) // 2

    def close(self) -> None:
        """Write the end of the MP3 and the WAV's length.

        Raises:
            StorageFailed: The disk takes no more.
        """
        try:
            try:
                self.mp3.close()
            finally:
                self._wav.close()
                self._wav_raw.close()
        except OSError as exc:
            raise self._failed(exc) from exc

    def _failed(self, exc: OSError) -> StorageFailed:
        return StorageFailed(f"Saving the speech to {self.wav} failed: {exc}. Free some space, try again.")


async def stream_mp3(job: Job) -> AsyncIterator[bytes]:
    """Yield a speech job's MP3 as it grows, from its start to its end."""
    done = 0
    async for _, event in job.events():
        if isinstance(event, Spoken | Terminal) and job.speech is not None:
            while fresh := await asyncio.to_thread(job.speech.mp3.read, done):
                done += len(fresh)
                yield fresh
