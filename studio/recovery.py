"""What a crash left open is closed at the next start, and only what no living process still runs.

Each process holds a lock file of its own while it lives; the system lets go of it however the
process ends. Jobs whose process is gone are marked interrupted: their rows, their log entries and
the replies they were writing, with the text those had so far.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import filelock

from contract.errors import Interrupted, StorageFailed
from contract.ids import new_id
from store import (
    Artifacts,
    Conversations,
    Database,
    Documents,
    ImageQueue,
    Interaction,
    Interactions,
    JobRow,
    Jobs,
    Transaction,
)
from store.database import now, timestamp

NOTHING_KEPT = "Hearth ended while this was running, and nothing of it is kept. Ask again."
WAITS = "Hearth ended before this was drawn. It waits again."
DOWNLOAD = "Hearth ended during this download. Ask for the model again: it goes on where it was."
SOME_KEPT = "Hearth ended while this was running. The pictures that were done are kept; ask again for the rest."
MESSAGE = "Hearth ended while this was running. What was made so far is kept; ask again for the rest."
GUARD_TIMEOUT_S = 10
ORPHAN_PATIENCE_S = 60


def claim(data_dir: Path) -> tuple[str, filelock.BaseFileLock]:
    """Return this process's instance name and the lock that shows it is alive."""
    instance = new_id()
    folder = data_dir / "run"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # One database file may be open twice in a process (a notebook's Studio beside another's).
        lock = filelock.FileLock(folder / f"{instance}.lock", is_singleton=False)
        with _guard(data_dir):
            lock.acquire(timeout=0)
    except OSError as exc:
        raise StorageFailed(
            f"The data folder {data_dir} can't be used: {exc}. Make it writable, or choose another with --data-dir.",
            folder=str(data_dir),
        ) from exc
    return instance, lock


def release(lock: filelock.BaseFileLock) -> None:
    """Give the lock back and take its file away."""
    lock.release()
    Path(lock.lock_file).unlink(missing_ok=True)


def recover(
    database: Database,
    jobs: Jobs,
    conversations: Conversations,
    files: Sequence[Artifacts | Documents],
    data_dir: Path,
    instance: str,
) -> int:
    """Close what dead processes left open; returns how many jobs that were.

    Args:
        files: Where files are kept, which a crash may have left without a row.
        instance: Our own name.
    """
    unfinished = jobs.open()  # before looking who lives: a process that starts now is not taken for dead
    with _guard(data_dir):
        alive = _alive(data_dir)
    cut_off = [job for job in unfinished if job.instance not in alive]
    marked = database.write(lambda db: _mark(db, cut_off)) if cut_off else 0
    if marked and alive <= {instance}:
        for kept in files:
            kept.remove_orphans()
    # Beside another process, a reply that has no job yet may be about to get one.
    patience = timedelta(seconds=ORPHAN_PATIENCE_S if alive - {instance} else 0)
    conversations.cut_off(MESSAGE, timestamp(datetime.now(UTC) - patience))
    return marked


def _guard(data_dir: Path) -> filelock.BaseFileLock:
    """Keep a process from probing a lock file between its making and its locking."""
    return filelock.FileLock(data_dir / "run" / "guard", timeout=GUARD_TIMEOUT_S, is_singleton=False)


def _alive(data_dir: Path) -> set[str]:
    """Return the instances whose process lives, and take the others' lock files away."""
    alive = set()
    for path in (data_dir / "run").glob("*.lock"):
        probe = filelock.FileLock(path, is_singleton=False)
        try:
            probe.acquire(timeout=0)
        except (filelock.Timeout, OSError):
            alive.add(path.stem)
        else:
            release(probe)
    return alive


def _mark(db: Transaction, cut_off: list[JobRow]) -> int:
    marked = 0
    for job in cut_off:
        if not Jobs.is_open(db, job.id):
            continue  # another Hearth that started beside us was first
        marked += 1
        message = MESSAGE if job.reply_id else DOWNLOAD if job.kind == "download" else NOTHING_KEPT
        files = tuple(row[0] for row in db.execute("SELECT id FROM artifacts WHERE job_id = ? ORDER BY id", (job.id,)))
        if job.kind == "image" and files:
            message = SOME_KEPT
        if job.kind == "image" and ImageQueue.waits(db, job.id):
            message = WAITS
        reply = db.execute("SELECT content, conversation_id FROM messages WHERE id = ?", (job.reply_id,)).fetchone()
        Interactions.append(
            db,
            Interaction(
                id=new_id(),
                created_at=now(),
                kind=job.kind,
                via=job.via,
                owner=job.owner,
                status="interrupted",
                model=job.model,
                job_id=job.id,
                conversation_id=reply[1] if reply else None,
                input=job.input,
                output=(reply[0] or None) if reply else None,
                artifacts=files,
                error_code=Interrupted.code,
                error_message=message,
            ),
        )
        Jobs.finish(db, job.id, "interrupted", job.model, Interrupted.code, message)
        db.execute(
            "UPDATE messages SET state = 'interrupted', error_message = ? WHERE id = ? AND state = 'growing'",
            (MESSAGE, job.reply_id),
        )
    return marked
