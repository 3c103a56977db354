"""HTML of the dashboard: every text of a person or a model is escaped here, every icon drawn here."""

import base64
import html
import re
import uuid
from collections.abc import Iterable
from datetime import datetime

import structlog

from studio import ExportFormat, Failed, StudioError
from ui.follow import View
from ui.words import Words, both

log = structlog.get_logger(__name__)

# One path of a 24 × 24 drawing each, stroked with the text's colour.
ICONS = {
    "plus": "M12 5v14M5 12h14",
    "pencil": "M4 20l1-4L16 5l3 3L8 19zM14 7l3 3",
    "bin": "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13M10 11v5M14 11v5",
    "swap": "M4 8h14M14 4l4 4-4 4M20 16H6M10 12l-4 4 4 4",
    "down": "M12 4v11M7 11l5 5 5-5M5 20h14",
    "check": "M5 13l4 4L19 7",
    "close": "M6 6l12 12M18 6L6 18",
    "menu": "M4 7h16M4 12h16M4 17h16",
    "sliders": "M4 7h9M17 7h3M15 5v4M4 17h3M11 17h9M9 15v4",
    "alert": "M12 4l9 16H3zM12 10v4M12 17v.5",
    "info": "M12 3a9 9 0 100 18 9 9 0 000-18zM12 11v5M12 7.5v.5",
    "again": "M20 12a8 8 0 11-2.6-5.9M20 4v4h-4",
    "copy": "M9 9h10v11H9zM15 9V4H5v11h4",
    "speaker": "M4 10v4h4l5 4V6L8 10zM16.5 9a4 4 0 010 6M19 6.500a8 8 0 010 11",
    "translate": "M4 6h9M8.500 4v2M11 6c-1 4-4 7-7 8M6 9c1 3 4 5 6 6M12.500 20l4-9 4 9M14 17h5",
    "more": "M5 12h.1M12 12h.1M19 12h.1",
    "sound": "M4 9v6h4l5 4V5L8 9zM16 9.500a4 4 0 010 5M18.500 7a8 8 0 010 10",
    "arrow": "M5 12h14M13 6l6 6-6 6",
    "up": "M12 19V5M6 11l6-6 6 6",
    "downward": "M12 5v14M6 13l6 6 6-6",
    "star": "M12 4l2.500 5.200 5.500.800-4 4 1 5.600-5-2.700-5 2.700 1-5.600-4-4 5.500-.800z",
    "starred": "M12 4l2.500 5.200 5.500.800-4 4 1 5.600-5-2.700-5 2.700 1-5.600-4-4 5.500-.800zM12 9v5M10 12h4",
    "microphone": "M12 4a2.5 2.5 0 00-2.5 2.5v5a2.5 2.5 0 005 0v-5A2.5 2.5 0 0012 4zM6 11a6 6 0 0012 0M12 17v3",
    "pause": "M9 6v12M15 6v12",
    "bubble": "M4 5h16v11H10l-4 4v-4H4z",
    "image": "M4 5h16v14H4zM4 16l5-5 5 5 2-2 4 4M15 9.500h.1",
}
EXPORTS: dict[ExportFormat, str] = {
    "markdown": "chat_export_markdown",
    "html": "chat_export_html",
    "notebook": "chat_export_notebook",
    "json": "chat_export_json",
}
CLICKS = """
const tell = (target) => {
  const button = target.closest("[data-act]");
  if (button && element.contains(button)) trigger("click", { act: button.dataset.act, id: button.dataset.id || "" });
};
element.addEventListener("click", (event) => tell(event.target));
"""


def escape(text: str) -> str:
    """Return text fit for HTML, attributes included, and for Gradio's own ``${}`` and ``{{}}`` templates."""
    safe = html.escape(text, quote=True)
    return safe.replace("$", "&#36;").replace("{", "&#123;").replace("}", "&#125;")


def icon(name: str) -> str:
    """Return a line icon; it says nothing to a screen reader, so its button needs a name."""
    return f'<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d="{ICONS[name]}"/></svg>'


def button(text: str, act: str, id: str = "", *, kind: str = "quiet", drawing: str = "", name: str = "") -> str:
    """Return a button that the panel's click handler is told of.

    Args:
        text: What it says; "" for a bare icon, which then needs a ``name``.
        act: What to do, read by the handler.
        id: What to do it to.
        kind: ``primary``, ``second``, ``quiet`` or ``example``.
        drawing: An icon's name.
        name: What a screen reader says instead of the text.
    """
    label = f' aria-label="{escape(name)}" title="{escape(name)}"' if name else ""
    return (
        f'<button type="button" class="btn {kind}" data-act="{escape(act)}" data-id="{escape(id)}"{label}>'
        f"{icon(drawing) if drawing else ''}{f'<span>{escape(text)}</span>' if text else ''}</button>"
    )


def copy(words: Words, selector: str) -> str:
    """Return the button that copies what stands at a CSS selector; hearth.js does it."""
    data = f'data-copy="{escape(selector)}" data-copied="{escape(words("copied"))}"'
    inner = f"{icon('copy')}<span>{escape(words('copy'))}</span>"
    return f'<button type="button" class="btn quiet" {data}>{inner}</button>'


