"""The sidebar: the name of the house, search, conversations by folder and day, language and theme."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import resources
from pathlib import Path

import gradio as gr

from studio import Caller, Conversation, Hit, Imported, Studio, StudioError
from ui import render
from ui.caller import caller_of
from ui.panel import Updates, area, on
from ui.render import escape
from ui.words import LANGUAGES, Words, both, label, words_of

LISTED = 200  # conversations at first, and each time that older ones are asked for
OWNERS = 1_000
HITS = 50  # messages shown of those that a search finds
MARK = (
    '<svg class="mark" viewBox="0 0 24 24" aria-hidden="true" focusable="false">'
    '<path class="flame" d="M12.6 2.5c.5 3.2 5.4 5.4 5.4 10.3a6 6 0 0 1-12 0c0-2 .9-3.4 2-4.6.3 1.3.9 2 1.7 2.3'
    'C9.400 7.400 10.600 4.400 12.600 2.500z"/><path class="log" d="M4 21.500h16"/></svg>'
)


class Sidebar:
    """Builds the sidebar; the Chat panel answers the events of its lists."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        # How many conversations an owner has asked to see, where that is more than LISTED; a page begins anew.
        self._listed: dict[str, int] = {}

    def build(self) -> None:
        """Lay it out inside the open column."""
        area(
            f'<div class="brand">{MARK}<div><p class="wordmark">Hearth</p>'
            f'<p class="muted">{both("tagline")}</p></div></div>',
            elem_id="brand",
        )
        self.new = gr.Button(label("chat_new"), elem_id="new-chat", elem_classes="new-chat")
        self.temporary = gr.Button(label("chat_temporary"), size="sm", elem_id="temporary-chat")
        self.compare = gr.Button(label("cm_open"), size="sm", elem_id="compare-open")
        with gr.Row(elem_id="carry"):
            self.files = gr.UploadButton(
                label("chat_import"),  # type: ignore[arg-type]  # Gradio translates it as any other label
                file_types=[".json", ".zip"],
                size="sm",
                elem_id="import",
                type="filepath",
                min_width=0,
            )
            # Relative, so that it stays below any proxy's prefix.
            area(f'<a href="conversations/export" download>{both("chat_export_all")}</a>', elem_id="export-all")
        self.told = area(elem_id="import-told")
        self.search = gr.Textbox(
            label=label("chat_search"),
            placeholder=label("chat_search"),
            show_label=False,
            container=False,
            max_lines=1,
            elem_id="search",
        )
        self.hits = area(elem_id="hits", script=_script("conversations.js"))
        self.list = area(elem_id="conversations", script=_script("conversations.js"))
        area(_switches(), elem_id="switches")

    def wire(self) -> None:
        """Connect the search box, which answers each key."""
        on([self.search.change], self.find, [self.search], [self.hits])
        on([self.files.upload], self.take_file, [self.files], [self.told, self.list])

    def find(self, query: str | None, request: gr.Request) -> Updates:
        """Show the hits of a query in place of the list; "" shows the list again."""
        words, caller = words_of(request), caller_of(request)
        if not (query or "").strip():
            return {self.hits: ""}
        try:
            hits = self.studio.search.find(caller.owner, query or "", HITS)
        except StudioError as exc:
            return {self.hits: f'<div class="hits">{render.failure(words, exc)}</div>'}
        rows = "".join(_hit(hit, words) for hit in hits)
        told = escape(words.count("chat_hits", len(hits)) if hits else words("chat_no_hits"))
        many = sum(hit.message_id is not None for hit in hits) >= HITS
        if many:
            told = escape(words("chat_hits_most", n=HITS))
        how = "" if hits and not many else f'<p class="muted none">{escape(words("chat_search_how"))}</p>'
        inner = f'<p class="muted none" role="status">{told}</p>{how}<ul>{rows}</ul>'
        return {self.hits: f'<nav class="conversations hits" aria-label="{escape(words("chat_search"))}">{inner}</nav>'}

    async def take_file(self, path: str | None, request: gr.Request) -> Updates:
        """Import a file of conversations, or say at which place it is damaged."""
        words, caller = words_of(request), caller_of(request)
        if not path:
            return {self.told: ""}
        try:
            found = await asyncio.to_thread(self._import, Path(path), caller)
        except StudioError as exc:
            return {self.told: render.failure(words, exc)}
        except Exception as exc:
            return {self.told: render.crash(words, exc)}
        told = words.count("chat_imported", len(found.ids))
        if found.left_out:
            told += " " + words.count("chat_left_out", found.left_out)
        drawn = await asyncio.to_thread(self.draw, caller, words, "")
        return {self.told: render.notice("", told, kind="info"), self.list: drawn}

    def _import(self, path: Path, caller: Caller) -> Imported:
        try:
            return self.studio.import_conversations(path.read_bytes(), caller)
        finally:
            path.unlink(missing_ok=True)  # its words are in the store now, or were not to be

    def arrange(self, act: str, target: str, text: str, caller: Caller) -> None:
        """Do to a conversation what its row's menu says; ``text`` is the new name, folder or tags."""
        store, owner = self.studio.conversations, caller.owner
        match act:
            case "rename":
                store.rename(target, owner, text)
            case "pin":
                store.pin(target, owner, not store.get(target, owner).pinned)
            case "archive":
                store.archive(target, owner, not store.get(target, owner).archived)
            case "file":
                store.file(target, owner, text)
            case "tag":
                store.tag(target, owner, text.split(","))
            case "delete":
                self.studio.delete_conversation(target, caller)
            case "restore":
                store.restore(target, owner)
            case "older":
                self._list_more(owner)

    def open(self, caller: Caller) -> None:
        """Show the newest conversations alone, as a page that is opened does."""
        self._listed.pop(caller.owner, None)

    def _list_more(self, owner: str) -> None:
        most = self._listed.pop(owner, LISTED) + LISTED
        if len(self._listed) >= OWNERS:
            self._listed.pop(next(iter(self._listed)))  # the one who asked longest ago
        self._listed[owner] = most

    def draw(self, caller: Caller, words: Words, current: str, deleted: str = "") -> str:
        """Return the list of conversations: the pinned, the folders, the days, the archive.

        Args:
            current: The one that is open.
            deleted: One that was just deleted, to be taken back.
        """
        most = self._listed.get(caller.owner, LISTED)
        found = self.studio.conversations.all(caller.owner, most + 1)
        older = len(found) > most
        if older:
            found.remove(next((each for each in reversed(found) if not each.pinned), found[-1]))
        undo = _undo(deleted, words) if deleted else ""
        if not found:
            return f'{undo}<p class="muted none">{escape(words("chat_none"))}</p>'
        groups = _groups(found, words)
        inner = "".join(_group(group, words, current) for group in groups if group.rows)
        put_away = [conversation for conversation in found if conversation.archived]
        if put_away:
            rows = "".join(_row(conversation, words, conversation.id == current) for conversation in put_away)
            name = f"{words('chat_archived')} · {len(put_away)}"
            inner += f"<details><summary>{escape(name)}</summary><ul>{rows}</ul></details>"
        if older:
            inner += f'<button type="button" class="btn quiet" data-do="older">{escape(words("chat_older"))}</button>'
        menu = _menu(words)
        return f'{undo}<nav class="conversations" aria-label="{escape(words("chat_list"))}">{inner}{menu}</nav>'


