"""The log, the jobs' rows, preferences and stored files."""

from pathlib import Path

import pytest

from contract.errors import NotFound, StorageFailed
from contract.ids import new_id
from store import Artifacts, Database, Interaction, Interactions, JobRow, Jobs, Preferences, StoredFile
from store.database import now


def interaction(**fields: object) -> Interaction:
    values = {"id": new_id(), "created_at": now(), "kind": "chat", "via": "ui", "owner": "local", "status": "done"}
    return Interaction(**{**values, **fields})


def test_a_row_keeps_every_field_that_was_given(database: Database) -> None:
    log = Interactions(database)
    given = interaction(
        engine="echo-chat",
        model="echo-chat",
        job_id="j",
        request_id="r",
        parameters={"stop": ("a",), "seed": 7, "path": Path("x")},
        input="pytanie 'ż' 🐝",
        output='"x"',
        artifacts=("one", "two"),
        tokens_in=1,
        tokens_out=2,
        tokens_cached=3,
        characters=4,
        audio_s=5.5,
        queued_s=0.1,
        load_s=0.2,
        first_output_s=0.3,
        duration_s=0.4,
        error_code="x",
        error_message="y",
    )
    database.write(lambda db: Interactions.append(db, given))

    [row] = log.latest(None)
    for name in ("id", "job_id", "request_id", "input", "output", "tokens_cached", "audio_s", "duration_s"):
        assert row[name] == getattr(given, name), name
    assert row["artifacts"] == '["one", "two"]'
    assert row["parameters"] == '{"stop": ["a"], "seed": 7, "path": "x"}'
    assert log.count() == 1


def test_the_log_is_read_by_owner_and_by_time(database: Database) -> None:
    log = Interactions(database)
    for owner, day in (("anna", "2026-01-01"), ("anna", "2026-01-02"), ("boris", "2026-01-02")):
        row = interaction(owner=owner, created_at=f"{day}T12:00:00.000Z")
        database.write(lambda db, row=row: Interactions.append(db, row))

    assert len(log.rows("anna", "2026-01-01")) == 2
    assert len(log.rows("anna", "2026-01-02")) == 1
    assert len(log.rows(None, "2026-01-01", until="2026-01-02")) == 1
    assert [row["owner"] for row in log.latest("boris")] == ["boris"]


def test_a_status_that_is_none_is_refused(database: Database) -> None:
    with pytest.raises(StorageFailed):
        database.write(lambda db: Interactions.append(db, interaction(status="fine")))
    assert Interactions(database).count() == 0


def test_a_job_row_goes_from_queued_to_its_end_and_is_open_until_then(database: Database) -> None:
    jobs = Jobs(database)
    row = JobRow(
        id=new_id(), owner="local", via="ui", kind="chat", state="queued", created_at=now(), instance="here", input="x"
    )
    jobs.add(row)
    jobs.started(row.id)
    assert database.write(lambda db: Jobs.is_open(db, row.id))
    assert [job.state for job in jobs.open()] == ["running"]

    database.write(lambda db: Jobs.finish(db, row.id, "failed", "m", "code", "message"))

    assert jobs.open() == []
    assert not database.write(lambda db: Jobs.is_open(db, row.id))
    found = jobs.get(row.id)
    assert found is not None and (found.state, found.error_code, found.input) == ("failed", "code", "x")
    assert found.finished_at is not None
    assert jobs.get("no such job") is None


def test_preferences_are_kept_by_owner_and_forgotten_with_none(database: Database) -> None:
    preferences = Preferences(database)
    preferences.set("anna", "theme", {"dark": True})
    preferences.set("anna", "theme", {"dark": False})

    assert preferences.get("anna", "theme") == {"dark": False}
    assert preferences.get("boris", "theme") is None
    preferences.set("anna", "theme", None)
    assert preferences.get("anna", "theme") is None


def add(database: Database, artifacts: Artifacts, owner: str = "local", name: str = "a.png") -> StoredFile:
    artifact_id, path = artifacts.new_path(owner, "image/png")
    path.write_bytes(b"png")
    file = StoredFile(
        id=artifact_id,
        owner=owner,
        job_id="job",
        mime="image/png",
        name=name,
        path=path,
        size_bytes=3,
        created_at=now(),
        details={"seed": 7},
    )
    database.write(lambda db: Artifacts.add(db, file, artifacts.folder))
    return file


def test_a_stored_file_is_found_by_its_owner_alone(database: Database, tmp_path: Path) -> None:
    artifacts = Artifacts(database, tmp_path / "artifacts")
    file = add(database, artifacts, "anna")

    assert artifacts.get(file.id, "anna") == file
    assert artifacts.of_job("job", "anna") == [file]
    assert artifacts.of_job("job", "boris") == []
    for wanted, owner in ((file.id, "boris"), ("../../etc/passwd", "anna"), ("", "anna"), ("x" * 10_000, "anna")):
        with pytest.raises(NotFound) as caught:
            artifacts.get(wanted, owner)
        assert len(caught.value.message) < 200


@pytest.mark.parametrize("owner", ["../../up", "/etc", "a/b", "..", "nul\x00", "C:\\x", "guest-1.sig"])
def test_no_owner_names_a_path_outside_the_folder(database: Database, tmp_path: Path, owner: str) -> None:
    folder = tmp_path / "artifacts"

    _, path = Artifacts(database, folder).new_path(owner, "image/png")

    assert path.resolve().is_relative_to(folder.resolve())
    assert path.parent.is_dir()
    assert len(path.relative_to(folder).parts) == 3


def test_a_file_deleted_by_hand_is_not_found_and_left_out_of_the_gallery(database: Database, tmp_path: Path) -> None:
    artifacts = Artifacts(database, tmp_path / "artifacts")
    kept, gone = add(database, artifacts), add(database, artifacts)
    gone.path.unlink()

    with pytest.raises(NotFound, match="gone from the data folder"):
        artifacts.get(gone.id, "local")
    assert artifacts.latest("local", "image/png") == [kept]
    assert artifacts.of_job("job", "local") == [kept]


def test_a_folder_that_can_not_be_made_is_a_storage_error(database: Database, tmp_path: Path) -> None:
    (tmp_path / "artifacts").write_text("in the way")

    with pytest.raises(StorageFailed, match="Free space or check"):
        Artifacts(database, tmp_path / "artifacts").new_path("local", "audio/wav")
