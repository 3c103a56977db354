"""What a Polish voice should say: the rules, in the order in which they run.

Numbers are declined by polish_cases.py. Telephone numbers and the like are read in their groups
("sto dwadzieścia trzy, czterysta pięćdziesiąt sześć"), as Poles do. An ordinal is a number with a full
stop before a word in lower case ("3. piętro"), so one before a name is missed.
"""

import functools
import re

from engines.spoken import polish_dates, polish_measures
from engines.spoken.addresses import AddressWords, address_rules
from engines.spoken.emoji import say_emoji
from engines.spoken.formulas import formula_rule, power_rule
from engines.spoken.polish_abbreviations import abbreviation_rules, acronym, is_acronym, spell
from engines.spoken.polish_cases import agree, governed, noun_after, said
from engines.spoken.polish_morphology import readings
from engines.spoken.polish_numbers import as_written, cardinal, digits, fraction_digits, joined, ordinal, value_of
from engines.spoken.polish_words import ORDINAL_NOUNS
from engines.spoken.roman import ROMAN, roman_value
from engines.spoken.rules import Rule, is_code, rule, shouts, tidy, word_before, word_set

CODE = "kod"
CODE_BLOCK = "Blok kodu."
FORMULA = "wzór"

_SIGNS = {
    ".": "kropka",
    "@": "małpa",
    "/": "ukośnik",
    "-": "myślnik",
    "_": "podkreślnik",
    ":": "dwukropek",
    "+": "plus",
}
_SIGNS |= {"~": "tylda", "#": "kratka"}
_NUM = r"\d{1,3}(?:[ ]\d{3})+(?!\d)|\d{1,3}(?:\.\d{3})+(?![\d,])|\d+"


# "w 15., 48. i 90. minucie"
_MORE_ORDINALS = r"(?:,|\s(?:i|oraz|lub|a|do))\s\d{1,4}\."
_LISTED_ORDINALS = re.compile(f"(?:{_MORE_ORDINALS}){{1,5}}")


def say(sentence: str) -> str:
    """One sentence, free of Markdown, as a voice should say it."""
    text = say_emoji(sentence, "pl")
    for each in _rules():
        text = each(text)
    return tidy(text)


def _groups(match: re.Match[str]) -> str:
    plus = "plus " if match[0].startswith("+") else ""
    return plus + ", ".join(as_written(group) for group in re.findall(r"\d+", match[0]))


def _in_threes(match: re.Match[str]) -> str:
    """A telephone number that is written in one: "601234567"."""
    return ", ".join(as_written(group) for group in re.findall(r"\d{3}", match[0]))


def _ordinal(match: re.Match[str]) -> str | None:
    """ "3. piętrze": the noun says gender and case."""
    number = value_of(match["number"])
    more = _LISTED_ORDINALS.match(match.string, match.end())
    nouns, _ = noun_after(match.string, more.end() if more else match.end())
    cases = governed(match.string, match.start())
    fitting = [r for r in nouns if r.case in cases] or nouns
    if not fitting:
        return None
    best = min(
        fitting,
        key=lambda r: (
            cases.index(r.case)
            if r.case in cases
            else ("nom", "acc").index(r.case) + 9
            if r.case in ("nom", "acc")
            else 20
        ),
    )
    if best.number == "pl" and not any(r.number == "sg" and r.case == best.case for r in fitting):
        return ordinal(number, best.case, "pl")
    return ordinal(number, best.case, best.gender)


def _roman_before(match: re.Match[str]) -> str | None:
    """ "II wojna", "w XV Liceum": an ordinal that agrees with the noun after it."""
    value = roman_value(match["roman"])
    if value is None or value > 60 or (len(match["roman"]) == 1 and match["roman"] not in "IVX"):
        return None
    nouns, _ = noun_after(match.string, match.end())
    singular = [reading for reading in nouns if reading.number == "sg" and reading.noun]
    if not singular:
        return None
    cases = governed(match.string, match.start())
    fitting = [reading for reading in singular if reading.case in cases] or singular
    best = min(fitting, key=lambda r: cases.index(r.case) if r.case in cases else r.case != "nom")
    return ordinal(value, best.case, best.gender)


