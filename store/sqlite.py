"""sqlite-utils, imported without the pandas and numpy that it would pull in.

sqlite-utils 4.2 imports both, when they are installed, to know their scalar types; nothing here
stores those, and together they take 1.2 s of a start of which a person waits for each tenth.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def _hidden(*names: str) -> Iterator[None]:
    """Make modules that are not imported yet look absent inside the block."""
    hidden = [name for name in names if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment]  # documented: import then raises ImportError
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


with _hidden("pandas", "numpy"):
    import sqlite_utils
    from sqlite_utils import Migrations

# What a write is given: the connection inside its transaction.
Transaction = sqlite_utils.Database

__all__ = ["Migrations", "Transaction", "sqlite_utils"]
