"""What an English voice should say: the rules, in the order in which they run.

A date as 3/4/2024 is read month first, or day first for a voice that is not American. A number of four
digits is a year where a word beside it says so ("in 1989", "March 1989"), or from 1900 to 2099 where no
counted thing follows. Limits: "5 in" is five in, not inches, because it cannot be known; "St." is a
saint before a name and a street after one; capitals that spell a pronounceable, unknown word are left
to the voice.
"""

import functools
import re

from engines.spoken import english_dates, english_measures
from engines.spoken.addresses import AddressWords, address_rules
from engines.spoken.emoji import say_emoji
from engines.spoken.english_numbers import cardinal, digits, number, ordinal
from engines.spoken.english_words import (
    ABBREVIATIONS,
    BARE,
    BEFORE_NUMBERS,
    LETTERS,
    NUMBERED,
    REIGNING,
    WORDS,
)
from engines.spoken.formulas import formula_rule, power_rule
from engines.spoken.roman import ROMAN, roman_value
from engines.spoken.rules import Rule, rule, shouts, tidy, word_before

CODE = "some code"
CODE_BLOCK = "Code block."
FORMULA = "a formula"

_SIGNS = {".": "dot", "@": "at", "/": "slash", "-": "dash", "_": "underscore", ":": "colon", "+": "plus"}
_SIGNS |= {"~": "tilde", "#": "hash"}
_NUM = r"\d{1,3}(?:,\d{3})+(?!\d)|\d+"


def say(sentence: str, day_first: bool) -> str:
    """One sentence, free of Markdown, as a voice should say it.

    Args:
        sentence: One line.
        day_first: Whether 3/4/2024 is in April.
    """
    text = say_emoji(sentence, "en")
    for each in _rules(day_first):
        text = each(text)
    return tidy(text)


def spell(letters: str) -> str:
    """Letter by letter: "U-S-A". The hyphens keep a voice from taking "A" for the article."""
    return "-".join(letters.upper())


def _phone(match: re.Match[str]) -> str:
    plus = "plus " if match[0].startswith("+") else ""
    return plus + ", ".join(digits(group) for group in re.findall(r"\d+", match[0]))


def _digit_groups(match: re.Match[str]) -> str:
    return ", ".join(digits(group) for group in re.findall(r"\d+", match[0]))


def _short_number(match: re.Match[str]) -> str:
    """ "Call 112": three digits that are no number of anything."""
    return " " + digits(match["number"])


def _power(exponent: int) -> str:
    if exponent in (2, 3):
        return "squared" if exponent == 2 else "cubed"
    return f"to the power of {number(str(exponent))}"


def _version(match: re.Match[str]) -> str:
    said = " point ".join(cardinal(part) for part in match["parts"].split("."))
    return f"version {said}" if match["v"] and word_before(match) != "version" else said


def _roman_after_noun(match: re.Match[str]) -> str | None:
    value = roman_value(match["roman"])
    return None if value is None else f"{match['noun']} {cardinal(str(value))}"


def _reign(match: re.Match[str]) -> str | None:
    value = roman_value(match["roman"])
    return None if value is None or value > 30 else f"{match['name']} the {ordinal(value)}"


def _roman_century(match: re.Match[str]) -> str | None:
    value = roman_value(match["roman"])
    return None if value is None or value > 30 else f"{ordinal(value)}{match['rest']}"


def _range(match: re.Match[str]) -> str:
    return f"{number(match['low'])} to {number(match['high'])}"


def _saint_or_street(match: re.Match[str]) -> str:
    return "Saint" if re.match(r"\.?\s+[A-Z]", match.string[match.end("st") :]) else "Street"


def _abbreviation(match: re.Match[str]) -> str:
    ends = match.end() == len(match.string.rstrip("\"')” ")) and match[1] not in ("Mr", "Mrs", "Ms", "Dr", "Prof")
    return ABBREVIATIONS[match[1]] + ("." if ends else "")


def _letters_and_number(match: re.Match[str]) -> str | None:
    letters, figures, after = match["letters"], match["figures"], match["after"]
    said = digits(figures) if figures[0] == "0" or len(figures) > 4 else cardinal(figures)
    if letters.isupper() and letters not in WORDS and len(letters) <= 4:
        whole = f"{spell(letters)}-{said}" if len(letters) < 3 else f"{spell(letters)} {said}"
    else:
        whole = f"{letters} {said}"
    return whole + (f"-{spell(after)}" if after else "")


def _number_and_letters(match: re.Match[str]) -> str:
    letters = match["letters"]
    short = letters.isupper() or len(letters) == 1
    return f"{cardinal(match['figures'])}{'-' if short else ' '}{spell(letters) if short else letters}"


