"""Runs any engine in a process of its own: one adapter with the engine's own contract.

``in_worker(LlamaCpp)`` is a class like ``LlamaCpp`` whose ``load`` starts a process with the engine in it, whose
runs go on there side by side, and whose ``unload`` ends it, so that all of its memory goes back to the system.
Neither the engine nor who uses it knows the difference. When the process ends by itself (a fault in native code,
a kill, no memory), or gives no sign for too long, each of its runs fails with one error that says so; the engine
is ``lost`` then, and whoever wants the model loads it anew, into a new process.
"""

import functools
from collections.abc import Iterator
from typing import ClassVar

from contract.engine import Engine, Stop
from contract.events import EngineEvent, Usage
from contract.models import ModelSpec
from contract.requests import Request
from engines.checks import loaded
from engines.worker_process import WorkerProcess
from engines.worker_wire import Ended

TIMEOUT_S = 600.0  # a prompt of thousands of tokens, or one step of a large picture, may take minutes on a CPU


class InWorker(Engine):
    """An engine in a process of its own; ``in_worker`` mixes it with the engine's class, which tells all the rest.

    Args:
        timeout_s: How long the process may give no sign while it has work.
    """

    engine_class: ClassVar[type[Engine]]
    _worker: WorkerProcess | None = None

    def __init__(self, spec: ModelSpec, *, threads: int = 1, key: str = "", timeout_s: float = TIMEOUT_S) -> None:
        super().__init__(spec, threads=threads, key=key)
        self._timeout_s = timeout_s

    def load(self) -> None:
        self.unload()
        worker = WorkerProcess(self.spec, self._timeout_s)
        try:
            self.context_tokens = worker.ask("load", self.engine_class, self.spec, self.threads, self.server_key)
        except BaseException:
            worker.end()
            raise
        self._worker = worker

    def run(self, request: Request, stop: Stop) -> Iterator[EngineEvent]:
        task = loaded(self._worker, self.spec).begin("run", request)
        stop.on_set(task.cancel)
        try:
            while not isinstance(item := task.next(), Ended):
                # What was made ahead of the stop sign is left out, as if it had not been made.
                if not stop.is_set() or isinstance(item, Usage):
                    yield item
            if item.error is not None:
                raise item.error
        finally:
            task.close()

    def count_tokens(self, request: Request) -> int:
        return loaded(self._worker, self.spec).ask("count_tokens", request) or 0

    def unload(self) -> None:
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.end()

    def serves(self, spec: ModelSpec) -> bool:
        return not self.lost and super().serves(spec)

    @property
    def memory_bytes(self) -> int | None:
        return 0 if self._worker is None else self._worker.memory_bytes

    @property
    def lost(self) -> bool:
        return self._worker is not None and self._worker.ended.is_set()


@functools.cache
def in_worker(engine: type[Engine]) -> type[InWorker]:
    """Return the class that runs an engine in a process of its own."""

    class Mixed(InWorker, engine):  # type: ignore[misc, valid-type]  # a base that is known at run time
        engine_class = engine

    return Mixed
