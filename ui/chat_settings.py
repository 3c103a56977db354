"""The Chat panel's drawer: model, instructions, sampling; kept by conversation, by model and as named presets."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

import gradio as gr
from gradio.components import Component

from studio import Caller, ChatSettings, ContextRange, Studio, StudioError, system_of
from ui import choices, render
from ui.caller import caller_of
from ui.documents import DocumentsDrawer, collections_of
from ui.panel import Updates, area, on
from ui.words import Words, label, words_of

PRESETS, DEFAULTS = "chat_presets", "chat_defaults"
PRESETS_MOST = 50
NAME_CHARACTERS = 60
TEMPERATURE, MAX_TOKENS = 0.7, 1024
SCHEMA_EXAMPLE = '{"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}'
Given = Mapping[Component, object]


class ChatDrawer:
    """Builds the drawer and tells what it is set to."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        self.documents = DocumentsDrawer(studio)

    # Layout

    def build(self) -> None:
        """Lay it out inside the open column."""
        self.model = gr.Dropdown(label=label("model"), choices=[], elem_id="chat-model", filterable=False)
        self.hint = area(elem_id="chat-hint")
        self.documents.build()
        with gr.Accordion(label("settings"), open=False, elem_id="chat-drawer"):
            self.system = gr.Textbox(
                label=label("chat_system"), placeholder=label("chat_system_hint"), lines=3, elem_id="chat-system"
            )
            self.temperature = self._slider("chat_temperature", "chat_temperature_hint", 0, 2, 0.1, TEMPERATURE)
            self.max_tokens = self._number("chat_max_tokens", "chat_max_tokens_hint", 1, 1_000_000, 1, MAX_TOKENS)
            self.top_p = self._number("chat_top_p", "chat_top_p_hint", 0, 1, 0.05)
            self.top_k = self._number("chat_top_k", "chat_top_k_hint", 0, 1000, 1)
            self.min_p = self._number("chat_min_p", "chat_min_p_hint", 0, 1, 0.01)
            self.repeat_penalty = self._number("chat_repeat_penalty", "chat_repeat_penalty_hint", 0.5, 2, 0.05)
            self.context = self._number("chat_context", "chat_context_hint", 1, 10_000_000, 1)
            self.context_told = area(elem_id="chat-context-told")
            self.seed = self._number("chat_seed", "chat_seed_hint", 0, 2**32 - 1, 1)
            self.stops = gr.Textbox(
                label=label("chat_stop"), info=label("chat_stop_hint"), lines=1, max_lines=8, elem_id="chat-stop"
            )
            self.schema = gr.Textbox(
                label=label("chat_schema"),
                info=label("chat_schema_hint"),
                placeholder=SCHEMA_EXAMPLE,
                lines=1,
                max_lines=12,
                elem_id="chat-schema",
            )
        with gr.Accordion(label("chat_presets"), open=False, elem_id="chat-presets"):
            self.preset = gr.Dropdown(
                label=label("chat_preset"),
                info=label("chat_preset_hint"),
                choices=[],
                allow_custom_value=True,
                elem_id="chat-preset",
            )
            with gr.Row(elem_classes="pair"):
                self.save = gr.Button(label("chat_preset_save"), size="sm", elem_id="chat-preset-save")
                self.drop = gr.Button(label("chat_preset_drop"), size="sm", elem_id="chat-preset-drop")
            self.as_default = gr.Button(label("chat_default_save"), size="sm", elem_id="chat-default-save")
            self.told = area(elem_id="chat-preset-told")

    @staticmethod
    def _slider(name: str, hint: str, low: float, high: float, step: float, value: float) -> gr.Slider:
        return gr.Slider(
            low,
            high,
            value=value,
            step=step,
            label=label(name),
            info=label(hint),
            elem_id=name.replace("_", "-"),
        )

    @staticmethod
    def _number(name: str, hint: str, low: float, high: float, step: float, value: float | None = None) -> gr.Number:
        return gr.Number(
            value=value,
            minimum=low,
            maximum=high,
            step=step,
            precision=0 if step == 1 else None,
            placeholder=label("im_default"),
            label=label(name),
            info=label(hint),
            elem_id=name.replace("_", "-"),
        )

    @property
    def fields(self) -> list[Component]:
        """Everything that says how a reply is made."""
        return [
            self.model, self.system, self.temperature, self.max_tokens, self.top_p, self.top_k, self.min_p,
            self.repeat_penalty, self.seed, self.stops, self.schema, self.context, self.documents.collection,
        ]  # fmt: skip

    def wire(self, demo: gr.Blocks) -> None:
        """Connect its own events."""
        self.documents.wire(demo)
        everything = {*self.fields, self.preset}
        on([demo.load], self.list_models, [self.model], [self.model, self.hint])
        on([demo.load], self.list_presets, [], [self.preset])
        on([self.model.input], self.choose_model, everything, [*self.fields, self.hint])
        on([self.model.change, self.context.input], self.tell_context, [self.model, self.context],
           [self.context, self.context_told])  # fmt: skip
        on([self.preset.input], self.choose_preset, everything, [*self.fields, self.told])
        on([self.save.click], self.save_preset, everything, [self.preset, self.told])
        on([self.drop.click], self.drop_preset, everything, [self.preset, self.told])
        on([self.as_default.click], self.save_default, everything, [self.told])

    # Reading and filling

    def read(self, given: Given) -> tuple[str, ChatSettings]:
        """Return the instructions and the settings that the drawer shows."""
        model, system, stops = given.get(self.model), given.get(self.system), given.get(self.stops)
        schema = given.get(self.schema)
        return system if isinstance(system, str) else "", ChatSettings(
            model=model if isinstance(model, str) and model else None,
            temperature=_number_of(given.get(self.temperature)),
            max_tokens=_whole_of(given.get(self.max_tokens)),
            top_p=_number_of(given.get(self.top_p)),
            top_k=_whole_of(given.get(self.top_k)),
            min_p=_number_of(given.get(self.min_p)),
            repeat_penalty=_number_of(given.get(self.repeat_penalty)),
            seed=_whole_of(given.get(self.seed)),
            stop=tuple(line for line in stops.split("\n") if line) if isinstance(stops, str) else (),
            context_tokens=_whole_of(given.get(self.context)),
            json_schema=schema.strip() or None if isinstance(schema, str) else None,
            collections=tuple(collections_of(given.get(self.documents.collection))),
        )

    def opened(self, kept: Mapping[str, object], caller: Caller) -> Updates:
        """Show what was kept of a conversation, the collections that it asks too."""
        chosen = ChatSettings.of(kept).collections
        return {**self.fill(kept), self.documents.collection: self.documents.offer(caller, chosen)}

    def fill(self, kept: Mapping[str, object], *, model: bool = True) -> Updates:
        """Show what was kept of a conversation, a model or a preset.

        Args:
            model: Choose the model too, if it is still here.
        """
        settings = ChatSettings.of(kept)
        updates: Updates = {
            self.system: system_of(kept),
            self.temperature: TEMPERATURE if settings.temperature is None else settings.temperature,
            self.max_tokens: MAX_TOKENS if settings.max_tokens is None else settings.max_tokens,
            self.top_p: settings.top_p,
            self.top_k: settings.top_k,
            self.min_p: settings.min_p,
            self.repeat_penalty: settings.repeat_penalty,
            self.seed: settings.seed,
            self.stops: "\n".join(settings.stop),
            self.schema: settings.json_schema or "",
            self.context: settings.context_tokens,
        }
        if model and settings.model is not None:
            offered = choices.of_kind(self.studio, "chat", settings.model)
            updates[self.model] = offered.dropdown()
        return updates

    def fresh(self, caller: Caller) -> Updates:
        """Show what a new conversation begins with: the default of its model."""
        offered = choices.of_kind(self.studio, "chat")
        return {
            self.model: offered.dropdown(),
            **self.fill(self._kept(caller, DEFAULTS).get(offered.value or "", {}), model=False),
        }

    # Events

    def list_models(self, model: str | None, request: gr.Request) -> Updates:
        """Offer the chat models that can be used now, and say what the chosen one can't do."""
        offered = choices.of_kind(self.studio, "chat", model)
        return {
            self.model: offered.dropdown(),
            self.hint: choices.hint(self.studio, offered.value, words_of(request)),
        }

    def choose_model(self, given: Given, request: gr.Request) -> Updates:
        """Say what the chosen model can't do, and take its defaults where it has some."""
        model = str(given.get(self.model) or "")
        updates: Updates = {self.hint: choices.hint(self.studio, model or None, words_of(request))}
        kept = self._kept(caller_of(request), DEFAULTS).get(model)
        return updates if kept is None else {**updates, **self.fill(kept, model=False)}

    async def tell_context(self, model: str | None, context: float | None, request: gr.Request) -> Updates:
        """Say which context lengths the model takes and what this one costs; hide the field where it has none."""
        words = words_of(request)
        try:
            known = await asyncio.to_thread(self.studio.context_range, model) if model else None
        except StudioError as exc:
            return {self.context: gr.Number(visible=False, value=None), self.context_told: render.cost([exc.message])}
        if known is None:
            return {self.context: gr.Number(visible=False, value=None), self.context_told: ""}
        fits = context is not None and known.least <= context <= known.most
        field = gr.Number(minimum=known.least, maximum=known.most, visible=True)
        if context is not None and not fits:
            field = gr.Number(minimum=known.least, maximum=known.most, visible=True, value=None)
        told = render.cost(_context_cost(known, int(context) if fits and context is not None else None, words))
        return {self.context: field, self.context_told: told}

    def list_presets(self, request: gr.Request) -> Updates:
        """Offer the owner's presets."""
        return {self.preset: gr.Dropdown(choices=[*self._kept(caller_of(request), PRESETS)])}

    def choose_preset(self, given: Given, request: gr.Request) -> Updates:
        """Take a preset's values; a name that is none yet changes nothing."""
        kept = self._kept(caller_of(request), PRESETS).get(_name_of(given.get(self.preset)))
        return {self.told: ""} if kept is None else {**self.fill(kept), self.told: ""}

    def save_preset(self, given: Given, request: gr.Request) -> Updates:
        """Keep what the drawer shows under the name in the box."""
        words, caller, name = words_of(request), caller_of(request), _name_of(given.get(self.preset))
        presets = self._kept(caller, PRESETS)
        if not name or len(name) > NAME_CHARACTERS or (name not in presets and len(presets) >= PRESETS_MOST):
            return {self.told: render.notice("", words("chat_preset_name"), kind="info")}
        presets[name] = self._values(given)
        return self._keep(caller, PRESETS, presets, words, "chat_preset_saved", name)

    def drop_preset(self, given: Given, request: gr.Request) -> Updates:
        """Forget the preset in the box."""
        words, caller, name = words_of(request), caller_of(request), _name_of(given.get(self.preset))
        presets = self._kept(caller, PRESETS)
        if presets.pop(name, None) is None:
            return {self.told: render.notice("", words("chat_preset_name"), kind="info")}
        return self._keep(caller, PRESETS, presets, words, "chat_preset_dropped", name)

    def save_default(self, given: Given, request: gr.Request) -> Updates:
        """Let new conversations with this model begin like this."""
        words, caller = words_of(request), caller_of(request)
        model = str(given.get(self.model) or "")
        defaults = {**self._kept(caller, DEFAULTS), model: self._values(given)}
        told = self._keep(caller, DEFAULTS, defaults, words, "chat_default_saved", model)
        return {self.told: told[self.told]}

    # Pieces

    def _values(self, given: Given) -> dict[str, object]:
        system, settings = self.read(given)
        # Which files are asked belongs to a conversation, not to a way of answering.
        return replace(settings, collections=()).kept(system)

    def _kept(self, caller: Caller, key: str) -> dict[str, dict[str, object]]:
        kept = self.studio.preferences.get(caller.owner, key)
        if not isinstance(kept, dict):
            return {}
        return {str(name): values for name, values in kept.items() if isinstance(values, dict)}

    def _keep(
        self, caller: Caller, key: str, values: dict[str, dict[str, object]], words: Words, phrase: str, name: str
    ) -> Updates:
        try:
            self.studio.preferences.set(caller.owner, key, values)
        except StudioError as exc:
            return {self.told: render.failure(words, exc)}
        value = name if name in values else None
        return {
            self.preset: gr.Dropdown(choices=[*values], value=value),
            self.told: render.notice("", words(phrase, name=name), kind="info"),
        }


def _context_cost(known: ContextRange, asked: int | None, words: Words) -> list[str]:
    """Return a context length's range, what it is without a value, and the memory that it takes."""
    parts = [words("chat_context_range", least=words.number(known.least), most=words.number(known.most))]
    tokens = asked or known.usual
    if asked is None and known.usual is not None:
        parts.append(words("chat_context_usual", n=words.number(known.usual)))
    if tokens and known.bytes_per_token:
        size = words.size(tokens * known.bytes_per_token)
        parts.append(words("chat_context_memory", n=words.number(tokens), size=size))
    return parts


def _number_of(value: object) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _whole_of(value: object) -> int | None:
    number = _number_of(value)
    return None if number is None else int(number)


def _name_of(value: object) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""
