"""The Studio: where every request arrives, and the only thing that surfaces talk to.

``submit`` checks, finds the model, queues; the lane's worker makes the model resident, runs the
engine, and the recorder writes the row. Nothing here waits: a surface submits and follows.
"""

import logging
import os
import sys
import time
from collections.abc import AsyncIterator, Callable
from typing import Literal

import structlog

import engines
from contract.document_requests import DocumentRequest
from contract.document_speech import SpeakDocumentRequest
from contract.document_translation import TranslateDocumentRequest
from contract.engine import Engine
from contract.errors import NotFound, StudioError
from contract.image_requests import UpscaleRequest
from contract.limits import Limits
from contract.model_requests import ImportRequest
from contract.models import Kind, ModelSpec
from contract.reply_speech import SpeakReplyRequest
from contract.requests import ChatRequest, DownloadRequest, Request, SpeechRequest, TranslateRequest
from store import (
    ApiKeys,
    Artifacts,
    Benchmarks,
    Collections,
    Conversations,
    Database,
    Documents,
    Interaction,
    Interactions,
    JobRow,
    Jobs,
    Passages,
    Preferences,
    QueueEntry,
    Responses,
    Search,
    StoredFile,
    TranslatedDocuments,
)
from store import Downloads as DownloadRows
from store import Models as ModelRows
from store import Providers as ProviderRows
from store import Templates as TemplateRows
from store.database import now
from studio import context, health, recovery, usage, vault
from studio.audio import stream_mp3
from studio.audio_formats import SpeechFormat, stream_speech
from studio.benchmarking import Benchmarking
from studio.caller import Caller
from studio.calls import Calls
from studio.carrying import Carrying
from studio.collecting import Collecting, Retrieval
from studio.conversing import Conversing
from studio.doing import Doer
from studio.downloads import Downloads, only_owner
from studio.drawing import Drawing
from studio.graphics import card_budget
from studio.health import Health
from studio.job import Job
from studio.keys import Keys
from studio.lanes import LANES, Lane
from studio.logged import input_text
from studio.model_figures import ModelFigures
from studio.model_settings import ModelSettings, filled_in
from studio.provider_rows import from_settings
from studio.providers import Providers
from studio.reading import Reading
from studio.registry import Registry
from studio.residency import MIB, Residency
from studio.results import models_table
from studio.run import Recorder, unexpected
from studio.sampling import Sampling
from studio.settings import Settings
from studio.shelf import Shelf
from studio.sound.audio import Audio, AudioRequest
from studio.talking import Talking
from studio.telemetry import traceparent
from studio.templates import Templates
from studio.translating.desk import Desk
from studio.translating.narrating import Narrator
from studio.translating.papers import Papers
from studio.translating.remembering import Remembering
from studio.usage import Usage
from studio.worker import Worker, check_able, needs_language, spec_for

log = structlog.get_logger(__name__)
CLOSE_S = 5.0


