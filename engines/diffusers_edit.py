"""Image to image and inpainting with the parts of a text-to-image pipeline that is loaded already."""

import io
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from contract.errors import InvalidRequest
from contract.image_requests import ImageRequest
from contract.models import ImageRange, ModelSpec

if TYPE_CHECKING:
    import PIL.Image
    from diffusers import DiffusionPipeline

DEFAULT_STRENGTH = 0.75
MOST_PIXELS = 64_000_000


def pipeline_for(
    pipeline: "DiffusionPipeline", asked: ImageRequest, spec: ModelSpec, able: ImageRange
) -> "tuple[DiffusionPipeline, ImageRequest, dict[str, object]]":
    """Return the pipeline that edits, the request less what only drawing anew has, and what to call it with besides.

    The picture is scaled to the size asked for. Without one it keeps its own, made smaller in proportion where that is
    more than the model draws, and cut down to what its sides must be multiples of.

    Raises:
        InvalidRequest: A file can't be read, the mask does not fit, or this kind of pipeline can't edit.
    """
    from diffusers import AutoPipelineForImage2Image, AutoPipelineForInpainting

    picture = opened(asked.image or b"", "image")
    shrink = min(1.0, able.most_px / max(picture.size))
    size = (
        asked.width or _whole(picture.width * shrink, able.unit_px),
        asked.height or _whole(picture.height * shrink, able.unit_px),
    )
    mask = None if asked.mask is None else _mask(asked.mask, picture.size)
    auto = AutoPipelineForImage2Image if mask is None else AutoPipelineForInpainting
    try:
        editing: DiffusionPipeline = auto.from_pipe(pipeline)
    except ValueError as exc:
        what = "begin from an image" if mask is None else "draw inside a mask"
        raise InvalidRequest(f"{spec.title} can't {what}. Choose another model.", field="image") from exc
    editing.set_progress_bar_config(disable=True)  # type: ignore[attr-defined]  # every pipeline has it
    settings: dict[str, object] = {
        "image": picture.convert("RGB").resize(size),
        "strength": float(asked.strength or DEFAULT_STRENGTH),
    }
    if mask is None:
        return editing, replace(asked, width=None, height=None), settings
    settings["mask_image"] = mask.resize(size)
    return editing, replace(asked, width=size[0], height=size[1]), settings


def steps_of(asked: ImageRequest, steps: int, strength: float) -> tuple[int, int]:
    """Return how many steps to ask the pipeline for, and how many of those it takes from a picture.

    Raises:
        InvalidRequest: So many, asked for by number, leave none to take.
    """
    if int(steps * strength) >= 1:
        return steps, int(steps * strength)
    least = math.ceil(1 / strength)
    if asked.num_inference_steps is not None:
        raise InvalidRequest(
            f"num_inference_steps is {steps} and strength {strength:g}, which leaves no step. Take {least} steps.",
            field="num_inference_steps",
        )
    return least, max(1, int(least * strength))


def size_of(settings: Mapping[str, object], side_px: int, scale: int = 1) -> tuple[int, int]:
    """Return the width and height in pixels that a pipeline is called for; ``side_px`` where nothing says.

    Args:
        scale: How many times larger than the picture given; for a pipeline that enlarges.
    """
    width, height = settings.get("width"), settings.get("height")
    if isinstance(width, int) and isinstance(height, int):
        return width, height
    size = getattr(settings.get("image"), "size", (side_px, side_px))
    return int(size[0]) * scale, int(size[1]) * scale


def opened(data: bytes, field: str) -> "PIL.Image.Image":
    """Return a picture, unpacked.

    Raises:
        InvalidRequest: It can't be read, or would unpack to too much; it is looked at before it is.
    """
    import PIL.Image

    try:
        picture = PIL.Image.open(io.BytesIO(data))
        if picture.width * picture.height > MOST_PIXELS:
            raise InvalidRequest(
                f"{field} is {picture.width} x {picture.height} px; the limit is {MOST_PIXELS:,} pixels. Shrink it.",
                field=field,
            )
        picture.load()
    except PIL.Image.DecompressionBombError as exc:
        raise InvalidRequest(
            f"{field} has far more than {MOST_PIXELS:,} pixels, the limit. Shrink it.", field=field
        ) from exc
    except (OSError, SyntaxError, ValueError) as exc:
        raise InvalidRequest(f"{field} can't be read as a picture. Save it anew as PNG.", field=field) from exc
    return picture


def _whole(side: float, unit: int) -> int:
    if side < unit:
        raise InvalidRequest(f"image has a side of {side:.0f} px; it needs at least {unit}.", field="image")
    return int(side) // unit * unit


def _mask(data: bytes, size: tuple[int, int]) -> "PIL.Image.Image":
    """White where the mask is transparent: that is what pipelines draw anew."""
    mask = opened(data, "mask")
    if mask.size != size:
        raise InvalidRequest(
            f"mask is {mask.width} x {mask.height} px and image {size[0]} x {size[1]}. Make them the same size.",
            field="mask",
        )
    alpha = mask.convert("RGBA").getchannel("A")
    if alpha.getextrema()[0] == 255:
        raise InvalidRequest(
            "mask has no transparent place, so nothing would change. Erase what to draw anew.", field="mask"
        )
    return alpha.point(lambda value: 255 - value)
