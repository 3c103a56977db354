"""Long speech as one MP3, OGG or M4A file with chapter marks, in flat memory.

The marks stand at the head of each of these files (ID3v2 CHAP frames, Vorbis comments, Nero's ``chpl`` beside
QuickTime's text track), and their times are known only when the last word is spoken. So the sound is encoded as it
comes into a draft beside the file, and then copied over, packet by packet, behind the marks: nothing is encoded
twice. PyAV carries the encoders. Limit: readers of ``chpl`` see the first 255 chapters.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, cast

from contract.document_speech import ChapterFormat
from contract.errors import StorageFailed
from store.artifacts import DRAFT
from studio.audio import MP3_RATES_HZ

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.container.core import Chapter as Mark

MARKS_PER_S = 1_000
CONTAINER = "nut"  # FFmpeg's own container: it keeps every codec's times exactly


@dataclass(frozen=True, slots=True)
class _Form:
    mime: str
    container: str
    codec: str
    sample_format: str
    bits_per_s: int
    rates_hz: tuple[int, ...] = ()


# Speech of one voice: what each codec needs to sound clean. Opus knows 48 kHz and its divisors (RFC 6716).
FORMS: Mapping[ChapterFormat, _Form] = {
    "mp3": _Form("audio/mpeg", "mp3", "libmp3lame", "s16p", 64_000, MP3_RATES_HZ),
    "ogg": _Form("audio/ogg", "ogg", "libopus", "s16", 32_000, (48_000,)),
    "m4a": _Form("audio/mp4", "ipod", "aac", "fltp", 64_000),
}


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter that is in the file."""

    title: str
    start_s: float
    end_s: float


class ChapterFile:
    """One audio file on its way to disk; ``begin``, ``write``, … then ``finish``, or ``discard``. One thread's.

    Args:
        path: Where to write; nothing stands there before ``finish``.
        sample_rate_hz: Of the mono 16-bit little-endian PCM that ``write`` takes.
        title: What players show as the file's name.
    """

    def __init__(self, path: Path, form: ChapterFormat, sample_rate_hz: int, title: str = "") -> None:
        import av  # 60 ms that only speech should pay

        self.path, self.sample_rate_hz, self.samples = path, sample_rate_hz, 0
        self._av, self._form, self._title = av, FORMS[form], title
        self._draft = path.with_suffix(DRAFT)
        self._begun: list[tuple[str, int]] = []
        rate = next((rate for rate in self._form.rates_hz if rate >= sample_rate_hz), 0)
        rate = rate or (self._form.rates_hz[-1] if self._form.rates_hz else sample_rate_hz)
        try:
            self._container = av.open(str(self._draft), "w", format=CONTAINER)
            # PyAV's types know the codecs of FFmpeg's own names only.
            self._stream = cast("AudioStream", self._container.add_stream(self._form.codec, rate=rate, layout="mono"))
            codec = self._stream.codec_context
            codec.format, codec.bit_rate = av.AudioFormat(self._form.sample_format), self._form.bits_per_s
            self._container.start_encoding()  # a folder that takes no file is told now, not at the first word
        except OSError as exc:
            raise self._failed(exc) from exc
        self._resampler = av.AudioResampler(
            format=self._form.sample_format, layout="mono", rate=rate, frame_size=codec.frame_size or None
        )

    @property
    def seconds(self) -> float:
        """How long it is so far."""
        return self.samples / self.sample_rate_hz

    @property
    def chapters(self) -> tuple[Chapter, ...]:
        """The chapters so far; one in which nothing was said is none."""
        ends = [*(start for _, start in self._begun), self.samples][1:]
        return tuple(
            Chapter(title, start / self.sample_rate_hz, end / self.sample_rate_hz)
            for (title, start), end in zip(self._begun, ends, strict=True)
            if end > start
        )

    def begin(self, title: str) -> None:
        """Begin a chapter here."""
        self._begun.append((" ".join(title.split())[:200], self.samples))

    def write(self, pcm: bytes) -> None:
        """Append PCM; raises StorageFailed."""
        import numpy as np

        samples = np.frombuffer(pcm, dtype="<i2")
        if not len(samples):
            return
        frame = self._av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.pts = self.sample_rate_hz, self.samples
        frame.time_base = Fraction(1, self.sample_rate_hz)
        self._encode(frame)
        self.samples += len(samples)

    def silence(self, seconds: float) -> None:
        """Append silence."""
        self.write(bytes(2 * round(seconds * self.sample_rate_hz)))

    def finish(self) -> None:
        """Put the marks before the sound; raises StorageFailed, and then nothing is left."""
        try:
            self._encode(None)
            self._container.mux(self._stream.encode(None))
            self._container.close()
            self._copy()
        except OSError as exc:
            raise self._failed(exc) from exc
        finally:
            self._draft.unlink(missing_ok=True)

    def discard(self) -> None:
        """Leave nothing behind."""
        self._container.close()
        self._draft.unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)

    def _encode(self, frame: "AudioFrame | None") -> None:
        try:
            for ready in self._resampler.resample(frame):
                self._container.mux(self._stream.encode(ready))
        except OSError as exc:
            raise self._failed(exc) from exc

    def _copy(self) -> None:
        with (
            self._av.open(str(self._draft), "r", format=CONTAINER) as draft,
            self._av.open(str(self.path), "w", format=self._form.container) as out,
        ):
            source = draft.streams.audio[0]
            target = out.add_stream_from_template(source)
            if self._title:
                out.metadata["title"] = self._title
            out.set_chapters(self._marks())
            for packet in draft.demux(source):
                if packet.dts is not None:
                    packet.stream = target
                    out.mux(packet)

    def _marks(self) -> "list[Mark]":
        return [
            {
                "id": number,
                "start": round(each.start_s * MARKS_PER_S),
                "end": round(each.end_s * MARKS_PER_S),
                "time_base": Fraction(1, MARKS_PER_S),
                "metadata": {"title": each.title},
            }
            for number, each in enumerate(self.chapters)
        ]

    def _failed(self, exc: OSError) -> StorageFailed:
        self.path.unlink(missing_ok=True)
        return StorageFailed(f"Saving the audio to {self.path} failed: {exc}. Free some space, try again.")
