"""What a sound looks like: its waveform as numbers, its spectrogram as a PNG."""

import io
import math
from dataclasses import dataclass

from contract.errors import InvalidRequest
from contract.limits import AUDIO_SECONDS, check_range, check_whole
from store import Picture
from studio.sound.measuring import BANDS

POINTS_MOST = 4_000
# From silence to full: dark paper, ember, light. A colour is looked up between these.
COLOURS = (
    (0.0, (23, 20, 18)),
    (0.35, (74, 33, 16)),
    (0.6, (194, 65, 12)),
    (0.8, (240, 138, 75)),
    (1.0, (255, 243, 220)),
)
# What is quieter is drawn as silence: dB over the measurement's floor of -100.
DARK_DB, BRIGHT_DB = 10, 90


@dataclass(frozen=True, slots=True)
class Waveform:
    """The least and greatest sample, -1 to 1, of ``len(peaks)`` equal spans from ``start_s`` to ``end_s``."""

    start_s: float
    end_s: float
    peaks: tuple[tuple[float, float], ...]


def waveform(picture: Picture, points: int, start_s: float, end_s: float | None) -> Waveform:
    """Return a part of a waveform; raises InvalidRequest for a part that can't be."""
    import numpy as np

    check_whole("points", points, 1, POINTS_MOST)
    pairs = np.frombuffer(picture.peaks, np.int8).reshape(-1, 2)
    first, last = _part(start_s, end_s, picture.bucket_s, len(pairs))
    pairs = pairs[first:last]
    points = min(points, len(pairs))
    begins = np.arange(points) * len(pairs) // points
    low, high = np.minimum.reduceat(pairs[:, 0], begins), np.maximum.reduceat(pairs[:, 1], begins)
    peaks = tuple((round(a / 127, 3), round(b / 127, 3)) for a, b in zip(low.tolist(), high.tolist(), strict=True))
    return Waveform(first * picture.bucket_s, last * picture.bucket_s, peaks)


def spectrogram(picture: Picture, start_s: float, end_s: float | None) -> bytes:
    """Return a part of a spectrogram as PNG, a column a pixel; raises InvalidRequest for a part that can't be."""
    import numpy as np
    from PIL import Image

    columns = np.frombuffer(picture.spectrum, np.uint8).reshape(-1, BANDS)
    first, last = _part(start_s, end_s, picture.column_s, len(columns))
    level = np.clip((columns[first:last].T[::-1] * (100 / 255) - DARK_DB) / (BRIGHT_DB - DARK_DB), 0, 1)
    table = np.stack(
        [
            np.interp(np.linspace(0, 1, 256), [at for at, _ in COLOURS], [colour[channel] for _, colour in COLOURS])
            for channel in range(3)
        ],
        axis=1,
    ).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(table[(level * 255).astype(np.uint8)]).save(file, "PNG")
    return file.getvalue()


def _part(start_s: float, end_s: float | None, unit_s: float, count: int) -> tuple[int, int]:
    check_range("start_s", start_s, 0, AUDIO_SECONDS)
    check_range("end_s", end_s, 0, AUDIO_SECONDS)
    if not count:
        raise InvalidRequest("The sound is too short to be shown.", field="start_s")
    first = min(int(start_s / unit_s), count - 1)
    last = count if end_s is None else min(count, math.ceil(end_s / unit_s))
    if end_s is not None and last <= first:
        raise InvalidRequest(f"end_s is {end_s:g}, which is not after start_s ({start_s:g}).", field="end_s")
    return first, last
