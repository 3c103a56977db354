"""The native routes: conversations, translations, models, the log; their pages, revisions, jobs and errors."""

import csv
import io
import json
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import uvicorn

from api import gate
from api.server import behind_the_door, create_api
from studio import Studio
from tests.api.conftest import tone
from tests.echo_models import install_echo, until
from tests.serving import Server

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def made(http: httpx.Client) -> str:
    """A conversation's id."""
    return str(http.post("/conversations", json={"title": "Winter"}).json()["id"])


def fail(http: httpx.Client, method: str, url: str, **options: object) -> tuple[int, dict[str, object]]:
    """Status and problem details of a request that must fail."""
    answer = http.request(method, url, **options)  # type: ignore[arg-type]
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    problem = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert problem["timestamp"]
    assert problem["detail"]
    return answer.status_code, problem


# Conversations


def test_a_conversation_is_made_spoken_in_renamed_and_deleted(http: httpx.Client) -> None:
    created = http.post("/conversations", json={})
    assert created.status_code == 201
    url = created.headers["location"]
    assert http.get(url).json() == created.json()

    said = http.post(f"{url}/messages", json={"content": "What is a hearth?"})
    assert said.status_code == 201
    assert said.json()["message"]["content"] == "What is a hearth?"
    assert said.json()["message"]["state"] == "done"
    assert said.json()["conversation"]["title"] == "What is a hearth?"
    assert said.headers["etag"] == http.get(url).headers["etag"]
    assert [m["role"] for m in http.get(f"{url}/messages").json()["data"]] == ["user", "assistant"]

    assert http.patch(url, json={"title": "Fires"}).json()["title"] == "Fires"
    assert http.delete(url).status_code == 204
    assert fail(http, "GET", url)[0] == 404


def test_a_change_at_an_old_revision_is_refused_and_changes_nothing(http: httpx.Client, made: str) -> None:
    url = f"/conversations/{made}"
    old = http.get(url).headers["etag"]
    assert http.get(url, headers={"If-None-Match": old}).status_code == 304
    assert http.patch(url, json={"title": "First"}, headers={"If-Match": old}).status_code == 200

    for method, path, body in (
        ("PATCH", url, {"title": "Second"}),
        ("DELETE", url, None),
        ("POST", f"{url}/messages", {"content": "Hello"}),
    ):
        status, problem = fail(http, method, path, json=body, headers={"If-Match": old})
        assert (status, problem["code"]) == (412, "precondition_failed")

    assert http.get(url).json()["title"] == "First"
    assert http.get(f"{url}/messages").json()["data"] == []


