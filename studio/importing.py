"""Files of conversations, read whole before anything is stored: Hearth's own JSON, and ChatGPT's export or its zip.

A file is outsiders' work: a wrong value is refused with its place (``[3].mapping["ab"].message.author``),
and then nothing of the file is imported. What ChatGPT kept that is no text is left out and counted.
"""

import base64
import binascii
import io
import json
import math
import re
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, ValidationError

from contract.documents import FileText, Form, PageText, Source
from contract.errors import InputTooLarge, InvalidRequest
from contract.messages import IMAGE_MAGICS
from store import ConversationTree, TreeFile, TreeMessage
from store.database import timestamp
from studio import chatgpt
from studio.chat_settings import ChatSettings, system_of
from studio.exporting import JSON_FORMAT, JSON_VERSION, VERSION_WITHOUT_FILES
from studio.reading import clean_name

IMPORT_BYTES = 100 * 1024 * 1024
ZIP_START = b"PK\x03\x04"
IN_ZIP = re.compile(r"(.*/)?conversations(-\d+)?\.json")
UNKNOWN = "This is neither an export of Hearth nor of ChatGPT. Choose its conversations.json, or the zip that it is in."


@dataclass(frozen=True, slots=True)
class Read:
    """What a file holds.

    Attributes:
        left_out: How many parts of messages were no text: pictures, sound, calls of tools.
    """

    trees: tuple[ConversationTree, ...]
    left_out: int = 0


def _moment(text: str) -> str:
    if timestamp(datetime.fromisoformat(text)) != text:
        raise ValueError("a time looks like 2026-01-31T12:00:00.000Z")
    return text


def _plain(text: str) -> str:
    if "\x00" in text:
        raise ValueError("it holds binary data, not text")
    text.encode("utf-8")  # half a character is a ValueError
    return text


def _base64(text: str) -> str:
    try:
        base64.b64decode(text, validate=True)
    except binascii.Error as exc:
        raise ValueError("it is no base64") from exc
    return text


Moment = Annotated[str, Field(max_length=40), AfterValidator(_moment)]
Text = Annotated[str, AfterValidator(_plain)]
Name = Annotated[Text, Field(max_length=60)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _OwnPage(_Strict):
    label: Annotated[Text, Field(max_length=200)]
    text: Text


class _OwnFile(_Strict):
    name: Annotated[Text, Field(min_length=1, max_length=200)]
    form: Form
    mime: Annotated[Text, Field(max_length=200)]
    pages: list[_OwnPage]
    content: Annotated[str, AfterValidator(_base64)]

    def file(self) -> TreeFile:
        """Return it as the store takes it; a picture's bytes must be one."""
        content = base64.b64decode(self.content)
        if self.form == "image" and not content.startswith(IMAGE_MAGICS):
            raise ValueError(f"{self.name} is no picture")
        pages = tuple(PageText(page.label, page.text) for page in self.pages)
        return TreeFile(name=clean_name(self.name), read=FileText(self.form, self.mime, pages), content=content)


class _OwnSource(_Strict):
    number: Annotated[int, Field(ge=1, le=999)]
    document_id: None
    name: Annotated[Text, Field(max_length=200)]
    page: Annotated[int, Field(ge=0)]
    label: Annotated[Text, Field(max_length=200)]
    start: Annotated[int, Field(ge=0)]
    end: Annotated[int, Field(ge=0)]
    text: Text


class _OwnMessage(_Strict):
    parent: Annotated[int | None, Field(ge=0)]
    role: Literal["system", "user", "assistant"]
    content: Text
    reasoning: Text
    state: Literal["done", "failed", "cancelled", "interrupted"]
    model: Annotated[Text | None, Field(max_length=200)]
    figures: dict[str, int | float | str | None]
    error_message: Text | None
    created_at: Moment
    attachments: Annotated[list[_OwnFile], Field(max_length=10)] = []
    sources: Annotated[list[_OwnSource], Field(max_length=100)] = []

    def message(self) -> TreeMessage:
        """Return it as the store takes it."""
        return TreeMessage(
            **self.model_dump(exclude={"attachments", "sources"}),
            attachments=tuple(file.file() for file in self.attachments),
            sources=tuple(Source(**source.model_dump()) for source in self.sources),
        )


class _Own(_Strict):
    format: Literal["hearth-conversation"]
    version: int
    title: Annotated[Text, Field(max_length=200)]
    title_by: Literal["words", "model", "person"]
    folder: Name
    tags: Annotated[list[Name], Field(max_length=20)]
    pinned: bool
    archived: bool
    settings: dict[str, JsonValue]
    created_at: Moment
    updated_at: Moment
    leaf: Annotated[int | None, Field(ge=0)]
    messages: list[_OwnMessage]


def read_file(data: bytes) -> Read:
    """Return the conversations in a file.

    Args:
        data: JSON, or a zip with ChatGPT's ``conversations.json``.

    Raises:
        InvalidRequest: It is damaged, at the place that is named, or something else altogether.
        InputTooLarge: It, or what is in the zip, has more than 100 MB.
    """
    if len(data) > IMPORT_BYTES:
        raise _too_large()
    files = _unzipped(data) if data.startswith(ZIP_START) else {"": data}
    trees: list[ConversationTree] = []
    left_out = 0
    for name, content in files.items():
        found = _read(_parsed(content, name), name)
        trees += found.trees
        left_out += found.left_out
    if not trees:
        raise InvalidRequest("The file holds no conversation. Export it again.", field="file")
    return Read(tuple(trees), left_out)


def _too_large() -> InputTooLarge:
    most = IMPORT_BYTES // 1024 // 1024
    return InputTooLarge(f"The file has more than {most} MB. Import it in parts.", field="file", limit=IMPORT_BYTES)


def _unzipped(data: bytes) -> dict[str, bytes]:
    """Return the files of conversations in a zip, by name; a part says how large it is, but nobody believes it."""
    found: dict[str, bytes] = {}
    left = IMPORT_BYTES
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in sorted(name for name in archive.namelist() if IN_ZIP.fullmatch(name)):
                with archive.open(name) as file:
                    found[name] = file.read(left + 1)
                left -= len(found[name])
                if left < 0:
                    raise _too_large()
    # An encrypted one is a RuntimeError, an unknown compression a NotImplementedError.
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, ValueError) as exc:
        raise InvalidRequest(f"The zip is damaged: {exc}. Download it again.", field="file") from exc
    if not found:
        raise InvalidRequest("The zip holds no conversations.json. Choose ChatGPT's export.", field="file")
    return found


