"""How much memory a pipeline takes for a picture: refused where it can't be had, saved where it is much.

What decides stands in the model's own files, so a size that can't be drawn here is refused before anything is loaded.
It is reckoned from what the largest layers hold at once, the denoiser's at the size of the latents and the decoder's
at the size of the picture; attention holds no matrix, for PyTorch's own goes over it in blocks (diffusers' slices
would hold one, so they are not used). ``POSITION`` and ``PIXEL`` are reckoned, not measured, and lean to the safe
side.

By itself a request saves memory where much would be needed of all the machine's, not of what happens to be free, so
that the same request gives the same pixels at any hour.
"""

import contextlib
import functools
import json
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from contract.errors import DoesNotFit
from contract.image_requests import ImageMemory
from contract.models import ImageRange, ModelSpec

if TYPE_CHECKING:
    from diffusers import DiffusionPipeline

# Of the memory, what decoding may take without tiles, and what the weights may without the saving form.
DECODING_SHARE, WEIGHTS_SHARE = 0.25, 0.6
# Numbers that are held at once: for each position of the latents and each of the denoiser's first channels; for each
# pixel and each of the decoder's last channels.
POSITION, PIXEL = 40, 4
BYTES, HALF_BYTES = 4, 2
TILE_PX = 512
GB = 1e9
CGROUP = Path("/sys/fs/cgroup/memory.max")


@dataclass(frozen=True, slots=True)
class Shape:
    """What of a model decides how much memory a picture takes.

    Attributes:
        scale: Pixels a side of one position that the denoiser computes on.
        channels: Of the denoiser's first level.
        decoded: Channels of the decoder's last level.
        parameters: Of all parts together.
    """

    scale: int
    channels: int
    decoded: int
    parameters: int


def shape_of(folder: Path) -> Shape:
    """Return what a pipeline's files tell; what they leave out is taken to be Stable Diffusion's."""
    file = folder / "model_index.json"
    return _shape_of(folder, file.stat().st_mtime_ns if file.is_file() else 0)


@functools.lru_cache(maxsize=64)
def _shape_of(folder: Path, _changed: int) -> Shape:
    unet, transformer = _config(folder / "unet"), _config(folder / "transformer")
    decoder = _config(folder / "vae")
    widths = _whole_numbers(decoder.get("decoder_block_out_channels") or decoder.get("block_out_channels"))
    scale = 2 ** (len(widths) - 1) if widths else 8
    channels = next(iter(_whole_numbers(unet.get("block_out_channels"))), 320)
    if transformer:
        heads, each = transformer.get("num_attention_heads", 24), transformer.get("attention_head_dim", 128)
        channels = heads * each if isinstance(heads, int) and isinstance(each, int) else 3_072
        patch = transformer.get("patch_size", 2)
        scale *= 2 if not isinstance(patch, int) or patch < 2 else patch  # FLUX says 1, and packs 2 by 2 itself
    return Shape(scale, channels, widths[0] if widths else 128, _parameters(folder))


def _config(folder: Path) -> dict[str, object]:
    try:
        found = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _whole_numbers(found: object) -> list[int]:
    return [each for each in found if isinstance(each, int)] if isinstance(found, list) else []


def _parameters(folder: Path) -> int:
    """Count the numbers in a pipeline's safetensors, by their headers; a second precision of a file counts once."""
    names = [path for path in folder.glob("*/*.safetensors") if ".fp16." not in path.name or not _plain(path).exists()]
    return sum(_numbers(path) for path in names)


def _plain(path: Path) -> Path:
    return path.with_name(path.name.replace(".fp16.", "."))


def _numbers(path: Path) -> int:
    try:
        with path.open("rb") as file:
            header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    except (OSError, ValueError, MemoryError, RecursionError, OverflowError):  # loading it will say what is wrong
        return 0
    tensors = header.items() if isinstance(header, dict) else ()
    return sum(
        math.prod(_whole_numbers(told.get("shape"))) for name, told in tensors if name != "__metadata__" and told
    )


def saves(spec: ModelSpec, folder: Path) -> bool:
    """Whether a model is loaded in the saving form: as it is asked for, or because it is large for this machine."""
    asked = spec.options.get("memory")
    if asked in ("low", "fast"):
        return asked == "low"
    return _weights(shape_of(folder), low=False) > WEIGHTS_SHARE * total_bytes()


def _weights(shape: Shape, *, low: bool) -> int:
    """Return what the weights take; in the saving form those on a GPU come and go, and are not counted."""
    if _on_gpu():
        return 0 if low else shape.parameters * HALF_BYTES
    return shape.parameters * (HALF_BYTES if low else BYTES)


