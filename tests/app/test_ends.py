"""How Hearth ends: by a signal, with everything closed; by kill -9, and what the next start finds."""

import contextlib
import json
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import httpx
import openai
import pytest

from studio import Caller, ChatSettings, Settings, Studio
from tests.echo_models import install_echo, until
from tests.serving import ROOT, Server, use_models

LONG = "Once upon a time there was a dragon who kept a lighthouse. " * 200


def in_background(server: Server, path: str, body: dict[str, object]) -> str:
    """Ask for something without waiting for it; returns the job's id."""
    answer = httpx.post(f"{server.url}{path}", json=body, headers={"Prefer": "respond-async"}, timeout=60)
    assert answer.status_code == 202, answer.text
    return answer.json()["id"]


def rows(data_dir: Path, sql: str, *values: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(data_dir / "hearth.db")) as db:
        return db.execute(sql, values).fetchall()


def until_events(server: Server, job_id: str, wanted: str, seconds: float = 90) -> None:
    """Wait until a job has told an event of that type."""
    deadline = time.monotonic() + seconds
    with httpx.stream("GET", f"{server.url}/jobs/{job_id}/events", timeout=seconds) as events:
        for line in events.iter_lines():
            if line.startswith("data: ") and json.loads(line[6:])["type"] == wanted:
                return
            assert time.monotonic() < deadline
    raise AssertionError(f"{job_id} told no {wanted}")


@pytest.mark.parametrize(
    ("sign", "status", "ignored"), [(signal.SIGTERM, 0, False), (signal.SIGINT, 130, False), (signal.SIGINT, 130, True)]
)
def test_a_signal_ends_it_with_every_job_closed(
    tmp_path: Path, sign: signal.Signals, status: int, ignored: bool
) -> None:
    install_echo(tmp_path, "slow", delay_s=0.1)
    # Ignored, as a shell has it for what it starts in the background, and its children inherit that.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN if ignored else signal.default_int_handler)
    try:
        server = Server(tmp_path, "--no-starters").start()  # and the dashboard is still being imported
    finally:
        signal.signal(signal.SIGINT, before)
    texts: list[str] = []

    def ask() -> None:
        with openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client:
            stream = client.chat.completions.create(
                model="slow", messages=[{"role": "user", "content": LONG}], stream=True
            )
            texts.append("".join(chunk.choices[0].delta.content or "" for chunk in stream))

    client = threading.Thread(target=ask)
    client.start()
    until(lambda: (httpx.get(f"{server.url}/jobs", timeout=60).json()["data"] or [{}])[0].get("state") == "running")
    ended = server.stop(sign)  # kills after 20 s, and then the status is another
    client.join()

    assert ended == status
    assert len(texts) == 1, "the client's reply did not end properly"
    assert LONG.startswith(texts[0])
    assert rows(tmp_path, "SELECT state FROM jobs") == [("cancelled",)]
    assert [row[0] for row in rows(tmp_path, "SELECT status FROM interactions")] == ["cancelled"]
    assert list((tmp_path / "run").glob("*.lock")) == []
    assert not (tmp_path / "hearth.db-wal").exists(), "the database is one file again, ready to be copied"
    log = server.log_path.read_text()
    assert "Traceback" not in log and "Exception" not in log, log


def test_a_signal_while_a_model_loads_does_not_wait_for_it(tmp_path: Path) -> None:
    install_echo(tmp_path, "heavy", load_s=600)
    server = Server(tmp_path, "--no-starters", "--api-only").start()
    job = in_background(
        server, "/v1/chat/completions", {"model": "heavy", "messages": [{"role": "user", "content": "x"}]}
    )
    until_events(server, job, "loading")

    assert server.stop() == 0
    assert rows(tmp_path, "SELECT state FROM jobs") in ([("cancelled",)], [("running",)])
    with Studio.open(Settings(data_dir=tmp_path)) as studio:
        assert studio.jobs(None) == []
    assert rows(tmp_path, "SELECT count(*) FROM jobs WHERE state IN ('queued', 'running')") == [(0,)]


