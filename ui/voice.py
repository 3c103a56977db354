"""Conversation by voice in the Chat panel: what was said is written down, answered, and the answer spoken.

The page listens and plays (``voice.js``); here a turn becomes three ordinary requests, and the
conversation is shown as it always is. A turn comes as one recording inside the event, which is
written down and thrown away: no upload of it has an address. What the page must know of a turn
stands hidden in the area below the bar.
"""

import asyncio
import base64
import binascii
import json
import re
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import gradio as gr

from studio import (
    Caller,
    Detected,
    Failed,
    InvalidRequest,
    Job,
    ModelSpec,
    Segment,
    StudioError,
    TranscribeRequest,
    error_class,
)
from ui import render
from ui.attachments import ids_of
from ui.caller import caller_of, link, page_of
from ui.chat import ChatPanel
from ui.chat_settings import Given
from ui.held import Temporary
from ui.opened import id_of
from ui.panel import Panel, Updates, area, event_text, on
from ui.words import Words, both, words_of

RECORDING_BYTES = 4_000_000  # two minutes of 16 kHz, 16 bit
# What Whisper writes for sounds that are no words.
NO_WORDS = re.compile(r"\W*|\s*[\[(*♪][^\])]*[\])*♪]\s*")
# Told to voice.js by what voice.js calls them.
SAID = {
    "opening": "vc_opening",
    "listening": "vc_listening",
    "idle": "vc_idle",
    "hearing": "vc_hearing",
    "writing": "vc_writing",
    "thinking": "vc_thinking",
    "speaking": "vc_speaking",
    "refused": "vc_refused",
    "nothing": "vc_nothing",
    "denied": "vc_denied",
    "none": "vc_none",
    "insecure": "vc_insecure",
    "busy": "vc_busy",
    "took": "vc_took",
    "talk": "vc_talk",
    "send": "vc_send",
}
# voice.js tells what happened by this event.
TELL = 'element.addEventListener("hearth:voice", (event) => trigger("click", event.detail));'


@dataclass(frozen=True, slots=True)
class Heard:
    """What a person said in a turn, in which language as far as that is known, and the job that wrote it down."""

    text: str
    language: str | None
    job: Job


