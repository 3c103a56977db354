"""An engine that counts its loads, and a residency over it."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from contract.engine import Engine, Stop
from contract.events import EngineEvent
from contract.models import ModelSpec
from contract.requests import Request
from studio import residency as module
from studio.residency import MIB, Residency


class Counted(Engine):
    """An engine that counts its loads, and can be told to take its time or to fail."""

    name, kind, lane = "counted", "chat", "echo"
    log: list[str]
    gate: threading.Event | None = None
    fails: list[Exception]
    slots_: int = 2

    @property
    def slots(self) -> int:
        return self.slots_

    def load(self) -> None:
        self.log.append(f"load {self.spec.id}")
        if self.gate is not None:
            self.gate.wait(60)
        if self.fails:
            raise self.fails.pop()

    def serves(self, spec: ModelSpec) -> bool:
        return self.spec.options == spec.options

    def run(self, request: Request, stop: Stop) -> Iterator[EngineEvent]:
        yield from ()

    def unload(self) -> None:
        self.log.append(f"unload {self.spec.id}")


class Bench:
    """A residency over counted engines."""

    def __init__(self, budget_mib: int, keep_alive_s: float = 900, slots: int = 2) -> None:
        self.log: list[str] = []
        self.fails: list[Exception] = []
        self.gate: threading.Event | None = None
        self.slots = slots
        self.residency = Residency(self._make, budget_mib * MIB, keep_alive_s)

    def _make(self, spec: ModelSpec) -> Engine:
        engine = Counted(spec)
        engine.log, engine.gate, engine.fails, engine.slots_ = self.log, self.gate, self.fails, self.slots
        return engine

    def use(
        self,
        name: str,
        mib: int = 100,
        stop: Stop | None = None,
        n_ctx: int | None = None,
        **callbacks: Callable[..., None],
    ):
        callbacks.setdefault("on_loading", lambda: None)
        options = {} if n_ctx is None else {"n_ctx": n_ctx}
        return self.residency.use(spec(name, mib, options=options), stop or Stop(), **callbacks)


def spec(name: str, mib: int = 100, **fields: object) -> ModelSpec:
    return ModelSpec(id=name, engine="counted", kind="chat", title=name.upper(), memory_bytes=mib * MIB, **fields)


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it never became so"
        time.sleep(0.001)


@pytest.fixture(autouse=True)
def steady_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loads here take no memory, so sizes are the specs' own."""

    class Process:
        def memory_info(self) -> "Process":
            return self

        rss = 0

    monkeypatch.setattr(module.psutil, "Process", Process)
