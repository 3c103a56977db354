"""Text to image with any diffusers pipeline in a local folder of safetensors.

Images of one request are made one after the other, each with its own seeded generator, so that
image ``seed + i`` has the same pixels alone or in a batch. The forming image is shown by a linear
projection of the latents to RGB (the idea of Keturn's "Decoding latents to RGB without upscaling",
2022), fitted here to nothing: the first channels stand for brightness and two colours, which shows
shape, not true colour, and costs under a millisecond. Weights are read as safetensors alone and no
remote code is ever trusted. Sizes are rounded by no one: what a pipeline can't do is refused.
"""

import gc
import inspect
import io
import queue
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from contract.engine import Engine, Stop
from contract.errors import DoesNotFit, EngineFailed, InvalidRequest, StudioError
from contract.events import EngineEvent, Picture, Progress
from contract.models import Kind
from contract.requests import ImageRequest, Request
from engines import diffusers_edit
from engines.checks import brief, damaged, expect, loaded, model_path, number, read_json

if TYPE_CHECKING:
    import PIL.Image
    import torch
    from diffusers import DiffusionPipeline

PREVIEW_EVERY_S = 0.3
PREVIEW_PX = 160
PICKLES = (".ckpt", ".pt", ".pth", ".bin", ".pkl")
DEFAULT_STEPS, DEFAULT_GUIDANCE = 25, 7.5


class _Stopped(Exception):
    """Ends a pipeline's loop from its callback."""


class Diffusers(Engine):
    """One pipeline; ``spec.paths[0]`` is its folder with ``model_index.json``.

    Options of the spec: ``num_inference_steps``, ``guidance_scale``: the model's own defaults.
    """

    name: ClassVar[str] = "diffusers"
    kind: ClassVar[Kind] = "image"
    lane: ClassVar[str] = "torch"
    requires: ClassVar[tuple[str, ...]] = ("torch", "diffusers", "transformers")
    extra: ClassVar[str] = "images"
    options: ClassVar[frozenset[str]] = frozenset({"image", "mask"})

    _pipeline: "DiffusionPipeline | None" = None

    def load(self) -> None:
        """Read the pipeline: single precision on a CPU, half on a GPU."""
        folder = model_path(self.spec)
        self._check_files(folder)
        from transformers.utils import logging as transformers_logging

        # Their warnings quote prompts, which belong in no log; what a person must know is told as Progress.
        transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
        import torch
        from diffusers import AutoPipelineForText2Image
        from diffusers.utils import logging

        logging.set_verbosity_error()
        for log in (logging, transformers_logging):
            log.disable_progress_bar()
        device = "cuda" if torch.cuda.is_available() else "cpu"
        if device == "cpu":
            torch.set_num_threads(self.threads)
        try:
            pipeline = AutoPipelineForText2Image.from_pretrained(  # type: ignore[no-untyped-call]
                folder,
                local_files_only=True,
                use_safetensors=True,
                trust_remote_code=False,
                safety_checker=None,
                requires_safety_checker=False,
                dtype=torch.float32 if device == "cpu" else torch.float16,
            )
            pipeline.set_progress_bar_config(disable=True)
            self._pipeline = pipeline.to(device)
        except (torch.cuda.OutOfMemoryError, MemoryError) as exc:
            raise DoesNotFit(f"{self.spec.title} does not fit into memory. Choose a smaller model.") from exc
        except Exception as exc:  # diffusers, transformers and safetensors each raise their own
            raise damaged(self.spec, brief(exc)) from exc

    def _check_files(self, folder: Path) -> None:
        read_json(self.spec, folder / "model_index.json")
        pickled = sorted(path.name for path in folder.rglob("*") if path.suffix in PICKLES)
        if pickled:
            raise damaged(self.spec, f"{pickled[0]} is a pickle, which can hide a program; only safetensors are read")

    def run(self, request: Request, stop: Stop) -> Iterator[EngineEvent]:
        """Yield Progress after each step, some with a preview, and a Picture for each image."""
        asked = expect(request, ImageRequest, self.spec)
        pipeline = loaded(self._pipeline, self.spec)
        source: dict[str, object] = {}
        if asked.image is not None:
            pipeline, asked, source = diffusers_edit.pipeline_for(pipeline, asked, self.spec)
        steps = asked.num_inference_steps or int(number(self.spec.options, "num_inference_steps", DEFAULT_STEPS))
        self._check_size(asked, pipeline)
        seed = secrets.randbelow(2**32) if asked.seed is None else asked.seed
        steps_run = max(1, int(steps * float(source.get("strength", 1))))  # type: ignore[arg-type]  # a number
        total = steps_run * asked.num_images
        yield Progress(0, total, _too_long(pipeline, asked.prompt))
        for index in range(asked.num_images):
            if stop.is_set():
                return
            settings = {**self._settings(pipeline, asked, steps, (seed + index) % 2**32), **source}
            for event in _steps(pipeline, settings, stop):
                if isinstance(event, Progress):
                    yield Progress(index * steps_run + min(event.step, steps_run), total, preview=event.preview)
                else:
                    yield Picture(_png(event), event.width, event.height, (seed + index) % 2**32)

    def _settings(self, pipeline: "DiffusionPipeline", asked: ImageRequest, steps: int, seed: int) -> dict[str, object]:
        import torch

        guidance = asked.guidance_scale
        if guidance is None:
            guidance = number(self.spec.options, "guidance_scale", DEFAULT_GUIDANCE)
        settings: dict[str, object] = {
            "prompt": asked.prompt,
            "num_inference_steps": steps,
            # On the CPU also where the model is on a GPU: the same seed then gives the same noise everywhere.
            "generator": torch.Generator("cpu").manual_seed(seed),
        }
        taken = inspect.signature(type(pipeline).__call__).parameters
        if "guidance_scale" in taken:
            settings["guidance_scale"] = guidance
        wanted = {
            "guidance_scale": asked.guidance_scale,
            "negative_prompt": asked.negative_prompt or None,
            "width": asked.width,
            "height": asked.height,
        }
        for field, value in wanted.items():
            if value is not None and field not in taken:
                raise InvalidRequest(f"{self.spec.title} has no {field}. Leave it out.", field=field)
            if value is not None:
                settings[field] = value
        return settings

    def _check_size(self, asked: ImageRequest, pipeline: "DiffusionPipeline") -> None:
        unit = int(getattr(pipeline, "vae_scale_factor", 8))
        for field, value in (("width", asked.width), ("height", asked.height)):
            if value is not None and value % unit:
                raise InvalidRequest(
                    f"{field} is {value}; {self.spec.title} needs a multiple of {unit}. Try {value // unit * unit}.",
                    field=field,
                )

    def unload(self) -> None:
        """Give the memory back."""
        if self._pipeline is None:
            return
        self._pipeline = None
        gc.collect()
        import torch

        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def _too_long(pipeline: "DiffusionPipeline", prompt: str) -> str:
    """Return a sentence when the model reads only the beginning of the prompt, else ""."""
    tokenizer = getattr(pipeline, "tokenizer", None)
    most = getattr(tokenizer, "model_max_length", None)
    if tokenizer is None or not isinstance(most, int) or most > 100_000:  # transformers' "no limit" is 1e30
        return ""
    tokens = len(tokenizer(prompt).input_ids)
    return f"The model reads {most} tokens; the prompt has {tokens}, so its end is left out." if tokens > most else ""


