"""Starts of app.py that are meant to end at once, with what they said."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.serving import ROOT


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended."""

    status: int
    output: str
    errors: str

    def sentence(self) -> str:
        """What it said to the person, checked to be one short line and no traceback."""
        assert "Traceback" not in self.errors, self.errors
        [line] = self.errors.strip().splitlines()
        assert len(line) < 400, line
        return line


def ended(*arguments: str | Path, env: dict[str, str] | None = None, seconds: float = 60) -> Ended:
    """Run app.py until it ends by itself; without any ``HEARTH_*`` of the machine's."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("HEARTH_")}
    done = subprocess.run(
        [sys.executable, str(ROOT / "app.py"), *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**clean, "OLLAMA_HOST": "http://127.0.0.1:9", "COLUMNS": "1000", **(env or {})},
        timeout=seconds,
    )
    return Ended(done.returncode, done.stdout, done.stderr)
