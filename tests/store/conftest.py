"""A fresh database for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from store import Database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An empty database in its own folder, closed at the end."""
    opened = Database(tmp_path)
    yield opened
    opened.close()
