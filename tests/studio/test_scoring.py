"""Scoring: the test sets are whole, the figures are sacreBLEU's, a bad file is told by its line."""

from pathlib import Path

import pytest

from contract.errors import InvalidRequest
from studio import Settings, Studio
from studio.scoring import read_pairs, run, score, table
from tests.serving import use_models

DATA = Path(__file__).resolve().parents[2] / "benchmarks" / "data"


@pytest.mark.parametrize("other", ["pt", "pl"])
def test_the_sets_hold_200_different_pairs_of_three_kinds(other: str) -> None:
    pairs = read_pairs(DATA / f"en-{other}.tsv", "en", other)
    assert len(pairs) == len({text for text, _, _ in pairs}) == len({text for _, text, _ in pairs}) == 200
    assert {kind for _, _, kind in pairs} == {"everyday", "technical", "formal"}
    assert not [text for text, reference, _ in pairs if text == reference or text[-1] not in ".?"]


def test_an_echo_scores_what_copying_scores(echo_studio: Studio, tmp_path: Path) -> None:
    file = tmp_path / "pairs.tsv"
    file.write_text("en\tpt\n" + "".join(f"The house {n} is small.\t[pt] The house {n} is small.\n" for n in range(5)))
    (whole,) = score(echo_studio, file, "en", "pt")
    assert (whole.bleu, whole.chrf, whole.same, whole.pairs) == (100.0, 100.0, 5, 5)
    assert whole.model == "echo-translation" and "nrefs:1" in whole.bleu_signature
    assert "| all | 5 | 100.0 | 100.0 | 5 |" in table([whole])


def test_the_starter_scores_well_on_a_part_of_the_set(starters: Path, tmp_path: Path) -> None:
    use_models(tmp_path, starters, only=["firefox-en-pt"])
    lines = (DATA / "en-pt.tsv").read_text(encoding="utf-8").splitlines(keepends=True)
    (tmp_path / "some.tsv").write_text("".join([lines[0], *lines[1:190:9]]), encoding="utf-8")
    settings = Settings(data_dir=tmp_path, ollama_host="http://127.0.0.1:9", no_starters=True)
    with Studio.open(settings) as studio:
        scores = score(studio, tmp_path / "some.tsv", "en", "pt")
    assert [each.part for each in scores] == ["", "everyday", "formal", "technical"]
    assert scores[0].pairs == 21 and scores[0].chrf > 65


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no column 'en'"),
        ("en\tde\nHi\tHallo\n", "no column 'pt'"),
        ("en\tpt\nHi\tOi\nHello\t\n", "line 3: a text is empty"),
        ("en\tpt\nHi\n", "line 2: a text is empty"),
    ],
)
def test_a_bad_file_is_told_by_its_place(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "pairs.tsv").write_text(text)
    with pytest.raises(InvalidRequest, match=told):
        read_pairs(tmp_path / "pairs.tsv", "en", "pt")


def test_the_command_prints_a_table_or_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "pairs.tsv"
    file.write_text("en\tpt\nHi.\t[pt] Hi.\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEARTH_DEMO", "1")
        for more in ([], ["--json"]):
            run([str(file), "--from", "en", "--to", "pt", "--data-dir", str(tmp_path / "data"), *more])
    printed = capsys.readouterr().out
    assert "| all | 1 |" in printed and '"chrf": 100.0' in printed
