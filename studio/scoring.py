"""Scores a translation model on a file of pairs: ``python app.py score pairs.tsv --from en --to pt``.

BLEU (Papineni et al. 2002) and chrF (Popović 2015) as sacreBLEU computes them, so that the figures can be
compared with anybody's: its signature comes along. chrF counts characters and is the one to trust for
languages with many endings; both say how near the wording is to one reference, not whether it is right.

The file is UTF-8 with tabs; its first line names the columns, two of them languages. Every line is one
request of its own through the Studio, as a person's would be.
"""

import argparse
import csv
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from contract.errors import EngineMissing, InvalidRequest
from contract.requests import TranslateRequest, TranslationEngine
from studio.settings import Settings
from studio.studio import Studio

if TYPE_CHECKING:
    from collections.abc import Callable

PAIRS = 100_000
ENGINES: tuple[TranslationEngine, ...] = ("firefox", "transformers", "chat")


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How near translations came to their references.

    Attributes:
        part: The lines it is of, by the column ``kind``; "": all of them.
        bleu, chrf: 0 to 100.
        same: Lines that came out word for word as the reference.
        words_per_s: Words of the source in a second, one line after the other.
        bleu_signature, chrf_signature: What sacreBLEU computed, in its own words.
    """

    model: str
    part: str
    pairs: int
    bleu: float
    chrf: float
    same: int
    words_per_s: float
    bleu_signature: str
    chrf_signature: str


def read_pairs(file: Path, source: str, target: str) -> list[tuple[str, str, str]]:
    """Return source, reference and kind of each line.

    Raises:
        InvalidRequest: It can't be read, lacks a column, or a line has nothing in one.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            rows = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    except (OSError, UnicodeDecodeError, csv.Error) as exc:
        raise InvalidRequest(f"{file} can't be read: {exc}. Give a UTF-8 file with tabs.", field="file") from exc
    columns = list(rows[0]) if rows else []
    for code in (source, target):
        if code not in columns:
            told = ", ".join(map(str, columns)) or "none"
            raise InvalidRequest(f"{file} has no column {code!r}; its first line names: {told}.", field="file")
    if len(rows) > PAIRS:
        raise InvalidRequest(f"{file} has {len(rows):,} lines; the limit is {PAIRS:,}.", field="file")
    for number, row in enumerate(rows, 2):
        if not (row[source] or "").strip() or not (row[target] or "").strip():
            raise InvalidRequest(f"{file}, line {number}: a text is empty. Mend or delete the line.", field="file")
    return [(row[source].strip(), row[target].strip(), (row.get("kind") or "").strip()) for row in rows]


def score(
    studio: Studio,
    file: Path,
    source: str,
    target: str,
    *,
    model: str | None = None,
    engine: TranslationEngine | None = None,
    told: "Callable[[int, int], None]" = lambda done, total: None,
) -> list[Score]:
    """Translate every line and compare; the whole file first, then each kind where there are several.

    Args:
        told: Called with how many lines are done, and of how many.

    Raises:
        EngineMissing: sacrebleu is not installed. StudioError: As a translation would.
    """
    try:
        import sacrebleu  # noqa: F401  # whether it is there, before the pairs are translated
    except ImportError as exc:
        raise EngineMissing(
            "Scoring needs sacrebleu, which is not installed. Run `pip install 'sacrebleu>=2.6,<3'`.",
            missing="sacrebleu",
        ) from exc
    pairs = read_pairs(file, source, target)
    made: list[str] = []
    took: list[float] = []
    used = ""
    for number, (text, _, _) in enumerate(pairs, 1):
        began = time.perf_counter()
        job = studio.submit(
            TranslateRequest(text=text, source_lang=source, target_lang=target, model=model, engine=engine)
        )
        job.wait()
        took.append(time.perf_counter() - began)
        made.append(job.text())
        used = job.spec.id if job.spec else used
        told(number, len(pairs))
    kinds = sorted({kind for _, _, kind in pairs})
    parts = ["", *(kinds if len(kinds) > 1 else [])]
    return [_score(used, part, pairs, made, took) for part in parts]


def _score(
    model: str, part: str, pairs: Sequence[tuple[str, str, str]], made: Sequence[str], took: Sequence[float]
) -> Score:
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

    chosen = [place for place, (_, _, kind) in enumerate(pairs) if part in ("", kind)]
    ours, references = [made[place] for place in chosen], [pairs[place][1] for place in chosen]
    bleu, chrf = BLEU(), CHRF()
    return Score(
        model=model,
        part=part,
        pairs=len(chosen),
        bleu=round(bleu.corpus_score(ours, [references]).score, 1),
        chrf=round(chrf.corpus_score(ours, [references]).score, 1),
        same=sum(one == other for one, other in zip(ours, references, strict=True)),
        words_per_s=round(sum(len(pairs[place][0].split()) for place in chosen) / sum(took[place] for place in chosen)),
        bleu_signature=str(bleu.get_signature()),
        chrf_signature=str(chrf.get_signature()),
    )


def table(scores: Sequence[Score]) -> str:
    """Return the scores as a table in Markdown, with the signatures below it."""
    lines = [
        f"{scores[0].model}, {scores[0].words_per_s:,} words/s",
        "",
        "| lines | pairs | BLEU | chrF | word for word |",
        "|---|---|---|---|---|",
    ]
    lines += [f"| {each.part or 'all'} | {each.pairs} | {each.bleu} | {each.chrf} | {each.same} |" for each in scores]
    return "\n".join([*lines, "", scores[0].bleu_signature, scores[0].chrf_signature])


def run(argv: Sequence[str]) -> None:
    """Score one direction, as the arguments after ``score`` say, and print it.

    Raises:
        StudioError: See ``score``.
    """
    parser = argparse.ArgumentParser(prog="app.py score", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("file", type=Path, help="UTF-8 with tabs; the first line names the columns by language")
    parser.add_argument("--from", dest="source", required=True, help="the language of the source, like en")
    parser.add_argument("--to", dest="target", required=True, help="the language of the translation, like pl")
    parser.add_argument("--model", help="a model's id (default: the best one here for the pair)")
    parser.add_argument("--engine", choices=ENGINES, help="a kind of model in its place")
    parser.add_argument("--data-dir", help="Hearth's data folder (default: as app.py)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    asked = parser.parse_args(argv)
    settings = Settings.load(["--data-dir", asked.data_dir] if asked.data_dir else [])

    def show(done: int, total: int) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{done} of {total}" + ("\n" if done == total else ""))

    with Studio.open(settings) as studio:
        found = score(studio, asked.file, asked.source, asked.target, model=asked.model, engine=asked.engine, told=show)
    print(json.dumps([asdict(each) for each in found], indent=1) if asked.json else table(found))
