"""Passages of files with their vectors, found by meaning and by words together.

Vectors are compared with numpy, all of a collection at once: exact, 10,000 of 384 values in a few milliseconds,
and without an extension of SQLite, which many builds of Python can't load. A multilingual model holds passages in
the question's own language for nearer than they are, so what is compared is how much nearer a passage is than the
mean of its language (https://aclanthology.org/2020.findings-emnlp.150): of 16 English and Polish questions about
16 passages of the other language, multilingual-e5-small so finds 14 first, and 6 without.

FTS5 finds the words, each with its last letters open, because Polish and English inflect there. Both lists are
joined by reciprocal rank fusion (https://doi.org/10.1145/1571941.1572114): a passage's score is the sum of
1 / (60 + rank).
"""

import json
import re
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from store.collections import Collection, Collections
from store.database import Database
from store.sqlite import Transaction

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

RANK_OFFSET = 60
CANDIDATES = 40
MEAN_WEIGHT = 1  # how many passages the mean of all languages counts for in that of one
CACHE_BYTES = 256 * 1024**2
QUERY_WORDS = 40
# Words that tell a language rather than a subject: matched, they would draw every question to its own language.
FUNCTION_WORDS_TEXT = """
    about after all also and any are because been before being but can could did does doing don for from get give given
    had has have having her here him his how into its just like make may might more most much must not now off one only
    other our out over own say says she should some such tell than that the their them then there these they this those
    too under until very was way were what when where which while who whom whose why will with would you your
    aby albo ale ani bez bardzo bowiem był była było były być będzie coś czego czemu czy czyli czym dla dlaczego
    dlatego gdy gdyby gdzie ich ile inne jak jaka jaki jakie jakiego jakiej jako jakich jednak jego jej jest
    jestem jeszcze jeśli jeżeli już kiedy kim kogo komu kto która które którego której który którym których którzy lub
    mają mam moje może można nad nam nas nich nie nim niż ona one oni ono oraz pod podczas poza przed przez przy się
    skąd tak taka taki takie tam tego tej ten tobie tylko tym tych wiele więc wszystko
"""
FUNCTION_WORDS = frozenset(FUNCTION_WORDS_TEXT.split())
WORD = re.compile(r"\w+")
SHORTEST_STEM = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPassage:
    """A passage to be kept: where it stands in which page (from 0), its text, its vector as float32 bytes.

    Attributes:
        language: ISO 639-1; "" where it can't be told.
    """

    page: int
    start: int
    end: int
    text: str
    vector: bytes = field(repr=False)
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPassage:
    """A passage that was found; ``similarity`` is the cosine to the question, None where only words found it."""

    document_id: str
    name: str
    page: int
    label: str
    start: int
    end: int
    text: str
    score: float
    similarity: float | None


@dataclass(frozen=True, slots=True)
class _Vectors:
    stamp: tuple[int, str]
    numbers: "NDArray[numpy.int64]"
    spoken: tuple[str, ...]  # the languages that there are; ``languages`` are places in it
    languages: "NDArray[numpy.int64]"
    matrix: "NDArray[numpy.float32]"


