"""More voices in the Speech panel: every Piper voice of a language, heard and fetched on a click, or a robotic one."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import gradio as gr

from studio import ModelInfo, StudioError
from ui import choices, render, voice_samples
from ui.caller import caller_of, page_of
from ui.fetch import fetch
from ui.panel import Panel, Updates, area, event_text, on
from ui.words import Words, label, words_of

QUALITIES = ("high", "medium", "low", "x_low")
INSTALLED = ("installed", "loading", "loaded")
FIRST = ("en", "pl")
# What a click far up in the list brings is below it: the player, or why there is none.
IN_VIEW = """
const seen = new MutationObserver(() => element.scrollIntoView({ block: "nearest" }));
seen.observe(element, { childList: true, subtree: true });
"""


class VoiceShelf(Panel):
    """The drawer below the voice; what is fetched or chosen there becomes the panel's voice."""

    def build(self) -> None:
        """Lay the drawer out."""
        with gr.Accordion(label("sp_voices"), open=False, elem_id="sp-voices") as self.drawer:
            self.language = gr.Dropdown(label=label("sp_voices_language"), choices=[], elem_id="sp-voices-language")
            self.list = area(elem_id="sp-voices-list", script=render.CLICKS)
            self.told = area(elem_id="sp-voices-told", script=render.CLICKS)
            self.sample = area(elem_id="sp-voices-sample", script=render.CLICKS + IN_VIEW)

    def wire(self, voice: gr.Dropdown, hint: gr.HTML) -> None:
        """Connect the events; ``voice`` is the panel's, ``hint`` says what it is not good for."""
        self._voice, self._hint = voice, hint
        outputs = [self.list, self.told, self.language, voice, hint]
        on([self.drawer.expand], self.open, [self.language], outputs)
        on([self.language.input], self.open, [self.language], outputs)
        on([self.list.click, self.told.click], self.act, [self.language], outputs)
        on([self.list.click, self.sample.click], self.hear, [], [self.sample])

    async def open(self, language: str | None, request: gr.Request) -> Updates:
        """Show the voices of a language; at first those of the page's."""
        words = words_of(request)
        infos = await self._infos()
        offered = self._languages(infos, words)
        chosen = language if language in [code for _, code in offered] else words.language
        return {
            self.language: gr.Dropdown(choices=offered, value=chosen, filterable=True),
            self.list: self._listed(infos, chosen, words),
        }

    async def act(self, language: str | None, request: gr.Request, event: gr.EventData) -> AsyncIterator[Updates]:
        """Fetch a voice, take one, or cancel."""
        words, caller = words_of(request), caller_of(request)
        act, told = event_text(event, "act"), event_text(event, "id")
        try:
            if act == "take":
                yield await self._taken(told, words)
            elif act == "cancel":
                self.studio.job(told, caller).cancel()
            elif act == "fetch":
                turn = self.turns.take(page_of(request), "voices")
                async for fetched in fetch(self.studio, [told], caller, words, turn):
                    yield {self.told: fetched.shown}
                    if fetched.whole:
                        yield await self._taken(told, words)
                        yield {self.list: self._listed(await self._infos(), language or words.language, words)}
        except StudioError as exc:
            yield {self.told: render.failure(words, exc)}
        except Exception as exc:
            yield {self.told: render.crash(words, exc)}

    async def hear(self, request: gr.Request, event: gr.EventData) -> AsyncIterator[Updates]:
        """Have a voice heard, or stop that."""
        act = event_text(event, "act")
        if act in ("hear", "hear-stop"):
            async for shown in voice_samples.heard(self.studio, self.turns, act, event_text(event, "id"), request):
                yield {self.sample: shown}

    async def _taken(self, voice: str, words: Words) -> Updates:
        spec = await asyncio.to_thread(self.studio.spec, voice, "speech")
        offered = choices.of_kind(self.studio, "speech")
        pairs = offered.pairs
        if spec.id not in [each for _, each in pairs]:
            pairs = [*pairs, (self._robotic_name(spec.languages[0], words), spec.id)]
        note = words("sp_robotic_note") if spec.engine == "espeak" else words.note(spec.id, spec.note)
        return {
            self._voice: gr.Dropdown(choices=pairs, value=spec.id, filterable=len(pairs) > choices.FEW),
            self._hint: f'<p class="hint">{render.escape(note)}</p>' if note else "",
        }

    async def _infos(self) -> list[ModelInfo]:
        infos = await asyncio.to_thread(self.studio.models)
        return [info for info in infos if info.spec.kind == "speech" and info.spec.engine == "piper"]

    def _languages(self, infos: Sequence[ModelInfo], words: Words) -> list[tuple[str, str]]:
        codes = {code for info in infos for code in info.spec.languages} | self.studio.robotic_languages()
        # The page's own language first, then the other one of the interface, then by name.
        named = [(words.language_name(code), code) for code in codes if words.language_name(code) != code]
        return sorted(named, key=lambda pair: (pair[1] != words.language, pair[1] not in FIRST, pair[0]))

    def _listed(self, infos: Sequence[ModelInfo], language: str, words: Words) -> str:
        voices = [info for info in infos if language in info.spec.languages]
        voices.sort(key=lambda info: (info.state not in INSTALLED, not info.recommended, _quality(info)))
        rows = "".join(_row(info, words) for info in voices)
        if not any(info.state in INSTALLED for info in voices) and language in self.studio.robotic_languages():
            take = render.button(words("sp_take"), "take", f"espeak-{language}", kind="second")
            name = render.escape(self._robotic_name(language, words))
            figures = render.cost([words("sp_robotic_note")])
            rows += f'<li><div class="paper"><strong>{name}</strong>{figures}</div><div>{take}</div></li>'
        return f'<ul class="papers">{rows}</ul>'

    @staticmethod
    def _robotic_name(language: str, words: Words) -> str:
        return words("sp_robotic", language=words.language_name(language))


def _quality(info: ModelInfo) -> int:
    name = info.spec.id.rpartition("-")[2]
    return QUALITIES.index(name) if name in QUALITIES else len(QUALITIES)


def _row(info: ModelInfo, words: Words) -> str:
    quality = info.spec.id.rpartition("-")[2]
    parts = [words(f"sp_quality_{quality}") if quality in QUALITIES else "", words.size(info.spec.size_bytes)]
    if info.state in INSTALLED:
        button = render.button(words("sp_take"), "take", info.spec.id, kind="second")
    else:
        name = words("sp_fetch_voice", name=info.spec.title)
        button = render.button(words("sp_fetch"), "fetch", info.spec.id, kind="second", drawing="down", name=name)
    title = render.escape(info.spec.title)
    tools = voice_samples.button(info.spec.id, info.spec.title, words) + button
    return (
        f'<li><div class="paper"><strong>{title}</strong>{render.cost(parts)}</div>'
        f'<div class="paper-actions">{tools}</div></li>'
    )
