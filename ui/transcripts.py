"""Transcripts in the Speech panel: listed, opened beside the waveform, mended there by transcript.js, deleted."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence

import gradio as gr

from studio import KeptTranscript, Recording, Studio, StudioError
from ui import render
from ui.caller import caller_of, link, page_of
from ui.follow import Turns
from ui.panel import Panel, Updates, area, event_text, on
from ui.words import Words, words_of

SHOWN = 50
KINDS = ("txt", "srt", "vtt", "json")
ENDED = ("done", "cancelled", "interrupted", "failed")
# What transcript.js says, by its own names.
SAID = (
    *("change", "merge", "remove", "save", "split", "cancel", "from", "to", "text", "play", "reload", "lost"),
    *("nowhere", "none"),
)


class TranscriptsPart(Panel):
    """Builds its part of the panel and answers its events."""

    def __init__(self, studio: Studio, turns: Turns) -> None:
        super().__init__(studio, turns)
        self._open: dict[str, str] = {}  # which transcript each open page shows

    def build(self) -> None:
        """Lay it out inside the open column."""
        with gr.Row(elem_classes="halves ed-halves"):
            with gr.Column(scale=1, min_width=260, elem_classes="card ed-library"):
                self.told = area(elem_id="ts-told")
                self.list = area(elem_id="ts-list", script=render.CLICKS)
            with gr.Column(scale=3, min_width=300, elem_classes="card ed-bench"):
                self.view = area(elem_id="ts-view", script=render.CLICKS)

    def wire(self, opened: Sequence[object]) -> None:
        """Connect the events; ``opened``: what shows the part."""
        outputs = [self.told, self.list, self.view]
        on(opened, self.load, [], outputs)
        on([self.list.click, self.view.click], self.act, [], outputs)

    async def load(self, request: gr.Request) -> AsyncIterator[Updates]:
        """Show the transcripts."""
        yield {self.told: "", **await self.shown(request)}

    async def act(self, request: gr.Request, event: gr.EventData) -> AsyncIterator[Updates]:
        """Open a transcript, or delete one."""
        words, caller = words_of(request), caller_of(request)
        act, told = event_text(event, "act"), event_text(event, "id")
        try:
            if act == "open":
                self.open(self.studio.transcript(told, caller).id, request)
                yield {self.told: "", **await self.shown(request)}
            elif act == "delete":
                found = self.studio.transcript(told, caller)
                await asyncio.to_thread(self.studio.delete_transcript, told, caller)
                said = render.notice("", words("ts_deleted", name=found.name), kind="info")
                yield {self.told: said, **await self.shown(request)}
        except StudioError as exc:
            yield {self.told: render.failure(words, exc)}
        except Exception as exc:
            yield {self.told: render.crash(words, exc)}

    def open(self, transcript_id: str, request: gr.Request) -> None:
        """Let the page show a transcript."""
        self._open[page_of(request)] = transcript_id

    def leave(self, page: str) -> None:
        """Forget what a closed page showed."""
        self._open.pop(page, None)

    async def shown(self, request: gr.Request) -> Updates:
        """Return the list and what is open."""
        words, caller, page = words_of(request), caller_of(request), page_of(request)
        found = await asyncio.to_thread(self.studio.transcripts.latest, caller.owner, SHOWN)
        found = [each for each in found if each.state in ENDED]
        if not found:
            hint = f'<p class="hint">{render.escape(words("ts_empty"))}</p>'
            return {self.list: "", self.view: f'<div class="empty">{hint}</div>'}
        opened = self._open.get(page, "")
        shown = next((each for each in found if each.id == opened), found[0])
        self._open[page] = shown.id
        rows = "".join(_row(each, each.id == shown.id, words) for each in found)
        try:
            recording: Recording | None = self.studio.recording(shown.recording_id, caller)
        except StudioError:
            recording = None
        title = render.escape(words("ts_title"))
        return {
            self.list: f'<h2>{title}</h2><ul class="papers ed-list">{rows}</ul>',
            self.view: bench(shown, recording, words, link(request, "")),
        }


def _row(found: KeptTranscript, shown: bool, words: Words) -> str:
    current = ' aria-current="true"' if shown else ""
    opened = render.escape(words("ts_open", name=found.name))
    facts = [found.created_at[:16].replace("T", " "), found.model or ""]
    if found.state != "done":
        facts.insert(0, words(f"re_{found.state}"))
    bin_ = render.button("", "delete", found.id, drawing="bin", name=words("ts_delete", name=found.name))
    return (
        f'<li{current}><button type="button" class="btn quiet ed-open" data-act="open" data-id="{found.id}" '
        f'title="{opened}"><span>{render.escape(found.name)}</span><small>{render.escape(" · ".join(facts))}</small>'
        f"</button>{bin_}</li>"
    )


def bench(found: KeptTranscript, recording: Recording | None, words: Words, base: str) -> str:
    """Return the editor of one transcript; transcript.js fetches its segments and sends the edits."""
    home = f"{base}audio/transcripts/{found.id}"
    stage, data = "", ""
    if recording is None:
        stage = render.notice("", words("ts_no_sound"), kind="info")
    else:
        sound = f"{base}audio/recordings/{recording.id}"
        # What browsers can't play as it is was made into something that they can; steps would move the times.
        made = recording.results and not recording.steps
        heard = f"{base}files/{recording.results[0]}" if made else f"{sound}/original"
        told = {"wave": f"{sound}/waveform?version=original", "seconds": recording.info["seconds"]}
        data = f' data-sound="{render.escape(json.dumps(told))}"'
        name = render.escape(words("ts_sound", name=found.name))
        zooms = "".join(_zoom(act, sign, words) for act, sign in (("in", "+"), ("out", "−"), ("all", "⤢")))
        stage = (
            f'<div class="ed-bar"><div role="group">{zooms}</div></div><div class="ed-stage">'
            f'<canvas class="ed-wave ts-wave" tabindex="0" role="application" '
            f'aria-label="{render.escape(words("ts_wave"))}"></canvas></div>'
            f'<audio class="ts-sound" controls preload="metadata" src="{render.escape(heard)}" '
            f'aria-label="{name}"></audio>'
        )
    links = "".join(
        f'<a class="btn second" href="{render.escape(home)}/export?format={kind}" download>{render.icon("down")}'
        f"<span>{render.escape(words('ts_export', kind=kind.upper()))}</span></a>"
        for kind in KINDS
    )
    tools = "".join(_tool(act, words) for act in ("undo", "redo", "restore"))
    said = render.escape(json.dumps({name: words(f"ts_{name}") for name in SAID}))
    problem = render.notice("", found.error) if found.error else ""
    parts = [found.model or "", words.language_name(found.language) if found.language else ""]
    return (
        f'<section class="editor scripted" data-home="{render.escape(home)}" data-stamp="{found.updated_at}"{data} '
        f'data-words="{said}" aria-label="{render.escape(found.name)}"><header><h2>{render.escape(found.name)}</h2>'
        f'{render.cost(parts)}</header>{problem}{stage}<div class="actions ts-tools">{tools}</div>'
        f'<div class="ts-told" role="status"></div><ol class="ts-segments"></ol>'
        f'<div class="downloads">{links}</div></section>'
    )


def _zoom(act: str, sign: str, words: Words) -> str:
    name = render.escape(words(f"ed_zoom_{act}"))
    return (
        f'<button type="button" class="btn quiet" data-ts-zoom="{act}" aria-label="{name}" title="{name}">'
        f"<span>{sign}</span></button>"
    )


def _tool(act: str, words: Words) -> str:
    text = render.escape(words(f"ts_{act}"))
    return f'<button type="button" class="btn quiet" data-ts="{act}" disabled><span>{text}</span></button>'
