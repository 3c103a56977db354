"""What is done with a reply outside its conversation: it is spoken right here, or taken to the Translate panel."""

import asyncio
from collections.abc import AsyncIterator
from importlib import resources

import gradio as gr

from studio import Failed, Job, NotFound, SpeechRequest, StudioError
from ui import render
from ui.caller import caller_of, link, page_of
from ui.chat import ChatPanel
from ui.follow import follow
from ui.panel import Panel, Updates, area, event_text, on
from ui.words import words_of

SPOKEN_MOST = 100_000  # characters of one SpeechRequest


class ReplyActions(Panel):
    """Builds the player below the conversation and answers the buttons of the replies."""

    def __init__(self, chat: ChatPanel) -> None:
        super().__init__(chat.studio, chat.turns)
        self.chat = chat
        # What each open page hears: whatever is asked for next ends it.
        self._heard: dict[str, Job] = {}

    def build(self) -> None:
        """Lay the player out, in the Chat panel."""
        script = (resources.files("ui") / "assets" / "replies.js").read_text(encoding="utf-8")
        self.player = area(elem_id="chat-sound", script=script)

    def wire(self, demo: gr.Blocks) -> None:
        """Connect the events."""
        on([self.chat.facts.click, self.player.click], self.act, [], [self.player])

    def leave(self, page: str) -> None:
        """End what a page that was closed hears."""
        if (job := self._heard.pop(page, None)) is not None:
            job.cancel()

    async def act(self, request: gr.Request, event: gr.EventData) -> AsyncIterator[Updates]:
        """Speak a reply, end that, or hand its text to the page, which takes it to the Translate panel."""
        act, target = event_text(event, "act"), event_text(event, "id")
        if act not in ("speak", "translate", "hush"):
            return
        words, page = words_of(request), page_of(request)
        self.leave(page)
        if act == "hush":
            yield {self.player: ""}
            return
        try:
            text = await asyncio.to_thread(self._text, target, request)
            if act == "translate":
                yield {self.player: f'<i hidden data-translate="{render.escape(text)}"></i>'}
                return
            yield {self.player: render.busy(words("starting"))}
            asked = SpeechRequest(text=text[:SPOKEN_MOST])
            job = self._heard[page] = await asyncio.to_thread(self.studio.submit, asked, caller_of(request))
        except StudioError as exc:
            yield {self.player: render.failure(words, exc)}
            return
        except Exception as exc:
            yield {self.player: render.crash(words, exc)}
            return
        async for updates in self._follow(job, request):
            yield updates

    def _text(self, message_id: str, request: gr.Request) -> str:
        """Return a message's text; raises NotFound where it is not this owner's."""
        store = self.studio.conversations
        store.conversation_of(message_id, caller_of(request).owner)
        message = store.message(message_id)
        if message is None or not message.content.strip():
            raise NotFound("This reply has no text. Choose another.", id=message_id[:64])
        return message.content

    async def _follow(self, job: Job, request: gr.Request) -> AsyncIterator[Updates]:
        """Show the player as soon as there is something to hear; it plays the rest by itself."""
        words = words_of(request)
        turn = self.turns.take(page_of(request), "reply")
        async for view in follow(job, turn):
            if isinstance(view.end, Failed):
                yield {self.player: render.failure(words, view.end)}
                return
            if view.spoken or view.end is not None:
                break
            if going := render.waiting(words, view):
                yield {self.player: going}
        if turn.over or job.state == "cancelled":
            return
        address = render.escape(link(request, f"jobs/{job.id}/audio.mp3"))
        name = render.escape(words("sp_listen"))
        end = render.button("", "hush", drawing="close", name=words("chat_hush"))
        player = f'<audio controls autoplay preload="metadata" src="{address}" aria-label="{name}"></audio>'
        yield {self.player: f'<div class="sound">{player}{end}</div>'}
