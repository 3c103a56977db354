"""The base of every body: it takes no field that it does not know."""

from pydantic import BaseModel, ConfigDict


class Strict(BaseModel):
    """A body that takes no field it does not know."""

    model_config = ConfigDict(extra="forbid")
