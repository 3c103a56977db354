"""What Prometheus scrapes at /metrics: requests, jobs, tokens, latencies, queues and models in memory.

Labels never hold an owner, a text or anything else that a caller made up: a route is its template, a model
is one that was found, a method one of HTTP's own. So the number of series is bounded by what is installed.
"""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.responses import Response
from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.caller import caller_of
from api.schemas import content
from studio import Forbidden, Interaction, Job, Studio
from studio.telemetry import traceparent

if TYPE_CHECKING:
    from studio.otlp import Telemetry

router = APIRouter(tags=["health"])
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# The studio's own cost is a few milliseconds, a picture on a CPU takes minutes.
SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
RATES = (1.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0)


class StudioState(Collector):
    """What is so at the moment of the scrape: queues, memory, parts."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio

    def collect(self) -> Iterator[Metric]:
        """Read the studio."""
        health = self._studio.health()
        lanes = {
            "waiting": GaugeMetricFamily("hearth_lane_waiting_jobs", "Jobs that wait for a lane", labels=["lane"]),
            "running": GaugeMetricFamily("hearth_lane_running_jobs", "Jobs that a lane runs", labels=["lane"]),
            "places": GaugeMetricFamily("hearth_lane_places", "Jobs that a lane runs at most", labels=["lane"]),
        }
        for name, lane in health.lanes.items():
            lanes["waiting"].add_metric([name], lane.waiting)
            lanes["running"].add_metric([name], lane.running)
            lanes["places"].add_metric([name], lane.places)
        yield from lanes.values()
        memory = GaugeMetricFamily("hearth_model_memory_bytes", "Memory of a loaded model", labels=["model"])
        for model, size_bytes in health.loaded_models.items():
            memory.add_metric([model], size_bytes)
        yield memory
        parts = GaugeMetricFamily("hearth_part_up", "1: ok, 0.5: limited, 0: down", labels=["part"])
        for name, part in health.parts.items():
            parts.add_metric([name], {"ok": 1.0, "limited": 0.5, "down": 0.0}[part.status])
        yield parts
        for name, text, value in (
            ("hearth_loaded_models", "Models in memory", len(health.loaded_models)),
            ("hearth_memory_budget_bytes", "Memory that models may take together", health.memory_budget_bytes),
            ("hearth_active_jobs", "Unfinished jobs", health.active_jobs),
            ("hearth_active_downloads", "Unfinished downloads of models", health.downloads),
            ("hearth_interactions", "Rows in the log", health.interactions),
            ("hearth_uptime_seconds", "Seconds since the start", health.uptime_s),
        ):
            yield GaugeMetricFamily(name, text, value=value)


class Metrics:
    """All metrics of one app.

    Args:
        studio: Its jobs are counted from now on.
        routes: The templates of the API's routes; any other path counts as the dashboard's.
    """

    def __init__(self, studio: Studio, routes: frozenset[str]) -> None:
        self.registry = CollectorRegistry()
        self._routes = routes
        ProcessCollector(registry=self.registry)
        self.registry.register(StudioState(studio))
        asked, job = ["method", "route", "status"], ["kind", "model"]
        self._requests = Counter("hearth_http_requests_total", "HTTP requests", asked, registry=self.registry)
        self._refused = Counter(
            "hearth_refused_requests_total",
            "Requests that are in no log, because what they sent could not be read as one",
            ["route", "code"],
            registry=self.registry,
        )
        self._request_s = self._histogram("hearth_http_request_duration_seconds", "Until the last byte", asked[:2])
        self._first_byte_s = self._histogram("hearth_http_first_byte_seconds", "Until the first byte", asked[:2])
        self._jobs = Counter(
            "hearth_jobs_total", "Finished jobs", [*job, "via", "status", "error"], registry=self.registry
        )
        self._job_s = self._histogram("hearth_job_duration_seconds", "From submission to the end", job)
        self._first_s = self._histogram("hearth_job_first_output_seconds", "Until the first output", job)
        self._queued_s = self._histogram("hearth_job_queued_seconds", "Waiting in the lane", job)
        self._load_s = self._histogram("hearth_job_load_seconds", "Making the model resident", job)
        self._tokens = Counter("hearth_tokens_total", "Tokens", [*job, "direction"], registry=self.registry)
        self._rate = Histogram(
            "hearth_tokens_per_second", "Tokens written per second", job, buckets=RATES, registry=self.registry
        )
        self._characters = Counter("hearth_characters_total", "Characters taken", job, registry=self.registry)
        self._audio_s = Counter("hearth_audio_seconds_total", "Sound spoken or heard", job, registry=self.registry)
        studio.watch(self.observe_job)

    def _histogram(self, name: str, text: str, labels: list[str]) -> Histogram:
        return Histogram(name, text, labels, buckets=SECONDS, registry=self.registry)

    def observe_job(self, row: Interaction, _: Job) -> None:
        """Count a job that ended."""
        # A model that was only asked for, and not found, is its caller's text.
        job = (row.kind, (row.model if row.engine else None) or "none")
        self._jobs.labels(*job, row.via, row.status, row.error_code or "none").inc()
        for histogram, seconds in (
            (self._job_s, row.duration_s),
            (self._first_s, row.first_output_s),
            (self._queued_s, row.queued_s),
            (self._load_s, row.load_s),
        ):
            if seconds is not None:
                histogram.labels(*job).observe(seconds)
        directions = (("in", row.tokens_in), ("out", row.tokens_out), ("cached", row.tokens_cached))
        for direction, tokens in directions:
            if tokens:
                self._tokens.labels(*job, direction).inc(tokens)
        if row.tokens_out and row.duration_s is not None and row.first_output_s is not None:
            writing_s = row.duration_s - row.first_output_s
            if row.tokens_out > 1 and writing_s > 0:
                self._rate.labels(*job).observe((row.tokens_out - 1) / writing_s)
        if row.characters:
            self._characters.labels(*job).inc(row.characters)
        if row.audio_s:
            self._audio_s.labels(*job).inc(row.audio_s)

    def route(self, scope: Scope) -> str | None:
        """Return the template of the route that served a request; None for the dashboard's and unknown paths."""
        route = getattr(scope.get("route"), "path", None)
        return route if route in self._routes else None

    def observe_request(self, scope: Scope, status: int, first_byte_s: float | None, duration_s: float) -> None:
        """Count an HTTP request that ended; status 0: nobody was left to answer."""
        method = scope["method"] if scope["method"] in METHODS else "other"
        asked = (method, self.route(scope) or "dashboard")
        self._requests.labels(*asked, str(status) if status else "none").inc()
        self._request_s.labels(*asked).observe(duration_s)
        if first_byte_s is not None:
            self._first_byte_s.labels(*asked).observe(first_byte_s)

    def count_refused(self, scope: Scope, code: str) -> None:
        """Count a request whose body or fields are none that its route takes."""
        self._refused.labels(self.route(scope) or "none", code).inc()

    def render(self, accept: str) -> Response:
        """Return the exposition in the format that the scraper accepts."""
        encode, media_type = choose_encoder(accept)
        return Response(encode(self.registry), media_type=media_type)


