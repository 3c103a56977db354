"""The forming picture: true colours from the decoder's own, and what a step takes the finished picture for."""

import io
import math
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import diffusers
import numpy
import PIL.Image
import pytest
import torch
from torch.nn import functional

from contract.engine import Engine
from contract.events import Picture, Progress
from contract.image_requests import ImageRequest
from contract.models import ModelSpec
from engines import ENGINES, diffusers_preview
from engines import diffusers as engine_of_diffusers
from engines.diffusers_families import SCHEDULERS
from tests.engines.cases import run

CHANNELS, SIDE = 6, 8


class LinearAutoencoder(torch.nn.Module):
    """Each block of 8 x 8 px is one latent, its quarters' colours mixed into ``CHANNELS`` numbers, and back."""

    dtype = torch.float32

    def __init__(self, **config: object) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(1)
        self.mixing, _ = torch.linalg.qr(torch.randn(12, CHANNELS, generator=generator))
        self.config = SimpleNamespace(**config)

    def encode(self, pixels: torch.Tensor) -> tuple[torch.Tensor]:
        quarters = functional.pixel_unshuffle(functional.avg_pool2d(pixels, SIDE // 2), 2)
        return (torch.einsum("nqhw,qc->nchw", quarters, self.mixing) * 3 + 0.5,)

    def decode(self, latents: torch.Tensor, return_dict: bool) -> tuple[torch.Tensor]:
        quarters = torch.einsum("nchw,qc->nqhw", (latents - 0.5) / 3, self.mixing)
        return (functional.interpolate(functional.pixel_shuffle(quarters, 2), scale_factor=SIDE // 2),)


def shown(jpeg: bytes, side: int) -> numpy.ndarray:
    """The colours of a picture scaled to ``side``, 0 to 1."""
    picture = PIL.Image.open(io.BytesIO(jpeg)).convert("RGB").resize((side, side), PIL.Image.Resampling.BOX)
    return numpy.asarray(picture, dtype=float) / 255


@pytest.mark.parametrize(
    "config",
    [
        {"scaling_factor": 0.18215, "shift_factor": None},
        {"scaling_factor": 1.5305, "shift_factor": 0.0609},
        {
            "scaling_factor": 0.5,
            "latents_mean": [0.1 * n for n in range(6)],
            "latents_std": [1.0 + n for n in range(6)],
        },
    ],
)
def test_the_preview_has_the_colours_of_the_decoded_picture_whatever_the_latents_scale(
    config: dict[str, object],
) -> None:
    vae = LinearAutoencoder(**config)
    forming = diffusers_preview.Forming(SimpleNamespace(vae=vae, vae_scale_factor=SIDE, device="cpu"))
    coarse = torch.rand(1, 3, 4, 4, generator=torch.Generator().manual_seed(2))
    (raw,) = vae.encode(functional.interpolate(coarse, scale_factor=4 * SIDE) * 2 - 1)
    decoded = (vae.decode(raw, return_dict=False)[0] / 2 + 0.5).clamp(0, 1)
    if "latents_mean" in config:
        mean, deviation = (torch.tensor(config[name]).view(1, -1, 1, 1) for name in ("latents_mean", "latents_std"))
        latents = (raw - mean) * config["scaling_factor"] / deviation
    else:
        latents = (raw - (config["shift_factor"] or 0)) * config["scaling_factor"]

    expected = functional.avg_pool2d(decoded, 4 * SIDE)[0].permute(1, 2, 0).numpy()
    assert numpy.abs(shown(forming.jpeg(latents), 4) - expected).mean() < 0.03


def test_latents_in_another_layout_and_pipelines_without_a_decoder_have_no_preview() -> None:
    forming = diffusers_preview.Forming(SimpleNamespace(vae=LinearAutoencoder(), vae_scale_factor=SIDE, device="cpu"))
    assert forming.jpeg(torch.zeros(1, 64, 24)) is None
    assert forming.jpeg(torch.zeros(1, CHANNELS + 1, 8, 8)) is None
    assert diffusers_preview.Forming(SimpleNamespace(device="cpu")).jpeg(torch.zeros(1, 4, 8, 8)) is None


def test_a_decoder_that_fails_costs_the_preview_and_nothing_else() -> None:
    broken = SimpleNamespace(encode=None, decode=None, dtype=torch.float32, config=SimpleNamespace())
    forming = diffusers_preview.Forming(SimpleNamespace(vae=broken, device="cpu"))
    assert forming.jpeg(torch.zeros(1, 4, 8, 8)) is None
    assert forming.jpeg(torch.zeros(1, 4, 8, 8)) is None


@pytest.mark.parametrize("name", SCHEDULERS)
@pytest.mark.parametrize("kind", ["epsilon", "v_prediction"])
def test_each_scheduler_tells_what_a_step_takes_the_finished_picture_for(name: str, kind: str) -> None:
    made, extra = SCHEDULERS[name]
    flow = name.startswith("flow")
    scheduler = getattr(diffusers, made)(**extra, **({} if flow else {"prediction_type": kind}))
    scheduler.set_timesteps(6)
    pipeline, foreseen = diffusers_preview.watched(SimpleNamespace(scheduler=scheduler))
    assert foreseen.latents() is None
    generator = torch.Generator().manual_seed(3)
    finished, noise = torch.randn(2, 1, 4, 8, 8, generator=generator)
    at = pipeline.scheduler.timesteps[3]
    if flow:
        sigma = float(pipeline.scheduler.sigmas[3])
        sample, output = (1 - sigma) * finished + sigma * noise, noise - finished
    else:
        sample = pipeline.scheduler.add_noise(finished, noise, at.reshape(1))
        # Their shares, read off the mixture itself.
        both = torch.stack([finished.flatten(), noise.flatten()], dim=1)
        picture, much = torch.linalg.lstsq(both, sample.flatten()).solution.tolist()
        output = noise if kind == "epsilon" else (picture * noise - much * finished) / math.hypot(picture, much)

    pipeline.scheduler.step(output, at, sample)

    assert torch.allclose(foreseen.latents(), finished, atol=1e-3)


@pytest.fixture(scope="module")
def engine(pipeline: Path) -> Iterator[Engine]:
    made = ENGINES["diffusers"](
        ModelSpec(id="tiny", engine="diffusers", kind="image", title="Tiny", paths=(pipeline,)), threads=2
    )
    made.load()
    yield made
    made.unload()


def test_the_preview_has_the_colours_that_a_real_decoder_gives(engine: Engine) -> None:
    vae = engine._pipeline.vae
    coarse = torch.rand(1, 3, 3, 3, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        raw = vae.encode(functional.interpolate(coarse, size=64, mode="bilinear") * 2 - 1).latent_dist.mode()
        decoded = (vae.decode(raw).sample / 2 + 0.5).clamp(0, 1)
    preview = diffusers_preview.Forming(engine._pipeline).jpeg(raw * vae.config.scaling_factor)

    expected = functional.avg_pool2d(decoded, 16)[0].permute(1, 2, 0).numpy()
    # Random weights are less linear than trained ones.
    assert numpy.abs(shown(preview, 4) - expected).mean() < 0.06


def test_a_preview_of_every_step_changes_no_pixel(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[bytes] = []
    for every_s, previews in ((0, 4), (1e9, 0)):
        monkeypatch.setattr(engine_of_diffusers, "PREVIEW_EVERY_S", every_s)
        events = run(engine, ImageRequest(prompt="a red apple", width=64, height=64, num_inference_steps=4, seed=1))
        assert sum(isinstance(event, Progress) and event.preview is not None for event in events) == previews
        drawn += [event.png for event in events if isinstance(event, Picture)]
    assert drawn[0] == drawn[1]
