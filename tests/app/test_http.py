"""The HTTP surface in small through the official client: what works, what a hang-up frees, what bad input gets."""

import io
import json
import math
import sqlite3
import wave
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import av
import httpx
import openai
import pytest

from tests.echo_models import install_echo, until
from tests.serving import Server, use_models

CHAT = "smollm2-135m"
HI = [{"role": "user", "content": "Say hello."}]


@pytest.fixture(scope="module")
def server(starters: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Hearth on the starters, and one echo model that is slow."""
    data_dir = tmp_path_factory.mktemp("http")
    use_models(data_dir, starters)
    install_echo(data_dir, "slow", delay_s=0.1)
    running = Server(data_dir, "--no-starters").start()
    yield running
    running.stop()


@pytest.fixture
def client(server: Server) -> Iterator[openai.OpenAI]:
    """The official client."""
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0, timeout=120) as made:
        yield made


@pytest.fixture
def http(server: Server) -> Iterator[httpx.Client]:
    """A plain one."""
    with httpx.Client(base_url=server.url, timeout=120) as made:
        yield made


def logged(server: Server, request_id: str) -> list[tuple[str, str | None]]:
    """Status and error code of the rows that a request left in the log."""
    with closing(sqlite3.connect(server.data_dir / "hearth.db")) as db:
        return db.execute("SELECT status, error_code FROM interactions WHERE request_id = ?", (request_id,)).fetchall()


def test_a_reply_is_the_same_streamed_and_whole(client: openai.OpenAI) -> None:
    options = {"model": CHAT, "messages": HI, "max_tokens": 16, "temperature": 0, "seed": 1}
    whole = client.chat.completions.create(**options)
    chunks = list(client.chat.completions.create(**options, stream=True))

    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert text.strip()
    assert text == whole.choices[0].message.content
    assert chunks[-1].choices[0].finish_reason == whole.choices[0].finish_reason
    assert whole.usage is not None and 0 < whole.usage.completion_tokens <= 16


def test_the_models_are_listed_and_found_by_name(client: openai.OpenAI) -> None:
    listed = {model.id for model in client.models.list()}

    assert {CHAT, "slow"} <= listed
    assert client.models.retrieve(CHAT).id == CHAT


def test_speech_comes_as_wav_and_as_mp3_of_one_length(client: openai.OpenAI) -> None:
    lengths = {}
    for form in ("wav", "mp3"):
        spoken = client.audio.speech.create(
            model="tts-1", voice="alloy", input="The house is very beautiful today.", response_format=form
        ).content
        with av.open(io.BytesIO(spoken)) as sound:
            lengths[form] = sum(frame.samples / frame.sample_rate for frame in sound.decode(audio=0))
        if form == "wav":
            with wave.open(io.BytesIO(spoken)) as header:
                assert math.isclose(header.getnframes() / header.getframerate(), lengths["wav"], abs_tol=0.01)

    assert 1 < lengths["wav"] < 5
    # Spoken twice, and the voice draws its rhythm anew each time; a sound cut short would be far from this.
    assert math.isclose(lengths["wav"], lengths["mp3"], rel_tol=0.25)


def test_a_client_that_hangs_up_frees_its_lane_and_slot(client: openai.OpenAI, http: httpx.Client) -> None:
    long = [{"role": "user", "content": "Write a very long story about a dragon."}]

    stream = client.chat.completions.create(model=CHAT, messages=long, stream=True, max_tokens=2_000)
    next(iter(stream))
    stream.close()
    until(lambda: http.get("/jobs").json()["data"] == [])

    with pytest.raises(httpx.ReadTimeout):  # not streamed: it hangs up while the reply is being written
        body = {"model": "slow", "messages": [{"role": "user", "content": "word " * 2_000}]}
        http.post("/v1/chat/completions", json=body, timeout=httpx.Timeout(5, read=0.5))
    until(lambda: http.get("/jobs").json()["data"] == [])

    assert client.chat.completions.create(model=CHAT, messages=HI, max_tokens=2).choices


def test_whether_it_lives_is_told_in_four_ways(http: httpx.Client, server: Server) -> None:
    assert http.get("/live").text == "ok"
    assert http.get("/ping").text == "pong"
    server.wait_ready()
    assert http.get("/ready").json() == {"ready": True, "dashboard": "up"}
    health = http.get("/health").json()
    assert health["status"] == "ok"
    assert {"database", "disk", "models", "ollama"} <= health["parts"].keys()
    assert all(part["status"] in ("ok", "limited", "down") and part["message"] for part in health["parts"].values())
    assert health["uptime_s"] > 0 and health["memory_bytes"] > 0


def ask(**changes: object) -> bytes:
    """A chat request as JSON, with something wrong in it."""
    return json.dumps({"model": "slow", "messages": [{"role": "user", "content": "Hi"}], **changes}).encode()


def say(text: str) -> bytes:
    return ask(messages=[{"role": "user", "content": text}])


# Body, status, what the sentence names, and whether it was a request at all, which the log then has.
BAD: dict[str, tuple[bytes, int, str, bool]] = {
    "nothing": (b"", 422, "The body is empty", False),
    "no JSON": (b"{nope", 400, "no JSON", False),
    "binary": (bytes(range(256)), 400, "no JSON", False),
    "not UTF-8": (b'{"model": "\xff\xfe"}', 400, "UTF-8", False),
    "compressed": (b"\x1f\x8b\x08\x00 and so on", 400, "not compressed", False),
    "nested without end": (b'{"model":' + b"[" * 200_000, 400, "nested", False),
    "a number without end": (ask()[:-1] + b', "seed": ' + b"9" * 10_000 + b"}", 400, "can't be read", False),
    "a list": (b"[1]", 422, "body is a list", False),
    "no model": (b'{"messages": []}', 422, "model is missing", False),
    "a model that is a number": (ask(model=7), 422, "model is 7", False),
    "a word for a number": (ask(max_tokens="many"), 422, "max_tokens is 'many'", False),
    "an unknown field": (ask(colour="red"), 422, "colour is not supported", False),
    "a field with a name without end": (ask(**{"x" * 1_000_000: 1}), 422, "is not supported", False),
    "half a character as a field": (ask(**{"\ud800": 1}), 422, "body is", False),
    "an unknown model": (ask(model="nope"), 404, CHAT, True),
    "half a character as a model": (ask(model="\ud800"), 404, CHAT, True),
    "an empty message": (say("  \n "), 422, "message is empty", True),
    "a message with NUL": (say("a\0b"), 422, "binary data", True),
    "half a character": (say("a\ud800"), 422, "half a character", True),
    "a huge message": (say("a" * 500_000), 413, "500,000 characters; the limit is 400,000", True),
    "NaN": (ask(temperature=math.nan), 422, "temperature is nan", True),
    "infinity": (ask()[:-1] + b', "temperature": 1e999}', 422, "temperature is inf", True),
    "too warm": (ask(temperature=3), 422, "temperature is 3; it must be from 0 to 2", True),
    "a stop that is empty": (ask(stop=[""]), 422, "stop takes", True),
    "a wrong last word": (ask(messages=[{"role": "system", "content": "x"}]), 422, "ends with a system message", True),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_gets_its_status_a_sentence_and_its_row(server: Server, http: httpx.Client, name: str) -> None:
    body, status, told, is_request = BAD[name]

    answer = http.post("/v1/chat/completions", content=body, headers={"Content-Type": "application/json"})

    error = answer.json()["error"]
    assert answer.status_code == status, error
    assert told in error["message"]
    assert len(error["message"]) < 500
    assert error["type"] == "invalid_request_error"
    assert error["request_id"] == answer.headers["x-request-id"]
    if is_request:  # the row is written beside the answer
        until(lambda: logged(server, error["request_id"]) == [("refused", error["code"])])
    else:
        assert logged(server, error["request_id"]) == []


def test_the_official_client_raises_what_it_knows(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="There is no model called 'nope'") as unknown:
        client.chat.completions.create(model="nope", messages=HI)
    assert unknown.value.code == "model_not_found"
    assert unknown.value.request_id
    with pytest.raises(openai.UnprocessableEntityError, match="text is empty"):
        client.audio.speech.create(model="tts-1", voice="alloy", input=" ")
    with pytest.raises(openai.NotFoundError, match="nobody"):
        client.audio.speech.create(model="tts-1", voice="nobody", input="Hi")


def test_the_type_must_be_json_and_the_method_the_right_one(http: httpx.Client) -> None:
    plain = http.post("/v1/chat/completions", content=ask(), headers={"Content-Type": "text/plain"})
    wrong = http.get("/v1/chat/completions")

    assert plain.status_code == 415
    assert "Content-Type: application/json" in plain.json()["error"]["message"]
    assert wrong.status_code == 405
    assert "Use POST" in wrong.json()["error"]["message"]


def test_a_request_id_of_the_clients_is_kept_from_the_door_to_the_row(server: Server, http: httpx.Client) -> None:
    mine = http.post(
        "/v1/chat/completions",
        content=ask(),
        headers={"x-request-id": "my-own-id-1", "content-type": "application/json"},
    )
    odd = http.get("/live", headers={"x-request-id": "a b; drop"})

    assert mine.headers["x-request-id"] == "my-own-id-1"
    assert logged(server, "my-own-id-1") == [("done", None)]
    assert odd.headers["x-request-id"] != "a b; drop"


def test_without_the_dashboard_the_api_answers_and_the_page_says_why_there_is_none(tmp_path: Path) -> None:
    server = Server(tmp_path, "--demo", "--api-only").start()
    try:
        with httpx.Client(base_url=server.url, timeout=30) as http:
            until(lambda: http.get("/ready").status_code == 200)
            assert http.get("/ready").json() == {"ready": True, "dashboard": "off"}
            page = http.get("/")
            assert page.status_code == 200 and "--api-only" in page.text
            assert http.get("/health").json()["status"] == "ok"
            body = {"model": "echo-chat", "messages": [{"role": "user", "content": "hello"}]}
            assert http.post("/v1/chat/completions", json=body).status_code == 200
        loaded = Path(f"/proc/{server.process.pid}/maps").read_text() if server.process else ""
        assert "pandas" not in loaded, "what only the dashboard needs is not loaded"
    finally:
        server.stop()
