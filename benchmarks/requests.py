"""Requests per second and the slowest of a hundred, beside a bare Starlette and the engine's own server."""

import asyncio
import json
import urllib.request
from pathlib import Path

from benchmarks.client import answers
from benchmarks.engine import MODEL
from benchmarks.measure import Effort, Result, Sample, Side, alternate, result, row, run
from benchmarks.servers import Server, alone, data_folder, hearth, with_starters

CONNECTIONS = 16
SECONDS = 1.0
QUICK_SECONDS = 0.5
PATHS = {"models": "/v1/models", "health": "/health", "live": "/live"}


def size_bytes(server: Server, path: str) -> int:
    """Return how long an answer is, and see that it is one."""
    with urllib.request.urlopen(server.url + path) as answer:
        body: bytes = answer.read()
    if path == PATHS["models"]:
        json.loads(body)["data"][0]["id"]
    return len(body)


def side(server: Server, paths: dict[str, str], seconds: float) -> Side:
    """Return what asks one server for each path in turn, warmed up."""

    def ask() -> Sample:
        found = {}
        for name, path in paths.items():
            found[name], found[f"{name}_p99"] = asyncio.run(answers(server.port, path, CONNECTIONS, seconds))
        return found

    ask()
    return ask


def servers(folder: Path, effort: Effort) -> Result:
    """Measure Hearth against both limits, one after the other."""
    seconds = QUICK_SECONDS if effort.quick else SECONDS
    with hearth(with_starters(folder / "data")) as ours:
        ours.wait("/ready")
        with alone("echo_sse") as bare:
            bare.wait("/bytes/1")
            same_size = {name: f"/bytes/{size_bytes(ours, path)}" for name, path in PATHS.items()}
            beside_bare = alternate(side(ours, PATHS, seconds), side(bare, same_size, seconds), effort)
        with alone("llama_server", str(folder / "data"), MODEL) as engine:
            engine.wait("/health")
            paths = {name: path for name, path in PATHS.items() if name != "live"}
            beside_engine = alternate(side(ours, paths, seconds), side(engine, paths, seconds), effort)
    bare_is, engine_is = "bare Starlette, as many bytes", "engine's own server"
    return result(
        "requests",
        [*beside_bare, *beside_engine],
        [
            row("list of models", "requests/s", beside_bare, "models", bare_is, aim=1000, more_is_better=True),
            row("list of models", "requests/s", beside_engine, "models", engine_is, aim=1000, more_is_better=True),
            row("health", "requests/s", beside_bare, "health", bare_is, aim=2000, more_is_better=True),
            row("health", "requests/s", beside_engine, "health", engine_is, aim=2000, more_is_better=True),
            row("list of models, 99th percentile", "ms", beside_engine, "models_p99", engine_is, scale=1000),
            row("health, 99th percentile", "ms", beside_engine, "health_p99", engine_is, scale=1000),
            row("live", "requests/s", beside_bare, "live", bare_is),
        ],
        [f"{CONNECTIONS} connections of one client, which itself can't ask for more than some 10,000 a second."],
    )


def measure(effort: Effort) -> Result:
    """Measure."""
    with data_folder() as folder:
        return servers(folder, effort)


if __name__ == "__main__":
    run("requests", __doc__, measure)
