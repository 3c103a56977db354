"""What an instruction measures, as tokens: times, decibels, percents and so on, in English and in Polish.

``3 and a half minutes`` becomes ``@t210``: a letter for what it is, and the value in the one unit of its kind: t
seconds, d decibels, l LUFS, p per cent, s semitones, k kbit/s, h Hz, x times, n a bare number, q a quoted text.
"""

import re
from collections.abc import Callable, Mapping

NUMBER = r"\d+(?:\.\d+)?"
# Numbers in words, as far as people use them for this.
_ENGLISH = "zero one two three four five six seven eight nine ten eleven twelve"
_POLISH = """1 jeden jedną jedna jedno jednej jednego
2 dwa dwie dwóch dwiema dwoma
3 trzy trzech trzema
4 cztery czterech czterema
5 pięć pięciu
6 sześć sześciu
7 siedem siedmiu
8 osiem ośmiu
9 dziewięć dziewięciu
10 dziesięć dziesięciu
12 dwanaście dwunastu
15 piętnaście piętnastu
20 dwadzieścia dwudziestu
30 trzydzieści trzydziestu
45 czterdzieści-pięć
60 sześćdziesiąt sześćdziesięciu"""
_TENS = {
    "fifteen": 15,
    "twenty": 20,
    "thirty": 30,
    "forty-five": 45,
    "forty": 40,
    "fifty": 50,
    "sixty": 60,
    "ninety": 90,
}
WORDS: Mapping[str, str] = {
    **{word: str(number) for number, word in enumerate(_ENGLISH.split())},
    **{word: str(number) for word, number in _TENS.items()},
    **{word: line.split()[0] for line in _POLISH.splitlines() for word in line.split()[1:]},
}
# "od drugiej do piątej sekundy"
_PLACES = (
    "drugiej 2 drugą 2 trzeciej 3 trzecią 3 czwartej 4 piątej 5 szóstej 6 siódmej 7 ósmej 8 dziewiątej 9 dziesiątej 10"
)
ORDINALS: Mapping[str, str] = dict(zip(_PLACES.split()[::2], _PLACES.split()[1::2], strict=True))
HOUR = r"(?:hours?|hrs?|h|godzin(?:a|ę|y|ie)?|godz\.?)"
MINUTE = r"(?:minutes?|mins?\.?|minu(?:ta|tę|ty|cie|tą|tach|t)|min\.?)"
SECOND = r"(?:seconds?|secs?\.?|s|sekund(?:a|ę|y|zie|ą|ach|owy|owe|owego|owym)?|sek\.?)"
MILLI = r"(?:milliseconds?|ms|milisekund(?:a|ę|y)?)"
UNIT_S = ((HOUR, 3_600.0), (MINUTE, 60.0), (SECOND, 1.0), (MILLI, 0.001))
QUOTED = re.compile(r"[\"“”„«»]([^\"“”„«»]{1,200})[\"“”„«»]|(?<!\w)'([^']{1,200})'(?!\w)")


def _value(number: float) -> str:
    return f"{round(number, 4):g}" if abs(number) < 1e6 else f"{number:.0f}"


def tokens(text: str) -> tuple[str, list[str]]:
    """Return an instruction with its quantities as tokens, in lower case, and the quoted texts that ``@q`` counts."""
    quoted: list[str] = []

    def keep(match: re.Match[str]) -> str:
        quoted.append(next(group for group in match.groups() if group is not None).strip())
        return f" @q{len(quoted) - 1} "

    text = QUOTED.sub(keep, text).lower().replace("−", "-").replace("’", "'")
    text = re.sub(r"(?<=\d),(?=\d)", ".", text)  # a decimal comma
    text = re.sub(r"(\d)\s*[–—]\s*(\d)", r"\1-\2", text)
    for word, number in WORDS.items():
        text = re.sub(rf"\b{word}\b", number, text)
    for rule, made in _RULES:
        text = rule.sub(made, text)
    text = re.sub(r"(@t[\d.]+)\s*-\s*(?=@t)", r"\1 - ", text)
    return " ".join(text.split()), quoted


def _clock(match: re.Match[str]) -> str:
    parts = [float(part) for part in match[0].split(":")]
    seconds = 0.0
    for part in parts:
        seconds = seconds * 60 + part
    return f"@t{_value(seconds)}"


def _times(match: re.Match[str]) -> str:
    factor = next(factor for unit, factor in UNIT_S if re.fullmatch(unit, match[2]))
    return f"@t{_value(float(match[1]) * factor)}"


def _range(match: re.Match[str]) -> str:
    factor = next(factor for unit, factor in UNIT_S if re.fullmatch(unit, match[4]))
    return f"@t{_value(float(match[1]) * factor)} {match[2]} @t{_value(float(match[3]) * factor)}"


def _half(unit_s: float) -> Callable[[re.Match[str]], str]:
    return lambda match: f"@t{_value((float(match[1] or 0) if match.re.groups else 0) * unit_s + unit_s / 2)}"


def _sum(match: re.Match[str]) -> str:
    if float(match[1]) % 60 or float(match[2]) >= 60:  # two places, and no minutes with their seconds
        return match[0]
    return f"@t{_value(float(match[1]) + float(match[2]))}"


def _unit(letter: str, factor: float = 1) -> Callable[[re.Match[str]], str]:
    return lambda match: f"@{letter}{_value(float(match[1]) * factor)}"


