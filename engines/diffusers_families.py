"""What each family of diffusers pipelines draws well: sizes, steps, guidance and schedulers, in one table.

A folder belongs to the first row whose class of pipeline is the folder's and whose pattern is found in the model's
name. Figures are those of the model cards and of diffusers' documentation. A model's own options
(``num_inference_steps``, ``guidance_scale``) come before the table's.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from contract.errors import InvalidRequest
from contract.image_requests import ImageRequest
from contract.models import ImageRange, ModelSpec
from engines import diffusers_upscale
from engines.checks import damaged, model_path, number

# Diffusers' class of each scheduler and what it is made with besides the model's own settings.
SCHEDULERS: dict[str, tuple[str, dict[str, bool | str]]] = {
    "ddim": ("DDIMScheduler", {}),
    "euler": ("EulerDiscreteScheduler", {}),
    "euler_a": ("EulerAncestralDiscreteScheduler", {}),
    "heun": ("HeunDiscreteScheduler", {}),
    "dpm++_2m": ("DPMSolverMultistepScheduler", {}),
    "dpm++_2m_karras": ("DPMSolverMultistepScheduler", {"use_karras_sigmas": True}),
    "dpm++_2m_sde": ("DPMSolverMultistepScheduler", {"algorithm_type": "sde-dpmsolver++"}),
    "unipc": ("UniPCMultistepScheduler", {}),
    "lcm": ("LCMScheduler", {}),
    "flow_euler": ("FlowMatchEulerDiscreteScheduler", {}),
    "flow_heun": ("FlowMatchHeunDiscreteScheduler", {}),
}
NOISE = ("ddim", "euler", "euler_a", "heun", "dpm++_2m", "dpm++_2m_karras", "dpm++_2m_sde", "unipc", "lcm")
FEW_STEPS = ("euler", "euler_a", "lcm")
FLOW = ("flow_euler", "flow_heun")
# A pipeline that no row knows: its size is its own.
OTHER = "Other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One row; None in ``side_px``, ``steps`` and ``guidance_scale``: what the model's own files and class say."""

    name: str
    pipelines: str
    named: str = ""
    side_px: int | None = None
    least_px: int = 256
    most_px: int = 2_048
    unit_px: int = 8
    steps: int | None = None
    hd_steps: int | None = None
    most_steps: int = 200
    guidance_scale: float | None = None
    guided: bool = True
    schedulers: tuple[str, ...] = NOISE


_SD, _XL, _SD3, _FLUX = (
    "StableDiffusion(Img2Img|Inpaint)?Pipeline", "StableDiffusionXL(Img2Img|Inpaint)?Pipeline",
    "StableDiffusion3.*Pipeline", "Flux.*Pipeline",
)  # fmt: skip
FAMILIES: tuple[Family, ...] = (
    # The one that comes along has seen one size only.
    Family(name="Icons", pipelines=_SD, named="^hearth-icons ", side_px=128, least_px=128, most_px=128, steps=20,
           hd_steps=40, most_steps=100, guidance_scale=4),
    Family(name="SD-Turbo", pipelines=_SD, named="turbo", side_px=512, most_px=1_024, steps=2, hd_steps=4,
           most_steps=10, guidance_scale=0, guided=False, schedulers=FEW_STEPS),
    Family(name="SDXL-Turbo", pipelines=_XL, named="turbo", side_px=512, most_px=1_024, steps=2, hd_steps=4,
           most_steps=10, guidance_scale=0, guided=False, schedulers=FEW_STEPS),
    Family(name="SDXL in few steps", pipelines=_XL, named="lightning|hyper", side_px=1_024, least_px=512, steps=4,
           hd_steps=8, most_steps=16, guidance_scale=0, guided=False, schedulers=FEW_STEPS),
    Family(name="LCM", pipelines=f"{_SD}|{_XL}|LatentConsistencyModel.*Pipeline", named="lcm", steps=4, hd_steps=8,
           most_steps=50, guidance_scale=1.5, schedulers=("lcm",)),
    Family(name="SDXL", pipelines=_XL, side_px=1_024, least_px=512, steps=30, hd_steps=50, guidance_scale=5),
    Family(name="Stable Diffusion", pipelines=_SD, steps=25, hd_steps=50, guidance_scale=7.5),
    Family(name="SD3 Turbo", pipelines=_SD3, named="turbo", side_px=1_024, unit_px=16, steps=4, hd_steps=8,
           most_steps=16, guidance_scale=0, guided=False, schedulers=FLOW),
    Family(name="SD3", pipelines=_SD3, side_px=1_024, unit_px=16, steps=28, hd_steps=40, guidance_scale=4.5,
           schedulers=FLOW),
    Family(name="FLUX schnell", pipelines=_FLUX, named="schnell", side_px=1_024, unit_px=16, steps=4, hd_steps=8,
           most_steps=16, guidance_scale=0, guided=False, schedulers=FLOW),
    Family(name="FLUX", pipelines=_FLUX, side_px=1_024, unit_px=16, steps=28, hd_steps=50, guidance_scale=3.5,
           schedulers=FLOW),
    Family(name="Z-Image Turbo", pipelines="ZImage.*Pipeline", named="turbo", side_px=1_024, unit_px=16, steps=9,
           hd_steps=12, most_steps=20, guidance_scale=0, guided=False, schedulers=FLOW),
    Family(name="Upscaler", pipelines="StableDiffusion.*UpscalePipeline", steps=40, guidance_scale=9, schedulers=()),
    Family(name="PixArt", pipelines="PixArt.*Pipeline", side_px=1_024, steps=20, hd_steps=40, guidance_scale=4.5),
    Family(name="Sana", pipelines="Sana.*Pipeline", side_px=1_024, least_px=512, unit_px=32, steps=20, hd_steps=40,
           guidance_scale=4.5, schedulers=FLOW),
    Family(name=OTHER, pipelines=".*", least_px=64, schedulers=()),
)  # fmt: skip
OTHER_STEPS, OTHER_SIDE_PX = 25, 512


