"""The form of the Images panel: what is to be drawn and how, read into a request and filled from one."""

from collections.abc import Mapping

import gradio as gr
from gradio.components import Component

from studio import (
    ImageMemory,
    ImageParameters,
    ImageQuality,
    ImageRange,
    ImageRequest,
    InvalidRequest,
    Studio,
    StudioError,
)  # fmt: skip
from ui import choices, render
from ui.image_styles import STYLES, styled
from ui.panel import Updates, area
from ui.words import Words, label

Given = Mapping[Component, object]
FIGURES = ("width", "height", "num_inference_steps", "guidance_scale", "seed", "num_images")
QUALITIES: dict[str, ImageQuality] = {"standard": "standard", "hd": "hd"}
MEMORIES: dict[str, ImageMemory] = {"fast": "fast", "low": "low"}


class ImageForm:
    """Builds the fields, and turns them into a request and back."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio

    # Layout

    def build_prompt(self) -> None:
        """Lay out the prompt."""
        self.prompt = gr.Textbox(
            label=label("im_prompt"), placeholder=label("im_prompt_hint"), lines=2, elem_id="im-prompt"
        )

    def build_settings(self) -> None:
        """Lay out the settings inside the open column: the model, the style, and the rest in a drawer."""
        self.model = gr.Dropdown(label=label("model"), choices=[], elem_id="im-model", filterable=False)
        self.hint = area()
        self.style = gr.Dropdown(
            label=label("im_style"),
            choices=[(label("im_style_none"), ""), *((label(f"im_style_{style.key}"), style.key) for style in STYLES)],
            value="",
            elem_id="im-style",
            filterable=False,
        )
        self.quality = gr.Radio(
            label=label("im_quality"),
            choices=[(label("im_quality_standard"), "standard"), (label("im_quality_hd"), "hd")],
            value="standard",
            elem_id="im-quality",
        )
        with gr.Accordion(label("settings"), open=False, elem_id="im-drawer"):
            with gr.Row():
                self.width = _figure("im_width", "im_default")
                self.height = _figure("im_height", "im_default")
            with gr.Row():
                self.steps = _figure("im_steps", "im_default")
                self.guidance = _figure("im_guidance", "im_default")
            with gr.Row():
                self.seed = _figure("im_seed", "im_random")
                self.count = _figure("im_count", "im_one")
            self.negative = gr.Textbox(label=label("im_negative"), lines=2, elem_id="im-negative")
            self.scheduler = gr.Dropdown(
                label=label("im_scheduler"),
                info=label("im_scheduler_hint"),
                choices=[(label("im_default"), "")],
                value="",
                elem_id="im-scheduler",
                filterable=False,
            )
            self.memory = gr.Dropdown(
                label=label("im_memory"),
                info=label("im_memory_hint"),
                choices=[(label(f"im_memory_{key}"), "" if key == "auto" else key) for key in ("auto", "fast", "low")],
                value="",
                elem_id="im-memory",
                filterable=False,
            )

    @property
    def figures(self) -> dict[str, gr.Textbox]:
        """The fields of figures by the request's names."""
        boxes = (self.width, self.height, self.steps, self.guidance, self.seed, self.count)
        return dict(zip(FIGURES, boxes, strict=True))

    @property
    def fields(self) -> list[Component]:
        """Everything that a request is read from."""
        return [
            *(self.prompt, self.model, self.style, self.quality, self.negative, self.scheduler, self.memory),
            *self.figures.values(),
        ]

    @property
    def told(self) -> list[Component]:
        """What tells of the chosen model."""
        return [self.model, self.hint, self.scheduler, self.width, self.height, self.steps, self.guidance]

    # Reading and filling

    def read(self, given: Given, words: Words) -> ImageRequest:
        """Return what the form asks for.

        Raises:
            InvalidRequest: A figure is none.
        """
        box = self.figures
        count = whole(text_of(given, box["num_images"]), words)
        model = text_of(given, self.model) or None
        prompt, negative = styled(
            text_of(given, self.prompt),
            text_of(given, self.negative),
            text_of(given, self.style),
            guided=self._guided(model),
        )
        return ImageRequest(
            prompt=prompt,
            negative_prompt=negative,
            model=model,
            width=whole(text_of(given, box["width"]), words),
            height=whole(text_of(given, box["height"]), words),
            num_inference_steps=whole(text_of(given, box["num_inference_steps"]), words),
            guidance_scale=number(text_of(given, box["guidance_scale"]), words),
            # The usual is what nobody has to be told of.
            quality=None if (quality := text_of(given, self.quality)) != "hd" else QUALITIES[quality],
            scheduler=text_of(given, self.scheduler) or None,
            memory=MEMORIES.get(text_of(given, self.memory)),
            seed=whole(text_of(given, box["seed"]), words),
            num_images=1 if count is None else count,
        )

    def _guided(self, model: str | None) -> bool:
        able = self._range(model)
        return able is None or able.guided

    def _range(self, model: str | None) -> ImageRange | None:
        try:
            return self.studio.image_range(model)
        except StudioError:  # none, or a damaged one: the request itself says so
            return None

    def filled(self, made: ImageParameters) -> Updates:
        """Return the form as a picture was made; a model that is not here any more leaves the chosen one."""
        known = [model_id for _, model_id in choices.drawing(self.studio).pairs]
        said = {
            "width": made.width,
            "height": made.height,
            "num_inference_steps": made.num_inference_steps,
            "guidance_scale": made.guidance_scale,
            "seed": made.seed,
            "num_images": None,
        }
        able = self._range(made.model if made.model in known else None)
        if able is not None and not able.guided:
            said["guidance_scale"] = None
        scheduler = made.scheduler if able is not None and made.scheduler in able.schedulers else ""
        return {
            self.prompt: made.prompt,
            self.negative: made.negative_prompt,
            self.style: "",  # its words are in the prompt
            self.quality: "standard",
            self.scheduler: scheduler,
            **{self.figures[name]: "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
               for name, value in said.items()},
            **({self.model: made.model} if made.model in known else {}),
        }  # fmt: skip

    def _hint(self, model: str, words: Words) -> str:
        others = render.button(words("im_others"), "tab", "models", kind="second", drawing="arrow")
        larger = f'<p class="acts">{others}</p>' if choices.is_starter(self.studio, model) else ""
        return choices.hint(self.studio, model, words) + larger

    def tell(self, model: str | None, words: Words, *, anew: bool = True) -> Updates:
        """Return the list of models, and what the chosen one draws by itself.

        Args:
            anew: Another model was chosen, so that a scheduler chosen for the one before means nothing.
        """
        offered = choices.drawing(self.studio, model)
        able = self._range(offered.value) if offered.value else None
        own = words("im_default")
        updates: Updates = {
            self.model: gr.Dropdown(choices=offered.pairs, value=offered.value, visible=offered.value is not None),
            # With no model at all, the panel itself says what to do.
            self.hint: self._hint(offered.value, words) if offered.value else "",
        }
        schedulers = [(own, ""), *((name, name) for name in (able.schedulers if able else ()))]
        updates[self.scheduler] = gr.Dropdown(choices=schedulers, value="") if anew else gr.Dropdown(choices=schedulers)
        shown = {"width": own, "height": own, "num_inference_steps": own, "guidance_scale": own}
        if able is not None:
            shown |= {"width": str(able.side_px), "height": str(able.side_px), "num_inference_steps": str(able.steps)}
            if not able.guided:
                shown["guidance_scale"] = words("im_unguided")
            elif able.guidance_scale is not None:
                shown["guidance_scale"] = words.number(able.guidance_scale, 1)
        return {**updates, **{self.figures[name]: gr.Textbox(placeholder=text) for name, text in shown.items()}}


def _figure(key: str, blank: str) -> gr.Textbox:
    """Return a field for a figure that may stay blank; Gradio's Number turns a blank into 0."""
    return gr.Textbox(
        label=label(key), placeholder=label(blank), max_lines=1, min_width=100, elem_id=key.replace("_", "-"),
        elem_classes="figure",
    )  # fmt: skip


def text_of(given: Given, field: Component) -> str:
    """Return a field's text; a drawer that was never opened tells nothing."""
    value = given.get(field)
    return value if isinstance(value, str) else ""


def number(text: str, words: Words) -> float | None:
    """Return what a field says, with either decimal sign; None for a blank one.

    Raises:
        InvalidRequest: It is no number.
    """
    if not text.strip():
        return None
    try:
        return float(text.strip().replace(",", "."))
    except ValueError as exc:
        raise InvalidRequest(words("im_number", text=text[:40])) from exc


def whole(text: str, words: Words) -> int | None:
    """Return what a field says as a whole number; None for a blank one.

    Raises:
        InvalidRequest: It is no whole number.
    """
    found = number(text, words)
    if found is None:
        return None
    if not found.is_integer():
        raise InvalidRequest(words("im_whole", text=text[:40]))
    return int(found)
