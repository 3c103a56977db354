"""Following a job from a page: its events folded into one view, told a dozen times a second at most.

A follower may end at any moment (a closed tab, a lost connection, another conversation opened): the
job goes on, and the next follower starts again from its first event. So nothing is kept here but
the view, and the newest follower of a panel on a page ends the one before it.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass, field

from studio import (
    Artifact,
    Cancelled,
    Delta,
    Detected,
    Done,
    Event,
    Failed,
    Job,
    Loading,
    Progress,
    Queued,
    Segment,
    Spoken,
    Terminal,
    Usage,
)

INTERVAL_S = 1 / 12


@dataclass(slots=True)
class View:
    """What a job has told so far.

    Attributes:
        position: Place in the queue, 1 is next; 0 once it runs.
        loading: The model being made resident, while it is.
        usage, detected, progress: The last told.
        note: What its engine said last, in words.
        end: The last event, once it is out.
        seen: Events folded in.
    """

    job: Job
    text: str = ""
    reasoning: str = ""
    position: int = 0
    loading: str | None = None
    fraction: float | None = None
    progress: Progress | None = None
    preview: bytes | None = None
    note: str = ""
    detected: Detected | None = None
    usage: Usage = field(default_factory=Usage)
    segments: list[Segment] = field(default_factory=list)
    spoken: list[Spoken] = field(default_factory=list)
    artifacts: list[Artifact] = field(default_factory=list)
    end: Terminal | None = None
    seen: int = 0

    def apply(self, number: int, event: Event) -> None:
        """Fold in one event; one that was seen already changes nothing."""
        if number <= self.seen:
            return
        self.seen = number
        if not isinstance(event, Queued | Loading):
            self.position, self.loading = 0, None
        match event:
            case Queued(position):
                self.position = position
            case Loading(model, fraction):
                self.position, self.loading, self.fraction = 0, model, fraction
            case Delta(text, reasoning):
                if reasoning:
                    self.reasoning += text
                else:
                    self.text += text
            case Progress():
                self.progress = event
                self.preview = event.preview or self.preview
                self.note = event.message or self.note
            case Detected():
                self.detected = event
            case Usage():
                self.usage = event
            case Segment():
                self.segments.append(event)
            case Spoken():
                self.spoken.append(event)
            case Artifact():
                self.artifacts.append(event)
            case Done() | Failed() | Cancelled():
                self.end = event
            case _:
                pass

    @property
    def first_output_s(self) -> float | None:
        """Seconds from the click to the first output, once there is one."""
        times = self.job.times
        return None if times.first_output is None else times.first_output - times.submitted

    @property
    def duration_s(self) -> float:
        """Seconds since the click; of a finished job, until its end."""
        times = self.job.times
        return (times.finished or time.monotonic()) - times.submitted


class Turn:
    """One follower's turn on its page: over as soon as a newer one begins."""

    def __init__(self) -> None:
        self.over = False
        self.wake = asyncio.Event()

    def end(self) -> None:
        """Let the follower go; it wakes at once and leaves."""
        self.over = True
        self.wake.set()


class Turns:
    """The newest turn of each panel on each open page. Belongs to the event loop."""

    def __init__(self) -> None:
        self._newest: dict[tuple[str, str], Turn] = {}

    def take(self, page: str, panel: str) -> Turn:
        """Begin a turn and end the one before it."""
        before = self._newest.get((page, panel))
        if before is not None:
            before.end()
        self._newest[page, panel] = turn = Turn()
        return turn

    def leave(self, page: str) -> None:
        """End and forget every turn of a page that was closed."""
        for key in [key for key in self._newest if key[0] == page]:
            self._newest.pop(key).end()


async def follow(job: Job, turn: Turn, interval_s: float = INTERVAL_S) -> AsyncIterator[View]:
    """Yield the job's view each time it has grown, from its first event on, until it ended or the turn did.

    Args:
        job: Finished jobs are told too, in one view.
        turn: Ends this follower early; the job is not touched.
        interval_s: Shortest time between two views.
    """
    async with contextlib.aclosing(follow_all([job], turn, interval_s)) as followed:
        async for [view] in followed:
            yield view


async def follow_all(
    jobs: Sequence[Job], turn: Turn, interval_s: float = INTERVAL_S
) -> AsyncGenerator[list[View], None]:
    """Yield the views of several jobs each time one has grown, until all have ended; otherwise as ``follow``."""
    views = [View(job) for job in jobs]

    async def read(view: View) -> None:
        try:
            async for number, event in view.job.events():
                view.apply(number, event)
                turn.wake.set()
        finally:
            turn.wake.set()

    readers = [asyncio.create_task(read(view)) for view in views]
    try:
        while True:
            await turn.wake.wait()
            turn.wake.clear()
            if turn.over:
                return
            # Asked before the yield: what comes while the page is being told has not been told yet.
            last = all(reader.done() for reader in readers) or all(view.end is not None for view in views)
            yield views
            if last:
                await asyncio.gather(*readers)
                return
            await asyncio.sleep(interval_s)
    finally:
        for reader in readers:
            reader.cancel()
