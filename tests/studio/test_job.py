"""A job's events: numbered, replayed from anywhere, followed by any number, ended once."""

import asyncio
import gc
import threading
import weakref
from collections.abc import Iterator

import pytest

from contract.errors import LaneFull
from contract.events import Cancelled, Delta, Done, Event, Failed, Progress, Queued
from contract.messages import Message
from contract.requests import ChatRequest
from studio.caller import Caller
from studio.job import Job


@pytest.fixture
def job() -> Job:
    return Job(ChatRequest(messages=(Message("user", "hello"),)), Caller())


def deltas(job: Job, count: int, start: int = 0) -> None:
    for number in range(start, start + count):
        job.publish(Delta(f"{number} "))


def numbers(seen: list[tuple[int, Event]]) -> list[int]:
    return [number for number, _ in seen]


def threads_of(*targets: object) -> Iterator[threading.Thread]:
    for target in targets:
        thread = threading.Thread(target=target)
        thread.start()
        yield thread


async def until(condition: object) -> None:
    while not condition():  # what it waits for has no event
        await asyncio.sleep(0.001)


@pytest.mark.parametrize("after", [0, 1, 4, 5])
async def test_a_follower_starts_from_any_event_and_sees_each_once(job: Job, after: int) -> None:
    deltas(job, 3)
    job.publish(Done())
    job.publish(Delta("too late"))

    whole = [(1, Delta("0 ")), (2, Delta("1 ")), (3, Delta("2 ")), (4, Done())]
    assert list(job.follow(after)) == whole[after:]
    assert [item async for item in job.events(after)] == whole[after:]
    assert job.snapshot(after) == whole[after:]


async def test_who_has_seen_the_last_event_is_not_kept_waiting(job: Job) -> None:
    """A browser's EventSource comes back with the last number when the stream ends."""
    job.publish(Done())

    async with asyncio.timeout(5):
        assert [item async for item in job.events(1)] == []
        assert [item async for item in job.events(10**9)] == []
    assert list(job.follow(7)) == []


async def test_a_number_below_zero_means_from_the_start(job: Job) -> None:
    deltas(job, 2)
    job.publish(Done())

    assert numbers(list(job.follow(-1))) == [1, 2, 3]
    assert numbers([item async for item in job.events(-5)]) == [1, 2, 3]
    assert numbers(job.snapshot(-1)) == [1, 2, 3]


async def test_an_async_and_a_blocking_follower_see_the_same_while_it_is_published(job: Job) -> None:
    blocking: list[tuple[int, Event]] = []
    thread = threading.Thread(target=lambda: blocking.extend(job.follow()))
    thread.start()
    publisher = threading.Thread(target=lambda: (deltas(job, 2_000), job.publish(Done())))
    publisher.start()

    seen = [item async for item in job.events()]
    await asyncio.to_thread(thread.join)

    assert numbers(seen) == list(range(1, 2_002))
    assert seen == blocking
    assert seen[-1] == (2_001, Done())


async def test_two_hundred_followers_miss_nothing_and_see_nothing_twice(job: Job) -> None:
    async def follow(after: int) -> list[tuple[int, Event]]:
        return [item async for item in job.events(after)]

    blocking: list[list[int]] = []
    threads = list(threads_of(*[lambda: blocking.append(numbers(list(job.follow()))) for _ in range(10)]))
    tasks = [asyncio.create_task(follow(index % 7)) for index in range(200)]
    publisher = threading.Thread(target=lambda: (deltas(job, 300), job.publish(Done())))
    publisher.start()

    for index, seen in enumerate(await asyncio.gather(*tasks)):
        assert numbers(seen) == list(range(index % 7 + 1, 302))
    for thread in threads:
        await asyncio.to_thread(thread.join)
    assert blocking == [list(range(1, 302))] * 10
    assert job._waiter_of == {}, "a follower that ended is still attached"


async def test_several_publishing_threads_lose_no_event(job: Job) -> None:
    for thread in list(threads_of(*[lambda: deltas(job, 250) for _ in range(4)])):
        await asyncio.to_thread(thread.join)
    job.publish(Done())

    assert numbers([item async for item in job.events()]) == list(range(1, 1_002))


def test_exactly_one_terminal_event_is_kept(job: Job) -> None:
    job.publish(Cancelled())
    job.publish(Done())
    job.publish(Failed("x", "y", "z", 500))

    assert job.snapshot() == [(1, Cancelled())]
    assert (job.state, job.finished) == ("cancelled", True)


