"""Collections by way of the Studio: searched, asked, made searchable anew; their passages found for a reply."""

from collections.abc import Sequence

import engines
from contract.document_requests import DocumentRequest
from contract.documents import Source
from contract.engine import Stop
from contract.errors import EngineFailed
from contract.events import Embedding
from contract.models import Kind, ModelSpec
from contract.requests import EmbedRequest, Request
from store import Collections, Document, FoundPassage, Passages
from studio.caller import Caller
from studio.grounding import Count
from studio.job import Job
from studio.registry import Registry
from studio.residency import Residency

QUESTION_CHARACTERS = 800
PASSAGES = 8
PASSAGE_TOKENS = 3_000


class Retrieval:
    """Finds the passages that a reply is written from."""

    def __init__(self, collections: Collections, passages: Passages, registry: Registry, residency: Residency) -> None:
        self._collections = collections
        self._passages = passages
        self._registry = registry
        self._residency = residency

    def find(self, collection_ids: Sequence[str], owner: str, text: str, stop: Stop) -> tuple[Source, ...]:
        """Return the best passages of some collections for a question, numbered from 1; none for one without words.

        Raises:
            StudioError: A collection is not this owner's, or there is no embedding model.
        """
        for collection_id in collection_ids:
            self._collections.get(collection_id, owner)
        question = text.strip()[:QUESTION_CHARACTERS]
        if not question:
            return ()
        spec = self._registry.find(None, "embedding")
        engines.require(engines.ENGINES[spec.engine])
        vector: tuple[float, ...] = ()
        with self._residency.use(spec, stop, lambda: None) as engine:
            for event in engine.run(EmbedRequest(texts=(question,), purpose="query"), stop):
                if isinstance(event, Embedding):
                    vector = event.vector
        if not vector:  # it was stopped
            return ()
        found = self._passages.search(collection_ids, owner, question, vector, spec.id, PASSAGES)
        return tuple(_source(number, passage) for number, passage in enumerate(found, start=1))


def within(sources: tuple[Source, ...], count: Count, context_tokens: int | None) -> tuple[Source, ...]:
    """Return as many of the best passages as a quarter of the context holds, at most 3,000 tokens of them."""
    left = PASSAGE_TOKENS if context_tokens is None else min(PASSAGE_TOKENS, context_tokens // 4)
    kept = []
    for source in sources:
        left -= count(source.text)
        if left < 0:
            break
        kept.append(source)
    return tuple(kept)


class Collecting:
    """What a Studio does with collections."""

    collections: Collections
    passages: Passages

    def submit(self, request: Request, caller: Caller | None = None) -> Job:
        """Take a request; see Studio."""
        raise NotImplementedError

    def spec(self, name: str | None, kind: Kind) -> ModelSpec:
        """Return a usable model; see Studio."""
        raise NotImplementedError

    def search_collection(
        self, collection_id: str, text: str, caller: Caller, limit: int = PASSAGES
    ) -> list[FoundPassage]:
        """Return a collection's best passages for a question or words, the best first; waits for the question's vector.

        Raises:
            StudioError: The collection is not the caller's, the text is empty, or there is no embedding model.
        """
        self.collections.get(collection_id, caller.owner)
        question = text.strip()[:QUESTION_CHARACTERS]
        job = self.submit(EmbedRequest(texts=(question,), purpose="query"), caller)
        job.wait()
        vector = next((event.vector for _, event in job.snapshot() if isinstance(event, Embedding)), None)
        if vector is None or job.spec is None:
            raise EngineFailed("The search was stopped. Search again.", job=job.id)
        return self.passages.search((collection_id,), caller.owner, question, vector, job.spec.id, limit)

    def stale_files(self, collection_id: str, caller: Caller) -> list[Document]:
        """Return a collection's files that another embedding model made searchable than the default one now."""
        model = self.spec(None, "embedding").id
        return [file for file in self.collections.files(collection_id, caller.owner) if file.indexed_model != model]

    def index_again(self, collection_id: str, caller: Caller) -> list[Job]:
        """Make stale files searchable anew; returns a job for each."""
        return [
            self.submit(DocumentRequest(document=file.id, name=file.name, collection=collection_id), caller)
            for file in self.stale_files(collection_id, caller)
        ]


def _source(number: int, passage: FoundPassage) -> Source:
    return Source(
        number=number,
        document_id=passage.document_id,
        name=passage.name,
        page=passage.page,
        label=passage.label,
        start=passage.start,
        end=passage.end,
        text=passage.text,
    )
