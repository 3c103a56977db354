"""HTML whose words are translated and whose tags stay, byte for byte.

The text between two tags is one line of what is translated; line breaks in it mean nothing in HTML
and become spaces. What is no text of the page is left alone: scripts, styles, code, and whatever
says ``translate="no"``. Limits: a sentence with a tag in its middle is translated in parts.
"""

import html
import re
from dataclasses import dataclass, field

# What is never closed runs to the end, as browsers see it.
_TAG = re.compile(r"<!--.*?(?:-->|\Z)|<!\[CDATA\[.*?(?:\]\]>|\Z)|<[!?/]?[A-Za-z][^<>]*>", re.DOTALL)
_NAME = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9:-]*)")
_UNTRANSLATED = frozenset((
    "script", "style", "code", "pre", "kbd", "samp", "var", "textarea", "svg", "math", "noscript",
))  # fmt: skip
_VOID = frozenset((
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr",
))  # fmt: skip
_KEEP = re.compile(r"\btranslate\s*=\s*[\"']?no\b|\bclass\s*=\s*[\"'][^\"']*\bnotranslate\b", re.IGNORECASE)
_LETTER = re.compile(r"[^\W\d_]")
_SPACE = re.compile(r"\s+")


@dataclass(slots=True)
class Markup:
    """A piece of HTML, cut into what is translated and what stays.

    Attributes:
        text: Its words, one line for each stretch between tags.
    """

    source: str
    _parts: list[str] = field(default_factory=list)
    _places: list[int] = field(default_factory=list)
    text: str = ""

    def __post_init__(self) -> None:
        at, kept_in, depth = 0, "", 0
        for tag in _TAG.finditer(self.source):
            self._add(self.source[at : tag.start()], words=not kept_in)
            self._parts.append(tag[0])
            at = tag.end()
            named = _NAME.match(tag[0])
            if named is None:
                continue
            name, closes = named[2].lower(), bool(named[1])
            if kept_in:
                if name == kept_in:
                    depth += -1 if closes else not tag[0].endswith("/>")
                    kept_in = kept_in if depth else ""
            elif closes or name in _VOID or tag[0].endswith("/>"):
                continue
            elif name in _UNTRANSLATED or _KEEP.search(tag[0]):
                kept_in, depth = name, 1
        self._add(self.source[at:], words=not kept_in)
        self.text = "\n".join(_words(self._parts[place]) for place in self._places)

    def _add(self, text: str, *, words: bool) -> None:
        if words and _LETTER.search(html.unescape(text)):
            self._places.append(len(self._parts))
        self._parts.append(text)

    def filled(self, translation: str) -> str:
        """Return the HTML with the lines of a translation in their places.

        A translation of another number of lines can't be put back, and what has no line keeps its own words.
        """
        lines = translation.split("\n")
        parts = list(self._parts)
        for place, line in zip(self._places, lines, strict=False):
            own = parts[place]
            before, after = own[: len(own) - len(own.lstrip())], own[len(own.rstrip()) :]
            parts[place] = before + html.escape(line.strip(), quote=False) + after
        return "".join(parts)


def _words(text: str) -> str:
    return _SPACE.sub(" ", html.unescape(text)).strip()
