"""What people and models write stays text; errors are calm and in the person's language."""

import html

import pytest

from contract import errors
from studio import StudioError
from ui import render
from ui.words import Words

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "' onclick='alert(1)",
    "${alert(1)}",
    "{{constructor.constructor('alert(1)')()}}",
    "</button><iframe src=javascript:alert(1)>",
]
CODES = sorted(
    {error.code for error in vars(errors).values() if isinstance(error, type) and issubclass(error, errors.StudioError)}
    - {"studio_error"}
)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(text: str) -> None:
    words = Words("en")
    drawn = [
        render.button(text, text, text, name=text),
        render.chat_head(words, text),
        render.empty(text, text),
        render.notice(text, text),
        render.busy(text, 0.5),
        render.cost([text]),
        render.data_image(b"\x89PNG", text),
        render.copy(words, text),
    ]
    for part in drawn:
        assert text not in part
        assert "<script" not in part
        assert "<img src=x" not in part
        assert "${" not in part
        assert "{{" not in part
    assert text in html.unescape(render.chat_head(words, text))


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("language", ["en", "pl"])
def test_every_error_of_the_tree_has_a_title_in_both_languages(code: str, language: str) -> None:
    assert Words(language).error_title(code, "") != ""


def test_an_error_says_what_happened_and_is_read_out_at_once() -> None:
    drawn = render.failure(Words("pl"), errors.LaneFull("12 jobs wait. Try again in 3 s."))
    assert 'role="alert"' in drawn
    assert "Czeka zbyt wiele zadań" in drawn
    assert "12 jobs wait. Try again in 3 s." in drawn


def test_a_bug_shows_an_id_and_nothing_of_itself() -> None:
    drawn = render.crash(Words("en"), RuntimeError("secret /path/to/file"))
    assert "secret" not in drawn
    assert "server log has it under" in drawn


def test_an_unknown_code_keeps_its_own_title() -> None:
    class Odd(StudioError):
        code, title = "odd", "An odd thing"

    assert "An odd thing" in render.failure(Words("en"), Odd("It was odd."))


@pytest.mark.parametrize(("seconds", "expected"), [(0, "0:00"), (65.4, "1:05"), (3_725, "1:02:05")])
def test_times_in_a_recording_read_like_a_clock(seconds: float, expected: str) -> None:
    assert render.clock(seconds) == expected


def test_a_bar_never_leaves_its_frame() -> None:
    assert "width:100%" in render.busy("x", 1.7)
    assert "width:0%" in render.busy("x", -1)
