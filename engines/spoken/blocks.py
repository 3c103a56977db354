"""Cuts Markdown into its blocks: what is prose, what is code, what is a row of a table.

A line decides, as in CommonMark; only what a listener would stumble over is told apart. Code that is
merely indented counts as prose, because a pasted poem looks the same.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

BlockKind = Literal["prose", "code", "formula", "row", "silent"]

_FENCE = re.compile(r"[ \t]{0,8}(?:>[ \t]?){0,3}(`{3,}|~{3,})([^`\n]*)$")
_DEFINITION = re.compile(r"\s{0,3}\[[^\[\]]{1,200}\]:\s+\S+")
_BREAK = re.compile(r"\s{0,3}([-*_=])(?:[ \t]*\1){2,}\s*$")


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of whole lines, with their line ends; all blocks joined are the text."""

    kind: BlockKind
    text: str


def blocks(text: str) -> Iterator[Block]:
    """Cut ``text``; neighbouring lines of prose stay together.

    Yields:
        The blocks in order. A row of a table is one block; its rule of dashes, thematic breaks and
        link definitions are "silent".
    """
    lines = text.splitlines(keepends=True)
    prose: list[str] = []
    at = 0
    while at < len(lines):
        kind, end = _block(lines, at)
        if kind == "prose":
            prose.append(lines[at])
        else:
            if prose:
                yield Block("prose", "".join(prose))
                prose = []
            yield from _cut(kind, lines[at:end])
        at = end
    if prose:
        yield Block("prose", "".join(prose))


def _cut(kind: BlockKind, lines: list[str]) -> Iterator[Block]:
    if kind != "row":
        yield Block(kind, "".join(lines))
        return
    for line in lines:
        yield Block("silent" if _is_table_rule(line) else "row", line)


def _block(lines: list[str], at: int) -> tuple[BlockKind, int]:
    """The kind of the block that starts at a line, and the line after it."""
    line = lines[at]
    fence = _FENCE.match(line)
    if fence:
        return "code", _end_of_fence(lines, at + 1, fence[1])
    if line.lstrip().startswith(("$$", "\\[")) and len(line) < 1_000:
        close = "$$" if "$$" in line else "\\]"
        end = at if close in line.strip()[2:] else _line_with(close, lines, at + 1)
        if end < len(lines):
            return "formula", end + 1
    if "|" in line and at + 1 < len(lines) and _is_table_rule(lines[at + 1]):
        end = at + 2
        while end < len(lines) and "|" in lines[end]:
            end += 1
        return "row", end
    if _BREAK.match(line) or _DEFINITION.match(line):
        return "silent", at + 1
    return "prose", at + 1


def _end_of_fence(lines: list[str], at: int, opening: str) -> int:
    while at < len(lines):
        fence = _FENCE.match(lines[at])
        at += 1
        if fence and fence[1].startswith(opening) and not fence[2].strip():
            break
    return at


def _line_with(close: str, lines: list[str], at: int) -> int:
    """The next line that holds ``close``, within the 40 lines that a formula may have."""
    for number in range(at, min(at + 40, len(lines))):
        if close in lines[number]:
            return number
    return len(lines)


def _is_table_rule(line: str) -> bool:
    return "-" in line and "|" in line and not line.strip().strip("|:- \t")


def cells(row: str) -> list[str]:
    """The filled cells of a table's row; an escaped pipe parts none."""
    parts = re.split(r"(?<!\\)\|", row.strip())
    return [part.strip() for part in parts if part.strip()]
