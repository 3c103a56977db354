"""Servers that the owner connects: their models come, go and come back; keys stay in their place; none holds us up."""

import json
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from studio import (
    ChatSettings,
    Conflict,
    Done,
    Forbidden,
    InvalidRequest,
    NotFound,
    ProviderBusy,
    ProviderFailed,
    ProviderUnreachable,
    Settings,
    Studio,
)
from studio.provider_rows import from_settings
from tests.echo_models import install_echo, until
from tests.engines.servers import free_port
from tests.model_server import ModelServer, events, json_answer, model_server, word
from tests.serving import NOBODY
from tests.studio.asking import LOCAL, chat, rows
from tests.studio.providing import GUEST, KEY, MODEL, connected, draft, everything_in, listed, opened, state, status

pytestmark = pytest.mark.usefixtures("often")


# Coming and going


def test_its_models_join_the_list_and_answer(studio: Studio, server: ModelServer) -> None:
    connected(studio, server)
    assert listed(studio) == {"echo-here", MODEL}
    job = studio.submit(chat("Hello", model=MODEL))
    assert job.wait() == Done() and job.text() == "Hello there"
    [row] = rows(studio)
    assert (row["model"], row["engine"], row["tokens_out"]) == (MODEL, "openai_compatible", 2)
    [info] = studio.providers.all(LOCAL)
    assert (info.status, info.offered, info.message) == ("up", 1, "")


def test_nothing_goes_out_because_a_server_was_connected(studio: Studio, server: ModelServer) -> None:
    connected(studio, server)
    assert studio.registry.default("chat").id == "echo-here"
    assert studio.submit(chat("Hello")).wait() == Done()
    assert [method for method, *_ in server.asked if method == "POST"] == []


def test_it_goes_is_marked_and_comes_back_without_a_restart(studio: Studio) -> None:
    port = free_port()
    with model_server(port) as server:
        connected(studio, server)
    until(lambda: state(studio) == "unreachable", 30)
    [info] = studio.providers.all(LOCAL)
    assert info.status == "unreachable" and "does not answer" in info.message and info.since
    with pytest.raises(ProviderUnreachable, match="Start that server"):
        studio.submit(chat("Hello", model=MODEL)).wait()
    with model_server(port):
        until(lambda: state(studio) == "remote", 30)
        assert studio.submit(chat("Hello", model=MODEL)).wait() == Done()


def test_its_models_are_known_after_a_restart_also_while_it_is_away(tmp_path: Path, server: ModelServer) -> None:
    with opened(tmp_path) as studio:
        connected(studio, server)
    server.slow_list = True
    with opened(tmp_path) as studio:
        assert MODEL in listed(studio)
        assert studio.submit(chat("Hello", model=MODEL)).wait() == Done()


def test_a_silent_or_dead_server_holds_up_neither_start_nor_list_nor_another_request(
    tmp_path: Path, server: ModelServer
) -> None:
    install_echo(tmp_path, "echo-here")
    server.slow_list = True
    with opened(tmp_path) as studio:
        studio.providers.add(draft(server), LOCAL)
        studio.providers.add(draft(NOBODY, name="dead"), LOCAL)
    with opened(tmp_path) as studio:
        assert server.waiting.wait(30)
        assert {info.name for info in studio.providers.all(LOCAL)} == {"them", "dead"}
        assert "echo-here" in {info.spec.id for info in studio.models()}
        assert studio.submit(chat("Hello", model="echo-here")).wait() == Done()
        assert any(thread.name == "provider-them" for thread in threading.enumerate())


def test_a_wrong_key_is_told_apart_from_a_server_that_is_gone(studio: Studio, server: ModelServer) -> None:
    server.key = KEY
    provider = studio.providers.add(draft(server, key="sk-wrong-0123456789"), LOCAL).id
    until(lambda: status(studio) == "refused_key", 30)
    assert "sk-wrong" not in studio.providers.get(provider, LOCAL).message
    studio.providers.change(provider, draft(server, key=KEY), LOCAL, keep_key=False)
    until(lambda: status(studio) == "up", 30)


def test_a_huge_list_is_cut_and_the_rest_counted(studio: Studio, server: ModelServer) -> None:
    server.models = json_answer({"data": [{"id": f"m-{number}"} for number in range(30_000)] + [{"id": "b\x00d"}]})
    connected(studio, server)
    [info] = studio.providers.all(LOCAL)
    assert (info.offered, info.left_out) == (2_000, 28_001)
    assert len(studio.models()) >= 2_001


