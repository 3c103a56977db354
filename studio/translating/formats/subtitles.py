"""Subtitles, SRT and WebVTT: numbers, times, settings, styles and notes stay; a sentence over several cues is one.

Cues are joined up to the end of their sentence, translated, and the translation is divided among them again in
the shares that they had, between words and best after a comma. Line breaks inside a cue are made anew.
"""

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field

from studio.translating.formats.encoding import decode
from studio.translating.formats.html import inline_text, inline_write
from studio.translating.formats.seam import Change, unreadable

_TIMES = re.compile(r"^[ \t]*(?:\d+:)?\d{1,2}:\d\d[,.]\d{1,3}[ \t]*-->[ \t]*(?:\d+:)?\d{1,2}:\d\d[,.]\d{1,3}.*$", re.M)
_ENDS = re.compile(r"[.!?…♪\])\"”»][\"'”’»)\]]*(?:</?[a-z][^>]*>)*\s*$")
_SPEAKER = re.compile(r"^(?:[-–—]\s|<v\b|[A-ZĄĆĘŁŃÓŚŹŻ .']{2,30}:)")
_CUES = 4  # a sentence over more of them is cut
_WIDTH = 42  # characters of a line, as broadcasters have it


@dataclass(slots=True)
class _Cue:
    """The text of one cue, and where it stands in the file."""

    start: int
    end: int
    text: str
    lines: int = 1
    new: str | None = field(default=None)


def rewrite(data: bytes, change: Change, target_lang: str) -> bytes:
    """See ``seam``."""
    file = decode(data, "subtitles")
    text = file.text.replace("\r\n", "\n")
    cues = _cues(text)
    if not cues:
        raise unreadable("subtitles", "it has no cue with its times. Choose an .srt or .vtt file.")
    at = 0
    while at < len(cues):
        count = _whole(cues, at)
        _translate(cues[at : at + count], change)
        at += count
    out, at = "", 0
    parts: list[str] = []
    for cue in cues:
        parts += [text[at : cue.start], cue.text if cue.new is None else cue.new]
        at = cue.end
    out = "".join([*parts, text[at:]])
    return file.encoded(out.replace("\n", "\r\n") if "\r\n" in file.text else out)


def _cues(text: str) -> list[_Cue]:
    found: list[_Cue] = []
    for times in _TIMES.finditer(text):
        start = times.end() + 1
        stop = text.find("\n\n", times.end())
        end = len(text.rstrip("\n")) if stop < 0 else stop
        if start <= end and (words := text[start:end]).strip():
            found.append(_Cue(start, end, words, words.count("\n") + 1))
    return found


def _whole(cues: Sequence[_Cue], at: int) -> int:
    """How many cues from one on make a whole sentence."""
    for count in range(1, _CUES + 1):
        if at + count >= len(cues) or _ENDS.search(cues[at + count - 1].text):
            return count
        after = cues[at + count].text
        if _SPEAKER.match(after) or "\n-" in after or "\n-" in cues[at + count - 1].text:
            return count
        if not after.lstrip("<ibu/> …").lstrip()[:1].islower():
            return count
    return _CUES


def _translate(cues: Sequence[_Cue], change: Change) -> None:
    dialogue = any(re.search(r"^[-–—]", line, re.M) for cue in cues for line in [cue.text])
    if len(cues) == 1 and dialogue:  # two speakers: line by line
        lines = [_one(line, change) for line in cues[0].text.split("\n")]
        if any(line is not None for line in lines):
            cues[0].new = "\n".join(
                old if new is None else new for old, new in zip(cues[0].text.split("\n"), lines, strict=True)
            )
        return
    joined = " ".join(" ".join(cue.text.split("\n")) for cue in cues)
    new = _one(joined, change)
    if new is None:
        return
    shares = [len(cue.text) for cue in cues]
    for cue, part in zip(cues, _divided(new, shares), strict=True):
        cue.new = _broken(part, cue.lines)


def _one(text: str, change: Change) -> str | None:
    source = inline_text(text)
    new = change(source.marked)
    return None if new is None else inline_write(source, new, for_html=False)


def _divided(text: str, shares: Sequence[int]) -> list[str]:
    """Cut text into parts of about these shares, between words; each part has a word as long as there are enough."""
    words = text.split()
    parts: list[str] = []
    whole, taken = sum(shares), 0
    for number, share in enumerate(shares):
        rest = len(shares) - number - 1
        taken += share
        if not rest:
            parts.append(" ".join(words))
            break
        wanted = len(text) * taken / whole - sum(map(len, parts)) - len(parts)
        best, length = 1, 0
        costs: list[tuple[float, int]] = []
        for count, word in enumerate(words[: max(1, len(words) - rest)], 1):
            length += len(word) + 1
            costs.append((abs(length - wanted) - (6 if word.endswith((",", ";", ":", "–", "—")) else 0), count))
        best = min(costs)[1] if costs else 0
        parts.append(" ".join(words[:best]))
        words = words[best:]
    return parts


def _broken(text: str, lines: int) -> str:
    """Break a cue's text into at most as many lines as it had, or as its length asks for."""
    if lines == 1 and len(text) <= _WIDTH + 10:
        return text
    count = max(lines, 1) if len(text) > _WIDTH // 2 else 1
    width = max(_WIDTH, -(-len(text) // max(1, count)))
    if count > 1:
        width = max(-(-len(text) // count) + 4, 12)
    broken = textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)
    return "\n".join(broken) if len(broken) <= max(2, count) else "\n".join(textwrap.wrap(text, max(width, _WIDTH)))
