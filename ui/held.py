"""What a temporary chat holds, in the memory of one open page: its messages, and the files of the next one."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from studio import Attachment, Form, Message, Studio


@dataclass(frozen=True, slots=True)
class Temporary:
    """A temporary chat of one open page: its messages are nowhere else.

    Attributes:
        job_id: Of the reply that is being written; "" where none is.
    """

    messages: tuple[Message, ...] = ()
    job_id: str = ""


@dataclass(frozen=True, slots=True)
class HeldFile:
    """A file that was read and is kept nowhere else; a picture has no text."""

    name: str
    form: Form
    size_bytes: int
    text: str = field(repr=False)
    picture: bytes | None = field(default=None, repr=False)


def held_of(value: object) -> tuple[HeldFile, ...]:
    """Return the files that a page's state holds; anything else is none."""
    return tuple(file for file in value if isinstance(file, HeldFile)) if isinstance(value, tuple) else ()


def hold(studio: Studio, document_ids: Sequence[str], owner: str) -> list[HeldFile]:
    """Take files that were kept into memory, and off the disk unless something else has them."""
    held = []
    for file in studio.documents.some(document_ids, owner):
        picture = file.path.read_bytes() if file.form == "image" else None
        text = "" if picture else studio.documents.text(file.id, owner)
        held.append(HeldFile(file.name, file.form, file.size_bytes, text, picture))
        studio.documents.discard(file.id, owner)
    return held


def message_with(text: str, files: Sequence[HeldFile]) -> Message:
    """Return what a person says with files."""
    return Message(
        "user",
        text,
        images=tuple(file.picture for file in files if file.picture is not None),
        attachments=tuple(Attachment(file.name, file.text) for file in files if file.picture is None),
    )


def files_of(message: Message, picture_name: str) -> tuple[HeldFile, ...]:
    """Return the files of a message, to be sent with another; a message does not know its pictures' names."""
    texts = (HeldFile(file.name, "text", len(file.text.encode()), file.text) for file in message.attachments)
    pictures = (HeldFile(picture_name, "image", len(image), "", image) for image in message.images)
    return (*texts, *pictures)
