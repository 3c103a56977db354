"""The training: v-prediction weighted by signal-to-noise, an average of the weights, a checkpoint to go on from.

A step's loss is weighted by the signal-to-noise ratio kept between 1 and 5, over that ratio plus 1: the upper bound is
min-SNR (Hang and others, 2023), the lower one (Salimans and Ho, 2022) keeps the first steps of a drawing, where all
is noise, from weighing nothing. A checkpoint is written whole beside the last one and then takes its place, so that
the process may be ended at any moment.
"""

import json
import os
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from diffusers import DDIMScheduler, UNet2DConditionModel
from torch import nn
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel
from transformers import CLIPTextModel

from recipes.icons.latents import Stock, batches
from recipes.icons.pause import Pause

LEAST_SNR, MOST_SNR = 1.0, 5.0
AVERAGE = 0.9995
WARM_UP_STEPS = 300
# On a processor the fused attention learns in bfloat16 six times slower than plain matrix products (PyTorch 2.13).
ATTENTION = SDPBackend.MATH


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How to train.

    Attributes:
        pictures: How many to have seen at the end, those of earlier sittings among them.
        batch: Pictures a step.
        rate: The learning rate once warm; it falls along half a cosine to a tenth of that at the end.
        save_every_s: Seconds between two checkpoints.
        half: Compute in bfloat16, which is faster only where the processor multiplies matrices in it.
        compiled: Compile the UNet before the first step, which takes a minute or two.
    """

    pictures: int
    batch: int = 64
    rate: float = 8e-4
    save_every_s: float = 300
    half: bool = False
    compiled: bool = False


class Training:
    """One training of a UNet and a text encoder, from its checkpoint on where there is one."""

    def __init__(
        self, unet: UNet2DConditionModel, text_encoder: CLIPTextModel, scheduler: DDIMScheduler, folder: Path
    ) -> None:
        self.unet, self.text_encoder, self.folder = unet, text_encoder, folder
        self.alphas = scheduler.alphas_cumprod
        self.trained: Sequence[nn.Module] = (unet, text_encoder)
        self.parameters = [parameter for module in self.trained for parameter in module.parameters()]
        self.optimizer = torch.optim.AdamW(self.parameters, lr=0.0, betas=(0.9, 0.99), weight_decay=0.01)
        self.average = [parameter.detach().clone() for parameter in self.parameters]
        self.seen, self.steps, self.spent_s, self.loss = 0, 0, 0.0, 0.0
        self._ended = False
        self._predict: Callable[..., tuple[torch.Tensor]] = unet
        if (folder / "checkpoint.pt").is_file():
            self._read()

    def run(self, stock: Stock, plan: Plan, pause: Pause) -> None:
        """Train until ``plan.pictures`` are seen, or a SIGTERM; writes a checkpoint now and then and at the end."""
        before = signal.signal(signal.SIGTERM, self._end)
        saved = told = time.monotonic()
        for module in self.trained:
            module.train()
        if plan.compiled:  # its steps change nothing of the module that is saved
            self._predict = torch.compile(self.unet)  # type: ignore[call-overload]  # a module to PyTorch
        try:
            for latents, tokens in batches(stock, plan.batch, self.seen):
                if self._ended or self.seen >= plan.pictures:
                    break
                pause.wait()
                began = time.monotonic()
                with sdpa_kernel(ATTENTION):
                    self._step(latents, tokens, plan)
                self.spent_s += time.monotonic() - began
                if time.monotonic() - told > 20:
                    told = time.monotonic()
                    self._tell()
                if time.monotonic() - saved > plan.save_every_s:
                    saved = time.monotonic()
                    self.save()
        finally:
            signal.signal(signal.SIGTERM, before)
        self.save()
        self._tell()

    def _step(self, latents: torch.Tensor, tokens: torch.Tensor, plan: Plan) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = self._rate(plan)
        # Reseeded at every step: a sitting that ended and one that went on draw the same noise.
        chance = torch.Generator().manual_seed(self.seen)
        count = len(latents)
        # Spread evenly over the batch, which makes the loss, and so the gradient, less noisy.
        places = (torch.arange(count) + torch.rand(count, generator=chance)) / count
        times = (places * len(self.alphas)).long().clamp_max(len(self.alphas) - 1)
        noise = torch.randn(latents.shape, generator=chance)
        signal_share = self.alphas[times].view(-1, 1, 1, 1)
        noisy = signal_share.sqrt() * latents + (1 - signal_share).sqrt() * noise
        wanted = signal_share.sqrt() * noise - (1 - signal_share).sqrt() * latents
        with torch.autocast("cpu", torch.bfloat16, enabled=plan.half):
            words = self.text_encoder(tokens)[0]
            made = self._predict(noisy.contiguous(memory_format=torch.channels_last), times, words, return_dict=False)[
                0
            ]
        errors = functional.mse_loss(made.float(), wanted, reduction="none").mean((1, 2, 3))
        ratio = signal_share.flatten() / (1 - signal_share.flatten())
        loss = (errors * ratio.clamp(LEAST_SNR, MOST_SNR) / (ratio + 1)).mean()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimizer.step()
        self.steps += 1
        self.seen += count
        self.loss += (float(loss.detach()) - self.loss) * (0.01 if self.steps > 1 else 1.0)
        keep = min(AVERAGE, (1 + self.steps) / (10 + self.steps))
        with torch.no_grad():
            torch._foreach_lerp_(self.average, [one.detach() for one in self.parameters], 1 - keep)

    def _rate(self, plan: Plan) -> float:
        done = min(1.0, self.seen / plan.pictures)
        falling = 0.55 + 0.45 * float(torch.cos(torch.tensor(torch.pi * done)))
        return plan.rate * falling * min(1.0, (self.steps + 1) / WARM_UP_STEPS)

    def _tell(self) -> None:
        told = {
            "pictures": self.seen,
            "steps": self.steps,
            "loss": round(self.loss, 4),
            "pictures_per_s": round(self.seen / max(self.spent_s, 1e-9), 1),
            "trained_s": round(self.spent_s),
        }
        print(json.dumps(told), flush=True)

    def _end(self, *_: object) -> None:
        self._ended = True

    def save(self) -> None:
        """Write the checkpoint."""
        self.folder.mkdir(parents=True, exist_ok=True)
        part = self.folder / "checkpoint.part"
        held = {
            "modules": [module.state_dict() for module in self.trained],
            "average": self.average,
            "optimizer": self.optimizer.state_dict(),
            "figures": {"seen": self.seen, "steps": self.steps, "spent_s": self.spent_s, "loss": self.loss},
        }
        torch.save(held, part)
        os.replace(part, self.folder / "checkpoint.pt")

    def _read(self) -> None:
        held = torch.load(self.folder / "checkpoint.pt", weights_only=True)
        for module, state in zip(self.trained, held["modules"], strict=True):
            module.load_state_dict(state)
        self.average = held["average"]
        self.optimizer.load_state_dict(held["optimizer"])
        figures = held["figures"]
        self.seen, self.steps = figures["seen"], figures["steps"]
        self.spent_s, self.loss = figures["spent_s"], figures["loss"]

    def take_average(self) -> None:
        """Put the averaged weights, which draw better, in place of the last ones."""
        with torch.no_grad():
            for parameter, mean in zip(self.parameters, self.average, strict=True):
                parameter.copy_(mean)
        for module in self.trained:
            module.eval()
