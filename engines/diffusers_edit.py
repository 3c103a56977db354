"""Image to image and inpainting with the parts of a text-to-image pipeline that is loaded already."""

import io
from dataclasses import replace
from typing import TYPE_CHECKING

from contract.errors import InvalidRequest
from contract.models import ModelSpec
from contract.requests import ImageRequest

if TYPE_CHECKING:
    import PIL.Image
    from diffusers import DiffusionPipeline

DEFAULT_STRENGTH = 0.75
SIZE_UNIT = 8
MOST_PIXELS = 64_000_000


def pipeline_for(
    pipeline: "DiffusionPipeline", asked: ImageRequest, spec: ModelSpec
) -> "tuple[DiffusionPipeline, ImageRequest, dict[str, object]]":
    """Return the pipeline that edits, the request less what only drawing anew has, and what to call it with besides.

    The picture is scaled to the size asked for; without one, its sides are cut down to multiples of 8.

    Raises:
        InvalidRequest: A file can't be read, the mask does not fit, or this kind of pipeline can't edit.
    """
    from diffusers import AutoPipelineForImage2Image, AutoPipelineForInpainting

    picture = _opened(asked.image or b"", "image")
    size = asked.width or _whole(picture.width), asked.height or _whole(picture.height)
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
        "strength": asked.strength or DEFAULT_STRENGTH,
    }
    if mask is None:
        return editing, replace(asked, width=None, height=None), settings
    settings["mask_image"] = mask.resize(size)
    return editing, replace(asked, width=size[0], height=size[1]), settings


def _opened(data: bytes, field: str) -> "PIL.Image.Image":
    import PIL.Image

    try:
        picture = PIL.Image.open(io.BytesIO(data))
        if picture.width * picture.height > MOST_PIXELS:
            raise InvalidRequest(
                f"{field} is {picture.width} x {picture.height} px; the limit is {MOST_PIXELS:,} pixels. Shrink it.",
                field=field,
            )
        picture.load()
    except (OSError, SyntaxError, ValueError, PIL.Image.DecompressionBombError) as exc:
        raise InvalidRequest(f"{field} can't be read as a picture. Save it anew as PNG.", field=field) from exc
    return picture


def _whole(side: int) -> int:
    if side < SIZE_UNIT:
        raise InvalidRequest(f"image has a side of {side} px; it needs at least {SIZE_UNIT}.", field="image")
    return side // SIZE_UNIT * SIZE_UNIT


def _mask(data: bytes, size: tuple[int, int]) -> "PIL.Image.Image":
    """White where the mask is transparent: that is what pipelines draw anew."""
    mask = _opened(data, "mask")
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
