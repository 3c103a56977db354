"""The graphics card's memory: what NVIDIA's tool tells of it, and a budget that models take turns in."""

import threading
from pathlib import Path

import pytest

from contract.engine import Stop
from contract.errors import DoesNotFit
from contract.models import ModelSpec
from studio import Settings, fitting, graphics
from studio.fitting import CardBudget
from studio.graphics import MIB, Card
from tests.studio.counted import Bench, spec, steady_memory, until  # noqa: F401  # pytest takes its fixture


def tool(folder: Path, said: str, monkeypatch: pytest.MonkeyPatch, status: int = 0) -> None:
    """Put an nvidia-smi in the path that says this."""
    script = folder / "nvidia-smi"
    script.write_text(f"#!/bin/sh\necho '{said}'\nexit {status}\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def test_the_first_card_is_told_in_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool(tmp_path, "24564, 512\n8192, 0", monkeypatch)
    assert graphics.look() == Card(24564 * MIB, 512 * MIB)
    budget = graphics.card_budget(Settings(data_dir=tmp_path))
    assert budget is not None and budget.bytes == int(24564 * MIB * 0.9) and budget.used() == 512 * MIB
    asked = graphics.card_budget(Settings(data_dir=tmp_path, card_budget_mb=4000))
    assert asked is not None and asked.bytes == 4000 * MIB


@pytest.mark.parametrize("said", ["", "No devices were found", "[N/A], [N/A]"])
def test_a_tool_that_tells_nothing_is_no_card(said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool(tmp_path, said, monkeypatch)
    assert graphics.look() is None


def test_a_tool_that_fails_is_no_card_nor_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool(tmp_path, "24564, 512", monkeypatch, status=9)
    assert graphics.look() is None
    monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))
    assert graphics.card_budget(Settings(data_dir=tmp_path)) is None


class Shared:
    """A card, and a bench whose models take 60 MiB of it each while they are loaded."""

    def __init__(self, budget_mib: int, pinned: str = "") -> None:
        self.bench = Bench(10_000)
        loaded = self.bench.log

        def used() -> int:
            now = sum(line.startswith("load") for line in loaded) - sum(line.startswith("unload") for line in loaded)
            return (100 + 60 * now) * MIB

        self.bench.residency.card = CardBudget(bytes=budget_mib * MIB, need=lambda spec: 60 * MIB, used=used)
        self.bench.residency._pinned = lambda model: model == pinned


def test_models_that_do_not_fit_the_card_together_take_turns() -> None:
    shared = Shared(130)
    for name in ("a", "b", "c"):
        with shared.bench.use(name):
            pass
    assert shared.bench.log == ["load a", "load b", "unload a", "load c"]
    assert shared.bench.residency.on_card() == {"b": 60 * MIB, "c": 60 * MIB}


def test_who_finds_the_card_taken_waits_until_it_is_idle() -> None:
    shared = Shared(100)
    inside, gate = threading.Event(), threading.Event()

    def hold() -> None:
        with shared.bench.use("a"):
            inside.set()
            gate.wait(60)

    def use() -> None:
        with shared.bench.use("b"):
            pass

    first, second = threading.Thread(target=hold), threading.Thread(target=use)
    first.start()
    assert inside.wait(60)
    second.start()
    until(lambda: any(ticket.for_room for ticket in shared.bench.residency._waiting))
    assert shared.bench.log == ["load a"]
    gate.set()
    first.join()
    second.join()
    assert shared.bench.log == ["load a", "unload a", "load b"]


def test_what_never_fits_the_card_and_what_a_pinned_model_leaves_no_room_for_is_refused() -> None:
    shared = Shared(100, pinned="a")
    with pytest.raises(DoesNotFit, match="--card-budget-mb"):
        big = spec("big", 10, size_bytes=200 * MIB)
        with shared.bench.residency.use(big, Stop(), lambda: None):
            pass
    with shared.bench.use("a"):
        pass
    with pytest.raises(DoesNotFit, match="pinned"), shared.bench.use("b"):
        pass
    assert shared.bench.log == ["load a"]


def test_a_model_of_torch_is_too_big_for_a_small_card() -> None:
    model = ModelSpec(id="m", engine="diffusers", kind="image", title="M", size_bytes=8_000 * MIB)
    room = fitting.Room(bytes=10**12)
    assert fitting.fit(model, room) == "fits"
    assert fitting.fit(model, room, card_bytes=24_000 * MIB) == "fits"
    assert fitting.fit(model, room, card_bytes=8_000 * MIB) == "too_big"