class Metered:
    """ASGI: measures every request, refused ones too, and sends its span where traces are wanted."""

    def __init__(self, app: ASGIApp, metrics: Metrics, telemetry: "Telemetry | None" = None) -> None:
        self._app = app
        self._metrics = metrics
        self._telemetry = telemetry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status, first_byte_s = 0, None
        span = None
        if self._telemetry is not None:
            span = self._telemetry.begin_request(Headers(scope=scope).get("traceparent"))
            traceparent.set(span.traceparent)  # in the task of this request alone

        async def send_measured(message: Message) -> None:
            nonlocal status, first_byte_s
            if message["type"] == "http.response.start":
                status = message["status"]
            elif first_byte_s is None and message.get("body"):
                first_byte_s = time.perf_counter() - began
            await send(message)

        try:
            await self._app(scope, receive, send_measured)
        finally:
            duration_s = time.perf_counter() - began
            self._metrics.observe_request(scope, status, first_byte_s, duration_s)
            if self._telemetry is not None and span is not None:
                self._telemetry.end_request(
                    span,
                    method=scope["method"] if scope["method"] in METHODS else "_OTHER",
                    route=self._metrics.route(scope),
                    scheme=scope["scheme"],
                    status=status,
                    request_id=scope.get("hearth.request_id"),
                    duration_s=duration_s,
                )


@router.get("/metrics", response_class=Response, responses={200: content("text/plain", "application/openmetrics-text")})
def metrics(request: Request) -> Response:
    """Everything that Prometheus counts here, in its text format or as OpenMetrics."""
    if caller_of(request).role != "admin":
        raise Forbidden("Metrics are for the owner of this Hearth. Send a key that has the scope metrics.")
    found: Metrics = request.app.state.metrics
    return found.render(request.headers.get("accept", ""))
