"""What a lane's thread does with a job: language found, model made resident, engine run, end recorded."""

import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import replace

import structlog

import engines
from contract.documents import Source
from contract.engine import Engine
from contract.errors import StudioError
from contract.events import Cancelled, Done, EngineEvent, Grounded, Loading, Queued, Terminal
from contract.image_requests import UpscaleRequest
from contract.limits import Limits
from contract.models import ModelSpec
from contract.requests import ChatRequest, Request, TranslateRequest
from engines.checks import check_options
from engines.lanczos import enlarge
from store import Jobs
from studio import context, grounding
from studio.collecting import Retrieval, within
from studio.doing import Doer
from studio.job import Job
from studio.registry import Registry
from studio.residency import Residency, StoppedWaiting
from studio.run import Outcome, Recorder, failed_event, unexpected
from studio.translating import html_text
from studio.translating.checking import asking, checked, running, source_language
from studio.translating.papers import Prepare
from studio.translating.segments import SentenceTranslator

PREVIEWS_KEPT = 8  # finished jobs whose forming pictures can still be looked at


def spec_for(registry: Registry, request: Request) -> ModelSpec:
    """Return the model that does a request; errors as in ``Registry.find`` and ``Registry.for_translation``."""
    if isinstance(request, TranslateRequest):
        return registry.for_translation(request)
    return registry.find(request.model, request.kind)


def check_able(request: Request, spec: ModelSpec) -> None:
    """Raise EngineMissing or InvalidRequest where a model's engine can't run here, or not as it is asked to."""
    engine = engines.ENGINES[spec.engine]
    engines.require(engine)
    if not (isinstance(request, TranslateRequest) and spec.kind == "chat"):  # which can do all that one can ask for
        check_options(request, spec, engine)
        engine.check(spec, request)


def needs_language(request: TranslateRequest) -> bool:
    """Whether the model can be chosen only when the source language is known."""
    return request.source_lang is None and request.model is None and request.engine != "chat"


