"""The grid of pictures as it is kept, what is left of it cancelled; and the model that is taken when none is named."""

from dataclasses import replace
from pathlib import Path

import pytest

from contract.errors import InvalidRequest, ModelNotInstalled
from studio import ImageRequest, Studio
from tests.echo_models import install_echo, manifest_of, until
from tests.studio.painting import BOB, LOCAL, asked, occupied, opened, pictures, queue
from tests.studio.painting import one_at_a_time as one_at_a_time
from tests.studio.painting import studio as studio


def in_a_grid(*prompts: str, **fields: object) -> list[ImageRequest]:
    return [asked(prompt, **fields) for prompt in prompts]


AXES, VALUES = ("prompt", "seed"), (("one", "two"), ("5", "6"))
PROMPTS = ("one 5", "two 5", "one 6", "two 6")


def test_a_grid_is_as_it_was_after_a_restart_and_goes_on(tmp_path: Path, one_at_a_time: None) -> None:
    install_echo(tmp_path, "quick", "image")
    install_echo(tmp_path, "slow", "image", delay_s=0.05)
    with opened(tmp_path) as studio:
        occupied(studio, steps=30)
        studio.draw_grid(in_a_grid(*PROMPTS), LOCAL, AXES, VALUES)
        grid = studio.image_grid(LOCAL)
        assert grid is not None and (grid.x, grid.y, grid.across, grid.down) == (*AXES, *VALUES)
        assert [cell.state for cell in grid.cells] == ["waiting"] * 4
        assert studio.image_grid(BOB) is None
        studio.stop_jobs()  # as the app does when it is told to end, before it closes the studio
        until(lambda: not studio.jobs(None))

    with opened(tmp_path) as again:
        until(lambda: [cell.state for cell in again.image_grid(LOCAL).cells] == ["done"] * 4)
        cells = again.image_grid(LOCAL).cells
        assert tuple(again.gallery.get(cell.picture_id, "local").prompt for cell in cells) == PROMPTS
        again.delete_pictures([cells[0].picture_id], LOCAL)
        assert again.image_grid(LOCAL).cells[0].picture_id is None
        again.forget_grid(BOB)
        assert again.image_grid(LOCAL) is not None
        again.forget_grid(LOCAL)
        assert again.image_grid(LOCAL) is None
        assert set(pictures(again)) == {"long", *PROMPTS[1:]}, "the pictures stay"


def test_what_is_left_of_a_grid_is_cancelled_at_once_and_one_that_is_refused_leaves_nothing(studio: Studio) -> None:
    running = occupied(studio)
    with pytest.raises(InvalidRequest):
        studio.draw_grid([*in_a_grid(*PROMPTS), replace(asked("odd"), width=65)], LOCAL, AXES, VALUES)
    assert studio.image_grid(LOCAL) is None
    assert queue(studio) == [("long", "running")]

    jobs = studio.draw_grid(in_a_grid(*PROMPTS), LOCAL, AXES, VALUES)
    studio.cancel_grid(LOCAL)
    until(lambda: all(job.finished for job in jobs))
    assert [cell.state for cell in studio.image_grid(LOCAL).cells] == ["cancelled"] * 4
    assert queue(studio) == [("long", "running")]
    running.cancel()


def test_a_cell_that_is_tried_again_is_in_the_grid(studio: Studio) -> None:
    running = occupied(studio)
    jobs = studio.draw_grid(in_a_grid("one", "two"), LOCAL, ("prompt", ""), (("one", "two"), ("",)))
    queue(studio)
    entry = next(each.entry for each in studio.image_queue(LOCAL) if each.entry.job_id == jobs[1].id)
    studio.cancel_image(entry.id, LOCAL)
    assert studio.image_grid(LOCAL).cells[1].state == "cancelled"
    again = studio.retry_image(entry.id, LOCAL)
    running.cancel()
    again.wait()
    assert studio.image_grid(LOCAL).cells[1].picture_id is not None


# The model that is taken when none is named


def test_a_model_that_enlarges_is_never_taken_for_drawing(tmp_path: Path) -> None:
    def put(name: str, made: str) -> None:
        folder = tmp_path / "models" / "diffusers" / name
        folder.mkdir(parents=True)
        (folder / "model_index.json").write_text(f'{{"_class_name": "{made}"}}')
        (folder / "hearth.json").write_text(manifest_of(name, "diffusers", "image"))

    put("a-enlarger", "StableDiffusionUpscalePipeline")
    with opened(tmp_path) as studio:
        studio.preferences.set("", "default.image", "a-enlarger")  # as it could be chosen once
        assert studio.registry.default("image") is None
        with pytest.raises(ModelNotInstalled, match="no image model"):
            studio.submit(ImageRequest(prompt="a bee"), LOCAL)
        assert not any(info.is_default for info in studio.models())
        put("painter", "StableDiffusionPipeline")
        studio.registry.refresh()
        assert studio.registry.default("image").id == "painter"
        assert [info.spec.id for info in studio.models() if info.is_default] == ["painter"]
        with pytest.raises(InvalidRequest, match="enlarges pictures"):
            studio.registry.set_default("image", "a-enlarger")