def restarted(tmp_path: Path, server: Server, begin: Callable[[], str]) -> str:
    """Kill a server -9 after ``begin``, open its folder again, and return the job's id."""
    job_id = begin()
    assert server.stop(signal.SIGKILL) == -signal.SIGKILL
    with Studio.open(Settings(data_dir=tmp_path)) as studio:
        assert studio.interrupted == 1
    assert rows(tmp_path, "SELECT state, error_code FROM jobs WHERE id = ?", job_id) == [("interrupted", "interrupted")]
    assert rows(tmp_path, "SELECT status FROM interactions WHERE job_id = ?", job_id) == [("interrupted",)]
    assert rows(tmp_path, "PRAGMA integrity_check") == [("ok",)]
    return job_id


def test_kill_9_in_the_middle_of_a_real_reply_keeps_its_text(starters: Path, tmp_path: Path) -> None:
    use_models(tmp_path, starters, only=["smollm2-135m"])
    server = Server(tmp_path, "--no-starters", "--api-only").start()

    def begin() -> str:
        ask = {
            "messages": [{"role": "user", "content": "Write a very long story about a dragon."}],
            "max_tokens": 2_000,
        }
        job_id = in_background(server, "/v1/chat/completions", {"model": "smollm2-135m", **ask})
        until_events(server, job_id, "delta")
        return job_id

    restarted(tmp_path, server, begin)


def test_kill_9_in_the_middle_of_speech_leaves_no_file_that_is_half(starters: Path, tmp_path: Path) -> None:
    [voice] = [folder.name for folder in (starters / "piper").iterdir()][:1]
    use_models(tmp_path, starters, only=[voice])
    server = Server(tmp_path, "--no-starters", "--api-only").start()

    def begin() -> str:
        job_id = in_background(server, "/v1/audio/speech", {"model": "tts-1", "voice": voice, "input": LONG})
        until_events(server, job_id, "spoken")
        return job_id

    restarted(tmp_path, server, begin)
    assert rows(tmp_path, "SELECT count(*) FROM artifacts") == [(0,)]
    left = [path for path in (tmp_path / "artifacts").rglob("*") if path.is_file()]
    assert left == [], "files that no row tells of stay for ever"


WRITER = """
import sys, threading
from pathlib import Path
from studio import Caller, Settings, Studio, ChatSettings
studio = Studio.open(Settings(data_dir=Path(sys.argv[1])))
lock = threading.Lock()
def work(number):
    me, place = Caller(owner=f"guest-{number}", role="user"), None
    for index in range(10**6):
        conversation, job = studio.say(place, f"{number}-{index}", me, settings=ChatSettings(model="quick"))
        place = conversation.id
        job.wait()
        with lock:
            print("told", number, index, place, flush=True)
for number in range(20):
    threading.Thread(target=work, args=(number,), daemon=True).start()
threading.Event().wait()
"""


def test_kill_9_while_twenty_people_write_loses_nothing_that_was_told(tmp_path: Path) -> None:
    install_echo(tmp_path, "quick", delay_s=0.01)
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(150)]
    process.kill()
    lines += [line for line in process.stdout if line.endswith("\n")]
    told = [line.removeprefix("told ") for line in lines if line.startswith("told ")]
    assert len(told) > 100
    process.wait()
    process.stdout.close()

    with Studio.open(Settings(data_dir=tmp_path)) as studio:
        for number, index, place in (line.split() for line in told):
            messages = studio.conversations.messages(place, f"guest-{number}")
            said = [(message.role, message.content, message.state) for message in messages]
            where = said.index(("user", f"{number}-{index}", "done"))
            assert said[where + 1] == ("assistant", f"{number}-{index}", "done")
        cut_off = studio.interrupted
    assert rows(tmp_path, "SELECT count(*) FROM messages WHERE state = 'growing'") == [(0,)]
    assert rows(tmp_path, "SELECT count(*) FROM jobs WHERE state = 'interrupted'") == [(cut_off,)]
    assert rows(tmp_path, "SELECT count(*) FROM interactions WHERE status = 'interrupted'") == [(cut_off,)]
    answered = rows(tmp_path, "SELECT count(*) FROM interactions WHERE status = 'done'")[0][0]
    assert answered >= len(told)
    assert rows(tmp_path, "PRAGMA integrity_check") == [("ok",)]


