"""Followers come and go; the job stays, and nothing is lost or doubled."""

import asyncio
import itertools
import time

from studio import Caller, ChatRequest, Delta, Done, Job, Message, Studio, Terminal, new_id
from studio.caller import Caller as StudioCaller
from ui.follow import INTERVAL_S, Turn, Turns, View, follow

SAID = " ".join(f"word{number}" for number in range(60))


def chat(studio: Studio, text: str = SAID) -> Job:
    return studio.submit(ChatRequest(messages=(Message("user", text),)), Caller(via="ui"))


async def test_a_follower_sees_the_whole_reply_growing_and_never_changed(slow_echo: Studio) -> None:
    seen = [view.text async for view in follow(chat(slow_echo), Turn())]
    assert seen[-1] == SAID
    assert all(later.startswith(earlier) for earlier, later in itertools.pairwise(seen))


async def test_views_come_at_most_a_dozen_times_a_second(slow_echo: Studio) -> None:
    times = [time.monotonic() async for _ in follow(chat(slow_echo), Turn())]
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert len(times) > 3
    assert min(gaps) >= INTERVAL_S * 0.95


async def test_a_later_follower_starts_from_the_first_word(slow_echo: Studio) -> None:
    job = chat(slow_echo)
    async for view in follow(job, Turn()):
        if view.text:
            break
    assert not job.finished
    late = [view.text async for view in follow(job, Turn())]
    assert late[0].startswith("word0")
    assert late[-1] == SAID


async def test_an_end_that_comes_while_the_page_is_being_told_is_told_too() -> None:
    job = Job(ChatRequest(messages=(Message("user", "Hello"),)), Caller(via="ui"))
    job.publish(Delta("Hello"))
    told: list[Terminal | None] = []

    async for view in follow(job, Turn(), interval_s=0):
        told.append(view.end)
        job.publish(Done())
        await asyncio.sleep(0.01)  # the reader folds it in before the page is told

    assert [type(end) for end in told] == [type(None), Done]


async def test_two_followers_at_once_see_the_same(slow_echo: Studio) -> None:
    job = chat(slow_echo)

    async def read() -> str:
        return [view.text async for view in follow(job, Turn())][-1]

    assert await asyncio.gather(read(), read()) == [SAID, SAID]


async def test_a_follower_that_leaves_does_not_stop_the_job(slow_echo: Studio) -> None:
    job = chat(slow_echo)
    views = follow(job, Turn())
    await anext(views)
    await views.aclose()
    assert isinstance(await asyncio.to_thread(job.wait), Done)
    assert job.text() == SAID


async def test_the_newest_turn_of_a_panel_ends_the_one_before_it(slow_echo: Studio) -> None:
    turns, job = Turns(), chat(slow_echo)
    first = turns.take("page", "chat")
    seen: list[View] = []

    async def read() -> None:
        async for view in follow(job, first):
            seen.append(view)

    reading = asyncio.create_task(read())
    other = turns.take("page", "images")
    elsewhere = turns.take("another page", "chat")
    while not seen:
        await asyncio.sleep(0)
    turns.take("page", "chat")
    await asyncio.wait_for(reading, 30)
    assert first.over
    assert not other.over
    assert not elsewhere.over
    assert not job.finished
    job.cancel()


async def test_a_closed_page_ends_its_turns(slow_echo: Studio) -> None:
    turns = Turns()
    mine, others = turns.take("page", "chat"), turns.take("another page", "chat")
    turns.leave("page")
    assert mine.over
    assert not others.over


def test_a_view_takes_each_event_once() -> None:
    from studio import Delta

    view = View(Job(ChatRequest(messages=(Message("user", new_id()),)), StudioCaller()))
    for number, text in ((1, "a"), (2, "b"), (2, "b"), (1, "a"), (3, "c")):
        view.apply(number, Delta(text))
    assert view.text == "abc"
