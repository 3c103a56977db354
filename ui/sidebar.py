"""The sidebar: the name of the house, conversations by day, language and theme."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from importlib import resources

import gradio as gr

from studio import Caller, Conversation, Studio
from ui import render
from ui.panel import area
from ui.render import escape
from ui.words import LANGUAGES, Words, both, label

MARK = (
    '<svg class="mark" viewBox="0 0 24 24" aria-hidden="true" focusable="false">'
    '<path class="flame" d="M12.6 2.5c.5 3.2 5.4 5.4 5.4 10.3a6 6 0 0 1-12 0c0-2 .9-3.4 2-4.6.3 1.3.9 2 1.7 2.3'
    'C9.400 7.400 10.600 4.400 12.600 2.500z"/><path class="log" d="M4 21.500h16"/></svg>'
)


class Sidebar:
    """Builds the sidebar; the Chat panel answers its events."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio

    def build(self) -> None:
        """Lay it out inside the open column."""
        area(
            f'<div class="brand">{MARK}<div><p class="wordmark">Hearth</p>'
            f'<p class="muted">{both("tagline")}</p></div></div>',
            elem_id="brand",
        )
        self.new = gr.Button(label("chat_new"), elem_id="new-chat", elem_classes="new-chat")
        self.list = area(elem_id="conversations", script=_script("conversations.js"))
        area(_switches(), elem_id="switches")

    def draw(self, caller: Caller, words: Words, current: str) -> str:
        """Return the list of conversations, the last changed first, grouped by day."""
        found = self.studio.conversations.all(caller.owner)
        if not found:
            return f'<p class="muted none">{escape(words("chat_none"))}</p>'
        today = datetime.now().astimezone().date()
        groups: dict[str, list[Conversation]] = {"chat_today": [], "chat_yesterday": [], "chat_before": []}
        for conversation in found:
            day = datetime.fromisoformat(conversation.updated_at).astimezone().date()
            key = "chat_before"
            if day >= today:
                key = "chat_today"
            elif day == today - timedelta(days=1):
                key = "chat_yesterday"
            groups[key].append(conversation)
        inner = "".join(_group(words(key), group, words, current) for key, group in groups.items() if group)
        return f'<nav class="conversations" aria-label="{escape(words("chat_list"))}">{inner}</nav>'


def _group(heading: str, group: Sequence[Conversation], words: Words, current: str) -> str:
    rows = "".join(_row(conversation, words, conversation.id == current) for conversation in group)
    return f"<h2>{escape(heading)}</h2><ul>{rows}</ul>"


def _row(conversation: Conversation, words: Words, current: bool) -> str:
    title = conversation.title or words("chat_title")
    rename, delete = words("chat_rename", title=title), words("chat_delete", title=title)
    asks = {
        "sure": words("chat_delete_sure"),
        "yes": words("chat_delete_yes"),
        "no": words("chat_delete_no"),
        "to": words("chat_rename_to"),
    }
    here = ' aria-current="page"' if current else ""
    data = " ".join(f'data-{name}="{escape(text)}"' for name, text in asks.items())
    return (
        f'<li class="conversation{" current" if current else ""}" data-id="{escape(conversation.id)}" {data}>'
        f'<button type="button" class="open" data-do="open"{here}>'
        f"{escape(title)}</button>"
        f'<span class="tools"><button type="button" data-do="rename" aria-label="{escape(rename)}" '
        f'title="{escape(rename)}">{render.icon("pencil")}</button>'
        f'<button type="button" data-do="delete" aria-label="{escape(delete)}" title="{escape(delete)}">'
        f"{render.icon('bin')}</button></span></li>"
    )


def _switches() -> str:
    """Return the switches of language and theme: plain buttons that hearth.js answers, no server asked."""
    languages = "".join(
        f'<button type="button" data-language="{code}" lang="{code}" aria-pressed="false" '
        f'aria-label="{name}">{code.upper()}</button>'
        for code, name in zip(LANGUAGES, ("English", "Polski"), strict=True)
    )
    themes = "".join(
        f'<button type="button" data-theme-to="{theme}" aria-pressed="false">{both(f"theme_{theme}")}</button>'
        for theme in ("system", "light", "dark")
    )
    return (
        f'<span class="hidden-text" id="name-language">{both("language")}</span>'
        f'<span class="hidden-text" id="name-theme">{both("theme")}</span><div class="switches">'
        f'<div class="switch" role="group" aria-labelledby="name-language">{languages}</div>'
        f'<div class="switch" role="group" aria-labelledby="name-theme">{themes}</div></div>'
    )


def _script(name: str) -> str:
    return (resources.files("ui") / "assets" / name).read_text(encoding="utf-8")
