"""A conversation that is longer than its model's context: which messages are left out, by one rule for all engines.

What stays: every system message, and the last exchange, from the last user message on. The exchanges
before go, the oldest first, until the rest fits beside room for a reply. They go in steps of about a
quarter of the context rather than one by one, so that the next turns begin with the same words and
find them in the prompt cache.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from contract.errors import InvalidRequest
from contract.messages import Message
from contract.requests import ChatRequest

TEMPLATE_TOKENS = 64  # what a chat template adds to a message, at most
_REPLY_TOKENS = 512
_STEP_BYTES = 1  # for each token of the context: a quarter of it at the four bytes that a token has in English


@dataclass(frozen=True, slots=True)
class Fitted:
    """What the model is given, and how many messages before it are left out; system messages never are."""

    request: ChatRequest
    left_out: int = 0


def too_long(spec_id: str, tokens: int, context_tokens: int) -> InvalidRequest:
    """Return the refusal of a last message that does not fit by itself; its details have both figures."""
    return InvalidRequest(
        f"The last message has {tokens:,} tokens with what belongs to it; {spec_id} takes {context_tokens:,}. "
        "Shorten it, attach it as a file, of which as much is sent as fits, or choose a greater context length or "
        "another model.",
        field="messages",
        tokens=tokens,
        context_tokens=context_tokens,
    )


def longest(messages: Sequence[Message], more: str = "") -> int:
    """Return how many tokens messages and a text have at most: a token has a byte at least."""
    texts = [message.content for message in messages] + [more]
    return sum(len(text.encode(errors="replace")) + TEMPLATE_TOKENS for text in texts)


def fit(chat: ChatRequest, context_tokens: int, count: Callable[[ChatRequest], int]) -> Fitted:
    """Leave out what does not fit.

    Args:
        context_tokens: The context's length.
        count: Tells how many tokens a request has; asked only where it may be too many.

    Returns:
        The request as it can be asked. It may still be too long where its last exchange alone is.
    """
    room = context_tokens - min(chat.max_tokens or _REPLY_TOKENS, _REPLY_TOKENS, context_tokens // 4)
    tools = "".join(tool.description + tool.parameters for tool in chat.tools)
    if chat.raw or longest(chat.messages, tools) <= room:
        return Fitted(chat)
    cuts = _cuts(chat.messages, context_tokens * _STEP_BYTES)
    if not cuts or count(chat) <= room:
        return Fitted(chat)
    low, high = 0, len(cuts) - 1
    while low < high:
        middle = (low + high) // 2
        if count(_without(chat, cuts[middle])) <= room:
            high = middle
        else:
            low = middle + 1
    return Fitted(_without(chat, cuts[low]), sum(turn.role != "system" for turn in chat.messages[: cuts[low]]))


def _cuts(messages: Sequence[Message], step: int) -> list[int]:
    """Return the places that a conversation may begin at instead, the one that leaves out least first."""
    asked = [place for place, turn in enumerate(messages) if turn.role == "user"]
    begins = [place for place in asked if place and messages[place - 1].role != "user"]
    begins = [place for place in begins if any(turn.role != "system" for turn in messages[:place])]
    cuts, passed, done = [], 0, 0
    for place in begins:
        before = passed
        passed += sum(len(turn.content.encode(errors="replace")) for turn in messages[done:place])
        if passed // step > before // step or place == begins[-1]:
            cuts.append(place)
        done = place
    return cuts


def _without(chat: ChatRequest, cut: int) -> ChatRequest:
    kept = tuple(turn for place, turn in enumerate(chat.messages) if place >= cut or turn.role == "system")
    return replace(chat, messages=kept)
