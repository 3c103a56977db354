"""Puts an exported pipeline among the models that come along with Hearth, and its checksums into their list."""

import hashlib
import json
import shutil
from pathlib import Path

MODEL = "hearth-icons"
DATA = Path(__file__).parent.parent.parent / "studio" / "data"
FOLDER = DATA / MODEL
# Beside the pipeline's own files: what its pictures' and names' licences want to be told.
LICENCES = "licences.txt"


def include(pipeline: Path, data: Path = DATA) -> int:
    """Copy the pipeline in place of the one before and write its files down; returns its size in bytes.

    Args:
        pipeline: What ``export`` wrote.
        data: The folder of ``starters.json`` and of the model, which keeps its ``licences.txt``.
    """
    folder = data / MODEL
    for old in (each for each in folder.iterdir() if each.name != LICENCES):
        shutil.rmtree(old) if old.is_dir() else old.unlink()
    shutil.copytree(pipeline, folder, dirs_exist_ok=True)
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    files = [_line(path, folder) for path in paths]
    size = sum(path.stat().st_size for path in paths)
    listed = data / "starters.json"
    lines = listed.read_text(encoding="utf-8").splitlines()
    (place,) = (number for number, line in enumerate(lines) if f'"id": "{MODEL}"' in line)
    entry = json.loads(lines[place].removesuffix(","))
    entry["files"], entry["size_bytes"] = files, size
    comma = "," if lines[place].endswith(",") else ""
    lines[place] = json.dumps(entry, ensure_ascii=False) + comma
    listed.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return size


def _line(path: Path, folder: Path) -> dict[str, str | int]:
    path.chmod(0o644)  # safetensors writes them for the owner alone
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"path": path.relative_to(folder).as_posix(), "size_bytes": path.stat().st_size, "sha256": digest}
