"""Firefox pairs from a local mirror: whole, cut, wrong, stalled and absent; and Ollama's own pulls."""

import gzip
import json
import threading
from pathlib import Path

import pytest

from contract.engine import Stop
from contract.errors import DownloadFailed
from contract.events import Progress
from studio import library, sources
from studio.catalogue import Entry, ModelFile, Source, load_catalogue
from studio.sources import http_file
from tests.studio.conftest import FileServer, left_in, sha256


@pytest.fixture(scope="module")
def packed(starters: Path) -> dict[str, tuple[bytes, bytes]]:
    """The starter's files under another pair's names: as they are, and packed."""
    folder = starters / "firefox" / "firefox-en-pt"
    found = {path.name.replace("enpt", "engl"): path.read_bytes() for path in folder.glob("*en*")}
    return {name: (content, gzip.compress(content, 1)) for name, content in sorted(found.items())}


@pytest.fixture
def pair(packed: dict[str, tuple[bytes, bytes]], file_server: FileServer) -> Entry:
    """English to "Galician", served as Mozilla publishes its models."""
    files = []
    for name, (content, gz) in packed.items():
        file_server.files[f"/abc/tiny/engl/{name}.gz"] = gz
        is_model = name.startswith("model")
        files.append(
            ModelFile(
                path=name,
                origin=f"{name}.gz",
                size_bytes=len(content) if is_model else 0,
                sha256=sha256(content) if is_model else "",
                packed_bytes=len(gz),
                packed_sha256=sha256(gz),
            )
        )
    return Entry(
        id="firefox-en-gl",
        engine="firefox",
        kind="translation",
        title="English to Galician",
        source=Source(type="firefox", name="tiny/engl", revision="abc"),
        files=tuple(files),
        source_lang="en",
        target_lang="gl",
    )


def fetch_pair(pair: Entry, models: Path, url: str, stop: Stop | None = None) -> list[Progress]:
    return list(library.install(pair, models, stop or Stop(), sources.table(firefox_url=url + "/{revision}")))


def model_url(pair: Entry) -> str:
    return next(f"/abc/tiny/engl/{file.origin}" for file in pair.files if file.sha256)


def test_a_fetched_pair_translates(pair: Entry, file_server: FileServer, tmp_path: Path) -> None:
    told = fetch_pair(pair, tmp_path, file_server.url)
    assert told[-1].step == told[-1].total == pair.download_bytes
    assert [step.step for step in told] == sorted(step.step for step in told)
    (spec,) = library.scan(tmp_path).models
    (folder,) = spec.paths

    from fxtranslate import Translator

    vocabulary = (folder / "vocab.engl.spm").read_bytes()
    translator = Translator((folder / "model.engl.intgemm.alphas.bin").read_bytes(), vocabulary, vocabulary)
    assert "casa" in translator.translate("The house is small.")
    assert left_in(tmp_path / ".partial") == []


def test_a_connection_that_is_cut_three_times_is_taken_up_where_it_broke(
    pair: Entry, file_server: FileServer, tmp_path: Path
) -> None:
    url = model_url(pair)
    file_server.cuts[url] = [1_000_000, 2_000_000, 3_000_000]
    fetch_pair(pair, tmp_path, file_server.url)
    first, *later = file_server.ranges_of(url)
    assert first is None
    assert len(later) == 3 and all(asked and asked.startswith("bytes=") for asked in later)
    starts = [int((asked or "").removeprefix("bytes=").removesuffix("-")) for asked in later]
    assert starts == sorted(starts) and 0 < starts[0] <= 1_000_000 and 3_000_000 < starts[-1] <= 6_000_000
    assert len(library.scan(tmp_path).models) == 1


def test_a_server_that_always_cuts_is_given_up(pair: Entry, file_server: FileServer, tmp_path: Path) -> None:
    file_server.cuts[model_url(pair)] = [1000] * 50
    with pytest.raises(DownloadFailed, match="English to Galician"):
        fetch_pair(pair, tmp_path, file_server.url)
    assert left_in(tmp_path) == []
    assert len(file_server.cuts[model_url(pair)]) >= 44


def test_a_wrong_checksum_is_refused_and_leaves_nothing(pair: Entry, file_server: FileServer, tmp_path: Path) -> None:
    content = bytearray(file_server.files[model_url(pair)])
    content[5_000_000] ^= 1
    file_server.files[model_url(pair)] = bytes(content)
    with pytest.raises(DownloadFailed, match="checksum"):
        fetch_pair(pair, tmp_path, file_server.url)
    assert left_in(tmp_path) == []


