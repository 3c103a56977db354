"""What was spoken of documents that are still being read aloud, so that a reading goes on where it was stopped.

A passage is a file of raw PCM, and beside it, once the passage was spoken to its end, one that says where its pieces
end. Both are named by what decides how it sounds, so another voice or a mended sentence never finds an older sound.
They go when the reading is done or the document deleted. Limit: an hour takes 160 MB at 22,050 Hz until then.
"""

import contextlib
import hashlib
import json
import shutil
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path

from contract.engine import Stop
from contract.events import AudioChunk
from contract.ids import new_id

SOUND, PIECES = ".pcm", ".json"


class SpokenPassages:
    """Keeps passages under ``folder/<document>/``; any thread may ask."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def kept(self, document_id: str, name: str) -> Iterator[AudioChunk] | None:
        """Return a passage's pieces as they were spoken, or None where it is not here whole."""
        path = self._folder / document_id / name
        try:
            told = json.loads(path.with_suffix(PIECES).read_text())
            rate_hz, sizes = int(told["rate_hz"]), [int(size) for size in told["pieces"]]
            if path.with_suffix(SOUND).stat().st_size != sum(sizes):
                return None
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return _pieces(path.with_suffix(SOUND), rate_hz, sizes)

    def keeping(
        self, document_id: str, name: str, chunks: Iterable[AudioChunk], stop: Stop
    ) -> Generator[AudioChunk, None, None]:
        """Yield the pieces of a passage, and keep them once the last was taken, unless they end because of a stop.

        A disk that takes no more keeps nothing and spoils nothing: the reading itself needs none of it.
        """
        path = self._folder / document_id / name
        draft = path.with_suffix(f".{new_id()}")  # two readings of one document may be on the same passage
        sizes: list[int] = []
        rate_hz = 0
        try:
            with contextlib.ExitStack() as open_file:
                file = None
                with contextlib.suppress(OSError):
                    path.parent.mkdir(parents=True, exist_ok=True)
                    file = open_file.enter_context(draft.open("wb"))
                for chunk in chunks:
                    try:
                        if file is not None:
                            file.write(chunk.pcm)
                    except OSError:
                        file = None
                    sizes.append(len(chunk.pcm))
                    rate_hz = chunk.sample_rate_hz
                    yield chunk
            if stop.is_set():
                return
            with contextlib.suppress(OSError):
                draft.replace(path.with_suffix(SOUND))
                path.with_suffix(PIECES).write_text(json.dumps({"rate_hz": rate_hz, "pieces": sizes}))
        finally:
            with contextlib.suppress(OSError):
                draft.unlink(missing_ok=True)

    def drop(self, document_id: str) -> None:
        """Forget what was spoken of a document."""
        shutil.rmtree(self._folder / document_id, ignore_errors=True)

    def drop_others(self, document_ids: Iterable[str]) -> None:
        """Forget what was spoken of every document but these, as a crash may have left it."""
        known = set(document_ids)
        with contextlib.suppress(OSError):
            for folder in self._folder.iterdir():
                if folder.name not in known:
                    self.drop(folder.name)


def named(voice: str, text: str, speed: float, pauses: float) -> str:
    """Return the name of a passage; its pitch and volume are made afterwards."""
    return hashlib.sha256(json.dumps([voice, text, speed, pauses]).encode()).hexdigest()


def _pieces(path: Path, rate_hz: int, sizes: list[int]) -> Iterator[AudioChunk]:
    with path.open("rb") as file:
        for size in sizes:
            yield AudioChunk(file.read(size), rate_hz)
