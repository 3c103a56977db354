"""Prompt templates: an owner's own and a few that come along, in English and Polish; files of them.

``{{name}}`` in a text is a variable, ``{{name|default}}`` one with a default; the page asks for them
before it inserts the text. A template of one's own hides the built-in one of the same name, and a
built-in one can be hidden for good.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from contract.errors import InputTooLarge, InvalidRequest
from contract.messages import check_plain
from store import Preferences, StoredTemplate
from store import Templates as TemplateRows
from studio.built_in_templates import BUILT_IN

Language = Literal["en", "pl"]
FORMAT, VERSION = "hearth-templates", 1
NAME_CHARACTERS, TEXT_CHARACTERS = 60, 20_000
IMPORT_BYTES = 5 * 1024 * 1024
HIDDEN = "templates_hidden"
PREFIX = "built-in:"
VARIABLE = re.compile(r"\{\{\s*([^{}|\n]{1,60}?)\s*(?:\|([^{}]*))?\}\}")
# Open WebUI's own names of what is filled in by itself.
OPEN_WEBUI = {"CLIPBOARD": "clipboard", "CURRENT_DATE": "date", "CURRENT_TIME": "time", "USER_LANGUAGE": "language"}


@dataclass(frozen=True, slots=True)
class Variable:
    """A place in a template that is asked for; ``default`` stands there at first."""

    name: str
    default: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A prompt to insert."""

    id: str
    name: str
    text: str
    built_in: bool = False

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The variables of the text, each once, in order; the first default counts."""
        found: dict[str, Variable] = {}
        for name, default in VARIABLE.findall(self.text):
            known = found.get(name)
            if known is None or not known.default:
                found[name] = Variable(name, default.strip())
        return tuple(found.values())


class Templates:
    """What a Studio knows of templates."""

    def __init__(self, rows: TemplateRows, preferences: Preferences) -> None:
        self._rows = rows
        self._preferences = preferences

    def all(self, owner: str, language: Language = "en") -> list[Template]:
        """Return an owner's templates, then those that come along, in a language."""
        own = [_template(row) for row in self._rows.all(owner)]
        names = {template.name.casefold() for template in own}
        hidden = self._hidden(owner)
        return own + [
            Template(id=PREFIX + key, name=name, text=text, built_in=True)
            for key, name, text in BUILT_IN[language]
            if name.casefold() not in names and key not in hidden
        ]

    def get(self, template_id: str, owner: str, language: Language = "en") -> Template:
        """Return one template; raises NotFound."""
        for template in self.all(owner, language):
            if template.id == template_id:
                return template
        return _template(self._rows.get(template_id, owner))

    def add(self, owner: str, name: str, text: str) -> Template:
        """Keep a new template; raises InvalidRequest, InputTooLarge, or Conflict where the name is taken."""
        [made] = self._rows.add(owner, [_checked(name, text)])
        return self.get(made, owner)

    def change(self, template_id: str, owner: str, name: str, text: str) -> Template:
        """Give a template another name and text; a built-in one becomes the owner's own. Errors as in ``add``."""
        if not template_id.startswith(PREFIX):
            return _template(self._rows.change(template_id, owner, *_checked(name, text)))
        made = self.add(owner, name, text)
        self._hide(owner, template_id.removeprefix(PREFIX))
        return made

    def delete(self, template_id: str, owner: str) -> None:
        """Forget a template, or hide a built-in one; raises NotFound."""
        if template_id.startswith(PREFIX):
            self._hide(owner, template_id.removeprefix(PREFIX))
        else:
            self._rows.delete(template_id, owner)

    def restore(self, owner: str) -> None:
        """Show every built-in template again."""
        self._preferences.set(owner, HIDDEN, None)

    # Files

    def export(self, owner: str) -> bytes:
        """Return an owner's own templates as JSON."""
        kept = [{"name": row.name, "text": row.text} for row in self._rows.all(owner)]
        told = {"format": FORMAT, "version": VERSION, "templates": kept}
        return json.dumps(told, ensure_ascii=False, indent=1).encode()

    def import_file(self, data: bytes, owner: str) -> int:
        """Keep every template of a file, or none; returns how many are new.

        One that is here already is passed over; one of a name that is taken gets a number behind it.

        Args:
            data: What ``export`` made, or Open WebUI's export of prompts.

        Raises:
            InvalidRequest: It is damaged, at the line that is named, or something else.
            InputTooLarge: It has more than 5 MB.
        """
        found = _read(data)
        own = {row.name.casefold(): row.text for row in self._rows.all(owner)}
        new: list[tuple[str, str]] = []
        for name, text in found:
            free, number = name, 1
            while free.casefold() in own and own[free.casefold()] != text:
                number += 1
                free = f"{name[: NAME_CHARACTERS - 5]} ({number})"
            if free.casefold() not in own:
                own[free.casefold()] = text
                new.append((free, text))
        self._rows.add(owner, new)
        return len(new)

    # Pieces

    def _hidden(self, owner: str) -> set[str]:
        kept = self._preferences.get(owner, HIDDEN)
        return {key for key in kept if isinstance(key, str)} if isinstance(kept, list) else set()

    def _hide(self, owner: str, key: str) -> None:
        if key not in {known for known, _, _ in BUILT_IN["en"]}:
            raise InvalidRequest("There is no such built-in template.", id=key[:64])
        self._preferences.set(owner, HIDDEN, sorted(self._hidden(owner) | {key}))


