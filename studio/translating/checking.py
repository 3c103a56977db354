"""A text's translation on its way out of the engine: each sentence checked before anybody reads it.

An engine tells a sentence (Delta) and then where it belongs (Aligned), so a sentence is held until both are
there; a bad one is made anew, and what there is to say of it follows as Checked. A chat model's words can't be
held without losing the sight of them being written, so those are only checked; it is told beforehand what its
owner wants (see ``Guide``).
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from typing import Literal

from contract.engine import Engine, Stop
from contract.errors import InvalidRequest
from contract.events import Aligned, Checked, Delta, Detected, EngineEvent
from contract.requests import TranslateRequest
from studio import chat_translation
from studio.translating.segments import Ask, Guide, Segment, SentenceTranslator


def source_language(
    found: Sequence[tuple[str, float]],
    target_lang: str,
    what: Literal["text", "document"],
    take: Callable[[Detected], None],
) -> str:
    """Return the language that something is in, and tell it.

    Args:
        found: The languages that it may be in, the likeliest first, with how sure that is, [0, 1].

    Raises:
        InvalidRequest: Nobody can tell, or it is in the target's language already.
    """
    if not found:
        raise InvalidRequest(
            f"The language of the {what} can't be told: it has too few words. Choose the source language.",
            field="source_lang",
        )
    language, confidence = found[0]
    take(Detected(language, confidence))
    if language == target_lang:
        raise InvalidRequest(
            f"The {what} seems to be in {language!r} already. Choose another target, or the source language.",
            field="target_lang",
            source_lang=language,
        )
    return language


def running(engine: Engine, request: TranslateRequest, stop: Stop, guide: Guide | None = None) -> Iterator[EngineEvent]:
    """Run a translation on a loaded engine, a chat model's included, which alone can be guided."""
    if engine.kind == "chat":
        return chat_translation.translate(engine, request, stop, guide)
    return engine.run(request, stop)


def asking(engine: Engine, request: TranslateRequest, stop: Stop, guide: Guide | None = None) -> Ask:
    """Return what translates one sentence with a loaded engine."""

    def ask(text: str) -> str:
        if not text.strip():
            return text
        events = running(engine, replace(request, text=text, alternatives=0, html=False), stop, guide)
        return "".join(event.text for event in events if isinstance(event, Delta))

    return ask


def checked(
    events: Iterator[EngineEvent],
    request: TranslateRequest,
    sentences: SentenceTranslator,
    stop: Stop,
    *,
    streams: bool,
) -> Iterator[EngineEvent]:
    """Yield an engine's events with better sentences where it is worth it, and what is wrong with them.

    Args:
        streams: Its words come as they are written, so nothing is held or changed, only checked.
    """
    held = told = ""
    read = written = 0  # what the engine has told, and what we have: their places differ once a sentence was changed
    try:
        for event in events:
            if isinstance(event, Delta):
                if held:
                    yield Delta(held)
                    written += len(held)
                read += len(event.text)
                held = "" if streams else event.text
                if streams:
                    told += event.text
                    yield event
            elif isinstance(event, Aligned) and held and event.end <= read and not stop.is_set():
                source = request.text[event.source_start : event.source_end]
                begins = read - len(held)
                before, old, after = (
                    held[: event.start - begins],
                    held[event.start - begins : event.end - begins],
                    held[event.end - begins :],
                )
                segment = sentences.review(source, old)
                if stop.is_set():
                    return
                start = written + len(before)
                yield Delta(before + segment.target + after)
                held, written = "", start + len(segment.target) + len(after)
                yield replace(event, start=start, end=start + len(segment.target))
                yield from _told(segment, start)
            elif isinstance(event, Aligned):
                yield event
                source = request.text[event.source_start : event.source_end]
                yield from _told(sentences.only_check(source, told[event.start : event.end]), event.start)
            else:
                if held:
                    yield Delta(held)
                    written += len(held)
                    held = ""
                yield event
        if held:
            yield Delta(held)
    finally:
        if isinstance(events, Generator):
            events.close()


def _told(segment: Segment, start: int) -> Iterator[Checked]:
    if segment.faults or segment.terms or segment.similarity:
        yield Checked(
            start, start + len(segment.target), segment.faults, segment.origin, segment.similarity, segment.terms
        )
