"""Looks sentences up among the accepted translations: the same one, the same but for its numbers, a similar one.

The same sentence, or one that differs in numbers alone (which are put in), takes the place of the model's
translation. A similar one (75 % of its letters and more, by rapidfuzz's ratio) is only told: a person decides.
"""

import re
import threading
from collections import OrderedDict
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from store import Direction, Memory, TranslationMemory
from studio.translating.checks import normal
from studio.translating.segments import Recalled

LIKE = 75.0  # per cent
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_DIRECTIONS = 8  # kept in memory at once


@dataclass(frozen=True, slots=True)
class Match:
    """A memory and how like the sentence it is, in [0, 1]."""

    memory: Memory
    similarity: float
    target: str


@dataclass(frozen=True, slots=True)
class _Loaded:
    version: str
    entries: tuple[Memory, ...]
    exact: dict[str, Memory]
    by_shape: dict[str, Memory]
    keys: list[str]


class Recaller:
    """Looks sentences up for all owners and directions; any thread may ask."""

    def __init__(self, memory: TranslationMemory) -> None:
        self._memory = memory
        self._lock = threading.Lock()
        self._loaded: OrderedDict[Direction, _Loaded] = OrderedDict()

    def is_empty(self, direction: Direction) -> bool:
        """Whether nothing is kept of a direction."""
        return not self._of(direction).entries

    def recall(self, direction: Direction, text: str) -> Recalled | None:
        """Return the translation that a sentence takes, or how like the most similar one is; None: none is."""
        found = self.matches(direction, text, 1)
        if not found:
            return None
        best = found[0]
        return Recalled(best.target if best.similarity >= _TAKEN else None, best.similarity)

    def matches(self, direction: Direction, text: str, limit: int = 5) -> list[Match]:
        """Return what is most like a sentence, best first."""
        loaded = self._of(direction)
        key = normal(text)
        found: list[Match] = []
        same = loaded.exact.get(key)
        if same is not None:
            found.append(Match(same, 1.0, same.target))
        else:
            shaped = loaded.by_shape.get(_shape(key))
            target = None if shaped is None else _with_numbers(shaped, key)
            if shaped is not None and target is not None:
                found.append(Match(shaped, _TAKEN, target))
        if len(found) < limit and loaded.keys:
            near = process.extract(key, loaded.keys, scorer=fuzz.ratio, score_cutoff=LIKE, limit=limit)
            known = {match.memory.id for match in found}
            for _, score, place in near:
                memory = loaded.entries[place]
                if memory.id not in known:
                    found.append(Match(memory, min(score / 100, _SIMILAR), memory.target))
        return found[:limit]

    def _of(self, direction: Direction) -> _Loaded:
        version = self._memory.version(direction)
        with self._lock:
            loaded = self._loaded.get(direction)
            if loaded is None or loaded.version != version:
                entries = tuple(self._memory.all(direction))
                keys = [normal(entry.source) for entry in entries]
                exact = dict(zip(keys, entries, strict=True))
                shapes = {_shape(key): entry for key, entry in exact.items() if _NUMBER.search(key)}
                loaded = self._loaded[direction] = _Loaded(version, entries, exact, shapes, keys)
            self._loaded.move_to_end(direction)
            while len(self._loaded) > _DIRECTIONS:
                self._loaded.popitem(last=False)
            return loaded


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
