"""Other wordings of a sentence that was clicked: every other model here is asked, and this one where it knows more."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import gradio as gr

from studio import Aligned, Caller, Done, ModelInfo, ModelSpec, Studio, StudioError, TranslateRequest
from ui import render
from ui.caller import caller_of, page_of
from ui.follow import Turn, Turns, follow
from ui.panel import Updates, area, event_text
from ui.translation import Shown, pane
from ui.words import Words, words_of

OTHERS = 3


@dataclass(frozen=True, slots=True)
class Wording:
    """Another translation of a sentence, and whose it is."""

    text: str
    title: str


async def _asked(studio: Studio, shown: Shown, number: int, caller: Caller) -> AsyncIterator[list[Wording]]:
    """Ask every other model here, and this one for more where it can; yields what is known so far.

    Raises:
        StudioError: A model refused.
    """
    sentence = shown.sentence(number)
    if sentence is None:
        return
    source, now = sentence
    found: dict[str, Wording] = {}
    for spec in _able(studio, shown):
        more = OTHERS if "alternatives" in studio.abilities(spec) or spec.kind == "chat" else 0
        asked = TranslateRequest(
            text=source, target_lang=shown.target, source_lang=shown.source, model=spec.id, alternatives=more
        )
        job = await asyncio.to_thread(studio.submit, asked, caller)
        try:
            async for view in follow(job, Turn()):
                if isinstance(view.end, Done):
                    told = [view.text]
                    for _, event in job.snapshot():
                        if isinstance(event, Aligned):
                            told += event.alternatives
                    for text in told:
                        if text.strip() and text.strip() != now.strip():
                            found.setdefault(text.strip(), Wording(text.strip(), spec.title))
        finally:
            job.cancel()
        yield list(found.values())


def _able(studio: Studio, shown: Shown) -> list[ModelSpec]:
    return [
        spec
        for spec in studio.translators(shown.source, shown.target)
        # Two models joined have no name; one that can tell only one wording has told it.
        if "alternatives" in studio.abilities(spec) or (spec.id != shown.model and len(spec.paths) < 2)
        if spec.kind != "chat" or not spec.languages or shown.target in spec.languages
    ]


def _larger(studio: Studio, shown: Shown) -> ModelInfo | None:
    """Return a model of the same pair that could be fetched and would word things otherwise."""
    for info in studio.models():
        spec = info.spec
        if info.state == "available" and (spec.source_lang, spec.target_lang) == (shown.source, shown.target):
            return info
    return None


def _box(studio: Studio, shown: Shown, number: int, found: list[Wording], words: Words, *, done: bool) -> str:
    """Return the box of other wordings of a sentence."""
    sentence = shown.sentence(number)
    if sentence is None:
        return ""
    rows = "".join(
        f'<li><button type="button" class="btn wording" data-act="use" data-id="{number}:{place}">'
        f"<span>{render.escape(each.text)}</span></button><span class=muted>{render.escape(each.title)}</span></li>"
        for place, each in enumerate(found)
    )
    rest = ""
    if not done:
        rest = render.busy(words("tr_asking"))
    elif not found:
        larger = _larger(studio, shown)
        action = ""
        if larger is not None:
            size = words.size(larger.spec.size_bytes)
            action = render.button(words("tr_fetch", size=size), "fetch", larger.spec.id, kind="second", drawing="down")
        rest = render.notice(
            "", words("tr_no_other" if larger is None else "tr_fetch_other"), kind="info", action=action
        )
    close = render.button("", "close-other", drawing="close", name=words("close"))
    head = f"<header><h2>{render.escape(words('tr_others'))}</h2>{close}</header>"
    own = f'<p class="muted" lang="{render.escape(shown.source or "")}">{render.escape(sentence[0])}</p>'
    return f'<section class="others">{head}{own}{f"<ul>{rows}</ul>" if rows else ""}{rest}</section>'


class Wordings:
    """The box below the panes; ``result`` and ``shown`` are the panel's."""

    def __init__(self, studio: Studio, turns: Turns) -> None:
        self._studio = studio
        self._turns = turns

    def build(self, result: gr.HTML, shown: gr.State) -> None:
        """Lay the box out."""
        self.result, self.shown = result, shown
        self.box = area(elem_id="tr-others", script=render.CLICKS)
        self.known = gr.State([])

    @property
    def outputs(self) -> list[gr.components.Component]:
        """What its events change."""
        return [self.box, self.known, self.result, self.shown]

    async def act(
        self, shown: Shown, known: list[Wording], request: gr.Request, event: gr.EventData
    ) -> AsyncIterator[Updates]:
        """Offer other wordings of a sentence, take one, or close the box."""
        act, told = event_text(event, "act"), event_text(event, "id")
        words = words_of(request)
        number, _, place = told.partition(":")
        if act == "close-other":
            yield {self.box: "", self.known: []}
        elif act == "use":
            if number.isdecimal() and place.isdecimal() and int(place) < len(known) and shown.sentence(int(number)):
                changed = shown.with_sentence(int(number), known[int(place)].text)
                yield {self.shown: changed, self.result: pane(changed, words), self.box: "", self.known: []}
        elif act == "other" and number.isdecimal() and shown.sentence(int(number)) is not None:
            async for updates in self._offer(shown, int(number), request):
                yield updates

    async def _offer(self, shown: Shown, number: int, request: gr.Request) -> AsyncIterator[Updates]:
        words, turn = words_of(request), self._turns.take(page_of(request), "wordings")
        found: list[Wording] = []
        try:
            yield {self.box: _box(self._studio, shown, number, [], words, done=False)}
            async for found in _asked(self._studio, shown, number, caller_of(request)):
                if turn.over:
                    return
                yield {self.box: _box(self._studio, shown, number, found, words, done=False), self.known: found}
        except StudioError as exc:
            yield {self.box: render.failure(words, exc)}
            return
        yield {self.box: _box(self._studio, shown, number, found, words, done=True), self.known: found}
