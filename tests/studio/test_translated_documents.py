"""A document is a job on the one path: kept by segment, gone on with after a cancel, its owner's alone."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import docx
import pytest
from lxml import etree

from studio import (
    Artifact,
    Caller,
    Conflict,
    Done,
    Failed,
    InputTooLarge,
    InvalidRequest,
    NotFound,
    Progress,
    Settings,
    Studio,
)
from tests.echo_models import install_echo, until
from tests.serving import use_models
from tests.studio.asking import LOCAL, rows
from tests.studio.translating.papers import PAPERS

ANNA, BORIS = Caller(owner="anna", via="api"), Caller(owner="boris", via="api")
LINES = "\n".join(f"Line number {number} is here." for number in range(200)).encode()


@pytest.fixture(scope="module")
def real_studio(starters: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("documents")
    use_models(folder, starters)
    with Studio.open(Settings(data_dir=folder, no_starters=True, ollama_host="http://127.0.0.1:9")) as studio:
        yield studio


@pytest.fixture
def slow_studio(tmp_path: Path) -> Any:
    """A studio whose translator takes 10 ms a sentence."""
    install_echo(tmp_path, "slow-translation", "translation", delay_s=0.01)
    with Studio.open(Settings(data_dir=tmp_path, ollama_host="http://127.0.0.1:9", no_starters=True)) as studio:
        yield studio


def result(studio: Studio, document_id: str, caller: Caller = LOCAL) -> bytes:
    file_id = studio.translated_document(document_id, caller).result_id
    assert file_id is not None
    return studio.artifact(file_id, caller).path.read_bytes()


@pytest.mark.parametrize("suffix", list(PAPERS))
def test_every_kind_of_document_is_translated_and_logged(suffix: str, real_studio: Studio) -> None:
    document = real_studio.hand_in(PAPERS[suffix], f"paper{suffix}", "pt", LOCAL, "en")
    job = real_studio.translate_document(document.id, LOCAL)
    assert job.wait() == Done()

    events = [event for _, event in job.snapshot()]
    files = [event for event in events if isinstance(event, Artifact)]
    assert len(files) == 1
    assert files[0].name == f"paper.pt{'.txt' if suffix == '.pdf' else suffix}"
    done = real_studio.translated_document(document.id, LOCAL)
    assert (done.state, done.done, done.flagged) == ("done", done.segments, 0)
    steps = [event.step for event in events if isinstance(event, Progress)]
    assert steps == sorted(steps) and steps[-1] == done.segments
    assert result(real_studio, document.id) != PAPERS[suffix]
    row = [row for row in rows(real_studio) if row["job_id"] == job.id]
    assert [(row["kind"], row["status"], row["input"], row["model"]) for row in row] == [
        ("translation", "done", f"paper{suffix}", "firefox-en-pt")
    ]


def test_the_words_are_translated_in_their_styles(real_studio: Studio) -> None:
    document = real_studio.hand_in(PAPERS[".docx"], "styled.docx", "pt", LOCAL, "en")
    real_studio.translate_document(document.id, LOCAL).wait()
    paragraph = docx.Document(io.BytesIO(result(real_studio, document.id))).paragraphs[1]
    assert [run.text for run in paragraph.runs if run.bold] == ["muito quente"]
    assert [run.text for run in paragraph.runs if run.italic] == ["está pronto"]
    assert paragraph.hyperlinks[0].text == "a página inteira"
    assert paragraph.text.startswith("O fogo é muito quente e o chá está pronto. ")


def test_the_language_is_found_out_and_another_than_it_is_needed(real_studio: Studio) -> None:
    document = real_studio.hand_in(PAPERS[".md"], "found.md", "pt", LOCAL)
    real_studio.translate_document(document.id, LOCAL).wait()
    assert real_studio.translated_document(document.id, LOCAL).source_lang == "en"
    same = real_studio.hand_in(PAPERS[".md"], "same.md", "en", LOCAL)
    with pytest.raises(InvalidRequest, match="already"):
        real_studio.translate_document(same.id, LOCAL).wait()
    assert real_studio.translated_document(same.id, LOCAL).state == "failed"


def test_a_document_is_gone_on_with_after_a_cancel(slow_studio: Studio) -> None:
    document = slow_studio.hand_in(LINES, "lines.txt", "pl", LOCAL, "en", "slow-translation")
    job = slow_studio.translate_document(document.id, LOCAL)
    until(lambda: any(isinstance(event, Progress) and event.step >= 20 for _, event in job.snapshot()))
    assert slow_studio.translate_document(document.id, LOCAL) is job
    job.cancel()
    job.wait()

    stopped = slow_studio.translated_document(document.id, LOCAL)
    assert stopped.state == "cancelled"
    assert 20 <= stopped.done < 200
    kept = {each.number: each.target for each in slow_studio.document_segments(document.id, LOCAL, limit=stopped.done)}
    assert all(target is not None for target in kept.values())

    again = slow_studio.hand_in(LINES, "lines.txt", "pl", LOCAL, "en", "slow-translation")
    assert again.id == document.id
    job = slow_studio.translate_document(again.id, LOCAL)
    assert job.wait() == Done()
    first = next(event for _, event in job.snapshot() if isinstance(event, Progress))
    assert (first.step, first.total) == (stopped.done, 200)
    text = result(slow_studio, document.id).decode().splitlines()
    assert text == [f"[pl] Line number {number} is here." for number in range(200)]


def test_a_document_is_gone_on_with_after_a_restart(tmp_path: Path) -> None:
    install_echo(tmp_path, "slow-translation", "translation", delay_s=0.01)
    settings = Settings(data_dir=tmp_path, ollama_host="http://127.0.0.1:9", no_starters=True)
    with Studio.open(settings) as studio:
        document = studio.hand_in(LINES, "lines.txt", "pl", LOCAL, "en", "slow-translation")
        job = studio.translate_document(document.id, LOCAL)
        until(lambda: studio.translated_document(document.id, LOCAL).done >= 10)
        job.cancel()  # as the end of the process does
    with Studio.open(settings) as studio:
        kept = studio.translated_document(document.id, LOCAL)
        assert kept.state in ("cancelled", "interrupted")
        assert kept.done >= 10
        assert studio.translate_document(document.id, LOCAL).wait() == Done()
        assert studio.translated_document(document.id, LOCAL).done == 200


def test_what_a_check_finds_is_flagged_and_an_edit_mends_it(real_studio: Studio) -> None:
    text = b"The fire is warm tonight.\n\nDas ist ein Haus und es ist sehr alt.\n"
    document = real_studio.hand_in(text, "flags.txt", "pt", LOCAL, "en")
    real_studio.translate_document(document.id, LOCAL).wait()
    flagged = real_studio.document_segments(document.id, LOCAL, flagged=True)
    assert [(each.number, each.faults) for each in flagged] == [(1, ("echoed",))]
    assert real_studio.translated_document(document.id, LOCAL).flagged == 1

    edited = real_studio.edit_segment(document.id, 1, "Esta é uma casa e é muito antiga.", LOCAL)
    assert (edited.faults, edited.origin) == ((), "edit")
    assert real_studio.translated_document(document.id, LOCAL).flagged == 0
    real_studio.translate_document(document.id, LOCAL).wait()
    assert result(real_studio, document.id).decode().endswith("Esta é uma casa e é muito antiga.\n")


def test_a_file_that_is_written_anew_leaves_no_older_one_behind(echo_studio: Studio) -> None:
    document = echo_studio.hand_in(b"One line here.", "anew.txt", "pl", LOCAL, "en")
    older = set()
    for _ in range(3):
        echo_studio.translate_document(document.id, LOCAL).wait()
        older.add(echo_studio.translated_document(document.id, LOCAL).result_id or "")
    assert len(older) == 3
    assert result(echo_studio, document.id) == b"[pl] One line here."
    assert len(list(echo_studio.artifacts.folder.rglob("*.txt"))) == 1
    kept = echo_studio._database.rows("SELECT id FROM artifacts WHERE mime = 'text/plain'")
    assert {row["id"] for row in kept} < older


def test_an_edit_must_keep_the_codes(real_studio: Studio) -> None:
    document = real_studio.hand_in(PAPERS[".odt"], "codes.odt", "pt", LOCAL, "en")
    real_studio.translate_document(document.id, LOCAL).wait()
    with pytest.raises(InvalidRequest, match="codes"):
        real_studio.edit_segment(document.id, 1, "O fogo.", LOCAL)
    with pytest.raises(NotFound):
        real_studio.edit_segment(document.id, 999, "O fogo.", LOCAL)


def test_a_second_model_is_asked_for_what_the_first_did_badly(starters: Path, tmp_path: Path) -> None:
    use_models(tmp_path, starters)
    install_echo(tmp_path, "other", "translation")
    manifest = tmp_path / "models" / "echo-translation" / "other" / "hearth.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "source_lang": "en", "target_lang": "pt"}))
    with Studio.open(Settings(data_dir=tmp_path, ollama_host="http://127.0.0.1:9", no_starters=True)) as studio:
        text = b"The fire is warm tonight.\n\nDas ist ein Haus und es ist sehr alt.\n"
        document = studio.hand_in(text, "two.txt", "pt", LOCAL, "en", "firefox-en-pt")
        job = studio.translate_document(document.id, LOCAL)
        job.wait()
        loaded = [event.model for _, event in job.snapshot() if type(event).__name__ == "Loading"]
        assert len(loaded) == 2
        flagged = studio.document_segments(document.id, LOCAL, flagged=True)
        # The echo is no better than the model was, so the model's stays.
        assert [each.target for each in flagged] == ["Das ist ein Haus und es ist sehr alt."]


def test_a_document_is_its_owners_alone(real_studio: Studio) -> None:
    document = real_studio.hand_in(PAPERS[".txt"], "hers.txt", "pt", ANNA, "en")
    for ask in (
        lambda: real_studio.translated_document(document.id, BORIS),
        lambda: real_studio.translate_document(document.id, BORIS),
        lambda: real_studio.document_segments(document.id, BORIS),
        lambda: real_studio.edit_segment(document.id, 0, "x", BORIS),
        lambda: real_studio.export_document(document.id, BORIS, "tmx"),
        lambda: real_studio.delete_document(document.id, BORIS),
        lambda: real_studio.artifact(document.file_id, BORIS),
    ):
        with pytest.raises(NotFound):
            ask()
    assert real_studio.translated_documents(BORIS) == []
    assert [each.id for each in real_studio.translated_documents(ANNA)] == [document.id]


def test_a_deleted_document_leaves_no_file_and_no_segment(real_studio: Studio) -> None:
    document = real_studio.hand_in(PAPERS[".csv"], "gone.csv", "pt", ANNA, "en")
    real_studio.translate_document(document.id, ANNA).wait()
    done = real_studio.translated_document(document.id, ANNA)
    paths = [real_studio.artifact(file_id, ANNA).path for file_id in (done.file_id, done.result_id or "")]
    real_studio.delete_document(document.id, ANNA)
    assert [path.exists() for path in paths] == [False, False]
    with pytest.raises(NotFound):
        real_studio.translated_document(document.id, ANNA)
    assert real_studio._database.rows("SELECT 1 FROM translated_segments WHERE document_id = ?", (document.id,)) == []


def test_what_can_not_be_handed_in_is_refused_in_a_sentence(echo_studio: Studio) -> None:
    with pytest.raises(InvalidRequest, match="ending"):
        echo_studio.hand_in(b"x", "program.exe", "pl", LOCAL)
    with pytest.raises(InvalidRequest, match="empty"):
        echo_studio.hand_in(b"", "a.txt", "pl", LOCAL)
    with pytest.raises(InvalidRequest, match="two languages"):
        echo_studio.hand_in(b"x", "a.txt", "pl", LOCAL, "pl")
    with pytest.raises(InputTooLarge, match="MB"):
        echo_studio.hand_in(b"x" * (51 * 1024 * 1024), "a.txt", "pl", LOCAL)
    assert echo_studio.hand_in(b"x y", "../../etc/passwd\x00.txt", "pl", LOCAL).name == "passwd.txt"
    nothing = echo_studio.hand_in(b"12 34 -- 56", "numbers.txt", "pl", LOCAL, "en")
    job = echo_studio.translate_document(nothing.id, LOCAL)
    with pytest.raises(InvalidRequest, match="no words"):
        job.wait()
    assert isinstance(job.snapshot()[-1][1], Failed)


def test_a_document_can_not_be_edited_while_it_is_translated(slow_studio: Studio) -> None:
    document = slow_studio.hand_in(LINES, "busy.txt", "pl", LOCAL, "en", "slow-translation")
    job = slow_studio.translate_document(document.id, LOCAL)
    until(lambda: slow_studio.translated_document(document.id, LOCAL).state == "running")
    with pytest.raises(Conflict):
        slow_studio.edit_segment(document.id, 0, "x", LOCAL)
    job.cancel()
    job.wait()


# Exports


def test_both_languages_stand_side_by_side_in_word_tmx_and_xliff(real_studio: Studio) -> None:
    document = real_studio.hand_in(PAPERS[".docx"], "both.docx", "pt", LOCAL, "en")
    real_studio.translate_document(document.id, LOCAL).wait()

    word = real_studio.export_document(document.id, LOCAL, "docx")
    table = docx.Document(io.BytesIO(word.data)).tables[0]
    assert [cell.text for cell in table.rows[0].cells] == ["#", "en", "pt", "!"]
    assert [cell.text for cell in table.rows[1].cells[:3]] == ["1", "The big heading", "O grande título"]

    tmx = real_studio.export_document(document.id, LOCAL, "tmx")
    assert tmx.name == "both.pt.tmx"
    unit = etree.fromstring(tmx.data).find(".//tu[2]")
    assert "".join(unit.find("tuv[1]/seg").itertext()) == "The fire is very warm and the tea is ready."
    assert [child.tag for child in unit.find("tuv[2]/seg")] == ["bpt", "ept", "bpt", "ept"]

    xliff = etree.fromstring(real_studio.export_document(document.id, LOCAL, "xliff").data)
    name = "{urn:oasis:names:tc:xliff:document:1.2}"
    units = list(xliff.iter(f"{name}trans-unit"))
    assert "".join(units[1].find(f"{name}target").itertext()) == "O fogo é muito quente e o chá está pronto."
    assert [each.get("id") for each in units[1].iter(f"{name}g")] == ["2", "4", "2", "4"]


def test_a_zip_of_text_is_no_trouble_for_the_log(real_studio: Studio) -> None:
    bad = io.BytesIO()
    with zipfile.ZipFile(bad, "w") as package:
        package.writestr("a.txt", "x")
    document = real_studio.hand_in(bad.getvalue(), "bad.docx", "pt", LOCAL, "en")
    with pytest.raises(InvalidRequest):
        real_studio.translate_document(document.id, LOCAL).wait()
    row = rows(real_studio)[-1]
    assert (row["status"], row["error_code"]) == ("failed", "invalid_request")
    assert json.loads(row["parameters"])["target_lang"] == "pt"
