"""Engines in processes of their own: what ends a process ends its runs alone, in one sentence, and leaves nothing."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psutil
import pytest
import structlog

from contract.engine import Engine, Stop
from contract.errors import DoesNotFit, EngineFailed, InvalidRequest, ModelDamaged, StudioError
from contract.events import Delta, EngineEvent
from contract.models import ModelSpec
from engines import ENGINES, worker_ends, worker_process
from engines.in_worker import InWorker, in_worker
from tests.engines.cases import ask, run, text_of, until
from tests.engines.faulty import Faulty

ROOT = Path(__file__).resolve().parent.parent.parent
SPEC = ModelSpec(id="faulty", engine="faulty", kind="chat", title="Faulty")
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="a means that Linux has")


def pid_of(engine: Engine) -> int:
    assert isinstance(engine, InWorker) and engine._worker is not None
    return engine._worker._process.pid


def gone(pid: int) -> bool:
    """Whether a process has ended and been waited for: no zombie is left."""
    return not psutil.pid_exists(pid)


@pytest.fixture
def engine() -> Iterator[InWorker]:
    """A faulty engine in a process of its own, loaded."""
    engine = in_worker(Faulty)(SPEC, timeout_s=60)
    engine.load()
    yield engine
    engine.unload()


@pytest.fixture(scope="module")
def steady() -> Iterator[InWorker]:
    """One that no test ends."""
    engine = in_worker(Faulty)(SPEC, timeout_s=60)
    engine.load()
    yield engine
    engine.unload()


def failure(engine: Engine, order: str) -> tuple[str, StudioError]:
    """What came before the error, and the error."""
    said: list[EngineEvent] = []
    with pytest.raises(StudioError) as caught:
        for event in engine.run(ask(order), Stop()):
            said.append(event)
    return text_of(said), caught.value


@pytest.mark.parametrize(
    ("order", "error", "words"),
    [
        ("crash", EngineFailed, "Faulty crashed (SIGSEGV); the rest of Hearth goes on. Try again: it is loaded anew."),
        ("kill", EngineFailed, "The process of Faulty was killed (SIGKILL), by somebody or by a system short of"),
        ("exit", EngineFailed, "The process of Faulty ended by itself (exit status 7). Try again: it is loaded anew."),
        ("throw bad_alloc", DoesNotFit, "Faulty ran out of memory, and its process was ended. Choose a smaller model"),
    ],
)
def test_what_ends_the_process_fails_its_run_in_one_sentence_and_the_next_works(
    engine: InWorker, order: str, error: type[StudioError], words: str
) -> None:
    pid = pid_of(engine)

    said, raised = failure(engine, order)

    assert "one two three ".startswith(said)  # what was made in the last moment may be lost
    assert type(raised) is error and raised.message.startswith(words), raised.message
    assert raised.details["model"] == "faulty"
    assert engine.lost and not engine.serves(SPEC) and engine.memory_bytes == 0
    until(lambda: gone(pid))
    with pytest.raises(error):  # until it is loaded anew it goes on to say why
        run(engine, ask("hello"))
    engine.load()
    assert not engine.lost and engine.serves(SPEC)
    assert text_of(run(engine, ask("hello"))) == "one two three "


def test_a_kill_that_the_system_counts_as_want_of_memory_is_told_so(
    engine: InWorker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = tmp_path / "vmstat"
    counts.write_text("nr_free_pages 12\noom_kill 3\n")
    monkeypatch.setattr(worker_ends, "OOM_COUNTS", (counts, tmp_path / "none"))
    engine.load()
    with closing(engine.run(ask("wait"), Stop())) as events:
        next(events)
        counts.write_text("nr_free_pages 12\noom_kill 4\n")
        os.kill(pid_of(engine), signal.SIGKILL)
        with pytest.raises(DoesNotFit, match="Faulty ran out of memory"):
            list(events)


@LINUX
def test_the_system_s_counts_can_be_read() -> None:
    assert any("oom_kill " in path.read_text() for path in worker_ends.OOM_COUNTS if path.exists())
    assert worker_ends.oom_kills() >= 0


def test_memory_that_python_can_not_have_fails_the_run_alone(engine: InWorker) -> None:
    said, raised = failure(engine, "allocate")

    assert said == "one two three "
    assert type(raised) is DoesNotFit and "ran out of memory" in raised.message
    assert not engine.lost
    assert text_of(run(engine, ask("hello"))) == "one two three "


def test_every_run_of_a_process_that_ends_fails_with_an_error_of_its_own(engine: InWorker) -> None:
    begun = threading.Barrier(6)

    def wait_for_it() -> StudioError:
        with closing(engine.run(ask("wait"), Stop())) as events, pytest.raises(EngineFailed) as caught:
            next(events)
            begun.wait(30)
            list(events)
        return caught.value

    with ThreadPoolExecutor(5) as threads:
        waiting = [threads.submit(wait_for_it) for _ in range(5)]
        begun.wait(30)
        failure(engine, "crash")
        errors = [one.result(30) for one in waiting]

    assert len(set(map(id, errors))) == 5
    assert {error.message for error in errors} == {errors[0].message}


@pytest.mark.parametrize("order", ["hang", "hang holding the interpreter"])
def test_a_process_that_gives_no_sign_is_ended(order: str) -> None:
    engine = in_worker(Faulty)(SPEC, timeout_s=2)
    engine.load()
    pid = pid_of(engine)

    said, raised = failure(engine, order)

    assert "one two three ".startswith(said)
    assert raised.message.startswith("Faulty gave no sign for 2 seconds, so its process was ended. Try again")
    assert "--worker-timeout-s" in raised.message
    assert engine.lost
    until(lambda: gone(pid))


def test_a_run_that_hears_no_stop_sign_is_ended_with_its_process(
    engine: InWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_process, "STOP_S", 0.2)
    with closing(engine.run(ask("hang"), Stop())) as events:
        next(events)
    assert engine.lost


def test_a_stop_ends_the_run_and_neither_the_process_nor_the_others(steady: InWorker) -> None:
    pid, stop = pid_of(steady), Stop()
    with closing(steady.run(ask("wait"), Stop())) as other:
        next(other)
        for event in steady.run(ask("wait"), stop):
            if event == Delta("three "):
                stop.set()
        with closing(steady.run(ask("wait"), Stop())) as left:
            next(left)
        assert text_of(run(steady, ask("hello"))) == "one two three "
        assert next(other) == Delta("two ")
    assert pid_of(steady) == pid and not steady.lost


def test_an_error_of_the_engine_s_comes_with_its_class_and_its_figures(steady: InWorker) -> None:
    _, raised = failure(steady, "refuse")

    assert type(raised) is ModelDamaged
    assert raised.message == "It is no good. Take another."
    assert raised.details == {"model": "faulty", "part": 3, "sure": True}
    with pytest.raises(InvalidRequest, match="can't count tokens") as caught:
        steady.count_tokens(ask("hello"))
    assert caught.value.details == {"model": "faulty"}


def test_a_bug_comes_with_its_traceback_for_the_log(steady: InWorker) -> None:
    with pytest.raises(RuntimeError, match=r"(?s)Traceback .*in stumble.*IndexError: list index out of range"):
        run(steady, ask("stumble"))


def test_what_can_not_be_sent_is_an_error_and_harms_nobody(steady: InWorker) -> None:
    with pytest.raises((TypeError, AttributeError)):
        run(steady, lambda: None)  # type: ignore[arg-type]
    assert text_of(run(steady, ask("hello"))) == "one two three "


def test_what_the_process_prints_goes_to_the_log(steady: InWorker, monkeypatch: pytest.MonkeyPatch) -> None:
    # What other tests made of the log, its level too, is not ours: a logger of its own stands in.
    lines: list[dict[str, object]] = []
    capture = structlog.testing.LogCapture()
    capture.entries = lines  # type: ignore[assignment]
    own = structlog.wrap_logger(
        None,
        processors=[capture],
        wrapper_class=structlog.make_filtering_bound_logger(0),
        cache_logger_on_first_use=False,
    )
    monkeypatch.setattr(worker_process, "log", own)
    run(steady, ask("print"))
    until(lambda: any(line.get("line") == "a word of the library's" for line in lines))


def test_many_runs_go_on_side_by_side_and_none_gets_another_s_words() -> None:
    engine = in_worker(ENGINES["echo-chat"])(ModelSpec(id="e", engine="echo-chat", kind="chat", title="E"))
    engine.load()
    texts = [" ".join(f"{number}.{word}" for word in range(50)) for number in range(200)]
    with ThreadPoolExecutor(64) as threads:
        assert list(threads.map(lambda text: text_of(run(engine, ask(text))), texts)) == texts
    engine.unload()


def test_the_process_is_lean_and_knows_no_settings_of_ours(steady: InWorker, monkeypatch: pytest.MonkeyPatch) -> None:
    modules = text_of(run(steady, ask("modules"))).split()
    assert not {"gradio", "fastapi", "studio", "store", "torch", "numpy"} & set(modules)

    monkeypatch.setenv("HEARTH_KEY_SECRET", "sk-secret")
    engine = in_worker(Faulty)(SPEC, timeout_s=60)
    engine.load()
    assert not [name for name in text_of(run(engine, ask("variables"))).split() if name.startswith("HEARTH_")]
    engine.unload()


def test_ctrl_c_in_the_terminal_is_not_for_it(steady: InWorker) -> None:
    os.kill(pid_of(steady), signal.SIGINT)
    assert os.getpgid(pid_of(steady)) != os.getpgid(0)
    assert text_of(run(steady, ask("hello"))) == "one two three "


def test_its_memory_is_its_own_and_unloading_gives_all_of_it_back() -> None:
    mine = psutil.Process().memory_info().rss
    spec = ModelSpec(id="big", engine="faulty", kind="chat", title="Big", options={"bytes": 300_000_000})
    engine = in_worker(Faulty)(spec)
    assert engine.memory_bytes == 0
    engine.load()
    pid = pid_of(engine)

    assert engine.memory_bytes is not None and engine.memory_bytes > 300_000_000
    assert psutil.Process().memory_info().rss - mine < 100_000_000
    engine.unload()
    assert gone(pid) and engine.memory_bytes == 0
    engine.unload()


@pytest.mark.parametrize("fault", ["crash", "exit", "refuse"])
def test_a_load_that_fails_leaves_no_process(fault: str) -> None:
    spec = ModelSpec(id="bad", engine="faulty", kind="chat", title="Bad", options={"load": fault})
    engine = in_worker(Faulty)(spec)
    before = set(psutil.Process().children())

    with pytest.raises(ModelDamaged if fault == "refuse" else EngineFailed):
        engine.load()
    until(lambda: set(psutil.Process().children()) <= before)


def test_a_process_that_can_not_begin_is_told_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(EngineFailed, match=r"could be used \(exit status 1\).*start Hearth with --workers off"):
        in_worker(Faulty)(SPEC).load()
    monkeypatch.setattr(sys, "executable", "/no/such/program")
    with pytest.raises(EngineFailed, match="No process can be started for Faulty"):
        in_worker(Faulty)(SPEC).load()


PARENT = """
import threading
from contract.engine import Stop
from tests.engines.cases import ask
from tests.engines.test_in_worker import SPEC, Faulty, in_worker, pid_of
engine = in_worker(Faulty)(SPEC)
engine.load()
print("pid", pid_of(engine), flush=True)
threading.Thread(target=lambda: list(engine.run(ask({order!r}), Stop())), daemon=True).start()
"""


def ends(pid: int) -> bool:
    """Whether an orphan has ended; who takes in orphans may leave it as a zombie for a while."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.mark.parametrize("order", ["print", pytest.param("hang holding the interpreter", marks=LINUX)])
def test_a_process_ends_with_the_one_that_began_it_even_if_that_is_killed(order: str) -> None:
    code = PARENT.format(order=order) + "threading.Event().wait()"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=ROOT) as parent:
        assert parent.stdout is not None
        pid = next(int(line.split()[1]) for line in parent.stdout if line.startswith("pid"))
        assert any("worker_said" in line for line in parent.stdout)
        assert psutil.pid_exists(pid)
        parent.kill()
    until(lambda: ends(pid))


def test_a_program_that_forgets_to_unload_ends_all_the_same_and_so_does_its_process() -> None:
    code = PARENT.format(order="wait")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=120)
    assert done.returncode == 0 and not done.stderr, done.stderr
    assert ends(next(int(line.split()[1]) for line in done.stdout.splitlines() if line.startswith("pid")))


def test_a_process_is_there_until_the_program_ends_it_and_that_is_no_error() -> None:
    # Handlers run last in, first out: this one before the one that ends the processes.
    code = (
        PARENT.format(order="wait")
        + "import atexit\natexit.register(lambda: print('lost', engine._worker.ended.wait(1)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=120)
    assert "lost False" in done.stdout and "worker_ended" not in done.stdout, done.stdout
