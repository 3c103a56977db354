"""Every phrase is there in both languages, is used, and no panel speaks past them."""

import ast
import re
from pathlib import Path

import gradio as gr
import pytest

from ui.languages import NAMES
from ui.phrases import GROUPS, PHRASES
from ui.words import LANGUAGES, Words, both, label, language_head, language_of

UI = Path(__file__).resolve().parents[2] / "ui"
# What image_styles.py says is for the models.
NO_PANELS = ("image_styles.py", "languages.py", "theme.py", "words.py")
PANELS = [path for path in UI.glob("*.py") if path.name not in NO_PANELS]
DYNAMIC = (
    "md_",
    "tr_engine_",
    "form_",
    "place_",
    "fault_",
    "do_",
    "re_",
    "ts_",
    "sp_part_",
    "tr_tone_",
    "note_",
    "error_",
    "mo_kind_",
    "mo_state_",
    "us_kind_",
    "theme_",
    "us_7",
    "us_28",
    "us_90",
    "sv_status_",
    "ed_f_",
    "ed_zoom_",
    "ed_original",
    "ed_edited",
    "ed_from",
    "ed_to",
    "ed_whole",
    "st_",
    "mo_fit_",
    "mo_only_",
    "im_style_",
    "im_memory_",
    "im_state_",
    "im_use_",
    "im_axis_",
    "im_figure_",
    "sp_quality_",
)
# Code, not words: what these arguments hold is never read by a person.
NOT_SHOWN = {"elem_id", "elem_classes", "storage_key", "secret", "variant", "type", "key"}


def values_of(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", text))


def test_every_phrase_is_there_in_both_languages_with_the_same_values() -> None:
    assert [key for key, texts in PHRASES.items() if not all(text.strip() for text in texts)] == []
    assert [key for key, (english, polish) in PHRASES.items() if values_of(english) != values_of(polish)] == []


def test_every_counting_phrase_has_two_forms_in_english_and_three_in_polish() -> None:
    counting = {key: texts for key, texts in PHRASES.items() if key.startswith("n_") and "|" in texts[0]}
    assert counting
    assert [key for key, texts in counting.items() if [text.count("|") for text in texts] != [1, 2]] == []


def test_no_phrase_stands_in_two_groups() -> None:
    assert sum(len(group) for group in GROUPS) == len(PHRASES)


def test_every_phrase_is_used() -> None:
    code = "".join(path.read_text() for path in UI.glob("*.py"))
    unused = [key for key in PHRASES if f'"{key}"' not in code and f"'{key}'" not in code]
    assert [key for key in unused if not key.startswith(DYNAMIC)] == []


def _literals(tree: ast.AST) -> list[tuple[int, str]]:
    """Every string of a module that a person might read: no docstrings, no codes, no HTML tags."""
    hidden: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                hidden.add(id(first.value))
        if isinstance(node, ast.keyword) and node.arg in NOT_SHOWN:
            hidden |= {id(inner) for inner in ast.walk(node.value)}
        if isinstance(node, ast.Raise):
            hidden |= {id(inner) for inner in ast.walk(node)}
    return [
        (node.lineno, re.sub(r"<[^<>]*>?|^[^<>]*>", " ", node.value))
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in hidden
    ]


@pytest.mark.parametrize("path", PANELS, ids=lambda path: path.name)
def test_no_panel_has_a_bare_literal(path: Path) -> None:
    found = [
        (line, text)
        for line, text in _literals(ast.parse(path.read_text()))
        if re.search(r"\b[A-Z][a-z]+ [a-z]+ \w+|\b[a-z]{3,} [a-z]{2,} [a-z]{2,}", text)
        and not text.lstrip().startswith(("const ", "M", "m"))
    ]
    assert found == []


@pytest.mark.parametrize("path", PANELS, ids=lambda path: path.name)
def test_what_a_component_is_called_comes_from_the_phrases(path: Path) -> None:
    named = {"label", "placeholder", "info"}
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if not isinstance(node.func.value, ast.Name) or node.func.value.id != "gr":
            continue
        told = [word.value for word in node.keywords if word.arg in named]
        if node.func.attr in ("Button", "Tab", "Accordion"):
            told += node.args[:1]
        bare = [value for value in told if isinstance(value, ast.Constant) and isinstance(value.value, str)]
        assert bare == [], f"{path.name}:{node.lineno}"


@pytest.mark.parametrize(
    ("n", "english", "polish"),
    [
        (0, "0 tokens", "0 tokenów"),
        (1, "1 token", "1 token"),
        (2, "2 tokens", "2 tokeny"),
        (5, "5 tokens", "5 tokenów"),
        (12, "12 tokens", "12 tokenów"),
        (22, "22 tokens", "22 tokeny"),
        (112, "112 tokens", "112 tokenów"),
        (1234, "1\u202f234 tokens", "1\u202f234 tokeny"),
    ],
)
def test_counts_take_the_right_form(n: int, english: str, polish: str) -> None:
    assert Words("en").count("n_tokens", n) == english
    assert Words("pl").count("n_tokens", n) == polish


def test_figures_are_written_as_the_language_does() -> None:
    assert Words("en").duration(1.25) == "1.2 s"
    assert Words("pl").duration(1.25) == "1,2 s"
    assert Words("en").duration(0.0042) == "4 ms"
    assert Words("pl").size(2_500_000_000) == "2,5 GB"
    assert Words("en").size(17_140_836) == "17 MB"


def test_an_unknown_phrase_is_an_error_at_once() -> None:
    for ask in (label, both, Words("en")):
        with pytest.raises(KeyError):
            ask("no_such_phrase")


@pytest.mark.parametrize(
    ("cookie", "header", "expected"),
    [
        ("pl", "en-US,en;q=0.9", "pl"),
        ("en", "pl", "en"),
        ("", "pl-PL,pl;q=0.9,en;q=0.8", "pl"),
        ("", "de-DE,de;q=0.9,pl;q=0.5", "pl"),
        ("", "", "en"),
        ("<script>", "fr", "en"),
    ],
)
def test_the_language_is_the_cookie_then_the_browsers_then_english(cookie: str, header: str, expected: str) -> None:
    request = gr.Request(headers={"accept-language": header}, cookies={"hearth_lang": cookie})
    assert language_of(request) == expected


def test_the_head_script_takes_nothing_but_a_language() -> None:
    assert 'const chosen = "pl"' in language_head("pl")
    for odd in ('"; alert(1); "', "</script><script>alert(1)</script>", "de", None, ""):
        assert "const chosen = null" in language_head(odd)
        assert "alert" not in language_head(odd)


def test_languages_have_names_in_both_languages() -> None:
    assert all(english.strip() and polish.strip() for english, polish in NAMES.values())
    assert [Words(language).language_name("pl") for language in LANGUAGES] == ["Polish", "polski"]
    assert Words("en").language_name("xx") == "xx"
