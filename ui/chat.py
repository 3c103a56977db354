"""The Chat panel: conversations kept by the studio, a window on their last messages, the reply as it grows.

Nothing of a conversation comes from the browser but its id: the history is read from the store for
its owner. The reply that is being written stands in a component of its own, so that each update
carries only what was added; when it is finished it moves into the history.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace

import gradio as gr

from studio import Caller, Conversation, Job, NotFound, StoredMessage, StudioError
from ui import render
from ui.attachments import ids_of
from ui.caller import caller_of, link, page_of
from ui.chat_page import ChatPage
from ui.chat_settings import Given
from ui.follow import Turn, follow
from ui.held import Temporary, held_of
from ui.messages import as_file, growing
from ui.opened import WINDOW, bottom_for, goes_on, id_of, job_of, look, next_look, read, revision_of, text_of
from ui.panel import Updates, event_text, on
from ui.queued import enqueue, take_back
from ui.sending import Sent
from ui.temporary import TemporaryChat
from ui.words import Words, words_of

NO_PLACE = '() => ({id: "", revision: 0})'


class ChatPanel(ChatPage):
    """Answers the panel's events."""

    def wire(self, demo: gr.Blocks) -> None:
        """Connect the events, once the sidebar stands too."""
        outputs, temporary = self.outputs, TemporaryChat(self)
        attached = self.attachments.fields
        given = {self.ask, self.place, self.editing, self.aside, self.temporary, *attached, *self.drawer.fields}
        self.drawer.wire(demo)
        self.templates.wire(demo)
        self.attachments.wire(demo)
        on([demo.load], self.begin, [self.place], outputs)
        on([self.ask.submit, self.send_button.click, self.later_button.click], self.send, given, outputs)
        on([self.start.click], self.send_example, given, outputs)
        clicks = [self.facts.click, self.status.click, self.note.click, self.waiting.click]
        on(clicks, self.act_on_message, given, outputs)
        on([self.stop_button.click], self.stop, [self.place], [self.status], queue=False)
        on([self.stop_button.click], temporary.stop, [self.temporary], [self.status], queue=False)
        on([self.sidebar.temporary.click], temporary.begin, [], outputs)
        on([self.earlier.click], self.show_earlier, [self.place, self.window, self.bottom], outputs)
        on([self.newest.click], self.load, [self.place], outputs)
        # In the page, at once: a message sent before the server has answered belongs to the new conversation.
        self.sidebar.new.click(None, None, self.place, js=NO_PLACE, api_visibility="private")
        on([self.sidebar.new.click], self.new, [], outputs)
        on([self.sidebar.list.click, self.sidebar.hits.click], self.act_on_list, [self.place], outputs)
        self.sidebar.wire()

    # Events

    async def begin(self, place: Mapping[str, object], request: gr.Request) -> AsyncIterator[Updates]:
        """Do as ``load`` when the page is new, unless a message has overtaken it: Gradio keeps no order."""
        if self.sending.going(page_of(request)):
            self.sidebar.open(caller_of(request))
            yield {self.status: gr.skip()}
            return
        async for updates in self.load(place, request):
            yield updates

    async def load(self, place: Mapping[str, object], request: gr.Request) -> AsyncIterator[Updates]:
        """Open the conversation that this browser had open, and follow its reply if one is being written."""
        self.sidebar.open(caller_of(request))
        async for updates in self._open(id_of(place), request, forgive=True):
            yield updates

    async def new(self, request: gr.Request) -> AsyncIterator[Updates]:
        """Show an empty conversation; it is kept from its first message on."""
        async for updates in self._open("", request):
            yield {**updates, self.drawer.documents.collection: []}

    async def send(self, given: Given, request: gr.Request) -> AsyncIterator[Updates]:
        """Store the message, submit the request, and follow the reply."""
        text, place, editing = text_of(given.get(self.ask)), given.get(self.place), text_of(given.get(self.editing))
        attached = ids_of(given.get(self.attachments.chosen))
        if not text.strip() and not attached and not held_of(given.get(self.attachments.held)):
            return
        if isinstance(temporary := given.get(self.temporary), Temporary):
            async for updates in TemporaryChat(self).send(temporary, text, given, request):
                yield updates
            return
        conversation_id, revision = id_of(place), revision_of(place)
        page = page_of(request)
        sent = self.sending.begin(page, (conversation_id, revision, editing, text, *attached))
        if sent is None:
            return
        try:
            async for updates in self._send(sent, conversation_id or await sent.begun(), text, given, request):
                yield updates
        finally:
            self.sending.end(page, sent)

    async def _send(
        self, sent: Sent, conversation_id: str, text: str, given: Given, request: gr.Request
    ) -> AsyncIterator[Updates]:
        words, caller = words_of(request), caller_of(request)
        attached, editing = ids_of(given.get(self.attachments.chosen)), text_of(given.get(self.editing))
        revision = revision_of(given.get(self.place))
        system, settings = self.drawer.read(given)
        try:
            if conversation_id and (
                waiting := await asyncio.to_thread(enqueue, self.studio, conversation_id, text, attached, words, caller)
            ):
                sent.arrived(conversation_id)
                yield {**self.sent(given, request, attached), self.status: gr.skip(), self.waiting: waiting}
                return
            if editing and conversation_id:
                conversation, job = await asyncio.to_thread(
                    self.studio.edit,
                    *(conversation_id, editing, text, caller),
                    revision=revision,
                    system=system,
                    settings=settings,
                    attachments=attached,
                )
            else:
                conversation, job = await asyncio.to_thread(
                    self.studio.say,
                    *(conversation_id or None, text, caller),
                    revision=revision,
                    system=system,
                    settings=settings,
                    attachments=attached,
                )
        except StudioError as exc:
            # The text stays in its box: nothing that a person wrote is thrown away.
            yield {self.status: self._refused(exc, words), self.ask: text}
            return
        except Exception as exc:
            yield {self.status: render.crash(words, exc)}
            return
        sent.arrived(conversation.id)
        async for updates in self._follow_new(conversation, job, request, self.sent(given, request, attached)):
            yield updates

    async def send_example(self, given: Given, request: gr.Request) -> AsyncIterator[Updates]:
        """Send the example of the empty panel."""
        example = words_of(request)("chat_example")
        async for updates in self.send(
            {**given, self.ask: example, self.editing: "", self.attachments.chosen: []}, request
        ):
            # What stands in the box was not sent, so it stays there.
            stays = (self.ask, self.attachments.chosen, self.attachments.chips)
            kept = {key: value for key, value in updates.items() if key not in stays}
            if kept:
                yield kept

    async def act_on_message(self, given: Given, request: gr.Request, event: gr.EventData) -> AsyncIterator[Updates]:
        """Edit, write again, continue, or look at another version of a message."""
        act, target, place = event_text(event, "act"), event_text(event, "id"), given.get(self.place)
        words, caller, conversation_id = words_of(request), caller_of(request), id_of(place)
        if act == "edit_end":
            yield self.sent(given, request)
            return
        if act == "as_file":
            async for updates in self._as_file(target, given, request):
                yield updates
            return
        if isinstance(temporary := given.get(self.temporary), Temporary):
            async for updates in TemporaryChat(self).act(temporary, given, request, event):
                yield updates
            return
        if act == "reload":
            async for updates in self._open(conversation_id, request):
                yield updates
            return
        system, settings = self.drawer.read(given)
        if model := event_text(event, "model"):
            settings = replace(settings, model=model, context_tokens=None)  # that was the other model's
        try:
            if act == "queue_drop":
                async for updates in self._take_back(conversation_id, target, given, request):
                    yield updates
            elif act == "queue_send":
                sent = await asyncio.to_thread(self.studio.send_queued, conversation_id, caller, target)
                if sent is not None:
                    async for updates in self._follow_new(*sent, request, {}):
                        yield updates
            elif act == "edit":
                kept = await self.put_aside(given, request)
                yield {**await asyncio.to_thread(self._edit, target, words, caller), self.aside: kept}
                files = self.studio.documents.of_messages([target]).get(target, ())
                async for updates in self.attachments.show([file.id for file in files], given, request):
                    yield updates
            elif act == "choose":
                await asyncio.to_thread(
                    self.studio.conversations.choose, conversation_id, caller.owner, target, revision_of(place)
                )
                async for updates in self._open(conversation_id, request):
                    yield updates
            elif act in ("again", "go_on"):
                conversation, job = await asyncio.to_thread(
                    self.studio.regenerate if act == "again" else self.studio.resume,
                    *(conversation_id, target, caller),
                    revision=revision_of(place),
                    system=system,
                    settings=settings,
                )
                async for updates in self._follow_new(conversation, job, request, {}):
                    yield updates
        except StudioError as exc:
            yield {self.status: self._refused(exc, words)}
        except Exception as exc:
            yield {self.status: render.crash(words, exc)}

    async def _take_back(
        self, conversation_id: str, message: str, given: Given, request: gr.Request
    ) -> AsyncIterator[Updates]:
        """Take a waiting message into the box, above what stands there, with the files of both."""
        written, words, caller = text_of(given.get(self.ask)), words_of(request), caller_of(request)
        drawn, text, attached = await asyncio.to_thread(
            take_back, self.studio, conversation_id, message, written, words, caller
        )
        yield {self.waiting: drawn, self.ask: text}
        there = await self.attachments.going_along(given, request)
        both = [*attached, *(each for each in there if each not in attached)]
        async for updates in self.attachments.show(both, given, request):
            yield updates

    def stop(self, place: Mapping[str, object], request: gr.Request) -> Updates:
        """Stop the reply that is being written; its follower tells the rest."""
        caller = caller_of(request)
        if not id_of(place):  # a new conversation, or a temporary one, which has its own
            return {self.status: gr.skip()}
        try:
            job = job_of(self.studio, read(self.studio, id_of(place), caller.owner, 1), caller)
            if job is not None:
                job.cancel()
        except StudioError as exc:
            return {self.status: render.failure(words_of(request), exc)}
        return {self.status: gr.skip()}

    async def show_earlier(
        self, place: Mapping[str, object], window: int, bottom: str, request: gr.Request
    ) -> AsyncIterator[Updates]:
        """Show a window of messages twice as far back."""
        async for updates in self._open(id_of(place), request, window=int(window) + WINDOW, bottom=bottom):
            yield updates

    async def act_on_list(
        self, place: Mapping[str, object], request: gr.Request, event: gr.EventData
    ) -> AsyncIterator[Updates]:
        """Open the conversation that was clicked in the sidebar, at a message too, or arrange it."""
        act, target, text = (event_text(event, name) for name in ("act", "id", "title"))
        words, caller = words_of(request), caller_of(request)
        current = id_of(place)
        try:
            if act == "open":
                bottom, reveal = "", event_text(event, "message")
                if reveal:
                    bottom = await asyncio.to_thread(bottom_for, self.studio, target, caller.owner, reveal)
                async for updates in self._open(target, request, bottom=bottom, reveal=reveal):
                    yield updates
                return
            await asyncio.to_thread(self.sidebar.arrange, act, target, text, caller)
        except StudioError as exc:
            drawn = self.sidebar.draw(caller, words, current)
            yield {self.status: render.failure(words, exc), self.sidebar.list: drawn}
            return
        deleted = target if act == "delete" else ""
        if target == current and act in ("rename", "delete"):
            async for updates in self._open("" if deleted else current, request):
                yield updates
        yield {self.sidebar.list: self.sidebar.draw(caller, words, "" if deleted == current else current, deleted)}

    # Pieces

    def _refused(self, exc: StudioError, words: Words) -> str:
        """Return why a message was not taken; where the page is stale, with the button that mends it."""
        if exc.code == "input_too_large":
            return render.failure(words, exc, as_file(words))
        again = render.button(words("chat_reload"), "reload", kind="second") if exc.code == "conflict" else ""
        return render.failure(words, exc, again)

    async def _as_file(self, reply_id: str, given: Given, request: gr.Request) -> AsyncIterator[Updates]:
        """Make a file of a message that is too long for the model, to be asked about in a few words.

        Args:
            reply_id: The failed reply to it, whose message is edited then; "": it is still in its box.
        """
        words, caller = words_of(request), caller_of(request)
        text, first = text_of(given.get(self.ask)), Updates({self.status: ""})
        files: list[str] | None = None
        try:
            if reply_id:
                asked, files = await asyncio.to_thread(self._asked, reply_id, caller)
                text, first[self.aside] = asked.content, await self.put_aside(given, request)
                first[self.editing] = asked.id
            if not text.strip():
                return
            end = render.button(words("cancel"), "edit_end", kind="second") if reply_id else ""
            yield {**first, self.ask: "", self.note: render.notice("", words("chat_filed"), kind="info", action=end)}
            async for updates in self.attachments.add_text(text, given, request, files):
                yield updates
        except StudioError as exc:
            yield {self.status: render.failure(words, exc)}

    def _asked(self, reply_id: str, caller: Caller) -> tuple[StoredMessage, list[str]]:
        """Return the message that a reply answers, and its files; raises NotFound where it is not this owner's."""
        store = self.studio.conversations
        store.conversation_of(reply_id, caller.owner)
        reply = store.message(reply_id)
        asked = store.message(reply.parent_id) if reply is not None and reply.parent_id is not None else None
        if asked is None or asked.role != "user":
            raise NotFound("There is no such message. Its conversation may have been deleted.", id=reply_id[:64])
        return asked, [file.id for file in self.studio.documents.of_messages([asked.id]).get(asked.id, ())]

    def _edit(self, message_id: str, words: Words, caller: Caller) -> Updates:
        self.studio.conversations.conversation_of(message_id, caller.owner)
        message = self.studio.conversations.message(message_id)
        end = render.button(words("cancel"), "edit_end", kind="second")
        return {
            self.ask: message.content if message is not None else "",
            self.editing: message_id,
            self.note: render.notice("", words("chat_editing"), kind="info", action=end),
        }

    async def _open(
        self,
        conversation_id: str,
        request: gr.Request,
        *,
        window: int = WINDOW,
        bottom: str = "",
        reveal: str = "",
        forgive: bool = False,
    ) -> AsyncIterator[Updates]:
        """Show a conversation ("" is a new one); ``forgive`` one that is gone, as after its deletion."""
        words, caller = words_of(request), caller_of(request)
        self.sending.leave(page_of(request))
        turn = self.turns.take(page_of(request), "chat")
        if not conversation_id:
            yield self.blank(words, caller)
            return
        try:
            kept = (await asyncio.to_thread(self.studio.conversations.get, conversation_id, caller.owner)).settings
            yield {**self.not_editing(), **self.drawer.opened(kept, caller)}
            async for updates in self._show(
                conversation_id, request, turn, window=window, bottom=bottom, reveal=reveal
            ):
                yield updates
        except StudioError as exc:
            yield self.blank(words, caller, "" if forgive else render.failure(words, exc))
        except Exception as exc:
            yield self.blank(words, caller, render.crash(words, exc))

    async def _follow_new(
        self, conversation: Conversation, job: Job, request: gr.Request, first: Updates
    ) -> AsyncIterator[Updates]:
        # Only now: a refused message must not end the follower of the reply that is being written.
        turn = self.turns.take(page_of(request), "chat")
        if first:  # Gradio takes no empty mapping for one
            yield first
        async for updates in self._show(conversation.id, request, turn, job=job):
            yield updates

    async def _show(
        self,
        conversation_id: str,
        request: gr.Request,
        turn: Turn,
        *,
        window: int = WINDOW,
        bottom: str = "",
        reveal: str = "",
        job: Job | None = None,
    ) -> AsyncIterator[Updates]:
        """Show the conversation as it stands, then follow the reply that is being written, if any."""
        words, caller = words_of(request), caller_of(request)
        addresses = {
            "export": link(request, f"conversations/{conversation_id}/export"),
            "files_at": link(request, "documents"),
        }
        opened, job = await look(self.studio, conversation_id, caller, window, bottom, job)
        yield self.drawn(opened, words, caller, window, running=job is not None, reveal=reveal, **addresses)
        while job is not None:
            told: str | None = None
            begun = opened.growing.content if opened.growing is not None and goes_on(job) else ""
            async for view in follow(job, turn):
                updates: Updates = {self.live: growing(view, words, begun)}
                going = render.waiting(words, view) or ("" if view.text else render.busy(words("starting")))
                if going != told:
                    updates[self.status] = told = going
                yield updates
            opened, job = await next_look(self.studio, conversation_id, caller, window, job)
            if turn.over:  # something else was opened meanwhile
                return
            yield self.drawn(opened, words, caller, window, running=job is not None, **addresses)
