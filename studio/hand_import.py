"""Puts a model's files into place by hand: from a file or a folder on this machine, where no network is needed.

What it is, its bytes tell (``studio.recognising``). The files are copied, or linked where they lie on
the same disk, packed ones (gzip, Zstandard) unpacked up to a bound, each checked; a translation model is
loaded once before it counts. Files whose name tells nothing of their languages need them told.
"""

import contextlib
import errno
import gzip
import hashlib
import os
import re
import shutil
import zlib
from collections.abc import Generator
from pathlib import Path
from typing import BinaryIO, cast

from backports import zstd

import engines
from contract.engine import Stop
from contract.errors import DownloadFailed, InvalidRequest, StorageFailed
from contract.events import Progress
from contract.ids import new_id
from contract.limits import check_language
from contract.model_requests import ImportRequest
from contract.models import ModelSpec
from studio import manifest
from studio.catalogue import Entry, ModelFile, Source
from studio.languages import language_name
from studio.recognising import Found, recognise
from studio.sources import http_file
from studio.sources.choice import loaded_paths
from studio.sources.contents import check_contents

PACKED = (".gz", ".zst")
MOST_BYTES = 8 * 1024**3
_CHUNK = 1024 * 1024


def importing(request: ImportRequest, models_dir: Path, stop: Stop) -> Generator[Progress, None, ModelSpec | None]:
    """Bring a model into the models folder; yields bytes done, returns it, or None when stopped.

    Raises:
        InvalidRequest: There is no such model, or its languages can't be told.
        DownloadFailed: A file is not what it should be. ModelDamaged: The model can't be loaded.
        StorageFailed: It can't be written, or there is no room.
    """
    try:
        found = recognise(Path(request.path).expanduser().absolute())
    except OSError as exc:
        raise InvalidRequest(f"{request.path} can't be read ({exc.strerror or exc}).", field="path") from exc
    entry = _entry(found, request)
    final = manifest.folder_of(models_dir, entry.engine, entry.id)
    draft = models_dir / ".partial" / f"import-{new_id()}"
    try:
        draft.mkdir(parents=True)
        if not request.link:
            http_file.check_room(models_dir, sum(path.stat().st_size for path in found.files), entry.title)
        files = yield from _bring(found, draft, stop, link=request.link)
        if stop.is_set():
            return None
        manifest.write(entry, files, loaded_paths(entry.engine, files), draft)
        if found.kind == "translation":
            _try(manifest.read(draft))
        final.parent.mkdir(parents=True, exist_ok=True)
        if final.exists():
            final.replace(draft.with_name(f"removed-{new_id()}"))
        draft.replace(final)
    except OSError as exc:
        raise StorageFailed(f"{models_dir} can't be written ({exc.strerror or exc}). Check its disk.") from exc
    finally:
        shutil.rmtree(draft, ignore_errors=True)
        for doomed in draft.parent.glob("removed-*"):
            shutil.rmtree(doomed, ignore_errors=True)
    return manifest.read(final)


def import_model(
    path: Path,
    models_dir: Path,
    *,
    source: str | None = None,
    target: str | None = None,
    name: str | None = None,
    link: bool = False,
) -> ModelSpec:
    """Bring a model into the models folder, and return it; see ``importing``."""
    request = ImportRequest(path=str(path), name=name, link=link, source_lang=source, target_lang=target)
    steps = importing(request, models_dir, Stop())
    with contextlib.closing(steps):
        while True:
            try:
                next(steps)
            except StopIteration as end:
                return cast(ModelSpec, end.value)


def _entry(found: Found, request: ImportRequest) -> Entry:
    source, target = request.source_lang or found.source_lang, request.target_lang or found.target_lang
    own = found.root.name if found.engine not in ("llama_cpp", "llama_embedding", "piper") else found.files[0].stem
    plain = re.sub(r"[^a-z0-9.]+", "-", own.lower()).strip("-.") or "model"
    title, languages = own, tuple(code for code in (source,) if code)
    if found.kind == "translation":
        _check_pair(source, target)
        assert source is not None and target is not None
        title, languages = f"{language_name(source)} to {language_name(target)} (own)", (source, target)
        plain = f"firefox-{source}-{target}" if found.engine == "firefox" else plain
    elif found.engine == "piper" and not languages and re.match(r"[a-z]{2}_[A-Z]{2}-", own):
        languages = (own[:2],)
    return Entry(
        id=request.name or plain,
        engine=found.engine,
        kind=found.kind,
        title=title,
        source=Source(type="firefox", name="imported"),
        languages=languages,
        source_lang=source if found.kind == "translation" else None,
        target_lang=target if found.kind == "translation" else None,
        licence="its owner's business",
        note="Put here by hand.",
    )


def _check_pair(source: str | None, target: str | None) -> None:
    for field, code in (("from", source), ("to", target)):
        check_language(field, code)
        if not code:
            raise InvalidRequest(
                f"The names of the files do not tell the languages. Add --{field} with a code like en.", field=field
            )
    if source == target:
        raise InvalidRequest(f"Both languages are {source!r}. Name two.", field="to")


def _bring(found: Found, draft: Path, stop: Stop, *, link: bool) -> Generator[Progress, None, tuple[ModelFile, ...]]:
    total, done, files = sum(path.stat().st_size for path in found.files), 0, []
    for path in found.files:
        target = draft / path.relative_to(found.root)
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix in PACKED:
            target = target.with_name(target.name.removesuffix(path.suffix))
        if found.engine in ("llama_cpp", "llama_embedding"):
            target = target.with_name(f"{target.name.removesuffix(target.suffix)}.gguf")
        if link and path.suffix not in PACKED:
            _link(path, target)
        digest, size = hashlib.sha256(), 0
        limit = min(MOST_BYTES, 50 * path.stat().st_size) if path.suffix in PACKED else 0
        linked = target.exists()
        with _opened(path) as source, contextlib.ExitStack() as stack:
            out = None if linked else stack.enter_context(target.open("wb"))
            try:
                while not stop.is_set() and (chunk := source.read(_CHUNK)):
                    size += len(chunk)
                    if limit and size > limit:
                        raise DownloadFailed(f"{path.name} was refused: it unpacks to more than a model's file has.")
                    digest.update(chunk)
                    if out is not None:
                        out.write(chunk)
                    yield Progress(min(total, done + size), total, path.name)
            except (EOFError, gzip.BadGzipFile, zlib.error, zstd.ZstdError) as exc:
                raise DownloadFailed(f"{path.name} was refused: it is not a whole packed file. Copy it again.") from exc
        if stop.is_set():
            return ()
        check_contents(target)
        done += path.stat().st_size
        name = target.relative_to(draft).as_posix()
        files.append(ModelFile(path=name, size_bytes=size, sha256=digest.hexdigest()))
    yield Progress(total, total)
    return tuple(files)


def _opened(path: Path) -> BinaryIO:
    if path.suffix == ".gz":
        return cast(BinaryIO, gzip.open(path))
    if path.suffix == ".zst":
        return cast(BinaryIO, zstd.open(path))
    return path.open("rb")


def _link(path: Path, target: Path) -> None:
    try:
        os.link(path, target)
    except OSError as exc:
        if exc.errno not in (errno.EXDEV, errno.EPERM, errno.ENOTSUP, errno.EMLINK):
            raise
        raise InvalidRequest(
            f"{path} lies on another disk than Hearth's models, or on one without links. Copy it instead.", field="link"
        ) from exc


def _try(spec: ModelSpec) -> None:
    engine = engines.ENGINES[spec.engine]
    engines.require(engine)
    made = engine(spec)
    try:
        made.load()
    finally:
        made.unload()
