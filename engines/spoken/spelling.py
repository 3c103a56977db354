"""A number in words in any language that Unicode has rules for, in every gender and case that these know."""

from functools import lru_cache

from unicode_rbnf import RbnfEngine


@lru_cache(4096)
def spelled(number: int, language: str) -> tuple[str, ...]:
    """Return the words for a number, small letters; empty for a language without rules.

    Args:
        language: An ISO 639-1 code.
    """
    try:
        made = RbnfEngine.for_language(language.partition("-")[0].lower()).format_number(number)
    except (ValueError, KeyError, StopIteration):
        return ()
    words = {word.lower() for word in made.text_by_ruleset.values()}
    return tuple(sorted(word for word in words if any(letter.isalpha() for letter in word)))
