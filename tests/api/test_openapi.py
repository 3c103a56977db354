"""The OpenAPI document is complete, each example in it runs, its page needs nobody else, and a fuzzer finds nothing."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import sync_playwright

from tests.api.conftest import tone
from tests.serving import ROOT, Server

# Bounded for every run; HEARTH_FUZZ_S=1800 looks for longer.
FUZZ_S = int(os.environ.get("HEARTH_FUZZ_S", "60"))
FILES = ("/v1/audio/transcriptions", "/v1/audio/translations", "/v1/images/edits")
# They fetch from elsewhere; tests/studio has their tests.
ELSEWHERE = {("post", "/api/pull"), ("post", "/models/downloads")}
# LibreTranslate's clients send plain forms.
FORM = dict.fromkeys(("/translate", "/detect", "/suggest"), ("application/x-www-form-urlencoded",))
PAIR = {"source": "en", "target": "pt"}
TEXT_FILE = {"file": ("a.txt", b"Hello.")}
Operation = tuple[str, str, dict[str, Any]]


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A Hearth of its own: what is done to it here, nobody else should see."""
    server = Server(tmp_path_factory.mktemp("fuzzed"), "--demo", "--log-json").start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def document(fuzzed: Server) -> dict[str, Any]:
    """The document."""
    return dict(httpx.get(f"{fuzzed.url}/openapi.json", timeout=30).json())


def operations(document: dict[str, Any]) -> list[Operation]:
    """Every operation: method, path and what the document says of it."""
    return [(m, path, found) for path, methods in document["paths"].items() for m, found in methods.items()]


def test_every_operation_says_what_it_does_how_it_fails_and_which_key_it_asks_for(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        where = f"{method} {path}"
        assert operation["description"], where
        assert {"4XX", "5XX"} <= set(operation["responses"]), where
        assert "422" not in operation["responses"], where
        if path not in ("/live", "/ping", "/ready", "/languages", "/frontend/settings", "/download_file/{token}"):
            assert "Scope of a key" in operation["description"], where
            assert {"bearer": []} in operation["security"], where
        for content in operation.get("requestBody", {}).get("content", {}).items():
            assert content[0] in ("application/json", "multipart/form-data", *FORM.get(path, ())), where
            assert path in FILES or "example" in content[1] or path in ("/api/pull", "/api/embed"), where


def test_an_answer_in_any_kind_of_json_is_not_said_to_be_a_string(document: dict[str, Any]) -> None:
    export = document["paths"]["/conversations/{conversation_id}/export"]["get"]["responses"]["200"]["content"]

    assert export["application/x-ipynb+json"]["schema"] == export["application/json"]["schema"] == {}
    assert export["text/markdown"]["schema"] == {"type": "string"}


def test_every_example_runs(fuzzed: Server, document: dict[str, Any]) -> None:
    with httpx.Client(base_url=fuzzed.url, timeout=60) as http:
        job = http.post(
            "/v1/audio/speech",
            json={"model": "tts-1", "voice": "alloy", "input": "Hello."},
            headers={"Prefer": "respond-async"},
        ).json()["id"]
        text = http.get(f"/jobs/{job}/events").text
        file = text.split('"id": "', 1)[1].split('"', 1)[0]
        ran = []
        # What is deleted goes last, and each time something of its own.
        token = http.post("/translate_file", data=PAIR, files=TEXT_FILE).json()["translatedFileUrl"].rsplit("/", 1)[1]
        for method, path, operation in sorted(operations(document), key=lambda each: each[0] == "delete"):
            if (method, path) in ELSEWHERE or (method, path) == ("delete", "/models/{model_id}"):
                continue
            if path == "/ready":
                fuzzed.wait_ready()
            ids = {
                "job_id": job,
                "token": token,
                "file_id": file,
                "model_id": "echo-chat",
                "kind": "chat",
                "conversation_id": http.post("/conversations", json={}).json()["id"],
                "interaction_id": http.get("/interactions?limit=1").json()["data"][0]["id"],
                "response_id": http.post("/v1/responses", json={"model": "gpt-4o-mini", "input": "Hi"}).json()["id"],
                "key_id": http.post("/api-keys", json={"name": "x", "scopes": ["generate"]}).json()["id"],
            }
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
            options: dict[str, Any] = {} if body is None else {"json": body}
            if path == "/v1/audio/translations":
                continue  # no echo engine translates speech
            if path.startswith("/v1/audio/t"):
                options = {"data": {"model": "whisper-1"}, "files": {"file": ("a.wav", tone(0.5))}}
            elif path in FILES:
                continue
            if path == "/suggest":
                continue  # it is there to be refused
            if path == "/translate_file":
                options = {"data": PAIR, "files": TEXT_FILE}
            answer = http.request(method, path.format(**ids), **options)
            assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
            ran.append(path)
        http.delete("/aliases")
    assert len(ran) > 45


def test_the_page_shows_it_all_and_asks_no_other_host(fuzzed: Server) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page()
        asked: list[str] = []
        faults: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(f"{fuzzed.url}/docs")
        line = page.locator("summary", has_text="/detections")
        line.click()
        box = page.locator("details", has=line)
        box.get_by_role("button", name="Send").click()
        box.get_by_text("200 OK").wait_for()
        assert '"language": "en"' in box.inner_text()
        browser.close()

    assert faults == []
    assert {url for url in asked if not url.startswith((fuzzed.url, "data:", "blob:"))} == set()


def test_a_fuzzer_finds_no_crash_and_no_answer_that_the_document_does_not_know(fuzzed: Server) -> None:
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{fuzzed.url}/openapi.json"),
        *("--checks", "all", "--mode", "all", "--max-examples", "200", "--max-time", str(FUZZ_S), "--seed", "1"),
        *("--workers", "2", "--request-timeout", "20", "--no-color", "--phases", "examples,coverage,fuzzing"),
        *("--exclude-path", "/api/pull", "--exclude-path", "/models/downloads"),
    ]
    done = subprocess.run(command, cwd=ROOT / "tests" / "api", capture_output=True, text=True, timeout=FUZZ_S * 4)

    assert done.returncode == 0, done.stdout[-8_000:] + done.stderr[-2_000:]
