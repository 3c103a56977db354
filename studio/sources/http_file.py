"""Streams one file over HTTP to disk: resumed by ranges, bounded in size, checksummed on the way.

A cut connection is taken up where it broke, within one call and, because the half file and its
ETag stay in the folder, by the next call too. The server is believed in nothing: a range it
ignores starts the file anew, and so does a file that may have changed since (neither an ETag, nor a
date, nor a checksum tells it from the one before); a body longer than announced is dropped, and the
file gets its name only when size and checksum are right. Limits: one connection a file; no parallel
ranges.
"""

import contextlib
import hashlib
import shutil
import socket
import threading
import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from contract.engine import Stop
from contract.errors import DownloadFailed, StorageFailed
from contract.events import Progress

if TYPE_CHECKING:
    import httpx

_CHUNK = 256 * 1024
_TELL_EVERY_S = 0.1
# Tries in a row that get no further: of a file that has begun to arrive, and of one that has not.
_TRIES, _FIRST_TRIES = 5, 3
_TIMEOUT_S = 15.0
# Room that must stay free beside a download, for the database and the system.
SPARE_BYTES = 200_000_000
_RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One file to stream.

    Attributes:
        url: Where it is.
        path: Where it goes.
        size_bytes: Its size; 0: whatever the server announces.
        sha256, md5: Its checksum; "": not known.
        limit_bytes: The most that is taken when the size is not known.
        headers: Sent along, to this host only.
        wait_s: Before the first retry; each further one waits twice as long.
    """

    url: str
    path: Path
    size_bytes: int = 0
    sha256: str = ""
    md5: str = ""
    limit_bytes: int = 64 * 1024**3
    headers: Mapping[str, str] = field(default_factory=dict)
    wait_s: float = 0.5

    @property
    def name(self) -> str:
        return self.path.name


@dataclass(frozen=True, slots=True)
class Streamed:
    """What arrived."""

    size_bytes: int
    sha256: str


class _Again(Exception):
    """This try broke; another may go on from where it stopped, or from the start."""

    def __init__(self, why: str, *, anew: bool = False) -> None:
        super().__init__(why)
        self.anew = anew


class _Refused(Exception):
    """The server gave an answer that another try does not change."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the server answered {status}")
        self.status = status


def stream(client: "httpx.Client", wanted: Wanted, stop: Stop) -> Generator[Progress, None, Streamed | None]:
    """Fetch one file; yields its bytes so far, returns what arrived, or None when stopped.

    Raises:
        DownloadFailed: ``details["status"]`` is the server's, or None when it was not reached;
            ``details["reason"]`` is ``unreachable``, ``refused``, ``broken`` or ``checksum``.
    """
    part = wanted.path.with_name(wanted.path.name + ".part")
    wanted.path.parent.mkdir(parents=True, exist_ok=True)
    if wanted.path.exists():  # whole when an earlier try was cut off; looked at like a half one
        wanted.path.replace(part)
    woken = threading.Event()
    stop.on_set(woken.set)
    tries, best = 0, 0
    while not stop.is_set():
        before = part.stat().st_size if part.exists() else 0
        try:
            yield from _go_on(client, wanted, part, stop)
            if stop.is_set():
                return None
            done = _check(wanted, part, stop, resumed=before > 0)
        except _Refused as exc:
            raise _failed(wanted, "refused", f"the server answered {exc.status}", exc.status) from exc
        except _Again as exc:
            if exc.anew:
                _drop(part)
            size = part.stat().st_size if part.exists() else 0
            # A try that got well further than any before does not count: a flaky line gets there too.
            tries = 1 if size >= best + _CHUNK else tries + 1
            best = max(best, size)
            if tries >= (_TRIES if best > 0 else _FIRST_TRIES):
                reason = "broken" if best > 0 else "unreachable"
                raise _failed(wanted, reason, str(exc), None) from exc
            woken.wait(wanted.wait_s * 2 ** (tries - 1))
        else:
            if done is None:
                return None
            part.replace(wanted.path)
            _drop(part)
            return done
    return None


