"""Models in processes of their own behind the real path: a job fails in a sentence, the next works, nothing stays."""

import contextlib
import json
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from engines.in_worker import InWorker
from studio import Cancelled, ChatRequest, Done, EngineFailed, Message, Settings, Studio
from studio.job import Job
from tests.echo_models import manifest_of, until
from tests.engines.tiny_language_model import make_tiny_language_model
from tests.serving import use_models
from tests.studio.asking import LOCAL, rows

STORY = "Tell me a long story about a lighthouse."


@pytest.fixture(scope="module")
def studio(starters: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """A studio as it is by itself, with the chat starter and a tiny model of torch's."""
    data_dir = tmp_path_factory.mktemp("workers")
    use_models(data_dir, starters, ["smollm2-135m"])
    add_second(data_dir / "models" / "llama_cpp")
    tiny = make_tiny_language_model(data_dir / "models" / "transformers_chat" / "tiny")
    (tiny / "hearth.json").write_text(manifest_of("tiny", "transformers_chat", "chat"))
    with Studio.open(Settings(data_dir=data_dir, ollama_host="http://127.0.0.1:9")) as studio:
        yield studio
        processes = workers()
    assert not [process for process in processes.values() if process.is_running()]


def add_second(models: Path) -> None:
    """Put the chat starter there once more, under another name."""
    shutil.copytree(models / "smollm2-135m", models / "second", copy_function=os.link)
    told = json.loads((models / "second" / "hearth.json").read_text())
    (models / "second" / "hearth.json").unlink()
    (models / "second" / "hearth.json").write_text(json.dumps({**told, "id": "second", "title": "Second"}))


def workers() -> dict[int, psutil.Process]:
    """The processes of models, by their ids."""
    found = {}
    for process in psutil.Process().children():
        try:
            if "engines.worker_host" in process.cmdline():
                found[process.pid] = process
        except psutil.Error:
            continue
    return found


def long_chat(model: str = "smollm2-135m") -> ChatRequest:
    return ChatRequest(messages=(Message("user", STORY),), model=model, temperature=0.0, max_tokens=2_000)


def short_chat(model: str = "smollm2-135m") -> ChatRequest:
    return ChatRequest(messages=(Message("user", "Name a colour."),), model=model, temperature=0.0, max_tokens=4)


def begun(studio: Studio, model: str = "smollm2-135m") -> Job:
    """A reply that is being written."""
    job = studio.submit(long_chat(model), LOCAL)
    until(lambda: job.finished or job.text())
    assert not job.finished, job.snapshot()
    return job


def held_up(studio: Studio, process: psutil.Process, model: str) -> Job:
    """A reply that has begun in a process that stands still: a tiny model would have written it in a moment."""
    process.suspend()
    job = studio.submit(long_chat(model), LOCAL)
    engine = studio.residency._residents[model].engine
    assert isinstance(engine, InWorker) and engine._worker is not None
    until(engine._worker._tasks.values)
    return job


def worker_of(studio: Studio, model: str = "smollm2-135m") -> psutil.Process:
    """The process of a model that is loaded alone."""
    studio.residency.unload_idle()
    until(lambda: not workers())
    studio.load(model)
    [process] = workers().values()
    return process


@pytest.mark.parametrize(
    ("model", "sign", "words"),
    [
        ("smollm2-135m", signal.SIGKILL, "was killed (SIGKILL)"),
        ("smollm2-135m", signal.SIGSEGV, "crashed (SIGSEGV)"),
        ("tiny", signal.SIGSEGV, "crashed (SIGSEGV)"),
    ],
)
def test_a_process_that_ends_in_a_reply_fails_that_job_and_the_next_one_works(
    studio: Studio, model: str, sign: signal.Signals, words: str
) -> None:
    process = worker_of(studio, model)
    job = begun(studio) if model == "smollm2-135m" else held_up(studio, process, model)

    process.send_signal(sign)
    with contextlib.suppress(psutil.NoSuchProcess):  # it has ended already; one that was held up must go on to do so
        process.send_signal(signal.SIGCONT)

    with pytest.raises(EngineFailed) as caught:
        job.wait()
    assert words in caught.value.message and "Try again: it is loaded anew" in caught.value.message
    assert not psutil.pid_exists(process.pid), "it was waited for, and is no zombie"
    assert model not in studio.residency.loaded()
    assert isinstance(studio.submit(short_chat(model), LOCAL).wait(), Done)
    assert len(workers()) == 1 and process.pid not in workers()
    row = next(row for row in rows(studio) if row["job_id"] == job.id)
    assert (row["status"], row["error_code"]) == ("failed", "engine_failed")
    assert bool(row["output"]) == (model == "smollm2-135m"), "what it had said is kept"


def test_one_model_s_end_leaves_the_other_at_work(studio: Studio) -> None:
    process = worker_of(studio, "second")
    other = begun(studio)
    job = begun(studio, "second")

    process.kill()

    with pytest.raises(EngineFailed):
        job.wait()
    said = other.text()
    until(lambda: other.text() != said)
    other.cancel()
    assert isinstance(other.wait(), Cancelled)


def test_a_cancelled_reply_leaves_its_process_warm_and_its_slot_free(studio: Studio) -> None:
    process = worker_of(studio)
    jobs = [begun(studio) for _ in range(3)]
    for job in jobs:
        job.cancel()
        assert isinstance(job.wait(), Cancelled)
    assert studio.submit(short_chat(), LOCAL).wait() == Done("length")
    assert list(workers()) == [process.pid]


def test_unloading_ends_the_process_and_what_it_took_is_what_the_models_panel_told(studio: Studio) -> None:
    process = worker_of(studio)
    studio.submit(short_chat(), LOCAL).wait()

    assert studio.residency.loaded()["smollm2-135m"] >= process.memory_info().rss * 0.9
    studio.unload("smollm2-135m")
    assert not psutil.pid_exists(process.pid)


def test_replies_are_written_side_by_side_in_one_process(studio: Studio) -> None:
    process = worker_of(studio)
    jobs = [begun(studio) for _ in range(3)]
    assert not any(job.finished for job in jobs), "the first is still written while the last has begun"
    assert list(workers()) == [process.pid]
    for job in jobs:
        job.cancel()
        job.wait()
