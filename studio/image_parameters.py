"""How a picture was made, kept inside its PNG: the ``parameters`` text that other tools read, and our own JSON.

The text is that of AUTOMATIC1111's web UI: the prompt, a line with the negative prompt, and a line of settings. Our
JSON, under ``hearth``, has the request's fields by their names. Read back, ours comes first.
"""

import contextlib
import io
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import BinaryIO

from contract.errors import InvalidRequest
from contract.events import Picture
from contract.image_requests import ImageRequest, UpscaleRequest
from contract.requests import Request
from studio import png_text

# What AUTOMATIC1111 calls the schedulers that can be asked for.
SAMPLERS = {
    "ddim": "DDIM",
    "euler": "Euler",
    "euler_a": "Euler a",
    "heun": "Heun",
    "dpm++_2m": "DPM++ 2M",
    "dpm++_2m_karras": "DPM++ 2M Karras",
    "dpm++_2m_sde": "DPM++ 2M SDE",
    "unipc": "UniPC",
    "lcm": "LCM",
}
_SCHEDULERS = {name.lower(): key for key, name in SAMPLERS.items()}
_SETTING = re.compile(r'\s*(\w[\w \-/]*):\s*("(?:\\.|[^\\"])*"|[^,]*)(?:,|$)')
_NEGATIVE = "Negative prompt:"
LEAST_SETTINGS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageParameters:
    """What a picture says of how it was made; None: it does not say."""

    prompt: str = ""
    negative_prompt: str = ""
    model: str | None = None
    width: int | None = None
    height: int | None = None
    num_inference_steps: int | None = None
    guidance_scale: float | None = None
    scheduler: str | None = None
    seed: int | None = None
    strength: float | None = None


def of_picture(request: ImageRequest, model: str, picture: Picture) -> ImageParameters:
    """Return how a picture was made, the model's own defaults among it."""
    drawn = picture.settings

    def number(name: str) -> float | None:
        value = drawn.get(name, getattr(request, name, None))
        return value if isinstance(value, int | float) else None

    steps = number("num_inference_steps")
    return ImageParameters(
        prompt=request.prompt,
        negative_prompt=request.negative_prompt,
        model=model,
        width=picture.width,
        height=picture.height,
        num_inference_steps=None if steps is None else int(steps),
        guidance_scale=number("guidance_scale"),
        scheduler=request.scheduler,
        seed=picture.seed,
        strength=number("strength") if request.image is not None else None,
    )


def kept_in(picture: Picture, request: Request, model: str) -> bytes:
    """Return a picture's PNG with what it says of how it was made; an enlarged one says what it was enlarged from."""
    if isinstance(request, ImageRequest):
        sampler = str(picture.settings.get("scheduler", ""))
        return written(picture.png, of_picture(request, model, picture), sampler)
    if isinstance(request, UpscaleRequest) and request.image.startswith(png_text.MAGIC):
        with contextlib.suppress(InvalidRequest):
            texts = png_text.texts_of(io.BytesIO(request.image))
            return png_text.with_text(
                picture.png, {name: texts[name] for name in ("parameters", "hearth") if name in texts}
            )
    return picture.png


def written(png: bytes, made: ImageParameters, sampler: str = "") -> bytes:
    """Return the PNG with both texts; ``sampler`` is what its scheduler is called where none was asked for."""
    own = {name: value for name, value in asdict(made).items() if value not in (None, "")}
    return png_text.with_text(
        png, {"parameters": as_text(made, sampler), "hearth": json.dumps(own, ensure_ascii=False)}
    )


def as_text(made: ImageParameters, sampler: str = "") -> str:
    """Return the ``parameters`` text."""
    named = SAMPLERS.get(made.scheduler or "", made.scheduler or sampler)
    settings = {
        "Steps": made.num_inference_steps,
        "Sampler": named or None,
        "CFG scale": made.guidance_scale,
        "Seed": made.seed,
        "Size": f"{made.width}x{made.height}" if made.width and made.height else None,
        "Model": made.model,
        "Denoising strength": made.strength,
        "Version": "Hearth",
    }
    line = ", ".join(f"{name}: {_quoted(value)}" for name, value in settings.items() if value is not None)
    negative = [f"{_NEGATIVE} {made.negative_prompt}"] if made.negative_prompt else []
    return "\n".join([made.prompt, *negative, line])


def _quoted(value: str | int | float) -> str:
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return json.dumps(text, ensure_ascii=False) if re.search(r'[,:\n"]', text) else text


def read(file: BinaryIO) -> ImageParameters:
    """Return what a PNG says of how it was made.

    Raises:
        InvalidRequest: It is no PNG, or says nothing.
    """
    texts = png_text.texts_of(file)
    if "hearth" in texts:
        try:
            return _own(json.loads(texts["hearth"]))
        except (ValueError, RecursionError) as exc:
            raise InvalidRequest("What this picture says of how it was made can't be read.") from exc
    if "parameters" in texts:
        return of_text(texts["parameters"])
    raise InvalidRequest("This picture does not say how it was made: the settings were never in it, or were removed.")


def _own(held: object) -> ImageParameters:
    """Take of our JSON what has the right form; anybody may have written it."""
    if not isinstance(held, dict):
        raise ValueError("it is no object")
    kinds = {str: str, str | None: str, int | None: int, float | None: (int, float)}
    good = {
        field.name: held[field.name]
        for field in fields(ImageParameters)
        if field.name in held
        and isinstance(held[field.name], kinds[field.type])  # type: ignore[index, arg-type]  # a class, as written above
        and not isinstance(held[field.name], bool)
    }
    return ImageParameters(**good)


def of_text(text: str) -> ImageParameters:
    """Return what a ``parameters`` text says, of this or another tool."""
    *lines, last = text.strip().split("\n")
    settings = {name.strip().lower(): _unquoted(value) for name, value in _SETTING.findall(last)}
    if len(settings) < LEAST_SETTINGS:
        lines, settings = [*lines, last], {}
    prompt, _, negative = "\n".join(lines).partition(_NEGATIVE)
    width, _, height = settings.get("size", "").partition("x")
    return ImageParameters(
        prompt=prompt.strip(),
        negative_prompt=negative.strip(),
        model=settings.get("model"),
        width=_whole(width),
        height=_whole(height),
        num_inference_steps=_whole(settings.get("steps")),
        guidance_scale=_number(settings.get("cfg scale")),
        scheduler=_scheduler(settings),
        seed=_whole(settings.get("seed")),
        strength=_number(settings.get("denoising strength")),
    )


def _scheduler(settings: Mapping[str, str]) -> str | None:
    # Newer versions of the web UI tell the spacing of the steps apart from the sampler.
    sampler, spacing = settings.get("sampler", "").lower(), settings.get("schedule type", "").lower()
    return _SCHEDULERS.get(f"{sampler} {spacing}") or _SCHEDULERS.get(sampler)


def _unquoted(value: str) -> str:
    if not value.startswith('"'):
        return value.strip()
    try:
        return str(json.loads(value))
    except ValueError:
        return value.strip('"')


def _number(text: str | None) -> float | None:
    try:
        return float(text or "")
    except ValueError:
        return None


def _whole(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 20 else None
