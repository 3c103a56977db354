"""Unloading gives memory back, also while the jobs that used the model are remembered."""

import gc

import psutil
import pytest

from contract.engine import Stop
from tests.engines.cases import Case, run

TIMES = 3
# Those whose memory goes back to the system in a process that has run much else before.
SEEN = ("llama_cpp", "llama_embedding", "piper")


def resident_bytes() -> int:
    gc.collect()
    return psutil.Process().memory_info().rss


def test_loading_again_and_again_takes_no_more_memory_than_loading_once(local_case: Case) -> None:
    size = local_case.spec.size_bytes
    if not size:
        pytest.skip("the tiny pipeline is too small to be seen")
    remembered: list[Stop] = []  # a job keeps its stop sign, and what hangs on it
    taken: list[int] = []
    for _ in range(TIMES):
        engine = local_case.engine()
        engine.load()
        stop = Stop()
        remembered.append(stop)
        assert run(engine, local_case.request, stop)
        engine.unload()
        taken.append(resident_bytes())
    # The first time brings the libraries; from then on it stays within half a model, whatever was loaded since.
    assert max(taken[1:]) - taken[0] < max(size * 0.5, 30_000_000), [round(value / 1e6) for value in taken]


def test_what_is_loaded_takes_memory_and_gives_it_back(local_case: Case) -> None:
    size = local_case.spec.size_bytes
    if local_case.spec.engine not in SEEN:
        pytest.skip("what it gives back stays with the allocator, which uses it again")
    engine = local_case.engine()
    engine.load()
    run(engine, local_case.request)
    engine.unload()  # the libraries are here now
    # The allocator keeps some of it at times, so the clearest of a few rounds counts.
    taken, given_back = [], []
    for _ in range(TIMES):
        before = resident_bytes()
        engine.load()
        run(engine, local_case.request)
        loaded = resident_bytes()
        engine.unload()
        taken.append(loaded - before)
        given_back.append(loaded - resident_bytes())
    assert max(taken) > size * 0.2, taken
    assert max(given_back) > size * 0.2, given_back
