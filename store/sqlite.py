"""sqlite-utils, imported without the pandas and numpy that it would pull in.

sqlite-utils 4.2 imports both, when they are installed, to know their scalar types; nothing here
stores those, and together they take 1.2 s of a start of which a person waits for each tenth.
"""

import sqlite3
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

Value = str | int | float | bytes | None
Parameters = Sequence[Value] | Mapping[str, Value]


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


class Transaction(sqlite_utils.Database):
    """What a write is given: the connection inside its transaction."""

    def execute(self, sql: str, parameters: Parameters | None = None) -> sqlite3.Cursor:
        """Run one statement; see ``storable``."""
        return super().execute(sql, None if parameters is None else storable(parameters))


def storable(parameters: Parameters) -> list[Value] | dict[str, Value]:
    """Replace what is no Unicode text: SQLite refuses lone surrogates, and a row must not fail for one.

    They come from file names that are not UTF-8, and from JSON that escapes half a pair.
    """
    if isinstance(parameters, Mapping):
        return {name: _storable(value) for name, value in parameters.items()}
    return [_storable(value) for value in parameters]


def _storable(value: Value) -> Value:
    return plain_text(value) if isinstance(value, str) else value


def plain_text(text: str) -> str:
    """Return ``text`` itself, or where it holds lone surrogates one with ``?`` in their place."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text


__all__ = ["Migrations", "Parameters", "Transaction", "Value", "plain_text", "sqlite_utils", "storable"]
