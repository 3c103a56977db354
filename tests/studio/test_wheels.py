"""Starter wheels through the real pip, from a folder or a server of this machine."""

import os
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from contract.engine import Stop
from contract.errors import DownloadFailed
from studio import library
from studio.catalogue import Entry, ModelFile, Source
from studio.sources import starter_wheels
from tests.studio.conftest import FileServer, left_in, sha256


def make_wheel(folder: Path, members: dict[str, bytes]) -> None:
    with zipfile.ZipFile(folder / "toy_model-1.0-py3-none-any.whl", "w") as wheel:
        for name, content in members.items():
            wheel.writestr(name, content)
        wheel.writestr("toy_model-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: toy-model\nVersion: 1.0\n")
        wheel.writestr("toy_model-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr("toy_model-1.0.dist-info/RECORD", "")


def toy(content: bytes, origin: str = "toy_model/data.txt") -> Entry:
    return Entry(
        id="toy",
        engine="firefox",
        kind="translation",
        title="Toy",
        source=Source(type="wheel", name="toy-model", revision="1.0", size_bytes=1000),
        files=(ModelFile(path="data.txt", origin=origin, size_bytes=len(content), sha256=sha256(content)),),
    )


@pytest.fixture
def links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all pip looks at."""
    folder = tmp_path / "links"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    return folder


def test_a_wheel_is_unpacked_as_data_and_nothing_of_it_is_run(links: Path, tmp_path: Path) -> None:
    ran = f"open({str(tmp_path / 'ran')!r}, 'w')"
    make_wheel(
        links,
        {"toy_model/data.txt": b"data", "toy_model/__init__.py": ran.encode(), "toy_model/x.pth": b"import os"},
    )
    models = tmp_path / "models"
    told = list(library.install(toy(b"data"), models, Stop()))
    assert told
    folder = library.scan(models).models[0].paths[0]
    assert sorted(path.name for path in folder.iterdir()) == ["data.txt", "hearth.json"]
    assert (folder / "data.txt").read_bytes() == b"data"
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("what", "members", "origin"),
    [
        ("tampered", {"toy_model/data.txt": b"DATA"}, "toy_model/data.txt"),
        ("longer", {"toy_model/data.txt": b"data" + bytes(50_000_000)}, "toy_model/data.txt"),
        ("missing", {"toy_model/other.txt": b"data"}, "toy_model/data.txt"),
        ("leading out", {"../../data.txt": b"DATA", "/etc/data.txt": b"DATA"}, "toy_model/data.txt"),
    ],
)
def test_a_wheel_that_is_not_the_pinned_one_is_refused(
    links: Path, tmp_path: Path, what: str, members: dict[str, bytes], origin: str
) -> None:
    make_wheel(links, members)
    models = tmp_path / "a" / "b" / "models"
    with pytest.raises(DownloadFailed, match="Nothing of it was kept"):
        list(library.install(toy(b"data", origin), models, Stop()))
    assert left_in(models) == []
    assert [path.name for path in tmp_path.rglob("data.txt")] == []


@pytest.mark.parametrize("packed", [b"not a packed model", b"E5S1" + bytes(20), b"E5S1" + b"\xff" * 200])
def test_what_can_not_be_made_into_a_model_is_refused(links: Path, tmp_path: Path, packed: bytes) -> None:
    make_wheel(links, {"toy_model/data.bin": packed})
    file = ModelFile(
        path="toy.gguf",
        origin="toy_model/data.bin",
        size_bytes=10,
        sha256=sha256(b""),
        packed_bytes=len(packed),
        packed_sha256=sha256(packed),
    )
    entry = replace(toy(b""), engine="llama_embedding", kind="embedding", files=(file,))

    with pytest.raises(DownloadFailed, match="Nothing of it was kept"):
        list(library.install(entry, tmp_path / "models", Stop()))
    assert left_in(tmp_path / "models") == []


def test_a_member_that_leads_out_is_written_under_the_catalogues_name(links: Path, tmp_path: Path) -> None:
    make_wheel(links, {"../../../evil.txt": b"data"})
    models = tmp_path / "a" / "b" / "models"
    list(library.install(toy(b"data", "../../../evil.txt"), models, Stop()))
    assert list(tmp_path.rglob("evil.txt")) == []
    assert (models / "firefox" / "toy" / "data.txt").read_bytes() == b"data"


def test_a_wheel_that_is_no_archive_is_refused(links: Path, tmp_path: Path) -> None:
    (links / "toy_model-1.0-py3-none-any.whl").write_bytes(b"not a zip file")
    with pytest.raises(DownloadFailed):
        list(library.install(toy(b"data"), tmp_path / "models", Stop()))
    assert left_in(tmp_path / "models") == []


def test_pip_without_the_wheel_is_told_with_what_to_do(links: Path, tmp_path: Path) -> None:
    with pytest.raises(DownloadFailed, match=r"pip found no toy-model==1\.0 where it looks.*PIP_FIND_LINKS"):
        list(library.install(toy(b"data"), tmp_path / "models", Stop()))
    assert left_in(tmp_path / "models") == []


def test_pip_without_a_network_is_told_with_what_to_do(
    nobody: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", f"{nobody}/simple")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    monkeypatch.setenv("PIP_RETRIES", "1")
    with pytest.raises(DownloadFailed, match=r"Connect to the network and try again.*PIP_FIND_LINKS"):
        list(library.install(toy(b"data"), tmp_path / "models", Stop()))
    assert left_in(tmp_path / "models") == []


def test_stopping_ends_pip(file_server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file_server.files["/simple/toy-model/"] = b"<html>" + b" " * 1000
    file_server.stalls.add("/simple/toy-model/")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", f"{file_server.url}/simple")
    stop = Stop()
    downloading = starter_wheels.download(toy(b"").source, tmp_path, stop)
    for _ in downloading:
        if file_server.stalled.is_set() and not stop.is_set():
            stop.set()  # a pip that went on would wait for the server and fail
    assert stop.is_set() and not file_server.gave_up.is_set()
