"""Model files as bad days leave them: missing, empty, cut off, not theirs, a folder instead. Never a crash."""

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from contract.errors import ModelDamaged
from contract.models import ModelSpec
from engines import ENGINES
from tests.engines.cases import Case, run


def gone(file: Path, original: Path) -> None:
    pass


def empty(file: Path, original: Path) -> None:
    file.write_bytes(b"")


def cut_at_the_start(file: Path, original: Path) -> None:
    file.write_bytes(original.read_bytes()[:100])


def cut_in_the_middle(file: Path, original: Path) -> None:
    content = original.read_bytes()
    file.write_bytes(content[: len(content) // 2])


def a_web_page(file: Path, original: Path) -> None:
    file.write_text("<!doctype html><title>Sign in</title><p>Please sign in to the network.</p>" * 200)


def random_bytes(file: Path, original: Path) -> None:
    file.write_bytes(os.urandom(min(original.stat().st_size, 300_000)))


def a_folder(file: Path, original: Path) -> None:
    file.mkdir()


WAYS = (gone, empty, cut_at_the_start, cut_in_the_middle, a_web_page, random_bytes, a_folder)


def copy(case: Case, target: Path) -> tuple[ModelSpec, Path]:
    """Link a model's files into another folder; returns the spec of that and the folder.

    They are the originals: remove one before another is written in its place.
    """
    first = case.spec.paths[0]
    folder = first if first.is_dir() else first.parent
    shutil.copytree(folder, target, copy_function=os.link)
    return replace(case.spec, paths=tuple(target / path.relative_to(folder) for path in case.spec.paths)), target


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_each_file_that_is_damaged_in_any_way_gives_one_sentence_of_what_to_do(
    local_case: Case, tmp_path: Path, way: Callable[[Path, Path], None], capfd: pytest.CaptureFixture[str]
) -> None:
    first = local_case.spec.paths[0]
    source = first if first.is_dir() else first.parent
    spec, folder = copy(local_case, tmp_path / "model")
    for original in local_case.files:
        if way is gone and original.name.startswith("lex"):
            continue  # the shortlist of words is optional
        file = folder / original.relative_to(source)
        file.unlink()
        way(file, original)
        engine = ENGINES[spec.engine](spec, threads=1)
        with pytest.raises(ModelDamaged) as caught:
            engine.load()
        message = caught.value.message
        assert spec.id in message and "install it again" in message, message
        assert "\n" not in message and "Traceback" not in message and len(message) < 350, message
        engine.unload()
        shutil.rmtree(file) if file.is_dir() else file.unlink(missing_ok=True)
        os.link(original, file)
    assert "Traceback" not in capfd.readouterr().err


def test_what_was_repaired_loads(local_case: Case, tmp_path: Path) -> None:
    spec, folder = copy(local_case, tmp_path / "model")
    first = local_case.spec.paths[0]
    original = local_case.files[0]
    file = folder / original.relative_to(first if first.is_dir() else first.parent)
    engine = ENGINES[spec.engine](spec, threads=1)
    file.unlink()
    cut_at_the_start(file, original)
    with pytest.raises(ModelDamaged):
        engine.load()
    file.unlink()
    os.link(original, file)
    engine.load()
    assert run(engine, local_case.request)
    engine.unload()


def test_a_place_where_nothing_is_is_named(local_case: Case, tmp_path: Path) -> None:
    spec = replace(local_case.spec, paths=(tmp_path / "nowhere",))
    with pytest.raises(ModelDamaged, match="nowhere, but nothing is there"):
        ENGINES[spec.engine](spec).load()
    with pytest.raises(ModelDamaged, match="names no file"):
        ENGINES[spec.engine](replace(spec, paths=())).load()


def test_a_folder_for_a_file_and_a_file_for_a_folder_are_refused(local_case: Case, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("not a model")
    for name in ("folder", "file"):
        with pytest.raises(ModelDamaged, match="install it again"):
            ENGINES[local_case.spec.engine](replace(local_case.spec, paths=(tmp_path / name,))).load()


@pytest.mark.parametrize("at", [16, 24, 32, 40, 48, 1_000, 5_000])
def test_a_translation_model_with_a_damaged_head_is_refused_and_does_not_end_the_process(
    specs: dict[str, ModelSpec], tmp_path: Path, at: int
) -> None:
    spec = specs["firefox-en-pt"]
    shutil.copytree(spec.paths[0], tmp_path / "model")
    file = next((tmp_path / "model").glob("model*.bin"))
    content = bytearray(file.read_bytes())
    content[at : at + 8] = b"\xff\xff\xff\x7f\xff\xff\xff\x7f"
    file.write_bytes(content)
    with pytest.raises(ModelDamaged, match="cut off or damaged"):
        ENGINES["firefox"](replace(spec, paths=(tmp_path / "model",))).load()


def test_a_pickle_beside_the_weights_is_refused_before_anything_is_read(pipeline: Path, tmp_path: Path) -> None:
    shutil.copytree(pipeline, tmp_path / "model")
    (tmp_path / "model" / "unet" / "diffusion_pytorch_model.bin").write_bytes(b"\x80\x04N.")
    spec = ModelSpec(id="pickled", engine="diffusers", kind="image", title="Pickled", paths=(tmp_path / "model",))
    with pytest.raises(ModelDamaged, match="is a pickle"):
        ENGINES["diffusers"](spec).load()