class VoiceMode(Panel):
    """Builds the bar of a conversation by voice, and answers what the page tells of it."""

    def __init__(self, chat: ChatPanel) -> None:
        super().__init__(chat.studio, chat.turns)
        self.chat = chat
        # What each open page hears: it ends with the page, or when the person interrupts.
        self._spoken: dict[str, Job] = {}

    def build(self) -> None:
        """Lay the bar out, above the composer; voice.js shows it."""
        self.bar = area(_bar(), elem_id="voice", script=TELL)
        self.told = area(elem_id="voice-told", script=render.CLICKS)
        self.notes = area(elem_id="voice-notes", script=render.CLICKS)

    def wire(self, demo: gr.Blocks) -> None:
        """Connect the events."""
        chat = self.chat
        attached = chat.attachments.fields
        given = {chat.ask, chat.place, chat.editing, chat.temporary, *attached, *chat.drawer.fields}
        on([self.bar.click], self.act, given, [self.told, self.notes, *chat.outputs])

    def leave(self, page: str) -> None:
        """Fall silent on a page that was closed; the reply goes on being written."""
        if (job := self._spoken.pop(page, None)) is not None:
            job.cancel()

    async def act(self, given: Given, request: gr.Request, event: gr.EventData) -> AsyncIterator[Updates]:
        """Answer what the page tells: it was opened, somebody spoke or interrupted, it was closed."""
        act, words = event_text(event, "act"), words_of(request)
        turn = event_text(event, "turn")[:20]
        try:
            if act == "open":
                async for updates in self._open(turn, given, request):
                    yield updates
            elif act == "said":
                async for updates in self._answer(turn, event_text(event, "sound"), given, request):
                    yield updates
            elif act in ("hush", "close"):
                self.leave(page_of(request))
                if act == "hush":
                    self._stop_reply(id_of(given.get(self.chat.place)), caller_of(request))
        except StudioError as exc:
            yield {self.told: _mark(turn, "failed") + render.failure(words, exc)}
        except Exception as exc:
            yield {self.told: _mark(turn, "failed") + render.crash(words, exc)}

    async def _open(self, turn: str, given: Given, request: gr.Request) -> AsyncIterator[Updates]:
        """Load all three models, and say what they can't do."""
        words = words_of(request)
        if isinstance(given.get(self.chat.temporary), Temporary):
            yield {self.notes: _mark(turn, "refused") + render.notice("", words("vc_temporary"), kind="info")}
            return
        yield {self.notes: _mark(turn, "warming") + render.busy(words("vc_warming"))}
        try:
            ears = self.studio.ears_for(words.language)
            voice = self.studio.voice_for(_language_of(ears, words))
            mind = self.studio.spec(self.chat.drawer.read(given)[1].model, "chat")
        except StudioError as exc:
            go = render.button(words("go_models"), "tab", "models", kind="second", drawing="arrow")
            yield {self.notes: _mark(turn, "refused") + render.failure(words, exc, go)}
            return
        await asyncio.to_thread(self.studio.warm_up, [ears, voice, mind])
        notes = render.cost([words("vc_kept")])
        if len(ears.languages) == 1:
            language = words.language_name(ears.languages[0])
            go = render.button(words("go_models"), "tab", "models", kind="second", drawing="arrow")
            notes = render.notice("", words("vc_only", language=language), kind="info", action=go) + notes
        yield {self.notes: _mark(turn, "ready") + _robotic(voice, words) + notes}

    # A turn

    async def _answer(self, turn: str, sound: str, given: Given, request: gr.Request) -> AsyncIterator[Updates]:
        """Write down what was said, ask the model, and let the reply be heard while it is written."""
        words, caller, page = words_of(request), caller_of(request), page_of(request)
        if isinstance(given.get(self.chat.temporary), Temporary):
            yield {self.told: _mark(turn, "refused") + render.notice("", words("vc_temporary"), kind="info")}
            return
        heard = await self._hear(sound, self.studio.ears_for(words.language), caller)
        if NO_WORDS.fullmatch(heard.text):
            yield {self.told: _mark(turn, "nothing")}
            return
        self.leave(page)
        conversation_id = id_of(given.get(self.chat.place))
        await _ended(self._stop_reply(conversation_id, caller))
        system, settings = self.chat.drawer.read(given)
        attached = ids_of(given.get(self.chat.attachments.chosen))
        try:
            conversation, job = await asyncio.to_thread(
                self.studio.say,
                *(conversation_id or None, heard.text, caller),
                system=system,
                settings=settings,
                attachments=attached,
                spoken=True,
            )
        except StudioError as exc:
            # What was said stays, to be sent again.
            yield {self.told: _mark(turn, "failed") + render.failure(words, exc), self.chat.ask: heard.text}
            return
        told, spoken = await asyncio.to_thread(self._speak, turn, job, heard.language, request)
        await asyncio.to_thread(self.studio.interactions.belong_to, heard.job.id, conversation.id)
        yield {self.told: told, self.notes: "", **self.chat.attachments.let_go(attached, request)}
        async for updates in self.chat.load({"id": conversation.id}, request):
            yield updates
        if spoken is None:
            return
        async for _, event in spoken.events():
            if isinstance(event, Failed):
                silent = render.notice("", words("vc_silent"), kind="info")
                yield {self.told: _mark(turn, "silent") + silent + render.failure(words, event)}

    async def _hear(self, sound: str, ears: ModelSpec, caller: Caller) -> Heard:
        """Write a turn's recording down; it is gone afterwards. Raises StudioError."""
        text, language = list[str](), ears.languages[0] if len(ears.languages) == 1 else None
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "voice.wav"
            await asyncio.to_thread(path.write_bytes, _recording(sound))
            job = await asyncio.to_thread(self.studio.submit, TranscribeRequest(audio=path, model=ears.id), caller)
            try:
                async for _, event in job.events():
                    if isinstance(event, Segment):
                        text.append(event.text.strip())
                    elif isinstance(event, Detected):
                        language = event.language
                    elif isinstance(event, Failed):
                        raise error_class(event.code)(event.message, **event.details)
            finally:
                job.cancel()  # who left the page in the middle
        return Heard(" ".join(text), language, job)

    def _speak(self, turn: str, reply: Job, language: str | None, request: gr.Request) -> tuple[str, Job | None]:
        """Have the reply spoken; returns what the page must know to play it, and the job that speaks, if one does."""
        words, caller = words_of(request), caller_of(request)
        try:
            voice = self._spoken[page_of(request)] = self.studio.speak_reply(reply, caller, language)
        except StudioError as exc:  # it is written all the same
            silent = render.notice("", words("vc_silent"), kind="info")
            return _mark(turn, "silent") + silent + render.failure(words, exc), None
        note = _robotic(voice.spec, words) if voice.spec is not None else ""
        return _mark(turn, "reply", link(request, f"jobs/{voice.id}/audio.pcm")) + note, voice

    def _stop_reply(self, conversation_id: str, caller: Caller) -> list[Job]:
        """Stop what is being written in a conversation; what there is of it stays."""
        jobs = [job for job in self.studio.jobs(caller, "chat") if conversation_id and job.conversation_id]
        jobs = [job for job in jobs if job.conversation_id == conversation_id]
        for job in jobs:
            job.cancel()
        return jobs


