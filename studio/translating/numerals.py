"""Whether the numbers of a sentence arrive in its translation, however that language writes them.

"12,500.75" may become "12.500,75", "5:30 pm" "17:30", "2024-03-15" "15.03.2024", "5" "five", "21st" "XXI": all
the same number. So digits are compared in runs, first as they stand, then joined; what is missing is looked
for as a word, on a 24-hour clock and in Roman numerals.
"""

import re
from collections import Counter

from engines.spoken.spelling import spelled

_RUN = re.compile(r"\d+|[¼½¾⅓⅔⅛⅜⅝⅞]")
_GROUPED = re.compile(r"\d+(?:[.,'’\u00a0\u202f ]\d{3}(?!\d))*(?:[.,]\d+)?")
_CLOCK = re.compile(r"\b(\d{1,2})(?:[:.](\d\d))?\s*([ap])\.?\s?m\b\.?", re.IGNORECASE)
_DECADE = re.compile(r"\b(?:1[0-9]|20)(\d0)['’]?s\b")
_SIGNS = re.compile(r"[<>≤≥±°$€£¥]|%(?!\w)|(?<=\d)\s?%")
# What a currency's sign is called in the languages that most translate between: "$5" may become "5 dólares".
_CURRENCIES = (
    (re.compile(r"\b[dD][oóòô]l{1,2}ar\w*|\bUSD\b"), "$"),
    (re.compile(r"\b[eE]ur(?:os?|o\w{0,2})\b|\bEUR\b"), "€"),
    (re.compile(r"\b(?:[lL]ibras?|[pP]ounds?|[fF]unt\w*|[lL]ivres?|[pP]fund)\b|\bGBP\b"), "£"),
    (re.compile(r"\b(?:[yY]en[ys]?|[iI]enes?|[jJ]en\w{0,3})\b|\bJPY\b"), "¥"),
)
_SPELLED_TO = 100  # numbers above are written as words by nobody
_ROMAN_TO = 30
_FRACTIONS = {"½": ("1", "2"), "¼": ("1", "4"), "¾": ("3", "4"), "⅓": ("1", "3"), "⅔": ("2", "3")}


def number_faults(source: str, target: str, source_lang: str, target_lang: str) -> bool:
    """Whether a number or its sign is missing from ``target``, or stands there without a source."""
    if _signs(source) != _signs(target) and _signs(_with_signs(source)) != _signs(_with_signs(target)):
        return True
    given, got = _runs(source), _runs(target)
    if given == got or _joined(source) == _joined(target):
        return False
    missing, added = given - got, got - given
    for hour in _clock_hours(source):
        _pair_off(missing, added, hour)
    for hour in _clock_hours(target):
        _pair_off(added, missing, hour)
    for run in [run for run in missing if _said(run, source, target, target_lang)]:
        del missing[run]
    for run in [run for run in added if _said(run, target, source, source_lang)]:
        del added[run]
    # A clock's minutes may go or come: "5 pm" is "17:00".
    if _clock_hours(source) or _clock_hours(target):
        added.pop("0", None)
        missing.pop("0", None)
    for run in list(missing):
        # The seconds of a decade: "the 1980s" is "lata 80."
        if _DECADE.search(source) and len(run) == 4 and added[run[2:]]:
            del added[run[2:]], missing[run]
    for run in list(missing):
        parts = _FRACTIONS.get(run)
        if parts and all(added[part] for part in parts):
            del missing[run]
            added -= Counter(parts)
    return bool(+missing or +added)


def _signs(text: str) -> Counter[str]:
    return Counter(sign.strip() for sign in _SIGNS.findall(text))


def _with_signs(text: str) -> str:
    for words, sign in _CURRENCIES:
        text = words.sub(sign, text)
    return text


def _runs(text: str) -> Counter[str]:
    return Counter(run.lstrip("0") or "0" for run in _RUN.findall(text))


def _joined(text: str) -> Counter[str]:
    """The numbers without what stands between their thousands."""
    return Counter(re.sub(r"\D", "", number).lstrip("0") for number in _GROUPED.findall(text))


def _clock_hours(text: str) -> list[str]:
    return [match[1].lstrip("0") or "0" for match in _CLOCK.finditer(text)]


def _pair_off(missing: Counter[str], added: Counter[str], hour: str) -> None:
    """Strike out an hour of a 12-hour clock and the same one of a 24-hour clock."""
    for other in (str(int(hour) % 12 + 12), str(int(hour) % 12)):
        if missing[hour] > 0 and added[other] > 0:
            missing[hour] -= 1
            added[other] -= 1
            return


def _said(run: str, here: str, there: str, language: str) -> bool:
    """Whether a number that stands in digits ``here`` stands as a word or a Roman numeral ``there``."""
    if not run.isdecimal() or int(run) > _SPELLED_TO:
        return False
    number = int(run)
    if number <= _ROMAN_TO and re.search(rf"\b{_roman(number)}\b", there):
        return True
    if re.search(rf"\b{run}\s?(?:st|nd|rd|th|[.ºª])(?!\w)", here):
        return number <= 20  # "1st" is "pierwszy", "primeira", …: ordinals have too many forms to know
    low = there.lower()
    return any(form in low for form in _stems(number, language))


def _stems(number: int, language: str) -> set[str]:
    """A number's words without their last letter, which changes with gender and case."""
    return {word[:-1] if len(word) > 3 else word for word in spelled(number, language)}


def _roman(number: int) -> str:
    text = ""
    for value, letters in ((10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")):
        while number >= value:
            text, number = text + letters, number - value
    return text or "0"
