"""What one request may ask for, and the checks of single values; errors name the field, the value and the rule."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from contract.errors import InputTooLarge, InvalidRequest
from contract.messages import check_plain, is_object

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")
# A grammar is compiled from it; longer ones take seconds.
SCHEMA_CHARACTERS = 20_000
# A recording's length is known once it is unpacked, so the engine that does looks at this.
AUDIO_SECONDS = 12 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one request may ask for. Characters are Unicode code points."""

    chat_characters: int = 400_000
    translate_characters: int = 200_000
    alternatives: int = 5
    speech_characters: int = 100_000
    narration_characters: int = 1_000_000
    prompt_characters: int = 4_000
    translated_document_bytes: int = 50 * 1024 * 1024
    translated_document_characters: int = 20_000_000
    audio_bytes: int = 200 * 1024 * 1024
    images: int = 8
    image_min_px: int = 64
    image_max_px: int = 2_048
    image_steps: int = 200
    embed_texts: int = 2_048
    embed_characters: int = 1_000_000
    document_bytes: int = 32 * 1024 * 1024
    attachments: int = 10


def check_range(field: str, value: float | None, low: float, high: float) -> None:
    """Refuse what is no number from ``low`` to ``high``."""
    if value is None:
        return
    # A whole number may be too large to be a float, and is finite all the same.
    if isinstance(value, bool) or not (isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))):
        told = repr(value)[:40]
        raise InvalidRequest(
            f"{field} is {told}; it must be a number from {_plain(low)} to {_plain(high)}.", field=field
        )
    if not low <= value <= high:
        raise InvalidRequest(
            f"{field} is {_plain(value)}; it must be from {_plain(low)} to {_plain(high)}.", field=field
        )


def _plain(value: float) -> str:
    """Return a figure as a person writes it: all digits of a whole number, unless there are too many to read."""
    if not isinstance(value, int):
        return f"{value:g}"
    return str(value) if abs(value) < 10**15 else f"{Decimal(value):.3g}"


def check_whole(field: str, value: int | None, low: int, high: int) -> None:
    """Refuse what is no whole number from ``low`` to ``high``."""
    check_range(field, value, low, high)
    if value is not None and not isinstance(value, int):
        raise InvalidRequest(f"{field} is {value!r}; it must be a whole number.", field=field)


def check_choice(field: str, value: str | None, known: Sequence[str]) -> None:
    """Refuse what is none of the known values; None: left out."""
    if value is not None and value not in known:
        raise InvalidRequest(
            f"{field} is {str(value)[:80]!r}; it must be one of {', '.join(known)}, or left out.", field=field
        )


def check_model(name: str | None, field: str = "model") -> None:
    """Refuse what can't be a name, of a model as a rule."""
    if name is not None and not isinstance(name, str):
        raise InvalidRequest(f"{field} is {str(name)[:80]!r}; it must be a {field}'s name.", field=field)


def check_language(field: str, code: str | None) -> None:
    """Refuse what can't be a language's code."""
    if code is not None and (not isinstance(code, str) or not _LANGUAGE.fullmatch(code)):
        raise InvalidRequest(
            f"{field} is {str(code)[:80]!r}; it must be a language's code, like 'en' or 'pl'.", field=field
        )


def check_pair(source_lang: str | None, target_lang: str) -> None:
    """Refuse what can't be a pair of languages; a source of None is still to be found out."""
    if not target_lang:
        raise InvalidRequest("target_lang is empty. Choose the language to translate into.", field="target_lang")
    check_language("target_lang", target_lang)
    check_language("source_lang", source_lang)
    if source_lang is not None and source_lang == target_lang:
        raise InvalidRequest(
            f"source_lang and target_lang are both {target_lang!r}. Choose two languages.", field="target_lang"
        )


def check_text(field: str, text: str, most: int, advice: str = "Send it in parts.") -> None:
    """Refuse an empty text, one with control characters, and one that is too long; ``advice`` ends what that says."""
    if not isinstance(text, str) or not text.strip():
        raise InvalidRequest(f"{field} is empty. Write some text and try again.", field=field)
    check_plain(field, text)
    if len(text) > most:
        raise InputTooLarge(
            f"{field} has {len(text):,} characters; the limit is {most:,}. {advice}", field=field, limit=most
        )


def check_schema(field: str, text: str) -> None:
    """Refuse what is no JSON object, or too long to be compiled."""
    if len(text) > SCHEMA_CHARACTERS:
        raise InputTooLarge(
            f"{field} has {len(text):,} characters; the limit is {SCHEMA_CHARACTERS:,}.",
            field=field,
            limit=SCHEMA_CHARACTERS,
        )
    if not is_object(text):
        raise InvalidRequest(f"{field} is no JSON object. Send a JSON Schema.", field=field)


def are_stops(value: object) -> bool:
    """Whether a value is up to 8 texts of 1 to 200 characters each."""
    if not isinstance(value, tuple | list) or len(value) > 8:  # a notebook may give a list, or one string by mistake
        return False
    return all(isinstance(text, str) and 1 <= len(text) <= 200 for text in value)
