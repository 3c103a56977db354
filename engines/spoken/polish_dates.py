"""Polish dates, years, centuries, decades and times of day, each in the case that its place asks for.

A day is in the genitive by itself ("pierwszego kwietnia"), which a preposition changes ("przed pierwszym
kwietnia"). Of a year every word that declines is an ordinal; a span of years is read in cardinals
("lata tysiąc dziewięćset trzydzieści dziewięć"), as the usage guides of PWN advise.
"""

import re

from engines.spoken.polish_cases import agree, governed, noun_after
from engines.spoken.polish_measures import measure_follows
from engines.spoken.polish_morphology import readings
from engines.spoken.polish_nouns import noun
from engines.spoken.polish_numbers import cardinal, ordinal
from engines.spoken.roman import ROMAN, roman_value
from engines.spoken.rules import Rule, rule, shared_stop, word_before

MONTHS = [
    "stycznia",
    "lutego",
    "marca",
    "kwietnia",
    "maja",
    "czerwca",
    "lipca",
    "sierpnia",
    "września",
    "października",
    "listopada",
    "grudnia",
]
_STEMS = "styczni|styczeń|luty|lut|marz|marc|kwie|maj|czerw|lipc|lipi|sierp|wrze|paździer|listopad|grud"
_MONTH_FORM = re.compile(rf"(?:{_STEMS})\w{{0,6}}\Z")
_SHORT = {"sty": 0, "lut": 1, "mar": 2, "kwi": 3, "maj": 4, "cze": 5, "lip": 6, "sie": 7, "wrz": 8, "paź": 9, "lis": 10}
_SHORT["gru"] = 11
_MONTH = "|".join([*MONTHS, *(f"{short}\\." for short in _SHORT)])
# By themselves, and from and to.
_WEEKDAYS = {
    "pn": ("poniedziałek", "poniedziałku"), "pon": ("poniedziałek", "poniedziałku"), "wt": ("wtorek", "wtorku"),
    "śr": ("środa", "środy"), "czw": ("czwartek", "czwartku"), "pt": ("piątek", "piątku"), "sob": ("sobota", "soboty"),
    "nd": ("niedziela", "niedzieli"), "ndz": ("niedziela", "niedzieli"), "niedz": ("niedziela", "niedzieli"),
}  # fmt: skip
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_CLOCK = r"(?:[01]?\d|2[0-4])"
_YEAR_WORD = r"(?:\s?(?P<word>rok|roku|rokiem|rokowi|r\.|r\b(?!\.)))"
_DASH = r"\s?[–—-]\s?"
# A number beside these is an hour, though no minutes follow.
_OF_DAY = r"rano|wieczorem|po\społudniu|w\snocy|nad\sranem|w\społudnie"
_ERA = re.compile(r"\s(?:p\.n\.e|n\.e|przed naszą|naszej ery)")
_TIME_WORDS = re.compile(r"(?:[Gg]odz\.|[Gg]odzin\w{0,3})\s?\Z")


def date_rules() -> list[Rule]:
    """Days and whole dates."""
    year = rf"(?:\s(?P<y>[12]\d{{3}})(?!\d){_YEAR_WORD}?)?"
    two = rf"(?:(?P<from>{_DAY})\.?(?P<join>{_DASH}|\s(?:i|oraz|lub|albo|do|na|a)\s)(?P<prep>(?:w\snocy\sz\s)?))?"
    days = "|".join((*_WEEKDAYS, *map(str.capitalize, _WEEKDAYS)))
    return [
        rule(rf"(?<!\w)(?P<from>{days})\.?{_DASH}(?P<to>{days})(?:\.|(?!\w))", _weekdays),
        rule(rf"(?<!\w)(?P<day>{days})\.(?=,?\s\d)", lambda match: _WEEKDAYS[match["day"].lower()][0]),
        rule(rf"(?<![\w.,:/-]){two}(?P<d>{_DAY})\.?\s(?P<month>{_MONTH})(?!\w){year}", _day),
        rule(
            rf"(?<![\w.,:/-])(?P<d>{_DAY})\.?\s(?P<roman>X?I{{1,3}}|I?[VX]|VI{{1,3}})\.?\s(?P<y>[12]\d{{3}})(?!\d){_YEAR_WORD}?",
            _roman_month,
        ),
        rule(
            rf"(?<![\w.,/-])(?P<d>{_DAY})(?P<sign>[./-])(?P<m>0?[1-9]|1[0-2])(?P=sign)(?P<y>[12]\d{{3}})(?![\w-]|[./]\d){_YEAR_WORD}?",
            _by_numbers,
        ),
        rule(
            rf"(?<![\w.,/-])(?P<y>[12]\d{{3}})-(?P<m>0[1-9]|1[0-2])-(?P<d>{_DAY})(?:T(?=\d)|(?![\w-])){_YEAR_WORD}?",
            _by_numbers,
        ),
        rule(rf"(?<![\w.,/-])(?P<d>{_DAY})\.(?P<m>0[1-9]|1[0-2])\.(?!\d)", _by_numbers),
    ]


