"""Cuts a text into sentences and says each as a voice of a language should.

Cutting is quick and saying is not, so the two are apart: a speech engine cuts the whole text to know
its length, and says a sentence when it is that sentence's turn.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from contract.models import ModelSpec
from engines.sentences import pieces
from engines.spoken.blocks import BlockKind, blocks, cells
from engines.spoken.emoji import say_emoji
from engines.spoken.markdown import without_marks
from engines.spoken.rules import tidy

_NUMBER_MARK = re.compile(r"(\d{1,3})([.)])[ \t]+\Z")
_LIST_LINE = re.compile(r"^[ \t>]{0,20}(\d{1,3})[.)][ \t]", re.MULTILINE)
_AMERICAN = ("en", "en-us")


@dataclass(frozen=True, slots=True)
class Written:
    """A sentence as it is written, and the gap up to the next one.

    Attributes:
        original: Its text; a whole block of code is one sentence.
        gap: What lies between it and the next. All ``original`` and ``gap`` joined are the text again.
        kind: What the block it stands in is.
        listed: The number of the list's item that it begins, with the mark: "1. "; else "".
    """

    original: str
    gap: str
    kind: BlockKind
    listed: str = ""


@dataclass(frozen=True, slots=True)
class _Words:
    """What a language says for what is not read."""

    code: str
    code_block: str
    formula: str


class Reader:
    """Reads for one language. One thread may use it, or many."""

    def __init__(self, language: str) -> None:
        """Load the language's rules; for Polish that takes about 0.2 s the first time.

        Args:
            language: A language tag: "pl", "en", "en-GB". Others than English and Polish have no rules.
        """
        tag = language.lower().replace("_", "-")
        self._say: Callable[[str], str]
        if tag.partition("-")[0] == "en":
            from engines.spoken import english

            self._say = partial(english.say, day_first=tag not in _AMERICAN)
            self._words = _Words(english.CODE, english.CODE_BLOCK, english.FORMULA)
        elif tag.partition("-")[0] == "pl":
            from engines.spoken import polish

            self._say = polish.say
            self._words = _Words(polish.CODE, polish.CODE_BLOCK, polish.FORMULA)
        else:
            self._say = _without_emoji
            self._words = _Words("", "", "")
        self._say("2 psy")

    def cut(self, text: str, longest: int = 400) -> Iterator[Written]:
        """The sentences of ``text`` in order.

        Args:
            text: Any text.
            longest: Most characters of a sentence of prose, as in ``engines.sentences.pieces``.
        """
        for block in blocks(text):
            if block.kind == "prose" or (block.kind == "row" and len(block.text) > longest):
                yield from _prose(block.text, longest)
            else:
                original = block.text.rstrip()
                yield Written(original, block.text[len(original) :], block.kind)

    def say(self, written: Written) -> str:
        """What is said for a sentence; "" where nothing is."""
        if written.kind == "prose":
            if written.listed:
                return self._sentence(f"{written.listed[:-2].strip()}: {written.original[len(written.listed) :]}")
            return self._sentence(written.original)
        if written.kind == "row":
            said = ", ".join(filter(None, map(self._cell, cells(written.original))))
            return said + "." if re.search(r"\w\Z", said) else said
        if written.kind == "code":
            return self._words.code_block
        if written.kind == "formula" and self._words.formula:
            return self._words.formula.capitalize() + "."
        return ""

    def _cell(self, text: str) -> str:
        return " ".join(filter(None, (self._sentence(piece.text) for piece in pieces(text))))

    def _sentence(self, text: str) -> str:
        said = self._say(without_marks(text, self._words.code, self._words.formula))
        return said if re.search(r"[^\W_]", said) else ""


class AsWritten:
    """A reader that changes nothing, for a request that wants its text spoken as it stands."""

    def cut(self, text: str, longest: int = 400) -> Iterator[Written]:
        """The sentences of ``text`` in order, as ``Reader.cut``."""
        for piece in pieces(text, longest):
            yield Written(piece.text, piece.gap, "prose")

    def say(self, written: Written) -> str:
        """The sentence itself."""
        return written.original


def language_of(voice: ModelSpec) -> str:
    """The tag of the language that a voice speaks, with its country where its id begins with one: "en-gb"."""
    named = re.match(r"([a-z]{2,3})_([a-z]{2})-", voice.id)
    if named:
        return f"{named[1]}-{named[2]}"
    return voice.languages[0] if voice.languages else ""


def make_spoken(text: str, language: str) -> str:
    """``text`` as a voice should say it, on as many lines as it had.

    Args:
        text: Any text.
        language: A language tag, as in ``Reader``.
    """
    reader = Reader(language)
    said: list[str] = []
    for written in reader.cut(text):
        spoken = reader.say(written)
        if spoken:
            said.append(spoken)
        if spoken or not written.original:
            said.append("\n" * min(2, written.gap.count("\n")) or " ")
    return "".join(said).strip()


def _without_emoji(sentence: str) -> str:
    return tidy(say_emoji(sentence, ""))


def _prose(text: str, longest: int) -> Iterator[Written]:
    """The sentences of a block of prose; the number of a list's item stays with its first sentence."""
    listed = {int(number) for number in _LIST_LINE.findall(text)}
    mark = ""
    for piece in pieces(text, longest):
        number = int(re.sub(r"\D", "", mark) or 0)
        in_list = bool(mark and piece.text) and (")" in mark or bool({number - 1, number + 1} & listed))
        found = _NUMBER_MARK.search(piece.gap)
        gap = piece.gap[: found.start()] if found else piece.gap
        yield Written(mark + piece.text, gap, "prose", mark if in_list else "")
        mark = found[0] if found else ""
    if mark:
        yield Written(mark, "", "prose")
