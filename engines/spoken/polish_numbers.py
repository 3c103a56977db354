"""Polish numbers in words, in every case and gender.

Cardinals come from Unicode's CLDR through unicode-rbnf, which has their cases; ordinals, which it has
not, are declined here from their stems.
"""

import functools
from collections.abc import Iterable
from typing import Literal

from unicode_rbnf import RbnfEngine

from engines.spoken.rules import is_code

Case = Literal["nom", "gen", "dat", "acc", "inst", "loc"]

_LARGEST = 10**15
_DIGITS = ["zero", "jeden", "dwa", "trzy", "cztery", "pięć", "sześć", "siedem", "osiem", "dziewięć"]
_CASE_NAMES = {"gen": "genitive", "dat": "dative", "acc": "accusative", "inst": "instrumental", "loc": "locative"}
_ONES = (
    "zerowy pierwszy drugi trzeci czwarty piąty szósty siódmy ósmy dziewiąty dziesiąty jedenasty dwunasty trzynasty "
)
_ONES += "czternasty piętnasty szesnasty siedemnasty osiemnasty dziewiętnasty"
_UNITS = _ONES.split()
_TENS = [
    "_",
    "_",
    "dwudziesty",
    "trzydziesty",
    "czterdziesty",
    "pięćdziesiąty",
    "sześćdziesiąty",
    "siedemdziesiąty",
    "osiemdziesiąty",
]
_TENS.append("dziewięćdziesiąty")
_HUNDREDS = [
    "_",
    "setny",
    "dwusetny",
    "trzechsetny",
    "czterechsetny",
    "pięćsetny",
    "sześćsetny",
    "siedemsetny",
    "osiemsetny",
    "dziewięćsetny",
]
_JOINED = {1: "jedno", 2: "dwu", 3: "trzy", 4: "cztero"}
# By stem: masculine, feminine, neuter singular, then plural; "~" stands for the stem.
_ENDINGS: dict[str, dict[str, str]] = {
    "m1": {"nom": "y", "gen": "ego", "dat": "emu", "acc": "ego", "inst": "ym", "loc": "ym"},
    "m3": {"nom": "y", "gen": "ego", "dat": "emu", "acc": "y", "inst": "ym", "loc": "ym"},
    "f": {"nom": "a", "gen": "ej", "dat": "ej", "acc": "ą", "inst": "ą", "loc": "ej"},
    "n": {"nom": "e", "gen": "ego", "dat": "emu", "acc": "e", "inst": "ym", "loc": "ym"},
    "pl": {"nom": "e", "gen": "ych", "dat": "ym", "acc": "e", "inst": "ymi", "loc": "ych"},
}
_ENDINGS["m2"] = _ENDINGS["m1"]
_COLLECTIVE = {2: "dwoj", 3: "troj", 4: "czwor", 5: "pięcior", 6: "sześcior", 7: "siedmior", 8: "ośmior"}
_COLLECTIVE |= {9: "dziewięcior", 10: "dziesięcior"}


@functools.cache
def _engine() -> RbnfEngine:
    return RbnfEngine.for_language("pl")


def digits(text: str) -> str:
    """Each digit of ``text`` by itself; other characters are passed over."""
    return " ".join(_DIGITS[int(character)] for character in text if character.isdecimal())


def value_of(text: str) -> int:
    """The number that the digits of ``text`` write, "12 500" for one; at most 16 digits count."""
    return int("".join(character for character in text if character.isdecimal())[:16] or "0")


@functools.lru_cache(8192)
def cardinal(number: int, case: str = "nom", gender: str = "m3") -> str:
    """A cardinal: "dwie" for 2, nom, f; "pięciu" for 5, nom, m1. From 10^15 on digit by digit."""
    if number >= _LARGEST:
        return digits(str(number))
    sex = {"f": "feminine", "n": "neuter"}.get(gender, "masculine")
    name = f"spellout-cardinal-{sex}"
    if case != "nom":
        name += f"-{_CASE_NAMES[case]}"
    if sex == "masculine" and case == "nom" and gender == "m1":
        name += "-personal"
    if sex == "masculine" and case == "acc" and gender in ("m1", "m2"):
        name += "-personal" if gender == "m1" else "-animate"
    words = _engine().format_number(number, ruleset_names=[name]).text
    return words.replace("dwoma", "dwiema") if case == "inst" and gender == "f" else words


def as_written(text: str) -> str:
    """A whole number without anything counted; a code is read digit by digit."""
    return digits(text) if is_code(text) else cardinal(value_of(text))


def fraction_digits(text: str) -> str:
    """What stands behind the comma: "05" is "zero pięć", "75" is "siedemdziesiąt pięć", "1415" digit by digit."""
    if len(text) > 3:
        return digits(text)
    zeros = len(text) - len(text.lstrip("0"))
    rest = text[zeros:]
    return " ".join(["zero"] * zeros + ([cardinal(int(rest))] if rest else []))


@functools.lru_cache(8192)
def ordinal(number: int, case: str = "nom", gender: str = "m3") -> str:
    """An ordinal: "piątej" for 5, loc, f. Gender "pl" is the plural of all but men."""
    head, stems = _ordinal_parts(number)
    return " ".join([*([head] if head else []), *(_declined(stem, case, gender) for stem in stems)])


def _ordinal_parts(number: int) -> tuple[str, Iterable[str]]:
    """What stays a cardinal, and the nominatives of what is declined: "tysiąc dziewięćset", "drugi"."""
    last = number % 100
    if number == 0 or last:
        head = cardinal(number - last) if number - last else ""
        if last < 20:
            return head, [_UNITS[last]]
        return head, [_TENS[last // 10], *([_UNITS[last % 10]] if last % 10 else [])]
    if number % 1000:
        head = cardinal(number - number % 1000) if number >= 1000 else ""
        return head, [_HUNDREDS[number % 1000 // 100]]
    thousands = number // 1000 % 1000
    if thousands:
        head = cardinal(number - thousands * 1000) if number >= 10**6 else ""
        return head, [("" if thousands == 1 else joined(thousands)) + "tysięczny"]
    millions = number // 10**6
    return "", [("" if millions == 1 else joined(millions)) + "milionowy"]


def _declined(nominative: str, case: str, gender: str) -> str:
    ending = _ENDINGS[gender][case]
    if nominative == "drugi":
        return "drug" + (ending if ending[0] in "aą" else "i" + ending.lstrip("y"))
    if nominative == "trzeci":
        return "trzeci" + ending.lstrip("y")
    return nominative[:-1] + ending


def joined(number: int) -> str:
    """A number as the first part of an adjective: "pięcio", "dwudziestodwu", "stu"."""
    last = number % 100
    if number >= 1000 or not last:
        return "tysiąc" if number == 1000 else cardinal(number, "gen" if number < 500 else "nom").replace(" ", "")
    hundreds = joined(number - last) if number > 100 else ""
    if last > 20 and last % 10:
        return hundreds + joined(last - last % 10) + joined(last % 10)
    return hundreds + (_JOINED.get(last) or cardinal(last, "gen").removesuffix("u") + "o")


def collective(number: int, case: str) -> str | None:
    """ "dwoje", "trojga", "pięcioro"; None where there is none that one would say."""
    stem = _COLLECTIVE.get(number)
    if stem is None:
        return None
    ending = {"gen": "a", "dat": "u", "inst": "iem", "loc": "u"}.get(case)
    if ending is None:
        return stem + ("e" if number < 4 else "o")
    stem += "g"
    return stem + ending
