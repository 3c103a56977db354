"""The Images panel: a prompt, the picture as it forms, the queue, and the pictures made so far."""

import asyncio
from collections.abc import AsyncIterator
from importlib import resources

import gradio as gr
from gradio.components import Component

from studio import (
    Caller,
    Cancelled,
    ChatRequest,
    Done,
    Failed,
    ImageParameters,
    ImageRequest,
    InvalidRequest,
    Job,
    Message,
    Studio,
    StudioError,
)  # fmt: skip
from ui import choices, render
from ui.caller import caller_of, page_of
from ui.fetch import model_of
from ui.follow import Turn, Turns, View, follow
from ui.image_form import Given, ImageForm, text_of
from ui.image_gallery import ImageGallery, figures
from ui.image_grid import ImageGridTable
from ui.image_queue import ImageQueueList
from ui.image_source import ImageSource
from ui.image_start import ImageStart
from ui.panel import Panel, Updates, area, event_text, on, stop_button
from ui.words import Words, label, words_of

# A preview is a whole picture inside the page; a few a second are enough to see it form.
INTERVAL_S = 0.25
IMPROVED_TOKENS = 120


class ImagesPanel(Panel):
    """Builds the panel and answers its events."""

    def __init__(self, studio: Studio, turns: Turns) -> None:
        super().__init__(studio, turns)
        self.form, self.source, self.queue = ImageForm(studio), ImageSource(studio), ImageQueueList(studio)
        self.found, self.grid, self.start = ImageGallery(studio), ImageGridTable(studio), ImageStart(studio)
        self._writing: dict[str, Job] = {}  # what writes a prompt out, by page

    def build(self) -> None:
        """Lay the panel out inside the open tab."""
        with gr.Row(elem_id="images", elem_classes="desk"):
            with gr.Column(elem_classes="work"):
                area(render.head("im_title", aside=True), elem_classes="head")
                self.form.build_prompt()
                with gr.Row(elem_classes="actions"):
                    self.go = gr.Button(label("im_go"), variant="primary", elem_id="im-go", scale=0)
                    self.improve = gr.Button(label("im_improve"), elem_id="im-improve", scale=0, size="sm")
                    self.cancel = stop_button(label("cancel"), "im-cancel")
                script = (resources.files("ui") / "assets" / "images.js").read_text(encoding="utf-8")
                self.status = area(elem_id="im-status", script=render.CLICKS + script)
                self.preview = area(elem_id="im-preview")
                self.queue.build()
                self.grid.build_table()
                self.found.build()
            with gr.Column(elem_classes="aside"):
                self.form.build_settings()
                self.source.build()
                self.grid.build_drawer()

    # What handlers read and change

    @property
    def prompt(self) -> Component:
        """The prompt's field."""
        return self.form.prompt

    @property
    def gallery(self) -> Component:
        """Where the pictures are."""
        return self.found.grid

    @property
    def kept_up(self) -> list[Component]:
        """What other pages may have changed meanwhile."""
        return [*self.found.outputs, self.queue.list, self.grid.table]

    def wire(self, demo: gr.Blocks) -> None:
        """Connect the events."""
        form = {*self.form.fields, *self.source.fields, *self.found.fields, *self.grid.fields}
        shown = [
            *(self.prompt, self.status, self.preview, self.cancel, self.queue.list, self.grid.table),
            *self.found.outputs,
        ]
        on([demo.load], self.load, set(self.found.fields), [*shown, *self.form.told])
        on([self.go.click, self.form.prompt.submit], self.make, form, shown)
        on([self.status.click], self.act, form, [*shown, *self.form.told])
        on([self.queue.list.click], self.retry, set(self.found.fields), shown)
        on([self.cancel.click], self.stop, [], [self.status], queue=False)
        on([self.improve.click], self.improve_prompt, {self.form.prompt}, [self.prompt, self.status, self.cancel])
        on([self.form.model.input], self.tell_model, [self.form.model], self.form.told)
        on([self.grid.go.click], self.draw_grid, form, shown)
        filled = [*self.form.fields, *self.source.outputs]
        on([self.source.file.change], self.take_file, {self.source.file}, filled)
        on([self.found.grid.click], self.pick, set(self.found.fields), [*filled, *self.found.outputs, self.status])
        self.queue.wire_moves()
        self.grid.wire()
        self.found.wire()
        self.source.wire()

    # Events

    async def load(self, given: Given, request: gr.Request) -> AsyncIterator[Updates]:
        """Show the pictures made so far, and follow those that are being made."""
        words = words_of(request)
        started = await asyncio.to_thread(self.start.drawn, words, caller_of(request))
        yield {
            **self.form.tell(None, words),
            self.status: started,
            self.queue.list: await self.queue.drawn(request),
            self.grid.table: await self.grid.drawn(request),
            **await self.found.drawn(given, request),
        }
        if (job := await asyncio.to_thread(self.start.running, caller_of(request))) is not None:
            async for updates in self._fetch(model_of(job), request):
                yield updates
        if running := self._jobs(request):
            yield {self.prompt: str(getattr(running[0].request, "prompt", ""))}
            async for updates in self._follow(running[0], given, request):
                yield updates

    async def make(self, given: Given, request: gr.Request) -> AsyncIterator[Updates]:
        """Submit the form and follow what is being made."""
        words = words_of(request)
        try:
            asked = self.source.request(self.form.read(given, words), given, request)
            job = await asyncio.to_thread(self.studio.submit, asked, caller_of(request))
        except StudioError as exc:
            yield {self.status: self._failed(exc, request)}
            return
        except Exception as exc:
            yield {self.status: render.crash(words, exc)}
            return
        # A refused request leaves the follower of the running one alone.
        async for updates in self._follow(job, given, request):
            yield updates

    async def act(self, given: Given, request: gr.Request, event: gr.EventData) -> AsyncIterator[Updates]:
        """Take the example of the empty panel, or fetch the model that it offers."""
        act, target = event_text(event, "act"), event_text(event, "id")
        if act == "fetch":
            async for updates in self._fetch(target, request):
                yield updates
        elif act == "cancel":
            try:
                self.studio.job(target, caller_of(request)).cancel()
            except StudioError as exc:
                yield {self.status: self._failed(exc, request)}
        elif act == "unwrite":
            yield {self.prompt: target, self.status: ""}
        if act != "example":
            return
        prompt = await asyncio.to_thread(self.start.example, words_of(request))
        yield {self.prompt: prompt}
        async for updates in self.make({**given, self.prompt: prompt}, request):
            yield updates

    async def retry(self, given: Given, request: gr.Request, event: gr.EventData) -> AsyncIterator[Updates]:
        """Try an entry of the queue again and follow it."""
        if event_text(event, "act") != "retry":
            return
        entry_id = event_text(event, "id")
        try:
            job = await asyncio.to_thread(self.studio.retry_image, entry_id, caller_of(request))
        except StudioError as exc:
            yield {self.status: self._failed(exc, request), self.queue.list: await self.queue.drawn(request)}
            return
        async for updates in self._follow(job, given, request):
            yield updates

    async def draw_grid(self, given: Given, request: gr.Request) -> AsyncIterator[Updates]:
        """Submit a picture for each pair of values, and show them as a table as they come."""
        words = words_of(request)
        try:
            asked = self.source.request(self.form.read(given, words), given, request)
            if not isinstance(asked, ImageRequest):
                raise InvalidRequest(words("im_grid_enlarge"))
            planned = self.grid.plan(asked, given, words)
            jobs = await asyncio.to_thread(self.grid.submit, planned, caller_of(request))
        except StudioError as exc:
            yield {self.status: self._failed(exc, request)}
            return
        yield {self.grid.table: await self.grid.drawn(request)}
        async for updates in self._follow(jobs[-1], given, request):
            yield updates

    def stop(self, request: gr.Request) -> Updates:
        """Cancel what this person's pages are making; the followers tell the rest. What waits goes on waiting."""
        writing = self._writing.get(page_of(request))
        for job in [writing] if writing is not None else self._jobs(request)[:1]:
            job.cancel()
        return {self.status: gr.skip()}

    async def improve_prompt(self, given: Given, request: gr.Request) -> AsyncIterator[Updates]:
        """Let the chat model write the prompt out, with more to see in it."""
        words, prompt = words_of(request), text_of(given, self.form.prompt).strip()
        if not prompt:
            yield {self.status: render.notice("", words("im_improve_empty"), kind="info")}
            return
        yield {self.status: render.busy(words("im_improving")), self.cancel: gr.Button(visible=True)}
        asked = ChatRequest(
            messages=(Message("system", words("im_improve_ask")), Message("user", prompt)), max_tokens=IMPROVED_TOKENS
        )
        try:
            job = await asyncio.to_thread(self.studio.submit, asked, caller_of(request))
            self._writing[page_of(request)] = job
            ended = await job.ended()
            await asyncio.to_thread(job.wait)
        except StudioError as exc:
            yield {self.status: render.failure(words, exc), self.cancel: self._stoppable(request)}
            return
        finally:
            self._writing.pop(page_of(request), None)
        took = words.duration((job.times.finished or 0) - job.times.submitted)
        written = " ".join(job.text().split()).strip("\"' ")
        updates: Updates = {self.status: render.cost([words("stopped"), words("took", n=took)])}
        if isinstance(ended, Done) and written:
            undo = render.button(words("im_improve_undo"), "unwrite", prompt)
            told = render.cost([words("im_improved", took=took)])
            updates = {self.prompt: written, self.status: f'{told}<p class="acts">{undo}</p>'}
        yield {**updates, self.cancel: self._stoppable(request)}

    async def take_file(self, given: Given, request: gr.Request) -> Updates:
        """Take a picture that was dropped, and fill the form with what it says of itself."""
        updates, made = await self.source.take_file(text_of(given, self.source.file), request)
        return {**updates, **(self.form.filled(made) if made is not None else {})}

    async def pick(self, given: Given, request: gr.Request, event: gr.EventData) -> Updates:
        """Choose or star a picture, fill the form as it was made, or begin from it."""
        if (updates := await self.found.click(given, request, event)) is not None:
            return updates
        act, picture_id = event_text(event, "act"), event_text(event, "id")
        if act == "start":
            return self.source.take_picture(picture_id, request)
        if act != "again":
            return {self.found.tools: gr.skip()}
        try:
            made = await asyncio.to_thread(self._made, picture_id, caller_of(request))
        except StudioError as exc:
            return {self.found.tools: render.failure(words_of(request), exc)}
        told = render.notice("", words_of(request)("im_source_settings"), kind="info")
        return {**self.form.filled(made), self.status: told}

    def list_models(self, model: str | None, request: gr.Request) -> Updates:
        """Offer the image models that can be used now; the chosen one stays chosen, and a first one is begun with."""
        words = words_of(request)
        if model is None and choices.drawing(self.studio).value is None:
            self.studio.registry.refresh()  # one may have been put there by hand meanwhile
        updates = self.form.tell(model, words, anew=False)
        if model is None and choices.drawing(self.studio).value is not None:
            updates[self.status] = self.start.drawn(words, caller_of(request))
        return updates

    async def refresh(self, given: Given, request: gr.Request) -> Updates:
        """Show what other pages have drawn meanwhile."""
        updates = await self.found.drawn(given, request)
        del updates[self.found.compared]
        return {
            **updates,
            self.queue.list: await self.queue.drawn(request),
            self.grid.table: await self.grid.drawn(request),
        }

    def tell_model(self, model: str | None, request: gr.Request) -> Updates:
        """Say what the chosen model draws by itself and can't do."""
        return self.form.tell(model, words_of(request))

    # Pieces

    def _stoppable(self, request: gr.Request) -> gr.Button:
        return gr.Button(visible=bool(self._jobs(request)))

    def _made(self, picture_id: str, caller: Caller) -> ImageParameters:
        return self.studio.picture_parameters(picture_id, caller)

    def _jobs(self, request: gr.Request) -> list[Job]:
        """Return this person's unfinished jobs of the dashboard, the one that runs first, then those that wait."""
        jobs = [job for job in self.studio.jobs(caller_of(request), "image") if job.caller.via == "ui"]
        return sorted(jobs, key=lambda job: job.position)

    async def _fetch(self, model: str, request: gr.Request) -> AsyncIterator[Updates]:
        words, caller = words_of(request), caller_of(request)
        turn = self.turns.take(page_of(request), "image-model")
        async for told in self.start.fetched(model, caller, words, turn):
            yield {self.status: told}
        if not turn.over:
            yield self.form.tell(None, words)

    def _failed(self, error: StudioError | Failed, request: gr.Request) -> str:
        words = words_of(request)
        if error.code == "model_not_installed":
            return self.start.drawn(words, caller_of(request))
        return render.failure(words, error)

    async def _follow(self, job: Job, given: Given, request: gr.Request) -> AsyncIterator[Updates]:
        """Follow what runs and then what waits, until nothing does; ``job`` is told of if it has ended already."""
        turn = self.turns.take(page_of(request), "images")
        yield {self.cancel: gr.Button(visible=True), self.queue.list: await self.queue.drawn(request)}
        current: Job | None = next(iter(self._jobs(request)), job)
        while current is not None and not turn.over:
            async for updates in self._follow_one(current, turn, given, request):
                yield updates
            ended = current
            current = next((each for each in self._jobs(request) if each is not ended), None)
        if not turn.over:
            yield {self.cancel: gr.Button(visible=False), self.queue.list: await self.queue.drawn(request)}

    async def _follow_one(self, job: Job, turn: Turn, given: Given, request: gr.Request) -> AsyncIterator[Updates]:
        words = words_of(request)
        preview, done = None, 0
        async for view in follow(job, turn, INTERVAL_S):
            updates: Updates = {self.status: going(words, view)}
            if view.preview is not None and view.preview is not preview and view.end is None:
                preview = view.preview
                updates[self.preview] = f'<div class="forming">{render.data_image(preview, words("im_preview"))}</div>'
            if view.end is not None:
                updates = {
                    self.status: self._ending(view, request),
                    self.preview: "",
                    self.queue.list: await self.queue.drawn(request),
                    self.grid.table: await self.grid.drawn(request),
                }
            if view.end is not None or len(view.artifacts) > done:
                done = len(view.artifacts)
                updates |= await self.found.grown(given, request)
            yield updates

    def _ending(self, view: View, request: gr.Request) -> str:
        words = words_of(request)
        if isinstance(view.end, Failed):
            return self._failed(view.end, request)
        took = words("took", n=words.duration(view.duration_s))
        if isinstance(view.end, Cancelled):
            return render.cost([words("stopped"), took])
        assert isinstance(view.end, Done)
        return render.cost([took, *(figures(made.details, words) for made in view.artifacts[:1])]) + _note(view)


def going(words: Words, view: View) -> str:
    """Return how far the picture is."""
    told = view.progress
    if told is None or told.total <= 0:
        return render.waiting(words, view) or render.busy(words("starting"))
    step, total, which = told.step, told.total, ""
    asked = view.job.request
    if isinstance(asked, ImageRequest) and asked.num_images > 1:
        number, total = len(view.artifacts) + 1, told.total // asked.num_images
        step = min(max(0, told.step - total * (number - 1)), total)
        which = f"{words('im_of', i=min(number, asked.num_images), n=asked.num_images)} · "
    return render.busy(which + words("step", step=step, total=total), told.step / told.total) + _note(view)


def _note(view: View) -> str:
    """Return what the engine said of the request as a whole."""
    return f'<p class="hint">{render.escape(view.note)}</p>' if view.note else ""
