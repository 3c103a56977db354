"""Import in the Models panel: a model's file or folder that lies on the machine Hearth runs on, taken in as a job."""

import asyncio
from collections.abc import AsyncIterator

import gradio as gr
from gradio.components import Component

from studio import Done, Failed, ImportRequest, StudioError
from ui import render
from ui.caller import caller_of, page_of
from ui.follow import follow
from ui.panel import Panel, Updates, area, on
from ui.words import label, words_of

INTERVAL_S = 0.25


class ModelImportBox(Panel):
    """Builds the box and answers its events."""

    def build(self) -> None:
        """Lay it out inside the open column."""
        with gr.Accordion(label("mi_title"), open=False, elem_id="mo-import") as self.box:
            self.path = gr.Textbox(label=label("mi_path"), info=label("mi_path_hint"), max_lines=1, elem_id="mi-path")
            with gr.Row(elem_classes="pair"):
                self.name = gr.Textbox(
                    label=label("mi_name"), info=label("mi_name_hint"), max_lines=1, elem_id="mi-name"
                )
                self.pair = gr.Textbox(
                    label=label("mi_pair"), info=label("mi_pair_hint"), max_lines=1, elem_id="mi-pair"
                )
            self.link = gr.Checkbox(label=label("mi_link"), info=label("mi_link_hint"), elem_id="mi-link")
            with gr.Row(elem_classes="actions"):
                self.go = gr.Button(label("mi_go"), variant="primary", elem_id="mi-go", scale=0)
            self.told = area(elem_id="mi-told")
        self.changed = gr.State(0)

    def wire(self, tab: gr.Tab) -> None:
        """Connect the events."""
        given: list[Component] = [self.path, self.name, self.pair, self.link, self.changed]
        outputs: list[Component] = [self.told, self.path, self.name, self.changed]
        on([tab.select], self.open, [], [self.box])
        on([self.go.click, self.path.submit], self.take_in, given, outputs)

    def open(self, request: gr.Request) -> Updates:
        """Show the box to the owner alone."""
        return {self.box: gr.update(visible=caller_of(request).role == "admin")}

    async def take_in(
        self, path: str, name: str, pair: str, link: bool, changed: int, request: gr.Request
    ) -> AsyncIterator[Updates]:
        """Take the model in, and show how far that is."""
        words = words_of(request)
        source, _, target = (pair or "").strip().lower().partition("-")
        wanted = ImportRequest(
            path=(path or "").strip(),
            name=(name or "").strip().lower() or None,
            link=link is True,
            source_lang=source or None,
            target_lang=target or None,
        )
        try:
            job = await asyncio.to_thread(self.studio.submit, wanted, caller_of(request))
        except StudioError as exc:
            yield {self.told: render.failure(words, exc)}
            return
        except Exception as exc:
            yield {self.told: render.crash(words, exc)}
            return
        turn = self.turns.take(page_of(request), "import")
        async for view in follow(job, turn, INTERVAL_S):
            if view.end is None:
                told = view.progress
                done = told.step / told.total if told is not None and told.total else None
                yield {self.told: render.waiting(words, view) or render.busy(words("mi_busy"), done)}
            elif isinstance(view.end, Failed):
                yield {self.told: render.failure(words, view.end)}
            elif isinstance(view.end, Done):
                told_done = render.notice("", words("mi_done"), kind="info")
                yield {self.told: told_done, self.path: "", self.name: "", self.changed: changed + 1}
