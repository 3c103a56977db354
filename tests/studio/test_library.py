"""Installing, finding and removing models: whole or not at all, and never outside the folder."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from contract.engine import Stop
from contract.errors import Conflict, DownloadFailed, NotFound, StorageFailed
from contract.events import Progress
from contract.models import ModelSpec
from studio import library
from studio.catalogue import Entry, ModelFile, Source, load_catalogue
from studio.manifest import read
from studio.starters import ensure_starters, missing_starters
from tests.studio.conftest import FileServer, left_in, starters_here

CONTENT = b"the model's only file\n"


def entry(model_id: str = "toy", content: bytes = CONTENT, **changes: object) -> Entry:
    values: dict[str, object] = {
        "id": model_id,
        "engine": "firefox",
        "kind": "translation",
        "title": "Toy",
        "source": Source(type="wheel", name="toy"),
        "files": (ModelFile(path="a.txt", size_bytes=len(content)),),
        "source_lang": "en",
        "target_lang": "pl",
        "languages": ("en", "pl"),
        "licence": "MIT",
    }
    return Entry(**(values | changes))  # type: ignore[arg-type]


def bring(content: bytes = CONTENT, fail: Exception | None = None):
    """A source that brings one file, or breaks after it."""

    def fetch(entry: Entry, into: Path, stop: Stop) -> Generator[Progress, None, tuple[ModelFile, ...]]:
        (into / "a.txt").write_bytes(content)
        yield Progress(len(content), len(content), "a.txt")
        if fail is not None:
            raise fail
        return (ModelFile(path="a.txt", size_bytes=len(content), sha256=hashlib.sha256(content).hexdigest()),)

    return {"wheel": fetch}


def install(models: Path, model_id: str = "toy", **changes: object) -> ModelSpec:
    list(library.install(entry(model_id, **changes), models, Stop(), bring()))
    return next(spec for spec in library.scan(models).models if spec.id == model_id)


def test_an_installed_model_is_found_with_all_that_is_known_of_it(tmp_path: Path) -> None:
    spec = install(tmp_path)
    assert spec.paths == (tmp_path / "firefox" / "toy",)
    assert (spec.source_lang, spec.target_lang, spec.languages, spec.licence) == ("en", "pl", ("en", "pl"), "MIT")
    assert spec.size_bytes == len(CONTENT)
    assert (tmp_path / "firefox" / "toy" / "a.txt").read_bytes() == CONTENT
    assert library.scan(tmp_path).damaged == ()


def test_installing_what_is_whole_fetches_nothing_again(tmp_path: Path) -> None:
    install(tmp_path)
    again = library.install(entry(), tmp_path, Stop(), bring(fail=AssertionError("fetched again")))
    assert list(again) == []


def test_a_failed_download_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(DownloadFailed):
        list(library.install(entry(), tmp_path, Stop(), bring(fail=DownloadFailed("no"))))
    assert left_in(tmp_path) == []
    assert install(tmp_path)


def test_a_stopped_download_leaves_nothing(tmp_path: Path) -> None:
    stop = Stop()
    for _ in library.install(entry(), tmp_path, stop, bring()):
        stop.set()
    assert left_in(tmp_path) == []
    assert library.scan(tmp_path).models == ()


def test_a_download_that_nobody_waits_for_any_more_leaves_nothing(tmp_path: Path) -> None:
    running = library.install(entry(), tmp_path, Stop(), bring())
    next(running)
    running.close()
    assert left_in(tmp_path) == []


def test_the_same_model_is_not_downloaded_twice_at_once(tmp_path: Path) -> None:
    first = library.install(entry(), tmp_path, Stop(), bring())
    next(first)
    with pytest.raises(Conflict, match="already"):
        next(library.install(entry(), tmp_path, Stop(), bring()))
    assert list(first) == []
    assert len(library.scan(tmp_path).models) == 1


def test_a_full_disk_is_told_before_anything_is_fetched(tmp_path: Path) -> None:
    huge = entry(files=(), size_bytes=10**18)
    with pytest.raises(StorageFailed, match=r"1,000,000,000,\d+ MB .* HEARTH_DATA_DIR"):
        next(library.install(huge, tmp_path, Stop(), bring()))


def test_a_models_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file where the folder should be")
    with pytest.raises(StorageFailed, match="can't be written"):
        next(library.install(entry(), tmp_path / "models", Stop(), bring()))


def test_a_damaged_model_is_replaced_by_installing_it_again(tmp_path: Path) -> None:
    spec = install(tmp_path)
    (spec.paths[0] / "a.txt").write_bytes(b"shorter")
    assert [item.id for item in library.scan(tmp_path).damaged] == ["toy"]
    assert install(tmp_path).id == "toy"
    assert library.scan(tmp_path).damaged == ()


def break_json(folder: Path) -> None:
    (folder / "hearth.json").write_text('{"id": "toy", "files": [')


def lose_file(folder: Path) -> None:
    (folder / "a.txt").unlink()


def lose_field(folder: Path) -> None:
    value = json.loads((folder / "hearth.json").read_text())
    del value["title"]
    (folder / "hearth.json").write_text(json.dumps(value))


def be_a_list(folder: Path) -> None:
    (folder / "hearth.json").write_text("[1, 2]")


def be_binary(folder: Path) -> None:
    (folder / "hearth.json").write_bytes(b"\x80\x04\xff\x00")


def name_a_file_outside(folder: Path) -> None:
    outside = folder.parent / "secret.txt"
    outside.write_bytes(CONTENT)
    value = json.loads((folder / "hearth.json").read_text())
    value["files"][0]["path"] = "../secret.txt"
    (folder / "hearth.json").write_text(json.dumps(value))


def load_a_path_outside(folder: Path) -> None:
    value = json.loads((folder / "hearth.json").read_text())
    value["paths"] = ["/etc/passwd"]
    (folder / "hearth.json").write_text(json.dumps(value))


def link_out(folder: Path) -> None:
    outside = folder.parent / "secret.txt"
    outside.write_bytes(CONTENT)
    (folder / "a.txt").unlink()
    (folder / "a.txt").symlink_to(outside)


@pytest.mark.parametrize(
    "damage",
    [
        break_json,
        lose_file,
        lose_field,
        be_a_list,
        be_binary,
        name_a_file_outside,
        load_a_path_outside,
        link_out,
    ],
)
def test_a_damaged_model_is_reported_and_the_others_are_found(tmp_path: Path, damage) -> None:
    install(tmp_path, "good")
    damage(install(tmp_path).paths[0])
    found = library.scan(tmp_path)
    assert [spec.id for spec in found.models] == ["good"]
    assert [item.id for item in found.damaged] == ["toy"]
    assert "Remove it and download it again" in found.damaged[0].message


def test_a_folder_without_a_manifest_and_a_partial_one_are_no_models(tmp_path: Path) -> None:
    (tmp_path / "firefox" / "half").mkdir(parents=True)
    (tmp_path / "firefox" / "half" / "model.bin").write_bytes(b"half")
    shutil.copytree(install(tmp_path).paths[0], tmp_path / ".partial" / "copy")
    assert [spec.id for spec in library.scan(tmp_path).models] == ["toy"]
    assert library.scan(tmp_path).damaged == ()


def test_removing_a_model_frees_its_bytes_and_touches_no_other(tmp_path: Path) -> None:
    spec = install(tmp_path)
    install(tmp_path, "toy-2")
    size = sum(path.stat().st_size for path in spec.paths[0].iterdir())
    assert library.remove(spec, tmp_path) == size
    assert [left.id for left in library.scan(tmp_path).models] == ["toy-2"]
    with pytest.raises(NotFound):
        library.remove(spec, tmp_path)


def test_pairs_go_directly_or_through_english(tmp_path: Path) -> None:
    pairs = {(pair.source, pair.target): pair for pair in library.pairs(load_catalogue(), [])}
    assert pairs["en", "pl"].models == ("firefox-en-pl",)
    assert pairs["en", "pl"].via is None
    both = pairs["pl", "pt"]
    assert (both.models, both.via, both.installed) == (("firefox-pl-en", "firefox-en-pt"), "en", False)
    assert both.size_bytes == pairs["pl", "en"].size_bytes + pairs["en", "pt"].size_bytes
    assert ("vi", "en") in pairs and ("en", "vi") not in pairs and ("pl", "vi") not in pairs
    assert all(source != target for source, target in pairs)


def test_a_pair_is_installed_once_each_of_its_models_is() -> None:
    def spec(source: str, target: str) -> ModelSpec:
        return ModelSpec(
            id=f"my-{source}-{target}",
            engine="firefox",
            kind="translation",
            title="",
            source_lang=source,
            target_lang=target,
        )

    def pair(*specs: ModelSpec) -> library.Pair:
        found = library.find_pair(load_catalogue(), specs, "pl", "pt")
        assert found == {(p.source, p.target): p for p in library.pairs(load_catalogue(), specs)}["pl", "pt"]
        assert found is not None
        return found

    assert pair(spec("pl", "en")).models == ("my-pl-en", "firefox-en-pt")
    assert not pair(spec("pl", "en")).installed
    whole = pair(spec("pl", "en"), spec("en", "pt"))
    assert (whole.installed, whole.size_bytes, whole.models) == (True, 0, ("my-pl-en", "my-en-pt"))
    assert pair(spec("pl", "pt")).via is None


def test_no_pair_is_made_of_one_language_or_of_unknown_ones() -> None:
    assert library.find_pair(load_catalogue(), [], "pl", "pl") is None
    assert library.find_pair(load_catalogue(), [], "en", "xx") is None


def test_the_starters_are_whole_and_their_checksums_right(starters: Path) -> None:
    found = {spec.id: spec for spec in library.scan(starters).models}
    for wanted in starters_here():
        folder = starters / wanted.engine / wanted.id
        for file in wanted.files:
            with (folder / file.path).open("rb") as opened:
                assert hashlib.file_digest(opened, "sha256").hexdigest() == file.sha256
        assert found[wanted.id].size_bytes == wanted.size_bytes
    assert [path.name for path in found["en_us-joe-medium"].paths] == [
        "en_US-joe-medium.onnx",
        "en_US-joe-medium.onnx.json",
    ]
    assert found["smollm2-135m"].paths[0].suffix == ".gguf"


def test_starters_that_are_here_are_not_asked_for_again(starters: Path) -> None:
    assert ensure_starters(starters, lambda name, progress: pytest.fail(f"{name} was fetched")) == {}


def test_starters_that_cannot_be_fetched_are_told_each_and_leave_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    failed = ensure_starters(tmp_path / "models", lambda name, progress: None)
    assert set(failed) == {entry.id for entry in missing_starters(tmp_path / "models")}
    assert len(failed) == 6
    assert all("PIP_FIND_LINKS" in exc.message for exc in failed.values())
    left = {path.relative_to(tmp_path / "models").parts[1] for path in left_in(tmp_path / "models")}
    assert left == {entry.id for entry in starters_here() if entry.source.type == "included"}, "what came along is here"


KILLED = """
import sys
from pathlib import Path
from contract.engine import Stop
from studio import library, sources
from studio.catalogue import Entry, ModelFile, Source
model = Entry(
    id="toy", engine="firefox", kind="translation", title="Toy",
    source=Source(type="firefox", name="tiny/enxx", revision="1"),
    files=(ModelFile(
        path="model.bin", origin="model.bin.gz", packed_bytes=int(sys.argv[3]), packed_sha256=sys.argv[4]
    ),),
)
for progress in library.install(model, Path(sys.argv[1]), Stop(), sources.table(firefox_url=sys.argv[2])):
    print(progress.step, flush=True)
