"""Fixtures that many tests share: the starter models, fetched once and kept between runs."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import filelock
import pytest

# Before torch is imported: beside another process its threads would spin while they wait for each other.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

from studio import Settings, Studio
from studio.starters import fetch_starters, missing_starters
from tests.serving import Server


@pytest.fixture(scope="session")
def starters() -> Path:
    """A models folder that holds every starter, whole. Read only: link or copy what a test changes."""
    cache = Path(os.environ.get("HEARTH_TEST_STARTERS") or Path.home() / ".cache" / "hearth-tests") / "models"
    cache.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(cache / "fetch.lock"):
        failed = fetch_starters(cache, sys.stderr)
    assert not failed, f"the starters could not be fetched: {failed}"
    assert missing_starters(cache) == []
    return cache


@pytest.fixture
def echo_studio(tmp_path: Path) -> Iterator[Studio]:
    """A studio on the echo engines alone, with a fresh data folder."""
    with Studio.open(Settings(demo=True, data_dir=tmp_path)) as studio:
        yield studio


@pytest.fixture(scope="module")
def echo_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The real app.py on the echo engines alone, one for the tests of a file."""
    server = Server(tmp_path_factory.mktemp("echo-server"), "--demo").start()
    yield server
    server.stop()
