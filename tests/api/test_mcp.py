"""The official MCP client finds the tools, calls them with progress, reads their files, and needs the same keys."""

import base64
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import httpx
import pytest
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client
from mcp.types import AudioContent, ImageContent, ResourceLink, TextContent
from pydantic import AnyUrl

from tests.api.conftest import tone
from tests.api.test_keys import make_key
from tests.serving import Server


@asynccontextmanager
async def session(server: Server, key: str | None = None) -> AsyncIterator[ClientSession]:
    """A connected client."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    async with (
        httpx.AsyncClient(headers=headers, timeout=60) as http,
        streamable_http_client(f"{server.url}/mcp", http_client=http) as (read, write, _),
        ClientSession(read, write) as client,
    ):
        await client.initialize()
        yield client


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A Hearth that asks for a key."""
    server = Server(tmp_path_factory.mktemp("locked"), "--demo", "--api-only", "--require-key").start()
    yield server
    server.stop()


async def test_the_tools_are_listed_with_what_they_take(echo_server: Server) -> None:
    async with session(echo_server) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}

    assert set(tools) == {"chat", "translate", "image", "speak", "transcribe"}
    assert tools["translate"].inputSchema["required"] == ["text", "target_lang"]
    assert all(tool.description for tool in tools.values())


async def test_chat_and_translate_answer_and_are_in_the_log_as_mcp(echo_server: Server) -> None:
    async with session(echo_server) as client:
        said = await client.call_tool("chat", {"prompt": "Hello there"})
        told = await client.call_tool("translate", {"text": "Good day.", "source_lang": "en", "target_lang": "pl"})

    assert said.content == [TextContent(type="text", text="Hello there")]
    assert told.content == [TextContent(type="text", text="[pl] Good day.")]
    async with httpx.AsyncClient(base_url=echo_server.url, timeout=60) as http:
        rows = (await http.get("/interactions", params={"via": "mcp", "limit": 2})).json()["data"]
    assert [row["kind"] for row in rows] == ["translation", "chat"]
    assert all(row["request_id"] for row in rows)


async def test_a_picture_comes_with_progress_and_can_be_read_again(echo_server: Server) -> None:
    heard: list[tuple[float, float | None]] = []

    async def hear(progress: float, total: float | None, _: str | None) -> None:
        heard.append((progress, total))

    async with session(echo_server) as client:
        drawn = await client.call_tool("image", {"prompt": "a hearth", "seed": 7}, progress_callback=hear)
        link, picture = drawn.content
        assert isinstance(link, ResourceLink)
        assert isinstance(picture, ImageContent)
        again = (await client.read_resource(link.uri)).contents[0]

    assert heard[-1] == (8, 8)
    assert base64.b64decode(picture.data).startswith(b"\x89PNG")
    assert again.blob == picture.data  # type: ignore[union-attr]


async def test_what_is_spoken_can_be_written_down_by_its_file(echo_server: Server) -> None:
    async with session(echo_server) as client:
        link, sound = (await client.call_tool("speak", {"text": "The fire is lit."})).content
        assert isinstance(link, ResourceLink)
        assert isinstance(sound, AudioContent)
        of_file = await client.call_tool("transcribe", {"file_id": str(link.uri)})
        encoded = base64.b64encode(tone(1.0)).decode()
        of_bytes = await client.call_tool("transcribe", {"audio_base64": encoded})

    assert "seconds" in of_file.content[0].text  # type: ignore[union-attr]
    assert of_bytes.content[0].text == "From 0.0 to 1.0 of 1.0 seconds."  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("tool", "arguments", "told"),
    [
        ("chat", {"prompt": "Hello", "model": "nope"}, "no model called 'nope'"),
        ("chat", {"prompt": " "}, "is empty"),
        ("transcribe", {}, "either file_id or audio_base64"),
        ("transcribe", {"file_id": "../../hearth.db"}, "no file"),
        ("transcribe", {"audio_base64": "?"}, "no base64"),
    ],
)
async def test_a_bad_call_is_told_in_a_sentence(
    echo_server: Server, tool: str, arguments: dict[str, object], told: str
) -> None:
    async with session(echo_server) as client:
        answer = await client.call_tool(tool, arguments)

    assert answer.isError
    assert told in answer.content[0].text  # type: ignore[union-attr]


async def test_without_a_key_that_may_generate_nobody_calls_a_tool(locked: Server) -> None:
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    headers = {"Accept": "application/json, text/event-stream"}
    scraper = make_key(locked, "scraper", "--scope", "metrics")

    async with httpx.AsyncClient(base_url=locked.url, timeout=60) as http:
        assert (await http.post("/mcp", json=body, headers=headers)).status_code == 401
        assert (await http.post("/mcp", json=body, headers={**headers, "x-api-key": scraper})).status_code == 403
    async with session(locked, make_key(locked, "agent")) as client:
        said = await client.call_tool("chat", {"prompt": "Hello"})
    assert said.content == [TextContent(type="text", text="Hello")]


def test_a_page_of_another_site_calls_no_tool(echo_server: Server) -> None:
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    headers = {"Accept": "application/json, text/event-stream", "Origin": "https://evil.example"}

    assert httpx.post(f"{echo_server.url}/mcp", json=body, headers=headers, timeout=60).status_code == 403


async def test_nobody_reads_a_file_that_is_not_there(echo_server: Server) -> None:
    async with session(echo_server) as client:
        with pytest.raises(Exception, match="no file"):
            await client.read_resource(AnyUrl("hearth://files/nope"))
