"""Memory of pictures: what does not fit is refused with the numbers, what is large is saved on; a model enlarges."""

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy
import PIL.Image
import pytest

from contract.engine import Engine, Stop
from contract.errors import DoesNotFit, InvalidRequest
from contract.events import Picture, Progress
from contract.image_requests import ImageRequest, UpscaleRequest
from contract.models import ModelSpec
from engines import ENGINES, diffusers_edit, diffusers_memory
from studio import context
from tests.engines.cases import run
from tests.engines.tiny_pipeline import make_tiny_upscaler

DIFFUSERS = ENGINES["diffusers"]
ASKED = ImageRequest(prompt="a red apple", width=64, height=64, num_inference_steps=2, seed=1)


def png(width: int, height: int) -> bytes:
    """A plain picture as a file."""
    file = io.BytesIO()
    PIL.Image.new("RGB", (width, height), "teal").save(file, "PNG")
    return file.getvalue()


def picture(engine: Engine, request: ImageRequest | UpscaleRequest) -> Picture:
    (made,) = [event for event in run(engine, request) if isinstance(event, Picture)]
    return made


def pixels(made: Picture) -> numpy.ndarray:
    return numpy.asarray(PIL.Image.open(io.BytesIO(made.png)).convert("RGB"), dtype=float)


@pytest.fixture
def large(tmp_path: Path) -> ModelSpec:
    """SDXL as its files describe it: 3.5 thousand million numbers, of which the headers alone are there."""
    (tmp_path / "model_index.json").write_text(json.dumps({"_class_name": "StableDiffusionXLPipeline"}))
    configs = {
        "unet": {"block_out_channels": [320, 640, 1_280], "sample_size": 128},
        "vae": {"block_out_channels": [128, 256, 512, 512]},
    }
    for part, told in configs.items():
        (tmp_path / part).mkdir()
        (tmp_path / part / "config.json").write_text(json.dumps(told))
    header = json.dumps({"weight": {"dtype": "F16", "shape": [3_500, 1_000_000], "data_offsets": [0, 0]}}).encode()
    for name in ("model.safetensors", "model.fp16.safetensors"):
        (tmp_path / "unet" / name).write_bytes(len(header).to_bytes(8, "little") + header)
    return ModelSpec(id="xl", engine="diffusers", kind="image", title="Model", paths=(tmp_path,))


@pytest.mark.parametrize(
    ("gigabytes", "fields", "advice"),
    [
        (24, {"width": 2_048, "height": 2_048}, None),
        (16, {"width": 2_048, "height": 2_048}, None),  # it saves memory by itself
        (16, {"width": 2_048, "height": 2_048, "memory": "fast"}, "Ask for memory: low"),
        (9, {"width": 2_048, "height": 2_048}, r"at most \d+ x \d+ px"),
        (9, {"width": 512, "height": 512}, None),
        (4, {}, "Choose a smaller model"),
    ],
)
def test_a_size_that_does_not_fit_is_refused_before_anything_is_loaded(
    large: ModelSpec, monkeypatch: pytest.MonkeyPatch, gigabytes: int, fields: dict[str, object], advice: str | None
) -> None:
    monkeypatch.setattr(diffusers_memory, "total_bytes", lambda: gigabytes * 10**9)
    asked = ImageRequest(prompt="a boat", **fields)
    if advice is None:
        DIFFUSERS.check(large, asked)
        return
    with pytest.raises(DoesNotFit, match=advice) as refused:
        DIFFUSERS.check(large, asked)
    assert f"{gigabytes}.0 GB can be had here" in refused.value.message


def test_the_side_that_is_advised_fits(large: ModelSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diffusers_memory, "total_bytes", lambda: 9 * 10**9)
    with pytest.raises(DoesNotFit) as refused:
        DIFFUSERS.check(large, ImageRequest(prompt="a boat", width=2_048, height=2_048))
    side = int(refused.value.message.split(" at most ")[1].split(" x ")[0])
    DIFFUSERS.check(large, ImageRequest(prompt="a boat", width=side, height=side))
    with pytest.raises(DoesNotFit):
        DIFFUSERS.check(large, ImageRequest(prompt="a boat", width=side + 64, height=side + 64))


