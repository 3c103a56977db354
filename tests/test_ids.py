"""Identifiers come in the order of making, whatever the clock does."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from contract.ids import new_id


def test_ids_made_within_one_millisecond_are_in_order_and_all_different() -> None:
    made = [new_id() for _ in range(1_000)]
    assert made == sorted(set(made))
    assert {len(name) for name in made} == {32}


def test_a_clock_that_is_put_back_does_not_turn_the_order_round(monkeypatch: pytest.MonkeyPatch) -> None:
    before = new_id()
    monkeypatch.setattr(time, "time_ns", lambda: 0)
    assert new_id() > before


def test_threads_never_make_the_same_id() -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: new_id(), range(4_000)))
    assert len(set(made)) == len(made)
    assert len({name[:12] for name in made}) == len(made)