def head(key: str, lead: str = "", *, aside: bool = False) -> str:
    """Return a panel's title in both languages, a line below it, and the button of its settings."""
    line = f'<p class="lead">{both(lead)}</p>' if lead else ""
    toggle = _toggle(both("settings")) if aside else ""
    return f'<div class="headline"><div><h1 class="title">{both(key)}</h1>{line}</div>{toggle}</div>'


def chat_head(words: Words, title: str, address: str = "") -> str:
    """Return a conversation's title, the menu of its exports, and the button of the settings.

    Args:
        address: Where it is exported, without the format; "": it can't be.
    """
    menu = ""
    if address:
        links = "".join(
            f'<a class="btn quiet" href="{escape(address)}?format={form}" download>{escape(words(key))}</a>'
            for form, key in EXPORTS.items()
        )
        name = f"{icon('down')}<span>{escape(words('chat_export'))}</span>"
        menu = f'<details class="exports"><summary class="btn quiet">{name}</summary><div>{links}</div></details>'
    toggle = _toggle(escape(words("settings")))
    return f'<div class="headline"><h1 class="title">{escape(title)}</h1>{menu}{toggle}</div>'


def _toggle(text: str) -> str:
    inner = icon("sliders") + text
    return f'<button type="button" class="btn quiet toggle-aside" aria-expanded="false">{inner}</button>'


def empty(sentence: str, example: str, act: str = "example") -> str:
    """Return an empty panel's sentence and its example to click."""
    return f'<div class="empty"><p>{escape(sentence)}</p>{button(example, act, kind="example")}</div>'


def notice(heading: str, message: str, *, kind: str = "error", action: str = "") -> str:
    """Return a calm box: ``error`` is read out at once, ``info`` when there is a pause.

    Args:
        heading: One short line, or "".
        message: What happened and the next step.
        kind: ``error`` or ``info``.
        action: Finished HTML of one button.
    """
    role = "alert" if kind == "error" else "status"
    head = f"<strong>{escape(heading)}</strong>" if heading else ""
    drawing = icon("alert" if kind == "error" else "info")
    return f'<div class="notice {kind}" role="{role}">{drawing}<div>{head}<p>{escape(message)}</p>{action}</div></div>'


def failure(words: Words, exc: StudioError | Failed, action: str = "") -> str:
    """Return an error of the one tree as a notice, its title in the person's language."""
    return notice(words.error_title(exc.code, exc.title), exc.message, action=action)


def crash(words: Words, exc: Exception) -> str:
    """Log a bug under an id, and return what a person sees of it: that id and no more."""
    error_id = uuid.uuid4().hex[:8]
    log.error("ui_crashed", error_id=error_id, exc_info=exc)
    return notice(words("error"), words("error_id", id=error_id))


def busy(text: str, fraction: float | None = None) -> str:
    """Return a line that says what is going on, with a bar where it is known how far it is."""
    bar = ""
    if fraction is not None:
        percent = round(min(1.0, max(0.0, fraction)) * 100)
        bar = (
            f'<span class="bar" role="progressbar" aria-label="{escape(text)}" aria-valuenow="{percent}" '
            f'aria-valuemin="0" aria-valuemax="100"><i style="width:{percent}%"></i></span>'
        )
    return f'<div class="busy" role="status"><span class="ember" aria-hidden="true"></span>{escape(text)}{bar}</div>'


def waiting(words: Words, view: View) -> str:
    """Return what a job waits for before its first output: its place, or the model; "" once it works."""
    if view.position > 1:
        return busy(words("queued", n=view.position - 1))
    if view.position == 1:
        return busy(words("queued_next"))
    if view.loading is not None:
        spec = view.job.spec
        return busy(words("loading", model=spec.title if spec else view.loading), view.fraction)
    return ""


def cost(parts: Iterable[str]) -> str:
    """Return what an answer cost, as one small muted line."""
    text = " · ".join(part for part in parts if part)
    return f'<p class="cost">{escape(text)}</p>' if text else ""


def data_image(picture: bytes, alt: str) -> str:
    """Return a small picture inside the page itself: a preview that has no address of its own."""
    mime = "image/png" if picture.startswith(b"\x89PNG") else "image/jpeg"
    return f'<img src="data:{mime};base64,{base64.b64encode(picture).decode()}" alt="{escape(alt)}">'


def clock(seconds: float) -> str:
    """Return a time in a recording as ``1:05``."""
    whole = int(seconds)
    hours, rest = divmod(whole, 3600)
    minutes = f"{rest // 60:02d}" if hours else f"{rest // 60}"
    return (f"{hours}:" if hours else "") + f"{minutes}:{rest % 60:02d}"


def when(moment: str) -> str:
    """Return a time (ISO 8601) of today as hours and minutes, any other with its day; in the machine's own zone."""
    try:
        local = datetime.fromisoformat(moment).astimezone()
    except ValueError:
        return moment
    today = datetime.now().astimezone().date()
    return local.strftime("%H:%M" if local.date() == today else "%Y-%m-%d %H:%M")


def plain(message: str) -> str:
    """Return Markdown made harmless where a model's text must not become markup (titles, names)."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|<>~$])", r"\\\1", message)
