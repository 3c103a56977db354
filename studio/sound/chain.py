"""The steps of an edit, laid over a sound that flows piece by piece from the untouched original, in flat memory.

Each step takes a flow and gives a flow; nothing is read before the last one is iterated. What must be known whole
before it can go on (loudness, backwards, where the pauses are) is written to a file beside the result meanwhile:
4 bytes a sample and channel.
"""

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from contract.audio import (
    Convert,
    Cut,
    Denoise,
    Fade,
    Gain,
    Join,
    Normalise,
    Pitch,
    RemoveSilence,
    Reverse,
    Speed,
    Split,
    Step,
    Trim,
)
from contract.errors import InvalidRequest, StorageFailed
from studio.sound import filters
from studio.sound.measuring import Loudness
from studio.sound.pauses import NoiseFloor, without_pauses

if TYPE_CHECKING:
    from engines.recordings import Samples

SPARE_BYTES = 200_000_000  # that a disk must have left over
SHORTEST_S = 0.001


@dataclass(frozen=True, slots=True)
class Flow:
    """A sound that can be iterated once: float32 (channels, n), ``frames`` samples a channel in all."""

    pieces: "Iterator[Samples]"
    rate_hz: int
    layout: str
    channels: int
    frames: int

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.frames / self.rate_hz


Other = Callable[[str, Flow], Flow]


class Chain:
    """Lays steps over a flow.

    Args:
        folder: Where sound waits that must be known whole.
        other: Gives the flow of another recording at the rate and layout of this one.
        closing: Closes what the flow holds open, once it is done with.
    """

    def __init__(self, folder: Path, other: Other, closing: contextlib.ExitStack) -> None:
        self._folder = folder
        self._other = other
        self._closing = closing

    def lay(self, flow: Flow, steps: Sequence[Step]) -> Flow:
        """Return the flow behind all steps.

        Raises:
            InvalidRequest: A step can't be done with what comes to it; it is named by its number.
            StorageFailed: What waits finds no room.
        """
        for number, step in enumerate(steps, 1):
            try:
                flow = self._do(flow, step)
            except InvalidRequest as exc:
                raise InvalidRequest(f"Step {number} ({step.op}): {exc.message}", step=number, **exc.details) from exc
        return flow

    def _do(self, flow: Flow, step: Step) -> Flow:
        match step:
            case Trim():
                start, end = span(step.start_s, step.end_s, flow)
                return _kept(flow, [(start, end)])
            case Cut():
                start, end = span(step.start_s, step.end_s, flow)
                return _kept(flow, [(0, start), (end, flow.frames)])
            case Fade():
                return _faded(flow, step)
            case Gain():
                return _louder(flow, step.db, span(step.start_s, step.end_s, flow))
            case Normalise():
                return self._normalised(flow, step.lufs)
            case Speed():
                return _filtered(flow, filters.tempo(step.factor), max(1, round(flow.frames / step.factor)))
            case Pitch():
                return _pitched(flow, step.semitones)
            case Reverse():
                return self._reversed(flow)
            case RemoveSilence():
                return self._without_silence(flow, step)
            case Denoise():
                return self._denoised(flow, step.strength_db)
            case Join():
                return self._joined(flow, step)
            case Split() | Convert():
                return flow  # which the writing does

    def _normalised(self, flow: Flow, lufs: float) -> Flow:
        import numpy as np

        loudness, peak = Loudness(flow.rate_hz, flow.layout), 0.0

        def listened() -> "Iterator[Samples]":
            nonlocal peak
            for piece in flow.pieces:
                loudness.take(np.ascontiguousarray(piece))
                peak = max(peak, float(np.abs(piece).max(initial=0)))
                yield piece
            loudness.take(None)

        spool = self._spooled(replace(flow, pieces=listened()))
        if loudness.lufs is None:
            raise InvalidRequest("It is silent, or too short to have a loudness. Remove this step.", field="steps")
        db = lufs - loudness.lufs
        flow = replace(flow, pieces=spool.forward())
        over = peak * 10 ** (db / 20) > filters.LIMIT
        return _louder(flow, db, (0, flow.frames), limited=over)

    def _denoised(self, flow: Flow, strength_db: float) -> Flow:
        floor = NoiseFloor(flow.rate_hz)
        spool = self._spooled(replace(flow, pieces=floor.listening(flow.pieces)))
        # The filter wants the floor a little over the noise's level, and gives everything 25 ms later.
        noise_db = min(-20.0, max(-80.0, floor.level_db + 10))
        late = round(flow.rate_hz / 40)
        still = filters.exactly(spool.forward(), flow.channels, flow.frames + late)
        chain = [("afftdn", f"nr={strength_db:g}:nf={noise_db:.1f}")]
        quiet = _filtered(replace(flow, pieces=still), chain, flow.frames + late)
        return _kept(quiet, [(late, flow.frames + late)])

    def _reversed(self, flow: Flow) -> Flow:
        return replace(flow, pieces=self._spooled(flow).backward())

    def _without_silence(self, flow: Flow, step: RemoveSilence) -> Flow:
        left = without_pauses(flow.pieces, flow.rate_hz, step)
        spool = self._spooled(replace(flow, pieces=left))
        if not spool.frames:
            raise InvalidRequest(
                f"All of it is quieter than {step.threshold_db:g} dB, so nothing would be left. Lower threshold_db.",
                field="threshold_db",
            )
        return replace(flow, pieces=spool.forward(), frames=spool.frames)

    def _joined(self, flow: Flow, step: Join) -> Flow:
        gap = round(step.gap_s * flow.rate_hz)
        others = [self._other(recording, flow) for recording in step.recordings]

        def pieces() -> "Iterator[Samples]":
            yield from flow.pieces
            for other in others:
                yield from filters.exactly((), flow.channels, gap)
                yield from other.pieces

        return replace(flow, pieces=pieces(), frames=flow.frames + sum(gap + other.frames for other in others))

    def _spooled(self, flow: Flow) -> "Spool":
        spool = Spool(self._folder, flow)
        self._closing.callback(spool.close)
        spool.fill(flow.pieces)
        return spool


