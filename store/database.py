"""One SQLite file: a writer thread that commits in batches, and readers that never block.

All writes go through one thread, so that they never wait for each other inside SQLite; what
arrives while a commit runs shares the next one. A failing write is rolled back alone (a
savepoint each), and where it takes the whole transaction with it, as a full disk does, the others
are written again one by one. Readers use WAL, each its own connection of a pool. Commits survive
``kill -9``; with ``synchronous=NORMAL`` a power cut may lose the last ones but not damage the file.
Other processes may use the same file: a transaction takes the write lock before it reads.
"""

import queue
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import filelock

from contract.errors import StorageFailed
from store.migrations import known_steps, migrations
from store.sqlite import Parameters, Transaction, storable

Write = Callable[[Transaction], object]
T = TypeVar("T")

BUSY_TIMEOUT_MS = 10_000
OPENING_TIMEOUT_S = 60  # another process may be migrating
BATCH_MOST = 500
BACKUPS_KEPT = 5


def _folded(text: str | None) -> str | None:
    return None if text is None else text.casefold()


def timestamp(when: datetime) -> str:
    """Return a time as the database stores it: UTC, ISO 8601, milliseconds."""
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def now() -> str:
    """Return this moment as the database stores it."""
    return timestamp(datetime.now(UTC))


