"""One guest asks for everything of another's, on a real Hearth that is open to anybody: 404 each time."""

import contextlib
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.echo_models import install_echo, recording
from tests.serving import Server


@pytest.fixture(scope="module")
def open_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A Hearth that anybody may use, each browser on its own."""
    data_dir = tmp_path_factory.mktemp("open")
    for kind in ("chat", "speech", "image"):
        install_echo(data_dir, f"quick-{kind}", kind)
    install_echo(data_dir, "slow", delay_s=0.2)
    server = Server(data_dir, "--no-starters", "--open", "--host", "0.0.0.0").start().wait_ready()
    yield server
    server.stop()


@contextlib.contextmanager
def guest(server: Server) -> Iterator[httpx.Client]:
    """A browser of its own: it has the cookie that the page gave it."""
    with httpx.Client(base_url=server.url, timeout=60) as client:
        assert "hearth_owner" in client.get("/", headers={"Accept": "text/html"}).cookies
        yield client


@pytest.fixture
def alice(open_server: Server) -> Iterator[httpx.Client]:
    """The one whose things are asked for."""
    with guest(open_server) as client:
        yield client


@pytest.fixture
def mallory(open_server: Server) -> Iterator[httpx.Client]:
    """The one who asks."""
    with guest(open_server) as client:
        yield client


def made(client: httpx.Client, path: str, body: dict[str, object]) -> str:
    """Ask without waiting; returns the job's id."""
    answer = client.post(path, json=body, headers={"Prefer": "respond-async"})
    assert answer.status_code == 202, answer.text
    return answer.json()["id"]


def artifacts(client: httpx.Client, job_id: str) -> list[str]:
    """The files of a job, once it ended."""
    events = [
        json.loads(line[6:]) for line in client.get(f"/jobs/{job_id}/events").text.splitlines() if line[:6] == "data: "
    ]
    return [event["id"] for event in events if event["type"] == "artifact"]


def test_nothing_of_anothers_job_or_files_is_there(alice: httpx.Client, mallory: httpx.Client) -> None:
    spoken = made(alice, "/v1/audio/speech", {"model": "quick-speech", "voice": "quick-speech", "input": "Mine alone."})
    running = made(
        alice, "/v1/chat/completions", {"model": "slow", "messages": [{"role": "user", "content": "a " * 999}]}
    )
    files = artifacts(alice, spoken)
    assert len(files) == 2

    paths = [f"/files/{file}" for file in files]
    for job in (spoken, running):
        paths += [f"/jobs/{job}", f"/jobs/{job}/events", f"/jobs/{job}/audio.mp3", f"/jobs/{job}/audio.pcm"]
    stolen = {path: mallory.get(path).status_code for path in paths}
    cancelled = mallory.post(f"/jobs/{running}/cancel").status_code

    assert set(stolen.values()) == {404}, stolen
    assert cancelled == 404
    assert mallory.get("/jobs").json()["data"] == []
    assert [job["id"] for job in alice.get("/jobs").json()["data"]] == [running]
    assert all(alice.get(path).status_code == 200 for path in paths if "files" in path)
    assert alice.post(f"/jobs/{running}/cancel").status_code == 202


def test_a_cookie_can_not_be_forged(open_server: Server, alice: httpx.Client) -> None:
    running = made(
        alice, "/v1/chat/completions", {"model": "slow", "messages": [{"role": "user", "content": "a " * 999}]}
    )
    name, _, signature = alice.cookies["hearth_owner"].partition(".")
    unsigned = hashlib.sha256(name.encode()).hexdigest()

    for cookie in (
        name,
        f"{name}.",
        f"{name}.{unsigned}",
        f"{name}.{signature[:-1]}x",
        "local",
        f"local.{signature}",
        '"',
    ):
        found = httpx.get(f"{open_server.url}/jobs/{running}", headers={"Cookie": f"hearth_owner={cookie}"}, timeout=30)
        assert found.status_code == 404, cookie
    alice.post(f"/jobs/{running}/cancel")


def test_a_key_that_was_cut_short_is_made_anew(tmp_path: Path) -> None:
    """With an empty key anybody could sign for anybody."""
    (tmp_path / "cookie.key").touch()
    server = Server(tmp_path, "--demo", "--open", "--host", "0.0.0.0").start()
    try:
        key = (tmp_path / "cookie.key").read_bytes()
        assert len(key) == 32
        assert (tmp_path / "cookie.key").stat().st_mode & 0o077 == 0
    finally:
        server.stop()


