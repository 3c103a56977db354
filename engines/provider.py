"""What a provider is to the studio: a server that holds models, asked for its list and then for replies."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from contract.engine import Engine
from contract.errors import InvalidRequest
from contract.messages import Message
from contract.models import Kind, ModelSpec, Scalar
from contract.requests import ChatRequest
from engines.wire import Server

REPLIES_AT_ONCE = 32  # the server has a queue of its own
GO_ON = "Go on with your last message exactly where it ends. Repeat nothing of it and add no remark."


class ProviderEngine(Engine):
    """One chat model behind a protocol that is spoken here, with httpx; nothing of it is loaded in this process."""

    kind: ClassVar[Kind] = "chat"
    lane: ClassVar[str] = "remote"
    requires: ClassVar[tuple[str, ...]] = ("httpx",)

    @property
    def slots(self) -> int:
        return REPLIES_AT_ONCE

    def load(self) -> None:
        """Nothing to read; importing the client now saves the first reply 0.3 s."""
        import httpx  # noqa: F401  # its import is the work

    def unload(self) -> None:
        """Nothing to give back."""


@dataclass(frozen=True, slots=True)
class FoundModel:
    """A model that a server lists.

    Attributes:
        name: What the server calls it.
        options: What else its engine wants to know of it.
    """

    name: str
    kind: Kind = "chat"
    options: Mapping[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found:
    """What a server said about itself.

    Attributes:
        url: Its address as it worked, which may be longer than the one given.
        models: Those that can be used here.
        left_out: How many it lists beside them.
    """

    url: str
    models: tuple[FoundModel, ...]
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class ProviderKind:
    """One protocol: a line of the table ``engines.PROVIDERS``.

    Attributes:
        title: What a person calls it.
        engines: Its engine for each kind of model.
        discover: Asks a server for its models, within the seconds given; raises StudioError.
        url: The address that a person would enter first.
    """

    name: str
    title: str
    engines: Mapping[Kind, type[Engine]]
    discover: Callable[[Server, float], Found]
    url: str


def server_of(spec: ModelSpec, key: str) -> Server:
    """Return the server that a model of a provider runs in, from the model's options."""
    options = spec.options
    return Server(
        name=str(options["server"]),
        url=str(options["url"]),
        key=key,
        own_network=bool(options.get("own_network", False)),
        timeout_s=float(options.get("timeout_s", 300)),
    )


def going_on(chat: ChatRequest) -> tuple[Message, ...]:
    """Return the turns for a server that only ever answers the user: where a reply is to go on, it is asked to."""
    if chat.messages[-1].role != "assistant":
        return chat.messages
    return (*chat.messages, Message("user", GO_ON))


def refuse(spec: ModelSpec, **values: object) -> None:
    """Raise InvalidRequest for the first of these settings that is set, by its name."""
    for name, value in values.items():
        if value is not None:
            raise InvalidRequest(
                f"{spec.id} can't do {name}: its server's protocol has no such setting. Leave it out.", field=name
            )
