"""Models that come along with Hearth: copied whole, checked, and stepping back before any other."""

import shutil
from pathlib import Path

import pytest

from contract.engine import Stop
from contract.errors import DownloadFailed
from studio import library
from studio.catalogue import load_catalogue
from studio.sources import included
from studio.starters import ensure_starters, missing_starters
from tests.echo_models import install_echo
from tests.studio.conftest import left_in
from tests.studio.painting import opened

pytest.importorskip("diffusers", reason="the light profile has no diffusers")
ICONS = load_catalogue()["hearth-icons"]


def test_it_is_installed_without_a_network_and_told_in_bytes(tmp_path: Path) -> None:
    told = list(library.install(ICONS, tmp_path, Stop()))
    assert [each.total for each in told] == [ICONS.size_bytes] * len(told)
    assert [each.step for each in told] == sorted(each.step for each in told)
    (spec,) = library.scan(tmp_path).models
    assert (spec.id, spec.engine, spec.kind) == ("hearth-icons", "diffusers", "image")
    assert spec.size_bytes == ICONS.size_bytes > 10_000_000


def test_a_file_that_was_changed_or_lost_is_refused_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(included.DATA / "hearth-icons", tmp_path / "data" / "hearth-icons")
    monkeypatch.setattr(included, "DATA", tmp_path / "data")
    config = tmp_path / "data" / "hearth-icons" / "unet" / "config.json"
    config.write_text(config.read_text(encoding="utf-8").replace("0", "1", 1), encoding="utf-8")
    with pytest.raises(DownloadFailed, match=r"unet/config\.json .* Install Hearth again"):
        list(library.install(ICONS, tmp_path / "models", Stop()))
    config.unlink()
    with pytest.raises(DownloadFailed, match=r"unet/config\.json"):
        list(library.install(ICONS, tmp_path / "models", Stop()))
    assert left_in(tmp_path / "models") == []


def test_one_that_is_stopped_leaves_nothing(tmp_path: Path) -> None:
    stop = Stop()
    for _ in library.install(ICONS, tmp_path, stop):
        stop.set()
    assert left_in(tmp_path) == []


def test_it_is_a_starter_only_where_an_engine_can_load_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "hearth-icons" in {entry.id for entry in missing_starters(tmp_path)}
    monkeypatch.setattr("studio.starters.missing", lambda engine: ["torch"] if engine.extra else [])
    assert "hearth-icons" not in {entry.id for entry in missing_starters(tmp_path)}


def test_a_start_without_a_network_has_it_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studio.starters.starters", lambda: (ICONS,))
    assert ensure_starters(tmp_path, lambda name, progress: None) == {}
    assert missing_starters(tmp_path) == []


def test_another_version_takes_the_place_of_the_one_that_is_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio.starters.starters", lambda: (ICONS,))
    assert ensure_starters(tmp_path, lambda name, progress: None) == {}
    manifest = next(tmp_path.rglob("hearth.json"))
    newest = manifest.read_text(encoding="utf-8")
    manifest.write_text(newest.replace(ICONS.files[0].sha256, "0" * 64), encoding="utf-8")
    assert missing_starters(tmp_path) == [ICONS]
    assert ensure_starters(tmp_path, lambda name, progress: None) == {}
    assert manifest.read_text(encoding="utf-8") == newest


def test_whatever_else_draws_is_taken_before_it_unless_it_is_chosen(tmp_path: Path) -> None:
    list(library.install(ICONS, tmp_path / "models", Stop()))
    with opened(tmp_path) as studio:
        assert studio.registry.default("image").id == "hearth-icons"
        install_echo(tmp_path, "painter", "image")
        studio.registry.refresh()
        assert studio.registry.default("image").id == "painter"
        studio.registry.set_default("image", "hearth-icons")
        assert studio.registry.default("image").id == "hearth-icons"
        assert [info.spec.id for info in studio.models() if info.is_default] == ["hearth-icons"]
