"""Models by their address: a GGUF file, or a Piper voice with its .onnx.json beside it, from any web server.

The page of a model on the Hub or in Ollama's library, as people copy it from their browser, stands
for that model at its own source. An address of this machine's own network is asked only where it is
written as one: a public name or a redirect that leads inwards is refused before anything is sent,
and the link-local ones, where clouds keep a machine's credentials, always. A password in an address
is refused, for addresses are logged; what follows a ``?`` is kept while the download is not
finished, and no longer.
"""

import ipaddress
import re
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path, PurePosixPath
from urllib.parse import SplitResult, quote, unquote, urlsplit
from urllib.request import getproxies

from contract.engine import Stop
from contract.errors import DownloadFailed, InvalidRequest
from contract.events import Progress
from contract.models import Kind
from engines.line import Line
from engines.wire import is_own
from studio.catalogue import Entry, ModelFile, Source
from studio.sources import http_file
from studio.sources.contents import check_contents

PREFIX = "url:"
_SCHEMES = ("https://", "http://")
_HUB = ("huggingface.co", "hf.co")
_OLLAMA = ("ollama.com", "registry.ollama.ai")
_SHARD = re.compile(r"-\d{5}-of-(\d{5})\.gguf$", re.IGNORECASE)
# en_US-lessac-medium.onnx, as Piper's voices are named.
_VOICE = re.compile(r"([a-z]{2})_[A-Z]{2}-")
_ENGINES: dict[str, tuple[str, Kind]] = {".gguf": ("llama_cpp", "chat"), ".onnx": ("piper", "speech")}
# An id has 200 characters; the end of a long path tells more than its start.
_ID_TAIL = 120
_MOST_SHARDS = 200


def is_address(asked: str) -> bool:
    """Whether this is an address, and not a name."""
    return asked.lower().startswith(_SCHEMES)


def without_query(asked: str) -> str:
    """Return an address without what may be a secret; anything else as it is."""
    return asked.partition("?")[0].partition("#")[0] if is_address(asked) else asked


def page(asked: str) -> str | None:
    """The name, like ``hf:owner/name``, of the model whose page on the Hub or at Ollama this is; None: it is none."""
    parts = _split(asked)
    path = [unquote(part) for part in parts.path.split("/") if part]
    host = (parts.hostname or "").removeprefix("www.")
    if host in _HUB and len(path) >= 2 and path[0] not in ("datasets", "spaces"):
        named = "/".join(path[:2])
        file = path[-1] if len(path) > 4 and path[2] in ("resolve", "blob") else ""
        shards = re.sub(r"-\d{5}-of-\d{5}$", "", file.removesuffix(".gguf"))
        return f"hf:{named}:{shards}" if file.endswith(".gguf") else f"hf:{named}"
    if host in _OLLAMA and path:
        return "ollama/" + "/".join(path[1:] if path[0] == "library" else path)
    return None


def id_of(asked: str) -> str:
    """The id of the model at an address: the same address, the same id.

    Raises:
        InvalidRequest: It is no address of a file that can be used.
    """
    parts = _split(asked)
    host = f"{parts.hostname}-{parts.port}" if parts.port else str(parts.hostname)
    path = unquote(parts.path)[: -len(_suffix(parts))]
    plain = re.sub(r"[^a-z0-9.]+", "-", path.lower())[-_ID_TAIL:].strip("-.")
    return f"{PREFIX}{re.sub(r'[^a-z0-9.]+', '-', host.lower()).strip('-.')}/{re.sub(r'[.]{2,}', '.', plain)}"


def describe(asked: str) -> Entry:
    """What lies at an address, as far as the address tells.

    Raises:
        InvalidRequest: It is no address, or its file is of no kind that can be fetched alone.
    """
    parts = _split(asked)
    name = PurePosixPath(unquote(parts.path)).name
    engine, kind = _ENGINES[_suffix(parts)]
    voice = _VOICE.match(name) if kind == "speech" else None
    return Entry(
        id=id_of(asked),
        engine=engine,
        kind=kind,
        title=_SHARD.sub("", name).removesuffix(_suffix(parts)),
        source=Source(type="url", name=asked),
        files=tuple(ModelFile(path=file, origin=file) for file in _names(name)),
        languages=(voice[1],) if voice else (),
        licence="see where it comes from",
        note=f"From {parts.hostname}.",
    )