def test_the_state_follows_the_events(job: Job) -> None:
    assert (job.state, job.finished) == ("queued", False)
    job.publish(Queued(3))
    assert job.state == "queued"
    job.publish(Delta("a"))
    assert job.state == "running"
    assert job.times.finished is None
    job.publish(Done())
    assert (job.state, job.times.finished is None) == ("done", False)


def test_the_text_is_what_was_said_without_the_reasoning(job: Job) -> None:
    for event in (Delta("one"), Delta("(think)", reasoning=True), Progress(1, 2), Delta(" two")):
        job.publish(event)

    assert job.text() == "one two"


def test_previews_go_and_the_numbers_stay(job: Job) -> None:
    job.publish(Progress(1, 2, "drawing", preview=b"x" * 1_000))
    job.publish(Done())
    job.forget_previews()

    assert job.snapshot() == [(1, Progress(1, 2, "drawing")), (2, Done())]


def test_waiting_raises_what_it_failed_with(job: Job) -> None:
    job.publish(Failed("lane_full", "Too many", "Try later.", 503, {"retry_after_s": 5}))

    with pytest.raises(LaneFull, match=r"Try later\.") as caught:
        job.wait()
    assert caught.value.details == {"retry_after_s": 5}


def test_waiting_returns_how_it_ended(job: Job) -> None:
    threads = list(threads_of(lambda: (deltas(job, 5), job.publish(Cancelled()))))

    assert job.wait() == Cancelled()
    for thread in threads:
        thread.join()


async def test_who_waits_for_the_end_sleeps_through_the_rest(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    loop, woken = asyncio.get_running_loop(), []
    wake = loop.call_soon_threadsafe
    monkeypatch.setattr(loop, "call_soon_threadsafe", lambda *told: (woken.append(told), wake(*told)))
    waiting = asyncio.create_task(job.ended())
    await until(lambda: job._at_end)

    deltas(job, 100)
    assert woken == []
    job.publish(Done())

    assert await waiting == Done() == await job.ended()
    assert len(woken) == 2


def test_a_follower_whose_loop_is_closed_is_forgotten_and_harms_nobody(job: Job) -> None:
    loop = asyncio.new_event_loop()
    follower = job.events()

    async def begin() -> None:
        job.publish(Delta("first"))
        assert await anext(follower) == (1, Delta("first"))
        waiting = asyncio.ensure_future(anext(follower))
        await until(lambda: any(waiter.armed for waiter in job._waiter_of.values()))
        waiting.cancel()

    async def leave_armed() -> None:
        waiting = loop.create_task(anext(other))
        await until(lambda: any(waiter.armed for waiter in job._waiter_of.values()))
        tasks.append(waiting)

    loop.run_until_complete(begin())
    other = job.events(1)
    tasks: list[asyncio.Task[object]] = []
    loop.run_until_complete(leave_armed())
    loop._ready.clear()  # the loop goes down without tidying up, as a killed notebook kernel's does
    loop.close()

    job.publish(Delta("second"))
    job.publish(Done())

    assert numbers(list(job.follow())) == [1, 2, 3]
    assert job._waiter_of == {}
    tasks[0]._log_destroy_pending = False


async def test_an_abandoned_follower_leaves_nothing_behind(job: Job) -> None:
    job.publish(Delta("first"))
    blocking, streaming = job.follow(), job.events()
    next(blocking)
    await anext(streaming)
    assert len(job._waiter_of) == 2

    del blocking
    await streaming.aclose()
    gc.collect()

    assert job._waiter_of == {}


async def test_a_cancelled_follower_leaves_nothing_behind(job: Job) -> None:
    async def follow() -> None:
        async for _ in job.events():
            pass

    tasks = [asyncio.create_task(follow()) for _ in range(20)]
    await until(lambda: len(job._waiter_of) == 20)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await until(lambda: job._waiter_of == {})


def test_a_finished_job_that_nobody_holds_is_freed(job: Job) -> None:
    other = Job(job.request, job.caller)
    deltas(other, 10)
    other.publish(Done())
    assert len(list(other.follow())) == 11
    gone = weakref.ref(other)

    del other
    gc.collect()

    assert gone() is None


def test_cancelling_tells_its_callbacks_once_even_when_it_is_too_late(job: Job) -> None:
    told: list[str] = []
    job.stop.on_set(lambda: told.append("early"))
    job.cancel()
    job.cancel()
    job.stop.on_set(lambda: told.append("late"))

    assert told == ["early", "late"]
