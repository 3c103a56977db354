"""The Models panel: what this machine can run and what it could, by job, with downloads, memory and leftovers."""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence

import gradio as gr

from studio import DownloadRequest, Job, ModelInfo, StudioError
from ui import model_downloads, model_list, render
from ui.caller import caller_of, page_of
from ui.model_details import ModelDetailsBox
from ui.model_import import ModelImportBox
from ui.model_list import KINDS, Wanted
from ui.panel import Panel, Updates, area, event_text, on
from ui.servers import ServersBox
from ui.words import Words, label, words_of

HUB_EXAMPLE = "stabilityai/sd-turbo"
LEFTOVERS_NAMED = 5
# Slower than elsewhere: a button that is drawn anew between press and release hears of no click.
WATCH_S = 1.0
HUB_NAME = re.compile(r"(?!ollama/)[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*(:[\w.-]+)?")
NAMED = re.compile(rf"{HUB_NAME.pattern}|hf:\S+|ollama/\S+|https?://\S+", re.IGNORECASE)
# An opened model stands above the list: go there once it is drawn, and give it the focus.
CLICKS = (
    render.CLICKS
    + """
element.addEventListener("click", (event) => {
  if (!event.target.closest('[data-act="details"]')) return;
  let looks = 0;
  const look = setInterval(() => {
    const box = document.getElementById("mo-detail");
    if (++looks > 50) clearInterval(look);
    if (!box || !box.offsetParent) return;
    clearInterval(look);
    box.scrollIntoView({ block: "start" });
    box.tabIndex = -1;
    box.focus({ preventScroll: true });
  }, 100);
});
"""
)


