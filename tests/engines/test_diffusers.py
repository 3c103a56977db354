"""Diffusers on a tiny pipeline: seeds, sizes, steps, a cancel within one step."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from contract.engine import Engine, Stop
from contract.errors import InvalidRequest
from contract.events import EngineEvent, Picture, Progress
from contract.models import ModelSpec
from contract.requests import ImageRequest
from engines import ENGINES
from tests.engines.cases import run

ASKED = ImageRequest(prompt="a red apple", width=64, height=64, num_inference_steps=2, seed=1)


@pytest.fixture(scope="module")
def diffusers(pipeline: Path) -> Iterator[Engine]:
    spec = ModelSpec(id="tiny", engine="diffusers", kind="image", title="Tiny", paths=(pipeline,))
    engine = ENGINES["diffusers"](spec, threads=2)
    engine.load()
    yield engine
    engine.unload()


def pictures(events: list[EngineEvent]) -> list[Picture]:
    return [event for event in events if isinstance(event, Picture)]


def test_the_same_seed_gives_the_same_pixels_alone_or_in_a_batch(diffusers: Engine) -> None:
    (alone,) = pictures(run(diffusers, replace(ASKED, seed=2)))
    batch = pictures(run(diffusers, replace(ASKED, num_images=3)))
    assert [picture.seed for picture in batch] == [1, 2, 3]
    assert batch[1].png == alone.png
    assert len({picture.png for picture in batch}) == 3


def test_without_a_seed_each_picture_is_another_and_names_its_seed(diffusers: Engine) -> None:
    first, second = (pictures(run(diffusers, replace(ASKED, seed=None)))[0] for _ in range(2))
    assert first.seed != second.seed and first.png != second.png
    assert pictures(run(diffusers, replace(ASKED, seed=first.seed)))[0].png == first.png


def test_the_largest_seed_is_followed_by_the_smallest(diffusers: Engine) -> None:
    assert [picture.seed for picture in pictures(run(diffusers, replace(ASKED, seed=2**32 - 1, num_images=2)))] == [
        2**32 - 1,
        0,
    ]


def test_progress_counts_every_step_of_every_picture(diffusers: Engine) -> None:
    events = run(diffusers, replace(ASKED, num_inference_steps=3, num_images=2))
    steps = [(event.step, event.total) for event in events if isinstance(event, Progress)]
    assert steps == [(step, 6) for step in range(7)]


def test_a_cancel_ends_it_within_one_step(diffusers: Engine) -> None:
    stop = Stop()
    with closing(diffusers.run(replace(ASKED, num_inference_steps=200), stop)) as events:
        next(event for event in events if isinstance(event, Progress) and event.step >= 1)
        stop.set()
        # A few steps may have been done before the stop was asked for; none that follows it.
        assert not pictures(list(events))


@pytest.mark.parametrize(("field", "value"), [("width", 65), ("height", 100)])
def test_an_odd_size_is_refused_with_the_numbers(diffusers: Engine, field: str, value: int) -> None:
    with pytest.raises(InvalidRequest) as caught:
        run(diffusers, replace(ASKED, **{field: value}))
    message = caught.value.message
    assert field in message and str(value) in message and "multiple of 8" in message
    assert str(value // 8 * 8) in message


def test_a_prompt_longer_than_the_model_reads_is_told(diffusers: Engine) -> None:
    events = run(diffusers, replace(ASKED, prompt="apple " * 40))
    assert isinstance(events[0], Progress) and "16 tokens" in events[0].message
