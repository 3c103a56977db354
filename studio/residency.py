"""The one arbiter of memory: which models are loaded, over all engines, within one budget.

A model is used inside ``use(spec, …)``. It is loaded once however many ask at once; when it does
not fit beside the others, the least recently used idle one goes first, and while all are busy the
request waits its turn. Who waits for a model's slot is served in order of arrival; who has waited
``PATIENCE_S`` for room is served before newcomers to the models in the way, so that a busy model
can't keep another out for ever. What could never fit is refused with the numbers before anything
is loaded. Idle models go after the keep-alive. Bytes are the engine's estimate until loaded; then what
its own process takes, or this process grew by, where that is larger. A model whose process ended by
itself is loaded anew for the next who wants it.

Where there is a graphics card, what models take of its memory has a budget of its own, by the same rules.

A pinned model is never unloaded to make room, nor for being idle; what it leaves too little room for
is refused, and says so.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import psutil
import structlog

from contract.engine import Engine, Stop
from contract.errors import Conflict, DoesNotFit
from contract.models import ModelSpec
from engines.allocator import give_back
from studio import fitting
from studio.fitting import CardBudget

log = structlog.get_logger(__name__)
MIB = 1024 * 1024
PATIENCE_S = 30.0
REAP_AT_LEAST_EVERY_S = 3600.0


class StoppedWaiting(Exception):
    """The job was cancelled while it waited for its model; never leaves the studio."""


@dataclass(slots=True)
class Resident:
    """A model in memory, or on its way there."""

    spec: ModelSpec
    engine: Engine
    size_bytes: int
    card_bytes: int = 0
    ready: bool = False
    users: int = 0
    last_used: float = field(default_factory=time.monotonic)


@dataclass(slots=True, eq=False)
class _Ticket:
    """A request that waits for its model; ``for_room`` while it is not loaded and does not fit."""

    model: str
    since: float = field(default_factory=time.monotonic)
    for_room: bool = False
    told: int | None = None


class Residency:
    """Loads, shares and unloads models.

    Args:
        make: Builds the engine of a spec, unloaded.
        budget_bytes: What all models together may take.
        keep_alive_s: How long an idle model stays.
        pinned: Whether a model is to stay whatever happens.
        measured: Told what a model took when it was loaded alone.
        card: The graphics card's memory; None: there is none.
    """

    def __init__(
        self,
        make: Callable[[ModelSpec], Engine],
        budget_bytes: int,
        keep_alive_s: float,
        pinned: Callable[[str], bool] = lambda model: False,
        measured: Callable[[ModelSpec, int], None] = lambda spec, size_bytes: None,
        card: CardBudget | None = None,
    ) -> None:
        self._make = make
        self._pinned = pinned
        self._measured = measured
        self.budget_bytes = budget_bytes
        self.keep_alive_s = keep_alive_s
        self.card = card
        self._condition = threading.Condition()
        self._residents: dict[str, Resident] = {}
        self._waiting: list[_Ticket] = []
        self._closed = False
        self._reaper: threading.Thread | None = None

    # Lists of a dictionary's values are made in one step: the event loop asks, and must not wait for the lock.

    def loaded(self) -> dict[str, int]:
        """Return the models in memory and the bytes that each takes."""
        return {r.spec.id: r.size_bytes for r in list(self._residents.values()) if r.ready and not r.engine.lost}

    def on_card(self) -> dict[str, int]:
        """Return the models on the graphics card and the bytes that each takes of its memory."""
        return {r.spec.id: r.card_bytes for r in list(self._residents.values()) if r.ready and r.card_bytes}

    def loading(self) -> set[str]:
        """Return the models on their way into memory."""
        return {r.spec.id for r in list(self._residents.values()) if not r.ready and r.users}

    def as_loaded(self, spec: ModelSpec) -> ModelSpec:
        """Return the spec that a model is in memory with, for who can take it as it is; itself where it is not."""
        resident = self._residents.get(spec.id)
        return resident.spec if resident is not None and resident.ready else spec

    @contextlib.contextmanager
    def use(
        self,
        spec: ModelSpec,
        stop: Stop,
        on_loading: Callable[[], None],
        on_waiting: Callable[[int], None] = lambda place: None,
    ) -> Iterator[Engine]:
        """Give a loaded engine for the time of the block.

        Args:
            on_loading: Called once if the model must be loaded, or its loading waited for. Must not block.
            on_waiting: Called with the place in line, 1 is next, while all slots of the model are taken. Must not
                block.

        Raises:
            DoesNotFit: It is larger than the whole budget.
            StoppedWaiting: ``stop`` was set before the model was there.
            StudioError: Its engine could not load it.
        """
        resident = self._acquire(spec, stop, on_loading, on_waiting)
        ran_out = False
        try:
            yield resident.engine
        except DoesNotFit as error:
            ran_out = error.details.get("ran_out") is True
            raise
        finally:
            grown = resident.engine.memory_bytes
            with self._condition:
                resident.users -= 1
                resident.size_bytes = max(resident.size_bytes, grown or 0)
                resident.last_used = time.monotonic()
                # One that ran out of memory at work may hold what it had taken by then.
                if (self._closed or ran_out) and not resident.users:
                    self._unload(resident)
                self._condition.notify_all()
                self._start_reaper()

    def _acquire(
        self, spec: ModelSpec, stop: Stop, on_loading: Callable[[], None], on_waiting: Callable[[int], None]
    ) -> Resident:
        least = 0 if spec.remote else max(spec.memory_bytes, spec.size_bytes)
        if least > self.budget_bytes:
            raise DoesNotFit(
                f"{spec.title} needs about {least / MIB:,.0f} MB of memory; models may take "
                f"{self.budget_bytes / MIB:,.0f} MB here. Choose a smaller model, or raise --memory-budget-mb.",
                model=spec.id,
                need_bytes=least,
                budget_bytes=self.budget_bytes,
            )
        card_need = self.card.need(spec) if self.card is not None else 0
        if self.card is not None and card_need and spec.size_bytes > self.card.bytes:
            raise DoesNotFit(
                f"{spec.title} needs over {spec.size_bytes / MIB:,.0f} MB of the graphics card's memory; models may "
                f"take {self.card.bytes / MIB:,.0f} MB of it. Choose a smaller model, or raise --card-budget-mb.",
                model=spec.id,
                need_bytes=spec.size_bytes,
                budget_bytes=self.card.bytes,
            )
        # What is reckoned makes room, but refuses nothing: it may be too much.
        need = 0 if spec.remote else min(self.budget_bytes, max(least, fitting.need(spec)))

        stop.on_set(self.wake)
        ticket = _Ticket(spec.id)
        told = False
        with self._condition:
            self._waiting.append(ticket)
            try:
                while (resident := self._try(ticket, spec, need, card_need, stop)) is None:
                    present = self._residents.get(spec.id)
                    if present is not None and present.ready:
                        place = 1 + sum(other.model == spec.id for other in self._before(ticket))
                        if place != ticket.told:
                            ticket.told = place
                            on_waiting(place)
                    elif not told:
                        told = True
                        on_loading()
                    self._condition.wait()
            finally:
                self._waiting.remove(ticket)
                self._condition.notify_all()
        if not resident.ready:
            if not told:
                on_loading()
            self._load(resident)
        return resident

    def _try(self, ticket: _Ticket, spec: ModelSpec, need: int, card_need: int, stop: Stop) -> Resident | None:
        """Take a slot of the model, or a place in memory to load it into; None: not yet."""
        while True:
            if stop.is_set() or self._closed:
                raise StoppedWaiting
            resident = self._residents.get(spec.id)
            if resident is not None and spec.remote and resident.ready and resident.spec != spec:
                # Its server was changed; who is served by the one before keeps it to the end.
                del self._residents[spec.id]
                resident = None
            if self._others_first(ticket):
                return None
            if resident is not None and resident.ready and not resident.engine.serves(spec):
                if resident.users:
                    return None
                self._unload(resident)  # the same model, but loaded otherwise than it is wanted now
                continue
            if resident is not None:
                if not resident.ready or resident.users >= resident.engine.slots:
                    return None
                resident.users += 1
                return resident
            tight = self._taken() + need > self.budget_bytes
            card_tight = self.card is not None and not self._fits_card(self.card, card_need)
            if not tight and not card_tight:
                resident = self._residents[spec.id] = Resident(spec, self._make(spec), need, card_need, users=1)
                return resident
            ticket.for_room = True
            self._check_pinned(spec, need)
            self._check_pinned_on_card(spec, card_need)
            idle = [
                resident
                for resident in self._idle()
                if ((tight and resident.size_bytes) or (card_tight and resident.card_bytes))
                and not self._pinned(resident.spec.id)
            ]
            if not idle:
                return None
            self._unload(min(idle, key=lambda resident: resident.last_used))

    def _check_pinned(self, spec: ModelSpec, need: int) -> None:
        pinned = [resident for resident in self._residents.values() if self._pinned(resident.spec.id)]
        taken = sum(resident.size_bytes for resident in pinned)
        if pinned and taken + need > self.budget_bytes:
            names = ", ".join(resident.spec.title for resident in pinned)
            raise DoesNotFit(
                f"{spec.title} needs about {need / MIB:,.0f} MB of memory, and what is pinned ({names}) leaves "
                f"{max(0, self.budget_bytes - taken) / MIB:,.0f} MB. Unpin one in Models, or raise --memory-budget-mb.",
                model=spec.id,
                need_bytes=need,
                budget_bytes=self.budget_bytes,
            )

    def _check_pinned_on_card(self, spec: ModelSpec, need: int) -> None:
        pinned = [r for r in self._residents.values() if r.card_bytes and self._pinned(r.spec.id)]
        if self.card is None or not pinned or sum(r.card_bytes for r in pinned) + need <= self.card.bytes:
            return
        names = ", ".join(resident.spec.title for resident in pinned)
        raise DoesNotFit(
            f"{spec.title} needs about {need / MIB:,.0f} MB of the graphics card's memory, and what is pinned "
            f"({names}) leaves less. Unpin one in Models, or raise --card-budget-mb.",
            model=spec.id,
            need_bytes=need,
            budget_bytes=self.card.bytes,
        )

    def _fits_card(self, card: CardBudget, need: int) -> bool:
        taken = sum(resident.card_bytes for resident in self._residents.values())
        return not need or not taken or taken + need <= card.bytes

    def _before(self, ticket: _Ticket) -> list[_Ticket]:
        return self._waiting[: self._waiting.index(ticket)]

    def _others_first(self, ticket: _Ticket) -> bool:
        patient_until = time.monotonic() - PATIENCE_S
        return any(
            other.model == ticket.model or (other.for_room and other.since < patient_until)
            for other in self._before(ticket)
        )

    def wake(self) -> None:
        """Look again at who waits and who may go: something was pinned, unpinned or stopped."""
        with self._condition:
            self._condition.notify_all()

    def _load(self, resident: Resident) -> None:
        process = psutil.Process()
        before, began = process.memory_info().rss, time.monotonic()
        card_before = self.card.used() if self.card is not None and resident.card_bytes else 0
        try:
            resident.engine.load()
        except BaseException:
            with contextlib.suppress(Exception):  # what it had loaded before it failed
                resident.engine.unload()
            with self._condition:
                del self._residents[resident.spec.id]
                self._condition.notify_all()
            raise
        own = resident.engine.memory_bytes
        grown = process.memory_info().rss - before if own is None else own
        # None of it where the engine took the processor after all; another that ends meanwhile can't make it negative.
        on_card = max(0, self.card.used() - card_before) if self.card is not None and resident.card_bytes else 0
        with self._condition:
            resident.card_bytes = on_card
            alone = own is not None or not any(
                other is not resident and not other.ready for other in self._residents.values()
            )
            if not resident.spec.remote:
                resident.size_bytes = max(resident.size_bytes, grown)
            resident.ready = True
            self._condition.notify_all()
        # Files that are mapped come into memory as they are used, so growth below their size is no measure.
        if alone and not resident.spec.remote and grown >= resident.spec.size_bytes > 0:
            self._measured(resident.spec, grown)
        log.info("model_loaded", model=resident.spec.id, bytes=grown, seconds=round(time.monotonic() - began, 3))

    def _taken(self) -> int:
        return sum(resident.size_bytes for resident in self._residents.values())

    def _idle(self) -> list[Resident]:
        return [resident for resident in self._residents.values() if resident.ready and not resident.users]

    def _unload(self, resident: Resident) -> None:
        """Unload an idle model. The lock is let go meanwhile, for it may take long; the memory counts as taken."""
        resident.ready = False
        self._condition.release()
        try:
            resident.engine.unload()
            give_back()
        except Exception:  # who asked for room is not to blame; the model is out of use in any case
            log.exception("unload_failed", model=resident.spec.id)
        finally:
            self._condition.acquire()
            if self._residents.get(resident.spec.id) is resident:
                del self._residents[resident.spec.id]
            self._condition.notify_all()
        log.info("model_unloaded", model=resident.spec.id, bytes=resident.size_bytes)

    def _start_reaper(self) -> None:
        if self._reaper is None and not self._closed:
            self._reaper = threading.Thread(target=self._reap, name="residency-reaper", daemon=True)
            self._reaper.start()

    def _reap(self) -> None:
        with self._condition:
            while self._residents and not self._closed:
                idle = [resident for resident in self._idle() if not self._pinned(resident.spec.id)]
                if not idle:
                    self._condition.wait(REAP_AT_LEAST_EVERY_S)
                    continue
                oldest = min(idle, key=lambda resident: resident.last_used)
                left_s = oldest.last_used + self.keep_alive_s - time.monotonic()
                if left_s <= 0:
                    self._unload(oldest)
                else:
                    self._condition.wait(min(left_s, REAP_AT_LEAST_EVERY_S))
            self._reaper = None

    def unload(self, model: str) -> bool:
        """Unload one model; returns whether it was there.

        Raises:
            Conflict: Somebody uses it, or waits for it.
        """
        with self._condition:
            resident = self._residents.get(model)
            if resident is None:
                return False
            if resident.users or not resident.ready:
                raise Conflict(
                    f"{resident.spec.title} is at work. Wait until it is idle, or cancel its jobs.", model=model
                )
            self._unload(resident)
        return True

    def unload_idle(self) -> int:
        """Unload every model that nobody uses; returns how many."""
        count = 0
        with self._condition:
            while idle := self._idle():
                self._unload(idle[0])
                count += 1
        return count

    def close(self) -> None:
        """Unload what is idle, and the rest as soon as nobody uses it; nobody gets a model any more."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()
        self.unload_idle()
