"""Conversations of ChatGPT's export (``conversations.json``): a ``mapping`` of nodes becomes a tree of messages.

A node without a text to show (hidden, a tool's, a picture) is left out, and what stands below it
hangs on the nearest message above. Only texts are read: no picture, file or sound, but what was said
aloud and written down, what a program printed, and the thoughts before a reply.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from contract.errors import InvalidRequest
from contract.messages import Role
from store import ConversationTree, TreeMessage, title_of
from store.database import now, timestamp

ROLES: dict[str, Role] = {"user": "user", "assistant": "assistant"}
TITLE_CHARACTERS = 200
MODEL_CHARACTERS = 200
PLACE_CHARACTERS = 60
# Notes of ChatGPT to itself, which nobody has seen as messages: no part of what was said is lost without them.
SILENT = frozenset({"model_editable_context", "user_editable_context", "reasoning_recap"})
# Where a reply quotes the web, ChatGPT's page puts a link between these signs; anywhere else they are boxes.
CITATION = re.compile("\ue200[^\ue201]*\ue201 ?")
PRINTED = ("execution_output",)  # what a program that ChatGPT ran has printed
LANGUAGE = re.compile(r"[\w+#.-]{1,20}")


def damaged(place: str, path: Sequence[str | int], why: str) -> InvalidRequest:
    """Return the refusal of a file, with where in it and why."""
    steps = "".join(f"[{step}]" if isinstance(step, int) else f".{step[:PLACE_CHARACTERS]}" for step in path)
    where = clean(f"{place}{steps}").lstrip(".") or "The file"
    return InvalidRequest(f"{where} is damaged: {why}. Nothing was imported.", field="file")


def read(item: Mapping[str, object], place: str) -> tuple[ConversationTree, int]:
    """Return one conversation of the export, and how many parts that are no text were left out.

    Args:
        place: Where it stands, for errors.

    Raises:
        InvalidRequest: Something in it is not as it must be.
    """
    return _Reader(place).read(item)


class _Reader:
    """Reads one conversation."""

    def __init__(self, place: str) -> None:
        self._place = place
        self._left_out = 0
        self._messages: list[TreeMessage] = []

    def read(self, item: Mapping[str, object]) -> tuple[ConversationTree, int]:
        began = self._time(item.get("create_time"), ("create_time",)) or now()
        changed = self._time(item.get("update_time"), ("update_time",)) or began
        nodes = self._nodes(item.get("mapping"))
        at = self._walk(nodes, began)
        current = item.get("current_node")
        if current is not None and not (isinstance(current, str) and current in nodes):
            raise damaged(self._place, ("current_node",), "it names a message that is not there")
        last = len(self._messages) - 1 if self._messages else None
        leaf = at[current] if isinstance(current, str) else last
        title = item.get("title")
        if title is not None and not isinstance(title, str):
            raise damaged(self._place, ("title",), "it is no text")
        first = next((message.content for message in self._messages if message.role == "user"), "")
        named = clean(title or "").strip()[:TITLE_CHARACTERS]
        tree = ConversationTree(
            title=named or title_of(first),
            title_by="person" if named else "words",
            pinned=item.get("is_starred") is True,
            archived=item.get("is_archived") is True,
            created_at=began,
            updated_at=changed,
            leaf=last if leaf is None else leaf,
            messages=tuple(self._messages),
        )
        return tree, self._left_out

    def _nodes(self, mapping: object) -> dict[str, Mapping[str, object]]:
        if not isinstance(mapping, Mapping):
            raise damaged(self._place, ("mapping",), "it is no object")
        for id, node in mapping.items():
            if not isinstance(node, Mapping):
                raise damaged(self._place, ("mapping", id), "it is no object")
            parent = node.get("parent")
            if parent is not None and not (isinstance(parent, str) and parent in mapping):
                raise damaged(self._place, ("mapping", id, "parent"), "it names a message that is not there")
        return dict(mapping)

    def _walk(self, nodes: Mapping[str, Mapping[str, object]], began: str) -> dict[str, int | None]:
        """Take the messages, each after its parent; returns of every node the message that it is, or hangs on."""
        below: dict[str | None, list[str]] = {}
        for id, node in nodes.items():
            parent = node.get("parent")
            below.setdefault(parent if isinstance(parent, str) else None, []).append(id)
        at: dict[str, int | None] = {}
        thoughts: dict[str, str] = {}  # of each node, what was thought since the message above it
        open_nodes = below.get(None, [])[::-1]
        while open_nodes:
            id = open_nodes.pop()
            parent = nodes[id].get("parent")
            above, thought = (at[parent], thoughts[parent]) if isinstance(parent, str) else (None, "")
            place, found = ("mapping", id, "message"), nodes[id].get("message")
            message = self._message(found, above, place, began)
            at[id], thoughts[id] = above, "\n\n".join(filter(None, [thought, _thoughts(found)]))
            if message is not None:
                at[id], thoughts[id] = len(self._messages), ""
                self._messages.append(replace(message, reasoning=thought if message.role == "assistant" else ""))
            open_nodes += below.get(id, [])[::-1]
        if len(at) < len(nodes):
            lost = next(id for id in nodes if id not in at)
            raise damaged(self._place, ("mapping", lost, "parent"), "its messages go round in a circle")
        return at

    def _message(self, found: object, above: int | None, path: tuple[str, ...], began: str) -> TreeMessage | None:
        if found is None:
            return None
        if not isinstance(found, Mapping):
            raise damaged(self._place, path, "it is no object")
        author, content, metadata = found.get("author"), found.get("content"), found.get("metadata")
        if not isinstance(author, Mapping) or not isinstance(author.get("role"), str):
            raise damaged(self._place, (*path, "author"), "it names no role")
        if metadata is not None and not isinstance(metadata, Mapping):
            raise damaged(self._place, (*path, "metadata"), "it is no object")
        about: Mapping[str, object] = metadata or {}
        role = ROLES.get(str(author["role"]))
        if author["role"] == "tool" and isinstance(content, Mapping) and content.get("content_type") in PRINTED:
            role = "assistant"
        if role is None:
            self._left_out += author["role"] == "tool"
            return None
        if about.get("is_visually_hidden_from_conversation") is True:
            return None
        text = self._text(content, (*path, "content"))
        if not text.strip():
            return None
        model = about.get("model_slug")
        return TreeMessage(
            parent=above,
            role=role,
            content=text,
            model=clean(model)[:MODEL_CHARACTERS] if isinstance(model, str) else None,
            created_at=self._time(found.get("create_time"), (*path, "create_time")) or began,
        )

    def _text(self, content: object, path: tuple[str, ...]) -> str:
        """Return the texts of a message's parts; what is none is counted."""
        if not isinstance(content, Mapping):
            raise damaged(self._place, path, "it is no object")
        kind, parts = content.get("content_type"), content.get("parts")
        if kind in ("code", *PRINTED) and isinstance(content.get("text"), str):
            return _code(clean(str(content["text"])), content.get("language"))
        if kind not in ("text", "multimodal_text") or parts is None:
            self._left_out += kind not in SILENT and not _thoughts({"content": content})
            return ""
        if not isinstance(parts, list):
            raise damaged(self._place, (*path, "parts"), "it is no list")
        texts = [_said(part) for part in parts]
        self._left_out += texts.count(None)
        return CITATION.sub("", clean("\n\n".join(text for text in texts if text)))

    def _time(self, seconds: object, path: tuple[str, ...]) -> str | None:
        """Return a time in seconds since 1970 as the database stores it; None where there is none."""
        if seconds is None:
            return None
        if isinstance(seconds, bool) or not isinstance(seconds, int | float):
            raise damaged(self._place, path, "it is no time")
        try:
            return timestamp(datetime.fromtimestamp(seconds, UTC))
        except (ValueError, OverflowError, OSError) as exc:
            raise damaged(self._place, path, "it is no time") from exc


def _said(part: object) -> str | None:
    """Return a part's text, or what was said aloud in it; None where it is neither."""
    if isinstance(part, Mapping) and part.get("content_type") == "audio_transcription":
        part = part.get("text")
    return part if isinstance(part, str) else None


def _thoughts(message: object) -> str:
    """Return what a message of a reasoning model thought before its reply; "" for any other."""
    content = message.get("content") if isinstance(message, Mapping) else None
    thoughts = content.get("thoughts") if isinstance(content, Mapping) else None
    found = [each for each in thoughts if isinstance(each, Mapping)] if isinstance(thoughts, list) else []
    texts = [each.get(part) for each in found for part in ("summary", "content")]
    return clean("\n\n".join(text for text in texts if isinstance(text, str) and text))


def _code(text: str, language: object) -> str:
    """Return a block of code, its fence longer than any in it; nothing for nothing."""
    if not text.strip():
        return ""
    longest = max(map(len, re.findall("`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    named = isinstance(language, str) and language != "unknown" and LANGUAGE.fullmatch(language)
    return f"{fence}{language if named else ''}\n{text}\n{fence}"


def clean(text: str) -> str:
    """Return a text that the database takes: without NUL and without halves of characters."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
