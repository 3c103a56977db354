"""The models on this machine: install one whole or not at all, remove one, join pairs of languages.

A download grows in ``models/.partial/<folder>`` and becomes ``models/<engine>/<folder>`` by one
rename once every file is there, checked, and its manifest written. A failed or stopped one leaves
nothing; one that a crash cut off is taken up again by the next try of the same model.
"""

import contextlib
import os
import shutil
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import permutations
from pathlib import Path

from contract.engine import Stop
from contract.errors import Conflict, NotFound, StorageFailed, StudioError
from contract.events import Progress
from contract.ids import new_id
from contract.models import ModelSpec
from studio import manifest, sources
from studio.catalogue import Entry, ModelFile, SourceType, load_catalogue, unknown
from studio.manifest import Damaged, Scan, folder_name, folder_of, scan
from studio.sources import http_file
from studio.sources.address import without_query
from studio.sources.choice import as_it_is, loaded_paths

PARTIAL = ".partial"
# Asked when a download ends early, with what went wrong (None: it was stopped): is what came kept for the next try?
Keep = Callable[[StudioError | None], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two languages that can be translated, and what it takes.

    Attributes:
        models: One model's id, or two, the second reading what the first wrote.
        installed: Whether all of them are here.
        engine: What runs them.
        size_bytes: What is still to be downloaded.
        via: The language between; None: directly.
    """

    source: str
    target: str
    models: tuple[str, ...]
    installed: bool
    size_bytes: int = 0
    via: str | None = None
    engine: str = ""


def entry_for(model_id: str, catalogue: Mapping[str, Entry] | None = None) -> Entry:
    """What to fetch for this id: the catalogue's entry, a Hub repository, an Ollama model or the file at an address.

    Raises:
        UnknownModel: It is none of these. InvalidRequest: It is no model's name.
        DownloadFailed: The Hub could not be asked, or has no such model that can be read safely.
    """
    known = load_catalogue() if catalogue is None else catalogue
    lowered = sources.id_of(model_id)
    folder_name(lowered)
    if lowered in known:
        return known[lowered]
    described = sources.describe(model_id)
    if described is None:
        raise unknown(model_id, known)
    return described


def install(
    entry: Entry,
    models_dir: Path,
    stop: Stop,
    fetchers: Mapping[SourceType, sources.Fetch] | None = None,
    keep: Keep = lambda error: False,
) -> Generator[Progress, None, None]:
    """Fetch a model, check it and put it in place; yields bytes done.

    Args:
        entry: From ``entry_for``.
        stop: Once set, it ends and leaves nothing.
        fetchers: ``sources.table()`` unless given.
        keep: Whether it leaves what came, after all, for the next try to go on from.

    Raises:
        DownloadFailed: With what to do next. StorageFailed: The disk is full or can't be written.
        Conflict: The same model is being downloaded already.
    """
    fetch = (sources.table() if fetchers is None else fetchers)[entry.source.type]
    if entry.source.type == "ollama":
        yield from fetch(entry, models_dir, stop)
        return
    final = folder_of(models_dir, entry.engine, entry.id)
    partial = models_dir / PARTIAL / folder_name(entry.id)
    _make(partial.parent)
    for doomed in partial.parent.glob("removed-*"):  # a removal that was killed before its files were gone
        shutil.rmtree(doomed, ignore_errors=True)
    with _only_one(partial, entry.title):
        if final.is_dir() and _is_whole(final) and not is_outdated(entry, models_dir):
            return
        _check_space(entry, models_dir, already=_size(partial))
        _make(partial)
        error: StudioError | None = None
        try:
            files = yield from fetch(entry, partial, stop)
            if not stop.is_set():
                entry = as_it_is(entry, partial)
                _finish(entry, files, partial, folder_of(models_dir, entry.engine, entry.id))
        except OSError as exc:
            error = _storage_failed(models_dir, exc)
            raise error from exc
        except StudioError as exc:
            error = exc
            raise
        finally:
            if not (partial.is_dir() and _size(partial) and keep(error)):
                shutil.rmtree(partial, ignore_errors=True)


def is_outdated(entry: Entry, models_dir: Path) -> bool:
    """Whether this Hearth brings another version of a model that came along with an earlier one."""
    if entry.source.type != "included":
        return False
    here = manifest.checksums(folder_of(models_dir, entry.engine, entry.id))
    return here != {file.path: file.sha256 for file in entry.files}


def discard(model_id: str, models_dir: Path) -> int:
    """Remove what an unfinished download left, and return the bytes freed.

    Raises:
        Conflict: It is being downloaded.
    """
    partial = models_dir / PARTIAL / folder_name(model_id)
    if not partial.is_dir():
        return 0
    with _only_one(partial, model_id):
        freed = _size(partial)
        shutil.rmtree(partial, ignore_errors=True)
    partial.with_name(f"{partial.name}.lock").unlink(missing_ok=True)
    return freed


def is_at_work(model_id: str, models_dir: Path) -> bool:
    """Whether a Hearth, this one or another, is downloading it just now."""
    partial = models_dir / PARTIAL / folder_name(model_id)
    try:
        with _only_one(partial, model_id):
            return False
    except Conflict:
        return True
    except OSError:  # no folder for downloads yet
        return False


def remove(spec_or_damaged: ModelSpec | Damaged, models_dir: Path) -> int:
    """Remove an installed model and return the bytes freed; it vanishes at once, then its files go.

    Raises:
        NotFound: It is not in this folder.
    """
    found = (path for path in models_dir.glob(f"[!.]*/{folder_name(spec_or_damaged.id)}") if path.is_dir())
    folder = next(found, None)
    if folder is None or folder.is_symlink():
        raise NotFound(f"{spec_or_damaged.id} is not in {models_dir}, so there is nothing to remove.")
    freed = _size(folder, alone=True)
    doomed = models_dir / PARTIAL / f"removed-{new_id()}"
    _make(doomed.parent)
    try:
        folder.replace(doomed)
        shutil.rmtree(doomed)
    except OSError as exc:
        raise _storage_failed(models_dir, exc) from exc
    return freed


def pairs(catalogue: Mapping[str, Entry], installed: Iterable[ModelSpec]) -> list[Pair]:
    """Every pair of languages that models here or in the catalogue translate, directly or through English."""
    specs = list(installed)
    legs = _legs(catalogue, specs)
    joined = dict(legs)
    for first in [leg for leg in legs.values() if leg.target == "en"]:
        for second in [leg for leg in legs.values() if leg.source == "en"]:
            key = first.source, second.target
            if first.source != second.target and first.engine == second.engine:
                pair = _join(first, second)
                if key not in joined or (pair.installed and not joined[key].installed):
                    joined[key] = pair
    for spec in specs:
        if _of_many(spec):
            for source, target in permutations(spec.languages, 2):
                if (source, target) not in joined or not joined[source, target].installed:
                    joined[source, target] = _pair_of(spec, source, target)
    return [joined[key] for key in sorted(joined)]


def find_pair(catalogue: Mapping[str, Entry], installed: Iterable[ModelSpec], source: str, target: str) -> Pair | None:
    """One of ``pairs``, without making them all: for each translation anew."""
    if source == target:
        return None
    specs = list(installed)
    legs = _legs(catalogue, specs)
    direct, first, second = legs.get((source, target)), legs.get((source, "en")), legs.get(("en", target))
    joined = _join(first, second) if first and second and first.engine == second.engine else None
    many = next((spec for spec in specs if _of_many(spec) and {source, target} <= set(spec.languages)), None)
    for pair in (direct, joined):
        if pair is not None and pair.installed:
            return pair
    return _pair_of(many, source, target) if many is not None else direct or joined


def _of_many(spec: ModelSpec) -> bool:
    """Whether a model translates between any two of its languages."""
    return spec.source_lang is None and spec.target_lang is None and len(spec.languages) > 1


def _pair_of(spec: ModelSpec, source: str, target: str) -> Pair:
    return Pair(source=source, target=target, models=(spec.id,), installed=True, engine=spec.engine)


def _join(first: Pair, second: Pair) -> Pair:
    return Pair(
        source=first.source,
        target=second.target,
        models=(*first.models, *second.models),
        installed=first.installed and second.installed,
        size_bytes=first.size_bytes + second.size_bytes,
        via=first.target,
        engine=first.engine,
    )


def _legs(catalogue: Mapping[str, Entry], installed: Iterable[ModelSpec]) -> dict[tuple[str, str], Pair]:
    """Each direction that one model does: by the best that is here, else by the catalogue's default."""
    legs: dict[tuple[str, str], Pair] = {}
    # Firefox models are the quickest by far; of two of them the larger one translates better.
    for spec in sorted(installed, key=lambda spec: (spec.engine != "firefox", -spec.size_bytes)):
        if spec.source_lang and spec.target_lang:
            pair = _pair_of(spec, spec.source_lang, spec.target_lang)
            legs.setdefault((pair.source, pair.target), pair)
    for entry in catalogue.values():
        if entry.source_lang and entry.target_lang:
            # The first entry of a pair is its default: see deploy/make_catalogue.py.
            legs.setdefault(
                (entry.source_lang, entry.target_lang),
                Pair(
                    source=entry.source_lang,
                    target=entry.target_lang,
                    models=(entry.id,),
                    installed=False,
                    size_bytes=entry.download_bytes,
                    engine=entry.engine,
                ),
            )
    return legs


def _finish(entry: Entry, files: tuple[ModelFile, ...], partial: Path, final: Path) -> None:
    for path in partial.iterdir():
        if path.name.startswith("."):  # what a source kept beside its files
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    entry = replace(entry, source=replace(entry.source, name=without_query(entry.source.name)))
    manifest.write(entry, files, loaded_paths(entry.engine, files), partial)
    _make(final.parent)
    if final.exists():  # damaged, or it would not have come here
        doomed = partial.parent / f"removed-{new_id()}"
        final.replace(doomed)
        shutil.rmtree(doomed, ignore_errors=True)
    partial.replace(final)


@contextlib.contextmanager
def _only_one(partial: Path, title: str) -> Iterator[None]:
    import filelock  # 0.1 s, and only a download needs it

    lock = filelock.FileLock(partial.with_name(f"{partial.name}.lock"))
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout as exc:
        raise Conflict(f"{title} is being downloaded already. Wait for it to finish.", model=title) from exc
    try:
        yield
    finally:
        lock.release()


def _is_whole(folder: Path) -> bool:
    try:
        manifest.read(folder)
    except StudioError:
        return False
    return True


def _check_space(entry: Entry, models_dir: Path, already: int) -> None:
    # Packed and unpacked files lie side by side for a moment.
    packed = entry.source.size_bytes or sum(file.packed_bytes for file in entry.files)
    http_file.check_room(models_dir, packed + entry.size_bytes - already, entry.title)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise _storage_failed(folder, exc) from exc


def _storage_failed(folder: Path, exc: OSError) -> StorageFailed:
    return StorageFailed(
        f"{folder} can't be written ({exc.strerror or exc}). Check its disk and its rights, then try again."
    )


def _size(folder: Path, *, alone: bool = False) -> int:
    """The bytes of a folder's files; ``alone``: of those that have no other name elsewhere on the disk."""
    found = (os.stat(os.path.join(root, name)) for root, _, names in os.walk(folder) for name in names)
    return sum(status.st_size for status in found if not alone or status.st_nlink == 1)


__all__ = [
    "Damaged",
    "Keep",
    "Pair",
    "Scan",
    "discard",
    "entry_for",
    "find_pair",
    "install",
    "is_at_work",
    "pairs",
    "remove",
    "scan",
]
