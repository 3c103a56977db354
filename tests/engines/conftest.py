"""A case for each engine, on real models; the servers that the Ollama engine talks to."""

import wave
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from contract.engine import Engine
from contract.events import AudioChunk
from contract.models import ModelSpec
from contract.requests import EmbedRequest, ImageRequest, SpeechRequest, TranscribeRequest, TranslateRequest
from engines import ENGINES, PROVIDERS, robotic_voice, whisper
from engines.wire import Server
from studio.manifest import scan
from tests.echo_models import recording
from tests.engines.cases import SENTENCES, Case, ask, run
from tests.engines.servers import LlamaServer, OllamaServer
from tests.engines.tiny_language_model import make_tiny_language_model
from tests.engines.tiny_pipeline import make_tiny_pipeline
from tests.engines.tiny_translators import make_tiny_marian


@pytest.fixture(scope="session")
def specs(starters: Path) -> dict[str, ModelSpec]:
    """The starters by id."""
    return {spec.id: spec for spec in scan(starters).models}


@pytest.fixture(scope="session")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a real diffusers pipeline, tiny and with random weights."""
    return make_tiny_pipeline(tmp_path_factory.mktemp("pipeline") / "tiny")


@pytest.fixture(scope="session")
def language_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a real causal language model, tiny and with random weights."""
    return make_tiny_language_model(tmp_path_factory.mktemp("language-model") / "tiny")


