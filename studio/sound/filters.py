"""FFmpeg's filters over sound that comes piece by piece: speed, pitch, noise, limits, loudness."""

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, cast

from contract.errors import EngineFailed

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame

    from engines.recordings import Samples

LIMIT = 0.97  # of full scale: where the limiter holds what gets louder
Filter = tuple[str, str]


class Graph:
    """A chain of filters; belongs to one thread.

    Args:
        chain: Names with their options, the first one first.
    """

    def __init__(self, rate_hz: int, layout: str, chain: Sequence[Filter]) -> None:
        import av

        self._av, self._rate_hz, self._layout, self._at = av, rate_hz, layout, 0
        self._tick = Fraction(1, rate_hz)
        self._graph = av.filter.Graph()
        source = self._graph.add_abuffer(sample_rate=rate_hz, format="fltp", layout=layout, time_base=self._tick)
        nodes = [self._graph.add(name, options) if options else self._graph.add(name) for name, options in chain]
        shape = self._graph.add("aformat", f"sample_fmts=fltp:channel_layouts={layout}")
        self._graph.link_nodes(source, *nodes, shape, self._graph.add("abuffersink")).configure()

    def push(self, piece: "Samples | None") -> "Iterator[AudioFrame]":
        """Give float32 (channels, n), or None at the end, and yield the frames that come out; iterate to the end."""
        try:
            if piece is None:
                self._graph.push(None)
            else:
                frame = self._av.AudioFrame.from_ndarray(piece, format="fltp", layout=self._layout)
                frame.sample_rate, frame.pts, frame.time_base = self._rate_hz, self._at, self._tick
                self._at += piece.shape[1]
                self._graph.push(frame)
            while True:
                try:
                    yield self._graph.pull()  # type: ignore[misc]  # sound comes out of a graph for sound
                except (self._av.BlockingIOError, self._av.EOFError):
                    return
        except self._av.FFmpegError as exc:
            raise EngineFailed(f"The sound could not be changed: {exc}. Try the step with another value.") from exc


def through(pieces: "Iterable[Samples]", rate_hz: int, layout: str, chain: Sequence[Filter]) -> "Iterator[Samples]":
    """Yield what comes out of a chain of filters: float32 (channels, n)."""
    graph = Graph(rate_hz, layout, chain)
    for piece in pieces:
        for frame in graph.push(piece):
            yield cast("Samples", frame.to_ndarray())
    for frame in graph.push(None):
        yield cast("Samples", frame.to_ndarray())


def exactly(pieces: "Iterable[Samples]", channels: int, frames: int) -> "Iterator[Samples]":
    """Yield sound cut, or filled up with silence, to exactly so many samples a channel."""
    import numpy as np

    left = frames
    for piece in pieces:
        if left <= 0:
            return
        part = piece[:, :left]
        left -= part.shape[1]
        if part.shape[1]:
            yield part
    while left > 0:
        part = np.zeros((channels, min(left, 65_536)), np.float32)
        left -= part.shape[1]
        yield part


def limiter() -> Filter:
    """Return the filter that holds peaks under full scale and leaves all else."""
    return ("alimiter", f"limit={LIMIT}:level=false:latency=true:attack=5:release=50")


def tempo(factor: float) -> list[Filter]:
    """Return filters that play ``factor`` times as fast at the same pitch; one of them does from 0.5 to 2 well."""
    chain: list[Filter] = []
    while factor > 2:
        chain.append(("atempo", "2"))
        factor /= 2
    while factor < 0.5:
        chain.append(("atempo", "0.5"))
        factor /= 0.5
    return [*chain, ("atempo", f"{factor:.9f}")]
