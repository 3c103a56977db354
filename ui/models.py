"""The Models panel: what this machine can run and what it could, by job, with downloads and their progress."""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence

import gradio as gr

from studio import Done, DownloadRequest, Failed, Kind, ModelInfo, StudioError
from ui import fetch, render
from ui.caller import caller_of, page_of
from ui.follow import View
from ui.panel import Panel, Updates, area, event_text, on
from ui.servers import ServersBox
from ui.words import Words, label, words_of

KINDS: tuple[Kind, ...] = ("chat", "translation", "image", "speech", "transcription", "embedding")
HUB_EXAMPLE = "stabilityai/sd-turbo"
SERVER_MODELS_SHOWN = 12
HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


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
            self.servers.build()
            self.list = area(elem_id="mo-list", script=render.CLICKS)

    def wire(self, tab: gr.Tab) -> None:
        """Connect the events; the list is long, so it is drawn when the panel is opened."""
        outputs = [self.hub, self.status, self.list]
        on([tab.select], self.load, [], outputs)
        on([self.go.click, self.hub.submit], self.fetch_hub, [self.hub], outputs)
        on([self.status.click, self.list.click], self.act, [], outputs)
        self.servers.wire(tab)
        on([self.servers.list.change], self.redraw, [], [self.list])

    # Events

    async def load(self, request: gr.Request) -> AsyncIterator[Updates]:
        """Show the list, and follow the downloads that run."""
        words = words_of(request)
        example = render.button(words("mo_example"), "example", kind="example")
        yield {self.list: await self._draw(words), self.status: example}
        if self.studio.jobs(caller_of(request), "download"):
            async for updates in self._watch(request):
                yield updates

    async def fetch_hub(self, name: str, request: gr.Request) -> AsyncIterator[Updates]:
        """Download a model of the Hugging Face Hub."""
        name = name.strip().removeprefix("https://huggingface.co/").removeprefix("hf:").strip("/")
        if not HUB_NAME.fullmatch(name):
            words = words_of(request)
            text = words("mo_hub_bad", name=name[:80])
            yield {self.status: render.notice("", text, kind="info")}
            return
        async for updates in self._fetch(f"hf:{name}", request):
            yield updates

    async def act(self, request: gr.Request, event: gr.EventData) -> AsyncIterator[Updates]:
        """Download or cancel what was clicked."""
        act, target = event_text(event, "act"), event_text(event, "id")
        if act == "fetch":
            async for updates in self._fetch(target, request):
                yield updates
        elif act == "example":
            yield {self.hub: HUB_EXAMPLE}
        elif act == "cancel":
            for job in self.studio.jobs(caller_of(request), "download"):
                if job.id == target:
                    job.cancel()

    async def redraw(self, request: gr.Request) -> Updates:
        """Show the list anew, for a server has come, gone or changed."""
        return {self.list: await self._draw(words_of(request))}

    # Pieces

    async def _fetch(self, model: str, request: gr.Request) -> AsyncIterator[Updates]:
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
        async for updates in self._watch(request):
            yield updates

    async def _watch(self, request: gr.Request) -> AsyncIterator[Updates]:
        """Show all running downloads of this person until the last one ended, then how each did."""
        words, caller = words_of(request), caller_of(request)
        turn = self.turns.take(page_of(request), "models")
        views: dict[str, View] = {}
        titles = {info.spec.id: info.spec.title for info in self.studio.models()}
        yield {self.list: await self._draw(words)}
        while not turn.over:
            for job in self.studio.jobs(caller, "download"):
                views.setdefault(job.id, View(job))
            before = sum(view.end is not None for view in views.values())
            for view in views.values():
                for number, event in view.job.snapshot(after=view.seen):
                    view.apply(number, event)
            ended = sum(view.end is not None for view in views.values())
            updates: Updates = {self.status: "".join(_line(view, words, titles) for view in views.values())}
            if ended != before:
                updates[self.list] = await self._draw(words)
            yield updates
            if ended == len(views):
                return
            await asyncio.sleep(fetch.INTERVAL_S)

    async def _draw(self, words: Words) -> str:
        infos = await asyncio.to_thread(self.studio.models)
        return "".join(
            _section(words(f"mo_kind_{kind}"), [info for info in infos if info.spec.kind == kind], words)
            for kind in KINDS
        )


def _line(view: View, words: Words, titles: dict[str, str]) -> str:
    model = fetch.model_of(view.job)
    title = titles.get(model, model.removeprefix("hf:"))
    if view.end is None:
        return fetch.bar(words, view, title)
    if isinstance(view.end, Failed):
        return render.failure(words, view.end)
    key = "mo_fetched" if isinstance(view.end, Done) else "mo_cancelled"
    return render.notice("", words(key, title=title), kind="info")


def _section(heading: str, infos: Sequence[ModelInfo], words: Words) -> str:
    """Return one job's models: those here and those to take first; the rest folded away."""
    open_ones = [info for info in infos if info.state != "available" or info.recommended or info.starter]
    rest = [info for info in infos if info not in open_ones]
    elsewhere = [info for info in open_ones if info.spec.remote]
    if len(elsewhere) > SERVER_MODELS_SHOWN:
        open_ones = [info for info in open_ones if not info.spec.remote]
    else:
        elsewhere = []
    rows = "".join(_row(info, words) for info in open_ones)
    none = f'<p class="muted">{render.escape(words("mo_none"))}</p>'
    more = ""
    for key, folded in (("mo_elsewhere", elsewhere), ("mo_more", rest)):
        if folded:
            text = render.escape(words(key, n=len(folded)))
            inner = "".join(_row(info, words) for info in folded)
            more += f'<details><summary>{text}</summary><ul class="models">{inner}</ul></details>'
    body = f'<ul class="models">{rows}</ul>' if rows else none
    return f'<section class="kind"><h2>{render.escape(heading)}</h2>{body}{more}</section>'


def _row(info: ModelInfo, words: Words) -> str:
    spec = info.spec
    state = info.state
    size = words.size(spec.size_bytes) if spec.size_bytes else ""
    languages = ", ".join(words.language_name(code) for code in spec.languages[:4])
    if len(spec.languages) > 4:
        languages += f" +{len(spec.languages) - 4}"
    default = f'<span class="tag">{render.escape(words("mo_default"))}</span>' if info.is_default else ""
    facts = render.cost([size, languages, spec.licence])
    note = words.note(spec.id, spec.note)
    error = f'<p class="bad">{render.escape(info.error)}</p>' if info.error else ""
    button = ""
    if state in ("available", "damaged"):
        name = words("mo_download", title=spec.title)
        button = render.button(words("download"), "fetch", spec.id, kind="second", drawing="down", name=name)
    return (
        f'<li class="model"><div><p class="name">{render.escape(spec.title)}'
        f'<span class="state {state}">{render.escape(words(f"mo_state_{state}"))}</span>{default}</p>'
        f"{facts}{f'<p class=note>{render.escape(note)}</p>' if note else ''}{error}</div>{button}</li>"
    )