@pytest.fixture(scope="session")
def spoken(specs: dict[str, ModelSpec], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A WAV file in which Piper says ``SENTENCES``, a second of silence between two."""
    engine = ENGINES["piper"](specs["en_us-joe-medium"], threads=2)
    engine.load()
    events = run(engine, SpeechRequest(text=SENTENCES))
    engine.unload()
    chunks = [event for event in events if isinstance(event, AudioChunk)]
    path = tmp_path_factory.mktemp("spoken") / "spoken.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(chunks[0].sample_rate_hz)
        # Piper draws its pauses anew each time; without clear ones it is now one segment, now four.
        file.writeframes(bytes(2 * chunks[0].sample_rate_hz).join(chunk.pcm for chunk in chunks))
    return path


@pytest.fixture(scope="session")
def llama_server(specs: dict[str, ModelSpec]) -> Iterator[LlamaServer]:
    """llama.cpp's own HTTP server with the chat starter."""
    server = LlamaServer(specs["smollm2-135m"].paths[0])
    yield server
    server.close()


@pytest.fixture(scope="session")
def ollama_server(llama_server: LlamaServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OllamaServer]:
    """A server that is not ours and speaks Ollama's protocol, in front of ``llama_server``."""
    server = OllamaServer(llama_server, tmp_path_factory.mktemp("ollama")).start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def marian(specs: dict[str, ModelSpec], tmp_path_factory: pytest.TempPathFactory) -> ModelSpec:
    """A real MarianMT model of one direction, tiny and with random weights."""
    (vocabulary,) = specs["firefox-en-pt"].paths[0].glob("vocab*.spm")
    folder = make_tiny_marian(tmp_path_factory.mktemp("marian") / "tiny", vocabulary)
    return ModelSpec(
        id="marian", engine="transformers", kind="translation", title="Marian", paths=(folder,),
        source_lang="en", target_lang="pt", options={"num_beams": 1},
    )  # fmt: skip


def _tiny(pipeline: Path) -> ModelSpec:
    return ModelSpec(id="tiny", engine="diffusers", kind="image", title="Tiny", paths=(pipeline,))


_PICTURE = ImageRequest(prompt="a red apple", width=64, height=64, num_inference_steps=2, num_images=2, seed=1)
_TEXTS = EmbedRequest(texts=tuple(f"The train to town {number} leaves at noon." for number in range(20)))
_APART = "apart:"  # before the name of an engine that runs in a process of its own
_MAKERS: dict[str, Callable[[pytest.FixtureRequest], Case]] = {}


def _make_llama_cpp(request: pytest.FixtureRequest) -> Case:
    spec = request.getfixturevalue("specs")["smollm2-135m"]
    return Case(spec=spec, request=ask("Tell me a story.", max_tokens=24), files=spec.paths[:1])


def _make_llama_embedding(request: pytest.FixtureRequest) -> Case:
    spec = request.getfixturevalue("specs")["multilingual-e5-small"]
    return Case(spec=spec, request=_TEXTS, after_stop=7, files=spec.paths[:1])  # it reads eight texts at once


def _make_ollama(request: pytest.FixtureRequest) -> Case:
    server: OllamaServer = request.getfixturevalue("ollama_server")
    return Case(spec=server.spec, request=ask("Tell me a story.", max_tokens=24))


def _make_transformers_chat(request: pytest.FixtureRequest) -> Case:
    folder: Path = request.getfixturevalue("language_model")
    spec = ModelSpec(id="tiny-lm", engine="transformers_chat", kind="chat", title="Tiny", paths=(folder,))
    files = tuple(folder / name for name in ("model.safetensors", "tokenizer.json", "config.json"))
    return Case(spec=spec, request=ask("the red apple", max_tokens=24, seed=3), files=files)


def _make_provider(kind: str, request: pytest.FixtureRequest) -> Case:
    """The chat starter behind a server that is not ours."""
    server: LlamaServer = request.getfixturevalue("llama_server")
    protocol = PROVIDERS[kind]
    found = protocol.discover(Server("them", server.url), 30)
    spec = ModelSpec(
        id="them/starter", engine=protocol.engines["chat"].name, kind="chat", title="Theirs", remote=True,
        options={**found.models[0].options, "name": found.models[0].name, "url": found.url, "server": "them"},
    )  # fmt: skip
    return Case(spec=spec, request=ask("Tell me a story.", max_tokens=8))


def _make_firefox(request: pytest.FixtureRequest) -> Case:
    spec = request.getfixturevalue("specs")["firefox-en-pt"]
    files = tuple(path for pattern in ("model*", "vocab*", "lex*") for path in sorted(spec.paths[0].glob(pattern)))
    asked = TranslateRequest(text=SENTENCES, source_lang="en", target_lang="pt")
    return Case(spec=spec, request=asked, files=files)


def _make_transformers(request: pytest.FixtureRequest) -> Case:
    spec = request.getfixturevalue("marian")
    files = tuple(spec.paths[0] / name for name in ("model.safetensors", "vocab.json", "config.json"))
    asked = TranslateRequest(text=SENTENCES, source_lang="en", target_lang="pt")
    return Case(spec=spec, request=asked, files=files)


def _make_piper(request: pytest.FixtureRequest) -> Case:
    spec = request.getfixturevalue("specs")["en_us-joe-medium"]
    model = spec.paths[0]
    return Case(
        spec=spec, request=SpeechRequest(text=SENTENCES), wrong=ask("Hello"),
        files=(model, model.with_name(model.name + ".json")),
    )  # fmt: skip


def _make_espeak(request: pytest.FixtureRequest) -> Case:
    spec = robotic_voice("espeak-en")
    assert spec is not None
    return Case(spec=spec, request=SpeechRequest(text=SENTENCES), wrong=ask("Hello"))


def _make_whisper(request: pytest.FixtureRequest) -> Case:
    spec = request.getfixturevalue("specs")["whisper-tiny.en"]
    # Whisper may hear a few sentences as one passage, and a stop needs a middle: two parts are two at least.
    patch = pytest.MonkeyPatch()
    patch.setattr(whisper, "PART_S", 4)
    request.addfinalizer(patch.undo)
    folder = spec.paths[0]
    files = tuple(folder / name for name in ("model.bin", "tokenizer.json", "config.json"))
    return Case(spec=spec, request=TranscribeRequest(audio=request.getfixturevalue("spoken")), files=files)


def _make_diffusers(request: pytest.FixtureRequest) -> Case:
    folder: Path = request.getfixturevalue("pipeline")
    files = tuple(sorted(folder.rglob("*.safetensors"), key=lambda path: -path.stat().st_size))
    return Case(spec=_tiny(folder), request=_PICTURE, files=(*files, folder / "model_index.json"))


def _make_echo(request: pytest.FixtureRequest, kind: str) -> Case:
    asked = {
        "chat": ask(SENTENCES),
        "translation": TranslateRequest(text=SENTENCES, source_lang="en", target_lang="pt"),
        "image": replace(_PICTURE, num_inference_steps=3),
        "speech": SpeechRequest(text=SENTENCES),
        "embedding": _TEXTS,
        "transcription": TranscribeRequest(
            audio=recording(request.getfixturevalue("tmp_path_factory").mktemp("silent") / "silent.wav", 35)
        ),
    }[kind]
    spec = ModelSpec(id=f"echo-{kind}", engine=f"echo-{kind}", kind=kind, title="Echo")
    wrong = ask("Hello") if kind == "speech" else SpeechRequest(text="Good morning.")
    return Case(spec=spec, request=asked, wrong=wrong)


_MAKERS.update(
    llama_cpp=_make_llama_cpp,
    llama_embedding=_make_llama_embedding,
    ollama=_make_ollama,
    transformers_chat=_make_transformers_chat,
    openai_compatible=partial(_make_provider, "openai"),
    anthropic=partial(_make_provider, "anthropic"),
    firefox=_make_firefox,
    transformers=_make_transformers,
    piper=_make_piper,
    espeak=_make_espeak,
    whisper=_make_whisper,
    diffusers=_make_diffusers,
)


def make_case(name: str, request: pytest.FixtureRequest) -> Case:
    """The case of an engine. A new engine has none, and fails until it gets one."""
    if name.startswith(_APART):
        return replace(make_case(name.removeprefix(_APART), request), apart=True)
    if name.startswith("echo-"):
        return _make_echo(request, name.removeprefix("echo-"))
    return _MAKERS[name](request)


@pytest.fixture(scope="module", params=[*sorted(ENGINES), *(_APART + name for name in ("echo-chat", "echo-image"))])
def case(request: pytest.FixtureRequest) -> Case:
    """Every engine of the table, one after another; some in processes of their own too."""
    return make_case(request.param, request)


@pytest.fixture(scope="module")
def engine(case: Case) -> Iterator[Engine]:
    """The case's engine, loaded."""
    engine = case.engine()
    engine.load()
    yield engine
    engine.unload()


_LOCAL = (
    *("llama_cpp", "llama_embedding", "firefox", "transformers", "transformers_chat"),
    *("piper", "whisper", "diffusers"),
)


@pytest.fixture(scope="module", params=_LOCAL)
def local_case(request: pytest.FixtureRequest) -> Case:
    """Every engine that reads a model's files."""
    return make_case(request.param, request)
