"""Which files go along with the next message of an open page, as the server knows it.

Events of a page overlap: a second file is dropped while the first is still being read, one is removed
while the others are weighed. What an event brought from the page is as old as the click, so the page's
own word counts only when it has just been opened.
"""

from dataclasses import dataclass, field
from pathlib import Path

from ui.held import HeldFile

MOST = 10
Chosen = str | HeldFile  # a kept file's id, or one of a temporary chat


@dataclass(frozen=True, slots=True)
class Draft:
    """What stood in the composer when a message that was sent before took its place, to be edited."""

    text: str
    files: tuple[Chosen, ...]


@dataclass(slots=True)
class ChosenFiles:
    """Those of one page. Belongs to the event loop.

    Attributes:
        reading: What is told of each file that is being read, by where it is.
        refused: What is told of those that could not be taken.
        drawn: How often they were drawn; whoever finds it changed has something older to show.
    """

    files: list[Chosen]
    reading: dict[Path, str] = field(default_factory=dict)
    refused: str = ""
    drawn: int = 0

    @property
    def ids(self) -> list[str]:
        """The kept ones."""
        return [each for each in self.files if isinstance(each, str)]

    @property
    def held(self) -> tuple[HeldFile, ...]:
        """Those of a temporary chat."""
        return tuple(each for each in self.files if isinstance(each, HeldFile))

    @property
    def full(self) -> bool:
        """Whether no other file can go along."""
        return len(self.files) + len(self.reading) >= MOST
