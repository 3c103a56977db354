"""A picture to begin from: its settings taken over, itself changed, a painted part drawn anew, or all of it enlarged.

A file is looked at by its header before anything is unpacked, so that a picture of a few kilobytes that would unpack to
gigabytes is refused. The brush paints on a copy of ``PAINTED_PX`` to ``EDITED_PX`` a side; the mask is scaled to the
picture.
"""

import asyncio
import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Literal

import gradio as gr
import PIL.Image
from gradio.components import Component

from studio import (
    ImageParameters,
    ImageRequest,
    InputTooLarge,
    InvalidRequest,
    Request,
    Studio,
    StudioError,
    UpscaleRequest,
    read_image_parameters,
)  # fmt: skip
from ui import choices, render
from ui.caller import caller_of, link
from ui.image_form import Given, text_of
from ui.panel import Updates, area, on
from ui.words import Words, label, words_of

MOST_BYTES = 50 * 1024 * 1024
MOST_PIXELS = 32_000_000
EDITED_PX = 1_024
PAINTED_PX = 640  # a smaller picture would be a field too small to paint in
SHOWN_PX = 320
PAINT = "#C2410C"
BRUSHES = 12  # of the usual width stand side by side on a picture
Use = Literal["settings", "change", "brush", "enlarge"]
USES: tuple[Use, ...] = ("settings", "change", "brush", "enlarge")
# Pillow warns from here and refuses at twice as much, wherever a picture is opened, in Gradio's own code too.
PIL.Image.MAX_IMAGE_PIXELS = MOST_PIXELS


@dataclass(frozen=True, slots=True)
class Source:
    """The picture of a page, kept by the server: an uploaded file, or one of the gallery's; neither: none."""

    file: str = ""
    picture_id: str = ""


