"""A first set-up of both profiles from the lock files, in a fresh copy of this project: seconds, and room on disk."""

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.measure import Busy, Effort, Result, Round, result, row, run
from benchmarks.servers import ROOT

PROFILES = ("light", "full")
SECONDS_AIM = 90
GB_AIM = {"light": 0.8, "full": 2.0}
LEFT_OUT = (".git", ".venv", ".*_cache", "__pycache__", "*.egg-info", "build", "dist")


class InstallFailed(Exception):
    """The set-up failed; the message has the end of its output."""


def install(profile: str) -> dict[str, float]:
    """Set one profile up; returns its seconds and gigabytes.

    Raises:
        InstallFailed: It did not come to its end.
    """
    with tempfile.TemporaryDirectory(prefix="hearth-bench-") as folder:
        copy = Path(folder) / "hearth"
        shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*LEFT_OUT))
        began = time.perf_counter()
        # The base interpreter, so that the environment that measures is not inherited.
        command = [str(Path(sys.base_prefix) / "bin" / "python3"), "deploy/install.py", "--profile", profile]
        done = subprocess.run(command, cwd=copy, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        took = time.perf_counter() - began
        if done.returncode:
            raise InstallFailed(f"{profile}: {(done.stdout + done.stderr)[-2000:]}")
        size = sum(file.lstat().st_blocks * 512 for file in (copy / ".venv").rglob("*"))
    return {profile: took, f"{profile}_gb": size / 1e9}


def measure(effort: Effort) -> Result:
    """Measure, once: it takes minutes and hardly varies."""
    profiles = PROFILES[:1] if effort.quick else PROFILES
    found: dict[str, float] = {}
    with Busy() as busy:
        for profile in profiles:
            found |= install(profile)
    made = [Round(found, {}, busy.others_cores)]
    rows = []
    for profile in profiles:
        aim = SECONDS_AIM if profile == "full" else None
        rows.append(row(f"set-up, {profile}", "s", made, profile, "", aim=aim))
        rows.append(row(f"set-up, {profile}: on disk", "GB", made, f"{profile}_gb", "", aim=GB_AIM[profile]))
    return result(
        "install", made, rows, ["The set-up is measured once, with whatever pip has in its cache; models not counted."]
    )


if __name__ == "__main__":
    run("install", __doc__, measure)