class Spool:
    """A sound in a file without a name, to be read again from either end."""

    def __init__(self, folder: Path, flow: Flow) -> None:
        needed = flow.frames * flow.channels * 4
        free = shutil.disk_usage(folder).free
        if free < needed + SPARE_BYTES:
            raise StorageFailed(
                f"This step needs {needed / 1e9:,.1f} GB beside the result for a while, and {free / 1e9:,.1f} GB are "
                "free. Free some space, or cut the sound first."
            )
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115  # open for as long as the flow is
        self._channels = flow.channels
        self.frames = 0

    def fill(self, pieces: "Iterator[Samples]") -> None:
        """Write the sound down."""
        try:
            for piece in pieces:
                self._file.write(piece.T.tobytes())
                self.frames += piece.shape[1]
            self._file.flush()
        except OSError as exc:
            raise StorageFailed(f"The sound could not be kept meanwhile: {exc}. Free some space, try again.") from exc

    def forward(self) -> "Iterator[Samples]":
        """Yield the sound as it was written."""
        for at in range(0, self.frames, 65_536):
            yield self._read(at, min(65_536, self.frames - at))

    def backward(self) -> "Iterator[Samples]":
        """Yield the sound from its end to its beginning."""
        for end in range(self.frames, 0, -65_536):
            begin = max(0, end - 65_536)
            yield self._read(begin, end - begin)[:, ::-1]

    def _read(self, at: int, count: int) -> "Samples":
        import numpy as np

        self._file.seek(at * self._channels * 4)
        data = self._file.read(count * self._channels * 4)
        return np.frombuffer(data, np.float32).reshape(-1, self._channels).T

    def close(self) -> None:
        """Give the room back."""
        self._file.close()


def span(start_s: float, end_s: float | None, flow: Flow) -> tuple[int, int]:
    """Return places in seconds as samples; raises InvalidRequest where there is nothing between them."""
    start = _place("start_s", start_s, flow)
    end = flow.frames if end_s is None else _place("end_s", end_s, flow)
    if end <= start:
        raise InvalidRequest(
            f"There is nothing from {start / flow.rate_hz:g} s to {end / flow.rate_hz:g} s. The sound is "
            f"{flow.seconds:.2f} s long there.",
            field="end_s",
        )
    return start, end


def _place(name: str, place_s: float, flow: Flow) -> int:
    at = round(place_s * flow.rate_hz)
    found = flow.frames + at if place_s < 0 else at
    if place_s >= 0 and found > flow.frames and name == "end_s":
        return flow.frames  # to an end that lies behind the sound's: to the sound's
    if not 0 <= found <= flow.frames:
        raise InvalidRequest(
            f"{name} is {place_s:g} s, and the sound is {flow.seconds:.2f} s long there. Choose a place within it.",
            field=name,
        )
    return found