class ImageSource:
    """Builds the drawer and turns it into what a request begins from."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio

    # Layout

    def build(self) -> None:
        """Lay the drawer out inside the open column."""
        self.source = gr.State(Source())
        with gr.Accordion(label("im_source"), open=False, elem_id="im-source") as self.drawer:
            self.file = gr.File(
                label=label("im_source_file"), file_types=["image"], type="filepath", elem_id="im-file", height=120
            )
            self.told = area(elem_id="im-source-told")
            self.use = gr.Radio(
                label=label("im_use"),
                choices=[(label(f"im_use_{use}"), use) for use in USES],
                value="settings",
                elem_id="im-use",
            )
            self.strength = gr.Slider(
                0.05, 1, 0.75, step=0.05, label=label("im_strength"), info=label("im_strength_hint"), visible=False,
                elem_id="im-strength",
            )  # fmt: skip
            self.editor = gr.ImageEditor(
                label=label("im_brush"),
                type="pil",
                sources=(),
                layers=False,
                transforms=(),
                brush=gr.Brush(colors=[PAINT], color_mode="fixed", default_size=40),
                visible=False,
                elem_id="im-brush",
            )
            self.enlarger = gr.Dropdown(
                label=label("im_enlarger"), choices=[(label("im_enlarger_none"), "")], value="", visible=False,
                elem_id="im-enlarger", filterable=False,
            )  # fmt: skip
            self.scale = gr.Radio(
                label=label("im_scale"), choices=[("× 2", 2), ("× 3", 3), ("× 4", 4)], value=2, visible=False,
                elem_id="im-scale",
            )  # fmt: skip

    @property
    def fields(self) -> list[Component]:
        """Everything that a request is read from."""
        return [self.source, self.use, self.strength, self.editor, self.enlarger, self.scale]

    @property
    def outputs(self) -> list[Component]:
        """What taking a picture changes."""
        return [self.source, self.told, self.use, *self._needed, self.drawer]

    @property
    def _needed(self) -> list[Component]:
        """What one use or another needs."""
        return [self.strength, self.editor, self.enlarger, self.scale]

    def wire(self) -> None:
        """Connect what shows and hides; what fills the form is the panel's."""
        given = {self.use, self.source, self.enlarger}
        on([self.use.change], self.choose_use, given, self._needed)
        on([self.enlarger.input], self.choose_enlarger, given, [self.scale])

    # Events

    async def choose_use(self, given: Given, request: gr.Request) -> Updates:
        """Show what the chosen use needs."""
        use = text_of(given, self.use)
        updates: Updates = {
            self.strength: gr.Slider(visible=use in ("change", "brush")),
            self.editor: gr.ImageEditor(visible=use == "brush"),
            **self._enlarging(use, text_of(given, self.enlarger), words_of(request)),
        }
        source = given.get(self.source)
        if use == "brush" and isinstance(source, Source) and source != Source():
            picture = await asyncio.to_thread(self._opened, source, request)
            picture.thumbnail((EDITED_PX, EDITED_PX))
            if max(picture.size) < PAINTED_PX:
                width, height = (round(side * PAINTED_PX / max(picture.size)) for side in picture.size)
                picture = picture.resize((width, max(1, height)))
            brush = gr.Brush(colors=[PAINT], color_mode="fixed", default_size=max(4, max(picture.size) // BRUSHES))
            updates[self.editor] = gr.ImageEditor(value=picture, brush=brush, visible=True)
        return updates

    def choose_enlarger(self, given: Given, request: gr.Request) -> Updates:
        """Ask how many times larger, unless the chosen model knows but one scale."""
        return {self.scale: gr.Radio(visible=not text_of(given, self.enlarger))}

    def _enlarging(self, use: str, chosen: str, words: Words) -> Updates:
        offered = choices.enlarging(self.studio) if use == "enlarge" else choices.Choices([], None)
        named = [
            (words("im_enlarger_by", title=title, scale=choices.enlarges(self.studio, model) or 1), model)
            for title, model in offered.pairs
        ]
        chosen = chosen if chosen in [model for _, model in named] else ""
        shown = [(words("im_enlarger_none"), ""), *named]
        return {
            self.enlarger: gr.Dropdown(choices=shown, value=chosen, visible=bool(named)),
            self.scale: gr.Radio(visible=use == "enlarge" and not chosen),
        }

    async def take_file(self, path: str | None, request: gr.Request) -> tuple[Updates, ImageParameters | None]:
        """Take a file that was dropped; returns what it says of how it was made, where it says so."""
        words = words_of(request)
        if not path:
            return {self.source: Source(), self.told: ""}, None
        try:
            return await asyncio.to_thread(self._looked_at, Path(path), words)
        except StudioError as exc:
            return {self.source: Source(), self.told: render.failure(words, exc)}, None
        except Exception as exc:
            return {self.source: Source(), self.told: render.crash(words, exc)}, None

    def take_picture(self, picture_id: str, request: gr.Request) -> Updates:
        """Take one of the gallery's pictures to begin from."""
        words = words_of(request)
        try:
            found = self.studio.gallery.get(picture_id, caller_of(request).owner)
        except StudioError as exc:
            return {self.told: render.failure(words, exc)}
        address = render.escape(link(request, f"files/{found.file.id}"))
        alt = render.escape(words("im_source"))
        return {
            self.source: Source(picture_id=picture_id),
            self.told: f'<div class="forming"><img src="{address}" alt="{alt}"></div>',
            self.use: "change",
            self.strength: gr.Slider(visible=True),
            self.scale: gr.Radio(visible=False),
            self.enlarger: gr.Dropdown(visible=False),
            self.editor: gr.ImageEditor(visible=False),
            self.drawer: gr.Accordion(open=True),
        }

    # Reading

    def request(self, drawn: ImageRequest, given: Given, request: gr.Request) -> Request:
        """Return the form's request, begun from the picture as the drawer says.

        Raises:
            StudioError: There is no picture, it can't be read, or nothing is painted.
        """
        use, source = text_of(given, self.use), given.get(self.source)
        if use not in USES or use == "settings" or not isinstance(source, Source) or source == Source():
            return drawn
        data = self._bytes(source, request)
        if use == "enlarge":
            scale, model = given.get(self.scale), text_of(given, self.enlarger)
            if model and (own := choices.enlarges(self.studio, model)) is not None:
                return UpscaleRequest(image=data, scale=own, model=model, prompt=drawn.prompt)
            return UpscaleRequest(image=data, scale=scale if isinstance(scale, int) else 2)
        strength = given.get(self.strength)
        asked = _from(drawn, data, float(strength) if isinstance(strength, int | float) else 0.75)
        if use == "change":
            return asked
        return masked(asked, given.get(self.editor), words_of(request))

    def _bytes(self, source: Source, request: gr.Request) -> bytes:
        path = Path(source.file)
        if source.picture_id:
            path = self.studio.gallery.get(source.picture_id, caller_of(request).owner).file.path
        try:
            return path.read_bytes()
        except OSError as exc:
            raise InvalidRequest(words_of(request)("im_source_gone")) from exc

    def _opened(self, source: Source, request: gr.Request) -> PIL.Image.Image:
        with _checked(io.BytesIO(self._bytes(source, request)), words_of(request)) as picture:
            return picture.convert("RGB")

    def _looked_at(self, path: Path, words: Words) -> tuple[Updates, ImageParameters | None]:
        if path.stat().st_size > MOST_BYTES:
            raise InputTooLarge(words("im_source_large", size=words.file_size(MOST_BYTES)))
        made = None
        with path.open("rb") as file:
            if file.read(4) == b"\x89PNG":
                file.seek(0)
                try:
                    made = read_image_parameters(file)
                except InvalidRequest:  # it says nothing of itself, and can be begun from all the same
                    made = None
            file.seek(0)
            with _checked(file, words) as picture:
                picture.draft("RGB", (SHOWN_PX, SHOWN_PX))
                small = picture.convert("RGB")
        small.thumbnail((SHOWN_PX, SHOWN_PX))
        shown = io.BytesIO()
        small.save(shown, "JPEG", quality=80)
        told = render.notice("", words("im_source_settings" if made else "im_source_silent"), kind="info")
        preview = f'<div class="forming">{render.data_image(shown.getvalue(), words("im_source"))}</div>'
        return {self.source: Source(file=str(path)), self.told: preview + told}, made


def _checked(file: BinaryIO, words: Words) -> PIL.Image.Image:
    """Open a picture without unpacking it, and refuse one that would unpack to too much."""
    try:
        picture = PIL.Image.open(file)
    except PIL.Image.DecompressionBombError as exc:
        raise InvalidRequest(words("im_source_bomb", most=words.number(MOST_PIXELS))) from exc
    except (OSError, SyntaxError, ValueError) as exc:
        raise InvalidRequest(words("im_source_unreadable")) from exc
    if picture.width * picture.height > MOST_PIXELS:
        raise InvalidRequest(
            words("im_source_pixels", width=picture.width, height=picture.height, most=words.number(MOST_PIXELS))
        )
    return picture


def _from(drawn: ImageRequest, data: bytes, strength: float) -> ImageRequest:
    return replace(drawn, image=data, strength=strength)


def masked(asked: ImageRequest, edited: object, words: Words) -> ImageRequest:
    """Put what was painted into the request as a mask: transparent where it is drawn anew."""
    layers = edited.get("layers") if isinstance(edited, Mapping) else None
    painted = [layer for layer in layers or () if isinstance(layer, PIL.Image.Image)]
    with _checked(io.BytesIO(asked.image or b""), words) as picture:
        size = picture.size
    covered = PIL.Image.new("L", size, 255)
    for layer in painted:
        brushed = layer.convert("RGBA").getchannel("A").resize(size).point(lambda value: 255 if value > 16 else 0)
        covered.paste(0, (0, 0), brushed)
    if covered.getextrema()[0] == 255:
        raise InvalidRequest(words("im_brush_nothing"))
    mask = PIL.Image.new("RGBA", size)
    mask.putalpha(covered)
    file = io.BytesIO()
    mask.save(file, "PNG", compress_level=1)
    return replace(asked, mask=file.getvalue())
