"""Firefox Translations models, from where Mozilla publishes them or from a mirror of that.

The repository mozilla/firefox-translations-models is archived at the pinned commit, and serves
each file gzipped at ``models/<architecture>/<pair>/<name>``. Both the packed and, where published,
the unpacked checksum must be right; unpacking stops at a bound, so no gzip bomb fills the disk.
"""

import gzip
import hashlib
import zlib
from collections.abc import Generator
from pathlib import Path

from contract.engine import Stop
from contract.errors import DownloadFailed
from contract.events import Progress
from studio.catalogue import Entry, ModelFile
from studio.sources import http_file
from studio.sources.contents import check_contents

URL = "https://media.githubusercontent.com/media/mozilla/firefox-translations-models/{revision}/models"
_CHUNK = 1024 * 1024
# Vocabularies and shortlists, whose unpacked size is not published, unpack to 2 or 3 times.
_MOST_TIMES = 20


def fetch(entry: Entry, into: Path, stop: Stop, *, url: str = "") -> Generator[Progress, None, tuple[ModelFile, ...]]:
    """Download, check and unpack a pair's files.

    Args:
        url: A mirror's address in place of Mozilla's; ``{revision}`` in it is the pinned commit.
    """
    base = (url or URL).format(revision=entry.source.revision).rstrip("/")
    wanted = [
        http_file.Wanted(
            url=f"{base}/{entry.source.name}/{file.origin}",
            path=into / f"{file.path}.gz",
            size_bytes=file.packed_bytes,
            sha256=file.packed_sha256,
        )
        for file in entry.files
    ]
    try:
        with http_file.new_client() as client:
            arrived = yield from http_file.stream_all(client, wanted, stop)
    except DownloadFailed as exc:
        raise _failed(entry, base, exc) from exc
    if arrived is None:
        return ()
    yield Progress(entry.download_bytes, entry.download_bytes, "unpacking")
    return tuple(_unpack(file, packed.path, into) for file, packed in zip(entry.files, wanted, strict=True))


def _unpack(file: ModelFile, path: Path, into: Path) -> ModelFile:
    limit = file.size_bytes or file.packed_bytes * _MOST_TIMES
    digest, size = hashlib.sha256(), 0
    target = into / file.path
    try:
        with gzip.open(path) as source, target.open("wb") as out:
            while chunk := source.read(_CHUNK):
                size += len(chunk)
                if size > limit:
                    raise _wrong(file, f"it unpacks to more than {limit:,} bytes")
                digest.update(chunk)
                out.write(chunk)
    except (EOFError, gzip.BadGzipFile, zlib.error) as exc:
        raise _wrong(file, "it is not a whole gzip file") from exc
    if (file.size_bytes and size != file.size_bytes) or (file.sha256 and digest.hexdigest() != file.sha256):
        raise _wrong(file, "its checksum is wrong")
    check_contents(target)
    path.unlink()
    return ModelFile(path=file.path, size_bytes=size, sha256=digest.hexdigest())


def _wrong(file: ModelFile, why: str) -> DownloadFailed:
    return DownloadFailed(
        f"{file.path} was refused: {why}. Nothing of it was kept. Try again later.", file=file.path, reason="checksum"
    )


def _failed(entry: Entry, base: str, exc: DownloadFailed) -> DownloadFailed:
    host = base.split("/")[2] if "://" in base else base
    if exc.details.get("reason") == "unreachable":
        return DownloadFailed(
            f"{entry.title} could not be downloaded: {host} does not answer. Connect to the network and try again, "
            "or set HEARTH_FIREFOX_URL to a mirror that this machine reaches.",
            model=entry.id,
            reason="unreachable",
            host=host,
        )
    if exc.details.get("status") is not None:
        return DownloadFailed(
            f"{entry.title} could not be downloaded: {host} answered {exc.details['status']} for "
            f"{exc.details.get('file')}. Try again later, or set HEARTH_FIREFOX_URL to a mirror.",
            model=entry.id,
            reason="refused",
            status=exc.details["status"],
        )
    return DownloadFailed(
        f"{entry.title} could not be downloaded: {exc.message}", model=entry.id, reason=exc.details.get("reason")
    )
