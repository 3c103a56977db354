"""Looks at what the model draws: a grid of fixed prompts, a retrieval score against chance, and a memorisation check.

Pictures are compared as 32 x 32 pixels, so colour and shape count and fine lines do not. Retrieval: is the nearest
training picture one whose names and keywords hold the prompt's word? Chance is the share of training pictures that do.
Memorisation: how far a drawing is from its nearest training picture, beside how far that one is from its own nearest
neighbour; a copy is far nearer than any neighbour.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from diffusers import StableDiffusionPipeline
from PIL import Image
from torch.nn import functional

from recipes.icons.model import GUIDANCE, STEPS
from recipes.icons.pictures import Listed

# A prompt and the word that a fitting training picture has among its names or keywords; the last ones of the English
# prompts are combinations that the data never had.
PROMPTS: tuple[tuple[str, str], ...] = (
    ("red apple, 3d", "apple"), ("banana, 3d", "banana"), ("strawberry, flat", "strawberry"),
    ("pizza, 3d", "pizza"), ("hamburger, noto", "hamburger"), ("birthday cake, 3d", "cake"),
    ("ice cream, flat", "ice"), ("hot coffee, 3d", "coffee"), ("carrot, noto", "carrot"),
    ("watermelon, 3d", "watermelon"),
    ("cat face, 3d", "cat"), ("dog face, flat", "dog"), ("panda, 3d", "panda"), ("fish, noto", "fish"),
    ("butterfly, 3d", "butterfly"), ("owl, flat", "owl"), ("elephant, 3d", "elephant"), ("snail, noto", "snail"),
    ("penguin, 3d", "penguin"), ("lion, flat", "lion"),
    ("grinning face, 3d", "face"), ("crying face, flat", "cry"), ("angry face, noto", "angry"),
    ("smiling face with sunglasses, 3d", "sunglasses"), ("red heart, 3d", "heart"), ("star, flat", "star"),
    ("house, 3d", "house"), ("car, flat", "car"), ("airplane, 3d", "plane"), ("rocket, noto", "rocket"),
    ("sun, 3d", "sun"), ("crescent moon, flat", "moon"), ("christmas tree, 3d", "tree"), ("rose, noto", "rose"),
    ("guitar, 3d", "guitar"), ("light bulb, flat", "bulb"), ("football, noto", "football"), ("book, 3d", "book"),
    ("blue apple, 3d", "apple"), ("green cat face, 3d", "cat"), ("purple house, flat", "house"),
    ("pink elephant, noto", "elephant"),
    ("czerwone jabłko, 3d", "jabłko"), ("kot, flat", "kot"), ("dom, 3d", "dom"), ("słońce, noto", "słońce"),
    ("ryba, 3d", "ryba"), ("czerwone serce, 3d", "serce"),
)  # fmt: skip
COLUMNS = 8
COMPARED_PX = 32
# A drawing this much nearer to a training picture than that one's own nearest neighbour is a copy.
COPIED = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """What an evaluation found; shares are in [0, 1].

    Attributes:
        nearest, nearest_of_5: Share of prompts whose nearest training picture, or one of the nearest five, fits.
        chance, chance_of_5: What a drawing of a random training picture would score.
        copied: Share of drawings that are all but a training picture.
        distance: The median distance of a drawing to its nearest training picture, as root mean square of [0, 1].
        neighbours: The same between that training picture and its own nearest neighbour.
        seconds: A picture's, on the threads given.
    """

    prompts: int
    steps: int
    guidance: float
    nearest: float
    nearest_of_5: float
    chance: float
    chance_of_5: float
    copied: float
    distance: float
    neighbours: float
    seconds: float


def evaluate(
    pipeline: StableDiffusionPipeline, pictures: torch.Tensor, listed: Sequence[Listed], folder: Path, *,
    prompts: Sequence[tuple[str, str]] = PROMPTS, steps: int = STEPS, guidance: float = GUIDANCE,
) -> Scores:  # fmt: skip
    """Draw the prompts, each with its place as the seed; write ``grid.png`` and ``scores.json`` into ``folder``.

    Args:
        pipeline: Whose pictures to look at.
        pictures: What it was trained on: uint8 (n, 3, height, width).
        listed: Their names, in the same order.
        folder: Where to write.
        prompts: Each with the word that a fitting picture has.
        steps, guidance: How to draw.
    """
    began = time.monotonic()
    drawn = []
    for number, (prompt, _) in enumerate(prompts):
        seeded = torch.Generator("cpu").manual_seed(number)
        made = pipeline(prompt, num_inference_steps=steps, guidance_scale=guidance, generator=seeded)
        drawn.append(made.images[0])
    seconds = (time.monotonic() - began) / len(prompts)
    known, asked = _small(pictures), _small(torch.stack([_tensor(image) for image in drawn]))
    distances = torch.cdist(asked, known) / known.shape[1] ** 0.5
    order = distances.argsort(dim=1)
    among = torch.cdist(known[order[:, 0]], known) / known.shape[1] ** 0.5
    apart = among.topk(2, dim=1, largest=False).values[:, 1]
    fits = torch.tensor([[_fits(one, word) for one in listed] for _, word in prompts])
    share = fits.float().mean(1)
    near = fits.gather(1, order)
    own = distances.gather(1, order[:, :1])[:, 0]
    scores = Scores(
        prompts=len(prompts), steps=steps, guidance=guidance,
        nearest=_mean(near[:, 0]), nearest_of_5=_mean(near[:, :5].any(1)),
        chance=_mean(share), chance_of_5=_mean(1 - (1 - share) ** 5),
        copied=_mean(own < COPIED * apart), distance=round(float(own.median()), 4),
        neighbours=round(float(apart.median()), 4), seconds=round(seconds, 3),
    )  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    _grid(drawn).save(folder / "grid.png")
    (folder / "scores.json").write_text(json.dumps(asdict(scores), indent=1) + "\n", encoding="utf-8")
    return scores


def without_style(prompts: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the prompts without the style behind the comma, as a model of one style is asked."""
    return [(prompt.split(",")[0], word) for prompt, word in prompts]


def _fits(one: Listed, word: str) -> bool:
    said = " ".join((*one.name.en, *one.name.pl)).lower()
    return word in said.replace(",", " ").split() or word in (one.name.en[0], one.name.pl[0])


def _mean(values: torch.Tensor) -> float:
    return round(float(values.float().mean()), 4)


def _tensor(image: Image.Image) -> torch.Tensor:
    flat = torch.frombuffer(bytearray(image.convert("RGB").tobytes()), dtype=torch.uint8)
    return flat.view(image.height, image.width, 3).permute(2, 0, 1)


def _small(pictures: torch.Tensor) -> torch.Tensor:
    parts = [functional.adaptive_avg_pool2d(part.float() / 255, COMPARED_PX) for part in pictures.split(256)]
    return torch.cat(parts).flatten(1)


def _grid(images: Sequence[Image.Image]) -> Image.Image:
    width, height = images[0].size
    rows = -(-len(images) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * width, rows * height), "white")
    for number, image in enumerate(images):
        sheet.paste(image, (number % COLUMNS * width, number // COLUMNS * height))
    return sheet
