"""The ends that a model's own process can come to, and the one error that each of its runs fails with."""

import contextlib
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from contract.errors import DoesNotFit, EngineFailed, StudioError
from contract.models import ModelSpec

# Where Linux counts the processes that it killed for want of memory: of the machine, of the container.
OOM_COUNTS = (Path("/proc/vmstat"), Path("/sys/fs/cgroup/memory.events"))
_NO_MEMORY = ("MemoryError", "bad_alloc", "annot allocate memory", "out of memory")
_AGAIN = "Try again: it is loaded anew."
ByUs = Literal["", "unloaded", "hung"]


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How a process ended.

    Attributes:
        status: Its exit status; below 0 the signal that ended it.
        by_us: Why we ended it, if we did.
        said: The last lines that it printed.
        no_memory: The system has killed processes for want of memory while it lived.
        silent_s: How long it may give no sign.
    """

    status: int
    by_us: ByUs
    said: Sequence[str]
    no_memory: bool
    silent_s: float

    def error(self, spec: ModelSpec) -> StudioError:
        """The error table: what happened, and what next."""
        title, model = spec.title, spec.id
        if self.by_us == "unloaded":
            return EngineFailed(f"{title} was unloaded while it worked. Try again.", model=model)
        if self.by_us == "hung":
            return EngineFailed(
                f"{title} gave no sign for {self.silent_s:,.0f} seconds, so its process was ended. {_AGAIN} If it "
                "needs longer here, raise --worker-timeout-s.",
                model=model,
                timeout_s=self.silent_s,
            )
        if self._ran_out_of_memory():
            return DoesNotFit(
                f"{title} ran out of memory, and its process was ended. Choose a smaller model or a shorter context, "
                "or unload others in Models; then try again.",
                model=model,
            )
        if self.status >= 0:
            return EngineFailed(
                f"The process of {title} ended by itself (exit status {self.status}). {_AGAIN}",
                model=model,
                exit_status=self.status,
            )
        name = _signal_name(-self.status)
        if -self.status in (signal.SIGKILL, signal.SIGTERM):
            why = f"The process of {title} was killed ({name}), by somebody or by a system short of memory. {_AGAIN}"
        else:
            why = f"{title} crashed ({name}); the rest of Hearth goes on. {_AGAIN} If it stays, choose another model."
        return EngineFailed(why, model=model, signal=name)

    def _ran_out_of_memory(self) -> bool:
        killed = self.no_memory and self.status == -signal.SIGKILL
        return killed or (self.status != 0 and any(word in line for line in self.said for word in _NO_MEMORY))


def oom_kills() -> int:
    """Return how many processes the system has killed for want of memory; 0 where it does not count them."""
    count = 0
    for path in OOM_COUNTS:
        with contextlib.suppress(OSError, ValueError):
            counts = dict(line.split() for line in path.read_text().splitlines())
            count += int(counts.get("oom_kill", 0))
    return count


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return f"signal {number}"
