"""Jobs as the Studio keeps them: found again, counted in the queue, ended when it closes."""

import threading

import pytest

from studio import (
    Caller,
    Cancelled,
    Done,
    NotFound,
    Queued,
    Studio,
    shelf,
)
from studio.lanes import Lane, LaneSize
from tests.echo_models import until
from tests.studio.asking import LOCAL, chat, only_row, rows

# Jobs


def test_events_come_in_order_and_the_first_output_is_timed(odd_studio: Studio) -> None:
    job = odd_studio.submit(chat("one two three", model="loads-slowly"), LOCAL)
    job.wait()

    names = [type(event).__name__ for _, event in job.snapshot()]
    assert names == ["Loading", "Delta", "Delta", "Delta", "Usage", "Done"]
    row = only_row(odd_studio)
    assert 0.2 <= row["load_s"] <= row["first_output_s"] <= row["duration_s"]


def test_the_place_in_the_queue_is_told(odd_studio: Studio) -> None:
    lane = odd_studio.lanes["echo"]
    odd_studio.lanes["echo"] = Lane("echo", LaneSize(1), lane._run, lane._drop)
    running = odd_studio.submit(chat("word " * 500, model="slow-chat"), LOCAL)
    until(lambda: running.state == "running")
    waiting = [odd_studio.submit(chat("x", model="slow-chat"), LOCAL) for _ in range(3)]
    assert [job.position for job in waiting] == [1, 2, 3]

    waiting[0].cancel()
    running.cancel()
    for job in waiting[1:]:
        assert job.wait() == Done()

    assert [event.position for _, event in waiting[2].snapshot() if isinstance(event, Queued)] == [3, 2, 1]
    odd_studio.lanes["echo"].close(5)


def test_a_job_is_found_by_its_owner_alone(odd_studio: Studio) -> None:
    anna, boris = Caller(owner="anna", via="api"), Caller(owner="boris", via="api")
    job = odd_studio.submit(chat("word " * 100, model="slow-chat"), anna)

    assert odd_studio.job(job.id, anna) is job
    assert odd_studio.jobs(anna) == [job]
    assert odd_studio.jobs(boris) == []
    assert odd_studio.jobs(None) == [job]
    assert odd_studio.jobs(anna, "speech") == []
    for wanted in (job.id, "no such job", "", "x" * 10_000, "../x"):
        with pytest.raises(NotFound) as caught:
            odd_studio.job(wanted, boris)
        assert len(caught.value.message) < 200
    job.cancel()


def test_finished_jobs_are_kept_for_a_while_and_unfinished_ones_always(
    odd_studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelf, "KEPT", 3)
    running = odd_studio.submit(chat("word " * 500, model="slow-chat"), LOCAL)
    finished = []
    for _ in range(6):
        finished.append(odd_studio.submit(chat("x", model="loads-slowly"), LOCAL))
        finished[-1].wait()
    odd_studio.submit(chat("x", model="loads-slowly"), LOCAL).wait()

    assert odd_studio.job(running.id, LOCAL) is running
    assert odd_studio.job(finished[-1].id, LOCAL) is finished[-1]
    with pytest.raises(NotFound, match="Finished ones are kept for 15 minutes"):
        odd_studio.job(finished[0].id, LOCAL)

    monkeypatch.setattr(shelf, "KEPT_S", 0.0)
    odd_studio.submit(chat("x", model="loads-slowly"), LOCAL).wait()
    with pytest.raises(NotFound):
        odd_studio.job(finished[-1].id, LOCAL)
    running.cancel()


def test_submitting_does_not_wait_for_the_engine(odd_studio: Studio) -> None:
    jobs = [odd_studio.submit(chat("word " * 5_000, model="slow-chat"), LOCAL) for _ in range(50)]

    assert not any(job.finished for job in jobs)
    for job in jobs:
        job.cancel()
    assert {type(job.wait()) for job in jobs} == {Cancelled}
    assert [row["status"] for row in rows(odd_studio)] == ["cancelled"] * 50


def test_requests_from_many_threads_all_end_and_are_all_logged(echo_studio: Studio) -> None:
    def ask(number: int) -> None:
        for index in range(10):
            job = echo_studio.submit(chat(f"{number} {index}"), Caller(owner=f"o{number}"))
            assert job.wait() == Done()
            assert job.text() == f"{number} {index}"

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert echo_studio.interactions.count() == 200
    assert echo_studio._database.rows("SELECT count(*) FROM jobs WHERE state = 'done'")[0][0] == 200
