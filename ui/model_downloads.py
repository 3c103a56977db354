"""Downloads in the Models panel: how far each is, how fast, how long still, and buttons to pause, go on and cancel."""

from collections.abc import Sequence

from studio import Cancelled, Done, Download, Failed, Job, download_id
from ui import fetch, render
from ui.words import Words


def rows(downloads: Sequence[Download], words: Words, *, mine: bool) -> str:
    """Return the unfinished downloads.

    Args:
        mine: Whether whoever looks may pause and cancel them.
    """
    return "".join(_row(download, words, mine=mine) for download in downloads)


def ends(jobs: Sequence[Job], downloads: Sequence[Download], words: Words, titles: dict[str, str]) -> str:
    """Return how finished downloads ended; of those that are kept to go on, their own row tells."""
    kept = {download.model for download in downloads}
    told = []
    for job in jobs:
        if not job.finished:
            continue
        model = download_id(fetch.model_of(job))
        if model in kept:
            continue
        end = job.snapshot()[-1][1]
        title = titles.get(model, model.removeprefix("hf:"))
        if isinstance(end, Failed):
            told.append(render.failure(words, end))
        elif isinstance(end, Done | Cancelled):
            key = "mo_fetched" if isinstance(end, Done) else "mo_cancelled"
            told.append(render.notice("", words(key, title=title), kind="info"))
    return "".join(told)


def _row(download: Download, words: Words, *, mine: bool) -> str:
    title, model = download.title.removeprefix("hf:"), download.model
    known = download.total_bytes > 0
    done = words("mo_of", done=words.size(download.done_bytes), total=words.size(download.total_bytes)) if known else ""
    fraction = download.done_bytes / download.total_bytes if known else None
    cancel = render.button(words("cancel"), "cancel", model, name=words("mo_cancel", title=title))
    if download.state == "paused":
        text = " · ".join(part for part in (words("mo_paused", title=title), done) if part)
        go_on = render.button(words("mo_go_on"), "fetch", model, kind="second", name=words("mo_resume", title=title))
        why = f'<p class="muted">{render.escape(download.why)}</p>' if download.why else ""
        shown = f'<div class="busy still">{render.escape(text)}{_bar(text, fraction)}</div>{why}'
        return f'<div class="fetch"><div>{shown}</div>{go_on + cancel if mine else ""}</div>'
    speed = words("mo_speed", size=words.size(download.speed_bytes_s)) if download.speed_bytes_s >= 500_000 else ""
    if 0 < download.speed_bytes_s < 500_000:
        speed = words("mo_speed", size=words.file_size(download.speed_bytes_s))
    key = "mo_fetching" if download.state == "running" else "mo_waits"
    parts = [words(key, title=title), done, speed, _left(download.left_s, words)]
    pause = render.button(words("mo_pause"), "pause", model, name=words("mo_pause_it", title=title))
    text = render.busy(" · ".join(part for part in parts if part), fraction)
    return f'<div class="fetch">{text}{pause + cancel if mine else ""}</div>'


def _bar(text: str, fraction: float | None) -> str:
    if fraction is None:
        return ""
    percent = round(min(1.0, max(0.0, fraction)) * 100)
    return (
        f'<span class="bar" role="progressbar" aria-label="{render.escape(text)}" aria-valuenow="{percent}" '
        f'aria-valuemin="0" aria-valuemax="100"><i style="width:{percent}%"></i></span>'
    )


def _left(seconds: int | None, words: Words) -> str:
    if seconds is None:
        return ""
    if seconds < 60:
        return words("mo_left_s", n=max(1, seconds))
    if seconds < 3600:
        return words("mo_left_min", n=round(seconds / 60))
    return words("mo_left_h", h=seconds // 3600, m=seconds % 3600 // 60)