class ModelsPanel(Panel):
    """Builds the panel and answers its events."""

    def build(self) -> None:
        """Lay the panel out inside the open tab."""
        with gr.Column(elem_id="models", elem_classes="sheet wide"):
            area(render.head("mo_title", "mo_lead"), elem_classes="head")
            with gr.Row(elem_id="mo-hub", elem_classes="actions"):
                self.hub = gr.Textbox(
                    label=label("mo_hub"), placeholder=label("mo_hub_hint"), elem_id="mo-name", scale=1, max_lines=1
                )
                self.go = gr.Button(label("download"), variant="primary", elem_id="mo-go", scale=0)
            self.status = area(elem_id="mo-status", script=render.CLICKS)
            self.servers = ServersBox(self.studio, self.turns)
            self.details = ModelDetailsBox(self.studio, self.turns)
            self.servers.build()
            self.importing = ModelImportBox(self.studio, self.turns)
            self.importing.build()
            self.memory = area(elem_id="mo-memory", script=render.CLICKS)
            self.details.build()
            with gr.Row(elem_id="mo-filter", elem_classes="actions"):
                jobs = [(label("mo_job_all"), ""), *((label(f"mo_kind_{kind}"), kind) for kind in KINDS)]
                self.kind = gr.Dropdown(
                    jobs, value="", label=label("mo_job"), filterable=False, elem_id="mo-kind", scale=1
                )
                shown = [(label(f"mo_only_{name}"), name) for name in ("all", "here", "fits")]
                self.only = gr.Dropdown(
                    shown, value="all", label=label("mo_only"), filterable=False, elem_id="mo-only", scale=1
                )
                self.find = gr.Textbox(
                    label=label("mo_find"), placeholder=label("mo_find_hint"), elem_id="mo-find", scale=2, max_lines=1
                )
            self.left = area(elem_id="mo-left", script=render.CLICKS)
            self.list = area(elem_id="mo-list", script=CLICKS)

    def wire(self, tab: gr.Tab) -> None:
        """Connect the events; the list is long, so it is drawn when the panel is opened."""
        outputs = [self.hub, self.status, self.memory, self.left, self.list]
        wanted = [self.kind, self.only, self.find]
        on([tab.select], self.load, wanted, outputs)
        on([self.go.click, self.hub.submit], self.fetch_hub, [self.hub, *wanted], outputs)
        on([self.status.click, self.list.click, self.memory.click, self.left.click], self.act, wanted, outputs)
        self.servers.wire(tab)
        self.importing.wire(tab)
        self.details.wire(self.list)
        changes = [self.servers.list.change, self.details.changed.change, self.importing.changed.change]
        on([*changes, self.kind.input, self.only.input, self.find.input], self.redraw, wanted, [self.memory, self.list])

    # Events

    async def load(self, kind: str, only: str, find: str, request: gr.Request) -> AsyncIterator[Updates]:
        """Show the list, and follow the downloads that run."""
        words, wanted = words_of(request), Wanted(kind, only, find)
        example = render.button(words("mo_example"), "example", kind="example")
        left = await asyncio.to_thread(self._left, request)
        drawn = await self._draw(words, wanted)
        yield {**drawn, self.left: left, self.status: await self._downloads(request) or example}
        if self.studio.jobs(None, "download"):
            async for updates in self._watch(request, wanted):
                yield updates

    async def fetch_hub(
        self, name: str, kind: str, only: str, find: str, request: gr.Request
    ) -> AsyncIterator[Updates]:
        """Download a model of the Hugging Face Hub, of Ollama, or by its address."""
        name = name.strip()
        if not NAMED.fullmatch(name):
            words = words_of(request)
            text = words("mo_hub_bad", name=name[:80])
            yield {self.status: render.notice("", text, kind="info")}
            return
        async for updates in self._fetch(
            f"hf:{name}" if HUB_NAME.fullmatch(name) else name, request, Wanted(kind, only, find)
        ):
            yield updates

    async def act(
        self, kind: str, only: str, find: str, request: gr.Request, event: gr.EventData
    ) -> AsyncIterator[Updates]:
        """Download, pause, cancel, unload or clean what was clicked."""
        act, target = event_text(event, "act"), event_text(event, "id")
        words, caller, wanted = words_of(request), caller_of(request), Wanted(kind, only, find)
        if act == "fetch":
            async for updates in self._fetch(target, request, wanted):
                yield updates
        elif act == "example":
            yield {self.hub: HUB_EXAMPLE}
        elif act in ("pause", "cancel", "clean", "free") and caller.role == "admin":
            told = ""
            try:
                if act == "clean":
                    freed = await asyncio.to_thread(self.studio.clean_leftovers, caller)
                    told = render.notice("", words("mo_cleaned", size=words.size(freed)), kind="info")
                elif act == "free":
                    await asyncio.to_thread(self.studio.residency.unload_idle)
                else:
                    change = self.studio.downloads.pause if act == "pause" else self.studio.downloads.cancel
                    await asyncio.to_thread(change, target, caller)
            except StudioError as exc:
                yield {self.status: render.failure(words, exc)}
                return
            if not self.studio.jobs(None, "download"):
                drawn = await self._draw(words, wanted)
                left = await asyncio.to_thread(self._left, request)
                yield {**drawn, self.left: left, self.status: told + await self._downloads(request)}

    async def redraw(self, kind: str, only: str, find: str, request: gr.Request) -> Updates:
        """Show the list anew, for something has come, gone or changed, or something else is looked for."""
        return await self._draw(words_of(request), Wanted(kind, only, find))

    # Pieces

    async def _fetch(self, model: str, request: gr.Request, wanted: Wanted) -> AsyncIterator[Updates]:
        words = words_of(request)
        try:
            await asyncio.to_thread(self.studio.submit, DownloadRequest(model=model), caller_of(request))
        except StudioError as exc:
            yield {self.status: render.failure(words, exc)}
            return
        except Exception as exc:
            yield {self.status: render.crash(words, exc)}
            return
        yield {self.hub: ""}
        async for updates in self._watch(request, wanted):
            yield updates

    async def _watch(self, request: gr.Request, wanted: Wanted) -> AsyncIterator[Updates]:
        """Show all downloads until the last one ended, then how each did."""
        words = words_of(request)
        turn = self.turns.take(page_of(request), "models")
        jobs: dict[str, Job] = {}
        titles = {info.spec.id: info.spec.title for info in await asyncio.to_thread(self.studio.models)}
        yield await self._draw(words, wanted)
        before = 0
        while not turn.over:
            jobs |= {job.id: job for job in self.studio.jobs(None, "download")}
            ended = sum(job.finished for job in jobs.values())
            updates: Updates = {self.status: await self._downloads(request, list(jobs.values()), titles)}
            if ended != before:
                before = ended
                updates |= await self._draw(words, wanted)
            yield updates
            if ended == len(jobs):
                return
            await asyncio.sleep(WATCH_S)

    async def _downloads(
        self, request: gr.Request, jobs: Sequence[Job] = (), titles: dict[str, str] | None = None
    ) -> str:
        words, mine = words_of(request), caller_of(request).role == "admin"
        listed = await asyncio.to_thread(self.studio.downloads.all)
        shown = model_downloads.rows(listed, words, mine=mine)
        return shown + model_downloads.ends(jobs, listed, words, titles or {})

    async def _draw(self, words: Words, wanted: Wanted) -> Updates:
        infos = await asyncio.to_thread(self.studio.models)
        return {self.list: model_list.sections(infos, wanted, words), self.memory: self._memory(infos, words)}

    def _memory(self, infos: Sequence[ModelInfo], words: Words) -> str:
        budget = words.size(self.studio.residency.budget_bytes)
        loaded = [info for info in infos if info.state == "loaded"]
        if not loaded:
            return render.cost([words("mo_memory_none", budget=budget)])
        taken = words.size(sum(info.memory_bytes for info in loaded))
        names = [f"{info.spec.title} {words.size(info.memory_bytes)}" for info in loaded if info.memory_bytes]
        free = render.button(words("mo_free_all"), "free")
        card, on_card = self.studio.residency.card, self.studio.residency.on_card()
        if card is not None and on_card:
            names.append(words("mo_card", taken=words.size(sum(on_card.values())), budget=words.size(card.bytes)))
        text = render.cost([words("mo_memory", taken=taken, budget=budget), *names])
        return f'<div class="fetch"><div>{text}</div>{free}</div>'

    def _left(self, request: gr.Request) -> str:
        """Return the leftovers with a button, for the owner, where there are any."""
        if caller_of(request).role != "admin":
            return ""
        words, found = words_of(request), self.studio.leftovers()
        if not found:
            return ""
        size = words.size(sum(item.size_bytes for item in found))
        names = ", ".join(item.name for item in found[:LEFTOVERS_NAMED]) + (" …" if found[LEFTOVERS_NAMED:] else "")
        button = render.button(words("mo_clean"), "clean", kind="second", drawing="bin")
        heading = f"{words.count('mo_left', len(found))}, {size}"
        return render.notice(heading, words("mo_left_what", names=names), kind="info", action=button)
