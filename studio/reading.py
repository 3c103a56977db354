"""The jobs on files: read into text, kept, and in a collection made searchable; the same file is known again."""

import struct
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import engines
from contract.document_requests import DocumentRequest
from contract.engine import Engine
from contract.errors import InvalidRequest
from contract.events import DocumentRead, Embedding, EngineEvent, Grounded, Loading, Progress, Usage
from contract.requests import EmbedRequest
from engines import documents as files
from store import Collections, Document, Documents, NewPassage, Passages
from store.documents import digest_of
from studio.doing import Doer
from studio.job import Job
from studio.passages import Cut, cut, halves
from studio.registry import Registry
from studio.residency import Residency
from studio.run import Outcome

Take = Callable[[EngineEvent | DocumentRead | Grounded], None]
NAME_CHARACTERS = 200
PASSAGES_AT_ONCE = 16
SURE = 0.5


class Reading(Doer):
    """Does document jobs."""

    def __init__(
        self,
        documents: Documents,
        collections: Collections,
        passages: Passages,
        registry: Registry,
        residency: Residency,
        detect: Callable[[str], list[tuple[str, float]]],
    ) -> None:
        self._documents = documents
        self._collections = collections
        self._passages = passages
        self._registry = registry
        self._residency = residency
        self._detect = detect

    def run(self, job: Job, outcome: Outcome) -> None:
        """Read a file and keep it, unless it is known; ends early once the job is stopped.

        Raises:
            StudioError: It can't be read, kept or made searchable.
        """
        request, take, owner = job.request, outcome.take, job.caller.owner
        assert isinstance(request, DocumentRequest)
        if request.private and request.path is not None:
            self._read_only(job, request.path, clean_name(request.name or request.path.name), take)
            return
        if request.collection is not None:
            self._collections.get(request.collection, owner)
        if request.path is None:
            document, known = self._documents.get(request.document or "", owner), True
        else:
            found = self._read(job, request.path, clean_name(request.name or request.path.name), take)
            if found is None:
                return
            document, known = found
        if request.collection is not None:
            indexed = self._index(job, request, request.collection, document, take)
            if indexed is None:
                return
            document = indexed
        take(Usage(characters=document.characters))
        take(told(document, known=known))

    def _read(self, job: Job, path: Path, name: str, take: Take) -> tuple[Document, bool] | None:
        document = self._documents.known(job.caller.owner, digest_of(path), name)
        if document is not None:
            return document, True
        take(Progress(0, 1, name))
        read = files.read(path, name, job.stop)
        if read is None or job.stop.is_set():
            return None
        return self._documents.add(job.caller.owner, name, path.read_bytes(), read), False

    def _read_only(self, job: Job, path: Path, name: str, take: Take) -> None:
        """Read a file and keep nothing of it."""
        take(Progress(0, 1, name))
        read = files.read(path, name, job.stop)
        if read is None or job.stop.is_set():
            return
        text = "\n".join(page.text for page in read.pages)
        take(Usage(characters=sum(len(page.text) for page in read.pages)))
        size = path.stat().st_size
        take(DocumentRead("", name, read.form, size, len(text), len(read.pages), text=text))

    def _index(
        self, job: Job, request: DocumentRequest, collection: str, document: Document, take: Take
    ) -> Document | None:
        """Make a file searchable in a collection; None when the job was stopped: then nothing of it is kept."""
        owner = job.caller.owner
        if document.form == "image":
            raise InvalidRequest(f"{document.name} is a picture and holds no text to search.", field="file")
        spec = job.spec = self._registry.find(request.model, "embedding")
        engines.require(engines.ENGINES[spec.engine])
        if document.indexed_model == spec.id and document.passages:
            self._passages.put(collection, owner, document.id)
            return document
        parts = [part for part in cut(self._documents.pages(document.id, owner)) if part.text.strip()]
        made: list[NewPassage] = []
        with self._residency.use(spec, job.stop, lambda: job.publish(Loading(spec.title))) as engine:
            for begin in range(0, len(parts), PASSAGES_AT_ONCE):
                take(Progress(begin, len(parts), document.name))
                made += _embedded(engine, parts[begin : begin + PASSAGES_AT_ONCE], job)
                if job.stop.is_set():
                    self._documents.discard(document.id, owner)
                    return None
        take(Progress(len(parts), len(parts), document.name))
        spoken = [replace(each, language=self._language(each.text)) for each in made]
        self._passages.replace(document.id, owner, spec.id, spoken, collection)
        return self._documents.get(document.id, owner)

    def _language(self, text: str) -> str:
        language, confidence = next(iter(self._detect(text)), ("", 0.0))
        return language if confidence >= SURE else ""


def _embedded(engine: Engine, parts: Sequence[Cut], job: Job) -> list[NewPassage]:
    """Return passages with their vectors; one that is too long for the model, as tables can be, is halved."""
    request = EmbedRequest(texts=tuple(part.text for part in parts), purpose="document")
    vectors: dict[int, tuple[float, ...]] = {}
    try:
        for event in engine.run(request, job.stop):
            if isinstance(event, Embedding):
                vectors[event.index] = event.vector
    except InvalidRequest as exc:
        if "context_tokens" not in exc.details:
            raise
        if len(parts) > 1:
            return [made for part in parts for made in _embedded(engine, [part], job)]
        smaller = halves(parts[0])
        if smaller is None:
            raise
        return [made for part in smaller for made in _embedded(engine, [part], job)]
    return [
        NewPassage(
            page=part.page,
            start=part.start,
            end=part.end,
            text=part.text,
            vector=struct.pack(f"<{len(vectors[index])}f", *vectors[index]),
        )
        for index, part in enumerate(parts)
        if index in vectors
    ]


def told(document: Document, *, known: bool = False) -> DocumentRead:
    """Return the event that tells of a file that is read."""
    return DocumentRead(
        document.id,
        document.name,
        document.form,
        document.size_bytes,
        document.characters,
        document.pages,
        document.passages,
        known,
    )


def clean_name(name: str) -> str:
    """Return a file's name as one line without folders, cut to 200 characters with its ending kept."""
    line = " ".join(name.replace("\\", "/").rpartition("/")[2].split())
    line = "".join(character for character in line if character.isprintable()) or "file"
    if len(line) <= NAME_CHARACTERS:
        return line
    ending = Path(line).suffix[:20]
    return line[: NAME_CHARACTERS - len(ending)] + ending
