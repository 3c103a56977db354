"""One SQLite file: a writer thread that commits in batches, and a reader for each thread.

All writes go through one thread, so that they never wait for each other inside SQLite; what
arrives while a commit runs shares the next one. A failing write is rolled back alone (a
savepoint each). Readers use WAL and never block. Commits survive ``kill -9``; with
``synchronous=NORMAL`` a power cut may lose the last ones but not damage the file.
"""

import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from contract.errors import StorageFailed
from store.migrations import migrations
from store.sqlite import Transaction

Value = str | int | float | bytes | None
Row = Mapping[str, Value]
Write = Callable[[Transaction], object]
T = TypeVar("T")

BUSY_TIMEOUT_MS = 10_000
BATCH_MOST = 500
BACKUPS_KEPT = 5


def now() -> str:
    """Return the time as the database stores it: UTC, ISO 8601, milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Database:
    """The open database file ``folder/hearth.db``.

    Raises:
        StorageFailed: The folder or the file can't be written or read.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "hearth.db"
        self._local = threading.local()
        self._readers: list[sqlite3.Connection] = []
        self._readers_lock = threading.Lock()
        self._writes: queue.SimpleQueue[tuple[Write, Future[object]] | None] = queue.SimpleQueue()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            writer = Transaction(self._connect())
            writer.conn.execute("PRAGMA journal_mode=WAL")
            self._migrate(writer)
        except (OSError, sqlite3.Error) as exc:
            raise StorageFailed(
                f"The data folder {folder} can't be used: {exc}. Make it writable, or choose another with --data-dir.",
                folder=str(folder),
            ) from exc
        self._closed = False
        self._close_lock = threading.Lock()
        self._writer = threading.Thread(target=self._write_loop, args=(writer,), name="store-writer", daemon=True)
        self._writer.start()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, check_same_thread=False, timeout=BUSY_TIMEOUT_MS / 1000)
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA synchronous=NORMAL")
        return connection

    def _migrate(self, db: Transaction) -> None:
        pending = migrations.pending(db)
        if not pending:
            return
        if migrations.applied(db):
            self.backup(self.folder / "backups" / f"before-{pending[0].name}-{int(time.time())}.db", db.conn)
            self._drop_old_backups()
        migrations.apply(db)

    def _drop_old_backups(self) -> None:
        backups = sorted((self.folder / "backups").glob("before-*.db"), key=lambda path: path.stat().st_mtime)
        for path in backups[:-BACKUPS_KEPT]:
            path.unlink(missing_ok=True)

    def backup(self, target: Path, connection: sqlite3.Connection | None = None) -> Path:
        """Write a whole, compact copy to ``target`` while others read and write."""
        target.parent.mkdir(parents=True, exist_ok=True)
        (connection or self.reader()).execute("VACUUM INTO ?", (str(target),))
        return target

    # Writing

    def submit(self, write: Write) -> Future[object]:
        """Queue a write; the future resolves once it is committed, or raises StorageFailed.

        An error of the domain (a StudioError) raised by ``write`` rolls it back and comes through.
        """
        future: Future[object] = Future()
        with self._close_lock:
            if self._closed:
                raise StorageFailed("Hearth is shutting down, so nothing can be saved. Start it again.")
            self._writes.put((write, future))
        return future

    def write(self, write: Callable[[Transaction], T]) -> T:
        """Write and wait for the commit; returns what ``write`` returns."""
        return self.submit(write).result()  # type: ignore[return-value]  # the future is of this very call

    def _write_loop(self, db: Transaction) -> None:
        stop = False
        while not stop:
            batch = [self._writes.get()]
            while len(batch) < BATCH_MOST:
                try:
                    batch.append(self._writes.get_nowait())
                except queue.Empty:
                    break
            stop = None in batch
            self._commit(db, [item for item in batch if item is not None])
        db.conn.close()

    def _commit(self, db: Transaction, batch: Sequence[tuple[Write, Future[object]]]) -> None:
        outcomes: list[tuple[Future[object], object, BaseException | None]] = []
        try:
            with db.atomic():
                for write, future in batch:
                    try:
                        with db.atomic():
                            outcomes.append((future, write(db), None))
                    except Exception as exc:
                        outcomes.append((future, None, self._storage_error(exc)))
        except Exception as exc:  # the commit itself: a full disk, a lock held too long
            outcomes = [(future, None, self._storage_error(exc)) for _, future in batch]
        for future, value, error in outcomes:
            if error is None:
                future.set_result(value)
            else:
                future.set_exception(error)

    def _storage_error(self, exc: Exception) -> Exception:
        if not isinstance(exc, sqlite3.Error | OSError):
            return exc
        error = StorageFailed(
            f"Saving to {self.path} failed: {exc}. Free some space or check the folder's rights, then try again."
        )
        error.__cause__ = exc
        return error

    # Reading

    def reader(self) -> sqlite3.Connection:
        """Return this thread's read-only connection; rows are ``sqlite3.Row``."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._connect()
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA query_only=ON")
            self._local.connection = connection
            with self._readers_lock:
                self._readers.append(connection)
        return connection

    def rows(self, sql: str, parameters: Sequence[Value] | Row = ()) -> list[sqlite3.Row]:
        """Run one SELECT and return all its rows."""
        return self.reader().execute(sql, parameters).fetchall()

    def each(self, sql: str, parameters: Sequence[Value] | Row = ()) -> Iterator[sqlite3.Row]:
        """Run one SELECT and yield its rows, for results that need not fit in memory."""
        yield from self.reader().execute(sql, parameters)

    def close(self) -> None:
        """Commit what is queued, then close; may be called again."""
        with self._close_lock:
            if self._closed:
                return
            self._closed = True
            self._writes.put(None)
        self._writer.join()
        with self._readers_lock:
            for connection in self._readers:
                connection.close()
            self._readers.clear()
