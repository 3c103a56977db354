"""Polish abbreviations, declined where they decline, and acronyms by the names of their letters."""

import re

from engines.spoken.polish_cases import governed
from engines.spoken.polish_morphology import is_verb, readings
from engines.spoken.polish_nouns import noun
from engines.spoken.polish_numbers import as_written, ordinal, value_of
from engines.spoken.polish_words import BARE, CLOSING, FIXED, LETTERS, NUMBERED, PLACES, SAID, SPELLED, TITLES, WORDS
from engines.spoken.rules import Rule, rule, word_before, words_after

# By gender, "m1" a saint's and "m" a thing's, and by case.
_ADJECTIVE = {
    "m1": {"nom": "y", "gen": "ego", "dat": "emu", "acc": "ego", "inst": "ym", "loc": "ym"},
    "m": {"nom": "y", "gen": "ego", "dat": "emu", "acc": "y", "inst": "ym", "loc": "ym"},
    "f": {"nom": "a", "gen": "ej", "dat": "ej", "acc": "ą", "inst": "ą", "loc": "ej"},
    "n": {"nom": "e", "gen": "ego", "dat": "emu", "acc": "e", "inst": "ym", "loc": "ym"},
    "pl": {"nom": "e", "gen": "ych", "dat": "ym", "acc": "e", "inst": "ymi", "loc": "ych"},
}
_VOWELS = "[AEIOUĄĘÓ]|[A-Z]Y[A-Z]{2}"
# Units, which have their own rules.
_AFTER_NUMBERS = ("min", "max", "tys", "godz", "proc")
_HOURS = re.compile(r"\s?\d{1,2}(?:[.:]\d\d)?\s?[–—-]\s?\d")


def abbreviation_rules() -> list[Rule]:
    """The rules for abbreviations; those that decline come before those that do not."""
    fixed = "|".join(re.escape(short) for short in sorted(FIXED, key=len, reverse=True))
    titles = "|".join(sorted(TITLES, key=len, reverse=True))
    numbered = "|".join(re.escape(short) for short in sorted(NUMBERED, key=len, reverse=True))
    bare = "|".join(sorted(BARE, key=len, reverse=True))
    capital = r"(?=\s?[A-ZĄĆĘŁŃÓŚŹŻ])"
    return [
        rule(
            rf"(?<![\w.])(?P<short>{numbered}|{numbered.title()})\.?\s?(?P<number>\d{{1,5}})(?![\w/]|[.,:]\d|[–—-]\d)",
            _numbered,
        ),
        rule(r"(?<![\w.])(?P<short>nr|pkt)\.?(?=\s?\w)", lambda match: _place(match, NUMBERED[match["short"]][0])),
        rule(r"(?<![\w.])(?P<short>[Gg])odz\.(?=\s?\d)", _hour),
        rule(
            rf"(?<![\w.])(?P<short>{'|'.join(PLACES)})\.{capital}",
            lambda match: _place(match, PLACES[match["short"]]) + _space(match),
        ),
        rule(r"(?<![\w.])(?P<short>woj|pow|gm)\.(?=\s\w)", lambda match: _place(match, PLACES[match["short"]])),
        rule(r"(?<![\w.])(?P<number>II?|[12])\.?\społ\.(?=\s\w)", _half),
        rule(rf"(?<![\w.])(?:św|Św)\.{capital}", _saint),
        rule(
            rf"(?<![\w.])(?P<short>{titles}|{titles.title()})\b\.?(?=\s(?:[A-ZĄĆĘŁŃÓŚŹŻ]|(?:{titles})\b|hab))",
            _title,
        ),
        rule(r"(?<![\w.])hab\.(?=\s)", lambda match: "habilitowany"),
        rule(r"(?<![\w.])tzw\.", _so_called),
        rule(rf"(?<![\w.])(?P<short>{fixed}|Np|Tzn|Tj|Ok|Wg|Zob|Por|Tel|Ur|Im)\.(?!\w)", _fixed),
        rule(r"(?<![\w./-])[Oo]k(?=\s\d)", lambda match: "około" if match[0] == "ok" else "Około"),
        rule(rf"(?<![\w./-])(?P<short>{bare})(?![\w./-])", lambda match: BARE[match["short"]]),
        rule(r"(?<![\w./-])Wg(?![\w./-])", lambda match: "Według"),
    ]  # fmt: skip


def _space(match: re.Match[str]) -> str:
    return "" if match.string[match.end() : match.end() + 1] == " " else " "


def _place(match: re.Match[str], lemma: str) -> str:
    """A noun in the case that the preposition asks for, or the adjective after it shows."""
    thing = noun(lemma)
    cases = governed(match.string, match.start())
    after = words_after(match, 1)
    shown = [
        r.case for word in after for r in readings(word) if not r.noun and r.number == "sg" and r.gender == thing.gender
    ]
    case = next((case for case in cases if case in shown), None)
    if case is None:
        case = cases[0] if cases else ("nom" if not shown or "nom" in shown else shown[0])
    return thing.form("sg", case)


def _half(match: re.Match[str]) -> str:
    """ "II poł. XX w." """
    half = _place(match, "połowa")
    case = next(case for (number, case), form in noun("połowa").forms.items() if number == "sg" and form == half)
    return f"{ordinal(len(match['number']) if match['number'][0] == 'I' else int(match['number']), case, 'f')} {half}"


