"""A translation on the page: its sentences as marks that know their source, and what stands below both panes."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from studio import Aligned, Checked, Event, Limits
from ui import render
from ui.follow import View
from ui.words import Words

LIMIT = Limits().translate_characters
LONG_S = 1.0
SURE, TOLD_FROM_WORDS = 0.9, 4


@dataclass(frozen=True, slots=True)
class Place:
    """A sentence in the source and in the translation, in code points."""

    source_start: int
    source_end: int
    start: int
    end: int
    told: Checked | None = None  # what a check, the memory or the glossary has to say of it


@dataclass(frozen=True, slots=True)
class Shown:
    """What the page shows: kept by the server, for what a browser sends back proves nothing.

    Attributes:
        source, target: Languages; source is the detected one where none was chosen.
        model: The id of the model that translated.
    """

    text: str = ""
    result: str = ""
    source: str | None = None
    target: str = ""
    model: str = ""
    places: tuple[Place, ...] = ()

    def sentence(self, number: int) -> tuple[str, str] | None:
        """Return a sentence and its translation; None: there is none of this number."""
        if not 0 <= number < len(self.places):
            return None
        place = self.places[number]
        return self.text[place.source_start : place.source_end], self.result[place.start : place.end]

    def with_sentence(self, number: int, wording: str, *, kept: bool = False) -> "Shown":
        """Return the same with one sentence put in other words; ``kept``: these are in the memory now."""
        place = self.places[number]
        longer = len(wording) - (place.end - place.start)
        told = Checked(place.start, place.end + longer, origin="memory", similarity=1.0) if kept else None
        places = [*self.places[:number], replace(place, end=place.end + longer, told=told)]
        places += [
            replace(later, start=later.start + longer, end=later.end + longer) for later in self.places[number + 1 :]
        ]
        result = self.result[: place.start] + wording + self.result[place.end :]
        return replace(self, result=result, places=tuple(places))


def placed(events: Sequence[Event]) -> tuple[Place, ...]:
    """Return the places that a job has told, and what there is to say of each."""
    told = {(event.start, event.end): event for event in events if isinstance(event, Checked)}
    return tuple(
        Place(event.source_start, event.source_end, event.start, event.end, told.get((event.start, event.end)))
        for event in events
        if isinstance(event, Aligned)
    )


def remark(told: Checked | None, words: Words) -> tuple[str, str]:
    """Return the class and the hint of a sentence: what is wrong with it, where it comes from, what is like it."""
    if told is not None and told.faults:
        why = ", ".join(words(f"fault_{fault}") for fault in told.faults)
        return "flagged", words("tr_flagged", why=why)
    if told is not None and told.origin == "memory":
        return "remembered", words("tr_remembered")
    if told is not None and told.similarity:
        return "similar", words("tr_similar", n=words.number(told.similarity * 100))
    return "", ""


def remarks(shown: Shown, words: Words) -> list[str]:
    """Return how many sentences come from the memory, are like one of it, and need a look."""
    kinds = [remark(place.told, words)[0] for place in shown.places]
    keys = {"remembered": "tr_remembered_many", "similar": "tr_similar_many", "flagged": "tr_flagged_many"}
    return [words.count(key, many) for kind, key in keys.items() if (many := kinds.count(kind))]


def _with_terms(sentence: str, terms: Sequence[str], words: Words) -> str:
    """Return a sentence as HTML with the glossary's terms marked."""
    if not terms:
        return render.escape(sentence)
    either = re.compile("|".join(re.escape(term) for term in sorted(terms, key=len, reverse=True)))
    hint = render.escape(words("tr_term"))
    at, parts = 0, []
    for found in either.finditer(sentence):
        parts += [render.escape(sentence[at : found.start()]), f'<mark class="term" title="{hint}">']
        parts += [render.escape(found[0]), "</mark>"]
        at = found.end()
    return "".join(parts) + render.escape(sentence[at:])


