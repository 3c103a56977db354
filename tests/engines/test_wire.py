"""Where a provider's key goes and does not go, and which addresses are asked at all."""

import socket
from collections.abc import Iterator

import pytest

from contract.errors import InvalidRequest, ProviderFailed, ProviderRefusedKey, ProviderUnreachable
from engines import PROVIDERS
from engines.wire import Server, Wire, address, is_own, retry_after
from tests.engines.cases import ask, run
from tests.engines.providing import BOTH, KEY, engine_for, spec_for
from tests.model_server import ModelServer, model_server


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with model_server() as made:
        yield made


@BOTH
def test_the_key_goes_to_its_own_server_and_never_along_a_redirect(server: ModelServer, kind: str) -> None:
    with model_server() as other:
        server.chat = (307, {"Location": f"{other.url}/v1/chat/completions"}, b"")
        server.models = (301, {"Location": f"{other.url}/v1/models"}, b"")
        with pytest.raises(ProviderFailed, match="another address"):
            run(engine_for(spec_for(server.url, kind), KEY), ask("Hello"))
        with pytest.raises(ProviderFailed):
            PROVIDERS[kind].discover(Server("them", server.url, KEY), 10)
        assert other.asked == []
    assert server.keys() <= {f"Bearer {KEY}", KEY}


def test_a_server_that_says_the_key_back_is_quoted_without_it(server: ModelServer) -> None:
    server.key = "another"
    with pytest.raises(ProviderRefusedKey) as caught:
        run(engine_for(spec_for(server.url), KEY), ask("Hello"))
    assert KEY not in caught.value.message and "Incorrect API key provided: …" in caught.value.message


@pytest.mark.parametrize("peer", ["169.254.169.254", "::ffff:169.254.169.254", "fe80::1%eth0", "0.0.0.0", "224.0.0.1"])
def test_where_clouds_keep_credentials_no_server_is_asked(peer: str) -> None:
    with pytest.raises(ProviderUnreachable, match="where no model server is"):
        Wire(Server("them", "http://models.example", own_network=True), {})._check_peer(peer)


@pytest.mark.parametrize("peer", ["127.0.0.1", "10.0.0.5", "192.168.1.9", "::1", "::ffff:10.0.0.5", "fd00::1"])
def test_a_public_name_that_leads_inwards_is_not_asked_unless_the_owner_said_so(peer: str) -> None:
    with pytest.raises(ProviderUnreachable, match="In my own network"):
        Wire(Server("them", "https://models.example/v1"), {})._check_peer(peer)
    Wire(Server("them", "https://models.example/v1", own_network=True), {})._check_peer(peer)
    Wire(Server("them", "http://gpu:8000"), {})._check_peer(peer)
    Wire(Server("them", f"http://[{peer}]" if ":" in peer else f"http://{peer}"), {})._check_peer(peer)


def test_the_connection_itself_is_looked_at_before_anything_is_sent(
    server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A public name that a resolver leads to this machine: what DNS rebinding does.
    real = socket.getaddrinfo
    port = int(server.url.rpartition(":")[2])
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *rest, **more: real("127.0.0.1", *rest, **more))
    with pytest.raises(ProviderUnreachable, match="nothing was sent"):
        PROVIDERS["openai"].discover(Server("them", f"http://models.example.com:{port}", KEY), 10)
    assert server.asked == []


@pytest.mark.parametrize(
    "text",
    [
        *("", "box", "ftp://box", "file:///etc/passwd", "http://", "http://[::1", "http://box:99999", "http://box:0"),
        *("http://me:secret@box/v1", "http://box/v1?key=1", "http://box/#a", "http://bo x", "http://box\n/v1"),
        *("javascript:alert(1)", "http://box\\@other", "//box", "http://" + "a" * 600),
    ],
)
def test_what_is_no_plain_address_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest):
        address(text)


def test_addresses_have_one_form() -> None:
    assert address(" http://Box:8000/v1/ ") == "http://box:8000/v1"
    assert address("https://[::1]:8000") == "https://[::1]:8000"
    assert is_own("http://localhost:1") and is_own("http://gpu.lan") and is_own("http://10.1.2.3")
    assert not is_own("https://api.openai.com") and not is_own("http://8.8.8.8")


def test_a_wait_of_a_server_is_bounded() -> None:
    assert retry_after("5") == 5 and retry_after("1e99") is None and retry_after("soon") is None
    assert retry_after("9" * 30) == 24 * 3600
