"""The real app.py in a process of its own, on a free port and a fresh data folder, for tests and benchmarks."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parent.parent
START_S = 120.0
# Nobody listens there, and the system gives that port to no server: a free one may be another's a moment later.
NOBODY = "http://127.0.0.1:9"


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve the files of a folder over HTTP; gives the address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=folder))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


class Server:
    """One running Hearth.

    Args:
        data_dir: Its data folder; `use_models` links models into it.
        arguments: Options of app.py besides the port and the folder.
    """

    def __init__(self, data_dir: Path, *arguments: str, env: dict[str, str] | None = None) -> None:
        self.data_dir = data_dir
        self._arguments = arguments
        # A machine's own Ollama must not change what a test sees.
        self._env = {**os.environ, "OLLAMA_HOST": NOBODY, "PYTHONUNBUFFERED": "1", **(env or {})}
        self.process: subprocess.Popen[str] | None = None
        self.url = ""
        self.log_path = data_dir / "server.log"

    def start(self) -> "Server":
        """Start it and wait until the API answers."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, str(ROOT / "app.py"), "--port", "0", "--data-dir", str(self.data_dir)]
        log = self.log_path.open("a")
        self.process = subprocess.Popen(
            [*command, *self._arguments], stdout=subprocess.PIPE, stderr=log, text=True, env=self._env, cwd=ROOT
        )
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if "Hearth is at " in line:
                self.url = line.split("Hearth is at ", 1)[1].split()[0]
                break
        log.close()
        assert self.url, f"the server did not start:\n{self.log_path.read_text()}"
        self._poll("/live")
        return self

    def wait_ready(self) -> "Server":
        """Wait until the dashboard is there."""
        self._poll("/ready")
        return self

    def _poll(self, path: str) -> None:
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            try:
                if httpx.get(self.url + path, timeout=30).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            assert self.process is not None and self.process.poll() is None, self.log_path.read_text()
            time.sleep(0.05)  # polling, not waiting for an effect
        raise AssertionError(f"{path} did not answer 200 in {START_S:.0f} s:\n{self.log_path.read_text()}")

    def stop(self, sign: int = signal.SIGTERM) -> int:
        """End it and return its exit status; killed when it does not end within a minute."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(sign)
        try:
            status = self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()
        return status


def use_models(data_dir: Path, models: Path, only: Sequence[str] | None = None) -> None:
    """Link every installed model of another models folder into a data folder (folders real, files linked)."""
    for manifest in models.glob("*/*/hearth.json"):
        folder = manifest.parent
        if only is not None and folder.name not in only:
            continue
        target = data_dir / "models" / folder.parent.name / folder.name
        target.mkdir(parents=True)
        for file in folder.rglob("*"):
            if file.is_file():
                place = target / file.relative_to(folder)
                place.parent.mkdir(parents=True, exist_ok=True)
                os.link(file, place)
