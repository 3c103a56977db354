"""What a repository's files make it: the engine that runs it, and the few files that engine needs.

Told from names and sizes before anything is fetched, and only among formats that hold no code;
``studio.sources.contents`` looks at the bytes afterwards.
"""

import re
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from contract.errors import DownloadFailed
from contract.models import Kind
from engines import gguf
from studio.catalogue import Entry, ModelFile

# What of a GGUF repository is taken when none is named: good for its size first.
_QUANTISATIONS = ("Q4_K_M", "Q4_K_S", "Q4_0", "Q4_1", "Q5_K_M", "Q8_0", "Q6_K", "F16", "BF16")
_SHARD = re.compile(r"-(\d{5})-of-(\d{5})\.gguf$")
_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".msgpack", ".h5")
_DIFFUSERS_SUFFIXES = (".json", ".txt", ".model", ".safetensors")
_TRANSLATORS = frozenset(
    ("MarianMTModel", "M2M100ForConditionalGeneration", "MBartForConditionalGeneration")
)  # what engines/transformers.py runs; NLLB is an M2M100
_PAIR = re.compile(r"-([a-z]{2})-([a-z]{2})$")
_WHISPER = ("model.bin", "config.json", "preprocessor_config.json", "tokenizer.json", "vocabulary.txt")


@dataclass(frozen=True, slots=True)
class Choice:
    """The engine, its job and the files to fetch."""

    engine: str
    kind: Kind
    files: tuple[ModelFile, ...]


def choose(repo: str, files: tuple[ModelFile, ...], tag: str = "", architectures: tuple[str, ...] = ()) -> Choice:
    """Decide what a repository is.

    Args:
        repo: Its name, for messages.
        files: All it holds, ``path`` as it is there.
        tag: The quantisation wanted of a GGUF repository; "": the usual one.
        architectures: What its config.json and its GGUF files say of the weights, as far as the Hub tells;
            ``as_it_is`` looks again once they are here.

    Raises:
        DownloadFailed: It holds nothing that an engine here loads, or only pickles.
    """
    names = {file.path for file in files}
    ggufs = [file for file in files if file.path.endswith(".gguf") and "mmproj" not in file.path.lower()]
    voices = [file for file in files if file.path.endswith(".onnx") and f"{file.path}.json" in names]
    if "model_index.json" in names:
        return Choice("diffusers", "image", _diffusers(repo, files))
    if ggufs:
        quantised = _quantisation(repo, ggufs, tag)
        if gguf.ENCODERS.intersection(architectures):
            return Choice("llama_embedding", "embedding", quantised)
        return Choice("llama_cpp", "chat", quantised)
    if {"model.bin", "config.json"} <= names and names & {"vocabulary.txt", "vocabulary.json"}:
        kept = {*_WHISPER, "vocabulary.json"}
        return Choice("whisper", "transcription", tuple(file for file in files if file.path in kept))
    if len(voices) == 1:
        voice = voices[0].path
        pair = tuple(
            replace(file, path=PurePosixPath(file.path).name, origin=file.path)
            for name in (voice, f"{voice}.json")
            for file in files
            if file.path == name
        )
        return Choice("piper", "speech", pair)
    if voices:
        raise _nothing(repo, f"it holds {len(voices)} voices; choose one of them in the list of models")
    if any(name.endswith(".safetensors") for name in names) and _TRANSLATORS.intersection(architectures):
        return Choice("transformers", "translation", _translator(repo, files, architectures))
    if any(name.endswith(".safetensors") for name in names):
        return Choice("transformers_chat", "chat", _language_model(repo, files, architectures))
    if any(name.endswith(_PICKLES) for name in names):
        raise _nothing(repo, "it holds its weights as Python pickles only, which can run code when they are loaded")
    raise _nothing(repo, "it holds no GGUF, transformers, diffusers, Whisper (CTranslate2) or Piper model")


def as_it_is(entry: Entry, folder: Path) -> Entry:
    """Return a chat model's entry, as one for embeddings where its GGUF file says that it is made for those."""
    if entry.engine != "llama_cpp":
        return entry
    try:
        made_for_embeddings = any(gguf.embeds(gguf.metadata(path)) for path in sorted(folder.rglob("*.gguf"))[:1])
    except ValueError:  # damaged: loading it tells
        return entry
    return replace(entry, engine="llama_embedding", kind="embedding") if made_for_embeddings else entry


def loaded_paths(engine: str, files: tuple[ModelFile, ...]) -> tuple[str, ...]:
    """The files that an engine is given of a model, in its order; ".": the whole folder."""
    names = sorted(file.path for file in files)
    if engine in ("llama_cpp", "llama_embedding"):
        return tuple(name for name in names if name.endswith(".gguf"))[:1]  # the first shard leads to the others
    if engine == "piper":
        return (*(name for name in names if name.endswith(".onnx")), *(n for n in names if n.endswith(".onnx.json")))
    return (".",)


