"""Makes sure that the tests find Node.js and OpenAI's official client for it, in a folder of their own."""

import os
import shutil
import subprocess
from pathlib import Path

PACKAGE = "openai@6.49.0"


def folder() -> Path:
    """Return the folder whose ``node_modules`` holds the client."""
    return Path(os.environ.get("HEARTH_TEST_NODE") or Path.home() / ".cache" / "hearth-tests" / "node")


def is_there() -> bool:
    """Whether Node.js and the client of that version are installed."""
    mark = folder() / "package.txt"
    return shutil.which("node") is not None and mark.is_file() and mark.read_text() == PACKAGE


def main() -> None:
    """Install what is missing; say how to get it where that fails."""
    if is_there():
        return
    steps: list[list[str]] = []
    if not (shutil.which("node") and shutil.which("npm")) and os.geteuid() == 0 and shutil.which("apt-get"):
        steps = [
            ["apt-get", "update", "-qq"],
            ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "nodejs", "npm"],
        ]
    where = folder()
    where.mkdir(parents=True, exist_ok=True)
    quiet = ["--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts", "--silent"]
    steps.append(["npm", "install", "--prefix", str(where), *quiet, PACKAGE])
    print("Installing OpenAI's client for Node.js for the tests", flush=True)
    for step in steps:
        try:
            failed = subprocess.run(step, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"}).returncode != 0
        except FileNotFoundError:
            failed = True
        if failed:
            raise SystemExit(f"`{' '.join(step)}` failed; install Node.js 20 with npm, then try again.")
    (where / "package.txt").write_text(PACKAGE)


if __name__ == "__main__":
    main()
