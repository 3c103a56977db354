"""Spans of requests and jobs, and their metrics, in OpenTelemetry's words, sent over OTLP.

Names are those of the semantic conventions (http.*, gen_ai.*) where they have one, else ``hearth.*``. Nothing
that a caller wrote becomes an attribute, save the request id, which ties a span to the log: no text, no path,
no query, no owner. A span of a job is a child of the request's that asked for it, and may outlive it.

Sending happens on OpenTelemetry's own threads. A collector that does not answer is told once, and what could
not be sent is dropped.
"""

import contextlib
import logging
import threading
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass

import structlog
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.metrics import CallbackOptions, Histogram, Observation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, StatusCode, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from store import Interaction
from studio.job import Job
from studio.lanes import Lane
from studio.studio import Studio
from studio.telemetry import Signal

CLOSE_S = 1.0
W3C = TraceContextTextMapPropagator()
# What the conventions call our kinds of job; the others have no name there, and keep ours.
OPERATIONS = {"embedding": "embeddings"}
# Bucket boundaries that the conventions recommend (opentelemetry.io/docs/specs/semconv), ours reaching further up.
HTTP_S = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, 60.0, 300.0)
JOB_S = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92, 300.0)
FIRST_S = (0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
TOKEN_S = (0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5)
TOKENS = tuple(float(4**power) for power in range(14))
Attributes = dict[str, str | int | float]
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RequestSpan:
    """An HTTP request under way.

    Attributes:
        traceparent: Its W3C trace context, for what it causes.
    """

    span: Span
    traceparent: str | None


class Telemetry:
    """Sends spans and metrics until it is closed.

    Args:
        signals: Which of the two. Where to, how often and with which headers stands in the OTEL_ variables.

    Raises:
        Exception: One of those variables can't be read; OpenTelemetry has no common base for that.
    """

    def __init__(self, signals: Collection[Signal]) -> None:
        library = logging.getLogger("opentelemetry")
        library.propagate = False
        library.handlers = [_Once()]
        resource = Resource.create({"service.name": "hearth", **OTELResourceDetector().detect().attributes})
        self._tracers = TracerProvider(resource=resource, shutdown_on_exit=False)
        if "TRACES" in signals:
            self._tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._tracers.get_tracer("hearth")
        readers = [PeriodicExportingMetricReader(OTLPMetricExporter())] if "METRICS" in signals else []
        self._meters = MeterProvider(readers, resource=resource, shutdown_on_exit=False)
        self._meter = self._meters.get_meter("hearth")
        self._requests = self._histogram("http.server.request.duration", "s", "Until the last byte", HTTP_S)
        self._durations = self._histogram("gen_ai.server.request.duration", "s", "From submission to the end", JOB_S)
        self._firsts = self._histogram("gen_ai.server.time_to_first_token", "s", "Until the first output", FIRST_S)
        self._paces = self._histogram("gen_ai.server.time_per_output_token", "s", "After the first one", TOKEN_S)
        self._tokens = self._histogram("gen_ai.client.token.usage", "{token}", "Tokens read and written", TOKENS)
        self._queued = self._histogram("hearth.job.queued", "s", "Waiting in the lane", JOB_S)
        self._loads = self._histogram("hearth.job.load", "s", "Making the model resident", JOB_S)
        self._jobs = self._meter.create_counter("hearth.jobs", "{job}", "Finished jobs")

    def _histogram(self, name: str, unit: str, text: str, boundaries: tuple[float, ...]) -> Histogram:
        return self._meter.create_histogram(name, unit, text, explicit_bucket_boundaries_advisory=boundaries)

    def watch(self, studio: Studio) -> None:
        """Tell of a studio's jobs and queues from now on."""
        studio.watch(self.observe_job)

        def waiting(_: CallbackOptions) -> Iterable[Observation]:
            return [_of_lane(lane, lane.waiting) for lane in studio.lanes.values()]

        def running(_: CallbackOptions) -> Iterable[Observation]:
            return [_of_lane(lane, lane.running) for lane in studio.lanes.values()]

        self._meter.create_observable_gauge("hearth.lane.waiting", [waiting], "{job}", "Jobs that wait for a lane")
        self._meter.create_observable_gauge("hearth.lane.running", [running], "{job}", "Jobs that a lane runs")

    def begin_request(self, traceparent: str | None) -> RequestSpan:
        """Begin the span of an HTTP request.

        Args:
            traceparent: The header of that name, from outside; anything malformed counts as none.
        """
        span = self._tracer.start_span("HTTP", _parent(traceparent), SpanKind.SERVER)
        carrier: dict[str, str] = {}
        W3C.inject(carrier, set_span_in_context(span, Context()))
        return RequestSpan(span, carrier.get("traceparent"))

    def end_request(
        self,
        request: RequestSpan,
        *,
        method: str,
        route: str | None,
        scheme: str,
        status: int,
        request_id: str | None,
        duration_s: float,
    ) -> None:
        """End the span of an HTTP request and count it.

        Args:
            request: What ``begin_request`` returned.
            method: One of HTTP's own, or ``_OTHER``.
            route: Its template; None for what no route of the API serves.
            scheme: ``http`` or ``https``.
            status: 0: nobody was left to answer.
            request_id: As the answer's header has it.
            duration_s: Until the last byte was sent.
        """
        told: Attributes = {"http.request.method": method, "url.scheme": scheme}
        if route is not None:
            told["http.route"] = route
        if status:
            told["http.response.status_code"] = status
        if status >= 500:
            told["error.type"] = str(status)
            request.span.set_status(StatusCode.ERROR)
        self._requests.record(duration_s, told, set_span_in_context(request.span, Context()))
        verb = "HTTP" if method == "_OTHER" else method
        request.span.update_name(f"{verb} {route}" if route else verb)
        request.span.set_attributes(told)
        if request_id is not None:
            request.span.set_attribute("hearth.request_id", request_id)
        request.span.end()

    def observe_job(self, row: Interaction, job: Job) -> None:
        """Send the span of a job that ended, and count it."""
        ended_ns = time.time_ns()
        duration_s = row.duration_s or 0.0
        operation = OPERATIONS.get(row.kind, row.kind)
        made: Attributes = {"gen_ai.operation.name": operation}
        if row.engine and row.model:  # a model that was only asked for, and not found, is its caller's text
            made |= {"gen_ai.provider.name": row.engine, "gen_ai.request.model": row.model}
        outcome: Attributes = {"hearth.kind": row.kind, "hearth.via": row.via, "hearth.status": row.status}
        failed: Attributes = {"error.type": row.error_code} if row.error_code else {}
        figures = {
            "gen_ai.usage.input_tokens": row.tokens_in,
            "gen_ai.usage.output_tokens": row.tokens_out,
            "gen_ai.usage.cache_read.input_tokens": row.tokens_cached,
            "hearth.duration_s": row.duration_s,
            "hearth.queued_s": row.queued_s,
            "hearth.load_s": row.load_s,
            "hearth.first_output_s": row.first_output_s,
        }
        known: Attributes = {name: figure for name, figure in figures.items() if figure is not None}
        span = self._tracer.start_span(
            f"{operation} {made['gen_ai.request.model']}" if "gen_ai.request.model" in made else operation,
            _parent(job.traceparent),
            attributes={**made, **outcome, **failed, **known, "hearth.job_id": job.id},
            start_time=ended_ns - int(duration_s * 1e9),
        )
        if row.request_id is not None:
            span.set_attribute("hearth.request_id", row.request_id)
        if failed:
            span.set_status(StatusCode.ERROR)
        span.end(ended_ns)
        self._jobs.add(1, {**made, **outcome, **failed})
        self._measure(row, made, failed, set_span_in_context(span, Context()))

    def _measure(self, row: Interaction, made: Attributes, failed: Attributes, context: Context) -> None:
        """Record a job's times and tokens; a download makes nothing, and has but its outcome."""
        if row.kind == "download":
            return
        for histogram, seconds, labels in (
            (self._durations, row.duration_s, {**made, **failed}),
            (self._firsts, row.first_output_s, made),
            (self._queued, row.queued_s, made),
            (self._loads, row.load_s, made),
        ):
            if seconds is not None:
                histogram.record(seconds, labels, context)
        for direction, tokens in (("input", row.tokens_in), ("output", row.tokens_out)):
            if tokens:
                self._tokens.record(tokens, {**made, "gen_ai.token.type": direction}, context)
        if row.duration_s is not None and row.first_output_s is not None and row.tokens_out and row.tokens_out > 1:
            self._paces.record((row.duration_s - row.first_output_s) / (row.tokens_out - 1), made, context)

    def close(self) -> None:
        """Send what is left; what is not taken within a second is lost."""

        def end(provider: TracerProvider | MeterProvider) -> None:
            with contextlib.suppress(Exception):  # it has been told, or it is too late to
                provider.shutdown()

        # OpenTelemetry's own waiting has no end that holds for a collector that takes and never answers.
        ends = [threading.Thread(target=end, args=(each,), daemon=True) for each in (self._tracers, self._meters)]
        until = time.monotonic() + CLOSE_S
        for thread in ends:
            thread.start()
        for thread in ends:
            thread.join(max(0.0, until - time.monotonic()))


class _Once(logging.Handler):
    """Tells the first trouble that OpenTelemetry has, and no other: it would tell each batch's."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._told = False

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record, or drop it."""
        if not self._told:
            self._told = True
            log.warning("telemetry_not_sent", why=record.getMessage()[:300], more="Further failures are not told.")


def _of_lane(lane: Lane, jobs: int) -> Observation:
    return Observation(jobs, {"hearth.lane": lane.name})


def _parent(traceparent: str | None) -> Context:
    """Return the context that a header names; without one an empty one, which makes a root."""
    return W3C.extract({"traceparent": traceparent} if traceparent else {}, Context())
