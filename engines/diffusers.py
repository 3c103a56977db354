"""Text to image with any diffusers pipeline in a local folder of safetensors.

Images of one request are made one after the other, each with its own seeded generator, so that
image ``seed + i`` has the same pixels alone or in a batch. Weights are read as safetensors alone and no
remote code is ever trusted. Sizes are rounded by no one: what a pipeline can't do is refused.
"""

import copy
import gc
import inspect
import io
import os
import queue
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from contract.engine import Engine, Stop
from contract.errors import DoesNotFit, EngineFailed, InvalidRequest, StudioError
from contract.events import EngineEvent, Picture, Progress
from contract.image_requests import ImageMemory, ImageRequest, UpscaleRequest
from contract.models import ImageRange, Kind, ModelSpec
from contract.requests import Request
from engines import diffusers_edit, diffusers_families, diffusers_memory, diffusers_preview, diffusers_upscale
from engines.checks import brief, damaged, expect, loaded, model_path, read_json

if TYPE_CHECKING:
    import PIL.Image
    import torch
    from diffusers import DiffusionPipeline

PREVIEW_EVERY_S = 0.3
PICKLES = (".ckpt", ".pt", ".pth", ".bin", ".pkl")
# Told of the pipeline, the step, its time and what it has made: a pipeline's own form of a callback.
OnStep = Callable[[object, int, object, "dict[str, torch.Tensor]"], "dict[str, torch.Tensor]"]


class _Stopped(Exception):
    """Ends a pipeline's loop from its callback."""


