"""Servers for the Ollama engine: llama.cpp's own, and a public proxy before it that speaks Ollama's protocol."""

import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import httpx

from contract.models import ModelSpec
from engines import ollama
from tests.engines.cases import until

MODEL = "starter/smollm2"


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


class LlamaServer:
    """llama.cpp's HTTP server, started in this process.

    Args:
        key: What it wants from whoever asks; "": nothing.
    """

    def __init__(self, model: Path, key: str = "") -> None:
        import xllamacpp

        params = xllamacpp.CommonParams()
        params.model.path = str(model)
        params.n_ctx, params.n_parallel, params.kv_unified = 2_048, 4, True
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 2
        params.cache_ram_mib, params.verbosity, params.warmup = 0, -1, False
        params.ui, params.endpoint_slots = False, True
        params.api_keys = [key] if key else []
        self._server: object = xllamacpp.Server(params)
        self.url: str = self._server.listening_address  # type: ignore[attr-defined]

    def busy(self) -> int:
        """How many replies it writes now."""
        return sum(slot["is_processing"] for slot in httpx.get(f"{self.url}/slots", timeout=10).json())

    def close(self) -> None:
        """End it."""
        self._server = None


class OllamaServer:
    """The proxy as a process of its own; it can be stopped and started again on the same port."""

    def __init__(self, behind: LlamaServer, folder: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._behind, self._folder = behind, folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def spec(self) -> ModelSpec:
        """Its one model that answers, as discovery finds it."""
        return {spec.options["name"]: spec for spec in ollama.discover(self.url, 10)}[MODEL]

    def start(self) -> "OllamaServer":
        """Start it and wait until it answers."""
        config = self._folder / "ollama-proxy.yaml"
        provider = {"base_url": f"{self._behind.url}/v1", "api_key": "none"}
        config.write_text(json.dumps({"providers": {"starter": provider}, "models": [MODEL]}))
        # In an empty folder, so that no .env of anybody's is read.
        command = [sys.executable, "-m", "ollama_proxy", "serve", "--host", "127.0.0.1", "--port", str(self.port)]
        env = {**os.environ, "PROXY_CONFIG_FILE": str(config)}
        with (self._folder / "proxy.log").open("ab") as log:
            self._process = subprocess.Popen(command, cwd=self._folder, stdout=log, stderr=log, env=env)
        try:
            until(self._answers, 120)  # it imports the SDKs of many services
        except BaseException:
            self.stop()
            raise
        return self

    def _answers(self) -> bool:
        assert self._process is not None and self._process.poll() is None, (self._folder / "proxy.log").read_text()
        try:
            return httpx.get(f"{self.url}/api/version", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(60)
            self._process = None


class BadServer:
    """A real HTTP server that lists one Ollama model and then answers as badly as it is told.

    Args:
        tags: The raw answer to a request for the models; None: as Ollama would.
        chat: The raw answer to a chat. ``hang``: after it, the connection stays open and silent.
    """

    def __init__(self, *, tags: bytes | None = None, chat: bytes = b"", hang: bool = False) -> None:
        self._tags, self._chat, self._hang = TAGS if tags is None else tags, chat, hang
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.gone = threading.Event()  # a client that was kept waiting has hung up
        self._closing = False
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    @property
    def spec(self) -> ModelSpec:
        """Its model."""
        return ModelSpec(
            id="ollama/bad", engine="ollama", kind="chat", title="Bad", remote=True,
            options={"host": self.url, "name": "bad"},
        )  # fmt: skip

    def _serve(self) -> None:
        while not self._closing:
            connection, _ = self._listener.accept()
            with connection:
                request = connection.recv(65_536)
                if not request:
                    continue
                answer = self._tags if b"/api/tags" in request else self._chat
                connection.sendall(answer)
                while self._hang and not self._closing:
                    if not connection.recv(65_536):
                        self.gone.set()
                        break

    def __enter__(self) -> "BadServer":
        return self

    def __exit__(self, *exc: object) -> None:
        self._closing = True
        with socket.create_connection(self._listener.getsockname()):
            pass
        self._thread.join(60)
        self._listener.close()


def answer(body: bytes, status: str = "200 OK", kind: str = "application/x-ndjson", length: int | None = None) -> bytes:
    """An HTTP answer; ``length`` is announced instead of the body's own."""
    size = len(body) if length is None else length
    return f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {size}\r\n\r\n".encode() + body


TAGS = answer(b'{"models": [{"name": "bad", "model": "bad"}]}', kind="application/json")
