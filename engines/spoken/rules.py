"""What a reading rule is, and how a list of them turns text into words.

Every rule is one regular expression and one function. The rules of a language run one after the other
over a sentence, so what an early rule said ("o godzinie") is context for a later one ("5:30").

So that time stays linear in the text, no pattern may repeat without a bound in front of something that
can fail, and functions look at most ``NEAR`` characters around their match.
"""

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass

NEAR = 80
_WORD = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*")
_LAST_WORD = re.compile(r"([^\W\d_]+)(\.?)[\s(„\"“'‘«]*\Z")


@dataclass(frozen=True, slots=True)
class Rule:
    """Where something stands that is not read as it is written, and what is said instead.

    ``say`` gives None where the match is something else after all; then it stays as it is.
    """

    pattern: re.Pattern[str]
    say: Callable[[re.Match[str]], str | None]

    def __call__(self, text: str) -> str:
        """The text with every match replaced."""
        return self.pattern.sub(self._replace, text)

    def _replace(self, match: re.Match[str]) -> str:
        said = self.say(match)
        return match[0] if said is None else said


def rule(pattern: str, say: Callable[[re.Match[str]], str | None], flags: int = 0) -> Rule:
    """A rule from a pattern's text, which may be laid out over lines."""
    return Rule(re.compile(pattern, re.VERBOSE | flags), say)


def is_code(text: str) -> bool:
    """Whether the digits of ``text`` are no quantity: "007", a number of ten digits in one that is not round."""
    plain = "".join(character for character in text if character.isdecimal())
    in_one = plain == text and len(plain) > 9 and not plain.endswith("000")
    return (len(plain) > 1 and plain[0] == "0") or in_one or len(plain) > 15


def word_set(text: str) -> frozenset[str]:
    """The words of ``text``: a table that is easier read than a list of strings."""
    return frozenset(text.split())


def word_before(match: re.Match[str]) -> str:
    """The word right before the match in lower case, or ""; a full stop belongs to it: "ok."."""
    found = _LAST_WORD.search(match.string, max(0, match.start() - NEAR), match.start())
    return (found[1] + found[2]).lower() if found else ""


def words_before(match: re.Match[str], count: int) -> list[str]:
    """Up to ``count`` words before the match, the nearest first, none beyond another sentence's end."""
    near = match.string[max(0, match.start() - NEAR) : match.start()]
    near = re.split(r"[.!?;:](?=\s)", near)[-1]
    return [word.lower() for word in reversed(_WORD.findall(near))][:count]


def words_after(match: re.Match[str], count: int) -> list[str]:
    """Up to ``count`` words that follow the match with nothing but single spaces between."""
    words: list[str] = []
    at = match.end()
    while len(words) < count:
        found = _WORD.match(match.string, at + 1) if match.string[at : at + 1] == " " else None
        if found is None:
            break
        words.append(found[0])
        at = found.end()
    return words


@functools.lru_cache(64)  # asked for every acronym of a sentence
def shouts(text: str, known: Callable[[str], bool]) -> bool:
    """Whether at least half of the words are capitals that are no acronyms: "GIVE IT TO US".

    Args:
        text: A sentence.
        known: Whether capitals are an acronym.
    """
    words = [word for word in _WORD.findall(text) if len(word) > 1]
    loud = len([word for word in words if word.isupper() and not known(word)])
    return loud > 0 and 2 * loud >= len(words)


def shared_stop(match: re.Match[str]) -> str:
    """The full stop that an abbreviation, the match, shares with the end of its sentence; else ""."""
    return "." if match[0].endswith(".") and not match.string[match.end() :].strip("\"')” ") else ""


def tidy(text: str) -> str:
    """Single spaces, none before a comma or a full stop, no comma doubled."""
    text = re.sub(r"[ \t\u00a0\u2000-\u200a\u202f]+", " ", text)
    text = re.sub(r" (?=[,.;:!?](?:\s|$))", "", text)
    text = re.sub(r",(?:\s?,)+", ",", text)
    text = re.sub(r",(?=[.;:!?])", "", text)
    return text.strip(" ").removeprefix(", ").removesuffix(",") if text.strip(" ,") else ""
