"""Collections in the chat's drawer: which are asked, its files with progress and stop, indexed anew, deleted."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import gradio as gr
from gradio.components import Component

from studio import Caller, Document, DocumentRequest, Failed, Job, Loading, Progress, Studio, StudioError
from ui import render
from ui.caller import caller_of
from ui.panel import Updates, area, event_text, on
from ui.words import Words, label, words_of

MOST = 100
LOOK_EVERY_S = 0.25
ASKED_MOST = 8


class DocumentsDrawer:
    """Builds the drawer of collections and answers its events."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio

    # Layout

    def build(self) -> None:
        """Lay it out inside the open column."""
        with gr.Accordion(label("documents"), open=False, elem_id="chat-documents"):
            self.collection = gr.Dropdown(
                label=label("doc_collection"),
                info=label("doc_hint"),
                choices=[],
                value=[],
                multiselect=True,
                max_choices=ASKED_MOST,
                elem_id="chat-collection",
            )
            self.told = area(elem_id="doc-told", script=render.CLICKS)
            self.list = area(elem_id="doc-files", script=render.CLICKS)
            self.add = gr.UploadButton(
                label("doc_add"),  # type: ignore[arg-type]  # Gradio translates it as any other label
                file_count="multiple",
                type="filepath",
                size="sm",
                visible=False,
                elem_id="doc-add",
            )
            with gr.Row(elem_classes="pair"):
                self.name = gr.Textbox(
                    label=label("doc_name"),
                    placeholder=label("doc_name"),
                    show_label=False,
                    container=False,
                    max_lines=1,
                    elem_id="doc-name",
                )
                self.make = gr.Button(label("doc_make"), size="sm", elem_id="doc-make", scale=0, min_width=72)

    @property
    def outputs(self) -> list[Component]:
        """Everything that an event here may change."""
        return [self.collection, self.told, self.list, self.add, self.name]

    def wire(self, demo: gr.Blocks) -> None:
        """Connect the events."""
        on([demo.load], self.load, [self.collection], self.outputs)
        on([self.collection.change], self.choose, [self.collection], self.outputs)
        on([self.make.click, self.name.submit], self.create, [self.name, self.collection], self.outputs)
        on([self.add.upload], self.take, [self.add, self.collection], self.outputs)
        on([self.list.click, self.told.click], self.act, [self.collection], self.outputs)

    # Events

    async def load(self, chosen: object, request: gr.Request) -> AsyncIterator[Updates]:
        """Offer the owner's collections."""
        # Without a value: what was chosen before this answer came stays.
        yield {self.collection: gr.Dropdown(choices=self._choices(caller_of(request)))}
        if chosen:
            async for updates in self.choose(chosen, request):
                yield updates

    async def choose(self, chosen: object, request: gr.Request) -> AsyncIterator[Updates]:
        """Show the chosen collections' files, and how far those are that are being read."""
        async for updates in self._show(collections_of(chosen), [], request):
            yield updates

    async def create(self, name: str | None, chosen: object, request: gr.Request) -> AsyncIterator[Updates]:
        """Make a collection and choose it beside the others."""
        caller, words = caller_of(request), words_of(request)
        try:
            made = await asyncio.to_thread(self.studio.collections.create, caller.owner, name or "")
        except StudioError as exc:
            yield {self.told: render.failure(words, exc)}
            return
        asked = [*collections_of(chosen)[: ASKED_MOST - 1], made.id]
        yield {self.collection: self.offer(caller, asked), self.name: "", self.told: ""}
        async for updates in self._show(asked, [], request):
            yield updates

    async def take(self, paths: object, chosen: object, request: gr.Request) -> AsyncIterator[Updates]:
        """Read files into the collection that was chosen last."""
        caller, words, asked = caller_of(request), words_of(request), collections_of(chosen)
        found = [Path(path) for path in (paths if isinstance(paths, list) else [paths]) if isinstance(path, str)]
        jobs: list[Job] = []
        told = ""
        try:
            for path in found[:MOST]:
                wanted = DocumentRequest(path=path, name=path.name, collection=asked[-1] if asked else "")
                try:
                    jobs.append(await asyncio.to_thread(self.studio.submit, wanted, caller))
                except StudioError as exc:
                    told += render.failure(words, exc)
            async for updates in self._show(asked, jobs, request, told):
                yield updates
        finally:
            for job in jobs:
                if not job.finished:  # the page went away; the job goes on, and its file with it
                    continue
                if isinstance(job.request, DocumentRequest) and job.request.path is not None:
                    job.request.path.unlink(missing_ok=True)

    async def act(self, chosen: object, request: gr.Request, event: gr.EventData) -> AsyncIterator[Updates]:
        """Stop a job, take a file out, index anew, delete a collection after asking."""
        act = event_text(event, "act")
        target, _, file = event_text(event, "id").partition("/")
        caller, words, asked = caller_of(request), words_of(request), collections_of(chosen)
        jobs: list[Job] = []
        try:
            match act:
                case "stop":
                    self.studio.job(target, caller).cancel()
                    return
                case "take_out":
                    await asyncio.to_thread(self.studio.collections.take_out, target, caller.owner, file)
                case "index":
                    jobs = await asyncio.to_thread(self.studio.index_again, target, caller)
                case "delete":
                    name = self.studio.collections.get(target, caller.owner).name
                    sure = render.button(words("doc_delete"), "delete_sure", target, kind="second")
                    yield {self.told: render.notice("", words("doc_delete_ask", name=name), kind="info", action=sure)}
                    return
                case "delete_sure":
                    await asyncio.to_thread(self.studio.collections.delete, target, caller.owner)
                    asked = [each for each in asked if each != target]
                    yield {self.collection: self.offer(caller, asked)}
        except StudioError as exc:
            yield {self.told: render.failure(words, exc)}
            return
        async for updates in self._show(asked, jobs, request):
            yield updates

    # Showing

    def offer(self, caller: Caller, chosen: Sequence[str]) -> gr.Dropdown:
        """Return the list of collections with some chosen; one that is gone is not."""
        choices = self._choices(caller)
        there = {id for _, id in choices}
        return gr.Dropdown(choices=choices, value=[each for each in chosen if each in there], multiselect=True)

    def _choices(self, caller: Caller) -> list[tuple[str, str]]:
        return [(each.name, each.id) for each in self.studio.collections.page(caller.owner, MOST)]

    async def _show(
        self, collections: Sequence[str], jobs: Sequence[Job], request: gr.Request, told: str = ""
    ) -> AsyncIterator[Updates]:
        """Show collections; while files of them are being read, how far they are."""
        caller, words = caller_of(request), words_of(request)
        if not collections:
            yield {self.list: "", self.told: told, self.add: gr.UploadButton(visible=False)}
            return
        try:
            drawn, last = await asyncio.to_thread(self._files, collections, caller, words)
            add = words("doc_add") if len(collections) == 1 else words("doc_add_to", name=last)
            yield {self.list: drawn, self.told: told, self.add: gr.UploadButton(add, visible=True)}
            going = {*jobs, *self._running(collections, caller)}
            shown = ""
            while unfinished := [job for job in going if not job.finished]:
                lines = "".join(_line(job, words) for job in sorted(unfinished, key=lambda job: job.id))
                if lines != shown:
                    shown = lines
                    yield {self.told: lines + told}
                await asyncio.sleep(LOOK_EVERY_S)
            if going:
                told += "".join(
                    render.failure(words, event)
                    for job in sorted(going, key=lambda job: job.id)
                    for _, event in job.snapshot()
                    if isinstance(event, Failed)
                )
                drawn, _ = await asyncio.to_thread(self._files, collections, caller, words)
                yield {self.told: told, self.list: drawn, self.add: gr.UploadButton(value=None)}
        except StudioError as exc:
            yield {self.list: "", self.told: render.failure(words, exc), self.add: gr.UploadButton(visible=False)}

    def _running(self, collections: Sequence[str], caller: Caller) -> list[Job]:
        return [
            job
            for job in self.studio.jobs(caller, "document")
            if isinstance(job.request, DocumentRequest) and job.request.collection in collections
        ]

    def _files(self, collections: Sequence[str], caller: Caller, words: Words) -> tuple[str, str]:
        """Return the files of each collection, and the name of the last."""
        drawn = name = ""
        for collection in collections:
            name = self.studio.collections.get(collection, caller.owner).name
            head = f"<h3>{render.escape(name)}</h3>" if len(collections) > 1 else ""
            drawn += f"<section>{head}{self._files_of(collection, name, caller, words)}</section>"
        return drawn, name

    def _files_of(self, collection: str, name: str, caller: Caller, words: Words) -> str:
        files = self.studio.collections.files(collection, caller.owner)
        drop = render.button(words("doc_delete"), "delete", collection, drawing="bin")
        if not files:
            return f'<p class="muted none">{render.escape(words("doc_empty"))}</p>{drop}'
        stale = self.studio.stale_files(collection, caller)
        notice = ""
        if stale:
            again = render.button(words("doc_index"), "index", collection, kind="second")
            notice = render.notice("", words.count("doc_stale", len(stale)), kind="info", action=again)
        rows = "".join(_row(collection, file, words) for file in files)
        return f'{notice}<ul aria-label="{render.escape(name)}">{rows}</ul>{drop}'


def collections_of(value: object) -> list[str]:
    """Return the collections that a page says it has chosen; anything odd is none."""
    return [each for each in value if isinstance(each, str) and each] if isinstance(value, list) else []


def _row(collection: str, file: Document, words: Words) -> str:
    facts = " · ".join((words(f"form_{file.form}"), words.count("n_passages", file.passages)))
    name = words("doc_take_out", name=file.name)
    out = render.button("", "take_out", f"{collection}/{file.id}", drawing="close", name=name)
    return f"<li><span><b>{render.escape(file.name)}</b> <small>{render.escape(facts)}</small></span>{out}</li>"


def _line(job: Job, words: Words) -> str:
    """Return how far a file is, with the button that stops it."""
    name = job.request.name if isinstance(job.request, DocumentRequest) else ""
    text, fraction = words("chat_attach_reading", name=name), None
    for _, event in job.snapshot():
        if isinstance(event, Loading):
            text = words("loading", model=event.model)
        elif isinstance(event, Progress) and event.total > 1:
            text, fraction = words("doc_indexing", name=name), event.step / event.total
    stop = render.button("", "stop", job.id, drawing="close", name=words("chat_attach_stop", name=name))
    return f'<div class="reading">{render.busy(text, fraction)}{stop}</div>'
