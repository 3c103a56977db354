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

# Bounded for every run; HEARTH_FUZZ_S=1800 HEARTH_FUZZ_SEED=7 looks for longer and elsewhere.
FUZZ_S = int(os.environ.get("HEARTH_FUZZ_S", "45"))
FUZZ_SEED = os.environ.get("HEARTH_FUZZ_SEED", "1")
FILES = (
    *("/v1/audio/transcriptions", "/v1/audio/translations", "/v1/images/edits", "/translations/documents"),
    "/images/enlarge",
    *("/glossaries/{source_lang}/{target_lang}/import", "/translation-memory/import"),
    *("/documents", "/audio/recordings", "/collections/{collection_id}/files"),
    *("/audio/narrations/files", "/audio/transcripts"),
)
# They fetch from elsewhere; tests/studio has their tests.
ELSEWHERE = {
    *(("post", "/api/pull"), ("post", "/models/downloads"), ("post", "/models/downloads/pauses")),
    *(("delete", "/models/downloads/{model_id}"), ("post", "/models/imports")),
    *(("post", "/providers/check"), ("post", "/providers/{provider_id}/check")),
    ("get", "/models/samples/{model_id}"),
}
# Only the dashboard fills the queue of pictures, and a ZIP is of pictures that are there; their own tests have both.
OF_THE_DASHBOARD = ("/images/queue/{entry_id}", "/images/zip")
# LibreTranslate's clients send plain forms.
FORM = dict.fromkeys(("/translate", "/detect", "/suggest"), ("application/x-www-form-urlencoded",))
PAIR = {"source": "en", "target": "pt"}
TEXT_FILE = {"file": ("a.txt", b"Hello.")}
Operation = tuple[str, str, dict[str, Any]]


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A Hearth of its own: what is done to it here, nobody else should see."""
    server = Server(tmp_path_factory.mktemp("fuzzed"), "--demo", "--api-only", "--log-json").start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def document(fuzzed: Server) -> dict[str, Any]:
    """The document."""
    return dict(httpx.get(f"{fuzzed.url}/openapi.json", timeout=30).json())


def operations(document: dict[str, Any]) -> list[Operation]:
    """Every operation: method, path and what the document says of it."""
    return [(m, path, found) for path, methods in document["paths"].items() for m, found in methods.items()]


def document_in(http: httpx.Client) -> str:
    """Hand a document in, translated at once; the same one each time that it is not deleted."""
    form = {"source_lang": "en", "target_lang": "pt"}
    file = {"file": ("note.txt", b"The fire is warm.")}
    return str(http.post("/translations/documents", files=file, data=form).json()["id"])


def test_every_operation_says_what_it_does_how_it_fails_and_which_key_it_asks_for(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        where = f"{method} {path}"
        assert operation["description"], where
        assert {"401", "5XX"} <= set(operation["responses"]), where
        for status in (status for status in operation["responses"] if status.startswith("4")):
            assert operation["responses"][status]["content"], where
        if path not in ("/live", "/ping", "/ready", "/languages", "/frontend/settings", "/download_file/{token}"):
            assert "Scope of a key" in operation["description"], where
            assert {"bearer": []} in operation["security"], where
        for content in operation.get("requestBody", {}).get("content", {}).items():
            assert content[0] in ("application/json", "multipart/form-data", *FORM.get(path, ())), where
            assert path in FILES or "example" in content[1] or path in ("/api/pull", "/api/embed"), where


def test_an_operation_names_the_refusals_that_follow_from_what_it_takes(document: dict[str, Any]) -> None:
    paths = document["paths"]

    change = set(paths["/conversations/{conversation_id}"]["patch"]["responses"])
    assert {"400", "404", "406", "412", "413", "415", "422"} <= change
    assert not {"404", "412", "413", "415", "422"} & set(paths["/api/version"]["get"]["responses"])
    assert "412" not in paths["/v1/chat/completions"]["post"]["responses"]
    assert all("4XX" not in operation["responses"] for _, _, operation in operations(document))


def test_each_link_leads_to_an_operation_that_takes_the_ids_it_gives(document: dict[str, Any]) -> None:
    found = {operation["operationId"]: operation for _, _, operation in operations(document)}
    linked = set()
    for _, _, operation in operations(document):
        for response in operation["responses"].values():
            for link in response.get("links", {}).values():
                target = found[link["operationId"]]
                assert set(link["parameters"]) == {
                    each["name"] for each in target["parameters"] if each["in"] == "path"
                }
                linked.add(link["operationId"])

    by_id = {operation["operationId"] for _, path, operation in operations(document) if "{" in path}
    paths = {path for _, path, operation in operations(document) if operation["operationId"] in by_id - linked}
    # A job's kind, a pair of languages, a sentence's number and a file's token are in no answer by themselves; to
    # delete a model is nothing to be led to.
    unled = ("/{source_lang}/{target_lang}", "/segments/{number}", "/defaults/{kind}", "/download_file/{token}")
    assert [path for path in paths if not any(part in path for part in unled)] in ([], ["/models/{model_id}"])


def test_an_answer_in_any_kind_of_json_is_not_said_to_be_a_string(document: dict[str, Any]) -> None:
    export = document["paths"]["/conversations/{conversation_id}/export"]["get"]["responses"]["200"]["content"]

    assert export["application/x-ipynb+json"]["schema"] == export["application/json"]["schema"] == {}
    assert export["text/markdown"]["schema"] == {"type": "string"}


def made_for(http: httpx.Client, path: str) -> dict[str, str]:
    """Ids of things to do something with, each time of their own."""
    ids = {"model_id": "echo-chat", "kind": "chat", "number": "0", "source_lang": "en", "target_lang": "pt"}
    if "{translated_document_id}" in path:
        ids["translated_document_id"] = document_in(http)
    if "{conversation_id}" in path:
        ids["conversation_id"] = conversation = http.post("/conversations", json={}).json()["id"]
    if "{message_id}" in path or path.endswith("/branch"):
        said = http.post(f"/conversations/{conversation}/messages", json={"content": "One two", "max_tokens": 1})
        ids["message_id"] = said.json()["message"]["parent_id" if path.endswith("/edits") else "id"]
    if "{collection_id}" in path:
        names = {each["name"] for each in http.get("/collections?limit=200").json()["data"]}
        made = http.post("/collections", json={"name": f"Collection {len(names)} of {path}"[:60]}).json()
        ids["collection_id"] = made["id"]
    if "{document_id}" in path:
        place = f"/collections/{ids['collection_id']}/files" if "collection_id" in ids else "/documents"
        ids["document_id"] = http.post(place, files={"file": ("a.txt", b"oak")}).json()["id"]
    if "{interaction_id}" in path:
        ids["interaction_id"] = http.get("/interactions?limit=1").json()["data"][0]["id"]
    if path.startswith("/audio/recordings/{recording_id}"):
        found = http.post("/audio/recordings", files={"file": (f"{len(path)}.wav", tone(0.5))}).json()["id"]
        for steps in ([{"op": "reverse"}], [{"op": "gain", "db": -3}]):
            http.put(f"/audio/recordings/{found}/steps", json={"steps": steps})
        http.post(f"/audio/recordings/{found}/undo")
        ids["recording_id"] = found
    if "{narration_id}" in path:
        ids["narration_id"] = http.post("/audio/narrations", json={"text": "The fire is lit."}).json()["id"]
    if "{transcript_id}" in path:
        heard = http.post("/audio/transcripts", files={"file": ("said.wav", tone(0.5))}).json()["id"]
        for text in ("Once.", "Twice."):
            edit = {"at": 0, "remove": 1, "segments": [{"start_s": 0, "end_s": 0.4, "text": text}]}
            http.post(f"/audio/transcripts/{heard}/edits", json=edit)
        http.post(f"/audio/transcripts/{heard}/undo", json={})
        ids["transcript_id"] = heard
    if "{response_id}" in path:
        ids["response_id"] = http.post("/v1/responses", json={"model": "gpt-4o-mini", "input": "Hi"}).json()["id"]
    for noun, body in (
        ("template", {"name": "Another", "text": "Say {{word}}."}),
        ("provider", {"name": "nobody", "url": "http://127.0.0.1:9"}),
    ):
        if f"{{{noun}_id}}" in path:
            for other in http.get(f"/{noun}s").json()["data"]:  # two can't have one name, the example's or this one
                http.delete(f"/{noun}s/{other['id']}")
            ids[f"{noun}_id"] = http.post(f"/{noun}s", json=body).json()["id"]
    if "{picture_id}" in path:
        ids["picture_id"] = http.get("/images?limit=1").json()["data"][0]["id"]
    if "{key_id}" in path:
        ids["key_id"] = http.post("/api-keys", json={"name": "x", "scopes": ["generate"]}).json()["id"]
    return ids


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
            if path.startswith(OF_THE_DASHBOARD):
                continue
            if path == "/ready":
                fuzzed.wait_ready()
            ids = {"job_id": job, "token": token, "file_id": file, **made_for(http, path)}
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
            options: dict[str, Any] = {} if body is None else {"json": body}
            if path.endswith("/branch"):
                options = {"json": {"message_id": ids["message_id"]}}
            needed = [each for each in operation.get("parameters", ()) if each["in"] == "query" and each["required"]]
            options["params"] = {each["name"]: each["schema"]["examples"][0] for each in needed}
            if path == "/v1/audio/translations":
                continue  # no echo engine translates speech
            if path.startswith("/v1/audio/t"):
                options = {"data": {"model": "whisper-1"}, "files": {"file": ("a.wav", tone(0.5))}}
            elif path in FILES:
                continue
            if path == "/audio/edits":
                added = http.post("/audio/recordings", files={"file": ("many.wav", tone(0.5))}).json()["id"]
                options = {"json": {**body, "recordings": [added]}}
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
    fuzz(fuzzed, "examples,coverage,fuzzing", max(1, FUZZ_S * 2 // 3))


def test_a_fuzzer_that_goes_on_with_what_it_was_given_finds_none_either(fuzzed: Server) -> None:
    fuzz(fuzzed, "stateful", max(1, FUZZ_S // 3))


def fuzz(server: Server, phases: str, seconds: int) -> None:
    """Run schemathesis over the whole document; one worker, because CPython 3.11 can't parse in two threads."""
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{server.url}/openapi.json", "--phases", phases),
        *("--checks", "all", "--mode", "all", "--max-examples", "200", "--max-time", str(seconds)),
        *("--seed", FUZZ_SEED, "--workers", "1", "--request-timeout", "60", "--no-color"),
        *("--exclude-path", "/api/pull", "--exclude-path", "/models/downloads"),
        *("--exclude-path", "/providers/check", "--exclude-path", "/providers/{provider_id}/check"),
    ]
    done = subprocess.run(
        command, cwd=ROOT / "tests" / "api", capture_output=True, text=True, timeout=seconds * 4 + 300
    )

    assert done.returncode == 0, done.stdout[-8_000:] + done.stderr[-2_000:]
