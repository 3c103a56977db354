"""Glossary and memory in the Translate panel: one's own terms and accepted translations of the chosen pair."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

import gradio as gr
from gradio.components import Component

from studio import Caller, InvalidRequest, StudioError, Term
from ui import render
from ui.caller import caller_of, link
from ui.panel import Panel, Updates, area, event_text, on
from ui.words import Words, label, words_of

DETECT = "auto"
SHOWN = 200


class GlossaryPart(Panel):
    """The terms of the chosen pair: add, remove, import, export."""

    def build(self) -> None:
        """Lay it out inside the open column."""
        with gr.Accordion(label("gl_title"), open=False, elem_id="tr-glossary") as self.drawer:
            with gr.Row(elem_id="gl-form"):
                self.term = gr.Textbox(label=label("gl_source"), max_lines=1, elem_id="gl-source", min_width=160)
                self.translation = gr.Textbox(
                    label=label("gl_target"),
                    placeholder=label("gl_keep"),
                    max_lines=1,
                    elem_id="gl-target",
                    min_width=160,
                )
                self.match_case = gr.Checkbox(label=label("gl_case"), elem_id="gl-case", min_width=160)
            with gr.Row(elem_classes="actions"):
                self.add = gr.Button(label("gl_add"), variant="primary", elem_id="gl-add")
                self.file = gr.UploadButton(
                    label("gl_import"),  # type: ignore[arg-type]  # Gradio translates it as any other label
                    file_types=[".csv", ".tbx", ".xml"],
                    type="filepath",
                    elem_id="gl-import",
                )
            self.told = area(elem_id="gl-told")
            self.list = area(elem_id="gl-list", script=render.CLICKS)

    def wire(self, demo: gr.Blocks, source: Component, target: Component) -> None:
        """Connect the events; the languages are the panel's own."""
        outputs = [self.told, self.list, self.term, self.translation]
        pair = [source, target]
        on([demo.load, self.drawer.expand, source.change, target.change], self.show, pair, outputs)  # type: ignore[attr-defined]  # Gradio adds events at run time
        added = [self.add.click, self.term.submit, self.translation.submit]
        on(added, self.put, [*pair, self.term, self.translation, self.match_case], outputs)
        on([self.file.upload], self.take_file, [*pair, self.file], outputs)
        on([self.list.click], self.act, pair, outputs)

    async def show(self, source: str, target: str, request: gr.Request) -> Updates:
        """Show the terms of the chosen pair."""
        return {self.told: "", self.list: await self._listed(source, target, request)}

    async def put(
        self, source: str, target: str, term: str, translation: str, match_case: bool, request: gr.Request
    ) -> Updates:
        """Add a term; one without a translation is not translated."""

        def add(caller: Caller) -> str:
            wanted = Term(source=term, target=translation.strip() or term, match_case=match_case)
            self.studio.put_terms([wanted], *_pair(source, target, words_of(request)), caller)
            return ""

        told = await _told(add, request)
        updates: Updates = {self.told: told, self.list: await self._listed(source, target, request)}
        return updates if told else {**updates, self.term: "", self.translation: ""}

    async def take_file(self, source: str, target: str, path: str | None, request: gr.Request) -> Updates:
        """Add the terms of a file."""

        def add(caller: Caller) -> str:
            words = words_of(request)
            pair = _pair(source, target, words)
            many = self.studio.import_glossary(Path(path or "").read_bytes(), *pair, caller)
            return render.notice("", words.count("gl_imported", many), kind="info")

        return {self.told: await _told(add, request), self.list: await self._listed(source, target, request)}

    async def act(self, source: str, target: str, request: gr.Request, event: gr.EventData) -> Updates:
        """Remove a term."""

        def remove(caller: Caller) -> str:
            self.studio.remove_term(event_text(event, "id"), *_pair(source, target, words_of(request)), caller)
            return ""

        if event_text(event, "act") != "remove":
            return {self.told: ""}
        return {self.told: await _told(remove, request), self.list: await self._listed(source, target, request)}

    async def _listed(self, source: str, target: str, request: gr.Request) -> str:
        words, caller = words_of(request), caller_of(request)
        terms: list[Term] = []
        if _is_pair(source, target):
            terms = await asyncio.to_thread(self.studio.glossary, source, target, caller)
        if not terms:
            return f'<p class="hint">{render.escape(words("gl_empty"))}</p>'
        rows = "".join(_term(term, words) for term in terms[:SHOWN])
        exports = _exports(request, f"glossaries/{source}/{target}/export", {"csv": "CSV", "tbx": "TBX"})
        return f'<ul class="papers">{rows}</ul>{exports}'


