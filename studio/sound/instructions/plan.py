"""An instruction read as a list of steps: cut into clauses, each of which must be a phrase of the language's."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from contract.audio import Convert, Join, Step, check_steps
from contract.errors import InvalidRequest
from contract.limits import check_text
from studio.sound.instructions import english, polish
from studio.sound.instructions.common import Rule
from studio.sound.instructions.quantities import tokens

MOST_CHARACTERS = 1_000
EXAMPLES = 'Say for instance: "cut the first 3 seconds, then fade out over 2".'


@dataclass(frozen=True, slots=True)
class Plan:
    """What an instruction means.

    Attributes:
        by: ``grammar``, or the id of the model that read it.
    """

    steps: tuple[Step, ...]
    by: str = "grammar"


@dataclass(frozen=True, slots=True)
class _Language:
    rules: Sequence[Rule]
    fillers: re.Pattern[str]
    strong: re.Pattern[str]
    weak: re.Pattern[str]
    verb: re.Pattern[str]


LANGUAGES = tuple(_Language(each.RULES, each.FILLERS, each.STRONG, each.WEAK, each.VERB) for each in (english, polish))


def plan(instruction: str, names: Mapping[str, str]) -> Plan:
    """Return what an instruction in English or Polish means, by the grammar alone.

    Args:
        names: Ids of recordings by their names, for those that are joined.

    Raises:
        InvalidRequest: A part of it is no phrase that is known, or asks for what can't be; that part is told.
    """
    check_text("instruction", instruction, MOST_CHARACTERS)
    text, quoted = tokens(instruction)
    worst = text
    for language in LANGUAGES:
        steps, rest = _read(_bare(text, language), language)
        if not rest and steps:
            found = tuple(_filled(step, quoted, names) for step in steps)
            check_steps(found)
            return Plan(found)
        if len(rest) < len(worst):
            worst = rest
    raise InvalidRequest(
        f"{_told(worst, instruction)} is nothing that can be done to a sound. {EXAMPLES}",
        field="instruction",
        understood=False,
    )


def _bare(text: str, language: _Language) -> str:
    return _tidy(language.fillers.sub(" ", text))


def _tidy(text: str) -> str:
    return " ".join(text.split()).strip(" ,.!?;:")


def _read(text: str, language: _Language) -> tuple[list[Step], str]:
    """Return the steps of a text, and the clause that is none, or \"\"."""
    steps: list[Step] = []
    verb = ""
    for sentence in map(_tidy, language.strong.split(text)):
        if not sentence:
            continue
        found = _clauses(sentence, language, verb)
        if found is None:
            return steps, sentence
        made, verb = found
        steps += made
    return steps, ""


def _clauses(text: str, language: _Language, verb: str) -> tuple[list[Step], str] | None:
    """Return the steps of a sentence: whole, or cut where a weak separator stands; the last verb is understood."""
    for clause in (text, f"{verb} {text}") if verb else (text,):
        for rule in language.rules:
            steps = rule.read(clause)
            if steps is not None:
                spoken = language.verb.match(clause)
                return steps, spoken[0] if spoken else verb
    for gap in reversed(list(language.weak.finditer(text))):
        first = _clauses(_tidy(text[: gap.start()]), language, verb) if gap.start() else None
        if first is None:
            continue
        rest = _clauses(_tidy(text[gap.end() :]), language, first[1])
        if rest is not None:
            return [*first[0], *rest[0]], rest[1]
    return None


def _filled(step: Step, quoted: Sequence[str], names: Mapping[str, str]) -> Step:
    """Put quoted texts into a step; names of recordings become their ids."""

    def text(token: str) -> str:
        return quoted[int(token.removeprefix("@q"))]

    if isinstance(step, Convert) and step.tags:
        return replace(step, tags={name: text(token) for name, token in step.tags.items()})
    if isinstance(step, Join):
        wanted = [text(token) for token in step.recordings]
        ids = {name.casefold(): each for name, each in names.items()}
        ids |= {name.rpartition(".")[0].casefold(): each for name, each in names.items() if "." in name}
        for name in wanted:
            if name.casefold() not in ids:
                raise InvalidRequest(
                    f"There is no recording called {name[:80]!r} in the library. Add it first.", field="instruction"
                )
        return replace(step, recordings=tuple(ids[name.casefold()] for name in wanted))
    return step


def _told(clause: str, instruction: str) -> str:
    """Return a clause for a person: as it was written, where no quantity in it was read."""
    return f'"{instruction.strip()[:80] if "@" in clause else clause[:80]}"'