def check_size(
    spec: ModelSpec, folder: Path, able: ImageRange, size: tuple[int, int], memory: ImageMemory | None, room: int
) -> None:
    """Raise DoesNotFit, with the numbers, for a picture that takes more than there is room for.

    Args:
        size: Width and height in pixels.
        memory: What the request asks for.
        room: Bytes for the model and the picture together.
    """
    shape = shape_of(folder)
    low = memory == "low" or (memory is None and saves(spec, folder))
    weights = _weights(shape, low=low)
    needed = working_bytes(shape, size, guided=able.guided, tiled=_tiles(shape, size, memory))
    if weights + needed <= room:
        return
    saved = _weights(shape, low=True) + working_bytes(shape, size, guided=able.guided, tiled=True)
    least = max(able.least_px, able.unit_px)
    side = least
    for fitting in range(least, max(size), able.unit_px):
        smaller = fitting, fitting
        if weights + working_bytes(shape, smaller, guided=able.guided, tiled=_tiles(shape, smaller, memory)) <= room:
            side = fitting
    if saved <= room and not low:
        advice = "Ask for memory: low, which saves some, or for a smaller size."
    elif side > least:
        advice = f"Ask for at most {side} x {side} px, or choose a smaller model."
    else:
        advice = "Choose a smaller model."
    raise DoesNotFit(
        f"{size[0]} x {size[1]} px takes about {(weights + needed) / GB:.1f} GB of memory with {spec.title}, and "
        f"{room / GB:.1f} GB can be had here. {advice}",
        model=spec.id,
        need_bytes=weights + needed,
        budget_bytes=room,
    )


def working_bytes(shape: Shape, size: tuple[int, int], *, guided: bool, tiled: bool) -> int:
    """Return what drawing one picture takes at its worst moment, beside the weights."""
    positions = math.ceil(size[0] / shape.scale) * math.ceil(size[1] / shape.scale)
    denoising = positions * shape.channels * POSITION * BYTES * (2 if guided else 1)
    return max(denoising, decoding_bytes(shape, size, tiled=tiled))


def decoding_bytes(shape: Shape, size: tuple[int, int], *, tiled: bool) -> int:
    """Return what drawing the pixels takes: the decoder's widest layer at full size, or a tile's and the picture."""
    pixels = size[0] * size[1]
    whole = pixels * shape.decoded * PIXEL * BYTES
    if not tiled:
        return whole
    tile = min(pixels, TILE_PX * TILE_PX) * shape.decoded * PIXEL * BYTES
    return min(whole, tile + pixels * 3 * PIXEL * BYTES)


def weights_bytes(spec: ModelSpec, folder: Path) -> int:
    """Return what a model's weights take in the form that it is loaded in."""
    return _weights(shape_of(folder), low=saves(spec, folder))


def tiles(folder: Path, size: tuple[int, int], memory: ImageMemory | None) -> bool:
    """Whether a picture is decoded in tiles: because it is asked for, or because it is large for this machine."""
    return _tiles(shape_of(folder), size, memory)


def _tiles(shape: Shape, size: tuple[int, int], memory: ImageMemory | None) -> bool:
    if memory is not None:
        return memory == "low"
    return decoding_bytes(shape, size, tiled=False) > DECODING_SHARE * total_bytes()


@contextlib.contextmanager
def fitted(pipeline: "DiffusionPipeline", *, tiled: bool) -> Iterator[None]:
    """Let a pipeline decode in tiles, slice by slice, and put it back after the block."""
    vae = getattr(pipeline, "vae", None)
    switched = []
    if tiled:
        for what in ("slicing", "tiling"):
            # What a part can't do raises NotImplementedError: then it is done without.
            with contextlib.suppress(AttributeError, NotImplementedError, TypeError):
                getattr(vae, f"enable_{what}")()
                switched.append(getattr(vae, f"disable_{what}"))
    try:
        yield
    finally:
        for put_back in switched:
            put_back()


def total_bytes() -> int:
    """Return all the memory that pictures could be drawn in: the GPU's, else the machine's or the container's."""
    if _on_gpu():
        return int(sys.modules["torch"].cuda.mem_get_info()[1])
    total = int(psutil.virtual_memory().total)
    try:
        limit = CGROUP.read_text(encoding="ascii").strip()
    except OSError:
        return total
    return min(total, int(limit)) if limit.isdecimal() else total


def free_bytes() -> int:
    """Return how much of that is free now."""
    if _on_gpu():
        return int(sys.modules["torch"].cuda.mem_get_info()[0])
    return min(int(psutil.virtual_memory().available), total_bytes())


def _on_gpu() -> bool:
    torch = sys.modules.get("torch")  # before a pipeline is loaded nobody asks for it, and it takes seconds to import
    return torch is not None and bool(torch.cuda.is_available())
