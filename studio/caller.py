"""Who asks, and from where."""

from dataclasses import dataclass
from typing import Literal

Via = Literal["ui", "api", "notebook", "mcp"]
Role = Literal["admin", "user"]


@dataclass(frozen=True, slots=True)
class Caller:
    """The person behind a request.

    Attributes:
        owner: Whose rows these are: ``local`` on the loopback address, else from a signed cookie.
        role: ``admin`` may change what all share (downloads, defaults).
        via: The surface the request came through.
    """

    owner: str = "local"
    role: Role = "admin"
    via: Via = "notebook"
