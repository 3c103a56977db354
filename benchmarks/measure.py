"""What every measurement shares: alternating rounds, medians, ratios pair by pair, how busy the machine was.

A round runs both sides, one directly after the other, and the order changes from round to round;
so what slows the machine for a while slows both. Rounds in which other programs took more than
``QUIET_CORES`` are repeated for up to ``REPEAT_S``; then the quietest count, and the table says how busy it was.
"""

import argparse
import itertools
import json
import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import psutil

Sample = Mapping[str, float]
Side = Callable[[], Sample]
Unit = Literal[
    "s", "ms", "MB", "GB", "tokens/s", "pages/s", "words/s", "requests/s", "requests", "hosts", "× real time", "ratio",
    "%",
]  # fmt: skip
QUIET_CORES = 0.25
REPEAT_S = 20.0
BUSY_FIELDS = ("user", "nice", "system", "irq", "softirq", "steal")


@dataclass(frozen=True, slots=True)
class Effort:
    """How thoroughly to measure.

    Attributes:
        rounds: How often each side is measured.
        quick: Do each thing once or for a moment: to see that it runs, not for figures.
    """

    rounds: int
    quick: bool = False

    def of(self, usual: int) -> int:
        """Return how often to do what is usually done so often."""
        return 1 if self.quick else usual


@dataclass(frozen=True, slots=True)
class Round:
    """One round: a sample of each side, and how many cores all other programs took meanwhile."""

    ours: Sample
    limit: Sample
    others_cores: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table.

    Attributes:
        hearth, limit: Medians in ``unit``; None: there is nothing to compare with.
        ratio: Median of Hearth / limit, round by round.
        limit_is: What the limit is.
        aim: The figure to reach, of ``aim_of``; None: none is set.
        more_is_better: Whether the aim is the least or the most it may be.
    """

    what: str
    unit: Unit
    hearth: float
    limit: float | None = None
    limit_is: str = ""
    ratio: float | None = None
    aim: float | None = None
    aim_of: Literal["hearth", "ratio"] = "hearth"
    more_is_better: bool = False

    @property
    def met(self) -> bool | None:
        """Whether the aim is reached; None without one."""
        value = self.hearth if self.aim_of == "hearth" else self.ratio
        if self.aim is None or value is None:
            return None
        return value >= self.aim if self.more_is_better else value <= self.aim


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one command found, when (a day, in UTC) and where."""

    name: str
    rounds: int
    rows: tuple[Row, ...]
    others_cores: float
    notes: tuple[str, ...] = ()
    day: str = field(default_factory=lambda: datetime.now(UTC).date().isoformat())
    machine: str = field(default_factory=lambda: machine())


@dataclass(slots=True)
class Busy:
    """How many cores other programs take while the block runs; ours are this process and its children."""

    others_cores: float = 0.0
    _start: tuple[float, float, float] = field(default=(0.0, 0.0, 0.0), init=False)

    def __enter__(self) -> "Busy":
        self._start = _clock()
        return self

    def __exit__(self, *exc: object) -> None:
        wall, machine, ours = (end - start for start, end in zip(self._start, _clock(), strict=True))
        self.others_cores = max(0.0, (machine - ours) / wall) if wall else 0.0


def _clock() -> tuple[float, float, float]:
    """Seconds of: one core, all cores busy, this process with its children busy."""
    times = psutil.cpu_times()
    busy = sum(getattr(times, name, 0.0) for name in BUSY_FIELDS)
    idle = times.idle + getattr(times, "iowait", 0.0)
    me = psutil.Process()
    ours = sum(cpu_s(process) for process in (me, *me.children(recursive=True)))
    return (busy + idle) / (psutil.cpu_count() or 1), busy, ours


def cpu_s(process: psutil.Process) -> float:
    """Return the processor seconds of a process and of the children that it has seen end."""
    try:
        times = process.cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.user + times.system + getattr(times, "children_user", 0) + getattr(times, "children_system", 0))


def alternate(ours: Side, limit: Side, effort: Effort) -> list[Round]:
    """Measure both sides in turn and return the quietest rounds, as many as asked for, in the order they were made."""
    rounds = effort.rounds
    made: list[Round] = []
    asked_for_at = 0.0
    for index in itertools.count():
        with Busy() as busy:
            if index % 2:
                second = limit()
                first = ours()
            else:
                first = ours()
                second = limit()
        made.append(Round(first, second, busy.others_cores))
        if len(made) == rounds:
            asked_for_at = time.monotonic()
        quiet = effort.quick or sum(item.others_cores <= QUIET_CORES for item in made) >= rounds
        if quiet or (len(made) >= rounds and time.monotonic() - asked_for_at >= REPEAT_S):
            break
    quietest = sorted(made, key=lambda item: item.others_cores)[:rounds]
    return [item for item in made if item in quietest][:rounds]


