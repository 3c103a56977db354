"""The job that translates a document: read into segments, translated one by one, written in its own form again.

Every segment is kept as soon as it is done, so a cancelled, failed or interrupted document goes on where it was.
What is still bad after the retry of ``segments`` is given to another installed model of the pair, once; the better
is kept, and what stays bad is flagged in the report.
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import engines
from contract.document_translation import TranslateDocumentRequest
from contract.errors import InputTooLarge, InvalidRequest, StorageFailed
from contract.events import Loading, Progress, Queued, Usage
from contract.limits import Limits
from contract.models import ModelSpec
from contract.requests import TranslateRequest
from store import Artifacts, TranslatedDocument, TranslatedDocuments, TranslatedSegment
from studio.doing import Doer
from studio.job import Job
from studio.registry import Registry
from studio.residency import Residency
from studio.run import Outcome
from studio.translating import blocks, checks
from studio.translating.checking import asking, source_language
from studio.translating.formats import Format, format_of
from studio.translating.formats.seam import Change
from studio.translating.marked import bare
from studio.translating.segments import Segment, SentenceTranslator

Detect = Callable[[str], list[tuple[str, float]]]
Prepare = Callable[[str, TranslateRequest, SentenceTranslator], None]
TOLD_EVERY_S = 0.2
KEPT_EVERY_S = 0.5
DETECTED_FROM = 4_000  # characters


class Papers(Doer):
    """Translates documents that were handed in.

    Args:
        prepare: Gives a sentence translator the owner's glossary and memory.
    """

    def __init__(
        self,
        registry: Registry,
        residency: Residency,
        documents: TranslatedDocuments,
        artifacts: Artifacts,
        detect: Detect,
        prepare: Prepare,
    ) -> None:
        self._registry = registry
        self._residency = residency
        self._documents = documents
        self._artifacts = artifacts
        self._detect = detect
        self._prepare = prepare
        self._limits = Limits()

    def run(self, job: Job, outcome: Outcome) -> None:
        request = job.request
        assert isinstance(request, TranslateDocumentRequest)
        document = self._documents.get(request.document, job.caller.owner)
        self._documents.update(document.id, state="running", job_id=job.id)
        state = "failed"
        try:
            self._translate(job, request, document, outcome)
            state = "cancelled" if job.stop.is_set() else "done"
        finally:
            self._documents.update(document.id, state="cancelled" if job.stop.is_set() else state)

    def drop(self, job: Job) -> None:
        assert isinstance(job.request, TranslateDocumentRequest)
        self._documents.update(job.request.document, state="cancelled")

    def _translate(
        self, job: Job, request: TranslateDocumentRequest, document: TranslatedDocument, outcome: Outcome
    ) -> None:
        form = format_of(document.name)
        data = self._artifacts.get(document.file_id, document.owner).path.read_bytes()
        source_lang = document.source_lang
        if not document.segments:
            sources = self._read(form, data)
            source_lang = source_lang or self._language(sources, document, outcome)
            self._documents.begin(document.id, sources, source_lang)
        assert source_lang is not None  # written down with the segments
        asked = TranslateRequest(
            text=document.name, source_lang=source_lang, target_lang=document.target_lang, model=request.model,
            glossary=request.glossary, memory=request.memory,
        )  # fmt: skip
        spec = job.spec = self._registry.for_translation(asked)
        engines.require(engines.ENGINES[spec.engine])
        total = self._documents.get(document.id, document.owner).segments
        done = total - sum(1 for _ in self._documents.open_segments(document.id))
        job.publish(Progress(done, total))
        characters = self._pass(job, spec, asked, document, self._documents.open_segments(document.id), done, total)
        other = self._other(asked, spec)
        if other is not None and not job.stop.is_set():
            self._pass(job, other, asked, document, self._documents.flagged(document.id), total, total)
        outcome.take(Usage(characters=characters))
        if not job.stop.is_set():
            self._write(form, data, document, outcome)

    def _read(self, form: Format, data: bytes) -> list[str]:
        sources: list[str] = []
        characters = 0

        def look(marked: str) -> None:
            nonlocal characters
            characters += len(marked)
            if characters > self._limits.translated_document_characters:
                raise InputTooLarge(
                    f"The document has over {self._limits.translated_document_characters:,} characters. Split it.",
                    field="file",
                )
            sources.extend(part.text for part in blocks.parts(marked) if part.is_sentence)

        form.rewrite(data, look, "en")
        if not sources:
            raise InvalidRequest("The document has no words to translate. Choose another.", field="file")
        return sources

    def _language(self, sources: list[str], document: TranslatedDocument, outcome: Outcome) -> str:
        sample = ""
        for source in sources[:: max(1, len(sources) // 200)]:
            sample += bare(source) + "\n"
            if len(sample) > DETECTED_FROM:
                break
        return source_language(self._detect(sample), document.target_lang, "document", outcome.take)

    def _other(self, asked: TranslateRequest, spec: ModelSpec) -> ModelSpec | None:
        """Another model of this pair that is here."""
        return next(
            (
                other
                for other in self._registry.installed("translation")
                if other.id != spec.id
                and (other.source_lang, other.target_lang) == (asked.source_lang, asked.target_lang)
                and other.paths != spec.paths
            ),
            None,
        )

    def _pass(
        self,
        job: Job,
        spec: ModelSpec,
        asked: TranslateRequest,
        document: TranslatedDocument,
        segments: Iterator[TranslatedSegment],
        done: int,
        total: int,
    ) -> int:
        """Translate segments with one model, keeping each as it is done; returns the characters read."""

        def on_waiting(place: int) -> None:
            job.position = place
            job.publish(Queued(place))

        kept: list[TranslatedSegment] = []
        characters = 0
        told = saved = time.monotonic()
        with self._residency.use(spec, job.stop, lambda: job.publish(Loading(spec.title)), on_waiting) as engine:
            job.position = 0
            job.times.loaded = job.times.loaded or time.monotonic()
            source_lang, target_lang = asked.source_lang or "", asked.target_lang
            sentences = SentenceTranslator(asking(engine, asked, job.stop), source_lang, target_lang, self._detect)
            self._prepare(job.caller.owner, asked, sentences)
            if sentences.guide is not None:
                sentences.ask = asking(engine, asked, job.stop, sentences.guide)
            try:
                for segment in segments:
                    new = blocks.translate(segment.source, sentences)
                    if job.stop.is_set():  # what came back may be half a sentence
                        break
                    if segment.target is None or _better(new, segment):
                        kept.append(_row(segment.number, new))
                    job.times.first_output = job.times.first_output or time.monotonic()
                    characters += len(segment.source)
                    done = min(total, done + (segment.target is None))
                    at = time.monotonic()
                    if at - saved > KEPT_EVERY_S:
                        self._documents.keep(document.id, kept)
                        kept, saved = [], at
                    if at - told > TOLD_EVERY_S or done == total:
                        job.publish(Progress(done, total))
                        told = at
            finally:
                if kept:
                    self._documents.keep(document.id, kept)
        return characters

    def _write(self, form: Format, data: bytes, document: TranslatedDocument, outcome: Outcome) -> None:
        mime = form.mime
        result = rewritten(form, data, self._documents.segments(document.id), document.target_lang)
        artifact_id, path = self._artifacts.new_path(document.owner, mime)
        store(path, result)
        current = self._documents.get(document.id, document.owner)
        details: dict[str, str | int | float] = {
            "document": document.id,
            "segments": current.segments,
            "flagged": current.flagged,
        }
        outcome.keep_file(path, mime, translated_name(document.name, form, document.target_lang), details)
        # What was read aloud is of the older one too.
        self._documents.update(document.id, result_id=artifact_id, audio_id=None)
        self._artifacts.remove((current.result_id, current.audio_id), document.owner)


def rewritten(form: Format, data: bytes, segments: Iterator[TranslatedSegment], target_lang: str) -> bytes:
    """Return a document with its segments' translations in their places."""

    def put(marked: str) -> str | None:
        parts = blocks.parts(marked)
        if not any(part.is_sentence for part in parts):
            return None
        new: list[str] = []
        for part in parts:
            if not part.is_sentence:
                new.append(part.text)
                continue
            segment = next(segments, None)
            new.append(part.text if segment is None or segment.target is None else segment.target)
        return blocks.join(new)

    change: Change = put
    return form.rewrite(data, change, target_lang)


def translated_name(name: str, form: Format, target_lang: str) -> str:
    """Return what the translation of a file is called: ``report.docx`` becomes ``report.pl.docx``."""
    stem = name[: name.rfind(".")] or "document"
    return f"{stem}.{target_lang}{form.target_suffix}"


def store(path: Path, data: bytes) -> None:
    """Write a file of ours; raises StorageFailed."""
    try:
        path.write_bytes(data)
    except OSError as exc:
        path.unlink(missing_ok=True)
        raise StorageFailed(f"Saving the document to {path} failed: {exc}. Free some space, try again.") from exc


def _better(new: Segment, old: TranslatedSegment) -> bool:
    known = [fault for fault in checks.FAULTS if fault in old.faults]
    return checks.weight(list(new.faults)) < checks.weight(known)


def _row(number: int, segment: Segment) -> TranslatedSegment:
    return TranslatedSegment(
        number=number,
        source=segment.source,
        target=segment.target,
        faults=tuple(segment.faults),
        origin=segment.origin,
        similarity=segment.similarity,
    )
