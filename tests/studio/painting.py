"""Studios that draw with echo models, for the tests of pictures: asked, drawn, found, queued."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from studio import (
    Caller,
    ImageRequest,
    Job,
    PictureFilter,
    Settings,
    Studio,
)
from studio.lanes import LaneSize
from tests.echo_models import install_echo, until

LOCAL, BOB = Caller(via="ui"), Caller(owner="bob", via="ui")


def opened(folder: Path) -> Studio:
    return Studio.open(Settings(data_dir=folder, ollama_host="http://127.0.0.1:9", no_starters=True))


@pytest.fixture
def one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Echo models wait for each other, as those of torch do."""
    import studio.studio

    monkeypatch.setattr(studio.studio, "LANES", {**studio.studio.LANES, "echo": LaneSize(1)})


@pytest.fixture
def studio(tmp_path: Path, one_at_a_time: None) -> Iterator[Studio]:
    install_echo(tmp_path, "quick", "image")
    install_echo(tmp_path, "slow", "image", delay_s=0.05)
    install_echo(tmp_path, "breaks", "image", fail_after=1)
    with opened(tmp_path) as made:
        yield made


def asked(prompt: str = "a bee", model: str = "quick", **fields: object) -> ImageRequest:
    return ImageRequest(prompt=prompt, model=model, width=64, height=64, num_inference_steps=2, seed=5, **fields)


def drawn(studio: Studio, prompt: str = "a bee", caller: Caller = LOCAL, **fields: object) -> Job:
    job = studio.submit(asked(prompt, **fields), caller)
    job.wait()
    return job


def pictures(studio: Studio, caller: Caller = LOCAL, **wanted: object) -> list[str | None]:
    return [found.prompt for found in studio.gallery.page(caller.owner, 50, None, PictureFilter(**wanted))]


def queue(studio: Studio, caller: Caller = LOCAL) -> list[tuple[object, str]]:
    """Prompts and states, once all that was submitted to the database is written."""
    studio.preferences.set("test", "flush", None)
    return [(found.entry.request["prompt"], found.entry.state) for found in studio.image_queue(caller)]


def occupied(studio: Studio, steps: int = 200) -> Job:
    """A job that runs for 10 s unless it is cancelled, so that what comes after it waits."""
    asked = ImageRequest(prompt="long", model="slow", width=64, height=64, num_inference_steps=steps)
    job = studio.submit(asked, LOCAL)
    until(lambda: job.position == 0 and job.state == "running")
    return job
