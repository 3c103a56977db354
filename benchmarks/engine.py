"""The chat starter through Hearth's HTTP, beside the engine's own server with the same parameters.

Both run side by side for the whole measurement and are asked in turn; each keeps its own prompt
cache, and a round asks both the same, so that what is cached on one side is cached on the other.
Replies written together are counted from the asking to the last word of all: who gives one of them
its first word while the others' prompts are still read would else have a longer time to divide by.
"""

import asyncio
import itertools
import statistics
from collections.abc import Sequence
from pathlib import Path

from benchmarks.client import Streamed, chat, chats
from benchmarks.measure import Effort, Result, Row, Sample, Side, alternate, result, row, run
from benchmarks.servers import alone, data_folder, hearth, with_starters

MODEL = "smollm2-135m"
TOKENS = 64
QUICK_TOKENS = 4
SHORT_ASKED = 10
STREAMS = (8, 16, 20)
COLD_AIM_S = 1.5
STORY = "Tell me a long story about the {} ships that sailed around the world, with every harbour they saw."
FACT = "Ship number {} left harbour {} in the year {} with {} sailors, salt and wool on board. "

Turns = list[dict[str, str]]


def body(messages: Turns, max_tokens: int = TOKENS) -> dict[str, object]:
    """Return a request that both servers take."""
    return {"model": MODEL, "messages": messages, "max_tokens": max_tokens, "temperature": 0}


def user(text: str) -> Turns:
    """Return a conversation of one question."""
    return [{"role": "user", "content": text}]


def speed(reply: Streamed) -> float:
    """Return pieces of text (a token each) a second, from the first on."""
    return (reply.pieces - 1) / (reply.total_s - reply.first_s)


def speed_together(replies: Sequence[Streamed]) -> float:
    """Return pieces of text (a token each) a second over all replies, their prompts' reading included."""
    took = max(reply.ended for reply in replies) - min(reply.began for reply in replies)
    return sum(reply.pieces for reply in replies) / took


async def ask(port: int, number: int, effort: Effort) -> dict[str, float]:
    """Ask one server everything; ``number`` makes this round's prompts unlike any before."""
    numbers, tokens = itertools.count(number * 1000), QUICK_TOKENS if effort.quick else TOKENS
    short = [
        (await chat(port, body(user(f"{next(numbers)} and 1?"), 2))).first_s for _ in range(effort.of(SHORT_ASKED))
    ]
    found = {
        "first": statistics.median(short),
        "one": speed(await chat(port, body(user(STORY.format(next(numbers))), tokens))),
    }
    for streams in STREAMS:  # every one must come, or this raises
        asked = [body(user(STORY.format(next(numbers))), tokens) for _ in range(streams)]
        found[f"all_{streams}"] = speed_together(await chats(port, asked))
    turns = user("".join(FACT.format(next(numbers), i, 1600 + i, 40 + i) for i in range(30)) + "Which was the first?")
    reply = await chat(port, body(turns, 16))
    turns += [{"role": "assistant", "content": reply.text}, *user("And which was the last?")]
    second = (await chat(port, body(turns, 16))).first_s
    return {**found, "long": reply.first_s, "second_turn": second, "second_of_first": second / reply.first_s}


def side(port: int, effort: Effort) -> Side:
    """Return what measures one server, warmed up; both sides' rounds have the same numbers."""
    numbers = itertools.count(1)
    asyncio.run(chat(port, body(user("Good morning"), 2)))
    return lambda: asyncio.run(ask(port, next(numbers), effort))


def cold(folder: Path) -> Sample:
    """Start Hearth and ask it the first question."""
    with hearth(folder) as server:
        server.wait("/ready")
        return {"cold": asyncio.run(chat(server.port, body(user("What is the capital of Portugal?"), 8))).first_s}


def cold_rows(folder: Path, effort: Effort) -> list[Row]:
    """Measure the first token of a fresh process, its model not yet in memory."""
    made = alternate(lambda: cold(folder), dict, effort)
    return [row("first token of the first question, model cold", "s", made, "cold", "", aim=COLD_AIM_S)]


def measure(effort: Effort) -> Result:
    """Measure."""
    with data_folder() as folder:
        data_dir = with_starters(folder / "data")
        rows = cold_rows(data_dir, effort)
        with hearth(data_dir) as ours, alone("llama_server", str(data_dir), MODEL) as engine:
            ours.wait("/ready")
            engine.wait("/health")
            made = alternate(side(ours.port, effort), side(engine.port, effort), effort)
    limit = "engine's own server"
    tokens = "tokens per second"
    rows += [
        row("first token, short prompt", "ms", made, "first", limit, scale=1000, aim=1.10, aim_of="ratio"),
        row(f"{tokens}, 1 stream", "tokens/s", made, "one", limit, aim=0.98, aim_of="ratio", more_is_better=True),
        row(f"{tokens}, 8 together", "tokens/s", made, "all_8", limit, aim=0.9, aim_of="ratio", more_is_better=True),
        row(f"{tokens}, 16 together", "tokens/s", made, "all_16", limit, aim=0.9, aim_of="ratio", more_is_better=True),
        row(f"{tokens}, 20 together", "tokens/s", made, "all_20", limit, aim=0.97, aim_of="ratio", more_is_better=True),
        row("first token, long prompt", "ms", made, "long", limit, scale=1000, aim=1.10, aim_of="ratio"),
        row("first token, second turn of it", "ms", made, "second_turn", limit, scale=1000, aim=1.10, aim_of="ratio"),
        row("first token of the second turn, as a part of the first's", "ratio", made, "second_of_first", limit),
    ]
    return result("engine", made, rows)


if __name__ == "__main__":
    run("engine", __doc__, measure)
