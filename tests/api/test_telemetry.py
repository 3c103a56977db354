"""Traces and metrics as a collector gets them from the real server, and what a bad or dead collector harms: nothing."""

import json
import socket
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from studio.telemetry import COMMAND, wanted_signals
from tests.echo_models import until
from tests.serving import ROOT, Server

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
OFTEN = {"OTEL_BSP_SCHEDULE_DELAY": "50", "OTEL_METRIC_EXPORT_INTERVAL": "100"}


class Collector(ThreadingHTTPServer):
    """An OTLP receiver that keeps what it gets."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Receiver)
        self.bodies: list[bytes] = []
        self.spans: list[Span] = []
        self.metrics: list[Metric] = []
        self.resources: list[dict[str, object]] = []
        self.scopes: set[str] = set()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """What OTEL_EXPORTER_OTLP_ENDPOINT gets."""
        return f"http://127.0.0.1:{self.server_port}"

    def take(self, path: str, body: bytes) -> None:
        """Parse one delivery."""
        self.bodies.append(body)
        if path == "/v1/traces":
            for told in ExportTraceServiceRequest.FromString(body).resource_spans:
                self.resources.append(values(told.resource.attributes))
                self.scopes |= {scope.scope.name for scope in told.scope_spans}
                self.spans += [span for scope in told.scope_spans for span in scope.spans]
        else:
            assert path == "/v1/metrics"
            for measured in ExportMetricsServiceRequest.FromString(body).resource_metrics:
                self.metrics += [metric for scope in measured.scope_metrics for metric in scope.metrics]

    def of_request(self, request_id: str) -> list[Span]:
        """The span of a request, then those of its jobs."""
        found = [span for span in self.spans if values(span.attributes).get("hearth.request_id") == request_id]
        return sorted(found, key=lambda span: span.kind != Span.SPAN_KIND_SERVER)


class Receiver(BaseHTTPRequestHandler):
    """Takes deliveries."""

    server: Collector

    def do_POST(self) -> None:
        self.server.take(self.path, self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def values(attributes: list[KeyValue]) -> dict[str, object]:
    """Attributes as a dict."""
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in attributes}


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    """A receiver of its own."""
    with Collector() as made:
        yield made
        made.shutdown()


@pytest.fixture(scope="module")
def server(collector: Collector, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Hearth on the echo engines that sends to it."""
    # FastAPI can send spans of its own, and those hold what people wrote.
    env = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "FASTAPI_OTEL_AUTO_CONFIGURE": "true", **OFTEN}
    running = Server(tmp_path_factory.mktemp("sent"), "--demo", "--api-only", "--log-json", env=env).start()
    yield running
    running.stop()


def say(url: str, text: str, model: str = "echo-chat", **headers: str) -> httpx.Response:
    """Chat once."""
    body = {"model": model, "messages": [{"role": "user", "content": text}]}
    return httpx.post(f"{url}/v1/chat/completions?note={text}", json=body, headers=headers, timeout=60)


def test_a_request_and_its_job_are_spans_of_the_caller_s_trace(server: Server, collector: Collector) -> None:
    header = {"traceparent": f"00-{TRACE}-{PARENT}-01", "X-Request-ID": "traced-chat-1"}
    assert say(server.url, "one-two", **header).status_code == 200
    until(lambda: len(collector.of_request("traced-chat-1")) == 2)

    asked, made = collector.of_request("traced-chat-1")
    assert (asked.trace_id.hex(), asked.parent_span_id.hex(), asked.kind) == (TRACE, PARENT, Span.SPAN_KIND_SERVER)
    assert (made.trace_id, made.parent_span_id) == (asked.trace_id, asked.span_id)
    assert asked.name == "POST /v1/chat/completions"
    assert values(asked.attributes) == {
        "http.request.method": "POST",
        "url.scheme": "http",
        "http.route": "/v1/chat/completions",
        "http.response.status_code": 200,
        "hearth.request_id": "traced-chat-1",
    }
    assert made.name == "chat echo-chat"
    assert asked.start_time_unix_nano <= made.start_time_unix_nano <= made.end_time_unix_nano
    about = values(made.attributes)
    assert {name: about[name] for name in about if not name.endswith("_s") and name != "hearth.job_id"} == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "echo-chat",
        "gen_ai.request.model": "echo-chat",
        "gen_ai.usage.input_tokens": 1,
        "gen_ai.usage.output_tokens": 1,
        "gen_ai.usage.cache_read.input_tokens": 0,
        "hearth.kind": "chat",
        "hearth.via": "api",
        "hearth.status": "done",
        "hearth.request_id": "traced-chat-1",
    }
    assert about.keys() >= {"hearth.queued_s", "hearth.first_output_s", "hearth.duration_s"}
    assert collector.resources[0]["service.name"] == "hearth"


