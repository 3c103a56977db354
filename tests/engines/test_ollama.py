"""The Ollama engine against a server that is not ours and speaks the protocol, and against bad ones."""

import json
import threading
from contextlib import closing

import pytest

from contract.engine import Engine, Stop
from contract.errors import InvalidRequest, ProviderFailed, ProviderUnreachable, StudioError, UnknownModel
from contract.events import Delta
from contract.models import ModelSpec
from engines import ENGINES, ollama
from tests.engines.cases import ask, run, text_of, until
from tests.engines.servers import MODEL, BadServer, LlamaServer, OllamaServer, answer
from tests.serving import NOBODY

PAGE = b"<!doctype html>\n<html><head><title>Sign in</title></head>\n<body><p>Please sign in.</p></body></html>\n" * 20


def engine_for(spec: ModelSpec) -> Engine:
    engine = ENGINES["ollama"](spec)
    engine.load()
    return engine


def word(text: str, **more: object) -> bytes:
    message = {"model": "bad", "message": {"role": "assistant", "content": text}, "done": False, **more}
    return json.dumps(message).encode() + b"\n"


def test_its_models_are_listed_as_the_server_names_them(ollama_server: OllamaServer) -> None:
    found = {spec.options["name"]: spec for spec in ollama.discover(ollama_server.url, 10)}
    spec = found[MODEL]
    assert spec.id == f"ollama/{MODEL}" and spec.remote and spec.kind == "chat" and not spec.size_bytes
    assert ollama_server.url in spec.note


def test_a_reply_comes_in_pieces_as_it_is_written(ollama_server: OllamaServer) -> None:
    engine = engine_for(ollama_server.spec)
    asked = ask("Count from one to ten.", max_tokens=20, temperature=0.0)
    pieces = [event for event in run(engine, asked) if isinstance(event, Delta)]
    assert len(pieces) > 5
    assert text_of(run(engine, asked)) == "".join(piece.text for piece in pieces)


def test_a_stop_ends_the_reply_here_and_there(ollama_server: OllamaServer, llama_server: LlamaServer) -> None:
    engine, stop = engine_for(ollama_server.spec), Stop()
    with closing(engine.run(ask("Write a long story.", max_tokens=1_500), stop)) as events:
        next(events)
        assert llama_server.busy() == 1
        stop.set()
        assert not [event for event in events if isinstance(event, Delta)]
    until(lambda: llama_server.busy() == 0)


def test_a_reply_that_nobody_reads_any_more_is_ended_there_too(
    ollama_server: OllamaServer, llama_server: LlamaServer
) -> None:
    engine = engine_for(ollama_server.spec)
    with closing(engine.run(ask("Write a long story.", max_tokens=1_500), Stop())) as events:
        next(events)
    until(lambda: llama_server.busy() == 0)


def test_an_error_of_the_server_is_told_in_its_words(ollama_server: OllamaServer) -> None:
    spec = ollama_server.spec
    unknown = ModelSpec(
        id="ollama/other", engine="ollama", kind="chat", title="Other", remote=True,
        options={**spec.options, "name": "nobody/other"},
    )  # fmt: skip
    with pytest.raises(InvalidRequest, match="nobody"):
        run(engine_for(unknown), ask("Hello"))


