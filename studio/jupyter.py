"""A job followed from a notebook: its progress shown in Jupyter, cancelled with the cell, its failure raised."""

import base64
import html
import sys
import time
from collections.abc import Iterator, Mapping

from contract.errors import Interrupted, error_class
from contract.events import Cancelled, Event, Failed, Loading, Progress, Queued, Spoken, Terminal
from studio.job import Job

SHOWN_EVERY_S = 0.1
CANCEL_S = 5.0


class Stopped(KeyboardInterrupt):
    """The cell was interrupted, and its job was cancelled."""

    def _render_traceback_(self) -> list[str]:
        return ["Stopped. What was made so far is in the log."]


class Place:
    """One place in a cell's output that is written over and over; nothing outside Jupyter."""

    def __init__(self) -> None:
        ipython = sys.modules.get("IPython")
        shell = ipython.get_ipython() if ipython is not None else None
        self._live = hasattr(shell, "kernel")
        self._shown_at = 0.0
        self._id = ""

    def show(self, shown: Mapping[str, str], *, last: bool = False) -> None:
        """Write by MIME type what stands there now; all but the last are left out when they come too fast."""
        if not self._live or (not last and time.monotonic() - self._shown_at < SHOWN_EVERY_S):
            return
        from IPython.display import publish_display_data

        self._shown_at = time.monotonic()
        update = bool(self._id)
        self._id = self._id or f"hearth-{id(self)}-{time.monotonic_ns()}"
        publish_display_data(  # type: ignore[no-untyped-call]
            dict(shown), transient={"display_id": self._id}, update=update
        )

    def clear(self) -> None:
        """Leave nothing there."""
        if self._id:
            self.show({"text/plain": ""}, last=True)


def follow(job: Job) -> Iterator[Event]:
    """Yield a job's events to its end; an interrupt, or a follower that leaves early, cancels it.

    Raises:
        Stopped: The cell was interrupted.
    """
    try:
        for _, event in job.follow():
            yield event
    except KeyboardInterrupt as exc:
        raise _stopped(job) from exc
    finally:
        job.cancel()  # harmless when it has ended


def wait(job: Job) -> None:
    """Wait for a job to be done, its progress shown.

    Raises:
        StudioError: It failed, or somebody cancelled it. Stopped: The cell was interrupted.
    """
    place = Place()
    try:
        for event in follow(job):
            if isinstance(event, Terminal):
                ended(event)
            elif shown := progress(event):
                place.show({"text/html": shown, "text/plain": ""})
    except Stopped:
        raise
    except KeyboardInterrupt as exc:
        raise _stopped(job) from exc
    finally:
        place.clear()


def ended(event: Terminal) -> None:
    """Raise what a job's last event tells, unless it is done.

    Raises:
        StudioError: It failed, with that failure's class, or was cancelled.
    """
    if isinstance(event, Failed):
        raise error_class(event.code)(event.message, **event.details)
    if isinstance(event, Cancelled):
        raise Interrupted("It was cancelled before it was done. What it had made so far is in the log.")


def progress(event: Event) -> str:
    """Return what an event tells of the way to go, as HTML; empty where it tells nothing."""
    match event:
        case Queued(position):
            return f"Waiting, number {position} in line"
        case Loading(model, fraction):
            return _bar(fraction, f"Loading {model}")
        case Progress(step, total, message, preview):
            picture = f'<br><img src="data:image;base64,{base64.b64encode(preview).decode()}">' if preview else ""
            return _bar(step / total if total else None, message or (f"{step} of {total}" if total else "")) + picture
        case Spoken(end_s=end_s):
            return f"{end_s:.1f} s spoken"
    return ""


def _bar(fraction: float | None, text: str) -> str:
    value = "" if fraction is None else f' value="{fraction:.3f}"'
    return f"<progress{value}></progress> {html.escape(text)}"


def _stopped(job: Job) -> Stopped:
    """Cancel a job and give it a moment to write its row; a second interrupt ends that too."""
    job.cancel()
    deadline = time.monotonic() + CANCEL_S
    while not job.finished and time.monotonic() < deadline:
        time.sleep(0.01)
    return Stopped()
