"""Search over all messages by FTS5, and over titles; the newest hits come first.

A query is words, ``"phrases"`` and filters: ``tag:`` ``folder:`` ``model:`` ``before:`` ``after:``,
values with spaces in quotes. All words must be in one message, the last one may be unfinished. By
time rather than by rank: FTS5 then reads only as many hits as are shown, however common the word.
"""

import re
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime

from contract.errors import InvalidRequest
from contract.messages import Role
from store.database import Database, timestamp
from store.sqlite import Value

FILTERS = ("tag", "folder", "model", "before", "after")
QUERY_CHARACTERS = 500
TITLES_MOST = 10
SNIPPET_TOKENS = 14
_PART = re.compile(rf'(?:(?P<name>{"|".join(FILTERS)}):)?(?:"(?P<quoted>[^"]*)"?|(?P<bare>[^\s"]+))')
_MARK = re.compile("[\x02\x03]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A query taken apart; ``before`` and ``after`` are times as the database has them."""

    words: tuple[str, ...] = ()
    unfinished: bool = False
    tag: str | None = None
    folder: str | None = None
    model: str | None = None
    before: str | None = None
    after: str | None = None

    @property
    def match(self) -> str:
        """The words as FTS5 wants them: each a string of its own, so that nothing in them is an operator."""
        quoted = [f'"{word.replace(chr(34), "")}"' for word in self.words]
        if quoted and self.unfinished:
            quoted[-1] += "*"
        return " ".join(quoted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One message that has the words, or a conversation whose title has them (``message_id`` None).

    Attributes:
        snippet: The words' surroundings in pieces, each with whether it is one of the words.
    """

    conversation_id: str
    title: str
    created_at: str
    message_id: str | None = None
    role: Role | None = None
    snippet: tuple[tuple[str, bool], ...] = ()


def parse(text: str) -> Query:
    """Take a query apart.

    Raises:
        InvalidRequest: It is too long, or a date is none.
    """
    if len(text) > QUERY_CHARACTERS:
        raise InvalidRequest(f"The search has {len(text)} characters; the limit is {QUERY_CHARACTERS}.", field="query")
    words: list[str] = []
    filters: dict[str, str] = {}
    unfinished = False
    for part in _PART.finditer(text.replace("\0", " ")):  # where SQLite sees NUL, the query ends
        value = part["bare"] if part["quoted"] is None else part["quoted"]
        if part["name"]:
            if value.strip():
                filters[part["name"]] = value.strip()
        elif any(character.isalnum() for character in value):
            words.append(value)
            unfinished = part["bare"] is not None and len(value) > 1 and part.end() == len(text)
    return Query(
        words=tuple(words),
        unfinished=unfinished,
        tag=filters["tag"].lower() if "tag" in filters else None,
        folder=filters.get("folder"),
        model=filters.get("model"),
        before=_time("before", filters.get("before")),
        after=_time("after", filters.get("after")),
    )


def _time(name: str, text: str | None) -> str | None:
    """Return the beginning of a day, month or year in this machine's time zone."""
    if text is None:
        return None
    for form in ("%Y-%m-%d", "%Y-%m", "%Y"):
        try:
            return timestamp(datetime.strptime(text, form).replace(tzinfo=None).astimezone())
        except (ValueError, OverflowError, OSError):
            continue
    today = datetime.now(UTC).date().isoformat()
    raise InvalidRequest(f"{name}:{text} is no date. Write it like {name}:{today}.", field=name)


class Search:
    """Finds messages and conversations."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, owner: str, text: str, limit: int = 30) -> list[Hit]:
        """Return an owner's hits, titles first, then messages, the newest first; none for an empty query.

        Raises:
            InvalidRequest: The query is too long, or a date in it is none.
        """
        query = parse(text)
        if query == Query():
            return []
        titles = self._titles(owner, query, TITLES_MOST if query.words else limit)
        return [*titles, *(self._messages(owner, query, limit) if query.words else [])]

    def page(self, owner: str, text: str, limit: int, before: str | None = None) -> tuple[list[Hit], str | None]:
        """Return a part of what ``find`` finds, and what leads to the part after it, None at the end.

        Args:
            limit: At most this many, half of them titles.
            before: What the part before led to. An id that is no hit's leads to nothing.

        Raises:
            InvalidRequest: As ``find``.
        """
        query = parse(text)
        if query == Query():
            return [], None
        if not query.words:
            found = self._titles(owner, query, limit + 1, before)
            return found[:limit], found[limit - 1].conversation_id if len(found) > limit else None
        titles = self._titles(owner, query, min(TITLES_MOST, limit // 2)) if before is None else []
        room = limit - len(titles)
        hits = self._messages(owner, query, room + 1, before)
        return [*titles, *hits[:room]], hits[room - 1].message_id if len(hits) > room else None

    def _messages(self, owner: str, query: Query, limit: int, before: str | None = None) -> list[Hit]:
        conditions, values = _conditions(query, about_messages=True)
        if before is not None:
            conditions += " AND f.rowid < (SELECT number FROM messages WHERE id = :last)"
            values["last"] = before
        rows = self._database.rows(
            f"""SELECT m.id, m.conversation_id, m.role, m.created_at, c.title,
                    snippet(messages_fts, 0, char(2), char(3), '…', {SNIPPET_TOKENS}) AS snippet
                FROM messages_fts f
                JOIN messages m ON m.number = f.rowid
                JOIN conversations c ON c.id = m.conversation_id
                WHERE messages_fts MATCH :match AND c.owner = :owner AND c.deleted_at IS NULL {conditions}
                ORDER BY f.rowid DESC LIMIT :limit""",
            {**values, "match": query.match, "owner": owner, "limit": limit},
        )
        return [
            Hit(
                conversation_id=row["conversation_id"],
                title=row["title"],
                created_at=row["created_at"],
                message_id=row["id"],
                role=row["role"],
                snippet=_pieces(row["snippet"]),
            )
            for row in rows
        ]

    def _titles(self, owner: str, query: Query, limit: int, before: str | None = None) -> list[Hit]:
        conditions, values = _conditions(query, about_messages=False)
        if before is not None:
            last = "(SELECT updated_at, id FROM conversations WHERE id = :last)"
            conditions += f" AND (c.updated_at, c.id) < {last}"
            values["last"] = before
        rows: list[sqlite3.Row] = self._database.rows(
            f"""SELECT c.id, c.title, c.updated_at FROM conversations c
                WHERE c.owner = :owner AND c.deleted_at IS NULL {conditions}
                ORDER BY c.updated_at DESC, c.id DESC""",
            {**values, "owner": owner},
        )
        # SQLite knows no upper and lower case beyond ASCII.
        words = [word.casefold() for word in query.words]
        found = (row for row in rows if all(word in row["title"].casefold() for word in words))
        hits = (
            Hit(conversation_id=row["id"], title=row["title"], created_at=row["updated_at"])
            for row, _ in zip(found, range(limit), strict=False)
        )
        return list(hits)


def _conditions(query: Query, *, about_messages: bool) -> tuple[str, dict[str, Value]]:
    """Return the filters as SQL over ``c`` and ``m``, and their values."""
    parts, values = [], dict[str, Value]()
    if query.tag is not None:
        parts.append("EXISTS (SELECT 1 FROM conversation_tags t WHERE t.conversation_id = c.id AND t.tag = :tag)")
        values["tag"] = query.tag
    if query.folder is not None:
        parts.append("c.folder = :folder COLLATE NOCASE")
        values["folder"] = query.folder
    of_messages = []
    if query.model is not None:
        of_messages.append("instr(lower(m.model), lower(:model)) > 0")
        values["model"] = query.model
    if query.before is not None:
        of_messages.append("m.created_at < :before")
        values["before"] = query.before
    if query.after is not None:
        of_messages.append("m.created_at >= :after")
        values["after"] = query.after
    if about_messages:
        parts += of_messages
    elif of_messages:
        where = " AND ".join(of_messages)
        parts.append(f"EXISTS (SELECT 1 FROM messages m WHERE m.conversation_id = c.id AND {where})")
    return "".join(f" AND {part}" for part in parts), values


def _pieces(snippet: str) -> tuple[tuple[str, bool], ...]:
    """Split at the marks; a message's own control characters can at worst mark too much."""
    pieces: list[tuple[str, bool]] = []
    start, marked = 0, False
    for mark in _MARK.finditer(snippet):
        if mark.start() > start:
            pieces.append((snippet[start : mark.start()], marked))
        marked, start = mark[0] == "\x02", mark.end()
    return (*pieces, (snippet[start:], marked)) if start < len(snippet) else tuple(pieces)
