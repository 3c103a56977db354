"""Each detector finds its failure, made and real ones of the starter model, and is silent on a fair translation."""

from collections.abc import Callable

import pytest

from engines.language import detect
from studio.translating.checks import FAULTS, Fault, faults

MADE: list[tuple[Fault, str, str]] = [
    ("empty", "The fire is warm.", " "),
    ("echoed", "the fire is warm and the tea is ready", "the fire is warm and the tea is ready"),
    ("echoed", "We often translate longer sentences here.", "Nós often translate longer sentences here."),
    ("repeated", "The fire is warm tonight.", "O fogo, o fogo, o fogo, o fogo é quente."),
    ("repeated", "He said that it was good.", "Ele disse disse disse disse que era bom."),
    ("truncated", "The committee decided to postpone the whole meeting until next week.", "O comitê."),
    ("overlong", "The committee decided to postpone it.", "O comitê decidiu adiar a reunião inteira " * 4),
    (
        "language",
        "The committee decided to postpone the meeting.",
        "Der Ausschuss hat beschlossen, die Sitzung zu verschieben.",
    ),
    ("language", "The house is small and the garden is large.", "Dom jest mały, a ogród jest bardzo duży i piękny."),
    ("numbers", "There were 17 cats and 3 dogs.", "Havia 17 gatos e 8 cães."),
    ("numbers", "There were 17 cats.", "Havia gatos."),
    ("numbers", "The result is p < 0.05.", "O resultado é p > 0,05."),
    ("numbers", "It costs $20.", "Custa 20."),
    ("numbers", "It costs £20.", "Custa 20 euros."),
    ("numbers", "It grew by 20%.", "Cresceu 20."),
    ("placeholders", "Hello {name}!", "Olá!"),
    ("placeholders", "%s has %d files", "%s tem arquivos"),
    ("placeholders", "%(count)d files", "%(conta)d arquivos"),
    ("tags", "Click <b>here</b> now.", "Clique <b>aqui agora."),
    ("tags", "Fish &amp; chips are here.", "Peixe e batatas estão aqui."),
    ("addresses", "See https://example.org/a#b for more.", "Veja https://example.org/a para mais."),
    ("addresses", "Write to me@example.org today.", "Escreva para me-example.org hoje."),
]
FAIR: list[tuple[str, str, str, str]] = [
    (
        "en",
        "pt",
        "The invoice of 12,500.75 EUR is due on 2024-03-15.",
        "A fatura de 12.500,75 EUR vence em 15/03/2024.",
    ),
    ("en", "pt", "Call before 5:30 pm.", "Ligue antes das 17:30."),
    ("en", "pt", "From 9 a.m. to 5 p.m.", "Das 9 às 17:00."),
    ("en", "pl", "It is 5 apples.", "To pięć jabłek."),
    ("en", "pl", "With 3 friends.", "Z trzema przyjaciółmi."),
    ("en", "pl", "in the 19th century", "w XIX wieku"),
    ("en", "pl", "the music of the 1980s", "muzyka lat 80."),
    ("en", "pl", "It costs 1,000,000 zł.", "To kosztuje 1 000 000 zł."),
    ("pl", "en", "Spotkanie o 17:30", "The meeting at 5:30 pm"),
    ("en", "pt", "twenty-five", "25"),
    ("en", "pt", "It cost $27.6 trillion.", "Custou 27,6 trilhões de dólares."),
    ("pl", "en", "To kosztuje 5 euro.", "It costs €5."),
    ("en", "pt", "New York Times, Los Angeles, San Francisco", "New York Times, Los Angeles, San Francisco"),
    ("en", "pt", "The hospital is normal.", "O hospital é normal."),
    ("en", "pt", "OK", "OK"),
    ("en", "pt", "ha ha ha ha ha", "ha ha ha ha ha"),
    ("en", "pt", "A discount of 20% a year and 100% sure.", "Um desconto de 20% por ano e 100% de certeza."),
    ("en", "pt", "/usr/share/doc/python/html/index.html", "/usr/share/doc/python/html/index.html"),
    (
        "en",
        "zh",
        "The committee decided to postpone the whole meeting until next week.",
        "委员会决定将整个会议推迟到下周。",
    ),
    ("en", "pt", "Hello {name}, you have %(x)d of %s.", "Olá {name}, você tem %(x)d de %s."),
    ("en", "no", "The house is small and the garden is large.", "Huset er lite og hagen er stor og fin."),
]


@pytest.mark.parametrize(("fault", "source", "target"), MADE, ids=[f"{each[0]}-{n}" for n, each in enumerate(MADE)])
def test_a_made_failure_is_found(fault: Fault, source: str, target: str) -> None:
    assert fault in faults(source, target, "en", "pt", detect)


def test_every_detector_has_a_made_failure() -> None:
    assert {fault for fault, _, _ in MADE} == set(FAULTS) - {"terms"}  # which the glossary tells


@pytest.mark.parametrize(("source_lang", "target_lang", "source", "target"), FAIR, ids=[each[2][:20] for each in FAIR])
def test_a_fair_translation_has_no_fault(source_lang: str, target_lang: str, source: str, target: str) -> None:
    assert faults(source, target, source_lang, target_lang, detect) == []


# Real ones: what the model itself gives, without the engine's care for what it would lose.


REAL: list[tuple[Fault, str]] = [
    ("placeholders", "Hello {name}, you have {count} new messages."),
    ("numbers", "Table 3.2: Results of the 2nd experiment (n = 45, p < 0.05)"),
    ("numbers", "Mix 250 ml of milk with 3½ cups of flour."),
    ("numbers", "Copyright © 2024 ACME Inc. All rights reserved."),
    ("addresses", "Check the list of well known bugs: http://gcc.gnu.org/bugs.html#known"),
    ("addresses", "Please contact Ted at tytso@mit.edu or tytso@alum.mit.edu."),
    ("tags", "<one line to give the program's name and a brief idea of what it does.>"),
    ("echoed", "Das ist ein Haus und es ist sehr alt."),
]


@pytest.mark.parametrize(("fault", "source"), REAL, ids=[each[1][:24] for each in REAL])
def test_a_real_failure_of_the_starter_model_is_found(fault: Fault, source: str, raw: Callable[[str], str]) -> None:
    target = raw(source)
    assert fault in faults(source, target, "en", "pt", detect), target
