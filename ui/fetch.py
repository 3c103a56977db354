"""Fetching models from a page: submit the downloads, show how far they are, say how they ended."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from studio import Caller, Done, DownloadRequest, Failed, Job, Studio
from ui import render
from ui.follow import Turn, View, follow
from ui.words import Words

INTERVAL_S = 0.25


@dataclass(frozen=True, slots=True)
class Fetched:
    """How far the downloads are: what to show, and whether all of them are here now."""

    shown: str
    whole: bool = False


async def fetch(
    studio: Studio, models: Sequence[str], caller: Caller, words: Words, turn: Turn
) -> AsyncIterator[Fetched]:
    """Download models one after the other.

    Yields:
        How far they are; the last one is whole when all of them are here.

    Raises:
        StudioError: A download was refused.
    """
    running = {model_of(job): job for job in studio.jobs(caller, "download")}
    for model in models:
        job = running.get(model) or studio.submit(DownloadRequest(model=model), caller)
        async for view in follow(job, turn, INTERVAL_S):
            if view.end is None:
                yield Fetched(bar(words, view))
            elif isinstance(view.end, Failed):
                yield Fetched(render.failure(words, view.end))
                return
            elif not isinstance(view.end, Done):
                yield Fetched(render.notice("", words("mo_cancelled"), kind="info"))
                return
        if turn.over:
            return
    yield Fetched("", whole=True)


def model_of(job: Job) -> str:
    """Return what a download fetches."""
    request = job.request
    return request.model if isinstance(request, DownloadRequest) else ""


def bar(words: Words, view: View, title: str = "") -> str:
    """Return how far a download is, with a button that cancels it."""
    told = view.progress
    name = title or model_of(view.job)
    text = render.waiting(words, view)
    if not text:
        known = told is not None and told.total > 0
        done = words("mo_of", done=words.size(told.step), total=words.size(told.total)) if told and known else ""
        text = render.busy(
            " · ".join(part for part in (words("mo_fetching", title=name), done) if part),
            told.step / told.total if told and known else None,
        )
    cancel = render.button(words("cancel"), "cancel", view.job.id, name=words("mo_cancel", title=name))
    return f'<div class="fetch">{text}{cancel}</div>'
