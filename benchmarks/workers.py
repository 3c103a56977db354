"""A model in a process of its own beside the same one in this process: cost a request and an event, start, memory.

The echo engine has no work behind it, so what is left is the way to and fro; the chat starter shows loading and what
its unloading gives back, measured as the memory of this process and of its children together.
"""

import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psutil

from benchmarks.measure import Effort, Result, Sample, Side, alternate, cpu_s, result, row, run
from benchmarks.servers import starters_dir
from contract.engine import Engine, Stop
from contract.messages import Message
from contract.models import ModelSpec
from contract.requests import ChatRequest
from engines import make
from engines.allocator import give_back
from studio.library import scan

ECHO = ModelSpec(id="echo", engine="echo-chat", kind="chat", title="Echo")
MODEL = "smollm2-135m"
REQUESTS = 200
EVENTS = 2_000
STREAMS = 16
PACED_EVENTS = 100
PACE_S = 0.02  # between two words of a stream: 50 a second
SILENT_S = 60.0
TOKENS = 32


def ask(words: int) -> ChatRequest:
    """Return a request that the echo answers with so many events, and one or two more."""
    return ChatRequest(messages=(Message("user", " ".join(["word"] * words)),))


@contextmanager
def loaded(spec: ModelSpec, apart: bool) -> Iterator[Engine]:
    """Lend a loaded engine, in a process of its own or in this one."""
    engine = make(spec, 2, "", SILENT_S if apart else None)
    engine.load()
    try:
        yield engine
    finally:
        engine.unload()


def took(engine: Engine, request: ChatRequest) -> float:
    """Return the seconds that a run takes."""
    began = time.perf_counter()
    for _ in engine.run(request, Stop()):
        pass
    return time.perf_counter() - began


def all_cpu_s() -> float:
    """Return the processor seconds of this process and its children."""
    me = psutil.Process()
    return sum(cpu_s(process) for process in (me, *me.children(recursive=True)))


def echo(engine: Engine, paced: Engine, effort: Effort) -> Sample:
    """Ask an engine with no work behind it; ``paced`` waits before each word, as a model does."""
    short, long = ask(1), ask(EVENTS)
    one = statistics.median(took(engine, short) for _ in range(max(3, effort.of(REQUESTS))))
    event = (statistics.median(took(engine, long) for _ in range(3)) - one) / EVENTS
    words = effort.of(PACED_EVENTS)
    with ThreadPoolExecutor(STREAMS) as threads:
        began = all_cpu_s()
        list(threads.map(lambda _: took(paced, ask(words)), range(STREAMS)))
    return {"request": one, "event": event, "paced": (all_cpu_s() - began) / (STREAMS * words)}


def memory() -> int:
    """Return what this process and its children take, in bytes."""
    give_back()  # as after each unloading
    me = psutil.Process()
    return sum(process.memory_info().rss for process in (me, *me.children(recursive=True)))


def model(spec: ModelSpec, apart: bool) -> Sample:
    """Load the starter, use it, and unload it."""
    before, began = memory(), time.perf_counter()
    with loaded(spec, apart) as engine:
        load_s = time.perf_counter() - began
        request = ChatRequest(messages=(Message("user", "Name a colour."),), max_tokens=TOKENS, temperature=0.0)
        took(engine, request)
        held = memory()
    return {"load": load_s, "held": held - before, "given_back": held - memory()}


def side(engine: Engine, paced: Engine, spec: ModelSpec, apart: bool, effort: Effort) -> Side:
    """Return what measures one side, warmed up."""
    took(engine, ask(1))
    model(spec, apart)
    return lambda: {**echo(engine, paced, effort), **model(spec, apart)}


def measure(effort: Effort) -> Result:
    """Measure."""
    [spec] = [spec for spec in scan(Path(starters_dir())).models if spec.id == MODEL]
    slow = ModelSpec(id="slow", engine="echo-chat", kind="chat", title="Slow", options={"delay_s": PACE_S})
    with (
        loaded(ECHO, True) as far,
        loaded(slow, True) as far_slow,
        loaded(ECHO, False) as near,
        loaded(slow, False) as near_slow,
    ):
        made = alternate(side(far, far_slow, spec, True, effort), side(near, near_slow, spec, False, effort), effort)
    limit = "in this process"
    return result(
        "workers",
        made,
        [
            row("process of its own: a request of one word", "ms", made, "request", limit, scale=1e3, aim=2),
            row("process of its own: an event that is ready", "ms", made, "event", limit, scale=1e3, aim=0.1),
            row("the same, processor time, 16 streams of 50 a second", "ms", made, "paced", limit, scale=1e3),
            row("process of its own: loading the chat starter", "s", made, "load", limit),
            row("memory that the loaded chat starter takes", "MB", made, "held", limit, scale=1e-6),
            row("memory that its unloading gives back", "MB", made, "given_back", limit, scale=1e-6),
        ],
    )


if __name__ == "__main__":
    run("workers", __doc__, measure)
