"""The Chat panel: conversations kept by the studio, a window on their last messages, the reply as it grows.

Nothing of a conversation comes from the browser but its id: the history is read from the store for
its owner. The reply that is being written stands in a component of its own, so that each update
carries only what was added; when it is finished it moves into the history.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping

import gradio as gr

from studio import Caller, ChatRequest, ChatSettings, Job, Studio, StudioError
from ui import choices, render
from ui.caller import caller_of, page_of
from ui.follow import Turn, Turns, follow
from ui.messages import Opened, ending, growing, messages_box, shown_as
from ui.panel import Panel, Updates, area, event_text, on, stop_button
from ui.sidebar import Sidebar
from ui.words import Words, label, words_of

WINDOW = 50
LOOK_AGAIN_S = 0.02
JOB_TIMEOUT_S = 1.0


class ChatPanel(Panel):
    """Builds the panel and answers its events."""

    def __init__(self, studio: Studio, turns: Turns, sidebar: Sidebar) -> None:
        super().__init__(studio, turns)
        self.sidebar = sidebar

    # Layout

    def build(self) -> None:
        """Lay the panel out inside the open tab."""
        # Which conversation this browser looks at, and the revision it was loaded at; nothing secret.
        self.place = gr.BrowserState({"id": "", "revision": 0}, storage_key="hearth-chat", secret="hearth")
        self.window = gr.State(WINDOW)
        with gr.Row(elem_id="chat", elem_classes="desk"):
            with gr.Column(elem_id="chat-main", elem_classes="work"):
                self.title = area(elem_id="chat-title")
                with gr.Column(elem_id="chat-scroll"):
                    self.earlier = gr.Button(label("chat_earlier"), size="sm", visible=False, elem_id="chat-earlier")
                    self.start = area(elem_id="chat-start", script=render.CLICKS)
                    self.history = messages_box("chat-history", label("chat_history"))
                    self.live = messages_box("chat-live", label("chat_reply"))
                    self.status = area(elem_id="chat-status", script=render.CLICKS)
                with gr.Row(elem_id="composer"):
                    self.ask = gr.Textbox(
                        label=label("chat_ask_label"),
                        placeholder=label("chat_ask"),
                        show_label=False,
                        container=False,
                        lines=1,
                        max_lines=8,
                        elem_id="ask",
                        scale=1,
                    )
                    self.send_button = gr.Button(label("chat_send"), variant="primary", elem_id="send", scale=0)
                    self.stop_button = stop_button(label("stop"), "stop")
            with gr.Column(elem_id="chat-settings", elem_classes="aside"):
                self._build_settings()

    def _build_settings(self) -> None:
        self.model = gr.Dropdown(label=label("model"), choices=[], elem_id="chat-model", filterable=False)
        self.hint = area(elem_id="chat-hint")
        with gr.Accordion(label("settings"), open=False, elem_id="chat-drawer"):
            self.system = gr.Textbox(
                label=label("chat_system"), placeholder=label("chat_system_hint"), lines=3, elem_id="chat-system"
            )
            self.temperature = gr.Slider(
                0,
                2,
                value=0.7,
                step=0.1,
                label=label("chat_temperature"),
                info=label("chat_temperature_hint"),
                elem_id="chat-temperature",
            )
            self.max_tokens = gr.Slider(
                16,
                4096,
                value=1024,
                step=16,
                label=label("chat_max_tokens"),
                info=label("chat_max_tokens_hint"),
                elem_id="chat-max-tokens",
            )

    def wire(self, demo: gr.Blocks) -> None:
        """Connect the events, once the sidebar stands too."""
        outputs = [
            self.place, self.window, self.title, self.earlier, self.start, self.history, self.live, self.status,
            self.ask, self.send_button, self.stop_button, self.sidebar.list,
        ]  # fmt: skip
        words_in = [self.ask, self.place, self.model, self.system, self.temperature, self.max_tokens]
        on([demo.load], self.load, [self.place], outputs)
        on([demo.load], self.list_models, [self.model], [self.model, self.hint])
        on([self.model.input], self.tell_hint, [self.model], [self.hint])
        on([self.ask.submit, self.send_button.click], self.send, words_in, outputs)
        on([self.start.click], self.send_example, words_in, outputs)
        on([self.stop_button.click], self.stop, [self.place], [self.status], queue=False)
        on([self.earlier.click], self.show_earlier, [self.place, self.window], outputs)
        on([self.sidebar.new.click], self.new, [], outputs)
        on([self.sidebar.list.click], self.act_on_list, [self.place], outputs)

    # Events

    async def load(self, place: Mapping[str, object], request: gr.Request) -> AsyncIterator[Updates]:
        """Open the conversation that this browser had open, and follow its reply if one is being written."""
        async for updates in self._open(_id_of(place), request, forgive=True):
            yield updates

    async def new(self, request: gr.Request) -> AsyncIterator[Updates]:
        """Show an empty conversation; it is kept from its first message on."""
        async for updates in self._open("", request):
            yield updates

    async def send(
        self,
        text: str | None,
        place: Mapping[str, object],
        model: str | None,
        system: str | None,
        temperature: float,
        max_tokens: int,
        request: gr.Request,
    ) -> AsyncIterator[Updates]:
        """Store the message, submit the request, and follow the reply."""
        words, caller = words_of(request), caller_of(request)
        if not (text or "").strip():
            return
        try:
            conversation, job = await asyncio.to_thread(
                self.studio.say,
                _id_of(place) or None,
                text or "",
                caller,
                revision=_revision_of(place),
                system=system or "",
                settings=ChatSettings(model=model, temperature=temperature, max_tokens=int(max_tokens)),
            )
        except StudioError as exc:
            # The text stays in its box: nothing that a person wrote is thrown away.
            yield {self.status: render.failure(words, exc), self.ask: text}
            return
        except Exception as exc:
            yield {self.status: render.crash(words, exc)}
            return
        # Only now: a refused message must not end the follower of the reply that is being written.
        turn = self.turns.take(page_of(request), "chat")
        yield {self.ask: ""}
        async for updates in self._show(conversation.id, words, caller, turn, job=job):
            yield updates

    async def send_example(
        self,
        text: str | None,
        place: Mapping[str, object],
        model: str | None,
        system: str | None,
        temperature: float,
        max_tokens: int,
        request: gr.Request,
    ) -> AsyncIterator[Updates]:
        """Send the example of the empty panel."""
        example = words_of(request)("chat_example")
        async for updates in self.send(example, place, model, system, temperature, max_tokens, request):
            # What stands in the box was not sent, so it stays there.
            kept = {key: value for key, value in updates.items() if key is not self.ask}
            if kept:
                yield kept

    def stop(self, place: Mapping[str, object], request: gr.Request) -> Updates:
        """Stop the reply that is being written; its follower tells the rest."""
        caller = caller_of(request)
        try:
            opened = self._read(_id_of(place), caller.owner, 1)
            job = self._job_of(opened, caller)
            if job is not None:
                job.cancel()
        except StudioError as exc:
            return {self.status: render.failure(words_of(request), exc)}
        return {self.status: gr.skip()}

    async def show_earlier(
        self, place: Mapping[str, object], window: int, request: gr.Request
    ) -> AsyncIterator[Updates]:
        """Show a window of messages twice as far back."""
        async for updates in self._open(_id_of(place), request, window=int(window) + WINDOW):
            yield updates

    async def act_on_list(
        self, place: Mapping[str, object], request: gr.Request, event: gr.EventData
    ) -> AsyncIterator[Updates]:
        """Open, rename or delete the conversation that was clicked in the sidebar."""
        act, target = event_text(event, "act"), event_text(event, "id")
        words, caller = words_of(request), caller_of(request)
        current = _id_of(place)
        try:
            if act == "rename":
                await asyncio.to_thread(
                    self.studio.conversations.rename, target, caller.owner, event_text(event, "title")
                )
            elif act == "delete":
                await asyncio.to_thread(self.studio.conversations.delete, target, caller.owner)
        except StudioError as exc:
            drawn = self.sidebar.draw(caller, words, current)
            yield {self.status: render.failure(words, exc), self.sidebar.list: drawn}
            return
        if act == "open":
            current = target
        elif act == "delete" and target == current:
            current = ""
        elif target != current:
            yield {self.sidebar.list: self.sidebar.draw(caller, words, current)}
            return
        async for updates in self._open(current, request):
            yield updates

    def list_models(self, model: str | None, request: gr.Request) -> Updates:
        """Offer the chat models that can be used now, and say what the chosen one can't do."""
        offered = choices.of_kind(self.studio, "chat", model)
        return {
            self.model: gr.Dropdown(choices=offered.pairs, value=offered.value),
            self.hint: self._hint(offered.value, words_of(request)),
        }

    def tell_hint(self, model: str | None, request: gr.Request) -> Updates:
        """Say what the chosen model can't do."""
        return {self.hint: self._hint(model, words_of(request))}

    # Pieces

    def _hint(self, model: str | None, words: Words) -> str:
        return choices.hint(self.studio, model, words)

    def _read(self, conversation_id: str, owner: str, window: int) -> Opened:
        conversation = self.studio.conversations.get(conversation_id, owner)
        messages = self.studio.conversations.messages(conversation_id, owner, limit=window + 1)
        return Opened(conversation, messages[-window:], len(messages) > window)

    def _job_of(self, opened: Opened, caller: Caller) -> Job | None:
        """Return the job that writes the growing reply."""
        growing = opened.growing
        if growing is None:
            return None
        for job in self.studio.jobs(caller):
            if isinstance(job.request, ChatRequest) and job.request.reply_id == growing.id:
                return job
        return None

    async def _open(
        self, conversation_id: str, request: gr.Request, *, window: int = WINDOW, forgive: bool = False
    ) -> AsyncIterator[Updates]:
        """Show a conversation ("" is a new one); ``forgive`` one that is gone, as after its deletion."""
        words, caller = words_of(request), caller_of(request)
        turn = self.turns.take(page_of(request), "chat")
        if not conversation_id:
            yield self._blank(words, caller)
            return
        try:
            async for updates in self._show(conversation_id, words, caller, turn, window=window):
                yield updates
        except StudioError as exc:
            yield self._blank(words, caller, "" if forgive else render.failure(words, exc))
        except Exception as exc:
            yield self._blank(words, caller, render.crash(words, exc))

    def _blank(self, words: Words, caller: Caller, status: str = "") -> Updates:
        return {
            self.place: {"id": "", "revision": 0},
            self.window: WINDOW,
            self.title: render.chat_head(words, words("chat_title")),
            self.earlier: gr.Button(visible=False),
            self.start: render.empty(words("chat_empty"), words("chat_example")),
            self.history: [],
            self.live: [],
            self.status: status,
            self.send_button: gr.Button(visible=True),
            self.stop_button: gr.Button(visible=False),
            self.sidebar.list: self.sidebar.draw(caller, words, ""),
        }

    async def _show(
        self,
        conversation_id: str,
        words: Words,
        caller: Caller,
        turn: Turn,
        *,
        window: int = WINDOW,
        job: Job | None = None,
    ) -> AsyncIterator[Updates]:
        """Show the conversation as it stands, then follow the reply that is being written, if any."""
        opened = await asyncio.to_thread(self._read, conversation_id, caller.owner, window)
        job = self._job_of(opened, caller) or job
        deadline = time.monotonic() + JOB_TIMEOUT_S
        while opened.growing is not None and job is None and time.monotonic() < deadline:
            # It ended between the two looks, or its message is stored and the job comes in a moment.
            await asyncio.sleep(LOOK_AGAIN_S)
            opened = await asyncio.to_thread(self._read, conversation_id, caller.owner, window)
            job = self._job_of(opened, caller)
        yield self._drawn(opened, words, caller, window, running=job is not None)
        if job is None:
            return
        told: str | None = None
        async for view in follow(job, turn):
            updates: Updates = {self.live: growing(view, words)}
            going = render.waiting(words, view) or ("" if view.text else render.busy(words("starting")))
            if going != told:
                updates[self.status] = told = going
            yield updates
        if turn.over:
            return
        opened = await asyncio.to_thread(self._read, conversation_id, caller.owner, window)
        yield self._drawn(opened, words, caller, window, running=False)

    def _drawn(self, opened: Opened, words: Words, caller: Caller, window: int, *, running: bool) -> Updates:
        conversation = opened.conversation
        shown = opened.messages[:-1] if running and opened.growing is not None else opened.messages
        last = opened.messages[-1] if opened.messages else None
        return {
            self.place: {"id": conversation.id, "revision": conversation.revision},
            self.window: window,
            self.title: render.chat_head(words, conversation.title or words("chat_title")),
            self.earlier: gr.Button(visible=opened.more),
            self.start: "",
            self.history: [part for message in shown for part in shown_as(message, words)],
            self.live: [],
            self.status: render.busy(words("starting")) if running else ending(last, words),
            self.send_button: gr.Button(visible=not running),
            self.stop_button: gr.Button(visible=running),
            self.sidebar.list: self.sidebar.draw(caller, words, conversation.id),
        }


def _id_of(place: Mapping[str, object] | None) -> str:
    """Return the conversation that a page says it shows; anything odd is none."""
    found = place.get("id") if isinstance(place, Mapping) else None
    return found if isinstance(found, str) else ""


def _revision_of(place: Mapping[str, object] | None) -> int | None:
    found = place.get("revision") if isinstance(place, Mapping) and _id_of(place) else None
    return found if isinstance(found, int) else None
