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
class LaneLoad:
    """How many jobs wait for a lane, how many it runs, and how many it can run at once."""

    waiting: int
    running: int
    places: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """All parts, and figures of the whole. ``status`` is that of the worst part that must work.

    Attributes:
        interactions: Rows in the log, since it was made.
        downloads: Of the active jobs, those that fetch a model.
        memory_bytes: What this process takes; ``memory_available_bytes`` is what the machine has left.
        memory_budget_bytes: What models may take together; ``loaded_models`` says what each takes.
    """

    status: Status
    parts: dict[str, Part]
    uptime_s: float
    active_jobs: int
    downloads: int
    interactions: int
    memory_bytes: int
    memory_available_bytes: int
    memory_budget_bytes: int
    loaded_models: dict[str, int]
    lanes: dict[str, LaneLoad]


def check(studio: "Studio") -> Health:
    """Look at every part; quick, and never raises."""
    parts = {
        "database": _database(studio),
        "disk": _disk(studio),
        "models": _models(studio),
        "ollama": _ollama(studio),
    }
    if (connected := _servers(studio)) is not None:
        parts["servers"] = connected
    for engine in engines.ENGINES.values():
        absent = engines.missing(engine)
        if absent:
            parts[engine.name] = Part(
                "limited", f"Not installed: {', '.join(absent)}. `{engines.adding(engine)}` adds it."
            )
    active = studio.jobs(None)
    must = [parts["database"].status, parts["disk"].status]
    interactions = studio.interactions.count() if parts["database"].status == "ok" else 0
    return Health(
        status="down" if "down" in must else "ok",
        parts=parts,
        uptime_s=round(time.time() - studio.started, 1),
        active_jobs=len(active),
        downloads=sum(job.kind == "download" for job in active),
        interactions=interactions,
        memory_bytes=psutil.Process().memory_info().rss,
        memory_available_bytes=psutil.virtual_memory().available,
        memory_budget_bytes=studio.residency.budget_bytes,
        loaded_models=studio.residency.loaded(),
        lanes={
            name: LaneLoad(waiting=lane.waiting, running=lane.running, places=lane.size.places)
            for name, lane in studio.lanes.items()
        },
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


def _servers(studio: "Studio") -> Part | None:
    states = studio.providers.states()
    if not states:
        return None
    away = sorted(name for name, status in states.items() if status not in ("up", "checking"))
    if away:
        return Part(
            "limited", f"{len(away)} of {len(states)} connected servers can't be used: {', '.join(away)[:200]}."
        )
    return Part("ok", f"{len(states)} connected servers answer.")


def _ollama(studio: "Studio") -> Part:
    registry = studio.registry
    if registry.ollama_state == "up":
        return Part("ok", f"An Ollama server answers at {registry.ollama_host}.")
    return Part("limited", f"No Ollama server answers at {registry.ollama_host}.")
