"""English dates, times of day, years and decades."""

import re

from engines.spoken.english_numbers import cardinal, clock, ordinal, plural, year
from engines.spoken.english_words import DAYS, MONTH_SHORT, MONTHS
from engines.spoken.rules import Rule, rule, shared_stop, word_before, word_set, words_after

_MONTH = "|".join([*MONTHS, *(f"{short}\\b\\.?" for short in sorted(MONTH_SHORT, key=len, reverse=True))])
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_HALF = r"[AaPp]\.?\s?[Mm]\b\.?"
_CLOCK = r"(?:[01]?\d|2[0-4])"
# A year stands after these.
_BEFORE_YEARS = word_set("""
    in since from by until till before after of during circa c year early late mid around about between and to
    through spring summer autumn fall winter copyright edition vintage founded established born died ca
""")
# A counted thing follows, although it does not end in s.
_COUNTED = word_set("""
    people men women children feet mice percent million thousand hundred billion of km kg other
""")
# Ends in s and is no counted thing.
_NOT_COUNTED = word_set("""
    was is has does as its this us his thus always perhaps sometimes less yes
""")


def date_rules(day_first: bool) -> list[Rule]:
    """Dates and times.

    Args:
        day_first: Whether 3/4/2024 is in April.
    """
    days = "|".join(DAYS)
    return [
        rule(rf"\b(?P<day>{days})\b\.?\s?[–-]\s?(?P<to>{days})\b\.?", _weekdays),
        rule(rf"\b(?P<day>{days})\b\.?(?=,?\s(?:\d|(?:{_MONTH})\s?\d))", lambda match: DAYS[match["day"]]),
        rule(
            r"(?<![\w/-])(?P<y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})(?:T(?=\d)|(?![\d/-]))", lambda m: _by_numbers(m, "ymd")
        ),
        rule(
            r"(?<![\w/.-])(?P<m>\d{1,2})(?P<sign>[/.-])(?P<d>\d{1,2})(?P=sign)(?P<y>\d{4}|\d{2})(?![\w/-]|\.\d)",
            lambda match: _by_numbers(match, "dmy" if day_first or match["sign"] == "." else "mdy"),
        ),
        rule(r"(?<![\w.,/–-])(?P<low>20\d\d|19\d\d)/(?P<high>\d\d)(?![\w/])", _span),
        rule(
            rf"\b(?P<month>{_MONTH})\s(?P<d>{_DAY})(?:st|nd|rd|th)?(?:\s?[–-]\s?(?P<to>{_DAY})(?:st|nd|rd|th)?)?"
            r"(?![\d:%/]|[.,]\d)(?:,?\s(?P<y>[12]\d{3})(?![\d:%/]|[.,]\d))?",
            _month_day,
        ),
        rule(
            rf"(?<![\w.,:/-])(?:(?P<from>{_DAY})(?:st|nd|rd|th)?\s?[–-]\s?)?(?P<d>{_DAY})(?:st|nd|rd|th)?\s(?:of\s)?"
            rf"(?P<month>{_MONTH})(?!\w)(?:,?\s(?P<y>[12]\d{{3}})(?![\d:%/]|[.,]\d))?",
            _day_month,
        ),
        rule(
            rf"\b(?P<month>{_MONTH}),?\s(?:of\s)?(?P<y>[12]\d{{3}})(?![\w:%/]|[.,]\d)",
            lambda match: f"{_month(match['month'])} {year(int(match['y']))}",
        ),
        *_time_rules(),
    ]


def _time_rules() -> list[Rule]:
    time = rf"(?P<h>{_CLOCK})[:.](?P<min>[0-5]\d)"
    return [
        rule(
            rf"(?<![\w:.,])(?P<h>{_CLOCK}):(?P<min>[0-5]\d)(?::(?P<sec>[0-5]\d)(?:\.\d+)?)?(?:\s?(?P<half>{_HALF}))?"
            rf"(?:\s?[–-]\s?(?P<h2>{_CLOCK})(?::(?P<min2>[0-5]\d))?(?:\s?(?P<half2>{_HALF}))?)?(?!\w|:\d)",
            _time,
        ),
        rule(
            rf"(?<![\w:.,]){time}\s?(?P<half>{_HALF})(?!\w)",
            lambda m: _one_time(m, "h", "min", "half") + shared_stop(m),
        ),
        rule(
            rf"(?<![\w:.,$£€-])(?P<h>1[0-2]|[1-9])\s?(?P<half>{_HALF})?\s?[–-]\s?(?P<h2>1[0-2]|[1-9])\s?(?P<half2>{_HALF})(?!\w)",
            lambda m: f"{clock(int(m['h']), 0, _half(m['half'])) if m['half'] else cardinal(m['h'])} to "
            f"{clock(int(m['h2']), 0, _half(m['half2']))}{shared_stop(m)}",
        ),
        rule(
            rf"(?<![\w:.,$£€-])(?P<h>1[0-2]|[1-9])\s?(?P<half>{_HALF})(?!\w)",
            lambda m: clock(int(m["h"]), 0, _half(m["half"])) + shared_stop(m),
        ),
        rule(r"(?<![\w.,])(?P<h>\d{1,3})\s?h\s?(?P<min>[0-5]?\d)\s?(?:m|min)?(?!\w)", _duration),
    ]  # fmt: skip


