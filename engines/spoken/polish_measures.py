"""Polish money, units, percentages, fractions and "tys.", with the noun that each sign stands for declined.

Of two ways to say a price the longer one is taken: 12,5 zł is "dwanaście złotych pięćdziesiąt groszy".
Other decimals: ",5" is "i pół", 1,5 is "półtora", the rest is read with "przecinek"; after a decimal the
noun is in the genitive singular, whatever the case of the whole.
"""

import functools
import re
from collections.abc import Iterable

from engines.spoken.polish_cases import governed, noun_after
from engines.spoken.polish_morphology import asks_for_object
from engines.spoken.polish_nouns import Noun, noun
from engines.spoken.polish_numbers import cardinal, fraction_digits, ordinal, value_of
from engines.spoken.rules import Rule, rule, shared_stop, word_before, words_after

_NUM = r"(?:\d{1,3}(?:[ .]\d{3})+(?!\d)|\d+)(?:,\d+)?"
# What a sign stands for: the noun, and what follows it unchanged.
UNITS: dict[str, tuple[str, str]] = {
    short: (lemma, rest)
    for short, lemma, rest in (
        ("km", "kilometr", ""), ("m", "metr", ""), ("cm", "centymetr", ""), ("mm", "milimetr", ""),
        ("dm", "decymetr", ""), ("µm", "mikrometr", ""), ("μm", "mikrometr", ""), ("nm", "nanometr", ""),
        ("ha", "hektar", ""), ("g", "gram", ""), ("kg", "kilogram", ""), ("mg", "miligram", ""),
        ("µg", "mikrogram", ""), ("t", "tona", ""), ("l", "litr", ""), ("L", "litr", ""), ("ml", "mililitr", ""),
        ("hl", "hektolitr", ""), ("s", "sekunda", ""), ("sek", "sekunda", ""), ("sek.", "sekunda", ""),
        ("ms", "milisekunda", ""), ("min", "minuta", ""), ("min.", "minuta", ""), ("h", "godzina", ""),
        ("godz.", "godzina", ""), ("godz", "godzina", ""), ("Hz", "herc", ""), ("kHz", "kiloherc", ""),
        ("MHz", "megaherc", ""), ("GHz", "gigaherc", ""), ("W", "wat", ""), ("kW", "kilowat", ""),
        ("MW", "megawat", ""), ("GW", "gigawat", ""), ("kWh", "kilowatogodzina", ""), ("V", "wolt", ""),
        ("kV", "kilowolt", ""), ("A", "amper", ""), ("mA", "miliamper", ""), ("mAh", "miliamperogodzina", ""),
        ("Ω", "om", ""), ("J", "dżul", ""), ("kJ", "kilodżul", ""), ("kcal", "kilokaloria", ""), ("N", "niuton", ""),
        ("Pa", "paskal", ""), ("hPa", "hektopaskal", ""), ("kPa", "kilopaskal", ""), ("dB", "decybel", ""),
        ("px", "piksel", ""), ("B", "bajt", ""), ("kB", "kilobajt", ""), ("KB", "kilobajt", ""),
        ("MB", "megabajt", ""), ("GB", "gigabajt", ""), ("TB", "terabajt", ""), ("Mb/s", "megabit", "na sekundę"),
        ("Gb/s", "gigabit", "na sekundę"), ("kb/s", "kilobit", "na sekundę"), ("MB/s", "megabajt", "na sekundę"),
        ("Mbps", "megabit", "na sekundę"), ("km/h", "kilometr", "na godzinę"), ("m/s", "metr", "na sekundę"),
        ("km/s", "kilometr", "na sekundę"), ("m²", "metr", "kwadratowy"), ("m2", "metr", "kwadratowy"),
        ("km²", "kilometr", "kwadratowy"), ("km2", "kilometr", "kwadratowy"), ("cm²", "centymetr", "kwadratowy"),
        ("cm2", "centymetr", "kwadratowy"), ("m³", "metr", "sześcienny"), ("m3", "metr", "sześcienny"),
        ("cm³", "centymetr", "sześcienny"), ("cm3", "centymetr", "sześcienny"), ("szt.", "sztuka", ""),
        ("szt", "sztuka", ""), ("os.", "osoba", ""), ("pkt", "punkt", ""), ("pkt.", "punkt", ""),
        ("pp.", "punkt", "procentowy"),
        ("p.p.", "punkt", "procentowy"), ("%", "procent", ""), ("proc.", "procent", ""), ("proc", "procent", ""),
        ("‰", "promil", ""), ("°C", "stopień", "Celsjusza"), ("° C", "stopień", "Celsjusza"),
        ("°F", "stopień", "Fahrenheita"), ("°", "stopień", ""), ("st. C", "stopień", "Celsjusza"),
        ("l/100 km", "litr", "na sto kilometrów"), ("zł/m²", "złoty", "za metr kwadratowy"),
        ("kg/m³", "kilogram", "na metr sześcienny"), ("g/cm³", "gram", "na centymetr sześcienny"),
        ("zł/h", "złoty", "za godzinę"), ("zł/kg", "złoty", "za kilogram"), ("mg/l", "miligram", "na litr"),
    )
}  # fmt: skip
# The noun, its hundredth, and what follows both.
CURRENCIES: dict[str, tuple[str, str, str]] = {
    "zł": ("złoty", "grosz", ""), "PLN": ("złoty", "grosz", ""), "zł.": ("złoty", "grosz", ""),
    "gr": ("grosz", "", ""), "€": ("euro", "cent", ""), "EUR": ("euro", "cent", ""), "euro": ("euro", "cent", ""),
    "$": ("dolar", "cent", ""), "USD": ("dolar", "cent", ""), "£": ("funt", "pens", ""), "GBP": ("funt", "pens", ""),
    "CHF": ("frank", "", ""), "¥": ("jen", "", ""), "JPY": ("jen", "", ""), "CZK": ("korona", "", "czeskich"),
    "UAH": ("hrywna", "", ""), "RUB": ("rubel", "", ""),
}  # fmt: skip
SCALES = {"tys.": "tysiąc", "tys": "tysiąc", "mln": "milion", "mln.": "milion", "mld": "miliard", "mld.": "miliard"}
SCALES |= {"bln": "bilion", "tysięcy": "", "miliona": "", "milionów": "", "milion": "", "miliony": ""}
SCALES |= {"miliarda": "", "miliardy": "", "miliardów": "", "miliard": "", "tysiące": "", "tysiąc": ""}
_FRACTIONS = {"½": (1, 2), "⅓": (1, 3), "⅔": (2, 3), "¼": (1, 4), "¾": (3, 4), "⅕": (1, 5), "⅖": (2, 5), "⅗": (3, 5)}
_FRACTIONS |= {"⅘": (4, 5), "⅙": (1, 6), "⅛": (1, 8), "⅜": (3, 8), "⅝": (5, 8), "⅞": (7, 8)}
_ADJECTIVES = {"kwadratowy": "kwadratow", "sześcienny": "sześcienn", "procentowy": "procentow"}
_ENDINGS = {("sg", "nom"): "y", ("sg", "gen"): "ego", ("sg", "dat"): "emu", ("sg", "acc"): "y", ("sg", "inst"): "ym"}
_ENDINGS |= {("sg", "loc"): "ym", ("pl", "nom"): "e", ("pl", "gen"): "ych", ("pl", "dat"): "ym", ("pl", "acc"): "e"}
_ENDINGS |= {("pl", "inst"): "ymi", ("pl", "loc"): "ych"}
_ADDRESS = re.compile(r"\b(?:[Uu]lic|[Aa]le[ij]|[Pp]lac|[Oo]siedl)\w{0,4}\s[^,;]{1,50}\Z")
_TIME = ("sekunda", "minuta", "godzina", "milisekunda")
_WITH_ACCUSATIVE = ("na", "za", "o", "przez", "ponad", "co")


