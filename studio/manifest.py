"""What says that a model is whole: ``hearth.json`` in its folder, and the safe names of such folders.

``models/<engine>/<folder>/hearth.json`` is written last, in one step, so a folder without it is a
download that was cut off. Ids, and the paths inside a manifest, come from outsiders: each becomes
a path by ``folder_name`` or ``inside`` alone, which refuse whatever could lead elsewhere.
"""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path, PurePosixPath

from contract.errors import InvalidRequest, ModelDamaged, StorageFailed
from contract.models import ModelSpec
from studio.catalogue import Entry, ModelFile

NAME = "hearth.json"
_ID = re.compile(r"[a-z0-9][a-z0-9._-]*(?:[:/][a-z0-9._-]+)*")
_ID_CHARACTERS = 200
# Names that are devices on Windows, whatever follows the dot.
_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Damaged:
    """A model that is there and can't be used: its id, its folder, and a sentence that says why."""

    id: str
    folder: Path
    message: str


@dataclass(frozen=True, slots=True)
class Scan:
    """What a look at the models folder found."""

    models: tuple[ModelSpec, ...]
    damaged: tuple[Damaged, ...]


def folder_name(model_id: str) -> str:
    """The folder of a model id: one plain name, different for different ids.

    Raises:
        InvalidRequest: The id is not one (``..``, an absolute path, ``%2e``, NUL, a drive letter, …).
    """
    parts = re.split("[:/]", model_id)
    ok = (
        len(model_id) <= _ID_CHARACTERS
        and _ID.fullmatch(model_id) is not None
        and not any(set(part) <= {"."} or part.endswith(".") or _DEVICES.fullmatch(part) for part in parts)
        # A drive letter: "c:/models".
        and not (len(parts[0]) == 1 and model_id[1:2] == ":")
    )
    if not ok:
        shown = model_id if len(model_id) <= 80 else model_id[:80] + "…"
        raise InvalidRequest(
            f"{shown!r} is not a model's name: use up to {_ID_CHARACTERS} of a-z, 0-9 and . _ : / -, without '..'.",
            field="model",
        )
    # Neither + nor = is in an id, so no two ids share a folder.
    return model_id.replace("/", "+").replace(":", "=")


def model_id_of(folder: str) -> str:
    """The id that ``folder_name`` made this name of."""
    return folder.replace("+", "/").replace("=", ":")


def folder_of(models_dir: Path, engine: str, model_id: str) -> Path:
    """Where an engine's model lies, refused when a link there leads elsewhere."""
    engine_dir = models_dir / folder_name(engine)
    folder = engine_dir / folder_name(model_id)
    for path in (engine_dir, folder):
        if path.is_symlink():
            raise InvalidRequest(f"{path} is a link. Hearth keeps its models in folders of its own: remove the link.")
    return folder


def inside(folder: Path, relative: str) -> Path:
    """A path that a manifest or a source names, as a path really inside the folder.

    Raises:
        InvalidRequest: It is absolute, has ``..``, a backslash, a colon or NUL, or a link leads out.
    """
    pure = PurePosixPath(relative)
    ok = bool(relative) and not pure.is_absolute() and ".." not in pure.parts and not re.search(r"[\\:\x00]", relative)
    if not ok or not (folder / relative).resolve().is_relative_to(folder.resolve()):
        raise InvalidRequest(f"The file name {relative[:80]!r} leads out of its model's folder, so it is refused.")
    return folder / relative


def write(entry: Entry, files: tuple[ModelFile, ...], paths: tuple[str, ...], folder: Path) -> None:
    """Write the manifest, whole or not at all; ``paths`` are what the engine loads, "." the folder."""
    kept = {field.name for field in fields(Entry)} - {"files", "starter", "recommended", "stand_in"}
    value = {name: item for name, item in asdict(entry).items() if name in kept}
    value["size_bytes"] = sum(file.size_bytes for file in files)
    value["paths"] = list(paths)
    value["files"] = [{"path": file.path, "size_bytes": file.size_bytes, "sha256": file.sha256} for file in files]
    draft = folder / f"{NAME}.new"
    try:
        with draft.open("w", encoding="utf-8") as file:
            json.dump(value, file, ensure_ascii=False, indent=1)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(folder / NAME)
    except OSError as exc:
        raise StorageFailed(f"{folder} can't be written ({exc.strerror}). Check its disk and its rights.") from exc


def checksums(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of a model's files as its manifest has them, by path; {}: there is none that can be read."""
    try:
        files = json.loads((folder / NAME).read_text(encoding="utf-8"))["files"]
        return {str(file["path"]): str(file["sha256"]) for file in files}
    except (OSError, ValueError, TypeError, KeyError):
        return {}


def read(folder: Path) -> ModelSpec:
    """Read a model's manifest and check that its files are there, at their sizes.

    Raises:
        ModelDamaged: It is not readable, or a file is missing, of another size or a link out of the folder.
    """
    try:
        value = json.loads((folder / NAME).read_text(encoding="utf-8"))
        for file in value["files"]:
            path = inside(folder, file["path"])
            if not path.is_file() or path.stat().st_size != file["size_bytes"]:
                raise _damaged(folder, f"{file['path']} is missing or not {file['size_bytes']:,} bytes long")
        spec = _spec(value, folder)
        folder_name(spec.id)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as exc:
        raise _damaged(folder, f"its {NAME} can't be read") from exc
    except InvalidRequest as exc:
        raise _damaged(folder, exc.message) from exc
    return spec


def scan(models_dir: Path) -> Scan:
    """Find every model in the folder; a damaged one is told, and stops nothing."""
    models: list[ModelSpec] = []
    damaged: list[Damaged] = []
    seen: set[str] = set()
    for path in sorted(models_dir.glob(f"[!.]*/[!.]*/{NAME}")):
        folder = path.parent
        try:
            spec = read(folder)
            if spec.id in seen:
                raise _damaged(folder, f"another folder holds {spec.id} too")
        except ModelDamaged as exc:
            damaged.append(Damaged(id=model_id_of(folder.name), folder=folder, message=exc.message))
        else:
            seen.add(spec.id)
            models.append(spec)
    return Scan(tuple(models), tuple(damaged))


def _damaged(folder: Path, why: str) -> ModelDamaged:
    return ModelDamaged(
        f"The model in {folder} can't be used: {why}. Remove it and download it again.",
        model=model_id_of(folder.name),
    )


def _spec(value: Mapping[str, object], folder: Path) -> ModelSpec:
    names = {field.name for field in fields(ModelSpec)} - {"paths", "remote"}
    known = {name: item for name, item in value.items() if name in names}
    paths, languages, options = value["paths"], value["languages"], value["options"]
    for name in ("id", "engine", "kind", "title", "licence", "note"):
        if not isinstance(known[name], str):
            raise ValueError(f"{name} is not text")
    for name in ("size_bytes", "memory_bytes"):
        if not isinstance(known[name], int):
            raise ValueError(f"{name} is not a number")
    if not isinstance(paths, list) or not isinstance(languages, list) or not isinstance(options, dict):
        raise ValueError("paths, languages or options have the wrong form")
    located = tuple(folder if path == "." else inside(folder, path) for path in paths)
    if not all(path.exists() for path in located):
        raise ValueError("a path of it is missing")
    known |= {"languages": tuple(languages), "paths": located}
    return ModelSpec(**known)  # type: ignore[arg-type]
