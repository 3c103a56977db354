"""The queue of pictures: moved, cancelled, tried again, kept over a restart and a kill."""

import io
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from PIL import Image

from contract.errors import Conflict, ModelNotInstalled, NotFound, StudioError
from studio import (
    Caller,
    Studio,
    UpscaleRequest,
)
from studio.lanes import LaneSize
from tests.echo_models import install_echo, until
from tests.serving import ROOT
from tests.studio.painting import BOB, LOCAL, asked, occupied, opened, pictures, queue
from tests.studio.painting import one_at_a_time as one_at_a_time
from tests.studio.painting import studio as studio


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
    code = f"from tests.studio.test_image_queue import *; draw_until_killed(Path({str(tmp_path)!r}))"
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


def test_what_a_client_waits_for_itself_is_not_in_the_queue(studio: Studio) -> None:
    running = occupied(studio)
    studio.submit(asked("of a client"), Caller(via="api"))
    assert queue(studio) == [("long", "running")]
    running.cancel()