def pane(shown: Shown, words: Words, *, growing: bool = False) -> str:
    """Return the right pane: each sentence can be pointed at, and clicked for other wordings."""
    parts: list[str] = []
    at = 0
    units = _Units(shown.text)
    for number, place in enumerate(shown.places):
        if place.end > len(shown.result):
            break
        begin, end = units.at(place.source_start), units.at(place.source_end)
        parts.append(render.escape(shown.result[at : place.start]))
        kind, hint = remark(place.told, words)
        sentence = shown.result[place.start : place.end]
        parts.append(
            f'<span class="{f"seg {kind}".strip()}" role="button" tabindex="0" data-act="other" data-id="{number}" '
            f'data-a="{begin}" data-b="{end}" title="{render.escape(hint or words("tr_other"))}">'
            f"{_with_terms(sentence, place.told.terms if place.told else (), words)}</span>"
        )
        at = place.end
    inner = "".join(parts) + render.escape(shown.result[at:])
    label = render.escape(words("tr_result"))
    live = "off" if growing else "polite"
    empty = "" if inner else f'<span class="muted">{render.escape(words("tr_here"))}</span>'
    language = f' lang="{render.escape(shown.target)}"' if shown.target else ""
    return (
        f'<div id="tr-out" class="pane" role="region" tabindex="0" aria-label="{label}" aria-live="{live}" '
        f'data-length="{units.at(len(shown.text))}" dir="auto"{language}>{inner or empty}</div>'
    )


class _Units:
    """Places in code points as JavaScript counts them, in UTF-16 units; asked in rising order."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._simple = text.isascii() or max(text) <= "\uffff"
        self._at = self._units = 0

    def at(self, place: int) -> int:
        """Return the place in UTF-16 units."""
        if self._simple:
            return place
        if place < self._at:
            self._at = self._units = 0
        self._units += len(self._text[self._at : place].encode("utf-16-le", "surrogatepass")) // 2
        self._at = place
        return self._units


def contrary(found: Sequence[tuple[str, float]], shown: Shown) -> str:
    """Return the language that a text surely is in, where another was chosen for it; "" otherwise."""
    language, sure = found[0] if found else ("", 0.0)
    enough = len(shown.text.split()) >= TOLD_FROM_WORDS and sure >= SURE
    return language if enough and language not in (shown.source, shown.target) else ""


def working(words: Words, view: View) -> str:
    """Return how far a translation is that takes long, with a button that stops it; "" in its first second."""
    told = view.progress
    if told is None or view.duration_s < LONG_S:
        return ""
    steps = words("tr_steps", done=words.number(told.step), total=words.number(told.total))
    bar = render.busy(steps, told.step / told.total if told.total else None)
    return f'<div class="fetch">{bar}{render.button(words("cancel"), "cancel", view.job.id)}</div>'


def below_source(text: str, words: Words, found: Sequence[tuple[str, float]] = (), rather: str = "") -> str:
    """Return the counter, the detected language and its rivals to click, and the buttons of the left pane.

    Args:
        rather: A language that it is in, where another was chosen.
    """
    count = f"{words.number(len(text))} / {words.number(LIMIT)}"
    over = " bad" if len(text) > LIMIT else ""
    counter = (
        f'<span id="tr-count" class="figure{over}" data-limit="{LIMIT}" title="{render.escape(words("tr_count"))}">'
        f"{render.escape(count)}</span>"
    )
    guess = ""
    if found:
        language, sure = found[0]
        told = words("tr_detected", language=words.language_name(language), n=words.number(sure * 100))
        rivals = "".join(
            render.button(words("tr_rather", language=words.language_name(code)), "from", code, kind="quiet chip")
            for code, share in found[1:3]
            if share >= 0.03
        )
        guess = f'<span class="guess">{render.escape(told)}</span>{rivals}'
    elif rather:
        told = words("tr_rather", language=words.language_name(rather))
        guess = render.button(told, "from", rather, kind="quiet chip")
    listen = render.button("", "listen", "source", drawing="sound", name=words("tr_listen_source"))
    clear = render.button("", "clear", drawing="close", name=words("tr_clear"))
    return f'<div class="below"><p class="cost">{counter}{guess}</p><span class="tools">{listen}{clear}</span></div>'


def below_result(words: Words, parts: Sequence[str]) -> str:
    """Return what it cost and who did it, and the buttons of the right pane."""
    listen = render.button("", "listen", "result", drawing="sound", name=words("tr_listen_result"))
    tools = listen + render.copy(words, "#tr-out")
    return f'<div class="below">{render.cost(parts)}<span class="tools">{tools}</span></div>'
