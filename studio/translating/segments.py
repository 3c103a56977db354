"""One sentence translated: what must stay is kept out of the model's way, the result is checked, a bad one retried.

Placeholders, tags, addresses, code and a document's inline codes are given to the model as made-up names (``X1``,
which models carry along in the right place) so that it sees the whole sentence, and are put back afterwards. Where
a name does not come back exactly once, another form of name is tried, then the text between is translated piece
by piece, which loses none.

A segment with faults is translated once more another way: clause by clause, or, where a number in a name was lost
("e2fsprogs"), with those names kept out of the model's way too. The better of the two is kept, and what is still
wrong with it is told.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from studio.translating import checks
from studio.translating.checks import Detect, Fault
from studio.translating.literals import literals
from studio.translating.marked import POINT

Ask = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Recalled:
    """What the memory has that is like a sentence.

    Attributes:
        target: The accepted translation of a sentence that is the same but for its numbers; None: only a similar one.
        similarity: How like, in [0, 1].
    """

    target: str | None
    similarity: float


Recall = Callable[[str], Recalled | None]


class Terms(Protocol):
    """A glossary of one direction."""

    def enforce(self, source: str, target: str, ask: Ask) -> tuple[str, tuple[str, ...]]:
        """Return a translation with the terms in it, and the terms as they stand there."""
        ...

    def standing(self, source: str, target: str) -> tuple[tuple[str, ...], bool]:
        """Return the terms as they stand in a translation, and whether one of the source's is missing."""
        ...


@dataclass(frozen=True, slots=True)
class Guide:
    """What an owner wants of a model that can be told: a chat model.

    Attributes:
        recall: As in SentenceTranslator.
        similar: A text in; accepted translations of sentences that are like its own out, source and target.
        terms: A text in; the glossary's terms that it has out, source and target.
    """

    recall: Recall
    similar: Callable[[str], Sequence[tuple[str, str]]]
    terms: Callable[[str], Sequence[tuple[str, str]]]


_NAMES = ("X{}", "Z{}Z")
# A clause ends after its comma, semicolon, colon or dash, or before a word that joins two.
_CLAUSES = re.compile(r"(?<=[,;:–—])\s+|(?<=\w)\s+(?=\()|(?<=\))\s+|(?<=[.!?])\s+")
_NAMED = re.compile(r"(?<![\w.,-])(?=[\w-]*[^\W\d_])(?=[\w-]*\d)[\w-]+(?!\w)")  # a name with a digit in it
_SHORTEST_CLAUSE = 12  # characters
_LETTER = re.compile(r"[^\W\d_]")
_INNER = re.compile(r"[\w(\[\"'“‘«„$€£].*[\w)\]\"'”’»%°.!?…]|\w", re.S)


@dataclass(frozen=True, slots=True)
class Segment:
    """A sentence and what became of it.

    Attributes:
        faults: What is still wrong with the translation; see ``checks``.
        origin: ``model``; ``memory``: kept from an earlier edit.
        similarity: How like the most similar sentence of the memory it is, in [0, 1]; 0: there is none.
        terms: The glossary's terms as they stand in the translation.
    """

    source: str
    target: str
    faults: tuple[Fault, ...] = ()
    origin: str = "model"
    similarity: float = 0.0
    terms: tuple[str, ...] = ()


