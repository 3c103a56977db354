"""Starts on a bad day: each ends with one sentence that names what to do, and harms nothing."""

import contextlib
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import openai
import pytest

from store import Database
from studio import Settings, Studio
from tests.app.starting import ended
from tests.echo_models import install_echo, until
from tests.serving import ROOT, Server


@pytest.fixture
def busy_port() -> Iterator[int]:
    """A port on which somebody else listens."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield int(other.getsockname()[1])


def test_a_port_in_use_is_told_before_anything_is_downloaded(tmp_path: Path, busy_port: int) -> None:
    done = ended("--port", str(busy_port), "--data-dir", tmp_path)

    assert done.status == 1
    assert f"Port {busy_port} of 127.0.0.1 is in use" in done.sentence()
    assert "--port 0" in done.sentence()
    assert not (tmp_path / "models").exists()


@pytest.mark.parametrize("host", ["10.255.255.254", "no-such-host.invalid", "a" * 200])
def test_an_address_of_another_machine_is_refused(tmp_path: Path, host: str) -> None:
    done = ended("--demo", "--open", "--host", host, "--port", "0", "--data-dir", tmp_path)

    assert done.status == 1
    assert "no address of this machine" in done.sentence()


@pytest.mark.parametrize("place", ["a file", "a file/below", "/proc/hearth", "run is a file"])
def test_a_data_folder_that_can_not_be_written_is_refused(tmp_path: Path, place: str) -> None:
    # root may write into any real folder, so what blocks here is no matter of rights
    (tmp_path / "a file").write_text("mine")
    folder = tmp_path / place
    if place == "run is a file":
        folder.mkdir()
        (folder / "run").write_text("mine")

    done = ended("--demo", "--port", "0", "--data-dir", folder)

    assert done.status == 1
    assert str(folder) in done.sentence()
    assert "--data-dir" in done.sentence()
    assert (tmp_path / "a file").read_text() == "mine"


def test_a_data_folder_of_a_newer_hearth_is_left_alone(tmp_path: Path) -> None:
    Database(tmp_path).close()
    with contextlib.closing(sqlite3.connect(tmp_path / "hearth.db")) as db, db:
        db.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('hearth', '9042_later', '')"
        )
    before = (tmp_path / "hearth.db").read_bytes()

    done = ended("--demo", "--port", "0", "--data-dir", tmp_path)

    assert done.status == 1
    assert "newer Hearth (step 9042_later)" in done.sentence()
    assert "Update Hearth" in done.sentence()
    assert (tmp_path / "hearth.db").read_bytes() == before


def test_a_file_that_is_no_database_is_named_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "hearth.db").write_bytes(b"notes of mine " * 1_000)

    done = ended("--demo", "--port", "0", "--data-dir", tmp_path)

    assert done.status == 1
    assert "hearth.db" in done.sentence()
    assert "backups" in done.sentence()
    assert (tmp_path / "hearth.db").read_bytes() == b"notes of mine " * 1_000


def test_a_database_damaged_in_the_middle_is_told(tmp_path: Path) -> None:
    Database(tmp_path).close()
    path = tmp_path / "hearth.db"
    data = bytearray(path.read_bytes())
    data[100:4096] = os.urandom(4096 - 100)  # the first page, but for the header: the schema
    path.write_bytes(data)

    done = ended("--demo", "--port", "0", "--data-dir", tmp_path)

    assert done.status == 1
    assert "The file is damaged" in done.sentence()
    assert str(tmp_path / "backups") in done.sentence()


def test_a_full_disk_at_the_start_is_told(tmp_path: Path) -> None:
    # No file may grow over a few kilobytes: what a full disk says, for one process alone.
    code = (
        "import resource, runpy, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192)); "
        "sys.argv = ['app.py', '--demo', '--port', '0', '--data-dir', sys.argv[1]]; "
        "runpy.run_path('app.py', run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, timeout=60
    )

    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    [sentence] = done.stderr.strip().splitlines()
    assert "Free some space" in sentence


@contextlib.contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A disk of that size; skips the test where none can be mounted."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "hearth-test", str(folder)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("a small disk can't be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(disk: Path) -> Path:
    """Take what room a disk has left; returns the file that holds it."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (65_536, 4_096, 1):
            with contextlib.suppress(OSError):
                while True:
                    file.write(b"x" * size)
    return ballast


