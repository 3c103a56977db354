"""Native routes of models: details, changes, statistics, benchmarks, memory, dependants, leftovers, imports."""

import io
from collections.abc import Iterator
from pathlib import Path

import av
import httpx
import pytest

from tests.echo_models import install_echo, until
from tests.serving import Server, served
from tests.studio.sound.sounds import tone, write_mp3

GOSIA = "pl_pl-gosia-medium"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a local Hub on which the sample of one Polish voice lies where its publisher keeps it."""
    folder = tmp_path_factory.mktemp("hub")
    sample = folder / "rhasspy/piper-voices/resolve/v1.0.0/pl/pl_PL/gosia/medium/samples/speaker_0.mp3"
    sample.parent.mkdir(parents=True)
    write_mp3(sample, tone(1, 660))
    with served(folder) as address:
        yield address


@pytest.fixture(scope="module")
def http(hub: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of a Hearth with two echo models of its own and no other."""
    data_dir = tmp_path_factory.mktemp("models")
    install_echo(data_dir, "one", memory_bytes=50_000_000)
    install_echo(data_dir, "two")
    (data_dir / "models" / "llama_cpp" / "half").mkdir(parents=True)
    (data_dir / "models" / "llama_cpp" / "half" / "x.gguf").write_bytes(bytes(1_000))
    install_echo(data_dir, "voice", "speech")
    server = Server(data_dir, "--no-starters", "--api-only", env={"HF_ENDPOINT": hub, "NO_PROXY": "*"}).start()
    with httpx.Client(base_url=server.url, timeout=60) as client:
        yield client
    server.stop()


def test_a_model_is_changed_and_its_settings_count_in_openais_route(http: httpx.Client) -> None:
    found = http.patch("/models/one", json={"note": "Mine.", "settings": {"max_tokens": 2, "temperature": 0.1}}).json()
    assert found["remark"] == "Mine."
    values = {setting["name"]: setting["value"] for setting in found["settings"]}
    assert (values["max_tokens"], values["temperature"], values["top_p"]) == (2, 0.1, None)
    body = {"model": "one", "messages": [{"role": "user", "content": "a b c d"}]}
    reply = http.post("/v1/chat/completions", json=body).json()
    assert reply["choices"][0]["message"]["content"] == "a b"
    assert http.patch("/models/one", json={"settings": {"max_tokens": None}}).status_code == 200
    assert http.patch("/models/one", json={"settings": {"temperature": 7}}).status_code == 422
    assert http.patch("/models/one", json={"settings": {"n_ctx": 7}}).status_code == 422
    assert http.patch("/models/nobody", json={"note": "x"}).status_code == 404


def test_a_model_that_is_switched_off_is_told_as_such(http: httpx.Client) -> None:
    assert http.patch("/models/two", json={"enabled": False}).json()["state"] == "disabled"
    body = {"model": "two", "messages": [{"role": "user", "content": "a"}]}
    refused = http.post("/v1/chat/completions", json=body)
    assert (refused.status_code, refused.json()["error"]["code"]) == (404, "model_disabled")
    assert "two" not in [model["id"] for model in http.get("/v1/models").json()["data"]]
    assert http.patch("/models/two", json={"enabled": True}).json()["state"] == "installed"


def test_memory_tells_what_is_loaded_and_all_is_taken_out(http: httpx.Client) -> None:
    http.post("/models/loads", json={"model": "one"})
    found = http.get("/models/memory").json()
    assert found["models"]["one"] >= 50_000_000 and found["taken_bytes"] == sum(found["models"].values())
    assert http.delete("/models/loads").json()["unloaded"] >= 1
    assert http.get("/models/memory").json()["models"] == {}


def test_a_model_is_measured_and_its_figures_are_told(http: httpx.Client) -> None:
    found = http.post("/models/benchmarks", json={"model": "one"}).json()
    assert {"load_s", "first_output_s"} <= set(found["figures"])
    assert http.get("/models/benchmarks/one").json()["data"][0] == found
    figures = http.get("/models/statistics/one", params={"days": 7}).json()
    assert figures["calls"] >= 4 and figures["errors"] == 0
    assert http.get("/models/one").json()["calls"] == figures["calls"]


def test_what_a_deletion_touches_is_told_and_leftovers_are_cleaned(http: httpx.Client) -> None:
    assert "chat" in http.get("/models/dependants/one").json()["jobs"]
    (left,) = http.get("/models/leftovers").json()["data"]
    assert left == {"name": "llama_cpp/half", "kind": "orphan", "size_bytes": 1_000}
    assert http.delete("/models/leftovers").json() == {"freed_bytes": 1_000}
    assert http.get("/models/leftovers").json() == {"data": []}


def test_an_import_of_what_is_no_model_fails_as_a_job(http: httpx.Client, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no model")
    job = http.post("/models/imports", json={"path": str(tmp_path / "notes.txt")})
    assert job.status_code == 202
    until(lambda: http.get(job.headers["Location"]).json()["state"] == "failed")
    assert http.post("/models/imports", json={"path": ""}).status_code == 422


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PATCH", "/models/downloads/pauses", "POST"),
        ("PATCH", "/models/memory", "GET"),
        ("GET", "/models/loads", "POST"),
        ("PATCH", "/models/benchmarks", "POST"),
    ],
)
def test_a_place_that_is_no_models_is_not_taken_for_one(
    http: httpx.Client, method: str, path: str, allowed: str
) -> None:
    refused = http.request(method, path, json={"note": "x"} if method == "PATCH" else None)
    assert refused.status_code == 405 and allowed in refused.headers["Allow"]


def test_a_voice_of_the_catalogue_that_the_hub_has_not_fails_with_the_reason(http: httpx.Client) -> None:
    job = http.post("/models/downloads", json={"model": "pl_pl-darkman-medium"}).json()["id"]
    until(lambda: http.get(f"/jobs/{job}").json()["state"] == "failed")
    told = http.get(f"/jobs/{job}/events").text
    assert "download_failed" in told and "the server answered 404" in told


def test_the_sample_of_a_voice_that_is_not_here_is_fetched_when_asked_for(http: httpx.Client) -> None:
    assert http.get(f"/models/samples/{GOSIA}").status_code == 404, "nobody asked for it yet"
    told = http.post("/models/samples", json={"model": GOSIA}).json()
    assert (told["by"], told["text"], told["url"]) == ("publisher", "", f"/models/samples/{GOSIA}")
    assert seconds_of(http.get(told["url"])) == pytest.approx(1, abs=0.1)
    missing = http.post("/models/samples", json={"model": "pl_pl-darkman-medium"})
    assert missing.status_code == 404 and "keeps no sample" in missing.json()["detail"]
    assert http.post("/models/samples", json={"model": "one"}).status_code == 422
    assert http.post("/models/samples", json={"model": "nobody"}).status_code == 404


def test_a_voice_that_is_here_speaks_its_own_sample(http: httpx.Client) -> None:
    told = http.post("/models/samples", json={"model": "voice"}).json()
    assert told["by"] == "voice" and told["text"].startswith("All human beings")
    assert seconds_of(http.get(told["url"])) > 0.5


def seconds_of(answer: httpx.Response) -> float:
    """How long an MP3 is that was answered."""
    assert (answer.status_code, answer.headers["content-type"]) == (200, "audio/mpeg")
    with av.open(io.BytesIO(answer.content)) as container:
        return sum(frame.samples / frame.sample_rate for frame in container.decode(audio=0))