@dataclass(slots=True)
class SentenceTranslator:
    """Translates sentence by sentence.

    Attributes:
        ask: The model: a sentence in, its translation out.
        detect: Tells a text's language; None: that is not checked.
        recall: Looks into the memory; None: nothing is kept.
        glossary: Puts its terms into a translation; None: there are none.
        guide: What a chat model is told of both; None: nothing.
    """

    ask: Ask
    source_lang: str
    target_lang: str
    detect: Detect | None = None
    recall: Recall | None = None
    glossary: Terms | None = None
    guide: Guide | None = None
    _known: dict[str, Segment] = field(default_factory=dict)

    def translate(self, text: str) -> Segment:
        """Translate one sentence without space around it; inline codes without words are characters of POINT."""
        if text not in self._known:
            if len(self._known) >= _REMEMBERED:
                self._known.pop(next(iter(self._known)))
            self._known[text] = self._translated(text)
        return self._known[text]

    def review(self, text: str, target: str) -> Segment:
        """Check what an engine has made of a sentence already, and make it anew where that is worth it."""
        if not _LETTER.search(_without(text)):
            return Segment(text, target)
        remembered = self._remembered(text)
        if remembered.target:
            return remembered
        # An engine that knows no made-up names has translated around what must stay, piece by piece.
        around = [match for match in literals_and_points(text) if match.start() > 0 and match.end() < len(text)]
        if around:
            return self.translate(text)
        return self._finished(text, target, remembered.similarity)

    def only_check(self, text: str, target: str) -> Segment:
        """Check what can't be changed any more, and tell what of it is the memory's and the glossary's."""
        remembered = self._remembered(text)
        if remembered.target == target:
            return remembered
        found = self._faults(text, target)
        terms: tuple[str, ...] = ()
        if self.glossary is not None:
            terms, missing = self.glossary.standing(text, target)
            found += ["terms"] if missing else []
        return Segment(text, target, tuple(found), similarity=remembered.similarity, terms=terms)

    def _translated(self, text: str) -> Segment:
        if not _LETTER.search(_without(text)):
            return Segment(text, text)
        remembered = self._remembered(text)
        return remembered if remembered.target else self._finished(text, self.whole(text), remembered.similarity)

    def _remembered(self, text: str) -> Segment:
        """What the memory has; without a target where that is nothing, or only something similar."""
        found = None if self.recall is None or POINT.search(text) else self.recall(text)
        if found is None:
            return Segment(text, "")
        return Segment(text, found.target or "", (), "memory" if found.target else "model", found.similarity)

    def _finished(self, text: str, target: str, similarity: float) -> Segment:
        """Retry a bad one, keep the better, then put the glossary's terms in."""
        found = self._faults(text, target)
        if found:
            again = self.whole(text, _NAMED) if found == ["numbers"] and _NAMED.search(text) else self._by_clauses(text)
            if again is not None:
                left = self._faults(text, again)
                if checks.weight(left) < checks.weight(found):
                    target, found = again, left
        terms: tuple[str, ...] = ()
        if self.glossary is not None:
            target, terms = self.glossary.enforce(text, target, self.whole)
            found += ["terms"] if self.glossary.standing(text, target)[1] else []
        return Segment(text, target, tuple(found), similarity=similarity, terms=terms)

    def whole(self, text: str, also: re.Pattern[str] | None = None) -> str:
        """Translate a sentence, what must stay kept (what ``also`` finds too); without a check."""
        found = literals_and_points(text, also)
        kept = [match[0] for match in found]
        if not kept:
            return self.ask(text)
        for name in _NAMES:
            names = [name.format(number) for number in range(1, len(kept) + 1)]
            if any(_found(each, text) for each in names):
                continue
            hidden, at = "", 0
            for match, each in zip(found, names, strict=True):
                hidden += text[at : match.start()] + each
                at = match.end()
            target = self.ask(hidden + text[at:])
            if all(len(_found(each, target)) == 1 for each in names):
                return _restored(target, dict(zip(names, kept, strict=True)))
        return self._between(text, also)

    def _between(self, text: str, also: re.Pattern[str] | None = None) -> str:
        """Translate what stands between the parts that must stay."""
        out, at = "", 0
        for match in literals_and_points(text, also):
            out += self._part(text[at : match.start()]) + match[0]
            at = match.end()
        return out + self._part(text[at:])

    def _part(self, text: str) -> str:
        if not _LETTER.search(text):
            return text
        # The signs at its ends belong to the whole sentence.
        found = _INNER.search(text)
        words = found[0] if found else text
        start = text.index(words)
        return text[:start] + _cased(words, self.ask(words)) + text[start + len(words) :]

    def _by_clauses(self, text: str) -> str | None:
        """Translate clause by clause; None where there is but one."""
        parts: list[str] = []
        for part in _CLAUSES.split(text):
            if parts and (len(part) < _SHORTEST_CLAUSE or len(parts[-1]) < _SHORTEST_CLAUSE):
                parts[-1] += " " + part
            else:
                parts.append(part)
        if len(parts) > 1:
            return " ".join(_cased(part, self._between(part)) for part in parts)
        kept = literals_and_points(text)
        return self._between(text) if kept and kept[0][0] != text else None

    def _faults(self, source: str, target: str) -> list[Fault]:
        return checks.faults(_without(source), _without(target), self.source_lang, self.target_lang, self.detect)


_REMEMBERED = 5_000  # sentences of one text or document: headers and labels come again and again


def literals_and_points(text: str, also: re.Pattern[str] | None = None) -> list[re.Match[str]]:
    """Return what must stay as it is, inline codes and what ``also`` finds included, from left to right."""
    found = [*literals(text), *POINT.finditer(text), *(also.finditer(text) if also else ())]
    found.sort(key=lambda match: match.start())
    # An inline code inside an address or a tag: the outer one holds it.
    outer: list[re.Match[str]] = []
    for match in found:
        if not outer or match.start() >= outer[-1].end():
            outer.append(match)
    return outer


def _without(text: str) -> str:
    return POINT.sub(" ", text)


def _found(name: str, text: str) -> list[str]:
    return re.findall(rf"(?<!\w){re.escape(name)}(?!\w)", text)


def _restored(text: str, kept: dict[str, str]) -> str:
    pattern = "|".join(rf"(?<!\w){re.escape(name)}(?!\w)" for name in kept)
    return re.sub(pattern, lambda match: kept[match[0]], text)


def _cased(source: str, target: str) -> str:
    """Give a clause from inside a sentence the small letter that it had."""
    if source[:1].islower() and target[:1].isupper() and not target[1:2].isupper():
        return target[:1].lower() + target[1:]
    return target
