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
Change = Callable[[str], str | None]
Rewrite = Callable[[bytes, Change, str], bytes]


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
