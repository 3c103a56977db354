"""A voice heard before it is chosen: the click, the wait with a way out, the player, and why there is none."""

import asyncio
from collections.abc import AsyncIterator

import gradio as gr

from studio import DownloadFailed, NotFound, Stop, Studio, StudioError, VoiceSample
from ui import render
from ui.caller import caller_of, link, page_of
from ui.follow import Turns
from ui.words import Words, words_of

LOOK_S = 0.2
TURN = "sample"
WHY = {"unreachable": "sp_hear_no_net", "offline": "sp_hear_offline", "unsuitable": "sp_hear_no_sound"}


def button(voice: str, title: str, words: Words) -> str:
    """Return the button that has a voice heard."""
    name = words("sp_hear_voice", name=title)
    return render.button(words("sp_hear"), "hear", voice, drawing="sound", name=name)


async def heard(studio: Studio, turns: Turns, act: str, voice: str, request: gr.Request) -> AsyncIterator[str]:
    """Answer a click on ``hear`` or ``hear-stop``; yields what the player's place shows.

    Whatever is heard next on the page, or a stop, ends the fetching of what came before.
    """
    words = words_of(request)
    turn = turns.take(page_of(request), TURN)
    if act == "hear-stop":
        yield ""
        return
    stop = Stop()
    work = asyncio.create_task(asyncio.to_thread(studio.voice_sample, voice, caller_of(request), stop))
    work.add_done_callback(_looked_at)
    title = voice
    try:
        title = (await asyncio.to_thread(studio.model, voice)).spec.title
        cancel = render.button(words("cancel"), "hear-stop", voice, name=words("sp_hear_cancel"))
        yield f'<div class="fetch">{render.busy(words("sp_hear_wait", name=title))}{cancel}</div>'
        while not work.done():
            await asyncio.wait([work], timeout=LOOK_S)
            if turn.over:
                return
        yield _player(work.result(), request, words)
    except StudioError as exc:
        yield _failure(exc, title, words)
    except Exception as exc:
        yield render.crash(words, exc)
    finally:
        stop.set()


def _looked_at(work: "asyncio.Task[VoiceSample]") -> None:
    """Take a failure that nobody waits for any more."""
    if not work.cancelled():
        work.exception()


def _player(sample: VoiceSample, request: gr.Request, words: Words) -> str:
    own = sample.by == "voice"
    address = link(request, f"files/{sample.file}" if own else f"models/samples/{sample.voice}")
    what = words("sp_hear_spoken" if own else "sp_hear_published", name=sample.title, text=sample.text)
    sound = f'<audio controls autoplay src="{render.escape(address)}" aria-label="{render.escape(what)}"></audio>'
    close = render.button("", "hear-stop", sample.voice, drawing="close", name=words("close"))
    return f'<div class="player">{sound}{close}</div><p class="hint">{render.escape(what)}</p>'


def _failure(exc: StudioError, title: str, words: Words) -> str:
    if isinstance(exc, NotFound) and exc.code == "not_found":
        return render.notice("", words("sp_hear_none", name=title), kind="info")
    key = WHY.get(str(exc.details.get("reason"))) if isinstance(exc, DownloadFailed) else None
    return render.failure(words, exc) if key is None else render.notice("", words(key, name=title), kind="info")