def time_rules() -> list[Rule]:
    """Times of day."""
    clock = rf"(?P<h>{_CLOCK}):(?P<min>[0-5]\d)(?::(?P<sec>[0-5]\d))?"
    dotted = rf"(?P<h>{_CLOCK})[.:](?P<min>[0-5]\d)"
    end = rf"(?:{_DASH}(?P<h2>{_CLOCK})[.:](?P<min2>[0-5]\d))?"
    return [
        rule(rf"(?<![\w:.,]){clock}{end}(?![\w:]|[.,]\d)", _time),
        rule(rf"(?<![\w:.,]){dotted}{end}(?![\w:]|[.,]\d|\s?(?:zł|%|km|m|kg|tys|mln|mld|euro|proc|°))", _dotted_time),
        rule(rf"(?<![\w:.,])(?P<h>{_CLOCK}){_DASH}(?P<h2>{_CLOCK})(?P<min>)(?P<min2>)(?![\w:/-]|[.,]\d)", _hours),
        rule(rf"(?<![\w:.,/-])(?P<h>{_CLOCK})(?P<min>)(?=\s(?:{_OF_DAY})\b)", _time),
        rule(rf"(?<![\w:.,/-])(?P<h>{_CLOCK})(?P<min>)(?![\w:/%-]|[.,]\d)", _bare_hour),
    ]  # fmt: skip


def year_rules() -> list[Rule]:
    """Years, spans of years, decades and centuries."""
    century = rf"(?P<roman>(?=[IVX]){ROMAN})"
    return [
        rule(
            rf"(?<![\w.-])(?:(?P<low>(?=[IVX]){ROMAN})(?P<join>{_DASH}|/|\s(?:i|oraz|lub|do|a)\s))?{century}\s(?P<word>wiek\w{{0,4}}|w\.)(?!\w)",
            _century,
        ),
        rule(r"(?<![\w.,/-])(?P<low>[12]\d{3})[–—/-](?P<high>[12]\d{3}|\d\d)(?![\w/-]|[.,]\d)(?:\s?r\.)?", _span),
        rule(r"\b(?P<word>[Ll]at(?:a|ach|ami|om)?)\s(?P<tens>[1-9]0)(?:\.|-te|-tych|-tymi|-tym)?(?=\W|$)", _decade),
        rule(r"\b(?P<word>[Rr]ok|[Rr]oku|[Rr]okiem|[Rr]okowi)\s(?P<y>\d{3,4})(?![\w/-]|[.,]\d)", _year_after_word),
        rule(rf"(?<![\w.,/-])(?P<y>\d{{1,4}}){_YEAR_WORD}(?!\w)", _year_before_word),
        rule(
            r"(?<![\w.,/:–-])(?P<y>1\d{3}|20\d\d)"
            r"(?![\w/:%–°-]|[.,]\d|\s?(?:zł|%|°|€|\$|tys|mln|mld|km|m\b|kg|g\b))",
            _bare_year,
        ),
    ]  # fmt: skip


def _pick(cases: tuple[str, ...], default: str, prefer: tuple[str, ...] = ()) -> str:
    for case in prefer:
        if case in cases:
            return case
    return cases[0] if cases else default


def _month_name(text: str) -> str:
    return text if text in MONTHS else MONTHS[_SHORT[text.rstrip(".")]]


def _day_case(match: re.Match[str]) -> str:
    before = word_before(match)
    if not before:  # "o 5:30, 12 maja": what stands further off rules something else
        return "gen"
    if before in ("jest", "był", "będzie", "to", "mamy", "mieliśmy", "dzień"):
        return "nom" if before != "mamy" else "gen"
    if before == "dniu":
        return "loc"
    cases = governed(match.string, match.start())
    return _pick(cases, "gen", ("acc",)) if before in ("na", "o") else _pick(cases, "gen")