def _template(row: StoredTemplate) -> Template:
    return Template(id=row.id, name=row.name, text=row.text)


def _checked(name: str, text: str, place: str = "") -> tuple[str, str]:
    """Return a name and a text fit to be kept; ``place`` says where in a file they stand."""
    for what, value in (("name", name), ("text", text)):
        check_plain(f"{place}{what}", value)
    name = " ".join(name.split())
    if not 1 <= len(name) <= NAME_CHARACTERS:
        raise InvalidRequest(
            f"{place}name has {len(name)} characters; it must have 1 to {NAME_CHARACTERS}.", field=f"{place}name"
        )
    if not text.strip():
        raise InvalidRequest(f"{place}text is empty. Write what the template says.", field=f"{place}text")
    if len(text) > TEXT_CHARACTERS:
        raise InputTooLarge(
            f"{place}text has {len(text):,} characters; the limit is {TEXT_CHARACTERS:,}.",
            field=f"{place}text",
            limit=TEXT_CHARACTERS,
        )
    return name, text


def _read(data: bytes) -> list[tuple[str, str]]:
    """Return the names and texts in a file of templates."""
    if len(data) > IMPORT_BYTES:
        raise InputTooLarge("The file has more than 5 MB. Import it in parts.", field="file", limit=IMPORT_BYTES)
    try:
        found = json.loads(data.decode("utf-8-sig"))
    except json.JSONDecodeError as exc:
        raise InvalidRequest(
            f"The file is damaged at line {exc.lineno:,}, column {exc.colno:,}: {exc.msg}. Nothing was imported.",
            field="file",
        ) from exc
    except (ValueError, RecursionError) as exc:
        raise InvalidRequest("The file is no text of JSON. Choose an export of templates.", field="file") from exc
    if isinstance(found, Mapping) and found.get("format") == FORMAT:
        if found.get("version") != VERSION:
            raise InvalidRequest(
                f"The file has another version; this Hearth reads version {VERSION}. Update Hearth.", field="file"
            )
        return _pairs(found.get("templates"), "name", "text")
    if isinstance(found, list) and all(isinstance(item, Mapping) and "command" in item for item in found):
        pairs = _pairs(found, "name" if found and "name" in found[0] else "title", "content")
        return [(name, VARIABLE.sub(_renamed, text)) for name, text in pairs]
    raise InvalidRequest("This is no export of templates, of Hearth's or Open WebUI's. Choose another.", field="file")


def _pairs(items: object, name: str, text: str) -> list[tuple[str, str]]:
    if not isinstance(items, Sequence) or isinstance(items, str):
        raise InvalidRequest("templates is no list. Export them again; nothing was imported.", field="templates")
    found = []
    for number, item in enumerate(items):
        values = [item.get(key) if isinstance(item, Mapping) else None for key in (name, text)]
        if not all(isinstance(value, str) for value in values):
            raise InvalidRequest(
                f"templates[{number}] lacks a {name} or a {text} of text. Nothing was imported.", field="templates"
            )
        found.append(_checked(str(values[0]), str(values[1]), f"templates[{number}]."))
    return found


def _renamed(variable: re.Match[str]) -> str:
    known = OPEN_WEBUI.get(variable[1])
    return f"{{{{{known}}}}}" if known else variable[0]
