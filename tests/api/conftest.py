"""Two real servers for all API tests, one on the echo engines and one on the starters; sound to send to them."""

import io
import math
import struct
import wave
from collections.abc import Iterator
from pathlib import Path

import httpx
import openai
import pytest

from tests.serving import Server, use_models


@pytest.fixture(scope="session")
def echo_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Hearth on the echo engines alone."""
    server = Server(tmp_path_factory.mktemp("echo"), "--demo", "--api-only", "--log-json").start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def real_server(starters: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Hearth with the starter models."""
    data_dir = tmp_path_factory.mktemp("real")
    use_models(data_dir, starters)
    server = Server(data_dir, "--no-starters", "--api-only", "--log-json").start()
    yield server
    server.stop()


@pytest.fixture
def http(echo_server: Server) -> Iterator[httpx.Client]:
    """A plain client of the echo server; the table of aliases is put back afterwards."""
    with httpx.Client(base_url=echo_server.url, timeout=30) as client:
        yield client
        client.delete("/aliases")


@pytest.fixture
def client(echo_server: Server) -> Iterator[openai.OpenAI]:
    """The official client on the echo server."""
    with openai.OpenAI(base_url=f"{echo_server.url}/v1", api_key="none", max_retries=0, timeout=30) as made:
        yield made


@pytest.fixture
def real_client(real_server: Server) -> Iterator[openai.OpenAI]:
    """The official client on the starters."""
    with openai.OpenAI(base_url=f"{real_server.url}/v1", api_key="none", max_retries=0, timeout=120) as made:
        yield made


def tone(seconds: float, rate_hz: int = 16_000) -> bytes:
    """A WAV of a quiet tone of 220 Hz."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate_hz)
        samples = (round(3_000 * math.sin(2 * math.pi * 220 * i / rate_hz)) for i in range(round(seconds * rate_hz)))
        sound.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
    return file.getvalue()
