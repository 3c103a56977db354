"""E-mail addresses, web addresses, IP addresses and file names, part by part as a person says them."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from engines.spoken.rules import Rule, rule

LONGEST_PATH = 40
_PARTS = re.compile(r"[^\W\d_]+|\d+|[^\w\s]|_")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_VOWELS = re.compile(r"[aeiouyąęó]", re.IGNORECASE)
_EXTENSIONS = (
    "pdf|docx?|xlsx?|pptx?|txt|md|csv|tsv|json|ya?ml|toml|xml|html?|css|js|ts|py|ipynb|sh|c|h|cpp|rs|go|java|zip|tar|gz"
    "|7z|rar|png|jpe?g|gif|svg|webp|bmp|mp3|mp4|wav|flac|ogg|avi|mkv|mov|exe|dll|so|iso|odt|ods|epub|srt|onnx|gguf"
)


@dataclass(frozen=True, slots=True)
class AddressWords:
    """What the signs of an address are called in a language.

    Attributes:
        signs: By sign: "." "@" "/" "-" "_" ":" "+" "~" "#". A sign that is missing is passed over.
        known: Parts with a saying of their own: "com", "www".
        letters: Says a part that is no word, letter by letter.
        number: Says a run of digits.
    """

    signs: dict[str, str]
    known: dict[str, str]
    letters: Callable[[str], str]
    number: Callable[[str], str]


def address_rules(words: AddressWords) -> list[Rule]:
    """The rules for addresses; they come first, because everything else would tear them apart."""

    def said(text: str) -> str:
        parts = _PARTS.findall(_HUMP.sub(" ", text))
        return " ".join(filter(None, (_part(part, words) for part in parts)))

    def web(match: re.Match[str]) -> str:
        address = re.sub(r"^(?:https?|ftp|wss?)://|^mailto:", "", match[0], flags=re.IGNORECASE)
        address = re.sub(r"^www\.(?=.)", "", address, flags=re.IGNORECASE)
        end = re.search(r"[.,;:!?)\]}'\"*_]+$", address)
        tail = end[0] if end else ""
        address = address[: len(address) - len(tail)]
        host, _, path = re.split(r"[?#]", address, maxsplit=1)[0].partition("/")
        path = path.rstrip("/")
        if len(path) > LONGEST_PATH or re.search(r"[%=]|\d{6}", path):
            path = ""
        return said(host + ("/" + path if path else "")) + tail

    return [
        rule(
            r"(?<![\w.+-]) [\w.+-]{1,64} @ [\w-]{1,63} (?:\.[\w-]{1,63}){1,6} (?![\w@])",
            lambda match: said(match[0]),
        ),
        rule(r"(?:https?|ftp|wss?)://[^\s<>\"«»„”]{1,2000} | mailto:[^\s<>\"]{1,200}", web, re.IGNORECASE),
        rule(
            r"(?<![\w.@/-]) (?:www\.[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}"
            r"  |(?:[a-z0-9-]{1,63}\.){1,4}(?:com|org|net|io|dev|edu|gov|eu|pl|uk|de|fr|ai|app|info|me|co))"
            r"(?::\d{2,5})? (?:/[^\s<>\"«»„”]{0,2000}|(?![\w@]|\.\w))",
            web,
            re.IGNORECASE,
        ),
        rule(r"(?<![\w.]) \d{1,3}(?:\.\d{1,3}){3} (?:[:/]\d{1,5})? (?![\w.]*\d)", lambda match: said(match[0])),
        rule(
            rf"(?<![\w/@.-]) [\w-]{{2,60}} (?:[./][\w-]{{1,60}}){{0,6}} \.(?:{_EXTENSIONS}) (?![\w@])",
            lambda match: said(match[0]) if not re.fullmatch(r"[\d.]+[A-Za-z]?", match[0]) else None,
        ),
        rule(r"(?<![\w@/.]) @ (?=[A-Za-z_]\w)", lambda match: words.signs["@"] + " "),
    ]


def _part(part: str, words: AddressWords) -> str:
    if part.isdecimal():
        return words.number(part)
    if not part[0].isalpha():
        return words.signs.get(part, "")
    known = words.known.get(part.lower())
    if known is not None:
        return known
    return part if len(part) == 1 or _VOWELS.search(part) else words.letters(part)
