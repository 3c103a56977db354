"""One model opened in the Models panel: what it is, what it did, what can be set, and how it is deleted."""

import asyncio
from collections.abc import AsyncIterator, Mapping

import gradio as gr
from gradio.components import Component

from studio import ModelSpec, StudioError
from ui import choices, model_facts, render, voice_samples
from ui.caller import caller_of
from ui.panel import Panel, Updates, area, event_text, on
from ui.words import label, words_of

Given = Mapping[Component, object]
SHOWN = 8
LOOK_S = 0.5
# By name: the least, the most, the step. What a model of a kind really takes, the studio checks.
NUMBERS: dict[str, tuple[float, float, float]] = {
    "temperature": (0, 2, 0.1),
    "top_p": (0, 1, 0.05),
    "top_k": (0, 1_000, 1),
    "min_p": (0, 1, 0.01),
    "repeat_penalty": (0.5, 2, 0.05),
    "max_tokens": (1, 1_000_000, 1),
    "num_inference_steps": (1, 200, 1),
    "guidance_scale": (0, 30, 0.5),
    "n_ctx": (256, 1_048_576, 1),
    "slots": (1, 64, 1),
}


class ModelDetailsBox(Panel):
    """Builds the box and answers its events."""

    def build(self) -> None:
        """Lay it out inside the open column, closed."""
        with gr.Column(visible=False, elem_id="mo-detail", elem_classes="card") as self.box:
            self.about = area(elem_id="mo-about", script=render.CLICKS)
            self.enabled = gr.Checkbox(label=label("md_enabled"), info=label("md_enabled_hint"), elem_id="md-enabled")
            self.pinned = gr.Checkbox(label=label("md_pinned"), info=label("md_pinned_hint"), elem_id="md-pinned")
            self.note = gr.Textbox(label=label("md_note"), lines=2, max_lines=6, elem_id="md-note")
            with gr.Accordion(label("md_settings"), open=False, elem_id="md-settings") as self.drawer:
                self.numbers = {name: self._number(name, *range_) for name, range_ in NUMBERS.items()}
            with gr.Row(elem_classes="actions"):
                self.save = gr.Button(label("md_save"), variant="primary", elem_id="md-save", scale=0)
                self.default = gr.Button(label("md_default"), elem_id="md-default", scale=0)
                self.delete = gr.Button(label("md_delete"), elem_id="md-delete", scale=0)
                self.measure = gr.Button(label("md_measure"), elem_id="md-measure", scale=0)
                self.close = gr.Button(label("md_close"), elem_id="md-close", scale=0)
            self.told = area(elem_id="md-told", script=render.CLICKS)
        self.model = gr.State("")
        self.changed = gr.State(0)

    @staticmethod
    def _number(name: str, low: float, high: float, step: float) -> gr.Number:
        return gr.Number(
            value=None,
            minimum=low,
            maximum=high,
            step=step,
            precision=0 if step == 1 else None,
            placeholder=label("im_default"),
            label=label(f"md_{name}"),
            info=label(f"md_{name}_hint"),
            elem_id=f"md-{name.replace('_', '-')}",
        )

    @property
    def outputs(self) -> list[Component]:
        """All that its events may change; ``changed`` tells the panel to draw its list anew."""
        return [
            *(self.box, self.about, self.enabled, self.pinned, self.note, self.drawer, *self.numbers.values()),
            *(self.save, self.default, self.delete, self.measure, self.told, self.model, self.changed),
        ]

    def wire(self, lists: Component) -> None:
        """Connect the events; ``lists`` tells which model is opened."""
        given = {self.model, self.enabled, self.pinned, self.note, self.changed, *self.numbers.values()}
        on([lists.click], self.open, [], self.outputs)  # type: ignore[attr-defined]  # gr.HTML has it
        on([self.save.click], self.keep, given, self.outputs)
        on([self.default.click], self.make_default, given, self.outputs)
        on([self.delete.click], self.ask, given, self.outputs)
        on([self.told.click], self.remove, given, self.outputs)
        on([self.about.click], self.memory, given, self.outputs)
        on([self.about.click, self.told.click], self.hear, [], [self.told])
        on([self.measure.click], self.benchmark, given, self.outputs)
        on([self.close.click], self.leave, [], self.outputs)

    # Events

    async def open(self, request: gr.Request, event: gr.EventData) -> AsyncIterator[Updates]:
        """Show the model that was clicked."""
        if event_text(event, "act") != "details":
            return
        model = event_text(event, "id")
        try:
            yield {**await self._filled(model, request), self.told: ""}
        except StudioError as exc:
            yield {self.box: gr.update(visible=True), self.about: render.failure(words_of(request), exc)}

    async def keep(self, given: Given, request: gr.Request) -> AsyncIterator[Updates]:
        """Save what was entered."""
        words, model = words_of(request), str(given.get(self.model) or "")
        settings: dict[str, float | None] = {}
        try:
            known = {setting.name for setting in (await asyncio.to_thread(self.studio.model_details, model)).settings}
            for name in NUMBERS.keys() & known:
                value = given.get(self.numbers[name])
                settings[name] = value if isinstance(value, int | float) else None
            await asyncio.to_thread(
                self.studio.change_model,
                model,
                caller_of(request),
                enabled=given.get(self.enabled) is True,
                pinned=given.get(self.pinned) is True,
                note=str(given.get(self.note) or ""),
                settings=settings,
            )
            told = render.notice("", words("md_saved"), kind="info")
            yield {**await self._filled(model, request), self.told: told, self.changed: _more(given, self.changed)}
        except StudioError as exc:
            yield {self.told: render.failure(words, exc)}
        except Exception as exc:
            yield {self.told: render.crash(words, exc)}

    async def make_default(self, given: Given, request: gr.Request) -> AsyncIterator[Updates]:
        """Have its job take it when none is named."""
        words, model = words_of(request), str(given.get(self.model) or "")
        try:
            if caller_of(request).role == "admin":
                kind = self.studio.model(model).spec.kind
                await asyncio.to_thread(self.studio.registry.set_default, kind, model)
            told = render.notice("", words("md_is_default"), kind="info")
            yield {**await self._filled(model, request), self.told: told, self.changed: _more(given, self.changed)}
        except StudioError as exc:
            yield {self.told: render.failure(words, exc)}

    async def ask(self, given: Given, request: gr.Request) -> AsyncIterator[Updates]:
        """Say what deleting it touches, before it is done."""
        words, model = words_of(request), str(given.get(self.model) or "")
        try:
            found = await asyncio.to_thread(self.studio.dependants, model)
        except StudioError as exc:
            yield {self.told: render.failure(words, exc)}
            return
        lines = [words("md_frees", size=words.size(found.freed_bytes)) if found.freed_bytes else words("md_frees_none")]
        if found.jobs:
            lines.append(words("md_uses_jobs", names=", ".join(words(f"mo_kind_{kind}") for kind in found.jobs)))
        if found.aliases:
            lines.append(words("md_uses_aliases", names=", ".join(found.aliases[:8])))
        if found.conversations:
            lines.append(words.count("md_uses_chats", found.conversations))
        if found.pairs:
            lines.append(words("md_uses_pairs", names=", ".join(found.pairs[:8])))
        yes = render.button(words("md_delete_yes"), "delete", model, kind="second", drawing="bin")
        yield {self.told: render.notice(words("md_really"), " ".join(lines), kind="info", action=yes)}

    async def remove(self, given: Given, request: gr.Request, event: gr.EventData) -> AsyncIterator[Updates]:
        """Delete the model."""
        words, model = words_of(request), event_text(event, "id")
        if event_text(event, "act") != "delete" or caller_of(request).role != "admin":
            return
        try:
            freed = await asyncio.to_thread(self.studio.remove_model, model)
        except StudioError as exc:
            yield {self.told: render.failure(words, exc)}
            return
        told = render.notice("", words("md_deleted", size=words.size(freed)), kind="info")
        hidden: Updates = {
            field: gr.update(visible=False) for field in (self.save, self.default, self.delete, self.measure)
        }
        gone: Updates = {self.about: "", self.drawer: gr.update(visible=False)}
        yield {**hidden, **gone, self.told: told, self.changed: _more(given, self.changed)}

    async def memory(self, given: Given, request: gr.Request, event: gr.EventData) -> AsyncIterator[Updates]:
        """Load the model into memory, or unload it."""
        words, act, model = words_of(request), event_text(event, "act"), event_text(event, "id")
        if act not in ("load", "unload") or caller_of(request).role != "admin":
            return
        try:
            if act == "load":
                yield {self.told: render.busy(words("md_loading"))}
            await asyncio.to_thread(self.studio.load if act == "load" else self.studio.unload, model)
            yield {**await self._filled(model, request), self.told: "", self.changed: _more(given, self.changed)}
        except StudioError as exc:
            yield {self.told: render.failure(words, exc)}
        except Exception as exc:
            yield {self.told: render.crash(words, exc)}

    async def hear(self, request: gr.Request, event: gr.EventData) -> AsyncIterator[Updates]:
        """Have a voice heard, or stop that."""
        act = event_text(event, "act")
        if act in ("hear", "hear-stop"):
            async for shown in voice_samples.heard(self.studio, self.turns, act, event_text(event, "id"), request):
                yield {self.told: shown}

    async def benchmark(self, given: Given, request: gr.Request) -> AsyncIterator[Updates]:
        """Measure the model, and show how far that is."""
        words, model, done = words_of(request), str(given.get(self.model) or ""), [0, 1]

        def tell(so_far: int, total: int) -> None:
            done[:] = so_far, total

        work = asyncio.create_task(asyncio.to_thread(self.studio.benchmark, model, caller_of(request), tell))
        try:
            while not work.done():
                yield {self.told: render.busy(words("md_measuring"), done[0] / done[1])}
                await asyncio.wait([work], timeout=LOOK_S)
            await work
            yield {**await self._filled(model, request), self.told: "", self.changed: _more(given, self.changed)}
        except StudioError as exc:
            yield {self.told: render.failure(words, exc)}
        except Exception as exc:
            yield {self.told: render.crash(words, exc)}

    def _draws(self, spec: ModelSpec) -> bool:
        """Whether it can be what its job takes by itself: one that enlarges pictures can't."""
        return spec.kind != "image" or choices.enlarges(self.studio, spec.id) is None

    def leave(self) -> Updates:
        """Close the box."""
        return {self.box: gr.update(visible=False), self.model: ""}

    # Pieces

    async def _filled(self, model: str, request: gr.Request) -> Updates:
        words, mine = words_of(request), caller_of(request).role == "admin"
        found = await asyncio.to_thread(self.studio.model_details, model)
        here = found.info.state not in ("available", "downloading", "paused")
        usable = mine and here and found.info.state not in ("missing", "damaged")
        known = {setting.name for setting in found.settings}
        shown = model_facts.about(found, words, mine=mine)
        if mine:  # they are of everybody's work
            shown += model_facts.used(await asyncio.to_thread(self.studio.model_statistics, model), words)
        shown += model_facts.measured(self.studio.benchmarks.of(model, SHOWN), words)
        on_disk = mine and here and (not found.info.spec.remote or found.info.state == "missing")
        return {
            self.box: gr.update(visible=True),
            self.about: shown,
            self.enabled: gr.update(value=found.info.state != "disabled", visible=usable),
            self.pinned: gr.update(value=found.info.pinned, visible=usable and not found.info.spec.remote),
            self.note: gr.update(value=found.info.remark, visible=usable),
            self.drawer: gr.update(visible=usable and bool(known)),
            **{
                field: gr.update(value=found.values.get(name), visible=name in known)
                for name, field in self.numbers.items()
            },
            self.save: gr.update(visible=usable),
            self.default: gr.update(visible=usable and not found.info.is_default and self._draws(found.info.spec)),
            self.delete: gr.update(visible=on_disk),
            self.measure: gr.update(visible=usable and found.info.spec.kind != "transcription"),
            self.model: model,
        }


def _more(given: Given, field: Component) -> int:
    value = given.get(field)
    return value + 1 if isinstance(value, int) else 1
