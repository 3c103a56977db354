"""Runs all measurements, or the named ones, keeps what they found in results.json, and writes README.md's table."""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.measure import Result, from_json, table, to_json
from deploy.readme import README, put

NAMES = (
    "install",
    "start",
    "page",
    "conversations",
    "long_chat",
    "documents",
    "own_cost",
    "engine",
    "requests",
    "speech",
    "voice",
    "translate",
    "keys",
    "workers",
)
# These take many minutes, so they run only when they are named.
LONG = ("crowd", "soak", "images", "transcription", "listening", "editor", "narration", "round_trip")
ALL = (*NAMES, *LONG)
RESULTS = Path(__file__).resolve().parent / "results.json"


def measure(name: str, options: Sequence[str]) -> Result:
    """Run one measurement in a process of its own.

    Raises:
        SystemExit: It failed.
    """
    with tempfile.TemporaryDirectory(prefix="hearth-bench-") as folder:
        file = Path(folder) / "found.json"
        print(f"\nbenchmarks.{name}", flush=True)
        command = [sys.executable, "-m", f"benchmarks.{name}", "--json", str(file), *options]
        if subprocess.run(command, cwd=README.parent).returncode:
            raise SystemExit(f"benchmarks.{name} failed, so nothing of it is written.")
        [found] = from_json(file.read_text(encoding="utf-8"))
    return found


def kept() -> list[Result]:
    """Return the results of before."""
    return from_json(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else []


def keep(found: Result) -> None:
    """Put a result in the place of the last one of its name."""
    results = {result.name: result for result in kept()} | {found.name: found}
    RESULTS.write_text(to_json([results[name] for name in ALL if name in results]), encoding="utf-8")


def figures(results: Sequence[Result]) -> str:
    """Return what stands in README.md: for each day and machine a table and how it was made."""
    if not results:
        return "Not measured yet."
    parts = []
    for day, machine in sorted({(found.day, found.machine) for found in results}, reverse=True):
        of_it = [found for found in results if (found.day, found.machine) == (day, machine)]
        busy = ", ".join(f"{found.name} {found.others_cores:.2f}" for found in of_it)
        rounds = min(found.rounds for found in of_it)
        parts += [
            f"{day}, {machine}. Medians of at least {rounds} rounds; both sides alternate in one run, and the ratio is "
            "the median of the rounds' ratios, Hearth / limit.",
            "",
            table([row for found in of_it for row in found.rows]),
            "",
            f"Cores that other programs took meanwhile: {busy}.",
            *(note for found in of_it for note in found.notes),
            "",
        ]
    return "\n".join(parts[:-1])


def write_table() -> None:
    """Write README.md's table from what is kept."""
    README.write_text(put(README.read_text(encoding="utf-8"), "figures", figures(kept())), encoding="utf-8")


def main() -> None:
    """Measure, keep and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("names", nargs="*", help=f"of: {', '.join(NAMES)} (default: these), {', '.join(LONG)}")
    parser.add_argument("--rounds", type=int, default=5, help="how often each side is measured (default: 5)")
    parser.add_argument("--quick", action="store_true", help="see that all run, once and briefly; nothing is written")
    parser.add_argument("--table", action="store_true", help="measure nothing, write README.md's table anew")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(ALL):
        parser.error(f"{', '.join(sorted(unknown))}: not one of {', '.join(ALL)}")
    for name in [] if arguments.table else arguments.names or NAMES:
        found = measure(name, ["--quick"] if arguments.quick else ["--rounds", str(arguments.rounds)])
        if not arguments.quick:
            keep(found)
    if not arguments.quick:
        write_table()


if __name__ == "__main__":
    main()
