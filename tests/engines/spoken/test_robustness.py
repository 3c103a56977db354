"""Any text can be made ready: odd characters, endless runs, long texts, text with nothing to change."""

import random
import subprocess
import sys

import pytest

from engines.spoken import Reader, make_spoken

LANGUAGES = ["en-US", "en-GB", "pl", "de"]
PLAIN = {
    "en-US": "The kettle sings, the fire glows, and the evening is ours. Isn't it? \"Yes,\" she said; we'll see…",
    "pl": "Zażółć gęślą jaźń, a potem odpocznij. „Czy to już?” – spytała; nikt nie odpowiedział…",
    "de": "Der Kessel singt, das Feuer glüht, und der Abend gehört uns.",
}
# What regular expressions stumble over: one thing a hundred thousand times, and things that nearly match.
ENDLESS = [
    "1", "1,", "1.", "1 ", "12:", "1-", "1/", "$1", "a.", "a@", "a.a", "I", "X ", "*", "_a", "`", "[", "[a](", "<a",
    "&", "(", "www.", "http://a", "😀", "🇵", "5 maja ", "w 5 ", "A-", "AB ", "ul. ", "- ", "|", "\\(", "$$", "\n", "²",
    "1h", "od 1 do ", "v1.", "+1 ", "św. ", "H₂", "-1–", "CO₂", "10^", "e.g. ", "1 000 ", "''", "\t \n",
]  # fmt: skip


def alphabet() -> str:
    ranges = [(32, 127), (160, 383), (0x370, 0x3FF), (0x2000, 0x2070), (0x20A0, 0x20C0), (0x2100, 0x2200)]
    ranges += [(0x2600, 0x27BF), (0x3040, 0x30FF), (0x660, 0x66A), (0x1F1E6, 0x1F200), (0x1F600, 0x1F650)]
    return (
        "".join(chr(code) for low, high in ranges for code in range(low, high)) + "\n\t\r\u200d\ufe0f\u20e3\U000e0067"
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_makes_it_fail_and_what_is_said_has_no_digit_left(language: str) -> None:
    chance, letters = random.Random(7), alphabet()
    pieces = [
        "12",
        "1,5",
        "5:30",
        "zł",
        "$",
        "w ",
        "o ",
        "r.",
        "II",
        "https://",
        "`",
        "**",
        "kg",
        "%",
        "½",
        "12.05.2024",
    ]
    for _ in range(400):
        text = "".join(chance.choice((chance.choice(letters), chance.choice(pieces))) for _ in range(60))
        said = make_spoken(text, language)
        if language != "de":
            assert not [sign for sign in said if sign in "0123456789"], text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_sentences_and_their_gaps_are_the_text_again(language: str) -> None:
    chance, letters, reader = random.Random(11), alphabet(), Reader(language)
    marks = [
        "\n",
        "\n\n",
        "# ",
        "- ",
        "1. ",
        "```\n",
        "| a | b |\n|---|---|\n",
        ". ",
        "! ",
        "> ",
        "---\n",
        "$$\n",
        "Dr. ",
    ]
    for _ in range(300):
        text = "".join(chance.choice((chance.choice(letters), chance.choice(marks), "a word ")) for _ in range(40))
        assert "".join(written.original + written.gap for written in reader.cut(text)) == text


@pytest.mark.parametrize("language", PLAIN)
def test_text_with_nothing_to_change_comes_back_as_it_is(language: str) -> None:
    assert make_spoken(PLAIN[language], language) == PLAIN[language]


@pytest.mark.timeout(60)  # a pattern that goes astray takes hours
@pytest.mark.parametrize("language", ["en-US", "pl"])
@pytest.mark.parametrize("part", ENDLESS)
def test_a_hundred_thousand_of_the_same_are_made_ready(language: str, part: str) -> None:
    text, reader = part * (100_000 // len(part)), Reader(language)
    cut = list(reader.cut(text))
    assert "".join(written.original + written.gap for written in cut) == text
    for written in cut[:20]:
        reader.say(written)


@pytest.mark.parametrize("language", ["en-US", "pl"])
def test_no_sentence_outgrows_the_limit_by_what_it_holds(language: str) -> None:
    for text in ("1" * 5_000, "|a" * 5_000 + "\n|---|---|\n|b|\n", "słowo " * 2_000, "$" * 5_000, "1. a\n" * 500):
        cut = Reader(language).cut(text, longest=300)
        assert max(len(written.original) for written in cut) <= 300


def test_english_does_not_load_what_polish_needs() -> None:
    code = "import sys; from engines.spoken import make_spoken; print(make_spoken('5 apples', 'en')); "
    code += "print([name for name in sys.modules if 'polish' in name or 'morfeusz' in name])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.split("\n")[:2] == ["five apples", "[]"]


def test_where_morfeusz_has_no_build_the_endings_decide() -> None:
    code = "import sys; sys.modules['morfeusz2'] = None; from engines.spoken import make_spoken; "
    code += "print(make_spoken('Mam 5 książek i rozmawiam z 5 sąsiadami, o 5:30, 12 maja 2021 r.', 'pl'))"
    ran = subprocess.run([sys.executable, "-X", "utf8", "-c", code], capture_output=True, text=True, check=True)
    said = "Mam pięć książek i rozmawiam z pięcioma sąsiadami, o piątej trzydzieści, dwunastego maja"
    assert ran.stdout == f"{said} dwa tysiące dwudziestego pierwszego roku.\n"
