"""Prompt templates: variables, an owner's own beside the built-in ones, files in and out."""

import json

import pytest

from studio import Conflict, InputTooLarge, InvalidRequest, NotFound, Studio, Variable
from studio.built_in_templates import BUILT_IN

OWN = ("Greet", "Say {{greeting|hello}} to {{ name }}, {{greeting}} again. {not one} {{}} {{two\nlines}}")


def names(studio: Studio, owner: str = "local", language: str = "en") -> list[str]:
    return [template.name for template in studio.templates.all(owner, language)]


def test_variables_are_found_once_each_with_their_default(echo_studio: Studio) -> None:
    made = echo_studio.templates.add("local", *OWN)
    assert made.variables == (Variable("greeting", "hello"), Variable("name"))
    assert echo_studio.templates.get(made.id, "local") == made


def test_every_built_in_template_is_there_in_both_languages_and_asks_for_something(echo_studio: Studio) -> None:
    assert [key for key, _, _ in BUILT_IN["en"]] == [key for key, _, _ in BUILT_IN["pl"]]
    for language in ("en", "pl"):
        found = echo_studio.templates.all("local", language)
        assert len(found) == len(BUILT_IN[language])
        assert all(template.built_in and template.variables for template in found)


def test_a_template_is_its_owners_alone(echo_studio: Studio) -> None:
    made = echo_studio.templates.add("anna", *OWN)
    assert "Greet" in names(echo_studio, "anna") and "Greet" not in names(echo_studio, "bob")
    for act in (
        lambda: echo_studio.templates.get(made.id, "bob"),
        lambda: echo_studio.templates.change(made.id, "bob", "Mine", "now"),
        lambda: echo_studio.templates.delete(made.id, "bob"),
    ):
        with pytest.raises(NotFound):
            act()
    assert echo_studio.templates.get(made.id, "anna") == made


def test_a_name_is_taken_whatever_its_case(echo_studio: Studio) -> None:
    made = echo_studio.templates.add("local", "Żaba", "text")
    with pytest.raises(Conflict, match="żABA"):
        echo_studio.templates.add("local", "żABA", "other")
    changed = echo_studio.templates.change(made.id, "local", "żaba", "new text")
    assert (changed.name, changed.text) == ("żaba", "new text")


@pytest.mark.parametrize(
    ("name", "text", "error"),
    [("", "x", InvalidRequest), ("x" * 61, "x", InvalidRequest), ("x", " \n", InvalidRequest),
     ("x", "\x00", InvalidRequest), ("x", "x" * 20_001, InputTooLarge)],
)  # fmt: skip
def test_what_is_no_template_is_refused(echo_studio: Studio, name: str, text: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        echo_studio.templates.add("local", name, text)
    assert len(names(echo_studio)) == len(BUILT_IN["en"])


def test_a_built_in_one_that_is_changed_becomes_ones_own_and_one_that_is_deleted_can_come_back(
    echo_studio: Studio,
) -> None:
    first, second = echo_studio.templates.all("local")[:2]
    mine = echo_studio.templates.change(first.id, "local", first.name, "Briefly: {{text}}")
    assert not mine.built_in and names(echo_studio).count(first.name) == 1
    echo_studio.templates.delete(second.id, "local")
    assert second.name not in names(echo_studio) and len(names(echo_studio, language="pl")) == len(BUILT_IN["pl"]) - 1
    echo_studio.templates.restore("local")
    assert second.name in names(echo_studio) and echo_studio.templates.get(mine.id, "local") == mine
    with pytest.raises(InvalidRequest):
        echo_studio.templates.delete("built-in:nothing", "local")


def test_what_is_exported_is_imported_once_and_a_taken_name_gets_a_number(echo_studio: Studio) -> None:
    echo_studio.templates.add("anna", *OWN)
    file = echo_studio.templates.export("anna")
    assert echo_studio.templates.import_file(file, "bob") == 1
    assert echo_studio.templates.import_file(file, "bob") == 0
    echo_studio.templates.add("carl", "greet", "something else")
    assert echo_studio.templates.import_file(file, "carl") == 1
    assert names(echo_studio, "carl")[:2] == ["greet", "Greet (2)"]


def test_open_webuis_prompts_are_imported_with_its_own_variables(echo_studio: Studio) -> None:
    prompts = [{"command": "/mail", "title": "Mail", "content": "{{CURRENT_DATE}}: {{CLIPBOARD}} for {{who}}"}]
    assert echo_studio.templates.import_file(json.dumps(prompts).encode(), "local") == 1
    assert echo_studio.templates.all("local")[0].text == "{{date}}: {{clipboard}} for {{who}}"


GOOD = {"name": "A", "text": "a"}


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (b'{"format": "hearth-templates",\n "version": 1,\n "templates": [}', "line 3"),
        (b"\xff\xfe", "no text of JSON"),
        (b'{"a": 1}', "no export of templates"),
        (json.dumps({"format": "hearth-templates", "version": 2, "templates": []}).encode(), "version 1"),
        (json.dumps({"format": "hearth-templates", "version": 1, "templates": [GOOD, {"name": "B"}]}).encode(),
         r"templates\[1\] lacks"),
        (json.dumps({"format": "hearth-templates", "version": 1, "templates": [GOOD, {"name": "", "text": "b"}]})
         .encode(), r"templates\[1\].name"),
    ],
    ids=["line", "bytes", "other", "version", "field", "name"],
)  # fmt: skip
def test_a_damaged_file_names_the_place_and_imports_nothing(echo_studio: Studio, file: bytes, words: str) -> None:
    with pytest.raises(InvalidRequest, match=words):
        echo_studio.templates.import_file(file, "local")
    assert len(names(echo_studio)) == len(BUILT_IN["en"])
