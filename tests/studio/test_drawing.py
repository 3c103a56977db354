"""The gallery and the queue of pictures: found, starred, deleted, packed; moved, cancelled, tried again, kept."""

import errno
import io
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from contract.errors import Conflict, InvalidRequest, ModelNotInstalled, NotFound, StorageFailed, StudioError
from studio import (
    Artifact,
    Caller,
    Done,
    ImageRequest,
    Job,
    PictureFilter,
    Settings,
    Studio,
    UpscaleRequest,
    read_image_parameters,
)
from studio.lanes import LaneSize
from tests.echo_models import install_echo, until
from tests.serving import ROOT

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


# The gallery


def test_pictures_are_found_by_words_model_and_star(studio: Studio) -> None:
    for prompt in ("a red boat", "a red house 100%", "a blue boat"):
        drawn(studio, prompt)
    drawn(studio, "a red boat", BOB)

    assert pictures(studio) == ["a blue boat", "a red house 100%", "a red boat"]
    assert pictures(studio, words="RED boat") == ["a red boat"]
    assert pictures(studio, words="0%") == ["a red house 100%"]
    drawn(studio, "Łódź o świcie", BOB)
    assert pictures(studio, BOB, words="ŚWICIE łódź") == ["Łódź o świcie"]
    assert pictures(studio, model="slow") == []
    newest = studio.gallery.page("local", 1)[0]
    studio.gallery.star(newest.file.id, "local", True)
    assert pictures(studio, starred=True) == ["a blue boat"]
    older = studio.gallery.page("local", 5, before=newest.file.id)
    assert [each.prompt for each in older] == ["a red house 100%", "a red boat"]


def test_each_picture_of_a_batch_is_there_before_the_next_is_drawn(studio: Studio) -> None:
    job = studio.submit(asked("a batch", "slow", num_images=8), LOCAL)
    first = next(event for _, event in job.follow() if isinstance(event, Artifact))

    found = studio.gallery.get(first.id, "local")
    assert (found.prompt, found.model, found.file.path.is_file()) == ("a batch", "slow", True)
    assert set(pictures(studio, words="batch", model="slow")) == {"a batch"}
    job.wait()
    assert pictures(studio) == ["a batch"] * 8
    (row,) = studio.interactions.page("local", 5)
    assert len(row.artifacts) == 8


def test_a_disk_that_fills_up_in_the_middle_of_a_batch_leaves_what_was_done_and_no_scraps(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, written = Path.write_bytes, []

    def full(path: Path, data: bytes) -> int:
        written.append(path)
        if len(written) < 3:
            return write(path, data)
        write(path, data[:100])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    job = studio.submit(asked("a batch", num_images=4), LOCAL)
    with pytest.raises(StorageFailed, match="Free some space"):
        job.wait()
    monkeypatch.undo()
    assert pictures(studio) == ["a batch"] * 2
    assert len(list((tmp_path / "artifacts").rglob("*.png"))) == 2
    drawn(studio, "with room again")
    assert pictures(studio)[0] == "with room again"


def draw_a_batch_until_killed(folder: Path) -> None:
    """Draw pictures in a row and say so after the first; for a process of its own."""
    with opened(folder) as made:
        job = made.submit(asked("a batch", "slow", num_images=8), LOCAL)
        next(event for _, event in job.follow() if isinstance(event, Artifact))
        print("the first is done", flush=True)
        threading.Event().wait()


def test_kill_9_in_the_middle_of_a_batch_keeps_the_pictures_that_were_done(tmp_path: Path) -> None:
    install_echo(tmp_path, "slow", "image", delay_s=0.5)
    code = f"from tests.studio.test_drawing import *; draw_a_batch_until_killed(Path({str(tmp_path)!r}))"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None and process.stdout.readline() == "the first is done\n"
        process.kill()

    with opened(tmp_path) as again:
        assert set(pictures(again)) == {"a batch"}
        (row,) = again.interactions.page("local", 5)
        assert row.status == "interrupted" and "pictures that were done are kept" in str(row.error_message)
        assert len(row.artifacts) == len(pictures(again))


def test_a_deleted_picture_is_gone_with_its_prompt_and_the_figures_stay(studio: Studio) -> None:
    drawn(studio, "a secret", num_images=2)
    first, second = studio.gallery.page("local", 5)

    assert studio.gallery.delete([first.file.id, "0" * 32], "bob") == 0
    assert studio.gallery.delete([first.file.id, "0" * 32], "local") == 1
    assert not first.file.path.exists()
    assert pictures(studio) == ["a secret"]
    studio.gallery.delete([second.file.id], "local")
    assert pictures(studio) == []
    (row,) = studio.interactions.page("local", 5)
    assert row.input is None and row.status == "done"
    with pytest.raises(NotFound):
        studio.gallery.get(first.file.id, "local")


def test_pictures_are_packed_for_their_owner_alone(studio: Studio) -> None:
    drawn(studio, num_images=2)
    ids = [found.file.id for found in studio.gallery.page("local", 5)]

    with studio.zip_pictures(ids, "local") as file, zipfile.ZipFile(io.BytesIO(file.read())) as packed:
        assert packed.testzip() is None
        assert packed.namelist() == ["001-hearth-6.png", "002-hearth-5.png"]
    with pytest.raises(NotFound):
        studio.zip_pictures(ids, "bob")
    with pytest.raises(InvalidRequest, match="0 pictures"):
        studio.zip_pictures([], "local")


def test_a_picture_says_how_it_was_made(studio: Studio) -> None:
    drawn(studio, "a red boat", negative_prompt="people")
    (found,) = studio.gallery.page("local", 5)

    with found.file.path.open("rb") as file:
        made = read_image_parameters(file)

    assert (made.prompt, made.negative_prompt, made.model) == ("a red boat", "people", "quick")
    assert (made.width, made.height, made.num_inference_steps, made.seed) == (64, 64, 2, 5)
    assert studio.picture_parameters(found.file.id, LOCAL) == made


@pytest.mark.parametrize("scale", [2, 3])
def test_a_picture_is_enlarged_without_a_model(studio: Studio, scale: int) -> None:
    drawn(studio)
    (found,) = studio.gallery.page("local", 5)
    job = studio.submit(UpscaleRequest(image=found.file.path.read_bytes(), scale=scale, prompt="a bee"), LOCAL)

    assert isinstance(job.wait(), Done)
    large = studio.gallery.page("local", 5)[0]
    with Image.open(large.file.path) as picture:
        assert picture.size == (64 * scale, 64 * scale)
    assert studio.picture_parameters(large.file.id, LOCAL).seed == 5
    assert large.prompt == "a bee"


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"scale": 9}, "scale is 9"),
        ({"image": b"no picture"}, "no PNG"),
        ({"model": "quick"}, "quick can't do upscale"),
    ],
)
def test_what_can_not_be_enlarged_is_refused(studio: Studio, fields: dict[str, object], told: str) -> None:
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "PNG")
    with pytest.raises(InvalidRequest, match=told):
        studio.submit(UpscaleRequest(**{"image": file.getvalue(), **fields}), LOCAL)


