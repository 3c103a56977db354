"""The requests that make pictures: drawn from a prompt or from another picture, or enlarged; and their limits."""

from dataclasses import dataclass, field
from typing import ClassVar, Literal, get_args

from contract.errors import InputTooLarge, InvalidRequest
from contract.limits import Limits, check_choice, check_model, check_range, check_text, check_whole
from contract.messages import IMAGE_MAGICS, check_plain
from contract.models import Kind

ImageQuality = Literal["standard", "hd"]
ImageMemory = Literal["fast", "low"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRequest:
    """Make images from a prompt. None leaves a value to the model's own default.

    Attributes:
        width, height: Pixels, multiples of 8.
        num_inference_steps: Denoising steps, 1 to 200.
        guidance_scale: How strictly to follow the prompt, 0 to 30.
        quality: ``hd`` takes more steps, where none are asked for.
        scheduler: How the steps are taken, by a name of ``ImageRange.schedulers``.
        memory: ``low`` takes less memory and more time, ``fast`` the other way; None: as much as the size needs.
        seed: 0 to 2**32 - 1; image ``i`` of a request uses ``seed + i``. None: a random one.
        num_images: 1 to 8.
        image: A picture to begin from, as the bytes of a PNG, JPEG, WebP or GIF file.
        mask: A PNG of the same size whose transparent places are drawn anew; the rest stays.
        strength: How far from ``image`` to go, above 0 to 1.
    """

    kind: ClassVar[Kind] = "image"
    prompt: str
    negative_prompt: str = ""
    model: str | None = None
    width: int | None = None
    height: int | None = None
    num_inference_steps: int | None = None
    guidance_scale: float | None = None
    quality: ImageQuality | None = None
    scheduler: str | None = None
    memory: ImageMemory | None = None
    seed: int | None = None
    num_images: int = 1
    image: bytes | None = field(default=None, repr=False)
    mask: bytes | None = field(default=None, repr=False)
    strength: float | None = None

    def check(self, limits: Limits) -> None:
        """Raise InvalidRequest or InputTooLarge with the field, the value and the rule."""
        check_model(self.model)
        check_text("prompt", self.prompt, limits.prompt_characters, "Shorten it.")
        check_plain("negative_prompt", self.negative_prompt)
        if len(self.negative_prompt) > limits.prompt_characters:
            raise InputTooLarge(
                f"negative_prompt has {len(self.negative_prompt):,} characters; "
                f"the limit is {limits.prompt_characters:,}. Shorten it.",
                field="negative_prompt",
            )
        for side, value in (("width", self.width), ("height", self.height)):
            check_whole(side, value, limits.image_min_px, limits.image_max_px)
            if value is not None and value % 8:
                raise InvalidRequest(f"{side} is {value}; it must be a multiple of 8.", field=side)
        check_whole("num_inference_steps", self.num_inference_steps, 1, limits.image_steps)
        check_range("guidance_scale", self.guidance_scale, 0, 30)
        check_choice("quality", self.quality, get_args(ImageQuality))
        check_model(self.scheduler, "scheduler")
        check_choice("memory", self.memory, get_args(ImageMemory))
        check_whole("seed", self.seed, 0, 2**32 - 1)
        check_whole("num_images", self.num_images, 1, limits.images)
        check_range("strength", self.strength, 0.01, 1)
        for name, given in (("mask", self.mask), ("strength", self.strength)):
            if given is not None and self.image is None:
                raise InvalidRequest(f"{name} goes with an image. Send one, or leave it out.", field=name)
        for name, file in (("image", self.image), ("mask", self.mask)):
            if file is not None and not file.startswith(IMAGE_MAGICS):
                raise InvalidRequest(f"{name} is no PNG, JPEG, WebP or GIF. Convert it first.", field=name)


@dataclass(frozen=True, slots=True, kw_only=True)
class UpscaleRequest:
    """Enlarge a picture.

    Attributes:
        image: The bytes of a PNG, JPEG, WebP or GIF file.
        scale: How many times as wide and as high, 2 to 4.
        model: A model that enlarges; None: by Lanczos interpolation, which adds no detail and needs no model.
        prompt: What is to be seen, for a model that reads it.
    """

    kind: ClassVar[Kind] = "image"
    image: bytes = field(repr=False)
    scale: int = 2
    model: str | None = None
    prompt: str = ""

    def check(self, limits: Limits) -> None:
        """Raise InvalidRequest or InputTooLarge with the field, the value and the rule."""
        check_model(self.model)
        check_whole("scale", self.scale, 2, 4)
        check_plain("prompt", self.prompt)
        if len(self.prompt) > limits.prompt_characters:
            check_text("prompt", self.prompt, limits.prompt_characters, "Shorten it.")
        if not self.image.startswith(IMAGE_MAGICS):
            raise InvalidRequest("image is no PNG, JPEG, WebP or GIF. Convert it first.", field="image")
