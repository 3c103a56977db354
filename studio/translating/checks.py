"""What may be wrong with a translated segment: detectors that need no model, each for a failure that models do make.

``faults`` names them:

* ``empty``: nothing came.
* ``echoed``: most of the words came back untranslated.
* ``repeated``: the model got stuck and says something over and over that the source does not.
* ``truncated``: far too short; ``overlong``: far too long.
* ``language``: it is in another language than asked for.
* ``numbers``: a number or its sign (<, >, %, ±, °, a currency) was lost, changed or made up.
* ``placeholders``, ``tags``, ``addresses``: one of these was lost, changed or added.
* ``terms``: a term of the glossary is missing; whoever knows the glossary adds it, ``faults`` does not.

Seen in the starter model, English to Portuguese: "p < 0.05" became "p > 0,05" (numbers), "3½ cups" "31 a 2
xícaras" (numbers), "Copyright © 2024 ACME Inc. All rights reserved." lost all but its last words (numbers).
Limits: a fluent sentence that means something else is not seen; nor is a lost word in a long one.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from typing import Literal, get_args

from studio.translating.literals import ADDRESS, PLACEHOLDER, TAG, without_literals
from studio.translating.numerals import number_faults

Fault = Literal[
    "empty", "echoed", "repeated", "truncated", "overlong", "language", "numbers", "placeholders", "tags", "addresses",
    "terms",
]  # fmt: skip
FAULTS: tuple[Fault, ...] = get_args(Fault)
Detect = Callable[[str], list[tuple[str, float]]]

_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_DENSE = frozenset({"zh", "ja", "ko", "th"})
# Shared forms of closely related words are common ("hospital"), so a whole echo needs that many words.
_ECHO_WORDS = 3
_ECHO_SHARE = 0.75
_SHORT_SHARE, _LONG_SHARE = 0.4, 3.0  # of the source's letters
_LENGTH_FROM = 30  # letters: below, "OK, thanks" may fairly become twice as long or short
_SURE = 0.7
_LANGUAGE_FROM = 25  # letters
_LANGUAGE_WORDS = 5
_NGRAM = 6
# What Norwegian, Serbian and the like are taken for: the detector can't hold them apart, and needn't.
_ALIKE = (
    frozenset({"nb", "nn", "no", "da", "sv"}),
    frozenset({"hr", "sr", "bs", "sl"}),
    frozenset({"cs", "sk"}),
    frozenset({"id", "ms"}),
    frozenset({"pt", "gl", "es"}),
    frozenset({"ru", "uk", "be", "bg", "mk"}),
)


def faults(source: str, target: str, source_lang: str, target_lang: str, detect: Detect | None = None) -> list[Fault]:
    """Return what is wrong with ``target`` as a translation of ``source``, nothing found being an empty list.

    Args:
        source, target: One segment each, a sentence as a rule.
        source_lang, target_lang: ISO 639-1 codes.
        detect: Tells the languages that a text may be in, best first; None: the language is not looked at.
    """
    found: list[Fault] = []
    if not target.strip():
        return ["empty"] if source.strip() else []
    plain_source, plain_target = without_literals(source), without_literals(target)
    if _echoed(plain_source, plain_target):
        found.append("echoed")
    if _loops(plain_target) > max(2, _loops(plain_source) + 1):
        found.append("repeated")
    found += _length(plain_source, plain_target, source_lang, target_lang)
    if detect is not None and "echoed" not in found and _foreign(plain_target, source_lang, target_lang, detect):
        found.append("language")
    if number_faults(plain_source, plain_target, source_lang, target_lang):
        found.append("numbers")
    for fault, pattern in _CARRIED:
        if _tally(pattern, source) != _tally(pattern, target):
            found.append(fault)
    return found


def weight(found: list[Fault]) -> int:
    """Return how bad faults are together; of two attempts the lighter one is kept."""
    return sum(_WEIGHTS[fault] for fault in found)


_WEIGHTS: dict[Fault, int] = {
    "empty": 9,
    "placeholders": 5,
    "tags": 5,
    "addresses": 5,
    "echoed": 4,
    "repeated": 4,
    "truncated": 4,
    "language": 4,
    "numbers": 3,
    "terms": 3,
    "overlong": 2,
}
_CARRIED: tuple[tuple[Fault, re.Pattern[str]], ...] = (
    ("placeholders", PLACEHOLDER),
    ("tags", TAG),
    ("addresses", ADDRESS),
)


def _tally(pattern: re.Pattern[str], text: str) -> Counter[str]:
    return Counter(match[0] for match in pattern.finditer(text))


def _plain_words(text: str) -> list[str]:
    """The words that stand by themselves: no part of a path, a call or a name with signs in it."""
    bare = (word.strip(".,;:!?…\"'“”„‘’«»()[]*_-–—") for word in text.split())
    return [word for word in bare if _WORD.fullmatch(word)]


def _echoed(source: str, target: str) -> bool:
    """Whether the plain words (no names, no capitals) mostly came back as they went in."""
    # Names, paths, calls and one or two letters are the same in many languages.
    common = [word for word in _plain_words(source) if len(word) > 2 and word.islower()]
    if len(common) < _ECHO_WORDS:
        return False
    back = Counter(word.lower() for word in _plain_words(target))
    kept = sum((Counter(common) & back).values())
    return kept >= _ECHO_WORDS and kept / len(common) >= _ECHO_SHARE


def _loops(text: str) -> int:
    """Return how often the most repeated run of up to six words stands in a row."""
    words = re.findall(r"\w+", text.lower())
    most = 1 if words else 0
    for size in range(1, _NGRAM + 1):
        row = 1
        at = size
        while at + size <= len(words):
            if words[at - size : at] == words[at : at + size]:
                row += 1
                at += size
            else:
                row = 1
                at += 1
            most = max(most, row)
    return most


def _letters(text: str) -> int:
    return sum(character.isalnum() for character in text)


def _length(source: str, target: str, source_lang: str, target_lang: str) -> list[Fault]:
    # A dense script has a third of the letters; measured on the pairs of both kinds, three to one.
    scale = (3 if source_lang in _DENSE else 1) / (3 if target_lang in _DENSE else 1)
    given, got = _letters(source) * scale, _letters(target)
    if given < _LENGTH_FROM:
        return ["overlong"] if got > 3 * _LENGTH_FROM and got > 4 * given else []
    if got < _SHORT_SHARE * given:
        return ["truncated"]
    return ["overlong"] if got > _LONG_SHARE * given else []


def _foreign(target: str, source_lang: str, target_lang: str, detect: Detect) -> bool:
    words = _plain_words(target)
    if _letters(target) < _LANGUAGE_FROM or len({word.lower() for word in words}) < _LANGUAGE_WORDS:
        return False
    if sum(word[0].isupper() for word in words) * 2 > len(words):
        return False  # names
    found = dict(detect(" ".join(words)))
    wanted = target_lang.partition("-")[0].lower()
    best = max(found, key=lambda language: found[language], default=wanted)
    if best == wanted or any({best, wanted} <= group for group in _ALIKE):
        return False
    return found[best] >= _SURE and found.get(wanted, 0.0) < 1 - _SURE


@lru_cache(1024)
def normal(text: str) -> str:
    """Return text with its spaces and its composed letters made alike, for comparing."""
    return " ".join(unicodedata.normalize("NFC", text).split())