def _acronym(match: re.Match[str]) -> str | None:
    letters, ending = match["letters"], match["ending"]
    if letters in WORDS or not _is_spelled(letters):
        return None
    if letters in LETTERS and re.search("[AEIOUY]", letters) and shouts(match.string, _is_known):
        return None
    return spell(letters) + ("'s" if ending else "")


def _is_spelled(letters: str) -> bool:
    return letters in LETTERS or not re.search("[AEIOUY]", letters)


def _is_known(word: str) -> bool:
    return "-" in word or word in WORDS or _is_spelled(word)


def _minus(match: re.Match[str]) -> str:
    return "minus "


_SYMBOLS = {
    "&": " and ", "+": " plus ", "=": " equals ", "×": " times ", "÷": " divided by ", "±": " plus or minus ",
    "≈": " about ", "≤": " at most ", "≥": " at least ", "≠": " is not ", "√": " square root of ", "∞": " infinity ",
    "©": " copyright ", "®": "", "™": "", "§": " section ", "¶": "", "†": "", "•": "", "·": " ", "°": " degrees ",
    "→": ", ", "←": ", ", "⇒": ", ", "|": ", ", "²": " squared", "³": " cubed", "µ": " micro", "\\": " ", "^": " ",
    "£": " pounds ", "€": " euros ", "$": " dollars ", "%": " percent ", "✓": ", ", "✗": ", ", "‰": " per mille ",
}  # fmt: skip


def _symbol(match: re.Match[str]) -> str:
    return _SYMBOLS[match[0]]


@functools.cache
def _rules(day_first: bool) -> tuple[Rule, ...]:
    known = {"www": "W-W-W", "com": "com", "org": "org", "net": "net", "html": "H-T-M-L", "io": "I-O", "ai": "A-I"}
    known |= {"uk": "U-K", "eu": "E-U", "us": "U-S", "api": "A-P-I"}
    addresses = AddressWords(_SIGNS, known, spell, lambda part: cardinal(part) if len(part) < 3 else digits(part))
    return (
        rule("[\u00ad\u200b-\u200d\u2060\ufeff\ufe0e\ufe0f]", lambda match: ""),
        rule("[\u00a0\u2007-\u200a\u202f]", lambda match: " "),
        *address_rules(addresses),
        formula_rule(spell, "-", cardinal),
        *_codes(),
        *english_dates.date_rules(day_first),
        *_versions(),
        *english_measures.measure_rules(),
        *english_dates.year_rules(),
        *_abbreviations(),
        *_roman(),
        power_rule(_power),
        *_numbers(),
        rule(r"(?<![\w'’.-]) (?P<letters>[A-Z]{2,6}) (?P<ending>['’]?s)? (?![\w’']|-[A-Z]\b)", _acronym),
        rule(f"[{re.escape(''.join(_SYMBOLS))}]", _symbol),
        rule(r"(?<=\w)\*(?=\w)", lambda match: " times "),
        rule(r"[*_~`]+", lambda match: " "),
    )


def _codes() -> list[Rule]:
    return [
        rule(r"(?<![\w+]) \+ \d{1,3} (?:[\s.-]?\(?\d{1,4}\)?){2,5} (?![\w-])", _phone),
        rule(r"(?<![\w(]) \(\d{3}\)\s?\d{3}[-.\s]\d{4} (?![\w-])", _phone),
        rule(r"(?<![\w+-]) (?:1[-.\s])?\d{3}([-.])\d{3}\1\d{4} (?![\w-])", _phone),
        rule(r"(?<![\w+-]) \d{3}-\d{4} (?![\w-])", _phone),
        rule(r"(?<![\w+.-]) (?!\d{4}-\d{2}-\d{2}(?!\d)) \d+ (?:-\d+){2,8} (?:-?X\b)? (?![\w-])", _digit_groups),
        rule(r"\b(?<=[Cc]all|[Dd]ial|[Rr]ing)\s(?P<number>\d{3})(?![\w-]|[.,]\d|\s[a-z]+s\b)", _short_number),
        rule(r"\# (?=\d)", lambda match: "number "),
        rule(r"(?<![\w&]) \# (?=[^\W\d_]{2})", lambda match: "hashtag "),
        rule(r"(?<![\w/]) 24/7 (?![\w/])", lambda match: "twenty-four seven"),
        rule(r"(?<![\w/]) 9/11 (?![\w/])", lambda match: "nine eleven"),
    ]


