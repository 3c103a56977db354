"""A server of others in a real browser: connected in Models, talked to, told when it is dead, taken away."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.test_chat_tree import HISTORY, echo_page, say
from tests.e2e.test_first_day import open_panel
from tests.engines.servers import LlamaServer

__all__ = ["echo_page"]
pytestmark = pytest.mark.e2e


@pytest.fixture
def llama(starters: Path) -> Iterator[LlamaServer]:
    """llama.cpp's own server with the starter model, on loopback."""
    server = LlamaServer(next(starters.glob("llama_cpp/*/*.gguf")))
    yield server
    server.close()


def test_a_server_is_connected_talked_to_told_when_it_is_dead_and_taken_away(
    echo_page: Page, llama: LlamaServer
) -> None:
    page = echo_page
    say(page, "first question", 2)
    say(page, "second question", 4)
    expect(page.locator("#chat-history select[data-act=again]")).to_have_count(0)  # there is one model alone

    open_panel(page, "Models")
    page.locator("#servers > button").click()
    expect(page.locator("#sv-list")).to_contain_text("No server is connected yet")
    page.locator("#sv-name input, #sv-name textarea").fill("them")
    page.locator("#sv-url input, #sv-url textarea").fill(llama.url)
    page.locator("#sv-test").click()
    expect(page.locator("#sv-told")).to_contain_text("It answers, with 1 model")
    page.locator("#sv-connect").click()
    expect(page.locator("#sv-told")).to_contain_text("them is connected")
    expect(page.locator("#sv-list .server-up")).to_have_text("reachable", timeout=90_000)

    open_panel(page, "Chat")
    page.reload()
    expect(page.locator(HISTORY)).to_have_count(4)
    # Any reply in view is written again with another model, the first one too.
    choices = page.locator("#chat-history select[data-act=again]")
    expect(choices).to_have_count(2)
    choices.first.focus()
    choices.first.select_option(index=2)
    expect(page.get_by_role("group", name="Version 2 of 2")).to_be_visible(timeout=120_000)
    expect(page.locator(HISTORY)).to_have_count(2)
    expect(page.locator(HISTORY).last).to_contain_text(re.compile(r"\w"))
    expect(page.locator("#chat-status")).to_contain_text("tokens")

    llama.close()
    open_panel(page, "Models")
    expect(page.locator("#sv-list .server-unreachable")).to_have_text("gone", timeout=90_000)
    expect(page.locator("#sv-list")).to_contain_text("does not answer")
    open_panel(page, "Chat")
    say(page, "are you there?", 4)  # the page goes on with the models that are here

    open_panel(page, "Models")
    page.locator("#sv-list [data-act=remove]").click()
    page.locator("#sv-told [data-act=remove_yes]").click()
    expect(page.locator("#sv-list")).to_contain_text("No server is connected yet")
    page.reload()
    expect(page.locator(HISTORY)).to_have_count(4)
    expect(page.locator("#chat-history select[data-act=again]")).to_have_count(0)
