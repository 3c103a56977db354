"""Messages as the Chat panel shows them: stored ones, the growing one, and what stands below the last."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import gradio as gr
from gradio.i18n import I18nData

from studio import Conversation, StoredMessage
from ui import render
from ui.follow import View
from ui.words import Words

LATEX: list[dict[str, str | bool]] = [
    {"left": "$$", "right": "$$", "display": True},
    {"left": "\\[", "right": "\\]", "display": True},
    {"left": "\\(", "right": "\\)", "display": False},
]


@dataclass(frozen=True, slots=True)
class Opened:
    """A conversation as the page shows it."""

    conversation: Conversation
    messages: Sequence[StoredMessage]
    more: bool

    @property
    def growing(self) -> StoredMessage | None:
        """The reply that is being written, if there is one."""
        last = self.messages[-1] if self.messages else None
        return last if last is not None and last.state == "growing" else None


def messages_box(elem_id: str, name: I18nData) -> gr.Chatbot:
    """Return a place for messages; it grows with them, the page's own box scrolls."""
    return gr.Chatbot(
        label=name,
        show_label=False,
        elem_id=elem_id,
        elem_classes="messages",
        height=None,
        container=False,
        autoscroll=False,
        buttons=["copy"],
        latex_delimiters=LATEX,
        allow_tags=False,
        group_consecutive_messages=False,
        layout="bubble",
    )


def _text(role: str, text: str, thought: str = "") -> dict[str, object]:
    """Return one message of the Chatbot; as a typed part, its indentation is kept."""
    message: dict[str, object] = {"role": role, "content": [{"type": "text", "text": text}]}
    if thought:
        message["metadata"] = {"title": thought}
    return message


def shown_as(message: StoredMessage, words: Words) -> list[dict[str, object]]:
    """Return a stored message as the Chatbot shows it, its reasoning folded away above it."""
    parts = [_text(message.role, message.reasoning, words("chat_thinking"))] if message.reasoning else []
    if message.content or not message.reasoning:
        parts.append(_text(message.role, message.content or "…"))
    return parts


def growing(view: View, words: Words) -> list[dict[str, object]]:
    """Return the growing reply; only ever added to, which keeps each update small."""
    parts = [_text("assistant", view.reasoning, words("chat_thinking"))] if view.reasoning else []
    return [*parts, _text("assistant", view.text)] if view.text else parts


def ending(last: StoredMessage | None, words: Words) -> str:
    """Return what stands below the last message: what it cost, or why it ended early."""
    if last is None or last.role != "assistant":
        return ""
    figures = last.figures
    spent = render.cost(chat_cost(figures, words))
    if last.state == "growing":
        return render.notice("", words("chat_elsewhere"), kind="info")
    if last.state == "cancelled":
        return render.cost([words("stopped")]) + spent
    if last.state == "interrupted":
        return render.notice("", words("interrupted"), kind="info")
    if last.state == "failed":
        return render.notice(words("error"), last.error_message or "")
    return spent


def chat_cost(figures: Mapping[str, float | int | str | None], words: Words) -> list[str]:
    """Return a reply's cost in words: tokens, time to the first one, speed."""
    tokens, first, took = figures.get("tokens_out"), figures.get("first_output_s"), figures.get("duration_s")
    parts = []
    if isinstance(tokens, int):
        parts.append(words.count("n_tokens", tokens))
    if isinstance(first, int | float):
        parts.append(words("first_after", n=words.duration(first)))
    if isinstance(tokens, int) and isinstance(first, int | float) and isinstance(took, int | float) and took > first:
        parts.append(words("per_second", n=words.number((tokens - 1) / (took - first))))
    return parts
