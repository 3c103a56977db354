"""Puts a folder of translation model files into place by hand: where no network reaches the publisher.

A Firefox Translations model is its ``model*.bin``, its vocabulary or two, and a shortlist, packed with
gzip or Zstandard or not, as Mozilla publishes them; a MarianMT or NLLB model is a folder as transformers saves it.
The files are copied, known by their bytes, and loaded once before they count as a model.
"""

import argparse
import gzip
import hashlib
import re
import shutil
import sys
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, cast

from backports import zstd

import engines
from contract.errors import DownloadFailed, InvalidRequest, StorageFailed
from contract.ids import new_id
from contract.limits import check_language
from contract.models import ModelSpec
from studio import manifest
from studio.catalogue import Entry, ModelFile, Source
from studio.languages import language_name
from studio.settings import Settings
from studio.sources.choice import loaded_paths
from studio.sources.contents import check_contents

FIREFOX = re.compile(r"(model|vocab|srcvocab|trgvocab|lex)\..*?(bin|spm)(\.gz|\.zst)?")
PAIR = re.compile(r"model\.([a-z]{2})([a-z]{2})\.")
TRANSFORMERS = re.compile(r".*\.(json|safetensors|spm|model|txt)")
MOST_BYTES = 8 * 1024**3
_CHUNK = 1024 * 1024


def import_model(
    folder: Path, models_dir: Path, *, source: str | None = None, target: str | None = None, name: str | None = None
) -> ModelSpec:
    """Copy a folder's files into the models folder as one model, and return it.

    Args:
        source, target: Languages; None: as the name of a Firefox model's file has them.
        name: Its id; None: ``firefox-en-pl`` or the folder's name.

    Raises:
        InvalidRequest: There is no such model in the folder, or its languages can't be told.
        DownloadFailed: A file is not what it should be. ModelDamaged: The model can't be loaded.
        StorageFailed: It can't be written.
    """
    if not folder.is_dir():
        raise InvalidRequest(f"{folder} is no folder. Name the folder that holds the model's files.", field="folder")
    files = sorted(path for path in folder.iterdir() if path.is_file() and not path.is_symlink())
    names = [path.name for path in files]
    if "config.json" in names:
        engine, chosen = "transformers", [path for path in files if TRANSFORMERS.fullmatch(path.name)]
    else:
        engine, chosen = "firefox", [path for path in files if FIREFOX.fullmatch(path.name)]
        pair = next((found for each in names if (found := PAIR.match(each))), None)
        source, target = source or (pair and pair[1]), target or (pair and pair[2])
    _check(folder, engine, names, source, target)
    assert source is not None and target is not None
    own = "-".join(re.sub(r"[^a-z0-9.]+", "-", folder.resolve().name.lower()).strip("-.").split("-")) or "model"
    model_id = name or (f"firefox-{source}-{target}" if engine == "firefox" else own)
    entry = Entry(
        id=model_id,
        engine=engine,
        kind="translation",
        title=f"{language_name(source)} to {language_name(target)} (own)",
        source=Source(type="firefox", name="imported"),
        languages=(source, target),
        source_lang=source,
        target_lang=target,
        note="Put here by hand.",
    )
    return _install(entry, chosen, models_dir)


def _check(folder: Path, engine: str, names: list[str], source: str | None, target: str | None) -> None:
    parts = {each.split(".", 1)[0] for each in names if FIREFOX.fullmatch(each)}
    if engine == "firefox" and ("model" not in parts or not parts & {"vocab", "srcvocab"}):
        raise InvalidRequest(
            f"{folder} holds no translation model: there must be a model*.bin and a vocab*.spm, or a config.json "
            "beside safetensors.",
            field="folder",
        )
    for field, code in (("from", source), ("to", target)):
        check_language(field, code)
        if not code:
            raise InvalidRequest(
                f"The names of the files do not tell the languages. Add --{field} with a code like en.", field=field
            )
    if source == target:
        raise InvalidRequest(f"Both languages are {source!r}. Name two.", field="to")


def _install(entry: Entry, chosen: Sequence[Path], models_dir: Path) -> ModelSpec:
    final = manifest.folder_of(models_dir, entry.engine, entry.id)
    draft = models_dir / ".partial" / f"import-{new_id()}"
    try:
        draft.mkdir(parents=True)
        files = tuple(_copy(path, draft) for path in chosen)
        manifest.write(entry, files, loaded_paths(entry.engine, files), draft)
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


def _copy(path: Path, into: Path) -> ModelFile:
    """Copy a file, unpacked, up to a bound that no bomb gets past."""
    target = into / path.name.removesuffix(".gz").removesuffix(".zst")
    digest, size = hashlib.sha256(), 0
    with _opened(path) as source, target.open("wb") as out:
        try:
            while chunk := source.read(_CHUNK):
                size += len(chunk)
                if size > min(MOST_BYTES, 50 * path.stat().st_size):
                    raise DownloadFailed(f"{path.name} was refused: it unpacks to more than a model's file has.")
                digest.update(chunk)
                out.write(chunk)
        except (EOFError, gzip.BadGzipFile, zlib.error, zstd.ZstdError) as exc:
            raise DownloadFailed(f"{path.name} was refused: it is not a whole packed file. Copy it again.") from exc
    check_contents(target)
    return ModelFile(path=target.name, size_bytes=size, sha256=digest.hexdigest())


def _opened(path: Path) -> BinaryIO:
    if path.suffix == ".gz":
        return cast("BinaryIO", gzip.open(path))
    return cast("BinaryIO", zstd.open(path)) if path.suffix == ".zst" else path.open("rb")


def _try(spec: ModelSpec) -> None:
    engine = engines.ENGINES[spec.engine]
    engines.require(engine)
    made = engine(spec)
    try:
        made.load()
    finally:
        made.unload()


def run(argv: Sequence[str]) -> None:
    """Do what the arguments after ``models`` say.

    Raises:
        StudioError: See ``import_model``.
    """
    parser = argparse.ArgumentParser(prog="app.py models", description="Models of this Hearth.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    adding = commands.add_parser("import", help="put a folder of translation model files into place")
    adding.add_argument("folder", type=Path, help="holds model*.bin and vocab*.spm, or what transformers saved")
    adding.add_argument("--from", dest="source", help="the language of the source, like en")
    adding.add_argument("--to", dest="target", help="the language of the translation, like pl")
    adding.add_argument("--name", help="its id (default: firefox-en-pl, or the folder's name)")
    adding.add_argument("--data-dir", help="Hearth's data folder (default: as app.py)")
    asked = parser.parse_args(argv)
    settings = Settings.load(["--data-dir", asked.data_dir] if asked.data_dir else [])
    spec = import_model(asked.folder, settings.models_dir, source=asked.source, target=asked.target, name=asked.name)
    print(f"{spec.id}: {spec.title}, {spec.size_bytes / 1e6:,.0f} MB", file=sys.stdout)
