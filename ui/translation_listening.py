"""Both texts of a translation heard: by a voice of their language, or the offer of one."""

import asyncio
from collections.abc import AsyncIterator

import gradio as gr

from studio import Caller, Failed, ModelSpec, SpeechRequest, Studio, StudioError
from ui import render
from ui.caller import link
from ui.follow import Turn, follow
from ui.words import Words


async def spoken(
    studio: Studio, text: str, language: str | None, request: gr.Request, caller: Caller, words: Words
) -> AsyncIterator[str]:
    """Speak a text in its language; yields what the player's place shows."""
    voice = voice_for(studio, language)
    if voice is None:
        yield no_voice(studio, language, words)
        return
    try:
        job = await asyncio.to_thread(studio.submit, SpeechRequest(text=text, model=voice.id), caller)
    except StudioError as exc:
        yield render.failure(words, exc)
        return
    yield render.busy(words("starting"))
    async for view in follow(job, Turn()):
        if isinstance(view.end, Failed):
            yield render.failure(words, view.end)
            return
        if view.spoken:
            # The sound grows behind its address, so the page has all it needs.
            address = render.escape(link(request, f"jobs/{job.id}/audio.mp3"))
            name = render.escape(words("tr_player", voice=voice.title))
            close = render.button("", "close-player", job.id, drawing="close", name=words("close"))
            sound = f'<audio controls autoplay src="{address}" aria-label="{name}"></audio>'
            yield f'<div class="player">{sound}{close}</div>'
            return


def voice_for(studio: Studio, language: str | None) -> ModelSpec | None:
    """Return a voice here that speaks a language, the default one first."""
    usable = [info for info in studio.usable_models() if info.spec.kind == "speech" and not info.missing_parts]
    fit = [info for info in usable if language in info.spec.languages]
    return next((info.spec for info in sorted(fit, key=lambda info: not info.is_default)), None)


def no_voice(studio: Studio, language: str | None, words: Words) -> str:
    """Say that nobody here speaks a language, and offer a voice that does."""
    name = words.language_name(language) if language else words("tr_unknown")
    fit = [
        info
        for info in studio.models()
        if info.spec.kind == "speech" and info.state == "available" and language in info.spec.languages
    ]
    best = next(iter(sorted(fit, key=lambda info: not info.recommended)), None)
    if best is None:
        return render.notice("", words("tr_no_voice", language=name), kind="info")
    size = words.size(best.spec.size_bytes)
    action = render.button(words("tr_fetch", size=size), "fetch-voice", best.spec.id, kind="second", drawing="down")
    return render.notice("", words("tr_voice", language=name, title=best.spec.title), kind="info", action=action)
