"""The job that reads a long text aloud sentence by sentence, and goes on where it was after a cancel or a crash.

What is spoken is kept as bare PCM in a draft, and when each sentence is heard in its row: the draft first, so that
a row never tells of sound that is not there. Going on, the draft is encoded again (hundreds of times faster than it
was spoken) and what is still to be spoken follows. A text of any length takes no more memory than a page.
"""

import time
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path

from contract.document_speech import ChapterFormat
from contract.engine import Engine, Stop
from contract.errors import InvalidRequest, StorageFailed
from contract.events import Artifact, AudioChunk, Loading, Progress, Queued, Usage, Word
from contract.narration import NarrateRequest
from contract.requests import SpeechRequest
from store import Artifacts, Narration, Narrations, Sentence, StoredFile
from store.database import now
from studio.audio_chapters import FORMS, ChapterFile
from studio.doing import Doer
from studio.job import Job
from studio.residency import Residency
from studio.run import Outcome
from studio.sound.standing import standing
from studio.voicing import shape

PAUSES_S = {"sentence": 0.2, "paragraph": 0.6, "chapter": 1.2}
TOLD_EVERY_S = 0.2
BLOCK_BYTES = 1 << 20
SAMPLE_BYTES = 2


class Narrating(Doer):
    """Reads kept texts aloud."""

    def __init__(self, residency: Residency, narrations: Narrations, artifacts: Artifacts) -> None:
        self._residency = residency
        self._narrations = narrations
        self._artifacts = artifacts

    def run(self, job: Job, outcome: Outcome) -> None:
        request = job.request
        assert isinstance(request, NarrateRequest)
        narration = self._narrations.get(request.narration, job.caller.owner)
        with standing(job, lambda state, by, why: self._narrations.state(narration.id, state, by, why)):
            self._narrate(job, request, narration, outcome)

    def drop(self, job: Job) -> None:
        request = job.request
        assert isinstance(request, NarrateRequest)
        self._narrations.state(request.narration, "cancelled", None)

    def _narrate(self, job: Job, request: NarrateRequest, narration: Narration, outcome: Outcome) -> None:
        spec = job.spec
        assert spec is not None, "its voice was found when it was submitted"
        sentences = self._narrations.sentences(narration.id)
        _, path = self._artifacts.new_path(narration.owner, FORMS[request.form].mime)
        draft = self._artifacts.folder / narration.draft

        def on_waiting(place: int) -> None:
            job.position = place
            job.publish(Queued(place))

        book = _Book(draft, path, request.form, narration.name.rpartition(".")[0] or narration.name)
        try:
            done = book.go_on(sentences, narration, job.stop)
            self._narrations.begun(narration.id, done, book.sample_rate_hz)
            with self._residency.use(spec, job.stop, lambda: job.publish(Loading(spec.title)), on_waiting) as engine:
                job.position = 0
                job.times.loaded = time.monotonic()
                self._speak(job, request, engine, sentences, done, book)
            if job.stop.is_set():
                return
            if not book.seconds:
                raise InvalidRequest("The text has no words that can be spoken. Write some words.", field="text")
            finished = book.finish()
        finally:
            book.close()
        outcome.take(Usage(characters=narration.characters, seconds=round(finished.seconds, 3)))
        self._keep(job, request, narration, finished)
        draft.unlink(missing_ok=True)

    def _speak(
        self, job: Job, request: NarrateRequest, engine: Engine, sentences: Sequence[Sentence], done: int, book: "_Book"
    ) -> None:
        chapter = next((each.chapter for each in reversed(sentences[:done]) if each.chapter), "")
        told, narration_id = 0.0, request.narration
        for sentence in sentences[done:]:
            chapter = sentence.chapter or chapter
            pause_s = PAUSES_S[sentence.begins] * request.pauses / request.speed
            words: list[Word] = []
            start_s: float | None = None
            for chunk in _chunks(engine, request, sentence.text, job.stop):
                first = start_s is None
                if first:
                    start_s = book.begin(sentence, chunk.sample_rate_hz, pause_s)
                    if not book.noted:
                        book.noted = True
                        self._narrations.begun(narration_id, sentence.number, chunk.sample_rate_hz)
                at = book.seconds
                words += [Word(at + word.start_s, at + word.end_s, word.text) for word in chunk.words]
                book.write(shape(chunk.pcm, chunk.sample_rate_hz, request.pitch, request.volume))
                job.times.first_output = job.times.first_output or time.monotonic()
            if job.stop.is_set():
                return
            book.flush()
            if start_s is None:
                start_s = book.seconds  # nothing of it can be said: a row of stars, say
            matching = words if len(words) == len(sentence.text.split()) else []
            self._narrations.spoken(narration_id, sentence.number, start_s, book.seconds, matching)
            if time.monotonic() - told > TOLD_EVERY_S or sentence.number + 1 == len(sentences):
                told = time.monotonic()
                job.publish(Progress(sentence.number + 1, len(sentences), chapter))

    def _keep(self, job: Job, request: NarrateRequest, narration: Narration, finished: ChapterFile) -> None:
        path, seconds = finished.path, round(finished.seconds, 3)
        stem = narration.name.rpartition(".")[0] or narration.name
        details: dict[str, str | int | float] = {
            "narration": narration.id, "seconds": seconds, "chapters": len(finished.chapters)
        }  # fmt: skip
        file = StoredFile(
            id=path.stem, owner=narration.owner, job_id=job.id, mime=FORMS[request.form].mime,
            name=f"{stem}.{request.form}", path=path, size_bytes=path.stat().st_size, created_at=now(), details=details,
        )  # fmt: skip
        gone = self._narrations.made(narration.id, file, seconds, len(finished.chapters), self._artifacts)
        if gone == file.id:
            path.unlink(missing_ok=True)
            return
        job.publish(Artifact(file.id, file.mime, file.size_bytes, file.name, details))