def test_named_models_are_offered_alone_and_need_no_list(studio: Studio, server: ModelServer) -> None:
    server.models = json_answer({"data": [{"id": "a"}, {"id": "b"}]})
    connected(studio, server, models=("b", "Secret One"))
    assert listed(studio) == {"echo-here", "them/b", "them/secret-one"}
    studio.submit(chat("Hello", model="them/secret-one")).wait()
    assert server.bodies()[0]["model"] == "Secret One"


def test_a_change_counts_from_the_next_request_on(studio: Studio, server: ModelServer) -> None:
    provider = connected(studio, server)
    studio.submit(chat("Hello", model=MODEL)).wait()
    with model_server(chat=events(word("Elsewhere", "stop"))) as other:
        studio.providers.change(provider, draft(other), LOCAL, keep_key=True)
        until(lambda: status(studio) == "up" and state(studio) == "remote", 30)
        job = studio.submit(chat("Hello", model=MODEL))
        assert job.wait() == Done() and job.text() == "Elsewhere"


def test_a_removed_one_is_gone_with_its_models_and_key(studio: Studio, server: ModelServer) -> None:
    provider = connected(studio, server, key=KEY)
    studio.providers.remove(provider, LOCAL)
    assert listed(studio) == {"echo-here"} and studio.providers.all(LOCAL) == []
    with pytest.raises(NotFound):
        studio.providers.remove(provider, LOCAL)


def test_another_process_sees_what_this_one_connected(tmp_path: Path, server: ModelServer) -> None:
    with opened(tmp_path) as one, opened(tmp_path) as two:
        connected(one, server)
        until(lambda: len(two.providers.all(LOCAL)) == 1 and status(two) == "up", 30)
        assert two.submit(chat("Hello", model=MODEL)).wait() == Done()


# What a conversation sees of bad days


def test_a_cut_stream_is_kept_and_goes_on(studio: Studio, server: ModelServer) -> None:
    connected(studio, server)
    whole = events(word("One two"), word(" three"), word(" four", "stop"))
    server.chat, server.cut = (*whole[:2], whole[2][: whole[2].index(b" four") - 20]), True
    conversation, job = studio.say(None, "Count", LOCAL, settings=ChatSettings(model=MODEL))
    with pytest.raises(ProviderFailed, match="broke off"):
        job.wait()
    reply = studio.conversations.messages(conversation.id, "local")[-1]
    assert (reply.state, reply.content) == ("failed", "One two three") and reply.can_go_on
    assert reply.error_message and "broke off" in reply.error_message
    server.chat, server.cut = events(word(" four", "stop")), False
    _, job = studio.resume(conversation.id, reply.id, LOCAL, settings=ChatSettings(model=MODEL))
    assert job.wait() == Done()
    reply = studio.conversations.messages(conversation.id, "local")[-1]
    assert (reply.state, reply.content) == ("done", "One two three four")
    turns = server.bodies()[1]["messages"]
    assert [turn["role"] for turn in turns] == ["user", "assistant", "user"]


def test_a_busy_server_tells_the_wait_to_whoever_asked(studio: Studio, server: ModelServer) -> None:
    connected(studio, server)
    server.chat = json_answer({"error": {"message": "Slow down"}}, 429, **{"Retry-After": "17"})
    with pytest.raises(ProviderBusy) as caught:
        studio.submit(chat("Hello", model=MODEL)).wait()
    assert caught.value.details["retry_after_s"] == 17
    assert rows(studio)[0]["error_code"] == "provider_busy"


def test_a_request_that_waits_for_a_silent_server_is_cancelled_at_once(studio: Studio, server: ModelServer) -> None:
    connected(studio, server)
    server.chat, server.hangs = (200, {"Content-Type": "text/event-stream"}, b""), True
    job = studio.submit(chat("Hello", model=MODEL))
    assert server.waiting.wait(30)
    assert studio.submit(chat("Hello", model="echo-here")).wait() == Done()
    job.cancel()
    until(lambda: job.state == "cancelled", 30)
    assert server.left.wait(30)


# Who may, and what may be entered


