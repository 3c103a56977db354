"""The Translate panel: two panes, translated live as one types; a missing pair is offered with its size."""

import asyncio
from collections.abc import AsyncIterator

import gradio as gr

from studio import (
    Cancelled,
    Failed,
    Interaction,
    Job,
    Studio,
    StudioError,
    TranslateRequest,
)
from ui import render
from ui.caller import caller_of, page_of
from ui.fetch import fetch
from ui.follow import INTERVAL_S, Turn, Turns, View, follow
from ui.glossary import GlossaryPart, MemoryPart
from ui.panel import Panel, Updates, area, event_text, on
from ui.translate_documents import DocumentsPart
from ui.translation import Shown, below_result, below_source, contrary, pane, placed, remarks, working
from ui.translation_choices import ANY, DETECT, ENGINES, TONES, kept_form, offer, read_form
from ui.translation_history import History
from ui.translation_listening import spoken
from ui.translation_offers import beginning, doubt, refused, targets_of
from ui.translation_wordings import EDITS, Wordings
from ui.words import Words, label, words_of

# A long translation is sent whole each time it has grown: then less often.
LONG_CHARACTERS = 10_000
LONG_INTERVAL_S = 1.0
# What this tab had before it was reloaded, kept by the browser alone; see assets/translate.js.
KEPT = "() => sessionStorage.getItem('hearth-translate') || ''"


