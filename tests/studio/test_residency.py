"""Residency: one budget, loaded once, the least recently used goes first, and nobody waits for ever."""

import random
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from contract.engine import Engine, Stop
from contract.errors import DoesNotFit, ModelDamaged
from contract.events import EngineEvent
from contract.models import ModelSpec
from contract.requests import Request
from studio import residency as module
from studio.residency import MIB, Residency, StoppedWaiting


class Counted(Engine):
    """An engine that counts its loads, and can be told to take its time or to fail."""

    name, kind, lane = "counted", "chat", "echo"
    log: list[str]
    gate: threading.Event | None = None
    fails: list[Exception]
    slots_: int = 2

    @property
    def slots(self) -> int:
        return self.slots_

    def load(self) -> None:
        self.log.append(f"load {self.spec.id}")
        if self.gate is not None:
            self.gate.wait(10)
        if self.fails:
            raise self.fails.pop()

    def run(self, request: Request, stop: Stop) -> Iterator[EngineEvent]:
        yield from ()

    def unload(self) -> None:
        self.log.append(f"unload {self.spec.id}")


class Bench:
    """A residency over counted engines."""

    def __init__(self, budget_mib: int, keep_alive_s: float = 900, slots: int = 2) -> None:
        self.log: list[str] = []
        self.fails: list[Exception] = []
        self.gate: threading.Event | None = None
        self.slots = slots
        self.residency = Residency(self._make, budget_mib * MIB, keep_alive_s)

    def _make(self, spec: ModelSpec) -> Engine:
        engine = Counted(spec)
        engine.log, engine.gate, engine.fails, engine.slots_ = self.log, self.gate, self.fails, self.slots
        return engine

    def use(self, name: str, mib: int = 100, stop: Stop | None = None, **callbacks: Callable[..., None]):
        callbacks.setdefault("on_loading", lambda: None)
        return self.residency.use(spec(name, mib), stop or Stop(), **callbacks)


def spec(name: str, mib: int = 100, **fields: object) -> ModelSpec:
    return ModelSpec(id=name, engine="counted", kind="chat", title=name.upper(), memory_bytes=mib * MIB, **fields)


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "it never became so"
        time.sleep(0.001)


@pytest.fixture(autouse=True)
def steady_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loads here take no memory, so sizes are the specs' own."""

    class Process:
        def memory_info(self) -> "Process":
            return self

        rss = 0

    monkeypatch.setattr(module.psutil, "Process", Process)


def test_a_model_is_loaded_once_for_twenty_who_ask_at_once() -> None:
    bench = Bench(100, slots=20)
    bench.gate = threading.Event()
    inside, told = [], []
    everybody = threading.Barrier(21)

    def use() -> None:
        with bench.use("a", on_loading=lambda: told.append(1)) as engine:
            inside.append(engine)
            everybody.wait(10)

    threads = [threading.Thread(target=use) for _ in range(20)]
    for thread in threads:
        thread.start()
    until(lambda: bench.residency.loading() == {"a"} and len(told) == 20)
    bench.gate.set()
    everybody.wait(10)
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
            gate.wait(10)
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
            gate.wait(10)

    def use(number: int) -> None:
        with bench.use("a"):
            order.append(number)

    threads = [threading.Thread(target=hold)]
    threads[0].start()
    holding.wait(10)
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
    thread.join(10)

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
        thread.join(20)

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
        thread.join(20)

    assert got.is_set()


def test_a_load_that_fails_leaves_nothing_and_the_next_try_works() -> None:
    bench = Bench(100)
    bench.fails.append(ModelDamaged("cut off"))

    with pytest.raises(ModelDamaged), bench.use("a"):
        pass
    assert bench.residency.loaded() == {}
    assert bench.residency.loading() == set()
    with bench.use("a"):
        assert bench.residency.loaded().keys() == {"a"}

    assert bench.log == ["load a", "unload a", "load a"]


def test_who_waited_for_a_load_that_fails_tries_it_again() -> None:
    bench = Bench(100)
    bench.gate = threading.Event()
    bench.fails.append(ModelDamaged("cut off"))
    results: list[str] = []

    def use() -> None:
        try:
            with bench.use("a"):
                results.append("used")
        except ModelDamaged:
            results.append("failed")

    threads = [threading.Thread(target=use) for _ in range(3)]
    for thread in threads:
        thread.start()
    until(lambda: len(bench.residency._waiting) == 2)
    bench.gate.set()
    for thread in threads:
        thread.join(10)

    assert sorted(results) == ["failed", "used", "used"]


