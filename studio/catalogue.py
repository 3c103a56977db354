"""The catalogue of models that Hearth knows how to fetch: facts shipped as data, read once.

Each file of ``data/`` holds entries in one form, that of ``Entry``. A figure that nobody has
published is 0 and a checksum "" there: nothing is guessed. Adding a model is adding its facts.
"""

import difflib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Literal, get_args

from contract.errors import StorageFailed, UnknownModel
from contract.models import Kind, ModelSpec, Scalar

DATA = Path(__file__).parent / "data"
SourceType = Literal["included", "wheel", "firefox", "hub", "ollama", "url"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFile:
    """One file of a model.

    Attributes:
        path: Where it lies inside the model's folder, with ``/``.
        size_bytes: Its size there; 0: not published.
        sha256: Its checksum there; "": not published.
        md5: The same, of sources that publish no other.
        origin: Its path at the source; "": the same as ``path``.
        packed_bytes, packed_sha256: Of the file at the source that it is unpacked or made from; 0 and "": itself.
    """

    path: str
    size_bytes: int = 0
    sha256: str = ""
    md5: str = ""
    origin: str = ""
    packed_bytes: int = 0
    packed_sha256: str = ""

    @property
    def download_bytes(self) -> int:
        """What fetching it takes; 0: not known."""
        return self.packed_bytes or self.size_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a model comes from.

    Attributes:
        type: The key of its fetch in ``studio.sources``.
        name: Of the folder in the package, of the wheel, of the Hub repository, of the folder on the mirror, of the
            Ollama model; the address.
        revision: The wheel's version, the repository's commit, tag or branch.
        platform: Of a wheel that is built per platform, although its data are the same in each.
        size_bytes: What is downloaded, where it differs from the files together (a wheel).
    """

    type: SourceType
    name: str
    revision: str = ""
    platform: str = ""
    size_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A model that can be fetched. The fields that ModelSpec has too mean the same.

    Attributes:
        files: What it consists of; empty: the source tells when asked.
        starter: Fetched at the first start.
        recommended: Worth offering first.
        stand_in: A job takes it by itself only where nothing else here does that job.
    """

    id: str
    engine: str
    kind: Kind
    title: str
    source: Source
    files: tuple[ModelFile, ...] = ()
    size_bytes: int = 0
    memory_bytes: int = 0
    languages: tuple[str, ...] = ()
    source_lang: str | None = None
    target_lang: str | None = None
    licence: str = ""
    note: str = ""
    options: Mapping[str, Scalar] = field(default_factory=dict)
    starter: bool = False
    recommended: bool = False
    stand_in: bool = False

    @property
    def download_bytes(self) -> int:
        """What fetching it takes; 0: not known."""
        return self.source.size_bytes or sum(file.download_bytes for file in self.files) or self.size_bytes

    def spec(self) -> ModelSpec:
        """What the list of models shows of it before it is here."""
        return ModelSpec(
            id=self.id,
            engine=self.engine,
            kind=self.kind,
            title=self.title,
            size_bytes=self.size_bytes or self.download_bytes,
            memory_bytes=self.memory_bytes,
            languages=self.languages,
            source_lang=self.source_lang,
            target_lang=self.target_lang,
            licence=self.licence,
            note=self.note,
            remote=self.source.type == "ollama",
            options=self.options,
        )


@cache
def load_catalogue() -> Mapping[str, Entry]:
    """Every entry by its id: starters first, then the recommended, then the rest by file."""
    found: dict[str, Entry] = {}
    for name in ("starters", "recommended", "firefox", "voices"):
        text = (DATA / f"{name}.json").read_text(encoding="utf-8")
        for item in json.loads(text)["models"]:
            entry = read_entry(item)
            if entry.id in found:
                raise ValueError(f"the catalogue has two entries {entry.id!r}")
            found[entry.id] = entry
    return found


def load_own(data_dir: Path) -> Mapping[str, Entry]:
    """The owner's own entries, of ``catalogue.json`` in the data folder, in the form of those shipped; {}: none.

    Raises:
        StorageFailed: The file is there and can't be read.
    """
    file = data_dir / "catalogue.json"
    if not file.exists():
        return {}
    try:
        return {entry.id: entry for entry in map(read_entry, json.loads(file.read_text(encoding="utf-8"))["models"])}
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as exc:
        raise StorageFailed(
            f"{file} can't be read: {exc}. Write it in the form of studio/data/firefox.json, or move it away."
        ) from exc


def starters() -> tuple[Entry, ...]:
    """The entries that the first start fetches."""
    return tuple(entry for entry in load_catalogue().values() if entry.starter)


def unknown(model_id: str, known: Iterable[str]) -> UnknownModel:
    """The error for an id nobody knows, naming those that look like it."""
    near = difflib.get_close_matches(model_id.lower(), list(known), n=3, cutoff=0.6)
    hint = f"Did you mean {' or '.join(near)}?" if near else "The Models panel lists those that can be fetched."
    shown = model_id if len(model_id) <= 80 else model_id[:80] + "…"
    return UnknownModel(f"There is no model {shown!r}. {hint}", model=shown)


def read_entry(item: Mapping[str, object]) -> Entry:
    """Build an entry from its JSON form, which is the fields' names and values."""
    values = dict(item)
    source = values.pop("source")
    parts = values.pop("files", [])
    if not isinstance(source, dict) or source.get("type") not in get_args(SourceType) or not isinstance(parts, list):
        raise ValueError(f"the catalogue's entry {values.get('id')!r} has no known source")
    values["languages"] = tuple(values.get("languages", ()))  # type: ignore[arg-type]
    return Entry(source=Source(**source), files=tuple(ModelFile(**part) for part in parts), **values)  # type: ignore[arg-type]
