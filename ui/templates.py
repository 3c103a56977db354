"""Prompt templates in the Chat panel: the list behind ``/`` in the composer, and the drawer that keeps them."""

import asyncio
import json
from importlib import resources
from pathlib import Path

import gradio as gr

from studio import Caller, Studio, StudioError, Template
from ui import render
from ui.caller import caller_of, link
from ui.panel import Updates, area, on
from ui.render import escape
from ui.words import Words, label, words_of

SHOWN_CHARACTERS = 90


class ChatTemplates:
    """Builds the list and the drawer, and answers the drawer's events; ``templates.js`` does the rest."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio

    # Layout

    def build_list(self) -> None:
        """Lay out the list, right above the composer."""
        script = (resources.files("ui") / "assets" / "templates.js").read_text(encoding="utf-8")
        self.list = area(elem_id="chat-templates", script=script)

    def build_drawer(self) -> None:
        """Lay out the drawer inside the open column."""
        with gr.Accordion(label("tp_title"), open=False, elem_id="templates-drawer"):
            self.name = gr.Dropdown(
                label=label("tp_name"),
                info=label("tp_name_hint"),
                choices=[],
                allow_custom_value=True,
                elem_id="template-name",
            )
            self.text = gr.Textbox(
                label=label("tp_text"), info=label("tp_text_hint"), lines=5, max_lines=12, elem_id="template-text"
            )
            with gr.Row(elem_classes="pair"):
                self.save = gr.Button(label("chat_preset_save"), size="sm", elem_id="template-save")
                self.drop = gr.Button(label("chat_preset_drop"), size="sm", elem_id="template-drop")
            with gr.Row(elem_classes="pair"):
                self.file = gr.UploadButton(
                    label("chat_import"),  # type: ignore[arg-type]  # Gradio translates it as any other label
                    file_types=[".json"],
                    size="sm",
                    elem_id="template-import",
                    type="filepath",
                )
                self.restore = gr.Button(label("tp_restore"), size="sm", elem_id="template-restore")
            self.export = area(elem_id="template-export")
            self.told = area(elem_id="template-told")

    def wire(self, demo: gr.Blocks) -> None:
        """Connect the events."""
        drawn = [self.list, self.name, self.text, self.export, self.told]
        on([demo.load], self.load, [], drawn)
        on([self.name.input], self.choose, [self.name], [self.text, self.told])
        on([self.save.click], self.keep, [self.name, self.text], drawn)
        on([self.drop.click], self.forget, [self.name], drawn)
        on([self.file.upload], self.take_file, [self.file], drawn)
        on([self.restore.click], self.bring_back, [], drawn)

    # Events

    def load(self, request: gr.Request) -> Updates:
        """Show what there is."""
        return self._drawn(request)

    def choose(self, name: object, request: gr.Request) -> Updates:
        """Show the text of the template that was chosen; a name that is none yet changes nothing."""
        found = self._named(name, request)
        return {self.told: ""} if found is None else {self.text: found.text, self.told: ""}

    def keep(self, name: object, text: str, request: gr.Request) -> Updates:
        """Keep the text under the name in the box."""
        words, owner, found = words_of(request), caller_of(request).owner, self._named(name, request)
        try:
            if found is None:
                kept = self.studio.templates.add(owner, str(name or ""), text)
            else:
                kept = self.studio.templates.change(found.id, owner, found.name, text)
        except StudioError as exc:
            return {self.told: render.failure(words, exc)}
        return self._drawn(request, words("chat_preset_saved", name=kept.name), kept.name)

    def forget(self, name: object, request: gr.Request) -> Updates:
        """Forget the template in the box."""
        words, found = words_of(request), self._named(name, request)
        if found is None:
            return {self.told: render.notice("", words("tp_choose"), kind="info")}
        try:
            self.studio.templates.delete(found.id, caller_of(request).owner)
        except StudioError as exc:
            return {self.told: render.failure(words, exc)}
        return {**self._drawn(request, words("chat_preset_dropped", name=found.name)), self.text: ""}

    async def take_file(self, path: str | None, request: gr.Request) -> Updates:
        """Import a file of templates, or say at which place it is damaged."""
        words, caller = words_of(request), caller_of(request)
        if not path:
            return {self.told: ""}
        try:
            count = await asyncio.to_thread(self._import, Path(path), caller)
        except StudioError as exc:
            return {self.told: render.failure(words, exc)}
        except Exception as exc:
            return {self.told: render.crash(words, exc)}
        return self._drawn(request, words.count("tp_imported", count))

    def bring_back(self, request: gr.Request) -> Updates:
        """Show every template that came along again."""
        self.studio.templates.restore(caller_of(request).owner)
        return self._drawn(request, words_of(request)("tp_restored"))

    # Pieces

    def _import(self, path: Path, caller: Caller) -> int:
        try:
            return self.studio.templates.import_file(path.read_bytes(), caller.owner)
        finally:
            path.unlink(missing_ok=True)

    def _named(self, name: object, request: gr.Request) -> Template | None:
        wanted = " ".join(str(name or "").split()).casefold()
        found = self.studio.templates.all(caller_of(request).owner, words_of(request).language)
        return next((template for template in found if template.name.casefold() == wanted), None)

    def _drawn(self, request: gr.Request, told: str = "", name: str | None = None) -> Updates:
        words = words_of(request)
        found = self.studio.templates.all(caller_of(request).owner, words.language)
        address = escape(link(request, "templates/export"))
        export = f'<a class="btn quiet" href="{address}" download>{render.icon("down")}{escape(words("tp_export"))}</a>'
        return {
            self.list: _list(found, words),
            self.name: gr.Dropdown(choices=[template.name for template in found], value=name),
            self.export: export if any(not template.built_in for template in found) else "",
            self.told: render.notice("", told, kind="info") if told else "",
        }


def _list(found: list[Template], words: Words) -> str:
    """Return the list behind ``/``, closed, and the form that asks for variables."""
    rows = ""
    for number, template in enumerate(found):
        variables = json.dumps([[variable.name, variable.default] for variable in template.variables])
        first = " ".join(template.text.split())[:SHOWN_CHARACTERS]
        rows += (
            f'<li role="option" id="template-{number}" aria-selected="false" data-name="{escape(template.name)}" '
            f'data-text="{escape(template.text)}" data-variables="{escape(variables)}">'
            f"<span>{escape(template.name)}</span><small>{escape(first)}</small></li>"
        )
    manage = (
        f'<li role="option" id="template-manage" aria-selected="false" data-manage="yes">'
        f"<span>{escape(words('tp_manage'))}</span></li>"
    )
    language = words.language_name(words.language)
    form = (
        f'<template class="form" data-language="{escape(language)}" data-locale="{words.language}">'
        f'<form aria-labelledby="template-form-name"><p id="template-form-name"></p><div class="fields"></div>'
        f'<div class="pair"><button type="submit" class="btn second">{escape(words("tp_insert"))}</button>'
        f'<button type="button" class="btn quiet" data-cancel>{escape(words("cancel"))}</button></div></form>'
        f'<button type="button" class="btn quiet" data-paste>{escape(words("tp_paste"))}</button></template>'
    )
    name = escape(words("tp_title"))
    return f'<ul role="listbox" id="template-list" aria-label="{name}" hidden>{rows}{manage}</ul>{form}'