class Worker:
    """Runs jobs to their end, whatever that is.

    Args:
        doers: Who does the requests of which class, where it is not a model held from start to end.
        retrieval: Finds the passages that a reply is written from.
        detect: Tells the languages that a text may be in, best first.
        prepare: Gives a translation the owner's glossary and memory.
    """

    def __init__(
        self,
        registry: Registry,
        residency: Residency,
        recorder: Recorder,
        job_rows: Jobs,
        doers: Mapping[type[Request], Doer],
        retrieval: Retrieval,
        limits: Limits,
        detect: Callable[[str], list[tuple[str, float]]],
        prepare: Prepare,
    ) -> None:
        self._registry = registry
        self._residency = residency
        self._recorder = recorder
        self._job_rows = job_rows
        self._doers = doers
        self._retrieval = retrieval
        self._limits = limits
        self._detect = detect
        self._prepare = prepare
        self._with_previews: deque[Job] = deque()

    def run(self, job: Job) -> None:
        """Do a job and record it; never raises."""
        with structlog.contextvars.bound_contextvars(job=job.id, request_id=job.request_id):
            job.times.started = time.monotonic()
            outcome = self._recorder.outcome(job)
            terminal = self._outcome_of(job, outcome)
            self._recorder.finish(job, outcome, terminal)
            self._forget_later(job)

    def _forget_later(self, job: Job) -> None:
        # Whoever watches may be a step behind the end, so the previews outlive it by a few jobs.
        self._with_previews.append(job)
        while len(self._with_previews) > PREVIEWS_KEPT:
            self._with_previews.popleft().forget_previews()

    def drop(self, job: Job) -> None:
        """End a job that was cancelled before it ran; on the canceller's thread, so without waiting."""
        if doer := self._doers.get(type(job.request)):
            doer.drop(job)
        self._recorder.finish(job, self._recorder.outcome(job), Cancelled(), wait=False)

    def _outcome_of(self, job: Job, outcome: Outcome) -> Terminal:
        terminal: Terminal
        try:
            self._job_rows.started(job.id)
            self._work(job, outcome)
            terminal = Cancelled() if job.stop.is_set() else Done(outcome.finish_reason)
        except StoppedWaiting:
            terminal = Cancelled()
        except StudioError as error:
            terminal = Cancelled() if job.stop.is_set() else failed_event(error)
        except Exception as exc:  # a bug of ours or of a library: told by its id, logged in full
            terminal = failed_event(unexpected(job, exc))
        try:
            outcome.close()
        except StudioError as error:
            terminal = failed_event(error)
        except Exception as exc:
            terminal = failed_event(unexpected(job, exc))
        return terminal

    def _work(self, job: Job, outcome: Outcome) -> None:
        if doer := self._doers.get(type(job.request)):
            doer.run(job, outcome)
            return
        if isinstance(job.request, UpscaleRequest) and job.request.model is None:
            self._take_all(job, outcome, enlarge(job.request))
            return
        request = self._with_language(job, outcome)
        if job.spec is None:
            spec = spec_for(self._registry, request)
            check_able(request, spec)
            job.spec = spec
        spec = job.spec
        found = self._found(job, request)

        def on_waiting(place: int) -> None:
            job.position = place
            job.publish(Queued(place))

        with self._residency.use(spec, job.stop, lambda: job.publish(Loading(spec.title)), on_waiting) as engine:
            job.position = 0
            job.times.loaded = time.monotonic()
            if isinstance(request, ChatRequest) and grounding.needed(request):
                request = self._grounded(request, found, engine, outcome)
            if isinstance(request, TranslateRequest):
                events = self._translation(job, request, engine)
            else:
                events = engine.run(request, job.stop)
            self._take_all(job, outcome, events)

    def _translation(self, job: Job, request: TranslateRequest, engine: Engine) -> Iterator[EngineEvent]:
        source_lang = request.source_lang or engine.spec.source_lang or ""
        ask = asking(engine, request, job.stop)
        sentences = SentenceTranslator(ask, source_lang, request.target_lang, self._detect)
        self._prepare(job.caller.owner, request, sentences)
        if request.html:
            if sentences.guide is not None:
                sentences.ask = asking(engine, request, job.stop, sentences.guide)
            return html_text.translate(request.text, sentences, job.stop)
        events = running(engine, request, job.stop, sentences.guide)
        return checked(events, request, sentences, job.stop, streams=engine.kind == "chat")

    def _found(self, job: Job, request: Request) -> tuple[Source, ...]:
        """Return the passages for a chat with collections; before its model is resident, so that both need not be."""
        if not isinstance(request, ChatRequest) or not request.collections:
            return ()
        asked = next((turn.content for turn in reversed(request.messages) if turn.role == "user"), "")
        return self._retrieval.find(request.collections, job.caller.owner, asked, job.stop)

    def _grounded(self, chat: ChatRequest, found: tuple[Source, ...], engine: Engine, outcome: Outcome) -> ChatRequest:
        """Put files and passages into the messages, as much as the context holds."""
        count, most = grounding.counter(engine), context.length_of(chat, engine.spec, engine)
        found = within(found, count, most)
        fitted = grounding.fit(chat, found, count, most, self._limits.chat_characters)
        outcome.take(Grounded(found, fitted.cut))
        return replace(chat, messages=fitted.messages)

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
        if not isinstance(request, TranslateRequest) or request.source_lang is not None:
            return request
        spec = job.spec
        if spec is not None and spec.source_lang is not None:  # a model of one direction says itself what it reads
            return request
        found = self._detect(html_text.words(request.text) if request.html else request.text)
        if spec is not None and spec.kind == "chat" and (not found or found[0][0] == request.target_lang):
            return request  # it tells for itself
        return replace(request, source_lang=source_language(found, request.target_lang, "text", outcome.take))