class TranslatePanel(Panel):
    """Builds the panel and answers its events."""

    def __init__(self, studio: Studio, turns: Turns) -> None:
        super().__init__(studio, turns)
        # The last job of each open page: what one types next makes it worthless, so it is stopped.
        self._last_job: dict[str, Job] = {}
        self.wordings = Wordings(studio, turns)
        self.history = History(studio, self.reopen)
        self.parts = (DocumentsPart(studio, turns), GlossaryPart(studio, turns), MemoryPart(studio, turns))

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
                    self.result = area(elem_id="tr-result", script=EDITS)
                    self.status = area(elem_id="tr-status", script=render.CLICKS)
            self.player = area(elem_id="tr-player", script=render.CLICKS)
            self.shown = gr.State(Shown())
            self.wordings.build(self.result, self.shown)
            self.parts[0].build()
            self._build_drawer()
            self.history.build()
            # hearth.js clicks it when the keys have been still for a moment.
            self.go = gr.Button(label("tr_go"), visible="hidden", elem_id="tr-go")
            self.kept = gr.Textbox(visible="hidden", elem_id="tr-kept", show_label=False)
            self.form = area(elem_id="tr-form")
            for part in self.parts[1:]:
                part.build()

    def _build_drawer(self) -> None:
        with gr.Accordion(label("tr_settings"), open=False, elem_id="tr-drawer"), gr.Row():
            self.engine = gr.Dropdown(
                label=label("tr_engine"), info=label("tr_engine_hint"), choices=[], elem_id="tr-engine", scale=1
            )
            self.tone = gr.Radio(
                label=label("tr_tone"),
                info=label("tr_tone_hint"),
                choices=[(label(f"tr_tone_{name or 'any'}"), name) for name in (ANY, *TONES)],
                value=ANY,
                visible=False,
                elem_id="tr-tone",
                scale=1,
            )

    def wire(self, demo: gr.Blocks) -> None:
        """Connect the events."""
        form = [self.text, self.source, self.target, self.engine, self.tone]
        box = self.wordings.box
        outputs = [*form, self.result, self.below_text, self.status, self.shown, self.form, self.player, box]
        on([demo.load], self.load, [self.kept], outputs, script=KEPT)
        changed = [self.go.click, self.source.input, self.target.input, self.engine.input, self.tone.input]
        on(changed, self.translate, form, outputs)
        on([self.swap.click], self.swap_languages, [*form, self.shown], outputs)
        clicked = [self.below_text.click, self.status.click, self.player.click, box.click]
        on(clicked, self.act, [*form, self.shown], outputs)
        pointed = [self.result.click, box.click]
        on(pointed, self.wordings.act, [self.shown, self.wordings.known], self.wordings.outputs)
        self.history.wire(outputs)
        for part in self.parts:
            part.wire(demo, self.source, self.target)
        *_, memory = self.parts
        on([self.wordings.kept.change], memory.show, [self.source, self.target], [memory.told, memory.list])

    # Events

    async def load(self, kept: str, request: gr.Request) -> AsyncIterator[Updates]:
        """Offer the languages; follow the translation that still runs, else show what this tab had."""
        words, caller = words_of(request), caller_of(request)
        had = read_form(kept)
        offered = await asyncio.to_thread(offer, self.studio, words, had)
        yield {
            self.source: gr.Dropdown(choices=offered.sources, value=offered.source),
            self.target: gr.Dropdown(choices=offered.targets, value=offered.target),
            self.engine: gr.Dropdown(choices=offered.engines, value=offered.engine),
            self.tone: gr.Radio(value=offered.tone, visible=offered.engine == "chat"),
            self.below_text: await asyncio.to_thread(beginning, self.studio, words),
            self.result: pane(Shown(), words),
        }
        running = self.studio.jobs(caller, "translation")
        job = running[-1] if running else None
        if job is not None and job.caller.via == "ui" and isinstance(job.request, TranslateRequest):
            asked = job.request
            yield {
                self.text: asked.text,
                self.source: asked.source_lang or DETECT,
                self.target: asked.target_lang,
                self.below_text: below_source(asked.text, words),
            }
            async for updates in self._follow(job, words, self.turns.take(page_of(request), "translate")):
                yield updates
        elif text := had.get("text", ""):
            yield {self.text: text}  # translate.js asks for its translation once the panel is drawn

    async def translate(
        self, text: str, source: str, target: str, engine: str | None, tone: str | None, request: gr.Request
    ) -> AsyncIterator[Updates]:
        """Translate what stands on the left; the newest text wins and stops the job before it."""
        words, caller, page = words_of(request), caller_of(request), page_of(request)
        turn = self.turns.take(page, "translate")
        before = self._last_job.pop(page, None)
        if before is not None:
            before.cancel()
        form = {"source": source, "target": target, "engine": engine or ANY, "tone": tone or ANY}
        yield {self.form: kept_form(form), self.tone: gr.Radio(visible=engine == "chat"), self.wordings.box: ""}
        if not text.strip():
            start = await asyncio.to_thread(beginning, self.studio, words)
            yield {**self._nothing(words), self.status: "", self.below_text: start}
            return
        if source == target:
            yield {self.status: render.notice("", words("tr_same"), kind="info")}
            return
        yield {self.below_text: below_source(text, words)}
        asked = TranslateRequest(
            text=text,
            target_lang=target,
            source_lang=None if source == DETECT else source,
            engine=ENGINES.get(engine or ""),
            tone=TONES.get(tone or "") if engine == "chat" else None,
        )
        try:
            job = await asyncio.to_thread(self.studio.submit, asked, caller)
        except StudioError as exc:
            yield {**self._nothing(words), self.status: refused(self.studio, exc, words)}
            return
        except Exception as exc:
            yield {**self._nothing(words), self.status: render.crash(words, exc)}
            return
        if turn.over:  # a newer text came while this one was on its way, and did not know of it yet
            job.cancel()
            return
        self._last_job[page] = job
        async for updates in self._follow(job, words, turn):
            yield updates
        if self._last_job.get(page) is job:
            del self._last_job[page]

    async def swap_languages(
        self,
        text: str,
        source: str,
        target: str,
        engine: str | None,
        tone: str | None,
        shown: Shown,
        request: gr.Request,
    ) -> AsyncIterator[Updates]:
        """Swap the languages; the translation becomes the text."""
        if source == DETECT:
            found = await asyncio.to_thread(self.studio.detect, text) if text.strip() else []
            source = found[0][0] if found else next((pair.target for pair in targets_of(self.studio, target)), target)
        text, source, target = (shown.result if text.strip() else "") or text, target, source
        yield {self.text: text, self.source: source, self.target: target}
        async for updates in self.translate(text, source, target, engine, tone, request):
            yield updates

    async def act(
        self,
        text: str,
        source: str,
        target: str,
        engine: str | None,
        tone: str | None,
        shown: Shown,
        request: gr.Request,
        event: gr.EventData,
    ) -> AsyncIterator[Updates]:
        """Do what was clicked: an example, a language, a download, listening."""
        words, caller = words_of(request), caller_of(request)
        act, told = event_text(event, "act"), event_text(event, "id")
        if act in ("listen", "close-player", "fetch-voice"):
            async for updates in self._listen(act, told, source, text, shown, request):
                yield updates
            return
        if act == "cancel":  # a download, or the translation itself
            for job in self.studio.jobs(caller):
                if job.id == told:
                    job.cancel()
            return
        if act == "example":
            text = words("tr_example")
            yield {self.text: text}
        elif act == "clear":
            text = ""
            yield {self.text: text, self.player: ""}
        elif act == "from":
            source = told
            yield {self.source: source}
        elif act == "to":
            target = told
            yield {self.target: target}
        elif act == "fetch":
            here, shown_now = False, ""
            async for shown_now, whole in self._fetch(told, request):
                here = whole
                yield {self.status: shown_now, self.wordings.box: ""}
            if not here:
                if 'role="alert"' in shown_now:  # what failed may be tried again right here
                    retry = render.button(words("tr_retry"), "fetch", told, kind="second", drawing="again")
                    yield {self.status: shown_now + retry}
                return
            if not text.strip() and told.endswith(f"-{words.language}-en"):  # the pair of the page's own language
                target = words.language
                yield {self.target: target}
        elif act == "engine":
            engine = told
            yield {self.engine: engine}
        else:
            return
        async for updates in self.translate(text, source, target, engine, tone, request):
            yield updates

    async def _listen(
        self, act: str, told: str, source: str, text: str, shown: Shown, request: gr.Request
    ) -> AsyncIterator[Updates]:
        """Read one side aloud, stop that, or fetch a voice that can."""
        words, caller = words_of(request), caller_of(request)
        if act == "close-player":
            for job in self.studio.jobs(caller, "speech"):
                if job.id == told:
                    job.cancel()
            yield {self.player: ""}
            return
        if act == "fetch-voice":
            async for shown_now, whole in self._fetch(told, request):
                done = render.notice("", words("tr_voice_here"), kind="info") if whole else shown_now
                yield {self.player: done}
            return
        if told == "result":
            text, language = shown.result, shown.target
        else:
            found = [] if source != DETECT else await asyncio.to_thread(self.studio.detect, text)
            language = source if source != DETECT else (found[0][0] if found else "")
        if not text.strip():
            return
        async for player in spoken(self.studio, text, language, request, caller, words):
            yield {self.player: player}

    async def _fetch(self, models: str, request: gr.Request) -> AsyncIterator[tuple[str, bool]]:
        """Yield how far a download is, and whether all of it is here."""
        words = words_of(request)
        try:
            turn = self.turns.take(page_of(request), "translate-fetch")
            async for fetched in fetch(self.studio, models.split(","), caller_of(request), words, turn):
                yield fetched.shown, fetched.whole
        except StudioError as exc:
            yield render.failure(words, exc), False

    def reopen(self, row: Interaction, words: Words) -> Updates:
        """Show a past translation as it was."""
        source, target = (str(row.parameters.get(name) or "") for name in ("source_lang", "target_lang"))
        shown = Shown(row.input or "", row.output or "", source or None, target, row.model or "")
        return {
            self.text: shown.text,
            self.source: source or DETECT,
            self.target: target,
            self.shown: shown,
            self.result: pane(shown, words),
            self.below_text: below_source(shown.text, words),
            self.status: below_result(words, [row.model or ""]),
            self.wordings.box: "",
            self.form: kept_form({"source": source or DETECT, "target": target}),
        }

    # Pieces

    def _nothing(self, words: Words) -> Updates:
        return {self.result: pane(Shown(), words), self.shown: Shown()}

    async def _follow(self, job: Job, words: Words, turn: Turn) -> AsyncIterator[Updates]:
        text = _text_of(job)
        interval = LONG_INTERVAL_S if len(text) > LONG_CHARACTERS else INTERVAL_S
        found: list[tuple[str, float]] = []
        async for view in follow(job, turn, interval):
            # A language that was chosen is looked at too, once it is done: it may be the wrong one.
            if not found and (view.detected is not None or view.end is not None):
                found = await asyncio.to_thread(self.studio.detect, text)
            # No wait from here on: the view goes on growing meanwhile, and one update must be of one moment.
            shown = _shown(job, view)
            updates: Updates = {self.result: pane(shown, words, growing=view.end is None)}
            if view.detected is not None:
                updates[self.below_text] = below_source(text, words, found)
            if isinstance(view.end, Failed):
                updates[self.status] = refused(self.studio, view.end, words)
                updates |= self._nothing(words)
            elif isinstance(view.end, Cancelled):
                updates[self.status] = below_result(words, [words("tr_stopped"), *remarks(shown, words)])
                updates[self.shown] = shown
            elif view.end is not None:
                spec = view.job.spec
                took = words("took", n=words.duration(view.duration_s))
                parts = [took, spec.title if spec else "", *remarks(shown, words), doubt(spec, shown, words)]
                updates[self.status] = below_result(words, parts)
                updates[self.shown] = shown
                wrong = view.detected is None and not self.studio.settings.demo
                if wrong and (other := contrary(found, shown)):
                    updates[self.below_text] = below_source(text, words, rather=other)
            else:
                updates[self.status] = render.waiting(words, view) or working(words, view)
            yield updates


def _text_of(job: Job) -> str:
    return job.request.text if isinstance(job.request, TranslateRequest) else ""


def _shown(job: Job, view: View) -> Shown:
    asked = job.request
    assert isinstance(asked, TranslateRequest)
    source = asked.source_lang or (view.detected.language if view.detected is not None else None)
    places = placed([event for _, event in job.snapshot()])
    return Shown(asked.text, view.text, source, asked.target_lang, job.spec.id if job.spec else "", places)
