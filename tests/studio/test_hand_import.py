"""Models taken in from this machine: each kind known by its bytes, copied or linked, unpacked, or refused."""

import os
import pickle
import shutil
from pathlib import Path

import pytest
from backports import zstd

from studio import (
    Caller,
    Cancelled,
    Done,
    Forbidden,
    ImportRequest,
    InvalidRequest,
    Settings,
    Studio,
    StudioError,
)
from studio.hand_import import import_model
from studio.recognising import recognise
from tests.studio.conftest import left_in
from tests.studio.test_hub import safetensors


def folder_of(starters: Path, model: str) -> Path:
    (found,) = starters.glob(f"*/{model}")
    return found


@pytest.mark.parametrize(
    ("model", "engine", "kind"),
    [
        ("smollm2-135m", "llama_cpp", "chat"),
        ("multilingual-e5-small", "llama_embedding", "embedding"),
        ("whisper-tiny.en", "whisper", "transcription"),
        ("en_us-joe-medium", "piper", "speech"),
    ],
)
def test_each_kind_is_known_by_its_bytes_and_taken_in_by_a_link(
    starters: Path, tmp_path: Path, model: str, engine: str, kind: str
) -> None:
    source = tmp_path / "from"
    shutil.copytree(folder_of(starters, model), source, copy_function=os.link)
    (source / "hearth.json").unlink()
    spec = import_model(source, tmp_path / "models", name="mine", link=True)
    assert (spec.id, spec.engine, spec.kind) == ("mine", engine, kind)
    assert all(os.stat(path).st_nlink > 1 for path in spec.paths if path.is_file())


def test_a_gguf_file_of_any_name_chats_once_it_is_taken_in_as_a_job(starters: Path, tmp_path: Path) -> None:
    (gguf,) = folder_of(starters, "smollm2-135m").glob("*.gguf")
    os.link(gguf, tmp_path / "My Model.bin")
    settings = Settings(data_dir=tmp_path / "data", ollama_host="http://127.0.0.1:9", no_starters=True)
    with Studio.open(settings) as studio:
        with pytest.raises(Forbidden):
            studio.submit(ImportRequest(path=str(tmp_path / "My Model.bin")), Caller(owner="guest", role="user"))
        job = studio.submit(ImportRequest(path=str(tmp_path / "My Model.bin"), link=True), Caller())
        assert job.wait() == Done()
        assert studio.model("my-model").spec.engine == "llama_cpp"
        facts = studio.model_details("my-model").facts
        assert (facts["architecture"], facts["quantisation"], facts["layers"]) == ("llama", "Q4_1", 30)
        assert studio.chat("Say hello.", model="my-model", max_tokens=8).text
        assert studio.remove_model("my-model") < 10_000  # the file has another name, and stays
    assert (tmp_path / "My Model.bin").stat().st_size == gguf.stat().st_size


def test_firefox_files_packed_with_zstandard_are_unpacked(starters: Path, tmp_path: Path) -> None:
    source = tmp_path / "engl"
    source.mkdir()
    for path in folder_of(starters, "firefox-en-pt").glob("*enpt*"):
        packed = zstd.compress(path.read_bytes(), 1)
        (source / f"{path.name.replace('enpt', 'engl')}.zst").write_bytes(packed)
    spec = import_model(source, tmp_path / "models")
    assert (spec.id, spec.engine, spec.source_lang, spec.target_lang) == ("firefox-en-gl", "firefox", "en", "gl")
    (model,) = source.glob("model*.zst")
    model.write_bytes(model.read_bytes()[:1_000_000])
    with pytest.raises(StudioError, match=r"not a whole packed file"):
        import_model(source, tmp_path / "models")
    model.write_bytes(zstd.compress(bytes(60_000_000)))
    with pytest.raises(StudioError, match="unpacks to more"):
        import_model(source, tmp_path / "models")
    assert left_in(tmp_path / "models" / ".partial") == []


def test_a_diffusers_and_a_transformers_folder_are_told_apart(tmp_path: Path) -> None:
    pipeline, chat = tmp_path / "pipeline", tmp_path / "chat"
    (pipeline / "unet").mkdir(parents=True)
    chat.mkdir()
    (pipeline / "model_index.json").write_text("{}")
    (pipeline / "unet" / "config.json").write_text("{}")
    (pipeline / "unet" / "diffusion_pytorch_model.safetensors").write_bytes(safetensors())
    (chat / "config.json").write_text('{"architectures": ["LlamaForCausalLM"]}')
    (chat / "model.safetensors").write_bytes(safetensors())
    assert (recognise(pipeline).engine, recognise(chat).engine) == ("diffusers", "transformers_chat")
    spec = import_model(pipeline, tmp_path / "models")
    assert spec.kind == "image" and (spec.paths[0] / "unet" / "config.json").is_file()


@pytest.mark.parametrize("name", ["model.gguf", "model.safetensors", "weights.onnx", "pytorch_model.bin"])
def test_a_pickle_is_refused_whatever_it_is_called(tmp_path: Path, name: str) -> None:
    (tmp_path / "from").mkdir()
    (tmp_path / "from" / name).write_bytes(pickle.dumps({"w": [1.0] * 100}))
    for path in (tmp_path / "from" / name, tmp_path / "from"):
        with pytest.raises(StudioError, match="pickle"):
            import_model(path, tmp_path / "models")
    (tmp_path / "from" / "config.json").write_text('{"architectures": ["LlamaForCausalLM"]}')
    with pytest.raises(StudioError, match="pickle"):
        import_model(tmp_path / "from", tmp_path / "models")


@pytest.mark.parametrize("path", ["/etc/passwd", "/no/such/place", "", "a\x00b", "/"])
def test_what_is_no_model_is_refused_with_a_sentence(tmp_path: Path, path: str) -> None:
    settings = Settings(data_dir=tmp_path, ollama_host="http://127.0.0.1:9", no_starters=True)
    with Studio.open(settings) as studio, pytest.raises(InvalidRequest):
        studio.submit(ImportRequest(path=path), Caller()).wait()


def test_a_stopped_import_leaves_nothing(starters: Path, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, ollama_host="http://127.0.0.1:9", no_starters=True)
    with Studio.open(settings) as studio:
        job = studio.submit(ImportRequest(path=str(folder_of(starters, "smollm2-135m"))), Caller())
        for _ in job.follow():
            job.cancel()
        assert job.wait() == Cancelled()
        assert left_in(settings.models_dir) == []
