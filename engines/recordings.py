"""Opens recordings of any common format with PyAV, and nothing else: no playlist, no address, no other file.

FFmpeg tells a format by its content, whatever a file is called. Among its formats are lists that lead to other files
and addresses, so only those that hold their sound themselves are let through.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast

from contract.engine import Stop
from contract.errors import InputTooLarge, InvalidRequest
from contract.limits import AUDIO_SECONDS

if TYPE_CHECKING:
    import numpy as np
    from av.audio.frame import AudioFrame
    from av.container import InputContainer

    Samples = np.ndarray[tuple[int, int], np.dtype[np.float32]]

FORMATS = "WAV, MP3, M4A, FLAC, OGG, Opus or WebM"
HOLDS_SOUND = (
    *("wav", "w64", "rf64", "aiff", "au", "caf", "flac", "mp3", "mp2", "aac", "ac3", "eac3", "amr", "amrnb", "amrwb"),
    *("ogg", "matroska,webm", "mov,mp4,m4a,3gp,3g2,mj2", "asf", "avi", "mpeg", "mpegts", "flv", "ape", "wv", "tta"),
    *("dts", "opus", "voc", "gsm", "mpc", "mpc8", "tak", "dsf", "matroska", "webm", "mov", "mp4", "m4a", "3gp", "3g2"),
)
OPTIONS = {"format_whitelist": ",".join(HOLDS_SOUND), "protocol_whitelist": "file"}
# By channels, as FFmpeg guesses it; and the names that need no guess.
LAYOUTS = {1: "mono", 2: "stereo", 3: "2.1", 4: "4.0", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}
NAMED = (
    *LAYOUTS.values(),
    "3.0",
    "3.0(back)",
    "quad",
    "quad(side)",
    "3.1",
    "4.1",
    "5.0(side)",
    "5.1(side)",
    "7.1(wide)",
)
TAG_CHARACTERS = 1_000
TAGS = 50
# What containers note of themselves, and nobody of the sound.
NO_TAGS = ("major_brand", "minor_version", "compatible_brands", "handler_name", "vendor_id", "encoder", "duration")
# Fewer, larger pieces cost less than what FFmpeg unpacks at once, which may be 20 ms.
BLOCK_SAMPLES = 65_536


@contextlib.contextmanager
def opened(path: Path, name: str) -> "Iterator[InputContainer]":
    """Open a recording; what can't be read inside the block is refused.

    Args:
        name: What its owner calls it.

    Raises:
        InvalidRequest: It has no sound that can be read.
    """
    import av

    try:
        with av.open(str(path), metadata_errors="ignore", container_options=OPTIONS) as container:
            if not container.streams.audio:
                raise IndexError("no sound")
            yield container
    except (av.FFmpegError, IndexError, ValueError, OSError) as exc:
        raise InvalidRequest(
            f"{name} has no sound that can be read ({type(exc).__name__}). Use {FORMATS}.", field="audio"
        ) from exc


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundFile:
    """What a file says of its sound.

    Attributes:
        container, codec: FFmpeg's names.  layout: ``mono``, ``stereo``, ``5.1``, …
        bits: Of a sample, where they were not packed with loss; else 0.
        bit_rate: Bits a second of the sound, 0 where it does not say.
        duration_s: As it says, which need not be true; 0 where it does not.
    """

    container: str
    codec: str
    sample_rate_hz: int
    channels: int
    layout: str
    bits: int
    bit_rate: int
    duration_s: float
    tags: dict[str, str] = field(default_factory=dict)


def describe(path: Path, name: str) -> SoundFile:
    """Return what a recording says of itself; raises InvalidRequest."""
    with opened(path, name) as container:
        stream = container.streams.audio[0]
        codec = stream.codec_context
        if not codec.sample_rate or not codec.layout.nb_channels:
            raise ValueError("no sample rate")
        layout = _layout(codec.layout.name, codec.layout.nb_channels)
        tags = {**container.metadata, **stream.metadata}
        return SoundFile(
            container=container.format.name,
            codec=codec.name,
            sample_rate_hz=codec.sample_rate,
            channels=codec.layout.nb_channels,
            layout=layout,
            bits=_bits(codec.name, codec.format.bytes * 8),
            bit_rate=stream.bit_rate or container.bit_rate or 0,
            duration_s=(container.duration or 0) / 1_000_000,  # FFmpeg's AV_TIME_BASE
            tags={
                key.lower()[:60]: "".join(c for c in value if c.isprintable() or c == "\n")[:TAG_CHARACTERS]
                for key, value in list(tags.items())[:TAGS]
                if key.isprintable() and isinstance(value, str) and key.lower() not in NO_TAGS and value != "und"
            },
        )


def _layout(name: str, channels: int) -> str:
    """Return what FFmpeg's filters and encoders call a layout; a file may only say how many channels it has."""
    import av

    if channels not in LAYOUTS:
        raise ValueError(f"{channels} channels")
    return name if name in NAMED and av.AudioLayout(name).nb_channels == channels else LAYOUTS[channels]


def _bits(codec: str, held: int) -> int:
    if codec.startswith("pcm_"):
        digits = "".join(character for character in codec if character.isdigit())
        return int(digits) if digits else held
    return held if codec in ("flac", "alac", "ape", "wavpack", "tta", "tak") else 0


def samples(path: Path, name: str, rate_hz: int, layout: str, stop: Stop) -> "Iterator[Samples]":
    """Yield a recording's sound piece by piece until it ends or is stopped.

    What is damaged inside is left out, as every player does.

    Yields:
        float32 (channels, n), [-1, 1] as a rule.

    Raises:
        InvalidRequest: Nothing of it can be read. InputTooLarge: It is longer than the limit.
    """
    import av
    import numpy as np

    held: list[Samples] = []
    count = read = 0
    with opened(path, name) as container:
        resampler = av.AudioResampler(format="fltp", layout=layout, rate=rate_hz)
        for frame in _frames(container, stop):
            for out in resampler.resample(frame):
                held.append(cast("Samples", out.to_ndarray()))
                count += out.samples
                read += out.samples
            if count >= BLOCK_SAMPLES:
                yield np.concatenate(held, axis=1)
                held, count = [], 0
                if read > AUDIO_SECONDS * rate_hz:
                    raise InputTooLarge(
                        f"{name} lasts over {AUDIO_SECONDS // 3600} hours, which is the limit. Send it in parts.",
                        field="audio",
                        limit=AUDIO_SECONDS,
                    )
        if held:
            yield np.concatenate(held, axis=1)


def _frames(container: "InputContainer", stop: Stop) -> "Iterator[AudioFrame | None]":
    """Yield what can be unpacked, then None, which asks the resampler for its rest."""
    import av

    began = False
    for packet in container.demux(audio=0):
        if stop.is_set():
            return
        with contextlib.suppress(av.error.InvalidDataError):
            for frame in packet.decode():
                frame.pts = None  # resampling gives up on times that jump
                began = True
                yield frame
    if began:
        yield None
