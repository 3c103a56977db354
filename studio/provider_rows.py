"""What a provider is made of, checked: what a person entered, what the settings name, what the list shows."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import PurePosixPath
from typing import Literal, get_args

import engines
from contract.errors import InvalidRequest
from contract.models import ModelSpec
from engines.provider import Found, FoundModel
from engines.wire import address, check_key
from store import ProviderRow

Status = Literal["checking", "up", "refused_key", "failing", "unreachable", "locked"]
STATUSES: tuple[Status, ...] = get_args(Status)
MOST_MODELS = 2_000
MOST_NAMED = 200
TIMEOUT_S = (5, 3_600)
HINT_CHARACTERS = 4
FROM_SETTINGS = "settings-"
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
_TAKEN = ("ollama", "hf", "echo")
_MODEL = re.compile(r"[!-~](?:[ -~]{0,157}[!-~])?")
_SETTING = re.compile(r"([^=\s]+)=(?:([a-z]+):(?!//))?(\S+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A provider as a person enters it.

    Attributes:
        kind: A protocol: a key of ``engines.PROVIDERS``.
        name: What its models' ids begin with: a-z, 0-9 and -.
        url: Its address.
        key: What it asks for; "": nothing.
        own_network: Its name may lead into this machine's own network, although it does not look so.
        timeout_s: How long it may say nothing.
        models: Names to offer; empty: all that it lists.
    """

    kind: str
    name: str
    url: str
    key: str = field(default="", repr=False)
    own_network: bool = False
    timeout_s: int = 300
    models: tuple[str, ...] = ()

    def checked(self) -> "Draft":
        """Return it in its one form; raises InvalidRequest with the field, the value and the rule."""
        name = self.name.strip().lower()
        if self.kind not in engines.PROVIDERS:
            raise InvalidRequest(
                f"kind is {self.kind[:40]!r}; it must be one of {', '.join(engines.PROVIDERS)}.", field="kind"
            )
        if not _NAME.fullmatch(name) or name in _TAKEN:
            raise InvalidRequest(
                f"name is {self.name[:40]!r}; it must have 1 to 40 of a-z, 0-9 and -, and be none of "
                f"{', '.join(_TAKEN)}.",
                field="name",
            )
        if not TIMEOUT_S[0] <= self.timeout_s <= TIMEOUT_S[1]:
            raise InvalidRequest(
                f"timeout_s is {self.timeout_s}; it must be from {TIMEOUT_S[0]} to {TIMEOUT_S[1]:,}.", field="timeout_s"
            )
        models = tuple(dict.fromkeys(model.strip() for model in self.models if model.strip()))
        bad = next((model for model in models if not _MODEL.fullmatch(model)), None)
        if bad is not None or len(models) > MOST_NAMED:
            said = f"has {bad[:40]!r}" if bad is not None else f"has {len(models)} names"
            raise InvalidRequest(
                f"models {said}; it takes up to {MOST_NAMED} names of 1 to 159 signs each.", field="models"
            )
        check_key(self.key.strip())
        return Draft(
            kind=self.kind,
            name=name,
            url=address(self.url),
            key=self.key.strip(),
            own_network=self.own_network,
            timeout_s=self.timeout_s,
            models=models,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderInfo:
    """A provider as it is shown; of its key the last characters alone.

    Attributes:
        status: ``up``; ``checking`` before the first answer; else what is wrong, which ``message`` says.
        since: Since when it is so.
        offered: How many models it adds to the list. ``left_out``: how many more it has.
        from_settings: It stands in HEARTH_SERVERS, and can't be changed here.
    """

    id: str
    name: str
    kind: str
    url: str
    key_hint: str
    own_network: bool
    timeout_s: int
    models: tuple[str, ...]
    status: Status
    since: str
    message: str
    offered: int
    left_out: int
    from_settings: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """What a server said when it was asked now; ``models`` are the names it would add."""

    status: Status
    message: str
    url: str
    models: tuple[str, ...] = ()
    left_out: int = 0


def hint_of(key: str) -> str:
    """Return the last characters of a key that is long enough to show some."""
    return key[-HINT_CHARACTERS:] if len(key) >= 3 * HINT_CHARACTERS else ""


def from_settings(text: str, environ: Mapping[str, str]) -> list[Draft]:
    """Return the servers that HEARTH_SERVERS names: ``name=address`` or ``name=kind:address``, with commas between.

    The key of ``name`` is in ``HEARTH_KEY_NAME``.

    Raises:
        InvalidRequest: One of them is written wrongly.
    """
    drafts = []
    for item in filter(None, (part.strip() for part in text.split(","))):
        match = _SETTING.fullmatch(item)
        if match is None:
            raise InvalidRequest(f"{item[:80]!r} names no server; write it like vllm=http://127.0.0.1:8000/v1.")
        name, kind, url = match.groups()
        key = environ.get(f"HEARTH_KEY_{name.upper().replace('-', '_')}", "")
        # Whoever writes the settings of a server decides about its network too.
        drafts.append(Draft(kind=kind or "openai", name=name, url=url, key=key, own_network=True).checked())
    names = [draft.name for draft in drafts]
    if len(set(names)) < len(names):
        raise InvalidRequest("Two servers have the same name. Give each its own.")
    return drafts


def read_found(text: str, url: str) -> Found:
    """Return what a server listed when it last answered, as the database keeps it."""
    try:
        value = json.loads(text)
        models = tuple(FoundModel(item["name"], item["kind"], item["options"]) for item in value["models"])
        return Found(value["url"], models, value["left_out"])
    except (ValueError, TypeError, KeyError):  # nothing was listed yet, or another version wrote it: it is asked anew
        return Found(url, ())


def write_found(found: Found) -> str:
    """Return what a server lists as the database keeps it."""
    models = [asdict(model) for model in found.models]
    return json.dumps({"url": found.url, "models": models, "left_out": found.left_out})


def usable(found: Found) -> Found:
    """Return what can be offered of a list: names that can stand in a request, and not without end."""
    fit = [model for model in found.models if _MODEL.fullmatch(model.name)][:MOST_MODELS]
    return Found(found.url, tuple(fit), found.left_out + len(found.models) - len(fit))


def specs_of(row: ProviderRow, found: Found) -> tuple[ModelSpec, ...]:
    """Return the models of a provider as the studio lists them: ``provider/model``."""
    listed = {model.name: model for model in found.models}
    models = [listed.get(name, FoundModel(name)) for name in row.models] or list(found.models)
    table = engines.PROVIDERS[row.kind].engines
    specs: dict[str, ModelSpec] = {}
    for model in models:
        if model.kind not in table:
            continue
        # llama.cpp calls a model by its file, wherever that is.
        short = PurePosixPath(model.name).name if model.name.startswith("/") else model.name
        name = f"{row.name}/{short}".lower().replace(" ", "-")
        specs.setdefault(
            name,
            ModelSpec(
                id=name,
                engine=table[model.kind].name,
                kind=model.kind,
                title=f"{row.name}/{short}",
                note=f"Runs at {found.url}: what you write is sent there.",
                remote=True,
                options={
                    **model.options,
                    "name": model.name,
                    "provider": row.id,
                    "server": row.name,
                    "url": found.url,
                    "own_network": row.own_network,
                    "timeout_s": row.timeout_s,
                    "revision": row.revision,
                },
            ),
        )
    return tuple(specs.values())
