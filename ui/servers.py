"""Servers in the Models panel: those that are connected, how they are, and the form that tests and connects one.

For the owner alone; others don't see it. A key goes from its box to the studio and never comes back.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace

import gradio as gr
from gradio.components import Component

from studio import Caller, CheckResult, Draft, ProviderInfo, StudioError
from ui import render
from ui.caller import caller_of, page_of
from ui.panel import Panel, Updates, area, event_text, on
from ui.words import Words, label, words_of

KINDS = (("OpenAI", "openai"), ("Anthropic", "anthropic"))
EXAMPLE = Draft(kind="openai", name="local", url="http://127.0.0.1:8000/v1")
NAMES_SHOWN = 5
LOOK_S = 0.5
LOOKS, AT_LEAST = 40, 6  # how often the list is drawn anew while there is no answer, and after the panel was opened
Given = Mapping[Component, object]


class ServersBox(Panel):
    """Builds the box and answers its events."""

    def build(self) -> None:
        """Lay it out inside the open column."""
        with gr.Accordion(label("sv_title"), open=False, elem_id="servers") as self.box:
            self.list = area(elem_id="sv-list", script=render.CLICKS)
            with gr.Row(elem_classes="pair"):
                self.name = gr.Textbox(
                    label=label("sv_name"), info=label("sv_name_hint"), max_lines=1, elem_id="sv-name"
                )
                self.kind = gr.Dropdown(
                    label=label("sv_kind"),
                    info=label("sv_kind_hint"),
                    choices=[*KINDS],
                    value="openai",
                    filterable=False,
                    elem_id="sv-kind",
                )
            with gr.Row(elem_classes="pair"):
                self.url = gr.Textbox(label=label("sv_url"), info=label("sv_url_hint"), max_lines=1, elem_id="sv-url")
                self.key = gr.Textbox(
                    label=label("sv_key"), info=label("sv_key_hint"), type="password", max_lines=1, elem_id="sv-key"
                )
            with gr.Accordion(label("sv_more"), open=False, elem_id="sv-more"):
                self.models = gr.Textbox(
                    label=label("sv_models"), info=label("sv_models_hint"), lines=2, max_lines=8, elem_id="sv-models"
                )
                self.timeout = gr.Number(
                    value=EXAMPLE.timeout_s,
                    minimum=5,
                    maximum=3600,
                    precision=0,
                    label=label("sv_timeout"),
                    info=label("sv_timeout_hint"),
                    elem_id="sv-timeout",
                )
                self.own = gr.Checkbox(label=label("sv_own"), info=label("sv_own_hint"), elem_id="sv-own")
            with gr.Row(elem_classes="actions"):
                self.test = gr.Button(label("sv_test"), elem_id="sv-test", scale=0)
                self.connect = gr.Button(label("sv_connect"), variant="primary", elem_id="sv-connect", scale=0)
                self.cancel = gr.Button(label("cancel"), elem_id="sv-cancel", scale=0, visible=False)
            self.told = area(elem_id="sv-told", script=render.CLICKS)
        self.editing = gr.State("")

    @property
    def fields(self) -> list[Component]:
        """What a person enters."""
        return [self.name, self.kind, self.url, self.key, self.models, self.timeout, self.own]

    @property
    def outputs(self) -> list[Component]:
        """All that its events may change."""
        return [*self.fields, self.list, self.told, self.connect, self.cancel, self.editing]

    def wire(self, tab: gr.Tab) -> None:
        """Connect the events."""
        given, outputs = {*self.fields, self.editing}, self.outputs
        on([tab.select], self.open, [], [*outputs, self.box])
        on([self.test.click], self.check, given, outputs)
        on([self.connect.click, self.url.submit, self.key.submit], self.keep, given, outputs)
        on([self.cancel.click], self.leave, [], outputs)
        on([self.list.click, self.told.click], self.act, given, outputs)

    # Events

    async def open(self, request: gr.Request) -> AsyncIterator[Updates]:
        """Show the servers to the owner, and keep the list true while the first answers come."""
        if caller_of(request).role != "admin":
            yield {self.box: gr.update(visible=False)}
            return
        self.studio.providers.wake()
        async for updates in self._watch(request, AT_LEAST):  # one that died since may be found out only now
            yield updates

    async def check(self, given: Given, request: gr.Request) -> AsyncIterator[Updates]:
        """Ask the server of the form what it is, and say what it said."""
        words, caller = words_of(request), caller_of(request)
        try:
            draft = self._draft(given)
            yield {self.told: render.busy(words("sv_asking", name=draft.name or draft.url))}
            checked = replace(draft, name=draft.name or EXAMPLE.name)
            editing = str(given.get(self.editing) or "")
            found = await asyncio.to_thread(self.studio.providers.check, checked, caller, editing)
        except StudioError as exc:
            yield {self.told: render.failure(words, exc)}
            return
        except Exception as exc:
            yield {self.told: render.crash(words, exc)}
            return
        yield {self.told: _said(found, words)}

    async def keep(self, given: Given, request: gr.Request) -> AsyncIterator[Updates]:
        """Connect the server of the form, or change the one that is edited, and follow its first answer."""
        words, caller, kept = words_of(request), caller_of(request), self.studio.providers
        editing = str(given.get(self.editing) or "")
        try:
            draft = self._draft(given)
            if editing:
                info = await asyncio.to_thread(self._change, editing, draft, caller)
            else:
                info = await asyncio.to_thread(kept.add, draft, caller)
        except StudioError as exc:
            yield {self.told: render.failure(words, exc)}
            return
        except Exception as exc:
            yield {self.told: render.crash(words, exc)}
            return
        told = render.notice("", words("sv_kept", name=info.name), kind="info")
        yield {**self._filled(None, words), self.told: told}
        async for updates in self._watch(request):
            yield updates

    def _change(self, provider_id: str, draft: Draft, caller: Caller) -> ProviderInfo:
        return self.studio.providers.change(provider_id, draft, caller, keep_key=not draft.key)

    def leave(self, request: gr.Request) -> Updates:
        """End the editing of a server."""
        return {**self._filled(None, words_of(request)), self.told: ""}

    async def act(self, given: Given, request: gr.Request, event: gr.EventData) -> AsyncIterator[Updates]:
        """Edit, remove or fill in what was clicked."""
        act, target = event_text(event, "act"), event_text(event, "id")
        words, caller, kept = words_of(request), caller_of(request), self.studio.providers
        try:
            if act == "example":
                yield {self.name: EXAMPLE.name, self.url: EXAMPLE.url, self.kind: EXAMPLE.kind}
                return
            info = await asyncio.to_thread(kept.get, target, caller)
            if act == "edit":
                yield {**self._filled(info, words), self.told: ""}
            elif act == "remove":
                yes = render.button(words("sv_yes"), "remove_yes", info.id, kind="second", drawing="bin")
                yield {self.told: render.notice("", words("sv_really", name=info.name), kind="info", action=yes)}
            elif act == "remove_yes":
                await asyncio.to_thread(kept.remove, target, caller)
                told = render.notice("", words("sv_removed", name=info.name), kind="info")
                form = self._filled(None, words) if given.get(self.editing) == target else {}
                drawn = await asyncio.to_thread(self._draw, caller, words)
                yield {**form, self.told: told, self.list: drawn}
        except StudioError as exc:
            yield {self.told: render.failure(words, exc)}
        except Exception as exc:
            yield {self.told: render.crash(words, exc)}

    # Pieces

    async def _watch(self, request: gr.Request, at_least: int = 0) -> AsyncIterator[Updates]:
        """Draw the list until every server has answered, or a while is over; so often at least."""
        caller, words = caller_of(request), words_of(request)
        turn, shown = self.turns.take(page_of(request), "servers"), ""
        for look in range(LOOKS):
            # Asked before the drawing: what changes in between is drawn at the next look.
            states = self.studio.providers.states()
            drawn = await asyncio.to_thread(self._draw, caller, words)
            if drawn != shown:
                shown = drawn
                yield {self.list: drawn}
            if turn.over or not states or (look >= at_least and "checking" not in states.values()):
                return
            await asyncio.sleep(LOOK_S)

    def _draw(self, caller: Caller, words: Words) -> str:
        rows = "".join(_row(info, words) for info in self.studio.providers.all(caller))
        none = render.empty(words("sv_none"), words("sv_example"))
        lead = f'<p class="muted">{render.escape(words("sv_lead"))}</p>'
        return lead + (f'<ul class="models">{rows}</ul>' if rows else none)

    def _draft(self, given: Given) -> Draft:
        def text(field: Component) -> str:
            value = given.get(field)
            return value.strip() if isinstance(value, str) else ""

        timeout = given.get(self.timeout)
        return Draft(
            kind=text(self.kind),
            name=text(self.name).lower(),
            url=text(self.url),
            key=text(self.key),
            own_network=given.get(self.own) is True,
            timeout_s=int(timeout) if isinstance(timeout, int | float) else EXAMPLE.timeout_s,
            models=tuple(line for line in text(self.models).splitlines() if line.strip()),
        )

    def _filled(self, info: ProviderInfo | None, words: Words) -> Updates:
        """Return the form filled in with a server, its key left out; None: empty."""
        hint = words("sv_key_kept", hint=info.key_hint) if info and info.key_hint else words("sv_key_hint")
        return {
            self.name: gr.update(value=info.name if info else "", interactive=info is None),
            self.kind: gr.update(value=info.kind if info else "openai", interactive=info is None),
            self.url: info.url if info else "",
            self.key: gr.update(value="", info=hint),
            self.models: "\n".join(info.models) if info else "",
            self.timeout: info.timeout_s if info else EXAMPLE.timeout_s,
            self.own: info.own_network if info else False,
            self.connect: gr.update(value=words("sv_save" if info else "sv_connect")),
            self.cancel: gr.update(visible=info is not None),
            self.editing: info.id if info else "",
        }


def _said(found: CheckResult, words: Words) -> str:
    """Return what a test said."""
    if found.status != "up":
        return render.notice(words(f"sv_status_{found.status}"), found.message)
    more = words("sv_left_out", n=found.left_out) if found.left_out else ""
    if not found.models:
        return render.notice("", " ".join(filter(None, (words("sv_found_none"), more))), kind="info")
    names = ", ".join(found.models[:NAMES_SHOWN]) + (" …" if len(found.models) > NAMES_SHOWN else "")
    text = f"{words.count('sv_found', len(found.models))}: {names}."
    return render.notice("", " ".join(filter(None, (text, more))), kind="info")


def _row(info: ProviderInfo, words: Words) -> str:
    """Return one server: how it is and since when, where it is, what it offers."""
    facts = render.cost(
        [
            info.url,
            words.count("sv_count", info.offered),
            words("sv_key_is", hint=info.key_hint) if info.key_hint else "",
            words("sv_settings") if info.from_settings else "",
        ]
    )
    told = render.escape(words("sv_since", time=render.when(info.since)))
    since = f'<time datetime="{render.escape(info.since)}">{told}</time>'
    error = f'<p class="bad">{render.escape(info.message)}</p>' if info.message else ""
    buttons = ""
    if not info.from_settings:
        edit = render.button("", "edit", info.id, drawing="pencil", name=words("sv_edit", name=info.name))
        remove = render.button("", "remove", info.id, drawing="bin", name=words("sv_remove", name=info.name))
        buttons = f'<div class="tools">{edit}{remove}</div>'
    return (
        f'<li class="model"><div><p class="name">{render.escape(info.name)}'
        f'<span class="state server-{info.status}">{render.escape(words(f"sv_status_{info.status}"))}</span>'
        f'<span class="tag">{since}</span></p>{facts}{error}</div>{buttons}</li>'
    )
