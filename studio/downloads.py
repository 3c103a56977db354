"""Downloads of models from the click to the end: paused, gone on with, cancelled, and kept across restarts.

A download has a row while it is not finished. Paused, or cut off by a lost network, it keeps what
came, and the next try of the same model asks for the rest alone; cancelled, or failed for good, it
leaves nothing. What ran or waited when its process ended goes on at the next start. Limits: the
wheels of starters begin again, for pip can't go on with half of one; an Ollama server keeps the
parts of its own models itself.
"""

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import structlog

import engines
from contract.errors import Conflict, DownloadFailed, Forbidden, NotFound, StudioError
from contract.events import Progress
from contract.model_requests import ImportRequest
from contract.requests import DownloadRequest
from store import DownloadRow, DownloadState
from store import Downloads as DownloadRows
from studio import library, manifest, sources
from studio.caller import Caller
from studio.catalogue import Entry
from studio.doing import Doer
from studio.hand_import import importing
from studio.job import Job
from studio.registry import Registry
from studio.run import Outcome
from studio.sources.address import without_query

log = structlog.get_logger(__name__)
TOLD_EVERY_S = 0.1
KEPT_EVERY_S = 2.0
# The speed is that of the last few seconds: long enough to be steady, short enough to be true.
SPEED_OVER_S = 6.0
LINE_LOST = ("broken", "unreachable", "offline")


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """How far a download is.

    Attributes:
        model: The model's id.
        state: ``waiting``, ``running``, or ``paused``: then ``why`` says what stopped it, "" a person.
        total_bytes: 0: not known yet.
        speed_bytes_s: 0: not known yet.
        left_s: None: not known.
        job_id: The job that does it, while one does.
    """

    model: str
    title: str
    state: DownloadState
    done_bytes: int
    total_bytes: int
    speed_bytes_s: int = 0
    left_s: int | None = None
    why: str = ""
    job_id: str | None = None


@dataclass(slots=True)
class _Live:
    """A download of this process."""

    job: Job
    asked: str
    title: str
    state: Literal["waiting", "running"] = "waiting"
    done: int = 0
    total: int = 0
    pausing: bool = False
    kept_at: float = 0.0
    samples: deque[tuple[float, int]] = field(default_factory=deque)

    def add(self, progress: Progress) -> None:
        now = time.monotonic()
        if self.samples and progress.step < self.samples[-1][1]:  # it begins anew
            self.samples.clear()
        self.done, self.total = progress.step, progress.total
        self.samples.append((now, progress.step))
        while len(self.samples) > 2 and now - self.samples[0][0] > SPEED_OVER_S:
            self.samples.popleft()

    @property
    def speed(self) -> int:
        """Bytes a second, falling to 0 while nothing comes."""
        samples = list(self.samples)
        if len(samples) < 2:
            return 0
        (began, first), (_, last) = samples[0], samples[-1]
        return int((last - first) / max(0.2, time.monotonic() - began))


