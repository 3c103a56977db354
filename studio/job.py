"""A job: a request on its way, its events kept from the first on, and any number of followers.

A job outlives the page, the tab and the connection that started it. Events are numbered from 1;
``events(after=n)`` replays what came since and then follows live, so whoever comes back misses
nothing and sees nothing twice. Publishing wakes each waiting follower once, however many events
it is behind: a thousand followers cost memory, not threads.
"""

import asyncio
import contextlib
import queue
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from contract.engine import Stop
from contract.errors import error_class
from contract.events import Cancelled, Delta, Done, Event, Failed, Progress, Queued, Terminal
from contract.ids import new_id
from contract.models import Kind, ModelSpec
from contract.requests import Request
from studio.caller import Caller

if TYPE_CHECKING:
    from studio.audio import SpeechFile

State = Literal["queued", "running", "done", "failed", "cancelled"]
STATE_OF: dict[type, State] = {Done: "done", Failed: "failed", Cancelled: "cancelled"}


@dataclass(slots=True)
class _Waiter:
    """One follower; ``armed`` while it sleeps, so that a burst of events wakes it once."""

    wake: Callable[[], object]
    armed: bool = False


@dataclass(slots=True)
class Times:
    """Marks on the monotonic clock, in seconds."""

    submitted: float = field(default_factory=time.monotonic)
    started: float | None = None
    loaded: float | None = None
    first_output: float | None = None
    finished: float | None = None


