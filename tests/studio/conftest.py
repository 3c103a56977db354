"""A studio of odd models, and a real HTTP server of downloads that can be as bad as real ones are."""

import hashlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from engines import ENGINES, missing
from studio import Settings, Studio, providers
from studio.catalogue import Entry, starters
from tests.echo_models import install_echo
from tests.model_server import ModelServer, model_server
from tests.serving import NOBODY
from tests.studio.asking import KINDS
from tests.studio.providing import opened


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def starters_here() -> list[Entry]:
    """The starters that an engine here can load: the light profile has none that draws."""
    return [entry for entry in starters() if not missing(ENGINES[entry.engine])]


def left_in(folder: Path) -> list[Path]:
    """Every file below the folder but locks."""
    return [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock"]


@dataclass
class FileServer:
    """Serves bytes by path, and misbehaves as it is told.

    Attributes:
        files: What is served, by path.
        statuses: Answered in place of a file, by path; with headers of that answer.
        cuts: After how many bytes of the body the connection breaks, one number a request.
        stalls: Paths whose body stops half-way until ``go_on`` is set; ``gave_up`` is, where that took a minute.
        etags, dates: Of a file's version, by path; an ETag of "" is not sent.
        ranges: Whether Range is honoured.
        announced: A Content-Length that is not true, by path.
        unannounced: Paths whose length is not told: the body ends where the connection does.
        asked: Path and headers of each request so far.
    """

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    statuses: dict[str, tuple[int, dict[str, str]]] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)
    etags: dict[str, str] = field(default_factory=dict)
    dates: dict[str, str] = field(default_factory=dict)
    cuts: dict[str, list[int]] = field(default_factory=dict)
    stalls: set[str] = field(default_factory=set)
    stalled: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)
    gave_up: threading.Event = field(default_factory=threading.Event)
    ranges: bool = True
    announced: dict[str, int] = field(default_factory=dict)
    unannounced: set[str] = field(default_factory=set)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def put_json(self, path: str, value: object) -> None:
        self.files[path] = json.dumps(value).encode()

    def stall(self) -> None:
        """Wait in the middle of a body until ``go_on`` is set."""
        self.stalled.set()
        if not self.go_on.wait(60):
            self.gave_up.set()

    def ranges_of(self, path: str) -> list[str | None]:
        return [headers.get("range") for asked, headers in self.asked if asked == path]


def _tell_version(handler: BaseHTTPRequestHandler, tag: str, date: str) -> None:
    for name, value in (("ETag", tag), ("Last-Modified", date)):
        if value:
            handler.send_header(name, value)


def _handler(server: FileServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = self.path.split("?", 1)[0]
            server.asked.append((path, {name.lower(): value for name, value in self.headers.items()}))
            if path in server.redirects:
                self._answer(307, {"Location": server.redirects[path]}, b"")
            elif path in server.statuses:
                status, headers = server.statuses[path]
                self._answer(status, headers, b"{}")
            elif path in server.files:
                self._send(path, server.files[path])
            else:
                self._answer(404, {}, b"{}")

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.do_GET()

        def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _send(self, path: str, body: bytes) -> None:
            tag, date = server.etags.get(path, f'"{len(body)}"'), server.dates.get(path, "")
            asked, start = self.headers.get("Range"), 0
            if server.ranges and asked and self.headers.get("If-Range", tag) in (tag, date):
                start = int(asked.removeprefix("bytes=").removesuffix("-"))
            rest = body[start:]
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
            _tell_version(self, tag, date)
            if path in server.unannounced:
                self.close_connection = True
            else:
                self.send_header("Content-Length", str(server.announced.get(path, len(rest))))
            self.end_headers()
            if path in server.stalls:
                self.wfile.write(rest[: len(rest) // 2])
                self.wfile.flush()
                server.stall()
                self.close_connection = True
                return
            if server.cuts.get(path):
                rest = rest[: server.cuts[path].pop(0)]
                self.close_connection = True
            self.wfile.write(rest)

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # a client that hangs up is what several tests are about


@pytest.fixture
def file_server() -> Iterator[FileServer]:
    state = FileServer()
    server = _Server(("127.0.0.1", 0), _handler(state))
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield state
    state.go_on.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def nobody() -> str:
    """An address where nobody listens."""
    return NOBODY


@pytest.fixture
def odd_studio(tmp_path: Path) -> Iterator[Studio]:
    """A studio whose models are slow, broken or large."""
    for kind in KINDS:
        install_echo(tmp_path, f"slow-{kind}", kind, delay_s=0.02)
        install_echo(tmp_path, f"breaks-{kind}", kind, fail_after=1)
    install_echo(tmp_path, "loads-slowly", load_s=0.2)
    install_echo(tmp_path, "too-large", memory_bytes=10**15)
    settings = Settings(data_dir=tmp_path, ollama_host="http://127.0.0.1:9", no_starters=True)
    with Studio.open(settings) as studio:
        yield studio


# Servers of others, as the owner connects them


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """The watches ask several times a second, so that no test need wait a minute."""
    for name in ("EVERY_S", "AGAIN_S", "AWAY_AT_MOST_S", "FAILING_AT_MOST_S"):
        monkeypatch.setattr(providers, name, 0.1)


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with model_server() as made:
        yield made


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    """A studio with one model of its own and no server."""
    install_echo(tmp_path, "echo-here")
    with opened(tmp_path) as made:
        yield made
