"""Documents in the Translate panel: drop one, follow it, download or hear it, mend the sentences that need it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import get_args

import gradio as gr
from gradio.components import Component

from studio import (
    DOCUMENT_FORMATS,
    Caller,
    ChapterFormat,
    Failed,
    Job,
    NotFound,
    SpeakDocumentRequest,
    StoredFile,
    Studio,
    StudioError,
    TranslatedDocument,
    TranslateDocumentRequest,
    TranslatedSegment,
)
from ui import render
from ui.caller import caller_of, link, page_of
from ui.fetch import fetch
from ui.follow import Turns, View, follow
from ui.panel import Panel, Updates, area, event_text, on
from ui.translation_listening import no_voice, voice_for
from ui.words import Words, label, words_of

DETECT = "auto"
SHOWN = 20  # documents
REPORTED = 50  # sentences
INTERVAL_S = 0.25
SPOKEN: dict[str, ChapterFormat] = {form: form for form in get_args(ChapterFormat)}
EXPORTS = (("docx", "Word"), ("tmx", "TMX"), ("xliff", "XLIFF"))


class DocumentsPart(Panel):
    """Builds its part of the panel and answers its events."""

    def __init__(self, studio: Studio, turns: Turns) -> None:
        super().__init__(studio, turns)
        # Which sentence of which document each open page is mending.
        self._mending: dict[str, tuple[str, int]] = {}

    def build(self) -> None:
        """Lay it out inside the open column."""
        with gr.Accordion(label("do_title"), open=False, elem_id="tr-documents"):
            self.file = gr.File(
                label=label("do_drop"),
                file_types=list(DOCUMENT_FORMATS),
                type="filepath",
                height=140,
                elem_id="tr-document",
            )
            with gr.Row(elem_classes="actions"):
                self.start = gr.Button(label("do_start"), variant="primary", elem_id="tr-document-start")
            self.told = area(elem_id="tr-document-told", script=render.CLICKS)
            self.heard = area(elem_id="tr-document-heard", script=render.CLICKS)
            self.list = area(elem_id="tr-document-list", script=render.CLICKS)
            self.report = area(elem_id="tr-document-report", script=render.CLICKS)
            with gr.Column(visible=False, elem_id="tr-mending") as self.mending:
                self.better = gr.Textbox(label=label("do_better"), info=label("do_codes"), lines=2, elem_id="tr-better")
                with gr.Row(elem_classes="actions"):
                    self.save = gr.Button(label("do_save"), variant="primary", elem_id="tr-better-save")

    def wire(self, demo: gr.Blocks, source: Component, target: Component) -> None:
        """Connect the events; the languages are the panel's own."""
        outputs = [self.file, self.told, self.heard, self.list, self.report, self.mending, self.better]
        on([demo.load], self.load, [], outputs)
        on([demo.load], self.load_heard, [], [self.heard, self.list])
        on([self.start.click], self.translate, [self.file, source, target], outputs)
        on([self.told.click, self.heard.click, self.list.click, self.report.click], self.act, [], outputs)
        on([self.save.click, self.better.submit], self.mend, [self.better], outputs)

    # Events

    async def load(self, request: gr.Request) -> AsyncIterator[Updates]:
        """Show the documents, and follow the one that is being translated, if one is."""
        words, caller = words_of(request), caller_of(request)
        yield {self.told: "", self.list: await self._listed(caller, words, request)}
        jobs = self.studio.jobs(caller, "translation")
        running = [job for job in jobs if isinstance(job.request, TranslateDocumentRequest)]
        if running:
            async for updates in self._follow(running[-1], words, request):
                yield updates

    async def load_heard(self, request: gr.Request) -> AsyncIterator[Updates]:
        """Follow the document that is being read aloud, if one is."""
        words, caller = words_of(request), caller_of(request)
        jobs = [job for job in self.studio.jobs(caller, "speech") if isinstance(job.request, SpeakDocumentRequest)]
        if jobs:
            async for updates in self._follow(jobs[-1], words, request):
                yield updates

    async def translate(
        self, path: str | None, source: str, target: str, request: gr.Request
    ) -> AsyncIterator[Updates]:
        """Hand the dropped document in and translate it; the same one again goes on where it was."""
        words, caller = words_of(request), caller_of(request)
        if not path:
            yield {self.told: render.notice("", words("do_none"), kind="info")}
            return
        try:
            job = await asyncio.to_thread(self._submit, Path(path), source, target, caller)
        except StudioError as exc:
            yield {self.told: render.failure(words, exc)}
            return
        except Exception as exc:
            yield {self.told: render.crash(words, exc)}
            return
        yield {self.file: None, self.report: "", self.mending: gr.Column(visible=False)}
        async for updates in self._follow(job, words, request):
            yield updates

    def _submit(self, path: Path, source: str, target: str, caller: Caller) -> Job:
        source_lang = None if source == DETECT else source
        document = self.studio.hand_in(path.read_bytes(), path.name, target, caller, source_lang)
        return self.studio.translate_document(document.id, caller)

    async def act(self, request: gr.Request, event: gr.EventData) -> AsyncIterator[Updates]:
        """Cancel, go on, read aloud, delete, report, or begin to mend a sentence."""
        words, caller = words_of(request), caller_of(request)
        act, told = event_text(event, "act"), event_text(event, "id")
        try:
            if act == "stop":
                self.studio.job(told, caller).cancel()
            elif act == "go":
                job = await asyncio.to_thread(self.studio.translate_document, told, caller)
                async for updates in self._follow(job, words, request):
                    yield updates
            elif act in ("speak", "fetch-voice"):
                async for updates in self._speak(act, told, words, request):
                    yield updates
            elif act == "delete":
                document = await asyncio.to_thread(self.studio.translated_document, told, caller)
                yield {self.told: _asked(document, words)}
            elif act == "delete-none":
                yield {self.told: ""}
            elif act == "delete-sure":
                await asyncio.to_thread(self.studio.delete_document, told, caller)
                yield {
                    self.told: "",
                    self.list: await self._listed(caller, words, request),
                    self.report: "",
                    self.mending: gr.Column(visible=False),
                }
            elif act == "report":
                yield {self.report: await self._reported(told, caller, words)}
            elif act == "mend":
                document_id, _, number = told.partition(":")
                found = self.studio.document_segments(document_id, caller, int(number) - 1, 1)
                self._mending[page_of(request)] = (document_id, int(number))
                yield {
                    self.mending: gr.Column(visible=True),
                    self.better: gr.Textbox(value=found[0].target or "", autofocus=True),
                }
        except StudioError as exc:
            yield {self.told: render.failure(words, exc)}
        except Exception as exc:
            yield {self.told: render.crash(words, exc)}

    async def mend(self, text: str, request: gr.Request) -> Updates:
        """Keep a person's translation of the sentence that the page is mending."""
        words, caller = words_of(request), caller_of(request)
        document_id, number = self._mending.get(page_of(request), ("", 0))
        try:
            await asyncio.to_thread(self.studio.edit_segment, document_id, number, text, caller)
        except StudioError as exc:
            return {self.told: render.failure(words, exc)}
        except Exception as exc:
            return {self.told: render.crash(words, exc)}
        return {
            self.told: render.notice("", words("do_saved"), kind="info"),
            self.list: await self._listed(caller, words, request),
            self.report: await self._reported(document_id, caller, words),
            self.mending: gr.Column(visible=False),
        }

    # Pieces

    async def _speak(self, act: str, told: str, words: Words, request: gr.Request) -> AsyncIterator[Updates]:
        """Read a document aloud, or fetch a voice that can."""
        caller = caller_of(request)
        if act == "fetch-voice":
            turn = self.turns.take(page_of(request), "documents-fetch")
            async for fetched in fetch(self.studio, [told], caller, words, turn):
                here = render.notice("", words("do_voice_here"), kind="info")
                yield {self.heard: here if fetched.whole else fetched.shown}
            return
        document_id, _, form = told.partition(":")
        document = self.studio.translated_document(document_id, caller)
        voice = await asyncio.to_thread(voice_for, self.studio, document.target_lang)
        if voice is None or form not in SPOKEN:
            yield {self.heard: no_voice(self.studio, document.target_lang, words)}
            return
        job = await asyncio.to_thread(
            lambda: self.studio.speak_document(document_id, caller, form=SPOKEN[form], voice=voice.id)
        )
        async for updates in self._follow(job, words, request):
            yield updates

    async def _follow(self, job: Job, words: Words, request: gr.Request) -> AsyncIterator[Updates]:
        spoken = isinstance(job.request, SpeakDocumentRequest)
        place = self.heard if spoken else self.told
        turn = self.turns.take(page_of(request), "documents-heard" if spoken else "documents")
        async for view in follow(job, turn, INTERVAL_S):
            if view.end is None:
                yield {place: _progress(view, words)}
                continue
            told = render.failure(words, view.end) if isinstance(view.end, Failed) else ""
            yield {place: told, self.list: await self._listed(caller_of(request), words, request)}

    async def _listed(self, caller: Caller, words: Words, request: gr.Request) -> str:
        found = await asyncio.to_thread(self._found, caller)
        if not found:
            return f'<p class="hint">{render.escape(words("do_empty"))}</p>'
        return f'<ul class="papers">{"".join(_line(*each, words, request) for each in found)}</ul>'

    def _found(self, caller: Caller) -> list[tuple[TranslatedDocument, StoredFile | None]]:
        """Return the newest documents, each with its recording where it has one."""
        return [(each, self._audio(each, caller)) for each in self.studio.translated_documents(caller, SHOWN)]

    def _audio(self, document: TranslatedDocument, caller: Caller) -> StoredFile | None:
        try:
            return self.studio.artifact(document.audio_id, caller) if document.audio_id else None
        except NotFound:  # its file was deleted by hand
            return None

    async def _reported(self, document_id: str, caller: Caller, words: Words) -> str:
        found = await asyncio.to_thread(
            lambda: self.studio.document_segments(document_id, caller, limit=REPORTED + 1, flagged=True)
        )
        if not found:
            return render.notice("", words("do_clean"), kind="info")
        rows = "".join(_flagged(document_id, segment, words) for segment in found[:REPORTED])
        more = f'<p class="hint">{render.escape(words("do_more", n=REPORTED))}</p>' if len(found) > REPORTED else ""
        return f'<ul class="papers report">{rows}</ul>{more}'


