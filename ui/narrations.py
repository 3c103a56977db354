"""Long texts in the Speech panel: handed in, read aloud, gone on with, heard and read along, saved, deleted."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

import gradio as gr
from gradio.components import Component

from studio import Failed, Job, NarrateRequest, Narration, StoredFile, Studio, StudioError
from ui import choices, render
from ui.caller import caller_of, link, page_of
from ui.follow import Turns, View, follow
from ui.panel import Panel, Updates, area, event_text, on
from ui.words import Words, label, words_of

SHOWN = 50
INTERVAL_S = 0.2
STOPPED = ("failed", "cancelled", "interrupted")
FORMS = (("MP3", "mp3"), ("M4A (AAC)", "m4a"), ("OGG (Opus)", "ogg"))


class LongTexts(Panel):
    """Builds its part of the panel and answers its events."""

    def __init__(self, studio: Studio, turns: Turns) -> None:
        super().__init__(studio, turns)
        self._open: dict[str, str] = {}  # which text each open page shows

    def build(self) -> None:
        """Lay it out inside the open column."""
        with gr.Row(elem_classes="halves ed-halves"):
            with gr.Column(scale=1, min_width=300, elem_classes="card ed-library"):
                self.text = gr.Textbox(
                    label=label("re_text"), show_label=False, placeholder=label("re_text_hint"), lines=7, max_lines=14,
                    elem_id="re-text", container=False,
                )  # fmt: skip
                self.file = gr.File(
                    label=label("re_drop"), type="filepath", height=140, file_count="single", elem_id="re-file"
                )
                self.voice = gr.Dropdown(label=label("sp_voice"), choices=[], elem_id="re-voice", min_width=140)
                with gr.Row():
                    self.form = gr.Dropdown(
                        list(FORMS), value="mp3", label=label("re_form"), filterable=False, elem_id="re-form",
                        min_width=120,
                    )  # fmt: skip
                    self.speed = gr.Slider(
                        0.5, 2, value=1, step=0.1, label=label("sp_speed"), elem_id="re-speed", min_width=140
                    )
                with gr.Row(elem_classes="actions"):
                    self.go = gr.Button(label("re_go"), variant="primary", elem_id="re-go", scale=0)
                self.told = area(elem_id="re-told", script=render.CLICKS)
                self.list = area(elem_id="re-list", script=render.CLICKS)
            with gr.Column(scale=2, min_width=300, elem_classes="card ed-bench"):
                self.view = area(elem_id="re-view", script=render.CLICKS)

    def wire(self, opened: Sequence[object]) -> None:
        """Connect the events.

        Args:
            opened: What shows the part: only then is it drawn.
        """
        outputs = [self.told, self.list, self.view, self.text, self.file, self.voice]
        on(opened, self.load, [], outputs)
        given: set[Component] = {self.text, self.file, self.voice, self.form, self.speed}
        on([self.go.click], self.read, given, outputs)
        on([self.told.click, self.list.click, self.view.click], self.act, given, outputs)

    async def load(self, request: gr.Request) -> AsyncIterator[Updates]:
        """Show what was read, and follow what is being read."""
        offered = choices.of_kind(self.studio, "speech")
        yield {
            self.voice: gr.Dropdown(choices=offered.pairs, value=offered.value),
            self.told: "",
            **await self._shown(request),
        }
        running = [
            job for job in self.studio.jobs(caller_of(request), "speech") if isinstance(job.request, NarrateRequest)
        ]
        if running:
            async for updates in self._follow(running[-1], request):
                yield updates

    async def read(self, given: Mapping[Component, object], request: gr.Request) -> AsyncIterator[Updates]:
        """Keep the document, or else the text, and read it aloud."""
        words, caller = words_of(request), caller_of(request)
        path, voice, speed = given.get(self.file), given.get(self.voice), given.get(self.speed)

        def submit() -> Job:
            text: str | bytes = str(given.get(self.text) or "")
            name = ""
            if isinstance(path, str) and path:
                text, name = Path(path).read_bytes(), Path(path).name
            kept = self.studio.add_narration(
                text, caller, name, form=str(given.get(self.form) or "mp3"), model=str(voice) if voice else None,
                speed=speed if isinstance(speed, int | float) else 1.0,
            )  # fmt: skip
            self._open[page_of(request)] = kept.id
            return self.studio.narrate(kept.id, caller)

        yield {self.told: render.busy(words("starting"))}
        try:
            job = await asyncio.to_thread(submit)
        except StudioError as exc:
            yield {self.told: render.failure(words, exc)}
            return
        except Exception as exc:
            yield {self.told: render.crash(words, exc)}
            return
        yield {self.file: None, self.text: ""}
        async for updates in self._follow(job, request):
            yield updates

    async def act(
        self, given: Mapping[Component, object], request: gr.Request, event: gr.EventData
    ) -> AsyncIterator[Updates]:
        """Open a text, go on with one, cancel, delete, or read the example."""
        words, caller = words_of(request), caller_of(request)
        act, told = event_text(event, "act"), event_text(event, "id")
        try:
            if act == "stop":
                self.studio.job(told, caller).cancel()
            elif act == "open":
                self._open[page_of(request)] = self.studio.narration(told, caller).id
                yield await self._shown(request)
            elif act == "go":
                self._open[page_of(request)] = told
                job = await asyncio.to_thread(self.studio.narrate, told, caller)
                async for updates in self._follow(job, request):
                    yield updates
            elif act == "delete":
                found = self.studio.narration(told, caller)
                await asyncio.to_thread(self.studio.delete_narration, told, caller)
                said = render.notice("", words("re_deleted", name=found.name), kind="info")
                yield {self.told: said, **await self._shown(request)}
            elif act == "example":
                async for updates in self.read(
                    {**given, self.text: words("re_example_text"), self.file: None}, request
                ):
                    yield updates
        except StudioError as exc:
            yield {self.told: render.failure(words, exc)}
        except Exception as exc:
            yield {self.told: render.crash(words, exc)}

    def leave(self, page: str) -> None:
        """Forget what a closed page showed."""
        self._open.pop(page, None)

    async def _follow(self, job: Job, request: gr.Request) -> AsyncIterator[Updates]:
        words = words_of(request)
        yield await self._shown(request)
        turn = self.turns.take(page_of(request), "narrations")
        async for view in follow(job, turn, INTERVAL_S):
            if view.end is None:
                yield {self.told: _progress(view, words)}
                continue
            told = render.failure(words, view.end) if isinstance(view.end, Failed) else ""
            yield {self.told: told, **await self._shown(request)}

    async def _shown(self, request: gr.Request) -> Updates:
        words, caller, page = words_of(request), caller_of(request), page_of(request)
        found = await asyncio.to_thread(self.studio.narrations.latest, caller.owner, SHOWN)
        if not found:
            return {self.list: "", self.view: render.empty(words("re_empty"), words("re_example"))}
        opened = self._open.get(page, "")
        shown = next((each for each in found if each.id == opened), found[0])
        self._open[page] = shown.id
        rows = "".join(_row(each, each.id == shown.id, words) for each in found)
        file: StoredFile | None = None
        if shown.audio_id is not None:
            try:
                file = self.studio.artifact(shown.audio_id, caller)
            except StudioError:  # deleted by hand
                file = None
        title = render.escape(words("re_title"))
        return {
            self.list: f'<h2>{title}</h2><ul class="papers ed-list">{rows}</ul>',
            self.view: _bench(shown, file, words, link(request, "")),
        }


def _progress(view: View, words: Words) -> str:
    told, name = view.progress, getattr(view.job.request, "name", "")
    text = render.waiting(words, view)
    if not text and told is not None and told.total:
        step = words("re_reading", name=name, done=words.number(told.step), total=words.number(told.total))
        text = render.busy(" · ".join(part for part in (step, told.message) if part), told.step / told.total)
    elif not text:
        text = render.busy(words("re_beginning", name=name))
    return f'<div class="fetch">{text}{render.button(words("re_stop"), "stop", view.job.id)}</div>'


def _facts(found: Narration, words: Words) -> list[str]:
    if found.state == "done":
        chapters = words.count("re_chapters", found.chapters) if found.chapters else ""
        return [render.clock(found.seconds), str(found.settings.get("form", "")).upper(), chapters]
    so_far = words("re_so_far", done=words.number(found.done), total=words.number(found.sentences))
    return [words(f"re_{found.state}"), so_far]


def _row(found: Narration, shown: bool, words: Words) -> str:
    current = ' aria-current="true"' if shown else ""
    opened, facts = (
        render.escape(words("re_open", name=found.name)),
        render.escape(" · ".join(filter(None, _facts(found, words)))),
    )
    go = (
        render.button(words("re_go_on"), "go", found.id)
        if found.state in ("failed", "cancelled", "interrupted")
        else ""
    )
    bin_ = render.button("", "delete", found.id, drawing="bin", name=words("re_delete", name=found.name))
    return (
        f'<li{current}><button type="button" class="btn quiet ed-open" data-act="open" data-id="{found.id}" '
        f'title="{opened}"><span>{render.escape(found.name)}</span><small>{facts}</small></button>{go}{bin_}</li>'
    )


def _bench(found: Narration, file: StoredFile | None, words: Words, base: str) -> str:
    """Return the text to read along; reading.js fetches its sentences and follows the player."""
    home = f"{base}audio/narrations/{found.id}"
    player, links = "", ""
    if file is not None:
        sound, name = render.escape(f"{base}files/{file.id}"), render.escape(words("re_player", name=found.name))
        player = (
            f'<audio class="reading-sound" controls preload="metadata" src="{sound}" aria-label="{name}"></audio>'
            f'<p class="hint">{render.escape(words("re_hint"))}</p>'
        )
        links = _link(f"{sound}?download=1", words("re_save", kind=str(found.settings.get("form", "")).upper()))
        if found.chapters > 1:
            links += _link(render.escape(f"{home}/chapters.zip"), words("re_zip"))
        links = f'<div class="downloads">{links}</div>'
    else:
        go = render.button(words("re_go_on"), "go", found.id, kind="second")
        player = render.notice(
            "", found.error or words("re_not_yet"), kind="info", action=go if found.state in STOPPED else ""
        )
    told = render.escape(json.dumps({"chapter": words("re_chapter"), "along": words("re_along")}))
    voice = str(found.settings.get("model") or "")
    return (
        f'<section class="aloud" data-home="{render.escape(home)}" data-stamp="{found.updated_at}" '
        f'data-words="{told}" aria-label="{render.escape(found.name)}"><header><h2>{render.escape(found.name)}</h2>'
        f"{render.cost([*_facts(found, words), voice])}</header>{player}"
        f'<nav class="reading-chapters"></nav><div class="reading-text"></div>{links}</section>'
    )


def _link(address: str, text: str) -> str:
    inner = f"{render.icon('down')}<span>{render.escape(text)}</span>"
    return f'<a class="btn second" href="{address}" download>{inner}</a>'
