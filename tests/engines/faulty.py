"""An engine that says a few words, and then comes to the end that its message orders."""

import ctypes
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from typing import ClassVar

from contract.engine import Engine, Stop
from contract.errors import ModelDamaged
from contract.events import Delta, EngineEvent, Finish
from contract.models import Kind
from contract.requests import ChatRequest, Request

LIMIT_BYTES = 300_000_000


def kill_itself(sign: signal.Signals) -> None:
    os.kill(os.getpid(), sign)
    threading.Event().wait()


def hold_the_interpreter() -> None:
    print("holding", file=sys.stderr, flush=True)
    ctypes.PyDLL(None).sleep(3600)  # as a PyDLL it keeps the lock


def allocate() -> None:
    import resource

    import psutil

    limit = psutil.Process().memory_info().vms + LIMIT_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    bytearray(10 * LIMIT_BYTES)


def throw_bad_alloc() -> None:
    print("terminate called after throwing an instance of 'std::bad_alloc'", file=sys.stderr, flush=True)
    os.abort()


def refuse() -> None:
    raise ModelDamaged("It is no good. Take another.", model="faulty", part=3, sure=True)


def stumble() -> None:
    [][0]


FAULTS: dict[str, Callable[[], object]] = {
    "crash": lambda: ctypes.string_at(1),
    "kill": lambda: kill_itself(signal.SIGKILL),
    "exit": lambda: os._exit(7),
    "hang": lambda: threading.Event().wait(),
    "hang holding the interpreter": hold_the_interpreter,
    "allocate": allocate,
    "throw bad_alloc": throw_bad_alloc,
    "refuse": refuse,
    "stumble": stumble,
    "print": lambda: print("a word of the library's", file=sys.stderr, flush=True),
}


class Faulty(Engine):
    """Three words, then ``FAULTS``; "wait" waits for the stop sign, "modules" and "variables" are said.

    Options of the spec: ``load`` is one of the faults, for loading; ``bytes`` is how much it takes.
    """

    name: ClassVar[str] = "faulty"
    kind: ClassVar[Kind] = "chat"
    lane: ClassVar[str] = "echo"
    slots = 8

    def load(self) -> None:
        self._memory = b"x" * int(self.spec.options.get("bytes", 0))
        FAULTS.get(str(self.spec.options.get("load")), lambda: None)()

    def run(self, request: Request, stop: Stop) -> Iterator[EngineEvent]:
        assert isinstance(request, ChatRequest)
        order = request.messages[-1].content
        for word in ("one ", "two ", "three "):
            yield Delta(word)
        if order == "wait":
            stopped = threading.Event()
            stop.on_set(stopped.set)
            stopped.wait()
            return
        if order == "modules":
            yield Delta(" ".join(sys.modules))
        if order == "variables":
            yield Delta(" ".join(os.environ))
        FAULTS.get(order, lambda: None)()
        yield Finish("stop")

    def unload(self) -> None:
        self._memory = b""
