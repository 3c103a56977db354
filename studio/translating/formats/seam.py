"""What every format does: one walk over a document that offers each paragraph and takes its translation back.

The same walk reads and writes: reading, ``change`` only looks and gives None, and the result is thrown away; so
what was read and what is written can't differ in order or number. What ``change`` leaves alone stays byte for
byte where the format is text, and element for element where it is XML.
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass

from contract.errors import InvalidRequest

# Takes a paragraph as marked text (see ``marked``); gives it translated, or None to leave it as it is.
# A heading comes as Heading, what is no part of the running text as Aside: whoever reads aloud tells them apart.
Change = Callable[[str], str | None]
Rewrite = Callable[[bytes, Change, str], bytes]


class Heading(str):
    """A heading as marked text.

    Attributes:
        level: 1 is the highest.
    """

    __slots__ = ("level",)
    level: int

    def __new__(cls, marked: str, level: int) -> "Heading":
        made = super().__new__(cls, marked)
        made.level = level
        return made


class Aside(str):
    """What is no part of the running text: a page's header, a table of contents, a picture's description."""

    __slots__ = ()


def aside(change: Change) -> Change:
    """Return what offers everything as an Aside."""
    return lambda marked: change(Aside(marked))


def offered(marked: str, level: int) -> str:
    """Return a paragraph as it is offered; level 0: it is no heading."""
    return Heading(marked, level) if level else marked


@dataclass(frozen=True, slots=True)
class Format:
    """One kind of document.

    Attributes:
        name: What a person reads.
        suffix: With its full stop.  target_suffix: Of the translated file.
        mime: Of the translated file.
        module: The file here that reads and writes it, imported when the first document of its kind comes.
    """

    name: str
    suffix: str
    mime: str
    module: str
    target_suffix: str

    def rewrite(self, data: bytes, change: Change, target_lang: str) -> bytes:
        """Walk over a document; raises InvalidRequest for what can't be read.

        Args:
            data: The file.
            change: Offered each paragraph in order.
            target_lang: What the file says afterwards that it is written in, where it says so.
        """
        walk: Rewrite = importlib.import_module(f"studio.translating.formats.{self.module}").rewrite
        return walk(data, change, target_lang)


def unreadable(kind: str, why: str) -> InvalidRequest:
    """Return the error for a document that can't be read."""
    return InvalidRequest(f"The document can't be read as {kind}: {why}", field="file")
