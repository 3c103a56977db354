"""The studio's own cost: time to first token of an engine with no work behind it, beside a bare Starlette."""

import asyncio
import statistics

from benchmarks.client import chats
from benchmarks.measure import Effort, Result, Sample, Side, alternate, result, row, run
from benchmarks.servers import Server, alone, data_folder, hearth

WORDS = "the quick brown fox jumps over the lazy dog and runs back home before it rains"
BODY = {"model": "echo-chat", "messages": [{"role": "user", "content": WORDS}]}
CLIENTS = 20
SINGLE = 40
BURSTS = 10


async def ask(port: int, effort: Effort) -> Sample:
    """Ask one at a time, then in bursts of 20."""
    single = [(await chats(port, [BODY]))[0].first_s for _ in range(max(2, effort.of(SINGLE)))]
    many = [found.first_s for _ in range(effort.of(BURSTS)) for found in await chats(port, [BODY] * CLIENTS)]
    return {
        "one": statistics.median(single),
        "one_p95": statistics.quantiles(single, n=20)[-1],
        "many": statistics.median(many),
        "many_p95": statistics.quantiles(many, n=20)[-1],
    }


def side(server: Server, effort: Effort) -> Side:
    """Return what measures one server, warmed up."""
    asyncio.run(ask(server.port, effort))
    return lambda: asyncio.run(ask(server.port, effort))


def measure(effort: Effort) -> Result:
    """Measure."""
    with data_folder() as folder, hearth(folder, "--demo") as ours, alone("echo_sse") as bare:
        ours.wait("/ready")
        bare.wait("/bytes/1")
        made = alternate(side(ours, effort), side(bare, effort), effort)
    limit = "bare Starlette"
    return result(
        "own_cost",
        made,
        [
            row("own cost: first token, 1 client, median", "ms", made, "one", limit, scale=1000, aim=5),
            row("own cost: first token, 1 client, 95th percentile", "ms", made, "one_p95", limit, scale=1000),
            row("own cost: first token, 20 clients, median", "ms", made, "many", limit, scale=1000, aim=50),
            row("own cost: first token, 20 clients, 95th percentile", "ms", made, "many_p95", limit, scale=1000),
        ],
    )


if __name__ == "__main__":
    run("own_cost", __doc__, measure)
