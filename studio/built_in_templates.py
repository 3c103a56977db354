"""The prompt templates that come along, in English and Polish: a key, a name and a text each.

``date``, ``time``, ``language`` and ``clipboard`` (Polish ``data``, ``godzina``, ``język``,
``schowek``) are filled in by the page.
"""

from collections.abc import Mapping

BUILT_IN: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "en": (
        (
            "summarise",
            "Summarise a text",
            "Summarise the text below in {{how many|five}} sentences. Keep names, dates and figures, and add nothing "
            "that is not in it.\n\n{{text}}",
        ),
        (
            "improve",
            "Improve my writing",
            "Correct the spelling, grammar and style of the text below, in its own language. Keep its meaning and its "
            "tone. Give the corrected text first, then a short list of what you changed and why.\n\n{{text}}",
        ),
        (
            "reply",
            "Answer a message",
            "Write a {{tone|short and friendly}} answer to the message below. What I want to say: {{my point}}\n"
            "Today is {{date}}.\n\nThe message:\n{{clipboard}}",
        ),
        (
            "translate",
            "Translate",
            "Translate the text below into {{language}}. Keep names, numbers, links and the layout. Answer with the "
            "translation alone.\n\n{{text}}",
        ),
        (
            "explain",
            "Explain simply",
            "Explain {{topic}} to {{audience|a curious twelve-year-old}}: first in two sentences, then with an example "
            "from everyday life, then what people most often get wrong about it.",
        ),
        (
            "decide",
            "Weigh a decision",
            "I have to decide: {{question}}\nList the strongest arguments for and against, say which weigh most and "
            "why, and what I should find out before I decide.",
        ),
        (
            "review",
            "Review code",
            "Review this {{programming language|Python}} code: mistakes first, then clarity, then speed. Show each "
            "change as a short piece of code.\n\n```\n{{code}}\n```",
        ),
    ),
    "pl": (
        (
            "summarise",
            "Streść tekst",
            "Streść poniższy tekst w {{ilu zdaniach|pięciu}} zdaniach. Zachowaj nazwiska, daty i liczby; nie dodawaj "
            "niczego, czego w nim nie ma.\n\n{{tekst}}",
        ),
        (
            "improve",
            "Popraw mój tekst",
            "Popraw pisownię, gramatykę i styl poniższego tekstu w jego języku. Zachowaj sens i ton. Najpierw podaj "
            "poprawiony tekst, potem krótką listę zmian z uzasadnieniem.\n\n{{tekst}}",
        ),
        (
            "reply",
            "Odpowiedz na wiadomość",
            "Napisz odpowiedź na poniższą wiadomość; ton: {{ton|krótki i życzliwy}}. Chcę powiedzieć: {{co}}\n"
            "Dzisiaj jest {{data}}.\n\nWiadomość:\n{{schowek}}",
        ),
        (
            "translate",
            "Przetłumacz",
            "Przetłumacz poniższy tekst na język: {{język}}. Zachowaj nazwy, liczby, odnośniki i układ. Podaj samo "
            "tłumaczenie.\n\n{{tekst}}",
        ),
        (
            "explain",
            "Wyjaśnij prosto",
            "Wyjaśnij: {{temat}}. Odbiorca: {{dla kogo|ciekawy świata dwunastolatek}}. Najpierw dwa zdania, potem "
            "przykład z codziennego życia, potem to, co ludzie najczęściej rozumieją źle.",
        ),
        (
            "decide",
            "Rozważ decyzję",
            "Mam podjąć decyzję: {{pytanie}}\nWypisz najmocniejsze argumenty za i przeciw, powiedz, które ważą "
            "najwięcej i dlaczego, oraz czego mam się dowiedzieć, zanim zdecyduję.",
        ),
        (
            "review",
            "Sprawdź kod",
            "Sprawdź ten kod ({{język programowania|Python}}): najpierw błędy, potem czytelność, potem szybkość. "
            "Każdą zmianę pokaż jako krótki fragment kodu.\n\n```\n{{kod}}\n```",
        ),
    ),
}
