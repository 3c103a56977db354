"""What a person sees on the console while the starters are fetched."""

import io
import os
from pathlib import Path

import pytest

from studio.starters import fetch_starters
from tests.studio.conftest import starters_here


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.fixture
def no_wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """pip finds nothing, as on a machine without a network."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)


def test_starters_that_are_here_are_not_mentioned(starters: Path) -> None:
    out = io.StringIO()
    assert fetch_starters(starters, out) == {}
    assert out.getvalue() == ""


@pytest.mark.usefixtures("no_wheels")
def test_a_log_gets_plain_lines_and_one_sentence_for_each_wheel_that_failed(tmp_path: Path) -> None:
    out = io.StringIO()
    failed = fetch_starters(tmp_path / "models", out)
    wanted = starters_here()
    assert set(failed) == {entry.id for entry in wanted if entry.source.type == "wheel"}
    first, *rest = out.getvalue().splitlines()
    assert first == f"Fetching {len(wanted)} starter models, {365 if len(wanted) == 7 else 349} MB, once:"
    assert "\x1b" not in out.getvalue()
    assert sum("PIP_FIND_LINKS" in line for line in rest) == 5
    assert not any("All starter models are here" in line for line in rest)


@pytest.mark.usefixtures("no_wheels")
def test_a_terminal_gets_a_bar_for_each_starter(tmp_path: Path) -> None:
    out = Terminal()
    fetch_starters(tmp_path / "models", out)
    lines = out.getvalue().splitlines()
    for entry in starters_here():
        bar = "█" if entry.source.type == "included" else "░"
        assert any(entry.id in line and bar in line and line.endswith(" MB") for line in lines), entry.id
