"""Finds the case and gender that a Polish number must take, from the words around it.

What stands before says which cases are possible: a preposition, "nie ma", "potrzebuję". What stands
after says which of them it is: the form of the counted noun, or of the adjective before it. Where both
leave a choice, the nominative wins, and where they contradict each other the noun does.

Limits: only the nearest four words before and four after are looked at, nothing is parsed. A case
that only a verb asks for is known for the commonest verbs; a subject that follows its number's verb at a
distance is not told from an object, which matters only for men ("dwaj", "dwóch").
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from engines.spoken.polish_morphology import Reading, readings
from engines.spoken.polish_numbers import cardinal, collective
from engines.spoken.rules import NEAR, word_set

# The likelier case first.
_GOVERNMENT: dict[tuple[str, ...], str] = {
    ("gen",): """
        do od ode bez beze dla u obok około ok. koło wśród spośród podczas powyżej poniżej oprócz według wg wg. zamiast
        sprzed znad spod spoza zza wobec wzdłuż mimo pomimo względem naprzeciw niedaleko prócz skutkiem wskutek wewnątrz
        minimum maksimum max. min. dotyczy dnia ciągu trakcie temat podstawie ramach powodu okresie
    """,
    ("dat",): "ku dzięki przeciw przeciwko wbrew",
    ("acc",): "przez poprzez ponad",
    ("gen", "inst"): "z ze",
    ("loc", "acc"): "w we na po",
    ("acc", "loc"): "o",
    ("acc", "inst"): "za",
    ("inst", "acc"): "przed nad pod między pomiędzy poza",
    ("loc",): "przy",
    ("acc", "nom"): "co",
}
PREPOSITIONS = {word: cases for cases, words in _GOVERNMENT.items() for word in words.split()}
# Stand between a preposition and its number.
_ADVERBS = word_set("""
    prawie niemal tylko aż zaledwie jedynie łącznie nawet już jeszcze równo dokładnie mniej więcej najmniej
    najwyżej a i oraz lub albo czy bądź jakieś jakichś co blisko ponad nie plus minus
""")
_GENITIVE_VERBS = re.compile(
    r"(?:potrzeb|brak|wymaga|używa|użyj|użył|dotycz|sięga|sięgn|uży[cć]|dokona|szuka|unika|dostarcz|zabrak|nauczy"
    r"|udziel|pozbaw|oczekuj|spodziewa)\w*\Z"
)
# The letter before a full stop, or a word, or the number that another number is joined to.
_BEFORE = re.compile(r"[^\W\d_]+\.?|[!?;]|\.(?=\s)")
_AFTER = re.compile(r"\s{1,2}(?:[„\"(«*]\s?)?([^\W\d_]+(?:-[^\W\d_]+)?)(?!\.\w)")
_JOINED = re.compile(r"\s?(?:,|–|-|lub|albo|czy|i|oraz|a|do|bądź)\s?\d+(?:,\d+)?(?=\s)")


@dataclass(frozen=True, slots=True)
class Agreement:
    """How a number is to be declined.

    Attributes:
        case: The number's case.
        gender: Its gender.
        collective: Whether "dwoje", "troje" is said.
        counted: The noun that is counted, None if none was found.
    """

    case: str
    gender: str
    collective: bool
    counted: Reading | None


def governed(text: str, at: int) -> tuple[str, ...]:
    """The cases that the words before position ``at`` allow, likeliest first; () if they don't say."""
    words = [word.lower() for word in _BEFORE.findall(text, max(0, at - NEAR), at)][-5:]
    for distance, word in enumerate(reversed(words)):
        if word in "!?;.":
            return ()
        if word in PREPOSITIONS and not (word in ("ponad", "blisko") and _has_preposition(words[: -distance - 1])):
            if word in ("z", "ze") and words[: -distance - 1][-1:] in (["zgodnie"], ["wraz"], ["razem"], ["związku"]):
                return ("inst",)
            return PREPOSITIONS[word]
        before = words[: -distance - 1]
        if distance == 0 and (before[-1:] == ["nie"] or _GENITIVE_VERBS.match(word)) and word not in _ADVERBS:
            return ("gen",)
        if word in _ADVERBS or _is_adjective(word):
            continue
        break
    return ()


