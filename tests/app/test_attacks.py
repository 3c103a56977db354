"""What other programs of this kind fell to, tried on the real server: refused, nothing read, nothing written."""

import io
import socket
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.serving import Server

ASK = {"model": "echo-chat", "messages": [{"role": "user", "content": "Hi"}]}
TRAVERSALS = (
    *(
        "../../etc/passwd",
        "..%2f..%2fetc%2fpasswd",
        "%2e%2e/%2e%2e/etc/passwd",
        "....//....//etc/passwd",
        "/etc/passwd",
    ),
    *("%2fetc%2fpasswd", "..\\..\\etc\\passwd", "C:/Windows/win.ini", "a%00.wav", "hearth.db", "%ff%fe"),
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Hearth for one person on the loopback address, its dashboard up."""
    running = Server(tmp_path_factory.mktemp("attacked"), "--demo").start().wait_ready()
    yield running
    running.stop()


@pytest.fixture
def http(server: Server) -> Iterator[httpx.Client]:
    """A client that sends a path as it is."""
    with httpx.Client(base_url=server.url, timeout=60) as client:
        yield client


def raw(server: Server, head: str, body: bytes = b"") -> tuple[int, bytes]:
    """Send a request byte by byte as given; returns the status and all that came back."""
    host, _, port = server.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=30) as line:
        line.sendall(head.replace("\n", "\r\n").encode("latin-1") + b"\r\n\r\n" + body)
        answer = b""
        while chunk := line.recv(65_536):
            answer += chunk
    return int(answer.split(b" ", 2)[1]), answer


# Another site, another name


@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1.evil.example", "evil.example@127.0.0.1", "[bad", "localhost.evil.example:80", ""],
)
def test_another_name_is_not_answered(server: Server, host: str) -> None:
    for path in ("/live", "/", "/v1/models", "/gradio_api/info", "/files/x"):
        status, answer = raw(server, f"GET {path} HTTP/1.1\nHost: {host}\nConnection: close")
        assert status == 421
        assert b"unknown_host" in answer


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://[bad", "http://127.0.0.1:1", "//", "file://"]
)
def test_a_page_of_another_site_can_not_post(server: Server, http: httpx.Client, origin: str) -> None:
    for path in ("/v1/chat/completions", "/gradio_api/queue/join", "/gradio_api/upload", "/jobs/x/cancel", "/aliases"):
        for method in ("POST", "PUT", "DELETE"):
            answer = http.request(method, path, json=ASK, headers={"Origin": origin})
            assert answer.status_code == 403, (method, path)
            assert "foreign_origin" in answer.text
    # And it may not read: no permission, whatever it asks for.
    headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    assert http.options("/v1/chat/completions", headers=headers).status_code == 403
    assert not [name for name in http.get("/v1/models", headers={"Origin": origin}).headers if "access-control" in name]


def test_no_web_socket_is_opened(server: Server) -> None:
    upgrade = (
        "GET /gradio_api/queue/join HTTP/1.1\nHost: 127.0.0.1\nOrigin: http://evil.example\nConnection: Upgrade\n"
        "Upgrade: websocket\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\nSec-WebSocket-Version: 13"
    )
    status, _ = raw(server, upgrade)
    assert status >= 400


# Paths


@pytest.mark.parametrize("path", TRAVERSALS)
@pytest.mark.parametrize(
    "route",
    ["/files/", "/jobs/", "/v1/models/", "/gradio_api/file=", "/gradio_api/file/", "/static/", "/assets/", "/hearth/"],
)
def test_no_path_leads_out(server: Server, route: str, path: str) -> None:
    status, answer = raw(server, f"GET {route}{path} HTTP/1.1\nHost: 127.0.0.1\nConnection: close")

    assert 400 <= status < 500, answer[:300]
    assert b"root:" not in answer
    assert b"SQLite format" not in answer


def test_the_data_folder_is_not_served(server: Server, http: httpx.Client) -> None:
    for name in ("hearth.db", "server.log", "opening.lock"):
        assert http.get(f"/gradio_api/file={server.data_dir / name}").status_code == 404


@pytest.mark.parametrize(
    "name", ["../../../evil.wav", "/etc/evil.wav", "$(touch evil).wav", "a;touch evil;.wav", "C:\\evil.wav"]
)
def test_an_uploads_name_leads_nowhere(server: Server, http: httpx.Client, name: str) -> None:
    answer = http.post("/gradio_api/upload", files={"files": (name, b"RIFF", "audio/wav")})

    if answer.status_code == 200:
        [path] = answer.json()
        assert Path(path).resolve().is_relative_to((server.data_dir / "uploads").resolve())
    for place in (server.data_dir, server.data_dir.parent, Path("/etc"), Path.cwd()):
        assert not list(place.glob("*evil*"))


def test_a_forged_file_value_is_not_read(http: httpx.Client) -> None:
    """Gradio hands a server file to a handler when a client says that it is one, unless told to check."""
    config = http.get("/config").json()
    takes_sound = {part["id"] for part in config["components"] if part["type"] == "audio"}
    handlers = [found for found in config["dependencies"] if takes_sound & set(found["inputs"])]
    assert handlers
    for handler in handlers:
        forged = {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}
        data = [forged if name in takes_sound else None for name in handler["inputs"]]
        body = {"data": data, "fn_index": handler["id"], "session_hash": f"forged{handler['id']}"}
        joined = http.post("/gradio_api/queue/join", json=body)
        assert joined.status_code in (200, 422)
        if joined.status_code == 200:
            with http.stream("GET", f"/gradio_api/queue/data?session_hash=forged{handler['id']}") as stream:
                told = next(line for line in stream.iter_lines() if "process_completed" in line)
            assert "root:" not in told
            assert '"success":false' in told.replace(" ", "")


# Requests that the server would make for others


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/file=http://127.0.0.1:22/",
        "/gradio_api/file=https://example.com/",
        "/gradio_api/proxy=https://example.hf.space/",
        "/gradio_api/vibe-code/",
        "/gradio_api/deep_link",
        "/monitoring",
        "/gradio_api/runs",
        "/gradio_api/mcp/schema",
    ],
)
def test_what_no_page_needs_is_not_there(http: httpx.Client, path: str) -> None:
    assert http.get(path).status_code == 404


def test_a_download_takes_names_and_no_addresses(http: httpx.Client) -> None:
    names = (
        *("http://127.0.0.1:22/x", "file:///etc/passwd", "hf:../../etc", "hf:http://10.0.0.1/a", "hf:a/b/../../c"),
        *(
            "hf:a/b?x=1",
            "hf:a@10.0.0.1/b",
            "hf:a/b#c",
            "ftp://x/y",
            "\\\\server\\share",
            "hf:a/b\r\nHost: evil",
            "a\x00b",
        ),
    )
    for name in names:
        answer = http.post("/api/pull", json={"model": name, "stream": False})
        assert answer.status_code in (400, 404, 422), (name, answer.text)


# Bombs


def test_an_image_or_archive_that_calls_itself_a_recording_is_refused(http: httpx.Client) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("zeros", bytes(50_000_000))
    huge = (
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + struct.pack(">IIBBBBB", 60_000, 60_000, 8, 6, 0, 0, 0)
    )
    for content in (archive.getvalue(), huge, b"", b"RIFF\xff\xff\xff\xffWAVEfmt ", b"\x1f\x8b" + b"\0" * 100):
        answer = http.post(
            "/v1/audio/transcriptions", data={"model": "whisper-1"}, files={"file": ("sound.wav", content, "audio/wav")}
        )
        assert answer.status_code == 422, answer.text
        assert answer.json()["error"]["message"]


def test_a_thousand_ranges_are_no_harder_than_one(http: httpx.Client) -> None:
    picture = http.post("/v1/images/generations", json={"prompt": "x", "model": "echo-image", "response_format": "url"})
    url = picture.json()["data"][0]["url"]
    ranges = "bytes=" + ",".join(f"{number}-{number + 1}" for number in range(0, 20_000, 2))

    answer = http.get(url, headers={"Range": ranges})

    assert answer.status_code in (200, 206, 400, 413, 416, 431)
    assert len(answer.content) < 2_000_000
    assert http.get("/live").status_code == 200


def test_a_form_with_fields_without_end_is_refused(http: httpx.Client) -> None:
    field = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=x"}

    answer = http.post("/v1/audio/transcriptions", content=field * 5_000 + b"--x--\r\n", headers=headers)

    assert answer.status_code in (400, 413, 422)
    assert "fields" in answer.json()["error"]["message"]


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/gradio_api/queue/join", "/v1/audio/speech", "/api/chat"])
def test_a_body_over_the_limit_is_refused_announced_or_not(http: httpx.Client, path: str) -> None:
    headers = {"Content-Type": "application/json"}
    announced = http.post(path, content=b" " * (9 * 1024 * 1024), headers=headers)
    streamed = http.post(path, content=(b" " * (1024 * 1024) for _ in range(9)), headers=headers)

    assert (announced.status_code, streamed.status_code) == (413, 413)


def test_after_all_that_it_still_answers_and_its_log_shows_no_crash(server: Server, http: httpx.Client) -> None:
    reply = http.post("/v1/chat/completions", json=ASK).json()

    assert reply["choices"][0]["message"]["content"] == "Hi"
    log = server.log_path.read_text()
    assert "request_crashed" not in log
    assert "Exception in ASGI" not in log
