"""A process that holds one model: begun, called, watched and ended from here; ``worker_host`` is what runs in it.

Two threads of ours talk to it over ``worker_wire``: one begins tasks and cancels them, in order; the other takes
what comes of them and hands it to whoever waits for each. A third passes on to the log what the process prints.

Limits: a sign of any task counts for all of a model's tasks, because some rightly wait for others. A process that
the system killed for want of memory is known by the system's own count of such kills, where it has one.
"""

import atexit
import contextlib
import functools
import itertools
import json
import os
import queue
import secrets
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from multiprocessing import AuthenticationError
from multiprocessing.managers import BaseProxy
from pathlib import Path

import psutil
import structlog

from contract.errors import EngineFailed, StudioError
from contract.models import ModelSpec
from engines.worker_ends import ByUs, End, oom_kills
from engines.worker_wire import READY, Ended, HostProxy, Item, Method, WorkerManager

log = structlog.get_logger(__name__)
STOP_S = 60.0  # a run that was cancelled may still be in the middle of a step
START_S = 60.0
END_S = 10.0
LINE_BYTES = 2_000
LINES_KEPT = 20
_ROOT = str(Path(__file__).resolve().parent.parent)
_alive: "weakref.WeakSet[WorkerProcess]" = weakref.WeakSet()


class WorkerProcess:
    """One process for one model; its tasks run side by side.

    Args:
        timeout_s: How long it may give no sign while there is work for it.

    Attributes:
        heard: When it gave its last sign, on ``time.monotonic``.
        ended: Set once it has ended and every task has been told.

    Raises:
        EngineFailed: It can't be started.
    """

    def __init__(self, spec: ModelSpec, timeout_s: float) -> None:
        self.timeout_s = timeout_s
        self.heard = began = time.monotonic()
        self.ended = threading.Event()
        self._spec = spec
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._tasks: dict[int, Task] = {}
        self._calls: queue.SimpleQueue[tuple[int, Method, tuple[object, ...]] | None] = queue.SimpleQueue()
        self._said: deque[str] = deque(maxlen=LINES_KEPT)
        self._ended_by_us: ByUs = ""
        self._silent_s = timeout_s
        self._killed_before = oom_kills()
        self._address = _address()
        try:
            self._process = _started()
        except OSError as exc:
            raise EngineFailed(
                f"No process can be started for {spec.title}: {exc.strerror or exc}. Unload other models, then try "
                "again.",
                model=spec.id,
            ) from exc
        _alive.add(self)
        self._log_thread = self._thread(self._log)
        host = self._connect()
        self._thread(self._call, host)
        self._thread(self._take, host)
        log.info("worker_started", model=spec.id, pid=self._process.pid, seconds=round(time.monotonic() - began, 3))

    def _thread(self, work: Callable[..., None], *arguments: object) -> threading.Thread:
        thread = threading.Thread(target=work, args=arguments, name=f"worker{work.__name__}", daemon=True)
        thread.start()
        return thread

    def _connect(self) -> HostProxy:
        process, secret = self._process, secrets.token_bytes(32)
        assert process.stdin is not None and process.stdout is not None
        too_long = threading.Timer(START_S, process.kill)
        too_long.start()
        try:
            told = {"address": self._address, "secret": secret.hex(), "parent": os.getpid()}
            process.stdin.write(json.dumps(told).encode() + b"\n")
            process.stdin.flush()
            with process.stdout as answer:
                if answer.readline() != READY:
                    raise EOFError("it ended without a word")
            manager = WorkerManager(self._address, secret)
            manager.connect()
            return manager.host()
        except (EOFError, OSError, AuthenticationError) as exc:
            process.kill()
            self._bury()
            raise EngineFailed(
                f"The process for {self._spec.title} ended before it could be used (exit status "
                f"{process.returncode}); the server's log tells more. Try again, or start Hearth with --workers off.",
                model=self._spec.id,
            ) from exc
        finally:
            too_long.cancel()

    @property
    def memory_bytes(self) -> int:
        """What it takes, in bytes; 0 once it has ended."""
        try:
            return 0 if self.ended.is_set() else int(psutil.Process(self._process.pid).memory_info().rss)
        except psutil.Error:
            return 0

    # Tasks

    def begin(self, method: Method, *arguments: object) -> "Task":
        """Begin a task and return it at once.

        Raises:
            StudioError: The process has ended.
        """
        with self._lock:
            if self.ended.is_set():
                raise self._error()
            task = Task(self, next(self._numbers))
            self._tasks[task.number] = task
            self._calls.put((task.number, method, arguments))
        return task

    def ask(self, method: Method, *arguments: object) -> int | None:
        """Do a task to its end and return its answer; raises what it raised."""
        task = self.begin(method, *arguments)
        while not isinstance(item := task.next(), Ended):
            pass
        if item.error is not None:
            raise item.error
        return item.answer

    def cancel(self, number: int) -> None:
        """Have a task stopped; returns at once."""
        self._calls.put((number, "cancel", ()))

    def _call(self, host: HostProxy) -> None:
        while (asked := self._calls.get()) is not None:
            number, method, arguments = asked
            try:
                host.call(method, number, *arguments)
            except (EOFError, OSError):
                self._process.kill()  # it is ending; who takes what it makes tells how
                return
            except Exception as exc:  # a bug: something that can't cross
                self._tell(number, Ended(exc))

    def _take(self, host: HostProxy) -> None:
        try:
            while True:
                made = host.take()
                self.heard = time.monotonic()
                for number, item in made:
                    self._tell(number, item)
        except (EOFError, OSError):
            pass
        except Exception:  # a bug: something that can't cross
            log.exception("worker_not_understood", model=self._spec.id)
            self._process.kill()
        self._bury()

    def _tell(self, number: int, item: Item) -> None:
        task = self._tasks.pop(number, None) if isinstance(item, Ended) else self._tasks.get(number)
        if task is not None:
            task.put(item)

    def _log(self) -> None:
        assert self._process.stderr is not None
        with self._process.stderr as printed:
            while line := printed.readline(LINE_BYTES):
                if text := line.decode(errors="replace").rstrip():
                    self._said.append(text)
                    log.info("worker_said", model=self._spec.id, line=text)

    # Its end

    def give_up(self, silent_s: float) -> None:
        """End it, because it gave no sign for so long."""
        self._silent_s = silent_s
        self._kill("hung")

    def end(self) -> None:
        """End it, and wait until it is gone; may be called again."""
        self._kill("unloaded")
        self.ended.wait(END_S)

    def _kill(self, why: ByUs) -> None:
        if self._process.poll() is None:  # or it has ended by itself, and that is what is told
            self._ended_by_us = self._ended_by_us or why
            self._process.kill()

    def _bury(self) -> None:
        """Wait for the process, which is ending, and tell everybody who waits for it."""
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:  # it hung up, and lives on
            self._process.kill()
            self._process.wait()
        self._log_thread.join(END_S)
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                if pipe is not None:
                    pipe.close()
        if os.path.isabs(self._address):  # the process had no time to remove its socket's file
            Path(self._address).unlink(missing_ok=True)
        # As the library does for a process that it began itself: each new address would leave something behind.
        BaseProxy._address_to_local.pop(self._address, None)
        self._calls.put(None)
        with self._lock:
            self.ended.set()
            tasks, self._tasks = list(self._tasks.values()), {}
        for task in tasks:
            task.put(Ended(self._error()))
        if self._ended_by_us != "unloaded":
            log.error("worker_ended", model=self._spec.id, why=self._error().message, said=list(self._said))

    def _error(self) -> StudioError:
        end = End(
            status=self._process.returncode,
            by_us=self._ended_by_us,
            said=tuple(self._said),
            no_memory=oom_kills() > self._killed_before,
            silent_s=self._silent_s,
        )
        return end.error(self._spec)


