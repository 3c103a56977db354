"""A temporary chat: its words are in the memory of one open page, and only its figures are written.

A reload, another conversation or a closed page ends it, and stops the reply that is being written:
nobody could read it any more.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, replace

import gradio as gr

from studio import ChatRequest, Failed, Job, Message, StudioError
from ui import choices, render
from ui.caller import caller_of, page_of
from ui.chat_page import ChatPage
from ui.chat_settings import Given
from ui.chosen_files import Chosen
from ui.follow import View, follow
from ui.held import HeldFile, Temporary, files_of, message_with
from ui.messages import as_file, chat_cost, figures_of, growing, plain_message, temporary_bars
from ui.opened import text_of
from ui.panel import Updates, event_text
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
        """Submit the messages so far with a new one, or up to an edited one, and follow the reply."""
        place = text_of(given.get(self.page.editing))
        before = temporary.messages[: int(place)] if place.isdecimal() else temporary.messages
        files = await self.page.attachments.going_along(given, request)
        said = message_with(text, [file for file in files if isinstance(file, HeldFile)])
        async for updates in self._ask(temporary, (*before, said), text, given, request, files=files):
            yield updates

    async def act(
        self, temporary: Temporary, given: Given, request: gr.Request, event: gr.EventData
    ) -> AsyncIterator[Updates]:
        """Edit a message, or let a reply be written again, with another model too; what came after it goes."""
        page, words = self.page, words_of(request)
        act, place = event_text(event, "act"), event_text(event, "id")
        if act not in ("edit", "again") or not place.isdecimal() or int(place) >= len(temporary.messages):
            return
        message = temporary.messages[int(place)]
        if act == "edit" and message.role == "user":
            end = render.button(words("cancel"), "edit_end", kind="second")
            told = render.notice("", words("chat_temporary_editing"), kind="info", action=end)
            kept = await page.put_aside(given, request)
            yield {page.ask: message.content, page.editing: place, page.aside: kept, page.note: told}
            files = files_of(message, words("form_image"))
            async for updates in page.attachments.show(files, given, request):
                yield updates
        elif act == "again" and message.role == "assistant":
            asked = temporary.messages[: int(place)]
            async for updates in self._ask(temporary, asked, None, given, request, event_text(event, "model") or None):
                yield updates

    async def _ask(
        self,
        temporary: Temporary,
        messages: tuple[Message, ...],
        text: str | None,
        given: Given,
        request: gr.Request,
        model: str | None = None,
        files: Sequence[Chosen] = (),
    ) -> AsyncIterator[Updates]:
        """Ask for the reply to messages, and follow it; no word of it is stored.

        Args:
            text: What goes back into the box when it is refused; None: nothing came from there.
            model: Another one than the drawer's.
            files: Those of the message.
        """
        page, words, caller = self.page, words_of(request), caller_of(request)
        kept: Updates = {} if text is None else {page.ask: text}
        if temporary.job_id:
            # The status goes on telling of the reply that is being written.
            yield {**kept, page.note: render.notice("", words("chat_temporary_busy"), kind="info")}
            return
        system, settings = page.drawer.read(given)
        if model is not None:
            settings = replace(settings, model=model, context_tokens=None)
        before = (Message("system", system),) if system.strip() else ()
        asked = ChatRequest(messages=(*before, *messages), private=True, **asdict(settings))
        try:
            job = await asyncio.to_thread(page.studio.submit, asked, caller)
        except StudioError as exc:
            yield {page.status: render.failure(words, exc), **kept}
            return
        except Exception as exc:
            yield {page.status: render.crash(words, exc), **kept}
            return
        try:
            written = given if text is not None else None
            async for updates in self._follow(job, temporary, messages, written, files, request):
                yield updates
        finally:
            job.cancel()  # whoever left can't come back to it

    async def _follow(
        self,
        job: Job,
        before: Temporary,
        messages: tuple[Message, ...],
        written: Given | None,
        files: Sequence[Chosen],
        request: gr.Request,
    ) -> AsyncIterator[Updates]:
        """Follow a reply.

        Args:
            written: What the page had when a message was sent; None: none was, the reply is written again.
            files: Those that went with it.
        """
        page, words = self.page, words_of(request)
        turn = page.turns.take(page_of(request), "chat")
        yield {
            **self._shown(Temporary(messages, job.id), words, running=True),
            **(page.sent(written, request, files) if written is not None else {}),
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
            yield {**self._shown(whole, words, running=False), page.status: _ending(last, words)}
        else:  # what was asked goes back into its box, its files with it
            back: Updates = {} if written is None else {page.ask: messages[-1].content}
            yield {**self._shown(before, words, running=False), **back, page.status: _ending(last, words)}
            if written is not None and (again := files_of(messages[-1], words("form_image"))):
                async for updates in page.attachments.show(again, {**written, page.temporary: before}, request):
                    yield updates

    def stop(self, temporary: Temporary | None, request: gr.Request) -> Updates:
        """Stop the reply that is being written; its follower tells the rest."""
        page = self.page
        if temporary is not None and temporary.job_id:
            try:
                page.studio.job(temporary.job_id, caller_of(request)).cancel()
            except StudioError as exc:
                return {page.status: render.failure(words_of(request), exc)}
        return {page.status: gr.skip()}

    def _shown(self, temporary: Temporary, words: Words, *, running: bool) -> Updates:
        page = self.page
        models = [] if running else choices.of_kind(page.studio, "chat").pairs
        return {
            page.temporary: temporary,
            page.history: _history(temporary.messages),
            page.live: [],
            page.facts: "" if running else temporary_bars(temporary.messages, words, models),
            page.note: "",
            page.send_button: gr.Button(visible=not running),
            page.stop_button: gr.Button(visible=running),
        }


def _history(messages: Sequence[Message]) -> list[dict[str, object]]:
    return [plain_message(message.role, message.content) for message in messages]


def _ending(view: View, words: Words) -> str:
    """Return what stands below the last message: what it cost, or why it ended early."""
    if isinstance(view.end, Failed):
        offer = as_file(words) if {"tokens", "context_tokens"} <= view.end.details.keys() else ""
        return render.failure(words, view.end, offer)
    name = [view.job.spec.title] if view.job.spec is not None else []
    spent = render.cost([*name, *chat_cost(figures_of(view), words)])
    stopped = render.cost([words("chat_temporary_stopped")]) if view.job.state == "cancelled" else ""
    return stopped + spent
