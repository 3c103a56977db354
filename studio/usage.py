"""Figures from the log as pandas frames: what the charts and the notebooks look at."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from store import Interactions

if TYPE_CHECKING:
    import pandas as pd

FIGURES = ("calls", "tokens_in", "tokens_out", "characters", "audio_s", "errors", "latency_p50_s", "latency_p95_s")
DAY_CHARACTERS = len("2026-01-31")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Usage:
    """One period's figures.

    Attributes:
        calls, tokens, errors: Sums; ``errors`` counts failed, refused and interrupted ones.
        latency_p50_s, latency_p95_s: Of the successful calls, submission to end; None without any.
        log: A row an interaction, figures only; ``created_at`` is a UTC timestamp.
        by_day, by_kind, by_model: A row a group; columns ``FIGURES``, plus the group's own.
            ``by_day`` has ``day`` and ``kind``, and a row for each day that had any.
    """

    calls: int
    tokens: int
    errors: int
    latency_p50_s: float | None
    latency_p95_s: float | None
    log: "pd.DataFrame"
    by_day: "pd.DataFrame"
    by_kind: "pd.DataFrame"
    by_model: "pd.DataFrame"

    def __repr__(self) -> str:
        return f"Usage({self.calls:,} calls, {self.tokens:,} tokens, {self.errors:,} errors)"

    def _repr_html_(self) -> str:
        table: str = self.by_kind.to_html(index=False, na_rep="", float_format="{:,.6g}".format)
        return f"<p>{self!r}</p>{table}"


def collect(interactions: Interactions, owner: str | None, days: int) -> Usage:
    """Read the last ``days`` days, today included, and group them."""
    import pandas as pd  # 0.4 s that only the charts should pay

    first = (datetime.now(UTC) - timedelta(days=days - 1)).date().isoformat()
    log = pd.DataFrame([dict(row) for row in interactions.rows(owner, first)], columns=list(COLUMNS))
    log["day"] = log["created_at"].str[:DAY_CHARACTERS] if len(log) else pd.Series(dtype="str")
    log["created_at"] = pd.to_datetime(log["created_at"], utc=True, format="ISO8601")
    # A column of nothing but None would be one of objects, which can't be reckoned with.
    log[list(NUMBERS)] = log[list(NUMBERS)].astype(float)
    log["failed"] = log["status"].isin(["failed", "refused", "interrupted"])
    done = log.loc[log["status"] == "done", "duration_s"].astype(float)
    return Usage(
        calls=len(log),
        tokens=int(log["tokens_in"].fillna(0).sum() + log["tokens_out"].fillna(0).sum()),
        errors=int(log["failed"].sum()),
        latency_p50_s=float(done.quantile(0.5)) if len(done) else None,
        latency_p95_s=float(done.quantile(0.95)) if len(done) else None,
        log=log,
        by_day=_grouped(log, ["day", "kind"]),
        by_kind=_grouped(log, ["kind"]),
        by_model=_grouped(log, ["kind", "model"]),
    )


NUMBERS = (
    *("tokens_in", "tokens_out", "tokens_cached", "characters", "audio_s"),
    *("queued_s", "load_s", "first_output_s", "duration_s"),
)
COLUMNS = (*("id", "created_at", "kind", "engine", "model", "via", "owner"), *NUMBERS, *("status", "error_code"))


def _grouped(log: "pd.DataFrame", by: list[str]) -> "pd.DataFrame":
    import pandas as pd

    if not len(log):
        return pd.DataFrame(columns=[*by, *FIGURES])
    groups = log.assign(done_s=log["duration_s"].where(log["status"] == "done").astype(float))
    for column in ("tokens_in", "tokens_out", "characters", "audio_s"):
        groups[column] = groups[column].astype(float).fillna(0)
    groups["model"] = groups["model"].fillna("none")
    found: pd.DataFrame = (
        groups.groupby(by, sort=True)
        .agg(
            calls=("id", "count"),
            tokens_in=("tokens_in", "sum"),
            tokens_out=("tokens_out", "sum"),
            characters=("characters", "sum"),
            audio_s=("audio_s", "sum"),
            errors=("failed", "sum"),
            latency_p50_s=("done_s", "median"),
            latency_p95_s=("done_s", lambda values: values.quantile(0.95)),
        )
        .reset_index()
    )
    return found