def stream_all(
    client: "httpx.Client", wanted: Sequence[Wanted], stop: Stop
) -> Generator[Progress, None, tuple[Streamed, ...] | None]:
    """Fetch one file after the other; yields the bytes of all so far, returns what arrived, or None when stopped."""
    total, done, arrived = sum(file.size_bytes for file in wanted), 0, []
    all_told = all(file.size_bytes for file in wanted)
    if wanted:
        there = sum(_have(file) for file in wanted)
        wanted[0].path.parent.mkdir(parents=True, exist_ok=True)
        check_room(wanted[0].path.parent, total - there, wanted[0].name)
    for file in wanted:
        events = stream(client, file, stop)
        while True:
            try:
                progress = next(events)
            except StopIteration as end:
                streamed = end.value
                break
            # Of a size that nobody published, the server tells when the file begins.
            yield Progress(done + progress.step, total if all_told else done + progress.total, file.name)
        if streamed is None:
            return None
        arrived.append(streamed)
        done += streamed.size_bytes
    return tuple(arrived)


def _have(wanted: Wanted) -> int:
    part = wanted.path.with_name(wanted.path.name + ".part")
    return next((path.stat().st_size for path in (wanted.path, part) if path.exists()), 0)


def _go_on(client: "httpx.Client", wanted: Wanted, part: Path, stop: Stop) -> Generator[Progress, None, None]:
    """One request: append to the half file what is missing of it."""
    import httpx

    tag_file = part.with_name(part.name + ".etag")
    have = part.stat().st_size if part.exists() else 0
    tag = tag_file.read_text(encoding="utf-8") if tag_file.exists() else ""
    if wanted.size_bytes and have > wanted.size_bytes:
        raise _Again("the half file was longer than the whole", anew=True)
    if wanted.size_bytes and have == wanted.size_bytes:
        return
    if have and not (tag or wanted.sha256 or wanted.md5):
        have = 0  # nothing would tell whether the rest is of the same file
    # identity: the bytes on the line are the file's own, so that ranges and lengths mean what they say.
    headers = {**wanted.headers, "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
        if tag:
            headers["If-Range"] = tag
    try:
        with client.stream("GET", wanted.url, headers=headers) as response:
            stop.on_set(partial(_hang_up, response))
            have = _check_answer(response, have, wanted.size_bytes)
            tag_file.write_text(_validator(response), encoding="utf-8")
            yield from _append(response, wanted, part, have, stop)
    except httpx.HTTPError as exc:
        raise _Again(type(exc).__name__) from exc


def _validator(response: "httpx.Response") -> str:
    """What tells this version of the file from others: a strong ETag, else its date; "": nothing does."""
    tag = str(response.headers.get("etag", ""))
    return tag if tag and not tag.startswith("W/") else str(response.headers.get("last-modified", ""))


def _check_answer(response: "httpx.Response", have: int, size_bytes: int) -> int:
    """How many bytes to keep of the half file, or why not to read on."""
    status, told = response.status_code, response.headers.get("content-range", "")
    whole = told.rpartition("/")[2]
    if status == 206 and size_bytes and whole.isdecimal() and int(whole) != size_bytes:
        raise _Again(f"the server has {int(whole):,} bytes of it, not {size_bytes:,}", anew=True)
    if status == 206 and told.startswith(f"bytes {have}-"):
        return have
    if status == 200:
        return 0  # the server ignores ranges, or the file changed: from the start
    if status in (206, 416):
        raise _Again(f"the server answered {status} with another range", anew=True)
    if status in _RETRIED:
        raise _Again(f"the server answered {status}")
    raise _Refused(status)


def _append(
    response: "httpx.Response", wanted: Wanted, part: Path, have: int, stop: Stop
) -> Generator[Progress, None, None]:
    announced = response.headers.get("content-length", "")
    total = wanted.size_bytes or (have + int(announced) if announced.isdecimal() else 0)
    limit = wanted.size_bytes or wanted.limit_bytes
    if total > limit:
        raise _failed(wanted, "refused", f"it has {total:,} bytes and may have {limit:,}", None)
    check_room(part.parent, total - have, wanted.name)
    told = 0.0
    with part.open("r+b" if have else "wb") as file:
        file.seek(have)
        file.truncate()
        for chunk in response.iter_raw(_CHUNK):
            have += len(chunk)
            if have > limit:
                raise _Again("the server sent more than the file has", anew=True)
            file.write(chunk)
            if stop.is_set():
                return
            if time.monotonic() - told >= _TELL_EVERY_S:
                told = time.monotonic()
                yield Progress(have, total, wanted.name)
    if total and have < total:
        raise _Again("the connection was cut")
    yield Progress(have, total or have, wanted.name)


def announced(client: "httpx.Client", url: str) -> int:
    """The size in bytes that a server tells of a file before it is fetched; 0: it does not tell."""
    import httpx

    try:
        answer = client.head(url, headers={"Accept-Encoding": "identity"})
    except httpx.InvalidURL as exc:
        raise DownloadFailed(f"{url[:80]!r} is not the address of a file.", reason="refused") from exc
    except httpx.HTTPError:
        return 0
    length = answer.headers.get("content-length", "")
    return int(length) if answer.status_code == 200 and length.isdecimal() else 0


def check_room(folder: Path, needed_bytes: int, title: str) -> None:
    """Refuse what the disk of a folder has no room for."""
    free = shutil.disk_usage(folder).free
    if needed_bytes > 0 and free < needed_bytes + SPARE_BYTES:
        raise StorageFailed(
            f"{title} needs {(needed_bytes + SPARE_BYTES) / 1e6:,.0f} MB and {folder} has {free / 1e6:,.0f} MB free. "
            "Free some space, or set HEARTH_DATA_DIR to a folder on a larger disk.",
            needed_bytes=needed_bytes + SPARE_BYTES,
            free_bytes=free,
        )


def _hang_up(response: "httpx.Response") -> None:
    """Wake a reader that waits for bytes: closing a socket does not, shutting it down does."""
    stream = response.extensions.get("network_stream")
    connection = stream.get_extra_info("socket") if stream is not None else None
    if connection is not None:
        with contextlib.suppress(OSError):
            socket.socket.shutdown(connection, socket.SHUT_RDWR)


def _check(wanted: Wanted, part: Path, stop: Stop, *, resumed: bool) -> Streamed | None:
    """Compare the whole file's checksum; a file put together of two parts gets one more chance."""
    sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    size = 0
    with part.open("rb") as file:
        while chunk := file.read(1024 * 1024):
            if stop.is_set():
                return None
            size += len(chunk)
            sha256.update(chunk)
            if wanted.md5:
                md5.update(chunk)
    right = (not wanted.sha256 or sha256.hexdigest() == wanted.sha256) and (
        not wanted.md5 or md5.hexdigest() == wanted.md5
    )
    if right and (not wanted.size_bytes or size == wanted.size_bytes):
        return Streamed(size, sha256.hexdigest())
    if resumed:
        raise _Again("the file's checksum is wrong", anew=True)
    _drop(part)
    raise _failed(wanted, "checksum", "its checksum is wrong", None)


def _drop(part: Path) -> None:
    part.unlink(missing_ok=True)
    part.with_name(part.name + ".etag").unlink(missing_ok=True)


def _failed(wanted: Wanted, reason: str, why: str, status: int | None) -> DownloadFailed:
    return DownloadFailed(
        f"{wanted.name} could not be downloaded: {why}. Nothing of it was kept. Try again later.",
        file=wanted.name,
        reason=reason,
        status=status,
    )


def new_client() -> "httpx.Client":
    """A client that follows redirects and obeys the proxy settings of the environment."""
    import httpx  # 0.2 s, and only a download needs it

    return httpx.Client(follow_redirects=True, timeout=httpx.Timeout(_TIMEOUT_S), headers={"User-Agent": "hearth"})
