"""Residency on bad days: loads that fail, models that idle, and nobody waits for ever."""

import threading

import pytest

from contract.engine import Stop
from contract.errors import ModelDamaged
from studio.residency import StoppedWaiting
from tests.studio.counted import Bench, Counted, spec, steady_memory, until  # noqa: F401  # pytest takes its fixture


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
        thread.join(60)

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
        thread.join(60)
        assert ended == ["stopped"]

    assert bench.residency._waiting == []
    assert bench.log == ["load a"]


def test_asking_what_is_loaded_and_stopping_do_not_wait_for_an_unload(monkeypatch: pytest.MonkeyPatch) -> None:
    """The event loop asks both; giving back gigabytes may take seconds."""
    bench = Bench(100)
    with bench.use("a"):
        pass
    unloading, gate = threading.Event(), threading.Event()
    unloaded: list[bool] = []
    monkeypatch.setattr(Counted, "unload", lambda self: (unloading.set(), unloaded.append(gate.wait(60))))
    thread = threading.Thread(target=lambda: bench.use("b").__enter__())
    thread.start()
    unloading.wait(60)
    stop, stopped = Stop(), threading.Event()

    def wait_for_a() -> None:
        try:
            bench.use("a", stop=stop).__enter__()
        except StoppedWaiting:
            stopped.set()

    threading.Thread(target=wait_for_a).start()
    until(lambda: len(bench.residency._waiting) == 2)

    assert bench.residency.loaded() == {}
    assert bench.residency.loading() == set()
    stop.set()
    assert stopped.wait(60)
    assert unloaded == [], "it waited for the unloading"
    gate.set()
    thread.join(60)

    assert "load b" in bench.log


def test_memory_being_given_back_is_not_promised_to_anybody(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(100)
    with bench.use("a"):
        pass
    unloading, gate = threading.Event(), threading.Event()
    real = Counted.unload

    def slow(self: Counted) -> None:
        unloading.set()
        gate.wait(60)
        real(self)

    monkeypatch.setattr(Counted, "unload", slow)
    threads = [threading.Thread(target=lambda name=name: bench.use(name).__enter__()) for name in ("b", "a")]
    threads[0].start()
    unloading.wait(60)
    threads[1].start()
    until(lambda: len(bench.residency._waiting) == 2)
    assert bench.log == ["load a"]
    gate.set()
    for thread in threads:
        thread.join(60)

    assert bench.log[:3] == ["load a", "unload a", "load b"]
    assert bench.log[-1] == "load a"


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
        thread.join(60)
        assert bench.residency.loaded().keys() == {"a"}

    assert ended == ["stopped"]
    assert bench.residency.loaded() == {}
    assert sorted(bench.log) == ["load a", "load b", "unload a", "unload b"]
    with pytest.raises(StoppedWaiting):
        bench.use("a").__enter__()
