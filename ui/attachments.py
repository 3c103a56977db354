"""Files in the composer: a chip for each with its size, its tokens and the text that is sent; pasted ones too."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from importlib import resources
from pathlib import Path

import gradio as gr
from gradio.components import Component

from studio import Caller, Document, DocumentRead, Failed, Job, Progress, Studio, StudioError, Weight
from ui import render
from ui.caller import caller_of
from ui.chat_settings import ChatDrawer, Given
from ui.opened import id_of
from ui.panel import Updates, area, event_text, on
from ui.words import Words, label, words_of

PREVIEW_CHARACTERS = 4_000
MOST = 10


class Attachments:
    """Builds the button and the chips of the composer, and answers their events."""

    def __init__(self, studio: Studio, drawer: ChatDrawer) -> None:
        self.studio = studio
        self.drawer = drawer

    # Layout

    def build_chips(self) -> None:
        """Lay the chips out above the composer."""
        # Which files this browser has chosen; a reload keeps them. Nothing secret: each is looked up for its owner.
        self.chosen = gr.BrowserState([], storage_key="hearth-attached", secret="hearth")
        script = (resources.files("ui") / "assets" / "attachments.js").read_text(encoding="utf-8")
        self.chips = area(elem_id="chips", script=render.CLICKS + script)

    def build_button(self) -> None:
        """Lay the button out inside the composer."""
        self.button = gr.UploadButton(
            label("chat_attach"),  # type: ignore[arg-type]  # Gradio translates it as any other label
            file_count="multiple",
            type="filepath",
            elem_id="attach",
            scale=0,
            min_width=44,
        )

    def wire(self, demo: gr.Blocks, place: Component) -> None:
        """Connect the events.

        Args:
            place: Which conversation the page shows.
        """
        self.place = place
        given = {self.chosen, place, *self.drawer.fields}
        on([demo.load, self.drawer.model.change], self.weigh, given, [self.chosen, self.chips])
        on([self.button.upload], self.take, {self.button, *given}, [self.chosen, self.chips, self.button])
        on([self.chips.click], self.act, given, [self.chosen, self.chips])

    # Events

    async def weigh(self, given: Given, request: gr.Request) -> AsyncIterator[Updates]:
        """Show the chosen files, and what they weigh in this conversation with this model."""
        async for updates in self.show(ids_of(given.get(self.chosen)), given, request):
            yield updates

    async def take(self, given: Given, request: gr.Request) -> AsyncIterator[Updates]:
        """Read the files that were chosen or pasted, and show each as a chip."""
        words, caller = words_of(request), caller_of(request)
        paths = [Path(path) for path in _texts(given.get(self.button))]
        chosen, told = ids_of(given.get(self.chosen)), ""
        for path in paths:
            if len(chosen) >= MOST:
                told += render.notice("", words("chat_attach_most", n=MOST), kind="info")
                break
            try:
                job = await asyncio.to_thread(self.studio.attach, path, path.name, caller)
                async for going in _follow(job, words, path.name):
                    yield {self.chips: self._drawn(chosen, caller, words, None) + going + told}
                read = next((event for _, event in job.snapshot() if isinstance(event, DocumentRead)), None)
                failed = next((event for _, event in job.snapshot() if isinstance(event, Failed)), None)
                if failed is not None:
                    told += render.failure(words, failed)
                elif read is not None and read.id not in chosen:
                    chosen = [*chosen, read.id]
            except StudioError as exc:
                told += render.failure(words, exc)
            except Exception as exc:
                told += render.crash(words, exc)
            finally:
                path.unlink(missing_ok=True)  # the studio keeps its own copy
        yield {self.button: None}
        async for updates in self.show(chosen, given, request, told):
            yield updates

    async def act(self, given: Given, request: gr.Request, event: gr.EventData) -> AsyncIterator[Updates]:
        """Remove a file, or stop reading one."""
        act, target, caller = event_text(event, "act"), event_text(event, "id"), caller_of(request)
        chosen = ids_of(given.get(self.chosen))
        try:
            if act == "stop":
                self.studio.job(target, caller).cancel()
                return
            chosen = [each for each in chosen if each != target]
            await asyncio.to_thread(self.studio.documents.discard, target, caller.owner)
        except StudioError as exc:
            yield {
                self.chips: self._drawn(chosen, caller, words_of(request), None, render.failure(words_of(request), exc))
            }
            return
        async for updates in self.show(chosen, given, request):
            yield updates

    # Showing

    async def show(
        self, chosen: Sequence[str], given: Given, request: gr.Request, told: str = ""
    ) -> AsyncIterator[Updates]:
        """Show files at once, and their tokens when they are counted; what is gone is left out."""
        words, caller = words_of(request), caller_of(request)
        files = await asyncio.to_thread(self.studio.documents.some, chosen, caller.owner)
        ids = [file.id for file in files]
        yield {self.chosen: ids, self.chips: self._drawn(ids, caller, words, None, told)}
        if not ids:
            return
        system, settings = self.drawer.read(given)
        conversation_id = id_of(given.get(self.place)) or None
        try:
            weight = await asyncio.to_thread(
                self.studio.weigh,
                *(ids, caller),
                conversation_id=conversation_id,
                system=system,
                settings=settings,
            )
        except StudioError as exc:  # no model, or none that loads: the files stay chosen
            yield {self.chips: self._drawn(ids, caller, words, None, told + render.failure(words, exc))}
            return
        yield {self.chips: self._drawn(ids, caller, words, weight, told)}

    def _drawn(self, chosen: Sequence[str], caller: Caller, words: Words, weight: Weight | None, told: str = "") -> str:
        files = self.studio.documents.some(chosen, caller.owner)
        rows = "".join(self._chip(file, caller, words, weight) for file in files)
        listed = f'<ul aria-label="{render.escape(words("chat_attached"))}">{rows}</ul>' if rows else ""
        return listed + _told(weight, words) + told

    def _chip(self, file: Document, caller: Caller, words: Words, weight: Weight | None) -> str:
        parts = [words(f"form_{file.form}"), words.file_size(file.size_bytes)]
        if weight is not None and file.id in weight.tokens:
            tokens = words.count("n_tokens", weight.tokens[file.id])
            parts.append(words("about", text=tokens) if weight.estimated else tokens)
        facts = render.escape(" · ".join(parts))
        name = f"<b>{render.escape(file.name)}</b> <small>{facts}</small>"
        drop = render.button("", "remove", file.id, drawing="close", name=words("chat_attach_remove", name=file.name))
        if file.form == "image":
            return f'<li class="chip"><span>{name}</span>{drop}</li>'
        text = self.studio.documents.text(file.id, caller.owner)
        shown = render.escape(text[:PREVIEW_CHARACTERS])
        more = (
            "" if len(text) <= PREVIEW_CHARACTERS else words.count("chat_attach_more", len(text) - PREVIEW_CHARACTERS)
        )
        rest = f'<p class="muted">{render.escape(more)}</p>' if more else ""
        inner = f'<summary>{name}</summary><pre tabindex="0">{shown}</pre>{rest}'
        return f'<li class="chip"><details>{inner}</details>{drop}</li>'


def _told(weight: Weight | None, words: Words) -> str:
    """Return what does not fit or can't be seen, with the numbers and the rule."""
    if weight is None:
        return ""
    told = ""
    for name in weight.blind:
        told += render.notice("", words("chat_attach_blind", name=name), kind="info")
    if weight.cut:
        parts = ", ".join(f"{name} {words.number(share * 100)} %" for name, share in weight.cut)
        takes = words.number(weight.context_tokens or 0)
        needs = words.number(sum(weight.tokens.values()))
        told += render.notice("", words("chat_attach_cut", needs=needs, takes=takes, parts=parts), kind="info")
    return told


