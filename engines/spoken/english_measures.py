"""English money, units, percentages and fractions."""

import re

from engines.spoken.english_numbers import cardinal, fraction, number
from engines.spoken.english_words import CURRENCIES, FRACTIONS, SCALES, UNITS
from engines.spoken.rules import Rule, rule, word_before, word_set, words_after

_NUM = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?"
_SIGNS = "|".join(re.escape(sign) for sign in ("US$", "CA$", "AU$", "C$", "A$", "$", "£", "€", "¥", "₹", "₩", "₿"))
_CODES = "|".join(sorted((code for code in CURRENCIES if code.isalpha()), key=len, reverse=True))
_SCALE = rf"(?:\s?(?P<scale>{'|'.join(sorted(SCALES, key=len, reverse=True))})\b)?"
_UNIT = "|".join(re.escape(unit) for unit in sorted(UNITS, key=len, reverse=True) if unit != "in")
_NO_NOUN = word_set("""
    and or in to for from per a an the is was of on at by with as each every than but will now
""")


def measure_rules() -> list[Rule]:
    """Amounts with what they are amounts of; a range is said with its unit once."""
    low = rf"(?P<low>(?:(?<![\w)\]])[-−])?{_NUM})"
    span = rf"(?:\s?[–—-]\s?(?:{_SIGNS})?(?P<high>[-−]?{_NUM}))?"
    return [
        rule(rf"(?P<minus>(?<![\w)])[-−])?(?P<unit>{_SIGNS})\s?(?P<low>{_NUM}){span}{_SCALE}", _money),
        rule(rf"(?<![\w.,/]){low}{span}{_SCALE}\s?(?P<unit>{_CODES}|[€£¥])(?!\w)", _money),
        rule(rf"(?<![\w.,/])(?P<unit>{_CODES})\s(?P<low>{_NUM}){span}{_SCALE}(?!\w)", _money),
        rule(r"(?<![\w.,])(?P<low>\d+)\s?¢", lambda m: f"{cardinal(m['low'])} cent{'' if m['low'] == '1' else 's'}"),
        rule(
            r"(?<![\w.,])(?P<low>[1-9]\d?)p(?!\w)",
            lambda m: f"{cardinal(m['low'])} {'penny' if m['low'] == '1' else 'pence'}",
        ),
        rule(rf"(?<![\w.,/]){low}{span}\s?%(?!\w)", lambda match: f"{_amount(match)} percent"),
        rule(rf"(?<![\w.,/]){low}{span}\s?°\s?(?P<unit>[CFK](?!\w))?", _degrees),
        rule(r"(?<![\w.,])(?P<feet>\d{1,2})['′]\s?(?P<inches>\d{1,2})(?:\"|″|'')", _height),
        rule(r"(?<![\w.,])(?P<feet>\d{1,2})\s?ft\.?\s(?P<inches>\d{1,2})\s?in(?!\w)", _height),
        rule(rf"(?<![\w.,/$£€]){low}{span}(?P<tie>\s?|-)(?P<unit>{_UNIT})(?![\w/²³'’]|-\w)", _measure),
        rule(rf"(?<![\w.,/$£€]){low}\s?(?P<scale>k|K|M|bn|mn|mln)(?![\w/'’-])", _scaled),
        *_fractions(),
    ]


def _fractions() -> list[Rule]:
    signs = "".join(FRACTIONS)
    return [
        rule(rf"(?<![\w.,/])(?:(?P<whole>\d+)\s?)?(?P<sign>[{signs}])", _fraction_sign),
        rule(r"(?<![\w.,/])(?P<whole>\d+)\s(?P<over>\d{1,2})/(?P<under>[2-9]|1[0-6]|32|64)(?![\w/]|[.,]\d)", _mixed),
        rule(r"(?<![\w.,/])(?P<over>\d{1,4})/(?P<under>\d{1,4})(?![\w/]|[.,]\d)", _fraction),
    ]


def _amount(match: re.Match[str]) -> str:
    said = number(match["low"])
    return f"{said} to {number(match['high'])}" if match["high"] else said


def _is_one(match: re.Match[str]) -> bool:
    return match["low"].lstrip("-−") == "1" and not match["high"]


def _attributive(match: re.Match[str]) -> bool:
    """Whether the amount describes a thing, as in "a $20 bill"."""
    after = words_after(match, 1)
    return word_before(match) in ("a", "an") and bool(after) and after[0].islower() and after[0] not in _NO_NOUN


def _money(match: re.Match[str]) -> str:
    one, many, cent, cents = CURRENCIES[match["unit"]]
    minus = "minus " if "minus" in match.re.groupindex and match["minus"] else ""
    if match["scale"]:
        return f"{minus}{_amount(match)} {SCALES[match['scale']]} {one if _attributive(match) else many}"
    whole, _, decimals = match["low"].replace(",", "").partition(".")
    if match["high"] or not decimals or len(decimals) != 2 or not cent:
        return f"{minus}{_amount(match)} {one if _is_one(match) or _attributive(match) else many}"
    parts = []
    if int(whole or 0) or not int(decimals):
        parts.append(f"{number(whole)} {one if whole == '1' else many}")
    if int(decimals):
        parts.append(f"{cardinal(str(int(decimals)))} {cent if int(decimals) == 1 else cents}")
    return minus + " and ".join(parts)


def _degrees(match: re.Match[str]) -> str:
    scale = {"C": " Celsius", "F": " Fahrenheit", "K": " Kelvin"}.get(match["unit"] or "", "")
    return f"{_amount(match)} degree{'' if _is_one(match) else 's'}{scale}"


def _height(match: re.Match[str]) -> str:
    feet = "foot" if match["feet"] == "1" else "feet"
    return f"{cardinal(match['feet'])} {feet} {cardinal(match['inches'])}"


def _measure(match: re.Match[str]) -> str | None:
    unit, tie = match["unit"], match["tie"]
    if unit == "s" and not tie:
        return None
    one, many = UNITS[unit]
    described = tie == "-" or _attributive(match)
    return f"{_amount(match)} {one if _is_one(match) or described else many}"


def _scaled(match: re.Match[str]) -> str | None:
    if match["scale"] == "K" and len(match["low"]) < 2:
        return None
    return f"{number(match['low'])} {SCALES[match['scale']]}"


def _fraction_sign(match: re.Match[str]) -> str:
    over, under = FRACTIONS[match["sign"]]
    return _with_whole(match["whole"], over, under)


def _mixed(match: re.Match[str]) -> str | None:
    over, under = int(match["over"]), int(match["under"])
    return _with_whole(match["whole"], over, under) if over < under else None


def _with_whole(whole: str | None, over: int, under: int) -> str:
    if not whole:
        return fraction(over, under)
    said = fraction(over, under)
    return f"{cardinal(whole)} and " + (said.replace("one ", "a ", 1) if over == 1 else said)


def _fraction(match: re.Match[str]) -> str:
    over, under = int(match["over"]), int(match["under"])
    if under in (10, 100) and over <= under:
        return f"{cardinal(match['over'])} out of {cardinal(match['under'])}"
    if over == under:
        return f"{cardinal(match['over'])} {cardinal(match['under'])}"
    if (over, under) == (1, 2) and words_after(match, 1) in (["a"], ["an"], ["the"]):
        return "half"
    if 0 < over < under <= 16 or (over == 1 and under in (32, 64, 1000)):
        return fraction(over, under)
    return f"{cardinal(match['over'])} over {cardinal(match['under'])}"
