"""A paragraph with inline codes: cut into sentences, each translated whole, its styles put back where they belong.

The rule for a styled run inside a sentence: the sentence is translated as plain text. If the run's words stand in
the translation as they are (a name, a number, an address), the style goes there. Else the sentence is translated
once more with the run in brackets, which the models carry along to the words that translate it; those are looked
for in the translation, first exactly, then as the most similar stretch (75 % and more). Else the run is translated
by itself and looked for the same way. Else the style goes to the same part of the sentence, from word to word. A
style of the whole sentence is a style of the whole translation.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rapidfuzz import fuzz

from engines.sentences import pieces
from studio.translating.marked import POINT, Marked, Span, parents, parse, render
from studio.translating.segments import Ask, Segment, SentenceTranslator, literals_and_points

LONGEST = 300  # characters of a sentence that is translated at once
_LETTER = re.compile(r"[^\W\d_]")
_STRETCH = re.compile(r"[^\t]+")
_EDGE = re.compile(rf"(?:\s|{POINT.pattern})*")
_ALIKE = 75.0
_BRACKETS = (("[", "]"), ("(", ")"), ('"', '"'))


@dataclass(frozen=True, slots=True)
class Cut:
    """Part of a paragraph as marked text: a sentence, or what stands between two."""

    text: str
    is_sentence: bool


def has_words(marked: str) -> bool:
    """Whether there is anything to translate."""
    return _LETTER.search(_without_literals(parse(marked).text)) is not None


def cut(marked: str) -> list[Cut]:
    """Cut a paragraph into its sentences and the gaps between them; joined they are the paragraph again."""
    whole = parse(marked)
    within = parents(whole.spans)
    places: list[tuple[int, int]] = []
    for stretch in _STRETCH.finditer(whole.text):
        at = stretch.start()
        for piece in pieces(stretch[0], LONGEST):
            start, end = _trimmed(whole.text, at, at + len(piece.text))
            at += len(piece.text) + len(piece.gap)
            if _LETTER.search(_without_literals(whole.text[start:end])):
                places.append((start, end))
    found: list[Cut] = []
    at = 0
    for start, end in places:
        if at < start:
            found.append(Cut(_slice(whole, within, at, start), False))
        found.append(Cut(_slice(whole, within, start, end), True))
        at = end
    if at < len(whole.text) or not found:
        found.append(Cut(_slice(whole, within, at, len(whole.text)), False))
    return found


def parts(marked: str) -> list[Cut]:
    """Cut a paragraph like ``cut``; one without words is one gap."""
    return cut(marked) if has_words(marked) else [Cut(marked, False)]


def join(parts: list[str]) -> str:
    """Put the parts of a paragraph together; a style that goes on from one to the next is one run."""
    text, before = "".join(parts), ""
    while text != before:
        text, before = re.sub(r"</(\d+)>(\s*)<\1>", r"\2", text), text
    return text


def translate(source: str, sentences: SentenceTranslator) -> Segment:
    """Translate one sentence of marked text."""
    marked = parse(source)
    plain = sentences.translate(marked.text)
    target = render(plain.target, _placed(marked, plain.target, sentences), parents(marked.spans))
    return Segment(source, target, plain.faults, plain.origin, plain.similarity, plain.terms)


def _without_literals(text: str) -> str:
    out, at = "", 0
    for match in literals_and_points(text):
        out += text[at : match.start()] + " "
        at = match.end()
    return out + text[at:]


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """The place without spaces and wordless codes at its ends: they stay where they are."""
    head = _EDGE.match(text, start, end)
    start = head.end() if head else start
    while end > start and (text[end - 1].isspace() or POINT.match(text[end - 1])):
        end -= 1
    return start, end


def _slice(whole: Marked, within: dict[int, int], start: int, end: int) -> str:
    spans = [
        Span(span.code, max(span.start, start) - start, min(span.end, end) - start)
        for span in whole.spans
        # One without text goes with what it stands before; the last one of all with the end.
        if (span.start < end and span.end > start)
        or (span.start == span.end and (start <= span.start < end or span.start == end == len(whole.text)))
    ]
    return render(whole.text[start:end], spans, within)


def _placed(source: Marked, target: str, sentences: SentenceTranslator) -> list[Span]:
    """Say where each styled run of a sentence goes in its translation."""
    found: list[Span] = []
    for span in source.spans:
        words = source.text[span.start : span.end]
        if not words.strip():
            share = span.start / max(1, len(source.text))
            at = _word_edge(target, round(share * len(target)))
            found.append(Span(span.code, at, at))
        elif _is_all(source.text, span):
            found.append(Span(span.code, 0, len(target)))
        else:
            start, end = _place(source.text, span, target, sentences.whole, sentences.ask)
            found.append(Span(span.code, start, end))
    return found


def _is_all(text: str, span: Span) -> bool:
    return not any(character.isalnum() for character in text[: span.start] + text[span.end :])


def _place(text: str, span: Span, target: str, whole: Ask, ask: Ask) -> tuple[int, int]:
    words = text[span.start : span.end].strip()
    share = (span.start + span.end) / 2 / max(1, len(text))
    place = exact_place(words, target, share) if not words.islower() or POINT.search(words) else None
    for candidate in () if place else candidates(text, span, whole, ask):
        place = exact_place(candidate, target, share) or similar_place(candidate, target)
        if place:
            break
    if place is None:
        place = (
            _word_edge(target, round(span.start / len(text) * len(target))),
            _word_edge(target, round(span.end / len(text) * len(target))),
        )
    return place


def candidates(text: str, span: Span, whole: Ask, ask: Ask) -> Iterator[str]:
    """What the run may be called in the translation, the likeliest first."""
    words = text[span.start : span.end]
    lead, tail = len(words) - len(words.lstrip()), len(words.rstrip())
    start, end = span.start + lead, span.start + tail
    for opening, closing in _BRACKETS:
        if opening in text or closing in text:
            continue
        answer = whole(f"{text[:start]}{opening}{text[start:end]}{closing}{text[end:]}")
        at = answer.find(opening)
        to = answer.find(closing, at + 1)
        if at >= 0 and to > at + 1:
            yield answer[at + 1 : to].strip()
            break
    yield ask(words.strip()).strip(" .") if not POINT.search(words) else ""


def exact_place(words: str, target: str, share: float) -> tuple[int, int] | None:
    """Where the words stand in the target, nearest to their share of it."""
    if not words:
        return None
    pattern = rf"(?<!\w){re.escape(words)}(?!\w)"
    places = [(match.start(), match.end()) for match in re.finditer(pattern, target, re.IGNORECASE)]
    return min(places, key=lambda place: abs((place[0] + place[1]) / 2 - share * len(target)), default=None)


def similar_place(words: str, target: str) -> tuple[int, int] | None:
    """The stretch of whole words that is most like them."""
    if len(words) < 3:
        return None
    found = fuzz.partial_ratio_alignment(words.lower(), target.lower(), score_cutoff=_ALIKE)
    if found is None or found.dest_start == found.dest_end:
        return None
    start, end = found.dest_start, found.dest_end
    while start > 0 and target[start - 1].isalnum() and target[start : start + 1].isalnum():
        start -= 1
    while end < len(target) and target[end].isalnum() and target[end - 1].isalnum():
        end += 1
    while start < end and not target[start].isalnum():
        start += 1
    while end > start and not target[end - 1].isalnum():
        end -= 1
    return (start, end) if start < end else None


def _word_edge(text: str, at: int) -> int:
    """The edge between words that is nearest to a place."""
    edges = [0, len(text), *(place for match in re.finditer(r"\w+", text) for place in match.span())]
    return min(edges, key=lambda edge: abs(edge - at))
