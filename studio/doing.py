"""The seam between the worker and those who do jobs for which no one model is held from start to end."""

from abc import ABC, abstractmethod

from studio.job import Job
from studio.run import Outcome


class Doer(ABC):
    """Does the jobs of a request's class; the Studio says which of whom."""

    @abstractmethod
    def run(self, job: Job, outcome: Outcome) -> None:
        """Do the job, and tell ``outcome`` what comes of it; raises StudioError."""

    def drop(self, job: Job) -> None:  # noqa: B027  # most keep nothing of a job that waits
        """Forget a job that was cancelled before it ran; does not wait."""
