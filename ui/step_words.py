"""The steps of an audio edit in words, as the editor lists them and a plan shows them."""

from collections.abc import Mapping, Sequence

from studio import Step, step_told
from ui.words import Words

MUTE_DB = -60


def describe(step: Step, words: Words, names: Mapping[str, str]) -> str:
    """Return what a step does, in one line.

    Args:
        names: Of recordings by their ids, for those that are joined.
    """
    given = step_told(step)
    start, end = _span(given, words)
    match step.op:
        case "trim" | "cut":
            return words(f"st_{step.op}", start=start, end=end)
        case "fade":
            parts = [
                words(f"st_fade_{way}", n=_time(given[f"{way}_s"], words))
                for way in ("in", "out")
                if f"{way}_s" in given
            ]
            return ", ".join([parts[0], *(part[0].lower() + part[1:] for part in parts[1:])])
        case "gain":
            return _gain(given, start, end, words)
        case "normalise":
            return words("st_normalise", n=_number(given.get("lufs", -16.0), words))
        case "speed":
            return words("st_speed", n=_number(given["factor"], words))
        case "pitch":
            by = _float(given["semitones"])
            return words("st_pitch_up" if by >= 0 else "st_pitch_down", n=_number(abs(by), words))
        case "remove_silence":
            longer, keep = given.get("longer_than_s", 0.5), given.get("keep_s", 0.2)
            return words("st_remove_silence", longer=_time(longer, words), keep=_time(keep, words))
        case "denoise":
            return words("st_denoise", n=_number(given.get("strength_db", 12.0), words))
        case "join":
            joined = _texts(given["recordings"])
            return words("st_join", names=", ".join(names.get(each, words("st_gone")) for each in joined))
        case "split":
            return _split(given, words)
        case "convert":
            return _convert(given, words)
        case _:
            return words(f"st_{step.op}")


def _span(given: Mapping[str, object], words: Words) -> tuple[str, str]:
    start, end = given.get("start_s", 0.0), given.get("end_s")
    return (
        words("st_start") if start == 0 else _place(start, words),
        words("st_end") if end is None else _place(end, words),
    )


def _gain(given: Mapping[str, object], start: str, end: str, words: Words) -> str:
    by = _float(given["db"])
    text = words("st_louder" if by >= 0 else "st_quieter", n=_number(abs(by), words))
    if by <= MUTE_DB:
        text = words("st_mute")
    part = "start_s" in given or "end_s" in given
    return f"{text}, {words('st_span', start=start, end=end)}" if part else text


def _split(given: Mapping[str, object], words: Words) -> str:
    if "every_s" in given:
        return words("st_split_every", n=_time(given["every_s"], words))
    if "parts" in given:
        return words("st_split_parts", n=_number(given["parts"], words))
    places = given.get("at_s", ())
    assert isinstance(places, Sequence)
    return words("st_split_at", places=", ".join(_place(each, words) for each in places))


def _convert(given: Mapping[str, object], words: Words) -> str:
    parts = []
    if "format" in given:
        name = str(given["format"])
        parts.append(words("st_convert", format="Opus" if name == "opus" else name.upper()))
    if "bit_rate_kbps" in given:
        parts.append(f"{given['bit_rate_kbps']} kbit/s")
    if "sample_rate_hz" in given:
        parts.append(f"{_number(given['sample_rate_hz'], words)} Hz")
    if "channels" in given:
        parts.append(words(f"st_{given['channels']}"))
    tags = given.get("tags", {})
    assert isinstance(tags, Mapping)
    parts += [f"{name}: {text}" for name, text in tags.items()]
    return ", ".join(parts)


def _texts(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list | tuple) else []


def _float(value: object) -> float:
    assert isinstance(value, int | float)
    return float(value)


def _number(value: object, words: Words) -> str:
    number = _float(value)
    text = f"{abs(number):,.3f}".rstrip("0").rstrip(".").replace(",", "\u202f")
    sign = "−" if number < 0 else ""
    return sign + (text.replace(".", ",") if words.language == "pl" else text)


def _time(value: object, words: Words) -> str:
    return f"{_number(value, words)} s"


def _place(value: object, words: Words) -> str:
    place = _float(value)
    if place < 0:
        return words("st_before_end", n=_time(-place, words))
    if place < 60:
        return _time(place, words)
    minutes, seconds = divmod(place, 60)
    return (
        f"{_number(minutes, words)} min {_time(round(seconds, 3), words)}"
        if seconds
        else f"{_number(minutes, words)} min"
    )
