"""Files cut into passages: whole sentences, some 800 characters, each beginning with the end of the one before."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from contract.documents import PageText
from engines.sentences import pieces

LONGEST = 800  # characters; at most 512 tokens of multilingual-e5 in English and Polish prose
OVERLAP = 160


@dataclass(frozen=True, slots=True)
class Cut:
    """A passage: its page (from 0), and its place in that page's text."""

    page: int
    start: int
    end: int
    text: str


def cut(pages: Sequence[PageText]) -> Iterator[Cut]:
    """Yield the passages of a file, in order; none goes over the end of a page."""
    for number, page in enumerate(pages):
        sentences = _places(page.text)
        first = 0
        while first < len(sentences):
            start, end = sentences[first]
            last = first
            while last + 1 < len(sentences) and sentences[last + 1][1] - start <= LONGEST:
                last += 1
                end = sentences[last][1]
            yield Cut(number, start, end, page.text[start:end])
            if last + 1 == len(sentences):
                break
            # The next one begins with whole sentences of this one, as many as the overlap takes.
            following = last + 1
            while following - 1 > first and end - sentences[following - 1][0] <= OVERLAP:
                following -= 1
            first = following


def halves(passage: Cut) -> tuple[Cut, Cut] | None:
    """Return a passage in two parts, cut between words; None where there is nothing to cut."""
    middle = len(passage.text) // 2
    space = passage.text.rfind(" ", 1, middle)
    at = space if space > 0 else middle
    if at < 1 or at >= len(passage.text):
        return None
    first, second = passage.text[:at], passage.text[at:]
    if not first.strip() or not second.strip():
        return None
    return (
        Cut(passage.page, passage.start, passage.start + at, first),
        Cut(passage.page, passage.start + at, passage.end, second),
    )


def _places(text: str) -> list[tuple[int, int]]:
    """Return where each sentence stands in a text, without the space around it."""
    found, at = [], 0
    for piece in pieces(text, LONGEST):
        if piece.text.strip():
            found.append((at, at + len(piece.text)))
        at += len(piece.text) + len(piece.gap)
    return found