def measure_rules() -> list[Rule]:
    """Amounts with what they are amounts of; a range is said with its noun once."""
    low = rf"(?P<minus>(?<![\w)\]–-])[-−–])?(?P<low>{_NUM})"
    span = rf"(?:\s?[–—-]\s?(?P<high>{_NUM}))?"
    scale = rf"(?:\s?(?P<scale>{_any(SCALES)})(?!\w))?"
    return [
        rule(rf"(?<![\w.,/]){low}{span}{scale}\s?(?P<unit>{_any(CURRENCIES)})(?![\w/])", _money),
        rule(rf"(?P<minus>(?<![\w)])[-−])?(?P<unit>[$€£¥])\s?(?P<low>{_NUM}){span}{scale}", _money),
        rule(rf"(?<![\w.,/]){low}{span}{scale}\s?(?P<unit>{_any(UNITS)})(?![\w/²³]|\.\w)", _measure),
        rule(rf"(?<![\w.,/]){low}{span}\s?(?P<scale>{_any(s for s in SCALES if SCALES[s])})(?!\w)", _scaled),
        rule(rf"(?<![\w.,/])(?:(?P<whole>\d+)\s?)?(?P<sign>[{''.join(_FRACTIONS)}])", _fraction_sign),
        rule(r"(?<![\w.,/])(?P<whole>\d+)\s(?P<over>\d)/(?P<under>[2-9]|10)(?![\w/]|[.,]\d)", _mixed),
        rule(r"(?<![\w.,/])(?P<over>\d{1,4})/(?P<under>\d{1,4})(?![\w/]|[.,]\d)", _fraction),
    ]


