"""The audio library in the Speech panel: recordings dropped, opened, edited step by step, saved, deleted."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import gradio as gr

from studio import (
    AudioAddRequest,
    Caller,
    Failed,
    InvalidRequest,
    Job,
    Join,
    Recording,
    Step,
    Studio,
    StudioError,
    parse_steps,
    steps_of,
)
from ui import editor, render
from ui.caller import caller_of, link, page_of
from ui.follow import Turns, View, follow
from ui.panel import Panel, Updates, area, event_text, on
from ui.words import Words, label, words_of

SHOWN = 50
INTERVAL_S = 0.2


class RecordingsPart(Panel):
    """Builds its part of the panel and answers its events."""

    def __init__(self, studio: Studio, turns: Turns) -> None:
        super().__init__(studio, turns)
        # Which recording each open page shows, and which plan it was shown last.
        self._open: dict[str, str] = {}
        self._plans: dict[str, tuple[Step, ...]] = {}

    def build(self) -> None:
        """Lay it out inside the open column."""
        with gr.Row(elem_classes="halves ed-halves"):
            with gr.Column(scale=1, min_width=260, elem_classes="card ed-library"):
                self.file = gr.File(
                    label=label("ed_drop"), type="filepath", height=140, file_count="single", elem_id="ed-file"
                )
                self.told = area(elem_id="ed-told", script=render.CLICKS)
                self.list = area(elem_id="ed-list", script=render.CLICKS)
            with gr.Column(scale=3, min_width=300, elem_classes="card ed-bench"):
                with gr.Row(elem_classes="ed-saying"):
                    self.say = gr.Textbox(
                        label=label("ed_say"), placeholder=label("ed_say_hint"), lines=1, max_lines=3, elem_id="ed-say"
                    )
                    self.read = gr.Button(label("ed_plan"), elem_id="ed-plan", scale=0, min_width=140)
                self.planned = area(elem_id="ed-planned", script=render.CLICKS)
                self.view = area(elem_id="ed-view", script=render.CLICKS)

    def wire(self, opened: Sequence[object]) -> None:
        """Connect the events.

        Args:
            opened: What shows the part: only then is it drawn.
        """
        outputs = [self.told, self.list, self.view, self.file, self.planned, self.say]
        on(opened, self.load, [], outputs)
        on([self.file.upload], self.add, [self.file], outputs)
        on([self.say.submit, self.read.click], self.plan, [self.say], outputs)
        on([self.planned.click, self.told.click, self.list.click, self.view.click], self.act, [], outputs)

    # Events

    async def load(self, request: gr.Request) -> AsyncIterator[Updates]:
        """Show the library, and follow what is being done to one of its recordings."""
        words, caller = words_of(request), caller_of(request)
        yield {self.told: "", **await self._shown(request)}
        running = [job for job in self.studio.jobs(caller, "audio") if job.caller.via == "ui"]
        if running:
            async for updates in self._follow(running[-1], words, request):
                yield updates

    async def add(self, path: str | None, request: gr.Request) -> AsyncIterator[Updates]:
        """Take a dropped file into the library and open it."""
        if path:
            async for updates in self._add(Path(path), Path(path).name, request):
                yield updates

    async def _add(self, path: Path, name: str, request: gr.Request) -> AsyncIterator[Updates]:
        words, caller = words_of(request), caller_of(request)
        try:
            job = await asyncio.to_thread(self.studio.add_recording, path, name, caller)
        except StudioError as exc:
            yield {self.told: render.failure(words, exc), self.file: None}
            return
        except Exception as exc:
            yield {self.told: render.crash(words, exc), self.file: None}
            return
        async for updates in self._follow(job, words, request):
            yield updates
        yield {self.file: None}

    async def plan(self, instruction: str, request: gr.Request) -> AsyncIterator[Updates]:
        """Show what an instruction means, in words and on the waveform; it is done when that is confirmed."""
        words, caller = words_of(request), caller_of(request)
        self._plans.pop(page_of(request), None)
        yield {self.planned: render.busy(words("ed_reading"))}
        try:
            found = await asyncio.to_thread(self.studio.plan_edit, instruction or "", caller)
            if shown := self._open.get(page_of(request)):
                await asyncio.to_thread(self.studio.check_plan, shown, found.steps, caller)
            recordings = await asyncio.to_thread(self.studio.recordings.latest, caller.owner, SHOWN)
        except StudioError as exc:
            yield {self.planned: render.failure(words, exc)}
            return
        except Exception as exc:
            yield {self.planned: render.crash(words, exc)}
            return
        self._plans[page_of(request)] = found.steps
        yield {self.planned: editor.plan(found, {each.id: each.name for each in recordings}, words)}

    async def act(self, request: gr.Request, event: gr.EventData) -> AsyncIterator[Updates]:
        """Do what was clicked."""
        words = words_of(request)
        act, told = event_text(event, "act"), event_text(event, "id")
        try:
            async for updates in self._act(act, told, request):
                yield updates
        except StudioError as exc:
            yield {self.told: render.failure(words, exc)}
        except Exception as exc:
            yield {self.told: render.crash(words, exc)}

    async def _act(self, act: str, told: str, request: gr.Request) -> AsyncIterator[Updates]:
        words, caller = words_of(request), caller_of(request)
        jobs: list[Job] = []
        match act:
            case "open":
                self._open[page_of(request)] = self.studio.recording(told, caller).id
            case "dismiss":
                self._plans.pop(page_of(request), None)
                yield {self.planned: ""}
                return
            case "stop":
                self.studio.job(told, caller).cancel()
                return
            case "example":
                latest = await asyncio.to_thread(self.studio.artifacts.latest, caller.owner, "audio/wav", 1)
                if not latest:
                    yield {self.told: render.notice("", words("ed_no_example"), kind="info")}
                    return
                async for updates in self._add(latest[0].path, latest[0].name, request):
                    yield updates
                return
            case "delete":
                found = self.studio.recording(told, caller)
                await asyncio.to_thread(self.studio.delete_recording, told, caller)
                yield {self.told: render.notice("", words("ed_deleted", name=found.name), kind="info")}
            case "batch":
                jobs = await asyncio.to_thread(self._batch, told, request)
            case _:
                made = await asyncio.to_thread(self._change, act, told, request)
                jobs = [made] if made is not None else []
        if act == "confirm":
            yield {self.planned: "", self.say: ""}
        yield {self.told: "" if act != "delete" else gr.skip(), **await self._shown(request)}
        for job in jobs:
            async for updates in self._follow(job, words, request):
                yield updates
        if act == "batch":
            text = words.count("ed_batch_done", len(jobs))
            yield {self.told: render.notice("", text, kind="info"), **await self._shown(request)}

    def _change(self, act: str, told: str, request: gr.Request) -> Job | None:
        """Change the steps of the recording that the page shows."""
        caller = caller_of(request)
        found = self._current(request)
        steps = list(steps_of(found))
        place = int(told) if told.isdecimal() else -1
        if act in ("undo", "redo"):
            return self.studio.step_back(found.id, caller, -1 if act == "undo" else 1)
        if act == "again":
            return self.studio.make(found.id, caller)
        if act == "add":
            steps += parse_steps([_step_json(told)])
        elif act == "confirm":
            steps += self._plans.pop(page_of(request), ())
        elif act == "join":
            steps.append(Join(recordings=tuple(told.split())))
        elif act == "up" and 0 < place < len(steps):
            steps[place - 1], steps[place] = steps[place], steps[place - 1]
        elif act == "down" and 0 <= place < len(steps) - 1:
            steps[place + 1], steps[place] = steps[place], steps[place + 1]
        elif act == "remove" and 0 <= place < len(steps):
            del steps[place]
        else:
            return None
        return self.studio.set_steps(found.id, steps, caller, found.revision)

    def _batch(self, told: str, request: gr.Request) -> list[Job]:
        """Put the shown recording's steps behind those of the chosen ones."""
        found = self._current(request)
        others = [each for each in told.split() if each != found.id]
        return self.studio.edit_all(others, steps_of(found), caller_of(request))

    def _current(self, request: gr.Request) -> Recording:
        return self.studio.recording(self._open.get(page_of(request), ""), caller_of(request))

    # Pieces

    async def _follow(self, job: Job, words: Words, request: gr.Request) -> AsyncIterator[Updates]:
        turn, caller = self.turns.take(page_of(request), "recordings"), caller_of(request)
        async for view in follow(job, turn, INTERVAL_S):
            if view.end is None:
                yield {self.told: _progress(view, words)}
                continue
            if isinstance(view.end, Failed):
                again = (
                    render.button(words("ed_again"), "again") if not isinstance(job.request, AudioAddRequest) else ""
                )
                yield {self.told: render.failure(words, view.end, again), **await self._shown(request)}
                continue
            if isinstance(job.request, AudioAddRequest):
                self._remember(job, caller, request)
            yield {self.told: "", **await self._shown(request)}

    def _remember(self, job: Job, caller: Caller, request: gr.Request) -> None:
        if job.state == "done":
            self._open[page_of(request)] = self.studio.recording_of(job, caller).id

    async def _shown(self, request: gr.Request) -> Updates:
        words, caller, page = words_of(request), caller_of(request), page_of(request)
        found = await asyncio.to_thread(self.studio.recordings.latest, caller.owner, SHOWN)
        if not found:
            return {
                self.list: "",
                self.view: render.empty(words("ed_empty"), words("ed_example")),
            }
        opened = self._open.get(page, "")
        shown = next((each for each in found if each.id == opened), None)
        if shown is None and opened:
            try:
                shown = self.studio.recording(opened, caller)
            except StudioError:
                self._open.pop(page, None)
        shown = shown or found[0]
        self._open[page] = shown.id
        names = {each.id: each.name for each in found}
        base = link(request, "")
        return {
            self.list: editor.library(found, shown.id, words),
            self.view: editor.bench(shown, names, words, base),
        }

    def leave(self, page: str) -> None:
        """Forget what a closed page showed."""
        self._open.pop(page, None)
        self._plans.pop(page, None)


def _progress(view: View, words: Words) -> str:
    asked, told = view.job.request, view.progress
    text = render.waiting(words, view)
    if not text:
        name = getattr(asked, "name", "")
        what = words("ed_adding", name=name) if isinstance(asked, AudioAddRequest) else words("ed_making")
        text = render.busy(what, told.step / told.total if told is not None and told.total else None)
    return f'<div class="fetch">{text}{render.button(words("ed_stop"), "stop", view.job.id)}</div>'


def _step_json(told: str) -> dict[str, object]:
    try:
        values = json.loads(told)
    except ValueError as exc:
        raise InvalidRequest("The step can't be read. Reload the page, then try again.", field="steps") from exc
    if not isinstance(values, dict):
        raise InvalidRequest("The step can't be read. Reload the page, then try again.", field="steps")
    return values
