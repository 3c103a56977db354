"""The one writer, its readers, and what happens to a write when things go wrong."""

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from contract.errors import Conflict, StorageFailed
from store import Database, Preferences, Transaction
from store.migrations import migrations
from store.sqlite import Migrations

ROOT = Path(__file__).resolve().parent.parent.parent


def put(key: str, value: str):
    def write(db: Transaction) -> str:
        db.execute("INSERT INTO preferences (owner, key, value) VALUES ('', ?, ?)", (key, value))
        return key

    return write


def keys(database: Database) -> set[str]:
    return {row["key"] for row in database.rows("SELECT key FROM preferences")}


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Migrations:
    """The project's migrations, open to made-up ones that are gone after the test."""
    monkeypatch.setattr(migrations, "_migrations", list(migrations._migrations))
    return migrations


def test_an_empty_folder_gets_every_table_and_no_backup(database: Database, tmp_path: Path) -> None:
    tables = {row["name"] for row in database.rows("SELECT name FROM sqlite_master WHERE type = 'table'")}

    assert tables >= {"interactions", "jobs", "conversations", "messages", "artifacts", "preferences"}
    assert not (tmp_path / "backups").exists()
    assert database.rows("PRAGMA journal_mode")[0][0] == "wal"
    assert database.rows("PRAGMA foreign_keys")[0][0] == 1


def test_a_database_opened_again_has_what_was_written_and_applies_nothing_twice(tmp_path: Path) -> None:
    first = Database(tmp_path)
    first.write(put("a", "1"))
    first.close()

    second = Database(tmp_path)
    assert keys(second) == {"a"}
    second.close()
    assert not (tmp_path / "backups").exists()


def test_a_later_migration_makes_a_whole_backup_first(tmp_path: Path, steps: Migrations) -> None:
    first = Database(tmp_path)
    first.write(put("a", "1"))
    first.close()
    steps(name="9999_more")(lambda db: db.execute("CREATE TABLE more (id INTEGER)"))

    second = Database(tmp_path)

    assert second.rows("SELECT count(*) FROM more")[0][0] == 0
    second.close()
    [backup] = (tmp_path / "backups").iterdir()
    copy = sqlite3.connect(backup)
    assert copy.execute("SELECT key FROM preferences").fetchall() == [("a",)]
    assert copy.execute("SELECT name FROM sqlite_master WHERE name = 'more'").fetchall() == []
    copy.close()


def test_a_migration_that_fails_half_way_leaves_the_database_as_it_was(tmp_path: Path, steps: Migrations) -> None:
    first = Database(tmp_path)
    first.write(put("a", "1"))
    first.close()

    @steps(name="9999_broken")
    def broken(db: Transaction) -> None:
        db.execute("CREATE TABLE half (id INTEGER)")
        db.execute("DELETE FROM preferences")
        db.execute("INSERT INTO no_such_table VALUES (1)")

    with pytest.raises(StorageFailed, match="no_such_table"):
        Database(tmp_path)

    steps._migrations.pop()
    second = Database(tmp_path)
    assert keys(second) == {"a"}
    assert second.rows("SELECT name FROM sqlite_master WHERE name = 'half'") == []
    second.close()


def test_only_the_newest_backups_are_kept(tmp_path: Path, steps: Migrations) -> None:
    Database(tmp_path).close()
    for number in range(8):
        steps(name=f"9{number:03}_step")(lambda db: None)
        Database(tmp_path).close()

    assert len(list((tmp_path / "backups").iterdir())) == 5