class Job:
    """A submitted request.

    Attributes:
        id: Sortable by time, not to be guessed.
        request, caller: What was asked, and by whom.
        spec: The model that does it, once known.
        request_id: Of the HTTP request that asked, if one did.
        traceparent: That request's W3C trace context, where traces are sent.
        stop: The stop sign that its engine looks at.
        position: Place in the queue, 1 is next; 0 once it runs.
        conversation_id: The conversation that a chat job answers in, if any.
        speech: The files that a speech job is growing, once it has begun.
    """

    def __init__(self, request: Request, caller: Caller, spec: ModelSpec | None = None) -> None:
        self.id = new_id()
        self.request = request
        self.caller = caller
        self.spec = spec
        self.request_id: str | None = None
        self.traceparent: str | None = None
        self.stop = Stop()
        self.position = 0
        self.conversation_id: str | None = None
        self.speech: SpeechFile | None = None
        self.times = Times()
        self._lock = threading.Lock()
        self._events: list[Event] = []
        self._waiter_of: dict[int, _Waiter] = {}
        self._at_end: list[Callable[[], object]] = []
        self._state: State = "queued"

    @property
    def kind(self) -> Kind:
        """The job's kind: ``chat``, ``translation``, …"""
        return self.request.kind

    @property
    def state(self) -> State:
        """Where it stands."""
        return self._state

    @property
    def finished(self) -> bool:
        """Whether its last event is out."""
        return self._state not in ("queued", "running")

    def cancel(self) -> None:
        """Ask it to stop; it ends within one token or step, with Cancelled. Harmless when finished."""
        self.stop.set()

    def on_end(self, callback: Callable[[], object]) -> None:
        """Call back once it ended, at once if it has, on the thread that ends it. It must not raise or block."""
        with self._lock:
            if not self.finished:
                self._at_end.append(callback)
                return
        callback()

    def publish(self, event: Event) -> None:
        """Add an event and wake the followers; after the last one, nothing is added any more."""
        at_end: list[Callable[[], object]] = []
        with self._lock:
            if self.finished:
                return
            self._events.append(event)
            if isinstance(event, Terminal):
                self.times.finished = time.monotonic()
                self._state = STATE_OF[type(event)]
                at_end, self._at_end = self._at_end, []
            elif not isinstance(event, Queued) and self._state == "queued":
                self._state = "running"
            asleep = [waiter for waiter in self._waiter_of.values() if waiter.armed]
            for waiter in asleep:
                waiter.armed = False
        for waiter in asleep:
            waiter.wake()
        for callback in at_end:
            callback()

    def snapshot(self, after: int = 0) -> list[tuple[int, Event]]:
        """Return the events so far, from number ``after + 1`` on."""
        with self._lock:
            return list(enumerate(self._events[max(0, after) :], start=max(0, after) + 1))

    def text(self) -> str:
        """Return the output text so far, reasoning left out."""
        return "".join(event.text for _, event in self.snapshot() if isinstance(event, Delta) and not event.reasoning)

    def forget_previews(self) -> None:
        """Drop the previews of a finished job: only the picture itself is looked at again."""
        with self._lock:
            self._events = [
                Progress(event.step, event.total, event.message) if isinstance(event, Progress) else event
                for event in self._events
            ]

    def _attach(self, wake: Callable[[], object]) -> _Waiter:
        waiter = _Waiter(wake)
        with self._lock:
            self._waiter_of[id(waiter)] = waiter
        return waiter

    def _detach(self, waiter: _Waiter) -> None:
        with self._lock:
            self._waiter_of.pop(id(waiter), None)

    def _take(self, waiter: _Waiter, after: int) -> tuple[list[Event], bool]:
        """Return what came since, and whether more may come; when it may, arm the waiter in the same breath."""
        with self._lock:
            fresh = self._events[after:]
            waiter.armed = not fresh and not self.finished
            return fresh, not self.finished

    async def events(self, after: int = 0) -> AsyncIterator[tuple[int, Event]]:
        """Yield ``(number, event)`` from number ``after + 1`` on; ends after the last event, at once if that was seen.

        Args:
            after: The number of the last event seen; 0: none.
        """
        after = max(0, after)
        loop = asyncio.get_running_loop()
        signal = asyncio.Event()

        def wake() -> None:
            try:
                loop.call_soon_threadsafe(signal.set)
            except RuntimeError:  # the follower's loop is closed: nobody is left to wake
                self._detach(waiter)

        waiter = self._attach(wake)
        try:
            while True:
                fresh, more = self._take(waiter, after)
                for event in fresh:
                    after += 1
                    yield after, event
                    if isinstance(event, Terminal):
                        return
                if not fresh and not more:
                    return
                if not fresh:
                    await signal.wait()
                    signal.clear()
        finally:
            self._detach(waiter)

    def follow(self, after: int = 0, stop: Stop | None = None) -> Iterator[tuple[int, Event]]:
        """Like ``events``, blocking: for notebooks and threads; ends early once ``stop`` is set."""
        after = max(0, after)
        signal: queue.SimpleQueue[None] = queue.SimpleQueue()
        waiter = self._attach(lambda: signal.put(None))
        if stop is not None:
            stop.on_set(lambda: signal.put(None))
        try:
            while stop is None or not stop.is_set():
                fresh, more = self._take(waiter, after)
                for event in fresh:
                    after += 1
                    yield after, event
                    if isinstance(event, Terminal):
                        return
                if not fresh and not more:
                    return
                if not fresh:
                    signal.get()
        finally:
            self._detach(waiter)

    async def ended(self) -> Terminal:
        """Wait until it ended, woken once, however much it tells meanwhile; returns the last event."""
        loop, over = asyncio.get_running_loop(), asyncio.Event()

        def wake() -> None:
            with contextlib.suppress(RuntimeError):  # the waiter's loop is closed: nobody is left to wake
                loop.call_soon_threadsafe(over.set)

        self.on_end(wake)
        await over.wait()
        return self._last()

    def wait(self) -> Terminal:
        """Block until it ended; returns the last event.

        Raises:
            StudioError: It failed, with that failure's class, message and details.
        """
        over = threading.Event()
        self.on_end(over.set)
        over.wait()
        last = self._last()
        if isinstance(last, Failed):
            raise error_class(last.code)(last.message, **last.details)
        return last

    def _last(self) -> Terminal:
        with self._lock:
            last = self._events[-1]
        assert isinstance(last, Terminal)  # nothing is published after it
        return last
