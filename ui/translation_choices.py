"""What the Translate panel offers to choose, those that work now first, and what a tab keeps of the choice."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from studio import ModelSpec, Studio, Tone, TranslationEngine
from ui import render
from ui.words import Words

DETECT = "auto"
ANY = ""
ENGINES: dict[str, TranslationEngine] = {"firefox": "firefox", "transformers": "transformers", "chat": "chat"}
TONES: dict[str, Tone] = {"formal": "formal", "informal": "informal"}
Choices = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Offer:
    """What each Dropdown shows, and what is chosen."""

    sources: Choices
    source: str
    targets: Choices
    target: str | None
    engines: Choices
    engine: str
    tone: str


def offer(studio: Studio, words: Words, had: Mapping[str, str]) -> Offer:
    """Return what can be chosen; ``had`` is what was chosen before, and stays where it still can be."""
    pairs = studio.pairs()
    ready = {code for pair in pairs if pair.installed for code in (pair.source, pair.target)}
    codes = {code for pair in pairs for code in (pair.source, pair.target)}
    ordered = sorted(codes, key=lambda code: (code not in ready, words.language_name(code)))
    named = [(words.language_name(code), code) for code in ordered]
    targets = sorted(
        (not pair.installed, pair.source != "en", pair.target != words.language, pair.target)
        for pair in pairs
        if pair.source == "en" or pair.installed
    )
    source, target = had.get("source", DETECT), had.get("target", "")
    if target not in codes:
        target = targets[0][-1] if targets else ""
    engines = _engines(studio, words)
    engine, tone = had.get("engine", ANY), had.get("tone", ANY)
    return Offer(
        sources=[(words("tr_detect"), DETECT), *named],
        source=source if source in codes else DETECT,
        targets=named,
        target=target or None,
        engines=engines,
        engine=engine if engine in [name for _, name in engines] else ANY,
        tone=tone if tone in TONES else ANY,
    )


def _engines(studio: Studio, words: Words) -> Choices:
    """The engines that something here runs on."""
    infos = studio.usable_models()
    here = [(words("tr_engine_auto"), ANY)]
    for name in ("firefox", "transformers"):
        if any(info.spec.engine == name for info in infos if info.spec.kind == "translation"):
            here.append((words(f"tr_engine_{name}"), name))
    chat = chat_model(studio)
    return [*here, (words("tr_engine_chat", title=chat.title), "chat")] if chat is not None else here


def chat_model(studio: Studio) -> ModelSpec | None:
    """Return the chat model that translates by prompt."""
    infos = studio.usable_models()
    return next((info.spec for info in infos if info.spec.kind == "chat" and info.is_default), None)


def read_form(kept: str) -> dict[str, str]:
    """Return what the browser kept of this tab's form; anything else is nothing."""
    try:
        found = json.loads(kept) if kept else {}
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {name: value for name, value in found.items() if isinstance(name, str) and isinstance(value, str)}


def kept_form(form: dict[str, str]) -> str:
    """Return what the browser keeps of the form until this tab is closed; see assets/translate.js."""
    return f'<span hidden data-form="{render.escape(json.dumps(form))}"></span>'