class Diffusers(Engine):
    """One pipeline; ``spec.paths[0]`` is its folder with ``model_index.json``.

    Options of the spec: ``num_inference_steps``, ``guidance_scale``: the model's own defaults; without them, those
    of its family.
    """

    name: ClassVar[str] = "diffusers"
    kind: ClassVar[Kind] = "image"
    lane: ClassVar[str] = "torch"
    requires: ClassVar[tuple[str, ...]] = ("torch", "diffusers", "transformers")
    extra: ClassVar[str] = "images"
    options: ClassVar[frozenset[str]] = frozenset({"image", "mask", "upscale"})

    _pipeline: "DiffusionPipeline | None" = None
    _forming: diffusers_preview.Forming | None = None

    @classmethod
    def image_range(cls, spec: ModelSpec) -> ImageRange:
        return diffusers_families.image_range(spec)

    @classmethod
    def check(cls, spec: ModelSpec, request: Request) -> None:
        scale = diffusers_upscale.scale_of(model_path(spec))
        if isinstance(request, UpscaleRequest):
            diffusers_upscale.check(request, scale, spec)
        elif isinstance(request, ImageRequest):
            if scale is not None:
                raise InvalidRequest(f"{spec.title} enlarges pictures, and can't draw. Choose another.", field="model")
            able = cls.image_range(spec)
            diffusers_families.check(request, able, spec.title)
            size = request.width or able.side_px, request.height or able.side_px
            room = diffusers_memory.total_bytes()
            diffusers_memory.check_size(spec, model_path(spec), able, size, request.memory, room)

    def serves(self, spec: ModelSpec) -> bool:
        folder = model_path(spec)
        return diffusers_memory.saves(spec, folder) == diffusers_memory.saves(self.spec, folder)

    def load(self) -> None:
        """Read the pipeline: single precision on a CPU, half on a GPU, or in the form that saves memory."""
        folder = model_path(self.spec)
        self._check_files(folder)
        # Threads that wait for each other would spin; beside another busy program a step of 50 ms then took seconds.
        os.environ.setdefault("OMP_WAIT_POLICY", "passive")
        from transformers.utils import logging as transformers_logging

        # Their warnings quote prompts, which belong in no log; what a person must know is told as Progress.
        transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
        import torch
        from diffusers import AutoPipelineForText2Image, DiffusionPipeline
        from diffusers.utils import logging

        logging.set_verbosity_error()
        for log in (logging, transformers_logging):
            log.disable_progress_bar()
        device = "cuda" if torch.cuda.is_available() else "cpu"
        if device == "cpu":
            torch.set_num_threads(self.threads)
        saving = diffusers_memory.saves(self.spec, folder)
        try:
            enlarges = diffusers_upscale.scale_of(folder) is not None
            pipeline = (DiffusionPipeline if enlarges else AutoPipelineForText2Image).from_pretrained(  # type: ignore[no-untyped-call]
                folder,
                local_files_only=True,
                use_safetensors=True,
                trust_remote_code=False,
                safety_checker=None,
                requires_safety_checker=False,
                dtype=torch.float32 if device == "cpu" and not saving else torch.float16,
            )
            pipeline.set_progress_bar_config(disable=True)
            if saving:
                from engines.diffusers_saving import save_memory

                save_memory(pipeline, device)
            else:
                pipeline.to(device)
            self._pipeline, self._forming = pipeline, diffusers_preview.Forming(pipeline)
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
        if isinstance(request, UpscaleRequest):
            yield from self._enlarge(request, stop)
            return
        asked = expect(request, ImageRequest, self.spec)
        pipeline, forming = loaded(self._pipeline, self.spec), loaded(self._forming, self.spec)
        self.check(self.spec, asked)
        able = self.image_range(self.spec)
        pipeline = self._scheduled(pipeline, asked)
        source: dict[str, object] = {}
        if asked.image is not None:
            pipeline, asked, source = diffusers_edit.pipeline_for(pipeline, asked, self.spec, able)
        steps = asked.num_inference_steps or (able.hd_steps if asked.quality == "hd" else able.steps)
        strength = source.get("strength")
        if isinstance(strength, float):
            steps, steps_run = diffusers_edit.steps_of(asked, steps, strength)
        else:
            steps_run = steps
        seed = secrets.randbelow(2**32) if asked.seed is None else asked.seed
        total = steps_run * asked.num_images
        yield Progress(0, total, _too_long(pipeline, asked.prompt))
        settings = {**self._settings(pipeline, asked, steps, able), **source}
        told = _told(pipeline, settings)
        with self._fitted(pipeline, settings, able, asked.memory):
            for index in range(asked.num_images):
                if stop.is_set():
                    return
                drawn = (seed + index) % 2**32
                for event in _steps(pipeline, {**settings, "generator": _generator(drawn)}, stop, forming):
                    if isinstance(event, Progress):
                        yield Progress(index * steps_run + min(event.step, steps_run), total, preview=event.preview)
                    else:
                        yield Picture(_png(event), event.width, event.height, drawn, told)

    def _enlarge(self, asked: UpscaleRequest, stop: Stop) -> Iterator[EngineEvent]:
        pipeline, forming = loaded(self._pipeline, self.spec), loaded(self._forming, self.spec)
        able = self.image_range(self.spec)
        self.check(self.spec, asked)
        settings = diffusers_upscale.settings_for(pipeline, asked, able.steps, able.guidance_scale or 0)
        yield Progress(0, able.steps)
        with self._fitted(pipeline, settings, able, None, asked.scale):
            for event in _steps(pipeline, {**settings, "generator": _generator(0)}, stop, forming):
                if isinstance(event, Progress):
                    yield Progress(min(event.step, able.steps), able.steps, preview=event.preview)
                else:
                    yield Picture(_png(event), event.width, event.height, None, _told(pipeline, settings))

    def _fitted(
        self, pipeline: "DiffusionPipeline", settings: Mapping[str, object], able: ImageRange,
        memory: ImageMemory | None, scale: int = 1,
    ) -> AbstractContextManager[None]:  # fmt: skip
        """Return what makes the pipeline take no more memory than it needs to for a picture.

        Raises:
            DoesNotFit: So much is not free now.
        """
        folder = model_path(self.spec)
        size = diffusers_edit.size_of(settings, able.side_px, scale)
        # The model itself is in memory already.
        room = diffusers_memory.free_bytes() + diffusers_memory.weights_bytes(self.spec, folder)
        diffusers_memory.check_size(self.spec, folder, able, size, memory, room)
        return diffusers_memory.fitted(pipeline, tiled=diffusers_memory.tiles(folder, size, memory))

    @staticmethod
    def _scheduled(pipeline: "DiffusionPipeline", asked: ImageRequest) -> "DiffusionPipeline":
        """Return the pipeline with the scheduler asked for, in a shell of its own: the parts are shared."""
        if asked.scheduler is None:
            return pipeline
        import diffusers

        name, extra = diffusers_families.SCHEDULERS[asked.scheduler]
        shell = copy.copy(pipeline)
        shell.scheduler = getattr(diffusers, name).from_config(pipeline.scheduler.config, **extra)  # type: ignore[attr-defined]
        return shell

    def _settings(
        self, pipeline: "DiffusionPipeline", asked: ImageRequest, steps: int, able: ImageRange
    ) -> dict[str, object]:
        guidance = able.guidance_scale if asked.guidance_scale is None else asked.guidance_scale
        settings: dict[str, object] = {"prompt": asked.prompt, "num_inference_steps": steps}
        taken = inspect.signature(type(pipeline).__call__).parameters
        if "guidance_scale" in taken and guidance is not None:
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
        if asked.image is None and able.family != diffusers_families.OTHER and {"width", "height"} <= set(taken):
            settings.setdefault("width", able.side_px)
            settings.setdefault("height", able.side_px)
        return settings

    def unload(self) -> None:
        """Give the memory back."""
        if self._pipeline is None:
            return
        self._pipeline = self._forming = None
        gc.collect()
        import torch

        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def _generator(seed: int) -> "torch.Generator":
    import torch

    # On the CPU also where the model is on a GPU: the same seed then gives the same noise everywhere.
    return torch.Generator("cpu").manual_seed(seed)


