"""Models that an Ollama server pulls for itself: Hearth asks, and shows how far it is."""

from collections.abc import Generator
from pathlib import Path

from contract.engine import Stop
from contract.errors import DownloadFailed
from contract.events import Progress
from studio.catalogue import Entry, ModelFile, Source

PREFIX = "ollama/"


def describe(model_id: str) -> Entry:
    """What ``ollama/name`` or ``ollama/name:tag`` stands for; only the server knows whether there is one."""
    name = model_id.removeprefix(PREFIX)
    return Entry(
        id=model_id.lower(),
        engine="ollama",
        kind="chat",
        title=name,
        source=Source(type="ollama", name=name),
        licence="see ollama.com/library",
    )


def fetch(entry: Entry, into: Path, stop: Stop, *, host: str = "") -> Generator[Progress, None, tuple[ModelFile, ...]]:
    """Have the server pull the model; nothing is written here.

    Args:
        host: Its address; "": the ``ollama`` client's own default, which obeys OLLAMA_HOST.
    """
    import httpx
    import ollama  # 0.3 s, and only a pull needs it

    name = entry.source.name
    # A pull reports layer after layer; the sum over all layers known so far is what a person reads.
    layers: dict[str, tuple[int, int]] = {}
    try:
        with ollama.Client(host=host or None) as client:
            for told in client.pull(name, stream=True):
                if told.digest and told.total:
                    layers[told.digest] = (told.completed or 0, told.total)
                yield Progress(
                    sum(done for done, _ in layers.values()),
                    max(entry.size_bytes, sum(total for _, total in layers.values())),
                    told.status or name,
                )
                if stop.is_set():
                    break
    except ollama.ResponseError as exc:
        raise DownloadFailed(
            f"Ollama could not pull {name}: {exc.error[:200]}. Check the name at ollama.com/library and that the "
            "server reaches the network, then try again.",
            model=entry.id,
            reason="refused",
            status=exc.status_code,
        ) from exc
    except (ConnectionError, httpx.HTTPError) as exc:
        raise DownloadFailed(
            f"No Ollama server answers at {host or 'the usual address'}, so {name} can't be pulled. Start it with "
            "`ollama serve`, or set OLLAMA_HOST to where it runs, then try again.",
            model=entry.id,
            reason="unreachable",
        ) from exc
    return ()
