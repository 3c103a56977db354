"""Measures a model on this machine: how long it takes to load, to its first output, and how fast it goes on.

The requests take the one path of all requests and stand in the log like any other; what is told is
the median of the warm runs. Others that use the machine meanwhile make a model look slower than it is.
Figures, by name: ``load_s``, ``first_output_s``, and by job ``tokens_per_s`` (chat), ``words_per_s``
(translation), ``s_per_step`` (images), ``real_time_factor`` (speech: seconds of work a second of sound),
``texts_per_s`` (embeddings). Transcription is not measured: it would need a recording.
"""

import statistics
from collections.abc import Callable

from contract.errors import Conflict, Forbidden, InvalidRequest
from contract.events import Progress, Spoken, Usage
from contract.image_requests import ImageRequest
from contract.messages import Message
from contract.models import ModelSpec
from contract.requests import (
    ChatRequest,
    EmbedRequest,
    Request,
    SpeechRequest,
    TranslateRequest,
)
from store import Benchmark, Benchmarks
from studio.caller import Caller
from studio.job import Job
from studio.model_info import ModelInfo
from studio.registry import Registry
from studio.residency import Residency

RUNS = 3
_TEXT = "The fire in the hearth has burned all night, and the house is warm. Outside it is still dark and cold. "
_STEPS = 4


class Benchmarking:
    """Part of the Studio, which has the attributes and ``submit``."""

    registry: Registry
    residency: Residency
    benchmarks: Benchmarks

    def submit(self, request: Request, caller: Caller | None = None) -> Job:
        """Take a request and return its job at once."""
        raise NotImplementedError

    def model(self, model_id: str) -> ModelInfo:
        """Return one model of the list."""
        raise NotImplementedError

    def benchmark(
        self, model_id: str, caller: Caller, tell: Callable[[int, int], None] = lambda done, total: None
    ) -> Benchmark:
        """Measure a model, and keep what came out; waits.

        Args:
            tell: Called with the runs done and all of them.

        Raises:
            Forbidden: Not for this caller. Conflict: It is at work. InvalidRequest: Its job is not measured.
            StudioError: A run failed.
        """
        if caller.role != "admin":
            raise Forbidden("Only the owner of this Hearth can measure models. Ask them to.")
        spec = self.registry.find(model_id, self.model(model_id).spec.kind)
        request = _request(spec)
        if not spec.remote:
            try:
                self.residency.unload(spec.id)
            except Conflict as exc:
                raise Conflict(f"{spec.title} is at work. Measure it when it is idle.", model=spec.id) from exc
        jobs = []
        for run in range(RUNS + 1):
            tell(run, RUNS + 1)
            job = self.submit(request, caller)
            job.wait()
            jobs.append(job)
        tell(RUNS + 1, RUNS + 1)
        return self.benchmarks.add(spec.id, spec.kind, _figures(jobs, spec))


def _request(spec: ModelSpec) -> Request:
    if spec.kind == "chat":
        ask = (Message("user", f"{_TEXT}\nTell in your own words what is said above, at length."),)
        return ChatRequest(messages=ask, model=spec.id, max_tokens=128, temperature=0.0, private=True)
    if spec.kind == "translation":
        source, target = spec.source_lang, spec.target_lang
        if source is None or target is None:
            languages = spec.languages or ("en", "pl")
            source, target = languages[0], languages[-1]
        return TranslateRequest(
            text=_TEXT * 5, source_lang=source, target_lang=target, model=spec.id, glossary=False, memory=False
        )
    if spec.kind == "image":
        return ImageRequest(prompt="a small house in the snow", model=spec.id, num_inference_steps=_STEPS, seed=7)
    if spec.kind == "speech":
        return SpeechRequest(text=_TEXT * 2, model=spec.id)
    if spec.kind == "embedding":
        return EmbedRequest(texts=(_TEXT,) * 16, model=spec.id)
    raise InvalidRequest(f"{spec.id} can't be measured: a {spec.kind} model would need a recording.", model=spec.id)


def _figures(jobs: list[Job], spec: ModelSpec) -> dict[str, float]:
    cold, warm = jobs[0], jobs[1:]
    figures = {} if spec.remote else {"load_s": _between(cold.times.started, cold.times.loaded)}
    first = [_between(job.times.loaded, job.times.first_output) for job in warm if job.times.first_output is not None]
    if first:
        figures["first_output_s"] = statistics.median(first)
    speeds = [speed for job in warm if (speed := _speed(job, spec)) is not None]
    if speeds:
        figures[_NAMES[spec.kind]] = statistics.median(speeds)
    return {name: round(value, 5) for name, value in figures.items()}


_NAMES = {
    "chat": "tokens_per_s",
    "translation": "words_per_s",
    "image": "s_per_step",
    "speech": "real_time_factor",
    "embedding": "texts_per_s",
}


def _speed(job: Job, spec: ModelSpec) -> float | None:
    """What one warm run came to, in the unit of its job; None: it made too little to tell."""
    events = [event for _, event in job.snapshot()]
    whole = _between(job.times.loaded, job.times.finished)
    if spec.kind == "chat":
        told = [event.tokens_out for event in events if isinstance(event, Usage) and event.tokens_out is not None]
        tokens = told[-1] if told else 0
        writing = _between(job.times.first_output, job.times.finished)
        return (tokens - 1) / writing if tokens > 1 and writing > 0 else None
    if spec.kind == "translation":
        return len((_TEXT * 5).split()) / whole if whole > 0 else None
    if spec.kind == "image":
        steps = [event.total for event in events if isinstance(event, Progress) and event.total]
        return whole / max(steps) if steps else None
    if spec.kind == "speech":
        spoken = [event.end_s for event in events if isinstance(event, Spoken)]
        return whole / max(spoken) if spoken else None
    return 16 / whole if whole > 0 else None


def _between(begin: float | None, end: float | None) -> float:
    return max(0.0, end - begin) if begin is not None and end is not None else 0.0
