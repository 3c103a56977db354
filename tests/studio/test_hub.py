"""The Hub's models from a local server that speaks as much of its protocol as is used."""

import json
from pathlib import Path

import pytest

from contract.engine import Stop
from contract.errors import DownloadFailed, InvalidRequest, StudioError
from studio import ChatRequest, Done, Message, Settings, Studio, library, sources
from studio.catalogue import Entry, load_catalogue
from tests.engines.test_gguf import written
from tests.engines.tiny_language_model import make_tiny_language_model
from tests.engines.tiny_translators import make_tiny_marian, make_tiny_nllb
from tests.serving import NOBODY
from tests.studio.conftest import FileServer, left_in, sha256
from tests.studio.test_contents import PICKLES


def publish(server: FileServer, repo: str, files: dict[str, bytes], **info: object) -> None:
    """Put a repository on the local Hub; large files get the checksum that LFS files have."""
    siblings = []
    for path, content in files.items():
        item: dict[str, object] = {"rfilename": path, "size": len(content), "blobId": "0" * 40}
        if not path.endswith((".json", ".txt")):
            item["lfs"] = {"sha256": sha256(content), "size": len(content), "pointerSize": 130}
        siblings.append(item)
        for revision in ("c0ffee", "main"):
            server.files[f"/{repo}/resolve/{revision}/{path}"] = content
    about = {"id": repo, "sha": "c0ffee", "siblings": siblings, "tags": [], "downloads": 0, "private": False, **info}
    for path in (f"/api/models/{repo}", f"/api/models/{repo}/revision/main", f"/api/models/{repo}/revision/c0ffee"):
        server.put_json(path, about)


def install_from(server: FileServer, model_id: str, models: Path) -> Entry:
    entry = sources.describe(model_id, hub_endpoint=server.url)
    assert entry is not None
    list(library.install(entry, models, Stop(), sources.table(hub_endpoint=server.url)))
    return entry


def here(data_dir: Path) -> Settings:
    """Settings with every engine in this process: what it imported is there already, for each worker it is not."""
    return Settings(data_dir=data_dir, ollama_host=NOBODY, workers="off")