def _diffusers(repo: str, files: tuple[ModelFile, ...]) -> tuple[ModelFile, ...]:
    """The pipeline's parts: no single-file checkpoints, no other formats, half precision where there is one."""
    parts: dict[str, list[ModelFile]] = defaultdict(list)
    for file in files:
        path = PurePosixPath(file.path)
        if len(path.parts) == 2:
            parts[path.parts[0]].append(file)
    kept = [file for file in files if file.path == "model_index.json"]
    for part in parts.values():
        texts = [file for file in part if file.path.endswith(_DIFFUSERS_SUFFIXES[:-1])]
        weights = [file for file in part if file.path.endswith(".safetensors")]
        half = [file for file in weights if file.path.endswith(".fp16.safetensors")]
        full = [file for file in weights if ".fp16" not in file.path and ".non_ema" not in file.path]
        if not weights and any(file.path.endswith(_PICKLES) for file in part):
            raise _nothing(repo, f"it holds the weights of {part[0].path} as a Python pickle only")
        if len(half) == 1 and len(full) <= 1:
            # Under its plain name, so that loading it needs no variant; a sharded one has an index of names.
            weights = [
                replace(half[0], path=half[0].path.replace(".fp16.safetensors", ".safetensors"), origin=half[0].path)
            ]
        else:
            weights = full
        if weights or any(file.path.endswith("config.json") or "tokenizer" in file.path for file in texts):
            kept += [file for file in texts if ".fp16." not in file.path and "openvino" not in file.path] + weights
    return tuple(kept)


def _language_model(repo: str, files: tuple[ModelFile, ...], architectures: tuple[str, ...]) -> tuple[ModelFile, ...]:
    """The weights, the tokenizer and the chat template of a transformers model that writes text; no code."""
    top = [file for file in files if "/" not in file.path]
    names = {file.path for file in top}
    weights = [file for file in top if file.path.startswith("model") and file.path.endswith(".safetensors")]
    if architectures and not any(name.endswith("ForCausalLM") for name in architectures):
        raise _nothing(repo, f"its weights are a {architectures[0][:60]}, and of transformers only chat models are run")
    if not weights or "config.json" not in names or not names & {"tokenizer.json", "tokenizer.model"}:
        raise _nothing(repo, "it holds weights without what a chat model needs; look for its GGUF version")
    return (*weights, *(file for file in top if file.path.endswith((".json", ".txt", ".jinja", "tokenizer.model"))))


def pair_of(repo: str) -> tuple[str, str] | None:
    """Return the languages that a Marian model's name ends in: ``opus-mt-en-pl``; None: it tells no single pair."""
    found = _PAIR.search(repo.lower())
    return (found[1], found[2]) if found and found[1] != found[2] else None


def _translator(repo: str, files: tuple[ModelFile, ...], architectures: tuple[str, ...]) -> tuple[ModelFile, ...]:
    """The weights and the tokenizer of a transformers model that translates; no code."""
    top = [file for file in files if "/" not in file.path]
    names = {file.path for file in top}
    weights = [file for file in top if file.path.startswith("model") and file.path.endswith(".safetensors")]
    if "MarianMTModel" in architectures and pair_of(repo) is None:
        raise _nothing(
            repo,
            "its name does not end in one pair of languages, like opus-mt-en-pl, so it can't be told what it "
            "translates; fetch its files yourself, and use `app.py models import FOLDER --from en --to pl`",
        )
    cut = names & {"source.spm", "tokenizer.json", "sentencepiece.bpe.model", "spm.model"}
    if not weights or "config.json" not in names or not cut:
        raise _nothing(repo, "it holds weights without the config.json and the tokenizer of a translation model")
    return (*weights, *(file for file in top if file.path.endswith((".json", ".txt", ".spm", ".model"))))


def _quantisation(repo: str, ggufs: list[ModelFile], tag: str) -> tuple[ModelFile, ...]:
    by_first = defaultdict(list)
    for file in sorted(ggufs, key=lambda file: file.path):
        by_first[_SHARD.sub("", file.path)].append(file)
    for wanted in (tag,) if tag else _QUANTISATIONS:
        pattern = re.compile(rf"(?<![A-Za-z0-9]){re.escape(wanted)}(?![A-Za-z0-9_])", re.IGNORECASE)
        for name, shards in by_first.items():
            if pattern.search(name.removesuffix(".gguf")):
                return tuple(shards)
    if not tag and len(by_first) == 1:
        return tuple(next(iter(by_first.values())))
    there = ", ".join(sorted(PurePosixPath(name).name for name in by_first))[:300]
    raise _nothing(repo, f"it has no file for {tag or 'a usual quantisation'}; there are: {there}. Write hf:{repo}:TAG")


def _nothing(repo: str, why: str) -> DownloadFailed:
    return DownloadFailed(f"{repo} can't be used: {why}.", model=repo, reason="unsuitable")
