"""Models small enough to come along with Hearth: copied out of ``studio/data``, checked like any download."""

from collections.abc import Generator
from pathlib import Path

from contract.engine import Stop
from contract.errors import DownloadFailed
from contract.events import Progress
from studio.catalogue import DATA, Entry, ModelFile
from studio.sources.copying import checked_copy


def fetch(entry: Entry, into: Path, stop: Stop) -> Generator[Progress, None, tuple[ModelFile, ...]]:
    """Copy the entry's files into the folder."""
    done, whole = 0, entry.download_bytes
    for file in entry.files:
        yield Progress(done, whole, file.path)
        target = into / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with (DATA / entry.source.name / file.path).open("rb") as here, target.open("wb") as copy:
                right = checked_copy(here, copy, file, stop)
        except FileNotFoundError:
            right = False
        if stop.is_set():
            return ()
        if not right:
            raise DownloadFailed(
                f"{file.path} of {entry.title} is not the file that came with Hearth. Install Hearth again.",
                model=entry.id,
                file=file.path,
            )
        done += file.size_bytes
    yield Progress(done, whole)
    return entry.files
