"""What the Images panel shows before the first picture: an example, or the click that fetches a model that draws."""

import asyncio
from collections.abc import AsyncIterator

from studio import Caller, Job, Kind, ModelInfo, Studio, StudioError
from ui import choices, render
from ui.fetch import fetch, model_of
from ui.follow import Turn
from ui.words import Words

IMAGE: Kind = "image"
IMPORT = "python app.py models import FOLDER"


class ImageStart:
    """Offers the recommended image model where none is here, and fetches it."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio

    def drawn(self, words: Words, caller: Caller) -> str:
        """Return the example to click; without a model that draws, how to get one and what it weighs."""
        model = choices.drawing(self.studio).value
        if model is None:
            self.studio.registry.refresh()  # it may have been put there by hand meanwhile
            model = choices.drawing(self.studio).value
        starter = choices.is_starter(self.studio, model)
        if model is not None and not starter:
            return render.empty(words("im_empty"), words("im_example"))
        if (command := self.studio.command_for(IMAGE)) is not None:
            return render.notice("", words("im_not_installed", command=command), kind="info")
        offered = self._offered()
        if starter:
            larger = self._fetching(offered, words, "second") if offered and caller.role == "admin" else ""
            offer = f'<p class="acts"><span class="hint">{words("im_larger")}</span>{larger}</p>' if larger else ""
            return render.empty(words("im_empty"), words("im_example_icon")) + offer
        offline = words("im_none_offline", command=IMPORT)
        others = render.button(words("im_others"), "tab", "models", kind="second", drawing="arrow")
        if caller.role != "admin":
            return render.notice("", words("im_none"), kind="info", action=others)
        if offered is None:
            return render.notice("", f"{words('im_none')} {offline}", kind="info", action=others)
        size = words.size(offered.spec.size_bytes)
        told = words(
            "im_none_offer", title=offered.spec.title, size=size, memory=words.size(offered.need_bytes),
            note=words.note(offered.spec.id, offered.spec.note), licence=offered.spec.licence,
        )  # fmt: skip
        if offered.fit == "too_big":
            told = f"{told} {words('im_none_tight')}"
        told = f"{told} {offline}"
        go = self._fetching(offered, words, "primary")
        return render.notice("", told, kind="info", action=f'<p class="acts">{go}{others}</p>')

    def example(self, words: Words) -> str:
        """Return a prompt to begin with, that the model at hand can draw."""
        starter = choices.is_starter(self.studio, choices.drawing(self.studio).value)
        return words("im_example_icon" if starter else "im_example")

    def _fetching(self, offered: ModelInfo, words: Words, kind: str) -> str:
        said = words("im_fetch", title=offered.spec.title, size=words.size(offered.spec.size_bytes))
        return render.button(said, "fetch", offered.spec.id, kind=kind, drawing="down")

    def _offered(self) -> ModelInfo | None:
        return next(
            (
                info
                for info in self.studio.models()
                if info.spec.kind == IMAGE and info.recommended and info.state == "available" and info.spec.size_bytes
            ),
            None,
        )

    def running(self, caller: Caller) -> Job | None:
        """Return the download of a first image model of one's own, for a page loaded anew; None: there is none."""
        model = choices.drawing(self.studio).value
        if model is not None and not choices.is_starter(self.studio, model):
            return None
        drawing = {info.spec.id for info in self.studio.models() if info.spec.kind == IMAGE}
        return next((job for job in self.studio.jobs(caller, "download") if model_of(job) in drawing), None)

    async def fetched(self, model: str, caller: Caller, words: Words, turn: Turn) -> AsyncIterator[str]:
        """Fetch a model; yields what to show while it comes, and at last what the panel then starts with."""
        shown = ""
        try:
            async for each in fetch(self.studio, [model], caller, words, turn):
                shown = each.shown
                if not each.whole:
                    yield shown
        except StudioError as exc:
            shown = render.failure(words, exc)
        except Exception as exc:
            shown = render.crash(words, exc)
        if not turn.over:
            # A failure stays to be read, with the offer to try again below it.
            ended = shown if 'class="notice' in shown else ""
            yield ended + await asyncio.to_thread(self.drawn, words, caller)
