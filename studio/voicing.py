"""The pitch, the volume and the loudness of spoken sound, changed piece by piece while it is made.

FFmpeg's filters do it, which PyAV carries: the rate is relabelled, which moves pitch and length
together, and ``atempo`` (waveform similarity overlap-add) gives the length back. What gets louder is
held under full scale by a limiter instead of being clipped.
"""

from fractions import Fraction

LIMIT = 0.97  # of full scale
SHORTEST_S = 0.4  # a block of BS.1770; what is shorter has no loudness of its own
MOST_DB = 30.0


def shape(pcm: bytes, rate_hz: int, pitch: float, volume: float) -> bytes:
    """Return 16-bit mono PCM of the same length at another pitch and volume.

    Args:
        pitch: 1 leaves it; 2 is an octave up, 0.5 an octave down.
        volume: 1 leaves it, 0 is silence; amplitude, not loudness.
    """
    if not pcm or (pitch == 1 and volume == 1):
        return pcm
    import av
    import numpy as np

    graph = av.filter.Graph()
    source = graph.add_abuffer(sample_rate=rate_hz, format="s16", layout="mono", time_base=Fraction(1, rate_hz))
    chain = [source, graph.add("aformat", "sample_fmts=flt")]
    if pitch != 1:
        chain += [
            graph.add("asetrate", str(round(rate_hz * pitch))),
            graph.add("aresample", str(rate_hz)),
            graph.add("atempo", f"{1 / pitch:.6f}"),
        ]
    if volume != 1:
        chain.append(graph.add("volume", f"{volume:.6f}"))
    if volume > 1:
        chain.append(graph.add("alimiter", f"limit={LIMIT}:level=false:latency=true"))
    chain += [graph.add("aformat", "sample_fmts=s16:channel_layouts=mono"), graph.add("abuffersink")]
    graph.link_nodes(*chain).configure()

    samples = np.frombuffer(pcm, dtype="<i2")
    frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = rate_hz, 0, Fraction(1, rate_hz)
    graph.push(frame)
    graph.push(None)
    shaped = bytearray()
    while True:
        try:
            shaped += graph.pull().to_ndarray().astype("<i2", copy=False).tobytes()
        except (av.BlockingIOError, av.EOFError):
            break
    # A filter may give a few samples more or less; the next sentence begins where it would have begun.
    return bytes(shaped[: len(pcm)]).ljust(len(pcm), b"\x00")


class Leveller:
    """Brings an utterance's sentences to one loudness as they are spoken, so that the whole has it too.

    Args:
        rate_hz: Of the 16-bit mono PCM.  lufs: The loudness, by ITU-R BS.1770; None: as it is.
    """

    def __init__(self, rate_hz: int, lufs: float | None) -> None:
        self._rate_hz, self._lufs, self._db = rate_hz, lufs, 0.0

    def level(self, pcm: bytes) -> bytes:
        """Return a sentence at the loudness; one too short to have any is changed as the one before it was."""
        if self._lufs is None:
            return pcm
        import numpy as np

        from studio.sound.measuring import Loudness

        if len(pcm) >= 2 * SHORTEST_S * self._rate_hz:
            loudness = Loudness(self._rate_hz, "mono")
            samples = np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(32_768)
            loudness.take(np.ascontiguousarray(samples.reshape(1, -1)))
            loudness.take(None)
            if loudness.lufs is not None:
                self._db = min(MOST_DB, max(-MOST_DB, self._lufs - loudness.lufs))
        return shape(pcm, self._rate_hz, 1.0, 10 ** (self._db / 20))
