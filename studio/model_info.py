"""What the list of models tells of each: what it is, how it stands, and what is wrong with it."""

from dataclasses import dataclass
from typing import Literal

from contract.models import ModelSpec
from studio.fitting import Fit

ModelState = Literal[
    "installed",
    "available",
    "downloading",
    "paused",
    "loading",
    "loaded",
    "disabled",
    "remote",
    "unreachable",
    "missing",
    "damaged",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelInfo:
    """One line of the list of models.

    Attributes:
        state: ``available`` means known but not here; ``disabled``, that the owner switched it off; ``missing``,
            that its server had it once; ``damaged``, ``missing`` and ``unreachable`` say why in ``error``.
        memory_bytes: What it takes in memory now, 0 when it is not loaded.
        starter, recommended: Comes at first start; is the one to take first for its job.
        need_bytes: What it is reckoned, or was measured, to take once loaded; 0: not known, or elsewhere.
        fit: Whether that fits into what is free.
        approximate: Its size is what its publisher rounds to.
        pinned: It stays in memory however long it is idle.
        remark: The owner's note on it.
        calls, last_used_at: From the log; "": never.
        tokens_per_s: What the last replies came at here; None: it writes no tokens, or never has.
    """

    spec: ModelSpec
    state: ModelState
    is_default: bool = False
    starter: bool = False
    recommended: bool = False
    memory_bytes: int = 0
    missing_parts: tuple[str, ...] = ()
    error: str = ""
    need_bytes: int = 0
    fit: Fit = "unknown"
    approximate: bool = False
    pinned: bool = False
    remark: str = ""
    calls: int = 0
    last_used_at: str = ""
    tokens_per_s: float | None = None
