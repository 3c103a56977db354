"""The base of every body: it takes no field that it does not know, and in JSON no text where a number belongs."""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator


def _truth(value: object) -> object:
    # For Python 0 is False, and a Literal takes what is equal.
    if isinstance(value, int) and not isinstance(value, bool):
        raise ValueError("a number is no true or false")
    return value


No = Annotated[Literal[False], BeforeValidator(_truth)]


class Strict(BaseModel):
    """A body of JSON that takes no field it does not know, and no 1 for true."""

    model_config = ConfigDict(extra="forbid", strict=True)

    @model_validator(mode="before")
    @classmethod
    def _whole(cls, values: object) -> object:
        # 7.0 is a whole number in JSON, which knows no others; Python would call it a float, and refuse it.
        if not isinstance(values, dict):
            return values
        return {
            name: int(value) if isinstance(value, float) and value.is_integer() else value
            for name, value in values.items()
        }


class StrictForm(BaseModel):
    """A form that takes no field it does not know; everything in a form is text."""

    model_config = ConfigDict(extra="forbid")
