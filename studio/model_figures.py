"""What the log tells of each model: calls, last use, speed at a glance; latency, tokens and errors when asked.

The figures of the list are kept in memory: read from the log once, then counted on as rows come, so
that a list of models costs no look at a log of a million rows.
"""

import statistics
import threading
from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from contract.models import ModelSpec
from store import Interaction, Interactions
from store.database import timestamp
from studio.job import Job

SPEEDS_KEPT = 10
# Shorter replies tell more of the clock than of the model.
FEWEST_TOKENS = 8


@dataclass(slots=True)
class AtAGlance:
    """What the list shows of a model."""

    calls: int = 0
    last_used_at: str = ""
    speeds: deque[float] = field(default_factory=lambda: deque(maxlen=SPEEDS_KEPT))

    @property
    def tokens_per_s(self) -> float | None:
        """The median of its last replies; None: it has written none."""
        return round(statistics.median(self.speeds), 1) if self.speeds else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """A model's work over a period, everybody's. Seconds; None where nothing was measured.

    Attributes:
        calls: All of them; ``errors`` failed, ``by_error`` by their codes.
        latency_s, first_output_s: Medians, and the 95th percentiles of those that were done.
        load_s: The median of the calls that had to load it.
    """

    days: int
    calls: int
    errors: int
    by_error: dict[str, int]
    tokens_in: int
    tokens_out: int
    latency_s: float | None
    latency_p95_s: float | None
    first_output_s: float | None
    first_output_p95_s: float | None
    load_s: float | None
    tokens_per_s: float | None
    last_used_at: str


class ModelFigures:
    """Reads the log by model.

    Args:
        interactions: The log.
    """

    def __init__(self, interactions: Interactions) -> None:
        self._interactions = interactions
        self._lock = threading.Lock()
        self._known: dict[str, AtAGlance] | None = None

    def watch(self, row: Interaction, job: Job) -> None:
        """Count a row that is being written."""
        if row.model is None or row.kind == "download":
            return
        with self._lock:
            if self._known is not None:
                _count(self._known, row)

    def at_a_glance(self) -> dict[str, AtAGlance]:
        """Return the figures of every model that did anything."""
        with self._lock:
            if self._known is None:
                self._known = self._read()
            return dict(self._known)

    def _read(self) -> dict[str, AtAGlance]:
        known: dict[str, AtAGlance] = {}
        for row in self._interactions.by_model():
            found = known.setdefault(row["model"], AtAGlance())
            found.calls += row["calls"]
            found.last_used_at = max(found.last_used_at, row["last_used_at"])
            if row["kind"] == "chat":
                latest = self._interactions.of_model(row["model"], "chat", limit=SPEEDS_KEPT)
                for reply in reversed(latest):
                    speed = _speed(reply["tokens_out"], reply["first_output_s"], reply["duration_s"])
                    if speed is not None:
                        found.speeds.append(speed)
        return known

    def statistics(self, spec: ModelSpec, days: int) -> Statistics:
        """Return a model's figures of the last ``days`` days."""
        since = timestamp(datetime.now(UTC) - timedelta(days=days))
        rows = self._interactions.of_model(spec.id, spec.kind, since)
        done = [row for row in rows if row["status"] == "done"]
        errors = Counter(row["error_code"] or "unknown" for row in rows if row["status"] in ("failed", "refused"))
        latency = [row["duration_s"] for row in done if row["duration_s"] is not None]
        first = [row["first_output_s"] for row in done if row["first_output_s"] is not None]
        # A model that was there already takes no time to load.
        loads = [row["load_s"] for row in done if (row["load_s"] or 0) > 0.02]
        speeds = [
            speed
            for row in done
            if (speed := _speed(row["tokens_out"], row["first_output_s"], row["duration_s"])) is not None
        ]
        return Statistics(
            days=days,
            calls=len(rows),
            errors=sum(errors.values()),
            by_error=dict(errors),
            tokens_in=sum(row["tokens_in"] or 0 for row in rows),
            tokens_out=sum(row["tokens_out"] or 0 for row in rows),
            latency_s=_median(latency),
            latency_p95_s=_p95(latency),
            first_output_s=_median(first),
            first_output_p95_s=_p95(first),
            load_s=_median(loads),
            tokens_per_s=_median(speeds),
            last_used_at=rows[0]["created_at"] if rows else "",
        )


def _count(known: dict[str, AtAGlance], row: Interaction) -> None:
    found = known.setdefault(str(row.model), AtAGlance())
    found.calls += 1
    found.last_used_at = max(found.last_used_at, row.created_at)
    speed = _speed(row.tokens_out, row.first_output_s, row.duration_s) if row.kind == "chat" else None
    if speed is not None:
        found.speeds.append(speed)


def _speed(tokens_out: int | None, first_output_s: float | None, duration_s: float | None) -> float | None:
    """Tokens a second after the first one; None where there are too few to tell."""
    if tokens_out is None or tokens_out < FEWEST_TOKENS or first_output_s is None or duration_s is None:
        return None
    writing = duration_s - first_output_s
    return (tokens_out - 1) / writing if writing > 0 else None


def _median(values: list[float]) -> float | None:
    return round(statistics.median(values), 4) if values else None


def _p95(values: list[float]) -> float | None:
    return round(sorted(values)[min(len(values) - 1, int(len(values) * 0.95))], 4) if values else None