@pytest.mark.parametrize(
    ("chat", "error", "words"),
    [
        (answer(PAGE, kind="text/html"), ProviderFailed, "does not speak Ollama's protocol"),
        (answer(PAGE, "500 Internal Server Error", "text/html"), ProviderFailed, "failed"),
        (answer(b'{"error": "out of memory"}', "500 Internal Server Error"), ProviderFailed, "out of memory"),
        (answer(b'{"error": "model not found"}', "404 Not Found"), UnknownModel, "has no bad"),
        (answer(b'{"error": "bad options"}', "400 Bad Request"), InvalidRequest, "bad options"),
        (answer(word("Good "), length=10_000), ProviderFailed, "broke off"),
        (answer(word("Good ") + word("morn")), ProviderFailed, "broke off"),
        (answer(word("Good ") + b'{"error": "llama runner ended"}\n'), ProviderFailed, "llama runner ended"),
        (answer(word("Good ") + b'{"message": {"conte'), ProviderFailed, "protocol"),
        (answer(b""), ProviderFailed, "broke off"),
        (b"", ProviderFailed, "broke off"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", ProviderFailed, "broke off"),
        (answer(b"[1, 2, 3]\n"), ProviderFailed, "protocol"),
    ],
    ids=[
        "page",
        "page-500",
        "error-500",
        "error-404",
        "error-400",
        "cut-body",
        "cut-stream",
        "error-line",
        "cut-line",
        "none",
        "silence",
        "ssh",
        "list",
    ],
)
def test_a_server_that_answers_badly_gives_one_sentence(chat: bytes, error: type[StudioError], words: str) -> None:
    with BadServer(chat=chat) as server, pytest.raises(error, match=words) as caught:
        run(engine_for(server.spec), ask("Hello"))
    message = caught.value.message
    assert type(caught.value) is error
    assert "\n" not in message and "Traceback" not in message and len(message) < 400, message


@pytest.mark.parametrize("begun", [b"", answer(word("Good "), length=10_000)], ids=["nothing", "a word"])
def test_a_server_that_falls_silent_is_waited_for_until_the_stop(begun: bytes) -> None:
    with BadServer(chat=begun, hang=True) as server:
        stop, events = Stop(), []
        worker = threading.Thread(target=lambda: events.extend(engine_for(server.spec).run(ask("Hello"), stop)))
        worker.start()
        until(lambda: events if begun else any(thread is worker for thread in threading.enumerate()))
        stop.set()
        worker.join(60)
        assert not worker.is_alive()
        assert text_of(events) == ("Good " if begun else "")


def test_nobody_there_is_told_with_the_address_and_what_to_do() -> None:
    host = NOBODY
    with pytest.raises(ProviderUnreachable, match="Start it, or set OLLAMA_HOST"):
        ollama.discover(host)
    spec = ModelSpec(id="o", engine="ollama", kind="chat", title="O", options={"host": host, "name": "o"}, remote=True)
    with pytest.raises(ProviderUnreachable, match=host):
        run(engine_for(spec), ask("Hello"))


@pytest.mark.parametrize(
    "tags",
    [answer(PAGE, kind="text/html"), answer(PAGE, "500 No"), answer(b'{"models": 3}'), answer(b"[]"), b"", b"nonsense"],
    ids=["page", "page-500", "number", "list", "silence", "nonsense"],
)
def test_what_is_no_ollama_server_is_not_taken_for_one(tags: bytes) -> None:
    with BadServer(tags=tags) as server, pytest.raises(ProviderFailed) as caught:
        ollama.discover(server.url)
    assert "\n" not in caught.value.message and len(caught.value.message) < 400


def test_a_server_that_accepts_and_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    with BadServer(tags=b"", hang=True) as server, pytest.raises(ProviderFailed, match="too long"):
        ollama.discover(server.url, 0.2)


def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(
    ollama_server: OllamaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", NOBODY)
    monkeypatch.setenv("http_proxy", NOBODY)
    assert text_of(run(engine_for(ollama_server.spec), ask("Hello", max_tokens=4)))


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("", "http://127.0.0.1:11434"),
        ("  ", "http://127.0.0.1:11434"),
        ("box", "http://box:11434"),
        ("box:8000", "http://box:8000"),
        (":8000", "http://127.0.0.1:8000"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("[::1]:8000", "http://[::1]:8000"),
        ("[::]:8000", "http://[::1]:8000"),
        ("http://box", "http://box:80"),
        ("https://box/ollama/", "https://box:443/ollama"),
    ],
)
def test_ollama_host_is_read_as_ollama_reads_it(given: str, address: str) -> None:
    assert ollama.address(given) == address


@pytest.mark.parametrize("given", ["box:abc", "ftp://box", "http://[::1", "box:99999"])
def test_an_address_that_is_none_is_told(given: str) -> None:
    with pytest.raises(ProviderUnreachable, match="OLLAMA_HOST"):
        ollama.discover(given)
