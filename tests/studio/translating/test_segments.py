"""Sentences keep what must stay, bad ones are tried again, styles come back to the words that translate theirs."""

from collections.abc import Callable

import pytest

from engines.language import detect
from studio.translating import blocks
from studio.translating.marked import Span, bare, codes_of, parse, render
from studio.translating.segments import SentenceTranslator


@pytest.mark.parametrize(
    "kept",
    [
        ("{name}", "{count}"),
        ("%s", "%(x)d"),
        ("<b>", "</b>"),
        ("https://a.example/b?c#d", "me@example.org"),
        ("`x = 1`",),
    ],
)
def test_what_must_stay_stays_each_once(kept: tuple[str, ...], sentences: SentenceTranslator) -> None:
    first, last = kept[0], kept[-1]
    segment = sentences.translate(f"Please look at {first} in the morning, and then at {last} in the evening.")
    assert segment.faults == ()
    for each in set(kept):
        assert segment.target.count(each) == (2 if first == last else 1)


def test_a_placeholder_stands_where_the_sentence_wants_it(sentences: SentenceTranslator) -> None:
    target = sentences.translate("Hello {name}, you have {count} new messages.").target
    assert target == "Olá {name}, você tem {count} novas mensagens."


def test_a_bad_sentence_is_tried_clause_by_clause_and_the_better_is_kept(raw: Callable[[str], str]) -> None:
    source = "Copyright © 2024 ACME Inc. All rights reserved."
    assert "2024" not in raw(source)
    segment = SentenceTranslator(raw, "en", "pt", detect).translate(source)
    assert segment.faults == ()
    assert "2024 ACME" in segment.target


def test_a_number_that_a_name_lost_comes_back_with_it(sentences: SentenceTranslator) -> None:
    source = "You can always find information about the latest version at the the e2fsprogs web page, which is:"
    assert "e2fsprogs" not in sentences.ask(source)
    segment = sentences.translate(source)
    assert segment.faults == ()
    assert "e2fsprogs" in segment.target


def test_what_stays_bad_is_flagged(sentences: SentenceTranslator) -> None:
    assert sentences.translate("Das ist ein Haus und es ist sehr alt.").faults == ("echoed",)


def test_the_worse_attempt_is_not_taken() -> None:
    answers = {"One two three four, five six seven eight.": "Jeden dwa."}
    worse = SentenceTranslator(lambda text: answers.get(text, ""), "en", "pl")
    assert worse.translate("One two three four, five six seven eight.").target == "Jeden dwa."


def test_a_model_that_loses_every_name_still_loses_no_placeholder() -> None:
    forgetful = SentenceTranslator(lambda text: "słowa", "en", "pl")
    assert forgetful.translate("Put {a} before {b}, then %s.").target == "słowa {a} słowa {b}, słowa %s."


def test_a_name_that_the_text_has_itself_is_not_taken_for_a_placeholder(sentences: SentenceTranslator) -> None:
    target = sentences.translate("Press X1 and {name} at the same time.").target
    assert target.count("X1") == 1
    assert "{name}" in target


# Styles


def translated(source: str, sentences: SentenceTranslator) -> str:
    parts = blocks.cut(source)
    return blocks.join([blocks.translate(p.text, sentences).target if p.is_sentence else p.text for p in parts])


STYLED = [
    (
        "The <1>warm fire</1> in the <2>hearth</2> burns all night.",
        "O <1>fogo quente</1> na <2>lareira</2> queima a noite toda.",
    ),
    ("Please see the <1>annual report</1> for details.", "Consulte o <1>relatório anual</1> para obter detalhes."),
    ("We must <1>not</1> lose hope.", "<1>Não</1> devemos perder a esperança."),
    ("The price is <1>$19.99</1> until <2>March 15</2>.", "O preço é de <1>$19.99</1> até <2>15 de março</2>."),
    ("<1>All of it is warm. This too.</1>", "<1>Tudo isso é quente. Isso também.</1>"),
]


@pytest.mark.parametrize(("source", "target"), STYLED)
def test_a_style_goes_to_the_words_that_translate_its_own(
    source: str, target: str, sentences: SentenceTranslator
) -> None:
    assert translated(source, sentences) == target


def test_every_code_comes_back_once_and_well_formed(sentences: SentenceTranslator) -> None:
    source = "See <1>Figure 3</1> and <2>https://a.b/c</2> for <3>more <4>important</4> facts</3><5/> about R&amp;D &lt; 5.<6/>"
    result = translated(source, sentences)
    assert sorted(codes_of(result)) == sorted(codes_of(source))
    assert "<4>importantes</4></3>" in result
    assert "&lt; 5" in result


@pytest.mark.parametrize(
    "source",
    [
        "One. Two.", "<1>One. Two.</1> Three.", "  <1/>One <2>two. Three</2> four.<3/> ", "A\tB\nC", "", "<1></1>", "<1/>",
        "<1>a <2>b. C</2> d.</1> E", "12 <1>34</1>", "&lt;b> &amp; c. D",
    ],
)  # fmt: skip
def test_a_paragraph_cut_and_joined_is_the_same(source: str) -> None:
    assert blocks.join([part.text for part in blocks.cut(source)]) == source


def test_crossing_styles_are_made_to_nest() -> None:
    spans = [Span(1, 0, 5), Span(2, 3, 8)]
    assert render("abcdefgh", spans, {}) == "<1>abcde</1><2>fgh</2>"
    assert render("abcdefgh", spans, {2: 1}) == "<1>abc<2>de</2></1>fgh"


def test_marked_text_is_read_as_it_was_written() -> None:
    for text in ("a <1>b <2>c</2></1> d<3/> &lt;x> &amp;", "<1>a</1><2>b</2>"):
        marked = parse(text)
        assert render(marked.text, marked.spans, {2: 1} if "<1>b <2>" in text else {}) == text
    assert bare("a <1>b</1> &lt; c<2/>") == "a b < c"


def test_asking_is_as_often_as_there_are_styles_and_no_more(portuguese: Callable[[str], str]) -> None:
    asked: list[str] = []

    def ask(text: str) -> str:
        asked.append(text)
        return portuguese(text)

    sentences = SentenceTranslator(ask, "en", "pt")
    blocks.translate("The <1>warm fire</1> burns all night.", sentences)
    blocks.translate("The warm fire burns all <1>night</1>.", sentences)
    assert len(asked) == 3