def _roman_after(match: re.Match[str]) -> str | None:
    """ "Jana Pawła II", "rozdział IV": an ordinal that agrees with the word before it."""
    value = roman_value(match["roman"])
    word = match["word"]
    own = [reading for reading in readings(word) if reading.noun and reading.number == "sg" and reading.lemma]
    lower = [r for r in readings(word.lower()) if r.noun and r.number == "sg"] if word[0].isupper() else []
    possible = own or lower
    if value is None or value > 60 or not possible:
        return None
    name = word[0].isupper() and any(r.gender in ("m1", "f") and r.lemma[:1].isupper() for r in possible)
    if not name and not any(r.lemma.lower() in _ROMAN_NOUNS for r in possible):
        return None
    cases = governed(match.string, match.start())
    people = [r for r in possible if r.lemma[:1].isupper() and r.gender in ("m1", "f")]
    # "Pawła" may be a rare woman's name; a man's is likelier.
    first = [r for r in people if r.gender == "m1"] or people or possible
    fitting = [r for r in first if r.case in cases] or first
    best = fitting[0]
    earlier = re.search(r"([A-ZŁŚŻ]\w{1,20})\s\Z", match.string[max(0, match.start() - 24) : match.start()])
    if earlier:
        # "Jana Pawła": both words must be able to stand in the case.
        shared = {r.case for r in readings(earlier[1]) if r.noun and r.number == "sg" and r.gender == best.gender}
        best = next((r for r in fitting if r.case in shared), best)
    return f"{word} {ordinal(value, best.case, best.gender)}"


_ROMAN_NOUNS = ORDINAL_NOUNS | word_set("""
    wojna kategoria liga grupa stopień poziom faza typ instancja kwartał tura akt księga
""")


def _counted(match: re.Match[str]) -> str | None:
    """A whole number with what it counts."""
    if is_code(match["number"]):
        return None
    number = value_of(match["number"])
    nouns, _ = noun_after(match.string, match.end())
    agreement = agree(number, nouns, governed(match.string, match.start()))
    if agreement is None:
        return None
    return said(number, agreement)


def _alone(match: re.Match[str]) -> str:
    """A whole number that counts nothing: "do pięciu", "strona piąta"."""
    if is_code(match["number"]):
        return as_written(match["number"])
    number, before = value_of(match["number"]), word_before(match)
    for reading in readings(before):
        if reading.lemma in ORDINAL_NOUNS and reading.number == "sg":
            cases = governed(match.string, match.start() - len(before) - 1)
            same = [r for r in readings(before) if r.lemma == reading.lemma and r.number == "sg"]
            best = next((r for r in same if r.case in cases), same[0])
            return ordinal(number, best.case, best.gender)
    cases = governed(match.string, match.start())
    case = cases[0] if cases else "nom"
    if before in ("w", "na", "po", "o", "za", "przed", "nad", "pod", "poza", "a", "i", "lub") and "acc" in cases:
        case = "inst" if cases[0] == "inst" and before in ("a", "i", "lub") else "acc"
    if before == "w":
        case = "loc"
    return cardinal(number, case)


def _range(match: re.Match[str]) -> str | None:
    """ "5–10 osób" is "od pięciu do dziesięciu osób", after a preposition "przez pięć do dziesięciu minut"."""
    if is_code(match["low"]) or is_code(match["high"]):
        return None
    low, high = value_of(match["low"]), value_of(match["high"])
    nouns, _ = noun_after(match.string, match.end())
    cases = governed(match.string, match.start())
    if low >= high:
        return f"{cardinal(low)} do {cardinal(high, 'gen')}" if not nouns else None
    gender = next((r.gender for r in nouns if r.number == "pl"), "m3")
    first = agree(low, nouns, cases)
    if cases and word_before(match) != "od":
        start = said(low, first) if first else cardinal(low, cases[0], gender)
        return f"{start} do {cardinal(high, 'gen', gender)}"
    return f"{'' if cases else 'od '}{cardinal(low, 'gen', gender)} do {cardinal(high, 'gen', gender)}"


def _power(exponent: int) -> str:
    if exponent in (2, 3):
        return "do kwadratu" if exponent == 2 else "do sześcianu"
    return f"do potęgi {'minus ' if exponent < 0 else ''}{ordinal(abs(exponent), 'gen', 'f')}"


def _score(match: re.Match[str]) -> str:
    return f"{cardinal(int(match['low']))} do {cardinal(int(match['high']), 'gen')}"


def _decimal(match: re.Match[str]) -> str:
    minus = "minus " if match["minus"] else ""
    whole, decimals = match["whole"], match["decimals"]
    if decimals == "5" and not match["minus"] and re.match(r"\s[a-ząćęłńóśźż]", match.string[match.end() :]):
        if value_of(whole) == 0:
            return "pół"
        if value_of(whole) == 1:
            nouns, _ = noun_after(match.string, match.end())
            return "półtorej" if any(r.gender == "f" and r.case == "gen" for r in nouns) else "półtora"
        nouns, _ = noun_after(match.string, match.end())
        gender = next((r.gender for r in nouns if r.case == "gen" and r.number == "sg"), "m3")
        cases = governed(match.string, match.start())
        case = cases[0] if cases and cases[0] in ("gen", "inst", "dat") else "nom"
        return f"{cardinal(value_of(whole), case, gender)} i pół"
    return f"{minus}{cardinal(value_of(whole))} przecinek {fraction_digits(decimals)}"


