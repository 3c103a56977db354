"""What each family of pipelines draws by itself, told from its folder alone, and what it refuses with the numbers."""

import json
from pathlib import Path

import pytest

from contract.errors import InvalidRequest, ModelDamaged
from contract.image_requests import ImageRequest, UpscaleRequest
from contract.models import ImageRange, ModelSpec
from engines import ENGINES

DIFFUSERS = ENGINES["diffusers"]


def spec_of(folder: Path, pipeline: str, name: str = "some/model", sample_size: int = 0, **options: float) -> ModelSpec:
    """A model as its folder describes it: the index, and the UNet's size."""
    (folder / "model_index.json").write_text(json.dumps({"_class_name": pipeline}))
    if sample_size:
        (folder / "unet").mkdir()
        (folder / "unet" / "config.json").write_text(json.dumps({"sample_size": sample_size}))
    return ModelSpec(id=name, engine="diffusers", kind="image", title="Model", paths=(folder,), options=options)


def range_of(spec: ModelSpec) -> ImageRange:
    found = DIFFUSERS.image_range(spec)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("pipeline", "name", "family", "side_px", "steps", "guidance"),
    [
        ("StableDiffusionPipeline", "stabilityai/sd-turbo", "SD-Turbo", 512, 2, 0),
        ("StableDiffusionPipeline", "runwayml/stable-diffusion-v1-5", "Stable Diffusion", 512, 25, 7.5),
        ("StableDiffusionXLPipeline", "stabilityai/sdxl-turbo", "SDXL-Turbo", 512, 2, 0),
        ("StableDiffusionXLPipeline", "stabilityai/stable-diffusion-xl-base-1.0", "SDXL", 1_024, 30, 5),
        ("StableDiffusionXLPipeline", "bytedance/sdxl-lightning", "SDXL in few steps", 1_024, 4, 0),
        ("StableDiffusion3Pipeline", "stabilityai/stable-diffusion-3.5-medium", "SD3", 1_024, 28, 4.5),
        ("FluxPipeline", "black-forest-labs/flux.1-schnell", "FLUX schnell", 1_024, 4, 0),
        ("FluxPipeline", "black-forest-labs/flux.1-dev", "FLUX", 1_024, 28, 3.5),
        ("ZImagePipeline", "tongyi-mai/z-image-turbo", "Z-Image Turbo", 1_024, 9, 0),
        ("SanaPipeline", "a/sana", "Sana", 1_024, 20, 4.5),
    ],
)
def test_a_family_has_its_own_size_steps_and_guidance(
    tmp_path: Path, pipeline: str, name: str, family: str, side_px: int, steps: int, guidance: float
) -> None:
    found = range_of(spec_of(tmp_path, pipeline, name, 64))

    assert (found.family, found.side_px, found.steps, found.guidance_scale) == (family, side_px, steps, guidance)
    assert found.guided == (guidance > 0)
    assert found.hd_steps > found.steps
    assert "euler" in " ".join(found.schedulers)


def test_a_models_own_size_and_options_come_before_the_families(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, "StableDiffusionPipeline", sample_size=96, num_inference_steps=12, guidance_scale=3)
    found = range_of(spec)

    assert (found.side_px, found.least_px, found.most_px) == (768, 256, 1_536)
    assert (found.steps, found.guidance_scale) == (12, 3)


def test_a_pipeline_that_no_row_knows_has_limits_too(tmp_path: Path) -> None:
    found = range_of(spec_of(tmp_path, "BrandNewPipeline"))
    assert (found.family, found.guidance_scale, found.schedulers) == ("Other", None, ())


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"width": 2_048}, "width is 2048; Model draws 256 to 1,024 px. Try 512"),
        ({"height": 128}, "height is 128; Model draws 256 to 1,024 px"),
        ({"num_inference_steps": 50}, "num_inference_steps is 50; Model takes 1 to 10"),
        ({"guidance_scale": 7.5}, "without guidance, so guidance_scale has no effect"),
        ({"negative_prompt": "people"}, "without guidance, so negative_prompt has no effect"),
        ({"scheduler": "ddim"}, "scheduler is 'ddim'; Model takes euler, euler_a, lcm"),
        ({"scheduler": "no such"}, "scheduler is 'no such'"),
    ],
)
def test_what_a_turbo_model_can_not_do_is_refused_with_the_numbers(
    tmp_path: Path, fields: dict[str, object], told: str
) -> None:
    spec = spec_of(tmp_path, "StableDiffusionPipeline", "stabilityai/sd-turbo", 64)
    DIFFUSERS.check(spec, ImageRequest(prompt="a boat", width=512, height=768, guidance_scale=0, scheduler="lcm"))
    with pytest.raises(InvalidRequest, match=told):
        DIFFUSERS.check(spec, ImageRequest(prompt="a boat", **fields))


def test_a_size_that_is_no_multiple_is_refused_with_one_that_is(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, "FluxPipeline", "flux.1-dev")
    with pytest.raises(InvalidRequest, match=r"multiple of 16\. Try 1008"):
        DIFFUSERS.check(spec, ImageRequest(prompt="a boat", width=1_016))


def test_a_model_that_enlarges_does_not_draw_and_the_other_way_round(tmp_path: Path) -> None:
    picture = b"\x89PNG\r\n\x1a\n"
    upscaler = spec_of(tmp_path, "StableDiffusionUpscalePipeline")
    DIFFUSERS.check(upscaler, UpscaleRequest(image=picture, scale=4))
    with pytest.raises(InvalidRequest, match=r"enlarges 4 times\. Ask for 4"):
        DIFFUSERS.check(upscaler, UpscaleRequest(image=picture, scale=2))
    with pytest.raises(InvalidRequest, match="can't draw"):
        DIFFUSERS.check(upscaler, ImageRequest(prompt="a boat"))
    drawing = spec_of(tmp_path, "StableDiffusionPipeline")
    with pytest.raises(InvalidRequest, match="can't enlarge"):
        DIFFUSERS.check(drawing, UpscaleRequest(image=picture))


def test_a_folder_that_can_not_be_read_is_damaged(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, "StableDiffusionPipeline")
    (tmp_path / "model_index.json").write_text("[]")
    with pytest.raises(ModelDamaged, match="no JSON object"):
        DIFFUSERS.image_range(spec)