async def _ended(jobs: list[Job]) -> None:
    for job in jobs:
        async for _ in job.events():
            pass


def _recording(sound: str) -> bytes:
    """Return the recording that a page sent; raises InvalidRequest."""
    if len(sound) > RECORDING_BYTES * 4 // 3 + 4:
        raise InvalidRequest("That was over two minutes of speech. Say it in parts.", field="sound")
    try:
        return base64.b64decode(sound, validate=True)
    except (binascii.Error, ValueError) as exc:
        raise InvalidRequest("The recording came damaged. Say it again.", field="sound") from exc


def _language_of(ears: ModelSpec, words: Words) -> str | None:
    """Return the language that a conversation will most likely be in."""
    return words.language if not ears.languages or words.language in ears.languages else ears.languages[0]


def _mark(turn: str, state: str, sound: str = "") -> str:
    """Return what voice.js reads of a turn."""
    told = render.escape(json.dumps({"turn": turn, "state": state, "sound": sound}))
    return f'<i hidden data-voice="{told}"></i>'


def _robotic(voice: ModelSpec, words: Words) -> str:
    if voice.engine != "espeak":
        return ""
    language = words.language_name(voice.languages[0])
    return render.notice("", words("vc_robotic", language=language), kind="info")


def _bar() -> str:
    """Return the bar: what is going on, how loud it is, and the four buttons."""
    said = "".join(f'<template data-said="{state}">{both(key)}</template>' for state, key in SAID.items())

    def button(act: str, key: str, kind: str, drawing: str) -> str:
        inner = f"{render.icon(drawing)}<span>{both(key)}</span>"
        return f'<button type="button" class="btn {kind}" data-talk="{act}">{inner}</button>'

    buttons = (
        button("free", "vc_free", "second", "sound")
        + button("hold", "vc_talk", "primary", "microphone")
        + button("hush", "vc_hush", "second", "pause")
        + button("close", "vc_close", "second", "close")
    )
    return (
        f'<section class="voice" aria-labelledby="voice-name"><h2 class="hidden-text" id="voice-name">{both("vc_name")}'
        f'</h2><div class="voice-now"><span class="voice-level" aria-hidden="true"><i></i></span>'
        f'<p class="voice-state" role="status"></p><small class="voice-took cost"></small></div>'
        f'<div class="voice-buttons">{buttons}</div>{said}</section>'
    )