class Studio(
    Talking, Sampling, Calls, Conversing, Carrying, Collecting, Remembering, Desk, Audio, Benchmarking, Drawing
):
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
        self.artifacts = Artifacts(self._database, settings.data_dir / "artifacts")
        self.documents = Documents(self._database, settings.data_dir / "documents")
        self.collections = Collections(self._database, self.documents)
        self.passages = Passages(self._database, self.collections)
        self.interrupted = recovery.recover(
            *(self._database, self._job_rows, self.conversations, (self.artifacts, self.documents)),
            *(settings.data_dir, self._instance),
        )
        self.responses = Responses(self._database)
        self.preferences = Preferences(self._database)
        self.keys = Keys(ApiKeys(self._database))
        self.search = Search(self._database)
        self.templates = Templates(TemplateRows(self._database), self.preferences)
        self.providers = Providers(
            ProviderRows(self._database),
            vault.Vault(settings.data_dir, os.environ.get(vault.VARIABLE, "")),
            from_settings(settings.servers, os.environ),
        )
        self._begin_models(settings)
        self._recorder = Recorder(self._database, self.artifacts, self.conversations)
        self._recorder.watchers.append(self.figures.watch)
        self.translated = TranslatedDocuments(self._database)
        self.translated.cut_off()
        self.begin_audio(self._database)
        self.lanes = self._begin_lanes()
        self._shelf = Shelf()
        self._closed = False
        self.begin_conversing()
        self.begin_drawing(self._database)
        self.resume_images()

    def _begin_lanes(self) -> dict[str, Lane]:
        """Return the lanes, and what does the jobs in them."""
        prepare = self.begin_remembering(self._database)
        papers = Papers(self.registry, self.residency, self.translated, self.artifacts, self.detect, prepare)
        parts = (self.collections, self.passages, self.registry, self.residency)
        doers: dict[type[Request], Doer] = {
            DownloadRequest: self.downloads,
            ImportRequest: self.downloads,
            DocumentRequest: Reading(self.documents, *parts, self.detect),
            TranslateDocumentRequest: papers,
            SpeakDocumentRequest: Narrator(*parts[2:], self.translated, self.artifacts, self.begin_reading_aloud()),
            **self.audio_doers(self.residency),
            **self.begin_talking(),
        }
        worker = Worker(
            self.registry,
            self.residency,
            self._recorder,
            self._job_rows,
            doers,
            Retrieval(*parts),
            self.limits,
            self.detect,
            prepare,
        )
        return {name: Lane(name, size, worker.run, worker.drop) for name, size in LANES.items()}

    def _begin_models(self, settings: Settings) -> None:
        self.model_settings = ModelSettings(ModelRows(self._database))
        self.registry = Registry(settings, self.preferences, self.providers, self.model_settings)
        self.aliases = self.registry.aliases
        budget, told = settings.memory_budget_mb * MIB, (self.model_settings.pinned, self.model_settings.measured)
        self.residency = Residency(self._make_engine, budget, settings.keep_alive_s, *told, card_budget(settings))
        self.figures = ModelFigures(self.interactions)
        self.benchmarks = Benchmarks(self._database)
        self.downloads = Downloads(DownloadRows(self._database), self.registry, settings.models_dir)

    @classmethod
    def open(cls, settings: Settings | None = None) -> "Studio":
        """Open the studio of a data folder.

        Args:
            settings: None: from ``HEARTH_*`` and the defaults.

        Raises:
            StorageFailed: The data folder can't be written.
        """
        if not structlog.is_configured():  # a notebook or a script, whose output is its own: only what went wrong
            structlog.configure(
                wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
                logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
            )
        return cls(settings or Settings.load())

    def close(self) -> None:
        """Stop what runs, save what it made, and give everything back; may be called again."""
        if self._closed:
            return
        self._closed = True
        self.registry.close()
        self.providers.close()
        self.end_conversing()
        self.stop_jobs()
        deadline = time.monotonic() + CLOSE_S
        for lane in self.lanes.values():
            lane.close(max(0.0, deadline - time.monotonic()))
        self.residency.close()
        self._database.close()
        recovery.release(self._alive)

    def __enter__(self) -> "Studio":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Studio({str(self.settings.data_dir)!r}{', closed' if self._closed else ''})"

    def _repr_html_(self) -> str:
        return models_table(repr(self), [] if self._closed else self.usable_models())

    # The one path

    def submit(self, request: Request, caller: Caller | None = None) -> Job:
        """Take a request and return its job at once, from any thread.

        Raises:
            StudioError: It is refused: a bad value, an unknown model, a full lane. The log has it too.
        """
        return self.take(request, caller or Caller())

    def take(self, request: Request, caller: Caller, entry: QueueEntry | None = None) -> Job:
        """Take a request as ``submit`` does; ``entry`` is what it tries again of the queue of pictures."""
        job = self._new_job(request, caller)
        try:
            request.check(self.limits)
            if isinstance(request, ChatRequest) and request.reply_id is not None:
                job.conversation_id = self.conversations.conversation_of(request.reply_id, job.caller.owner)
            lane = self._lane_of(job)
            self._shelf.put(job)
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
            self.keep_in_queue(job, entry)
            lane.put(job)
        except StudioError as error:
            self._not_taken(job, error)
            raise
        except Exception as exc:  # a bug, or a system that fails where none should: told by an id
            told = unexpected(job, exc)
            self._not_taken(job, told)
            raise told from exc
        return job

    def _not_taken(self, job: Job, error: StudioError) -> None:
        self.downloads.drop(job)
        self._recorder.refuse(job, error)

    def refuse(
        self, request: Request, caller: Caller, error: StudioError, conversation_id: str | None = None
    ) -> StudioError:
        """Log a request that a surface does not even submit; returns ``error``, to be raised."""
        job = self._new_job(request, caller)
        job.conversation_id = conversation_id
        self._recorder.refuse(job, error)
        return error

    @staticmethod
    def _new_job(request: Request, caller: Caller) -> Job:
        job = Job(request, caller)
        job.request_id = structlog.contextvars.get_contextvars().get("request_id")
        if caller.via in ("api", "mcp"):  # Gradio's worker began in some request's context, and serves all
            job.traceparent = traceparent.get()
        return job

    def _lane_of(self, job: Job) -> Lane:
        request = job.request
        if isinstance(request, TranslateDocumentRequest):
            self.translated.get(request.document, job.caller.owner)
            self.translated.update(request.document, job_id=job.id, state="waiting")
            return self.lanes["documents"]
        if isinstance(request, SpeakDocumentRequest):
            self.translated.get(request.document, job.caller.owner)
            return self.lanes["narration"]
        if isinstance(request, DownloadRequest):
            self.downloads.enter(job, request)
            return self.lanes["download"]
        if isinstance(request, ImportRequest):
            only_owner(job.caller)
            return self.lanes["download"]
        if isinstance(request, DocumentRequest):
            if request.collection is not None:
                self.collections.get(request.collection, job.caller.owner)
            return self.lanes["reading"]
        if isinstance(request, AudioRequest):
            return self.lanes[self.enter_audio(job, request)]
        if isinstance(request, UpscaleRequest) and request.model is None:
            return self.lanes["reading"]
        if lane := self.reply_lane(job):
            return self.lanes[lane]
        if isinstance(request, TranslateRequest) and needs_language(request):
            # Which model it takes is known once the language is, and that is work for the lane.
            return self.lanes["echo" if self.settings.demo else "translation"]
        job.spec = spec_for(self.registry, request)
        check_able(request, job.spec)
        request = job.request = filled_in(request, self.model_settings.of(job.spec.id))
        job.spec = context.spec_for(request, job.spec)
        return self.lanes[engines.ENGINES[job.spec.engine].lane]

    def _make_engine(self, spec: ModelSpec) -> Engine:
        silent_s = self.settings.worker_timeout_s if spec.engine in self.settings.in_workers else None
        return engines.make(spec, self.settings.threads, self.providers.key_for(spec), silent_s)

    # Jobs

    def job(self, job_id: str, caller: Caller) -> Job:
        """Return a job of the caller's; raises NotFound for an unknown one and for somebody else's."""
        return self._shelf.get(job_id, caller)

    def jobs(self, caller: Caller | None, kind: Kind | None = None) -> list[Job]:
        """Return the unfinished jobs of a caller's owner (None: everybody's), oldest first."""
        return self._shelf.unfinished(caller, kind)

    def stop_jobs(self) -> None:
        """Cancel every unfinished job, for the process ends; downloads and pictures go on at the next start."""
        self.downloads.hold()
        self.hold_images()
        for job in self.jobs(None):
            job.cancel()

    def resume_downloads(self) -> list[Job]:
        """Go on with the downloads that ran or waited when their process ended; returns their jobs."""
        jobs = []
        for row in self.downloads.cut_off():
            try:
                caller = Caller(owner=row.owner, via="ui" if row.via == "ui" else "api")
                jobs.append(self.submit(DownloadRequest(model=row.asked), caller))
            except StudioError as error:
                log.warning("download_not_resumed", model=row.model, error=error.message)
        return jobs

    # Files and figures

    def artifact(self, artifact_id: str, caller: Caller) -> StoredFile:
        """Return a file that one of the caller's jobs made; raises NotFound otherwise."""
        return self.artifacts.get(artifact_id, caller.owner)

    def audio_stream(self, job: Job, form: Literal["mp3"] | SpeechFormat = "mp3") -> AsyncIterator[bytes]:
        """Yield a speech job's sound while it is made, from its beginning.

        Raises:
            NotFound: The job is not one of speech; at once, while an answer can still say so.
        """
        if not isinstance(job.request, SpeechRequest | SpeakReplyRequest):  # a book's file comes at its end
            raise NotFound(f"Job {job.id} speaks nothing. Ask for the audio of a speech job.", id=job.id)
        return stream_mp3(job) if form == "mp3" else stream_speech(job, form)

    def usage(self, owner: str | None = None, days: int = 28) -> Usage:
        """Return the figures of the last ``days`` days; owner None: everybody's."""
        return usage.collect(self.interactions, owner, days)

    def health(self) -> Health:
        """Return how each part is."""
        return health.check(self)

    def watch(self, watcher: Callable[[Interaction, Job], None]) -> None:
        """Call ``watcher`` with the log's row and the job of each that ends from now on; it must not block."""
        self._recorder.watchers.append(watcher)
