"""Versions of messages in a real browser: bars below the messages, by mouse and by keyboard, and hostile texts."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.test_first_day import send

pytestmark = pytest.mark.e2e
HISTORY = "#chat-history .message"


def say(page: Page, text: str, messages: int) -> None:
    send(page, text)
    expect(page.locator(HISTORY)).to_have_count(messages)
    expect(page.locator("#send")).to_be_visible()


def test_a_message_is_edited_and_both_versions_can_be_looked_at(echo_page: Page) -> None:
    say(echo_page, "first wording", 2)
    say(echo_page, "follow up", 4)
    echo_page.locator("#chat-history [data-act=edit]").first.click()
    expect(echo_page.locator("#ask textarea")).to_have_value("first wording")
    say(echo_page, "second wording", 2)
    expect(echo_page.locator(HISTORY).first).to_contain_text("second wording")
    versions = echo_page.get_by_role("group", name="Version 2 of 2")
    expect(versions).to_be_visible()
    versions.get_by_role("button", name="Previous version").press("Enter")
    expect(echo_page.locator(HISTORY)).to_have_count(4)
    expect(echo_page.locator(HISTORY).first).to_contain_text("first wording")
    echo_page.reload()
    expect(echo_page.locator(HISTORY)).to_have_count(4)
    expect(echo_page.get_by_role("group", name="Version 1 of 2")).to_be_visible()


def test_a_reply_is_written_again_by_its_button_which_a_keyboard_reaches(echo_page: Page) -> None:
    say(echo_page, "again please", 2)
    echo_page.get_by_role("button", name="Write this reply again").focus()
    echo_page.keyboard.press("Enter")
    expect(echo_page.get_by_role("group", name="Version 2 of 2")).to_be_visible()
    expect(echo_page.locator(HISTORY)).to_have_count(2)


HOSTILE = (
    "<img src=x onerror=\"document.title='owned'\">",
    "[click](javascript:document.title='owned')",
    "<script>document.title='owned'</script> ${document.title='owned'} {{document.title='owned'}}",
    "```html\n<img src=x onerror=\"document.title='owned'\">\n```",
)


def test_hostile_text_stays_text_in_messages_titles_and_the_list(echo_page: Page) -> None:
    placed = f"{HISTORY} [onerror], {HISTORY} script, #conversations img, #chat-title img"
    for text in HOSTILE:
        echo_page.locator("#new-chat").click()
        expect(echo_page.locator(HISTORY)).to_have_count(0)
        say(echo_page, text, 2)
        for link in echo_page.locator(f"{HISTORY} a").all():
            assert "javascript:" not in (link.get_attribute("href") or "")
        assert echo_page.locator(placed).count() == 0
        assert echo_page.title() == "Chat · Hearth"


def test_a_conversation_is_found_opened_deleted_and_taken_back_by_keyboard_alone(echo_page: Page) -> None:
    say(echo_page, "the heron stands <b>still</b>", 2)
    echo_page.locator("#new-chat").click()
    expect(echo_page.locator(HISTORY)).to_have_count(0)
    search = echo_page.locator("#search input, #search textarea")
    search.press_sequentially("heron")
    expect(echo_page.locator("#hits mark").first).to_have_text("heron")
    assert echo_page.locator("#hits b").count() == 0
    search.press("ArrowDown")
    expect(echo_page.locator("#hits .open").first).to_be_focused()
    # The title comes first, then the messages.
    echo_page.keyboard.press("ArrowDown")
    expect(echo_page.locator("#hits .open:has(mark)").first).to_be_focused()
    echo_page.keyboard.press("Enter")
    expect(echo_page.locator(HISTORY)).to_have_count(2)
    expect(echo_page.locator("#chat-history .message-row[data-found]")).to_have_count(1)
    search.fill("")
    row = echo_page.locator("#conversations .conversation.current")
    expect(row).to_be_visible()
    row.locator("[data-do=more]").focus()
    echo_page.keyboard.press("Enter")
    expect(row.get_by_role("button", name="Rename")).to_be_focused()
    row.get_by_role("button", name="Delete").press("Enter")
    expect(echo_page.locator(HISTORY)).to_have_count(0)
    echo_page.locator("#conversations").get_by_role("button", name="Undo").press("Enter")
    expect(echo_page.locator("#conversations")).to_contain_text("the heron stands")


def test_what_was_typed_and_a_folder_that_was_closed_outlive_a_reload(echo_page: Page) -> None:
    say(echo_page, "filed away", 2)
    row = echo_page.locator("#conversations .conversation.current")
    row.locator("[data-do=more]").focus()
    echo_page.keyboard.press("Enter")
    row.get_by_role("button", name="Folder").press("Enter")
    echo_page.keyboard.type("Winter")
    echo_page.keyboard.press("Enter")
    folder = echo_page.locator("#conversations details[data-folder=Winter]")
    expect(folder.locator(".open")).to_be_visible()
    folder.locator("summary").click()
    expect(folder.locator(".open")).to_be_hidden()
    echo_page.locator("#ask textarea").fill("half a thought")
    echo_page.reload()
    expect(echo_page.locator(HISTORY)).to_have_count(2)
    expect(echo_page.locator("#ask textarea")).to_have_value("half a thought")
    expect(folder.locator("summary")).to_be_visible()
    expect(folder.locator(".open")).to_be_hidden()
