"""A language pair from a mirror or a folder, from the click to the translation, in a Studio as it runs."""

import gzip
import json
import shutil
from dataclasses import asdict
from pathlib import Path

import pytest
from backports import zstd

from contract.errors import DownloadFailed, InvalidRequest, ModelDamaged, StorageFailed, StudioError
from studio import Caller, DownloadRequest, ModelNotInstalled, Settings, Studio
from studio.catalogue import Entry
from studio.hand_import import import_model
from tests.studio.conftest import FileServer, left_in
from tests.studio.test_firefox_source import model_url, packed, pair

__all__ = ["packed", "pair"]  # fixtures
OWNER = Caller(role="admin", via="ui")


@pytest.fixture
def studio(pair: Entry, file_server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A Studio without a model, whose own catalogue names the pair on the mirror."""
    monkeypatch.setenv("HEARTH_FIREFOX_URL", file_server.url + "/{revision}")
    (tmp_path / "catalogue.json").write_text(json.dumps({"models": [asdict(pair)]}))
    with Studio.open(Settings(data_dir=tmp_path, ollama_host="http://127.0.0.1:9", no_starters=True)) as opened:
        yield opened


def test_a_missing_pair_is_offered_fetched_over_a_bad_line_and_translates(
    studio: Studio, pair: Entry, file_server: FileServer
) -> None:
    with pytest.raises(ModelNotInstalled) as missing:
        studio.translate("The house is small.", "gl", "en")
    assert missing.value.details["models"] == "firefox-en-gl"
    assert missing.value.details["size_bytes"] == pair.download_bytes
    file_server.cuts[model_url(pair)] = [1_000_000, 2_000_000]
    studio.submit(DownloadRequest(model="firefox-en-gl"), OWNER).wait()
    assert len(file_server.ranges_of(model_url(pair))) == 3
    assert "casa" in studio.translate("The house is small.", "gl", "en").text


def test_a_wrong_checksum_leaves_the_pair_offered(studio: Studio, pair: Entry, file_server: FileServer) -> None:
    content = bytearray(file_server.files[model_url(pair)])
    content[1_000_000] ^= 1
    right, file_server.files[model_url(pair)] = file_server.files[model_url(pair)], bytes(content)
    with pytest.raises(DownloadFailed, match="checksum"):
        studio.submit(DownloadRequest(model="firefox-en-gl"), OWNER).wait()
    assert left_in(studio.settings.models_dir) == []
    with pytest.raises(ModelNotInstalled):
        studio.translate("The house is small.", "gl", "en")
    file_server.files[model_url(pair)] = right
    studio.submit(DownloadRequest(model="firefox-en-gl"), OWNER).wait()
    assert studio.translate("The house is small.", "gl", "en").text


def test_a_catalogue_of_ones_own_that_is_broken_says_where(tmp_path: Path) -> None:
    for text in ("{", "[]", '{"models": [{"id": "x"}]}', '{"models": [{"id": 1, "source": {"type": "ftp"}}]}'):
        (tmp_path / "catalogue.json").write_text(text)
        with pytest.raises(StorageFailed, match=r"catalogue\.json can't be read"):
            Studio.open(Settings(data_dir=tmp_path, demo=True))


# By hand


@pytest.fixture
def folder(starters: Path, tmp_path: Path) -> Path:
    """The starter's files under another pair's names, the model packed."""
    made = tmp_path / "Downloads"
    made.mkdir()
    for path in (starters / "firefox" / "firefox-en-pt").glob("*enpt*"):
        content, name = path.read_bytes(), path.name.replace("enpt", "engl")
        if name.startswith("model"):
            (made / f"{name}.gz").write_bytes(gzip.compress(content, 1))
        else:
            (made / name).write_bytes(content)
    (made / "readme.txt").write_text("not of the model")
    return made


def test_a_folder_of_firefox_files_becomes_a_model_that_translates(folder: Path, tmp_path: Path) -> None:
    spec = import_model(folder, tmp_path / "data" / "models")
    assert (spec.id, spec.source_lang, spec.target_lang) == ("firefox-en-gl", "en", "gl")
    assert import_model(folder, tmp_path / "data" / "models") == spec  # once more replaces it
    settings = Settings(data_dir=tmp_path / "data", ollama_host="http://127.0.0.1:9", no_starters=True)
    with Studio.open(settings) as studio:
        made = studio.translate("The house is small.", "gl", "en")
    assert "casa" in made.text and made.model == "firefox-en-gl"
    assert left_in(tmp_path / "data" / "models" / ".partial") == []


def test_newer_files_of_firefox_are_unpacked_too(folder: Path, tmp_path: Path) -> None:
    for path in list(folder.iterdir()):
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        path.unlink()
        (folder / f"{path.name.removesuffix('.gz')}.zst").write_bytes(zstd.compress(content, 1))
    spec = import_model(folder, tmp_path / "data" / "models")
    assert {path.suffix for path in spec.paths[0].iterdir()} == {".bin", ".spm", ".json"}
    (model,) = folder.glob("model*.zst")
    model.write_bytes(model.read_bytes()[:-100_000])
    with pytest.raises(DownloadFailed, match="not a whole packed file"):
        import_model(folder, tmp_path / "cut")
    model.write_bytes(b"no zst at all")
    with pytest.raises(DownloadFailed, match="not a whole packed file"):
        import_model(folder, tmp_path / "cut")
    model.write_bytes(zstd.compress(bytes(50_000_000)))
    with pytest.raises(DownloadFailed, match="unpacks to more"):
        import_model(folder, tmp_path / "cut")
    assert left_in(tmp_path / "cut") == []


def test_what_is_no_model_is_refused_and_leaves_nothing(folder: Path, tmp_path: Path) -> None:
    models = tmp_path / "models"

    def refused(kind: type[StudioError], words: str, **settings: str) -> None:
        with pytest.raises(kind, match=words):
            import_model(folder, models, **settings)
        assert left_in(models) == [] if models.exists() else True

    refused(InvalidRequest, "Name two", target="en")
    refused(InvalidRequest, "not a model's name", name="../x")
    (model,) = folder.glob("model*.gz")
    whole = model.read_bytes()
    model.write_bytes(whole[: len(whole) // 2])
    refused(DownloadFailed, "not a whole packed")
    model.write_bytes(gzip.compress(bytes(50_000_000), 9))
    refused(DownloadFailed, "unpacks to more")
    model.write_bytes(gzip.compress(gzip.decompress(whole)[:-1000], 1))
    refused(ModelDamaged, "cut off")
    model.write_bytes(gzip.compress(b"\x80\x04pickle", 1))
    refused(DownloadFailed, "pickle")
    model.rename(folder / "model.bin.gz")
    refused(InvalidRequest, "do not tell the languages")
    (folder / "model.bin.gz").unlink()
    refused(InvalidRequest, "holds no translation model")
    shutil.rmtree(folder)
    refused(InvalidRequest, "is no folder")