def _hour(match: re.Match[str]) -> str:
    plural = "pl" if _HOURS.match(match.string, match.end()) else "sg"
    cases = governed(match.string, match.start())
    before = word_before(match)
    case = "loc" if before in ("o", "w", "po") else "acc" if before in ("na", "za") else cases[0] if cases else "nom"
    said = noun("godzina").form(plural, case)
    return said.capitalize() if match["short"] == "G" else said


def _numbered(match: re.Match[str]) -> str | None:
    short = match["short"].lower()
    lemma, by_order = NUMBERED[short]
    if short in ("s", "t") and "." not in match[0]:
        return None
    number = value_of(match["number"])
    if lemma == "pozycja":
        return f"pozycja {as_written(match['number'])}"
    case = _place_case(match)
    thing = noun(lemma)
    said = ordinal(number, case, thing.gender) if by_order else as_written(match["number"])
    named = thing.form("sg", case)
    return f"{named if match['short'] == short else named.capitalize()} {said}"


def _place_case(match: re.Match[str]) -> str:
    cases = governed(match.string, match.start())
    if cases:
        return cases[0]
    if word_before(match).rstrip(".") in ("zobacz", "zob", "por", "porównaj", "patrz"):
        return "acc"
    # "z art. 5 ust. 2": the second stands in the case of the first.
    earlier = re.search(r"(\w+\.?)\s(?:[^\W\d_]+\s)?\d+\s\Z", match.string[max(0, match.start() - 30) : match.start()])
    if earlier and earlier[1].rstrip(".") in NUMBERED:
        return (governed(match.string, match.start() - len(earlier[0])) or ("nom",))[0]
    return "nom"


def _name_cases(match: re.Match[str]) -> tuple[list[str], bool]:
    """The cases of the name that follows, and whether it is a woman's."""
    following = re.findall(r"[A-ZĄĆĘŁŃÓŚŹŻ][\w-]+", match.string[match.end() : match.end() + 40])[:2]
    for word in following:
        found = [r for r in readings(word) if r.noun and r.number == "sg" and r.gender in ("m1", "f")]
        named = [r for r in found if r.lemma[:1].isupper()] or found
        # "Jana" may be a rare name in the nominative; an inflected form of a man's is likelier.
        named = [r for r in named if r.gender == "m1" and r.lemma != word] or named
        if named:
            men = [r.case for r in named if r.gender == "m1"]
            return men or [r.case for r in named], not men
    return [], False


def _saint(match: re.Match[str]) -> str:
    cases = governed(match.string, match.start())
    possible, woman = _name_cases(match)
    case = next((case for case in cases if case in possible), possible[0] if possible else "gen")
    return "święt" + _ADJECTIVE["f" if woman else "m1"][case] + _space(match)


def _title(match: re.Match[str]) -> str:
    lemma = TITLES[match["short"].lower()]
    thing = noun(lemma)
    cases = governed(match.string, match.start())
    possible, woman = _name_cases(match)
    if (woman and lemma != "ksiądz") or (
        "nom" in possible and "nom" not in cases and not (cases and set(cases) & set(possible))
    ):
        case = "nom"
    else:
        case = next((case for case in cases if case in possible), possible[0] if possible else (cases or ("nom",))[0])
    said = thing.form("sg", case)
    return said.capitalize() if match["short"][0].isupper() else said


def _so_called(match: re.Match[str]) -> str:
    cases = governed(match.string, match.start())
    for word in words_after(match, 3):
        nouns = [reading for reading in readings(word) if reading.noun]
        if nouns:
            best = next((r for case in cases for r in nouns if r.case == case), nouns[0])
            table = _ADJECTIVE["pl" if best.number == "pl" else {"f": "f", "n": "n"}.get(best.gender, "m")]
            return "tak zwan" + table[best.case]
    return "tak zwany"


def _fixed(match: re.Match[str]) -> str | None:
    short = match["short"]
    ends = not match.string[match.end() :].strip("\"')” ")
    if ends and short.lower() == "ok":
        return "okej."
    if (ends and short not in CLOSING) or (short == "im" and is_verb(word_before(match))):
        return None
    if short in _AFTER_NUMBERS and re.search(r"\d\s?\Z", match.string[max(0, match.start() - 2) : match.start()]):
        return None
    if short == "tel" and word_before(match).startswith("numer"):
        return "telefonu" + ("." if ends else "")
    said = FIXED.get(short) or FIXED[short.lower()].capitalize()
    return said + ("." if ends else "")


def spell(letters: str) -> str:
    """Letter by letter, by the letters' names: "pe ka pe"."""
    return " ".join(LETTERS.get(letter, letter.lower()) for letter in letters.upper())


def is_acronym(word: str) -> bool:
    """Whether capitals are read as an acronym, by letters or as a word."""
    return word in WORDS or word in SAID or word in SPELLED or not re.search(_VOWELS, word)


def acronym(letters: str, ending: str = "", shouted: bool = False) -> str | None:
    """What an acronym with its inflectional ending ("-u") sounds like; None where it is read as a word.

    Args:
        letters: The capitals.
        ending: With its hyphen, or "".
        shouted: Whether the whole sentence is in capitals, where a word must not be taken for an acronym.
    """
    if letters in WORDS:
        return letters.capitalize() + ending.replace("-", "") if ending else None
    if letters in SAID and not shouted:
        return SAID[letters] + ending.replace("-", " ")
    vowels = re.search(_VOWELS, letters)
    if vowels and (shouted or letters not in SPELLED):
        return None
    return spell(letters) + ending.replace("-", "")
