"""Speech to text in the Speech panel: a recording kept in the library and written down while one watches."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import gradio as gr

from studio import (
    Cancelled,
    Failed,
    Job,
    SpeechRequest,
    Studio,
    StudioError,
    TranscribeRecordingRequest,
    TranscribeRequest,
)
from ui import choices, render
from ui.caller import caller_of, page_of
from ui.follow import Turn, Turns, View, follow
from ui.panel import Panel, Updates, area, event_text, on, stop_button
from ui.words import Words, both, label, words_of

LIVE = 40  # segments that are shown while there come more


class WritingDown(Panel):
    """Builds its half of the panel and answers its events."""

    def __init__(self, studio: Studio, turns: Turns) -> None:
        super().__init__(studio, turns)
        self._adding: dict[str, Job] = {}  # what each open page waits for before anything is heard

    def build(self) -> None:
        """Lay it out inside the open column."""
        area(f"<h2>{both('sp_write')}</h2>")
        self.recording = gr.Audio(
            label=label("sp_recording"), sources=["upload", "microphone"], type="filepath", elem_id="sp-recording"
        )
        self.model = gr.Dropdown(label=label("model"), choices=[], elem_id="sp-model", filterable=False)
        self.model_hint = area()
        with gr.Row(elem_classes="actions"):
            self.go = gr.Button(label("sp_write_go"), elem_id="sp-write", scale=0)
            self.stop_button = stop_button(label("stop"), "sp-write-stop")
        self.status = area(elem_id="sp-write-status", script=render.CLICKS)
        self.transcript = area(elem_id="sp-transcript", script=render.CLICKS)

    def wire(self, demo: gr.Blocks) -> None:
        """Connect the events."""
        given = [self.recording, self.model]
        outputs = [self.status, self.transcript, self.go, self.stop_button]
        on([demo.load], self.load, [], [*outputs, self.model, self.model_hint])
        on([self.go.click], self.write, given, outputs)
        on([self.status.click], self.act, given, outputs)
        on([self.stop_button.click], self.stop, [], [self.status], queue=False)

    async def load(self, request: gr.Request) -> AsyncIterator[Updates]:
        """Offer the models, and follow the recording that is being written down."""
        words, caller = words_of(request), caller_of(request)
        offered = choices.of_kind(self.studio, "transcription")
        yield {
            self.model: gr.Dropdown(choices=offered.pairs, value=offered.value),
            self.model_hint: choices.hint(self.studio, offered.value, words),
            self.status: render.empty(words("sp_write_empty"), words("sp_sample"), "sample"),
        }
        running = [job for job in self.studio.jobs(caller, "transcription") if job.caller.via == "ui"]
        if running:
            turn = self.turns.take(page_of(request), "write")
            async for updates in self._follow(running[-1], words, turn):
                yield updates

    async def write(self, recording: str | None, model: str | None, request: gr.Request) -> AsyncIterator[Updates]:
        """Keep a recording in the library and write it down."""
        path = Path(recording or "")
        async for updates in self._write(path, path.name, model, request):
            yield updates

    async def _write(self, path: Path, name: str, model: str | None, request: gr.Request) -> AsyncIterator[Updates]:
        words, caller = words_of(request), caller_of(request)
        turn = self.turns.take(page_of(request), "write")
        yield self._busy(words("ts_adding"))
        try:
            TranscribeRequest(audio=path, model=model).check(self.studio.limits)
            added = await asyncio.to_thread(self.studio.add_recording, path, name, caller)
            self._adding[page_of(request)] = added
            async for view in follow(added, turn):
                if isinstance(view.end, Failed):
                    yield self._ended(render.failure(words, view.end))
                    return
                if isinstance(view.end, Cancelled):
                    yield self._ended(render.cost([words("stopped")]))
                    return
                fraction = view.progress.step / view.progress.total if view.progress and view.progress.total else None
                yield {self.status: render.waiting(words, view) or render.busy(words("ts_adding"), fraction)}
            if turn.over:
                return
            found = self.studio.recording_of(added, caller)
            job = await asyncio.to_thread(self.studio.transcribe_recording, found.id, caller, model)
        except StudioError as exc:
            yield self._ended(render.failure(words, exc))
            return
        except Exception as exc:
            yield self._ended(render.crash(words, exc))
            return
        finally:
            self._adding.pop(page_of(request), None)
        async for updates in self._follow(job, words, turn):
            yield updates

    async def act(
        self, recording: str | None, model: str | None, request: gr.Request, event: gr.EventData
    ) -> AsyncIterator[Updates]:
        """Try it out on a sample: what was spoken last, or a sentence spoken for it now."""
        if event_text(event, "act") != "sample":
            return
        words, caller = words_of(request), caller_of(request)
        yield {self.status: render.busy(words("sp_speaking"))}
        try:
            latest = await asyncio.to_thread(self.studio.artifacts.latest, caller.owner, "audio/wav", 1)
            if not latest:
                sample = SpeechRequest(text=words("sp_sample_text"))
                job = await asyncio.to_thread(self.studio.submit, sample, caller)
                async for view in follow(job, Turn()):
                    if isinstance(view.end, Failed):
                        yield {self.status: render.failure(words, view.end)}
                        return
                latest = await asyncio.to_thread(self.studio.artifacts.latest, caller.owner, "audio/wav", 1)
        except StudioError as exc:
            yield {self.status: render.failure(words, exc)}
            return
        async for updates in self._write(latest[0].path, latest[0].name, model, request):
            yield updates

    def stop(self, request: gr.Request) -> Updates:
        """Cancel what this person's pages have written down."""
        jobs = [job for job in self.studio.jobs(caller_of(request), "transcription") if job.caller.via == "ui"]
        adding = self._adding.get(page_of(request))
        for job in [*jobs, *([adding] if adding is not None else [])]:
            job.cancel()
        return {self.status: gr.skip()}

    def leave(self, page: str) -> None:
        """Forget what a closed page waited for."""
        self._adding.pop(page, None)

    def _busy(self, text: str) -> Updates:
        return {
            self.transcript: "",
            self.status: render.busy(text),
            self.go: gr.Button(visible=False),
            self.stop_button: gr.Button(visible=True),
        }

    def _ended(self, told: str) -> Updates:
        return {
            self.status: told,
            self.go: gr.Button(visible=True),
            self.stop_button: gr.Button(visible=False),
        }

    async def _follow(self, job: Job, words: Words, turn: Turn) -> AsyncIterator[Updates]:
        yield self._busy(words("starting"))
        async for view in follow(job, turn):
            if view.end is None:
                told = view.progress
                fraction = told.step / told.total if told is not None and told.total else None
                busy = render.waiting(words, view) or render.busy(words("sp_listening"), fraction)
                yield {self.transcript: _transcript(view, words), self.status: busy}
            else:
                yield {self.transcript: _transcript(view, words), **self._ended(_written(view, words))}