@pytest.mark.parametrize("header", ["", "00-zz-1-01", f"00-{'0' * 32}-{PARENT}-01"])
def test_a_malformed_parent_counts_as_none(server: Server, collector: Collector, header: str) -> None:
    asked_as = f"malformed-{len(header)}"
    assert say(server.url, "hello", traceparent=header, **{"X-Request-ID": asked_as}).status_code == 200
    until(lambda: len(collector.of_request(asked_as)) == 2)

    asked, made = collector.of_request(asked_as)
    assert asked.parent_span_id == b""
    assert made.parent_span_id == asked.span_id


def test_a_job_that_outlives_its_request_stays_its_child(server: Server, collector: Collector) -> None:
    header = {"X-Request-ID": "left-behind", "Prefer": "respond-async"}
    assert say(server.url, "hello", **header).status_code == 202
    until(lambda: len(collector.of_request("left-behind")) == 2)

    asked, made = collector.of_request("left-behind")
    assert values(asked.attributes)["http.response.status_code"] == 202
    assert made.parent_span_id == asked.span_id


def test_a_tool_s_job_belongs_to_the_call_that_asked_and_to_no_other(server: Server, collector: Collector) -> None:
    headers = {"Accept": "application/json, text/event-stream"}
    for number in (1, 2):
        call = {"name": "chat", "arguments": {"prompt": "hello", "model": "echo-chat"}}
        body = {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": call}
        header = {**headers, "traceparent": f"00-{TRACE}-000000000000000{number}-01"}
        assert httpx.post(f"{server.url}/mcp", json=body, headers=header, timeout=60).status_code == 200

    def calls() -> list[tuple[Span, Span]]:
        jobs = [span for span in collector.spans if values(span.attributes).get("hearth.via") == "mcp"]
        asked = {span.span_id: span for span in collector.spans}
        return [(asked[job.parent_span_id], job) for job in jobs if job.parent_span_id in asked]

    until(lambda: len(calls()) == 2)
    assert sorted(asked.parent_span_id.hex() for asked, _ in calls()) == ["0000000000000001", "0000000000000002"]
    assert {asked.name for asked, _ in calls()} == {"POST /mcp"}


def test_failures_are_told_by_their_codes(server: Server, collector: Collector) -> None:
    assert say(server.url, "hello", model="no-such-model", **{"X-Request-ID": "refused-1"}).status_code == 404
    until(lambda: len(collector.of_request("refused-1")) == 2)

    asked, made = collector.of_request("refused-1")
    assert values(asked.attributes)["http.response.status_code"] == 404
    assert asked.status.code == asked.status.STATUS_CODE_UNSET  # by the conventions: the caller's error, not ours
    assert (made.name, made.status.code) == ("chat", made.status.STATUS_CODE_ERROR)
    assert values(made.attributes)["error.type"] == "model_not_found"
    assert values(made.attributes)["hearth.status"] == "refused"


def test_nothing_that_a_caller_wrote_is_sent(server: Server, collector: Collector) -> None:
    secret = "never-to-be-told"
    tracing = {"traceparent": f"00-{TRACE}-{PARENT}-01", "tracestate": f"vendor={secret}", "baggage": f"a={secret}"}
    say(server.url, secret, **tracing)
    say(server.url, secret, model=secret)
    httpx.get(f"{server.url}/jobs/{secret}", timeout=60)
    httpx.get(f"{server.url}/{secret}", headers={"User-Agent": secret, "Cookie": f"a={secret}"}, timeout=60)
    httpx.request("PROPFIND", f"{server.url}/health", headers={"X-Request-ID": "after-secrets"}, timeout=60)
    until(lambda: collector.of_request("after-secrets"))
    seen = len(collector.metrics)
    until(lambda: len(collector.metrics) > seen + 20)

    assert [body for body in collector.bodies if secret.encode() in body] == []
    assert values(collector.of_request("after-secrets")[0].attributes)["http.request.method"] == "_OTHER"
    assert collector.scopes == {"hearth"}
    told = [value for span in collector.spans for value in values(span.attributes).values()]
    assert "local" not in told, "the owner"


def test_metrics_arrive_by_the_conventions_names(server: Server, collector: Collector) -> None:
    wanted = {
        "http.server.request.duration",
        "gen_ai.server.request.duration",
        "gen_ai.server.time_to_first_token",
        "gen_ai.server.time_per_output_token",
        "gen_ai.client.token.usage",
        "hearth.jobs",
        "hearth.job.queued",
        "hearth.lane.waiting",
        "hearth.lane.running",
    }
    say(server.url, "one two three")
    until(lambda: wanted <= {metric.name for metric in collector.metrics})
    before = outcomes(collector)

    say(server.url, "one two three")

    until(lambda: outcomes(collector) == before + 1)
    usage = [metric for metric in collector.metrics if metric.name == "gen_ai.client.token.usage"][-1]
    kinds = {values(point.attributes)["gen_ai.token.type"] for point in usage.histogram.data_points}
    assert kinds == {"input", "output"}
    lanes = [metric for metric in collector.metrics if metric.name == "hearth.lane.waiting"][-1]
    assert "echo" in {values(point.attributes)["hearth.lane"] for point in lanes.gauge.data_points}


def outcomes(collector: Collector) -> int:
    """How many chats ended well, by the newest delivery."""
    newest = [metric for metric in collector.metrics if metric.name == "hearth.jobs"][-1]
    good = {"hearth.kind": "chat", "hearth.status": "done", "hearth.via": "api"}
    return sum(p.as_int for p in newest.sum.data_points if good.items() <= values(p.attributes).items())


def test_the_end_sends_what_is_left(collector: Collector, tmp_path: Path) -> None:
    env = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "600000"}
    server = Server(tmp_path, "--demo", "--api-only", env=env).start()
    say(server.url, "hello", **{"X-Request-ID": "the-last-one"})
    assert collector.of_request("the-last-one") == []

    assert server.stop() == 0

    assert len(collector.of_request("the-last-one")) == 2