def _any(shorts: Iterable[str]) -> str:
    return "|".join(re.escape(short) for short in sorted(shorts, key=len, reverse=True))


@functools.cache
def _measure_pattern() -> re.Pattern[str]:
    return re.compile(rf"\s?(?:{_any([*UNITS, *CURRENCIES, *SCALES])})(?!\w)|/")


def measure_follows(match: re.Match[str]) -> bool:
    """Whether the number of the match is an amount of something that a sign stands for."""
    return bool(_measure_pattern().match(match.string, match.end()))


def is_few(number: int) -> bool:
    """Whether a noun agrees with ``number`` in the plural: 2, 3, 4, 22, but not 12."""
    return number % 10 in (2, 3, 4) and number % 100 not in (12, 13, 14)


def counted(number: int, thing: Noun, case: str) -> tuple[str, str, str]:
    """The words for ``number``, and number and case of the noun after it."""
    if number == 1:
        return cardinal(1, case, thing.gender), "sg", case
    said = cardinal(number, case, thing.gender)
    if case in ("nom", "acc"):
        return said, "pl", case if is_few(number) else "gen"
    return said, "pl", case


def amount(text: str, thing: Noun, case: str) -> tuple[str, str, str]:
    """The words for a number as it is written, "12,5", and number and case of the noun after it."""
    whole, _, decimals = text.partition(",")
    value, decimals = value_of(whole), decimals.rstrip("0") if decimals.strip("0") else ""
    if not decimals:
        return counted(value, thing, case)
    if decimals == "5" and value == 0:
        return "pół", "sg", "gen"
    if decimals == "5" and value == 1:
        return "półtorej" if thing.gender == "f" else "półtora", "sg", "gen"
    if decimals == "5":
        return f"{counted(value, thing, case)[0]} i pół", "sg", "gen"
    return f"{cardinal(value)} przecinek {fraction_digits(text.partition(',')[2])}", "sg", "gen"


def measure_case(match: re.Match[str], lemma: str) -> str:
    """The case of a measure, from the word before it; "w pięć minut" but "w pięciu procentach"."""
    near = word_before(match)
    cases = governed(match.string, match.start())
    if near in _WITH_ACCUSATIVE and "acc" in cases:
        return "acc"
    if near in ("w", "we") and lemma in _TIME:
        return "acc"
    if near == "po" and lemma not in _TIME and not lemma.endswith("metr"):
        return "acc"  # each: "po pięć złotych"; but "po pięciu kilometrach"
    return cases[0] if cases else "nom"


def _with_noun(match: re.Match[str], lemma: str, rest: str) -> str:
    thing = noun(lemma)
    case = measure_case(match, lemma)
    minus = "minus " if match["minus"] else ""
    if match["high"]:
        start = minus + amount(match["low"], thing, case if case != "nom" else "gen")[0]
        said, number, form = amount(match["high"], thing, "gen")
        joined = f"{start} do {said}" if case != "nom" else f"od {start} do {said}"
    else:
        said, number, form = amount(match["low"], thing, case)
        joined = minus + said
    if rest in _ADJECTIVES:
        rest = _ADJECTIVES[rest] + _ENDINGS[number, form]
    return f"{joined} {thing.form(number, form)}{' ' + rest if rest else ''}"


