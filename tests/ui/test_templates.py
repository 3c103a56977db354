"""The drawer of prompt templates and the list behind ``/``."""

import json
import re
from html import unescape
from pathlib import Path

import gradio as gr

from studio import Studio
from tests.ui.conftest import Asked
from ui.templates import ChatTemplates


def templates_of(studio: Studio) -> ChatTemplates:
    templates = ChatTemplates(studio)
    with gr.Blocks():
        templates.build_list()
        templates.build_drawer()
    return templates


def test_what_is_kept_is_in_the_list_with_its_variables_until_it_is_forgotten(echo: Studio, ask: Asked) -> None:
    drawer = templates_of(echo)
    kept = drawer.keep("Greet", "Say {{word|<b>hi</b>}}.", ask())
    assert "“Greet” is saved." in str(kept[drawer.told])
    drawn = str(kept[drawer.list])
    assert "<b>" not in drawn and "{{" not in drawn  # what Gradio would fill in, and what HTML would
    [first, *_] = re.findall(r'data-variables="([^"]*)"', drawn)
    assert json.loads(unescape(first)) == [["word", "<b>hi</b>"]]
    assert "templates/export" in str(kept[drawer.export])

    assert drawer.choose("  greet ", ask())[drawer.text] == "Say {{word|<b>hi</b>}}."
    changed = drawer.keep("greet", "Now {{that}}.", ask())
    assert "Greet" in str(changed[drawer.told]) and echo.templates.all("local")[0].text == "Now {{that}}."
    assert "Greet" not in str(drawer.load(ask(owner="bob"))[drawer.list])
    gone = drawer.forget("Greet", ask())
    assert "Greet" not in str(gone[drawer.list]) and gone[drawer.text] == ""
    assert "Choose a template" in str(drawer.forget("Greet", ask())[drawer.told])
    assert "name has 0 characters" in str(drawer.keep(None, "text", ask())[drawer.told])


def test_the_templates_that_come_along_are_in_the_pages_language_and_come_back(echo: Studio, ask: Asked) -> None:
    drawer = templates_of(echo)
    assert "Streść tekst" in str(drawer.load(ask(language="pl"))[drawer.list])
    assert "Summarise a text" in str(drawer.load(ask())[drawer.list])
    assert "Summarise a text" not in str(drawer.forget("Summarise a text", ask())[drawer.list])
    assert "Summarise a text" in str(drawer.bring_back(ask())[drawer.list])


async def test_a_file_is_imported_and_a_damaged_one_named(echo: Studio, ask: Asked, tmp_path: Path) -> None:
    drawer = templates_of(echo)
    file = tmp_path / "prompts.json"
    for content, told in (
        ('[{"command": "/a", "title": "A", "content": "Do {{this}}."}]', "1 new template was imported."),
        ('[{"command": "/a",\n}', "damaged at line 2"),
    ):
        file.write_text(content)
        assert told in str((await drawer.take_file(str(file), ask()))[drawer.told])
        assert not file.exists()
