"""The Images panel: a prompt, the picture as it forms, and the pictures made so far."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import gradio as gr

from studio import Artifact, Cancelled, Done, Failed, ImageRequest, InvalidRequest, Job, StoredFile, StudioError
from ui import choices, render
from ui.caller import caller_of, link, page_of
from ui.follow import Turn, View, follow
from ui.panel import Panel, Updates, area, event_text, on, stop_button
from ui.words import Words, label, words_of

# A preview is a whole picture inside the page; a few a second are enough to see it form.
INTERVAL_S = 0.25
SHOWN = 24
MIME = "image/png"


class ImagesPanel(Panel):
    """Builds the panel and answers its events."""

    def build(self) -> None:
        """Lay the panel out inside the open tab."""
        with gr.Row(elem_id="images", elem_classes="desk"):
            with gr.Column(elem_classes="work"):
                area(render.head("im_title", aside=True), elem_classes="head")
                self.prompt = gr.Textbox(
                    label=label("im_prompt"), placeholder=label("im_prompt_hint"), lines=2, elem_id="im-prompt"
                )
                with gr.Row(elem_classes="actions"):
                    self.go = gr.Button(label("im_go"), variant="primary", elem_id="im-go", scale=0)
                    self.cancel = stop_button(label("cancel"), "im-cancel")
                self.status = area(elem_id="im-status", script=render.CLICKS)
                self.preview = area(elem_id="im-preview")
                self.gallery = area(elem_id="im-gallery")
            with gr.Column(elem_classes="aside"):
                self.model = gr.Dropdown(label=label("model"), choices=[], elem_id="im-model", filterable=False)
                self.hint = area()
                with gr.Accordion(label("settings"), open=False, elem_id="im-drawer"):
                    with gr.Row():
                        self.width = _figure("im_width", "im_default")
                        self.height = _figure("im_height", "im_default")
                    with gr.Row():
                        self.steps = _figure("im_steps", "im_default")
                        self.guidance = _figure("im_guidance", "im_default")
                    with gr.Row():
                        self.seed = _figure("im_seed", "im_random")
                        self.count = _figure("im_count", "im_one")
                    self.negative = gr.Textbox(label=label("im_negative"), lines=2, elem_id="im-negative")

    def wire(self, demo: gr.Blocks) -> None:
        """Connect the events."""
        form = [
            self.prompt, self.model, self.width, self.height, self.steps, self.guidance, self.seed, self.count,
            self.negative,
        ]  # fmt: skip
        outputs = [self.prompt, self.status, self.preview, self.gallery, self.go, self.cancel]
        on([demo.load], self.load, [], [*outputs, self.model, self.hint])
        on([self.go.click, self.prompt.submit], self.make, form, outputs)
        on([self.status.click], self.act, form, outputs)
        on([self.cancel.click], self.stop, [], [self.status], queue=False)
        on([self.model.input], self.tell_hint, [self.model], [self.hint])

    # Events

    async def load(self, request: gr.Request) -> AsyncIterator[Updates]:
        """Show the pictures made so far, and follow the one that is being made."""
        words, caller = words_of(request), caller_of(request)
        yield {**self.list_models(None, request), self.status: self._start(words), **await self._pictures(request)}
        running = [job for job in self.studio.jobs(caller, "image") if job.caller.via == "ui"]
        if running and isinstance(running[-1].request, ImageRequest):
            yield {self.prompt: running[-1].request.prompt}
            async for updates in self._follow(running[-1], request, self.turns.take(page_of(request), "images")):
                yield updates

    async def make(
        self,
        prompt: str,
        model: str | None,
        width: str | None,
        height: str | None,
        steps: str | None,
        guidance: str | None,
        seed: str | None,
        count: str | None,
        negative: str | None,
        request: gr.Request,
    ) -> AsyncIterator[Updates]:
        """Submit the request and follow it."""
        words = words_of(request)
        try:
            asked = ImageRequest(
                prompt=prompt,
                negative_prompt=negative or "",  # a drawer that was never opened tells nothing
                model=model,
                width=_whole(width, words),
                height=_whole(height, words),
                num_inference_steps=_whole(steps, words),
                guidance_scale=_number(guidance, words),
                seed=_whole(seed, words),
                num_images=_whole(count, words) or 1,
            )
            job = await asyncio.to_thread(self.studio.submit, asked, caller_of(request))
        except StudioError as exc:
            yield {self.status: self._failed(exc, words)}
            return
        except Exception as exc:
            yield {self.status: render.crash(words, exc)}
            return
        # A refused request leaves the follower of the running one alone.
        async for updates in self._follow(job, request, self.turns.take(page_of(request), "images")):
            yield updates

    async def act(
        self,
        prompt: str,
        model: str | None,
        width: str | None,
        height: str | None,
        steps: str | None,
        guidance: str | None,
        seed: str | None,
        count: str | None,
        negative: str | None,
        request: gr.Request,
        event: gr.EventData,
    ) -> AsyncIterator[Updates]:
        """Take the example of the empty panel."""
        if event_text(event, "act") != "example":
            return
        prompt = words_of(request)("im_example")
        yield {self.prompt: prompt}
        async for updates in self.make(prompt, model, width, height, steps, guidance, seed, count, negative, request):
            yield updates

    def stop(self, request: gr.Request) -> Updates:
        """Cancel what this person's pages are making; the followers tell the rest."""
        caller = caller_of(request)
        for job in self.studio.jobs(caller, "image"):
            if job.caller.via == "ui":
                job.cancel()
        return {self.status: gr.skip()}

    def list_models(self, model: str | None, request: gr.Request) -> Updates:
        """Offer the image models that can be used now; the chosen one stays chosen."""
        offered = choices.of_kind(self.studio, "image", model)
        return {
            self.model: gr.Dropdown(choices=offered.pairs, value=offered.value, visible=offered.value is not None),
            # With no model at all, the panel itself says what to do.
            self.hint: choices.hint(self.studio, offered.value, words_of(request)) if offered.value else "",
        }

    def tell_hint(self, model: str | None, request: gr.Request) -> Updates:
        """Say what the chosen model can't do."""
        return {self.hint: choices.hint(self.studio, model, words_of(request))}

    # Pieces

    def _start(self, words: Words) -> str:
        if choices.of_kind(self.studio, "image").value is None:
            if (command := self.studio.command_for("image")) is not None:
                return render.notice("", words("im_not_installed", command=command), kind="info")
            go = render.button(words("go_models"), "tab", "models", kind="second", drawing="arrow")
            return render.notice("", words("im_none"), kind="info", action=go)
        return render.empty(words("im_empty"), words("im_example"))

    def _failed(self, error: StudioError | Failed, words: Words) -> str:
        if error.code == "model_not_installed":
            return self._start(words)
        return render.failure(words, error)

    async def _follow(self, job: Job, request: gr.Request, turn: Turn) -> AsyncIterator[Updates]:
        words = words_of(request)
        yield {self.go: gr.Button(visible=False), self.cancel: gr.Button(visible=True)}
        preview = None
        async for view in follow(job, turn, INTERVAL_S):
            updates: Updates = {self.status: _going(words, view)}
            if view.preview is not None and view.preview is not preview and view.end is None:
                preview = view.preview
                updates[self.preview] = f'<div class="forming">{render.data_image(preview, words("im_preview"))}</div>'
            if view.end is not None:
                updates = {
                    self.status: self._ending(view, words),
                    self.preview: "",
                    self.go: gr.Button(visible=True),
                    self.cancel: gr.Button(visible=False),
                    **await self._pictures(request),
                }
            yield updates

    def _ending(self, view: View, words: Words) -> str:
        if isinstance(view.end, Failed):
            return self._failed(view.end, words)
        took = words("took", n=words.duration(view.duration_s))
        if isinstance(view.end, Cancelled):
            return render.cost([words("stopped"), took])
        assert isinstance(view.end, Done)
        return render.cost([took, *(_figures(made, words) for made in view.artifacts[:1])])

    async def _pictures(self, request: gr.Request) -> Updates:
        words, owner = words_of(request), caller_of(request).owner
        files: Sequence[StoredFile] = await asyncio.to_thread(self.studio.artifacts.latest, owner, MIME, SHOWN)
        cells = "".join(_cell(file, request, words) for file in files)
        return {self.gallery: f'<ul class="gallery">{cells}</ul>' if cells else ""}