def fetch(entry: Entry, into: Path, stop: Stop) -> Generator[Progress, None, tuple[ModelFile, ...]]:
    """Download the file, and those that belong to it, from beside it."""
    parts = _split(entry.source.name)
    folder = parts.path.rpartition("/")[0]
    try:
        with http_file.new_client() as client:
            # Looked at as each connection stands, those of redirects too.
            client.event_hooks = {"request": [Line(lambda peer: check_peer(entry.source.name, peer)).watch]}
            wanted = []
            for file in entry.files:
                url = parts._replace(path=f"{folder}/{quote(file.origin)}", fragment="").geturl()
                size = http_file.announced(client, url)
                wanted.append(http_file.Wanted(url=url, path=into / file.path, size_bytes=size))
            arrived = yield from http_file.stream_all(client, wanted, stop)
    except DownloadFailed as exc:
        raise DownloadFailed(f"{parts.hostname}: {exc.message}", **exc.details) from exc
    if arrived is None:
        return ()
    for each in wanted:
        check_contents(each.path)
    return tuple(
        replace(file, size_bytes=got.size_bytes, sha256=got.sha256)
        for file, got in zip(entry.files, arrived, strict=True)
    )


def check_peer(asked: str, peer: str) -> None:
    """Refuse to fetch from where an address does not say that it leads.

    Args:
        asked: The address.
        peer: The IP address that its host, or a redirect, led to.

    Raises:
        DownloadFailed: It is link-local, or of an own network although the address does not look so.
    """
    found = ipaddress.ip_address(peer.partition("%")[0])
    found = getattr(found, "ipv4_mapped", None) or found
    forbidden = found.is_link_local or found.is_multicast or found.is_unspecified
    # Behind a proxy the other end is the proxy, often one of the own network; it is who looks names up then.
    proxied = bool(getproxies().keys() & {"http", "https", "all"})
    if forbidden or not (found.is_global or proxied or is_own(asked)):
        raise DownloadFailed(
            f"{without_query(asked)[:200]} leads to {found}, in a network that it does not name, so nothing was sent. "
            "If that is where the file is, write that address.",
            reason="refused",
        )


def _split(asked: str) -> SplitResult:
    """Raises InvalidRequest."""
    try:
        parts = urlsplit(asked.strip())
        port = parts.port
    except ValueError:
        parts, port = SplitResult("", "", "", "", ""), None
    if not parts.hostname or parts.scheme.lower() not in ("http", "https") or port == 0:
        raise InvalidRequest(f"{asked[:80]!r} is not the address of a file.", field="model")
    if parts.username is not None or parts.password is not None:
        raise InvalidRequest(
            "The address holds a name or a password, and addresses are written to the log. Fetch the file yourself "
            "and import it.",
            field="model",
        )
    return parts


def _suffix(parts: SplitResult) -> str:
    suffix = PurePosixPath(unquote(parts.path)).suffix.lower()
    if suffix not in _ENGINES:
        raise InvalidRequest(
            "By its address a .gguf file can be fetched, or a Piper voice: .onnx, with its .onnx.json beside it. "
            "Fetch anything else yourself, then import its folder.",
            field="model",
        )
    return suffix


def _names(name: str) -> tuple[str, ...]:
    """The file and what belongs to it: a voice's description first, all shards of a GGUF model."""
    if "\\" in name or ":" in name or "\x00" in name or len(name) > 200:
        raise InvalidRequest(f"{name[:80]!r} is no name for a file here.", field="model")
    if name.lower().endswith(".onnx"):
        return f"{name}.json", name
    shard = _SHARD.search(name)
    if shard is None:
        return (name,)
    count = int(shard[1])
    if not 1 <= count <= _MOST_SHARDS:
        raise InvalidRequest(f"{name[:80]!r} is one of {count} parts; {_MOST_SHARDS} are the most.", field="model")
    stem = _SHARD.sub("", name)
    return tuple(f"{stem}-{number:05}-of-{count:05}.gguf" for number in range(1, count + 1))
