"""What a Polish word may be: its cases, number, gender and part of speech.

Morfeusz 2 with the dictionary of SGJP knows the words. For those it does not know, and where it can't
be installed (it has no build for Linux on ARM), endings decide; they know the oblique plural cases
("-ami", "-om", "-ach", "-ów") and little else.
"""

import functools
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from morfeusz2 import Morfeusz

_CASES = frozenset(("nom", "gen", "dat", "acc", "inst", "loc"))
_NOUNS = frozenset(("subst", "depr", "ger"))
_ADJECTIVES = frozenset(("adj", "ppas", "pact"))
_ENDINGS = (
    ("ami", "inst", "pl", "m3"), ("ach", "loc", "pl", "m3"), ("om", "dat", "pl", "m3"), ("ów", "gen", "pl", "m3"),
    ("skiego", "gen", "sg", "m1"), ("skiemu", "dat", "sg", "m1"), ("skim", "inst", "sg", "m1"),
    ("ska", "nom", "sg", "f"), ("skiej", "gen", "sg", "f"), ("ską", "inst", "sg", "f"), ("owi", "dat", "sg", "m1"),
    ("em", "inst", "sg", "m1"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read a word.

    Attributes:
        case: nom, gen, dat, acc, inst or loc.
        number: sg or pl.
        gender: m1 (men), m2 (animals), m3 (things), f or n.
        noun: False for adjectives and participles.
        collective: Whether it is counted by "dwoje", "troje": children, doors.
        lemma: The dictionary form, "" where unknown.
    """

    case: str
    number: str
    gender: str
    noun: bool
    collective: bool
    lemma: str


class _Dictionary:
    """Morfeusz, which may not be asked by two threads at once; None where it is not installed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._morfeusz: Morfeusz | None = None
        try:
            import morfeusz2
        except ImportError:
            return
        self._morfeusz = morfeusz2.Morfeusz(generate=False)

    def analyses(self, word: str) -> list[tuple[str, str]]:
        """Lemma and tag of each analysis."""
        if self._morfeusz is None:
            return []
        with self._lock:
            found = self._morfeusz.analyse(word)
        # More than one edge: the word was cut into parts ("miałem"), and no part is the whole.
        return [(item[2][1], item[2][2]) for item in found if item[0] == 0 and item[1] == 1]


@functools.cache
def _dictionary() -> _Dictionary:
    return _Dictionary()


@functools.lru_cache(8192)
def readings(word: str) -> tuple[Reading, ...]:
    """The ways to read ``word`` as a noun or adjective; none for a verb, a conjunction and the like."""
    analyses = _dictionary().analyses(word)
    if not [tag for _, tag in analyses if tag != "ign"]:
        return _by_ending(word)
    found: dict[Reading, None] = {}
    for lemma, tag in analyses:
        part, *rest = tag.split(":")
        if (part not in _NOUNS and part not in _ADJECTIVES) or len(rest) < 3:
            continue
        collective = "col" in rest or "pt" in rest
        for number in rest[0].split("."):
            for case in rest[1].split("."):
                for gender in rest[2].split("."):
                    if case in _CASES:
                        found[Reading(case, number, gender, part in _NOUNS, collective, lemma.split(":")[0])] = None
    return tuple(found)


@functools.lru_cache(8192)
def is_verb(word: str) -> bool:
    """Whether ``word`` is a verb and nothing else."""
    parts = {tag.split(":")[0] for _, tag in _dictionary().analyses(word)}
    return bool(parts) and parts <= {"fin", "praet", "impt", "inf", "imps", "bedzie"}


@functools.lru_cache(8192)
def asks_for_object(word: str) -> bool:
    """Whether ``word`` is a verb that a feminine noun after it can only be the object of: "zjadł", "weź"."""
    for _, tag in _dictionary().analyses(word):
        part, *rest = tag.split(":")
        if part in ("inf", "impt", "imps", "pcon", "pant"):
            return True
        if (part == "fin" and rest[1:2] != ["ter"]) or (part == "praet" and "f" not in rest[1].split(".")):
            return True
    return False


def _by_ending(word: str) -> tuple[Reading, ...]:
    for ending, case, number, gender in _ENDINGS:
        if word.endswith(ending) and len(word) > len(ending) + 1:
            return (Reading(case, number, gender, True, False, ""),)
    return ()
