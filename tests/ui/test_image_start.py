"""What the Images panel says before the first picture: an example, a larger model, or what is missing."""

from pathlib import Path

import pytest

import engines
from contract.engine import Stop
from studio import Caller, Settings, Studio, library
from studio.catalogue import load_catalogue
from tests.echo_models import install_echo
from tests.ui.conftest import Asked
from tests.ui.test_panels import laid_out
from ui.images import ImagesPanel
from ui.words import words_of

LOCAL = Caller(via="ui")


def test_without_the_packages_for_pictures_the_panel_says_what_adds_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: Asked
) -> None:
    with Studio.open(Settings(data_dir=tmp_path, ollama_host="http://127.0.0.1:9")) as studio:
        panel = laid_out(ImagesPanel, studio)
        offered = panel.start.drawn(words_of(ask()), LOCAL)
        assert "SD-Turbo (2.6 GB)" in offered and 'data-act="fetch"' in offered and "of memory" in offered
        assert 'data-act="fetch"' not in panel.start.drawn(words_of(ask()), Caller(owner="guest", role="user"))
        monkeypatch.setattr(engines, "missing", lambda engine: ["torch"] if engine.extra else [])
        assert "make install PROFILE=full" in panel.start.drawn(words_of(ask()), LOCAL)
        assert "make install PROFILE=full" in studio.health().parts["diffusers"].message


def test_the_starter_offers_what_it_can_draw_and_a_larger_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: Asked
) -> None:
    pytest.importorskip("diffusers", reason="the light profile has no diffusers")
    for _ in library.install(load_catalogue()["hearth-icons"], tmp_path / "models", Stop()):
        pass
    with Studio.open(Settings(data_dir=tmp_path, ollama_host="http://127.0.0.1:9")) as studio:
        panel = laid_out(ImagesPanel, studio)
        words = words_of(ask())
        shown = panel.start.drawn(words, LOCAL)
        assert "red apple" in shown and 'data-act="fetch"' in shown and "SD-Turbo (2.6 GB)" in shown
        assert "SD-Turbo" not in panel.start.drawn(words, Caller(owner="guest", role="user"))
        hint = str(panel.form.tell(None, words)[panel.form.hint])
        assert "icons, not photographs" in hint and 'data-act="tab"' in hint
        install_echo(tmp_path, "painter", "image")
        studio.registry.refresh()
        assert "red apple" not in panel.start.drawn(words, LOCAL)
        assert 'data-act="tab"' not in str(panel.form.tell(None, words)[panel.form.hint])
        studio.registry.set_default("image", "hearth-icons")
        monkeypatch.setattr(engines, "missing", lambda engine: ["torch"] if engine.extra else [])
        assert "make install PROFILE=full" in panel.start.drawn(words, LOCAL)
