"""A pipeline in the form that takes less memory: text encoders in 8 bits, weights in 16 until they are used.

On a CPU the denoiser's weights stand in half precision and each layer is widened as it computes, so that a checkpoint
in half precision draws as it does in the full form. On a GPU the parts wait in the machine's memory and come to the
GPU one by one. Text encoders are a large share of the newer models (T5 in FLUX and SD3) and bear 8 bits well: one
scale a row, computed as wide as the rest (Dettmers and others, "LLM.int8()", 2022, without its outliers). The same
seed draws the same picture again in this form, and nearly the same in the full one.
"""

from typing import TYPE_CHECKING

import torch
from diffusers.hooks.layerwise_casting import apply_layerwise_casting
from diffusers.models.modeling_utils import ModelMixin
from torch import nn
from torch.nn import functional

if TYPE_CHECKING:
    from diffusers import DiffusionPipeline

MOST_INT8 = 127


class Int8Linear(nn.Module):
    """A linear layer whose weights are 8-bit numbers; takes and gives what the layer did, (…, in) to (…, out)."""

    weight: torch.Tensor
    scale: torch.Tensor

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        wide = linear.weight.detach().float()
        scale = wide.abs().amax(dim=1, keepdim=True).clamp_min(1e-12) / MOST_INT8
        self.in_features, self.out_features = linear.in_features, linear.out_features
        self.register_buffer("weight", (wide / scale).round().to(torch.int8))
        self.register_buffer("scale", scale)
        self.bias = linear.bias

    def forward(self, given: torch.Tensor) -> torch.Tensor:
        """Compute as wide as ``given``."""
        weight = self.weight.to(given.dtype) * self.scale.to(given.dtype)
        return functional.linear(given, weight, None if self.bias is None else self.bias.to(given.dtype))


def in_8_bits(module: nn.Module) -> int:
    """Put an Int8Linear in the place of every linear layer inside; returns how many there were."""
    count = 0
    for name, child in module.named_children():
        if type(child) is nn.Linear:
            setattr(module, name, Int8Linear(child))
            count += 1
        else:
            count += in_8_bits(child)
    return count


def save_memory(pipeline: "DiffusionPipeline", device: str) -> None:
    """Bring a pipeline that was read in half precision into the saving form.

    Args:
        device: ``cpu``; or a GPU's, to which the parts then come one by one.
    """
    for name, part in pipeline.components.items():  # type: ignore[attr-defined]  # every pipeline has them
        if not isinstance(part, nn.Module):
            continue
        if name.startswith("text_encoder"):
            in_8_bits(part)
        if device == "cpu":
            if isinstance(part, ModelMixin) and name != "vae":
                apply_layerwise_casting(part, storage_dtype=torch.float16, compute_dtype=torch.float32)
            _widen(part)
    if device != "cpu":
        pipeline.enable_model_cpu_offload(device=device)  # type: ignore[attr-defined]


def _widen(module: nn.Module) -> None:
    """Make single precision of all that no hook widens by itself."""
    for part in module.modules():
        if hasattr(part, "_diffusers_hook"):
            continue
        for tensor in (*part.parameters(recurse=False), *part.buffers(recurse=False)):
            if tensor.is_floating_point():
                tensor.data = tensor.data.float()
