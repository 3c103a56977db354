"""A temporary chat in a real browser: marked, answered, and gone after a reload."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.test_chat_tree import HISTORY, say

pytestmark = pytest.mark.e2e


def test_a_temporary_chat_is_marked_answered_and_gone_after_a_reload(echo_page: Page) -> None:
    echo_page.locator("#temporary-chat").click()
    expect(echo_page.locator("#chat-title .temporary")).to_contain_text("It is gone when you reload")
    say(echo_page, "whispered one", 2)
    say(echo_page, "whispered two", 4)
    expect(echo_page.locator("#chat-title h1")).to_have_text("Temporary chat")
    expect(echo_page.locator("#conversations")).not_to_contain_text("whispered")
    echo_page.reload()
    expect(echo_page.locator("#chat-start .empty")).to_be_visible()
    expect(echo_page.locator(HISTORY)).to_have_count(0)
    expect(echo_page.locator("#chat-title .temporary")).to_have_count(0)
    expect(echo_page.locator("#conversations")).not_to_contain_text("whispered")
