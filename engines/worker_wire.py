"""What crosses between Hearth and a model's own process: calls through the standard library's managers.

``multiprocessing.managers`` carries them over a local socket that both ends prove a secret for. A call only
begins a task and returns at once; what all tasks make comes back together through ``take``, as much as there
is each time, so that many replies written side by side cost hardly more crossings than one.
"""

from dataclasses import dataclass
from multiprocessing.managers import BaseManager, BaseProxy
from typing import TYPE_CHECKING, Literal

from contract.events import EngineEvent

HOST = "host"  # the name that the manager knows the object by
READY = b"ready\n"  # what the process writes to its standard output once it can be called
Method = Literal["load", "count_tokens", "run", "cancel"]
EXPOSED = ("load", "count_tokens", "run", "cancel", "take")


@dataclass(frozen=True, slots=True)
class Ended:
    """A task is over, and nothing more comes of it.

    Attributes:
        error: What it raised.
        answer: Of loading the context length, where it is known; of counting the tokens.
    """

    error: BaseException | None = None
    answer: int | None = None


Item = EngineEvent | Ended
Batch = list[tuple[int, Item]]


class HostProxy(BaseProxy):
    """The far end's ``Host``; each thread that calls it has a connection of its own."""

    _exposed_ = EXPOSED

    def call(self, method: Method, *arguments: object) -> None:
        """Begin or cancel a task; its number is the first argument."""
        self._callmethod(method, arguments)

    def take(self) -> Batch:
        """Wait until a task has made something; returns what all have made since, by the tasks' numbers."""
        made: Batch = self._callmethod("take")  # type: ignore[func-returns-value, assignment]  # typeshed says None
        return made


class WorkerManager(BaseManager):
    """The near end of a model's process."""

    if TYPE_CHECKING:  # ``register`` makes it

        def host(self) -> HostProxy:
            """Return what the process can be asked for."""


WorkerManager.register(HOST, proxytype=HostProxy)
