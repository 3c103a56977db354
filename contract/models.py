"""What is known of a model: its id, engine, files, size, languages and licence."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Kind = Literal["chat", "translation", "image", "speech", "transcription", "embedding", "download", "document", "audio"]
Scalar = str | int | float | bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """One model that an engine can load, or that a server elsewhere already holds.

    Attributes:
        id: The name a request uses: lower case, ``[a-z0-9._:/-]``, unique over all engines.
        engine: The name of the engine's class in ``engines.ENGINES``.
        kind: The job it does.
        title: What a person reads.
        paths: Files or folders of the model on this machine, in the order its engine wants;
            two translation folders are the two legs of a pivot. Empty for a remote model.
        size_bytes: Bytes on disk (0 for a remote model).
        memory_bytes: Bytes it takes once loaded, estimated before and measured after.
        languages: ISO 639-1 codes it is good for; empty: not tied to a language.
        source_lang, target_lang: Of a translation model.
        licence: An SPDX identifier or the publisher's words.
        note: One plain sentence on what it is good for and what not.
        remote: It runs in a server elsewhere; loading costs nothing here.
        options: Settings of its engine: JSON scalars.
    """

    id: str
    engine: str
    kind: Kind
    title: str
    paths: tuple[Path, ...] = ()
    size_bytes: int = 0
    memory_bytes: int = 0
    languages: tuple[str, ...] = ()
    source_lang: str | None = None
    target_lang: str | None = None
    licence: str = ""
    note: str = ""
    remote: bool = False
    options: Mapping[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextRange:
    """How many tokens a chat model can read and write at once.

    Attributes:
        least, most: What may be asked for; ``most`` is what the model was trained for.
        usual: What it takes when nothing is asked for; None: the server that runs it decides.
        bytes_per_token: Memory that each token of the length takes here; 0 where it is not this machine's.
    """

    least: int
    most: int
    usual: int | None
    bytes_per_token: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRange:
    """What an image model draws when nothing is asked for, and what may be asked of it.

    Attributes:
        family: What its kind is called.
        side_px: The width and height that it was made for.
        least_px, most_px: What a side may have; ``unit_px``: and what it is a multiple of.
        steps, hd_steps: What it takes by itself, and in high quality; ``most_steps`` may be asked for.
        guidance_scale: What it takes by itself; None: its pipeline decides.
        guided: Whether guidance, and with it a negative prompt, has any effect.
        schedulers: Which may be asked for; empty: its own alone.
        enlarges: How many times it makes a picture larger; None: it draws.
    """

    family: str
    side_px: int
    least_px: int
    most_px: int
    unit_px: int
    steps: int
    hd_steps: int
    most_steps: int
    guidance_scale: float | None
    guided: bool
    schedulers: tuple[str, ...]
    enlarges: int | None = None