def test_pages_follow_each_other_without_gaps_or_repeats(http: httpx.Client) -> None:
    wanted = {http.post("/conversations", json={"title": f"Number {n}"}).json()["id"] for n in range(7)}
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = http.get("/conversations", params={"limit": 3, **cursor}).json()
        assert len(page["data"]) <= 3
        seen += [each["id"] for each in page["data"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}

    assert len(seen) == len(set(seen))
    assert wanted <= set(seen)


def test_messages_are_paged_from_the_end(http: httpx.Client, made: str) -> None:
    url = f"/conversations/{made}/messages"
    for n in range(3):
        http.post(url, json={"content": f"Message {n}"})

    last = http.get(url, params={"limit": 4}).json()
    before = http.get(url, params={"limit": 4, "cursor": last["next"]}).json()

    assert [m["content"] for m in before["data"] + last["data"]] == [f"Message {n // 2}" for n in range(6)]
    assert before["next"] is None


def test_a_repeated_post_with_one_idempotency_key_is_done_once(http: httpx.Client, made: str) -> None:
    key = {"Idempotency-Key": f"k-{time.monotonic_ns()}"}
    first, again = (http.post("/conversations", json={"title": "Once"}, headers=key) for _ in range(2))
    assert first.json()["id"] == again.json()["id"]

    url = f"/conversations/{made}/messages"
    replies = [http.post(url, json={"content": "Hello"}, headers=key).json()["message"]["id"] for _ in range(2)]
    assert replies[0] == replies[1]
    assert len(http.get(url).json()["data"]) == 2
    assert fail(http, "POST", url, json={"content": "Other"}, headers=key)[0] == 409


def test_a_message_as_a_job_is_followed_and_replayed(http: httpx.Client, made: str) -> None:
    answer = http.post(
        f"/conversations/{made}/messages", json={"content": "one two three"}, headers={"Prefer": "respond-async"}
    )
    assert answer.status_code == 202
    url = answer.headers["location"]

    whole = events(http, url)
    assert whole[-1][1]["type"] == "done"
    assert "".join(str(event.get("text", "")) for _, event in whole) == "one two three"
    assert events(http, url, {"Last-Event-ID": "2"}) == whole[2:]
    assert events(http, url, {"Last-Event-ID": str(whole[-1][0])}) == []
    assert http.get(url).json()["state"] == "done"


def events(http: httpx.Client, url: str, headers: dict[str, str] | None = None) -> list[tuple[int, dict[str, object]]]:
    """The numbered events of a job."""
    text = http.get(f"{url}/events", headers=headers or {}).text
    frames = [dict(line.split(": ", 1) for line in frame.split("\n")) for frame in text.split("\n\n") if frame]
    return [(int(frame["id"]), json.loads(frame["data"])) for frame in frames]


# Translations


def test_a_text_is_translated_and_its_language_told(http: httpx.Client) -> None:
    body = {"text": "Good morning.", "source_lang": "en", "target_lang": "pt"}

    answer = http.post("/translations", json=body).json()

    assert answer["text"] == "[pt] Good morning."
    assert (answer["model"], answer["source_lang"], answer["detected"]) == ("echo-translation", "en", None)
    assert http.post("/detections", json={"text": "Hello"}).json() == {"data": [{"language": "en", "confidence": 1.0}]}


def test_the_real_model_translates_a_detected_language(real_server: Server) -> None:
    with httpx.Client(base_url=real_server.url, timeout=120) as http:
        body = {"text": "The house is small and the garden is big.", "target_lang": "pt"}
        answer = http.post("/translations", json=body).json()
        pairs = http.get("/translations/pairs", params={"source": "en", "target": "pt"}).json()["data"]

    assert "casa" in answer["text"].lower()
    assert answer["detected"]["language"] == answer["source_lang"] == "en"
    assert [pair["installed"] for pair in pairs] == [True]


# Models


def test_models_are_listed_loaded_unloaded_and_chosen(http: httpx.Client) -> None:
    (listed,) = http.get("/models", params={"kind": "chat"}).json()["data"]
    assert (listed["id"], listed["is_default"]) == ("echo-chat", True)

    assert http.post("/models/loads", json={"model": "echo-chat"}).json()["state"] == "loaded"
    assert http.get("/models/echo-chat").json()["state"] == "loaded"
    assert http.post("/models/unloads", json={"model": "echo-chat"}).json()["state"] == "installed"
    assert http.put("/models/defaults/chat", json={"model": "echo-chat"}).json()["chat"] == "echo-chat"
    assert http.get("/models/defaults").json()["image"] == "echo-image"
    assert fail(http, "PUT", "/models/defaults/chat", json={"model": "echo-image"})[0] == 422
    assert fail(http, "GET", "/models/nope/with/slashes")[1]["code"] == "model_not_found"


def test_a_model_at_work_is_neither_unloaded_nor_deleted_and_an_idle_one_goes(slow: Server) -> None:
    with httpx.Client(base_url=slow.url, timeout=30) as http:
        job = http.post("/v1/chat/completions", json=long_chat(), headers={"Prefer": "respond-async"}).json()["id"]
        until(lambda: http.get(f"/jobs/{job}").json()["state"] == "running")
        until(lambda: "slow" in http.get("/health").json()["loaded_models"])
        assert fail(http, "POST", "/models/unloads", json={"model": "slow"})[0] == 409
        assert fail(http, "DELETE", "/models/slow")[0] == 409
        http.post(f"/jobs/{job}/cancel")
        until(lambda: http.get(f"/jobs/{job}").json()["state"] == "cancelled")

        assert http.delete("/models/spare").json()["model"] == "spare"
        assert fail(http, "GET", "/models/spare")[0] == 404
    assert not (slow.data_dir / "models" / "echo-chat" / "spare").exists()


# The log


def test_the_log_is_read_by_pages_filtered_and_exported(http: httpx.Client) -> None:
    formula = "=1+1"
    http.post("/translations", json={"text": formula, "source_lang": "en", "target_lang": "pt"})
    http.post("/translations", json={"text": "b", "source_lang": "en", "target_lang": "pt", "model": "nope"})

    def newest() -> dict[str, Any]:
        return dict(http.get("/interactions", params={"kind": "translation", "limit": 1}).json())

    until(lambda: newest()["data"][0]["status"] == "refused")  # a refusal is written beside the answer
    page = newest()
    (row,) = page["data"]
    assert row["error_code"] == "model_not_found"
    assert http.get(f"/interactions/{row['id']}").json() == row
    done = http.get("/interactions", params={"kind": "translation", "status": "done", "via": "api"}).json()["data"]
    assert done[0]["input"] == formula
    assert http.get("/interactions", params={"until": "2020-01-01"}).json() == {"data": [], "next": None}

    older = http.get("/interactions", params={"kind": "translation", "limit": 1, "cursor": page["next"]}).json()
    assert older["data"][0]["id"] < row["id"]
    exported = http.get("/interactions/export", params={"form": "json", "kind": "translation"}).json()
    assert exported[0] == row
    table = http.get("/interactions/export", params={"form": "csv", "kind": "translation"})
    lines = list(csv.DictReader(io.StringIO(table.text)))
    assert len(lines) == len(exported)
    assert formula not in {line["input"] for line in lines}
    assert f"'{formula}" in {line["input"] for line in lines}
    assert table.headers["content-disposition"].startswith("attachment")


def test_the_figures_add_up(http: httpx.Client) -> None:
    before = http.get("/usage").json()
    http.post("/translations", json={"text": "A sentence.", "source_lang": "en", "target_lang": "pt"})
    after = http.get("/usage").json()

    assert after["calls"] == before["calls"] + 1
    assert sum(line["calls"] for line in after["by_kind"]) == after["calls"]


# Errors


@pytest.mark.parametrize(
    ("method", "url", "options", "status", "code"),
    [
        ("GET", "/jobs/nope", {}, 404, "not_found"),
        ("GET", "/conversations/nope/nowhere", {}, 404, "not_found"),
        ("DELETE", "/translations", {}, 405, "method_not_allowed"),
        ("GET", "/conversations", {"headers": {"Accept": "image/png"}}, 406, "not_acceptable"),
        ("POST", "/detections", {"content": b"{", "headers": JSON}, 400, "invalid_json"),
        ("POST", "/detections", {"content": b"x", "headers": {"Content-Type": "text/plain"}}, 415,
         "unsupported_media_type"),
        ("POST", "/detections", {"content": b"x" * 9_000_000}, 413, "input_too_large"),
        ("POST", "/detections", {"content": (b"x" * 999_999 for _ in range(9)), "headers": JSON}, 413,
         "input_too_large"),
        ("POST", "/detections", {"content": b"{}"}, 415, "unsupported_media_type"),
        ("POST", "/detections", {"json": {}}, 422, "invalid_request"),
        ("GET", "/conversations?cursor=nope", {}, 422, "invalid_request"),
        ("GET", "/conversations?limit=0", {}, 422, "invalid_request"),
    ],
)  # fmt: skip
def test_each_refusal_has_its_status_and_says_what_to_do(
    http: httpx.Client, method: str, url: str, options: dict[str, object], status: int, code: str
) -> None:
    answered, problem = fail(http, method, url, **options)

    assert (answered, problem["code"]) == (status, code)


def test_a_wrong_method_is_told_which_ones_there_are(http: httpx.Client) -> None:
    answer = http.delete("/translations")

    assert answer.headers["allow"] == "POST"
    assert "POST" in answer.json()["detail"]


def test_validation_names_every_field_with_its_value_and_rule(http: httpx.Client) -> None:
    _, problem = fail(http, "POST", "/translations", json={"text": "a", "target_lang": 7, "source_lang": "!", "x": 1})

    details = problem["details"]
    assert isinstance(details, dict)
    broken = {line["field"]: (line["value"], line["rule"]) for line in details["errors"]}
    assert broken["target_lang"] == ("7", "string_type")
    assert broken["source_lang"] == ("'!'", "string_pattern_mismatch")
    assert broken["x"][1] == "extra_forbidden"
    assert details["field"] in broken


# Clients that go or dawdle


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A Hearth with a model that writes ten words a second."""
    data_dir = tmp_path_factory.mktemp("slow")
    install_echo(data_dir, "slow", delay_s=0.1)
    install_echo(data_dir, "spare")
    install_echo(data_dir, "fast", n_ctx=100_000)
    server = Server(data_dir, "--no-starters", "--api-only").start()
    yield server
    server.stop()


def long_chat(**more: object) -> dict[str, object]:
    """A request that takes minutes."""
    return {"model": "slow", "messages": [{"role": "user", "content": "word " * 3_000}], **more}


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/conversations"])
@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_hangs_up_frees_its_slot_and_its_lane(slow: Server, path: str, stream: bool) -> None:
    with httpx.Client(base_url=slow.url, timeout=30) as http:
        body: dict[str, object] = long_chat(stream=stream)
        if path == "/conversations":
            path = f"{http.post(path, json={}).headers['location']}/messages"
            body = {"model": "slow", "content": "word " * 3_000}
        began = len(http.get("/interactions", params={"status": "cancelled", "limit": 200}).json()["data"])
        with raw_post(slow, path, body) as connection:
            until(lambda: http.get("/health").json()["lanes"]["echo"]["running"] == 1)
            if stream and path.startswith("/v1"):
                assert b"200 OK" in connection.recv(100)
        until(lambda: http.get("/health").json()["lanes"]["echo"]["running"] == 0)
        until(lambda: len(http.get("/interactions", params={"status": "cancelled"}).json()["data"]) == began + 1)
        assert http.get("/jobs").json() == {"data": []}


def test_a_client_that_does_not_read_keeps_nobody_else_from_being_served(slow: Server) -> None:
    with httpx.Client(base_url=slow.url, timeout=30) as http:
        body = {**long_chat(stream=True), "model": "fast"}
        body["messages"] = [{"role": "user", "content": "word " * 70_000}]
        with raw_post(slow, "/v1/chat/completions", body):  # never reads: its window fills
            until(lambda: http.get("/jobs").json() == {"data": []} and done(http, "fast"))
            assert http.get("/health").json()["lanes"]["echo"]["running"] == 0


def done(http: httpx.Client, model: str) -> bool:
    """Whether a model finished something."""
    return bool(http.get("/interactions", params={"model": model, "status": "done"}).json()["data"])


def raw_post(server: Server, path: str, body: dict[str, object]) -> socket.socket:
    """Send a request and leave its answer to the caller, who may hang up."""
    url = httpx.URL(server.url)
    assert url.port is not None
    connection = socket.create_connection((url.host, url.port), 30)
    data = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: {url.host}\r\nContent-Type: application/json\r\nContent-Length: {len(data)}"
    connection.sendall(head.encode() + b"\r\n\r\n" + data)
    return connection


@pytest.fixture
def impatient(echo_studio: Studio, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The port of an API, in this process, that waits a fifth of a second for a piece of a body."""
    monkeypatch.setattr(gate, "BODY_PIECE_S", 0.2)
    app = behind_the_door(create_api(echo_studio), echo_studio)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical", lifespan="off", ws="none"))
    thread = threading.Thread(target=server.run)
    thread.start()
    until(lambda: server.started)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join()


def test_a_body_that_stops_coming_is_given_up(impatient: int) -> None:
    with socket.create_connection(("127.0.0.1", impatient), 60) as connection:
        head = "POST /detections HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99"
        connection.sendall(head.encode() + b'\r\n\r\n{"text"')
        answer = connection.recv(65_536)

    assert b" 408 " in answer.split(b"\r\n")[0]


def test_a_transcription_is_in_the_log_like_everything_else(http: httpx.Client) -> None:
    http.post("/v1/audio/transcriptions", data={"model": "whisper-1"}, files={"file": ("a.wav", tone(1.0))})

    (row,) = http.get("/interactions", params={"kind": "transcription", "limit": 1}).json()["data"]
    assert (row["status"], row["audio_s"]) == ("done", 1.0)
