"""Translation through ``studio.translate``: one sentence, and words per second of a text, beside fxtranslate alone."""

import statistics
import time
from collections.abc import Callable
from pathlib import Path

from fxtranslate import Translator

from benchmarks.measure import Effort, Result, Sample, alternate, result, row, run
from benchmarks.servers import data_folder, starters_dir, with_starters
from studio import Settings, Studio

SENTENCES = (
    "Good morning, how did you sleep?",
    "The train to the coast leaves at half past nine from the second platform.",
    "Please close the window before you go, because it will rain in the afternoon.",
    "My grandmother baked bread every Saturday and gave a loaf to each neighbour.",
    "The museum is free on Sundays, but the queue is long.",
)
PARAGRAPHS = 4


def time_both(translate: Callable[[str], object], translate_long: Callable[[str], object]) -> Sample:
    """Translate each sentence alone, then a text of many."""
    took = []
    for sentence in SENTENCES:
        began = time.perf_counter()
        translate(sentence)
        took.append(time.perf_counter() - began)
    text = "\n\n".join([" ".join(SENTENCES)] * PARAGRAPHS)
    began = time.perf_counter()
    translate_long(text)
    return {"sentence": statistics.median(took), "words": len(text.split()) / (time.perf_counter() - began)}


def through_studio(studio: Studio) -> Sample:
    """Translate with Hearth: queue, log and all."""
    return time_both(lambda text: studio.translate(text, "pt", "en"), lambda text: studio.translate(text, "pt", "en"))


def alone(folder: Path) -> Callable[[], Sample]:
    """Return what translates with the engine's library."""
    model, vocabulary, shortlist = (
        next(folder.glob(pattern)).read_bytes() for pattern in ("model*.bin", "vocab*.spm", "lex*.bin")
    )
    translator = Translator(model, vocabulary, vocabulary, shortlist)
    time_both(translator.translate, translator.translate_long)
    return lambda: time_both(translator.translate, translator.translate_long)


def measure(effort: Effort) -> Result:
    """Measure."""
    with data_folder() as folder:
        data_dir = with_starters(folder / "data")
        with Studio.open(Settings.load(["--data-dir", str(data_dir)])) as studio:
            through_studio(studio)
            bare = alone(starters_dir() / "firefox" / "firefox-en-pt")
            made = alternate(lambda: through_studio(studio), bare, effort)
    limit = "fxtranslate alone"
    return result(
        "translate",
        made,
        [
            row("translation: one sentence", "ms", made, "sentence", limit, scale=1000),
            row("translation: a text", "words/s", made, "words", limit),
        ],
    )


if __name__ == "__main__":
    run("translate", __doc__, measure)
