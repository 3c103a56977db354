"""Polish phrases in another case and number, by Morfeusz 2 and the dictionary of SGJP.

The head of a phrase is its first noun in the nominative; the adjectives before it and right after it agree with
it, and the rest stays ("dział obsługi klienta": "działu obsługi klienta"). Where a form can be several cases, the
words before it decide: a preposition, a negated verb, a verb. Limits: without Morfeusz (it has no build for Linux
on ARM) and for words that it does not know, nothing is inflected.
"""

import functools
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engines.spoken.polish_morphology import Reading, is_verb, readings

if TYPE_CHECKING:
    from morfeusz2 import Morfeusz

CASES = ("nom", "gen", "dat", "acc", "inst", "loc")
_lock = threading.Lock()
# What a preposition is followed by, the likeliest first.
_GOVERNED: dict[str, tuple[str, ...]] = {
    preposition: cases
    for prepositions, cases in (
        ("bez dla do od u oprócz obok według wokół podczas zamiast spośród z ze", ("gen", "inst")),
        ("dzięki przeciw wbrew ku", ("dat",)),
        ("przez", ("acc",)),
        ("w we na o po", ("loc", "acc")),
        ("przy", ("loc",)),
        ("między nad pod przed za", ("inst", "acc")),
    )
    for preposition in prepositions.split()
}


@dataclass(frozen=True, slots=True)
class _Part:
    """A word of a phrase; ``reading`` None: it stays as it is."""

    word: str
    reading: Reading | None


def inflect(phrase: str, case: str, number: str) -> str | None:
    """Return a phrase, given in the nominative, in a case and number; None where that is not known.

    Args:
        case: nom, gen, dat, acc, inst or loc.
        number: sg or pl.
    """
    parts = _parts(phrase)
    head = next((part.reading for part in parts if part.reading is not None and part.reading.noun), None)
    if head is None:
        return None
    words: list[str] = []
    for part in parts:
        if part.reading is None:
            words.append(part.word)
            continue
        form = _form(part.reading.lemma, part.reading.noun, case, number, head.gender)
        if form is None:
            return None
        words.append(form.capitalize() if part.word[:1].isupper() else form)
    return " ".join(words)


def forms(phrase: str) -> frozenset[str]:
    """Return every form of a phrase, itself among them, in small letters."""
    found = {inflect(phrase, case, number) for case in CASES for number in ("sg", "pl")}
    return frozenset({phrase.lower(), *(form.lower() for form in found if form)})


def like(phrase: str, words: str, before: str) -> str | None:
    """Return a phrase in the form that other words have in a sentence.

    Args:
        phrase: In the nominative.
        words: Those whose place it takes.
        before: The sentence up to them.
    """
    found = _case_of(words, before)
    return None if found is None else inflect(phrase, *found)


def _parts(phrase: str) -> list[_Part]:
    words = phrase.split()
    heads = [_nominative(word, noun=True) for word in words]
    at = next((place for place, reading in enumerate(heads) if reading is not None), None)
    if at is None:
        return []
    parts: list[_Part] = []
    for place, word in enumerate(words):
        agrees = place < at or (place == at + 1)
        reading = heads[at] if place == at else _nominative(word, noun=False) if agrees else None
        parts.append(_Part(word, reading))
    return parts


def _nominative(word: str, *, noun: bool) -> Reading | None:
    return next((each for each in readings(word.lower()) if each.case == "nom" and each.noun == noun), None)


def _case_of(words: str, before: str) -> tuple[str, str] | None:
    """The case and number of words in a sentence."""
    found: list[tuple[str, str]] = []
    for word in words.lower().split():
        known = [(each.case, each.number) for each in readings(word) if each.noun] or [
            (each.case, each.number) for each in readings(word)
        ]
        if known:
            found = known
            break  # what follows the head may be its genitive
    if not found:
        return None
    cases = {case for case, _ in found}
    wanted = _expected(before.lower().split(), cases)
    return next((each for case in wanted for each in found if each[0] == case), found[0])


def _expected(before: list[str], cases: set[str]) -> tuple[str, ...]:
    bare = [word.strip('.,;:!?()"„”') for word in before]
    if bare and bare[-1] in _GOVERNED:
        return _GOVERNED[bare[-1]]
    # An adjective or a number may stand between the preposition and the noun.
    if len(bare) > 1 and bare[-2] in _GOVERNED and readings(bare[-1]):
        return _GOVERNED[bare[-2]]
    verbs = [place for place, word in enumerate(bare) if is_verb(word)]
    if not verbs:
        return ("nom",) if "nom" in cases else tuple(cases)
    if verbs[-1] > 0 and bare[verbs[-1] - 1] == "nie":
        return ("gen", "acc")
    return ("acc", "gen")


@functools.lru_cache(4096)
def _form(lemma: str, noun: bool, case: str, number: str, gender: str) -> str | None:
    generator = _generator()
    if generator is None or not lemma:
        return None
    with _lock:
        made = generator.generate(lemma)
    for form, _, tag, *_ in made:
        part, *rest = tag.split(":")
        if len(rest) < 3 or (part == "subst") != noun or part not in ("subst", "adj", "ppas", "pact"):
            continue
        numbers, cases, genders = (field.split(".") for field in rest[:3])
        degree = rest[3] if len(rest) > 3 else ""
        fits = number in numbers and case in cases and gender in genders
        if fits and (noun or degree in ("pos", "", "aff")):
            return str(form)
    return None


@functools.cache
def _generator() -> "Morfeusz | None":
    try:
        import morfeusz2
    except ImportError:
        return None
    return morfeusz2.Morfeusz(analyse=False, generate=True)
