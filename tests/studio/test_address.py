"""Models fetched by their address: what an address stands for, what is refused, and the way through the Studio."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from contract.engine import Stop
from contract.errors import DownloadFailed, InvalidRequest
from studio import Caller, Done, DownloadRequest, Settings, Studio, sources
from studio.library import entry_for
from studio.manifest import folder_name
from studio.sources import address
from tests.echo_models import until
from tests.studio.conftest import FileServer, left_in

# A header alone: enough to be told from anything else by its first bytes.
GGUF = b"GGUF" + (3).to_bytes(4, "little") + bytes(500_000)
ONNX = b"\x08\x07" + bytes(200_000)


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with Studio.open(Settings(data_dir=tmp_path, ollama_host="http://127.0.0.1:9", no_starters=True)) as opened:
        yield opened


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ("https://huggingface.co/Qwen/Qwen2.5-0.5B-Instruct-GGUF", "hf:Qwen/Qwen2.5-0.5B-Instruct-GGUF"),
        ("https://www.huggingface.co/o/n/tree/main", "hf:o/n"),
        ("https://hf.co/o/n/", "hf:o/n"),
        ("https://huggingface.co/o/n-GGUF/resolve/main/n-q4_k_m.gguf?download=true", "hf:o/n-GGUF:n-q4_k_m"),
        ("https://huggingface.co/o/n/blob/main/n-Q8_0-00001-of-00003.gguf", "hf:o/n:n-Q8_0"),
        ("https://ollama.com/library/llama3.2:1b", "ollama/llama3.2:1b"),
        ("https://ollama.com/somebody/model", "ollama/somebody/model"),
        ("https://huggingface.co/datasets/o/n", None),
        ("https://huggingface.co.evil.example/o/n", None),
        ("https://models.example/o/n.gguf", None),
    ],
)
def test_the_page_of_a_model_stands_for_the_model_at_its_source(asked: str, named: str | None) -> None:
    assert address.page(asked) == named


@pytest.mark.parametrize(
    "asked",
    [
        "https://models.example/a/Model%20One.Q4_K_M.gguf",
        "http://192.168.1.2:8080/a/../b/./model.gguf",
        "http://[::1]:8000/model.gguf",
        "https://models.example/" + "very-long-" * 100 + "/model.gguf",
        "https://models.example/żółw.gguf",
        "HTTPS://Models.Example/UPPER.GGUF",
    ],
)
def test_each_address_has_an_id_that_is_a_folder_of_its_own(asked: str) -> None:
    entry = entry_for(asked)
    assert entry.id == sources.id_of(asked) == sources.id_of(entry.id)
    assert "/" not in folder_name(entry.id)
    assert entry.engine == "llama_cpp"


def test_two_files_of_one_name_in_two_folders_are_two_models() -> None:
    assert sources.id_of("https://m.example/q4/model.gguf") != sources.id_of("https://m.example/q8/model.gguf")
    assert sources.id_of("https://m.example:1/model.gguf") != sources.id_of("https://m.example:2/model.gguf")


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ("https://models.example/model.bin", "import its folder"),
        ("https://models.example/model.safetensors", "import its folder"),
        ("https://models.example/", "import its folder"),
        ("https://me:secret@models.example/model.gguf", "a name or a password"),
        ("https:///model.gguf", "is not the address"),
        ("https://models.example:99999/model.gguf", "is not the address"),
        ("https://models.example/a%5C..%5Cmodel.gguf", "no name for a file"),
        ("https://models.example/m-00001-of-99999.gguf", "are the most"),
    ],
)
def test_an_address_that_can_not_be_used_is_refused_with_what_to_do(asked: str, why: str) -> None:
    with pytest.raises(InvalidRequest, match=why) as refused:
        entry_for(asked)
    assert "secret" not in refused.value.message


@pytest.mark.parametrize("peer", ["169.254.169.254", "::ffff:169.254.169.254", "fe80::1%eth0", "0.0.0.0"])
def test_where_clouds_keep_credentials_nothing_is_fetched(peer: str) -> None:
    for asked in ("https://models.example/m.gguf", "http://169.254.169.254/m.gguf"):
        with pytest.raises(DownloadFailed, match="does not name"):
            address.check_peer(asked, peer)


@pytest.mark.parametrize("peer", ["127.0.0.1", "10.0.0.5", "::1", "::ffff:10.0.0.5", "fd00::1"])
def test_only_an_address_written_as_one_of_the_own_network_leads_there(
    peer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with pytest.raises(DownloadFailed, match="does not name"):
        address.check_peer("https://models.example/m.gguf?key=secret", peer)
    address.check_peer("http://nas.local/m.gguf", peer)
    address.check_peer("http://10.0.0.9/m.gguf", peer)
    monkeypatch.setenv("HTTPS_PROXY", "http://10.0.0.5:3128")
    address.check_peer("https://models.example/m.gguf", peer)


def test_a_redirect_is_followed_and_looked_at(file_server: FileServer, tmp_path: Path) -> None:
    file_server.files["/there.gguf"] = GGUF
    file_server.redirects["/m.gguf"] = "/there.gguf"
    entry = entry_for(f"{file_server.url}/m.gguf")
    list(address.fetch(entry, tmp_path, Stop()))
    assert (tmp_path / "m.gguf").read_bytes() == GGUF


def test_a_file_is_fetched_with_its_size_and_is_a_model_then(studio: Studio, file_server: FileServer) -> None:
    file_server.files["/models/Own.Q4.gguf"] = GGUF
    asked = f"{file_server.url}/models/Own.Q4.gguf?token=secret"
    job = studio.submit(DownloadRequest(model=asked), Caller())
    assert job.wait() == Done()
    [info] = [info for info in studio.registry.infos({}, (), {}) if info.spec.id == sources.id_of(asked)]
    assert (info.spec.title, info.spec.engine, info.spec.size_bytes) == ("Own.Q4", "llama_cpp", len(GGUF))
    kept = [path for path in studio.settings.data_dir.rglob("*") if path.is_file() and b"secret" in path.read_bytes()]
    assert [path.name for path in kept if path.suffix == ".json"] == []
    until(lambda: len(studio.interactions.latest(None)) == 1)
    assert all("secret" not in str(dict(row)) for row in studio.interactions.latest(None))


def test_all_parts_of_a_model_come_with_the_one_that_was_named(studio: Studio, file_server: FileServer) -> None:
    for number in (1, 2):
        file_server.files[f"/big-0000{number}-of-00002.gguf"] = GGUF
    entry = entry_for(f"{file_server.url}/big-00002-of-00002.gguf")
    assert entry.title == "big"
    assert studio.submit(DownloadRequest(model=entry.source.name), Caller()).wait() == Done()
    folder = studio.settings.models_dir / "llama_cpp" / folder_name(entry.id)
    assert sorted(path.name for path in folder.glob("*.gguf")) == [
        "big-00001-of-00002.gguf",
        "big-00002-of-00002.gguf",
    ]


def test_a_voice_comes_with_its_description(studio: Studio, file_server: FileServer) -> None:
    file_server.files["/pl_PL-own-low.onnx"] = ONNX
    file_server.files["/pl_PL-own-low.onnx.json"] = json.dumps({"language": {"code": "pl_PL"}}).encode()
    asked = f"{file_server.url}/pl_PL-own-low.onnx"
    assert studio.submit(DownloadRequest(model=asked), Caller()).wait() == Done()
    [info] = [info for info in studio.registry.infos({}, (), {}) if info.spec.id == sources.id_of(asked)]
    assert (info.spec.engine, info.spec.languages) == ("piper", ("pl",))


@pytest.mark.parametrize("content", [b"<!doctype html><title>Sign in</title>", b"PK\x03\x04" + bytes(100)])
def test_a_file_that_is_not_what_its_name_says_leaves_nothing(
    studio: Studio, file_server: FileServer, content: bytes
) -> None:
    file_server.files["/m.gguf"] = content
    with pytest.raises(DownloadFailed, match="refused"):
        studio.submit(DownloadRequest(model=f"{file_server.url}/m.gguf"), Caller()).wait()
    assert left_in(studio.settings.models_dir) == []


def test_a_paused_address_goes_on_by_its_id_from_where_it_was(studio: Studio, file_server: FileServer) -> None:
    body = b"GGUF" + bytes(4_000_000)
    file_server.files["/Big/Model.gguf"] = body
    file_server.stalls.add("/Big/Model.gguf")
    asked = f"{file_server.url}/Big/Model.gguf?token=secret"
    model = sources.id_of(asked)
    job = studio.submit(DownloadRequest(model=asked), Caller())
    until(lambda: sum(path.stat().st_size for path in left_in(studio.settings.models_dir)) > 1_000_000)
    studio.downloads.pause(asked, Caller())
    job.wait()
    file_server.stalls.clear()
    assert studio.submit(DownloadRequest(model=model), Caller()).wait() == Done()
    ranges = [asked for asked in file_server.ranges_of("/Big/Model.gguf") if asked]
    assert int(ranges[-1].removeprefix("bytes=").removesuffix("-")) > 1_000_000
