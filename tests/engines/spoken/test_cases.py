"""Every line of english.tsv and polish.tsv, as it is written and as it is said."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engines.spoken import make_spoken


def _cases() -> Iterator[tuple[str, str, str, str]]:
    for name, language in (("english", "en-US"), ("polish", "pl")):
        lines = Path(__file__).with_name(f"{name}.tsv").read_text(encoding="utf-8").splitlines()
        for line in lines:
            if line and not line.startswith("#\t") and not line.startswith("# "):
                kind, written, said = line.split("\t")
                yield language, kind, written, said


CASES = list(_cases())


@pytest.mark.parametrize(("language", "kind", "written", "said"), CASES)
def test_what_is_written_is_said_as_a_reader_would_say_it(language: str, kind: str, written: str, said: str) -> None:
    assert make_spoken(written, language) == said
