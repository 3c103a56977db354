"""HTML that comes as a text: each paragraph translated in whole sentences, its tags put back where they belong."""

from collections.abc import Iterator

from contract.engine import Stop
from contract.events import Checked, Delta, EngineEvent, Progress, Usage
from studio.translating import blocks
from studio.translating.formats.html import rewrite_text
from studio.translating.marked import bare
from studio.translating.segments import SentenceTranslator


def words(source: str) -> str:
    """Return what a person reads of a piece of HTML, a line for each paragraph; "" where there is nothing."""
    lines: list[str] = []
    rewrite_text(source, lambda marked: lines.append(bare(marked)) if blocks.has_words(marked) else None)
    return "\n".join(lines)


def translate(source: str, sentences: SentenceTranslator, stop: Stop) -> Iterator[EngineEvent]:
    """Yield how far it is, then the whole translated HTML, and what a check found anywhere in it."""
    found: list[str] = []

    def look(marked: str) -> None:
        found.extend(part.text for part in blocks.parts(marked) if part.is_sentence)

    rewrite_text(source, look)
    made = []
    for number, sentence in enumerate(found, 1):
        made.append(blocks.translate(sentence, sentences))
        if stop.is_set():
            return
        yield Progress(number, len(found))
    targets = iter(made)

    def put(marked: str) -> str | None:
        parts = blocks.parts(marked)
        if not any(part.is_sentence for part in parts):
            return None
        return blocks.join([next(targets).target if part.is_sentence else part.text for part in parts])

    text = rewrite_text(source, put)
    yield Delta(text)
    faults = tuple(dict.fromkeys(fault for each in made for fault in each.faults))
    terms = tuple(dict.fromkeys(term for each in made for term in each.terms))
    if faults or terms:
        yield Checked(0, len(text), faults, terms=terms)
    yield Usage(characters=sum(map(len, found)))