def test_a_picture_that_would_unpack_to_too_much_is_refused_before_it_does(studio: Studio) -> None:
    file = io.BytesIO()
    Image.new("1", (30_000, 30_000)).save(file, "PNG")
    job = studio.submit(UpscaleRequest(image=file.getvalue()), LOCAL)
    with pytest.raises(InvalidRequest, match=r"image has far more than|30000 x 30000"):
        job.wait()


# The queue


def test_what_waits_is_moved_and_drawn_in_its_new_order(studio: Studio) -> None:
    running = occupied(studio)
    jobs = {prompt: studio.submit(asked(prompt), LOCAL) for prompt in ("one", "two", "three")}
    entries = (
        {found.entry.request["prompt"]: found.entry.id for found in studio.image_queue(LOCAL)} if queue(studio) else {}
    )

    studio.move_image(entries["three"], LOCAL, up=True)
    studio.move_image(entries["one"], LOCAL, up=False)
    studio.move_image(entries["three"], LOCAL, up=True)  # it is the first already

    assert queue(studio) == [("long", "running"), ("three", "waiting"), ("one", "waiting"), ("two", "waiting")]
    assert [jobs[prompt].position for prompt in ("three", "one", "two")] == [1, 2, 3]
    with pytest.raises(Conflict, match="Only what still waits"):
        studio.move_image(entries["long"], LOCAL, up=True)
    with pytest.raises(NotFound):
        studio.move_image(entries["one"], BOB, up=True)
    running.cancel()
    for job in jobs.values():
        job.wait()
    assert pictures(studio) == ["two", "one", "three"]
    assert queue(studio) == [("long", "cancelled")]


def test_enlarging_by_a_model_is_in_the_queue_and_is_tried_again(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "PNG")
    monkeypatch.setattr("studio.studio.check_able", lambda request, spec: None)
    running = occupied(studio)
    enlarging = studio.submit(UpscaleRequest(image=file.getvalue(), scale=2, model="quick", prompt="a bee"), LOCAL)
    assert queue(studio) == [("long", "running"), ("a bee", "waiting")]
    running.cancel()
    with pytest.raises(StudioError):  # it is an echo, which draws
        enlarging.wait()
    entry = next(each.entry for each in studio.image_queue(LOCAL) if each.entry.job_id == enlarging.id)
    again = studio.retry_image(entry.id, LOCAL)
    assert again.request == enlarging.request
    with pytest.raises(StudioError):
        again.wait()


def test_what_failed_or_was_cancelled_is_tried_again_or_removed(studio: Studio) -> None:
    running = occupied(studio)
    broken = studio.submit(asked("broken", "breaks"), LOCAL)
    waits = studio.submit(asked("waits"), LOCAL)
    queue(studio)
    by_prompt = {found.entry.request["prompt"]: found.entry.id for found in studio.image_queue(LOCAL)}
    studio.cancel_image(by_prompt["waits"], LOCAL)
    running.cancel()
    until(lambda: running.finished and broken.finished and waits.finished)

    assert queue(studio) == [("long", "cancelled"), ("broken", "failed"), ("waits", "cancelled")]
    assert "fail_after" in str(studio.image_queue(LOCAL)[1].entry.error_message)
    studio.retry_image(by_prompt["waits"], LOCAL).wait()
    assert pictures(studio) == ["waits"]
    with pytest.raises(NotFound):
        studio.retry_image(by_prompt["waits"], LOCAL)
    with pytest.raises(NotFound):
        studio.remove_image(by_prompt["long"], BOB)
    studio.remove_image(by_prompt["long"], LOCAL)
    assert queue(studio) == [("broken", "failed")]


