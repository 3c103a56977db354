"""How often a glossary's terms arrive in a translation, with it and without it: 60 sentences, English to Portuguese.

The sentences and terms are ``glossary.tsv`` beside this file: a term, what it must become, a sentence. Most terms are
such as the starter model translates otherwise (European Portuguese, a name that stays).
"""

import re
from pathlib import Path

from benchmarks.servers import data_folder, with_starters
from studio import Caller, Settings, Studio, Term, TranslateRequest

SENTENCES = Path(__file__).with_name("glossary.tsv")


def arrived(studio: Studio, caller: Caller, rows: list[tuple[str, str, str]], *, glossary: bool) -> int:
    """Count the sentences whose translation has the term."""
    count = 0
    for _, target, sentence in rows:
        asked = TranslateRequest(text=sentence, source_lang="en", target_lang="pt", glossary=glossary, memory=False)
        job = studio.submit(asked, caller)
        job.wait()
        count += re.search(rf"(?<!\w){re.escape(target)}(?!\w)", job.text(), re.IGNORECASE) is not None
    return count


def main() -> None:
    """Measure and print both shares."""
    lines = SENTENCES.read_text(encoding="utf-8").splitlines()
    rows = [(term, target, sentence) for term, target, sentence in (line.split("\t") for line in lines)]
    caller = Caller()
    with data_folder() as folder:
        data_dir = with_starters(folder / "data")
        with Studio.open(Settings.load(["--data-dir", str(data_dir)])) as studio:
            terms = {term: Term(source=term, target=target) for term, target, _ in rows}
            studio.put_terms(list(terms.values()), "en", "pt", caller)
            for glossary in (False, True):
                count = arrived(studio, caller, rows, glossary=glossary)
                share = 100 * count / len(rows)
                print(f"{'with' if glossary else 'without'} the glossary: {count} of {len(rows)} ({share:.0f} %)")


if __name__ == "__main__":
    main()
