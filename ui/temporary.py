"""A temporary chat: its words are in the memory of one open page, and only its figures are written.

A reload, another conversation or a closed page ends it, and stops the reply that is being written:
nobody could read it any more.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict

import gradio as gr

from studio import ChatRequest, Failed, Job, Message, StudioError
from ui import render
from ui.caller import caller_of, page_of
from ui.chat_page import ChatPage, Temporary
from ui.chat_settings import Given
from ui.follow import View, follow
from ui.messages import chat_cost, growing, plain_message
from ui.panel import Updates
from ui.words import Words, words_of


class TemporaryChat:
    """Answers the Chat panel's events while a temporary chat is open in it."""

    def __init__(self, page: ChatPage) -> None:
        self.page = page

    def begin(self, request: gr.Request) -> Updates:
        """Show an empty temporary chat, marked as one."""
        words, page = words_of(request), self.page
        page.turns.take(page_of(request), "chat")
        mark = f'<div class="temporary">{render.notice("", words("chat_temporary_told"), kind="info")}</div>'
        return {
            **page.blank(words, caller_of(request)),
            page.temporary: Temporary(),
            page.title: render.chat_head(words, words("chat_temporary")) + mark,
        }

    async def send(self, temporary: Temporary, text: str, given: Given, request: gr.Request) -> AsyncIterator[Updates]:
        """Submit the messages so far with a new one, and follow the reply; no word of it is stored."""
        page, words, caller = self.page, words_of(request), caller_of(request)
        if temporary.job_id:
            # The status goes on telling of the reply that is being written.
            yield {page.ask: text, page.note: render.notice("", words("chat_temporary_busy"), kind="info")}
            return
        system, settings = page.drawer.read(given)
        messages = (*temporary.messages, Message("user", text))
        before = (Message("system", system),) if system.strip() else ()
        asked = ChatRequest(messages=(*before, *messages), private=True, **asdict(settings))
        try:
            job = await asyncio.to_thread(page.studio.submit, asked, caller)
        except StudioError as exc:
            yield {page.status: render.failure(words, exc), page.ask: text}
            return
        except Exception as exc:
            yield {page.status: render.crash(words, exc), page.ask: text}
            return
        try:
            async for updates in self._follow(job, temporary, messages, request):
                yield updates
        finally:
            job.cancel()  # whoever left can't come back to it

    async def _follow(
        self, job: Job, before: Temporary, messages: tuple[Message, ...], request: gr.Request
    ) -> AsyncIterator[Updates]:
        page, words = self.page, words_of(request)
        turn = page.turns.take(page_of(request), "chat")
        yield {
            **self._shown(Temporary(messages, job.id), running=True),
            page.ask: "",
            page.start: "",
            page.status: render.busy(words("starting")),
        }
        told: str | None = None
        last = View(job)
        async for view in follow(job, turn):
            last = view
            updates: Updates = {page.live: growing(view, words)}
            going = render.waiting(words, view) or ("" if view.text else render.busy(words("starting")))
            if going != told:
                updates[page.status] = told = going
            yield updates
        if turn.over:
            return
        if last.text:
            whole = Temporary((*messages, Message("assistant", last.text)))
            yield {**self._shown(whole, running=False), page.status: _ending(last, words)}
        else:  # what was asked goes back into its box
            yield {
                **self._shown(before, running=False),
                page.ask: messages[-1].content,
                page.status: _ending(last, words),
            }

    def stop(self, temporary: Temporary | None, request: gr.Request) -> Updates:
        """Stop the reply that is being written; its follower tells the rest."""
        page = self.page
        if temporary is not None and temporary.job_id:
            try:
                page.studio.job(temporary.job_id, caller_of(request)).cancel()
            except StudioError as exc:
                return {page.status: render.failure(words_of(request), exc)}
        return {page.status: gr.skip()}

    def _shown(self, temporary: Temporary, *, running: bool) -> Updates:
        page = self.page
        return {
            page.temporary: temporary,
            page.history: _history(temporary.messages),
            page.live: [],
            page.note: "",
            page.send_button: gr.Button(visible=not running),
            page.stop_button: gr.Button(visible=running),
        }


def _history(messages: Sequence[Message]) -> list[dict[str, object]]:
    return [plain_message(message.role, message.content) for message in messages]


def _ending(view: View, words: Words) -> str:
    """Return what stands below the last message: what it cost, or why it ended early."""
    if isinstance(view.end, Failed):
        return render.failure(words, view.end)
    usage = view.usage
    figures: dict[str, float | int | str | None] = {
        "tokens_in": usage.tokens_in,
        "tokens_out": usage.tokens_out,
        "context_tokens": usage.context_tokens,
        "first_output_s": view.first_output_s,
        "duration_s": view.duration_s,
        "left_out": usage.left_out,
    }
    spent = render.cost(chat_cost(figures, words))
    stopped = render.cost([words("chat_temporary_stopped")]) if view.job.state == "cancelled" else ""
    return stopped + spent
