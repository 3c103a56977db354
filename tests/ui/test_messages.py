"""How a message is made ready for the Chatbot: formulas between single dollars, and prices that are none."""

from itertools import pairwise

import pytest

from ui.messages import as_code, inline_math


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("So $a^2+b^2=c^2$ holds.", r"So \(a^2+b^2=c^2\) holds."),
        ("($x$), $y_1$.", r"(\(x\)), \(y_1\)."),
        ("It is 5$ for one and 7$ for two.", None),
        ("From $5 to $7, or $20/month vs $30/month.", None),
        ("US$100 and A$200", None),
        ("`$a$` and ```\n$b$\n``` and $$c$$", None),
        ("```sh\necho $PATH $HOME", None),
        (r"\$5 and \$6", None),
        ("one $ alone, and $x\ny$", None),
    ],
)
def test_a_formula_is_shown_as_one_and_nothing_else_is(text: str, shown: str | None) -> None:
    assert inline_math(text) == (text if shown is None else shown)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{"a_b": "*x*"}', '```json\n{"a_b": "*x*"}\n```'),
        ('\n{\n "a": 1}\nThat is all.', '```json\n{\n "a": 1}\n```\n\nThat is all.'),
        ('{"a": tr', '```json\n{"a": tr\n```'),
        ("{}", "```json\n{}\n```"),
        ("{name}, you see", None),
        ("Here: {}", None),
    ],
)
def test_a_reply_in_json_is_shown_as_code(text: str, shown: str | None) -> None:
    assert as_code(text) == (text if shown is None else shown)


def test_a_growing_reply_in_json_is_only_ever_added_to() -> None:
    text = '{"a": {"b": "c"}} and more'
    grown = [as_code(text[:length], grows=True) for length in range(1, len(text) + 1)]
    assert all(later.startswith(earlier) for earlier, later in pairwise(grown))