def _transcript(view: View, words: Words) -> str:
    if not view.segments:
        return ""
    # The whole of a long one would be sent anew with each of its segments.
    segments = view.segments if view.end is not None else view.segments[-LIVE:]
    rows = "".join(
        f"<li><time>{render.clock(segment.start_s)}</time><span>{render.escape(segment.text.strip())}</span></li>"
        for segment in segments
    )
    copy = render.copy(words, "#sp-transcript li > span")
    heading, edit, asked = render.escape(words("sp_result")), "", view.job.request
    if view.end is not None and isinstance(asked, TranscribeRecordingRequest):
        edit = render.button(words("ts_edit"), "edit-transcript", asked.transcript, kind="second", drawing="pencil")
        edit = f'<div class="downloads">{edit}</div>'
    return (
        f'<section class="transcript" aria-live="polite" aria-label="{heading}"><header><h3>{heading}</h3>{copy}'
        f"</header>{edit}<ol>{rows}</ol></section>"
    )


def _written(view: View, words: Words) -> str:
    if isinstance(view.end, Failed):
        return render.failure(words, view.end)
    figures = [words("took", n=words.duration(view.duration_s))]
    if view.usage.seconds is not None:
        figures.insert(0, words("n_seconds_audio", n=words.number(view.usage.seconds, 1)))
    if isinstance(view.end, Cancelled):
        figures.insert(0, words("stopped"))
    if not view.segments and not isinstance(view.end, Cancelled):
        return render.notice("", words("sp_silence"), kind="info") + render.cost(figures)
    return render.cost(figures)
