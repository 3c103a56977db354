"""Diffusers on a tiny pipeline: seeds, sizes, steps, a cancel within one step."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from contract.engine import Engine, Stop
from contract.errors import DoesNotFit, InvalidRequest
from contract.events import EngineEvent, Picture, Progress
from contract.image_requests import ImageRequest
from contract.models import ModelSpec
from engines import ENGINES
from engines.diffusers_families import SCHEDULERS
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


def test_a_scheduler_of_choice_draws_otherwise_and_leaves_the_models_own(diffusers: Engine) -> None:
    own = pictures(run(diffusers, ASKED))[0]
    other = pictures(run(diffusers, replace(ASKED, scheduler="dpm++_2m_karras")))[0]
    assert other.png != own.png
    assert (own.settings["scheduler"], other.settings["scheduler"]) == ("DDIM", "DPMSolverMultistep")
    assert pictures(run(diffusers, ASKED))[0].png == own.png


@pytest.mark.parametrize("scheduler", [name for name in SCHEDULERS if not name.startswith("flow")])
def test_every_scheduler_that_is_offered_draws_the_same_again(diffusers: Engine, scheduler: str) -> None:
    asked = replace(ASKED, scheduler=scheduler, num_inference_steps=3)
    assert pictures(run(diffusers, asked))[0].png == pictures(run(diffusers, asked))[0].png


def test_high_quality_takes_more_steps_where_none_are_asked_for(diffusers: Engine) -> None:
    standard, high, asked = (
        run(diffusers, replace(ASKED, num_inference_steps=steps, quality=quality))[-1]
        for steps, quality in ((None, "standard"), (None, "hd"), (3, "hd"))
    )
    assert [each.settings["num_inference_steps"] for each in pictures([standard, high, asked])] == [25, 50, 3]


def test_saving_memory_is_for_one_request_alone(diffusers: Engine) -> None:
    before = pictures(run(diffusers, ASKED))[0]
    saving = pictures(run(diffusers, replace(ASKED, memory="low")))[0]
    assert (saving.width, saving.height) == (64, 64)
    assert diffusers._pipeline.vae.use_tiling is False
    assert pictures(run(diffusers, ASKED))[0].png == before.png


def test_running_out_of_memory_is_told_and_the_next_picture_is_drawn(
    diffusers: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    before = pictures(run(diffusers, ASKED))[0]
    decode = diffusers._pipeline.vae.decode

    def full(*args: object, **kwargs: object) -> None:
        torch.empty(2**50)  # what the allocator itself says, not what a test thinks it says

    monkeypatch.setattr(diffusers._pipeline.vae, "decode", full)
    with pytest.raises(DoesNotFit, match="not enough memory"):
        run(diffusers, ASKED)
    monkeypatch.setattr(diffusers._pipeline.vae, "decode", decode)
    assert pictures(run(diffusers, ASKED))[0].png == before.png