def _asked(document: TranslatedDocument, words: Words) -> str:
    """Ask whether a document may go: nobody gets it back, so one click is not enough."""
    sure = render.button(words("do_delete_sure"), "delete-sure", document.id, kind="second", drawing="bin")
    action = f'<span class="chips">{sure}{render.button(words("cancel"), "delete-none")}</span>'
    return render.notice("", words("do_delete_ask", name=document.name), kind="info", action=action)


def _progress(view: View, words: Words) -> str:
    asked = view.job.request
    name = asked.name if isinstance(asked, TranslateDocumentRequest | SpeakDocumentRequest) else ""
    told = view.progress
    text = render.waiting(words, view)
    if not text and told is not None and told.total and isinstance(asked, SpeakDocumentRequest):
        share = words("do_reading", name=name, n=words.number(100 * told.step // told.total))
        text = render.busy(" · ".join(part for part in (share, told.message) if part), told.step / told.total)
    elif not text and told is not None and told.total:
        steps = words("do_steps", name=name, done=words.number(told.step), total=words.number(told.total))
        text = render.busy(steps, told.step / told.total)
    elif not text:
        text = render.busy(name)
    cancel = render.button(words("do_stop"), "stop", view.job.id)
    return f'<div class="fetch">{text}{cancel}</div>'


def _line(document: TranslatedDocument, audio: StoredFile | None, words: Words, request: gr.Request) -> str:
    source = words.language_name(document.source_lang) if document.source_lang else "?"
    parts = [f"{source} → {words.language_name(document.target_lang)}", words(f"do_{document.state}")]
    if document.segments:
        parts.append(words.count("do_segments", document.segments))
    buttons = ""
    if document.result_id is not None:
        address = render.escape(link(request, f"files/{document.result_id}") + "?download=1")
        buttons += (
            f'<a class="btn second" href="{address}" download>{render.icon("down")}'
            f"<span>{render.escape(words('do_download'))}</span></a>"
        )
    if document.state not in ("running", "waiting"):
        again = "do_again" if document.state == "done" else "do_go_on"
        buttons += render.button(words(again), "go", document.id, drawing="again")
    if document.flagged:
        text = f"{words.count('do_flagged', document.flagged)} · {words('do_report')}"
        buttons += render.button(text, "report", document.id, drawing="alert")
    if document.done:
        links = "".join(
            f'<a class="btn quiet" href="{_export(request, document, form)}" download>{name}</a>'
            for form, name in EXPORTS
        )
        summary = f"{render.icon('down')}<span>{render.escape(words('do_both'))}</span>"
        buttons += (
            f'<details class="exports"><summary class="btn quiet">{summary}</summary><div>{links}</div></details>'
        )
    player = ""
    if document.result_id is not None and document.state == "done":
        forms = "".join(render.button(form.upper(), "speak", f"{document.id}:{form}") for form in SPOKEN)
        summary = f"{render.icon('sound')}<span>{render.escape(words('do_aloud'))}</span>"
        buttons += (
            f'<details class="exports"><summary class="btn quiet">{summary}</summary><div>{forms}</div></details>'
        )
    if audio is not None:
        player = _player(document, audio, words, request)
    buttons += render.button("", "delete", document.id, drawing="bin", name=words("do_delete", name=document.name))
    return (
        f'<li><div class="paper"><strong>{render.escape(document.name)}</strong>{render.cost(parts)}</div>'
        f'<div class="paper-actions">{buttons}</div>{player}</li>'
    )


def _player(document: TranslatedDocument, audio: StoredFile, words: Words, request: gr.Request) -> str:
    """Return a document's recording, to hear and to download."""
    address = render.escape(link(request, f"files/{audio.id}"))
    name = render.escape(words("do_heard", name=document.name))
    chapters = audio.details.get("chapters")
    parts = [audio.name.rpartition(".")[2].upper(), render.clock(float(audio.details.get("seconds", 0)))]
    if isinstance(chapters, int) and chapters:
        parts.append(words.count("do_chapters", chapters))
    download = f"{render.icon('down')}<span>{render.escape(words('do_audio'))}</span>"
    return (
        f'<div class="player"><audio controls preload="none" src="{address}" aria-label="{name}"></audio>'
        f'{render.cost(parts)}<a class="btn quiet" href="{address}?download=1" download>{download}</a></div>'
    )


def _export(request: gr.Request, document: TranslatedDocument, form: str) -> str:
    return render.escape(link(request, f"translations/documents/{document.id}/export") + f"?format={form}")


def _flagged(document_id: str, segment: TranslatedSegment, words: Words) -> str:
    why = ", ".join(words(f"fault_{fault}") for fault in segment.faults)
    mend = render.button(words("do_mend"), "mend", f"{document_id}:{segment.number}", drawing="pencil")
    return (
        f'<li><div class="paper"><p>{render.escape(segment.source)}</p><p>{render.escape(segment.target or "")}</p>'
        f'{render.cost([why])}</div><div class="paper-actions">{mend}</div></li>'
    )
