"""Titles that a chat model proposes for a conversation: what it is asked, and which answers are taken."""

import re
from collections.abc import Sequence

from contract.messages import Message
from contract.requests import ChatRequest

EXCHANGES = 2  # later than this, the first words stay the title
MAX_TOKENS = 16
TITLE_CHARACTERS = 60
WORDS_MOST = 9
TURN_CHARACTERS = 600
ASK = "Name the topic of this conversation in two to five words. Answer with the name alone."
_LEAD = re.compile(r"^\s*(?:[#>*\-\d.]+\s+)*(?:\W*(?:title|topic|name|tytuł|temat)\s*:\s*)?", re.IGNORECASE)
# Emphasis, code, strikes, headings and links; an underscore within a word is no emphasis.
_MARKS = re.compile(r"\*+|`+|~~|(?<!\w)_+(?=\S)|(?<=\S)_+(?!\w)|(?<!\S)#+(?=\s)")
_LINK = re.compile(r"!?\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])")
_EDGES = re.compile(r"^\W+|[^\w)?!]+$")
_WORD = re.compile(r"\w{4,}")


def request(turns: Sequence[Message], model: str, context_tokens: int | None = None) -> ChatRequest | None:
    """Return what to ask for a title; None where there is no exchange yet.

    The turns come first and unchanged, so that an engine finds them in its prompt cache.

    Args:
        context_tokens: Of the request before, for another one would have the model loaded anew.
    """
    if len(turns) < 2 or sum(len(turn.content) for turn in turns) > TURN_CHARACTERS * 2 * EXCHANGES * 2:
        return None
    messages = (*turns, Message("user", ASK))
    return ChatRequest(
        messages=messages,
        model=model,
        max_tokens=MAX_TOKENS,
        temperature=0.2,
        context_tokens=context_tokens,
        private=True,
    )


def clean(answer: str, turns: Sequence[str]) -> str | None:
    """Return a model's answer as a title; None where it is none, and the first words are the better one.

    A small model often answers something else altogether: a title must share a word with the conversation.
    """
    line = next((line for line in answer.strip().splitlines() if line.strip()), "")
    line = _MARKS.sub("", _LINK.sub(r"\1", line))
    title = " ".join(_LEAD.sub("", line, count=1).split())
    title = _EDGES.sub("", title)
    words = {word.casefold()[:5] for word in _WORD.findall(title)}
    said = {word.casefold()[:5] for turn in turns for word in _WORD.findall(turn)}
    if not title or len(title) > TITLE_CHARACTERS or len(title.split()) > WORDS_MOST or not words & said:
        return None
    return title[0].upper() + title[1:]
