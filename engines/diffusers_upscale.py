"""Enlarges a picture with a diffusers pipeline made for it, such as Stable Diffusion's x4 upscaler."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from contract.errors import InvalidRequest
from contract.image_requests import UpscaleRequest
from contract.models import ModelSpec
from engines.diffusers_edit import opened
from engines.lanczos import check_size

if TYPE_CHECKING:
    from diffusers import DiffusionPipeline

# Diffusers' classes that enlarge, and by how much.
SCALES = {"StableDiffusionUpscalePipeline": 4, "StableDiffusionLatentUpscalePipeline": 2}


def scale_of(folder: Path) -> int | None:
    """Return by how much a folder's pipeline enlarges; None where it draws instead, or can't be read."""
    try:
        made = json.loads((folder / "model_index.json").read_text(encoding="utf-8"))["_class_name"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return SCALES.get(made) if isinstance(made, str) else None


def check(request: UpscaleRequest, scale: int | None, spec: ModelSpec) -> None:
    """Raise InvalidRequest where the model does not enlarge, or not so much."""
    if scale is None:
        raise InvalidRequest(
            f"{spec.title} draws, and can't enlarge. Leave model out, or choose one that enlarges.", field="model"
        )
    if request.scale != scale:
        raise InvalidRequest(
            f"scale is {request.scale}; {spec.title} enlarges {scale} times. Ask for {scale}.", field="scale"
        )


def settings_for(
    pipeline: "DiffusionPipeline", request: UpscaleRequest, steps: int, guidance: float
) -> dict[str, object]:
    """Return what to call the pipeline with.

    Raises:
        InvalidRequest: The picture can't be read, or would be too large.
    """
    picture = opened(request.image, "image").convert("RGB")
    check_size((picture.width * request.scale, picture.height * request.scale))
    unit = int(getattr(pipeline, "vae_scale_factor", 8))
    if picture.width < unit or picture.height < unit:
        raise InvalidRequest(f"image has a side under {unit} px, too small to be enlarged by a model.", field="image")
    size = picture.width // unit * unit, picture.height // unit * unit
    return {
        "prompt": request.prompt,
        "image": picture.resize(size),
        "num_inference_steps": steps,
        "guidance_scale": guidance,
    }
