"""Recognised passages as subtitles: SubRip and WebVTT."""

from collections.abc import Iterable

from studio import Segment


def _clock(seconds: float, comma: str) -> str:
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest // 1000:02}{comma}{rest % 1000:03}"


def _text(segment: Segment) -> str:
    # An empty line ends a cue, and "-->" would begin one.
    return " ".join(segment.text.split()).replace("-->", "->")


def as_srt(segments: Iterable[Segment]) -> str:
    """Return SubRip."""
    return "\n".join(
        f"{number}\n{_clock(segment.start_s, ',')} --> {_clock(segment.end_s, ',')}\n{_text(segment)}\n"
        for number, segment in enumerate(segments, start=1)
    )


def as_vtt(segments: Iterable[Segment]) -> str:
    """Return WebVTT (https://www.w3.org/TR/webvtt1/)."""
    cues = (
        f"{_clock(segment.start_s, '.')} --> {_clock(segment.end_s, '.')}\n"
        f"{_text(segment).replace('&', '&amp;').replace('<', '&lt;')}\n"
        for segment in segments
    )
    return "\n".join(("WEBVTT\n", *cues))
