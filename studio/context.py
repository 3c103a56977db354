"""How a model is loaded for a request: a chat's context length, and how a picture saves memory."""

from dataclasses import replace

import engines
from contract.engine import Engine
from contract.errors import InvalidRequest
from contract.image_requests import ImageRequest
from contract.models import ContextRange, ModelSpec
from contract.requests import ChatRequest, Request


def range_of(spec: ModelSpec) -> ContextRange | None:
    """Return the lengths that a model can be asked for; None: its engine can't choose. May wait for a server."""
    engine = engines.ENGINES[spec.engine]
    engines.require(engine)
    return engine.context_range(spec)


def length_of(chat: ChatRequest, spec: ModelSpec, engine: Engine) -> int | None:
    """Return how many tokens a loaded model takes for a chat; None: nobody says before it is asked."""
    if chat.context_tokens is not None or engine.context_tokens is not None:
        return chat.context_tokens if engine.context_tokens is None else engine.context_tokens
    known = range_of(spec)
    return None if known is None else known.usual


def spec_for(request: Request, spec: ModelSpec) -> ModelSpec:
    """Return the model as it must be loaded for a request.

    Raises:
        InvalidRequest: The context length is not one that it can have.
    """
    if isinstance(request, ImageRequest) and request.memory is not None:
        return replace(spec, options={**spec.options, "memory": request.memory})
    if not isinstance(request, ChatRequest) or request.context_tokens is None or spec.remote:
        return spec  # a server elsewhere knows best what it takes
    known, asked = range_of(spec), request.context_tokens
    if known is not None and not known.least <= asked <= known.most:
        raise InvalidRequest(
            f"context_tokens is {asked:,}; {spec.id} takes {known.least:,} to {known.most:,}.", field="context_tokens"
        )
    return engines.ENGINES[spec.engine].with_context(spec, asked)
