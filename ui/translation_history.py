"""Past translations, read from the log: searched, opened again, deleted."""

import asyncio
from collections.abc import AsyncIterator, Callable

import gradio as gr
from gradio.components import Component

from studio import Interaction, NotFound, Studio
from ui import render
from ui.caller import caller_of
from ui.panel import Updates, area, event_text, on
from ui.words import Words, label, words_of

LOOKED_AT = 200
LISTED = 50
PREVIEW_CHARACTERS = 120
# Two texts in a row are one that was being written when they begin alike for so much of the shorter one.
ALIKE = 0.6


class History:
    """The drawer; ``reopen`` gives the panel's updates for a row of the log."""

    def __init__(self, studio: Studio, reopen: Callable[[Interaction, Words], Updates]) -> None:
        self._studio = studio
        self._reopen = reopen

    def build(self) -> None:
        """Lay the drawer out."""
        with gr.Accordion(label("tr_history"), open=False, elem_id="tr-history") as self.drawer:
            self.search = gr.Textbox(
                label=label("tr_history_search"),
                show_label=False,
                placeholder=label("tr_history_search"),
                elem_id="tr-search",
                max_lines=1,
            )
            self.list = area(elem_id="tr-past", script=render.CLICKS)

    def wire(self, outputs: list[Component]) -> None:
        """Connect the events; ``outputs`` are what ``reopen`` changes."""
        on([self.drawer.expand, self.search.change], self.draw, [self.search], [self.list])
        on([self.list.click], self.act, [self.search], [self.list, *outputs])

    async def draw(self, search: str | None, request: gr.Request) -> Updates:
        """List past translations; a drawer that was never open has no search yet."""
        owner, wanted = caller_of(request).owner, (search or "")[:200]
        return {self.list: await asyncio.to_thread(listed, self._studio, owner, wanted, words_of(request))}

    async def act(self, search: str | None, request: gr.Request, event: gr.EventData) -> AsyncIterator[Updates]:
        """Open a past translation again, or delete one or all."""
        log, owner = self._studio.interactions, caller_of(request).owner
        act, told = event_text(event, "act"), event_text(event, "id")
        if act == "open":
            try:
                yield self._reopen(await asyncio.to_thread(log.get, told, owner), words_of(request))
            except NotFound:
                yield await self.draw(search, request)
        elif act == "forget-all":  # nobody gets them back, so one click is not enough
            words = words_of(request)
            sure = render.button(words("tr_forget_all"), "forget-sure", kind="second", drawing="bin")
            keep = render.button(words("cancel"), "forget-none")
            told = render.notice(
                "", words("tr_forget_ask"), kind="info", action=f'<span class="chips">{sure}{keep}</span>'
            )
            yield {self.list: told}
        elif act in ("forget", "forget-sure", "forget-none"):
            if act != "forget-none":
                await asyncio.to_thread(log.forget, owner, "translation", [told] if act == "forget" else None)
            yield await self.draw(search, request)


def listed(studio: Studio, owner: str, search: str, words: Words) -> str:
    """Return the past translations as a list, the newest first; what was typed on the way to one is left out."""
    rows = settled(studio.interactions.search(owner, "translation", search, LOOKED_AT))[:LISTED]
    if not rows:
        return (
            f'<p class="muted">{render.escape(words("tr_history_none" if search.strip() else "tr_history_empty"))}</p>'
        )
    lines = "".join(_line(row, words) for row in rows)
    every = "" if search.strip() else render.button(words("tr_forget_all"), "forget-all", kind="quiet", drawing="bin")
    return f'<ul class="history">{lines}</ul>{every}'


def settled(rows: list[Interaction]) -> list[Interaction]:
    """Leave out, of rows the newest first, each that the next newer one only goes on writing."""
    kept: list[Interaction] = []
    newer: Interaction | None = None
    for row in rows:
        if newer is None or not _goes_on(row, newer):
            kept.append(row)
        newer = row
    return kept


def _goes_on(row: Interaction, newer: Interaction) -> bool:
    older, later = row.input or "", newer.input or ""
    if row.parameters.get("target_lang") != newer.parameters.get("target_lang"):
        return False
    shorter = min(len(older), len(later))
    alike = next((place for place in range(shorter) if older[place] != later[place]), shorter)
    return alike >= ALIKE * shorter


def _line(row: Interaction, words: Words) -> str:
    text, made = " ".join((row.input or "").split()), " ".join((row.output or "").split())
    target = words.language_name(str(row.parameters.get("target_lang", "")))
    moment = render.escape(row.created_at[:16].replace("T", " "))
    when = f'<time datetime="{render.escape(row.created_at)}">{moment}</time>'
    opener = (
        f'<button type="button" class="btn past" data-act="open" data-id="{render.escape(row.id)}">'
        f"<span>{render.escape(text[:PREVIEW_CHARACTERS])}</span>"
        f'<span class="muted">{render.escape(made[:PREVIEW_CHARACTERS])}</span></button>'
    )
    bin_ = render.button("", "forget", row.id, drawing="bin", name=words("tr_forget"))
    return f'<li>{opener}<span class="muted">{render.escape(target)} · {when}</span>{bin_}</li>'
