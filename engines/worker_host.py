"""A model's own process: one engine behind the standard library's manager server, until whoever began it is gone.

Run as ``python -P -m engines.worker_host`` by ``worker_process``, which writes one line of JSON to its standard
input and keeps that open: when it closes, however the other process ended, this one ends too. Limits: what an
engine makes faster than it is fetched waits in this process's memory.
"""

import contextlib
import ctypes
import faulthandler
import json
import os
import queue
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.managers import BaseManager

from contract.engine import Engine, Stop
from contract.errors import DoesNotFit, StudioError
from contract.models import ModelSpec
from contract.requests import Request
from engines.worker_wire import EXPOSED, HOST, READY, Batch, Ended, Item

MOST_AT_ONCE = 256  # items that one ``take`` returns
GATHER_S = 0.002  # far below the time between two tokens of runs that share a model; each crossing takes from its cores
MOST_TASKS = 512  # more than any engine has slots
SWITCH_S = 0.001  # as in app.py: a busy thread shall not keep a token waiting for 5 ms
_PR_SET_PDEATHSIG = 1  # prctl(2)


class Host:
    """Runs one engine's tasks, each on a thread, and gathers what they make."""

    def __init__(self) -> None:
        self._engine: Engine | None = None
        self._made: queue.SimpleQueue[tuple[int, Item]] = queue.SimpleQueue()
        self._stops: dict[int, Stop] = {}
        self._threads = ThreadPoolExecutor(MOST_TASKS, thread_name_prefix="task")

    # What the other process calls

    def load(self, task: int, engine: type[Engine], spec: ModelSpec, threads: int, key: str) -> None:
        """Begin to load a model."""

        def work() -> int | None:
            made = engine(spec, threads=threads, key=key)
            made.load()
            self._engine = made
            return made.context_tokens

        self._begin(task, work)

    def count_tokens(self, task: int, request: Request) -> None:
        """Begin to count a request's tokens."""
        self._begin(task, lambda: self._loaded().count_tokens(request))

    def run(self, task: int, request: Request) -> None:
        """Begin a run of the engine's."""
        stop = self._stops[task] = Stop()
        self._begin(task, lambda: self._run(task, request, stop))

    def cancel(self, task: int) -> None:
        """Set a run's stop sign, unless it is over."""
        stop = self._stops.get(task)
        if stop is not None:
            stop.set()

    def take(self) -> Batch:
        """Wait for something that tasks have made, and return all that there is."""
        taken = [self._made.get()]
        if len(self._stops) > 1:  # what a model makes for many at once comes one by one, a moment apart
            time.sleep(GATHER_S)
        with contextlib.suppress(queue.Empty):
            while len(taken) < MOST_AT_ONCE:
                taken.append(self._made.get_nowait())
        return taken

    # What the threads do

    def _begin(self, task: int, work: Callable[[], int | None]) -> None:
        self._threads.submit(self._work, task, work)

    def _work(self, task: int, work: Callable[[], int | None]) -> None:
        ended = Ended()
        try:
            ended = Ended(answer=work())
        except StudioError as error:
            ended = Ended(error)
        except MemoryError:
            ended = Ended(
                DoesNotFit(
                    "The model's process ran out of memory. Choose a smaller model or a shorter context, or unload "
                    "others in Models; then try again."
                )
            )
        except BaseException:  # a bug; its class may be unknown to the other process, so its words go alone
            ended = Ended(RuntimeError(traceback.format_exc()))
        self._stops.pop(task, None)
        self._made.put((task, ended))

    def _run(self, task: int, request: Request, stop: Stop) -> None:
        for event in self._loaded().run(request, stop):
            self._made.put((task, event))

    def _loaded(self) -> Engine:
        if self._engine is None:
            raise RuntimeError("the engine was asked to work before it was loaded")
        return self._engine


class _Server(BaseManager):
    """The far end: what ``WorkerManager`` connects to."""


def _die_with_parent(parent: int) -> None:
    """Have the system kill this process when its parent ends, also while native code runs; Linux has it alone."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it has ended meanwhile
            os._exit(0)


def _end_at_the_end() -> None:
    sys.stdin.read()
    os._exit(0)


def main() -> None:
    """Serve until killed, or until standard input closes."""
    told = json.loads(sys.stdin.readline())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the other process, which ends this one
    _die_with_parent(told["parent"])
    threading.Thread(target=_end_at_the_end, name="lifeline", daemon=True).start()
    faulthandler.enable(all_threads=False)  # the stack of a crash goes to the log
    sys.setswitchinterval(SWITCH_S)
    # What libraries print must not be taken for the word below; it goes to the log with the errors.
    ready = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    host = Host()
    _Server.register(HOST, callable=lambda: host, exposed=EXPOSED)
    server = _Server(told["address"], bytes.fromhex(told["secret"])).get_server()
    os.write(ready, READY)
    os.close(ready)
    server.serve_forever()


if __name__ == "__main__":
    main()