def test_a_fresh_folder_can_be_opened_by_four_processes_at_once(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from store import Database; "
        "database = Database(Path(sys.argv[1])); database.rows('SELECT * FROM jobs'); database.close()"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    errors = [process.communicate(timeout=60)[1] for process in processes]

    assert [process.returncode for process in processes] == [0, 0, 0, 0], errors


def test_eight_writers_and_four_readers_lose_nothing(database: Database) -> None:
    stop = threading.Event()
    seen: list[int] = []
    trouble: list[BaseException] = []

    def read() -> None:
        last = 0
        try:
            while not stop.is_set():
                count = len(database.rows("SELECT key FROM preferences"))
                assert count >= last, "a committed row vanished"
                last = count
        except BaseException as exc:
            trouble.append(exc)
        seen.append(last)

    def write(number: int) -> None:
        try:
            for index in range(100):
                assert database.write(put(f"{number}-{index}", "1")) == f"{number}-{index}"
                if index % 25 == 0:  # what a thread has written, it can read
                    assert f"{number}-{index}" in keys(database)
        except BaseException as exc:
            trouble.append(exc)

    readers = [threading.Thread(target=read) for _ in range(4)]
    writers = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in (*readers, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    stop.set()
    for thread in readers:
        thread.join()

    assert trouble == []
    assert keys(database) == {f"{number}-{index}" for number in range(8) for index in range(100)}
    assert len(seen) == 4


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="this system does not list open files")
def test_readers_of_threads_that_ended_are_used_again(database: Database, tmp_path: Path) -> None:
    def open_files() -> int:
        return sum("hearth.db" in os.readlink(path) for path in Path("/proc/self/fd").iterdir() if path.is_symlink())

    for _ in range(3):
        for _ in range(20):
            thread = threading.Thread(target=lambda: database.rows("SELECT 1"))
            thread.start()
            thread.join()

    assert open_files() <= 8


def test_one_failing_write_does_not_harm_the_others_of_its_batch(database: Database) -> None:
    gate = threading.Event()
    futures = [database.submit(lambda db: gate.wait(60))]  # holds the writer, so that the rest is one batch
    futures.append(database.submit(put("a", "1")))

    def refuse(db: Transaction) -> None:
        put("half", "1")(db)
        raise Conflict("changed elsewhere")

    refused = database.submit(refuse)
    broken = database.submit(put("b", "not json"))
    futures.append(database.submit(put("c", "1")))
    gate.set()

    assert [future.result(60) for future in futures] == [True, "a", "c"]
    with pytest.raises(Conflict):
        refused.result(60)
    with pytest.raises(StorageFailed, match="Saving to"):
        broken.result(60)
    assert keys(database) == {"a", "c"}


def test_a_full_disk_fails_the_large_write_alone_and_later_writes_work(database: Database) -> None:
    pages = database.rows("PRAGMA page_count")[0][0]
    database.write(lambda db: db.conn.execute(f"PRAGMA max_page_count = {pages + 8}").fetchall() and None)
    gate = threading.Event()
    database.submit(lambda db: gate.wait(60))
    before = database.submit(put("before", '"x"'))
    large = database.submit(put("large", '"' + "x" * 1_000_000 + '"'))
    after = database.submit(put("after", '"x"'))
    gate.set()

    with pytest.raises(StorageFailed, match="full"):
        large.result(60)
    assert before.result(60) == "before"
    assert after.result(60) == "after"
    assert keys(database) == {"before", "after"}, "a write that was reported as kept is not there, or the reverse"


def test_a_write_that_ends_the_whole_transaction_does_not_take_the_others_with_it(database: Database) -> None:
    gate = threading.Event()
    database.submit(lambda db: gate.wait(60))
    before = database.submit(put("before", "1"))

    def roll_everything_back(db: Transaction) -> None:
        db.conn.execute("INSERT OR ROLLBACK INTO preferences (owner, key, value) VALUES ('', 'x', 'no json')")

    broken = database.submit(roll_everything_back)
    after = database.submit(put("after", "1"))
    gate.set()

    with pytest.raises(StorageFailed):
        broken.result(60)
    assert (before.result(60), after.result(60)) == ("before", "after")
    assert keys(database) == {"before", "after"}


def test_a_cancelled_write_does_not_stop_the_writer(database: Database) -> None:
    gate = threading.Event()
    database.submit(lambda db: gate.wait(60))
    cancelled = database.submit(put("cancelled", "1"))
    assert cancelled.cancel()
    gate.set()

    assert database.write(put("later", "1")) == "later"
    assert "later" in keys(database)


def test_a_write_that_reads_first_waits_for_another_process(database: Database, tmp_path: Path) -> None:
    """A deferred transaction would fail at once with SQLITE_BUSY_SNAPSHOT when the other commits in between."""
    other = sqlite3.connect(tmp_path / "hearth.db", isolation_level=None, check_same_thread=False)
    reading = threading.Event()

    def commit_in_between() -> None:
        reading.wait(60)
        other.execute("PRAGMA busy_timeout = 0")
        with contextlib.suppress(sqlite3.OperationalError):  # as it should be: the lock is ours until we commit
            other.execute("INSERT INTO preferences (owner, key, value) VALUES ('', 'other', '1')")

    thread = threading.Thread(target=commit_in_between)
    thread.start()

    def read_then_write(db: Transaction) -> None:
        db.execute("SELECT * FROM preferences").fetchall()
        reading.set()
        thread.join(60)
        put("ours", "1")(db)

    database.write(read_then_write)
    other.close()

    assert "ours" in keys(database)


def test_every_write_that_returned_survives_kill_9(tmp_path: Path) -> None:
    code = """
import sys, threading
from pathlib import Path
from store import Database
database = Database(Path(sys.argv[1]))
lock = threading.Lock()
def work(number):
    for index in range(10**6):
        key = f"{number}-{index}"
        database.write(lambda db: db.execute(
            "INSERT INTO preferences (owner, key, value) VALUES ('', ?, ?)", (key, '"' + "x" * 500 + '"')))
        with lock:
            print(key, flush=True)
for number in range(4):
    threading.Thread(target=work, args=(number,), daemon=True).start()
threading.Event().wait()
"""
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    told = [process.stdout.readline().strip() for _ in range(400)]
    process.send_signal(signal.SIGKILL)
    told += [line.strip() for line in process.stdout if line.endswith("\n")]
    process.wait()
    process.stdout.close()

    database = Database(tmp_path)
    assert set(told) <= keys(database)
    assert database.rows("PRAGMA integrity_check")[0][0] == "ok"
    database.close()


def test_a_data_folder_that_is_a_file_is_refused_with_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "a file"
    path.write_text("x")

    with pytest.raises(StorageFailed, match=r"The data folder .* can't be used: .*--data-dir"):
        Database(path)


def test_a_data_folder_that_can_not_be_written_is_refused_with_a_sentence(tmp_path: Path) -> None:
    # root may write into any real folder, but not make one in /proc
    folder = Path("/proc/hearth") if Path("/proc/self").exists() else tmp_path / "locked" / "data"
    if folder.is_relative_to(tmp_path):
        folder.parent.mkdir(mode=0o500)

    with pytest.raises(StorageFailed, match="Make it writable, or choose another with --data-dir"):
        Database(folder)


def test_a_file_that_is_no_database_is_refused_with_a_sentence_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "hearth.db").write_text("these are my notes, not a database" * 100)

    with pytest.raises(StorageFailed, match="not a database"):
        Database(tmp_path)

    assert (tmp_path / "hearth.db").read_text().startswith("these are my notes")


