"""Models in memory: two that do not fit together take turns; rounds of loading and unloading, and what they leave.

python -m benchmarks.residency [--rounds 100] [--requests 50] [--workers on]

Two copies of the chat starter under a budget for one answer interleaved requests; then one of them is
loaded, used and unloaded again and again, and the memory of this process and of the model's own told after each tenth
of the rounds.
"""

import argparse
import json
import statistics
import time
from pathlib import Path

import psutil

from benchmarks.servers import data_folder, starters_dir
from studio import Caller, ChatRequest, Message, Settings, Studio

MODEL = "smollm2-135m"
BUDGET_MB = 400
MB = 1_000_000


def with_two(folder: Path) -> Path:
    """Put two copies of the starter, linked, into a data folder."""
    source = starters_dir() / "llama_cpp" / MODEL
    for name in ("one", "two"):
        target = folder / "models" / "llama_cpp" / name
        target.mkdir(parents=True)
        for path in source.glob("*.gguf"):
            (target / path.name).hardlink_to(path)
        told = json.loads((source / "hearth.json").read_text(encoding="utf-8"))
        (target / "hearth.json").write_text(json.dumps({**told, "id": name, "title": name}), encoding="utf-8")
    return folder


def ask(model: str) -> ChatRequest:
    """A short question."""
    return ChatRequest(messages=(Message("user", "Name a colour."),), model=model, max_tokens=8, temperature=0.0)


def take_turns(studio: Studio, requests: int) -> None:
    """Ask both models in turn, all at once, and say how it went."""
    began = time.monotonic()
    jobs = [studio.submit(ask(("one", "two")[n % 2]), Caller()) for n in range(requests)]
    ends = [type(job.wait()).__name__ for job in jobs]
    failed = sum(end != "Done" for end in ends)
    print(f"{requests} interleaved requests, budget for one model: {failed} failed, {time.monotonic() - began:.1f} s")


def memory_mb() -> str:
    """Tell what this process takes, and what its children do."""
    me = psutil.Process()
    children = sum(child.memory_info().rss for child in me.children(recursive=True))
    return f"{me.memory_info().rss / MB:.0f} + {children / MB:.0f} MB"


def rounds_of(studio: Studio, rounds: int) -> None:
    """Load, use and unload one model again and again, and tell the memory."""
    loads = []
    loaded = memory_mb()
    print(f"before the first load: {loaded}")
    for number in range(1, rounds + 1):
        began = time.monotonic()
        studio.load("one")
        loads.append(time.monotonic() - began)
        studio.submit(ask("one"), Caller()).wait()
        loaded = memory_mb()
        studio.unload("one")
        if number % max(1, rounds // 10) == 0:
            print(f"round {number}: {loaded} loaded, {memory_mb()} unloaded")
    print(f"load: median {statistics.median(loads):.2f} s")


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--requests", type=int, default=50)
    parser.add_argument("--workers", default="on", help="as of app.py: on, off, …")
    asked = parser.parse_args()
    with data_folder() as folder:
        settings = Settings(
            data_dir=with_two(folder),
            ollama_host="http://127.0.0.1:9",
            no_starters=True,
            memory_budget_mb=BUDGET_MB,
            workers=asked.workers,
        )
        with Studio.open(settings) as studio:
            take_turns(studio, asked.requests)
            studio.residency.unload_idle()
            rounds_of(studio, asked.rounds)


if __name__ == "__main__":
    main()
