"""Looks sentences up among the accepted translations: the same one, the same but for its numbers, a similar one.

The same sentence, or one that differs in numbers alone (which are put in), takes the place of the model's
translation. A similar one (75 % of its letters and more, by rapidfuzz's ratio) is only told: a person decides.
"""

import re
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from engines.sentences import pieces
from store import Direction, Memory, TranslationMemory
from studio.translating.checks import normal
from studio.translating.segments import Recalled

LIKE = 75.0  # per cent
SHOWN = 3  # accepted translations that a chat model is shown with a text
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_DIRECTIONS = 8  # kept in memory at once


@dataclass(frozen=True, slots=True)
class Match:
    """A memory and how like the sentence it is, in [0, 1]."""

    memory: Memory
    similarity: float
    target: str


class Recollection:
    """What is kept of a direction, as it was at one moment; any thread may ask."""

    def __init__(self, entries: Sequence[Memory]) -> None:
        self.entries = tuple(entries)
        self._keys = [normal(entry.source) for entry in self.entries]
        self._exact = dict(zip(self._keys, self.entries, strict=True))
        self._by_shape = {_shape(key): entry for key, entry in self._exact.items() if _NUMBER.search(key)}

    def recall(self, text: str) -> Recalled | None:
        """Return the translation that a sentence takes, or how like the most similar one is; None: none is."""
        found = self.matches(text, 1)
        if not found:
            return None
        best = found[0]
        return Recalled(best.target if best.similarity >= _TAKEN else None, best.similarity)

    def similar(self, text: str) -> list[tuple[str, str]]:
        """Return accepted translations that show how the sentences of a text are worded, the likest first."""
        found: dict[str, Match] = {}
        for piece in pieces(text):
            for match in self.matches(piece.text, SHOWN) if piece.text else ():
                best = found.get(match.memory.id)
                if best is None or match.similarity > best.similarity:
                    found[match.memory.id] = match
        likest = sorted(found.values(), key=lambda match: -match.similarity)[:SHOWN]
        return [(match.memory.source, match.memory.target) for match in likest]

    def matches(self, text: str, limit: int = 5) -> list[Match]:
        """Return what is most like a sentence, best first."""
        key = normal(text)
        found: list[Match] = []
        same = self._exact.get(key)
        if same is not None:
            found.append(Match(same, 1.0, same.target))
        else:
            shaped = self._by_shape.get(_shape(key))
            target = None if shaped is None else _with_numbers(shaped, key)
            if shaped is not None and target is not None:
                found.append(Match(shaped, _TAKEN, target))
        if len(found) < limit and self._keys:
            near = process.extract(key, self._keys, scorer=fuzz.ratio, score_cutoff=LIKE, limit=limit)
            known = {match.memory.id for match in found}
            for _, score, place in near:
                memory = self.entries[place]
                if memory.id not in known:
                    found.append(Match(memory, min(score / 100, _SIMILAR), memory.target))
        return found[:limit]


class Recaller:
    """Keeps the recollections of all owners and directions that are asked for; any thread may ask."""

    def __init__(self, memory: TranslationMemory) -> None:
        self._memory = memory
        self._lock = threading.Lock()
        self._loaded: OrderedDict[Direction, tuple[str, Recollection]] = OrderedDict()

    def of(self, direction: Direction) -> Recollection:
        """Return what is kept of a direction now."""
        version = self._memory.version(direction)
        with self._lock:
            loaded = self._loaded.get(direction)
            if loaded is None or loaded[0] != version:
                loaded = self._loaded[direction] = (version, Recollection(self._memory.all(direction)))
            self._loaded.move_to_end(direction)
            while len(self._loaded) > _DIRECTIONS:
                self._loaded.popitem(last=False)
            return loaded[1]


_TAKEN = 0.99  # the same but for its numbers
_SIMILAR = 0.98


def _shape(text: str) -> str:
    return _NUMBER.sub("#", text)


def _with_numbers(memory: Memory, text: str) -> str | None:
    """The memory's translation with the numbers of ``text``; None where they can't be told apart."""
    old, new = _NUMBER.findall(memory.source), _NUMBER.findall(text)
    there = _NUMBER.findall(memory.target)
    if sorted(old) != sorted(there) or len(set(old)) != len(old):
        return None
    numbers = dict(zip(old, new, strict=True))
    return _NUMBER.sub(lambda match: numbers[match[0]], memory.target)