class Passages:
    """Writes and searches ``passages``."""

    def __init__(self, database: Database, collections: Collections) -> None:
        self._database = database
        self._collections = collections
        self._lock = threading.Lock()
        self._cache: OrderedDict[str, _Vectors] = OrderedDict()

    def replace(
        self, document_id: str, owner: str, model: str, passages: Sequence[NewPassage], collection_id: str
    ) -> None:
        """Keep a file's passages in place of those it had, and put it into a collection, in one transaction.

        Raises:
            NotFound: The collection is not this owner's, or was deleted meanwhile.
        """

        def write(db: Transaction) -> None:
            self._collections.put(db, collection_id, owner, document_id)
            db.execute("DELETE FROM passages WHERE document_id = ?", (document_id,))
            for passage in passages:
                db.execute(
                    "INSERT INTO passages (document_id, page, start, end, text, language, vector) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (
                        *(document_id, passage.page, passage.start, passage.end, passage.text),
                        *(passage.language, passage.vector),
                    ),
                )
            db.execute(
                "UPDATE documents SET indexed_model = ?, passages = ? WHERE id = ? AND owner = ?",
                (model, len(passages), document_id, owner),
            )
            # The other collections that it is in search it too.
            db.execute(
                "UPDATE collections SET revision = revision + 1 WHERE id <> ? AND id IN "
                "(SELECT collection_id FROM collection_files WHERE document_id = ?)",
                (collection_id, document_id),
            )

        self._database.write(write)

    def put(self, collection_id: str, owner: str, document_id: str) -> None:
        """Put a file that is searchable already into a collection; raises NotFound."""
        self._database.write(lambda db: self._collections.put(db, collection_id, owner, document_id))

    def search(
        self, collection_ids: Sequence[str], owner: str, text: str, vector: Sequence[float], model: str, limit: int = 8
    ) -> list[FoundPassage]:
        """Return the best passages of some collections for a question, the best first.

        Args:
            vector: The question's, of length 1, by the embedding model ``model``; passages with another model's
                vectors are found by their words alone.

        Raises:
            NotFound: A collection is not this owner's.
        """
        searched = [self._collections.get(collection_id, owner) for collection_id in dict.fromkeys(collection_ids)]
        near = self._nearest(searched, model, vector)
        scores: dict[int, float] = {}
        for ranked in ([number for number, _ in near], self._with_words(searched, owner, text)):
            for rank, number in enumerate(ranked, start=1):
                scores[number] = scores.get(number, 0.0) + 1 / (RANK_OFFSET + rank)
        best = sorted(scores, key=lambda number: (-scores[number], number))[:limit]
        similarity = dict(near)
        return self._read(owner, [(number, scores[number], similarity.get(number)) for number in best])

    def _nearest(self, searched: Sequence[Collection], model: str, vector: Sequence[float]) -> list[tuple[int, float]]:
        import numpy

        kept = [self._vectors(each.id, (each.revision, model)) for each in searched]
        kept = [each for each in kept if len(each.numbers)]
        if not kept:
            return []
        asked = numpy.asarray(vector, numpy.float32)
        numbers = numpy.concatenate([each.numbers for each in kept])
        nearness = numpy.concatenate([each.matrix @ asked for each in kept])
        spoken = sorted({language for each in kept for language in each.spoken})
        places = {language: place for place, language in enumerate(spoken)}
        languages = numpy.concatenate(
            [numpy.asarray([places[language] for language in each.spoken])[each.languages] for each in kept]
        )
        if len(kept) > 1:  # a file may be in several
            numbers, first = numpy.unique(numbers, return_index=True)
            nearness, languages = nearness[first], languages[first]
        lead = nearness - _language_means(nearness, languages)
        most = min(CANDIDATES, len(lead))
        best = numpy.argpartition(-lead, most - 1)[:most]
        order = best[numpy.argsort(-lead[best], kind="stable")]
        return [(int(numbers[place]), float(nearness[place])) for place in order]

    def _vectors(self, collection_id: str, stamp: tuple[int, str]) -> _Vectors:
        """Return a collection's vectors of one model as a matrix; the last used collections are kept in memory."""
        import numpy

        with self._lock:
            kept = self._cache.get(collection_id)
            if kept is not None and kept.stamp == stamp:
                self._cache.move_to_end(collection_id)
                return kept
        rows = self._database.rows(
            """SELECT p.number, p.language, p.vector FROM collection_files f
               JOIN documents d ON d.id = f.document_id AND d.indexed_model = ?
               JOIN passages p ON p.document_id = d.id WHERE f.collection_id = ? ORDER BY p.number""",
            (stamp[1], collection_id),
        )
        numbers = numpy.fromiter((row["number"] for row in rows), numpy.int64, len(rows))
        whole = numpy.frombuffer(b"".join(row["vector"] for row in rows), numpy.float32)
        places = {language: place for place, language in enumerate(sorted({row["language"] for row in rows}))}
        languages = numpy.fromiter((places[row["language"]] for row in rows), numpy.int64, len(rows))
        matrix = whole.reshape(len(rows), -1) if rows else whole.reshape(0, 0)
        made = _Vectors(stamp, numbers, tuple(places), languages, matrix)
        with self._lock:
            self._cache[collection_id] = made
            self._cache.move_to_end(collection_id)
            while len(self._cache) > 1 and sum(each.matrix.nbytes for each in self._cache.values()) > CACHE_BYTES:
                self._cache.popitem(last=False)
        return made

    def _with_words(self, searched: Sequence[Collection], owner: str, text: str) -> list[int]:
        said = dict.fromkeys(word.lower() for word in WORD.findall(text))
        words = [word for word in said if len(word) > 2 and word not in FUNCTION_WORDS][:QUERY_WORDS]
        if not words:
            return []
        rows = self._database.rows(
            """SELECT p.number FROM passages_fts JOIN passages p ON p.number = passages_fts.rowid
               JOIN documents d ON d.id = p.document_id
               WHERE passages_fts MATCH ? AND d.owner = ? AND EXISTS (SELECT 1 FROM collection_files f
                   WHERE f.document_id = d.id AND f.collection_id IN (SELECT value FROM json_each(?)))
               ORDER BY rank LIMIT ?""",
            (" OR ".join(map(_stem, words)), owner, json.dumps([each.id for each in searched]), CANDIDATES),
        )
        return [int(row["number"]) for row in rows]

    def _read(self, owner: str, found: Sequence[tuple[int, float, float | None]]) -> list[FoundPassage]:
        marks = ",".join("?" for _ in found)
        rows = self._database.rows(
            f"""SELECT p.number, p.document_id, d.name, p.page, g.label, p.start, p.end, p.text
                FROM passages p JOIN documents d ON d.id = p.document_id
                JOIN document_pages g ON g.document_id = p.document_id AND g.number = p.page
                WHERE p.number IN ({marks}) AND d.owner = ?""",
            (*(number for number, _, _ in found), owner),
        )
        by_number = {row["number"]: {key: value for key, value in dict(row).items() if key != "number"} for row in rows}
        return [
            FoundPassage(**by_number[number], score=score, similarity=similarity)
            for number, score, similarity in found
            if number in by_number
        ]


def _language_means(nearness: "NDArray[numpy.float32]", languages: "NDArray[numpy.int64]") -> "NDArray[numpy.float32]":
    """Return for each passage the mean nearness of its language, drawn to that of all where it has few."""
    import numpy

    counts = numpy.bincount(languages)
    sums = numpy.bincount(languages, weights=nearness)
    means = (sums + nearness.mean() * MEAN_WEIGHT) / (counts + MEAN_WEIGHT)
    own: NDArray[numpy.float32] = means[languages].astype(numpy.float32)
    return own


def _stem(word: str) -> str:
    """Return a word as FTS5 takes it, open at its end where it is long enough to be inflected there."""
    stem = word[: max(SHORTEST_STEM, len(word) - 2)]
    return f'"{stem}"*' if len(word) > SHORTEST_STEM else f'"{word}"'