"""


def test_a_download_cut_off_by_kill_9_goes_on_where_it_was(tmp_path: Path, file_server: FileServer) -> None:
    packed = os.urandom(4_000_000)
    file_server.files["/tiny/enxx/model.bin.gz"] = packed
    file_server.stalls.add("/tiny/enxx/model.bin.gz")
    models, digest = tmp_path / "models", hashlib.sha256(packed).hexdigest()
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(models), file_server.url, str(len(packed)), digest],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    with process.stdout:
        assert file_server.stalled.wait(30)
        part = models / ".partial" / "toy" / "model.bin.gz.part"
        while not (part.exists() and part.stat().st_size):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert library.scan(models).models == ()
    had = part.stat().st_size
    assert 0 < had < len(packed)

    file_server.stalls.clear()
    again = subprocess.run(
        [sys.executable, "-c", KILLED, str(models), file_server.url, str(len(packed)), digest],
        capture_output=True,
        text=True,
    )
    assert file_server.ranges_of("/tiny/enxx/model.bin.gz") == [None, f"bytes={had}-"]
    # It is no real model, so it is refused at the end, after the download: and nothing of it is left.
    assert "not a whole gzip file" in again.stderr
    assert left_in(models) == []


def test_reading_a_folder_tells_the_model(tmp_path: Path) -> None:
    assert read(install(tmp_path).paths[0]).id == "toy"
