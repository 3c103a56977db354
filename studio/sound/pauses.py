"""Finds pauses in a sound that flows, shortens the long ones, and tells how loud their noise is."""

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING

from contract.audio import RemoveSilence

if TYPE_CHECKING:
    from engines.recordings import Samples

WINDOW_S = 0.01


def without_pauses(pieces: "Iterator[Samples]", rate_hz: int, step: RemoveSilence) -> "Iterator[Samples]":
    """Yield a sound with its long pauses shortened; half of what stays of a pause lies at each of its ends.

    A pause is told by the level (RMS) of windows of 10 ms in the loudest channel. Of the pause that is going on only
    its two ends are held in memory, however long it is.
    """
    import numpy as np

    window = max(1, round(WINDOW_S * rate_hz))
    least = round(step.longer_than_s * rate_hz)
    head = round(step.keep_s * rate_hz / 2)
    tail = round(step.keep_s * rate_hz) - head
    pause = _Pause(least, head, tail)
    for block in _blocks(pieces, window):
        whole = block.shape[1] // window * window
        level = np.square(block[:, :whole]).reshape(block.shape[0], -1, window).mean(axis=2).max(axis=0)
        quiet = level < 10 ** (step.threshold_db / 10)
        if whole < block.shape[1]:  # the last one, with less than a window behind it
            quiet = np.append(quiet, quiet[-1] if len(quiet) else False)
        # Where quiet and loud change, in windows.
        edges = [0, *(np.flatnonzero(np.diff(quiet)) + 1), len(quiet)]
        for begin, end in itertools.pairwise(edges):
            part = block[:, begin * window : end * window]
            if quiet[begin]:
                pause.take(part)
            else:
                yield from pause.end()
                yield part
    yield from pause.end()


class NoiseFloor:
    """The level of a sound where it is quietest: that of the quietest tenth of its moments, absolute silence apart."""

    def __init__(self, rate_hz: int) -> None:
        self._window = max(1, round(0.05 * rate_hz))
        self._counts = [0] * 121  # by whole dB under full scale

    def listening(self, pieces: "Iterator[Samples]") -> "Iterator[Samples]":
        """Yield a sound unchanged, and listen to it."""
        import numpy as np

        for block in _blocks(pieces, self._window):
            whole = block.shape[1] // self._window * self._window
            power = np.square(block[:, :whole]).reshape(block.shape[0], -1, self._window).mean(axis=2).mean(axis=0)
            for level in -10 * np.log10(power + 1e-12):
                self._counts[min(120, max(0, round(float(level))))] += 1
            yield block

    @property
    def level_db(self) -> float:
        """The level in dB under full scale, so far."""
        heard = self._counts[:100]  # what is 100 dB under it is no noise, but nothing
        left = sum(heard) / 10
        for level in range(len(heard) - 1, -1, -1):
            left -= heard[level]
            if left <= 0 and heard[level]:
                return -float(level)
        return -90.0


class _Pause:
    """The pause that is going on: whole while it is short, its two ends once it is long."""

    def __init__(self, least: int, head: int, tail: int) -> None:
        self._least, self._head, self._tail = least, head, tail
        self._held: list[Samples] = []
        self._count = self._samples = 0

    def take(self, part: "Samples") -> None:
        self._held.append(part)
        self._count += part.shape[1]
        self._samples += part.shape[1]
        if self._samples > 2 * (self._least + self._head + self._tail):
            self._held = self._shortened()
            self._samples = sum(each.shape[1] for each in self._held)

    def end(self) -> "Iterator[Samples]":
        if self._count > self._least:
            yield from (each for each in self._shortened() if each.shape[1])
        else:
            yield from self._held
        self._held, self._count, self._samples = [], 0, 0

    def _shortened(self) -> "list[Samples]":
        import numpy as np

        whole = np.concatenate(self._held, axis=1)
        return (
            [whole[:, : self._head], whole[:, whole.shape[1] - self._tail :]] if self._count > self._least else [whole]
        )


def _blocks(pieces: "Iterator[Samples]", window: int) -> "Iterator[Samples]":
    """Yield pieces of whole windows, and the rest at the end."""
    import numpy as np

    rest: Samples | None = None
    for piece in pieces:
        held = piece if rest is None else np.concatenate([rest, piece], axis=1)
        whole = held.shape[1] // window * window
        rest = held[:, whole:]
        if whole:
            yield held[:, :whole]
    if rest is not None and rest.shape[1]:
        yield rest
