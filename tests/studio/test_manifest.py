"""Names that become paths: whatever could lead out of the models folder is refused."""

from pathlib import Path

import pytest

from contract.engine import Stop
from contract.errors import InvalidRequest, NotFound
from contract.models import ModelSpec
from studio import library
from studio.catalogue import load_catalogue
from studio.manifest import folder_name, inside, model_id_of
from tests.studio.test_library import bring, entry

BAD_NAMES = [
    "..",
    ".",
    "",
    "../etc",
    "a/../b",
    "a/..",
    "/etc/passwd",
    "a//b",
    "a/",
    "%2e%2e/etc",
    "a%2fb",
    "..%2fetc",
    "a\\b",
    "..\\etc",
    "c:/models",
    "c:models",
    "c:\\models",
    "a\x00b",
    "a\nb",
    "a b",
    "~root",
    "-rf",
    ".hidden",
    "a/.",
    "nul",
    "aux.txt",
    "hf:con/x",
    "a.",
    "x" * 201,
    "toy$(touch x)",
    "żółw",
    "TOY",
    "a+b",
    "a=b",
]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_name_that_is_no_name_is_refused_and_nothing_is_written(tmp_path: Path, name: str) -> None:
    models = tmp_path / "models"
    models.mkdir()
    with pytest.raises(InvalidRequest):
        folder_name(name)
    with pytest.raises(InvalidRequest):
        next(library.install(entry(name), models, Stop(), bring()))
    with pytest.raises(InvalidRequest):
        library.remove(ModelSpec(id=name, engine="firefox", kind="chat", title=""), models)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("name", [name for name in BAD_NAMES if name != "TOY"])
def test_a_bad_name_is_refused_before_any_source_is_asked(name: str) -> None:
    with pytest.raises(InvalidRequest):
        library.entry_for(name)


def test_different_ids_have_different_folders() -> None:
    names = ["a/b", "a-b", "a_b", "a.b", "hf:a/b", "hf/a:b", "aa:b", "aa/b", *load_catalogue()]
    assert len({folder_name(name) for name in names}) == len(names)
    assert all(model_id_of(folder_name(name)) == name for name in names)


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "a/../../x", "a/../b", "c:x", "a\\..\\x", "a\x00", "", ".."])
def test_a_file_name_that_leads_out_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(InvalidRequest, match="leads out"):
        inside(tmp_path / "folder", path)


def test_a_link_in_place_of_a_models_folder_is_refused(tmp_path: Path) -> None:
    models, elsewhere = tmp_path / "models", tmp_path / "elsewhere"
    (models / "firefox").mkdir(parents=True)
    elsewhere.mkdir()
    (elsewhere / "keep.txt").write_text("keep")
    (models / "firefox" / "toy").symlink_to(elsewhere)
    with pytest.raises(InvalidRequest, match="link"):
        next(library.install(entry(), models, Stop(), bring()))
    with pytest.raises(NotFound):
        library.remove(ModelSpec(id="toy", engine="firefox", kind="translation", title=""), models)
    assert (elsewhere / "keep.txt").read_text() == "keep"


def test_a_link_in_place_of_an_engines_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "models" / "firefox").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InvalidRequest, match="link"):
        next(library.install(entry(), tmp_path / "models", Stop(), bring()))
