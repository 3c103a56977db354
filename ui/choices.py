"""The models that a panel can offer: those that a request can use now, the default first chosen."""

from collections.abc import Callable
from dataclasses import dataclass

import gradio as gr

from studio import Kind, Studio, StudioError
from ui import render
from ui.words import Words

FEW = 12
USABLE = ("installed", "loading", "loaded", "remote")


@dataclass(frozen=True, slots=True)
class Choices:
    """What a Dropdown shows: ``(title, id)``, and the id that is chosen."""

    pairs: list[tuple[str, str]]
    value: str | None

    def dropdown(self) -> gr.Dropdown:
        """Return what a Dropdown becomes; a long list can be searched by typing."""
        return gr.Dropdown(choices=self.pairs, value=self.value, filterable=len(self.pairs) > FEW)


def of_kind(
    studio: Studio, kind: Kind, chosen: str | None = None, wanted: Callable[[str], bool] = lambda model: True
) -> Choices:
    """Return the models of a job; ``chosen`` stays if it still can be used, else the job's default."""
    infos = [
        info
        for info in studio.models()
        # One whose server is away stays chosen: it may be back before the message is written.
        if info.spec.kind == kind
        and (info.state in USABLE or (info.state == "unreachable" and info.spec.id == chosen))
        and wanted(info.spec.id)
    ]
    ids = [info.spec.id for info in infos]
    if chosen not in ids:
        chosen = next((info.spec.id for info in infos if info.is_default), ids[0] if ids else None)
    return Choices([(info.spec.title, info.spec.id) for info in infos], chosen)


def drawing(studio: Studio, chosen: str | None = None) -> Choices:
    """Return the image models that draw; those that enlarge are offered where a picture is enlarged."""
    return of_kind(studio, "image", chosen, lambda model: enlarges(studio, model) is None)


def enlarging(studio: Studio) -> Choices:
    """Return the image models that enlarge."""
    return of_kind(studio, "image", wanted=lambda model: enlarges(studio, model) is not None)


def enlarges(studio: Studio, model: str) -> int | None:
    """Return how many times a model enlarges; None: it draws, or its files can't be read."""
    try:
        able = studio.image_range(model)
    except StudioError:
        return None
    return None if able is None else able.enlarges


def is_starter(studio: Studio, model: str | None) -> bool:
    """Whether a model is one of those that Hearth begins with."""
    return any(info.starter for info in studio.models() if info.spec.id == model)


def hint(studio: Studio, model: str | None, words: Words) -> str:
    """Return one muted line on what a model is not good for, or where to get one when there is none."""
    if model is None:
        go = render.button(words("go_models"), "tab", "models", kind="second", drawing="arrow")
        return render.notice("", words("no_model"), kind="info", action=go)
    for info in studio.models():
        if info.spec.id == model:
            note = info.error or words.note(info.spec.id, info.spec.note)
            return f'<p class="hint">{render.escape(note)}</p>' if note else ""
    return ""