def _going(words: Words, view: View) -> str:
    """Return how far the picture is."""
    told = view.progress
    if told is None or told.total <= 0:
        return render.waiting(words, view) or render.busy(words("starting"))
    return render.busy(words("step", step=told.step, total=told.total), told.step / told.total)


def _figures(made: Artifact | StoredFile, words: Words) -> str:
    details = made.details
    if not {"width", "height", "seed"} <= set(details):
        return ""
    return words("im_figures", width=details["width"], height=details["height"], seed=details["seed"])


def _cell(file: StoredFile, request: gr.Request, words: Words) -> str:
    address = render.escape(link(request, f"files/{file.id}"))
    figures = _figures(file, words)
    alt = render.escape(words("im_alt", prompt=figures))
    save = render.escape(words("im_save"))
    return (
        f'<li><a href="{address}" target="_blank" rel="noopener"><img src="{address}" alt="{alt}" loading="lazy"></a>'
        f'<p><span class="cost">{render.escape(figures)}</span>'
        f'<a class="btn quiet" href="{address}?download=1" download aria-label="{save}" title="{save}">'
        f"{render.icon('down')}</a></p></li>"
    )


def _figure(key: str, blank: str) -> gr.Textbox:
    """Return a field for a figure that may stay blank; Gradio's Number turns a blank into 0."""
    return gr.Textbox(
        label=label(key), placeholder=label(blank), max_lines=1, min_width=100, elem_id=key.replace("_", "-"),
        elem_classes="figure",
    )  # fmt: skip


def _number(text: str | None, words: Words) -> float | None:
    """Return what a field says, with either decimal sign; None for a blank one.

    Raises:
        InvalidRequest: It is no number.
    """
    if not text or not text.strip():
        return None
    try:
        return float(text.strip().replace(",", "."))
    except ValueError as exc:
        raise InvalidRequest(words("im_number", text=text[:40])) from exc


def _whole(text: str | None, words: Words) -> int | None:
    """Return what a field says as a whole number; None for a blank one.

    Raises:
        InvalidRequest: It is no whole number.
    """
    number = _number(text, words)
    if number is None:
        return None
    if not number.is_integer():
        raise InvalidRequest(words("im_whole", text=(text or "")[:40]))
    return int(number)