class MemoryPart(Panel):
    """The accepted translations of the chosen pair: look, forget, import, export."""

    def build(self) -> None:
        """Lay it out inside the open column."""
        with gr.Accordion(label("me_title"), open=False, elem_id="tr-memory") as self.drawer:
            with gr.Row(elem_classes="actions"):
                self.file = gr.UploadButton(
                    label("me_import"),  # type: ignore[arg-type]  # Gradio translates it as any other label
                    file_types=[".tmx", ".xml"],
                    type="filepath",
                    elem_id="me-import",
                )
            self.told = area(elem_id="me-told")
            self.list = area(elem_id="me-list", script=render.CLICKS)

    def wire(self, demo: gr.Blocks, source: Component, target: Component) -> None:
        """Connect the events; the languages are the panel's own."""
        outputs, pair = [self.told, self.list], [source, target]
        on([demo.load, self.drawer.expand, source.change, target.change], self.show, pair, outputs)  # type: ignore[attr-defined]  # Gradio adds events at run time
        on([self.file.upload], self.take_file, [*pair, self.file], outputs)
        on([self.list.click], self.act, pair, outputs)

    async def show(self, source: str, target: str, request: gr.Request) -> Updates:
        """Show what is kept of the chosen pair."""
        return {self.told: "", self.list: await self._listed(source, target, request)}

    async def take_file(self, source: str, target: str, path: str | None, request: gr.Request) -> Updates:
        """Keep the translations of a TMX file."""

        def add(caller: Caller) -> str:
            words = words_of(request)
            pair = _pair(source, target, words)
            many = self.studio.import_memory(Path(path or "").read_bytes(), *pair, caller, Path(path or "").name)
            return render.notice("", words.count("me_imported", many), kind="info")

        return {self.told: await _told(add, request), self.list: await self._listed(source, target, request)}

    async def act(self, source: str, target: str, request: gr.Request, event: gr.EventData) -> Updates:
        """Forget one translation."""

        def forget(caller: Caller) -> str:
            self.studio.forget(event_text(event, "id"), caller)
            return ""

        if event_text(event, "act") != "forget":
            return {self.told: ""}
        return {self.told: await _told(forget, request), self.list: await self._listed(source, target, request)}

    async def _listed(self, source: str, target: str, request: gr.Request) -> str:
        words, caller = words_of(request), caller_of(request)
        found = (
            await asyncio.to_thread(self.studio.memories, source, target, caller, SHOWN)
            if _is_pair(source, target)
            else []
        )
        if not found:
            return f'<p class="hint">{render.escape(words("me_empty"))}</p>'
        rows = "".join(
            f'<li><div class="paper"><p>{render.escape(each.source)}</p><p>{render.escape(each.target)}</p>'
            f"{render.cost([each.origin, each.updated_at[:10]])}</div>"
            f"{render.button('', 'forget', each.id, drawing='bin', name=words('me_forget'))}</li>"
            for each in found
        )
        exports = _exports(request, f"translation-memory/{source}/{target}/export", {"tmx": "TMX"})
        return f'<ul class="papers">{rows}</ul>{exports}'


def _is_pair(source: str | None, target: str | None) -> bool:
    return bool(source) and bool(target) and source not in (DETECT, target)


def _pair(source: str, target: str, words: Words) -> tuple[str, str]:
    if not _is_pair(source, target):
        raise InvalidRequest(words("gl_pair"), field="source_lang")
    return source, target


async def _told(work: Callable[[Caller], str], request: gr.Request) -> str:
    """Do some work and return what to say of it: nothing, a notice, or why it failed."""
    words = words_of(request)
    try:
        return await asyncio.to_thread(work, caller_of(request))
    except StudioError as exc:
        return render.failure(words, exc)
    except Exception as exc:
        return render.crash(words, exc)


def _term(term: Term, words: Words) -> str:
    to = words("gl_kept") if term.target == term.source else term.target
    notes = render.cost([words("gl_case") if term.match_case else "", term.note])
    name = words("gl_remove", name=term.source)
    return (
        f'<li><div class="paper"><strong>{render.escape(term.source)}</strong> → {render.escape(to)}{notes}</div>'
        f"{render.button('', 'remove', term.source, drawing='bin', name=name)}</li>"
    )


def _exports(request: gr.Request, where: str, forms: Mapping[str, str]) -> str:
    links = "".join(
        f'<a class="btn quiet" href="{render.escape(link(request, where) + f"?format={form}")}" download>'
        f"{render.icon('down')}<span>{name}</span></a>"
        for form, name in forms.items()
    )
    return f'<div class="downloads">{links}</div>'
