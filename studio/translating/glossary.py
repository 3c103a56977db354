"""Puts a glossary's terms into a translation."""

from collections.abc import Callable, Sequence

from store import Term


class Enforcer:
    """The terms of one direction."""

    def __init__(self, terms: Sequence[Term], source_lang: str, target_lang: str) -> None:
        self._terms = terms

    def enforce(self, source: str, target: str, ask: Callable[[str], str]) -> tuple[str, tuple[str, ...]]:
        """Return a translation with the terms in it, and the terms as they stand there."""
        return target, ()