def _told(pipeline: "DiffusionPipeline", settings: Mapping[str, object]) -> dict[str, str | int | float]:
    """Return what a picture is drawn with, as it is kept beside it."""
    named = ("num_inference_steps", "guidance_scale", "strength")
    told: dict[str, str | int | float] = {
        name: value for name in named if isinstance(value := settings.get(name), int | float)
    }
    return {**told, "scheduler": type(pipeline.scheduler).__name__.removesuffix("Scheduler")}  # type: ignore[attr-defined]


def _too_long(pipeline: "DiffusionPipeline", prompt: str) -> str:
    """Return a sentence when the model reads only the beginning of the prompt, else ""."""
    tokenizer = getattr(pipeline, "tokenizer", None)
    most = getattr(tokenizer, "model_max_length", None)
    if tokenizer is None or not isinstance(most, int) or most > 100_000:  # transformers' "no limit" is 1e30
        return ""
    tokens = len(tokenizer(prompt).input_ids)
    return f"The model reads {most} tokens; the prompt has {tokens}, so its end is left out." if tokens > most else ""


def _steps(
    pipeline: "DiffusionPipeline", settings: Mapping[str, object], stop: Stop, forming: diffusers_preview.Forming
) -> Iterator["Progress | PIL.Image.Image"]:
    """Run the pipeline on a thread of its own and yield Progress a step, then the image.

    A pipeline tells its steps by callback only; raising there is what ends it within one step.
    """
    told: queue.SimpleQueue[Progress | PIL.Image.Image | Exception] = queue.SimpleQueue()
    left = threading.Event()
    shown_at, due = time.monotonic(), False

    def wanted() -> bool:  # told before a step: looking into it costs, so only those are that will be shown
        nonlocal due
        due = time.monotonic() - shown_at >= PREVIEW_EVERY_S
        return due

    pipeline, foreseen = diffusers_preview.watched(pipeline, wanted)

    def on_step(_: object, step: int, __: object, values: dict[str, "torch.Tensor"]) -> dict[str, "torch.Tensor"]:
        nonlocal shown_at
        if stop.is_set() or left.is_set():
            raise _Stopped
        preview = None
        if due and "latents" in values:
            shown_at = time.monotonic()
            latents = foreseen.latents()
            preview = forming.jpeg(values["latents"] if latents is None else latents)
        told.put(Progress(step + 1, 0, preview=preview))
        return values

    def work() -> None:
        try:
            # Every text-to-image pipeline is callable; their common base class does not say so.
            made = pipeline(**settings, **_followed(pipeline, on_step), output_type="pil")  # type: ignore[operator]
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


def _followed(pipeline: "DiffusionPipeline", on_step: OnStep) -> dict[str, object]:
    """Return the arguments by which a pipeline tells its steps; some of those that enlarge know only the older ones."""
    if "callback_on_step_end" in inspect.signature(type(pipeline).__call__).parameters:
        return {"callback_on_step_end": on_step}

    def on_older_step(step: int, time_step: object, latents: "torch.Tensor") -> None:
        on_step(pipeline, step, time_step, {"latents": latents})

    return {"callback": on_older_step, "callback_steps": 1}


def _mapped(exc: Exception) -> StudioError:
    """Return the error of ours that a pipeline's exception means."""
    import torch

    if isinstance(exc, StudioError):
        return exc
    if isinstance(exc, torch.cuda.OutOfMemoryError | MemoryError) or "allocate memory" in str(exc):
        return DoesNotFit("There was not enough memory for that image. Choose a smaller size.", ran_out=True)
    if isinstance(exc, ValueError | TypeError):
        return InvalidRequest(f"The model can't do that: {brief(exc)}")
    return EngineFailed(f"The image could not be made: {brief(exc)}")


def _png(image: "PIL.Image.Image") -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