def _of_year(match: re.Match[str]) -> str:
    if not match["y"]:
        return ""
    said = f" {ordinal(int(match['y']), 'gen')} roku"
    return said + shared_stop(match)


def _day(match: re.Match[str]) -> str:
    case = _day_case(match)
    day = ordinal(int(match["d"]), case)
    if match["from"]:
        day = _two_days(match, case)
    return f"{day} {_month_name(match['month'])}{_of_year(match)}"


def _two_days(match: re.Match[str], case: str) -> str:
    join = match["join"].strip()
    first, second = int(match["from"]), int(match["d"])
    if join == "do" or join in "–—-":
        start = "" if word_before(match) == "od" or (join != "do" and governed(match.string, match.start())) else "od "
        if join == "do" or start:
            return f"{start}{ordinal(first, 'gen')} do {ordinal(second, 'gen')}"
        return f"{ordinal(first, case)} do {ordinal(second, 'gen')}"
    if join == "na":
        return f"{ordinal(first, 'gen')} na {ordinal(second, 'acc')}"
    return f"{ordinal(first, case)} {join} {ordinal(second, case)}"


def _weekdays(match: re.Match[str]) -> str:
    return f"od {_WEEKDAYS[match['from'].lower()][1]} do {_WEEKDAYS[match['to'].lower()][1]}{shared_stop(match)}"


def _roman_month(match: re.Match[str]) -> str | None:
    month = roman_value(match["roman"])
    if month is None or month > 12:
        return None
    return f"{ordinal(int(match['d']), _day_case(match))} {MONTHS[month - 1]}{_of_year(match)}"


def _by_numbers(match: re.Match[str]) -> str:
    day = f"{ordinal(int(match['d']), _day_case(match))} {MONTHS[int(match['m']) - 1]}"
    if "y" not in match.re.groupindex:
        return day + shared_stop(match)
    return day + _of_year(match) + (" " if "T" in match[0] else "")


def _hour(hour: int, minute: str | None, case: str) -> str:
    said = ordinal(hour, case, "f")
    if minute and minute != "00":
        said += (" zero " if minute[0] == "0" else " ") + cardinal(int(minute))
    return said


def _time_case(match: re.Match[str]) -> str:
    before = match.string[max(0, match.start() - 12) : match.start()]
    word = _TIME_WORDS.search(before)
    if word:
        form = [r.case for r in readings(word[0].strip().lower()) if r.number == "sg"]
        cases = governed(match.string, match.start() - len(word[0]))
        return next((case for case in form if case in cases), form[0] if form else _pick(cases, "nom", ("loc",)))
    near = word_before(match)
    prefer = {"o": ("loc",), "na": ("acc",), "za": ("acc",), "przed": ("inst",), "między": ("inst",)}
    return _pick(governed(match.string, match.start()), "nom", prefer.get(near, ("loc",)))


def _time(match: re.Match[str]) -> str:
    groups = match.groupdict()
    if groups.get("h2"):
        return _from_to(match)
    said = _hour(int(match["h"]), match["min"], _time_case(match))
    if groups.get("sec"):
        seconds = int(match["sec"])
        case = agree(seconds, noun_after(" sekundy", 0)[0], ())
        form = "sekunda" if seconds == 1 else "sekundy" if case else "sekund"
        said += f" i {cardinal(seconds, 'nom', 'f')} {form}"
    return said


def _from_to(match: re.Match[str]) -> str:
    start = "" if word_before(match) == "od" else "od "
    return f"{start}{_hour(int(match['h']), match['min'], 'gen')} do {_hour(int(match['h2']), match['min2'], 'gen')}"


def _speaks_of_hours(match: re.Match[str]) -> bool:
    before = match.string[max(0, match.start() - 12) : match.start()]
    return bool(_TIME_WORDS.search(before))


def _dotted_time(match: re.Match[str]) -> str | None:
    """17.45 is a time after "o" and "godz." only; elsewhere it may be anything."""
    near = word_before(match)
    after_time = re.search(r"\d(?:[.:]\d\d)?\sdo\s\Z", match.string[max(0, match.start() - 10) : match.start()])
    if not (near == "o" or _speaks_of_hours(match) or match["h2"] or (near == "od") or after_time):
        return None
    return _time(match)


def _hours(match: re.Match[str]) -> str | None:
    return _from_to(match) if _speaks_of_hours(match) else None


