"""Runs all measurements, or the named ones, one after the other, and writes the figures into README.md."""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.measure import Result, from_json, machine, table
from deploy.readme import README, put

NAMES = ("start", "page", "own_cost", "engine", "requests", "speech", "translate")


def measure(name: str, rounds: int, kept: Path) -> Result:
    """Run one measurement in a process of its own.

    Raises:
        SystemExit: It failed.
    """
    file = kept / f"{name}.json"
    command = [sys.executable, "-m", f"benchmarks.{name}", "--rounds", str(rounds), "--json", str(file)]
    print(f"\n{' '.join(command[1:4])}", flush=True)
    if subprocess.run(command, cwd=README.parent).returncode:
        raise SystemExit(f"benchmarks.{name} failed, so README.md is left as it was.")
    return from_json(file.read_text(encoding="utf-8"))


def figures(results: Sequence[Result]) -> str:
    """Return what stands in README.md."""
    busy = ", ".join(f"{found.name} {found.others_cores:.2f}" for found in results)
    rounds = min(found.rounds for found in results)
    rows = [row for found in results for row in found.rows]
    notes = [note for found in results for note in found.notes]
    lines = [
        f"Machine: {machine()}. Medians of at least {rounds} rounds; both sides alternate in one run, and the ratio "
        "is the median of the rounds' ratios, Hearth / limit.",
        "",
        table(rows),
        "",
        f"Cores that other programs took meanwhile: {busy}.",
        *notes,
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("names", nargs="*", help=f"of: {', '.join(NAMES)} (default: all)")
    parser.add_argument("--rounds", type=int, default=5, help="how often each side is measured (default: 5)")
    parser.add_argument("--keep", type=Path, help="folder for the figures as JSON; those there and not named count too")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(NAMES):
        parser.error(f"{', '.join(sorted(unknown))}: not one of {', '.join(NAMES)}")
    names = arguments.names or NAMES
    with tempfile.TemporaryDirectory(prefix="hearth-bench-") as folder:
        kept = arguments.keep or Path(folder)
        kept.mkdir(parents=True, exist_ok=True)
        fresh = {name: measure(name, arguments.rounds, kept) for name in names}
        files = {name: kept / f"{name}.json" for name in NAMES if name not in fresh}
        before = {name: from_json(file.read_text(encoding="utf-8")) for name, file in files.items() if file.exists()}
    results = {**before, **fresh}
    text = figures([results[name] for name in NAMES if name in results])
    README.write_text(put(README.read_text(encoding="utf-8"), "figures", text), encoding="utf-8")


if __name__ == "__main__":
    main()
