"""The servers that are measured: Hearth and the limits, each in a process of its own on a free port."""

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from benchmarks.measure import cpu_s
from studio.starters import fetch_starters, missing_starters

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
START_S = 120.0
POLL_S = 0.005
QUIET_S = 0.5
QUIET_SHARE = 0.02


class DidNotStart(Exception):
    """A server ended, or did not answer in time; the message has the end of its output."""


class Server:
    """One running server.

    Attributes:
        port: Where it answers.
        began: When its command was started, on ``time.perf_counter``.
    """

    def __init__(self, command: list[str], port: int, log: Path) -> None:
        self.port = port
        self._log = log
        # A server of this machine's own must not change what is measured; nobody listens on port 9.
        environment = {**os.environ, "OLLAMA_HOST": f"http://{HOST}:9", "GRADIO_ANALYTICS_ENABLED": "False"}
        with log.open("wb") as output:
            self.began = time.perf_counter()
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://{HOST}:{self.port}"

    def wait(self, path: str) -> float:
        """Wait until a path answers 200; returns the seconds since its command was started.

        Raises:
            DidNotStart: It ended, or took too long.
        """
        request = f"GET {path} HTTP/1.1\r\nHost: {HOST}:{self.port}\r\nConnection: close\r\n\r\n".encode()
        while time.perf_counter() - self.began < START_S:
            if self._process.poll() is not None:
                break
            # The bare minimum of a request: it is asked often, beside a server that is starting.
            with contextlib.suppress(OSError), socket.create_connection((HOST, self.port), timeout=START_S) as asked:
                asked.sendall(request)
                if asked.recv(64).split(b" ")[1:2] == [b"200"]:
                    return time.perf_counter() - self.began
            time.sleep(POLL_S)
        raise DidNotStart(f"{path} did not answer 200:\n{self._log.read_text(errors='replace')[-2000:]}")

    def rss_mb(self) -> float:
        """Return its memory with its children's, in MB, once it has come to rest."""
        parent = psutil.Process(self._process.pid)
        deadline = time.perf_counter() + START_S
        while time.perf_counter() < deadline:
            before = cpu_s(parent)
            time.sleep(QUIET_S)
            if cpu_s(parent) - before < QUIET_S * QUIET_SHARE:
                break
        family = (parent, *parent.children(recursive=True))
        return float(sum(process.memory_info().rss for process in family)) / 1e6

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def starters_dir() -> Path:
    """Return a models folder with every starter, fetched at first use; the tests keep theirs there too."""
    folder = Path(os.environ.get("HEARTH_TEST_STARTERS") or Path.home() / ".cache" / "hearth-tests") / "models"
    if missing_starters(folder):
        fetch_starters(folder, sys.stderr)
    return folder


def with_starters(data_dir: Path) -> Path:
    """Give a data folder the starters, and return it."""
    data_dir.mkdir(parents=True, exist_ok=True)
    (data_dir / "models").symlink_to(starters_dir(), target_is_directory=True)
    return data_dir


@contextlib.contextmanager
def hearth(data_dir: Path, *options: str) -> Iterator[Server]:
    """Run Hearth on a data folder."""
    port = free_port()
    command = [sys.executable, "app.py", "--port", str(port), "--data-dir", str(data_dir), "--no-starters", *options]
    server = Server(command, port, data_dir / "server.log")
    try:
        yield server
    finally:
        server.stop()


@contextlib.contextmanager
def alone(name: str, *arguments: str) -> Iterator[Server]:
    """Run one of ``benchmarks/alone``."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="hearth-bench-") as folder:
        command = [sys.executable, "-m", f"benchmarks.alone.{name}", str(port), *arguments]
        server = Server(command, port, Path(folder) / "server.log")
        try:
            yield server
        finally:
            server.stop()


@contextlib.contextmanager
def data_folder() -> Iterator[Path]:
    """Make a data folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="hearth-bench-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)