def test_the_queue_goes_on_after_a_restart(tmp_path: Path, one_at_a_time: None) -> None:
    install_echo(tmp_path, "quick", "image")
    install_echo(tmp_path, "slow", "image", delay_s=0.05)
    source = io.BytesIO()
    Image.new("RGB", (8, 8)).save(source, "PNG")
    with opened(tmp_path) as studio:
        occupied(studio)
        studio.submit(asked("one"), LOCAL)
        studio.submit(asked("gone", "slow"), LOCAL)
        assert len(queue(studio)) == 3
    for file in (tmp_path / "models" / "echo-image" / "slow").iterdir():
        file.unlink()

    with opened(tmp_path) as again:
        until(lambda: len(queue(again)) == 2)
        # What needs a model that is not here any more says so and stays.
        assert {state for _, state in queue(again)} == {"failed"}
        assert pictures(again) == ["one"]
        with pytest.raises((ModelNotInstalled, NotFound)):
            again.retry_image(again.image_queue(LOCAL)[0].entry.id, LOCAL)


def draw_until_killed(folder: Path) -> None:
    """Begin one picture, let three wait, the last of them moved up, and say so; for a process of its own."""
    import studio.studio

    studio.studio.LANES = {**studio.studio.LANES, "echo": LaneSize(1)}
    with opened(folder) as made:
        occupied(made)
        for prompt in ("one", "two", "three"):
            made.submit(asked(prompt), LOCAL)
        queue(made)
        by_prompt = {found.entry.request["prompt"]: found.entry.id for found in made.image_queue(LOCAL)}
        made.move_image(by_prompt["three"], LOCAL, up=True)
        assert [prompt for prompt, _ in queue(made)] == ["long", "one", "three", "two"]
        print("they wait", flush=True)
        threading.Event().wait()


def test_kill_9_in_the_middle_of_the_queue_loses_nothing_of_it(tmp_path: Path, one_at_a_time: None) -> None:
    install_echo(tmp_path, "quick", "image")
    install_echo(tmp_path, "slow", "image", delay_s=0.05)
    code = f"from tests.studio.test_drawing import *; draw_until_killed(Path({str(tmp_path)!r}))"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None and process.stdout.readline() == "they wait\n"
        process.kill()

    with opened(tmp_path) as again:
        until(lambda: len(pictures(again)) == 3)
        until(lambda: len(queue(again)) == 1)
        assert pictures(again) == ["two", "three", "one"], "those that waited are drawn, in their order"
        # What was being drawn may be what the process died of: it waits for its person.
        assert queue(again) == [("long", "interrupted")]
        (left,) = again.image_queue(LOCAL)
        again.retry_image(left.entry.id, LOCAL).cancel()
        until(lambda: queue(again) == [("long", "cancelled")])


def test_deleted_pictures_are_brought_back_until_they_are_purged(studio: Studio) -> None:
    drawn(studio, "a bee", num_images=2)
    drawn(studio, "an ant")
    ids = [found.file.id for found in studio.gallery.page("local", 5)]

    assert studio.delete_pictures(ids[:2], BOB) == []
    assert studio.delete_pictures([*ids[:2], "0" * 32], LOCAL) == ids[:2]
    assert studio.delete_pictures(ids[:2], LOCAL) == []
    assert pictures(studio) == ["a bee"]
    for read in (studio.gallery.get, studio.artifacts.get, lambda one, owner: studio.artifact(one, LOCAL)):
        with pytest.raises(NotFound):
            read(ids[0], "local")
    with pytest.raises(NotFound, match="ten minutes"):
        studio.bring_pictures_back(ids[:2], BOB)
    studio.bring_pictures_back(ids[:2], LOCAL)
    assert pictures(studio) == ["an ant", "a bee", "a bee"]

    paths = [found.file.path for found in studio.gallery.page("local", 5)]
    studio.delete_pictures(ids[:2], LOCAL)
    assert studio.gallery.purge("2001-01-01T00:00:00.000Z") == 0
    assert studio.gallery.purge("2999-01-01T00:00:00.000Z") == 2
    assert [path.exists() for path in paths] == [False, False, True]
    with pytest.raises(NotFound, match="ten minutes"):
        studio.bring_pictures_back(ids[:2], LOCAL)
    assert {row.input for row in studio.interactions.page("local", 5)} == {None, "a bee"}


def test_what_a_client_waits_for_itself_is_not_in_the_queue(studio: Studio) -> None:
    running = occupied(studio)
    studio.submit(asked("of a client"), Caller(via="api"))
    assert queue(studio) == [("long", "running")]
    running.cancel()