def _parsed(data: bytes, name: str) -> object:
    try:
        return json.loads(data.decode("utf-8-sig"), parse_constant=_no_number, parse_float=_finite)
    except UnicodeDecodeError as exc:
        raise InvalidRequest(f"{name or 'The file'} is no text at byte {exc.start:,}. {UNKNOWN}", field="file") from exc
    except json.JSONDecodeError as exc:
        raise InvalidRequest(
            f"{name or 'The file'} is damaged at line {exc.lineno:,}, column {exc.colno:,}: {exc.msg}. "
            "Export it again; nothing was imported.",
            field="file",
        ) from exc
    except (ValueError, RecursionError) as exc:
        raise InvalidRequest(
            f"{name or 'The file'} is damaged: {str(exc)[:80]}. Nothing was imported.", field="file"
        ) from exc


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number")


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _no_number(text)


def _read(found: object, name: str) -> Read:
    items: Sequence[object] = found if isinstance(found, list) else [found]
    trees, left_out = [], 0
    for number, item in enumerate(items):
        place = f"{name}[{number}]" if isinstance(found, list) else name
        if isinstance(item, Mapping) and item.get("format") == JSON_FORMAT:
            trees.append(_own(item, place))
        elif isinstance(item, Mapping) and "mapping" in item:
            tree, skipped = chatgpt.read(item, place)
            trees.append(tree)
            left_out += skipped
        else:
            raise InvalidRequest(f"{place}: {UNKNOWN}" if place else UNKNOWN, field="file")
    return Read(tuple(trees), left_out)


def _own(item: Mapping[str, object], place: str) -> ConversationTree:
    if item.get("version") not in (VERSION_WITHOUT_FILES, JSON_VERSION):
        version = chatgpt.clean(str(item.get("version")))[:20]
        raise InvalidRequest(
            f"{place or 'The file'} has version {version}; this Hearth reads up to {JSON_VERSION}. Update Hearth.",
            field="file",
        )
    try:
        own = _Own.model_validate(item)
    except ValidationError as exc:
        first = exc.errors(include_url=False)[0]
        raise chatgpt.damaged(place, first["loc"], first["msg"]) from exc
    for number, message in enumerate(own.messages):
        if message.parent is not None and message.parent >= number:
            raise chatgpt.damaged(place, ("messages", number, "parent"), "it must be the place of a message before it")
    if own.leaf is None if own.messages else own.leaf is not None:
        raise chatgpt.damaged(place, ("leaf",), "it must be the place of a message")
    if own.leaf is not None and own.leaf >= len(own.messages):
        raise chatgpt.damaged(place, ("leaf",), "it must be the place of a message")
    try:
        messages = tuple(message.message() for message in own.messages)
    except ValueError as exc:
        raise chatgpt.damaged(place, ("messages",), str(exc)) from exc
    return ConversationTree(
        title=own.title,
        title_by=own.title_by,
        folder=" ".join(own.folder.split()),
        tags=tuple(sorted({name for tag in own.tags if (name := " ".join(tag.split()).lower())})),
        pinned=own.pinned,
        archived=own.archived,
        settings=ChatSettings.of(own.settings).kept(system_of(own.settings)),
        created_at=own.created_at,
        updated_at=own.updated_at,
        leaf=own.leaf,
        messages=messages,
    )
