"""Images: the studio's cost over a bare pipeline per step, the first preview, a cancel, memory over 50 images.

The pipeline is the icons model at its real size with random weights, which take as long as trained ones.

Threads of both sides sleep while they wait (``OMP_WAIT_POLICY=passive``), as the engine has them: set here before torch
is imported, for afterwards it has no effect. Measured otherwise, the bare pipeline's threads would spin and the
engine's would not: that compares two policies rather than the studio with nothing. On a machine with nothing else to
do, threads that spin draw somewhat faster on either side; beside another program they wait for each other, and a step
takes many times as long. Memory is that of this process and of the model's own together.
"""

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil

os.environ["OMP_WAIT_POLICY"] = "passive"
import torch

from benchmarks.measure import Effort, Result, Row, Sample, alternate, result, row, run
from benchmarks.servers import data_folder
from recipes.icons import autoencoder, captions, model
from recipes.icons.pictures import Listed, Named
from studio import Artifact, ImageRequest, Progress, Settings, Studio
from studio.manifest import NAME
from tests.echo_models import manifest_of

STEPS, QUICK_STEPS = 20, 4
IMAGES, QUICK_IMAGES = 50, 3
THREADS = 2
PROMPT = "red apple"


def make(data_dir: Path) -> Path:
    """Put the pipeline into a data folder as an installed model; returns its folder."""
    folder = data_dir / "models" / "diffusers" / "icons"
    apple = Listed("", "3d", Named("", (PROMPT,), ("czerwone jabłko",), sided=False))
    tokenizer = captions.train_tokenizer([apple], data_dir / "tokenizer", vocabulary=600)
    torch.manual_seed(0)
    parts = autoencoder.new(), model.new_unet(autoencoder.LATENTS, 16), model.new_text_encoder(tokenizer)
    model.write(model.assemble(*parts, tokenizer), folder)
    (folder / NAME).write_text(manifest_of("icons", "diffusers", "image"), encoding="utf-8")
    return folder


def bare(folder: Path, steps: int) -> Callable[[], Sample]:
    """Return what draws one picture with the pipeline alone."""
    from diffusers import StableDiffusionPipeline

    pipeline = StableDiffusionPipeline.from_pretrained(folder, dtype=torch.float32)  # type: ignore[no-untyped-call]
    pipeline.set_progress_bar_config(disable=True)
    torch.set_num_threads(THREADS)

    def draw() -> Sample:
        # On a thread that ends with it, as the engine's: one that stays would keep its helpers, which then are in the
        # way of the other side's.
        with ThreadPoolExecutor(1) as thread:
            began = time.perf_counter()
            generator = torch.Generator("cpu").manual_seed(1)
            called = thread.submit(pipeline, PROMPT, num_inference_steps=steps, guidance_scale=7.5, generator=generator)
            called.result()
            return {"step": (time.perf_counter() - began) / steps}

    draw()
    return draw


def ours(studio: Studio, steps: int) -> Callable[[], Sample]:
    """Return what draws one picture through the studio: queued, logged, stored."""

    def draw() -> Sample:
        began = time.perf_counter()
        studio.submit(asked(steps)).wait()
        return {"step": (time.perf_counter() - began) / steps, **previewed_and_cancelled(studio)}

    draw()
    return draw


def asked(steps: int) -> ImageRequest:
    """Return the request that both sides draw."""
    return ImageRequest(prompt=PROMPT, num_inference_steps=steps, guidance_scale=7.5, seed=1)


def previewed_and_cancelled(studio: Studio) -> Sample:
    """Begin a long picture, wait for its first preview, and cancel it."""
    began = time.perf_counter()
    job = studio.submit(asked(200))
    for _, event in job.follow():
        if isinstance(event, Artifact) or (isinstance(event, Progress) and event.preview is not None):
            break
    first_s = time.perf_counter() - began
    began = time.perf_counter()
    job.cancel()
    job.wait()
    return {"preview": first_s, "cancel": time.perf_counter() - began}


def grown_mb(studio: Studio, images: int) -> float:
    """Return by how much this process and the model's own grow together over so many pictures in a row, in MB."""

    def taken() -> int:
        me = psutil.Process()
        return sum(process.memory_info().rss for process in (me, *me.children(recursive=True)))

    for _ in range(3):
        studio.submit(asked(2)).wait()
    before = taken()
    for _ in range(images):
        studio.submit(asked(2)).wait()
    return max(0.0, (taken() - before) / 1e6)


def measure(effort: Effort) -> Result:
    """Measure."""
    steps = QUICK_STEPS if effort.quick else STEPS
    images = QUICK_IMAGES if effort.quick else IMAGES
    with data_folder() as data_dir:
        folder = make(data_dir)
        settings = Settings(data_dir=data_dir, ollama_host="http://127.0.0.1:9", no_starters=True, threads=THREADS)
        with Studio.open(settings) as studio:
            made = alternate(ours(studio, steps), bare(folder, steps), effort)
            grown = grown_mb(studio, images)
    limit = "the bare pipeline"
    return result(
        "images",
        made,
        [
            row("images: a step", "ms", made, "step", limit, scale=1000, aim=1.03, aim_of="ratio"),
            row("images: first preview", "ms", made, "preview", "", scale=1000),
            row("images: from a cancel to its end", "ms", made, "cancel", "", scale=1000),
            Row(what=f"images: growth of memory over {images} in a row", unit="MB", hearth=grown),
        ],
    )


if __name__ == "__main__":
    run("images", __doc__ or "", measure)
