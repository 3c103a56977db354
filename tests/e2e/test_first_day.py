"""What a newcomer does on the first day, in a real browser on the real starter models."""

import io
import re
import wave
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.conftest import as_found, opened, profile_of
from tests.serving import Server

pytestmark = pytest.mark.e2e
LONG = "Write a very long story about a dragon and a lighthouse, at least two thousand words."


@pytest.fixture(scope="module")
def shared(browser: Browser, studio_server: Server) -> Iterator[Page]:
    """One page for the tests that only look at it."""
    with profile_of(browser, studio_server) as made:
        yield opened(made)


@pytest.fixture
def looked_at(shared: Page) -> Page:
    """The shared page as one finds it."""
    return as_found(shared)


def open_panel(page: Page, name: str) -> None:
    """Open a panel by its tab."""
    page.get_by_role("tab", name=name, exact=True).click()


def send(page: Page, text: str) -> None:
    """Type a message and send it with Enter."""
    page.locator("#ask textarea").fill(text)
    page.locator("#ask textarea").press("Enter")


def reply(page: Page) -> str:
    """The last reply on the page, wherever it stands."""
    boxes = page.locator("#chat-history .bot.message, #chat-live .bot.message")
    return boxes.last.inner_text() if boxes.count() else ""


def test_a_reply_reloaded_in_the_middle_is_whole_and_not_doubled(page: Page, context: BrowserContext) -> None:
    send(page, LONG)
    live = page.locator("#chat-live .bot.message")
    expect(live).to_contain_text(re.compile(r"\w+\W+\w+\W+\w+"))
    before = live.inner_text()[:20]
    page.reload()
    second = context.new_page()
    second.goto("/")
    for tab in (page, second):
        # The figures of a reply come with its end; "Send" shows also before the page has loaded.
        expect(tab.locator("#chat-status")).to_contain_text("tokens", timeout=150_000)
        expect(tab.locator("#send")).to_be_visible()
        expect(tab.locator("#chat-live .bot.message")).to_have_count(0)
        history = tab.locator("#chat-history .message")
        expect(history.filter(has_text=LONG)).to_have_count(1)
        assert reply(tab).startswith(before)
    assert reply(page) == reply(second)


def test_stop_ends_the_reply_and_keeps_what_there_was(page: Page, studio_server: Server) -> None:
    send(page, LONG)
    # In one step inside the page: the little model may end its story while a test looks at it.
    page.wait_for_function(
        """() => {
            const stop = document.querySelector("button#stop, #stop button");
            const text = document.querySelector("#chat-live .bot.message")?.innerText ?? "";
            if (!stop || text.split(" ").length < 4) return false;
            stop.click();
            return true;
        }"""
    )
    expect(page.locator("#send")).to_be_visible()
    expect(page.locator("#chat-status")).to_contain_text("Stopped")
    kept = reply(page)
    assert kept.strip()
    assert httpx.get(f"{studio_server.url}/jobs", timeout=60).json()["data"] == []
    page.reload()
    expect(page.locator("#chat-history .bot.message")).to_have_count(1)
    assert reply(page) == kept


def test_a_message_sent_in_the_moment_after_new_chat_begins_a_conversation(page: Page) -> None:
    send(page, "One.")
    expect(page.locator("#chat-status")).to_contain_text("tokens", timeout=60_000)
    page.evaluate("document.querySelector('#new-chat').click()")
    send(page, "Two.")
    expect(page.locator("#chat-history .user.message")).to_have_text(["Two."])
    expect(page.locator("#chat-status")).to_contain_text("tokens", timeout=60_000)
    expect(page.locator("#chat-history .user.message")).to_have_text(["Two."])


def test_a_sentence_is_translated_as_it_is_typed(page: Page) -> None:
    open_panel(page, "Translate")
    page.locator("#tr-text textarea").press_sequentially("The house is very beautiful today.")
    expect(page.locator("#tr-out .seg")).to_contain_text(re.compile("casa", re.IGNORECASE))
    expect(page.locator("#tr-below")).to_contain_text("English")


def test_a_sentence_is_heard_and_the_file_is_real(page: Page, studio_server: Server) -> None:
    open_panel(page, "Speech")
    page.locator("#sp-text textarea").fill("The quick brown fox jumps over the lazy dog. It was not amused.")
    page.locator("#sp-go").click()
    sound = page.locator("#sp-player audio")
    sound.wait_for(state="attached")
    page.wait_for_function("document.querySelector('#sp-player audio').currentTime > 0.2")
    link = page.locator("#sp-status a", has_text="WAV")
    link.wait_for()
    data = httpx.get(studio_server.url + str(link.get_attribute("href")), timeout=60).content
    with wave.open(io.BytesIO(data)) as file:
        seconds = file.getnframes() / file.getframerate()
        loud = max(abs(int.from_bytes(data[i : i + 2], "little", signed=True)) for i in range(44, len(data) - 1, 2))
    assert 2.5 < seconds < 8
    assert loud > 1_000


def test_a_recording_is_written_down(page: Page) -> None:
    open_panel(page, "Speech")
    page.locator("#sp-write-status button, #sp-write-status [data-act]").first.click()
    expect(page.locator("#sp-transcript")).to_contain_text(re.compile(r"\w+ \w+ \w+"), timeout=60_000)


def test_an_icon_is_drawn_and_larger_models_are_a_click_away(page: Page) -> None:
    pytest.importorskip("diffusers", reason="the light profile has no diffusers")
    open_panel(page, "Images")
    expect(page.locator("#images")).to_contain_text("icons, not photographs")
    expect(page.locator("#im-status [data-act=fetch]")).to_contain_text("SD-Turbo")
    page.locator("#im-status [data-act=example]").click()
    picture = page.locator(".gallery li img")
    expect(picture).to_have_count(1, timeout=120_000)
    expect(page.locator("#im-status")).to_contain_text("128 × 128")
    page.locator("#images .aside [data-act=tab]").click()
    expect(page.locator("#models")).to_be_visible()


def test_models_are_listed_with_state_and_size(looked_at: Page) -> None:
    open_panel(looked_at, "Models")
    expect(looked_at.locator("#models")).to_contain_text("SmolLM2")
    expect(looked_at.locator("#models")).to_contain_text("98 MB")


def test_usage_shows_what_was_done(page: Page) -> None:
    send(page, "Hello!")
    expect(page.locator("#send")).to_be_visible(timeout=60_000)
    expect(page.locator("#chat-status")).to_contain_text("tokens")
    open_panel(page, "Usage")
    expect(page.locator("#usage")).to_contain_text(re.compile(r"[1-9]"))
    expect(page.locator("#usage")).to_contain_text("tokens", ignore_case=True)


@pytest.mark.parametrize("panel", ["Chat", "Translate", "Images", "Speech", "Models", "Usage"])
def test_no_panel_is_cut_off_on_a_phone(looked_at: Page, panel: str) -> None:
    looked_at.set_viewport_size({"width": 390, "height": 844})
    open_panel(looked_at, panel)
    looked_at.locator(f"#{panel.lower()}").wait_for()
    looked_at.wait_for_function("document.documentElement.scrollWidth <= innerWidth")


def test_the_interface_speaks_polish_when_asked(context: BrowserContext, studio_server: Server) -> None:
    context.add_cookies([{"name": "hearth_lang", "value": "pl", "url": studio_server.url}])
    page = context.new_page()
    page.goto("/")
    page.get_by_role("tab", name="Tłumacz", exact=True).wait_for()