class Database:
    """The open database file ``folder/hearth.db``.

    Raises:
        StorageFailed: The folder or the file can't be written or read.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "hearth.db"
        # Borrowed by one thread at a time. One for each thread for good would leak: threads come and go.
        self._readers: deque[sqlite3.Connection] = deque()
        self._writes: queue.SimpleQueue[tuple[Write, Future[object]] | None] = queue.SimpleQueue()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with filelock.FileLock(folder / "opening.lock", timeout=OPENING_TIMEOUT_S):
                writer = self._open()
        except sqlite3.Error as exc:
            raise StorageFailed(f"{self.path} can't be opened: {exc}. {self._advice(exc)}", folder=str(folder)) from exc
        except OSError as exc:
            raise StorageFailed(
                f"The data folder {folder} can't be used: {exc}. Make it writable, or choose another with --data-dir.",
                folder=str(folder),
            ) from exc
        self._closed = False
        self._close_lock = threading.Lock()
        self._writer = threading.Thread(target=self._write_loop, args=(writer,), name="store-writer", daemon=True)
        self._writer.start()

    def _open(self) -> Transaction:
        connection = self._connect()
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            writer = Transaction(connection)
            self._migrate(writer)
        except BaseException:
            connection.close()
            raise
        return writer

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, check_same_thread=False, timeout=BUSY_TIMEOUT_MS / 1000)
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA synchronous=NORMAL")
        # SQLite's own LIKE knows upper and lower case of ASCII letters alone.
        connection.create_function("folded", 1, _folded, deterministic=True)
        return connection

    def _advice(self, exc: sqlite3.Error) -> str:
        """What a person can do about an error of the file itself."""
        kind = getattr(exc, "sqlite_errorcode", 0) & 0xFF  # the rest of the code says where
        if kind in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            return (
                f"The file is damaged. Put the newest copy from {self.folder / 'backups'} in its place, or move it "
                "away to begin anew; models and files stay."
            )
        return "Free some space, make the folder writable, or choose another with --data-dir."

    def _migrate(self, db: Transaction) -> None:
        pending = migrations.pending(db)
        applied = [step.name for step in migrations.applied(db)]
        newer = sorted(set(applied) - set(known_steps()))
        if newer:
            raise StorageFailed(
                f"{self.path} was written by a newer Hearth (step {newer[-1]}), and this one can't read it. "
                "Update Hearth, or choose another folder with --data-dir.",
                folder=str(self.folder),
            )
        if not pending:
            return
        if applied:
            self.backup(self.folder / "backups" / f"before-{pending[0].name}-{int(time.time())}.db")
            self._drop_old_backups()
        migrations.apply(db)

    def _drop_old_backups(self) -> None:
        backups = sorted((self.folder / "backups").glob("before-*.db"), key=lambda path: path.stat().st_mtime)
        for path in backups[:-BACKUPS_KEPT]:
            path.unlink(missing_ok=True)

    def backup(self, target: Path) -> Path:
        """Write a whole, compact copy to ``target`` while others read and write."""
        target.parent.mkdir(parents=True, exist_ok=True)
        # A copy that a full disk or a kill cut short must not look like a backup.
        draft = target.with_name(target.name + ".part")
        draft.unlink(missing_ok=True)
        try:
            with closing(self._connect()) as connection:
                connection.execute("VACUUM INTO ?", (str(draft),))
            draft.replace(target)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
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
            writes = [item for item in batch if item is not None and item[1].set_running_or_notify_cancel()]
            try:
                self._commit(db, writes)
            except Exception as exc:  # the thread goes on, whatever happens to one batch
                for _, future in writes:
                    if not future.done():
                        future.set_exception(self._storage_error(exc))
        db.conn.close()

    def _commit(self, db: Transaction, batch: Sequence[tuple[Write, Future[object]]]) -> None:
        try:
            db.conn.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as exc:  # another process holds the lock for too long
            for _, future in batch:
                future.set_exception(self._storage_error(exc))
            return
        try:
            outcomes = self._write_all(db, batch)
            db.conn.execute("COMMIT")
        except Exception as exc:
            db.rollback()
            if len(batch) == 1:
                batch[0][1].set_exception(self._storage_error(exc))
                return
            for item in batch:  # each on its own, so that only what can't be kept is lost
                self._commit(db, [item])
            return
        for future, value, error in outcomes:
            if error is None:
                future.set_result(value)
            else:
                future.set_exception(error)

    def _write_all(
        self, db: Transaction, batch: Sequence[tuple[Write, Future[object]]]
    ) -> list[tuple[Future[object], object, Exception | None]]:
        outcomes: list[tuple[Future[object], object, Exception | None]] = []
        for write, future in batch:
            try:
                with db.atomic():
                    outcomes.append((future, write(db), None))
            except Exception as exc:
                if not db.conn.in_transaction:
                    raise  # SQLite has rolled everything back, the others' writes too
                outcomes.append((future, None, self._storage_error(exc)))
        return outcomes

    def _storage_error(self, exc: Exception) -> Exception:
        if not isinstance(exc, sqlite3.Error | OSError):
            return exc
        advice = self._advice(exc) if isinstance(exc, sqlite3.Error) else "Free some space, then try again."
        error = StorageFailed(f"Saving to {self.path} failed: {exc}. {advice}")
        error.__cause__ = exc
        return error

    # Reading

    @contextmanager
    def _reader(self) -> Iterator[sqlite3.Connection]:
        """Lend a read-only connection; rows are ``sqlite3.Row``. SQLite's errors become StorageFailed."""
        try:
            try:
                connection = self._readers.pop()
            except IndexError:
                connection = self._connect()
                connection.row_factory = sqlite3.Row
                connection.execute("PRAGMA query_only=ON")
            try:
                yield connection
            finally:
                self._readers.append(connection)
                if self._closed:
                    self._close_readers()
        except sqlite3.Error as exc:
            raise StorageFailed(f"Reading {self.path} failed: {exc}. {self._advice(exc)}") from exc

    def rows(self, sql: str, parameters: Parameters = ()) -> list[sqlite3.Row]:
        """Run one SELECT and return all its rows.

        Raises:
            StorageFailed: The file can't be read.
        """
        with self._reader() as connection:
            return connection.execute(sql, storable(parameters)).fetchall()

    def _close_readers(self) -> None:
        while True:
            try:
                self._readers.pop().close()
            except IndexError:
                return

    def close(self) -> None:
        """Commit what is queued, then close; may be called again."""
        with self._close_lock:
            if self._closed:
                return
            self._closed = True
            # The writer last: only a connection that may write puts the WAL into the file when it is the last.
            self._close_readers()
            self._writes.put(None)
        self._writer.join()
        self._close_readers()
