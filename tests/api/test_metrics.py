"""What /metrics and /health say is so, nothing private is in a label, and deploy/ asks for what there is."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import promql_parser
import pytest
import yaml
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from tests.serving import ROOT, Server

DASHBOARD = json.loads((ROOT / "deploy" / "grafana.json").read_text(encoding="utf-8"))


@pytest.fixture
def http(echo_server: Server) -> Iterator[httpx.Client]:
    """A plain client."""
    with httpx.Client(base_url=echo_server.url, timeout=30) as made:
        yield made


def samples(http: httpx.Client) -> list[Sample]:
    """One scrape, as a Prometheus parser reads it."""
    answer = http.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    return [sample for family in text_string_to_metric_families(answer.text) for sample in family.samples]


def value(found: list[Sample], name: str, **labels: str) -> float:
    """The sum of the samples of a name with these labels."""
    return sum(s.value for s in found if s.name == name and labels.items() <= s.labels.items())


def say(http: httpx.Client, text: str, model: str = "echo-chat") -> httpx.Response:
    """Chat once."""
    body = {"model": model, "messages": [{"role": "user", "content": text}]}
    return http.post("/v1/chat/completions", json=body)


def test_a_reply_is_counted_with_its_tokens_latencies_and_outcome(http: httpx.Client) -> None:
    before = samples(http)

    # Long, for a reply that takes no time has no speed.
    assert say(http, " ".join(["word"] * 3_000)).status_code == 200

    after = samples(http)
    labels = {"kind": "chat", "model": "echo-chat"}
    for name, more, extra in (
        ("hearth_jobs_total", 1, {"status": "done", "via": "api", "error": "none"}),
        ("hearth_tokens_total", 3_000, {"direction": "out"}),
        ("hearth_tokens_total", 3_000, {"direction": "in"}),
        ("hearth_job_duration_seconds_count", 1, {}),
        ("hearth_job_first_output_seconds_count", 1, {}),
        ("hearth_job_queued_seconds_count", 1, {}),
        ("hearth_tokens_per_second_count", 1, {}),
    ):
        assert value(after, name, **labels, **extra) - value(before, name, **labels, **extra) == more, name
    assert value(after, "hearth_interactions") == value(before, "hearth_interactions") + 1


def test_requests_are_counted_by_route_template_and_status_refused_ones_too(http: httpx.Client) -> None:
    before = samples(http)

    http.get("/jobs/nobody-has-this-one")
    http.post("/v1/chat/completions", json={}, headers={"Origin": "http://elsewhere.example"})

    after = samples(http)
    missing = {"method": "GET", "route": "/jobs/{job_id}", "status": "404"}
    name = "hearth_http_requests_total"
    assert value(after, name, **missing) == value(before, name, **missing) + 1
    assert value(after, name, status="403") == value(before, name, status="403") + 1
    assert value(after, "hearth_http_first_byte_seconds_count", route="/jobs/{job_id}") >= 1


def test_what_a_caller_makes_up_never_becomes_a_label(http: httpx.Client) -> None:
    secret = f"made-up-{time.monotonic_ns()}"
    say(http, f"text {secret}")
    assert say(http, "hello", model=secret).status_code == 404
    http.get(f"/jobs/{secret}")
    http.get(f"/{secret}")
    http.request("PROPFIND", "/health")

    text = http.get("/metrics").text

    assert secret not in text.lower()
    assert value(samples(http), "hearth_jobs_total", model="none", error="model_not_found") >= 1
    assert value(samples(http), "hearth_http_requests_total", method="other") >= 1
    assert "local" not in {v for s in samples(http) for v in s.labels.values()}


def test_a_scraper_that_asks_for_openmetrics_gets_it(http: httpx.Client) -> None:
    answer = http.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})

    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert {family.name for family in openmetrics(answer.text)} >= {"hearth_jobs", "hearth_lane_waiting_jobs"}


def test_queues_and_running_jobs_show_while_they_are_so(http: httpx.Client) -> None:
    job = http.post(
        "/v1/images/generations",
        json={"prompt": "a hearth", "num_inference_steps": 200, "size": "2048x2048"},
        headers={"Prefer": "respond-async"},
    ).json()["id"]
    seen = 0.0
    while not seen and http.get(f"/jobs/{job}").json()["state"] in ("queued", "running"):
        seen = value(samples(http), "hearth_lane_running_jobs", lane="echo")
    health = http.get("/health").json()
    http.post(f"/jobs/{job}/cancel")

    assert seen >= 1
    assert health["active_jobs"] >= 1
    assert health["lanes"]["echo"]["running"] >= 1


def test_health_tells_every_part_in_a_word_and_a_sentence(http: httpx.Client) -> None:
    health = http.get("/health").json()

    assert health["status"] == "ok"
    assert {"database", "disk", "models", "ollama", "dashboard"} <= set(health["parts"])
    for part in health["parts"].values():
        assert part["status"] in ("ok", "limited", "down")
        assert part["message"].endswith(".")
    for figure in ("uptime_s", "interactions", "memory_bytes", "memory_available_bytes", "memory_budget_bytes"):
        assert health[figure] >= 0
    assert http.get("/ping").text == "pong"
    assert http.get("/live").text == "ok"


# deploy/


def queries() -> list[str]:
    """Every PromQL query of the Grafana dashboard, its variables filled in."""
    found = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
    return [query.replace("$__rate_interval", "1m").replace("$instance", ".*") for query in found]


def metric_names(query: str) -> set[str]:
    """The metrics that a query reads; a ValueError when it is no PromQL."""
    names: set[str] = set()

    def look(node: promql_parser.Expr) -> bool:
        if isinstance(node, promql_parser.VectorSelector):
            names.add(node.name)
        return True

    promql_parser.walk(promql_parser.parse(query), look)
    return names


def test_every_query_of_the_grafana_dashboard_names_a_metric_that_exists(http: httpx.Client) -> None:
    say(http, "one two")
    body = {"model": "tts-1", "input": "Hello.", "voice": "alloy"}
    assert http.post("/v1/audio/speech", json=body).status_code == 200
    there = {sample.name for sample in samples(http)}

    asked = {name for query in queries() for name in metric_names(query)}

    assert asked - there == set()
    assert len(asked) > 20


def test_a_broken_query_would_be_found() -> None:
    assert metric_names("rate(nobody_counts_this[5m])") == {"nobody_counts_this"}
    with pytest.raises(ValueError):
        metric_names("sum by (le (rate(x[5m]))")


def test_the_grafana_panels_have_ids_places_and_a_data_source_of_their_own() -> None:
    panels = DASHBOARD["panels"]
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels]

    assert len({panel["id"] for panel in panels}) == len(panels) == len(set(places))
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in panels)
    names = {variable["name"] for variable in DASHBOARD["templating"]["list"]}
    assert {panel["datasource"]["uid"].strip("${}") for panel in panels} <= names


def test_the_scrape_file_points_at_where_hearth_serves_its_metrics(http: httpx.Client) -> None:
    config = yaml.safe_load(Path(ROOT, "deploy", "prometheus.yml").read_text(encoding="utf-8"))
    (job,) = config["scrape_configs"]

    assert http.get(job["metrics_path"]).status_code == 200
    assert job["static_configs"] == [{"targets": ["127.0.0.1:7860"]}]


def test_what_could_not_be_read_as_a_request_is_counted_though_no_log_has_it(http: httpx.Client) -> None:
    def refused() -> dict[str, float]:
        return {
            sample.labels["code"]: sample.value
            for sample in samples(http)
            if sample.name == "hearth_refused_requests_total" and sample.labels["route"] == "/api/embed"
        }

    before, logged = refused(), http.get("/interactions", params={"limit": 1}).json()
    for body in ('{"model": "m", "input": "a", "truncate": 0}', '{"model": 7}', "{"):
        http.post("/api/embed", content=body, headers={"Content-Type": "application/json"})

    after = refused()
    assert after["invalid_request"] - before.get("invalid_request", 0) == 2
    assert after["invalid_json"] - before.get("invalid_json", 0) == 1
    assert http.get("/interactions", params={"limit": 1}).json() == logged
