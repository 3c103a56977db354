"""What is measured of a sound while it passes, in flat memory: length, loudness, peak, waveform, spectrogram.

Loudness is the integrated one of ITU-R BS.1770-4 with EBU R 128's gates, by FFmpeg's ``ebur128``. Waveform and
spectrogram begin fine and are halved in detail whenever they would get too large, so an hour and a second cost
about the same. The spectrogram's bands are evenly spaced on the mel scale (O'Shaughnessy 1987).
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from studio.sound.filters import Graph

if TYPE_CHECKING:
    import numpy as np

    from engines.recordings import Samples

    Row = np.ndarray[tuple[int], np.dtype[np.float32]]
    Places = np.ndarray[tuple[int], np.dtype[np.intp]]
    Grid = np.ndarray[tuple[int, int], np.dtype[np.float32]]

BUCKET_S = 0.01
BUCKETS_MOST = 200_000
WINDOW = 1_024  # samples of a spectrum
HOP_S = 0.02
COLUMNS_MOST = 2_400
BANDS = 128
SILENT_LUFS = -70.0  # the absolute gate: below it nothing counts
FLOOR_DB = -100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What was found.

    Attributes:
        lufs: None: it is silent, or too short to tell (under 0.4 s).
        peak_db: dB under full scale; None: it is silent.
        peaks: int8 pairs, the least and the greatest of each bucket of ``bucket_s``, 127 is full scale.
        spectrum: uint8 (columns, BANDS), dB over FLOOR_DB in steps of 100/255; lowest band first.
        column_s: What a column of the spectrum stands for.
    """

    frames: int
    sample_rate_hz: int
    lufs: float | None
    peak_db: float | None
    peaks: bytes
    bucket_s: float
    spectrum: bytes
    column_s: float

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.frames / self.sample_rate_hz


class Loudness:
    """The integrated loudness of a sound that is given piece by piece."""

    def __init__(self, rate_hz: int, layout: str) -> None:
        self._graph = Graph(rate_hz, layout, [("ebur128", "metadata=1:framelog=quiet")])
        self._lufs: float | None = None

    def take(self, piece: "Samples | None") -> None:
        """Listen on; None at the end."""
        for frame in self._graph.push(piece):
            told = frame.metadata.get("lavfi.r128.I")
            if told is not None:
                self._lufs = float(told)

    @property
    def lufs(self) -> float | None:
        """The loudness so far; None while there is none."""
        found = self._lufs
        return None if found is None or not math.isfinite(found) or found <= SILENT_LUFS else found


class Meter:
    """Measures a sound that is given piece by piece, as float32 (channels, n).

    Args:
        expected_s: About how long it will be; 0: not known. Only the fineness of its picture depends on it.
    """

    def __init__(self, rate_hz: int, layout: str, expected_s: float = 0.0) -> None:
        self.frames = 0
        self._rate_hz = rate_hz
        self._loudness = Loudness(rate_hz, layout)
        self._peak = 0.0
        self._waveform = _Waveform(max(1, round(BUCKET_S * rate_hz)))
        self._spectrum = _Spectrum(rate_hz, expected_s)

    def take(self, piece: "Samples") -> None:
        """Measure on."""
        import numpy as np

        self.frames += piece.shape[1]
        self._loudness.take(np.ascontiguousarray(piece))
        self._peak = max(self._peak, float(np.abs(piece).max(initial=0.0)))
        self._waveform.take(piece.min(axis=0), piece.max(axis=0))
        self._spectrum.take(piece.mean(axis=0))

    def finish(self) -> Measured:
        """Return what was found."""
        self._loudness.take(None)
        peaks, bucket = self._waveform.finish()
        spectrum, hop = self._spectrum.finish()
        return Measured(
            frames=self.frames,
            sample_rate_hz=self._rate_hz,
            lufs=self._loudness.lufs,
            peak_db=20 * math.log10(self._peak) if self._peak > 1e-6 else None,
            peaks=peaks,
            bucket_s=bucket / self._rate_hz,
            spectrum=spectrum,
            column_s=hop / self._rate_hz,
        )