@dataclass(frozen=True, slots=True)
class _Group:
    """Conversations under one heading; those of a folder can be folded away."""

    name: str
    rows: Sequence[Conversation]
    folder: bool = False


def _groups(found: Sequence[Conversation], words: Words) -> list[_Group]:
    today = datetime.now().astimezone().date()
    pinned: list[Conversation] = []
    folders: dict[str, list[Conversation]] = {}
    days: dict[str, list[Conversation]] = {"chat_today": [], "chat_yesterday": [], "chat_week": [], "chat_before": []}
    for conversation in found:
        if conversation.archived:
            continue
        if conversation.pinned:
            pinned.append(conversation)
        elif conversation.folder:
            folders.setdefault(conversation.folder, []).append(conversation)
        else:
            day = datetime.fromisoformat(conversation.updated_at).astimezone().date()
            key = "chat_before"
            if day >= today:
                key = "chat_today"
            elif day == today - timedelta(days=1):
                key = "chat_yesterday"
            elif day > today - timedelta(days=7):
                key = "chat_week"
            days[key].append(conversation)
    by_name = sorted(folders.items(), key=lambda item: item[0].casefold())
    return [
        _Group(words("chat_pinned"), pinned),
        *(_Group(name, rows, folder=True) for name, rows in by_name),
        *(_Group(words(key), rows) for key, rows in days.items()),
    ]