def image_range(spec: ModelSpec) -> ImageRange:
    """Return what a folder's pipeline draws by itself, and what may be asked of it.

    Raises:
        ModelDamaged: The folder has no ``model_index.json`` that can be read.
    """
    folder = model_path(spec)
    index = _json(spec, folder / "model_index.json")
    made = str(index.get("_class_name", ""))
    name = f"{spec.id} {spec.title} {index.get('_name_or_path', '')}".lower()
    family = next(row for row in FAMILIES if re.fullmatch(row.pipelines, made) and re.search(row.named, name))
    own = _own_side(spec, folder)
    side = family.side_px or own or OTHER_SIDE_PX
    steps = int(number(spec.options, "num_inference_steps", family.steps or OTHER_STEPS))
    return ImageRange(
        family=family.name,
        side_px=side,
        # A model for small pictures is asked for half and twice what it was made for.
        least_px=family.least_px if family.side_px else min(family.least_px, side // 2),
        most_px=family.most_px if family.side_px else min(family.most_px, side * 2),
        unit_px=family.unit_px,
        steps=steps,
        hd_steps=max(steps, family.hd_steps or 2 * steps),
        most_steps=family.most_steps,
        guidance_scale=_guidance(spec, family),
        guided=family.guided,
        schedulers=family.schedulers,
        enlarges=diffusers_upscale.scale_of(folder),
    )


def _guidance(spec: ModelSpec, family: Family) -> float | None:
    if "guidance_scale" in spec.options or family.guidance_scale is not None:
        return number(spec.options, "guidance_scale", family.guidance_scale or 0)
    return None


def _own_side(spec: ModelSpec, folder: Path) -> int | None:
    """Return the side that the model was made for, in pixels, where its files tell."""
    for part in ("unet", "transformer"):
        if (folder / part / "config.json").is_file():
            size = _json(spec, folder / part / "config.json").get("sample_size")
            if isinstance(size, int):
                return size * scale_of(spec, folder)
    return None


def scale_of(spec: ModelSpec, folder: Path) -> int:
    """Return how many pixels a side of a latent stands for."""
    file = folder / "vae" / "config.json"
    channels = _json(spec, file).get("block_out_channels") if file.is_file() else None
    return 2 ** (len(channels) - 1) if isinstance(channels, list) and channels else 8


def _json(spec: ModelSpec, file: Path) -> dict[str, object]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as exc:
        raise damaged(spec, f"{file.name} can't be read") from exc
    if not isinstance(found, dict):
        raise damaged(spec, f"{file.name} is no JSON object")
    return found


def check(request: ImageRequest, able: ImageRange, title: str) -> None:
    """Raise InvalidRequest, with the numbers, for what the model can't do."""
    for field, value in (("width", request.width), ("height", request.height)):
        if value is None:
            continue
        if value % able.unit_px:
            raise InvalidRequest(
                f"{field} is {value}; {title} needs a multiple of {able.unit_px}. "
                f"Try {max(able.unit_px, value // able.unit_px * able.unit_px)}.",
                field=field,
            )
        if not able.least_px <= value <= able.most_px:
            draws = f"{able.least_px} to {able.most_px:,} px. Try {able.side_px}"
            if able.least_px == able.most_px:
                draws = f"nothing but {able.side_px} px"
            raise InvalidRequest(f"{field} is {value}; {title} draws {draws}.", field=field)
    if (steps := request.num_inference_steps) is not None and steps > able.most_steps:
        raise InvalidRequest(
            f"num_inference_steps is {steps}; {title} takes 1 to {able.most_steps}. Try {able.steps}.",
            field="num_inference_steps",
        )
    if not able.guided:
        unguided = {"guidance_scale": (request.guidance_scale or 0) > 1, "negative_prompt": request.negative_prompt}
        for field, given in unguided.items():
            if given:
                raise InvalidRequest(
                    f"{title} draws without guidance, so {field} has no effect. Leave it out.", field=field
                )
    if request.scheduler is not None and request.scheduler not in able.schedulers:
        offered = ", ".join(able.schedulers) or "its own alone"
        raise InvalidRequest(
            f"scheduler is {request.scheduler[:40]!r}; {title} takes {offered}. Choose one, or leave it out.",
            field="scheduler",
        )
