"""Comparing models: one prompt to two to four of them side by side, each an ordinary job, and on with the best.

What was chosen and the jobs of the last prompt are remembered by the browser, so that a reload comes
back to them while the studio still remembers the jobs.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

import gradio as gr
from gradio.components import Component

from studio import Caller, ChatRequest, Failed, Job, Message, StudioError
from ui import choices, render
from ui.caller import caller_of, page_of
from ui.chat import ChatPanel
from ui.chat_settings import MAX_TOKENS, TEMPERATURE, Given
from ui.follow import View, follow_all
from ui.messages import chat_cost, figures_of, growing, messages_box
from ui.panel import Panel, Updates, area, on, stop_button
from ui.words import Words, both, label, words_of

FEWEST, MOST = 2, 4
NOTHING: dict[str, object] = {"models": [], "temperatures": [], "count": FEWEST, "jobs": [], "prompt": ""}


@dataclass(frozen=True, slots=True)
class Side:
    """One of the models: what is chosen for it, and what it said."""

    box: gr.Column
    model: gr.Dropdown
    temperature: gr.Slider
    reply: gr.Chatbot
    status: gr.HTML
    go_on: gr.Button

    @property
    def parts(self) -> list[Component]:
        """Everything that a handler changes."""
        return [self.model, self.temperature, self.reply, self.status, self.go_on]


class ComparePanel(Panel):
    """Builds the page beside the Chat panel and answers its events; hearth.js shows the one or the other."""

    def __init__(self, chat: ChatPanel) -> None:
        super().__init__(chat.studio, chat.turns)
        self.chat = chat

    # Layout

    def build(self) -> None:
        """Lay it out inside the open tab, out of sight."""
        self.memory = gr.BrowserState(NOTHING, storage_key="hearth-compare", secret="hearth")
        with gr.Column(elem_id="compare", elem_classes="sheet wide"):
            back = f'<button type="button" class="btn quiet compare-close">{both("cm_back")}</button>'
            title = f'<div><h1 class="title">{both("cm_title")}</h1><p class="lead">{both("cm_lead")}</p></div>'
            area(f'<div class="headline">{title}{back}</div>', elem_classes="head")
            self.count = gr.Radio(
                [*range(FEWEST, MOST + 1)], value=FEWEST, label=label("cm_count"), elem_id="compare-count"
            )
            self.note = area(elem_id="compare-note", script=render.CLICKS)
            self.prompt = area(elem_id="compare-prompt")
            with gr.Row(elem_id="compare-sides"):
                self.sides = [self._build_side(number) for number in range(MOST)]
            with gr.Row(elem_id="compare-composer", elem_classes="composer"):
                self.ask = gr.Textbox(
                    label=label("cm_ask"), placeholder=label("cm_ask"), show_label=False, container=False, lines=1,
                    max_lines=8, elem_id="compare-ask", scale=1,
                )  # fmt: skip
                self.go = gr.Button(label("cm_go"), variant="primary", elem_id="compare-go", scale=0)
                self.stop_button = stop_button(label("cm_stop"), "compare-stop")

    @staticmethod
    def _build_side(number: int) -> Side:
        with gr.Column(visible=number < FEWEST, min_width=240, elem_classes="card side") as box:
            model = gr.Dropdown(label=label("model"), choices=[], filterable=False, elem_id=f"compare-model-{number}")
            temperature = gr.Slider(
                0, 2, value=TEMPERATURE, step=0.1, label=label("chat_temperature"), elem_id=f"compare-heat-{number}"
            )
            reply = messages_box(f"compare-reply-{number}", label("chat_reply"))
            status = area(elem_id=f"compare-status-{number}")
            go_on = gr.Button(
                label("cm_go_on"), size="sm", visible=False, elem_id=f"compare-on-{number}", elem_classes="compare-on"
            )
        return Side(box, model, temperature, reply, status, go_on)

    def wire(self, demo: gr.Blocks) -> None:
        """Connect the events."""
        drawn = [self.memory, self.note, self.prompt, self.ask, self.go, self.stop_button, self.count]
        drawn += [part for side in self.sides for part in side.parts]
        boxes: list[Component] = [side.box for side in self.sides]  # type: ignore[misc]  # a block that can be shown
        chosen = [part for side in self.sides for part in (side.model, side.temperature)]
        asked: set[Component] = {self.ask, self.count, self.memory, *chosen}
        on([self.chat.sidebar.compare.click], self.open, [self.memory], [*drawn, *boxes])
        on([demo.load], self.load, [self.memory], [*drawn, *boxes])
        on([self.ask.submit, self.go.click], self.run, asked, drawn)
        on([self.stop_button.click], self.stop, [self.memory], [self.note], queue=False)
        on([self.count.input], self.show, [self.count, self.memory], [self.memory, *boxes])
        for number, side in enumerate(self.sides):
            on([side.go_on.click], self._going_on(number), [self.memory], self.chat.outputs)

    # Events

    async def open(self, memory: object, request: gr.Request) -> AsyncIterator[Updates]:
        """Show what was chosen last, and the replies of the last prompt."""
        words, kept = words_of(request), _kept(memory)
        models, heats = kept["models"], kept["temperatures"]
        count = _count(kept["count"])
        offered = choices.of_kind(self.studio, "chat")
        others = [id for _, id in offered.pairs if id != offered.value]
        updates: Updates = {self.count: count, self.note: "", **self._boxes(count)}
        for number, side in enumerate(self.sides):
            ids = [id for _, id in offered.pairs]
            before = models[number] if isinstance(models, list) and number < len(models) else None
            usual = ([offered.value, *others] + [offered.value] * MOST)[number]
            updates[side.model] = gr.Dropdown(choices=offered.pairs, value=before if before in ids else usual)
            heat = heats[number] if isinstance(heats, list) and number < len(heats) else None
            updates[side.temperature] = heat if isinstance(heat, int | float) else TEMPERATURE
        if offered.value is None:
            updates[self.note] = choices.hint(self.studio, None, words)
        yield updates
        jobs = self._jobs(kept, caller_of(request))
        if any(jobs):
            async for followed in self._follow(jobs, str(kept["prompt"]), request):
                yield followed

    async def load(self, memory: object, request: gr.Request) -> AsyncIterator[Updates]:
        """Come back to the replies of the last prompt, if there is one."""
        if any(self._jobs(_kept(memory), caller_of(request))):
            async for updates in self.open(memory, request):
                yield updates

    async def run(self, given: Given, request: gr.Request) -> AsyncIterator[Updates]:
        """Ask every model the same, and follow all replies."""
        words, caller = words_of(request), caller_of(request)
        prompt, count = str(given.get(self.ask) or ""), _count(given.get(self.count))
        if not prompt.strip():
            return
        sides = self.sides[:count]
        asked = [
            ChatRequest(
                messages=(Message("user", prompt),),
                model=str(given.get(side.model) or "") or None,
                temperature=heat if isinstance(heat := given.get(side.temperature), int | float) else None,
                max_tokens=MAX_TOKENS,
            )
            for side in sides
        ]
        jobs, refused = await asyncio.to_thread(self._submit, asked, caller)
        if not any(jobs):
            yield {self.note: render.failure(words, refused[0]), self.ask: prompt}
            return
        memory: dict[str, object] = {
            "models": [given.get(side.model) for side in self.sides],
            "temperatures": [given.get(side.temperature) for side in self.sides],
            "count": count,
            "jobs": [job.id if job else "" for job in jobs],
            "prompt": prompt,
        }
        yield {self.memory: memory, self.ask: "", self.note: ""}
        told = dict(zip(_absent(jobs), refused, strict=True))
        async for updates in self._follow(jobs, prompt, request, told):
            yield updates

    def stop(self, memory: object, request: gr.Request) -> Updates:
        """Stop every reply that is being written; the follower tells the rest."""
        for job in self._jobs(_kept(memory), caller_of(request)):
            if job is not None:
                job.cancel()
        return {self.note: gr.skip()}

    def show(self, count: object, memory: object) -> Updates:
        """Show so many models side by side."""
        return {self.memory: {**_kept(memory), "count": _count(count)}, **self._boxes(_count(count))}

    def _going_on(self, number: int):  # type: ignore[no-untyped-def]  # a handler, whose form Gradio reads
        async def go_on(memory: object, request: gr.Request) -> AsyncIterator[Updates]:
            """Open a conversation that begins with this reply."""
            words, caller = words_of(request), caller_of(request)
            ids = _kept(memory)["jobs"]
            wanted = ids[number] if isinstance(ids, list) and number < len(ids) else ""
            try:
                conversation = await asyncio.to_thread(self.studio.adopt, str(wanted), caller)
            except StudioError as exc:
                yield {self.chat.status: render.failure(words, exc)}
                return
            async for updates in self.chat.load({"id": conversation.id}, request):
                yield updates

        return go_on

    # Pieces

    def _submit(self, asked: Sequence[ChatRequest], caller: Caller) -> tuple[list[Job | None], list[StudioError]]:
        """Submit each; None and the error, in order, where one is refused."""
        jobs: list[Job | None] = []
        refused: list[StudioError] = []
        for one in asked:
            try:
                jobs.append(self.studio.submit(one, caller))
            except StudioError as exc:
                jobs.append(None)
                refused.append(exc)
        return jobs, refused

    def _jobs(self, kept: Mapping[str, object], caller: Caller) -> list[Job | None]:
        """Return the jobs of the last prompt; None where the studio has forgotten one."""
        found: list[Job | None] = []
        ids = kept["jobs"]
        for job_id in ids if isinstance(ids, list) else []:
            try:
                found.append(self.studio.job(str(job_id), caller))
            except StudioError:
                found.append(None)
        return found[:MOST]

    def _boxes(self, count: int) -> Updates:
        updates: Updates = {}
        for number, side in enumerate(self.sides):
            updates[side.box] = gr.Column(visible=number < count)  # type: ignore[index]  # a block that can be shown
        return updates

    async def _follow(
        self,
        jobs: Sequence[Job | None],
        prompt: str,
        request: gr.Request,
        refused: Mapping[int, StudioError] | None = None,
    ) -> AsyncIterator[Updates]:
        words = words_of(request)
        turn = self.turns.take(page_of(request), "compare")
        side_of = [side for side, job in zip(self.sides, jobs, strict=False) if job is not None]
        # A button that is hidden and shown again in one breath stays hidden, so what has ended is shown as it is.
        running = any(job is not None and not job.finished for job in jobs)
        begun: Updates = {self.prompt: f'<p class="asked">{render.escape(prompt)}</p>'}
        if running:
            begun |= {self.go: gr.Button(visible=False), self.stop_button: gr.Button(visible=True)}
        for number, side in enumerate(self.sides):
            error = (refused or {}).get(number)
            begun |= {side.reply: [], side.status: render.failure(words, error) if error is not None else ""}
            if running or side not in side_of:
                begun[side.go_on] = gr.Button(visible=False)
        yield begun
        seen: dict[str, int] = {}
        async for views in follow_all([job for job in jobs if job is not None], turn):
            updates: Updates = {}
            for side, view in zip(side_of, views, strict=True):
                if seen.get(view.job.id) != view.seen:
                    seen[view.job.id] = view.seen
                    updates |= _told(side, view, words)
            if updates:
                yield updates
        if running and not turn.over:
            yield {self.go: gr.Button(visible=True), self.stop_button: gr.Button(visible=False)}


def _told(side: Side, view: View, words: Words) -> Updates:
    """Return what one model has said so far, and once it has ended what that cost."""
    updates: Updates = {side.reply: growing(view, words)}
    if view.end is None:
        updates[side.status] = render.waiting(words, view) or ("" if view.text else render.busy(words("starting")))
        return updates
    told = render.failure(words, view.end) if isinstance(view.end, Failed) else ""
    if view.job.state == "cancelled":
        told = render.cost([words("stopped")])
    updates[side.status] = told + render.cost(chat_cost(figures_of(view), words))
    updates[side.go_on] = gr.Button(visible=bool(view.text))
    return updates


def _absent(jobs: Sequence[Job | None]) -> list[int]:
    return [number for number, job in enumerate(jobs) if job is None]


def _kept(memory: object) -> dict[str, object]:
    """Return what a browser remembers, whatever it sent."""
    return {**NOTHING, **memory} if isinstance(memory, Mapping) else dict(NOTHING)


def _count(value: object) -> int:
    return max(FEWEST, min(MOST, value)) if isinstance(value, int) and not isinstance(value, bool) else FEWEST