class Downloads(Doer):
    """Runs downloads and tells how far they are.

    Args:
        rows: Keeps those that are not finished.
        models_dir: Where models are put.
    """

    def __init__(self, rows: DownloadRows, registry: Registry, models_dir: Path) -> None:
        self._rows = rows
        self._registry = registry
        self._models_dir = models_dir
        self._lock = threading.Lock()
        self._live: dict[str, _Live] = {}
        self._holding = False

    # What surfaces ask

    def all(self) -> list[Download]:
        """Return every download that is not finished, oldest first."""
        with self._lock:
            live = dict(self._live)
        return [self._told(row, live.get(row.model)) for row in self._rows.all()]

    def get(self, model: str) -> Download:
        """Return one download; raises NotFound."""
        row = self._rows.get(sources.id_of(model))
        if row is None:
            raise NotFound(f"There is no unfinished download of {model[:200]!r}.", model=model[:200])
        return self._told(row, self._live.get(row.model))

    def pause(self, model: str, caller: Caller) -> Download:
        """Stop a download and keep what came; raises NotFound and Forbidden."""
        only_owner(caller)
        found = self.get(model)
        live = self._live.get(found.model)
        if live is not None:
            live.pausing = True
            live.job.cancel()
        self._rows.change(found.model, "paused", found.done_bytes, found.total_bytes, found.title)
        return self.get(model)

    def cancel(self, model: str, caller: Caller) -> int:
        """Stop a download, running or paused, and leave nothing of it; returns the bytes that a paused one had.

        Raises:
            NotFound: There is none. Forbidden: Not for this caller. Conflict: Another Hearth runs it.
        """
        only_owner(caller)
        found = self.get(model)
        live = self._live.get(found.model)
        if live is not None:
            live.pausing = False
            live.job.cancel()
            return 0
        freed = library.discard(found.model, self._models_dir)
        self._rows.remove(found.model)
        return freed

    # What the Studio does

    def enter(self, job: Job, request: DownloadRequest) -> None:
        """Take a download on before it waits in its lane.

        Raises:
            InvalidRequest: That is no model's name. Conflict: It is being downloaded. Forbidden: Not for this caller.
        """
        only_owner(job.caller)
        model = sources.id_of(request.model)
        manifest.folder_name(model)
        known = self._registry.catalogue.get(model)
        before = self._rows.get(model)
        # Gone on with by its id, it is still what was asked for first: an address, or a name with its capitals.
        asked = before.asked if before is not None and request.model == model else request.model
        title = known.title if known else before.title if before is not None else without_query(asked)
        with self._lock:
            if model in self._live:
                raise Conflict(f"{title} is being downloaded already. Wait for it to finish.", model=model)
            self._live[model] = live = _Live(job, asked, title)
        if before is not None:
            live.done, live.total = before.done_bytes, before.total_bytes
        self._rows.put(DownloadRow(model=model, asked=asked, owner=job.caller.owner, via=job.caller.via, title=title))

    def run(self, job: Job, outcome: Outcome) -> None:
        """Do a download or an import; raises what ``library.install`` and ``hand_import.importing`` do."""
        request = job.request
        if isinstance(request, ImportRequest):
            self._take_in(job, request, outcome.take)
            return
        assert isinstance(request, DownloadRequest)
        model = sources.id_of(request.model)
        live = self._live[model]
        live.state = "running"
        error: StudioError | None = None
        try:
            self._fetch(model, live, outcome.take)
        except StudioError as exc:
            error = _kept(live, exc) if self._keeps(exc) and self._has_part(model) else exc
            if error is exc:
                raise
            raise error from exc
        finally:
            self._leave(model, live, error)

    def _fetch(self, model: str, live: _Live, tell: Callable[[Progress], None]) -> None:
        entry = library.entry_for(live.asked, self._registry.catalogue)
        engines.require(engines.ENGINES[entry.engine])  # before gigabytes come that nothing here could use
        live.title, stop = entry.title, live.job.stop
        fetchers = sources.table(ollama_host=self._registry.ollama_host)

        def keep(failed: StudioError | None) -> bool:
            return self._resumes(entry) and (live.pausing or self._holding if failed is None else self._keeps(failed))

        told = 0.0
        with contextlib.closing(library.install(entry, self._models_dir, stop, fetchers, keep)) as events:
            for event in events:
                live.add(event)
                now = time.monotonic()
                if now - told >= TOLD_EVERY_S or event.step == event.total:
                    told = now
                    tell(event)
                if now - live.kept_at >= KEPT_EVERY_S:
                    live.kept_at = now
                    self._rows.change(model, "running", live.done, live.total, live.title)
                if stop.is_set():
                    return
        self._registry.refresh()

    def _take_in(self, job: Job, request: ImportRequest, tell: Callable[[Progress], None]) -> None:
        told = 0.0
        with contextlib.closing(importing(request, self._models_dir, job.stop)) as steps:
            for event in steps:
                now = time.monotonic()
                if now - told >= TOLD_EVERY_S or event.step == event.total:
                    told = now
                    tell(event)
        self._registry.refresh()

    def drop(self, job: Job) -> None:
        """Let a download go that never ran; any other job is none of it."""
        with self._lock:
            found = next(((model, live) for model, live in self._live.items() if live.job is job), None)
        if found is not None:
            self._leave(*found, None)

    def hold(self) -> None:
        """From now on, what is stopped is kept and goes on at the next start: this process ends."""
        self._holding = True

    def cut_off(self) -> list[DownloadRow]:
        """Return what ran or waited when its process ended."""
        rows = [row for row in self._rows.all() if row.state != "paused" and row.model not in self._live]
        return [row for row in rows if not library.is_at_work(row.model, self._models_dir)]

    # Pieces

    def _told(self, row: DownloadRow, live: _Live | None) -> Download:
        if live is None or live.pausing:
            cut_off = row.state != "paused" and not library.is_at_work(row.model, self._models_dir)
            return Download(
                model=row.model,
                title=row.title,
                state="paused" if cut_off or live is not None else row.state,
                done_bytes=row.done_bytes,
                total_bytes=row.total_bytes,
                why=row.why,
            )
        speed = live.speed
        return Download(
            model=row.model,
            title=live.title,
            state=live.state,
            done_bytes=live.done,
            total_bytes=live.total,
            speed_bytes_s=speed,
            left_s=round((live.total - live.done) / speed) if speed and live.total else None,
            job_id=live.job.id,
        )

    def _leave(self, model: str, live: _Live, error: StudioError | None) -> None:
        """Keep or forget the row of a download that ends."""
        with self._lock:
            self._live.pop(model, None)
        if error is not None and error.details.get("resumable"):
            self._rows.change(model, "paused", live.done, live.total, live.title, error.message)
        elif error is None and live.job.stop.is_set() and (live.pausing or self._holding):
            self._rows.change(model, "paused" if live.pausing else "running", live.done, live.total, live.title)
        elif not isinstance(error, Conflict):  # then it is another Hearth's
            self._rows.remove(model)

    def _has_part(self, model: str) -> bool:
        return (self._models_dir / library.PARTIAL / manifest.folder_name(model)).is_dir()

    @staticmethod
    def _keeps(error: StudioError) -> bool:
        """Whether the next try may succeed with what came: the line was lost, the file is not to blame."""
        return isinstance(error, DownloadFailed) and error.details.get("reason") in LINE_LOST

    @staticmethod
    def _resumes(entry: Entry) -> bool:
        return entry.source.type != "wheel"


def _kept(live: _Live, error: StudioError) -> DownloadFailed:
    return DownloadFailed(
        f"{live.title}: the connection was lost after {live.done / 1e6:,.0f} MB. They are kept: go on in Models once "
        "the network is back, or ask for the model again.",
        **{**error.details, "resumable": True},
    )


def download_id(asked: str) -> str:
    """The id of what a download was asked for; raises InvalidRequest."""
    return sources.id_of(asked)


def only_owner(caller: Caller) -> None:
    """Raise Forbidden for anybody but the owner."""
    if caller.role != "admin":
        raise Forbidden("Only the owner of this Hearth can download models. Ask them to.")
