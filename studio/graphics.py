"""The memory of this machine's graphics cards, as NVIDIA's own tool tells it: no library, no context on the card.

``nvidia-smi`` comes with the driver; where it is missing there is no card that torch would use. Limits: NVIDIA
alone, and of several cards the first, which is the one that the engines take. What a model takes of it is the
growth while it is loaded, so it is wrong where another program, or another model, comes or goes meanwhile.
"""

import shutil
import subprocess
from dataclasses import dataclass

import structlog

from studio.fitting import CardBudget, card_need
from studio.settings import Settings

log = structlog.get_logger(__name__)
MIB = 1024 * 1024
_TIMEOUT_S = 5.0
# The rest is for the desktop, and for what a run takes beside the weights.
SHARE = 0.9


@dataclass(frozen=True, slots=True)
class Card:
    """A card's memory in bytes."""

    total_bytes: int
    used_bytes: int


def look() -> Card | None:
    """Return the first card's memory as it is now; None: there is no card, or it can't be asked."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return None
    # https://docs.nvidia.com/deploy/nvidia-smi/index.html: MiB without the unit, a line for each card.
    command = [tool, "--query-gpu=memory.total,memory.used", "--format=csv,noheader,nounits"]
    try:
        said = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_TIMEOUT_S, check=True
        ).stdout
        total, used = said.splitlines()[0].split(",")
        return Card(int(total) * MIB, int(used) * MIB)
    except (OSError, subprocess.SubprocessError, ValueError, IndexError) as exc:
        log.warning("graphics_not_told", error=str(exc))
        return None


def card_budget(settings: Settings) -> CardBudget | None:
    """Return what models may take of the first card's memory; None: there is no card."""
    card = look()
    if card is None:
        return None
    most = settings.card_budget_mb * MIB or int(card.total_bytes * SHARE)

    def used() -> int:
        now = look()
        return now.used_bytes if now is not None else 0

    return CardBudget(bytes=most, need=card_need, used=used)
