"""Translation through the API: one sentence, and words per second of a text, beside fxtranslate alone."""

import statistics
import time
from collections.abc import Callable
from pathlib import Path

import httpx
from fxtranslate import Translator

from benchmarks.measure import Effort, Result, Sample, alternate, result, row, run
from benchmarks.servers import data_folder, hearth, starters_dir, with_starters

SENTENCES = (
    "Good morning, how did you sleep?",
    "The train to the coast leaves at half past nine from the second platform.",
    "Please close the window before you go, because it will rain in the afternoon.",
    "My grandmother baked bread every Saturday and gave a loaf to each neighbour.",
    "The museum is free on Sundays, but the queue is long.",
)
PARAGRAPHS = 20


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


def through_api(client: httpx.Client) -> Sample:
    """Translate with Hearth over HTTP: queue, log and all."""

    def translate(text: str) -> None:
        body = {"text": text, "source_lang": "en", "target_lang": "pt"}
        client.post("/translations", json=body).raise_for_status()

    return time_both(translate, translate)


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
    with data_folder() as folder, hearth(with_starters(folder / "data")) as server:
        server.wait("/ready")
        with httpx.Client(base_url=server.url, timeout=60) as client:
            through_api(client)
            bare = alone(starters_dir() / "firefox" / "firefox-en-pt")
            made = alternate(lambda: through_api(client), bare, effort)
    limit = "fxtranslate alone"
    return result(
        "translate",
        made,
        [
            row("translation: one sentence", "ms", made, "sentence", limit, scale=1000, aim=30),
            row("translation: a text", "words/s", made, "words", limit, aim=0.9, aim_of="ratio", more_is_better=True),
        ],
    )


if __name__ == "__main__":
    run("translate", __doc__, measure)