def test_an_unload_that_fails_does_not_fail_who_asked_for_room(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(100)
    with bench.use("a"):
        pass
    monkeypatch.setattr(Counted, "unload", lambda self: 1 / 0)

    with bench.use("b"):
        assert bench.residency.loaded().keys() == {"b"}


def test_an_idle_model_goes_after_its_keep_alive() -> None:
    bench = Bench(300, keep_alive_s=0.05)
    with bench.use("a"):
        with bench.use("b"):
            pass
        until(lambda: bench.residency.loaded().keys() == {"a"})
        assert "unload a" not in bench.log
    until(lambda: bench.residency.loaded() == {})
    with bench.use("a"):
        pass
    until(lambda: bench.log.count("unload a") == 2)


def test_a_very_long_keep_alive_is_kept() -> None:
    bench = Bench(300, keep_alive_s=10**18)
    for name in ("a", "b"):
        with bench.use(name):
            pass

    until(lambda: bench.residency._reaper is not None and bench.residency._reaper.is_alive())
    assert bench.residency.loaded().keys() == {"a", "b"}
    bench.residency.close()


@pytest.mark.parametrize("wanted", ["a", "b"])
def test_a_job_stopped_while_it_waits_ends_at_once(wanted: str) -> None:
    bench = Bench(100, slots=1)
    stop = Stop()
    ended: list[str] = []

    def use() -> None:
        try:
            with bench.use(wanted, stop=stop):
                ended.append("used")
        except StoppedWaiting:
            ended.append("stopped")

    with bench.use("a"):
        thread = threading.Thread(target=use)
        thread.start()
        until(lambda: len(bench.residency._waiting) == 1)
        stop.set()
        thread.join(10)
        assert ended == ["stopped"]

    assert bench.residency._waiting == []
    assert bench.log == ["load a"]


def test_asking_what_is_loaded_and_stopping_do_not_wait_for_an_unload(monkeypatch: pytest.MonkeyPatch) -> None:
    """The event loop asks both; giving back gigabytes may take seconds."""
    bench = Bench(100)
    with bench.use("a"):
        pass
    unloading, gate = threading.Event(), threading.Event()
    monkeypatch.setattr(Counted, "unload", lambda self: (unloading.set(), gate.wait(10)))
    thread = threading.Thread(target=lambda: bench.use("b").__enter__())
    thread.start()
    unloading.wait(10)
    stop, stopped = Stop(), threading.Event()

    def wait_for_a() -> None:
        try:
            bench.use("a", stop=stop).__enter__()
        except StoppedWaiting:
            stopped.set()

    threading.Thread(target=wait_for_a).start()
    until(lambda: len(bench.residency._waiting) == 2)

    began = time.monotonic()
    assert bench.residency.loaded() == {}
    assert bench.residency.loading() == set()
    stop.set()
    assert stopped.wait(10)
    took = time.monotonic() - began
    gate.set()
    thread.join(10)

    assert took < 5
    assert "load b" in bench.log


def test_memory_being_given_back_is_not_promised_to_anybody(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(100)
    with bench.use("a"):
        pass
    unloading, gate = threading.Event(), threading.Event()
    real = Counted.unload

    def slow(self: Counted) -> None:
        unloading.set()
        gate.wait(10)
        real(self)

    monkeypatch.setattr(Counted, "unload", slow)
    threads = [threading.Thread(target=lambda name=name: bench.use(name).__enter__()) for name in ("b", "a")]
    threads[0].start()
    unloading.wait(10)
    threads[1].start()
    until(lambda: len(bench.residency._waiting) == 2)
    assert bench.log == ["load a"]
    gate.set()
    for thread in threads:
        thread.join(10)

    assert bench.log[:3] == ["load a", "unload a", "load b"]
    assert bench.log[-1] == "load a"


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


def test_unloading_by_hand_leaves_busy_models() -> None:
    bench = Bench(300)
    with bench.use("a"):
        with bench.use("b"):
            pass
        assert bench.residency.unload_idle() == 1
        assert bench.residency.loaded().keys() == {"a"}


def test_closing_unloads_all_also_what_is_still_in_use_and_lets_nobody_wait() -> None:
    bench = Bench(200, slots=1)
    with bench.use("b"):
        pass
    ended: list[str] = []

    def use() -> None:
        try:
            with bench.use("a"):
                pass
        except StoppedWaiting:
            ended.append("stopped")

    with bench.use("a"):
        thread = threading.Thread(target=use)
        thread.start()
        until(lambda: len(bench.residency._waiting) == 1)
        bench.residency.close()
        thread.join(10)
        assert bench.residency.loaded().keys() == {"a"}

    assert ended == ["stopped"]
    assert bench.residency.loaded() == {}
    assert sorted(bench.log) == ["load a", "load b", "unload a", "unload b"]
    with pytest.raises(StoppedWaiting):
        bench.use("a").__enter__()