def _chunks(engine: Engine, request: NarrateRequest, text: str, stop: Stop) -> Iterator[AudioChunk]:
    asked = SpeechRequest(text=text, speed=request.speed, pauses=request.pauses, normalize_text=request.normalize_text)
    events = engine.run(asked, stop)
    try:
        for event in events:
            if stop.is_set():
                return
            if isinstance(event, AudioChunk):
                yield event
    except InvalidRequest as exc:
        if exc.details.get("field") != "text":
            raise
    finally:
        if isinstance(events, Generator):
            events.close()


class _Book:
    """A draft of bare PCM that grows, and the file with chapters that is written beside it.

    Args:
        draft: 16-bit little-endian mono PCM; what is there is kept.
        path: Of the file.  title: What players show as its name.
    """

    def __init__(self, draft: Path, path: Path, form: ChapterFormat, title: str) -> None:
        self._draft, self._path, self._form, self._title = draft, path, form, title
        self._file: ChapterFile | None = None
        self.sample_rate_hz = 0
        self.noted = False
        try:
            draft.parent.mkdir(parents=True, exist_ok=True)
            self._pcm = draft.open("ab")
        except OSError as exc:
            raise self._failed(exc) from exc

    @property
    def seconds(self) -> float:
        """How long it is so far."""
        return self._file.seconds if self._file is not None else 0.0

    def go_on(self, sentences: Sequence[Sentence], narration: Narration, stop: Stop) -> int:
        """Take over the sentences that the draft has whole; returns how many those are."""
        rate, length = narration.sample_rate_hz, self._draft.stat().st_size
        kept: list[tuple[Sentence, float, float]] = []
        for each in sentences:
            if each.start_s is None or each.end_s is None or round(each.end_s * rate) * SAMPLE_BYTES > length:
                break
            kept.append((each, each.start_s, each.end_s))
        end = round(kept[-1][2] * rate) * SAMPLE_BYTES if kept else 0
        self._pcm.truncate(end)
        if not end:
            return 0
        self._begin(rate)
        self.noted = True
        assert self._file is not None
        with self._draft.open("rb") as sound:
            for sentence, start_s, end_s in kept:
                self._copy(sound.read(self._bytes_to(start_s)))
                if sentence.chapter:
                    self._file.begin(sentence.chapter)
                self._copy(sound.read(self._bytes_to(end_s)))
                if stop.is_set():
                    break
        return len(kept)

    def _bytes_to(self, at_s: float) -> int:
        assert self._file is not None
        return max(0, round(at_s * self.sample_rate_hz) - self._file.samples) * SAMPLE_BYTES

    def _copy(self, pcm: bytes) -> None:
        assert self._file is not None
        for at in range(0, len(pcm), BLOCK_BYTES):
            self._file.write(pcm[at : at + BLOCK_BYTES])

    def _begin(self, sample_rate_hz: int) -> None:
        self.sample_rate_hz = sample_rate_hz
        self._file = ChapterFile(self._path, self._form, sample_rate_hz, self._title)

    def begin(self, sentence: Sentence, sample_rate_hz: int, pause_s: float) -> float:
        """Begin a sentence behind a pause; returns where, in seconds."""
        if self._file is None:
            self._begin(sample_rate_hz)
        assert self._file is not None
        if self._file.samples:
            self.write(bytes(SAMPLE_BYTES * round(pause_s * sample_rate_hz)))
        if sentence.chapter:
            self._file.begin(sentence.chapter)
        return self._file.seconds

    def write(self, pcm: bytes) -> None:
        """Append PCM to the draft and to the file; raises StorageFailed."""
        assert self._file is not None
        try:
            self._pcm.write(pcm)
        except OSError as exc:
            raise self._failed(exc) from exc
        self._file.write(pcm)

    def flush(self) -> None:
        """Give the draft to the system, so that it outlives this process."""
        try:
            self._pcm.flush()
        except OSError as exc:
            raise self._failed(exc) from exc

    def finish(self) -> ChapterFile:
        """Write the file's end; returns it."""
        assert self._file is not None
        file, self._file = self._file, None
        file.finish()
        return file

    def close(self) -> None:
        """Close the draft; a file that is not finished leaves nothing."""
        if self._file is not None:
            self._file.discard()
            self._file = None
        try:
            self._pcm.close()
        except OSError as exc:
            raise self._failed(exc) from exc

    def _failed(self, exc: OSError) -> StorageFailed:
        return StorageFailed(
            f"Saving the sound to {self._draft} failed: {exc}. Free some space, then go on: what is spoken is kept."
        )
