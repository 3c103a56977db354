"""Roman numerals: their values."""

import re

# Well-formed ones only, up to 3,999: never "IIII", never empty.
ROMAN = r"(?=[IVXLCDM])M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})"
_WHOLE = re.compile(ROMAN)
_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}


def roman_value(text: str) -> int | None:
    """The number that ``text`` writes ("XIV": 14), or None if it is no Roman numeral."""
    if not _WHOLE.fullmatch(text):
        return None
    digits = [_VALUES[letter] for letter in text]
    following = [*digits[1:], 0]
    return sum(-value if value < after else value for value, after in zip(digits, following, strict=True))