def test_an_upload_is_served_to_who_sent_it_alone(
    open_server: Server, alice: httpx.Client, mallory: httpx.Client, tmp_path: Path
) -> None:
    sound = recording(tmp_path / "mine.wav").read_bytes()
    [path] = alice.post("/gradio_api/upload", files={"files": ("mine.wav", sound, "audio/wav")}).json()

    assert path.startswith(str(open_server.data_dir / "uploads")), "uploads lie where all users of a machine can read"
    assert alice.get(f"/gradio_api/file={path}").content == sound
    assert mallory.get(f"/gradio_api/file={path}").status_code == 404
    assert mallory.get(f"/gradio_api/file/{path}").status_code == 404
    # The same recording sent by both is both's.
    mallory.post("/gradio_api/upload", files={"files": ("mine.wav", sound, "audio/wav")})
    assert mallory.get(f"/gradio_api/file={path}").status_code == 200
    assert alice.get(f"/gradio_api/file={path}").status_code == 200


def joined(client: httpx.Client, page: str) -> str:
    """Have the dashboard do something for a page; returns the event's id."""
    handlers = client.get("/config").json()["dependencies"]
    simple = next(found["id"] for found in handlers if found["queue"] and not found["inputs"])
    answer = client.post("/gradio_api/queue/join", json={"data": [], "fn_index": simple, "session_hash": page})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["event_id"])


def events_until(stream: httpx.Response, event: str) -> set[str]:
    """The ids of the events that a page's stream tells of, until one of them is done."""
    told = set()
    for line in stream.iter_lines():
        if line.startswith("data: ") and (found := json.loads(line[6:])).get("event_id"):
            told.add(found["event_id"])
            if found["event_id"] == event and found["msg"] == "process_completed":
                return told
    raise AssertionError(f"{event} was never done; told: {told}")


def test_who_knows_the_name_of_anothers_page_neither_sees_nor_reaches_it(
    alice: httpx.Client, mallory: httpx.Client
) -> None:
    hers = joined(alice, "alices")
    forged = joined(mallory, "alices")
    with mallory.stream("GET", "/gradio_api/queue/data?session_hash=alices") as stream:
        assert events_until(stream, forged) == {forged}
    cancelling = {"session_hash": "alices", "fn_index": 0, "event_id": "x"}
    assert mallory.post("/gradio_api/cancel", json=cancelling).status_code == 200
    with mallory.stream("GET", "/gradio_api/heartbeat/alices") as stream:
        assert stream.status_code == 200

    with alice.stream("GET", "/gradio_api/queue/data?session_hash=alices") as stream:
        assert events_until(stream, hers) == {hers}


def test_a_page_can_be_named_in_no_way_that_leads_to_another(alice: httpx.Client, mallory: httpx.Client) -> None:
    hers = joined(alice, "twice")
    handler = next(found["id"] for found in mallory.get("/config").json()["dependencies"] if not found["inputs"])
    body = f'{{"data": [], "fn_index": {handler}, "session_hash": "mine", "session_hash": "twice"}}'
    for kind in ("application/json", "text/plain"):
        mallory.post("/gradio_api/queue/join", content=body, headers={"Content-Type": kind})
        mallory.post("/gradio_api/queue/join?session_hash=twice", content=body.encode("utf-16"))

    with alice.stream("GET", "/gradio_api/queue/data?session_hash=twice") as stream:
        assert events_until(stream, hers) == {hers}


# What is asked for with each route; one that is new and not here is refused as 422, not 404, and fails the test.
BODIES: dict[tuple[str, str], dict[str, object]] = {
    ("PATCH", "/conversations/{conversation_id}"): {"title": "Stolen"},
    ("PUT", "/conversations/{conversation_id}/branch"): {"message_id": "MESSAGE"},
    ("POST", "/conversations/{conversation_id}/messages"): {"content": "Hello"},
    ("POST", "/conversations/{conversation_id}/messages/{message_id}/edits"): {"content": "Hello"},
    ("POST", "/conversations/{conversation_id}/messages/{message_id}/regenerations"): {},
    ("POST", "/conversations/{conversation_id}/messages/{message_id}/continuations"): {},
    ("PATCH", "/collections/{collection_id}"): {"name": "Stolen"},
    ("POST", "/collections/{collection_id}/search"): {"query": "oak"},
    ("PUT", "/templates/{template_id}"): {"name": "Stolen", "text": "Stolen"},
}