def test_a_disk_that_fills_up_while_it_runs_is_told_and_loses_nothing(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "4m") as disk, contextlib.ExitStack() as stack:
        server = Server(disk, "--demo").start()
        stack.callback(server.stop)
        client = stack.enter_context(openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0))

        def ask(text: str) -> str:
            reply = client.chat.completions.create(model="echo-chat", messages=[{"role": "user", "content": text}])
            return reply.choices[0].message.content or ""

        assert ask("before") == "before"
        ballast = fill(disk)
        with pytest.raises(openai.InternalServerError, match="Free some space") as told:
            for _ in range(50):  # the pages that the log has already still take some
                ask("while it is full " * 1_000)
        assert told.value.status_code == 507
        assert httpx.get(f"{server.url}/live", timeout=60).status_code == 200
        assert httpx.get(f"{server.url}/health", timeout=60).json()["parts"]["disk"]["status"] == "down"

        ballast.unlink()
        assert ask("after") == "after"
        assert server.stop() == 0
        database = Database(disk)
        stack.callback(database.close)
        kept = [row["output"] for row in database.rows("SELECT output FROM interactions WHERE status = 'done'")]
        assert (kept[0], kept[-1]) == ("before", "after")
        assert database.rows("PRAGMA integrity_check")[0][0] == "ok"


def test_without_any_network_it_starts_as_quickly_and_answers(tmp_path: Path) -> None:
    dead = "http://127.0.0.1:9"
    server = Server(
        tmp_path, "--demo", env=dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"), dead)
    ).start()
    try:
        server.wait_ready()
        health = httpx.get(f"{server.url}/health", timeout=60, trust_env=False).json()
        assert health["status"] == "ok"
        page = httpx.get(server.url, timeout=30, trust_env=False)
        assert "Hearth" in page.text
    finally:
        assert server.stop() == 0


def test_a_first_start_without_a_network_names_what_is_missing_and_goes_on(tmp_path: Path) -> None:
    dead = "http://127.0.0.1:9"
    names = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "PIP_INDEX_URL")
    server = Server(tmp_path, env={**dict.fromkeys(names, dead), "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": ""}).start()
    try:
        answer = httpx.post(
            f"{server.url}/v1/chat/completions",
            json={"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hi"}]},
            timeout=30,
            trust_env=False,
        )
        assert answer.status_code == 404
        assert "traceback" not in (tmp_path / "server.log").read_text().lower()
    finally:
        assert server.stop() == 0


def test_two_hearths_share_a_data_folder(tmp_path: Path) -> None:
    first, second = Server(tmp_path, "--demo").start(), Server(tmp_path, "--demo").start()
    try:
        for number, server in enumerate((first, second, first, second)):
            client = openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0)
            client.chat.completions.create(model="echo-chat", messages=[{"role": "user", "content": str(number)}])
            client.close()
        counts = [httpx.get(f"{server.url}/health", timeout=60).json()["interactions"] for server in (first, second)]
        assert counts == [4, 4]
    finally:
        assert [first.stop(), second.stop()] == [0, 0]


def test_a_second_hearth_does_not_take_the_first_ones_jobs_for_dead(tmp_path: Path) -> None:
    install_echo(tmp_path, "slow", delay_s=0.05)
    first = Server(tmp_path, "--no-starters").start()
    try:
        body = {"model": "slow", "messages": [{"role": "user", "content": "word " * 2_000}]}
        job = httpx.post(
            f"{first.url}/v1/chat/completions", json=body, headers={"Prefer": "respond-async"}, timeout=30
        ).json()
        until(lambda: httpx.get(f"{first.url}/jobs/{job['id']}", timeout=60).json()["state"] == "running")
        with Studio.open(Settings(data_dir=tmp_path)) as second:
            assert second.interrupted == 0
        assert httpx.get(f"{first.url}/jobs/{job['id']}", timeout=60).json()["state"] == "running"
    finally:
        first.stop()
