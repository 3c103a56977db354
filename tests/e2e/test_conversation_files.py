"""Export and import in a real browser: a conversation downloaded from its menu, and taken in again by the button."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.test_chat_tree import HISTORY, say

pytestmark = pytest.mark.e2e


def test_a_conversation_is_downloaded_and_imported_again(echo_page: Page, tmp_path: Path) -> None:
    say(echo_page, "carried to another place", 2)
    echo_page.locator(".exports summary").click()
    with echo_page.expect_download() as waiting:
        echo_page.get_by_role("link", name="JSON").click()
    file = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(file)
    assert file.name == "carried-to-another-place.json"
    rows = echo_page.locator("#conversations .open", has_text="carried to another place")
    before = rows.count()

    with echo_page.expect_file_chooser() as choosing:
        echo_page.get_by_role("button", name="Import").click()
    choosing.value.set_files(file)

    expect(echo_page.locator("#import-told")).to_contain_text("1 conversation imported.")
    expect(rows).to_have_count(before + 1)
    rows.last.click()
    expect(echo_page.locator(HISTORY)).to_have_count(2)
