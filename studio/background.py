"""A thread for what follows after a reply: the next waiting message, a title, what was deleted. Never in the way."""

import contextlib
import queue
import threading
from collections.abc import Callable

import structlog

log = structlog.get_logger(__name__)
CLOSE_S = 2.0


class Background:
    """Runs small tasks one after the other on one thread, which begins with the first."""

    def __init__(self) -> None:
        self._tasks: queue.SimpleQueue[Callable[[], object] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._timers: set[threading.Timer] = set()
        self._closed = False

    def put(self, task: Callable[[], object]) -> None:
        """Run a task soon; after ``close`` nothing is run any more."""
        with self._lock:
            if self._closed:
                return
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="background", daemon=True)
                self._thread.start()
            self._tasks.put(task)

    def later(self, seconds: float, task: Callable[[], object]) -> None:
        """Run a task after a while."""

        def due() -> None:
            with self._lock:
                self._timers.discard(timer)
            self.put(task)

        timer = threading.Timer(seconds, due)
        timer.daemon = True
        with self._lock:
            if self._closed:
                return
            self._timers.add(timer)
        timer.start()

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None and not self._closed:
            try:
                task()
            except Exception:  # one task must not end the others
                log.exception("background_task_failed")

    def close(self) -> None:
        """Drop what waits and end; may be called again."""
        with self._lock:
            self._closed = True
            timers, self._timers = self._timers, set()
            thread = self._thread
        for timer in timers:
            with contextlib.suppress(RuntimeError):  # it has not begun
                timer.cancel()
        if thread is not None:
            self._tasks.put(None)
            thread.join(CLOSE_S)
