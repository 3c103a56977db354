"""Notes in a kept thing's row how the job that makes it stands, whatever becomes of it."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Literal

from contract.errors import StudioError
from studio.job import Job
from studio.residency import StoppedWaiting

Standing = Literal["running", "done", "failed", "cancelled"]


@contextlib.contextmanager
def standing(job: Job, note: Callable[[Standing, str | None, str | None], None]) -> Iterator[None]:
    """Note that a job runs, and at the end of the block how it ended.

    Args:
        note: Takes the state, the job's id where it still matters, and what a person is told of a failure.
    """
    note("running", job.id, None)
    try:
        yield
    except StudioError as exc:
        if job.stop.is_set():
            note("cancelled", None, None)
        else:
            note("failed", job.id, exc.message)
        raise
    except StoppedWaiting:
        note("cancelled", None, None)
        raise
    except BaseException:
        note("failed", job.id, None)
        raise
    if job.stop.is_set():
        note("cancelled", None, None)
    else:
        note("done", job.id, None)
