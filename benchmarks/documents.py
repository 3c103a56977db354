"""Files made searchable, beside the embedding engine alone on the same passages; and search over 10,000 passages.

The file is a PDF of pages without a word in common with the rounds before, so that nothing is known already. The
engine's side gets the very passages, in batches of the same size, and nothing else: no reading, cutting or storing.
"""

import itertools
import random
import statistics
import struct
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.measure import Effort, Result, Sample, Side, alternate, result, row, run
from benchmarks.servers import data_folder, with_starters
from contract.engine import Stop
from contract.requests import EmbedRequest
from store import Collections, Database, Documents, NewPassage, Passages, Transaction
from store.database import now
from studio import Caller, DocumentRequest, Settings, Studio
from studio.passages import cut
from studio.reading import PASSAGES_AT_ONCE
from tests import files

PAGES, QUICK_PAGES = 12, 2
LINES, WORDS = 34, 11
PASSAGES, VALUES, A_FILE = 10_000, 384, 500
QUESTIONS = 20
SEED = 20_261
LOCAL = Caller()


def report_of(number: int, pages: int) -> bytes:
    """Return a PDF of full pages; another number gives other words."""
    chance = random.Random(SEED + number)
    syllables = [a + b for a in "bdfgklmnprstvz" for b in "aeiou"]

    def line() -> str:
        words = ("".join(chance.choices(syllables, k=chance.randint(1, 4))) for _ in range(WORDS))
        return f"{' '.join(words).capitalize()}."

    return files.pdf(["\n".join(line() for _ in range(LINES)) for _ in range(pages)])


class Indexing:
    """Both sides of a round: a file through Hearth, then its passages through the engine."""

    def __init__(self, studio: Studio, folder: Path, pages: int) -> None:
        self.studio, self.folder, self.pages = studio, folder, pages
        self.collection = studio.collections.create(LOCAL.owner, "Bench").id
        self.numbers = itertools.count()
        self.passages: Sequence[str] = ()
        spec = studio.spec(None, "embedding")
        with studio.residency.use(spec, Stop(), lambda: None):
            pass
        self.ours()  # both are warm, and the engine's side has passages

    def ours(self) -> Sample:
        """Read, cut, embed and store a file."""
        path = self.folder / "report.pdf"
        path.write_bytes(report_of(next(self.numbers), self.pages))
        began = time.perf_counter()
        job = self.studio.submit(DocumentRequest(path=path, name=path.name, collection=self.collection), LOCAL)
        job.wait()
        took = time.perf_counter() - began
        newest = self.studio.collections.files(self.collection, LOCAL.owner)[0]
        self.passages = [part.text for part in cut(self.studio.documents.pages(newest.id, LOCAL.owner))]
        return {"pages": self.pages / took}

    def engine(self) -> Sample:
        """Embed the passages of a file alone."""
        spec = self.studio.spec(None, "embedding")
        with self.studio.residency.use(spec, Stop(), lambda: None) as engine:
            began = time.perf_counter()
            for first in range(0, len(self.passages), PASSAGES_AT_ONCE):
                texts = tuple(self.passages[first : first + PASSAGES_AT_ONCE])
                for _ in engine.run(EmbedRequest(texts=texts, purpose="document"), Stop()):
                    pass
            return {"pages": self.pages / (time.perf_counter() - began)}


def searching(folder: Path, passages: int) -> Side:
    """Return what searches a collection of that many passages: seconds of the first search and of the others."""
    chance = random.Random(SEED)
    words = [f"w{number}" for number in range(5_000)]
    weights = [1 / (number + 1) for number in range(5_000)]
    database = Database(folder)
    documents = Documents(database, folder / "documents")
    collections = Collections(database, documents)
    collection = collections.create("local", "Large").id

    def vector() -> tuple[float, ...]:
        values = [chance.gauss(0, 1) for _ in range(VALUES)]
        length = sum(value * value for value in values) ** 0.5
        return tuple(value / length for value in values)

    for number in range(max(1, passages // A_FILE)):
        id = f"{number:032x}"

        def insert(db: Transaction, id: str = id) -> None:
            when = now()
            db.execute(
                "INSERT INTO documents (id, owner, name, form, mime, sha256, size_bytes, path, characters, pages, "
                "created_at, touched_at) VALUES (?, 'local', ?, 'text', 'text/plain', ?, 1, ?, 1, 1, ?, ?)",
                (id, id, id, id, when, when),
            )
            db.execute("INSERT INTO document_pages VALUES (?, 0, 'lines 1–1', '')", (id,))

        database.write(insert)
        made = [
            NewPassage(
                page=0,
                start=0,
                end=0,
                text=" ".join(chance.choices(words, weights, k=120)),
                vector=struct.pack(f"<{VALUES}f", *vector()),
                language=chance.choice(("en", "pl")),
            )
            for _ in range(min(A_FILE, passages))
        ]
        Passages(database, collections).replace(id, "local", "bench", made, collection)

    def ask() -> Sample:
        search = Passages(database, collections)  # a fresh one has no vector in memory
        took = []
        for _ in range(QUESTIONS):
            question, near = " ".join(chance.choices(words, weights, k=8)), vector()
            began = time.perf_counter()
            search.search((collection,), "local", question, near, "bench")
            took.append(time.perf_counter() - began)
        return {"first": took[0], "median": statistics.median(took[1:]), "worst": max(took[1:])}

    return ask


def measure(effort: Effort) -> Result:
    """Measure."""
    pages, passages = (QUICK_PAGES, A_FILE) if effort.quick else (PAGES, PASSAGES)
    with data_folder() as folder:
        search = searching(folder / "search", passages)
        settings = Settings(data_dir=with_starters(folder / "data"), no_starters=True, ollama_host="http://127.0.0.1:9")
        with Studio.open(settings) as studio:
            sides = Indexing(studio, folder, pages)
            rounds = alternate(lambda: {**sides.ours(), **search()}, sides.engine, effort)
    alone = "the embedding engine alone"
    what = f"search over {passages:,} passages by meaning and words"
    return result(
        "documents",
        rounds,
        [
            row(
                "a PDF made searchable", "pages/s", rounds, "pages", alone, aim=0.9, aim_of="ratio", more_is_better=True
            ),
            row(f"{what}, median", "ms", rounds, "median", "", scale=1000, aim=50),
            row(f"{what}, slowest", "ms", rounds, "worst", "", scale=1000),
            row(f"{what}, the first after a start", "ms", rounds, "first", "", scale=1000),
        ],
        [f"A page of documents has {LINES} lines of {WORDS} words, a passage 120 words and {VALUES} values."],
    )


if __name__ == "__main__":
    run("documents", __doc__, measure)
