"""The job that reads a translated document aloud: one audio file, a chapter for each heading where it has some.

Only the running text is read: no page headers, tables of contents, pictures' descriptions or code. The file is
written while it is spoken, so a book takes no more memory than a page. A cancelled or failed reading leaves no file,
but the passages that it spoke (see ``spoken_passages``), and the next one goes on from there.
"""

import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass

import engines
from contract.document_speech import SpeakDocumentRequest
from contract.engine import Engine
from contract.errors import Conflict, InvalidRequest, ModelNotInstalled
from contract.events import AudioChunk, Loading, Progress, Queued, Usage
from contract.models import ModelSpec
from contract.requests import SpeechRequest
from store import Artifacts, TranslatedDocuments
from studio.audio_chapters import FORMS, ChapterFile
from studio.doing import Doer
from studio.job import Job
from studio.registry import Registry
from studio.residency import Residency
from studio.run import Outcome
from studio.translating.formats import format_of
from studio.translating.formats.seam import Aside, Heading
from studio.translating.marked import bare
from studio.translating.spoken_passages import SpokenPassages, named
from studio.voicing import shape

DEEPEST = 3  # headings below this one are read, and begin no chapter
PARAGRAPH_PAUSE_S, CHAPTER_PAUSE_S = 0.6, 1.2
TOLD_EVERY_S = 0.2


@dataclass(frozen=True, slots=True)
class Passage:
    """A paragraph as it is read; ``chapter`` is the title of the one that begins with it, or ""."""

    text: str
    chapter: str = ""


class Narrator(Doer):
    """Reads translated documents aloud."""

    def __init__(
        self,
        registry: Registry,
        residency: Residency,
        documents: TranslatedDocuments,
        artifacts: Artifacts,
        spoken: SpokenPassages,
    ) -> None:
        self._registry = registry
        self._residency = residency
        self._documents = documents
        self._artifacts = artifacts
        self._spoken = spoken

    def run(self, job: Job, outcome: Outcome) -> None:
        request = job.request
        assert isinstance(request, SpeakDocumentRequest)
        document = self._documents.get(request.document, job.caller.owner)
        if document.result_id is None:
            raise Conflict(f"{document.name} is not translated yet. Translate it, then have it read aloud.")
        result = self._artifacts.get(document.result_id, document.owner)
        passages = read(result.path.read_bytes(), result.name, document.target_lang)
        spec = job.spec = self._voice(request.model, document.target_lang)
        audio_id, path = self._artifacts.new_path(document.owner, FORMS[request.form].mime)
        file: ChapterFile | None = None

        def begin(rate_hz: int) -> ChapterFile:
            nonlocal file
            file = ChapterFile(path, request.form, rate_hz, result.name.rpartition(".")[0])
            return file

        def on_waiting(place: int) -> None:
            job.position = place
            job.publish(Queued(place))

        try:
            with self._residency.use(spec, job.stop, lambda: job.publish(Loading(spec.title)), on_waiting) as engine:
                job.position = 0
                job.times.loaded = time.monotonic()
                self._speak(job, request, engine, passages, begin)
            if file is None or job.stop.is_set():
                return
            file.finish()
            seconds, chapters = round(file.seconds, 3), len(file.chapters)
            outcome.take(Usage(characters=sum(len(each.text) for each in passages), seconds=seconds))
            file = None
        finally:
            if file is not None:
                file.discard()
        details: dict[str, str | int | float] = {"document": document.id, "seconds": seconds, "chapters": chapters}
        outcome.keep_file(path, FORMS[request.form].mime, f"{result.name.rpartition('.')[0]}.{request.form}", details)
        self._documents.update(document.id, audio_id=audio_id)
        self._artifacts.remove((document.audio_id,), document.owner)
        self._spoken.drop(document.id)

    def _speak(
        self,
        job: Job,
        request: SpeakDocumentRequest,
        engine: Engine,
        passages: list[Passage],
        begin: Callable[[int], ChapterFile],
    ) -> None:
        total, done, told = sum(len(each.text) for each in passages), 0, 0.0
        file: ChapterFile | None = None
        chapter = ""
        for passage in passages:
            chapter = passage.chapter or chapter
            opened = False
            for chunk in self._passage(job, request, engine, passage.text):
                if job.stop.is_set():
                    return
                if file is None:
                    file = begin(chunk.sample_rate_hz)
                if not opened:
                    if file.samples:
                        pause_s = CHAPTER_PAUSE_S if passage.chapter else PARAGRAPH_PAUSE_S
                        file.silence(pause_s * request.pauses / request.speed)
                    if passage.chapter:
                        file.begin(passage.chapter)
                    opened = True
                file.write(shape(chunk.pcm, chunk.sample_rate_hz, request.pitch, request.volume))
                job.times.first_output = job.times.first_output or time.monotonic()
            if job.stop.is_set():
                return
            done += len(passage.text)
            if time.monotonic() - told > TOLD_EVERY_S or done == total:
                job.publish(Progress(done, total, chapter))
                told = time.monotonic()

    def _passage(self, job: Job, request: SpeakDocumentRequest, engine: Engine, text: str) -> Iterator[AudioChunk]:
        """A passage as it was spoken before, else as it is spoken now."""
        name = named(engine.spec.id, text, request.speed, request.pauses)
        kept = self._spoken.kept(request.document, name)
        if kept is not None:
            return kept
        return self._spoken.keeping(request.document, name, self._chunks(job, request, engine, text), job.stop)

    @staticmethod
    def _chunks(
        job: Job, request: SpeakDocumentRequest, engine: Engine, text: str
    ) -> Generator[AudioChunk, None, None]:
        events = engine.run(SpeechRequest(text=text, speed=request.speed, pauses=request.pauses), job.stop)
        try:
            for event in events:
                if job.stop.is_set():
                    return
                if isinstance(event, AudioChunk):
                    yield event
        finally:
            if isinstance(events, Generator):
                events.close()

    def _voice(self, name: str | None, language: str) -> ModelSpec:
        """The named voice, else the default one or another that speaks the language."""
        if name is not None:
            spec = self._registry.find(name, "speech")
            engines.require(engines.ENGINES[spec.engine])
            return spec
        usual = self._registry.default("speech")
        fit = [
            spec
            for spec in self._registry.installed("speech")
            if language in spec.languages and not engines.missing(engines.ENGINES[spec.engine])
        ]
        if not fit:
            raise ModelNotInstalled(
                f"No voice on this machine speaks {language!r}. Open Models and download one, or name another voice.",
                kind="speech",
                language=language,
            )
        return next((spec for spec in fit if usual is not None and spec.id == usual.id), fit[0])


def read(data: bytes, name: str, language: str) -> list[Passage]:
    """Return what is read of a document, paragraph by paragraph, headings included.

    Raises:
        InvalidRequest: It can't be read, or has no running text.
    """
    found: list[Passage] = []

    def look(marked: str) -> None:
        text = " ".join(bare(marked).split())
        if isinstance(marked, Aside) or not any(character.isalnum() for character in text):
            return
        begins = isinstance(marked, Heading) and marked.level <= DEEPEST
        found.append(Passage(text, text if begins else ""))

    format_of(name).rewrite(data, look, language)
    if not found:
        raise InvalidRequest(f"{name} has no running text that can be read aloud. Choose another.", field="document")
    if not found[0].chapter and any(each.chapter for each in found):
        # Players take what stands before the first mark for nothing.
        found[0] = Passage(found[0].text, name.rpartition(".")[0])
    return found
