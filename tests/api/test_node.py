"""OpenAI's official Node client against the starters and echo: text, tools, vectors, sound, pictures, errors."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from deploy import node_client
from tests.serving import Server


@pytest.fixture(scope="module")
def found(real_server: Server, echo_server: Server) -> dict[str, object]:
    """What the client got."""
    try:
        node_client.main()
    except SystemExit as exc:
        pytest.skip(f"NODE CLIENT NOT TESTED: {exc}")
    script = Path(__file__).parent / "node" / "client.mjs"
    done = subprocess.run(
        ["node", str(script), real_server.url, echo_server.url],
        env={**os.environ, "NODE_CLIENT": str(node_client.folder())},
        capture_output=True,
        text=True,
        timeout=150,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_reply_is_the_same_whole_and_streamed(found: dict[str, object]) -> None:
    assert found["whole"]["model"] == "smollm2-135m"
    assert found["whole"]["text"] == found["streamed"] != ""
    assert 0 < found["whole"]["usage"] <= 8
    assert found["events"] == ["response.created", "response.incomplete"]


def test_a_forced_call_follows_its_schema(found: dict[str, object]) -> None:
    assert found["call"]["name"] == "get_weather"
    assert set(found["call"]["arguments"]) == {"city"}


def test_vectors_come_as_numbers_and_know_two_languages(found: dict[str, object]) -> None:
    assert found["embeddings"] == {"dimensions": 384, "closer": True}


def test_models_are_listed_and_found_by_alias(found: dict[str, object]) -> None:
    assert {"smollm2-135m", "multilingual-e5-small", "whisper-tiny.en"} <= set(found["models"])
    assert found["one"] == "smollm2-135m"


def test_speech_is_heard_again_and_a_picture_is_one(found: dict[str, object]) -> None:
    assert found["speech"] == "RIFF"
    assert "brown fox" in found["heard"]
    assert found["image"] == "PNG"


def test_errors_have_the_clients_own_classes(found: dict[str, object]) -> None:
    assert found["unknown"] == {"name": "NotFoundError", "status": 404, "code": "model_not_found", "param": None}
    assert found["refused"] == {
        "name": "UnprocessableEntityError",
        "status": 422,
        "code": "invalid_request",
        "param": "temperature",
    }