class Task:
    """Something that a process does for us: one thread puts what comes of it, another takes it."""

    def __init__(self, worker: WorkerProcess, number: int) -> None:
        self.number = number
        self._since = time.monotonic()
        self._items: queue.SimpleQueue[Item | None] = queue.SimpleQueue()
        self._stopped = False
        # None once it is over: a job's stop sign keeps the task for as long as the job is remembered.
        self._worker: WorkerProcess | None = worker

    def put(self, item: Item) -> None:
        """Hand over what the process made."""
        self._items.put(item)

    def cancel(self) -> None:
        """Have it stopped; returns at once, may be called again."""
        worker = self._worker
        if worker is not None and not self._stopped:
            self._stopped, self._since = True, time.monotonic()
            worker.cancel(self.number)
            self._items.put(None)  # who waits has less patience from now on

    def next(self) -> Item:
        """Wait for the next item; a process that gives no sign for too long is ended, and that is an item too."""
        worker = self._worker
        if worker is None:
            return Ended()
        while True:
            patience_s = min(STOP_S, worker.timeout_s) if self._stopped else worker.timeout_s
            left_s = max(self._since, worker.heard) + patience_s - time.monotonic()
            if left_s <= 0:
                worker.give_up(patience_s)
                left_s = END_S
            try:
                item = self._items.get(timeout=left_s)
            except queue.Empty:
                continue
            if isinstance(item, Ended):
                self._worker = None
            if item is not None:
                return item

    def close(self) -> None:
        """Stop it unless it is over, and wait until it is."""
        self.cancel()
        while self._worker is not None:
            self.next()


@functools.cache
def _starts() -> "queue.SimpleQueue[Future[subprocess.Popen[bytes]]]":
    """Return what the one thread that starts processes takes from.

    Linux ends a worker with the thread that began it (PR_SET_PDEATHSIG), so that thread has to live as long as we
    do: a thread pool's end before ``_end_all`` runs.
    """
    starts: queue.SimpleQueue[Future[subprocess.Popen[bytes]]] = queue.SimpleQueue()

    def start() -> None:
        while True:
            started = starts.get()
            try:
                started.set_result(_open())
            except OSError as exc:
                started.set_exception(exc)

    threading.Thread(target=start, name="worker-starter", daemon=True).start()
    return starts


def _started() -> "subprocess.Popen[bytes]":
    started: Future[subprocess.Popen[bytes]] = Future()
    _starts().put(started)
    return started.result()


def _open() -> "subprocess.Popen[bytes]":
    """Start the process: out of reach of the terminal, and without what it has no need to know."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HEARTH_")}
    environment["PYTHONPATH"] = os.pathsep.join((_ROOT, *filter(None, sys.path)))
    # -P: the engines beside it are named like the packages that they use.
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "engines.worker_host"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        start_new_session=True,
    )


def _address() -> str:
    """Return a name for a socket; on Linux one without a file, which no kill can leave behind."""
    name = f"hearth-{secrets.token_hex(16)}"
    places = {"linux": f"\0{name}", "win32": rf"\\.\pipe\{name}"}
    return places.get(sys.platform) or str(Path(tempfile.gettempdir()) / name)


@atexit.register
def _end_all() -> None:
    # Before the library's own end, which would call processes that may hang.
    for worker in list(_alive):
        worker.end()
