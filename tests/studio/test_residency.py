"""Residency: one budget, loaded once, the least recently used goes first."""

import random
import threading

import pytest

from contract.engine import Stop
from contract.errors import DoesNotFit
from studio import residency as module
from studio.residency import MIB
from tests.studio.counted import Bench, Counted, spec, steady_memory, until  # noqa: F401  # pytest takes its fixture


def test_a_model_is_loaded_once_for_twenty_who_ask_at_once() -> None:
    bench = Bench(100, slots=20)
    bench.gate = threading.Event()
    inside, told = [], []
    everybody = threading.Barrier(21)

    def use() -> None:
        with bench.use("a", on_loading=lambda: told.append(1)) as engine:
            inside.append(engine)
            everybody.wait(60)

    threads = [threading.Thread(target=use) for _ in range(20)]
    for thread in threads:
        thread.start()
    until(lambda: bench.residency.loading() == {"a"} and len(told) == 20)
    bench.gate.set()
    everybody.wait(60)
    for thread in threads:
        thread.join()

    assert bench.log == ["load a"]
    assert len(set(map(id, inside))) == 1
    assert bench.residency.loaded() == {"a": 100 * MIB}


def test_no_more_use_a_model_at_once_than_it_has_slots_and_who_waits_hears_the_place() -> None:
    bench = Bench(100, slots=3)
    lock, now, most = threading.Lock(), [0], [0]
    places: list[int] = []
    gate = threading.Event()

    def use() -> None:
        with bench.use("a", on_waiting=places.append):
            with lock:
                now[0] += 1
                most[0] = max(most[0], now[0])
            gate.wait(60)
            with lock:
                now[0] -= 1

    threads = [threading.Thread(target=use) for _ in range(9)]
    for thread in threads:
        thread.start()
    until(lambda: now[0] == 3 and set(places) >= {1, 2, 3, 4, 5, 6})
    gate.set()
    for thread in threads:
        thread.join()

    assert most[0] == 3


def test_who_waits_for_a_slot_is_served_in_the_order_of_arrival() -> None:
    bench = Bench(100, slots=1)
    order: list[int] = []
    holding, gate = threading.Event(), threading.Event()

    def hold() -> None:
        with bench.use("a"):
            holding.set()
            gate.wait(60)

    def use(number: int) -> None:
        with bench.use("a"):
            order.append(number)

    threads = [threading.Thread(target=hold)]
    threads[0].start()
    holding.wait(60)
    for number in range(10):
        threads.append(threading.Thread(target=use, args=(number,)))
        threads[-1].start()
        until(lambda number=number: len(bench.residency._waiting) == number + 1)
    gate.set()
    for thread in threads:
        thread.join()

    assert order == list(range(10))


def test_the_least_recently_used_model_goes_first() -> None:
    bench = Bench(250)
    for name in ("a", "b", "a", "c"):
        with bench.use(name):
            pass

    assert bench.log == ["load a", "load b", "unload b", "load c"]
    assert bench.residency.loaded().keys() == {"a", "c"}


def test_a_large_model_sends_away_as_many_as_it_must_and_no_more() -> None:
    bench = Bench(300)
    for name in ("a", "b", "c"):
        with bench.use(name):
            pass
    with bench.use("big", 200):
        pass

    assert bench.log[3:] == ["unload a", "unload b", "load big"]


def test_a_model_that_can_never_fit_is_refused_with_the_numbers_before_anything_is_loaded() -> None:
    bench = Bench(100)
    with bench.use("a"):
        pass

    with pytest.raises(DoesNotFit, match=r"B needs about 101 MB of memory; models may take 100 MB") as caught:
        bench.use("b", 101).__enter__()

    assert caught.value.details == {"model": "b", "need_bytes": 101 * MIB, "budget_bytes": 100 * MIB}
    assert bench.log == ["load a"]


def test_a_busy_model_is_never_sent_away() -> None:
    bench = Bench(100)
    got = threading.Event()
    told: list[str] = []

    def want_b() -> None:
        with bench.use("b", on_loading=lambda: told.append("b")):
            got.set()

    with bench.use("a"):
        thread = threading.Thread(target=want_b)
        thread.start()
        until(lambda: told == ["b"])
        assert bench.log == ["load a"]
        assert not got.is_set()
    thread.join(60)

    assert got.is_set()
    assert bench.log == ["load a", "unload a", "load b"]


def test_fifty_requests_for_two_models_in_a_budget_of_one_all_finish() -> None:
    bench = Bench(100, slots=4)
    done: list[str] = []
    chance = random.Random(7)

    def use(name: str) -> None:
        with bench.use(name):
            assert bench.residency.loaded().keys() == {name}
        done.append(name)

    names = [chance.choice("ab") for _ in range(50)]
    threads = [threading.Thread(target=use, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert sorted(done) == sorted(names)
    assert bench.residency._waiting == []


def test_a_busy_model_can_not_keep_another_out_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE_S", 0.05)
    bench = Bench(100, slots=2)
    stop, got = threading.Event(), threading.Event()
    using = threading.Barrier(2)

    def keep_using_a() -> None:
        """Two users in turns, so that a is never idle by itself."""
        while not stop.is_set():
            with bench.use("a"):
                try:
                    using.wait(0.2)  # leave only when the other is in
                except threading.BrokenBarrierError:
                    using.reset()

    threads = [threading.Thread(target=keep_using_a) for _ in range(2)]
    for thread in threads:
        thread.start()
    until(lambda: "load a" in bench.log)
    with bench.use("b"):
        got.set()
    stop.set()
    for thread in threads:
        thread.join(60)

    assert got.is_set()


def test_a_remote_model_takes_no_room() -> None:
    bench = Bench(100)
    far = spec("far", 5_000, remote=True)
    with bench.use("a"), bench.residency.use(far, Stop(), lambda: None):
        assert bench.residency.loaded() == {"a": 100 * MIB, "far": 0}


def test_a_model_that_grew_counts_with_what_it_really_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = iter([0, 240 * MIB, 0, 0])

    class Process:
        def memory_info(self) -> "Process":
            self.rss = next(sizes)
            return self

    monkeypatch.setattr(module.psutil, "Process", Process)
    bench = Bench(300)
    for name in ("a", "b"):
        with bench.use(name):
            pass

    assert bench.log == ["load a", "unload a", "load b"]


def test_a_model_that_is_wanted_otherwise_is_loaded_anew_once_nobody_uses_it() -> None:
    bench = Bench(100)
    waited, inside = threading.Event(), threading.Event()

    def use_long() -> None:
        with bench.use("a", on_waiting=lambda _: waited.set(), n_ctx=9) as engine:
            assert engine.spec.options == {"n_ctx": 9}
            inside.set()

    with bench.use("a") as engine:
        assert engine.spec.options == {}
        thread = threading.Thread(target=use_long)
        thread.start()
        assert waited.wait(60)
        assert bench.log == ["load a"]
    assert inside.wait(60)
    thread.join()
    assert bench.log == ["load a", "unload a", "load a"]


def test_a_model_that_ran_out_of_memory_at_work_is_unloaded_and_one_that_refused_is_not() -> None:
    bench = Bench(100)
    for ran_out, log in ((False, ["load a"]), (True, ["load a", "unload a"])):
        error = DoesNotFit("too much", ran_out=True) if ran_out else DoesNotFit("too much", need_bytes=1)
        with pytest.raises(DoesNotFit), bench.use("a"):
            raise error
        assert bench.log == log
    with bench.use("a"):
        assert bench.log == ["load a", "unload a", "load a"]
