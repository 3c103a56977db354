"""Keys of connected servers: nowhere but at their own server, and told when they can't be read."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from studio import (
    ChatSettings,
    Done,
    Forbidden,
    ProviderFailed,
    SecretUnreadable,
    Studio,
)
from tests.echo_models import install_echo, until
from tests.model_server import ModelServer, json_answer, model_server
from tests.studio.asking import LOCAL, chat
from tests.studio.providing import KEY, MODEL, connected, draft, everything_in, opened, status

pytestmark = pytest.mark.usefixtures("often")


def test_the_key_is_nowhere_in_the_data_folder_and_the_last_four_are_all_that_is_shown(
    tmp_path: Path, server: ModelServer, capfd: pytest.CaptureFixture[str]
) -> None:
    server.key = KEY
    with opened(tmp_path) as studio:
        provider = connected(studio, server, key=KEY)
        assert studio.submit(chat("Hello", model=MODEL)).wait() == Done()
        assert server.keys() == {f"Bearer {KEY}"}
        info = studio.providers.get(provider, LOCAL)
        assert info.key_hint == "…WXYZ"
        server.chat = json_answer({"error": {"message": f"{KEY} is over its limit"}}, 500)
        with pytest.raises(ProviderFailed) as caught:
            studio.submit(chat("Hello", model=MODEL)).wait()
        assert KEY not in caught.value.message
        shown = [repr(info), repr(studio.registry.find(MODEL, "chat")), repr(studio.health()), repr(studio.models())]
        assert not [text for text in shown if KEY in text or "0123456789" in text]
        studio.providers.check(draft(server, key=KEY), LOCAL)
        assert KEY.encode() not in everything_in(tmp_path)
    assert KEY.encode() not in everything_in(tmp_path)
    out, err = capfd.readouterr()
    assert KEY not in out + err
    assert "…" + "WXYZ" not in repr(draft(server, key=KEY))


def test_a_short_key_shows_nothing_of_itself(studio: Studio, server: ModelServer) -> None:
    assert studio.providers.add(draft(server, key="abcd"), LOCAL).key_hint == "…"


def test_the_key_of_one_address_goes_to_no_other(studio: Studio, server: ModelServer) -> None:
    provider = connected(studio, server, key=KEY)
    with model_server() as other:
        with pytest.raises(Forbidden, match="goes to no other"):
            studio.providers.change(provider, draft(other), LOCAL, keep_key=True)
        assert studio.providers.check(draft(other), LOCAL, provider).status == "up"
        studio.providers.change(provider, draft(other), LOCAL, keep_key=False)
        until(lambda: bool(other.asked) and status(studio) == "up", 30)
        assert other.keys() == {""}


def test_a_row_that_is_turned_to_another_address_does_not_take_the_key_along(
    tmp_path: Path, server: ModelServer
) -> None:
    with opened(tmp_path) as studio:
        connected(studio, server, key=KEY)
    with model_server() as thief:
        with closing(sqlite3.connect(tmp_path / "hearth.db")) as database, database:
            database.execute("UPDATE providers SET url = ?, found = '[]'", (thief.url,))
        with opened(tmp_path) as studio:
            until(lambda: status(studio) == "locked", 30)
        assert thief.asked == []


@pytest.mark.parametrize("how", ["lost", "other"])
def test_a_lost_or_wrong_master_key_is_told_and_loses_nothing_else(
    tmp_path: Path, server: ModelServer, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    install_echo(tmp_path, "echo-here")
    with opened(tmp_path) as studio, model_server() as free:
        connected(studio, server, key=KEY)
        studio.providers.add(draft(free, name="free"), LOCAL)
        conversation, job = studio.say(None, "Hello", LOCAL, settings=ChatSettings(model="echo-here"))
        job.wait()
    kept = (tmp_path / "master.key").read_bytes()
    if how == "lost":
        (tmp_path / "master.key").unlink()
    else:
        monkeypatch.setenv("HEARTH_MASTER_KEY", "ab" * 32)
    asked = len(server.asked)
    with opened(tmp_path) as studio:
        until(lambda: {info.name: info.status for info in studio.providers.all(LOCAL)}["them"] == "locked", 30)
        info = next(info for info in studio.providers.all(LOCAL) if info.name == "them")
        assert "master key" in info.message and "nothing else is lost" in info.message
        with pytest.raises(SecretUnreadable, match="them: The"):
            studio.submit(chat("Hello", model=MODEL)).wait()
        assert studio.conversations.messages(conversation.id, "local")[-1].content == "Hello"
        assert studio.submit(chat("Hello", model="echo-here")).wait() == Done()
    assert len(server.asked) == asked
    monkeypatch.delenv("HEARTH_MASTER_KEY", raising=False)
    (tmp_path / "master.key").write_bytes(kept)
    with opened(tmp_path) as studio:
        assert studio.submit(chat("Hello", model=MODEL)).wait() == Done()