_ANY_UNIT = rf"{HOUR}|{MINUTE}|{MILLI}|{SECOND}"
_SIGNED = rf"([-+]?{NUMBER})"
_RULES: list[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]] = [
    (re.compile(rf"\b{SECOND}\s+({NUMBER})\b"), r"\1 s"),  # "second 5"
    (re.compile(rf"\b(?:{'|'.join(ORDINALS)})\b"), lambda match: ORDINALS[match[0]]),
    (re.compile(r"\bpierwszej (?=(?:do|a|sekundy|minuty)\b)"), "1 "),
    (re.compile(rf"(?<![\d@:.])(\d+)\.(?=\s+(?:do|a|i|{_ANY_UNIT}))"), r"\1"),  # "od 2. do 5. sekundy"
    (re.compile(r"(?<![\d:@])\d{1,2}(?::\d{1,2}){1,2}(?:\.\d+)?(?![\d:])"), _clock),
    (
        re.compile(rf"(?<![\w@.])({NUMBER})\s*(to|and|until|till|-|do|a|i|through)\s*({NUMBER})[\s-]*({_ANY_UNIT})\b"),
        _range,
    ),
    (re.compile(rf"(?<![\w@.])({NUMBER}) and a half {MINUTE}\b"), _half(60)),
    (re.compile(rf"(?<![\w@.])({NUMBER}) and a half {SECOND}\b"), _half(1)),
    (re.compile(rf"(?<![\w@.])({NUMBER}) i pół {MINUTE}\b"), _half(60)),
    (re.compile(rf"(?<![\w@.])({NUMBER}) i pół {SECOND}\b"), _half(1)),
    (re.compile(rf"\bhalf (?:a|of a) {SECOND}\b|\bpół {SECOND}\b"), "@t0.5"),
    (re.compile(rf"\bhalf (?:a|of a) {MINUTE}\b|\bpół {MINUTE}\b"), "@t30"),
    (re.compile(rf"\ba minute and a half\b|\bpółtorej {MINUTE}\b"), "@t90"),
    (re.compile(rf"\ba second and a half\b|\bpółtorej {SECOND}\b"), "@t1.5"),
    (re.compile(rf"(?<![\w@.])({NUMBER})[\s-]*({_ANY_UNIT})(?![\w@])"), _times),
    (re.compile(rf"(?:(?<=first )|(?<=last )|(?<=final )|\ba |\bper )({SECOND})\b"), "@t1"),
    (re.compile(rf"(?:(?<=first )|(?<=last )|(?<=final )|\ba )({MINUTE})\b"), "@t60"),
    (re.compile(r"(?:(?<=pierwszą )|(?<=ostatnią )|(?<=końcową )|(?<=co )|(?<=przez )|(?<=po ))sekund[ęa]\b"), "@t1"),
    (re.compile(r"(?:(?<=pierwszą )|(?<=ostatnią )|(?<=końcową )|(?<=co )|(?<=przez )|(?<=po ))minut[ęa]\b"), "@t60"),
    (re.compile(rf"@t({NUMBER}) (?:and |i )?@t({NUMBER})(?=\D|$)"), _sum),  # "1 minute 30 seconds"
    (re.compile(rf"{_SIGNED}\s*(?:decibels?|db|decybel(?:e|i)?)\b"), _unit("d")),
    (re.compile(rf"{_SIGNED}\s*lufs\b"), _unit("l")),
    (re.compile(rf"(?<![@\w])({NUMBER})\s*(?:%|percent|per cent|procent(?:y)?)"), _unit("p")),
    (re.compile(rf"(?<![@\w])({NUMBER})\s*(?:semitones?|half[- ]?tones?|półton(?:y|ów)?)\b"), _unit("s")),
    (re.compile(r"\b(?:a|1) (?:semitone|half[- ]?step)\b|\bo półton\b"), " @s1"),
    (re.compile(rf"(?<![@\w])({NUMBER})\s*(?:octaves?|oktaw(?:y|ę|a)?)\b"), _unit("s", 12)),
    (re.compile(r"\ban octave\b|\boktawę\b"), "@s12"),
    (re.compile(rf"(?<![@\w])({NUMBER})\s*(?:kbps|kbits?/s|kbit|kb/s|kilobits?(?: per second)?|k)\b"), _unit("k")),
    (re.compile(rf"(?<![@\w])({NUMBER})\s*(?:khz|kiloherc(?:e|ów)?)\b"), _unit("h", 1_000)),
    (re.compile(rf"(?<![@\w])({NUMBER})\s*(?:hz|herc(?:e|ów)?)\b"), _unit("h")),
    (re.compile(rf"(?<![@\w])({NUMBER})\s*(?:x|times|-?krotnie|razy|raza)\b"), _unit("x")),
    (re.compile(r"\btwice\b|\bdouble\b|\bdwukrotnie\b|\bpodwójnie\b"), "@x2"),
    (re.compile(r"\bpółtora raza\b"), "@x1.5"),
    (re.compile(r"\btrzykrotnie\b"), "@x3"),
    (re.compile(rf"(?<![@\w.:-])([-+]?{NUMBER})(?![\w@])"), _unit("n")),
]


def number(token: str) -> float:
    """Return the value of a token such as ``@t3``."""
    return float(token[2:])
