"""The autoencoder: a linear encoder to 16 x 16 latents, and a small decoder that makes sharp pixels of them.

The encoder is four convolutions without anything between them, so that it is linear, costs next to nothing and gives
latents as plain as the principal components of patches; the decoder does the work, most of it below full size. Both
are a diffusers ``AutoencoderTiny``. It learns on crops, for all of it is local.
"""

import math
import random
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from diffusers import AutoencoderTiny
from torch.nn import functional

from recipes.icons.pause import Pause

CHANNELS = 32
LATENTS = 12
CROP_PX = 64
BATCH = 16
RATE = 2e-3
# How much it costs when a latent channel's mean is not 0 or its deviation not 1.
EVEN = 0.01


def new(channels: int = CHANNELS, latents: int = LATENTS, blocks: Sequence[int] = (2, 2, 1, 0)) -> AutoencoderTiny:
    """Return an untrained autoencoder that makes a latent of each 8 x 8 pixels."""
    return AutoencoderTiny(
        latent_channels=latents,
        encoder_block_out_channels=(channels,) * 4,
        decoder_block_out_channels=(channels,) * 4,
        num_encoder_blocks=(0, 0, 0, 0),
        num_decoder_blocks=tuple(blocks),
        scaling_factor=1.0,
    )


def train(
    autoencoder: AutoencoderTiny, pictures: torch.Tensor, folder: Path, *, crops: int, pause: Pause,
    save_every_s: float = 300,
) -> float:  # fmt: skip
    """Learn from so many crops, those of earlier sittings among them, and write the autoencoder into ``folder``.

    Args:
        autoencoder: Changed in place. Where ``folder`` has a checkpoint, it goes on from that.
        pictures: uint8 (n, 3, height, width).
        folder: Where to write it, and beside it the checkpoint.
        crops: How many to have seen at the end.
        pause: Told before each step.
        save_every_s: Seconds between two checkpoints.

    Returns:
        The mean absolute error of the last steps, of pixels in [0, 1].
    """
    checkpoint = folder.with_name(f"{folder.name}.pt")
    optimizer = torch.optim.AdamW(autoencoder.parameters(), lr=RATE, betas=(0.9, 0.99), weight_decay=0)
    seen, error = 0, 1.0
    if checkpoint.is_file():
        held = torch.load(checkpoint, weights_only=True)
        autoencoder.load_state_dict(held["autoencoder"])
        optimizer.load_state_dict(held["optimizer"])
        seen, error = held["seen"], held["error"]
    else:
        even_out(autoencoder, pictures)
    autoencoder.train()
    saved = told = time.monotonic()
    while seen < crops:
        pause.wait()
        for group in optimizer.param_groups:  # up over 50 steps, then down to a tenth along half a cosine
            group["lr"] = RATE * min(1.0, (seen / BATCH + 1) / 50) * (0.55 + 0.45 * math.cos(math.pi * seen / crops))
        pixel_error = _step(autoencoder, optimizer, _crops(pictures, random.Random(seen)))
        error += (pixel_error - error) * (0.02 if seen else 1.0)
        seen += BATCH
        if time.monotonic() - told > 20:
            told = time.monotonic()
            print(f"{seen} crops, error {error:.4f}", flush=True)
        if time.monotonic() - saved > save_every_s or seen >= crops:
            saved = time.monotonic()
            _save(checkpoint, autoencoder, optimizer, seen, error)
    even_out(autoencoder, pictures)
    autoencoder.eval()
    autoencoder.save_pretrained(folder)
    return error


def _step(autoencoder: AutoencoderTiny, optimizer: torch.optim.Optimizer, batch: torch.Tensor) -> float:
    with torch.autocast("cpu", torch.bfloat16):
        latents = autoencoder.encoder(batch)
        made = autoencoder.decoder(latents)
    loss, pixel_error = _loss(made.float(), batch)
    loss = loss + EVEN * _uneven(latents.float())
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(autoencoder.parameters(), 1.0)
    optimizer.step()
    return pixel_error


def _save(file: Path, autoencoder: AutoencoderTiny, optimizer: torch.optim.Optimizer, seen: int, error: float) -> None:
    part = file.with_suffix(".part")
    states = {"autoencoder": autoencoder.state_dict(), "optimizer": optimizer.state_dict()}
    torch.save({**states, "seen": seen, "error": error}, part)
    part.replace(file)


def _crops(pictures: torch.Tensor, chance: random.Random) -> torch.Tensor:
    """Return crops as float32 (BATCH, 3, CROP_PX, CROP_PX) in [-1, 1], on the grid of the latents."""
    found = []
    side = pictures.shape[-1]
    crop = min(CROP_PX, side)
    for _ in range(BATCH):
        top, left = (8 * chance.randint(0, (side - crop) // 8) for _ in range(2))
        found.append(pictures[chance.randrange(len(pictures)), :, top : top + crop, left : left + crop])
    return torch.stack(found).float().div(127.5).sub(1).contiguous(memory_format=torch.channels_last)


def _loss(made: torch.Tensor, wanted: torch.Tensor) -> tuple[torch.Tensor, float]:
    """Return pixels' error and edges' error together, and the first alone for pixels in [0, 1]."""
    pixels = (made - wanted).abs().mean()
    edges = pixels.new_zeros(())
    for axis in (2, 3):
        edges = edges + (made.diff(dim=axis) - wanted.diff(dim=axis)).abs().mean()
    coarse = (functional.avg_pool2d(made, 4) - functional.avg_pool2d(wanted, 4)).abs().mean()
    return pixels + edges + coarse, float(pixels.detach()) / 2


def _uneven(latents: torch.Tensor) -> torch.Tensor:
    return latents.mean((0, 2, 3)).square().sum() + (latents.std((0, 2, 3)) - 1).square().sum()


@torch.no_grad()
def even_out(autoencoder: AutoencoderTiny, pictures: torch.Tensor) -> None:
    """Shift and scale the latents to mean 0 and deviation 1, and undo that at the decoder's door.

    The decoder squashes latents beyond 3 before that door, so this is exact only for those well within; it is done
    before the training, which keeps them so, and once more after it for the little that is left.
    """
    latents = encode(autoencoder, pictures[:: max(1, len(pictures) // 512)])
    mean, deviation = latents.mean((0, 2, 3)), latents.std((0, 2, 3))
    last, first = autoencoder.encoder.layers[-1], autoencoder.decoder.layers[0]
    last.weight.div_(deviation[:, None, None, None])
    last.bias.sub_(mean).div_(deviation)
    first.bias.add_((first.weight * mean[None, :, None, None]).sum((1, 2, 3)))
    first.weight.mul_(deviation[None, :, None, None])


@torch.no_grad()
def encode(autoencoder: AutoencoderTiny, pictures: torch.Tensor) -> torch.Tensor:
    """Return latents, float32 (n, LATENTS, height / 8, width / 8), of uint8 (n, 3, height, width)."""
    parts = [autoencoder.encoder(part.float().div(127.5).sub(1)) for part in pictures.split(64)]
    return torch.cat(parts)
