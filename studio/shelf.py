"""The jobs of this process: every unfinished one, and the finished ones for a while."""

import threading
import time

from contract.errors import NotFound
from contract.models import Kind
from studio.caller import Caller
from studio.job import Job

KEPT = 500
KEPT_S = 900.0


class Shelf:
    """Finds jobs by id and by owner."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}
        self._put_since_cleared = 0

    def put(self, job: Job) -> None:
        """Keep a new job; finished ones that are too many or too old go."""
        with self._lock:
            self._jobs[job.id] = job
            self._put_since_cleared += 1
            if self._put_since_cleared > KEPT // 10:  # looking through all of them is too much for each request
                self._put_since_cleared = 0
                self._clear()

    def _clear(self) -> None:
        old = [kept for kept in self._jobs.values() if kept.finished]
        horizon = time.monotonic() - KEPT_S
        surplus = len(old) - KEPT
        for index, kept in enumerate(old):
            if index < surplus or (kept.times.finished or 0) < horizon:
                del self._jobs[kept.id]

    def get(self, job_id: str, caller: Caller) -> Job:
        """Return a job of the caller's; raises NotFound for an unknown one and for somebody else's."""
        with self._lock:
            job = self._jobs.get(job_id)
        if job is None or job.caller.owner != caller.owner:
            raise NotFound(
                f"There is no job {job_id[:64]!r}. Finished ones are kept for {KEPT_S / 60:.0f} minutes.",
                id=job_id[:64],
            )
        return job

    def unfinished(self, caller: Caller | None, kind: Kind | None = None) -> list[Job]:
        """Return the unfinished jobs of a caller's owner (None: everybody's), oldest first."""
        with self._lock:
            jobs = list(self._jobs.values())
        return [
            job
            for job in jobs
            if not job.finished
            and (caller is None or job.caller.owner == caller.owner)
            and (kind is None or job.kind == kind)
        ]