def _group(group: _Group, words: Words, current: str) -> str:
    rows = "".join(_row(conversation, words, conversation.id == current) for conversation in group.rows)
    heading = f"<h2>{escape(group.name)}</h2>"
    if not group.folder:
        return f"{heading}<ul>{rows}</ul>"
    # conversations.js closes those that this browser has closed before.
    head = f"<summary>{heading}<small>{len(group.rows)}</small></summary>"
    return f'<details class="folder" data-folder="{escape(group.name)}" open>{head}<ul>{rows}</ul></details>'


def _row(conversation: Conversation, words: Words, current: bool) -> str:
    title = conversation.title or words("chat_title")
    data = {
        "id": conversation.id,
        "folder": conversation.folder,
        "tags": ", ".join(conversation.tags),
        "pin": words("chat_unpin" if conversation.pinned else "chat_pin"),
        "archive": words("chat_unarchive" if conversation.archived else "chat_archive"),
    }
    attributes = " ".join(f'data-{name}="{escape(text)}"' for name, text in data.items())
    here = ' aria-current="page"' if current else ""
    whole = escape(" ".join([title, *(f"#{tag}" for tag in conversation.tags)]))  # the row may cut it off
    more = escape(words("chat_more", title=title))
    return (
        f'<li class="conversation{" current" if current else ""}" {attributes}>'
        f'<button type="button" class="open" data-do="open" title="{whole}"{here}>{escape(title)}</button>'
        f'<span class="tools"><button type="button" data-do="more" aria-haspopup="true" aria-expanded="false" '
        f'aria-label="{more}" title="{more}">{render.icon("more")}</button></span></li>'
    )


def _menu(words: Words) -> str:
    """Return the menu that a row opens; pin and archive are named by the row."""
    names = {"rename": words("chat_rename_to"), "pin": "", "archive": ""}
    names |= {"file": words("chat_folder"), "tag": words("chat_tags"), "delete": words("chat_delete")}
    items = "".join(f'<button type="button" data-do="{act}">{escape(name)}</button>' for act, name in names.items())
    return f'<template class="menu"><div>{items}</div></template>'


def _undo(conversation_id: str, words: Words) -> str:
    return (
        f'<p class="undo" role="status">{escape(words("chat_deleted"))} <button type="button" data-do="restore" '
        f'data-id="{escape(conversation_id)}">{escape(words("chat_undo"))}</button></p>'
    )


def _hit(hit: Hit, words: Words) -> str:
    title = escape(hit.title or words("chat_title"))
    pieces = "".join(f"<mark>{escape(text)}</mark>" if found else escape(text) for text, found in hit.snippet)
    snippet = f'<span class="snippet">{pieces}</span>' if pieces else ""
    return (
        f'<li class="conversation" data-id="{escape(hit.conversation_id)}" '
        f'data-message="{escape(hit.message_id or "")}">'
        f'<button type="button" class="open" data-do="open"><span>{title}</span>{snippet}</button></li>'
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
