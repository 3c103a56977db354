"""Lanes: for each resource a first-come queue and the worker threads that empty it.

A lane has as many places as its resource can serve at once: the llama lane as many as a model has
slots, a torch lane one. Threads start when work comes and leave after a while without any.
"""

import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog

from contract.errors import Interrupted, LaneFull
from contract.events import Queued
from studio.job import Job

log = structlog.get_logger(__name__)
IDLE_S = 30.0
POSITIONS_TOLD = 20  # beyond this a waiting job hears of every tenth place only
RETRY_AFTER_S = 5


@dataclass(frozen=True, slots=True)
class LaneSize:
    """How many jobs run at once, and how many may wait."""

    places: int
    capacity: int = 1_000


LANES: Mapping[str, LaneSize] = {
    "llama": LaneSize(16),
    "torch": LaneSize(1, 200),
    "translation": LaneSize(2),
    # Apart, so that a book does not keep what somebody types waiting.
    "documents": LaneSize(1, 200),
    "speech": LaneSize(2, 200),
    # Apart for the same reason: a book is spoken for an hour.
    "narration": LaneSize(1, 200),
    # These wait for the next sentence most of the time.
    "replies": LaneSize(16, 200),
    "transcription": LaneSize(1, 200),
    "embedding": LaneSize(2, 200),
    "remote": LaneSize(32),
    "download": LaneSize(2, 100),
    "reading": LaneSize(2, 200),
    "audio": LaneSize(2, 1_000),
    "echo": LaneSize(32),
}


class Lane:
    """One queue with its workers.

    Args:
        run: Called on a worker thread with each job, never raises.
        drop: Called with a job that was cancelled while it waited, never raises.
    """

    def __init__(self, name: str, size: LaneSize, run: Callable[[Job], None], drop: Callable[[Job], None]) -> None:
        self.name = name
        self.size = size
        self._run = run
        self._drop = drop
        self._condition = threading.Condition()
        self._waiting: deque[Job] = deque()
        self._threads = 0
        self._idle = 0
        self._closed = False

    @property
    def waiting(self) -> int:
        """How many jobs wait."""
        return len(self._waiting)

    @property
    def running(self) -> int:
        """How many jobs run."""
        return self._threads - self._idle

    def put(self, job: Job) -> None:
        """Queue a job.

        Raises:
            LaneFull: As many wait as may. Interrupted: The lane is closed.
        """
        with self._condition:
            if self._closed:
                raise Interrupted("Hearth is shutting down and takes no more work. Start it again, then ask again.")
            if len(self._waiting) >= self.size.capacity:
                raise LaneFull(
                    f"{len(self._waiting):,} jobs already wait for the {self.name} lane, and that is the limit. "
                    f"Try again in {RETRY_AFTER_S} seconds.",
                    lane=self.name,
                    limit=self.size.capacity,
                    retry_after_s=RETRY_AFTER_S,
                )
            self._waiting.append(job)
            if self._idle >= len(self._waiting):
                self._condition.notify()
            elif self._threads < self.size.places:
                self._threads += 1
                threading.Thread(target=self._work, name=f"lane-{self.name}", daemon=True).start()
            else:
                self._tell_position(job, len(self._waiting))
        job.stop.on_set(lambda: self._remove(job))

    def swap(self, one: Job, other: Job) -> bool:
        """Give two waiting jobs each other's place; False where not both wait here."""
        with self._condition:
            if one not in self._waiting or other not in self._waiting:
                return False
            here, there = self._waiting.index(one), self._waiting.index(other)
            self._waiting[here], self._waiting[there] = other, one
            self._tell_positions()
            return True

    def _remove(self, job: Job) -> None:
        with self._condition:
            try:
                self._waiting.remove(job)
            except ValueError:
                return  # it runs, or has run: its engine looks at the stop sign itself
            job.position = 0
            self._tell_positions()
        self._drop(job)

    def _tell_positions(self) -> None:
        for position, job in enumerate(self._waiting, start=1):
            self._tell_position(job, position)

    @staticmethod
    def _tell_position(job: Job, position: int) -> None:
        if job.position != position:
            told = job.position
            job.position = position
            if position <= POSITIONS_TOLD or told == 0 or position % 10 == 0:
                job.publish(Queued(position))

    def _work(self) -> None:
        while True:
            with self._condition:
                while not self._waiting:
                    self._idle += 1
                    woken = not self._closed and self._condition.wait(IDLE_S)
                    self._idle -= 1
                    if self._closed or not (woken or self._waiting):
                        self._threads -= 1
                        self._condition.notify_all()
                        return
                job = self._waiting.popleft()
                job.position = 0
                self._tell_positions()
            try:
                self._run(job)
            except Exception:  # a bug; the lane must not lose a place for it
                log.exception("job_lost", lane=self.name, job=job.id)

    def close(self, timeout_s: float) -> None:
        """Drop what waits and let the workers go; those still running have ``timeout_s`` to end."""
        with self._condition:
            self._closed = True
            dropped = list(self._waiting)
            self._waiting.clear()
            self._condition.notify_all()
        for job in dropped:
            job.stop.set()
            self._drop(job)
        with self._condition:
            self._condition.wait_for(lambda: self._threads == 0, timeout_s)
