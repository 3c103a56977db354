"""Lanes: first come first served, no more at once than there are places, and a limit to the queue."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from contract.errors import Interrupted, LaneFull
from contract.events import Done, Queued
from contract.messages import Message
from contract.requests import ChatRequest
from studio import lanes
from studio.caller import Caller
from studio.job import Job
from studio.lanes import Lane, LaneSize


class Bench:
    """A lane whose jobs run until the test lets them go."""

    def __init__(self, places: int, capacity: int = 1_000) -> None:
        self.began: list[str] = []
        self.ended: list[str] = []
        self.dropped: list[str] = []
        self.most = 0
        self.gates: dict[str, threading.Event] = {}
        self._running = 0
        self._lock = threading.Lock()
        self.lane = Lane("test", LaneSize(places, capacity), self._run, self._drop)

    def _run(self, job: Job) -> None:
        with self._lock:
            self.began.append(job.id)
            self._running += 1
            self.most = max(self.most, self._running)
        if job.id in self.gates:
            self.gates[job.id].wait(60)
        with self._lock:
            self._running -= 1
            self.ended.append(job.id)
        job.publish(Done())

    def _drop(self, job: Job) -> None:
        self.dropped.append(job.id)

    def put(self, held: bool = False) -> Job:
        job = Job(ChatRequest(messages=(Message("user", "hello"),)), Caller())
        if held:
            self.gates[job.id] = threading.Event()
        self.lane.put(job)
        return job

    def release(self, *jobs: Job) -> None:
        for job in jobs:
            self.gates[job.id].set()


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it never became so"
        time.sleep(0.001)


@pytest.fixture
def bench() -> Iterator[Callable[..., Bench]]:
    made: list[Bench] = []

    def make(places: int, capacity: int = 1_000) -> Bench:
        made.append(Bench(places, capacity))
        return made[-1]

    yield make
    for item in made:
        for gate in item.gates.values():
            gate.set()
        item.lane.close(10)


def test_jobs_run_in_the_order_they_came(bench: Callable[..., Bench]) -> None:
    one = bench(1)
    first = one.put(held=True)
    rest = [one.put() for _ in range(20)]
    one.release(first)
    until(lambda: len(one.ended) == 21)

    assert one.ended == [first.id, *(job.id for job in rest)]


def test_no_more_run_at_once_than_there_are_places_and_all_places_are_used(bench: Callable[..., Bench]) -> None:
    three = bench(3)
    jobs = [three.put(held=True) for _ in range(9)]
    until(lambda: len(three.began) == 3)
    assert (three.lane.running, three.lane.waiting) == (3, 6)

    three.release(*jobs)
    until(lambda: len(three.ended) == 9)
    assert three.most == 3


def test_a_thousand_jobs_from_eight_threads_all_run_once(bench: Callable[..., Bench]) -> None:
    four = bench(4, capacity=2_000)
    threads = [threading.Thread(target=lambda: [four.put() for _ in range(125)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    until(lambda: len(four.ended) == 1_000)

    assert len(set(four.ended)) == 1_000
    assert four.most <= 4


def test_waiting_jobs_hear_their_place_and_that_it_moves(bench: Callable[..., Bench]) -> None:
    one = bench(1)
    running = one.put(held=True)
    until(lambda: one.began)
    second, third = one.put(held=True), one.put(held=True)
    assert (running.position, second.position, third.position) == (0, 1, 2)

    one.release(running)
    until(lambda: len(one.began) == 2)

    assert (second.position, third.position) == (0, 1)
    assert [event for _, event in running.snapshot()] == [Done()]
    assert [event for _, event in third.snapshot()] == [Queued(2), Queued(1)]


def test_a_full_lane_says_how_many_wait_and_when_to_come_back(bench: Callable[..., Bench]) -> None:
    small = bench(1, capacity=2)
    small.put(held=True)
    until(lambda: small.began)
    small.put(held=True)
    last = small.put(held=True)

    with pytest.raises(LaneFull, match="2 jobs already wait for the test lane") as caught:
        small.put()

    assert caught.value.details == {"lane": "test", "limit": 2, "retry_after_s": 5}
    last.cancel()
    small.put(held=True)  # a place in the queue is free again


def test_a_job_cancelled_in_the_queue_never_runs_and_the_others_move_up(bench: Callable[..., Bench]) -> None:
    one = bench(1)
    running = one.put(held=True)
    until(lambda: one.began)
    cancelled, last = one.put(), one.put(held=True)

    cancelled.cancel()
    cancelled.cancel()

    assert one.dropped == [cancelled.id]
    assert (cancelled.position, last.position) == (0, 1)
    one.release(running, last)
    until(lambda: len(one.ended) == 2)
    assert cancelled.id not in one.began


def test_a_job_cancelled_before_it_is_queued_is_dropped_at_once(bench: Callable[..., Bench]) -> None:
    one = bench(1)
    one.put(held=True)
    until(lambda: one.began)
    job = Job(ChatRequest(messages=(Message("user", "hello"),)), Caller())
    job.cancel()
    one.lane.put(job)

    assert one.dropped == [job.id]
    assert one.lane.waiting == 0


def test_a_thousand_waiting_jobs_are_queued_and_cancelled_quickly(bench: Callable[..., Bench]) -> None:
    one = bench(1, capacity=1_000)
    one.put(held=True)
    until(lambda: one.began)
    began = time.thread_time()  # of this thread alone: what else the machine does is no matter
    jobs = [one.put() for _ in range(1_000)]
    assert time.thread_time() - began < 2, "queueing is quadratic"
    assert [job.position for job in jobs] == list(range(1, 1_001))
    for job in jobs:
        job.cancel()

    assert len(one.dropped) == 1_000


def test_a_run_that_raises_costs_the_lane_no_place(bench: Callable[..., Bench]) -> None:
    def run(job: Job) -> None:
        ran.append(job.id)
        raise RuntimeError("a bug")

    ran: list[str] = []
    lane = Lane("test", LaneSize(1), run, lambda job: None)
    for _ in range(3):
        lane.put(Job(ChatRequest(messages=()), Caller()))
    until(lambda: len(ran) == 3)
    lane.close(10)


def test_threads_leave_when_there_is_nothing_to_do_and_come_back(
    bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "IDLE_S", 0.01)
    two = bench(2)
    two.put()
    two.put()
    until(lambda: two.lane._threads == 0)

    two.put()
    until(lambda: len(two.ended) == 3)


def test_closing_drops_what_waits_and_waits_for_what_runs(bench: Callable[..., Bench]) -> None:
    one = bench(1)
    running = one.put(held=True)
    until(lambda: one.began)
    waiting = [one.put() for _ in range(3)]
    closer = threading.Thread(target=lambda: one.lane.close(10))
    closer.start()
    until(lambda: len(one.dropped) == 3)
    assert closer.is_alive()

    one.release(running)
    closer.join(60)

    assert not closer.is_alive()
    assert one.dropped == [job.id for job in waiting]
    assert all(job.stop.is_set() for job in waiting)
    assert one.lane._threads == 0


def test_closing_does_not_wait_for_ever(bench: Callable[..., Bench]) -> None:
    one = bench(1)
    one.put(held=True)
    until(lambda: one.began)

    one.lane.close(0.05)

    assert one.ended == [], "it waited until the job was let go"


def test_a_closed_lane_takes_no_more(bench: Callable[..., Bench]) -> None:
    one = bench(1)
    one.lane.close(1)

    with pytest.raises(Interrupted, match="shutting down"):
        one.put()
    assert one.began == []
