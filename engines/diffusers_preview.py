"""The forming picture in true colours: what a step foresees, through a projection fitted to the model's own decoder.

Decoding at each step would cost as much as the step. Latents are nearly linear in the colours that they stand for
(Keturn, "Decoding latents to RGB without upscaling", 2022), so a few small pictures of lit discs are encoded and
decoded once for a loaded model, and least squares give the projection: no table of models, one way for all. What a
step leaves is still noise for the most part; shown is what it takes the finished picture for, which follows from the
step's input and output and from how the scheduler mixes noise in.

Not shown: latents that are no (n, channels, height, width), as FLUX packs them, and pipelines without an autoencoder.
"""

import copy
import functools
import inspect
import io
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from engines.checks import brief

if TYPE_CHECKING:
    import torch
    from diffusers import DiffusionPipeline

log = structlog.get_logger(__name__)
PREVIEW_PX = 160
CHARTS, CHART_LATENTS, DISCS = 4, 8, 3
RIDGE = 1e-3


@dataclass(frozen=True, slots=True)
class Projection:
    """``weight`` float32 (3, channels, 1, 1) and ``bias`` (3,), from latents to RGB of 0 to 1."""

    weight: "torch.Tensor"
    bias: "torch.Tensor"

    def jpeg(self, latents: "torch.Tensor") -> bytes:
        """Return a small JPEG of the first of latents (n, channels, height, width)."""
        import PIL.Image
        import torch
        from torch.nn import functional

        with torch.no_grad():
            values = functional.conv2d(latents[:1].float().cpu(), self.weight, self.bias)
            pixels = values[0].nan_to_num().clamp(0, 1)
        image = PIL.Image.fromarray((pixels * 255).round().byte().permute(1, 2, 0).numpy())
        scale = PREVIEW_PX / max(image.size)
        buffer = io.BytesIO()
        image.resize((round(image.width * scale), round(image.height * scale))).save(buffer, "JPEG", quality=80)
        return buffer.getvalue()


class Forming:
    """Shows what a loaded pipeline draws; its projection is fitted when the first preview is wanted."""

    def __init__(self, pipeline: "DiffusionPipeline") -> None:
        self._pipeline = pipeline
        self._fitted = False
        self._projection: Projection | None = None

    def jpeg(self, latents: "torch.Tensor") -> bytes | None:
        """Return a small JPEG of latents (n, channels, height, width); None for another layout."""
        if not self._fitted:
            self._fitted = True
            try:
                self._projection = fit(self._pipeline)
            except Exception as exc:  # a picture without a preview is better than none
                log.warning("no_preview", why=brief(exc))
        if self._projection is None or latents.ndim != 4 or latents.shape[1] != self._projection.weight.shape[1]:
            return None
        return self._projection.jpeg(latents)


