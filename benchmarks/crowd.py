"""Many at once: 200 chats on echo beside a bare Starlette, 32 and 200 on the engine's own server, 1,000 who wait."""

import asyncio
import contextlib
import itertools
import json
import statistics
import time
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path

from benchmarks import engine, own_cost
from benchmarks.client import HOST, chats
from benchmarks.measure import Effort, Result, Row, Sample, Side, alternate, result, row, run
from benchmarks.servers import Server, alone, data_folder, hearth, with_starters

CLIENTS = 200
STREAMS = (32, 200)
TOKENS = 8
FOLLOWERS = 1_000
WAIT_S = 60.0
IDLE_MODEL = "waits"
IDLE_S = 3_600
HEAD_END = b"\r\n\r\n"


async def ask_echo(port: int) -> Sample:
    """Ask an echo for 200 replies at one moment."""
    firsts = [found.first_s for found in await chats(port, [own_cost.BODY] * CLIENTS)]
    return {"median": statistics.median(firsts), "p99": statistics.quantiles(firsts, n=100)[-1]}


async def ask_engine(port: int, number: int) -> Sample:
    """Ask the model for many replies at one moment; every one of them must come, or this raises."""
    numbers = itertools.count(number * 1_000)
    found = {}
    for streams in STREAMS:
        asked = [engine.body(engine.user(engine.STORY.format(next(numbers))), TOKENS) for _ in range(streams)]
        found[f"all_{streams}"] = engine.speed_together(await chats(port, asked))
    return found


def echo_side(port: int) -> Side:
    """Return what measures one echo, warmed up."""
    asyncio.run(ask_echo(port))
    return lambda: asyncio.run(ask_echo(port))


def engine_side(port: int) -> Side:
    """Return what measures one server of the model; both sides' rounds have the same prompts."""
    numbers = itertools.count(1)
    asyncio.run(chats(port, [engine.body(engine.user("Good morning"), 2)]))
    return lambda: asyncio.run(ask_engine(port, next(numbers)))


def waiting_model(data_dir: Path) -> None:
    """Give a data folder an echo model that says nothing for an hour."""
    folder = data_dir / "models" / "echo-chat" / IDLE_MODEL
    folder.mkdir(parents=True)
    manifest = {
        "id": IDLE_MODEL, "engine": "echo-chat", "kind": "chat", "title": "Waits", "paths": ["."], "files": [],
        "size_bytes": 0, "memory_bytes": 0, "languages": [], "source_lang": None, "target_lang": None,
        "licence": "", "note": "", "options": {"delay_s": IDLE_S},
    }  # fmt: skip
    (folder / "hearth.json").write_text(json.dumps(manifest), encoding="utf-8")


def waiting_job(server: Server) -> str:
    """Begin a reply that does not come, and return its job."""
    body = {"model": IDLE_MODEL, "messages": [{"role": "user", "content": "Wait"}]}
    headers = {"Content-Type": "application/json", "Prefer": "respond-async"}
    request = urllib.request.Request(f"{server.url}/v1/chat/completions", json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=WAIT_S) as answer:
        return str(json.loads(answer.read())["id"])


@contextlib.asynccontextmanager
async def following(port: int, job: str, followers: int) -> AsyncIterator[None]:
    """Hold that many connections open that follow one job."""

    async def follow() -> asyncio.StreamWriter:
        reader, writer = await asyncio.open_connection(HOST, port)
        writer.write(f"GET /jobs/{job}/events HTTP/1.1\r\nHost: {HOST}:{port}\r\n\r\n".encode())
        head = await asyncio.wait_for(reader.readuntil(HEAD_END), WAIT_S)
        if not head.startswith(b"HTTP/1.1 200"):
            raise ConnectionError(f"A follower was refused: {head[:80]!r}")
        return writer

    writers = await asyncio.gather(*(follow() for _ in range(followers)))
    yield
    for writer in writers:
        writer.transport.abort()


async def hold(server: Server, job: str) -> tuple[float, float]:
    """Return the server's memory in MB with all followers connected, and how long /health takes then, in seconds."""
    async with following(server.port, job, FOLLOWERS):
        memory_mb = await asyncio.to_thread(server.rss_mb)
        began = time.perf_counter()
        await asyncio.to_thread(lambda: urllib.request.urlopen(f"{server.url}/health", timeout=WAIT_S).read())
        return memory_mb, time.perf_counter() - began


def followers(folder: Path) -> list[Row]:
    """Measure what 1,000 connections that wait for one reply cost, the second time: the first fills the pools."""
    waiting_model(folder)
    with hearth(folder) as server:
        server.wait("/ready")
        job = waiting_job(server)
        asyncio.run(hold(server, job))
        before_mb = server.rss_mb()
        with_mb, health_s = asyncio.run(hold(server, job))
        request = urllib.request.Request(f"{server.url}/jobs/{job}/cancel", method="POST")
        with urllib.request.urlopen(request, timeout=WAIT_S):
            after_mb = server.rss_mb()
    return [
        Row(what=f"memory with {FOLLOWERS:,} idle followers", unit="MB", hearth=with_mb),
        Row(
            what="memory when they are gone again", unit="MB", hearth=after_mb, limit=before_mb, limit_is="before them"
        ),
        Row(what=f"/health beside {FOLLOWERS:,} followers", unit="ms", hearth=health_s * 1_000),
    ]


def measure(effort: Effort) -> Result:
    """Measure."""
    with data_folder() as folder, hearth(folder, "--demo") as ours, alone("echo_sse") as bare:
        ours.wait("/ready")
        bare.wait("/bytes/1")
        echoed = alternate(echo_side(ours.port), echo_side(bare.port), effort)
    with data_folder() as folder:
        data_dir = with_starters(folder / "starters")
        with hearth(data_dir) as ours, alone("llama_server", str(data_dir), engine.MODEL) as limit:
            ours.wait("/ready")
            limit.wait("/health")
            spoken = alternate(engine_side(ours.port), engine_side(limit.port), effort)
    with data_folder() as folder:
        waiting = followers(folder)
    bare_name, engine_name = "bare Starlette", "engine's own server"
    rows = [
        row(f"first token, {CLIENTS} clients at once on echo, median", "ms", echoed, "median", bare_name, scale=1000),
        row(f"first token, {CLIENTS} clients at once on echo, 99th", "ms", echoed, "p99", bare_name, scale=1000),
    ]
    for streams in STREAMS:
        what = f"tokens per second, {streams} together"
        key = f"all_{streams}"
        rows.append(row(what, "tokens/s", spoken, key, engine_name, aim=0.97, aim_of="ratio", more_is_better=True))
    return result("crowd", [*echoed, *spoken], [*rows, *waiting])


if __name__ == "__main__":
    run("crowd", __doc__, measure)