def belongings(client: httpx.Client) -> dict[str, str]:
    """Ask, attach, collect and keep a template; returns the ids as the routes name them."""
    document = client.post("/documents", files={"file": ("oak.txt", b"the oak burns")}).raise_for_status().json()["id"]
    conversation = client.post("/conversations", json={"title": "Mine"}).raise_for_status().json()["id"]
    said = {"content": "the oak is mine", "attachments": [document], "model": "quick-chat"}
    answer = client.post(f"/conversations/{conversation}/messages", json=said).raise_for_status()
    return {
        "conversation_id": conversation,
        "message_id": answer.json()["message"]["id"],
        "document_id": document,
        "collection_id": client.post("/collections", json={"name": "Woods"}).raise_for_status().json()["id"],
        "template_id": client.post("/templates", json={"name": "oak", "text": "oak"}).raise_for_status().json()["id"],
    }


def kept(client: httpx.Client, ids: dict[str, str]) -> list[object]:
    """All that their owner sees of them."""
    conversation = f"/conversations/{ids['conversation_id']}"
    paths = (conversation, f"{conversation}/tree", f"/documents/{ids['document_id']}", "/collections", "/templates")
    return [client.get(path).raise_for_status().json() for path in paths]


def test_nothing_of_anothers_conversations_files_collections_and_templates_is_there_by_any_route(
    alice: httpx.Client, mallory: httpx.Client
) -> None:
    ids = belongings(alice)
    before = kept(alice, ids)
    routes = [
        (method.upper(), path)
        for path, operations in alice.get("/openapi.json").json()["paths"].items()
        for method in operations
        if path.startswith(("/conversations/{", "/documents/{", "/collections/{", "/templates/{"))
    ]
    answers = {}
    for method, path in routes:
        body = BODIES.get((method, path))
        if body is not None and "message_id" in body:
            body = {"message_id": ids["message_id"]}
        files = {"file": ("x.txt", b"x")} if (method, path) == ("POST", "/collections/{collection_id}/files") else None
        params = {"page": "0"} if path.endswith("/view") else None
        answer = mallory.request(method, path.format(**ids), json=body, files=files, params=params)
        answers[method, path] = answer.status_code
        assert "oak" not in answer.text

    assert len(routes) >= 25
    assert set(answers.values()) == {404}, {route: status for route, status in answers.items() if status != 404}
    assert kept(alice, ids) == before


def test_no_list_or_search_tells_of_anothers_and_no_message_takes_anothers_files(
    alice: httpx.Client, mallory: httpx.Client
) -> None:
    ids = belongings(alice)
    alice.patch(f"/conversations/{ids['conversation_id']}", json={"folder": "Grove", "tags": ["bark"]})
    for path in (
        "/conversations",
        "/conversations/folders",
        "/conversations/tags",
        "/conversations/search?q=oak",
        "/collections",
    ):
        assert alice.get(path).json()["data"] != [], path
        assert mallory.get(path).json()["data"] == [], path
    assert ids["template_id"] not in mallory.get("/templates").text

    own = mallory.post("/conversations", json={"title": "Hers"}).json()["id"]
    for stolen in ({"attachments": [ids["document_id"]]}, {"collections": [ids["collection_id"]]}):
        answer = mallory.post(f"/conversations/{own}/messages", json={"content": "?", "model": "quick-chat", **stolen})
        assert answer.status_code == 404, answer.text
    branch = mallory.put(f"/conversations/{own}/branch", json={"message_id": ids["message_id"]})
    assert branch.status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/aliases", {"data": []}),
        ("DELETE", "/aliases", None),
        ("POST", "/api/pull", {"model": "hf:o/m", "stream": False}),
        ("DELETE", "/api/delete", {"model": "slow"}),
    ],
)
def test_a_guest_changes_nothing_that_all_share(
    mallory: httpx.Client, open_server: Server, method: str, path: str, body: dict[str, object] | None
) -> None:
    answer = mallory.request(method, path, json=body)

    assert answer.status_code in (403, 404, 405), answer.text
    assert any(model["id"] == "slow" for model in mallory.get("/v1/models").json()["data"])
    assert mallory.get("/aliases").json()["data"] != []