def _steps(
    pipeline: "DiffusionPipeline", settings: Mapping[str, object], stop: Stop
) -> Iterator["Progress | PIL.Image.Image"]:
    """Run the pipeline on a thread of its own and yield Progress a step, then the image.

    A pipeline tells its steps by callback only; raising there is what ends it within one step.
    """
    told: queue.SimpleQueue[Progress | PIL.Image.Image | Exception] = queue.SimpleQueue()
    left = threading.Event()
    shown_at = time.monotonic()

    def on_step(_: object, step: int, __: object, values: dict[str, "torch.Tensor"]) -> dict[str, "torch.Tensor"]:
        nonlocal shown_at
        if stop.is_set() or left.is_set():
            raise _Stopped
        preview = None
        if time.monotonic() - shown_at >= PREVIEW_EVERY_S and "latents" in values:
            shown_at = time.monotonic()
            preview = _preview(values["latents"])
        told.put(Progress(step + 1, 0, preview=preview))
        return values

    def work() -> None:
        try:
            # Every text-to-image pipeline is callable; their common base class does not say so.
            made = pipeline(**settings, callback_on_step_end=on_step, output_type="pil")  # type: ignore[operator]
            told.put(made.images[0])
        except Exception as exc:
            told.put(exc)

    thread = threading.Thread(target=work, name="diffusers-run", daemon=True)
    thread.start()
    try:
        while True:
            item = told.get()
            if isinstance(item, _Stopped):
                return
            if isinstance(item, Exception):
                raise _mapped(item) from item
            yield item
            if not isinstance(item, Progress):
                return
    finally:
        left.set()
        thread.join()


def _mapped(exc: Exception) -> StudioError:
    """Return the error of ours that a pipeline's exception means."""
    import torch

    if isinstance(exc, StudioError):
        return exc
    if isinstance(exc, torch.cuda.OutOfMemoryError | MemoryError) or "allocate memory" in str(exc):
        return DoesNotFit("There was not enough memory for that image. Choose a smaller size or fewer images.")
    if isinstance(exc, ValueError | TypeError):
        return InvalidRequest(f"The model can't do that: {brief(exc)}")
    return EngineFailed(f"The image could not be made: {brief(exc)}")


def _preview(latents: "torch.Tensor") -> bytes | None:
    """Return a small JPEG of latents (n, channels, height, width); None for another layout."""
    import PIL.Image
    import torch

    if latents.ndim != 4 or latents.shape[1] < 3:
        return None
    with torch.no_grad():
        picture = latents[0].float().cpu()
        light, red, blue = picture[0], picture[1], picture[2]
        channels = torch.stack([light + 0.5 * red, light - 0.25 * (red + blue), light + 0.5 * blue])
        low, high = channels.amin(), channels.amax()
        pixels = ((channels - low) / (high - low + 1e-6) * 255).byte().permute(1, 2, 0).numpy()
    image = PIL.Image.fromarray(pixels)
    scale = PREVIEW_PX / max(image.size)
    buffer = io.BytesIO()
    image.resize((round(image.width * scale), round(image.height * scale))).save(buffer, "JPEG", quality=60)
    return buffer.getvalue()


def _png(image: "PIL.Image.Image") -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
