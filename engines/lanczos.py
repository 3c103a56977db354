"""Enlarges a picture by Lanczos interpolation: sharp edges, no detail that was not there, no model."""

import io
from collections.abc import Iterator

from contract.errors import InvalidRequest
from contract.events import EngineEvent, Picture, Progress
from contract.image_requests import UpscaleRequest
from engines.diffusers_edit import MOST_PIXELS, opened


def enlarge(request: UpscaleRequest) -> Iterator[EngineEvent]:
    """Yield Progress and the Picture.

    Raises:
        InvalidRequest: The picture can't be read, or would be too large.
    """
    import PIL.Image

    yield Progress(0, 1)
    picture = opened(request.image, "image")
    size = picture.width * request.scale, picture.height * request.scale
    check_size(size)
    mode = "RGBA" if picture.has_transparency_data else "RGB"
    large = picture.convert(mode).resize(size, PIL.Image.Resampling.LANCZOS)
    file = io.BytesIO()
    large.save(file, "PNG")
    yield Progress(1, 1)
    yield Picture(file.getvalue(), *size, seed=None, settings={"scheduler": "Lanczos"})


def check_size(size: tuple[int, int]) -> None:
    """Raise InvalidRequest, with the numbers, for a picture that would be too large."""
    if size[0] * size[1] > MOST_PIXELS:
        raise InvalidRequest(
            f"That would be {size[0]:,} x {size[1]:,} px; the limit is {MOST_PIXELS:,} pixels. Take a smaller scale.",
            field="scale",
        )