def test_a_right_package_of_a_wrong_model_is_refused(pair: Entry, file_server: FileServer, tmp_path: Path) -> None:
    wrong = tuple(
        ModelFile(
            path=file.path,
            origin=file.origin,
            size_bytes=file.size_bytes,
            sha256="0" * 64 if file.sha256 else "",
            packed_bytes=file.packed_bytes,
            packed_sha256=file.packed_sha256,
        )
        for file in pair.files
    )
    changed = Entry(id=pair.id, engine="firefox", kind="translation", title="x", source=pair.source, files=wrong)
    with pytest.raises(DownloadFailed, match="its checksum is wrong"):
        fetch_pair(changed, tmp_path, file_server.url)
    assert left_in(tmp_path) == []


def test_a_gzip_bomb_fills_no_disk(file_server: FileServer, tmp_path: Path) -> None:
    bomb = gzip.compress(bytes(50_000_000), 9)
    file_server.files["/abc/tiny/engl/vocab.spm.gz"] = bomb
    entry = Entry(
        id="bomb",
        engine="firefox",
        kind="translation",
        title="Bomb",
        source=Source(type="firefox", name="tiny/engl", revision="abc"),
        files=(ModelFile(path="vocab.spm", origin="vocab.spm.gz", packed_bytes=len(bomb), packed_sha256=sha256(bomb)),),
    )
    with pytest.raises(DownloadFailed, match=r"unpacks to more than 97\d,\d+ bytes"):
        fetch_pair(entry, tmp_path, file_server.url)
    assert left_in(tmp_path) == []


def test_offline_is_one_sentence_that_says_what_to_do(pair: Entry, nobody: str, tmp_path: Path) -> None:
    with pytest.raises(DownloadFailed) as failed:
        fetch_pair(pair, tmp_path, nobody)
    host = nobody.removeprefix("http://")
    assert failed.value.message == (
        f"English to Galician could not be downloaded: {host} does not answer. Connect to the network and try again, "
        "or set HEARTH_FIREFOX_URL to a mirror that this machine reaches."
    )
    assert left_in(tmp_path) == []


def test_a_missing_file_is_told_with_the_servers_answer(file_server: FileServer, tmp_path: Path) -> None:
    with pytest.raises(DownloadFailed, match="answered 404"):
        fetch_pair(load_catalogue()["firefox-en-pl"], tmp_path, file_server.url)
    assert len(file_server.asked) == 1


def test_stopping_ends_a_download_whose_server_stalls(
    pair: Entry, file_server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_file, "_TIMEOUT_S", 150)  # longer than the server stalls
    file_server.stalls.add(model_url(pair))
    stop = Stop()
    # All that was sent has been written but for less than one piece: the reader waits for more.
    written = len(file_server.files[model_url(pair)]) // 2 - 300_000
    part = tmp_path / ".partial" / pair.id / "model.engl.intgemm.alphas.bin.gz.part"

    def press() -> None:
        while not part.exists() or part.stat().st_size < written:
            file_server.go_on.wait(0.01)
        stop.set()

    presser = threading.Thread(target=press)
    presser.start()
    fetch_pair(pair, tmp_path, file_server.url, stop)
    assert not file_server.gave_up.is_set(), "it waited for the server"
    presser.join()
    assert left_in(tmp_path) == []
    assert library.scan(tmp_path).models == ()


def pull(file_server: FileServer, lines: list[dict[str, object]], tmp_path: Path) -> list[Progress]:
    file_server.files["/api/pull"] = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    entry = load_catalogue()["ollama/gemma3:4b"]
    return list(library.install(entry, tmp_path, Stop(), sources.table(ollama_host=file_server.url)))


def test_a_pull_tells_the_bytes_of_all_its_layers(file_server: FileServer, tmp_path: Path) -> None:
    told = pull(
        file_server,
        [
            {"status": "pulling manifest"},
            {"status": "pulling a", "digest": "a", "total": 4_000_000_000, "completed": 1_000_000_000},
            {"status": "pulling a", "digest": "a", "total": 4_000_000_000, "completed": 4_000_000_000},
            {"status": "pulling b", "digest": "b", "total": 500, "completed": 500},
            {"status": "success"},
        ],
        tmp_path,
    )
    assert [progress.step for progress in told] == [0, 1_000_000_000, 4_000_000_000, 4_000_000_500, 4_000_000_500]
    assert told[-1].total == 4_000_000_500
    assert left_in(tmp_path) == []


def test_what_ollama_cannot_pull_is_told(file_server: FileServer, nobody: str, tmp_path: Path) -> None:
    with pytest.raises(DownloadFailed, match="pull model manifest: file does not exist"):
        pull(file_server, [{"error": "pull model manifest: file does not exist"}], tmp_path)
    entry = load_catalogue()["ollama/gemma3:4b"]
    with pytest.raises(DownloadFailed, match=r"No Ollama server answers.*ollama serve"):
        list(library.install(entry, tmp_path, Stop(), sources.table(ollama_host=nobody)))