def test_a_read_that_fails_is_a_storage_error(database: Database) -> None:
    with pytest.raises(StorageFailed, match="Reading"):
        database.rows("SELECT * FROM no_such_table")
    assert database.rows("SELECT 1")[0][0] == 1


def test_a_reader_can_not_write(database: Database) -> None:
    with pytest.raises(StorageFailed, match="readonly"):
        database.rows("DELETE FROM preferences")


def test_closing_commits_what_is_queued_and_refuses_what_comes_later(tmp_path: Path) -> None:
    database = Database(tmp_path)
    gate = threading.Event()
    database.submit(lambda db: gate.wait(60))
    queued = [database.submit(put(str(number), "1")) for number in range(50)]
    threading.Timer(0.05, gate.set).start()
    database.close()
    database.close()

    assert [future.result(0) for future in queued] == [str(number) for number in range(50)]
    with pytest.raises(StorageFailed, match="shutting down"):
        database.submit(put("late", "1"))
    again = Database(tmp_path)
    assert len(keys(again)) == 50
    again.close()


def test_a_backup_is_a_whole_copy_while_others_write(database: Database, tmp_path: Path) -> None:
    for number in range(20):
        database.write(put(str(number), "1"))
    late = [database.submit(put(f"late-{number}", "1")) for number in range(20)]

    target = database.backup(tmp_path / "elsewhere" / "copy.db")

    copy = sqlite3.connect(target)
    found = {key for (key,) in copy.execute("SELECT key FROM preferences")}
    copy.close()
    assert found >= {str(number) for number in range(20)}
    assert all(future.result(60) for future in late)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Robert'); DROP TABLE jobs;--", "Robert'); DROP TABLE jobs;--"),
        ('she said "no"', 'she said "no"'),
        ("zażółć gęślą jaźń 👩‍👩‍👧 \u202eabc", "zażółć gęślą jaźń 👩‍👩‍👧 \u202eabc"),
        ("a\x00b", "a\x00b"),
        ("half a pair: \ud83d.", "half a pair: ?."),
    ],
)
def test_any_text_comes_back_as_it_was_put_in(database: Database, text: str, kept: str) -> None:
    preferences = Preferences(database)
    preferences.set("o'brien", "a\ud800 key", text)

    assert preferences.get("o'brien", "a\ud800 key") == text  # JSON escapes what is no text
    database.write(lambda db: db.execute("INSERT INTO preferences VALUES (?, 'k', '1')", (text,)))
    assert {row["owner"] for row in database.rows("SELECT owner FROM preferences WHERE key = 'k'")} == {kept}
    assert database.rows("SELECT count(*) FROM jobs")[0][0] == 0