def _bare_hour(match: re.Match[str]) -> str | None:
    """A lone number after "godzina", and after "o" where nothing that it could count follows."""
    if _speaks_of_hours(match):
        return _time(match)
    hour = int(match["h"])
    ordered = re.match(r"\.\s[a-ząćęłńóśźż]", match.string[match.end() : match.end() + 3])
    if word_before(match) not in ("o", "przed") or not 1 <= hour <= 24 or ordered:
        return None
    nouns, _ = noun_after(match.string, match.end())
    nothing = not nouns or agree(hour, nouns, ()) is None
    return _time(match) if nothing and not measure_follows(match) else None


def _year_form(match: re.Match[str], default: str) -> tuple[str, str]:
    """The case of a year and the form of "rok" that goes with it."""
    word = match["word"] or "r."
    cases = governed(match.string, match.start())
    before = word_before(match)
    if (_MONTH_FORM.match(before) and before not in ("maju", "maj")) or before in MONTHS:
        cases = ("gen",)
    if word in ("r.", "r"):
        case = _pick(cases, default, ("acc",)) if before in ("na", "za", "przez", "o") else _pick(cases, default)
        return case, noun("rok").form("sg", case)
    possible = {"rok": ("nom", "acc"), "roku": ("gen", "loc"), "rokiem": ("inst",), "rokowi": ("dat",)}[word.lower()]
    return next((case for case in cases if case in possible), possible[0]), word


def _year_before_word(match: re.Match[str]) -> str | None:
    value = int(match["y"])
    # "5 r." is no year, "5 roku" may be: "na 5 roku studiów".
    if match["word"] in ("r.", "r") and value < 100 and not _ERA.match(match.string, match.end()):
        return None
    case, word = _year_form(match, "gen")
    return f"{ordinal(value, case)} {word}{shared_stop(match)}"


def _year_after_word(match: re.Match[str]) -> str:
    case, word = _year_form(match, "nom")
    return f"{word} {ordinal(int(match['y']), case)}"


def _bare_year(match: re.Match[str]) -> str | None:
    """A year without "rok": only after a preposition or a month, and where it counts nothing."""
    value, before = int(match["y"]), word_before(match)
    if before in MONTHS or _MONTH_FORM.match(before):
        return f"{ordinal(value, 'gen')} roku"
    if before not in ("w", "od", "do", "po", "przed", "z", "sprzed", "około", "na", "między", "a", "i"):
        return None
    cases = governed(match.string, match.start())
    nouns, _ = noun_after(match.string, match.end())
    if not cases or (nouns and agree(value, nouns, cases) is not None) or value < 1000:
        return None
    if before in ("a", "i") and not re.search(r"[12]\d{3}\s[ai]\s\Z", match.string[: match.start()]):
        return None
    if before in ("z", "na", "około") and value < 1500:
        return None
    return ordinal(value, _pick(cases, "gen", ("acc",)) if before == "na" else _pick(cases, "gen"))


def _span(match: re.Match[str]) -> str | None:
    low, high = int(match["low"]), match["high"]
    if len(high) == 4 and int(high) <= low:
        return None
    if "/" in match[0]:
        return f"{cardinal(low)} łamane przez {cardinal(int(high))}"
    return f"{cardinal(low)} – {cardinal(int(high))}"


def _decade(match: re.Match[str]) -> str:
    word = match["word"]
    case = {"lata": "nom", "lat": "gen", "latach": "loc", "latami": "inst", "latom": "dat"}[word.lower()]
    return f"{word} {ordinal(int(match['tens']), case, 'pl')}{shared_stop(match)}"


def _century(match: re.Match[str]) -> str | None:
    value = roman_value(match["roman"])
    if value is None or value > 40:
        return None
    cases = governed(match.string, match.start())
    word = match["word"]
    if word == "w.":
        case = _pick(cases, "gen" if word_before(match) else "nom", ("acc",) if word_before(match) == "na" else ())
        word = noun("wiek").form("sg", case)
    else:
        possible = {"wiek": ("nom", "acc"), "wieku": ("gen", "loc"), "wiekiem": ("inst",)}.get(word, ())
        plural = {"wieki": "nom", "wieków": "gen", "wiekach": "loc", "wiekami": "inst", "wiekom": "dat"}.get(word)
        case = plural or next((case for case in cases if case in possible), possible[0] if possible else "nom")
    said = ordinal(value, case)
    low = roman_value(match["low"]) if match["low"] else None
    if low is not None:
        join = match["join"].strip()
        said = f"{ordinal(low, case)} {'–' if join in '–—-' else join.replace('/', 'i')} {said}"
    return f"{said} {word}{shared_stop(match)}"
