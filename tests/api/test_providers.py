"""Model servers over HTTP: connected, tested, changed and removed by the owner; the key is in no answer."""

import json
from collections.abc import Iterator

import httpx
import openai
import pytest

from studio import Settings, Studio
from tests.echo_models import until
from tests.model_server import ModelServer, json_answer, model_server
from tests.serving import Server

KEY = "sk-live-0123456789abcdefWXYZ"


@pytest.fixture(scope="module")
def hearth(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A Hearth of its own, for what is connected here nobody else should see."""
    server = Server(tmp_path_factory.mktemp("providers"), "--demo", "--api-only", "--log-json").start()
    yield server
    server.stop()


@pytest.fixture
def http(hearth: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=hearth.url, timeout=30) as client:
        yield client
        for info in client.get("/providers").json()["data"]:
            client.delete(f"/providers/{info['id']}")


@pytest.fixture
def theirs() -> Iterator[ModelServer]:
    with model_server(key=KEY) as made:
        yield made


def connect(http: httpx.Client, theirs: ModelServer) -> str:
    """Connect it, wait until it answered, and return its id."""
    made = http.post("/providers", json={"name": "them", "url": theirs.url, "key": KEY})
    assert made.status_code == 201 and made.headers["location"] == f"/providers/{made.json()['id']}", made.text
    until(lambda: http.get("/providers").json()["data"][0]["status"] == "up", 30)
    return str(made.json()["id"])


def test_a_server_is_tested_connected_used_changed_and_removed(
    http: httpx.Client, theirs: ModelServer, hearth: Server
) -> None:
    answers = []
    told = http.post("/providers/check", json={"name": "them", "url": theirs.url, "key": KEY})
    assert told.json() == {
        "status": "up", "message": "", "url": f"{theirs.url}/v1", "models": ["Tiny-1"], "left_out": 0
    }  # fmt: skip
    provider = connect(http, theirs)
    shown = http.get(f"/providers/{provider}")
    assert shown.json()["key_hint"] == "…WXYZ" and shown.json()["offered"] == 1
    assert "them/tiny-1" in {model["id"] for model in http.get("/v1/models").json()["data"]}
    with openai.OpenAI(base_url=f"{hearth.url}/v1", api_key="none", max_retries=0, timeout=30) as client:
        said = client.chat.completions.create(model="them/tiny-1", messages=[{"role": "user", "content": "Hi"}])
    assert said.choices[0].message.content == "Hello there" and said.usage and said.usage.completion_tokens == 2
    changed = http.patch(f"/providers/{provider}", json={"timeout_s": 60, "models": ["Tiny-1", "Other"]})
    assert changed.json()["timeout_s"] == 60 and changed.json()["key_hint"] == "…WXYZ"
    checked = http.post(f"/providers/{provider}/check")
    assert checked.json()["status"] == "up"
    answers += [told, shown, changed, checked, http.get("/providers"), http.get("/models"), http.get("/health")]
    answers += [http.get("/interactions"), http.get("/interactions/export"), http.get("/metrics")]
    assert http.delete(f"/providers/{provider}").status_code == 204
    assert http.get(f"/providers/{provider}").status_code == 404
    assert not [answer.url for answer in answers if KEY in answer.text or "0123456789" in answer.text]
    assert KEY not in hearth.log_path.read_text()
    assert theirs.keys() == {f"Bearer {KEY}"}


def test_a_busy_server_tells_a_client_when_to_come_back(http: httpx.Client, theirs: ModelServer) -> None:
    connect(http, theirs)
    theirs.chat = json_answer({"error": {"message": "Slow down"}}, 429, **{"Retry-After": "17"})
    chat = {"model": "them/tiny-1", "messages": [{"role": "user", "content": "Hi"}]}
    answer = http.post("/v1/chat/completions", json=chat)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "17")
    assert answer.json()["error"]["code"] == "provider_busy" and "Slow down" in answer.json()["error"]["message"]
    answer = http.post("/v1/messages", json={**chat, "max_tokens": 5})
    assert answer.headers["retry-after"] == "17" and answer.json()["error"]["type"] == "rate_limit_error"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "them", "url": "file:///etc/passwd"}, "url"),
        ({"name": "them", "url": "http://me:secret@box"}, "url"),
        ({"name": "ollama", "url": "http://box"}, "name"),
        ({"name": "them", "url": "http://box", "key": "two words"}, "key"),
        ({"name": "them", "url": "http://box", "kind": "gopher"}, "kind"),
        ({"name": "them", "url": "http://box", "secret": "x"}, "secret"),
    ],
)
def test_what_can_not_be_is_refused_and_a_wrong_key_is_not_said_back(
    http: httpx.Client, body: dict[str, object], field: str
) -> None:
    answer = http.post("/providers", json=body)
    assert answer.status_code == 422 and answer.json()["details"]["field"] == field
    assert "two words" not in answer.text and "me:secret" not in answer.text
    assert http.get("/providers").json() == {"data": []}


def test_a_key_of_the_wrong_form_is_not_said_back_either(http: httpx.Client) -> None:
    for body in (
        {"name": "them", "url": "http://box", "key": [KEY]},
        {"name": "them", "url": "http://box", "key": KEY * 30},
    ):
        answer = http.post("/providers", json=body)
        assert answer.status_code == 422 and KEY not in answer.text, answer.text


def test_neither_guests_nor_plain_keys_have_to_do_with_servers(
    tmp_path_factory: pytest.TempPathFactory, theirs: ModelServer
) -> None:
    data_dir = tmp_path_factory.mktemp("open")
    with Studio.open(Settings(demo=True, data_dir=data_dir)) as studio:
        plain = {"Authorization": f"Bearer {studio.keys.make('plain', ('generate', 'models'))[1]}"}
        owner = {"Authorization": f"Bearer {studio.keys.make('owner', ('admin',))[1]}"}
    server = Server(data_dir, "--demo", "--api-only", "--open", "--host", "0.0.0.0").start()
    try:
        body = {"name": "them", "url": theirs.url, "key": KEY}
        with httpx.Client(base_url=server.url, timeout=30) as client:
            for headers in ({}, plain):
                for method, path in (
                    ("GET", "/providers"),
                    ("POST", "/providers"),
                    ("POST", "/providers/check"),
                    ("GET", "/providers/x"),
                    ("PATCH", "/providers/x"),
                    ("DELETE", "/providers/x"),
                    ("POST", "/providers/x/check"),
                ):
                    sent = body if path in ("/providers", "/providers/check") else {}
                    answer = client.request(method, path, headers=headers, json=sent if method != "GET" else None)
                    assert answer.status_code == 403, (method, path, answer.text)
            assert theirs.asked == []
            assert client.post("/providers", headers=owner, json=body).status_code == 201
            # Whoever may chat sees its models, and nothing of where they are.
            until(lambda: "them/tiny-1" in client.get("/v1/models", headers=plain).text, 30)
            assert theirs.url not in json.dumps(client.get("/v1/models", headers=plain).json())
    finally:
        server.stop()
