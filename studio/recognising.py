"""What a file or folder on this machine is, told by its bytes: the engine that runs it, and the files it needs.

Names only say where to look: a pickle is refused whatever it is called, a GGUF file is one by its
first bytes, CTranslate2 names its own kind of model, and a transformers folder its architecture.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from contract.errors import InvalidRequest
from contract.models import Kind
from engines import gguf
from studio.sources.contents import ctranslate2_spec, is_pickle

FIREFOX = re.compile(r"(model|vocab|srcvocab|trgvocab|lex)\..*?(bin|spm)(\.gz|\.zst)?")
PAIR = re.compile(r"model\.([a-z]{2})([a-z]{2})\.")
_TRANSFORMERS = re.compile(r".*\.(json|safetensors|spm|model|txt|jinja)")
_DIFFUSERS = (".json", ".txt", ".model", ".safetensors", ".jinja")
_WHISPER = ("model.bin", "config.json", "preprocessor_config.json", "tokenizer.json", "vocabulary.txt")
_SHARD = re.compile(r"-\d{5}-of-\d{5}\.gguf$")
_HEAD = 4096
_FOLDERS_MOST = 2_000  # files of a folder that are looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A model on this machine.

    Attributes:
        files: What it needs, and ``root`` the folder that their names in the model start from.
        source_lang, target_lang: Of a translation model whose files tell.
    """

    engine: str
    kind: Kind
    root: Path
    files: tuple[Path, ...]
    source_lang: str | None = None
    target_lang: str | None = None


def recognise(path: Path) -> Found:
    """Tell what a file or folder is.

    Raises:
        InvalidRequest: Nothing that an engine here loads, or a pickle.
    """
    if path.is_file():
        return _file(path)
    if not path.is_dir():
        raise InvalidRequest(f"{path} is no folder. Name the file or folder that holds the model.", field="path")
    files = [each for each in sorted(path.iterdir()) if each.is_file() and not each.is_symlink()]
    names = {each.name for each in files}
    if "model_index.json" in names:
        return Found(engine="diffusers", kind="image", root=path, files=_pipeline(path))
    spec = ctranslate2_spec(_head(path / "model.bin")) if "model.bin" in names else ""
    if spec == "WhisperSpec":
        kept = tuple(each for each in files if each.name in {*_WHISPER, "vocabulary.json"})
        return Found(engine="whisper", kind="transcription", root=path, files=kept)
    if spec:
        raise _nothing(path, f"its model.bin is a {spec} of CTranslate2, and of those only Whisper is run")
    ggufs = [each for each in files if _head(each).startswith(gguf.MAGIC) and "mmproj" not in each.name.lower()]
    if ggufs:
        return _gguf(path, ggufs)
    voices = [each for each in files if each.suffix == ".onnx" and f"{each.name}.json" in names]
    if len(voices) == 1:
        return _voice(voices[0])
    if voices:
        raise _nothing(path, f"it holds {len(voices)} voices; name the .onnx file of one")
    if "config.json" in names:
        return _transformers(path, files)
    return _firefox(path, files)


def _file(path: Path) -> Found:
    head = _head(path)
    if is_pickle(head):
        raise _pickle(path)
    if head.startswith(gguf.MAGIC):
        shards = [each for each in sorted(path.parent.iterdir()) if _of_one(each, path)]
        return _gguf(path.parent, shards or [path])
    if path.suffix == ".onnx" and path.with_name(f"{path.name}.json").is_file():
        return _voice(path)
    if path.name in ("model_index.json", "config.json", "model.bin") or FIREFOX.fullmatch(path.name):
        return recognise(path.parent)
    raise _nothing(path, "it is no GGUF file and no voice with its .onnx.json beside it; of others name the folder")


def _of_one(each: Path, path: Path) -> bool:
    return bool(_SHARD.search(path.name)) and _SHARD.sub("", each.name) == _SHARD.sub("", path.name)


def _gguf(root: Path, files: Sequence[Path]) -> Found:
    models = {_SHARD.sub("", each.name) for each in files}
    if len(models) > 1:
        raise _nothing(root, f"it holds {len(models)} models; name the file of one: {', '.join(sorted(models))[:300]}")
    try:
        embeds = gguf.embeds(gguf.metadata(files[0]))
    except ValueError as exc:
        raise _nothing(files[0], str(exc)) from exc
    engine = "llama_embedding" if embeds else "llama_cpp"
    return Found(engine=engine, kind="embedding" if embeds else "chat", root=root, files=tuple(files))


def _voice(path: Path) -> Found:
    return Found(engine="piper", kind="speech", root=path.parent, files=(path, path.with_name(f"{path.name}.json")))


def _pipeline(path: Path) -> tuple[Path, ...]:
    inner = [each for each in sorted(path.glob("*/*"))[:_FOLDERS_MOST] if each.is_file() and not each.is_symlink()]
    kept = [path / "model_index.json", *(each for each in inner if each.suffix in _DIFFUSERS)]
    if not any(each.suffix == ".safetensors" for each in kept):
        if any(is_pickle(_head(each)) for each in inner):
            raise _pickle(path)
        raise _nothing(path, "its model_index.json has no safetensors beside it")
    # A part in two precisions is wanted once.
    plain = {each for each in kept if ".fp16." not in each.name}
    return tuple(each for each in kept if each in plain or each.with_name(each.name.replace(".fp16", "")) not in plain)


def _transformers(path: Path, files: Sequence[Path]) -> Found:
    if not any(each.suffix == ".safetensors" for each in files):
        if any(is_pickle(_head(each)) for each in files):
            raise _pickle(path)
        raise _nothing(path, "there must be a model*.bin and a vocab*.spm, or a config.json beside safetensors")
    try:
        named = json.loads((path / "config.json").read_text(encoding="utf-8")).get("architectures") or [""]
    except (OSError, ValueError, AttributeError) as exc:
        raise _nothing(path, f"its config.json can't be read ({exc})") from exc
    kept = tuple(each for each in files if _TRANSFORMERS.fullmatch(each.name))
    if str(named[0]).endswith("ForCausalLM"):
        return Found(engine="transformers_chat", kind="chat", root=path, files=kept)
    return Found(engine="transformers", kind="translation", root=path, files=kept)


def _firefox(path: Path, files: Sequence[Path]) -> Found:
    kept = tuple(each for each in files if FIREFOX.fullmatch(each.name))
    parts = {each.name.split(".", 1)[0] for each in kept}
    if "model" not in parts or not parts & {"vocab", "srcvocab"}:
        if any(is_pickle(_head(each)) for each in files):
            raise _pickle(path)
        raise InvalidRequest(
            f"{path} holds no translation model: there must be a model*.bin and a vocab*.spm, or a config.json beside "
            "safetensors. Nor does it hold a GGUF, diffusers or Whisper (CTranslate2) model, or a voice (.onnx with "
            ".onnx.json).",
            field="path",
        )
    pair = next((found for each in kept if (found := PAIR.match(each.name))), None)
    source, target = (pair[1], pair[2]) if pair else (None, None)
    return Found(engine="firefox", kind="translation", root=path, files=kept, source_lang=source, target_lang=target)


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEAD)


def _pickle(path: Path) -> InvalidRequest:
    return InvalidRequest(
        f"{path} was refused: it holds its weights as a Python pickle, which can run code of its own when it is "
        "loaded. Look for its safetensors or GGUF version.",
        field="path",
    )


def _nothing(path: Path, why: str) -> InvalidRequest:
    return InvalidRequest(f"{path} can't be imported: {why}.", field="path")
