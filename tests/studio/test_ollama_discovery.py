"""An Ollama server is found without a setting, let go when it leaves, found again; a bad one holds up nothing."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from contract.events import Done
from contract.requests import ChatRequest, Message
from studio import Settings, Studio
from studio import registry as module
from tests.echo_models import install_echo, until
from tests.engines.servers import MODEL, BadServer, LlamaServer, OllamaServer
from tests.serving import NOBODY


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """The watch looks several times a second, so that a test need not wait a quarter of a minute."""
    monkeypatch.setattr(module, "OLLAMA_EVERY_S", 0.2)


@pytest.fixture(scope="module")
def behind(starters: Path) -> Iterator[LlamaServer]:
    server = LlamaServer(next(starters.glob("llama_cpp/*/*.gguf")))
    yield server
    server.close()


def remote(studio: Studio) -> set[str]:
    return {spec.id for spec in studio.registry.installed("chat") if spec.remote}


@pytest.mark.timeout(400)  # the server imports the SDKs of many services, twice
def test_it_appears_answers_goes_away_and_comes_back_without_a_restart(
    behind: LlamaServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = OllamaServer(behind, tmp_path)
    monkeypatch.setenv("OLLAMA_HOST", f"127.0.0.1:{server.port}")  # Ollama's own variable, no setting of ours
    monkeypatch.setenv("HEARTH_DATA_DIR", str(tmp_path / "data"))
    with Studio.open(Settings.load()) as studio:
        until(lambda: studio.registry.ollama_state == "down")
        assert not remote(studio)
        try:
            server.start()
            until(lambda: f"ollama/{MODEL}" in remote(studio))
            request = ChatRequest(
                messages=(Message("user", "Say hello."),), model=f"ollama/{MODEL}", max_tokens=5, temperature=0.0
            )
            job = studio.submit(request)
            assert isinstance(job.wait(), Done)
            server.stop()
            until(lambda: not remote(studio))
            assert studio.registry.ollama_state == "down"
            server.start()
            until(lambda: f"ollama/{MODEL}" in remote(studio))
        finally:
            server.stop()


@pytest.mark.parametrize("hang", [True, False], ids=["silent", "dead"])
def test_a_silent_or_dead_server_holds_up_neither_the_start_nor_the_list_nor_a_reply(
    tmp_path: Path, hang: bool
) -> None:
    install_echo(tmp_path, "echo-there")
    with BadServer(tags=b"", hang=True) as server:
        host = server.url if hang else NOBODY
        with Studio.open(Settings(data_dir=tmp_path, ollama_host=host, no_starters=True)) as studio:
            looking = next(thread for thread in threading.enumerate() if thread.name == "ollama-watch")
            assert "echo-there" in {info.spec.id for info in studio.models()}
            job = studio.submit(ChatRequest(messages=(Message("user", "Hello"),), model="echo-there"))
            assert isinstance(job.wait(), Done)
            assert looking.is_alive() and not remote(studio)
            until(lambda: studio.registry.ollama_state == "down")


def test_one_silence_lets_no_model_go_but_marks_it_and_any_case_finds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "OLLAMA_EVERY_S", 3_600.0)
    with BadServer() as server:
        studio = Studio.open(Settings(data_dir=tmp_path, ollama_host=server.url, no_starters=True))
        registry = studio.registry
        until(lambda: remote(studio), 60)
        [name] = remote(studio)
        assert registry.find(name.upper(), "chat").id == name

    def states() -> list[str]:
        return [info.state for info in studio.models() if info.spec.id == name]

    with studio:
        assert states() == ["remote"]
        for _ in range(module.OLLAMA_PATIENCE):
            registry.look_for_ollama()
            assert states() == ["unreachable"]
            assert registry.find(name, "chat").id == name
        registry.look_for_ollama()
        assert states() == []
