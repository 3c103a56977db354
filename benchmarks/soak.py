"""Mixed load on the starters: is anything refused or lost, and does the memory stay flat?

Some clients ask for everything in turn, again and again; some of them hang up in the middle of a
reply. Memory is told for the end of the first and of the last fifth: what a first use of each model
takes is in the first already.
"""

import asyncio
import contextlib
import json
import time
import urllib.request
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from benchmarks.client import HOST
from benchmarks.measure import Busy, Effort, Result, Row, run
from benchmarks.servers import Server, data_folder, hearth, with_starters

CLIENTS = 6
SECONDS = 600.0
QUICK_S = 8.0
FIFTHS = 5
TIMEOUT_S = 120.0
GONE_S = 30.0
QUESTION = {"messages": [{"role": "user", "content": "Name three rivers of Europe."}], "max_tokens": 24}
CHAT = {"model": "smollm2-135m", **QUESTION}


@dataclass
class Tally:
    """What the clients met."""

    answered: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)


async def streamed(client: httpx.AsyncClient) -> None:
    """Read a streamed reply to its end."""
    async with client.stream("POST", "/v1/chat/completions", json={**CHAT, "stream": True}) as answer:
        answer.raise_for_status()
        text = "".join([line async for line in answer.aiter_lines()])
    if "[DONE]" not in text:
        raise ConnectionError("the stream has no end")


async def vanished(client: httpx.AsyncClient) -> None:
    """Ask for a long reply and hang up after its first words."""
    body = {**CHAT, "max_tokens": 500, "stream": True}
    async with client.stream("POST", "/v1/chat/completions", json=body) as answer:
        answer.raise_for_status()
        async for _ in answer.aiter_lines():
            break


async def post(client: httpx.AsyncClient, path: str, body: dict[str, object]) -> bytes:
    """Post JSON and return the answer."""
    answer = await client.post(path, json=body)
    answer.raise_for_status()
    return answer.content


async def heard(client: httpx.AsyncClient) -> None:
    """Have a sentence spoken and written down again."""
    sound = await post(client, "/v1/audio/speech", {"model": "tts-1", "voice": "alloy", "input": "The kettle is on.",
                                                    "response_format": "wav"})  # fmt: skip
    answer = await client.post(
        "/v1/audio/transcriptions", data={"model": "whisper-1"}, files={"file": ("said.wav", sound, "audio/wav")}
    )
    answer.raise_for_status()


async def translated(client: httpx.AsyncClient) -> None:
    """Have a sentence translated."""
    await post(
        client, "/translations", {"text": "The house is beautiful today.", "source_lang": "en", "target_lang": "pt"}
    )


async def listed(client: httpx.AsyncClient) -> None:
    """Ask for what pages ask for."""
    for path in ("/v1/models", "/health", "/interactions"):
        (await client.get(path)).raise_for_status()


KINDS = {"chat": streamed, "hung up": vanished, "speech and back": heard, "translation": translated, "lists": listed}


async def load(port: int, seconds: float, tally: Tally) -> None:
    """Keep all clients asking for so long."""
    ends = time.monotonic() + seconds

    async def ask(number: int) -> None:
        async with httpx.AsyncClient(base_url=f"http://{HOST}:{port}", timeout=TIMEOUT_S) as client:
            order = list(KINDS.items())
            while time.monotonic() < ends:
                for name, kind in order[number % len(order) :] + order[: number % len(order)]:
                    try:
                        await kind(client)
                    except Exception as exc:  # counted, and told with the figures
                        tally.failed[f"{name}: {type(exc).__name__}: {str(exc)[:120]}"] += 1
                    else:
                        tally.answered[name] += 1

    await asyncio.gather(*(ask(number) for number in range(CLIENTS)))


def unfinished(server: Server) -> int:
    """Return how many jobs are still there once those whose clients are gone had time to end."""
    count, deadline = 0, time.monotonic() + GONE_S
    while time.monotonic() < deadline:
        with urllib.request.urlopen(f"{server.url}/jobs", timeout=TIMEOUT_S) as answer:
            count = len(json.loads(answer.read())["data"])
        if not count:
            break
        time.sleep(0.2)
    return count


def soak(folder: Path, seconds: float) -> tuple[Tally, list[float], int]:
    """Load a server; returns what happened, its memory after each fifth in MB, and the jobs left."""
    tally, memory_mb = Tally(), []
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(hearth(with_starters(folder / "data")))
        server.wait("/ready")
        for _ in range(FIFTHS):
            asyncio.run(load(server.port, seconds / FIFTHS, tally))
            memory_mb.append(server.rss_mb())
        return tally, memory_mb, unfinished(server)


def measure(effort: Effort) -> Result:
    """Measure."""
    seconds = QUICK_S if effort.quick else SECONDS
    with data_folder() as folder, Busy() as busy:
        tally, memory_mb, left = soak(folder, seconds)
    told = ", ".join(f"{count} × {name}" for name, count in sorted(tally.answered.items()))
    rows = (
        Row(what=f"mixed load, {CLIENTS} clients, {seconds / 60:.3g} minutes: answered", unit="requests",
            hearth=tally.answered.total()),
        Row(what="mixed load: failed or refused", unit="requests", hearth=tally.failed.total(), aim=0),
        Row(what="mixed load: jobs left behind", unit="requests", hearth=left, aim=0),
        Row(what="mixed load: memory after the last fifth", unit="MB", hearth=memory_mb[-1], limit=memory_mb[0],
            limit_is="after the first", ratio=memory_mb[-1] / memory_mb[0], aim=1.1, aim_of="ratio"),
    )  # fmt: skip
    notes = (f"Mixed load: {told}.", *(f"Failed {count} times: {what}" for what, count in tally.failed.most_common(5)))
    return Result(name="soak", rounds=1, rows=rows, others_cores=busy.others_cores, notes=notes)


if __name__ == "__main__":
    run("soak", __doc__, measure)
