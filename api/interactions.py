"""The log over HTTP: read by pages, filtered, exported whole; and the figures drawn from it."""

import csv
import io
import json
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import JsonValue

from api.caller import caller_of, studio_of
from api.schemas import Cursor, Limit, Page, Reply
from studio import Interaction, InteractionFilter, Kind, Studio, Via

if TYPE_CHECKING:
    import pandas as pd

router = APIRouter(tags=["usage"])
EXPORTED_AT_ONCE = 500
FORMULA = ("=", "+", "-", "@", "\t", "\r")
Status = Literal["done", "failed", "cancelled", "refused", "interrupted"]
MOMENT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,3})?)?Z?)?$"
Moment = Annotated[
    str | None,
    Query(
        pattern=r"^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?Z?)?$", description="UTC, as 2026-01-31T12:00Z"
    ),
]


class InteractionOut(Reply):
    """One row of the log; seconds, null where a figure does not apply."""

    id: str
    created_at: str
    kind: str
    via: str
    status: Status
    engine: str | None
    model: str | None
    job_id: str | None
    request_id: str | None
    conversation_id: str | None
    parameters: dict[str, JsonValue]
    input: str | None
    output: str | None
    artifacts: list[str]
    tokens_in: int | None
    tokens_out: int | None
    tokens_cached: int | None
    characters: int | None
    audio_s: float | None
    queued_s: float | None
    load_s: float | None
    first_output_s: float | None
    duration_s: float | None
    error_code: str | None
    error_message: str | None


COLUMNS = tuple(InteractionOut.model_fields)


class Figures(Reply):
    """Sums of a group; latencies in seconds, of what succeeded."""

    calls: int
    tokens_in: float
    tokens_out: float
    characters: float
    audio_s: float
    errors: int
    latency_p50_s: float | None
    latency_p95_s: float | None


class ByKind(Figures):
    """A job's figures."""

    kind: str


class ByDay(ByKind):
    """A day's figures of a job."""

    day: str


class ByModel(ByKind):
    """A model's figures."""

    model: str


class UsageOut(Reply):
    """The figures of a period."""

    days: int
    calls: int
    tokens: int
    errors: int
    latency_p50_s: float | None
    latency_p95_s: float | None
    by_day: list[ByDay]
    by_kind: list[ByKind]
    by_model: list[ByModel]


def _filter(
    kind: Kind | None = None,
    status: Status | None = None,
    via: Via | None = None,
    model: Annotated[str | None, Query(max_length=200)] = None,
    since: Moment = None,
    until: Moment = None,
) -> InteractionFilter:
    return InteractionFilter(kind=kind, status=status, via=via, model=model, since=since, until=until)


Wanted = Annotated[InteractionFilter, Depends(_filter)]


def _out(row: Interaction) -> dict[str, object]:
    return {name: list(value) if isinstance(value := getattr(row, name), tuple) else value for name in COLUMNS}


def _rows(studio: Studio, owner: str, wanted: InteractionFilter) -> Iterator[Interaction]:
    cursor = None
    while page := studio.interactions.page(owner, EXPORTED_AT_ONCE, cursor, wanted):
        yield from page
        cursor = page[-1].id


def _cell(value: object) -> object:
    if isinstance(value, dict | tuple):
        value = json.dumps(value, ensure_ascii=False, default=str)
    # A spreadsheet would run a cell that begins like a formula.
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def _csv(rows: Iterator[Interaction]) -> Iterator[str]:
    line = io.StringIO()
    writer = csv.writer(line)
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow(_cell(getattr(row, name)) for name in COLUMNS)
        yield line.getvalue()
        line.seek(0)
        line.truncate()
    yield line.getvalue()


def _json(rows: Iterator[Interaction]) -> Iterator[str]:
    before = "["
    for row in rows:
        yield before + json.dumps(_out(row), ensure_ascii=False, default=str)
        before = ",\n"
    yield "[]" if before == "[" else "]"


@router.get("/interactions", response_model=Page[InteractionOut])
def interactions(request: Request, wanted: Wanted, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """The caller's log, the newest first."""
    found = studio_of(request).interactions.page(caller_of(request).owner, limit + 1, cursor, wanted)
    more = found[limit - 1].id if len(found) > limit else None
    return JSONResponse({"data": [_out(row) for row in found[:limit]], "next": more})


@router.get(
    "/interactions/export",
    response_class=StreamingResponse,
    responses={
        200: {
            "content": {
                "application/json": {"schema": {"type": "array", "items": {"type": "object"}}},
                "text/csv": {"schema": {"type": "string"}},
            }
        }
    },
)
def export(request: Request, wanted: Wanted, form: Annotated[Literal["csv", "json"], Query()] = "csv") -> Response:
    """All of it as a file; in CSV, cells that a spreadsheet would run begin with an apostrophe."""
    rows = _rows(studio_of(request), caller_of(request).owner, wanted)
    headers = {"Content-Disposition": f'attachment; filename="hearth-interactions.{form}"', "Cache-Control": "no-store"}
    lines, media_type = (_csv(rows), "text/csv; charset=utf-8") if form == "csv" else (_json(rows), "application/json")
    return StreamingResponse(lines, media_type=media_type, headers=headers)


@router.get("/interactions/{interaction_id}", response_model=InteractionOut)
def interaction(request: Request, interaction_id: str) -> Response:
    """One row of the caller's log."""
    return JSONResponse(_out(studio_of(request).interactions.get(interaction_id, caller_of(request).owner)))


@router.get("/usage", response_model=UsageOut)
def usage(request: Request, days: Annotated[int, Query(ge=1, le=3_660)] = 28) -> Response:
    """The figures of the last days, today included, by day, job and model."""
    found = studio_of(request).usage(caller_of(request).owner, days)
    return JSONResponse(
        {
            "days": days,
            "calls": found.calls,
            "tokens": found.tokens,
            "errors": found.errors,
            "latency_p50_s": found.latency_p50_s,
            "latency_p95_s": found.latency_p95_s,
            "by_day": _records(found.by_day),
            "by_kind": _records(found.by_kind),
            "by_model": _records(found.by_model),
        }
    )


def _records(frame: "pd.DataFrame") -> list[dict[str, object]]:
    def plain(value: object) -> object:
        return None if isinstance(value, float) and math.isnan(value) else value

    return [{name: plain(value) for name, value in row.items()} for row in frame.to_dict("records")]
