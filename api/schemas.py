"""What bodies and answers of the native routes have in common: strict in, complete out, pages by cursor."""

from typing import Annotated, Generic, TypeVar

from fastapi import HTTPException, Query, Request
from pydantic import BaseModel, Field

T = TypeVar("T")


class Reply(BaseModel):
    """What a route answers."""


class Page(Reply, Generic[T]):
    """Part of a list; ``next`` is the cursor of the part after it, null at the end."""

    data: list[T]
    next: str | None


# Text without NUL, which no database or engine takes.
Plain = Annotated[str, Field(pattern=r"^[^\x00]*$")]
Language = Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$", max_length=40)]
ModelName = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[!-~]+$")]
Id = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Limit = Annotated[int, Query(ge=1, le=200, description="At most this many.")]
CURSOR_TOLD = "The ``next`` of the page before."
Cursor = Annotated[str | None, Query(max_length=100, description=CURSOR_TOLD)]
CountCursor = Annotated[str | None, Query(pattern=r"^[0-9]{1,9}$", description=CURSOR_TOLD)]


def json_wanted(request: Request) -> None:
    """Refuse a request whose ``Accept`` lets no JSON through; a dependency of the native routes."""
    accepted = [part.partition(";")[0].strip().lower() for part in request.headers.get("accept", "").split(",")]
    if any(accepted) and not any(form in ("*/*", "application/*") or form.endswith("json") for form in accepted):
        raise HTTPException(406, "This answers in application/json. Accept that, or leave Accept out.")


def examples(body: dict[str, object]) -> dict[str, object]:
    """Return what puts an example of its body into an operation's documentation."""
    return {"requestBody": {"content": {"application/json": {"example": body}}}}


def content(*media_types: str) -> dict[str, object]:
    """Return what documents an answer that is no JSON."""
    # Of events that come one by one, a schema would be that of each event, and their kinds differ.
    free = ("event-stream", "json")
    schemas: dict[str, dict[str, str]] = {
        kind: {} if kind.endswith(free) else {"type": "string"} for kind in media_types
    }
    return {"content": {media_type: {"schema": schema} for media_type, schema in schemas.items()}}