async def _follow(job: Job, words: Words, name: str) -> AsyncIterator[str]:
    """Yield a line on how far a file's reading is, with the button that stops it, until it ended."""
    text = words("chat_attach_reading", name=name)
    stop = render.button("", "stop", job.id, drawing="close", name=words("chat_attach_stop", name=name))
    yield f'<div class="reading">{render.busy(text)}{stop}</div>'
    async for _, event in job.events():
        if isinstance(event, Progress) and event.total > 1:
            yield f'<div class="reading">{render.busy(text, event.step / event.total)}{stop}</div>'


def ids_of(value: object) -> list[str]:
    """Return the files that a page says it has chosen; anything odd is none."""
    return [each for each in value if isinstance(each, str)][:MOST] if isinstance(value, list) else []


def _texts(value: object) -> list[str]:
    found = value if isinstance(value, list) else [value]
    return [each for each in found if isinstance(each, str)]


def shown_files(files: Sequence[Document], words: Words, at: str) -> str:
    """Return the files of a sent message, each to be opened, pictures as pictures.

    Args:
        at: The address of the documents.
    """
    parts = []
    for file in files:
        name, place = render.escape(file.name), render.escape(f"{at}/{file.id}")
        if file.form == "image":
            inner = f'<img src="{place}/content" alt="{name}" loading="lazy">'
            parts.append(f'<a href="{place}/content" target="_blank" rel="noopener" title="{name}">{inner}</a>')
        else:
            facts = render.escape(f"{words(f'form_{file.form}')} · {words.file_size(file.size_bytes)}")
            parts.append(
                f'<a class="chip" href="{place}/view" target="_blank" rel="noopener">{name} <small>{facts}</small></a>'
            )
    return f'<span class="files">{"".join(parts)}</span>' if parts else ""
