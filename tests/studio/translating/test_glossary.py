"""Terms arrive, in the right Polish form too; the memory gives back what was accepted, same, nearly or similar."""

import re
from pathlib import Path

import pytest

from contract.errors import InvalidRequest
from contract.events import Checked
from engines.language import detect
from engines.spoken.polish_inflection import forms, inflect, like
from store import Direction, Term, TranslationMemory
from store.database import Database
from studio import Settings, Studio, TranslateRequest
from studio.translating.exchange import read_glossary, read_tmx, write_glossary
from studio.translating.exports import Pair, tmx
from studio.translating.glossary import Enforcer
from studio.translating.recalling import Recaller
from studio.translating.segments import SentenceTranslator
from tests.serving import use_models
from tests.studio.asking import LOCAL

ANNA = Direction("anna", "en", "pt")


@pytest.mark.parametrize(
    ("term", "target", "sentence"),
    [
        ("bus", "autocarro", "We took the bus to the museum."),
        ("train", "comboio", "The train was late again."),
        ("annual report", "balanço anual", "Please see the annual report for details."),
        ("Red Lion", "Red Lion", "We met at the Red Lion last night."),
        ("breakfast", "pequeno-almoço", "What do you eat for breakfast?"),
        ("screen", "ecrã", "The screen of my phone is broken."),
    ],
)
def test_a_term_arrives_that_the_model_does_not_give_by_itself(
    term: str, target: str, sentence: str, sentences: SentenceTranslator
) -> None:
    assert target not in sentences.translate(sentence).target
    enforced = SentenceTranslator(sentences.ask, "en", "pt", detect)
    enforced.glossary = Enforcer([Term(source=term, target=target)], "en", "pt")
    segment = enforced.translate(sentence)
    assert target in segment.target
    assert segment.terms == (target,)


def test_two_terms_arrive_in_one_sentence_and_the_longer_one_wins(sentences: SentenceTranslator) -> None:
    terms = [Term(source="report", target="boletim"), Term(source="annual report", target="balanço anual")]
    terms += [Term(source="customer", target="freguês")]
    enforcer = Enforcer(terms, "en", "pt")
    source = "The customer reads the annual report."
    target, applied = enforcer.enforce(source, sentences.ask(source), sentences.whole)
    assert "balanço anual" in target and "freguês" in target and "boletim" not in target
    assert sorted(applied) == ["balanço anual", "freguês"]


def test_capitals_decide_where_they_are_asked_to(sentences: SentenceTranslator) -> None:
    enforcer = Enforcer([Term(source="Word", target="Word", match_case=True)], "en", "pt")
    source = "Give me your word."
    assert enforcer.enforce(source, "Dá-me a tua palavra.", sentences.whole) == ("Dá-me a tua palavra.", ())


@pytest.mark.parametrize(
    ("phrase", "case", "number", "expected"),
    [
        ("umowa", "gen", "sg", "umowy"),
        ("bank centralny", "inst", "sg", "bankiem centralnym"),
        ("dział obsługi klienta", "loc", "sg", "dziale obsługi klienta"),
        ("roczne sprawozdanie", "gen", "pl", "rocznych sprawozdań"),
        ("użytkownik", "nom", "pl", "użytkownicy"),
        ("Ognisko", "loc", "sg", "Ognisku"),
        ("xyzzyq", "gen", "sg", None),
    ],
)
def test_a_polish_phrase_is_inflected(phrase: str, case: str, number: str, expected: str | None) -> None:
    assert inflect(phrase, case, number) == expected


@pytest.mark.parametrize(
    ("phrase", "words", "before", "expected"),
    [
        ("sprawozdanie", "raportu", "Nie przeczytałem jeszcze ", "sprawozdania"),
        ("umowa", "kontrakt", "Podpisali ", "umowę"),
        ("umowa", "kontrakt", "", "umowa"),
        ("umowa", "kontraktem", "Z ", "umową"),
        ("nabywca", "klientów", "Mamy stu ", "nabywców"),
        ("dział obsługi klienta", "biurem", "rozmawiałem z ", "działem obsługi klienta"),
    ],
)
def test_a_polish_term_takes_the_form_of_the_words_that_it_replaces(
    phrase: str, words: str, before: str, expected: str
) -> None:
    assert like(phrase, words, before) == expected


def test_a_polish_term_is_put_where_its_words_were_found() -> None:
    # A model in the place of English to Polish, which can't be had here: it answers what such a model answers.
    answers = {
        "We signed the [contract] yesterday.": "Podpisaliśmy wczoraj [kontrakt].",
        "We signed the contract yesterday.": "Podpisaliśmy wczoraj kontrakt.",
    }
    enforcer = Enforcer([Term(source="contract", target="umowa")], "en", "pl")
    source = "We signed the contract yesterday."
    assert enforcer.enforce(source, answers[source], lambda text: answers.get(text, text)) == (
        "Podpisaliśmy wczoraj umowę.",
        ("umowę",),
    )
    assert "umowę" in forms("umowa")


# Files


