"""What lies in the models folder and belongs to no model: parts of downloads, folders without a manifest, strays."""

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from contract.errors import StorageFailed
from contract.models import ModelSpec
from studio import library, manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftover:
    """Something that can go.

    Attributes:
        name: Its path below the models folder.
        kind: ``partial``: of a download that is nobody's any more; ``orphan``: no model is there.
    """

    path: Path
    name: str
    kind: Literal["partial", "orphan"]
    size_bytes: int


def find(models_dir: Path, wanted: Iterable[str]) -> list[Leftover]:
    """Return the leftovers, the largest first; what another Hearth downloads just now is none.

    Args:
        wanted: Ids of the models whose downloads are not finished.
    """
    kept = {manifest.folder_name(model) for model in wanted}
    found = []
    for path in _below(models_dir / library.PARTIAL):
        if path.suffix == ".lock" or path.name in kept or _at_work(path, models_dir):
            continue
        found.append(_leftover(path, models_dir, "partial"))
    for engine in _below(models_dir):
        if engine.name.startswith("."):
            continue
        if not engine.is_dir() or engine.is_symlink():
            found.append(_leftover(engine, models_dir, "orphan"))
            continue
        for folder in _below(engine):
            if folder.is_symlink() or not (folder / manifest.NAME).is_file():
                found.append(_leftover(folder, models_dir, "orphan"))
    return sorted(found, key=lambda item: (-item.size_bytes, item.name))


def clean(leftovers: Iterable[Leftover]) -> int:
    """Remove leftovers and return the bytes freed; a link goes, what it leads to stays.

    Raises:
        StorageFailed: One can't be removed.
    """
    freed = 0
    for item in leftovers:
        try:
            if item.path.is_dir() and not item.path.is_symlink():
                shutil.rmtree(item.path)
            else:
                item.path.unlink(missing_ok=True)
        except OSError as exc:
            raise StorageFailed(f"{item.path} can't be removed ({exc.strerror or exc}). Check its rights.") from exc
        freed += item.size_bytes
    return freed


def size_of(spec: ModelSpec, models_dir: Path) -> int:
    """Return the bytes that a model's deletion gives back: files that have another name elsewhere give none."""
    folders = [path for path in models_dir.glob(f"[!.]*/{manifest.folder_name(spec.id)}") if path.is_dir()]
    return sum(_bytes(path) for path in folders)


def _below(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() and not folder.is_symlink() else []


def _at_work(path: Path, models_dir: Path) -> bool:
    if path.name.startswith(("removed-", "import-", "wheel-")):
        return False
    return library.is_at_work(manifest.model_id_of(path.name), models_dir)


def _leftover(path: Path, models_dir: Path, kind: Literal["partial", "orphan"]) -> Leftover:
    return Leftover(path=path, name=path.relative_to(models_dir).as_posix(), kind=kind, size_bytes=_bytes(path))


def _bytes(path: Path) -> int:
    if path.is_symlink():
        return 0
    if path.is_file():
        return path.stat().st_size
    files = (Path(root) / name for root, _, names in os.walk(path) for name in names)
    return sum(status.st_size for file in files if (status := file.lstat()).st_nlink == 1)
