"""The context length that a chat is asked to have: its range, and the model that is loaded for it."""

import engines
from contract.errors import InvalidRequest
from contract.models import ContextRange, ModelSpec
from contract.requests import ChatRequest, Request


def range_of(spec: ModelSpec) -> ContextRange | None:
    """Return the lengths that a model can be asked for; None: its engine can't choose. May wait for a server."""
    engine = engines.ENGINES[spec.engine]
    engines.require(engine)
    return engine.context_range(spec)


def spec_for(request: Request, spec: ModelSpec) -> ModelSpec:
    """Return the model as it must be loaded for a request.

    Raises:
        InvalidRequest: The context length is not one that it can have.
    """
    if not isinstance(request, ChatRequest) or request.context_tokens is None or spec.remote:
        return spec  # a server elsewhere knows best what it takes
    known, asked = range_of(spec), request.context_tokens
    if known is not None and not known.least <= asked <= known.most:
        raise InvalidRequest(
            f"context_tokens is {asked:,}; {spec.id} takes {known.least:,} to {known.most:,}.", field="context_tokens"
        )
    return engines.ENGINES[spec.engine].with_context(spec, asked)
