"""Lets a training that runs beside other work stand still while a file exists."""

import time
from dataclasses import dataclass
from pathlib import Path

LOOK_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class Pause:
    """Waits while ``file`` exists; without one it never does."""

    file: Path | None = None

    def wait(self) -> None:
        """Return once nothing asks to pause."""
        while self.file is not None and self.file.exists():
            time.sleep(LOOK_EVERY_S)
