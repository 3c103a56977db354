"""Long speech as one MP3, OGG or M4A file with chapter marks, in flat memory, and cut into a file a chapter.

The marks stand at the head of each of these files (ID3v2 CHAP frames, Vorbis comments, Nero's ``chpl`` beside
QuickTime's text track), and their times are known only when the last word is spoken. So the sound is encoded as it
comes into a draft beside the file, and then copied over, packet by packet, behind the marks: nothing is encoded
twice, nor when the finished file is cut into its chapters. Limit: readers of ``chpl`` see the first 255 chapters.
"""

import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from contract.audio import AudioForm
from contract.document_speech import ChapterFormat
from contract.errors import StorageFailed
from store.artifacts import DRAFT
from studio.sound.writing import FORMS as SOUND_FORMS
from studio.sound.writing import SoundWriter, Target, rate_for

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.container.core import Chapter as Mark
    from av.packet import Packet

MARKS_PER_S = 1_000
CONTAINER = "nut"  # FFmpeg's own container: it keeps every codec's times exactly


@dataclass(frozen=True, slots=True)
class _Form:
    form: AudioForm
    bits_per_s: int  # what the codec needs for the speech of one voice to sound clean

    @property
    def mime(self) -> str:
        """The file's media type."""
        return SOUND_FORMS[self.form].mime


FORMS: Mapping[ChapterFormat, _Form] = {
    "mp3": _Form("mp3", 64_000),
    "ogg": _Form("opus", 32_000),
    "m4a": _Form("m4a", 64_000),
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
        self.path, self.sample_rate_hz, self.samples = path, sample_rate_hz, 0
        self._form, self._title = FORMS[form], title
        self._draft = path.with_suffix(DRAFT)
        self._begun: list[tuple[str, int]] = []
        rate = rate_for(self._form.form, sample_rate_hz)
        target = Target(self._form.form, rate, "mono", self._form.bits_per_s, 16)
        self._writer = SoundWriter(self._draft, target, sample_rate_hz, "mono", {}, container=CONTAINER)

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
        if len(samples):
            self._writer.write((samples.astype(np.float32) / np.float32(32_768)).reshape(1, -1))
            self.samples += len(samples)

    def silence(self, seconds: float) -> None:
        """Append silence."""
        self.write(bytes(2 * round(seconds * self.sample_rate_hz)))

    def finish(self) -> None:
        """Put the marks before the sound; raises StorageFailed, and then nothing is left."""
        try:
            self._writer.close()
            self._copy()
        except StorageFailed:
            self.path.unlink(missing_ok=True)
            raise
        except OSError as exc:
            self.path.unlink(missing_ok=True)
            raise _failed(self.path, exc) from exc
        finally:
            self._draft.unlink(missing_ok=True)

    def discard(self) -> None:
        """Leave nothing behind."""
        self._writer.discard()
        self.path.unlink(missing_ok=True)

    def _copy(self) -> None:
        import av

        marks: list[Mark] = [
            {
                "id": number,
                "start": round(each.start_s * MARKS_PER_S),
                "end": round(each.end_s * MARKS_PER_S),
                "time_base": Fraction(1, MARKS_PER_S),
                "metadata": {"title": each.title},
            }
            for number, each in enumerate(self.chapters)
        ]
        with (
            av.open(str(self._draft), "r", format=CONTAINER) as draft,
            av.open(str(self.path), "w", format=SOUND_FORMS[self._form.form].container) as out,
        ):
            if self._title:
                out.metadata["title"] = self._title
            out.set_chapters(marks)
            target = out.add_stream_from_template(draft.streams.audio[0])
            for packet in _packets(draft):
                packet.stream = target
                out.mux(packet)


def zip_chapters(
    path: Path, form: ChapterFormat, chapters: Sequence[Chapter], album: str, target: Path,
    told: Callable[[int], None] = lambda number: None,
) -> None:  # fmt: skip
    """Write a ZIP with a file for each chapter of a finished file, cut between packets (about 20 ms), not packed anew.

    Args:
        told: Called with the number of each chapter that is in.

    Raises:
        StorageFailed: The disk does not take it, and then nothing is left.
    """
    digits = len(str(len(chapters)))
    part = target.with_suffix(DRAFT)
    try:
        with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
            for number, chapter in enumerate(chapters, 1):
                tags = {"title": chapter.title or album, "album": album, "track": f"{number}/{len(chapters)}"}
                _cut(path, form, chapter, tags, part)
                archive.write(part, f"{number:0{digits}d} {_file_name(chapter.title or album)}.{form}")
                told(number)
    except OSError as exc:
        target.unlink(missing_ok=True)
        raise _failed(target, exc) from exc
    finally:
        part.unlink(missing_ok=True)


def _cut(path: Path, form: ChapterFormat, chapter: Chapter, tags: Mapping[str, str], target: Path) -> None:
    import av

    with (
        av.open(str(path)) as source,
        av.open(str(target), "w", format=SOUND_FORMS[FORMS[form].form].container) as out,
    ):
        out.metadata.update(tags)
        stream = source.streams.audio[0]
        written = out.add_stream_from_template(stream)
        tick = float(stream.time_base or 0)
        source.seek(round(chapter.start_s / tick), stream=stream)
        first: int | None = None
        for packet in _packets(source):
            at = (packet.pts or 0) * tick
            if at >= chapter.end_s:
                break
            if at < chapter.start_s - 0.01:
                continue
            first = packet.pts or 0 if first is None else first
            packet.pts = packet.dts = (packet.pts or 0) - first
            packet.stream = written
            out.mux(packet)


def _packets(container: "InputContainer") -> "Iterator[Packet[AudioStream]]":
    for packet in container.demux(container.streams.audio[0]):
        if packet.dts is not None:
            yield packet


def _file_name(title: str) -> str:
    kept = "".join(letter if letter.isalnum() or letter in " .,-_()'!" else " " for letter in title)
    return " ".join(kept.split())[:80].strip(" .") or "chapter"


def _failed(path: Path, exc: OSError) -> StorageFailed:
    return StorageFailed(f"Saving the audio to {path} failed: {exc}. Free some space, try again.")
