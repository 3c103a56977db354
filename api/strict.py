"""The base of every body: it takes no field that it does not know, and in JSON no text where a number belongs."""

from pydantic import BaseModel, ConfigDict


class Strict(BaseModel):
    """A body of JSON that takes no field it does not know, and no 1 for true."""

    model_config = ConfigDict(extra="forbid", strict=True)


class StrictForm(BaseModel):
    """A form that takes no field it does not know; everything in a form is text."""

    model_config = ConfigDict(extra="forbid")
