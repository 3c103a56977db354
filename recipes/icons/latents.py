"""Latents and token ids of every picture, made once and kept on disk, so that no training step encodes a picture."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from diffusers import AutoencoderTiny
from PIL import Image
from torch.nn import functional
from transformers import CLIPTokenizer

from recipes.icons import autoencoder as coding
from recipes.icons.captions import MOST_TOKENS, caption
from recipes.icons.pictures import Listed

# Captions are drawn anew for each picture this many times, then taken from that stock.
CAPTIONS = 12


@dataclass(frozen=True, slots=True)
class Stock:
    """What a training draws from.

    Attributes:
        latents: float16 (n, variants, channels, height, width); variant 0 is the picture as it is.
        mirrored: bool (n,), whether variants may be mirrored in any direction.
        tokens: int64 (n, captions, MOST_TOKENS).
    """

    latents: torch.Tensor
    mirrored: torch.Tensor
    tokens: torch.Tensor


def read_pictures(folder: Path, listed: Sequence[Listed]) -> torch.Tensor:
    """Return the pictures as uint8 (n, 3, height, width)."""
    found = []
    for one in listed:
        with Image.open(folder / one.file) as picture:
            flat = torch.frombuffer(bytearray(picture.convert("RGB").tobytes()), dtype=torch.uint8)
            found.append(flat.view(picture.height, picture.width, 3).permute(2, 0, 1).contiguous())
    return torch.stack(found)


def make(
    encoder: AutoencoderTiny,
    tokenizer: CLIPTokenizer,
    pictures: torch.Tensor,
    listed: Sequence[Listed],
    file: Path,
    seed: int = 0,
    *,
    still: bool = False,
) -> Stock:
    """Encode every picture as it is, mirrored, and moved and shrunk a little; write all of it to ``file``.

    Args:
        still: As it is and mirrored alone, which is learnt with fewer pictures seen.
    """
    chance = random.Random(seed)
    mirrored = torch.tensor([not one.name.sided for one in listed])
    variants = [pictures, *(_moved(pictures, scale, chance) for scale in (() if still else (0.86, 0.93)))]
    seen = []
    for variant in variants:
        flipped = torch.where(mirrored[:, None, None, None], variant.flip(3), variant)
        seen += [coding.encode(encoder, variant).half(), coding.encode(encoder, flipped).half()]
    texts = [caption(one, chance) for one in listed for _ in range(CAPTIONS)]
    ids = tokenizer(texts, padding="max_length", max_length=MOST_TOKENS, truncation=True, return_tensors="pt").input_ids
    stock = Stock(torch.stack(seen, dim=1), mirrored, ids.view(len(listed), CAPTIONS, MOST_TOKENS))
    torch.save({"latents": stock.latents, "mirrored": stock.mirrored, "tokens": stock.tokens}, file)
    return stock


def read(file: Path) -> Stock:
    """Return what ``make`` wrote."""
    held = torch.load(file, weights_only=True)
    return Stock(held["latents"], held["mirrored"], held["tokens"])


def _moved(pictures: torch.Tensor, scale: float, chance: random.Random) -> torch.Tensor:
    """Return the pictures smaller, each at a place of its own, on white."""
    side = pictures.shape[-1]
    inner = round(side * scale)
    sheet = torch.full_like(pictures, 255)
    for number, part in enumerate(pictures):
        small = functional.interpolate(part[None].float(), size=(inner, inner), mode="area")[0].round().byte()
        top, left = chance.randint(0, side - inner), chance.randint(0, side - inner)
        sheet[number, :, top : top + inner, left : left + inner] = small
    return sheet


def batches(stock: Stock, size: int, seen: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Yield latents, float32 (size, channels, height, width), and token ids (size, MOST_TOKENS), for ever.

    What comes follows from ``seen`` alone, so that a training that was cut off goes on with what it has not had.
    """
    count, variants = stock.latents.shape[:2]
    while True:
        order = torch.Generator().manual_seed(seen // count)
        mixed = torch.randperm(count, generator=order)
        place = seen % count
        picked = mixed[place : place + size]
        if len(picked) < size:
            picked = torch.cat([picked, mixed[: size - len(picked)]])
        chance = torch.Generator().manual_seed(seen + 1)
        variant = torch.randint(variants, (size,), generator=chance)
        words = torch.randint(stock.tokens.shape[1], (size,), generator=chance)
        seen += size
        yield stock.latents[picked, variant].float(), stock.tokens[picked, words]
