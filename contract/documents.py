"""Files that are read into text: their forms and pages, what goes along with a message, what a reply rests on."""

from dataclasses import dataclass, field
from typing import Literal

Form = Literal["pdf", "docx", "sheet", "csv", "code", "text", "image"]


@dataclass(frozen=True, slots=True)
class PageText:
    """A page, a section or a block of lines of a file, in order.

    Attributes:
        label: What a person calls the place: "page 3", a heading, "lines 101–200".
    """

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class FileText:
    """What a file holds; a picture has no pages."""

    form: Form
    mime: str
    pages: tuple[PageText, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file's text that goes with a message, whole; what does not fit into the context is cut at its end."""

    name: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A passage that a reply may cite by its number.

    Attributes:
        number: From 1.
        document_id: None: the file was deleted since.
        name: The file's.
        page: Its place among the file's pages, from 0; ``label`` is that page's.
        start, end: Of the passage in the page's text, in characters.
    """

    number: int
    document_id: str | None
    name: str
    page: int
    label: str
    start: int
    end: int
    text: str
