"""Fixtures that many tests share: the starter models, fetched once and kept between runs."""

import gc
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import filelock
import pytest
import structlog

# Before torch is imported: beside another process its threads would spin while they wait for each other.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

from studio import Settings, Studio
from studio.starters import fetch_starters, missing_starters
from tests.serving import Server

# As app.py has it, for all tests alike: else the first studio that one of them opens sets the log's level for the rest.
structlog.configure(
    wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
)


# Files that take longest, in that order: side by side with the others, one that began last would go on alone.
LONGEST = (
    *("engines/test_contract.py", "test_benchmarks.py", "api/test_openapi.py", "engines/test_damaged_files.py"),
    *(
        "test_notebooks.py",
        "app/test_ends.py",
        "engines/test_memory.py",
        "app/test_bad_starts.py",
        "api/test_telemetry.py",
    ),
    *("e2e/test_first_day.py", "e2e/test_accessibility.py", "e2e/test_servers.py", "e2e/test_images.py"),
)
FOLDER = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest files."""
    places = {FOLDER / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


@pytest.fixture(scope="module", autouse=True)
def settled() -> None:
    """Leave what stays, all the imported modules, out of later collections, as app.py does.

    Whatever unloads a model collects, and over a heap that holds each library of the tests that takes a second.
    """
    gc.collect()
    gc.freeze()


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