def test_a_large_model_saves_memory_by_itself_and_as_it_is_asked_to(
    large: ModelSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = large.paths[0]
    monkeypatch.setattr(diffusers_memory, "total_bytes", lambda: 64 * 10**9)
    wanted = {memory: context.spec_for(replace(ASKED, memory=memory), large) for memory in (None, "fast", "low")}
    assert [diffusers_memory.saves(spec, folder) for spec in wanted.values()] == [False, False, True]
    assert DIFFUSERS(large).serves(wanted["fast"]) and not DIFFUSERS(large).serves(wanted["low"])
    monkeypatch.setattr(diffusers_memory, "total_bytes", lambda: 16 * 10**9)
    assert [diffusers_memory.saves(spec, folder) for spec in wanted.values()] == [True, False, True]


@pytest.fixture(scope="module")
def engine(pipeline: Path) -> Iterator[Engine]:
    made = DIFFUSERS(ModelSpec(id="tiny", engine="diffusers", kind="image", title="Tiny", paths=(pipeline,)), threads=2)
    made.load()
    yield made
    made.unload()


def test_the_saving_form_takes_half_and_draws_nearly_the_same(engine: Engine, pipeline: Path) -> None:
    spec = ModelSpec(
        id="tiny", engine="diffusers", kind="image", title="Tiny", paths=(pipeline,), options={"memory": "low"}
    )
    saving = DIFFUSERS(spec, threads=2)
    saving.load()
    try:
        full, parts = engine._pipeline.components, saving._pipeline.components

        def taken(part: object) -> int:
            return sum(tensor.nbytes for tensor in (*part.parameters(), *part.buffers()))

        assert taken(parts["unet"]) < 0.6 * taken(full["unet"])
        assert taken(parts["text_encoder"]) < 0.6 * taken(full["text_encoder"])
        kinds = {type(layer).__name__ for layer in parts["text_encoder"].modules()}
        assert "Int8Linear" in kinds and "Linear" not in kinds

        made = picture(saving, ASKED)
        assert picture(saving, ASKED).png == made.png
        assert taken(parts["unet"]) < 0.6 * taken(full["unet"]), "it stays small after drawing"
        away = abs(pixels(made) - pixels(picture(engine, ASKED))).mean()
        other = abs(pixels(made) - pixels(picture(engine, replace(ASKED, seed=2)))).mean()
        assert away < other / 5
        changed = picture(saving, replace(ASKED, image=png(64, 64), width=None, height=None))
        assert (changed.width, changed.height) == (64, 64)
    finally:
        saving.unload()


def test_a_linear_layer_in_8_bits_gives_nearly_what_it_gave() -> None:
    import torch

    from engines.diffusers_saving import Int8Linear

    torch.manual_seed(0)
    layer, given = torch.nn.Linear(64, 32), torch.randn(5, 64)
    exact, small = layer(given), Int8Linear(layer)
    assert torch.allclose(small(given), exact, atol=0.02)
    assert small.weight.dtype == torch.int8
    assert small(given.bfloat16()).dtype == torch.bfloat16


def test_what_does_not_fit_now_is_refused_and_the_next_picture_is_drawn(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as little:
        little.setattr(diffusers_memory, "free_bytes", lambda: 0)
        with pytest.raises(DoesNotFit, match="can be had here"):
            run(engine, ASKED)
    assert picture(engine, ASKED).width == 64


@pytest.mark.parametrize(
    ("settings", "scale", "size"),
    [
        ({"width": 64, "height": 96}, 1, (64, 96)),
        ({"image": PIL.Image.new("RGB", (640, 320))}, 1, (640, 320)),
        ({"image": PIL.Image.new("RGB", (640, 320))}, 4, (2_560, 1_280)),
        ({}, 1, (512, 512)),
    ],
)
def test_memory_is_reckoned_for_the_size_that_is_drawn(
    settings: dict[str, object], scale: int, size: tuple[int, int]
) -> None:
    assert diffusers_edit.size_of(settings, 512, scale) == size


@pytest.fixture(scope="module")
def upscaler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    folder = make_tiny_upscaler(tmp_path_factory.mktemp("upscaler") / "tiny")
    options = {"num_inference_steps": 3}
    spec = ModelSpec(id="x4", engine="diffusers", kind="image", title="Times four", paths=(folder,), options=options)
    made = DIFFUSERS(spec, threads=2)
    made.load()
    yield made
    made.unload()


def test_a_model_enlarges_a_picture_step_by_step_and_the_same_again(upscaler: Engine) -> None:
    asked = UpscaleRequest(image=png(24, 17), scale=4, prompt="a red apple")
    assert DIFFUSERS.image_range(upscaler.spec).enlarges == 4

    events = run(upscaler, asked)

    assert [event.step for event in events if isinstance(event, Progress)] == [0, 1, 2, 3]
    (made,) = [event for event in events if isinstance(event, Picture)]
    assert (made.width, made.height) == (96, 64)  # its own unit is 4 px
    assert made.png == picture(upscaler, asked).png
    with pytest.raises(InvalidRequest, match="enlarges 4 times"):
        run(upscaler, replace(asked, scale=2))
    with pytest.raises(InvalidRequest, match="can't draw"):
        run(upscaler, ASKED)


def test_enlarging_by_a_model_is_cancelled_and_refused_where_it_does_not_fit(
    upscaler: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = UpscaleRequest(image=png(24, 16), scale=4)
    stop = Stop()
    stop.set()
    assert not [event for event in upscaler.run(asked, stop) if isinstance(event, Picture)]
    with monkeypatch.context() as little:
        little.setattr(diffusers_memory, "free_bytes", lambda: 0)
        with pytest.raises(DoesNotFit, match="96 x 64 px"):
            run(upscaler, asked)
    assert picture(upscaler, asked).width == 96