# Collectors and variables that are no good


def warnings(server: Server) -> list[dict[str, str]]:
    """What the log tells of telemetry."""
    lines = [json.loads(line) for line in server.log_path.read_text().splitlines()]
    return [line for line in lines if "telemetry" in line["event"] or "opentelemetry" in str(line)]


def test_a_dead_collector_harms_nothing_and_is_told_once(tmp_path: Path) -> None:
    env = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_EXPORTER_OTLP_TIMEOUT": "1", **OFTEN}
    server = Server(tmp_path, "--demo", "--api-only", "--log-json", env=env).start()
    until(lambda: warnings(server))
    for _ in range(5):
        assert say(server.url, "hello").status_code == 200

    assert server.stop() == 0
    [told] = warnings(server)
    assert told["event"] == "telemetry_not_sent"
    assert "Traceback" not in server.log_path.read_text()


def test_a_collector_that_never_answers_does_not_hold_up_the_end(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        env = {"OTEL_EXPORTER_OTLP_ENDPOINT": address, "OTEL_EXPORTER_OTLP_TIMEOUT": "600", **OFTEN}
        server = Server(tmp_path, "--demo", "--api-only", "--log-json", env=env).start()
        assert say(server.url, "hello").status_code == 200

        assert server.stop() == 0  # is killed after 20 s, and then the status is another
        assert "Traceback" not in server.log_path.read_text()


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "OTEL_EXPORTER_OTLP_PROTOCOL is 'grpc'"),
        ({"OTEL_METRIC_EXPORT_INTERVAL": "0"}, "Look at the OTEL_ variables."),
    ],
)
def test_a_variable_that_can_t_be_is_told_and_hearth_runs(tmp_path: Path, variables: dict[str, str], said: str) -> None:
    env = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", **variables}
    server = Server(tmp_path, "--demo", "--api-only", "--log-json", env=env).start()
    assert say(server.url, "hello").status_code == 200
    server.stop()

    [told] = warnings(server)
    assert told["event"] == "telemetry_off"
    assert said in told["why"]


WITHOUT_SDK = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.startswith(("opentelemetry.sdk", "opentelemetry.exporter")):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
"""


def test_without_the_extra_one_sentence_names_the_command_and_hearth_runs(tmp_path: Path) -> None:
    (tmp_path / "path").mkdir()
    (tmp_path / "path" / "sitecustomize.py").write_text(WITHOUT_SDK)
    env = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "PYTHONPATH": str(tmp_path / "path")}
    server = Server(tmp_path / "data", "--demo", "--api-only", "--log-json", env=env).start()
    assert say(server.url, "hello").status_code == 200
    server.stop()

    [told] = warnings(server)
    assert told["why"].startswith("opentelemetry.")
    assert COMMAND in told["why"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert COMMAND.split("[")[1].split("]")[0] in project["optional-dependencies"]


def test_without_the_variables_nothing_is_imported_that_sends() -> None:
    code = "import os, sys, app; from studio.telemetry import open_telemetry; print(open_telemetry({}), *sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    said, *modules = done.stdout.split()
    assert said == "None"
    senders = ("opentelemetry.sdk", "opentelemetry.exporter", "studio.otlp")  # FastAPI itself imports the bare API
    assert [name for name in modules if name.startswith(senders)] == []


ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [
        ({}, set()),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "", "OTEL_SERVICE_NAME": "mine"}, set()),
        (ENDPOINT, {"TRACES", "METRICS"}),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4318/v1/traces"}, {"TRACES"}),
        ({**ENDPOINT, "OTEL_METRICS_EXPORTER": "none"}, {"TRACES"}),
        ({"OTEL_METRICS_EXPORTER": "console, otlp"}, {"METRICS"}),
        ({**ENDPOINT, "OTEL_SDK_DISABLED": "True"}, set()),
    ],
)
def test_opentelemetry_s_own_variables_decide_what_is_sent(environ: dict[str, str], wanted: set[str]) -> None:
    assert wanted_signals(environ) == wanted
