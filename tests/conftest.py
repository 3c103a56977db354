"""Fixtures that many tests share: the starter models, fetched once and kept between runs."""

import os
import sys
from pathlib import Path

import filelock
import pytest

from studio.starters import fetch_starters, missing_starters


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
