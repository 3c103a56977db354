"""Whether a model fits this machine: the memory that it is reckoned to take, held against what is free now.

A model that has been loaded here takes what was measured. For the rest the size of its files is the
measure: weights are mapped or read as they are (GGUF, CTranslate2, Firefox), or unpacked to 32-bit
numbers on a CPU (diffusers and transformers in half precision: twice the file); beside them stand
the context and the room to work in. The factors are rough and lean to the safe side.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import psutil

from contract.models import ModelSpec

Fit = Literal["fits", "tight", "too_big", "elsewhere", "unknown"]
MB = 1_000_000
# By engine: how many times its files a model takes, and what comes on top.
_TAKES: dict[str, tuple[float, int]] = {
    "llama_cpp": (1.1, 400 * MB),
    "llama_embedding": (1.1, 100 * MB),
    "ollama": (1.1, 600 * MB),
    "diffusers": (2.0, 1_500 * MB),
    "transformers": (2.0, 500 * MB),
    "transformers_chat": (2.0, 500 * MB),
    "whisper": (0.7, 200 * MB),  # 16-bit files, read as 8-bit numbers
    "piper": (1.5, 60 * MB),
    "firefox": (1.3, 10 * MB),
}
# Those that take a graphics card where there is one, weights in half precision as their files are.
ON_CARD = frozenset({"diffusers", "transformers", "transformers_chat"})
# Of what is free, a model may take so much before it is tight: other programs want to live too.
_EASY = 0.75


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """The memory that a model could have: what is free, what models hold that would go for it, within the budget."""

    bytes: int

    @classmethod
    def now(cls, budget_bytes: int, held_bytes: int) -> "Room":
        """Look at the machine.

        Args:
            held_bytes: What models in memory take.
        """
        return cls(bytes=min(budget_bytes, psutil.virtual_memory().available + held_bytes))


@dataclass(frozen=True, slots=True, kw_only=True)
class CardBudget:
    """The graphics card's memory, for who arbitrates it.

    Attributes:
        bytes: What all models together may take of it.
        need: What a model is reckoned to take; 0 of those that run on the processor.
        used: What is taken of it now, by everybody.
    """

    bytes: int
    need: Callable[[ModelSpec], int]
    used: Callable[[], int]


def need(spec: ModelSpec) -> int:
    """Return the bytes that a model takes once loaded: measured, or reckoned from its files; 0: not known."""
    if spec.memory_bytes:
        return spec.memory_bytes
    times, more = _TAKES.get(spec.engine, (0.0, 0))
    return int(spec.size_bytes * times) + more if spec.size_bytes and times else 0


def card_need(spec: ModelSpec) -> int:
    """Return the bytes of a graphics card's memory that a model is reckoned to take; 0: it runs on the processor."""
    return int(spec.size_bytes * 1.1) + 500 * MB if spec.engine in ON_CARD and spec.size_bytes else 0


def fit(spec: ModelSpec, room: Room, *, here: bool = True, card_bytes: int | None = None) -> Fit:
    """Return whether a model fits.

    Args:
        here: It runs on this machine; a server elsewhere has memory of its own.
        card_bytes: What models may take of the graphics card's memory; None: there is no card.
    """
    if not here:
        return "elsewhere"
    needed = need(spec)
    if not needed:
        return "unknown"
    if needed > room.bytes or (card_bytes is not None and card_need(spec) > card_bytes):
        return "too_big"
    return "fits" if needed <= room.bytes * _EASY else "tight"