def _has_preposition(words: Sequence[str]) -> bool:
    return bool(words) and words[-1] in PREPOSITIONS


def _is_adjective(word: str) -> bool:
    found = readings(word)
    return bool(found) and any(not reading.noun for reading in found)


def noun_after(text: str, at: int) -> tuple[list[Reading], str]:
    """The readings of the noun that follows position ``at``, past its adjectives, and the noun itself.

    A reading that an adjective contradicts is left out, unless all of them would be. Adjectives without
    a noun count as one: "z 3 nowymi".
    """
    joined = _JOINED.match(text, at)
    at = joined.end() if joined else at
    adjectives: list[set[tuple[str, str]]] = []
    last: list[Reading] = []
    for _ in range(4):
        found = _AFTER.match(text, at)
        if found is None:
            break
        word = found[1]
        if word in PREPOSITIONS or word in _ADVERBS:
            break
        possible = list(readings(word)) or list(readings(word.lower()))
        nouns = [reading for reading in possible if reading.noun]
        if not possible:
            break
        plain = [reading for reading in possible if not reading.noun]
        if nouns and not (plain and _noun_follows(text, found.end())):
            fitting = [r for r in nouns if all((r.case, r.number) in adjective for adjective in adjectives)]
            return fitting or nouns, word
        last = plain
        adjectives.append({(reading.case, reading.number) for reading in plain})
        at = found.end()
    return last, ""


def _noun_follows(text: str, at: int) -> bool:
    found = _AFTER.match(text, at)
    return found is not None and any((r.noun and r.case != "nom") or r.noun for r in readings(found[1]))


def agree(number: int, nouns: Sequence[Reading], cases: Sequence[str]) -> Agreement | None:
    """The case and gender of ``number`` before one of ``nouns``, or None if none of them can be counted by it.

    Args:
        number: The number; it decides whether it rules its noun ("pięć osób") or agrees with it ("trzy osoby").
        nouns: The readings of the noun.
        cases: What the words before allow, likeliest first; () if they don't say.
    """
    possible = [(case, reading) for reading in nouns for case in _cases_with(number, reading)]
    if not possible:
        return None
    order = ["nom", "acc", "gen", "dat", "inst", "loc"]
    allowed = [pair for pair in possible if pair[0] in cases]
    if cases and allowed:
        case, reading = min(allowed, key=lambda pair: cases.index(pair[0]))
    else:
        case, reading = min(possible, key=lambda pair: order.index(pair[0]))
    same = [r for r in nouns if r.gender == reading.gender and r.number == "pl"]
    ruled = any(r.case == "gen" for r in same) or reading.case in ("dat", "loc")
    together = reading.collective and all(r.collective for r in same) and case != "inst" and ruled
    return Agreement(case, reading.gender, together, reading)


def _cases_with(number: int, reading: Reading) -> list[str]:
    """The cases in which ``number`` can stand with a noun so read."""
    if number == 1:
        return [reading.case] if reading.number == "sg" or reading.collective else []
    if reading.number != "pl":
        return []
    few = number % 10 in (2, 3, 4) and number % 100 not in (12, 13, 14)
    if reading.case in ("dat", "inst", "loc"):
        return [reading.case]
    if reading.case == "gen":
        # "Dwoje dzieci" and "dwóch panów" rule a genitive, other small numbers do not.
        rules = not few or reading.gender == "m1" or reading.collective
        return ["nom", "acc", "gen"] if rules else ["gen"]
    return [reading.case] if few else []


def said(number: int, agreement: Agreement) -> str:
    """``number`` in words, declined."""
    case, gender, counted = agreement.case, agreement.gender, agreement.counted
    if agreement.collective:
        group = collective(number, case)
        if group:
            return group
    if gender == "m1" and case in ("nom", "acc") and counted and counted.case in ("gen", "acc") and number != 1:
        return cardinal(number, "gen", "m1")
    return cardinal(number, case, gender)