def test_a_glossary_goes_out_as_csv_and_tbx_and_comes_back() -> None:
    terms = [
        Term(source="fireplace", target="lareira", match_case=True, note="a; b"),
        Term(source="Hearth", target="Hearth"),
        Term(source="=SUM", target="+cmd"),
    ]
    text = write_glossary(terms, "en", "pt", "csv")
    assert b"\n'=SUM,'+cmd" in text
    assert read_glossary(text, "en", "pt") == terms
    back = read_glossary(write_glossary(terms, "en", "pt", "tbx"), "en", "pt")
    assert [(term.source, term.target) for term in back] == [(term.source, term.target) for term in terms]
    assert read_glossary(b"fire;fogo\nHearth\n", "en", "pt") == [
        Term(source="fire", target="fogo"),
        Term(source="Hearth", target="Hearth"),
    ]


def test_signs_that_xml_has_no_place_for_stay_out_of_a_tbx() -> None:
    out = write_glossary([Term(source="a\x01b", target="c\ufffe")], "en", "pt", "tbx")
    assert [(term.source, term.target) for term in read_glossary(out, "en", "pt")] == [("ab", "c")]


def test_an_old_tbx_is_read_and_a_bad_file_is_told() -> None:
    old = b"""<?xml version="1.0"?><!DOCTYPE martif SYSTEM "TBXcoreStructV02.dtd"><martif type="TBX" xml:lang="en"><text>
    <body><termEntry id="1"><langSet xml:lang="en-US"><tig><term>fire</term></tig></langSet>
    <langSet xml:lang="pt"><tig><term>fogo</term></tig></langSet></termEntry></body></text></martif>"""
    assert read_glossary(old, "en", "pt") == [Term(source="fire", target="fogo")]
    laughs = b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'
    for bad in (b"<martif>", b"", b"\x00\x01", old.replace(b"fogo", b""), laughs):
        with pytest.raises(InvalidRequest):
            read_glossary(bad, "en", "pt")


def test_a_memory_goes_out_as_tmx_and_comes_back() -> None:
    data = tmx([Pair("A <b> & c.", "D."), Pair("Two.", "Dwa.")], "en", "pl")
    assert read_tmx(data, "en", "pl") == [("A <b> & c.", "D."), ("Two.", "Dwa.")]
    assert read_tmx(data, "pl", "en") == [("D.", "A <b> & c."), ("Dwa.", "Two.")]
    coded = data.replace(b"<seg>Two.", b'<seg>T<bpt i="1">&lt;b&gt;</bpt>wo<ept i="1">&lt;/b&gt;</ept>.')
    assert read_tmx(coded, "en", "pl")[1] == ("Two.", "Dwa.")
    with pytest.raises(InvalidRequest, match="Check the languages"):
        read_tmx(data, "en", "de")
    with pytest.raises(InvalidRequest, match="attack"):
        read_tmx(b'<!DOCTYPE tmx [<!ENTITY e SYSTEM "file:///etc/passwd">]><tmx><body/></tmx>', "en", "pl")


# Memory


def test_the_same_sentence_one_with_other_numbers_and_a_similar_one_are_found(tmp_path: Path) -> None:
    database = Database(tmp_path)
    memory = TranslationMemory(database)
    recaller = Recaller(memory)
    assert recaller.of(ANNA).recall("The fire is warm.") is None
    memory.accept(ANNA, [("The fire is warm.", "O lume está quente."), ("Page 3 of 17.", "Página 3 de 17.")], "edit")

    same = recaller.of(ANNA).recall("The  fire is warm.")
    assert same is not None and (same.target, same.similarity) == ("O lume está quente.", 1.0)
    numbers = recaller.of(ANNA).recall("Page 5 of 20.")
    assert numbers is not None and numbers.target == "Página 5 de 20."
    similar = recaller.of(ANNA).recall("The fire is not warm.")
    assert similar is not None and similar.target is None and 0.75 <= similar.similarity < 0.99
    assert recaller.of(ANNA).recall("Something else altogether stands here.") is None
    assert recaller.of(Direction("boris", "en", "pt")).recall("The fire is warm.") is None

    memory.accept(ANNA, [("The fire is warm.", "O fogo.")], "edit")
    newest = recaller.of(ANNA).recall("The fire is warm.")
    assert newest is not None and newest.target == "O fogo."
    memory.forget_all(ANNA)
    assert recaller.of(ANNA).recall("The fire is warm.") is None
    database.close()


def test_an_accepted_translation_and_a_term_are_used_and_told(starters: Path, tmp_path: Path) -> None:
    use_models(tmp_path, starters)
    with Studio.open(Settings(data_dir=tmp_path, no_starters=True, ollama_host="http://127.0.0.1:9")) as studio:
        studio.remember([("The fire is warm.", "O lume aquece.")], "en", "pt", LOCAL)
        studio.put_terms([Term(source="bus", target="autocarro")], "en", "pt", LOCAL)
        text = "The fire is warm. We took the bus to the museum."
        job = studio.submit(TranslateRequest(text=text, source_lang="en", target_lang="pt"), LOCAL)
        job.wait()
        told = [event for _, event in job.snapshot() if isinstance(event, Checked)]
        assert re.fullmatch(r"O lume aquece\. .*autocarro.*", job.text())
        assert [(each.origin, each.similarity, each.terms) for each in told] == [
            ("memory", 1.0, ()),
            ("model", 0.0, ("autocarro",)),
        ]
        assert [job.text()[each.start : each.end] for each in told] == ["O lume aquece.", job.text()[15:]]
        plain = TranslateRequest(text=text, source_lang="en", target_lang="pt", glossary=False, memory=False)
        without = studio.submit(plain, LOCAL)
        without.wait()
        assert "autocarro" not in without.text() and "lume" not in without.text()