def cuts(step: Split, flow: Flow) -> list[int]:
    """Return where a split cuts, in samples, in order; raises InvalidRequest."""
    if step.every_s is not None:
        every = max(1, round(step.every_s * flow.rate_hz))
        found = list(range(every, flow.frames, every))
    elif step.parts is not None:
        found = [round(flow.frames * part / step.parts) for part in range(1, step.parts)]
    else:
        found = sorted({_place("at_s", place, flow) for place in step.at_s})
    found = [place for place in found if 0 < place < flow.frames]
    if not found or len(found) >= 1_000:
        raise InvalidRequest(
            f"split would make {len(found) + 1:,} parts of {flow.seconds:.2f} s; it makes 2 to 1,000.", field="at_s"
        )
    return found


def _kept(flow: Flow, spans: Sequence[tuple[int, int]]) -> Flow:
    kept = [(start, end) for start, end in spans if end > start]
    frames = sum(end - start for start, end in kept)
    if frames < SHORTEST_S * flow.rate_hz:
        raise InvalidRequest(f"Nothing would be left of {flow.seconds:.2f} s. Choose another part.", field="start_s")

    def pieces() -> "Iterator[Samples]":
        at = 0
        for piece in flow.pieces:
            for start, end in kept:
                part = piece[:, max(0, start - at) : max(0, end - at)]
                if part.shape[1]:
                    yield part
            at += piece.shape[1]
            if at >= kept[-1][1]:
                return

    return replace(flow, pieces=pieces(), frames=frames)


def _faded(flow: Flow, step: Fade) -> Flow:
    """Fade with a half cosine, which begins and ends without a kink."""
    import numpy as np

    come, go = round(step.in_s * flow.rate_hz), round(step.out_s * flow.rate_hz)
    if come > flow.frames or go > flow.frames:
        raise InvalidRequest(
            f"The fade takes {max(step.in_s, step.out_s):g} s, and the sound is {flow.seconds:.2f} s long there. "
            "Make it shorter.",
            field="in_s" if come > flow.frames else "out_s",
        )

    def pieces() -> "Iterator[Samples]":
        at = 0
        for piece in flow.pieces:
            count = piece.shape[1]
            place = np.arange(at, at + count)
            level = np.ones(count)
            if come and at < come:
                level *= np.clip((place + 0.5) / come, 0, 1)
            if go and at + count > flow.frames - go:
                level *= np.clip((flow.frames - place - 0.5) / go, 0, 1)
            yield piece * (0.5 - 0.5 * np.cos(np.pi * level)).astype(np.float32)
            at += count

    return replace(flow, pieces=pieces())


def _louder(flow: Flow, db: float, part: tuple[int, int], *, limited: bool | None = None) -> Flow:
    import numpy as np

    start, end = part
    factor = np.float32(10 ** (db / 20))

    def pieces() -> "Iterator[Samples]":
        at = 0
        for piece in flow.pieces:
            low, high = max(0, start - at), max(0, end - at)
            at += piece.shape[1]
            if low < piece.shape[1] and high:
                piece = piece.copy()
                piece[:, low:high] *= factor
            yield piece

    louder = replace(flow, pieces=pieces())
    return _filtered(louder, [filters.limiter()], flow.frames) if (db > 0 if limited is None else limited) else louder


def _pitched(flow: Flow, semitones: float) -> Flow:
    ratio = 2 ** (semitones / 12)
    chain = [
        ("asetrate", str(round(flow.rate_hz * ratio))),
        ("aresample", str(flow.rate_hz)),
        *filters.tempo(1 / ratio),
    ]
    return _filtered(flow, chain, flow.frames)


def _filtered(flow: Flow, chain: Sequence[filters.Filter], frames: int) -> Flow:
    # What comes out may be a few samples more or less; the length is what the step says.
    out = filters.through(_contiguous(flow.pieces), flow.rate_hz, flow.layout, chain)
    return replace(flow, pieces=filters.exactly(out, flow.channels, frames), frames=frames)


def _contiguous(pieces: "Iterator[Samples]") -> "Iterator[Samples]":
    import numpy as np

    for piece in pieces:
        yield np.ascontiguousarray(piece)


def tags_of(original: Mapping[str, str], steps: Sequence[Step]) -> dict[str, str]:
    """Return the tags of what comes out: the original's, and over them those of every conversion."""
    tags = dict(original)
    for step in steps:
        if isinstance(step, Convert):
            tags |= {name.lower(): text for name, text in step.tags.items()}
    return {name: text for name, text in tags.items() if text}