def _scale_of(match: re.Match[str]) -> str:
    """ "pięć tysięcy", declined; a scale that is written out stays as it is."""
    lemma = SCALES[match["scale"]]
    if lemma:
        return _with_noun(match, lemma, "")
    base = {"t": "tysiąc", "m": "milion" if "milion" in match["scale"] else "miliard"}[match["scale"][0]]
    return _with_noun(match, base, "")


def _money(match: re.Match[str]) -> str:
    lemma, hundredth, rest = CURRENCIES[match["unit"]]
    thing = noun(lemma)
    tail = shared_stop(match)
    if match["scale"]:
        return f"{_scale_of(match)} {thing.form('pl', 'gen')}{' ' + rest if rest else ''}{tail}"
    whole, _, decimals = match["low"].partition(",")
    if match["high"] or not hundredth or len(decimals) not in (1, 2) or not decimals.strip("0"):
        return _with_noun(match, lemma, rest) + tail
    case = measure_case(match, lemma)
    small = noun(hundredth)
    said, number, form = counted(int(decimals.ljust(2, "0")), small, case)
    parts = [f"{said} {small.form(number, form)}"]
    if value_of(whole):
        said, number, form = counted(value_of(whole), thing, case)
        parts.insert(0, f"{said} {thing.form(number, form)}")
    return ("minus " if match["minus"] else "") + " ".join(parts) + tail


def _measure(match: re.Match[str]) -> str | None:
    unit = match["unit"]
    if unit in ("A", "B", "t", "s", "N", "J", "L") and not match.string[match.end("low") : match.start("unit")]:
        return None
    lemma, rest = UNITS[unit]
    tail = shared_stop(match)
    if not match["scale"]:
        return _with_noun(match, lemma, rest) + tail
    if rest in _ADJECTIVES:
        rest = _ADJECTIVES[rest] + "ych"
    return f"{_scale_of(match)} {noun(lemma).form('pl', 'gen')}{' ' + rest if rest else ''}{tail}"


def _scaled(match: re.Match[str]) -> str:
    return _scale_of(match) + shared_stop(match)


def _fraction_sign(match: re.Match[str]) -> str:
    over, under = _FRACTIONS[match["sign"]]
    return _with_whole(match, over, under) if match["whole"] else _share(match, over, under)


def _mixed(match: re.Match[str]) -> str | None:
    over, under = int(match["over"]), int(match["under"])
    return _with_whole(match, over, under) if 0 < over < under else None


def _with_whole(match: re.Match[str], over: int, under: int) -> str:
    """ "dwie i pół" before "łyżki", "dwa i trzy czwarte" before "kilograma"."""
    nouns, _ = noun_after(match.string, match.end())
    gender = next((r.gender for r in nouns if r.case == "gen" and r.number == "sg"), "m3")
    if gender == "m3":
        unit = re.match(rf"\s?({_any(UNITS)})(?!\w)", match.string[match.end() : match.end() + 12])
        gender = noun(UNITS[unit[1]][0]).gender if unit else gender
    said = "pół" if (over, under) == (1, 2) else _part(over, under, "nom")
    return f"{cardinal(value_of(match['whole']), 'nom', gender)} i {said}"


def _share(match: re.Match[str], over: int, under: int) -> str:
    """A fraction of something; "pół" does not decline, so it is said where no preposition asks for a case."""
    cases = governed(match.string, match.start())
    near = word_before(match)
    if (over, under) == (1, 2) and not cases and words_after(match, 1):
        return "pół"
    if near in _WITH_ACCUSATIVE or (not cases and asks_for_object(near)):
        return _part(over, under, "acc")
    return _part(over, under, cases[0] if cases else "nom")


def _part(over: int, under: int, case: str) -> str:
    """ "dwie trzecie", "pięć szóstych", declined."""
    if over == 1:
        return f"{cardinal(1, case, 'f')} {ordinal(under, case, 'f')}"
    form = case if is_few(over) or case not in ("nom", "acc") else "gen"
    return f"{cardinal(over, case, 'f')} {ordinal(under, form, 'pl')}"


def _fraction(match: re.Match[str]) -> str:
    over, under = int(match["over"]), int(match["under"])
    near = match.string[max(0, match.start() - 60) : match.start()]
    if 0 < over < under and not _ADDRESS.search(near) and (under <= 10 or under in (12, 16, 100, 1000)):
        return _share(match, over, under)
    return f"{cardinal(over)} łamane przez {cardinal(under)}"
