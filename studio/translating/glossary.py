"""Puts a glossary's terms into a translation, by what truly works with a model that takes no terms.

Measured on 60 sentences, English to Portuguese, with terms that the starter model mostly translates otherwise
(``python -m benchmarks glossary``): of itself it gives the term in 35 %; with the term written into the source
already in the target language in 88 %, and articles and adjectives agree with it; with the translation of the term
found (by asking with it in brackets) and replaced in 88 %; with a made-up name in its place that becomes the term
afterwards in 100 %, but articles may disagree. So each is tried in that order until the term is there, and the
result that has a fault which the translation before had not is not taken.

Into Polish the term found is replaced first, in the case and number of the words that it replaces (Morfeusz 2);
a source term is found in all its Polish forms too, and in the English plural where the target is Polish.
"""

import re
from collections.abc import Callable, Iterator, Sequence

from engines.spoken.polish_inflection import forms, like
from store import Term
from studio.translating.blocks import candidates, exact_place, similar_place
from studio.translating.marked import Span

Ask = Callable[[str], str]
_NAMES = ("X1", "Z1Z", "Q7")


class Enforcer:
    """The terms of one direction."""

    def __init__(self, terms: Sequence[Term], source_lang: str, target_lang: str) -> None:
        self._source_lang, self._target_lang = source_lang, target_lang
        # The longest first: "annual report" before "report".
        ordered = sorted(terms, key=lambda term: -len(term.source))
        self._terms = [(term, self._pattern(term)) for term in ordered]

    def enforce(self, source: str, target: str, ask: Ask) -> tuple[str, tuple[str, ...]]:
        """Return a translation with the terms in it, and the terms as they stand there.

        Args:
            ask: Translates a sentence, what must stay kept.
        """
        applied: list[str] = []
        for term, match in self._found(source):
            stands = self._standing(term, target)
            if stands is None:
                for attempt in self._attempts(source, target, term, match, ask):
                    stands = self._standing(term, attempt)
                    kept = all(each.lower() in attempt.lower() for each in applied)
                    if stands is not None and kept:
                        target = attempt
                        break
                    stands = None
            if stands is not None:
                applied.append(stands)
        return target, tuple(applied)

    def standing(self, source: str, target: str) -> tuple[tuple[str, ...], bool]:
        """Return the terms as they stand in a translation, and whether one of the source's is missing."""
        places = [self._standing(term, target) for term, _ in self._found(source)]
        return tuple(place for place in places if place is not None), None in places

    def wanted(self, source: str) -> list[tuple[str, str]]:
        """Return the terms that a text has, each with its translation."""
        return [(match[0], term.target) for term, match in self._found(source)]

    def _found(self, source: str) -> Iterator[tuple[Term, re.Match[str]]]:
        """The terms in a text, each where it stands first; none inside another."""
        taken: list[tuple[int, int]] = []
        for term, pattern in self._terms:
            match = next((each for each in pattern.finditer(source) if not _overlaps(each.span(), taken)), None)
            if match is not None:
                taken.append(match.span())
                yield term, match

    def _attempts(self, source: str, target: str, term: Term, match: re.Match[str], ask: Ask) -> Iterator[str]:
        replaced = self._replaced(source, target, term, match, ask)
        keeps = term.source == term.target
        if self._target_lang == "pl":
            if replaced is not None:
                yield replaced
        elif not keeps:
            yield ask(source[: match.start()] + term.target + source[match.end() :])
            if replaced is not None:
                yield replaced
        for name in _NAMES:
            if name in source:
                continue
            answer = ask(source[: match.start()] + name + source[match.end() :])
            if len(re.findall(rf"(?<!\w){name}(?!\w)", answer)) == 1:
                yield answer.replace(name, _cased(term.target, answer.startswith(name)))
                return

    def _replaced(self, source: str, target: str, term: Term, match: re.Match[str], ask: Ask) -> str | None:
        """The translation with the words that translate the term replaced; None where they are not found."""
        share = (match.start() + match.end()) / 2 / max(1, len(source))
        for words in candidates(source, Span(1, match.start(), match.end()), ask, ask):
            place = exact_place(words, target, share) or similar_place(words, target)
            if place is not None:
                start, end = place
                wanted = term.target
                if self._target_lang == "pl" and term.source != term.target:
                    wanted = like(term.target, target[start:end], target[:start]) or term.target
                return (
                    target[:start] + _cased(wanted, target[start : start + 1].isupper() and start == 0) + target[end:]
                )
        return None

    def _standing(self, term: Term, target: str) -> str | None:
        """The term as it stands in a translation, in any of its forms; None where it does not."""
        wanted = forms(term.target) if self._target_lang == "pl" else (term.target,)
        pattern = "|".join(re.escape(form) for form in sorted(wanted, key=len, reverse=True))
        flags = re.NOFLAG if term.source == term.target or term.match_case else re.IGNORECASE
        found = re.search(rf"(?<!\w)(?:{pattern})(?!\w)", target, flags)
        return found[0] if found else None

    def _pattern(self, term: Term) -> re.Pattern[str]:
        wanted = [term.source]
        if self._source_lang == "pl" and term.source != term.target:
            wanted = sorted(forms(term.source) | {term.source}, key=len, reverse=True)
        ending = "(?:s|es)?" if self._source_lang == "en" and self._target_lang == "pl" else ""
        pattern = "|".join(re.escape(form) for form in wanted)
        return re.compile(rf"(?<!\w)(?:{pattern}){ending}(?!\w)", re.NOFLAG if term.match_case else re.IGNORECASE)


def _overlaps(place: tuple[int, int], taken: Sequence[tuple[int, int]]) -> bool:
    return any(place[0] < end and start < place[1] for start, end in taken)


def _cased(text: str, begins: bool) -> str:
    return text[:1].upper() + text[1:] if begins else text
