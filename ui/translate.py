"""The Translate panel: two panes, translated live as one types; a missing pair is offered with its size."""

import asyncio
from collections.abc import AsyncIterator

import gradio as gr

from studio import (
    Cancelled,
    Failed,
    Job,
    Pair,
    Studio,
    StudioError,
    TranslateRequest,
)
from ui import render
from ui.caller import caller_of, page_of
from ui.fetch import fetch
from ui.follow import Turn, Turns, View, follow
from ui.panel import Panel, Updates, area, event_text, on
from ui.words import Words, label, words_of

DETECT = "auto"


class TranslatePanel(Panel):
    """Builds the panel and answers its events."""

    def __init__(self, studio: Studio, turns: Turns) -> None:
        super().__init__(studio, turns)
        # The last job of each open page: what one types next makes it worthless, so it is stopped.
        self._last_job: dict[str, Job] = {}

    def build(self) -> None:
        """Lay the panel out inside the open tab."""
        with gr.Column(elem_id="translate", elem_classes="sheet wide"):
            area(render.head("tr_title"), elem_classes="head")
            with gr.Row(elem_id="tr-languages"):
                self.source = gr.Dropdown(label=label("tr_from"), choices=[], elem_id="tr-source", scale=1)
                self.swap = gr.Button(label("tr_swap"), elem_id="tr-swap", elem_classes="swap", scale=0, min_width=44)
                self.target = gr.Dropdown(label=label("tr_to"), choices=[], elem_id="tr-target", scale=1)
            with gr.Row(elem_id="tr-panes"):
                with gr.Column(min_width=280):
                    self.text = gr.Textbox(
                        label=label("tr_text"),
                        show_label=False,
                        placeholder=label("tr_type"),
                        lines=10,
                        max_lines=24,
                        elem_id="tr-text",
                        container=False,
                    )
                    self.below_text = area(elem_id="tr-below", script=render.CLICKS)
                with gr.Column(min_width=280):
                    self.result = gr.Textbox(
                        label=label("tr_result"),
                        show_label=False,
                        container=False,
                        lines=10,
                        max_lines=24,
                        interactive=False,
                        elem_id="tr-result",
                    )
                    self.status = area(elem_id="tr-status", script=render.CLICKS)
            # hearth.js clicks it when the keys have been still for a moment.
            self.go = gr.Button(label("tr_go"), visible="hidden", elem_id="tr-go")

    def wire(self, demo: gr.Blocks) -> None:
        """Connect the events."""
        form = [self.text, self.source, self.target]
        outputs = [*form, self.result, self.below_text, self.status]
        on([demo.load], self.load, [], outputs)
        on([self.go.click, self.source.input, self.target.input], self.translate, form, outputs)
        on([self.swap.click], self.swap_languages, [*form, self.result], outputs)
        on([self.below_text.click, self.status.click], self.act, form, outputs)

    # Events

    async def load(self, request: gr.Request) -> AsyncIterator[Updates]:
        """Offer the languages, and follow the translation that still runs, if one does."""
        words, caller = words_of(request), caller_of(request)
        pairs = await asyncio.to_thread(self.studio.pairs)
        yield {**self._languages(pairs, words), self.below_text: _start(words)}
        running = self.studio.jobs(caller, "translation")
        job = running[-1] if running else None
        if job is None or job.caller.via != "ui" or not isinstance(job.request, TranslateRequest):
            return
        asked = job.request
        yield {
            self.text: asked.text,
            self.source: asked.source_lang or DETECT,
            self.target: asked.target_lang,
            self.below_text: _below(asked.text, words),
        }
        async for updates in self._follow(job, words, self.turns.take(page_of(request), "translate")):
            yield updates

    async def translate(self, text: str, source: str, target: str, request: gr.Request) -> AsyncIterator[Updates]:
        """Translate what stands on the left; the newest text wins and stops the job before it."""
        words, caller, page = words_of(request), caller_of(request), page_of(request)
        turn = self.turns.take(page, "translate")
        before = self._last_job.pop(page, None)
        if before is not None:
            before.cancel()
        if not text.strip():
            yield {self.result: "", self.status: "", self.below_text: _start(words)}
            return
        if source == target:
            yield {self.status: render.notice("", words("tr_same"), kind="info")}
            return
        yield {self.below_text: _below(text, words)}
        asked = TranslateRequest(text=text, target_lang=target, source_lang=None if source == DETECT else source)
        try:
            job = self._last_job[page] = await asyncio.to_thread(self.studio.submit, asked, caller)
        except StudioError as exc:
            yield {self.result: "", self.status: self._refused(exc, words)}
            return
        except Exception as exc:
            yield {self.result: "", self.status: render.crash(words, exc)}
            return
        async for updates in self._follow(job, words, turn):
            yield updates
        if self._last_job.get(page) is job:
            del self._last_job[page]

    async def swap_languages(
        self, text: str, source: str, target: str, result: str, request: gr.Request
    ) -> AsyncIterator[Updates]:
        """Swap the languages; the translation becomes the text."""
        if source == DETECT:
            found = await asyncio.to_thread(self.studio.detect, text) if text.strip() else []
            source = found[0][0] if found else next((pair.target for pair in self._from(target)), target)
        text, source, target = result or text, target, source
        yield {self.text: text, self.source: source, self.target: target}
        async for updates in self.translate(text, source, target, request):
            yield updates

    async def act(
        self, text: str, source: str, target: str, request: gr.Request, event: gr.EventData
    ) -> AsyncIterator[Updates]:
        """Take the example, fetch a missing pair, or cancel that."""
        words, caller = words_of(request), caller_of(request)
        act, told = event_text(event, "act"), event_text(event, "id")
        if act == "example":
            text = words("tr_example")
            yield {self.text: text}
        elif act == "fetch":
            try:
                turn = self.turns.take(page_of(request), "translate")
                whole = False
                async for fetched in fetch(self.studio, told.split(","), caller, words, turn):
                    yield {self.status: fetched.shown}
                    whole = fetched.whole
                if not whole:
                    return
            except StudioError as exc:
                yield {self.status: render.failure(words, exc)}
                return
        elif act == "cancel":
            for job in self.studio.jobs(caller, "download"):
                if job.id == told:
                    job.cancel()
            return
        else:
            return
        async for updates in self.translate(text, source, target, request):
            yield updates

    # Pieces

    def _from(self, source: str) -> list[Pair]:
        return sorted(
            (pair for pair in self.studio.pairs() if pair.source == source), key=lambda pair: not pair.installed
        )

    def _languages(self, pairs: list[Pair], words: Words) -> Updates:
        """Return the two lists of languages: those that work now first, then what can be fetched."""
        ready = {code for pair in pairs if pair.installed for code in (pair.source, pair.target)}
        codes = {code for pair in pairs for code in (pair.source, pair.target)}
        ordered = sorted(codes, key=lambda code: (code not in ready, words.language_name(code)))
        named = [(words.language_name(code), code) for code in ordered]
        targets = sorted(
            (not pair.installed, pair.source != "en", pair.target != words.language, pair.target)
            for pair in pairs
            if pair.source == "en" or pair.installed
        )
        return {
            self.source: gr.Dropdown(choices=[(words("tr_detect"), DETECT), *named], value=DETECT),
            self.target: gr.Dropdown(choices=named, value=targets[0][-1] if targets else None),
        }

    async def _follow(self, job: Job, words: Words, turn: Turn) -> AsyncIterator[Updates]:
        async for view in follow(job, turn):
            updates: Updates = {self.result: view.text}
            if view.detected is not None:
                updates[self.below_text] = _below(_text_of(job), words, view)
            if isinstance(view.end, Failed):
                updates[self.status] = self._refused(view.end, words)
            elif isinstance(view.end, Cancelled):
                updates[self.status] = ""
            elif view.end is not None:
                updates[self.status] = self._finished(view, words)
            else:
                updates[self.status] = render.waiting(words, view)
            yield updates

    def _finished(self, view: View, words: Words) -> str:
        """Return what it cost, and the button that copies the translation."""
        spec = view.job.spec
        spent = render.cost([words("took", n=words.duration(view.duration_s)), spec.title if spec else ""])
        return f'<div class="below">{spent}{render.copy(words, "#tr-result textarea")}</div>'

    def _refused(self, error: StudioError | Failed, words: Words) -> str:
        """Return an error as a notice; a pair that can be fetched comes with its button."""
        details = error.details
        source, target, models = details.get("source_lang"), details.get("target_lang"), details.get("models")
        if error.code == "model_not_installed" and isinstance(models, str) and models:
            size = words.size(int(details.get("size_bytes") or 0))
            action = render.button(words("tr_fetch", size=size), "fetch", models, kind="second", drawing="down")
            names = {"source": words.language_name(str(source)), "target": words.language_name(str(target))}
            return render.notice("", words("tr_missing", **names, size=size), kind="info", action=action)
        return render.failure(words, error)


def _text_of(job: Job) -> str:
    return job.request.text if isinstance(job.request, TranslateRequest) else ""


def _start(words: Words) -> str:
    return render.empty(words("tr_empty"), words("tr_example"))


def _below(text: str, words: Words, view: View | None = None) -> str:
    """Return the counter below the text, and which language it seems to be in."""
    found = view.detected if view is not None else None
    language = ""
    if found is not None:
        percent = words.number(found.confidence * 100)
        language = words("tr_detected", language=words.language_name(found.language), n=percent)
    return render.cost([words.count("n_characters", len(text)), language])
