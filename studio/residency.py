"""The one arbiter of memory: which models are loaded, over all engines, within one budget.

A model is used inside ``use(spec, …)``. It is loaded once however many ask at once; when it does
not fit beside the others, the least recently used idle one goes first, and while all are busy the
request waits its turn. What could never fit is refused with the numbers before anything is
loaded. Idle models go after the keep-alive. Limit: bytes are the engine's estimate until loaded,
then the growth of the process where that is larger.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psutil
import structlog

from contract.engine import Engine, Stop
from contract.errors import DoesNotFit
from contract.models import ModelSpec

log = structlog.get_logger(__name__)
MIB = 1024 * 1024


class StoppedWaiting(Exception):
    """The job was cancelled while it waited for its model; never leaves the studio."""


@dataclass(slots=True)
class Resident:
    """A model in memory, or on its way there."""

    spec: ModelSpec
    engine: Engine
    size_bytes: int
    ready: bool = False
    users: int = 0
    last_used: float = field(default_factory=time.monotonic)


class Residency:
    """Loads, shares and unloads models.

    Args:
        make: Builds the engine of a spec, unloaded.
        budget_bytes: What all models together may take.
        keep_alive_s: How long an idle model stays.
    """

    def __init__(self, make: Callable[[ModelSpec], Engine], budget_bytes: int, keep_alive_s: float) -> None:
        self._make = make
        self.budget_bytes = budget_bytes
        self.keep_alive_s = keep_alive_s
        self._condition = threading.Condition()
        self._residents: dict[str, Resident] = {}
        self._closed = False
        self._reaper: threading.Thread | None = None

    def loaded(self) -> dict[str, int]:
        """Return the models in memory and the bytes that each takes."""
        with self._condition:
            return {key: resident.size_bytes for key, resident in self._residents.items() if resident.ready}

    def loading(self) -> set[str]:
        """Return the models on their way into memory."""
        with self._condition:
            return {key for key, resident in self._residents.items() if not resident.ready}

    @contextmanager
    def use(self, spec: ModelSpec, stop: Stop, on_loading: Callable[[], None]) -> Iterator[Engine]:
        """Give a loaded engine for the time of the block.

        Args:
            on_loading: Called once if the model must be loaded, or its loading waited for.

        Raises:
            DoesNotFit: It is larger than the whole budget.
            StoppedWaiting: ``stop`` was set before the model was there.
            StudioError: Its engine could not load it.
        """
        resident = self._acquire(spec, stop, on_loading)
        try:
            yield resident.engine
        finally:
            with self._condition:
                resident.users -= 1
                resident.last_used = time.monotonic()
                self._condition.notify_all()
                self._start_reaper()

    def _acquire(self, spec: ModelSpec, stop: Stop, on_loading: Callable[[], None]) -> Resident:
        need = 0 if spec.remote else max(spec.memory_bytes, spec.size_bytes)
        if need > self.budget_bytes:
            raise DoesNotFit(
                f"{spec.title} needs about {need / MIB:,.0f} MB of memory; models may take "
                f"{self.budget_bytes / MIB:,.0f} MB here. Choose a smaller model, or raise --memory-budget-mb.",
                model=spec.id,
                need_bytes=need,
                budget_bytes=self.budget_bytes,
            )

        stop.on_set(self._wake)
        told = False
        with self._condition:
            while True:
                if stop.is_set():
                    raise StoppedWaiting
                resident = self._residents.get(spec.id)
                if resident is not None and resident.ready and resident.users < resident.engine.slots:
                    resident.users += 1
                    return resident
                if resident is None and self._make_room(need):
                    resident = Resident(spec, self._make(spec), need, users=1)
                    self._residents[spec.id] = resident
                    break
                if not told and (resident is None or not resident.ready):
                    told = True
                    on_loading()
                self._condition.wait()
        if not told:
            on_loading()
        self._load(resident)
        return resident

    def _wake(self) -> None:
        with self._condition:
            self._condition.notify_all()

    def _load(self, resident: Resident) -> None:
        process = psutil.Process()
        before, began = process.memory_info().rss, time.monotonic()
        try:
            resident.engine.load()
        except BaseException:
            with self._condition:
                del self._residents[resident.spec.id]
                self._condition.notify_all()
            raise
        grown = process.memory_info().rss - before
        with self._condition:
            if not resident.spec.remote:
                resident.size_bytes = max(resident.size_bytes, grown)
            resident.ready = True
            self._condition.notify_all()
        log.info("model_loaded", model=resident.spec.id, bytes=grown, seconds=round(time.monotonic() - began, 3))

    def _make_room(self, need: int) -> bool:
        """Unload idle models, the least recently used first, until ``need`` fits; False: all are busy."""
        while sum(resident.size_bytes for resident in self._residents.values()) + need > self.budget_bytes:
            idle = [resident for resident in self._residents.values() if resident.ready and not resident.users]
            idle = [resident for resident in idle if resident.size_bytes]
            if not idle:
                return False
            self._unload(min(idle, key=lambda resident: resident.last_used))
        return True

    def _unload(self, resident: Resident) -> None:
        # Under the lock: until the memory is back, nobody may count on it.
        del self._residents[resident.spec.id]
        resident.engine.unload()
        log.info("model_unloaded", model=resident.spec.id, bytes=resident.size_bytes)

    def _start_reaper(self) -> None:
        if self._reaper is None and not self._closed:
            self._reaper = threading.Thread(target=self._reap, name="residency-reaper", daemon=True)
            self._reaper.start()

    def _reap(self) -> None:
        with self._condition:
            while self._residents and not self._closed:
                due = {
                    key: resident.last_used + self.keep_alive_s
                    for key, resident in self._residents.items()
                    if resident.ready and not resident.users
                }
                for key in [key for key, when in due.items() if when <= time.monotonic()]:
                    self._unload(self._residents[key])
                    del due[key]
                self._condition.wait(max(0.01, min(due.values()) - time.monotonic()) if due else None)
            self._reaper = None

    def unload_idle(self) -> int:
        """Unload every model that nobody uses; returns how many."""
        with self._condition:
            idle = [resident for resident in self._residents.values() if resident.ready and not resident.users]
            for resident in idle:
                self._unload(resident)
            self._condition.notify_all()
            return len(idle)

    def close(self) -> None:
        """Unload what is idle and take the reaper down."""
        self._closed = True
        self.unload_idle()