def _letters_and_number(match: re.Match[str]) -> str:
    letters, figures, after = match["letters"], match["figures"], match["after"]
    number = digits(figures) if figures[0] == "0" or len(figures) > 4 else cardinal(int(figures))
    word = (acronym(letters) or (spell(letters) if len(letters) == 1 else letters)) if letters.isupper() else letters
    return f"{word} {number}" + (f" {spell(after)}" if after else "")


def _number_and_letters(match: re.Match[str]) -> str:
    letters = match["letters"]
    number = cardinal(int(match["figures"]))
    return f"{number} {spell(letters) if letters.isupper() or len(letters) == 1 else letters}"


def _suffixed(match: re.Match[str]) -> str | None:
    """ "5-letni", "XX-wieczny": number and adjective are one word."""
    number = roman_value(match["figures"]) if match["figures"].isalpha() else int(match["figures"])
    return None if not number else joined(number) + match["rest"]


_SYMBOLS = {
    "&": " i ", "+": " plus ", "=": " równa się ", "×": " razy ", "÷": " dzielone przez ", "±": " plus minus ",
    "≈": " około ", "≤": " co najwyżej ", "≥": " co najmniej ", "≠": " nie równa się ", "√": " pierwiastek z ",
    "∞": " nieskończoność ", "©": "", "®": "", "™": "", "§": " paragraf ", "•": "", "·": " ", "→": ", ", "←": ", ",
    "⇒": ", ", "|": ", ", "²": " do kwadratu", "³": " do sześcianu", "°": " stopni ", "\\": " ", "^": " ",
    "€": " euro ", "$": " dolarów ", "£": " funtów ", "%": " procent ", "‰": " promili ", "✓": ", ", "✗": ", ",
    "¶": "", "†": "", "µ": " mikro ",
}  # fmt: skip


def _symbol(match: re.Match[str]) -> str:
    return _SYMBOLS[match[0]]


@functools.cache
def _rules() -> tuple[Rule, ...]:
    known = {"www": "wu wu wu", "com": "kom", "org": "org", "gov": "gow", "net": "net", "edu": "edu", "io": "i o"}
    known |= {"eu": "e u", "html": "ha te em el", "ai": "ej aj", "gmail": "dżimejl", "uk": "u ka"}
    addresses = AddressWords(_SIGNS, known, spell, as_written)
    return (
        rule("[\u00ad\u200b-\u200d\u2060\ufeff\ufe0e\ufe0f]", lambda match: ""),
        rule("[\u00a0\u2007-\u200a\u202f]", lambda match: " "),
        *address_rules(addresses),
        formula_rule(spell, " ", as_written),
        *_codes(),
        *polish_dates.date_rules(),
        *abbreviation_rules(),
        *polish_dates.time_rules(),
        *polish_dates.year_rules(),
        *polish_measures.measure_rules(),
        *_roman(),
        power_rule(_power),
        *_numbers(),
        rule(r"(?<![\w'’.-])(?P<letters>[A-ZĄĆĘŁŃÓŚŹŻ]{2,6})(?P<ending>-[a-ząęó]{1,5})?(?![\w’'.]\w|\w)", _acronym),
        rule(f"[{re.escape(''.join(_SYMBOLS))}]", _symbol),
        rule(r"(?<=\w)\*(?=\w)", lambda match: " razy "),
        rule(r"[*_~`]+", lambda match: " "),
    )


def _codes() -> list[Rule]:
    return [
        rule(r"(?<![\w+]) \+ \d{1,3} (?:[\s.-]?\(?\d{1,4}\)?){2,5} (?![\w-])", _groups),
        rule(
            r"(?<![\w+.,-]) \d{3}([ -])\d{3}\1\d{3} (?![\w-]|[ ]\d{3}|,\d|\s(?:zł|osób|tys|euro|km|m\b))",
            _phone_or_number,
        ),
        rule(r"(?:(?<=lefon\s)|(?<=[Tt]el[.:]\s)|(?<=umer\s)|(?<=umer:\s)|(?<=kom\.\s)) \d{9} (?![\w,])", _in_threes),
        rule(r"(?<![\w+.,-]) \(?\d{2}\)?[ -]\d{3}[ -]\d{2}[ -]\d{2} (?![\w-])", _groups),
        rule(r"(?<![\w.,-]) \d{2}-\d{3} (?=\s[A-ZŁŚŻ])", _groups),
        rule(
            r"(?<![\w+.-]) (?!\d{4}-\d{2}-\d{2}(?!\d)) (?!\d{1,2}-\d{1,2}-\d{4}(?!\d)) \d+ (?:-\d+){2,8} (?![\w-])",
            _groups,
        ),
        rule(
            r"(?<![\w.,]) (?!\d{1,2}\.\d{1,2}\.\d{4}(?!\d)) (?!\d{1,3}(?:\.\d{3})+(?!\d))"
            r"(?P<v>v)? \d{1,4}(?:\.\d{1,4}){2,4} (?!\w|\.\d)",
            lambda m: ("wersja " if m["v"] else "") + " kropka ".join(as_written(p) for p in re.findall(r"\d+", m[0])),
        ),
        rule(r"(?<![\w&]) \# (?=[^\W\d_]{2})", lambda match: "hasztag "),
        rule(r"\# (?=\d)", lambda match: "numer "),
        rule(r"(?<![\w/]) 24/7 (?![\w/])", lambda match: "dwadzieścia cztery na siedem"),
    ]


