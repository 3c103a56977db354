"""A sentence that was clicked: edited in place and kept in the memory, or put in other words, of models or the memory.

Every other model here is asked for its wording, and this one where it knows more; the accepted translations of
similar sentences come first, each with where it was accepted. What is edited is the page's own until it is kept.
"""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import gradio as gr

from studio import Aligned, Caller, Done, InvalidRequest, ModelInfo, ModelSpec, Studio, StudioError, TranslateRequest
from ui import render
from ui.caller import caller_of, page_of
from ui.follow import Turn, Turns, follow
from ui.panel import Updates, area, event_text
from ui.translation import Shown, pane, remark
from ui.words import Words, words_of

OTHERS = 3
LONGEST_EDIT = 20_000
# The pane tells its clicks, and through translate.js the text of a sentence that was edited in it.
EDITS = (
    render.CLICKS
    + """
element.addEventListener("hearth:edit", (event) => trigger("click", event.detail));
"""
)


@dataclass(frozen=True, slots=True)
class Wording:
    """Another translation of a sentence, and whose it is.

    Attributes:
        like: The similar sentence that the memory has it of; "": it is a model's, or of this very sentence.
        remembered: Whether it comes from the memory.
    """

    text: str
    title: str
    like: str = ""
    remembered: bool = False


def _remembered(studio: Studio, shown: Shown, number: int, caller: Caller, words: Words) -> list[Wording]:
    """Return what the memory has of this sentence and of similar ones, with where each was accepted."""
    sentence = shown.sentence(number)
    if sentence is None or not shown.source or not sentence[0].strip():
        return []
    found: list[Wording] = []
    for match in studio.memory_matches(sentence[0], shown.source, shown.target, caller):
        memory = match.memory
        origin = words("tr_own_edit") if memory.origin == "edit" else memory.origin
        title = words("tr_memory_of", n=words.number(match.similarity * 100), origin=origin, day=memory.updated_at[:10])
        like = memory.source if memory.source.strip() != sentence[0].strip() else ""
        found.append(Wording(match.target.strip(), title, like, remembered=True))
    return found


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
            text=source,
            target_lang=shown.target,
            source_lang=shown.source,
            model=spec.id,
            alternatives=more,
            memory=False,  # what it has is offered by itself
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


def _box(
    studio: Studio, shown: Shown, number: int, found: list[Wording], words: Words, *, done: bool, told: str = ""
) -> str:
    """Return the box of a sentence: what there is to say of it, how to keep it, and other wordings.

    Args:
        told: A notice in place of the button that keeps the wording.
    """
    sentence = shown.sentence(number)
    if sentence is None:
        return ""
    rest = ""
    if not done:
        rest = render.busy(words("tr_asking"))
    elif all(each.text == sentence[1].strip() for each in found):
        larger = _larger(studio, shown)
        action = ""
        if larger is not None:
            size = words.size(larger.spec.size_bytes)
            action = render.button(words("tr_fetch", size=size), "fetch", larger.spec.id, kind="second", drawing="down")
        rest = render.notice(
            "", words("tr_no_other" if larger is None else "tr_fetch_other"), kind="info", action=action
        )
    close = render.button("", "close-other", drawing="close", name=words("close"))
    head = f"<header><h2>{render.escape(words('tr_sentence'))}</h2>{close}</header>"
    own = f'<p class="muted" lang="{render.escape(shown.source or "")}">{render.escape(sentence[0])}</p>'
    kind, hint = remark(shown.places[number].told, words)
    said = f'<p class="remark">{render.escape(hint)}</p>' if hint and kind != "similar" else ""  # that one stands below
    keep = (
        f'<div class="keep"><button type="button" class="btn second" data-keep="{number}">{render.icon("check")}'
        f"<span>{render.escape(words('tr_keep'))}</span></button>"
        f'<span class="muted">{render.escape(words("tr_keep_hint"))}</span></div>'
    )
    numbered, now = list(enumerate(found)), sentence[1].strip()
    memory = _rows("tr_from_memory", number, [each for each in numbered if each[1].remembered], now, words)
    others = _rows("tr_others", number, [each for each in numbered if not each[1].remembered], now, words)
    return f'<section class="others">{head}{own}{said}{told or keep}{memory}{others}{rest}</section>'


