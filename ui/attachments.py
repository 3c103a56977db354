"""Files in the composer: a chip for each with its size, its tokens and the text that is sent; pasted ones too.

Those of a temporary chat are held in the memory of its page and nowhere else (``ui.held``).
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import gradio as gr
from gradio.components import Component

from studio import (
    Attachment,
    Caller,
    Document,
    DocumentRead,
    Failed,
    Form,
    Job,
    Progress,
    Studio,
    StudioError,
    Weight,
)
from ui import render
from ui.caller import caller_of, page_of
from ui.chat_settings import ChatDrawer, Given
from ui.chosen_files import MOST, Chosen, ChosenFiles
from ui.held import HeldFile, Temporary, held_of, hold
from ui.opened import id_of
from ui.panel import Updates, area, event_text, on
from ui.words import Words, label, words_of

PREVIEW_CHARACTERS = 4_000


@dataclass(frozen=True, slots=True)
class Chip:
    """What a chip shows; a picture has no text."""

    id: str
    name: str
    form: Form
    size_bytes: int
    text: str


class Attachments:
    """Builds the button and the chips of the composer, and answers their events."""

    def __init__(self, studio: Studio, drawer: ChatDrawer) -> None:
        self.studio = studio
        self.drawer = drawer
        self._pages: dict[tuple[str, str], ChosenFiles] = {}

    # Layout

    def build_chips(self, place: Component, temporary: gr.State) -> None:
        """Lay the chips out above the composer.

        Args:
            place: Which conversation the page shows.
            temporary: The temporary chat that it shows, if any.
        """
        self.place, self.temporary = place, temporary
        # Which files this browser has chosen; a reload keeps them. Nothing secret: each is looked up for its owner.
        self.chosen = gr.BrowserState([], storage_key="hearth-attached", secret="hearth")
        self.held = gr.State(())  # the HeldFiles of a temporary chat
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

    @property
    def fields(self) -> list[Component]:
        """What says which files go along with the next message."""
        return [self.chosen, self.held]

    def wire(self, demo: gr.Blocks) -> None:
        """Connect the events."""
        given = {*self.fields, self.place, self.temporary, *self.drawer.fields}
        outputs = [*self.fields, self.chips]
        on([demo.load, self.drawer.model.change, self.temporary.change], self.weigh, given, outputs)
        on([self.button.upload], self.take, {self.button, *given}, [*outputs, self.button])
        on([self.chips.click], self.act, given, outputs)

    # Events

    async def weigh(self, given: Given, request: gr.Request) -> AsyncIterator[Updates]:
        """Show the chosen files, and what they weigh in this conversation with this model."""
        async for updates in self._show(await self._page(given, request), given, request):
            yield updates

    async def take(self, given: Given, request: gr.Request) -> AsyncIterator[Updates]:
        """Read the files that were chosen or pasted, and show each as a chip."""
        paths = [Path(path) for path in _texts(given.get(self.button))]
        async for updates in self.add(paths, given, request):
            yield updates
        yield {self.button: None}

    async def add_text(
        self, text: str, given: Given, request: gr.Request, beside: Sequence[Chosen] | None = None
    ) -> AsyncIterator[Updates]:
        """Make a file of a text, and show it as a chip; ``beside`` as in ``add``."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / words_of(request)("chat_file_name")
            await asyncio.to_thread(path.write_text, text, encoding="utf-8")
            async for updates in self.add([path], given, request, beside):
                yield updates

    async def add(
        self, paths: Sequence[Path], given: Given, request: gr.Request, beside: Sequence[Chosen] | None = None
    ) -> AsyncIterator[Updates]:
        """Read files, take them away from where they are, and show each as a chip.

        Args:
            beside: Those that go along already; None: what was chosen before.
        """
        words, caller = words_of(request), caller_of(request)
        private = isinstance(given.get(self.temporary), Temporary)
        page = await self._page(given, request)
        if beside is not None:
            page.files = [*beside]
        if not page.reading:
            page.refused = ""
        for path in paths:
            if page.full:
                page.refused += render.notice("", words("chat_attach_most", n=MOST), kind="info")
                path.unlink(missing_ok=True)
                continue
            page.reading[path] = ""
            try:
                job = await asyncio.to_thread(self.studio.attach, path, path.name, caller, private=private)
                async for line in _follow(job, words, path.name):
                    page.reading[path] = line
                    page.drawn += 1
                    yield {self.chips: self._drawn(page, words, self._chips(page.files, caller))}
                read = next((event for _, event in job.snapshot() if isinstance(event, DocumentRead)), None)
                failed = next((event for _, event in job.snapshot() if isinstance(event, Failed)), None)
                if failed is not None:
                    page.refused += render.failure(words, failed)
                elif read is not None and private:
                    picture = path.read_bytes() if read.form == "image" else None
                    page.files.append(HeldFile(read.name, read.form, read.size_bytes, read.text, picture))
                elif read is not None and read.id not in page.files:
                    page.files.append(read.id)
            except StudioError as exc:
                page.refused += render.failure(words, exc)
            except Exception as exc:
                page.refused += render.crash(words, exc)
            finally:
                del page.reading[path]
                path.unlink(missing_ok=True)  # the studio keeps its own copy, or none
        async for updates in self._show(page, given, request):
            yield updates

    async def act(self, given: Given, request: gr.Request, event: gr.EventData) -> AsyncIterator[Updates]:
        """Remove a file, or stop reading one."""
        act, target, caller = event_text(event, "act"), event_text(event, "id"), caller_of(request)
        page = await self._page(given, request)
        page.refused = ""
        try:
            if act == "stop":
                self.studio.job(target, caller).cancel()
                return
            page.files = [each for place, each in enumerate(page.files) if target not in (each, f"held-{place}")]
            await asyncio.to_thread(self.studio.documents.discard, target, caller.owner)
        except StudioError as exc:
            page.refused = render.failure(words_of(request), exc)
        async for updates in self._show(page, given, request):
            yield updates

    async def going_along(self, given: Given, request: gr.Request) -> list[Chosen]:
        """Return the files that go along; in a temporary chat none is left on disk."""
        return [*(await self._page(given, request)).files]

    def let_go(self, files: Sequence[Chosen] | None, request: gr.Request, back: Sequence[Chosen] = ()) -> Updates:
        """Take files out of the composer, None: all of them; one that came meanwhile stays.

        Args:
            back: Those that return to it.
        """
        page = self._pages.setdefault(_key(request), ChosenFiles([]))
        stay = [] if files is None else [each for each in page.files if each not in files]
        page.files = [*back, *(each for each in stay if each not in back)]
        page.refused = ""
        page.drawn += 1
        chips = self._chips(page.files, caller_of(request))
        return {**self._told(page), self.chips: self._drawn(page, words_of(request), chips)}

    def leave(self, page: str) -> None:
        """Forget a page that was closed; its browser still knows which files it had chosen."""
        for key in [key for key in self._pages if key[0] == page]:
            del self._pages[key]

    # Showing

    async def show(self, files: Sequence[Chosen], given: Given, request: gr.Request) -> AsyncIterator[Updates]:
        """Let these files go along, and no other."""
        page = await self._page(given, request)
        page.files, page.refused = [*files], ""
        async for updates in self._show(page, given, request):
            yield updates

    async def _page(self, given: Given, request: gr.Request) -> ChosenFiles:
        """Return the files of a page: as the server knows them, or as the page tells of them when it was opened."""
        page = self._pages.setdefault(
            _key(request), ChosenFiles([*ids_of(given.get(self.chosen)), *held_of(given.get(self.held))])
        )
        ids = page.ids
        if not isinstance(given.get(self.temporary), Temporary):
            page.files = [*ids]
        elif ids:
            page.files = [*page.held]
            moved = await asyncio.to_thread(hold, self.studio, ids, caller_of(request).owner)
            page.files = [*page.files, *moved]
        return page

    async def _show(self, page: ChosenFiles, given: Given, request: gr.Request) -> AsyncIterator[Updates]:
        """Show files at once, and their tokens when they are counted; what is gone is left out.

        Where something newer is shown meanwhile, that stays.
        """
        words, caller = words_of(request), caller_of(request)
        page.drawn += 1
        turn = page.drawn
        chips = await asyncio.to_thread(self._chips, [*page.files], caller)
        if page.drawn != turn:
            return
        there = {chip.id for chip in chips}
        page.files = [each for each in page.files if isinstance(each, HeldFile) or each in there]
        yield {**self._told(page), self.chips: self._drawn(page, words, chips)}
        if not chips:
            return
        try:
            weight = await asyncio.to_thread(self._weight, page, chips, given, caller)
        except StudioError as exc:  # no model, or none that loads: the files stay chosen
            if page.drawn == turn:
                yield {self.chips: self._drawn(page, words, chips) + render.failure(words, exc)}
            return
        if page.drawn == turn:
            yield {self.chips: self._drawn(page, words, chips, weight)}

    def _weight(self, page: ChosenFiles, chips: Sequence[Chip], given: Given, caller: Caller) -> Weight:
        system, settings = self.drawer.read(given)
        if not page.held:
            place = id_of(given.get(self.place)) or None
            return self.studio.weigh(page.ids, caller, conversation_id=place, system=system, settings=settings)
        temporary = given.get(self.temporary)
        turns = temporary.messages if isinstance(temporary, Temporary) else ()
        texts = {chip.id: Attachment(chip.name, chip.text) for chip in chips if chip.form != "image"}
        pictures = [chip.name for chip in chips if chip.form == "image"]
        return self.studio.weigh_texts(texts, pictures, turns, system=system, settings=settings)

    def _told(self, page: ChosenFiles) -> Updates:
        return {self.chosen: page.ids, self.held: page.held}

    def _chips(self, chosen: Sequence[Chosen], caller: Caller) -> list[Chip]:
        made = []
        for place, each in enumerate(chosen):
            if isinstance(each, HeldFile):
                made.append(Chip(f"held-{place}", each.name, each.form, each.size_bytes, each.text))
                continue
            for file in self.studio.documents.some([each], caller.owner):
                text = "" if file.form == "image" else self.studio.documents.text(file.id, caller.owner)
                made.append(Chip(file.id, file.name, file.form, file.size_bytes, text))
        return made

    def _drawn(self, page: ChosenFiles, words: Words, chips: Sequence[Chip], weight: Weight | None = None) -> str:
        rows = "".join(_chip(chip, words, weight) for chip in chips)
        listed = f'<ul aria-label="{render.escape(words("chat_attached"))}">{rows}</ul>' if rows else ""
        return listed + _told(weight, words) + "".join(page.reading.values()) + page.refused


def _chip(chip: Chip, words: Words, weight: Weight | None) -> str:
    parts = [words(f"form_{chip.form}"), words.file_size(chip.size_bytes)]
    if weight is not None and chip.id in weight.tokens:
        tokens = words.count("n_tokens", weight.tokens[chip.id])
        parts.append(words("about", text=tokens) if weight.estimated else tokens)
    facts = render.escape(" · ".join(parts))
    name = f"<b>{render.escape(chip.name)}</b> <small>{facts}</small>"
    drop = render.button("", "remove", chip.id, drawing="close", name=words("chat_attach_remove", name=chip.name))
    if chip.form == "image":
        return f'<li class="chip"><span>{name}</span>{drop}</li>'
    left = len(chip.text) - PREVIEW_CHARACTERS
    rest = f'<p class="muted">{render.escape(words.count("chat_attach_more", left))}</p>' if left > 0 else ""
    shown = render.escape(chip.text[:PREVIEW_CHARACTERS])
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


def _key(request: gr.Request) -> tuple[str, str]:
    """Return what a page's files are kept under: its session is no secret between the people of one house."""
    return page_of(request), caller_of(request).owner


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
