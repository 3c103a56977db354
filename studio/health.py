"""How each part of the studio is, in a word and a sentence."""

import shutil
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import psutil

import engines
from contract.errors import StudioError

if TYPE_CHECKING:
    from studio.studio import Studio

Status = Literal["ok", "limited", "down"]
LITTLE_DISK_BYTES = 500 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Part:
    """One part; ``limited`` means that Hearth works without it."""

    status: Status
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """All parts, and figures of the whole. ``status`` is that of the worst part that must work."""

    status: Status
    parts: dict[str, Part]
    uptime_s: float
    active_jobs: int
    interactions: int
    memory_bytes: int
    loaded_models: dict[str, int]


def check(studio: "Studio") -> Health:
    """Look at every part; quick, and never raises."""
    parts = {
        "database": _database(studio),
        "disk": _disk(studio),
        "models": _models(studio),
        "ollama": _ollama(studio),
    }
    for engine in engines.ENGINES.values():
        absent = engines.missing(engine)
        if absent:
            parts[engine.name] = Part("limited", f"Not installed: {', '.join(absent)}.")
    must = [parts["database"].status, parts["disk"].status]
    interactions = studio.interactions.count() if parts["database"].status == "ok" else 0
    return Health(
        status="down" if "down" in must else "ok",
        parts=parts,
        uptime_s=round(time.time() - studio.started, 1),
        active_jobs=len(studio.jobs(None)),
        interactions=interactions,
        memory_bytes=psutil.Process().memory_info().rss,
        loaded_models=studio.residency.loaded(),
    )


def _database(studio: "Studio") -> Part:
    try:
        studio.interactions.latest(None, 1)
    except Exception as exc:  # whatever is wrong with it is the answer
        return Part("down", f"The database can't be read: {exc}.")
    return Part("ok", "The database answers.")


def _disk(studio: "Studio") -> Part:
    free = shutil.disk_usage(studio.settings.data_dir).free
    if free < LITTLE_DISK_BYTES:
        return Part("down", f"Only {free / 1e6:,.0f} MB are free in {studio.settings.data_dir}. Free some space.")
    return Part("ok", f"{free / 1e9:,.1f} GB are free.")


def _models(studio: "Studio") -> Part:
    try:
        count = len(studio.registry.installed())
    except StudioError as error:
        return Part("down", error.message)
    return Part("ok", f"{count} models are here.") if count else Part("limited", "No model is here yet.")


def _ollama(studio: "Studio") -> Part:
    registry = studio.registry
    if registry.ollama_state == "up":
        return Part("ok", f"An Ollama server answers at {registry.ollama_host}.")
    return Part("limited", f"No Ollama server answers at {registry.ollama_host}.")
