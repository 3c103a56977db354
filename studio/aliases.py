"""The names that other programs have built in, and which model of ours answers to each.

A client that was written for another service asks for ``gpt-4o-mini`` or the voice ``alloy``. One
table says that such a name means the default model of its job, or a model of one's choice. It is
kept in the preferences, so that it can be shown, edited and emptied; any name that is neither a
model nor in the table stays unknown. A real model always wins over an alias of the same name, and
a reply tells the real model's.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Literal, get_args

from contract.errors import InvalidRequest
from contract.models import Kind
from store import Preferences

KEY = "aliases"
MOST = 500
NAME = re.compile(r"[^\s\x00-\x1f\x7f]{1,200}")
JobKind = Literal["chat", "translation", "image", "speech", "transcription", "embedding"]
KINDS: tuple[JobKind, ...] = get_args(JobKind)
BUILT_IN: Mapping[JobKind, tuple[str, ...]] = {
    "chat": (
        *("gpt-3.5-turbo", "gpt-4", "gpt-4-turbo", "gpt-4o", "gpt-4o-mini", "chatgpt-4o-latest"),
        *("gpt-4.1", "gpt-4.1-mini", "gpt-4.1-nano", "gpt-5", "gpt-5-mini", "gpt-5-nano"),
        *("o1", "o1-mini", "o3", "o3-mini", "o4-mini", "claude-*"),
    ),
    "image": ("dall-e-2", "dall-e-3", "gpt-image-1", "gpt-image-1-mini"),
    "speech": (
        *("tts-1", "tts-1-hd", "gpt-4o-mini-tts"),
        *("alloy", "ash", "ballad", "cedar", "coral", "echo", "fable", "marin", "nova", "onyx", "sage", "shimmer"),
        "verse",
    ),
    "transcription": ("whisper-1", "gpt-4o-transcribe", "gpt-4o-mini-transcribe"),
    "embedding": ("text-embedding-3-small", "text-embedding-3-large", "text-embedding-ada-002"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """One line of the table.

    Attributes:
        name: What a client asks for; a ``*`` at its end stands for anything.
        kind: The job that it is asked for.
        model: The id of the model that answers; None: the job's default.
    """

    name: str
    kind: JobKind
    model: str | None = None


def built_in() -> list[Alias]:
    """Return the table as it is until somebody edits it."""
    return [Alias(name=name, kind=kind) for kind, names in BUILT_IN.items() for name in names]


class Aliases:
    """The table of one studio.

    Args:
        preferences: Where an edited table is kept.
    """

    def __init__(self, preferences: Preferences) -> None:
        self._preferences = preferences

    def all(self) -> list[Alias]:
        """Return the table."""
        kept = self._preferences.get("", KEY)
        if not isinstance(kept, list):
            return built_in()
        return [Alias(name=line["name"], kind=line["kind"], model=line["model"]) for line in kept]

    def find(self, name: str, kind: Kind) -> Alias | None:
        """Return the line for a name in a job: the exact one, else the longest with a ``*``, else None."""
        lines = [alias for alias in self.all() if alias.kind == kind]
        for alias in lines:
            if alias.name == name:
                return alias
        open_ended = [alias for alias in lines if alias.name.endswith("*") and name.startswith(alias.name[:-1])]
        return max(open_ended, key=lambda alias: len(alias.name), default=None)

    def replace(self, aliases: Iterable[Alias]) -> list[Alias]:
        """Keep another table; an empty one is kept as empty.

        Raises:
            InvalidRequest: A name is malformed or comes twice, or there are too many.
        """
        lines = list(aliases)
        if len(lines) > MOST:
            raise InvalidRequest(f"aliases has {len(lines)} lines; the limit is {MOST}.", field="aliases")
        seen: set[tuple[str, str]] = set()
        for alias in lines:
            if not NAME.fullmatch(alias.name) or "*" in alias.name[:-1]:
                raise InvalidRequest(
                    f"aliases has the name {alias.name[:80]!r}; it must have 1 to 200 characters, no spaces, and a * "
                    "at its end only.",
                    field="aliases",
                )
            if alias.kind not in KINDS:
                raise InvalidRequest(
                    f"aliases has the kind {alias.kind!r}; it must be one of {', '.join(KINDS)}.", field="aliases"
                )
            if (alias.name, alias.kind) in seen:
                raise InvalidRequest(f"aliases has {alias.name!r} for {alias.kind} twice. Leave one.", field="aliases")
            seen.add((alias.name, alias.kind))
        self._preferences.set("", KEY, [asdict(alias) for alias in lines])
        return lines

    def reset(self) -> list[Alias]:
        """Go back to the built-in table."""
        self._preferences.set("", KEY, None)
        return built_in()