class _Waveform:
    def __init__(self, bucket: int) -> None:
        import numpy as np

        self._np, self._bucket = np, bucket
        self._low, self._high = np.empty(0, np.float32), np.empty(0, np.float32)
        self._pairs: list[np.ndarray[tuple[int, int], np.dtype[np.int8]]] = []
        self._count = 0

    def take(self, low: "Row", high: "Row") -> None:
        np = self._np
        low, high = np.concatenate([self._low, low]), np.concatenate([self._high, high])
        whole = len(low) // self._bucket * self._bucket
        self._low, self._high = low[whole:], high[whole:]
        self._add(low[:whole].reshape(-1, self._bucket).min(axis=1), high[:whole].reshape(-1, self._bucket).max(axis=1))
        while self._count > BUCKETS_MOST:
            self._halve()

    def _add(self, low: "Row", high: "Row") -> None:
        pairs = self._np.stack([low, high], axis=1)
        self._pairs.append(self._np.clip(self._np.rint(pairs * 127), -127, 127).astype(self._np.int8))
        self._count += len(low)

    def _halve(self) -> None:
        np = self._np
        pairs = np.concatenate(self._pairs)
        odd = pairs[len(pairs) // 2 * 2 :]
        pairs = pairs[: len(pairs) // 2 * 2].reshape(-1, 2, 2)
        halved = np.stack([pairs[:, :, 0].min(axis=1), pairs[:, :, 1].max(axis=1)], axis=1)
        if len(odd):  # half a bucket of the new length: it waits for its other half as samples would
            low, high = np.full(self._bucket, odd[0, 0] / 127), np.full(self._bucket, odd[0, 1] / 127)
            self._low = np.concatenate([low.astype(np.float32), self._low])
            self._high = np.concatenate([high.astype(np.float32), self._high])
        self._pairs, self._count, self._bucket = [halved], len(halved), self._bucket * 2

    def finish(self) -> tuple[bytes, int]:
        if len(self._low):
            self._add(self._low.min(keepdims=True), self._high.max(keepdims=True))
        return b"".join(pairs.tobytes() for pairs in self._pairs), self._bucket


class _Spectrum:
    def __init__(self, rate_hz: int, expected_s: float) -> None:
        import numpy as np

        self._np = np
        # Of a long sound fewer windows are looked at; a column is the mean of four of them.
        self._hop = max(WINDOW // 2, round(max(HOP_S, expected_s / COLUMNS_MOST / 4) * rate_hz))
        self._window = np.hanning(WINDOW).astype(np.float32)
        self._first, self._behind = _mel_bands(rate_hz)
        self._held = np.empty(0, np.float32)
        self._columns: list[np.ndarray[tuple[int], np.dtype[np.float32]]] = []

    def take(self, mono: "Row") -> None:
        np = self._np
        held = np.concatenate([self._held, mono])
        count = (len(held) - WINDOW) // self._hop + 1 if len(held) >= WINDOW else 0
        for first in range(0, count, 256):  # so many at once, and no more memory than that
            starts = np.arange(first, min(count, first + 256)) * self._hop
            windows = held[starts[:, None] + np.arange(WINDOW)] * self._window
            self._columns.extend(self._banded(windows))
        self._held = held[count * self._hop :]
        while len(self._columns) > 4 * COLUMNS_MOST:
            self._halve()

    def _banded(self, windows: "Grid") -> "Grid":
        """Return each window's power in each band; sums of neighbours, as differences of one running sum."""
        np = self._np
        power = np.square(np.abs(np.fft.rfft(windows, axis=1))) / (WINDOW / 4) ** 2
        sums = np.concatenate([np.zeros((len(power), 1)), np.cumsum(power, axis=1)], axis=1)
        banded: Grid = (sums[:, self._behind] - sums[:, self._first]).astype(np.float32)
        return banded

    def _halve(self) -> None:
        whole = self._np.stack(self._columns[: len(self._columns) // 2 * 2])
        self._columns = list(whole.reshape(-1, 2, BANDS).mean(axis=1))
        self._hop *= 2

    def finish(self) -> tuple[bytes, int]:
        np = self._np
        if not self._columns and len(self._held):  # a click, shorter than a window
            self._columns.extend(self._banded(np.pad(self._held, (0, WINDOW))[None, :WINDOW] * self._window))
        while len(self._columns) > COLUMNS_MOST:
            self._halve()
        if not self._columns:
            return b"", self._hop
        db = 10 * np.log10(np.maximum(np.stack(self._columns), 1e-10))
        return np.clip((db - FLOOR_DB) * 255 / -FLOOR_DB, 0, 255).astype(np.uint8).tobytes(), self._hop


def mel_of(frequency_hz: float) -> float:
    """Return a frequency on the mel scale."""
    return 2595 * math.log10(1 + frequency_hz / 700)


def _mel_bands(rate_hz: int) -> "tuple[Places, Places]":
    """Return the first frequency of each band's in a spectrum, and the one behind its last: at least one is in each."""
    import numpy as np

    edges = 700 * (10 ** (np.linspace(0, mel_of(rate_hz / 2), BANDS + 1) / 2595) - 1)
    places = np.rint(edges * WINDOW / rate_hz).astype(np.intp)
    first = np.minimum(places[:-1], WINDOW // 2)
    return first, np.maximum(places[1:], first + 1)