def test_only_the_owner_has_to_do_with_servers(studio: Studio, server: ModelServer) -> None:
    provider = connected(studio, server)
    theirs = studio.providers
    for attempt in (
        lambda: theirs.all(GUEST),
        lambda: theirs.get(provider, GUEST),
        lambda: theirs.add(draft(server, name="mine"), GUEST),
        lambda: theirs.change(provider, draft(server), GUEST, keep_key=True),
        lambda: theirs.remove(provider, GUEST),
        lambda: theirs.check(draft(server), GUEST),
    ):
        with pytest.raises(Forbidden):
            attempt()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("name", name) for name in ("", "ollama", "Über", "a b", "../x", "-a", "a" * 41, "a/b")),
        *(("url", url) for url in ("", "ftp://box", "http://me:pw@box", "http://box?key=1", "file:///etc/passwd")),
        *(("key", key) for key in ("two words", "line\nbreak", "ż", "a" * 501)),
        *(("timeout_s", value) for value in (0, 4, 3_601)),
        *(("models", value) for value in (("",) * 0 + ("a\nb",), ("a" * 200,), tuple(map(str, range(201))))),
        ("kind", "gopher"),
    ],
)
def test_what_can_not_be_is_refused_by_its_field(studio: Studio, field: str, value: object) -> None:
    with pytest.raises(InvalidRequest) as caught:
        studio.providers.add(draft("http://127.0.0.1:9", **{field: value}), LOCAL)
    assert caught.value.details["field"] == field
    assert studio.providers.all(LOCAL) == []


def test_a_name_is_taken_once(studio: Studio, server: ModelServer) -> None:
    connected(studio, server)
    with pytest.raises(Conflict, match="them"):
        studio.providers.add(draft(server), LOCAL)


def test_a_test_says_what_it_found_and_keeps_nothing(studio: Studio, server: ModelServer) -> None:
    found = studio.providers.check(draft(server), LOCAL)
    assert (found.status, found.models, found.url) == ("up", ("Tiny-1",), f"{server.url}/v1")
    server.key = KEY
    assert studio.providers.check(draft(server), LOCAL).status == "refused_key"
    gone = studio.providers.check(draft(NOBODY), LOCAL)
    assert gone.status == "unreachable" and "does not answer" in gone.message
    assert studio.providers.all(LOCAL) == []


# From the settings


def test_the_settings_may_name_servers_and_the_environment_their_keys(
    tmp_path: Path, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.key = KEY
    monkeypatch.setenv("HEARTH_KEY_MY_VLLM", KEY)
    with opened(tmp_path, servers=f"my-vllm={server.url}/v1") as studio:
        until(lambda: status(studio) == "up", 30)
        assert studio.submit(chat("Hello", model="my-vllm/tiny-1")).wait() == Done()
        [info] = studio.providers.all(LOCAL)
        assert info.from_settings and info.key_hint == "…WXYZ"
        for attempt in (
            lambda: studio.providers.remove(info.id, LOCAL),
            lambda: studio.providers.change(info.id, draft(server), LOCAL, keep_key=True),
        ):
            with pytest.raises(Forbidden, match="HEARTH_SERVERS"):
                attempt()
        with pytest.raises(InvalidRequest, match="HEARTH_SERVERS names 'my-vllm' already"):
            studio.providers.add(draft(server, name="my-vllm"), LOCAL)
    assert KEY.encode() not in everything_in(tmp_path)


def test_servers_of_the_settings_are_read_as_they_are_written() -> None:
    one, two = from_settings("a=http://x:1/v1, b=anthropic:https://y", {"HEARTH_KEY_B": "k-1"})
    assert (one.kind, one.url, one.key) == ("openai", "http://x:1/v1", "")
    assert (two.kind, two.url, two.key) == ("anthropic", "https://y", "k-1")


@pytest.mark.parametrize(
    "text", ["nonsense", "a=", "a=ftp://x", "a=gopher:http://x", "a=http://x,a=http://y", "A_B=http://x"]
)
def test_a_mistake_in_the_settings_ends_the_start_with_a_sentence(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        Settings.load(["--servers", text], {})
    said = capsys.readouterr().err
    assert "--servers" in said and len(said.strip().splitlines()) == 1


def test_a_damaged_list_in_the_database_is_no_reason_not_to_start(tmp_path: Path, server: ModelServer) -> None:
    with opened(tmp_path) as studio:
        connected(studio, server)
    with closing(sqlite3.connect(tmp_path / "hearth.db")) as database, database:
        database.execute("UPDATE providers SET found = ?", (json.dumps({"models": 3}),))
    with opened(tmp_path) as studio:
        until(lambda: status(studio) == "up" and MODEL in listed(studio), 30)
