"""Writes a sound that flows into a file of a format, with its tags."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, cast

from contract.audio import AudioForm, Convert, Step
from contract.errors import InvalidRequest, StorageFailed
from engines.recordings import SoundFile
from studio.audio import MP3_RATES_HZ

if TYPE_CHECKING:
    from collections.abc import Sequence

    from av.audio.stream import AudioStream

    from engines.recordings import Samples

AAC_RATES_HZ = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 64_000, 88_200, 96_000)


@dataclass(frozen=True, slots=True)
class Form:
    """A format to write: FFmpeg's names, the rates and channels that it takes (none: any), bits a second a channel."""

    container: str
    codec: str
    sample_format: str
    mime: str
    suffix: str
    rates_hz: tuple[int, ...] = ()
    channels_most: int = 8
    bits_per_s: int = 0


FORMS: Mapping[AudioForm, Form] = {
    "wav": Form("wav", "pcm_s16le", "s16", "audio/wav", ".wav"),
    "mp3": Form("mp3", "libmp3lame", "fltp", "audio/mpeg", ".mp3", MP3_RATES_HZ, 2, 96_000),
    "flac": Form("flac", "flac", "s16", "audio/flac", ".flac"),
    "opus": Form("ogg", "libopus", "flt", "audio/ogg", ".opus", (48_000,), 8, 64_000),
    "m4a": Form("ipod", "aac", "fltp", "audio/mp4", ".m4a", AAC_RATES_HZ, 6, 96_000),
}


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be written."""

    form: AudioForm
    rate_hz: int
    layout: str
    bit_rate: int
    bits: int

    @property
    def mime(self) -> str:
        """The file's media type."""
        return FORMS[self.form].mime

    @property
    def suffix(self) -> str:
        """The ending of the file's name."""
        return FORMS[self.form].suffix


def target_of(original: SoundFile, steps: "Sequence[Step]") -> Target:
    """Return what the conversions of a list ask for; where none does, what is nearest to the original."""
    asked = Convert()
    for step in steps:
        if isinstance(step, Convert):
            asked = Convert(
                format=step.format or asked.format,
                sample_rate_hz=step.sample_rate_hz or asked.sample_rate_hz,
                channels=step.channels or asked.channels,
                bit_rate_kbps=step.bit_rate_kbps or asked.bit_rate_kbps,
            )
    form = asked.format or _same(original)
    shape = FORMS[form]
    rate = rate_for(form, asked.sample_rate_hz or original.sample_rate_hz)
    layout = asked.channels or original.layout
    channels = {"mono": 1, "stereo": 2}.get(layout, original.channels)
    if channels > shape.channels_most:
        layout, channels = "stereo", 2
    usual = shape.bits_per_s * channels
    if form == _same(original) and original.bit_rate and usual:
        usual = min(max(original.bit_rate, 16_000), 320_000)
    bit_rate = asked.bit_rate_kbps * 1_000 if asked.bit_rate_kbps else usual
    return Target(form, rate, layout, bit_rate, 24 if original.bits > 16 else 16)


def rate_for(form: AudioForm, rate_hz: int) -> int:
    """Return the next sample rate up that a form takes, or its highest."""
    rates = FORMS[form].rates_hz
    return next((each for each in rates if each >= rate_hz), rates[-1]) if rates else rate_hz


def _same(original: SoundFile) -> AudioForm:
    if original.codec in ("mp3", "mp3float", "mp2", "mp2float"):
        return "mp3"
    if original.codec in ("opus", "libopus", "vorbis", "libvorbis"):
        return "opus"
    if original.codec in ("aac", "aac_fixed"):
        return "m4a"
    return "wav" if original.container == "wav" else "flac"


class SoundWriter:
    """One file on its way to disk.

    Args:
        path: Where to write.
        rate_hz, layout: Of the float32 (channels, n) that ``write`` takes.
        tags: What the file says of itself.
        container: FFmpeg's name of another container than the form's own; "": that one.

    Raises:
        StorageFailed: The folder takes no file.  InvalidRequest: The form can't be that.
    """

    def __init__(
        self, path: Path, target: Target, rate_hz: int, layout: str, tags: Mapping[str, str], container: str = ""
    ) -> None:
        import av

        self._av, self._path, self._rate_hz, self._layout, self._at = av, path, rate_hz, layout, 0
        form = FORMS[target.form]
        codec, held = form.codec, form.sample_format
        if target.bits > 16 and target.form in ("wav", "flac"):
            codec, held = ("pcm_s24le" if target.form == "wav" else "flac"), "s32"
        try:
            options = {"rf64": "auto"} if target.form == "wav" else {}
            self._container = av.open(str(path), "w", format=container or form.container, options=options)
            stream = self._container.add_stream(codec, rate=target.rate_hz, layout=target.layout, format=held)
            self._stream = cast("AudioStream", stream)
            if target.bit_rate:
                self._stream.bit_rate = target.bit_rate
            self._container.metadata.update(tags)
            context = self._stream.codec_context
            context.open()
            if container:
                self._container.start_encoding()  # a folder that takes no file is told now, not at the first word
        except OSError as exc:
            path.unlink(missing_ok=True)
            raise self._failed(exc) from exc
        except (av.FFmpegError, ValueError) as exc:
            path.unlink(missing_ok=True)
            raise InvalidRequest(
                f"{target.form.upper()} can't be written in {target.layout} at {target.rate_hz:,} Hz and "
                f"{target.bit_rate // 1000} kbit/s. Choose another format or bit rate.",
                field="format",
            ) from exc
        self._resampler = av.AudioResampler(
            format=held, layout=target.layout, rate=target.rate_hz, frame_size=context.frame_size or None
        )

    def write(self, piece: "Samples") -> None:
        """Append to the file."""
        import numpy as np

        frame = self._av.AudioFrame.from_ndarray(np.ascontiguousarray(piece), format="fltp", layout=self._layout)
        frame.sample_rate, frame.pts, frame.time_base = self._rate_hz, self._at, Fraction(1, self._rate_hz)
        self._at += piece.shape[1]
        self._encode(frame)

    def close(self) -> None:
        """Write what the encoder still holds and the end of the file."""
        self._encode(None)
        try:
            self._container.mux(self._stream.encode(None))
            self._container.close()
        except (self._av.FFmpegError, OSError) as exc:
            raise self._failed(exc) from exc

    def discard(self) -> None:
        """Leave nothing behind."""
        with contextlib.suppress(self._av.FFmpegError, OSError):
            self._container.close()
        self._path.unlink(missing_ok=True)

    def _encode(self, frame: object) -> None:
        try:
            for ready in self._resampler.resample(frame):  # type: ignore[arg-type]
                self._container.mux(self._stream.encode(ready))
        except (self._av.FFmpegError, OSError) as exc:
            raise self._failed(exc) from exc

    def _failed(self, exc: Exception) -> StorageFailed:
        return StorageFailed(f"Saving the sound to {self._path} failed: {exc}. Free some space, then try again.")