def _phone_or_number(match: re.Match[str]) -> str | None:
    """Nine digits in threes: a telephone number, unless they count something."""
    if match[1] == " ":
        nouns, _ = noun_after(match.string, match.end())
        if agree(value_of(match[0]), nouns, ()) is not None:
            return None
    return _groups(match)


def _roman() -> list[Rule]:
    small = rf"(?P<roman>(?=[IVX]){ROMAN})"
    return [
        rule(rf"\b(?P<word>[^\W\d_]{{2,20}})\s{small}\b(?![.-]\w|['’])", _roman_after),
        rule(rf"(?<![\w.-]){small}(?=\s[^\W\d_])", _roman_before),
    ]


def _numbers() -> list[Rule]:
    number = rf"(?P<number>{_NUM})"
    signed = r"(?P<minus>(?<![\w)\]])(?:(?<=\s)|(?<=^)|(?<=[(\[]))[-−–])?"
    return [
        rule(
            rf"(?<![\w.,])(?P<figures>\d{{1,4}}|(?=[IVX]){ROMAN}(?=-wie))-(?P<rest>[a-ząćęłńóśźż]{{3,20}})\b",
            _suffixed,
        ),
        rule(rf"(?<![\w.,/–-])(?P<low>{_NUM})\s?[–—-]\s?(?P<high>{_NUM})(?![\w–—/-]|[.,]\d)", _range),
        rule(rf"(?<![\w.,])(?P<number>\d{{1,4}})\.(?=(?:{_MORE_ORDINALS}){{0,5}}\s[a-ząćęłńóśźż])", _ordinal),
        rule(r"(?<![\w.,:])(?P<low>\d{1,3}):(?P<high>\d{1,6})(?![\w:])", _score),
        rule(rf"(?<![\w.,]){signed}(?P<whole>{_NUM}),(?P<decimals>\d+)(?!\w)", _decimal),
        rule(r"(?<![\w.,])(?P<minus>)(?P<whole>\d+)\.(?P<decimals>\d+)(?![\w.])", _decimal),
        rule(
            r"(?<![\w.-])(?P<letters>[^\W\d_]{1,12})-?(?P<figures>\d{1,9})(?P<after>[A-Za-z]?)(?!\w)",
            _letters_and_number,
        ),
        rule(r"(?<![\w.,])(?P<figures>\d{1,6})-?(?P<letters>[A-Z]{1,4}|[a-z])(?!\w)", _number_and_letters),
        rule(r"(?<![\w)\]])(?:(?<=\s)|(?<=^)|(?<=[(\[]))[-−–](?=\d)", lambda match: "minus "),
        rule(r"(?<=\d)\s?[x*×]\s?(?=\d)", lambda match: " razy "),
        rule(r"(?<=\d)\s?<\s?(?=\d)|(?<=\s)<\s?(?=\d)", lambda match: " mniejsze niż "),
        rule(r"(?<=\d)\s?>\s?(?=\d)|(?<=\s)>\s?(?=\d)", lambda match: " większe niż "),
        rule(r"~\s?(?=\d)", lambda match: "około "),
        rule(rf"(?<![\w.,]){number}(?=\s[^\W\d_]|\s?(?:lub|albo|czy|i|,|do)\s?\d)", _counted),
        rule(rf"{number}", lambda match: _spaced(match, _alone(match))),
    ]  # fmt: skip


def _spaced(match: re.Match[str], words: str) -> str:
    left = " " if match.start() and match.string[match.start() - 1].isalpha() else ""
    right = " " if match.string[match.end() : match.end() + 1].isalpha() else ""
    return f"{left}{words}{right}"


def _acronym(match: re.Match[str]) -> str | None:
    shouted = shouts(match.string, is_acronym)
    return acronym(match["letters"], match["ending"] or "", shouted)
