"""The queue of the Images panel: what is drawn next, moved, cancelled, tried again or taken out."""

import asyncio

import gradio as gr

from studio import QueuedImage, Studio, StudioError
from ui import render
from ui.caller import caller_of
from ui.panel import Updates, area, event_text, on
from ui.words import Words, words_of

HEAD_CHARACTERS, TAIL_CHARACTERS = 52, 26
# What one entry of a grid has otherwise than the next.
TOLD = ("seed", "num_inference_steps", "guidance_scale", "strength", "scheduler")
MOST_SHOWN = 100


class ImageQueueList:
    """Builds the list and answers its buttons; whoever follows the jobs draws it again as they go on."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio

    def build(self) -> None:
        """Lay the list out inside the open column."""
        self.list = area(elem_id="im-queue", script=render.CLICKS)

    def wire_moves(self) -> None:
        """Connect what changes the order or takes something out; trying again is the panel's, which follows it."""
        on([self.list.click], self.act, [], [self.list], queue=False)

    async def act(self, request: gr.Request, event: gr.EventData) -> Updates:
        """Move, cancel or remove the entry that was clicked."""
        words, caller = words_of(request), caller_of(request)
        act, entry_id = event_text(event, "act"), event_text(event, "id")
        told = ""
        try:
            if act in ("up", "down"):
                await asyncio.to_thread(self.studio.move_image, entry_id, caller, up=act == "up")
            elif act == "cancel":
                await asyncio.to_thread(self.studio.cancel_image, entry_id, caller)
            elif act == "remove":
                await asyncio.to_thread(self.studio.remove_image, entry_id, caller)
            else:
                return {self.list: gr.skip()}
        except StudioError as exc:
            told = render.failure(words, exc)
        return {self.list: told + await self.drawn(request)}

    async def drawn(self, request: gr.Request) -> str:
        """Return the list as HTML; "" where nothing is in it."""
        words = words_of(request)
        found = await asyncio.to_thread(self.studio.image_queue, caller_of(request))
        if not found:
            return ""
        rows = "".join(_row(each, words) for each in found[:MOST_SHOWN])
        head = render.escape(words.count("im_queue", len(found)))
        return f'<section class="queue" aria-label="{head}"><h2>{head}</h2><ol>{rows}</ol></section>'


def _row(found: QueuedImage, words: Words) -> str:
    entry = found.entry
    prompt, scale = str(entry.request.get("prompt", "")), entry.request.get("scale")
    if scale is not None:
        prompt = " · ".join(part for part in (words("im_queue_enlarge", scale=scale), prompt) if part)
    short = prompt
    if len(prompt) > HEAD_CHARACTERS + TAIL_CHARACTERS:  # words that a grid adds stand at the end
        short = f"{prompt[:HEAD_CHARACTERS]}…{prompt[-TAIL_CHARACTERS:]}"
    settings = [f"{words(f'im_axis_{name}')} {entry.request[name]}" for name in TOLD if name in entry.request]
    name = " · ".join([short, *settings])
    buttons = ""
    if entry.state == "waiting":
        buttons += render.button("", "up", entry.id, drawing="up", name=words("im_queue_up", prompt=name))
        buttons += render.button("", "down", entry.id, drawing="downward", name=words("im_queue_down", prompt=name))
    if entry.state in ("waiting", "running"):
        buttons += render.button("", "cancel", entry.id, drawing="close", name=words("im_queue_cancel", prompt=name))
    else:
        buttons += render.button("", "retry", entry.id, drawing="again", name=words("im_queue_retry", prompt=name))
        buttons += render.button("", "remove", entry.id, drawing="bin", name=words("im_queue_remove", prompt=name))
    state = words(f"im_state_{entry.state}")
    why = f" · {entry.error_message}" if entry.error_message else ""
    told = " · ".join([state, *settings])
    return (
        f'<li class="{entry.state}"><span><b>{render.escape(short)}</b> '
        f"<small>{render.escape(told + why)}</small></span>"
        f'<span class="tools">{buttons}</span></li>'
    )