def _versions() -> list[Rule]:
    return [
        rule(r"(?<![\w.,]) (?P<v>v\.?\s?)? (?P<parts>\d{1,4}(?:\.\d{1,4}){2,4}) (?!\w|\.\d)", _version),
        rule(r"(?<![\w.]) v (?P<parts>\d{1,3}(?:\.\d{1,3})?) (?![\w.]*\d)", lambda m: f"version {number(m['parts'])}"),
    ]


def _roman() -> list[Rule]:
    nouns, names = "|".join(NUMBERED), "|".join(REIGNING)
    return [
        rule(rf"\b(?P<noun>{nouns})\s(?P<roman>{ROMAN})\b (?!['’]|\.\w)", _roman_after_noun),
        rule(rf"\b(?P<name>{names})\s(?P<roman>(?=[IVX]){ROMAN})\b (?!['’][a-z]{{2}}|\.\w)", _reign),
        rule(rf"\b(?P<roman>(?=[IVX]){ROMAN})(?:st|nd|rd|th)?(?P<rest>\s(?:century|centuries)\b)", _roman_century),
        rule(
            r"\b(?P<noun>[A-Z][a-z]{2,20})\s(?P<roman>(?=[IVX]{2})X{0,2}(?:IX|IV|V?I{0,3}))\b(?!['’])",
            _roman_after_noun,
        ),
    ]


def _abbreviations() -> list[Rule]:
    dotted = "|".join(re.escape(short) for short in sorted(ABBREVIATIONS, key=len, reverse=True))
    numbered = "|".join(sorted(BEFORE_NUMBERS, key=len, reverse=True))
    bare = "|".join(re.escape(short) for short in sorted(BARE, key=len, reverse=True))
    return [
        rule(rf"(?<![\w.])({numbered})\.\s?(?=\d|[IVXLC]+\b)", lambda match: BEFORE_NUMBERS[match[1]] + " "),
        rule(r"(?<![\w.])(?P<st>St)\b\.?(?=\s|,|$)", _saint_or_street),
        rule(rf"(?<![\w.])({dotted})\.(?!\w)", _abbreviation),
        rule(rf"(?<![\w./])({bare})(?![\w.])", lambda match: BARE[match[1]]),
        rule(r"\b(?:[A-Z]\.){2,6}(?!\w)", lambda match: spell(match[0].replace(".", ""))),
    ]


def _numbers() -> list[Rule]:
    signed = rf"(?:(?<![\w)\]])[-−])?(?:{_NUM})(?:\.\d+)?"
    return [
        rule(rf"(?<![\w.,/–-])(?P<low>{signed})\s?[–—]\s?(?P<high>{signed})(?![\w–—/-])", _range),
        rule(r"(?<![\w.,/–-])(?P<low>\d+(?:\.\d+)?)-(?P<high>\d+(?:\.\d+)?)(?![\w–—/-])", _range),
        rule(r"(?<![\w.,:])(?P<low>\d{1,3}):(?P<high>\d{1,3})(?![\w:])", _range),
        rule(r"\b(\d{1,3}(?:,\d{3})+|\d{1,12})(?:st|nd|rd|th)\b", lambda m: ordinal(int(m[1].replace(",", "")))),
        rule(
            r"(?<![\w.-])(?P<letters>[A-Za-z]{1,12})-?(?P<figures>\d{1,9})(?P<after>[A-Za-z]?)(?![\w.]*[\d])(?!\w)",
            _letters_and_number,
        ),
        rule(r"(?<![\w.,])(?P<figures>\d{1,6})-?(?P<letters>[A-Z]{1,4}|[a-z])(?![\w])", _number_and_letters),
        rule(r"(?<![\w)\]])(?:(?<=\s)|(?<=^)|(?<=[(\[,;:]))[-−](?=\.?\d)", _minus),
        rule(r"(?<=\d)\s?[x*×]\s?(?=\d)", lambda match: " times "),
        rule(r"(?<=\d)\s?<\s?(?=\d)|(?<=\s)<\s?(?=\d)", lambda match: " less than "),
        rule(r"(?<=\d)\s?>\s?(?=\d)|(?<=\s)>\s?(?=\d)", lambda match: " more than "),
        rule(r"~\s?(?=\d)", lambda match: "about "),
        rule(rf"(?<![\d.,])\.(?P<decimals>\d+)|(?P<whole>{_NUM})(?P<rest>\.\d+)?", _plain_number),
    ]


def _plain_number(match: re.Match[str]) -> str:
    if match["decimals"]:
        return f"point {digits(match['decimals'])}"
    said = number(match["whole"] + (match["rest"] or ""))
    left = " " if match.string[match.start() - 1 : match.start()].isalpha() and match.start() else ""
    right = " " if match.string[match.end() : match.end() + 1].isalpha() else ""
    return f"{left}{said}{right}"
