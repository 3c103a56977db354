"""What a translation must carry over unchanged: placeholders, tags, addresses and code.

In prose a brace or a percent sign may mean itself ("20% a year"), so a pattern asks for the whole form of
its language: Python's ``{name}``, ``%(x)d`` and ``%s``, C's ``%1$s``, shells' ``${name}``, templates'
``{{ name }}``, HTML's tags and entities.
"""

import re

PLACEHOLDER = re.compile(
    r"\{\{[^{}\n]{1,80}\}\}"
    r"|\$?\{[A-Za-z0-9_.\[\]]{0,60}(?:![rsa])?(?::[^{}\n\s]{0,20})?\}"
    r"|%\([A-Za-z0-9_. ]{1,60}\)[-+0#]*\d*(?:\.\d+)?[a-zA-Z](?!\w)"
    r"|%(?:\d+\$)?[-+0#]*\d*(?:\.\d+)?(?:l{1,2}|h|z)?[sdifguxXeEc@](?!\w)"
    r"|(?<!\w)\$[A-Z_]{2,40}\b"
)
TAG = re.compile(
    r"</?[A-Za-z][A-Za-z0-9:-]{0,40}(?:\s[^<>]{0,2000})?/?>|<!--.{0,2000}?-->|&(?:[A-Za-z]{2,10}|#\d{1,7});"
)
ADDRESS = re.compile(
    r"(?:https?|ftp)://[^\s<>\"]*[^\s<>\".,;:!?)\]'”’»]|www\.[^\s<>\"]*[^\s<>\".,;:!?)\]'”’»]"
    r"|mailto:\S+|[\w.+-]{1,64}@[\w-]{1,60}(?:\.[\w-]{1,60})+"
)
CODE = re.compile(r"`[^`\n]{1,400}`")
_ANY = re.compile("|".join(f"(?:{each.pattern})" for each in (CODE, TAG, ADDRESS, PLACEHOLDER)))


def literals(text: str) -> list[re.Match[str]]:
    """Return every stretch of ``text`` that must stay as it is, from left to right."""
    return list(_ANY.finditer(text))


def without_literals(text: str) -> str:
    """Return ``text`` with a space in place of each."""
    return _ANY.sub(" ", text)
