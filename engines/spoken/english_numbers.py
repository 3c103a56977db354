"""English numbers in words: counted, ordered, as years, as fractions, digit by digit.

The words come from Unicode's CLDR through unicode-rbnf, in the American form ("one hundred five").
"""

import functools

from unicode_rbnf import RbnfEngine

from engines.spoken.rules import is_code

_LARGEST = 10**15
_DIGITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
_PARTS = {2: "half", 3: "third", 4: "quarter"}


@functools.cache
def _engine() -> RbnfEngine:
    return RbnfEngine.for_language("en")


@functools.lru_cache(4096)
def _spelled(number: int, ruleset: str) -> str:
    return _engine().format_number(number, ruleset_names=[ruleset]).text


def digits(text: str) -> str:
    """Each digit of ``text`` by itself; other characters are passed over."""
    return " ".join(_DIGITS[int(character)] for character in text if character.isdecimal())


def cardinal(text: str) -> str:
    """A whole number as it is written, "1,234"; a code, "007", is read digit by digit."""
    if is_code(text):
        return digits(text)
    return _spelled(int("".join(filter(str.isdecimal, text)) or "0"), "spellout-cardinal")


def number(text: str) -> str:
    """A number as it is written, with its sign and decimals: "-1,234.50"."""
    sign = "minus " if text[0] in "-−–" else ""
    whole, _, decimals = text.lstrip("-−–+").partition(".")
    said = cardinal(whole) if whole else "zero"
    return sign + (f"{said} point {digits(decimals)}" if decimals else said)


def ordinal(value: int) -> str:
    """ "twenty-first" for 21."""
    return _spelled(value, "spellout-ordinal") if value < _LARGEST else digits(str(value))


def year(value: int) -> str:
    """ "nineteen oh five" for 1905, "two thousand five" for 2005, "twenty ten" for 2010."""
    return _spelled(value, "spellout-numbering-year").replace("oh-", "oh ")


def plural(words: str) -> str:
    """The plural of a number's last word: "eighties", "hundreds"."""
    return words[:-1] + "ies" if words.endswith("y") else words + ("es" if words.endswith("x") else "s")


def fraction(over: int, under: int) -> str:
    """ "three quarters" for 3 and 4."""
    part = _PARTS.get(under) or ordinal(under)
    if over == 1:
        return f"one {part}"
    return f"{cardinal(str(over))} {'halves' if under == 2 else part + 's'}"


def clock(hour: int, minute: int, half: str) -> str:
    """A time of day.

    Args:
        hour: 0 to 24; from 13 on, and 0, the half of the day is said by itself.
        minute: 0 to 59.
        half: "A-M", "P-M", or "" if it was not written.
    """
    if not half and hour in (0, 24):
        half = "A-M"
    elif not half and hour > 12:
        half = "P-M"
    said = cardinal(str((hour - 1) % 12 + 1))
    if minute:
        said += f" oh {cardinal(str(minute))}" if minute < 10 else f" {cardinal(str(minute))}"
    elif not half:
        said += " o'clock"
    return f"{said} {half}".strip()
