"""Unloading gives memory back, also while the jobs that used the model are remembered."""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import psutil
import pytest

from contract.engine import Stop
from contract.models import ModelSpec
from contract.requests import Request
from engines import ENGINES
from engines.allocator import give_back
from tests.engines.cases import Case, run

TIMES = 4
ROUNDS = 6
# Those whose memory goes back to the system; the others keep it for the next load.
SEEN = ("llama_cpp", "llama_embedding", "piper")
Figures = list[int]


def resident_bytes() -> int:
    give_back()  # as the arbiter does after each unloading
    return psutil.Process().memory_info().rss


def alone(measure: Callable[[ModelSpec, Request], Figures], case: Case) -> Figures:
    """Measure in a process of its own: what ran before in this one has left its memory in every state."""
    with ProcessPoolExecutor(1, get_context("spawn")) as fresh:
        return fresh.submit(measure, case.spec, case.request).result(timeout=150)


def after_each_round(spec: ModelSpec, request: Request) -> Figures:
    """Return the memory in bytes after each of a few loads, runs and unloads."""
    remembered: list[Stop] = []  # a job keeps its stop sign, and what hangs on it
    taken: Figures = []
    for _ in range(ROUNDS):
        engine = ENGINES[spec.engine](spec, threads=2)
        engine.load()
        stop = Stop()
        remembered.append(stop)
        assert run(engine, request, stop)
        engine.unload()
        taken.append(resident_bytes())
    return taken


def given_back(spec: ModelSpec, request: Request) -> Figures:
    """Return the bytes that a load and a run take, and those that unloading gives back, at their clearest."""
    engine = ENGINES[spec.engine](spec, threads=2)
    engine.load()
    run(engine, request)
    engine.unload()  # the libraries are here now
    taken, returned = [], []
    for _ in range(TIMES):
        before = resident_bytes()
        engine.load()
        run(engine, request)
        loaded = resident_bytes()
        engine.unload()
        taken.append(loaded - before)
        returned.append(loaded - resident_bytes())
    return [max(taken), max(returned)]


def test_loading_again_and_again_takes_no_more_memory_than_loading_once(local_case: Case) -> None:
    size = local_case.spec.size_bytes
    if not size:
        pytest.skip("the tiny pipeline is too small to be seen")
    taken = alone(after_each_round, local_case)
    # The first two bring the libraries and the allocator's pools, and one more pool of 64 MiB may come at any time;
    # what is not given back comes every time.
    each_time = (taken[-1] - taken[1]) / (ROUNDS - 2)
    assert each_time < max(size * 0.5, 30_000_000), [round(value / 1e6) for value in taken]


def test_what_is_loaded_takes_memory_and_gives_it_back(local_case: Case) -> None:
    if local_case.spec.engine not in SEEN:
        pytest.skip("what it gives back stays with the allocator, which uses it again")
    size = local_case.spec.size_bytes
    taken, returned = alone(given_back, local_case)
    assert taken > size * 0.2
    assert returned > size * 0.2
