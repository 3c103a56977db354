"""The starter voice speaks 20 sentences and the starter recogniser hears them: the word error rate of the round trip.

Word errors are counted by the edit distance over words (substitutions, deletions, insertions), in lower case and
without punctuation.
"""

import re
import statistics
import time

from benchmarks.measure import Busy, Effort, Result, Round, result, row, run
from benchmarks.servers import data_folder, with_starters
from studio import Settings, Studio

SENTENCES = (
    "The train to the coast leaves every morning at seven.",
    "She opened the window and listened to the rain.",
    "Please put the blue cup back on the table.",
    "We walked along the river until the sun went down.",
    "The doctor asked him to come back next week.",
    "My sister plays the piano in a small band.",
    "There was nobody at the station when we arrived.",
    "The children built a castle out of wet sand.",
    "He bought fresh bread and cheese at the market.",
    "It takes two hours to drive to the mountains.",
    "The old clock in the hall stopped at midnight.",
    "Could you tell me where the nearest bank is?",
    "They painted the kitchen yellow last summer.",
    "A black cat was sleeping under the chair.",
    "The teacher wrote three questions on the board.",
    "I forgot my umbrella on the bus yesterday.",
    "Our neighbours are moving to another city.",
    "The water in the lake was cold and clear.",
    "He told us a long story about his grandfather.",
    "Turn off the light before you leave the room.",
)


def words(text: str) -> list[str]:
    """Return a text's words, for comparison."""
    return re.findall(r"[a-z']+", text.lower())


def errors(said: list[str], heard: list[str]) -> int:
    """Return how many words must be changed, left out or put in to make one of the other (Levenshtein)."""
    row = list(range(len(heard) + 1))
    for number, word in enumerate(said, 1):
        before, row[0] = row[0], number
        for place, other in enumerate(heard, 1):
            before, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, before + (word != other))
    return row[-1]


def measure(effort: Effort) -> Result:
    """Measure."""
    sentences = SENTENCES[:2] if effort.quick else SENTENCES
    made = []
    with data_folder() as folder:
        data = with_starters(folder / "data")
        with Studio.open(Settings(data_dir=data, no_starters=True)) as studio:
            for _ in range(effort.rounds):
                began, wrong, total = time.perf_counter(), 0, 0
                with Busy() as busy:
                    for sentence in sentences:
                        heard = studio.transcribe(studio.speak(sentence)).text
                        found, count = errors(words(sentence), words(heard)), len(words(sentence))
                        wrong, total = wrong + found, total + count
                        if found:
                            print(f"{found}/{count}  {sentence}  ->  {heard}", flush=True)
                took_s = (time.perf_counter() - began) / len(sentences)
                made.append(Round({"right": 100 * (1 - wrong / total), "took": took_s}, {}, busy.others_cores))
    right = statistics.median(each.ours["right"] for each in made)
    return result(
        "round_trip",
        made,
        [
            row("round trip: words that come through", "%", made, "right", "", more_is_better=True),
            row("round trip: a sentence spoken and heard", "s", made, "took", ""),
        ],
        [
            f"Round trip: the starter voice speaks {len(sentences)} sentences, the starter recogniser hears them; the "
            f"word error rate is {100 - right:.1f} %."
        ],
    )


if __name__ == "__main__":
    run("round_trip", __doc__ or "", measure)
