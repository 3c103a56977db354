"""Text with inline codes, as one string and as text with places in it.

``<1>bold</1>`` is a run in a style of its own, ``<2/>`` stands for what has no words (a picture, a footnote's
mark), and ``&lt;`` and ``&amp;`` are the signs themselves. This is what a format gives for a paragraph and gets
back, what is stored, and what XLIFF and TMX carry. Codes are numbered from 1 in the order of their start.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_CODE = re.compile(r"<(/?)(\d{1,5})(/?)>|&(lt|amp);")
# A code without words stands in the plain text as one character of a plane that is for private use.
_POINTS = 0xF0000
POINT = re.compile("[\U000f0000-\U000ffffd]")


@dataclass(frozen=True, slots=True)
class Span:
    """A run in a style of its own: which code, and where its text is."""

    code: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Marked:
    """Plain text, codes without words in it as characters of POINT, and the spans, outer ones first."""

    text: str
    spans: tuple[Span, ...] = ()


def escaped(text: str) -> str:
    """Return plain text as marked text without codes."""
    return POINT.sub("", text).replace("&", "&amp;").replace("<", "&lt;")


def bare(marked: str) -> str:
    """Return marked text without its codes, for people to read and for the memory."""
    return _CODE.sub(lambda match: {"lt": "<", "amp": "&"}.get(match[4] or "", ""), marked)


def point(code: int) -> str:
    """Return the character that stands for a code without words."""
    return chr(_POINTS + code)


def point_code(character: str) -> int:
    """Return which code a character of POINT stands for."""
    return ord(character) - _POINTS


def codes_of(marked: str) -> list[str]:
    """Return the codes of marked text in order, for comparing."""
    return [match[0] for match in _CODE.finditer(marked) if match[2]]


def parse(marked: str) -> Marked:
    """Read marked text; codes that are not closed end with it."""
    parts: list[str] = []
    length = at = 0
    opened: list[tuple[int, int, int]] = []
    spans: dict[int, Span] = {}

    def add(text: str) -> None:
        nonlocal length
        parts.append(text)
        length += len(text)

    for match in _CODE.finditer(marked):
        add(marked[at : match.start()])
        at = match.end()
        if match[4]:
            add("<" if match[4] == "lt" else "&")
        elif match[3]:
            add(point(int(match[2])))
        elif not match[1]:
            opened.append((int(match[2]), length, len(spans) + len(opened)))
        elif opened:
            code, start, order = opened.pop()
            spans[order] = Span(code, start, length)
    add(marked[at:])
    for code, start, order in opened:
        spans[order] = Span(code, start, length)
    return Marked("".join(parts), tuple(spans[order] for order in sorted(spans)))


def render(text: str, spans: Sequence[Span], within: dict[int, int]) -> str:
    """Write text and spans as marked text, well formed whatever the spans are.

    Args:
        within: The code of the span that each nested one was inside of, by code.
    """
    fitted = _nested(spans, within)
    opening: dict[int, list[Span]] = {}
    for span in fitted:
        opening.setdefault(span.start, []).append(span)
    out: list[str] = []
    open_spans: list[Span] = []
    for at in range(len(text) + 1):
        while open_spans and open_spans[-1].end <= at:
            out.append(f"</{open_spans.pop().code}>")
        for span in sorted(opening.get(at, ()), key=lambda span: -span.end):
            if span.end == at:
                out.append(f"<{span.code}></{span.code}>")
            else:
                out.append(f"<{span.code}>")
                open_spans.append(span)
        if at < len(text):
            sign = text[at]
            out.append(f"<{point_code(sign)}/>" if POINT.match(sign) else {"<": "&lt;", "&": "&amp;"}.get(sign, sign))
    return "".join(out)


def parents(spans: Iterable[Span]) -> dict[int, int]:
    """Return which span each span stands in, by code; spans as ``parse`` gives them, outer ones first."""
    found: dict[int, int] = {}
    stack: list[Span] = []
    for span in spans:
        while stack and not (stack[-1].start <= span.start and span.end <= stack[-1].end):
            stack.pop()
        if stack:
            found[span.code] = stack[-1].code
        stack.append(span)
    return found


def _nested(spans: Sequence[Span], within: dict[int, int]) -> list[Span]:
    """Make spans fit into each other: what was inside stays inside, neighbours don't overlap."""
    by_code = {span.code: span for span in spans}
    fitted: list[Span] = []

    def place(parent: int | None, low: int, high: int) -> None:
        inner = [span for span in by_code.values() if within.get(span.code) == parent]
        at = low
        for span in sorted(inner, key=lambda span: (span.start, span.end)):
            start = min(max(span.start, at), high)
            end = min(max(span.end, start), high)
            fitted.append(Span(span.code, start, end))
            place(span.code, start, end)
            at = end

    roots = {code: parent for code, parent in within.items() if parent in by_code}
    within = roots
    place(None, 0, max((span.end for span in spans), default=0))
    return fitted
