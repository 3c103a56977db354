"""Templates behind ``/``, models side by side, menus and players of the Chat panel in a real browser."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.test_chat_tree import HISTORY, say

pytestmark = pytest.mark.e2e


def test_a_template_is_found_filled_in_and_inserted_by_the_keyboard_alone(echo_page: Page) -> None:
    box, listed = echo_page.locator("#ask textarea"), echo_page.locator("#template-list")
    expect(listed.locator("li").first).to_be_attached()
    box.press_sequentially("/")
    expect(listed).to_be_visible()
    box.press("Escape")
    expect(listed).to_be_hidden()
    box.fill("")
    box.press_sequentially("/expl")
    expect(listed.locator("[role=option]:visible")).to_have_count(2)  # and what leads to the drawer
    box.press("Enter")
    form = echo_page.locator("#chat-templates form")
    expect(form.locator("textarea").first).to_be_focused()
    echo_page.keyboard.type("fire & <b>ice</b> {{x}}")
    echo_page.keyboard.press("Enter")
    expect(box).to_have_value(re.compile(r"^Explain fire & <b>ice</b> \{\{x\}\} to a curious twelve-year-old:"))
    expect(box).to_be_focused()
    expect(echo_page.locator(HISTORY)).to_have_count(0)  # nothing was sent yet
    box.press("Enter")
    expect(echo_page.locator(HISTORY)).to_have_count(2)


def test_a_path_or_a_sentence_is_sent_as_it_stands(echo_page: Page) -> None:
    box = echo_page.locator("#ask textarea")
    box.press_sequentially("/etc/hosts")
    expect(echo_page.locator("#template-list")).to_be_hidden()
    box.press("Enter")
    expect(echo_page.locator(HISTORY)).to_have_count(2)
    box.press("Enter")  # an empty box: nothing may change
    say(echo_page, "and more", 4)


def test_two_models_answer_side_by_side_after_a_reload_too_and_one_goes_on(echo_page: Page) -> None:
    echo_page.locator("#compare-open").click()
    expect(echo_page.locator("#compare-model-1 input")).to_have_value(re.compile("Echo"))
    expect(echo_page.locator("#chat")).to_be_hidden()
    echo_page.locator("#compare-ask textarea").fill("side by side")
    echo_page.locator("#compare-ask textarea").press("Enter")
    for side in (0, 1):
        expect(echo_page.locator(f"#compare-reply-{side} .bot.message")).to_contain_text("side by side")
        expect(echo_page.locator(f"#compare-status-{side}")).to_contain_text("3 tokens")
    echo_page.reload()
    echo_page.locator("#ask textarea").wait_for()
    echo_page.locator("#compare-open").click()
    echo_page.locator("#compare-on-1").click()
    expect(echo_page.locator(HISTORY)).to_have_count(2)
    expect(echo_page.locator("#chat-title h1")).to_have_text("side by side")
    say(echo_page, "on we go", 4)


def test_a_reply_is_spoken_and_taken_to_the_translate_panel_and_escape_closes_the_menu(echo_page: Page) -> None:
    say(echo_page, "Good morning to everybody here.", 2)
    echo_page.locator(".exports summary").click()
    expect(echo_page.locator(".exports a").first).to_be_visible()
    echo_page.keyboard.press("Escape")
    expect(echo_page.locator(".exports a").first).to_be_hidden()
    expect(echo_page.locator(".exports summary")).to_be_focused()
    echo_page.locator("#chat-history [data-act=speak]").click()
    expect(echo_page.locator("#chat-sound audio")).to_be_visible()
    expect(echo_page.locator(HISTORY)).to_have_count(2)
    echo_page.locator("#chat-sound [data-act=hush]").click()
    expect(echo_page.locator("#chat-sound audio")).to_have_count(0)
    echo_page.locator("#chat-history [data-act=translate]").click()
    expect(echo_page.locator("#tr-text textarea")).to_have_value("Good morning to everybody here.")