def fit(pipeline: "DiffusionPipeline") -> Projection | None:
    """Return the projection nearest to what the pipeline's decoder makes of its latents; None where it has none."""
    import torch
    from torch.nn import functional

    vae = getattr(pipeline, "vae", None)
    if vae is None or not (hasattr(vae, "encode") and hasattr(vae, "decode")):
        return None
    charts = _charts(CHART_LATENTS * int(getattr(pipeline, "vae_scale_factor", 8)))
    was = vae.dtype
    # As pipelines do: in half precision some decoders give nothing but NaN.
    wide = was == torch.float16 and getattr(vae.config, "force_upcast", False)
    try:
        with torch.no_grad():
            if wide:
                vae.to(torch.float32)
            encoded = vae.encode((charts * 2 - 1).to(getattr(pipeline, "_execution_device", "cpu"), vae.dtype))
            distribution = getattr(encoded, "latent_dist", None)
            raw = encoded[0] if distribution is None else distribution.mode()
            decoded = vae.decode(raw, return_dict=False)[0]
    finally:
        if wide:
            vae.to(was)
    raw, colours = raw.float().cpu(), (decoded.float().cpu() / 2 + 0.5).clamp(0, 1)
    latents = _scaled(raw, vae.config)
    wanted = functional.avg_pool2d(colours, colours.shape[-1] // latents.shape[-1])
    given = torch.cat([latents, torch.ones_like(latents[:, :1])], dim=1)
    rows, targets = (values.double().permute(0, 2, 3, 1).flatten(0, 2) for values in (given, wanted))
    held = RIDGE * len(rows) * torch.eye(rows.shape[1], dtype=torch.float64)
    held[-1, -1] = 0  # the bias is free
    solved = torch.linalg.solve(rows.T @ rows + held, rows.T @ targets).T.float()
    return Projection(solved[:, :-1, None, None].contiguous(), solved[:, -1].contiguous())


def _scaled(raw: "torch.Tensor", config: object) -> "torch.Tensor":
    """Return what an encoder gives as pipelines hold it: shifted and scaled by the autoencoder's own numbers."""
    import torch

    mean, deviation = getattr(config, "latents_mean", None), getattr(config, "latents_std", None)
    scale = float(getattr(config, "scaling_factor", None) or 1)
    if mean is not None and deviation is not None:
        by_channel = (1, -1, 1, 1)
        return (raw - torch.tensor(mean).view(by_channel)) * scale / torch.tensor(deviation).view(by_channel)
    return (raw - float(getattr(config, "shift_factor", None) or 0)) * scale


def _charts(side: int) -> "torch.Tensor":
    """Return pictures of discs, each lit from above, on a plain ground: float32 (CHARTS, 3, side, side), 0 to 1."""
    import torch

    generator = torch.Generator("cpu").manual_seed(0)

    def colour() -> torch.Tensor:
        return (torch.rand(3, 1, 1, generator=generator) * 1.6 - 0.3).clamp(0, 1)

    down, across = torch.meshgrid(torch.linspace(0, 1, side), torch.linspace(0, 1, side), indexing="ij")
    charts = []
    for number in range(CHARTS):
        ground = colour() if number % 2 else torch.ones(3, 1, 1)
        chart = ground.expand(3, side, side)
        for _ in range(DISCS):
            radius, top, left = (torch.rand(3, generator=generator) * torch.tensor([0.3, 0.6, 0.6])).tolist()
            radius, top, left = radius + 0.15, top + 0.2, left + 0.2
            inside = (down - top) ** 2 + (across - left) ** 2 < radius**2
            lit = 1.15 - (down - top + radius) / (4 * radius)
            chart = torch.where(inside, (colour() * lit).clamp(0, 1), chart)
        charts.append(chart)
    return torch.stack(charts)


class Foreseen:
    """What a scheduler's last step takes the finished picture's latents for.

    Args:
        wanted: Whether they are asked for behind the step that is about to be taken; no other is looked at.
    """

    def __init__(self, wanted: Callable[[], bool]) -> None:
        self.wanted = wanted
        self._estimate: Callable[[], torch.Tensor | None] = lambda: None
        self._tells = True

    def latents(self) -> "torch.Tensor | None":
        """Return them; None before the first step, and where the scheduler does not tell enough."""
        return self._estimate()

    def note(self, scheduler: object, output: "torch.Tensor", timestep: object, sample: "torch.Tensor") -> None:
        """Remember a step that is about to be taken."""
        if not self._tells:
            return
        try:
            mixed = _mixed(scheduler, timestep)
        except Exception as exc:  # each scheduler raises its own; the picture is drawn all the same
            self._tells, mixed = False, None
            log.warning("nothing_foreseen", scheduler=type(scheduler).__name__, why=brief(exc))
        self._estimate = lambda: None if mixed is None else _finished(scheduler, output, sample, *mixed)


def watched(
    pipeline: "DiffusionPipeline", wanted: Callable[[], bool] = lambda: True
) -> "tuple[DiffusionPipeline, Foreseen]":
    """Return the pipeline in a shell whose scheduler tells of the steps that are wanted; the parts are shared."""
    shell, foreseen = copy.copy(pipeline), Foreseen(wanted)
    scheduler = copy.copy(pipeline.scheduler)  # type: ignore[attr-defined]  # every diffusion pipeline has one
    step = scheduler.step
    signature = inspect.signature(step)

    @functools.wraps(step)  # pipelines look at the signature
    def telling(*args: object, **kwargs: object) -> object:
        if foreseen.wanted():
            given = signature.bind(*args, **kwargs).arguments
            foreseen.note(scheduler, given["model_output"], given["timestep"], given["sample"])
        return step(*args, **kwargs)

    scheduler.step = telling
    shell.scheduler = scheduler  # type: ignore[attr-defined]
    return shell, foreseen


def _mixed(scheduler: object, timestep: object) -> tuple[float, float] | None:
    """Return how much of the picture and of the noise are in a step's input; None: the scheduler can't say."""
    import torch

    one, none = torch.ones(1, 1, 1, 1), torch.zeros(1, 1, 1, 1)
    at = torch.as_tensor(timestep).detach().cpu().reshape(1)
    scheduler = copy.copy(scheduler)  # some begin their own steps when asked
    if (scale := getattr(scheduler, "scale_noise", None)) is not None:
        return float(scale(one, at, none)), float(scale(none, at, one))
    if (add := getattr(scheduler, "add_noise", None)) is not None:
        return float(add(one, none, at)), float(add(none, one, at))
    return None


def _finished(
    scheduler: object, output: "torch.Tensor", sample: "torch.Tensor", picture: float, noise: float
) -> "torch.Tensor | None":
    """Solve ``sample = picture * finished + noise * noise's latents`` for what is finished, by what the model gives."""
    kind = getattr(scheduler.config, "prediction_type", None)  # type: ignore[attr-defined]  # every scheduler has one
    if kind == "flow_prediction" or hasattr(scheduler, "scale_noise"):
        return sample - noise * output
    if kind == "epsilon":
        return (sample - noise * output) / picture if picture else None
    if kind == "v_prediction":
        length = math.hypot(picture, noise)
        return (picture * sample / length - noise * output) / length
    return output if kind == "sample" else None
