"""Chemical formulas with subscripts, "CO₂", and powers with superscripts or a caret, "10⁶" and "2^10"."""

import re
from collections.abc import Callable

from engines.spoken.rules import Rule, rule

_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻−", "0123456789--")
_PART = re.compile(r"([A-Z][a-z]?|\))|([₀-₉]+)")


def formula_rule(spell: Callable[[str], str], tie: str, number: Callable[[str], str]) -> Rule:
    """The rule for "CO₂" and "H₂SO₄".

    Args:
        spell: Says letters one by one.
        tie: Stands between two parts.
        number: Says a number.
    """

    def say(match: re.Match[str]) -> str | None:
        if not re.search("[₀-₉]", match[0]):
            return None
        parts = (
            number(part[2].translate(_SUBSCRIPTS)) if part[2] else spell(part[1]) for part in _PART.finditer(match[0])
        )
        return tie.join(parts)

    return rule(r"(?<!\w) (?:[A-Z][a-z]?[₀-₉]{0,3}){1,12} (?!\w)", say)


def power_rule(say: Callable[[int], str]) -> Rule:
    """The rule for an exponent; ``say`` gets it and gives "squared", "to the power of six"."""
    return rule(
        r"(?<=[\w)]) (?:\^\s?(?P<plain>[-−]?\d{1,4}) | (?P<raised>⁻?[⁰¹²³⁴-⁹]{1,4})) (?!\w)",
        lambda match: " " + say(int((match["plain"] or match["raised"]).translate(_SUPERSCRIPTS))),
    )