def test_kill_9_keeps_the_text_that_a_conversation_had_so_far(tmp_path: Path) -> None:
    install_echo(tmp_path, "slow", delay_s=0.02)
    code = WRITER.split("lock =")[0] + (
        'conversation, job = studio.say(None, "word " * 5000, Caller(), settings=ChatSettings(model="slow"))\n'
        'print("told", conversation.id, flush=True)\nthreading.Event().wait()\n'
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    place = next(line.split()[1] for line in process.stdout if line.startswith("told "))
    until(lambda: rows(tmp_path, "SELECT 1 FROM messages WHERE state = 'growing' AND length(content) > 20"), 30)
    process.kill()
    process.wait()
    process.stdout.close()

    with Studio.open(Settings(data_dir=tmp_path)) as studio:
        _, reply = studio.conversations.messages(place, "local")
        assert reply.state == "interrupted"
        assert reply.content.startswith("word word")
        assert "kept" in (reply.error_message or "")
        # and the conversation goes on
        _, job = studio.say(place, "again", Caller(), settings=ChatSettings(model="slow"))
        job.wait()
        assert job.text() == "again"


class SlowFiles(BaseHTTPRequestHandler):
    """A Hub with one repository, whose weights come a little at a time and can be asked for from any byte."""

    WEIGHTS = b"GGUF" + bytes(4_000_000)
    ranges: ClassVar[list[str | None]] = []

    def do_GET(self) -> None:
        if "/api/models/" in self.path:
            siblings = [{"rfilename": "m.gguf", "size": len(self.WEIGHTS), "blobId": "0" * 40}]
            about = {"id": "o/m", "sha": "c0ffee", "siblings": siblings, "tags": [], "private": False}
            self.reply(200, json.dumps(about).encode(), "application/json")
            return
        wanted = self.headers.get("Range")
        self.ranges.append(wanted)
        start = int(wanted.split("=")[1].split("-")[0]) if wanted else 0
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(self.WEIGHTS) - start))
        self.send_header("ETag", '"one"')
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(self.WEIGHTS) - 1}/{len(self.WEIGHTS)}")
        self.end_headers()
        with contextlib.suppress(OSError):
            for place in range(start, len(self.WEIGHTS), 100_000):
                self.wfile.write(self.WEIGHTS[place : place + 100_000])
                threading.Event().wait(0.02)  # a slow line

    def reply(self, status: int, body: bytes, media_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def test_kill_9_in_the_middle_of_a_download_goes_on_at_the_next_try(tmp_path: Path) -> None:
    hub = ThreadingHTTPServer(("127.0.0.1", 0), SlowFiles)
    hub.daemon_threads = True
    threading.Thread(target=hub.serve_forever, daemon=True).start()
    env = {"HF_ENDPOINT": f"http://127.0.0.1:{hub.server_port}", "HF_HOME": str(tmp_path / "hf"), "NO_PROXY": "*"}
    server = Server(tmp_path, "--no-starters", "--api-only", env=env).start()

    def pull() -> None:
        with contextlib.suppress(httpx.TransportError):
            httpx.post(f"{server.url}/api/pull", json={"model": "hf:o/m"}, timeout=120)

    client = threading.Thread(target=pull)
    client.start()
    part = tmp_path / "models" / ".partial" / "hf=o+m" / "m.gguf.part"
    until(lambda: part.exists() and part.stat().st_size > 500_000, 60)
    [(job_id,)] = rows(tmp_path, "SELECT id FROM jobs")
    restarted(tmp_path, server, lambda: str(job_id))
    client.join()
    assert not list((tmp_path / "models").glob("*/hf=o+m/hearth.json")), "half a model must not look like one"

    server.start()  # it goes on by itself, and who asks again waits for its end or is told that it is under way
    pull()
    installed = tmp_path / "models" / "llama_cpp" / "hf=o+m"
    until((installed / "m.gguf").exists, 90)
    assert (installed / "m.gguf").read_bytes() == SlowFiles.WEIGHTS
    assert (SlowFiles.ranges[-1] or "").startswith("bytes="), "it began anew"
    assert [path.name for path in (tmp_path / "models" / ".partial").iterdir() if path.is_dir()] == []
    assert server.stop() == 0
    hub.shutdown()
    hub.server_close()
