"""The Studio: where every request arrives, and the only thing that surfaces talk to.

``submit`` checks, finds the model, queues; the lane's worker makes the model resident, runs the
engine, and the recorder writes the row. Nothing here waits: a surface submits and follows.
"""

import contextlib
import threading
import time
from collections.abc import AsyncIterator, Generator, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Literal

import structlog

import engines
from contract.engine import Engine
from contract.errors import Forbidden, InvalidRequest, NotFound, StudioError
from contract.events import Cancelled, Detected, Done, EngineEvent, Loading, Terminal
from contract.models import Kind, ModelSpec
from contract.requests import (
    ChatRequest,
    DownloadRequest,
    Limits,
    Message,
    Request,
    TranslateRequest,
)
from engines.checks import check_options
from store import Artifacts, Conversation, Conversations, Database, Interactions, JobRow, Jobs, Preferences, StoredFile
from store.database import now
from studio import health, library, recovery, sources, usage
from studio.audio import stream_mp3
from studio.audio_formats import SpeechFormat, stream_speech
from studio.caller import Caller
from studio.calls import Calls
from studio.health import Health
from studio.job import Job
from studio.lanes import LANES, Lane
from studio.registry import ModelInfo, Registry
from studio.residency import MIB, Residency, StoppedWaiting
from studio.run import Outcome, Recorder, failed_event, input_text, unexpected
from studio.settings import Settings
from studio.usage import Usage

log = structlog.get_logger(__name__)
JOBS_KEPT = 500
JOBS_KEPT_S = 900.0
CLOSE_S = 5.0
DOWNLOAD_TOLD_EVERY_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatSettings:
    """How a reply is made: the fields of ChatRequest of the same names."""

    model: str | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    repeat_penalty: float | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()


