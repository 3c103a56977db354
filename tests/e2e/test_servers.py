"""A server of others in a real browser: connected with its key, talked to, told when it is dead, taken away."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.test_chat_tree import HISTORY, say
from tests.e2e.test_first_day import open_panel
from tests.engines.servers import LlamaServer

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]  # it loads a model beside a browser and a server
KEY = "sk-loopback-0123456789abcdef"


@pytest.fixture
def llama(starters: Path) -> Iterator[LlamaServer]:
    """llama.cpp's own server with the starter model, on loopback, behind a key."""
    server = LlamaServer(next(starters.glob("llama_cpp/*/*.gguf")), KEY)
    yield server
    server.close()


def test_a_server_is_connected_talked_to_told_when_it_is_dead_and_taken_away(
    echo_page: Page, llama: LlamaServer
) -> None:
    page = echo_page
    say(page, "first question", 2)
    expect(page.locator("#chat-history select[data-act=again]")).to_have_count(0)  # there is one model alone

    open_panel(page, "Models")
    page.locator("#servers > button").click()
    expect(page.locator("#sv-list")).to_contain_text("No server is connected yet")
    page.locator("#sv-name input").fill("them")
    page.locator("#sv-url input").fill(f"{llama.url}/v1")
    page.locator("#sv-key input").fill(KEY)
    page.locator("#sv-test").click()
    expect(page.locator("#sv-told")).to_contain_text("It answers, with 1 model")
    page.locator("#sv-connect").click()
    expect(page.locator("#sv-told")).to_contain_text("them is connected")
    expect(page.locator("#sv-list .server-up")).to_have_text("reachable", timeout=90_000)
    assert KEY not in page.content()

    open_panel(page, "Chat")
    page.locator("#chat-model input").click()
    page.get_by_role("option", name=re.compile("SmolLM2")).click()
    say(page, "Say hello.", 4)
    expect(page.locator("#chat-status")).to_contain_text(re.compile(r"SmolLM2.* tokens"))
    expect(page.locator(HISTORY).last).to_contain_text(re.compile(r"\w"))

    llama.close()
    open_panel(page, "Models")
    expect(page.locator("#sv-list .server-unreachable")).to_have_text("gone", timeout=90_000)
    page.locator("#sv-list [data-act=remove]").click()
    page.locator("#sv-told [data-act=remove_yes]").click()
    expect(page.locator("#sv-list")).to_contain_text("No server is connected yet")
    page.reload()
    open_panel(page, "Chat")
    expect(page.locator(HISTORY)).to_have_count(4)
    say(page, "are you there?", 6)  # the page goes on with the model that is here
    expect(page.locator("#chat-status")).to_contain_text("Echo")
