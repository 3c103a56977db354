"""Every benchmark runs to its end, and the README's table is what they found."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import __main__ as bench
from benchmarks.measure import Effort, Result, Round, Row, alternate, from_json, result, row, table, to_json

ROOT = Path(__file__).resolve().parent.parent
# Those that take longer than 20 s: a set-up, and many starts.
SLOW = (
    *("install", "start", "conversations", "long_chat", "engine", "keys", "crowd", "soak", "images"),
    *("transcription", "listening", "editor", "round_trip"),
)
SLOW_MARKS = (
    pytest.mark.slow,
    pytest.mark.skipif(os.environ.get("HEARTH_SLOW_TESTS") != "1", reason="takes a while: HEARTH_SLOW_TESTS=1"),
)


def run_quick(name: str, folder: Path) -> Result:
    file = folder / "found.json"
    command = [sys.executable, "-m", f"benchmarks.{name}", "--quick", "--json", str(file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    [found] = from_json(file.read_text(encoding="utf-8"))
    assert table(found.rows) in done.stdout
    return found


@pytest.mark.parametrize("name", [pytest.param(name, marks=SLOW_MARKS) if name in SLOW else name for name in bench.ALL])
@pytest.mark.timeout(600)
def test_each_benchmark_runs_to_its_end(name: str, tmp_path: Path, starters: Path) -> None:
    found = run_quick(name, tmp_path)

    assert found.name == name
    assert len(found.rows) >= 2
    assert [item.what for item in found.rows if not item.hearth > 0 and item.aim != 0] == []
    assert [item.what for item in found.rows if item.aim == 0 and item.hearth] == []


def test_the_readme_has_the_table_of_what_was_found() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")

    assert bench.put(text, "figures", bench.figures(bench.kept())) == text, "run `python -m benchmarks --table`"


def test_a_new_result_takes_the_place_of_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def found(name: str, seconds: float, day: str) -> Result:
        rows = (Row(what=f"{name}: a thing", unit="s", hearth=seconds),)
        return Result(
            name=name, rounds=5, rows=rows, others_cores=0.1, notes=("A note.",), day=day, machine="a machine"
        )

    monkeypatch.setattr(bench, "RESULTS", tmp_path / "results.json")
    assert bench.figures(bench.kept()) == "Not measured yet."
    for one in (found("speech", 1, "2026-01-01"), found("start", 2, "2026-01-02"), found("speech", 3, "2026-01-02")):
        bench.keep(one)

    assert [(kept.name, kept.rows[0].hearth) for kept in bench.kept()] == [("start", 2), ("speech", 3)]
    shown = bench.figures(bench.kept())
    assert shown.count("2026-01-02, a machine") == 1
    assert "2026-01-01" not in shown
    assert "| speech: a thing | 3 s |" in shown
    assert "start 0.10, speech 0.10" in shown


def test_sides_alternate_and_ratios_are_taken_pair_by_pair() -> None:
    order: list[str] = []
    ours, limit = iter([2.0, 8.0, 9.0]), iter([1.0, 4.0, 3.0])

    def side(name: str, figures: Iterator[float]) -> dict[str, float]:
        order.append(name)
        return {"took": next(figures)}

    made = alternate(lambda: side("ours", ours), lambda: side("limit", limit), Effort(1, quick=True))
    assert len(made) == 1
    rounds = [*made, Round({"took": 8.0}, {"took": 4.0}, 0), Round({"took": 9.0}, {"took": 3.0}, 0)]
    found = row("a thing", "s", rounds, "took", "alone", aim=2.5, aim_of="ratio")

    assert order == ["ours", "limit"]
    assert (found.hearth, found.limit, found.ratio, found.met) == (8.0, 3.0, 2.0, True)
    assert from_json(to_json([result("one", rounds, [found], ["note"])]))[0].rows == (found,)


def test_the_order_of_the_sides_changes_from_round_to_round(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.measure.REPEAT_S", 0.0)
    order: list[str] = []

    def side(name: str) -> dict[str, float]:
        order.append(name)
        return {}

    alternate(lambda: side("ours"), lambda: side("limit"), Effort(3))

    assert order == ["ours", "limit", "limit", "ours", "ours", "limit"]


def test_an_unknown_benchmark_is_refused_with_the_list() -> None:
    done = subprocess.run([sys.executable, "-m", "benchmarks", "chess"], cwd=ROOT, capture_output=True, text=True)

    assert done.returncode == 2
    assert "chess: not one of install, start, page" in done.stderr
