"""Memory savings of a pipeline for the time of one request: slices and tiles, by choice or as the size needs.

Slicing the attention and drawing the picture's pixels in tiles cost time, and tiles may show a seam, so by itself a
request gets them only where the decoder's largest layer would take more than a share of the machine's memory: of all
of it, not of what happens to be free, so that the same request gives the same pixels at any hour.
"""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import psutil

from contract.image_requests import ImageRequest
from contract.models import ImageRange

if TYPE_CHECKING:
    from diffusers import DiffusionPipeline

# Of the memory, what decoding may take without tiles.
SHARE = 0.25
# A layer's input, its output, and what its convolution unfolds.
BUFFERS = 4
BYTES = 4


@contextlib.contextmanager
def fitted(pipeline: "DiffusionPipeline", asked: ImageRequest, able: ImageRange) -> Iterator[None]:
    """Make a pipeline take as much memory as is asked for, and put it back after the block."""
    width, height = asked.width or able.side_px, asked.height or able.side_px
    needed = decoding_bytes(pipeline, width, height)
    low = asked.memory == "low" or (asked.memory is None and needed > SHARE * _memory(pipeline))
    vae = getattr(pipeline, "vae", None)
    switched = []
    if low:
        for part, what in ((pipeline, "attention_slicing"), (vae, "slicing"), (vae, "tiling")):
            # What a part can't do raises NotImplementedError: then it is done without.
            with contextlib.suppress(AttributeError, NotImplementedError, TypeError):
                getattr(part, f"enable_{what}")()
                switched.append(getattr(part, f"disable_{what}"))
    try:
        yield
    finally:
        for put_back in switched:
            put_back()


def decoding_bytes(pipeline: "DiffusionPipeline", width: int, height: int) -> int:
    """Return what drawing the pixels of one picture takes at once: the decoder's widest layer at full size."""
    vae = getattr(pipeline, "vae", None)
    channels = getattr(getattr(vae, "config", None), "block_out_channels", None) or (128,)
    return width * height * int(channels[0]) * BUFFERS * BYTES


def _memory(pipeline: "DiffusionPipeline") -> int:
    import torch

    device = getattr(pipeline, "device", None)
    if device is not None and device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[1])
    return int(psutil.virtual_memory().total)