class Studio(Calls):
    """Everything that Hearth does, for one data folder.

    ``Studio.open()`` makes one; use it as a context manager, or ``close`` it.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.limits = Limits()
        self.started = time.time()
        self._instance, self._alive = recovery.claim(settings.data_dir)
        try:
            self._database = Database(settings.data_dir)
        except StudioError:
            recovery.release(self._alive)
            raise
        self._job_rows = Jobs(self._database)
        self.interactions = Interactions(self._database)
        self.conversations = Conversations(self._database)
        self.interrupted = recovery.recover(
            self._database, self._job_rows, self.conversations, settings.data_dir, self._instance
        )
        self.preferences = Preferences(self._database)
        self.artifacts = Artifacts(self._database, settings.data_dir / "artifacts")
        self.registry = Registry(settings, self.preferences)
        self.aliases = self.registry.aliases
        self.residency = Residency(self._make_engine, settings.memory_budget_mb * MIB, settings.keep_alive_s)
        self._recorder = Recorder(self._database, self.artifacts, self.conversations)
        self.lanes = {name: Lane(name, size, self._run, self._drop) for name, size in LANES.items()}
        self._jobs: dict[str, Job] = {}
        self._jobs_lock = threading.Lock()
        self._closed = False

    @classmethod
    def open(cls, settings: Settings | None = None) -> "Studio":
        """Open the studio of a data folder.

        Args:
            settings: None: from ``HEARTH_*`` and the defaults.

        Raises:
            StorageFailed: The data folder can't be written.
        """
        return cls(settings or Settings.load())

    def close(self) -> None:
        """Stop what runs, save what it made, and give everything back; may be called again."""
        if self._closed:
            return
        self._closed = True
        self.registry.close()
        for job in self.jobs(None):
            job.cancel()
        for lane in self.lanes.values():
            lane.close(CLOSE_S)
        self.residency.close()
        self._database.close()
        recovery.release(self._alive)

    def __enter__(self) -> "Studio":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    # The one path

    def submit(self, request: Request, caller: Caller | None = None) -> Job:
        """Take a request and return its job at once, from any thread.

        Raises:
            StudioError: It is refused: a bad value, an unknown model, a full lane. The log has it too.
        """
        job = Job(request, caller or Caller())
        try:
            request.check(self.limits)
            if isinstance(request, ChatRequest) and request.reply_id is not None:
                job.conversation_id = self.conversations.conversation_of(request.reply_id, job.caller.owner)
            lane = self._lane_of(job)
            self._remember(job)
            self._job_rows.add(
                JobRow(
                    id=job.id,
                    owner=job.caller.owner,
                    via=job.caller.via,
                    kind=job.kind,
                    state="queued",
                    created_at=now(),
                    instance=self._instance,
                    model=job.spec.id if job.spec else None,
                    input=input_text(request),
                    reply_id=getattr(request, "reply_id", None),
                )
            )
            try:
                lane.put(job)
            except StudioError as error:
                self._recorder.finish(job, self._recorder.outcome(job), failed_event(error), wait=False)
                raise
        except StudioError as error:
            if job.id not in self._jobs:
                self._recorder.refused(job, error)
            raise
        return job

    def _lane_of(self, job: Job) -> Lane:
        request = job.request
        if isinstance(request, DownloadRequest):
            if job.caller.role != "admin":
                raise Forbidden("Only the owner of this Hearth can download models. Ask them to.")
            return self.lanes["download"]
        if isinstance(request, TranslateRequest) and request.model is None and request.source_lang is None:
            # Which model it takes is known once the language is, and that is work for the lane.
            return self.lanes["echo" if self.settings.demo else "translation"]
        job.spec = self._spec_of(request)
        engine = engines.ENGINES[job.spec.engine]
        engines.require(engine)
        if isinstance(request, ChatRequest):
            for name in ("json_schema", "raw", "logprobs"):
                if getattr(request, name) not in (None, False) and name not in engine.options:
                    raise InvalidRequest(
                        f"{job.spec.id} can't do {name}. Leave it out, or choose another model.", field=name
                    )
        check_options(request, job.spec, engine)
        return self.lanes[engine.lane]

    def _spec_of(self, request: Request) -> ModelSpec:
        if isinstance(request, TranslateRequest) and request.model is None and request.source_lang is not None:
            return self.registry.for_pair(request.source_lang, request.target_lang)
        return self.registry.find(request.model, request.kind)

    def _run(self, job: Job) -> None:
        job.times.started = time.monotonic()
        self._job_rows.started(job.id)
        outcome = self._recorder.outcome(job)
        terminal: Terminal
        try:
            self._work(job, outcome)
            terminal = Cancelled() if job.stop.is_set() else Done(outcome.finish_reason)
        except StoppedWaiting:
            terminal = Cancelled()
        except StudioError as error:
            terminal = Cancelled() if job.stop.is_set() else failed_event(error)
        except Exception as exc:  # a bug of ours or of a library: told by its id, logged in full
            terminal = unexpected(job, exc)
        try:
            outcome.close()
        except Exception as exc:
            terminal = failed_event(exc) if isinstance(exc, StudioError) else unexpected(job, exc)
        self._recorder.finish(job, outcome, terminal)
        job.forget_previews()

    def _drop(self, job: Job) -> None:
        """End a job that was cancelled before it ran; on the canceller's thread, so without waiting."""
        self._recorder.finish(job, self._recorder.outcome(job), Cancelled(), wait=False)

    def _work(self, job: Job, outcome: Outcome) -> None:
        if isinstance(job.request, DownloadRequest):
            self._download(job, job.request, outcome)
            return
        request = self._with_language(job, outcome)
        spec = job.spec = job.spec or self._spec_of(request)
        engines.require(engines.ENGINES[spec.engine])
        with self.residency.use(spec, job.stop, lambda: job.publish(Loading(spec.title))) as engine:
            job.times.loaded = time.monotonic()
            self._take_all(job, outcome, engine.run(request, job.stop))

    @staticmethod
    def _take_all(job: Job, outcome: Outcome, events: Iterator[EngineEvent]) -> None:
        # The engine's generator is closed here, on the thread that iterates it, also when a
        # follower-side failure ends the loop early.
        try:
            for event in events:
                outcome.take(event)
                if job.stop.is_set():
                    return
        finally:
            if isinstance(events, Generator):
                events.close()

    def _with_language(self, job: Job, outcome: Outcome) -> Request:
        request = job.request
        if not isinstance(request, TranslateRequest) or request.source_lang is not None or request.model is not None:
            return request
        found = self.detect(request.text)
        if not found:
            raise InvalidRequest(
                "The language of the text can't be told: it has too few words. Choose the source language.",
                field="source_lang",
            )
        language, confidence = found[0]
        outcome.take(Detected(language, confidence))
        if language == request.target_lang:
            raise InvalidRequest(
                f"The text seems to be in {language!r} already. Choose another target, or the source language.",
                field="target_lang",
                source_lang=language,
            )
        return replace(request, source_lang=language)

    def _download(self, job: Job, request: DownloadRequest, outcome: Outcome) -> None:
        entry = library.entry_for(request.model, self.registry.catalogue)
        fetchers = sources.table(ollama_host=self.registry.ollama_host)
        told = 0.0
        events = library.install(entry, self.settings.models_dir, job.stop, fetchers)
        with contextlib.closing(events):
            for event in events:
                if time.monotonic() - told >= DOWNLOAD_TOLD_EVERY_S or event.step == event.total:
                    told = time.monotonic()
                    outcome.take(event)
                if job.stop.is_set():
                    return
        self.registry.refresh()

    def _make_engine(self, spec: ModelSpec) -> Engine:
        return engines.ENGINES[spec.engine](spec, threads=self.settings.threads)

    # Jobs

    def _remember(self, job: Job) -> None:
        with self._jobs_lock:
            self._jobs[job.id] = job
            old = [kept for kept in self._jobs.values() if kept.finished]
            horizon = time.monotonic() - JOBS_KEPT_S
            surplus = len(old) - JOBS_KEPT
            for index, kept in enumerate(old):
                if index < surplus or (kept.times.finished or 0) < horizon:
                    del self._jobs[kept.id]

    def job(self, job_id: str, caller: Caller) -> Job:
        """Return a job of the caller's; raises NotFound for an unknown one and for somebody else's."""
        with self._jobs_lock:
            job = self._jobs.get(job_id)
        if job is None or job.caller.owner != caller.owner:
            raise NotFound(
                f"There is no job {job_id[:64]!r}. Finished ones are kept for {JOBS_KEPT_S / 60:.0f} minutes.",
                id=job_id[:64],
            )
        return job

    def jobs(self, caller: Caller | None, kind: Kind | None = None) -> list[Job]:
        """Return the unfinished jobs of a caller's owner (None: everybody's), oldest first."""
        with self._jobs_lock:
            jobs = list(self._jobs.values())
        return [
            job
            for job in jobs
            if not job.finished
            and (caller is None or job.caller.owner == caller.owner)
            and (kind is None or job.kind == kind)
        ]

    # Chat

    def say(
        self,
        conversation_id: str | None,
        text: str,
        caller: Caller,
        *,
        revision: int | None = None,
        system: str = "",
        settings: ChatSettings | None = None,
    ) -> tuple[Conversation, Job]:
        """Say something in a conversation; the reply is saved there as it grows.

        Args:
            conversation_id: None begins a new one.
            revision: The one that the page shows; None: whatever it is.
            system: Instructions put before the conversation.
            settings: Model and sampling.

        Raises:
            Conflict: The conversation was changed elsewhere, or a reply is being written.
            StudioError: The request is refused; the text is kept in the conversation all the same.
        """
        settings = settings or ChatSettings()
        ChatRequest(messages=(Message("user", text),), **asdict(settings)).check(self.limits)
        if conversation_id is None:
            conversation_id = self.conversations.create(caller.owner, "").id
        conversation, _, reply_id = self.conversations.say(
            conversation_id, caller.owner, text, settings.model, revision
        )
        turns = [
            Message(message.role, message.content)
            for message in self.conversations.messages(conversation_id, caller.owner)
            if message.content and message.id != reply_id
        ]
        before = (Message("system", system),) if system.strip() else ()
        request = ChatRequest(messages=(*before, *turns), reply_id=reply_id, **asdict(settings))
        try:
            return conversation, self.submit(request, caller)
        except StudioError as error:
            self.conversations.fail_reply(reply_id, error.message)
            raise

    # Languages, files, models

    def detect(self, text: str) -> list[tuple[str, float]]:
        """Return the languages that a text may be in (ISO 639-1) with confidence in [0, 1], best first."""
        if self.settings.demo:
            return [("en", 1.0)] if text.strip() else []
        from engines import language  # 0.1 s and 50 MB that only detection should pay

        return language.detect(text)

    def pairs(self) -> list[library.Pair]:
        """Return every pair of languages that is here or can be fetched."""
        return self.registry.pairs()

    def spec(self, name: str | None, kind: Kind) -> ModelSpec:
        """Return a usable model by name, or a job's default; errors as in ``Registry.find``."""
        return self.registry.find(name, kind)

    def models(self) -> list[ModelInfo]:
        """Return every model, those here first."""
        downloading = {job.request.model for job in self.jobs(None, "download") if job.request.model}
        return self.registry.infos(self.residency.loaded(), self.residency.loading(), downloading)

    def usable_models(self) -> list[ModelInfo]:
        """Return the models that a request can name now."""
        return [info for info in self.models() if info.state in ("installed", "loaded", "loading", "remote")]

    def artifact(self, artifact_id: str, caller: Caller) -> StoredFile:
        """Return a file that one of the caller's jobs made; raises NotFound otherwise."""
        return self.artifacts.get(artifact_id, caller.owner)

    def audio_stream(self, job: Job, form: Literal["mp3"] | SpeechFormat = "mp3") -> AsyncIterator[bytes]:
        """Yield a speech job's sound while it is made, from its beginning."""
        return stream_mp3(job) if form == "mp3" else stream_speech(job, form)

    def usage(self, owner: str | None, days: int = 28) -> Usage:
        """Return the figures of the last ``days`` days; owner None: everybody's."""
        return usage.collect(self.interactions, owner, days)

    def health(self) -> Health:
        """Return how each part is."""
        return health.check(self)
