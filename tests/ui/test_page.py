"""The page around Gradio's: its head, its assets and what a browser may keep, asked of the real server."""

import re
from collections.abc import Iterator

import httpx
import pytest

from tests.serving import Server
from ui.page import ASSETS, complete


@pytest.fixture
def client(echo_server: Server) -> Iterator[httpx.Client]:
    """A client of the dashboard once it is there."""
    echo_server.wait_ready()
    with httpx.Client(base_url=echo_server.url, timeout=30) as client:
        yield client


def test_everything_that_the_head_names_is_there(client: httpx.Client) -> None:
    head = client.get("/").text
    named = re.findall(r'<link[^>]+href="([^"]+)"', head)
    assert len(named) >= 6
    for address in named:
        assert client.get("/" + address.removeprefix("./").removeprefix("/")).status_code == 200, address


def test_every_font_of_the_styles_is_served_to_be_kept_for_good(client: httpx.Client) -> None:
    for name in re.findall(r'url\("(fonts/[^"]+)"\)', (ASSETS / "hearth.css").read_text()):
        answer = client.get(f"/hearth/{name}")
        assert answer.content[:4] == b"wOF2"
        assert "immutable" in answer.headers["cache-control"]


def test_the_page_is_small_on_the_wire_and_never_stale(client: httpx.Client) -> None:
    answer = client.get("/")
    assert answer.headers["content-encoding"] == "gzip"
    assert int(answer.headers["content-length"]) < 60_000
    assert answer.headers["cache-control"] == "no-cache"
    assert {"Cookie", "Accept-Encoding"} <= set(re.split(r",\s*", answer.headers["vary"]))


def test_a_client_that_can_not_unpack_gets_the_page_plain(client: httpx.Client) -> None:
    answer = client.get("/", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in answer.headers
    assert answer.text.startswith("<!doctype html>")


def test_scripts_with_a_hash_in_their_name_are_kept_for_good(client: httpx.Client) -> None:
    script = re.search(r'src="\./(assets/[^"]+\.js)"', client.get("/").text)
    assert script is not None
    answer = client.get("/" + script[1])
    assert "immutable" in answer.headers["cache-control"]


def test_the_styles_are_compressed_and_a_missing_asset_is_not_kept(client: httpx.Client) -> None:
    assert client.get("/hearth/hearth.css").headers["content-encoding"] == "gzip"
    missing = client.get("/hearth/nothing.css")
    assert missing.status_code == 404
    assert "immutable" not in missing.headers.get("cache-control", "")


@pytest.mark.parametrize("path", ["/hearth/../page.py", "/hearth/%2e%2e/page.py", "/hearth/fonts/..%2f..%2fpage.py"])
def test_no_other_file_is_reached_through_the_assets(client: httpx.Client, path: str) -> None:
    assert client.get(path).status_code == 404


def test_the_page_is_ours_before_any_script_runs(client: httpx.Client) -> None:
    page = client.get("/").text
    assert "<title>Hearth</title>" in page
    assert "Gradio" not in page.partition("<script>window.gradio_config")[0]
    assert page.index("hearth/hearth.css") > page.rindex("assets/index-"), "our styles come last, so that they win"


def test_an_odd_cookie_is_no_error(client: httpx.Client) -> None:
    assert client.get("/", headers={"Cookie": 'hearth_lang="</script>; ; =;'}).status_code == 200
    assert b"alert" not in complete(b"<head></head>", "</script><script>alert(1)</script>")


def test_the_chosen_language_stands_in_the_page(client: httpx.Client) -> None:
    assert 'const chosen = "pl"' in client.get("/", headers={"Cookie": "hearth_lang=pl"}).text
    assert "const chosen = null" in client.get("/").text
