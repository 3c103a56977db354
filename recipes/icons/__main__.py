"""Makes the icons model: ``python -m recipes.icons data|autoencoder|latents|train|export|evaluate|include DIR``.

Everything stands in one folder: ``packages/`` and ``pictures/`` of ``data``, ``vae/`` of ``autoencoder``,
``latents.pt`` and the tokenizer of ``latents``, ``checkpoints/`` of ``train``, and what ``export`` and ``evaluate``
write. ``include`` puts what was exported among the models that come along with Hearth. Each step goes on from what is
there; ``train`` from its last checkpoint, however it ended.
"""

import argparse
import json
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from recipes.icons.pause import Pause
from recipes.icons.pictures import GROUPS
from recipes.icons.pictures import STYLES as DRAWN

if TYPE_CHECKING:
    from recipes.icons.training import Training

STEPS = ("data", "autoencoder", "latents", "train", "export", "evaluate", "include")


def main(arguments: list[str] | None = None) -> None:
    """Do one step."""
    parser = argparse.ArgumentParser(prog="python -m recipes.icons", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("step", choices=STEPS)
    parser.add_argument("folder", type=Path, help="where everything of this model stands")
    parser.add_argument(
        "--styles", nargs="+", choices=DRAWN, default=DRAWN, help="data, latents: which to take (default: all)"
    )
    parser.add_argument(
        "--groups",
        nargs="+",
        choices=tuple(GROUPS),
        default=tuple(GROUPS),
        help="latents: which to take (default: all)",
    )
    parser.add_argument("--still", action="store_true", help="latents: pictures as they are, none moved or shrunk")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads (default: %(default)s)")
    parser.add_argument("--pause-file", type=Path, help="stand still while this file exists")
    parser.add_argument("--crops", type=int, default=40_000, help="autoencoder: how many to see (default: 40,000)")
    parser.add_argument("--pictures", type=int, default=2_000_000, help="train: how many to see (default: 2,000,000)")
    parser.add_argument("--batch", type=int, default=64, help="train: pictures a step (default: %(default)s)")
    parser.add_argument("--rate", type=float, default=8e-4, help="train: learning rate (default: %(default)s)")
    parser.add_argument("--half", action="store_true", help="train: compute in bfloat16")
    parser.add_argument("--plain", action="store_true", help="evaluate: leave the style out of the prompts")
    parser.add_argument("--compile", action="store_true", help="train: compile the UNet first; needs a C++ compiler")
    given = parser.parse_args(arguments)
    import torch

    torch.set_num_threads(given.threads)
    steps = {
        "data": _data, "autoencoder": _autoencoder, "latents": _latents, "train": _train, "export": _export,
        "evaluate": _evaluate, "include": _include,
    }  # fmt: skip
    steps[given.step](given)


def _data(given: argparse.Namespace) -> None:
    from recipes.icons import pictures

    pictures.fetch(given.folder / "packages", given.styles)
    print(f"{pictures.lay_out(given.folder / 'packages', given.folder / 'pictures', given.styles)} pictures")


def _autoencoder(given: argparse.Namespace) -> None:
    from recipes.icons import autoencoder, latents, pictures

    shown = latents.read_pictures(given.folder / "pictures", pictures.read_list(given.folder / "pictures"))
    error = autoencoder.train(
        autoencoder.new(), shown, given.folder / "vae", crops=given.crops, pause=Pause(given.pause_file)
    )
    print(f"error {error:.4f}")


def _latents(given: argparse.Namespace) -> None:
    from diffusers import AutoencoderTiny

    from recipes.icons import captions, latents, pictures

    listed = pictures.read_list(given.folder / "pictures")
    # Once learnt it stays: ties between pairs fall now so, now so, and a text encoder knows the ids it was trained on.
    known = (given.folder / "tokenizer" / "vocab.json").is_file()
    tokenizer = (captions.read_tokenizer if known else partial(captions.train_tokenizer, listed))(
        given.folder / "tokenizer"
    )
    vae = AutoencoderTiny.from_pretrained(given.folder / "vae")
    wanted = {name.code for name in pictures.names(given.folder / "packages", given.groups)}
    taken = [one for one in listed if one.style in given.styles and one.name.code in wanted]
    shown = latents.read_pictures(given.folder / "pictures", taken)
    stock = latents.make(vae, tokenizer, shown, taken, given.folder / "latents.pt", still=given.still)
    print(f"{tuple(stock.latents.shape)} latents, {len(tokenizer)} tokens")


def _training(folder: Path, latents: int, side: int) -> "Training":
    from recipes.icons import captions, model
    from recipes.icons.training import Training

    tokenizer = captions.read_tokenizer(folder / "tokenizer")
    return Training(
        model.new_unet(latents, side),
        model.new_text_encoder(tokenizer),
        model.new_scheduler(),
        folder / "checkpoints",
    )


def _train(given: argparse.Namespace) -> None:
    import torch

    from recipes.icons import latents
    from recipes.icons.training import Plan

    torch.manual_seed(0)
    stock = latents.read(given.folder / "latents.pt")
    training = _training(given.folder, stock.latents.shape[2], stock.latents.shape[-1])
    print(f"{sum(parameter.numel() for parameter in training.parameters) / 1e6:.2f} million parameters", flush=True)
    plan = Plan(pictures=given.pictures, batch=given.batch, rate=given.rate, half=given.half, compiled=given.compile)
    training.run(stock, plan, Pause(given.pause_file))


def _export(given: argparse.Namespace) -> None:
    from diffusers import AutoencoderTiny

    from recipes.icons import captions, latents, model

    stock = latents.read(given.folder / "latents.pt")
    training = _training(given.folder, stock.latents.shape[2], stock.latents.shape[-1])
    training.take_average()
    vae = AutoencoderTiny.from_pretrained(given.folder / "vae")
    tokenizer = captions.read_tokenizer(given.folder / "tokenizer")
    unet, text_encoder = training.unet, training.text_encoder
    model.write(model.assemble(vae, unet, text_encoder, tokenizer), given.folder / "pipeline")
    print(given.folder / "pipeline")


def _evaluate(given: argparse.Namespace) -> None:
    import torch
    from diffusers import StableDiffusionPipeline

    from recipes.icons import evaluation, latents, pictures

    listed = pictures.read_list(given.folder / "pictures")
    shown = latents.read_pictures(given.folder / "pictures", listed)
    pipeline = StableDiffusionPipeline.from_pretrained(given.folder / "pipeline", torch_dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    prompts = evaluation.without_style(evaluation.PROMPTS) if given.plain else evaluation.PROMPTS
    scores = evaluation.evaluate(pipeline, shown, listed, given.folder / "evaluation", prompts=prompts)
    print(json.dumps(asdict(scores), indent=1))


def _include(given: argparse.Namespace) -> None:
    from recipes.icons import inclusion

    size = inclusion.include(given.folder / "pipeline")
    print(f"{size / 1e6:.1f} MB in {inclusion.FOLDER}")


if __name__ == "__main__":
    main()