def year_rules() -> list[Rule]:
    """Years, spans of years and decades."""
    span = r"(?P<low>1[0-9]\d\d|20\d\d)\s?[–—-]\s?(?P<high>1[0-9]\d\d|20\d\d|\d\d)"
    return [
        rule(r"(?<![\w.,])(?P<y>1[1-9]\d0|20\d0)['’]?s\b", lambda match: plural(year(int(match["y"])))),
        rule(r"(?<!\w)['’](?P<y>[2-9]0)s\b", lambda match: plural(cardinal(match["y"]))),
        rule(r"(?<![\w.,])(?P<y>[2-9]0)['’]?s\b", lambda match: plural(cardinal(match["y"]))),
        rule(rf"(?<![\w.,/–-]){span}(?![\w/–-]|[.,]\d)", _span),
        rule(r"(?<!\w)['’](?P<y>\d\d)\b(?!['’])", lambda match: _two_figures(match["y"])),
        rule(r"(?<![\w.,/:–-])(?P<y>\d{1,4})\s?(?P<era>BCE?|CE|AD|B\.C\.|A\.D\.)(?!\w)", _era),
        rule(r"(?<!\w)AD\s(?P<y>\d{1,4})\b", lambda match: f"A-D {year(int(match['y']))}"),
        rule(r"(?<![\w.,/:–$£€¥-])(?P<y>1[0-9]\d\d|20\d\d)(?![\w/:%–°-]|[.,]\d|\s?[€£%°])", _year),
    ]  # fmt: skip


def _weekdays(match: re.Match[str]) -> str:
    return f"{DAYS[match['day']]} to {DAYS[match['to']]}{shared_stop(match)}"


def _month(name: str) -> str:
    return name if name in MONTHS else MONTHS[MONTH_SHORT[name.rstrip(".")] - 1]


def _day(number: str) -> str:
    return ordinal(int(number))


def _by_numbers(match: re.Match[str], order: str) -> str | None:
    first, second = int(match["m"]), int(match["d"])
    month, day = (second, first) if order == "dmy" else (first, second)
    if month > 12 >= day:
        month, day = day, month
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    written = match["y"]
    value = int(written) if len(written) == 4 else int(written) + (2000 if int(written) < 50 else 1900)
    time_follows = " " if match.string[match.end() - 1] == "T" else ""
    if order == "dmy":
        the = "" if word_before(match) == "the" else "the "
        return f"{the}{ordinal(day)} of {MONTHS[month - 1]} {year(value)}{time_follows}"
    return f"{MONTHS[month - 1]} {ordinal(day)}, {year(value)}{time_follows}"


def _month_day(match: re.Match[str]) -> str:
    said = f"{_month(match['month'])} {_day(match['d'])}"
    if match["to"]:
        said += f" to {_day(match['to'])}"
    return said + (f", {year(int(match['y']))}" if match["y"] else "")


def _day_month(match: re.Match[str]) -> str:
    days = f"{_day(match['from'])} to {_day(match['d'])}" if match["from"] else _day(match["d"])
    the = "" if word_before(match) == "the" else "the "
    said = f"{the}{days} of {_month(match['month'])}"
    return said + (f" {year(int(match['y']))}" if match["y"] else "")


def _half(written: str | None) -> str:
    return f"{written[0].upper()}-M" if written else ""


def _one_time(match: re.Match[str], hour: str, minute: str, half: str) -> str:
    return clock(int(match[hour]), int(match[minute] or 0), _half(match[half]))


def _time(match: re.Match[str]) -> str:
    said = _one_time(match, "h", "min", "half")
    if match["sec"]:
        seconds = int(match["sec"])
        said += f" and {cardinal(str(seconds))} second{'' if seconds == 1 else 's'}"
    if match["h2"]:
        said += " to " + _one_time(match, "h2", "min2", "half2")
    return said + shared_stop(match)


def _duration(match: re.Match[str]) -> str:
    hours, minutes = int(match["h"]), int(match["min"])
    return (
        f"{cardinal(str(hours))} hour{'' if hours == 1 else 's'} "
        f"{cardinal(str(minutes))} minute{'' if minutes == 1 else 's'}"
    )


def _span(match: re.Match[str]) -> str | None:
    low, high = int(match["low"]), match["high"]
    if len(high) == 4 and int(high) <= low:
        return None
    return f"{year(low)} to {year(int(high)) if len(high) == 4 else _two_figures(high)}"


def _two_figures(text: str) -> str:
    """The end of a year: "oh seven" for 07."""
    return f"oh {cardinal(text[1])}" if text[0] == "0" else cardinal(text)


def _era(match: re.Match[str]) -> str:
    return f"{year(int(match['y']))} {'-'.join(match['era'].replace('.', ''))}"


def _year(match: re.Match[str]) -> str | None:
    value = int(match["y"])
    after = words_after(match, 1)
    counted = after and (after[0] in _COUNTED or (after[0].endswith("s") and after[0].lower() not in _NOT_COUNTED))
    if word_before(match).rstrip(".") in _BEFORE_YEARS and (value >= 1100 or not counted):
        return year(value)
    bracketed = (
        match.string[match.start() - 1 : match.start()] == "(" and match.string[match.end() : match.end() + 1] in "),;"
    )
    if bracketed:
        return year(value)
    return None if counted or value < 1900 else year(value)
