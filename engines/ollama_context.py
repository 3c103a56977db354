"""How long the context of an Ollama server's model is, and how long a conversation is for it, as far as can be told.

The server has no call that counts tokens, and drops what does not fit in silence; so the length is
reckoned here, rather too long than too short, and what is left out is told.
"""

from typing import TYPE_CHECKING

from contract.models import ContextRange
from contract.requests import ChatRequest
from engines.trimming import Fitted, fit, longest

if TYPE_CHECKING:
    import ollama

LEAST_TOKENS = 256
_NO_LESS = 2_048  # no Ollama has ever taken a shorter context by itself
_BYTES_PER_TOKEN, _MESSAGE_TOKENS = 3, 8


def context_range(client: "ollama.Client", model: str) -> ContextRange | None:
    """Return the lengths that a model can be asked for; None where the server does not tell."""
    told = client.show(model).modelinfo or {}
    most = next((value for name, value in told.items() if name.endswith(".context_length")), None)
    if not isinstance(most, int) or most < LEAST_TOKENS:
        return None
    return ContextRange(least=LEAST_TOKENS, most=most, usual=None)


def fitted(client: "ollama.Client", model: str, chat: ChatRequest, context_tokens: int | None) -> tuple[Fitted, int]:
    """Return a request as it fits, and the context's length, 0 where nobody knows it.

    Args:
        context_tokens: What the server is asked for; None: what it takes by itself.
    """
    if context_tokens is None and longest(chat.messages) <= _NO_LESS:
        return Fitted(chat), 0
    length = context_tokens or _loaded(client, model)
    return (fit(chat, length, _reckoned) if length else Fitted(chat)), length


def _loaded(client: "ollama.Client", model: str) -> int:
    """Return the context length of a model in the server's memory; 0: it is not there, or the server is too old."""
    for running in client.ps().models:
        if model in (running.model, running.name):
            return int(getattr(running, "context_length", None) or 0)
    return 0


def _reckoned(chat: ChatRequest) -> int:
    return sum(len(turn.content.encode()) // _BYTES_PER_TOKEN + _MESSAGE_TOKENS for turn in chat.messages)