def row(
    what: str,
    unit: Unit,
    rounds: Sequence[Round],
    key: str,
    limit_is: str,
    *,
    scale: float = 1.0,
    aim: float | None = None,
    aim_of: Literal["hearth", "ratio"] = "hearth",
    more_is_better: bool = False,
) -> Row:
    """Return the line of one figure: medians of both sides and the median of the rounds' ratios."""
    # A figure of one side alone, or a limit of none, has no ratio.
    pairs = [(item.ours[key] * scale, item.limit[key] * scale) for item in rounds if key in item.limit]
    return Row(
        what=what,
        unit=unit,
        hearth=statistics.median(item.ours[key] * scale for item in rounds),
        limit=statistics.median(limit for _, limit in pairs) if pairs else None,
        limit_is=limit_is if pairs else "",
        ratio=statistics.median(ours / limit for ours, limit in pairs)
        if pairs and all(limit for _, limit in pairs)
        else None,
        aim=aim,
        aim_of=aim_of,
        more_is_better=more_is_better,
    )


def result(name: str, rounds: Sequence[Round], rows: Sequence[Row], notes: Sequence[str] = ()) -> Result:
    """Return a command's result."""
    others = statistics.median(item.others_cores for item in rounds)
    return Result(name=name, rounds=len(rounds), rows=tuple(rows), others_cores=others, notes=tuple(notes))


def machine() -> str:
    """Describe this machine in a line: processor, cores, memory, system, Python."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    memory = psutil.virtual_memory().total / 1024**3
    return (
        f"{model}, {psutil.cpu_count()} cores, {memory:.0f} GiB of memory, "
        f"{platform.system()}, Python {platform.python_version()}"
    )


def shown(value: float | None, unit: Unit) -> str:
    """Return a figure with its unit, three digits of it."""
    if value is None:
        return ""
    text = f"{value:,.0f}" if abs(value) >= 100 or unit in ("requests", "hosts") else f"{value:.3g}"
    return f"{text} ×" if unit == "ratio" else text if unit in ("requests", "hosts") else f"{text} {unit}"


def table(rows: Sequence[Row]) -> str:
    """Return lines as a Markdown table."""
    lines = ["| what | Hearth | limit in the same run | ratio | aim |", "|---|---|---|---|---|"]
    for item in rows:
        limit = f"{shown(item.limit, item.unit)} ({item.limit_is})" if item.limit is not None else item.limit_is
        aim = ""
        if item.aim is not None:
            sign = "≥" if item.more_is_better else "≤"
            aim = f"{sign} {shown(item.aim, 'ratio' if item.aim_of == 'ratio' else item.unit)}"
            aim += ", met" if item.met else ", missed"
        ratio = shown(item.ratio, "ratio") if item.unit != "ratio" else ""
        lines.append(f"| {item.what} | {shown(item.hearth, item.unit)} | {limit} | {ratio} | {aim} |")
    return "\n".join(lines)


def report(found: Result) -> str:
    """Return a result as Markdown: the table and how it was made."""
    others = f"Other programs took {found.others_cores:.2f} of {psutil.cpu_count()} cores meanwhile."
    lines = [table(found.rows), "", f"`{found.name}`: medians of {found.rounds} rounds. {others}", *found.notes]
    return "\n".join(lines)


def to_json(results: Sequence[Result]) -> str:
    """Return results as JSON."""
    return json.dumps([asdict(found) for found in results], indent=1, ensure_ascii=False) + "\n"


def from_json(text: str) -> list[Result]:
    """Return the results that ``to_json`` wrote."""
    return [
        Result(**{**values, "rows": tuple(Row(**row) for row in values["rows"]), "notes": tuple(values["notes"])})
        for values in json.loads(text)
    ]


def run(name: str, purpose: str, measure: Callable[[Effort], Result]) -> None:
    """Run one measurement as a command: ``--rounds``, ``--quick``, ``--json``."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}", description=purpose.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5, help="how often each side is measured (default: 5)")
    parser.add_argument("--quick", action="store_true", help="once and briefly: to see that it runs, not for figures")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    arguments = parser.parse_args()
    if arguments.rounds < 1:
        parser.error(f"--rounds is {arguments.rounds}; it must be 1 or more")
    print(machine(), flush=True)
    found = measure(Effort(1, quick=True) if arguments.quick else Effort(arguments.rounds))
    print(report(found), flush=True)
    if arguments.json:
        arguments.json.write_text(to_json([found]), encoding="utf-8")
