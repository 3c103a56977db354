"""What bodies and answers of the native routes have in common: strict in, complete out, pages by cursor."""

from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

T = TypeVar("T")


class Body(BaseModel):
    """A body that takes no field it does not know, and no text where a number belongs."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Reply(BaseModel):
    """What a route answers."""


class Page(Reply, Generic[T]):
    """Part of a list; ``next`` is the cursor of the part after it, null at the end."""

    data: list[T]
    next: str | None


Limit = Annotated[int, Field(ge=1, le=200, description="At most this many.")]
Cursor = Annotated[str | None, Field(max_length=100, description="The ``next`` of the page before.")]
