"""Names of emoji, in English and Polish; in other languages they are passed over.

The names in emoji.txt are those of Unicode's CLDR, under the Unicode License v3 that stands at its head;
deploy/make_emoji.py writes the file.
"""

import functools
import re
from pathlib import Path

_BASE = (
    "[\u203c\u2049\u231a-\u23ff\u24c2\u25fd\u25fe\u2600-\u27bf\u2b1b\u2b1c\u2b50\u2b55\u3030\u303d\u3297\u3299"
    "\U0001f000-\U0001faff]"
)
_LATER = "[\ufe0e\ufe0f\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]{0,8}"
_KEYCAP = re.compile("([0-9#*])\ufe0f?\u20e3")
_ONE = f"(?:[\U0001f1e6-\U0001f1ff]{{2}}|{_BASE}{_LATER}(?:\u200d{_BASE}{_LATER}){{0,6}})"
_RUN = re.compile(rf"[ \t]?({_ONE})(?:[ \t]?\1){{0,50}}")
_SHADES = re.compile("[\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]")
_COLUMN = {"en": 1, "pl": 2}


@functools.cache
def _names(language: str) -> dict[str, str]:
    column = _COLUMN[language]
    lines = Path(__file__).with_name("emoji.txt").read_text(encoding="utf-8").splitlines()
    rows = (line.split("\t") for line in lines if line and not line.startswith("# "))
    return {row[0]: row[column] for row in rows if len(row) == 3}


def say_emoji(text: str, language: str) -> str:
    """``text`` with the name in place of each emoji, between commas; the same one over again is said once.

    Args:
        text: Any text.
        language: "en" or "pl"; in any other language emoji are left out.
    """

    def name(match: re.Match[str]) -> str:
        if language not in _COLUMN:
            return " "
        emoji = _SHADES.sub("", match[1])
        names = _names(language)
        said = names.get(emoji) or names.get(emoji.split("\u200d")[0])
        return f", {said}, " if said else " "

    return _RUN.sub(name, _KEYCAP.sub(r" \1 ", text))
