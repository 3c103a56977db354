"""The parts of the pipeline: a UNet on 16 x 16 latents, a CLIP text encoder, a scheduler, and all of them together."""

from pathlib import Path

import torch
from diffusers import AutoencoderTiny, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from recipes.icons.captions import MOST_TOKENS

WIDTHS = (64, 96, 128)
TEXT_WIDTH = 192
TEXT_LAYERS = 2
STEPS, GUIDANCE = 20, 4.0


def new_unet(
    latents: int, side: int, widths: tuple[int, ...] = WIDTHS, text_width: int = TEXT_WIDTH
) -> UNet2DConditionModel:
    """Return an untrained UNet; only its smaller levels look at the text."""
    looking = len(widths) - 1
    unet = UNet2DConditionModel(
        sample_size=side,
        in_channels=latents,
        out_channels=latents,
        layers_per_block=1,
        block_out_channels=widths,
        down_block_types=("DownBlock2D", *["CrossAttnDownBlock2D"] * looking),
        up_block_types=(*["CrossAttnUpBlock2D"] * looking, "UpBlock2D"),
        cross_attention_dim=text_width,
        norm_num_groups=16,
        attention_head_dim=4,  # heads, in spite of its name (diffusers#2011)
    )
    return unet.to(memory_format=torch.channels_last)  # type: ignore[no-any-return]


def new_text_encoder(tokenizer: CLIPTokenizer, width: int = TEXT_WIDTH, layers: int = TEXT_LAYERS) -> CLIPTextModel:
    """Return an untrained text encoder for the tokenizer's vocabulary."""
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=width,
            intermediate_size=4 * width,
            num_hidden_layers=layers,
            num_attention_heads=4,
            max_position_embeddings=MOST_TOKENS,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )


def new_scheduler() -> DDIMScheduler:
    """Return the noise schedule: v-prediction that begins at noise alone (Lin and others, 2023)."""
    return DDIMScheduler(
        beta_schedule="scaled_linear",
        beta_start=0.00085,
        beta_end=0.012,
        prediction_type="v_prediction",
        rescale_betas_zero_snr=True,
        timestep_spacing="trailing",
        clip_sample=False,
        set_alpha_to_one=True,
        steps_offset=1,
    )


def assemble(
    vae: AutoencoderTiny, unet: UNet2DConditionModel, text_encoder: CLIPTextModel, tokenizer: CLIPTokenizer
) -> StableDiffusionPipeline:
    """Return the whole pipeline."""
    return StableDiffusionPipeline(
        vae=vae,
        unet=unet,
        text_encoder=text_encoder,
        tokenizer=tokenizer,
        scheduler=new_scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def write(pipeline: StableDiffusionPipeline, folder: Path) -> None:
    """Write the pipeline as half-precision safetensors."""
    pipeline.to(dtype=torch.float16).save_pretrained(folder, safe_serialization=True)
