"""The shape of an engine: load, run as a blocking generator, unload; and how it is stopped."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from typing import ClassVar

from contract.errors import InvalidRequest
from contract.events import EngineEvent
from contract.models import ContextRange, ImageRange, Kind, ModelSpec, Scalar
from contract.requests import Request


class Stop:
    """A job's stop sign: asked between steps, or told through a callback while a call blocks."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._callbacks: list[Callable[[], None]] = []

    def is_set(self) -> bool:
        """Whether the job was asked to stop."""
        return self._event.is_set()

    def set(self) -> None:
        """Ask the job to stop; callbacks run at once, on this thread, each at most once."""
        with self._lock:
            self._event.set()
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()

    def on_set(self, callback: Callable[[], None]) -> None:
        """Run ``callback`` when the job is stopped; at once if it already is. It must not raise or block."""
        with self._lock:
            if not self._event.is_set():
                self._callbacks.append(callback)
                return
        callback()


class Engine(ABC):
    """One loaded (or loadable) model of one engine.

    An instance belongs to one model. ``load``, each ``run`` and ``unload`` are called from worker
    threads; up to ``slots`` runs at once, each iterated by one thread from start to end and closed
    by that thread. Nothing heavy is imported before ``load``. Only StudioError escapes.

    Class attributes:
        name: Its key in ``engines.ENGINES``.
        kind: The job it does.
        lane: The resource it needs: ``llama``, ``torch``, ``translation``, ``speech``,
            ``transcription``, ``embedding``, ``remote`` or ``echo``.
        requires: Modules that must be importable, checked without importing them.
        extra: The extra of pyproject.toml that installs them; "" when they always come along.
        options: Fields of a request that not every engine of its kind can do, and this one can; the
            Studio refuses the others by name. ``count_tokens``: it can count tokens.
    """

    name: ClassVar[str]
    kind: ClassVar[Kind]
    lane: ClassVar[str]
    requires: ClassVar[tuple[str, ...]] = ()
    extra: ClassVar[str] = ""
    options: ClassVar[frozenset[str]] = frozenset()
    # How many tokens a chat model takes at once, where that is known once it is loaded.
    context_tokens: int | None = None

    def __init__(self, spec: ModelSpec, *, threads: int = 1, key: str = "") -> None:
        """Take a model.

        Args:
            spec: The model.
            threads: CPU threads it may use.
            key: What the model's server asks for. Not in the spec, for that is shown.
        """
        self.spec = spec
        self.threads = threads
        self.server_key = key

    @property
    def slots(self) -> int:
        """How many runs it takes at once."""
        return 1

    @classmethod
    def context_range(cls, spec: ModelSpec) -> ContextRange | None:
        """Return which context lengths a model can be asked for; None: its length can't be chosen. May wait."""
        return None

    @classmethod
    def image_range(cls, spec: ModelSpec) -> ImageRange | None:
        """Return what an image model draws by itself and may be asked for; None: not known before it is tried."""
        return None

    @classmethod
    def check(cls, spec: ModelSpec, request: Request) -> None:
        """Raise InvalidRequest, with the numbers, for what this model can't do, as far as its files tell."""
        return

    @classmethod
    def with_context(cls, spec: ModelSpec, context_tokens: int) -> ModelSpec:
        """Return the spec that loads with another context length, where that is chosen at loading."""
        return spec

    @classmethod
    def facts(cls, spec: ModelSpec) -> Mapping[str, Scalar]:
        """Return what the model's file or server says of it, for a person to read; {}: nothing. May wait."""
        return {}

    def serves(self, spec: ModelSpec) -> bool:
        """Whether this model, as it is loaded, can do what ``spec``, of the same id, is asked for."""
        return True

    @property
    def memory_bytes(self) -> int | None:
        """What the process of its own takes by now, in bytes; None: it lives in this one."""
        return None

    @property
    def lost(self) -> bool:
        """Whether what was loaded is gone though nobody unloaded it: its process ended."""
        return False

    @abstractmethod
    def load(self) -> None:
        """Read the model into memory. Raises ModelDamaged, EngineMissing, DoesNotFit or EngineFailed."""

    @abstractmethod
    def run(self, request: Request, stop: Stop) -> Iterator[EngineEvent]:
        """Do the job; once ``stop`` is set, end (without an event for it) within one token or step."""

    @classmethod
    def abilities(cls, spec: ModelSpec) -> frozenset[str]:
        """Return those of ``options`` that this model can do, as far as its files tell."""
        return cls.options

    def count_tokens(self, request: Request) -> int:
        """Return how many tokens the model reads for a request; loaded, and with ``count_tokens`` in ``options``."""
        raise InvalidRequest(f"{self.spec.id} can't count tokens. Choose another model.", model=self.spec.id)

    @abstractmethod
    def unload(self) -> None:
        """Give the memory back; may be called again, and when never loaded."""
