"""Cuts text into sentences and the gaps between them, losing no character.

The translation and speech engines work sentence by sentence, so that the first one can be read or
heard before the last one is done. Unicode's own rule (UAX #29) ends a sentence after "Mr."; here a
full stop ends one only where no known abbreviation, initial, ordinal or lower-case word says
otherwise. When in doubt two sentences stay together, which costs less than one torn apart.

A line break always ends a piece, and so does a tab, which stands between the cells of a table. Limits: the
abbreviations are those of English, Polish, Portuguese, Spanish, German and French; Thai, which writes no full
stop, is cut by length alone.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

# Never the last word of a sentence: a name or an example follows. (Before a lower-case word a full stop
# never ends a sentence, so abbreviations of that place need no entry.)
_BEFORE_NAMES = """
    mr mrs ms messrs dr prof st mt gen col capt cpt lt sgt maj cmdr adm rev hon gov sen rep pres vs cf al e.g i.e viz
    mgr inż hab lek ks bp św śp ul pl os im np tzn tj tzw m.in wg płk kpt por ppłk mjr sierż zob red woj gm
    sr sra srs sras srta dra profa exmo exma eng enga av p.ex ex ud uds dña
    hr hrn fr frl bzw ca z.b d.h u.a v.a vgl geb gest evtl ggf mme mmes mlle mlles
"""
# A number follows, an Arabic or a Roman one.
_BEFORE_NUMBERS = """
    no nos nr fig figs vol vols p pp ch chap sec approx tel ext jan feb mar apr jun jul aug sep sept oct nov dec
    mon tue tues wed thu thur thurs fri sat sun pn pon wt śr czw pt sob nd ndz niedz poł
    ok rys tab ust pkt art poz rozdz str s t faks fax kom godz
    arts pág págs núm núms cap env
"""
_OPENING = frozenset(_BEFORE_NAMES.split())
_DECADES = frozenset(str(number) for number in range(10, 100, 10))
_NUMBERED = frozenset(_BEFORE_NUMBERS.split())
_MONTHS = "januar februar märz april mai juni juli august september oktober november dezember jahrhundert"
_GERMAN_MONTHS = frozenset(_MONTHS.split())

_LINE = re.compile(r"[^\t\r\n\v\f\x85\u2028\u2029]+")
# What stands before a line's words and is no part of them: indentation, quoting, list marks, headings.
_LINE_START = re.compile(r"\s*(?:(?:[-*+•‣◦▪·–—]|>+|#{1,6}|\d{1,3}[.)])\s+)*")
_END = re.compile(r"(?<![.!?…])[.!?…]++[\"'”’»)\]]*+(?=\s)|[。！？｡]++[」』”’）]*+")
_NEXT_WORD = re.compile(r"\s+[\"'“‘«„(\[¿¡–—+-]*\s*(\w+)?")
_ROMAN = re.compile(r"(?!I$)[IVX]{1,6}")  # "I said no. I mean it."
_CLAUSE_END = re.compile(r"[,;:，；、：—–]\s|[，；、：]")
_LONGEST_WORD_BEFORE = 24


@dataclass(frozen=True, slots=True)
class Piece:
    """One sentence without the space around it ("" before the first), and the gap up to the next."""

    text: str
    gap: str


def pieces(text: str, longest: int = 400) -> Iterator[Piece]:
    """Cut ``text`` so that joining ``text`` and ``gap`` of every piece gives it back.

    Args:
        text: Any text.
        longest: Most characters of a piece; a longer sentence is cut after a clause, else between
            words, else anywhere.

    Yields:
        The pieces in order; only the first may have an empty ``text``, none is empty altogether.
    """
    pending, begun, at = "", False, 0
    for start, end in _sentences(text, longest):
        gap = text[at:start]
        if begun or gap:
            yield Piece(pending, gap)
        pending, begun, at = text[start:end], True, end
    if begun or text:
        yield Piece(pending, text[at:])


def _sentences(text: str, longest: int) -> Iterator[tuple[int, int]]:
    """Where each piece's words start and end; what lies between them is gap."""
    for line in _LINE.finditer(text):
        indent = _LINE_START.match(text, line.start(), line.end())
        start = indent.end() if indent else line.start()
        for mark in _END.finditer(text, start, line.end()):
            if mark.end() < line.end() and _ends_sentence(text, start, mark):
                yield from _shorten(text, start, mark.end(), longest)
                start = mark.end()
        yield from _shorten(text, start, line.end(), longest)


def _ends_sentence(text: str, start: int, mark: re.Match[str]) -> bool:
    if mark[0][0] in "。！？｡":
        return True
    following = _NEXT_WORD.match(text, mark.end())
    word = (following[1] or "") if following else ""
    if word and word[0].islower():
        return False
    if mark[0].rstrip("\"'”’»)]") != ".":
        return True
    before = text[max(start, mark.start() - _LONGEST_WORD_BEFORE) : mark.start()].split()
    last = re.split("[–—-]", before[-1])[-1].lstrip("\"'“‘«„([¿¡").lower() if before else ""
    if last in _OPENING or _is_initial(text, mark.start()):
        return False
    if last in _NUMBERED and (word[:1].isdigit() or _ROMAN.fullmatch(word)):
        return False
    if last in _DECADES and _ROMAN.fullmatch(word):
        return False  # Polish: "lata 80. XX wieku"
    return not (last.isdigit() and word.lower() in _GERMAN_MONTHS)


def _is_initial(text: str, dot: int) -> bool:
    """Whether a single capital letter stands before the full stop: "J. Smith", "U.S. Army"."""
    return dot > 0 and text[dot - 1].isupper() and (dot == 1 or not text[dot - 2].isalnum())


def _shorten(text: str, start: int, end: int, longest: int) -> Iterator[tuple[int, int]]:
    """The span without its outer space, in parts of at most ``longest`` characters."""
    while True:
        while start < end and text[start].isspace():
            start += 1
        if end - start <= longest:
            break
        window = text[start : start + longest]
        clauses = [match.end() for match in _CLAUSE_END.finditer(window, longest // 3)]
        spaces = [] if clauses else [match.end() for match in re.finditer(r"\s", window)]
        cut = start + (clauses or spaces or [longest])[-1]
        yield start, start + len(text[start:cut].rstrip())
        start = cut
    while end > start and text[end - 1].isspace():
        end -= 1
    if end > start:
        yield start, end