def _rows(heading: str, number: int, found: list[tuple[int, Wording]], now: str, words: Words) -> str:
    """Return wordings as a list to choose from; the one that stands in the pane now is only told."""
    rows = ""
    for place, each in found:
        like = f"<small>{render.escape(each.like)}</small>" if each.like else ""
        text = f"<span>{render.escape(each.text)}{like}</span>"
        if each.text == now:
            row = f'<p class="now">{text}</p>'
        else:
            row = f'<button type="button" class="btn wording" data-act="use" data-id="{number}:{place}">{text}</button>'
        rows += f'<li>{row}<span class="muted">{render.escape(each.title)}</span></li>'
    return f"<h3>{render.escape(words(heading))}</h3><ul>{rows}</ul>" if rows else ""


class Wordings:
    """The box below the panes; ``result`` and ``shown`` are the panel's.

    Attributes:
        kept: Changes whenever a wording was kept.
    """

    def __init__(self, studio: Studio, turns: Turns) -> None:
        self._studio = studio
        self._turns = turns

    def build(self, result: gr.HTML, shown: gr.State) -> None:
        """Lay the box out."""
        self.result, self.shown = result, shown
        self.box = area(elem_id="tr-others", script=render.CLICKS)
        self.known = gr.State([])
        self.kept = gr.State(0)

    @property
    def outputs(self) -> list[gr.components.Component]:
        """What its events change."""
        return [self.box, self.known, self.result, self.shown, self.kept]

    async def act(
        self, shown: Shown, known: list[Wording], request: gr.Request, event: gr.EventData
    ) -> AsyncIterator[Updates]:
        """Open a sentence, take another wording, take over or keep what was written, or close the box."""
        act, told = event_text(event, "act"), event_text(event, "id")
        words = words_of(request)
        first, _, place = told.partition(":")
        number = int(first) if first.isascii() and first.isdecimal() and len(first) < 7 else -1
        if act == "close-other":
            yield {self.box: "", self.known: []}
        elif shown.sentence(number) is None:
            return
        elif act == "use":
            if place.isascii() and place.isdecimal() and int(place) < len(known):
                changed = shown.with_sentence(number, known[int(place)].text)
                box = _box(self._studio, changed, number, known, words, done=True)
                yield {self.shown: changed, self.result: pane(changed, words), self.box: box}
        elif act == "edit":
            # The page shows it already; to draw it anew would take the caret away.
            if wording := _line(event_text(event, "text")):
                yield {self.shown: shown.with_sentence(number, wording)}
        elif act == "keep":
            yield await self._keep(shown, number, _line(event_text(event, "text")), request)
        elif act == "other":
            async for updates in self._offer(shown, number, request):
                yield updates

    async def _keep(self, shown: Shown, number: int, wording: str, request: gr.Request) -> Updates:
        """Put a sentence as it is worded into the memory."""
        words, caller = words_of(request), caller_of(request)
        sentence = shown.sentence(number)
        assert sentence is not None  # looked at before
        try:
            if not shown.source:
                raise InvalidRequest(words("tr_keep_source"), field="source_lang")
            pair = [(sentence[0], wording)]
            await asyncio.to_thread(self._studio.remember, pair, shown.source, shown.target, caller)
        except StudioError as exc:
            told = render.failure(words, exc)
            return {self.box: _box(self._studio, shown, number, [], words, done=True, told=told)}
        changed = shown.with_sentence(number, wording, kept=True)
        told = render.notice("", words("tr_kept"), kind="info")
        close = render.button("", "close-other", drawing="close", name=words("close"))
        return {
            self.shown: changed,
            self.result: pane(changed, words),
            self.box: f'<section class="others kept">{told}{close}</section>',
            self.known: [],
            self.kept: time.time_ns(),
        }

    async def _offer(self, shown: Shown, number: int, request: gr.Request) -> AsyncIterator[Updates]:
        words, turn, caller = words_of(request), self._turns.take(page_of(request), "wordings"), caller_of(request)
        try:
            memory = await asyncio.to_thread(_remembered, self._studio, shown, number, caller, words)
            found = memory
            yield {self.box: _box(self._studio, shown, number, found, words, done=False), self.known: found}
            async for told in _asked(self._studio, shown, number, caller):
                if turn.over:
                    return
                found = [*memory, *(each for each in told if each.text not in {one.text for one in memory})]
                yield {self.box: _box(self._studio, shown, number, found, words, done=False), self.known: found}
        except StudioError as exc:
            yield {self.box: render.failure(words, exc)}
            return
        yield {self.box: _box(self._studio, shown, number, found, words, done=True), self.known: found}


def _line(text: str) -> str:
    """What was written into a sentence, as one line."""
    return re.sub(r"\s*\n\s*", " ", text[:LONGEST_EDIT]).strip()