def safetensors(seed: int = 0) -> bytes:
    header = json.dumps({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    return len(header).to_bytes(8, "little") + header + seed.to_bytes(4, "little")


def test_a_gguf_repository_is_a_chat_model_in_its_usual_quantisation(
    file_server: FileServer, starters: Path, tmp_path: Path
) -> None:
    gguf = b"GGUF" + bytes(1000)
    files = {"m-Q8_0.gguf": b"GGUF8", "m-Q4_K_M.gguf": gguf, "mmproj-f16.gguf": b"GGUFm", "README.md": b"#"}
    publish(file_server, "Owner/M-GGUF", files, cardData={"license": "apache-2.0", "language": ["pl", "en"]})
    entry = install_from(file_server, "hf:Owner/M-GGUF", tmp_path)
    (spec,) = library.scan(tmp_path).models
    assert (spec.id, spec.engine, spec.kind, spec.licence) == ("hf:owner/m-gguf", "llama_cpp", "chat", "apache-2.0")
    assert spec.languages == ("pl", "en")
    assert [path.name for path in spec.paths] == ["m-Q4_K_M.gguf"]
    assert spec.size_bytes == len(gguf)
    assert entry.source.revision == "c0ffee"


def test_a_quantisation_can_be_named_and_a_wrong_one_is_told(file_server: FileServer, tmp_path: Path) -> None:
    publish(file_server, "o/m", {"m-Q8_0.gguf": b"GGUF8", "m-Q4_K_M.gguf": b"GGUF4"})
    install_from(file_server, "hf:o/m:Q8_0", tmp_path)
    assert library.scan(tmp_path).models[0].paths[0].name == "m-Q8_0.gguf"
    with pytest.raises(DownloadFailed, match=r"m-Q4_K_M\.gguf, m-Q8_0\.gguf"):
        sources.describe("hf:o/m:Q3_K_S", hub_endpoint=file_server.url)


def test_a_diffusers_repository_comes_in_half_precision_without_the_single_file(
    file_server: FileServer, tmp_path: Path
) -> None:
    half, full = safetensors(1), safetensors(2)
    files = {
        "model_index.json": b'{"_class_name": "StableDiffusionPipeline"}',
        "unet/config.json": b"{}",
        "unet/diffusion_pytorch_model.safetensors": full,
        "unet/diffusion_pytorch_model.fp16.safetensors": half,
        "unet/diffusion_pytorch_model.bin": b"pickle",
        "vae/config.json": b"{}",
        "vae/diffusion_pytorch_model.safetensors": full,
        "tokenizer/merges.txt": b"a b",
        "tokenizer/tokenizer_config.json": b"{}",
        "scheduler/scheduler_config.json": b"{}",
        "sd_turbo.safetensors": full,
        "code.py": b"import os",
    }
    publish(file_server, "o/sd", files)
    install_from(file_server, "hf:o/sd", tmp_path)
    (spec,) = library.scan(tmp_path).models
    (folder,) = spec.paths
    assert (spec.engine, spec.kind) == ("diffusers", "image")
    assert (folder / "unet" / "diffusion_pytorch_model.safetensors").read_bytes() == half
    assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()) == [
        "hearth.json",
        "model_index.json",
        "scheduler/scheduler_config.json",
        "tokenizer/merges.txt",
        "tokenizer/tokenizer_config.json",
        "unet/config.json",
        "unet/diffusion_pytorch_model.safetensors",
        "vae/config.json",
        "vae/diffusion_pytorch_model.safetensors",
    ]


def test_a_whisper_and_a_voice_are_known_by_their_files(
    file_server: FileServer, starters: Path, tmp_path: Path
) -> None:
    for engine, repo, name in (("whisper", "o/w", "whisper-tiny.en"), ("piper", "o/v", "en_us-joe-medium")):
        folder = starters / engine / name
        publish(
            file_server, repo, {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "hearth.json"}
        )
        entry = install_from(file_server, f"hf:{repo}", tmp_path)
        assert entry.engine == engine
    speech, transcription = sorted(library.scan(tmp_path).models, key=lambda spec: spec.kind)
    assert [path.suffix for path in speech.paths] == [".onnx", ".json"]
    assert transcription.paths[0].joinpath("model.bin").stat().st_size == 75_537_502


def test_a_transformers_model_comes_without_code_and_pickles_and_answers(
    file_server: FileServer, tmp_path: Path
) -> None:
    made = make_tiny_language_model(tmp_path / "made")
    files = {path.name: path.read_bytes() for path in made.iterdir()}
    more = {
        "modeling_odd.py": b"import os",
        "pytorch_model.bin": b"pickle",
        "original/model.safetensors": safetensors(),
    }
    config = {"architectures": ["LlamaForCausalLM"], "model_type": "llama"}
    publish(file_server, "o/lm", {**files, **more, "README.md": b"#"}, config=config)
    with Studio.open(here(tmp_path / "data")) as studio:
        install_from(file_server, "hf:o/lm", studio.settings.models_dir)
        studio.registry.refresh()
        spec = studio.spec("hf:o/lm", "chat")
        assert spec.engine == "transformers_chat"
        assert {path.name for path in spec.paths[0].iterdir()} == {*files, "hearth.json"}
        job = studio.submit(ChatRequest(messages=(Message("user", "the red apple"),), model="hf:o/lm", max_tokens=8))
        assert isinstance(job.wait(), Done) and job.text()


def test_a_marian_model_is_a_pair_of_languages_and_translates(
    file_server: FileServer, starters: Path, tmp_path: Path
) -> None:
    vocabulary = next((starters / "firefox" / "firefox-en-pt").glob("vocab*.spm"))
    made = make_tiny_marian(tmp_path / "made", vocabulary)
    files = {path.name: path.read_bytes() for path in made.iterdir()}
    more = {"pytorch_model.bin": b"pickle", "rust_model.ot": b"x", "README.md": b"#"}
    config = {"architectures": ["MarianMTModel"], "model_type": "marian"}
    publish(file_server, "Helsinki-NLP/opus-mt-en-pt", {**files, **more}, config=config, cardData={"language": ["pt"]})
    with Studio.open(here(tmp_path / "data")) as studio:
        install_from(file_server, "hf:Helsinki-NLP/opus-mt-en-pt", studio.settings.models_dir)
        studio.registry.refresh()
        spec = studio.spec("hf:helsinki-nlp/opus-mt-en-pt", "translation")
        assert (spec.engine, spec.source_lang, spec.target_lang) == ("transformers", "en", "pt")
        assert {path.name for path in spec.paths[0].iterdir()} == {*files, "hearth.json"}
        assert studio.translate("The house is small.", "pt", "en").model == spec.id


def test_a_model_of_many_languages_has_those_of_its_card(file_server: FileServer, tmp_path: Path) -> None:
    made = make_tiny_nllb(tmp_path / "made")
    files = {path.name: path.read_bytes() for path in made.iterdir()}
    config = {"architectures": ["M2M100ForConditionalGeneration"]}
    card = {"language": ["en", "pl", "ace", "pt"], "license": "cc-by-nc-4.0"}
    publish(file_server, "o/nllb-tiny", files, config=config, cardData=card)
    with Studio.open(here(tmp_path / "data")) as studio:
        install_from(file_server, "hf:o/nllb-tiny", studio.settings.models_dir)
        studio.registry.refresh()
        spec = studio.spec("hf:o/nllb-tiny", "translation")
        assert (spec.source_lang, spec.languages) == (None, ("en", "pl", "pt"))
        assert studio.translate("The weather is good.", "pl", "en", engine="transformers").model == spec.id


@pytest.mark.parametrize(
    ("files", "config", "words"),
    [
        ({"model.safetensors": b""}, {}, "GGUF version"),
        (
            {"model.safetensors": b"", "config.json": b"{}", "tokenizer.json": b"{}"},
            {"architectures": ["BertModel"]},
            "BertModel",
        ),
        (
            {"model.safetensors": b"", "config.json": b"{}", "source.spm": b""},
            {"architectures": ["MarianMTModel"]},
            "one pair of languages",
        ),
        ({"model.safetensors": b""}, {"architectures": ["MBartForConditionalGeneration"]}, "translation model"),
    ],
    ids=["weights alone", "no chat model", "no pair", "no tokenizer"],
)
def test_weights_that_are_no_chat_model_are_refused_before_the_download(
    file_server: FileServer, files: dict[str, bytes], config: dict[str, object], words: str
) -> None:
    publish(file_server, "o/x", files, config=config)
    with pytest.raises(DownloadFailed, match=words):
        sources.describe("hf:o/x", hub_endpoint=file_server.url)
    assert all("resolve" not in path for path, _ in file_server.asked)


def test_a_catalogue_voice_comes_with_its_published_md5(file_server: FileServer, tmp_path: Path) -> None:
    voice = load_catalogue()["pl_pl-gosia-medium"]
    for file in voice.files:
        file_server.files[f"/rhasspy/piper-voices/resolve/v1.0.0/{file.origin}"] = bytes(file.size_bytes)
    with pytest.raises(DownloadFailed, match="checksum"):
        list(library.install(voice, tmp_path, Stop(), sources.table(hub_endpoint=file_server.url)))
    assert left_in(tmp_path) == []


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.ckpt", "weights.pt"])
def test_a_repository_of_pickles_alone_is_refused_before_the_download(file_server: FileServer, name: str) -> None:
    publish(file_server, "o/p", {"config.json": b"{}", name: PICKLES["protocol 2"]})
    with pytest.raises(DownloadFailed, match="Python pickles only"):
        sources.describe("hf:o/p", hub_endpoint=file_server.url)
    assert all("resolve" not in path for path, _ in file_server.asked)


@pytest.mark.parametrize(
    "files",
    [
        {"m-Q4_K_M.gguf": PICKLES["protocol 2"]},
        {"model_index.json": b"{}", "unet/config.json": b"{}", "unet/model.safetensors": PICKLES["torch zip"]},
        {"model.bin": PICKLES["protocol 5"], "config.json": b"{}", "vocabulary.txt": b"a"},
        {"v.onnx": PICKLES["protocol 0"], "v.onnx.json": b"{}"},
    ],
    ids=["gguf", "safetensors", "whisper", "onnx"],
)
def test_a_pickle_under_another_name_is_refused_after_the_download(
    file_server: FileServer, tmp_path: Path, files: dict[str, bytes]
) -> None:
    publish(file_server, "o/p", files)
    with pytest.raises(DownloadFailed, match="was refused"):
        install_from(file_server, "hf:o/p", tmp_path)
    assert left_in(tmp_path) == []


def test_a_ctranslate2_model_that_is_no_whisper_is_refused(file_server: FileServer, tmp_path: Path) -> None:
    model = (6).to_bytes(4, "little") + (16).to_bytes(2, "little") + b"TransformerSpec\x00" + bytes(100)
    publish(file_server, "o/t", {"model.bin": model, "config.json": b"{}", "vocabulary.txt": b"a"})
    with pytest.raises(DownloadFailed, match="no Whisper model"):
        install_from(file_server, "hf:o/t", tmp_path)
    assert left_in(tmp_path) == []


@pytest.mark.parametrize("path", ["../../evil-Q4_K_M.gguf", "/tmp/evil-Q4_K_M.gguf", "a/../../evil-Q4_K_M.gguf"])
def test_a_repository_whose_file_names_lead_out_writes_nothing(
    file_server: FileServer, tmp_path: Path, path: str
) -> None:
    publish(file_server, "o/e", {path: b"GGUF" + bytes(10)})
    models = tmp_path / "a" / "b" / "models"
    with pytest.raises(StudioError, match="leads out"):
        install_from(file_server, "hf:o/e", models)
    assert [found for found in tmp_path.rglob("*") if "evil" in found.name] == []


def test_the_commit_that_was_described_is_the_one_that_is_fetched(file_server: FileServer, tmp_path: Path) -> None:
    publish(file_server, "o/m", {"m-Q4_0.gguf": b"GGUF" + bytes(10)})
    install_from(file_server, "hf:o/m", tmp_path)
    assert [path for path, _ in file_server.asked if "resolve" in path] == ["/o/m/resolve/c0ffee/m-Q4_0.gguf"]


@pytest.mark.parametrize(
    ("status", "code", "sentence"),
    [
        (401, "RepoNotFound", "no such model, or not for you"),
        (404, "RepoNotFound", "no such model, or not for you"),
        (403, "GatedRepo", "ask for consent"),
        (500, "", "the Hub answered 500"),
    ],
)
def test_what_the_hub_refuses_is_told_with_what_to_do(
    file_server: FileServer, status: int, code: str, sentence: str
) -> None:
    file_server.statuses["/api/models/o/m"] = (status, {"X-Error-Code": code})
    with pytest.raises(DownloadFailed, match=sentence):
        sources.describe("hf:o/m", hub_endpoint=file_server.url)


def test_a_hub_that_does_not_answer_is_told_with_what_to_do(nobody: str) -> None:
    with pytest.raises(DownloadFailed, match=r"does not answer\. Connect to the network .* HF_ENDPOINT"):
        sources.describe("hf:o/m", hub_endpoint=nobody)


def test_offline_mode_asks_no_hub(file_server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(DownloadFailed, match="HF_HUB_OFFLINE is set"):
        sources.describe("hf:o/m", hub_endpoint=file_server.url)
    voice = load_catalogue()["pl_pl-gosia-medium"]
    with pytest.raises(DownloadFailed, match="HF_HUB_OFFLINE is set"):
        list(library.install(voice, tmp_path, Stop(), sources.table(hub_endpoint=file_server.url)))
    assert file_server.asked == []


def test_the_token_goes_to_the_hub(file_server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    publish(file_server, "o/m", {"m-Q4_0.gguf": b"GGUF" + bytes(10)})
    install_from(file_server, "hf:o/m", tmp_path)
    assert {headers.get("authorization") for _, headers in file_server.asked} == {"Bearer hf_secret"}
    assert all("hf_secret" not in path.read_text("latin-1") for path in left_in(tmp_path))


@pytest.mark.parametrize(
    "name", ["hf:", "hf:name", "hf:a/b/c", "hf:../b", "hf:a/..", "hf:a/b:", "hf:a b/c", "hf:a/%2e"]
)
def test_a_hub_name_that_is_none_is_refused(name: str, nobody: str) -> None:
    with pytest.raises(InvalidRequest):
        sources.describe(name, hub_endpoint=nobody)


def test_a_gguf_repository_for_embeddings_is_no_chat_model(file_server: FileServer, tmp_path: Path) -> None:
    made = written(tmp_path / "made.gguf", general__architecture="qwen3", qwen3__pooling_type=3).read_bytes()
    encoder = written(tmp_path / "made.gguf", general__architecture="bert").read_bytes()
    publish(file_server, "o/pooled", {"m-Q8_0.gguf": made})
    publish(file_server, "o/encoder", {"m-Q8_0.gguf": encoder}, gguf={"architecture": "bert", "total": 1})

    told = install_from(file_server, "hf:o/encoder", tmp_path / "models")
    install_from(file_server, "hf:o/pooled", tmp_path / "models")

    assert (told.engine, told.kind) == ("llama_embedding", "embedding"), "the Hub tells it before anything is fetched"
    found = {spec.id: (spec.engine, spec.kind) for spec in library.scan(tmp_path / "models").models}
    assert found == dict.fromkeys(("hf:o/encoder", "hf:o/pooled"), ("llama_embedding", "embedding"))
    assert left_in(tmp_path / "models" / "llama_cpp") == []
