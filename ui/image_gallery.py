"""The gallery of the Images panel: found by words, model and star; chosen pictures are compared, saved or deleted."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import gradio as gr
from gradio.components import Component

from studio import PictureFilter, StoredPicture, Studio, StudioError
from ui import render
from ui.attachments import Attachments
from ui.caller import caller_of, link
from ui.image_form import Given, text_of
from ui.panel import Updates, area, event_text, on
from ui.words import Words, label, words_of

SHOWN = 24
MOST_CHOSEN = 100


@dataclass(slots=True)
class Shown:
    """What a page shows of the gallery: how many pictures, and which are chosen. Kept by the server.

    Attributes:
        deleted: What was deleted last, which can be brought back.
        wanted: What was looked for last, for who draws it again without asking the page.
    """

    count: int = SHOWN
    chosen: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    wanted: PictureFilter = field(default_factory=PictureFilter)


class ImageGallery:
    """Builds the gallery and answers its events."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio

    # Layout

    def build(self) -> None:
        """Lay the gallery out inside the open column."""
        with gr.Row(elem_id="im-finding", elem_classes="finding"):
            self.search = gr.Textbox(
                label=label("im_search"), show_label=False, placeholder=label("im_search"), max_lines=1,
                elem_id="im-search", scale=3,
            )  # fmt: skip
            self.by_model = gr.Dropdown(
                label=label("im_by_model"), show_label=False, choices=[(label("im_any_model"), "")], value="",
                elem_id="im-by-model", filterable=False, min_width=140,
            )  # fmt: skip
            self.starred = gr.Checkbox(label=label("im_starred"), elem_id="im-starred", min_width=110, scale=0)
        self.shown = gr.State(Shown())
        self.tools = area(elem_id="im-tools", script=render.CLICKS)
        self.compared = area(elem_id="im-compared")
        self.grid = area(elem_id="im-gallery", script=render.CLICKS)

    @property
    def fields(self) -> list[Component]:
        """What decides which pictures are shown."""
        return [self.search, self.by_model, self.starred, self.shown]

    @property
    def outputs(self) -> list[Component]:
        """What a change of the gallery changes."""
        return [self.grid, self.tools, self.compared, self.shown, self.by_model]

    def wire(self) -> None:
        """Connect the finding and the tools; clicks on a picture are the panel's, for some fill its form."""
        given = set(self.fields)
        on([self.search.change, self.by_model.input, self.starred.input], self.find, given, self.outputs)
        on([self.tools.click], self.use_tool, given, self.outputs)

    def wire_chat(self, attachments: Attachments) -> None:
        """Connect the button that puts a picture into the chat's composer; the page itself opens the chat."""
        given = {attachments.place, attachments.temporary, *attachments.fields, *attachments.drawer.fields}
        on([self.grid.click], self.sender(attachments), given, [attachments.chips, *attachments.fields])

    # Events

    async def find(self, given: Given, request: gr.Request) -> Updates:
        """Show what fits the words and filters."""
        shown = self._state(given)
        shown.count = SHOWN
        return await self.drawn(given, request, shown)

    async def use_tool(self, given: Given, request: gr.Request, event: gr.EventData) -> Updates:
        """Compare or delete what is chosen, bring back what was deleted, or choose nothing any more."""
        words, shown = words_of(request), self._state(given)
        act = event_text(event, "act")
        if act == "delete":
            shown.deleted = await asyncio.to_thread(self.studio.delete_pictures, shown.chosen, caller_of(request))
            shown.chosen = []
        elif act == "restore":
            back, shown.deleted = shown.deleted, []
            try:
                await asyncio.to_thread(self.studio.bring_pictures_back, back, caller_of(request))
            except StudioError as exc:
                return {**await self.drawn(given, request, shown), self.tools: render.failure(words, exc)}
        elif act == "none":
            shown.chosen = []
        elif act == "all":
            found = await asyncio.to_thread(
                self.studio.gallery.page, caller_of(request).owner, shown.count, None, self._wanted(given)
            )
            shown.chosen = [each.file.id for each in found][:MOST_CHOSEN]
        elif act == "compare" and len(shown.chosen) == 2:
            return {self.compared: await self._comparison(shown.chosen, request, words)}
        return await self.drawn(given, request, shown)

    async def click(self, given: Given, request: gr.Request, event: gr.EventData) -> Updates | None:
        """Choose or star a picture, or show more; None for what the panel itself must do."""
        shown, owner = self._state(given), caller_of(request).owner
        act, picture_id = event_text(event, "act"), event_text(event, "id")
        try:
            if act == "choose":
                kept = [each for each in shown.chosen if each != picture_id]
                shown.chosen = kept if len(kept) < len(shown.chosen) else [*kept, picture_id][-MOST_CHOSEN:]
            elif act == "star":
                found = await asyncio.to_thread(self.studio.gallery.get, picture_id, owner)
                await asyncio.to_thread(self.studio.gallery.star, picture_id, owner, not found.file.starred)
            elif act == "more":
                shown.count += SHOWN
            else:
                return None
        except StudioError as exc:
            return {self.tools: render.failure(words_of(request), exc)}
        return await self.drawn(given, request, shown)

    def sender(self, attachments: Attachments) -> Callable[[Given, gr.Request, gr.EventData], AsyncIterator[Updates]]:
        """Return what puts a picture among the files that go along with the next message."""

        async def send(given: Given, request: gr.Request, event: gr.EventData) -> AsyncIterator[Updates]:
            if event_text(event, "act") != "to-chat":
                return
            owner, picture_id = caller_of(request).owner, event_text(event, "id")
            try:
                found = await asyncio.to_thread(self.studio.gallery.get, picture_id, owner)
            except StudioError as exc:
                yield {attachments.chips: render.failure(words_of(request), exc)}
                return
            with tempfile.TemporaryDirectory() as folder:  # what is attached is taken from where it is
                copy = Path(folder) / found.file.name
                await asyncio.to_thread(shutil.copyfile, found.file.path, copy)
                async for updates in attachments.add([copy], given, request):
                    yield updates

        return send

    # Pieces

    async def grown(self, given: Given, request: gr.Request) -> Updates:
        """Return the gallery with what was drawn meanwhile; what the page looked for since then counts.

        What is compared, and what a person was told, stays.
        """
        shown = self._state(given)
        updates = await self._drawn(shown, shown.wanted, request)
        return {self.grid: updates[self.grid], self.by_model: updates[self.by_model]}

    async def drawn(self, given: Given, request: gr.Request, shown: Shown | None = None) -> Updates:
        """Return the gallery as it stands now."""
        shown = shown or self._state(given)
        shown.wanted = self._wanted(given)
        return await self._drawn(shown, shown.wanted, request)

    async def _drawn(self, shown: Shown, wanted: PictureFilter, request: gr.Request) -> Updates:
        words, owner = words_of(request), caller_of(request).owner
        found = await asyncio.to_thread(self.studio.gallery.page, owner, shown.count + 1, None, wanted)
        models = await asyncio.to_thread(self.studio.gallery.models, owner)
        there = {each.file.id for each in found}
        shown.chosen = [each for each in shown.chosen if each in there]
        cells = "".join(self._cell(each, request, words, shown.chosen) for each in found[: shown.count])
        more = ""
        if len(found) > shown.count:
            more = f'<p class="more">{render.button(words("im_more"), "more", kind="second")}</p>'
        nothing = ""
        # Where there is no picture at all, there is nothing to look for either.
        looked = not cells and wanted != PictureFilter()
        if looked and len(await asyncio.to_thread(self.studio.gallery.page, owner, 1)) > 0:
            nothing = f'<p class="hint">{render.escape(words("im_nothing_found"))}</p>'
        any_model = (words("im_any_model"), "")
        return {
            self.grid: f'<ul class="gallery">{cells}</ul>{more}' if cells else nothing,
            self.tools: self._tools(shown, request, words),
            self.compared: "",
            self.shown: shown,
            self.by_model: gr.Dropdown(
                choices=[any_model, *((name, name) for name in models)], visible=len(models) > 1
            ),
        }

    def _wanted(self, given: Given) -> PictureFilter:
        return PictureFilter(
            words=text_of(given, self.search)[:200],
            model=text_of(given, self.by_model) or None,
            starred=given.get(self.starred) is True,
        )

    def _state(self, given: Given) -> Shown:
        value = given.get(self.shown)
        return value if isinstance(value, Shown) else Shown()

    def _tools(self, shown: Shown, request: gr.Request, words: Words) -> str:
        chosen, undo = shown.chosen, ""
        if shown.deleted:
            told = render.escape(words.count("im_deleted", len(shown.deleted)))
            undo = f'<p class="undo" role="status">{told} {render.button(words("chat_undo"), "restore")}</p>'
        if not chosen:
            return undo
        address = link(request, f"images/zip?{urlencode([('id', each) for each in chosen])}")
        packed = f"{render.icon('down')}<span>{render.escape(words('im_zip'))}</span>"
        parts = [
            f'<span class="figure">{render.escape(words.count("im_chosen", len(chosen)))}</span>',
            f'<a class="btn quiet" href="{render.escape(address)}" download>{packed}</a>',
            render.button(words("im_compare"), "compare", drawing="swap") if len(chosen) == 2 else "",
            render.button(words("im_delete"), "delete", drawing="bin"),
            render.button(words("im_choose_all"), "all"),
            render.button(words("im_choose_none"), "none"),
        ]
        return f'{undo}<div class="chosen" role="group">{"".join(parts)}</div>'

    async def _comparison(self, chosen: Sequence[str], request: gr.Request, words: Words) -> str:
        owner = caller_of(request).owner
        try:
            one, other = [await asyncio.to_thread(self.studio.gallery.get, picture_id, owner) for picture_id in chosen]
        except StudioError as exc:
            return render.failure(words, exc)
        pictures = [
            f'<img src="{render.escape(link(request, f"files/{each.file.id}"))}" '
            f'alt="{render.escape(figures(each.file.details, words))}">'
            for each in (one, other)
        ]
        name = render.escape(words("im_slider"))
        return (
            f'<div class="slider"><div class="under">{pictures[0]}</div><div class="over">{pictures[1]}</div>'
            f'<input type="range" min="0" max="100" value="50" aria-label="{name}"></div>'
        )

    def _cell(self, found: StoredPicture, request: gr.Request, words: Words, chosen: Sequence[str]) -> str:
        file = found.file
        address = render.escape(link(request, f"files/{file.id}"))
        prompt = found.prompt or figures(file.details, words)
        pressed = "true" if file.id in chosen else "false"
        star = words("im_unstar" if file.starred else "im_star")
        save = render.escape(words("im_save"))
        buttons = (
            render.button("", "star", file.id, drawing="starred" if file.starred else "star", name=star)
            + render.button("", "again", file.id, drawing="again", name=words("im_again"))
            + render.button("", "start", file.id, drawing="image", name=words("im_start_from"))
            + render.button("", "to-chat", file.id, drawing="bubble", name=words("im_to_chat"))
            + f'<a class="btn quiet" href="{address}?download=1" download aria-label="{save}" title="{save}">'
            + f"{render.icon('down')}</a>"
        )
        choose = render.escape(words("im_choose", prompt=prompt[:80]))
        mark = (
            f'<button type="button" class="choose" data-act="choose" data-id="{file.id}" aria-pressed="{pressed}" '
            f'aria-label="{choose}" title="{choose}">{render.icon("check")}</button>'
        )
        alt = render.escape(words("im_alt", prompt=prompt))
        return (
            f'<li class="{"chosen" if file.id in chosen else ""}">{mark}'
            f'<a href="{address}" target="_blank" rel="noopener"><img src="{address}" alt="{alt}" loading="lazy"></a>'
            f'<p class="said" title="{render.escape(prompt)}">{render.escape(found.prompt or "")}</p>'
            f'<p class="cost">{render.escape(figures(file.details, words))}</p>'
            f'<p class="tools">{buttons}</p></li>'
        )


def figures(details: Mapping[str, str | int | float], words: Words) -> str:
    """Return a picture's size and its seed, or how many times it was enlarged."""
    if not {"width", "height"} <= set(details):
        return ""
    told = [f"{details['width']} × {details['height']}"]
    told += [words(f"im_figure_{name}", n=details[name]) for name in ("seed", "enlarged") if name in details]
    return " · ".join(told)
