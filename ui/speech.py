"""The Speech panel: text that is heard while it is still being spoken, and recordings written down."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence

import gradio as gr
from gradio.components import Component

from studio import (
    Artifact,
    Cancelled,
    Failed,
    Job,
    SpeechRequest,
    StoredFile,
    Studio,
    StudioError,
)
from ui import choices, render
from ui.caller import caller_of, link, page_of
from ui.follow import Turn, Turns, View, follow
from ui.narrations import LongTexts
from ui.panel import Panel, Updates, area, event_text, on, stop_button
from ui.recordings import RecordingsPart
from ui.spoken import SpokenPreview
from ui.transcripts import TranscriptsPart
from ui.voice_drawer import VoiceDrawer
from ui.voices import VoiceShelf
from ui.words import Words, both, label, words_of
from ui.writing_down import WritingDown

PARTS = ("talk", "long", "script", "edit")
KIND_OF = {"audio/wav": "WAV", "audio/mpeg": "MP3"}


class SpeechPanel(Panel):
    """Builds the panel and answers its events: two halves that share nothing but the page."""

    def __init__(self, studio: Studio, turns: Turns) -> None:
        super().__init__(studio, turns)
        self.recordings = RecordingsPart(studio, turns)
        self.long = LongTexts(studio, turns)
        self.transcripts = TranscriptsPart(studio, turns)
        self.writing = WritingDown(studio, turns)
        self.shelf = VoiceShelf(studio, turns)

    def build(self) -> None:
        """Lay the panel out inside the open tab."""
        with gr.Column(elem_id="speech", elem_classes="sheet wide"):
            with gr.Row(elem_classes="head"):
                area(render.head("sp_title"))
                self.part = gr.Radio(
                    [(label(f"sp_part_{part}"), part) for part in PARTS],
                    value="talk",
                    label=label("sp_part"),
                    show_label=False,
                    container=False,
                    elem_id="sp-part",
                    scale=0,
                    min_width=300,
                )
            with gr.Row(elem_classes="halves", elem_id="sp-talk") as self.talk:
                with gr.Column(min_width=300, elem_classes="card"):
                    self._build_speak()
                with gr.Column(min_width=300, elem_classes="card"):
                    self.writing.build()
            with gr.Column(visible=False, elem_id="sp-long") as self.longs:
                self.long.build()
            with gr.Column(visible=False, elem_id="sp-script") as self.scripts:
                self.transcripts.build()
            with gr.Column(visible=False, elem_id="sp-edit") as self.edit:
                self.recordings.build()

    def _build_speak(self) -> None:
        area(f"<h2>{both('sp_speak')}</h2>")
        self.text = gr.Textbox(
            label=label("sp_text"), show_label=False, placeholder=label("sp_text_hint"), lines=6, elem_id="sp-text",
            container=False,
        )  # fmt: skip
        with gr.Row():
            self.voice = gr.Dropdown(label=label("sp_voice"), choices=[], elem_id="sp-voice", min_width=160)
            self.drawer = VoiceDrawer()
            self.drawer.build_speed()
        self.voice_hint = area()
        self.shelf.build()
        self.drawer.build()
        self.preview = SpokenPreview(self.studio)
        self.preview.build()
        with gr.Row(elem_classes="actions"):
            self.go = gr.Button(label("sp_go"), variant="primary", elem_id="sp-go", scale=0)
            self.stop_button = stop_button(label("stop"), "sp-stop")
        self.player = area(elem_id="sp-player")
        self.status = area(elem_id="sp-status", script=render.CLICKS)

    def wire(self, demo: gr.Blocks) -> None:
        """Connect the events."""
        parts = [self.talk, self.longs, self.scripts, self.edit]
        on([self.part.input], self.show_part, [self.part], parts, queue=False)
        self.recordings.wire([self.part.input])
        self.long.wire([self.part.input])
        self.transcripts.wire([self.part.input])
        shown = [self.transcripts.view, self.transcripts.list, self.part, *parts]
        on([self.writing.transcript.click], self.edit_transcript, [], shown)
        self.shelf.wire(self.voice, self.voice_hint)
        self.preview.wire(self.text, self.voice)
        say = {self.text, self.voice, self.preview.normalize, *self.drawer.fields.values()}
        said = [self.text, self.status, self.player, self.go, self.stop_button]
        on([demo.load], self.load_speak, [], [*said, self.voice, self.voice_hint])
        on([self.go.click], self.speak, say, said)
        on([self.status.click], self.act_speak, say, said)
        on([self.stop_button.click], self.stop_speaking, [], [self.status], queue=False)
        on([self.voice.input], self.tell_voice, [self.voice], [self.voice_hint])
        self.writing.wire(demo)

    def show_part(self, part: str) -> Updates:
        """Show the half of the panel that was chosen."""
        return {
            self.talk: gr.Row(visible=part == "talk"),
            self.longs: gr.Column(visible=part == "long"),
            self.scripts: gr.Column(visible=part == "script"),
            self.edit: gr.Column(visible=part == "edit"),
        }

    async def edit_transcript(self, request: gr.Request, event: gr.EventData) -> Updates:
        """Open what was just written down beside its waveform."""
        told = event_text(event, "id")
        if event_text(event, "act") != "edit-transcript":
            return {self.part: gr.skip()}
        self.transcripts.open(told, request)
        return {self.part: "script", **self.show_part("script"), **await self.transcripts.shown(request)}

    def leave(self, page: str) -> None:
        """Forget what a closed page showed."""
        for part in (self.recordings, self.long, self.transcripts, self.writing):
            part.leave(page)

    # Speaking

    async def load_speak(self, request: gr.Request) -> AsyncIterator[Updates]:
        """Show the last thing spoken, or follow what is being spoken."""
        words, caller = words_of(request), caller_of(request)
        offered = choices.of_kind(self.studio, "speech")
        yield {
            self.voice: gr.Dropdown(choices=offered.pairs, value=offered.value),
            self.voice_hint: choices.hint(self.studio, offered.value, words),
            **await self._last_spoken(request),
        }
        for job in reversed(self.studio.jobs(caller, "speech")):
            if job.caller.via == "ui" and isinstance(job.request, SpeechRequest):
                yield {self.text: job.request.text}
                turn = self.turns.take(page_of(request), "speak")
                async for updates in self._follow_speech(job, request, turn):
                    yield updates
                break

    async def speak(self, given: Mapping[Component, object], request: gr.Request) -> AsyncIterator[Updates]:
        """Submit the text, and let it be heard from its first sentence on."""
        words = words_of(request)
        turn = self.turns.take(page_of(request), "speak")
        try:
            asked = SpeechRequest(
                text=str(given[self.text] or ""),
                model=str(given[self.voice]) if given.get(self.voice) else None,
                normalize_text=bool(given[self.preview.normalize]),
                **self.drawer.asked(given),
            )
            job = await asyncio.to_thread(self.studio.submit, asked, caller_of(request))
        except StudioError as exc:
            yield {self.status: render.failure(words, exc)}
            return
        except Exception as exc:
            yield {self.status: render.crash(words, exc)}
            return
        async for updates in self._follow_speech(job, request, turn):
            yield updates

    async def act_speak(
        self, given: Mapping[Component, object], request: gr.Request, event: gr.EventData
    ) -> AsyncIterator[Updates]:
        """Speak the example of the empty panel."""
        if event_text(event, "act") != "example":
            return
        text = words_of(request)("sp_example")
        yield {self.text: text}
        async for updates in self.speak({**given, self.text: text}, request):
            yield updates

    def stop_speaking(self, request: gr.Request) -> Updates:
        """Cancel what this person's pages have spoken."""
        for job in self.studio.jobs(caller_of(request), "speech"):
            if isinstance(job.request, SpeechRequest) and job.caller.via == "ui":  # a book has a button of its own
                job.cancel()
        return {self.status: gr.skip()}

    def tell_voice(self, voice: str | None, request: gr.Request) -> Updates:
        """Say what the chosen voice can't do."""
        return {self.voice_hint: choices.hint(self.studio, voice, words_of(request))}

    async def _follow_speech(self, job: Job, request: gr.Request, turn: Turn) -> AsyncIterator[Updates]:
        words = words_of(request)
        yield {
            self.player: "",
            self.status: render.busy(words("starting")),
            self.go: gr.Button(visible=False),
            self.stop_button: gr.Button(visible=True),
        }
        playing = False
        async for view in follow(job, turn):
            updates: Updates = {}
            if view.spoken and not playing:
                # Put into the page once and left alone: replacing it would cut the sound.
                playing = True
                updates[self.player] = _player(link(request, f"jobs/{job.id}/audio.mp3"), words, autoplay=True)
            if view.end is None:
                updates[self.status] = render.waiting(words, view) or _speaking(view, words)
            else:
                updates[self.status] = self._spoken(view, request)
                updates[self.go] = gr.Button(visible=True)
                updates[self.stop_button] = gr.Button(visible=False)
            yield updates

    def _spoken(self, view: View, request: gr.Request) -> str:
        words = words_of(request)
        if isinstance(view.end, Failed):
            return render.failure(words, view.end)
        seconds = view.spoken[-1].end_s if view.spoken else 0.0
        figures = [words("n_seconds_audio", n=words.number(seconds, 1))]
        if view.first_output_s is not None:
            figures.append(words("first_after", n=words.duration(view.first_output_s)))
        figures.append(words("took", n=words.duration(view.duration_s)))
        if isinstance(view.end, Cancelled):
            figures.insert(0, words("stopped"))
        return _downloads(view.artifacts, request, words) + render.cost(figures)

    async def _last_spoken(self, request: gr.Request) -> Updates:
        words, owner = words_of(request), caller_of(request).owner
        found = await asyncio.to_thread(self.studio.artifacts.latest, owner, "audio/mpeg", 20)
        books = {"document", "narration"}  # those are shown with their texts
        latest = [file for file in found if not books & file.details.keys()][:1]
        if not latest:
            return {self.status: render.empty(words("sp_empty"), words("sp_example"))}
        files = await asyncio.to_thread(self.studio.artifacts.of_job, latest[0].job_id or "", owner)
        return {
            self.player: _player(link(request, f"files/{latest[0].id}"), words, autoplay=False),
            self.status: _downloads(files, request, words),
        }

    def list_models(self, voice: str | None, model: str | None) -> Updates:
        """Offer the voices and models that can be used now; what is chosen stays chosen."""
        voices = choices.of_kind(self.studio, "speech", voice)
        models = choices.of_kind(self.studio, "transcription", model)
        return {
            self.voice: gr.Dropdown(choices=voices.pairs, value=voices.value),
            self.writing.model: gr.Dropdown(choices=models.pairs, value=models.value),
        }


def _player(address: str, words: Words, *, autoplay: bool) -> str:
    start = " autoplay" if autoplay else ""
    name = render.escape(words("sp_listen"))
    return f'<audio controls{start} preload="metadata" src="{render.escape(address)}" aria-label="{name}"></audio>'


def _speaking(view: View, words: Words) -> str:
    spoken = view.spoken[-1] if view.spoken else None
    text = words("sp_speaking")
    if spoken is not None:
        text = f"{text} {words('n_seconds_audio', n=words.number(spoken.end_s, 1))}"
    return render.busy(text)


def _downloads(files: Sequence[Artifact | StoredFile], request: gr.Request, words: Words) -> str:
    """Return the links that save the sound; hearth.js plays the file itself once the stream has ended."""
    links = []
    for file in files:
        kind = KIND_OF.get(file.mime)
        if kind is not None:
            address = render.escape(link(request, f"files/{file.id}"))
            final = f' data-final="{address}"' if kind == "MP3" else ""
            links.append(
                f'<a class="btn second" href="{address}?download=1" download{final}>{render.icon("down")}'
                f"<span>{render.escape(words('sp_save', kind=kind))}</span></a>"
            )
    return f'<div class="downloads">{"".join(links)}</div>' if links else ""
