"""What the Chat panel is made of and how it shows a conversation; ``ui.chat`` answers its events."""

from collections.abc import Callable, Sequence
from importlib import resources

import gradio as gr
from gradio.components import Component

from studio import Caller, Studio
from ui import choices, render
from ui.attachments import Attachments
from ui.chat_settings import ChatDrawer, Given
from ui.chosen_files import Chosen, Draft
from ui.follow import Turns
from ui.messages import bars, ending, messages_box, queue, shown_as
from ui.opened import WINDOW, Opened, text_of
from ui.panel import Panel, Updates, area, stop_button
from ui.sending import Sending
from ui.sidebar import Sidebar
from ui.templates import ChatTemplates
from ui.words import Words, both, label


class ChatPage(Panel):
    """Lays the panel out and draws a conversation in it."""

    def __init__(self, studio: Studio, turns: Turns, sidebar: Sidebar) -> None:
        super().__init__(studio, turns)
        self.sidebar = sidebar
        self.drawer = ChatDrawer(studio)
        self.templates = ChatTemplates(studio)
        self.attachments = Attachments(studio, self.drawer)
        self.sending = Sending()

    # Layout

    def build(self, below: Sequence[Callable[[], None]] = ()) -> None:
        """Lay the panel out inside the open tab.

        Args:
            below: Lay out what stands between the conversation and the message box.
        """
        # Which conversation this browser looks at, and the revision it was loaded at; nothing secret.
        self.place = gr.BrowserState({"id": "", "revision": 0}, storage_key="hearth-chat", secret="hearth")
        self.window = gr.State(WINDOW)
        self.bottom = gr.State("")
        self.editing = gr.State("")
        self.aside = gr.State(None)  # a Draft while a message is edited
        self.temporary = gr.State(None)  # a Temporary while one is open
        with gr.Row(elem_id="chat", elem_classes="desk"):
            with gr.Column(elem_id="chat-main", elem_classes="work"):
                self.title = area(elem_id="chat-title")
                with gr.Column(elem_id="chat-scroll"):
                    self.earlier = gr.Button(label("chat_earlier"), size="sm", visible=False, elem_id="chat-earlier")
                    self.start = area(elem_id="chat-start", script=render.CLICKS)
                    self.history = messages_box("chat-history", label("chat_history"))
                    self.live = messages_box("chat-live", label("chat_reply"))
                    self.newest = gr.Button(label("chat_newest"), size="sm", visible=False, elem_id="chat-newest")
                    self.status = area(elem_id="chat-status", script=render.CLICKS)
                # It hovers over what is above it, which must not be a bar with buttons of its own.
                down = render.icon("downward") + both("chat_to_end")
                area(
                    f'<button type="button" class="btn second" id="to-end" hidden>{down}</button>', elem_id="chat-down"
                )
                for lay_out in below:
                    lay_out()
                self.facts = area(elem_id="chat-facts", script=_script("messages.js"))
                self._build_composer()
            with gr.Column(elem_id="chat-settings", elem_classes="aside"):
                self.drawer.build()
                self.templates.build_drawer()

    def _build_composer(self) -> None:
        self.note = area(elem_id="chat-note", script=render.CLICKS + _script("composer.js"))
        self.waiting = area(elem_id="chat-queue", script=render.CLICKS)
        self.templates.build_list()
        self.attachments.build_chips(self.place, self.temporary)
        with gr.Row(elem_id="composer"):
            self.attachments.build_button()
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
            gr.Button(label("vc_open"), elem_id="voice-open", scale=0, min_width=44)
            self.send_button = gr.Button(label("chat_send"), variant="primary", elem_id="send", scale=0)
            # Where Enter does not send: what is written while a reply is, waits for it.
            self.later_button = gr.Button(label("chat_send_later"), elem_id="send-later", scale=0)
            self.stop_button = stop_button(label("stop"), "stop")

    @property
    def outputs(self) -> list[Component]:
        """Everything that opening a conversation may change."""
        return [
            self.place, self.window, self.bottom, self.editing, self.aside, self.temporary, self.title, self.earlier,
            self.start, self.history, self.live, self.newest, self.status, self.facts, self.note, self.waiting,
            self.ask, self.send_button, self.stop_button, *self.attachments.fields, self.attachments.chips,
            self.sidebar.list, *self.drawer.fields,
        ]  # fmt: skip

    # Showing

    def not_editing(self) -> Updates:
        """End the editing of a message."""
        return {self.editing: "", self.note: ""}

    async def put_aside(self, given: Given, request: gr.Request) -> Draft:
        """Return what a message that is to be edited takes the place of."""
        kept = given.get(self.aside)
        if given.get(self.editing) and isinstance(kept, Draft):
            return kept
        return Draft(text_of(given.get(self.ask)), tuple(await self.attachments.going_along(given, request)))

    def sent(self, given: Given, request: gr.Request, files: Sequence[Chosen] | None = None) -> Updates:
        """Empty the composer of a message and the files that went with it, None: of all files.

        After an edit, what it took the place of comes back.
        """
        kept = given.get(self.aside) if given.get(self.editing) else None
        back = kept if isinstance(kept, Draft) else Draft("", ())
        return {self.ask: back.text, **self.attachments.let_go(files, request, back.files), **self.not_editing()}

    def blank(self, words: Words, caller: Caller, status: str = "") -> Updates:
        """Show a new conversation."""
        return {
            self.place: {"id": "", "revision": 0},
            self.window: WINDOW,
            self.bottom: "",
            self.temporary: None,
            **self.not_editing(),
            self.title: render.chat_head(words, words("chat_title")),
            self.earlier: gr.Button(visible=False),
            self.newest: gr.Button(visible=False),
            self.start: render.empty(words("chat_empty"), words("chat_example")),
            self.history: [],
            self.live: [],
            self.facts: "",
            self.waiting: "",
            self.status: status,
            self.send_button: gr.Button(visible=True),
            self.stop_button: gr.Button(visible=False),
            self.sidebar.list: self.sidebar.draw(caller, words, ""),
            **self.drawer.fresh(caller),
        }

    def drawn(
        self,
        opened: Opened,
        words: Words,
        caller: Caller,
        window: int,
        *,
        running: bool,
        reveal: str = "",
        export: str = "",
        files_at: str = "",
    ) -> Updates:
        """Show a conversation as it stands, without the reply that is being written.

        Args:
            reveal: The message to scroll to.
            export: The address that exports it.
            files_at: The address of the documents.
        """
        conversation = opened.conversation
        shown = opened.messages[:-1] if running and opened.growing is not None else opened.messages
        last = opened.messages[-1] if opened.messages else None
        models = [] if running else choices.of_kind(self.studio, "chat").pairs
        end = "" if opened.later else ending(last, words, models)
        return {
            self.place: {"id": conversation.id, "revision": conversation.revision},
            self.window: window,
            self.bottom: last.id if opened.later and last is not None else "",
            self.temporary: None,
            self.title: render.chat_head(words, conversation.title or words("chat_title"), export),
            self.earlier: gr.Button(visible=opened.more),
            self.newest: gr.Button(visible=opened.later),
            self.start: "",
            self.history: [
                part
                for message in shown
                for part in shown_as(message, words, opened.sources.get(message.id, ()), files_at)
            ],
            self.live: [],
            self.facts: "" if running else bars(opened, shown, words, models, reveal, files_at),
            self.status: render.busy(words("starting")) if running else end,
            self.waiting: queue(opened, words, running=running),
            self.send_button: gr.Button(visible=not running),
            self.stop_button: gr.Button(visible=running),
            self.sidebar.list: self.sidebar.draw(caller, words, conversation.id),
        }


def _script(name: str) -> str:
    return (resources.files("ui") / "assets" / name).read_text(encoding="utf-8")
