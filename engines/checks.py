"""Checks that every engine makes in the same words: the right request, the right files."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from contract.engine import Engine
from contract.errors import EngineFailed, InvalidRequest, ModelDamaged
from contract.image_requests import ImageRequest, UpscaleRequest
from contract.models import ModelSpec, Scalar
from contract.requests import ChatRequest, Request, TranscribeRequest, TranslateRequest

_LONGEST_REASON = 200  # characters
_R = TypeVar("_R")
_T = TypeVar("_T")


def expect(request: Request, wanted: type[_R], spec: ModelSpec) -> _R:
    """Give ``request`` back as the type this engine takes, or raise InvalidRequest."""
    if not isinstance(request, wanted):
        raise InvalidRequest(
            f"{spec.id} does {spec.kind}, and was asked for {request.kind}. Choose a model for {request.kind}.",
            model=spec.id,
        )
    return request


def check_options(request: Request, spec: ModelSpec, engine: type[Engine]) -> None:
    """Raise InvalidRequest for a field of the request that this engine can't do, by name."""
    for name, wanted in _asked(request).items():
        if wanted and name not in engine.options:
            raise InvalidRequest(f"{spec.id} can't do {name}. Leave it out, or choose another model.", field=name)


def _asked(request: Request) -> dict[str, bool]:
    """Whether a request has each field that not every engine of its kind can do."""
    if isinstance(request, ChatRequest):
        return {
            "json_schema": request.json_schema is not None,
            "raw": request.raw,
            "logprobs": request.logprobs is not None,
            "tools": bool(request.tools) or any(turn.tool_calls or turn.role == "tool" for turn in request.messages),
            "images": any(turn.images for turn in request.messages),
            "context_tokens": request.context_tokens is not None,
        }
    if isinstance(request, TranscribeRequest):
        return {
            "words": request.words,
            "to_english": request.to_english,
            "prompt": bool(request.prompt),
            "temperature": request.temperature is not None,
        }
    if isinstance(request, ImageRequest):
        return {"image": request.image is not None, "mask": request.mask is not None}
    if isinstance(request, UpscaleRequest):
        return {"upscale": True}
    if isinstance(request, TranslateRequest):
        return {"tone": request.tone is not None, "alternatives": request.alternatives > 0}
    return {}


def loaded(part: _T | None, spec: ModelSpec) -> _T:
    """Give the loaded model back, or raise EngineFailed if ``load`` was not called."""
    if part is None:
        raise EngineFailed(f"{spec.id} was asked to run before it was loaded.", model=spec.id)
    return part


def model_path(spec: ModelSpec) -> Path:
    """The model's first path, or raise ModelDamaged if it names none or nothing is there."""
    if not spec.paths:
        raise ModelDamaged(f"{spec.id} names no file. Remove the model and install it again.", model=spec.id)
    path = spec.paths[0]
    try:
        there = path.exists()
    except OSError as exc:  # a folder on the way that may not be read
        raise damaged(spec, str(exc)) from exc
    if not there:
        raise ModelDamaged(
            f"{spec.id} should be at {path}, but nothing is there. Remove the model and install it again.",
            model=spec.id,
        )
    return path


def damaged(spec: ModelSpec, why: str) -> ModelDamaged:
    """The error for files that can't be read: what is wrong with them and what to do."""
    return ModelDamaged(
        f"The files of {spec.id} can't be used: {brief(why).rstrip('.')}. Remove the model and install it again.",
        model=spec.id,
    )


def brief(why: object) -> str:
    """What an exception or a server says, fit for a sentence: one line, not long; its class where it is silent."""
    line = " ".join(str(why).split()) or type(why).__name__
    return line if len(line) <= _LONGEST_REASON else line[:_LONGEST_REASON] + "…"


def read_json(spec: ModelSpec, file: Path) -> None:
    """Raise ModelDamaged unless the file is a JSON object."""
    try:
        if not isinstance(json.loads(file.read_text(encoding="utf-8")), dict):
            raise ValueError("it is no JSON object")
    except (OSError, ValueError, RecursionError) as exc:
        raise damaged(spec, f"{file.name} can't be read ({brief(exc)})") from exc


def number(options: Mapping[str, Scalar], name: str, default: float) -> float:
    """A model's option as a number, or raise ModelDamaged with the value."""
    value = options.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ModelDamaged(f"The model's option {name} is {value!r}; it must be a number.", option=name)
    return value
