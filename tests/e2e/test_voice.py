"""A conversation by voice in a real browser, whose microphone hears the starter voice ask, and talk over the reply."""

import re
import shutil
import wave
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.conftest import QUIET
from tests.serving import Server

pytestmark = pytest.mark.e2e
QUESTION = "Please tell me a long story about a lighthouse and the sea."
HEARD = re.compile("story|lighthouse", re.IGNORECASE)  # the little recogniser may miss a word
# How long after each question the next one comes. The machine may be slow, and a question that is asked while the
# reply is not heard yet is no interruption; nor is one after a reply that was short. Then the microphone begins anew.
GAPS_S = (4, 7, 10, 14, 20, 28)
# What the page plays, as it tells the sound card, in seconds; how often it falls silent in the middle of it.
COUNT = """(() => {
  window.played = [];
  window.cut = 0;
  const { start, stop } = AudioBufferSourceNode.prototype;
  AudioBufferSourceNode.prototype.start = function (...rest) {
    window.played.push(this.buffer.duration);
    return start.apply(this, rest);
  };
  AudioBufferSourceNode.prototype.stop = function (...rest) {
    window.cut += 1;
    return stop.apply(this, rest);
  };
})()"""


@pytest.fixture(scope="module")
def microphone(studio_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the microphone hears: silence while the page opens, then the question again and again."""
    body = {"model": "tts-1", "voice": "en_us-joe-medium", "input": QUESTION, "response_format": "wav"}
    spoken = httpx.post(f"{studio_server.url}/v1/audio/speech", json=body, timeout=120)
    path = tmp_path_factory.mktemp("microphone") / "question.wav"
    path.write_bytes(spoken.content)
    with wave.open(str(path), "rb") as file:
        parameters, sound = file.getparams(), file.readframes(file.getnframes())
    with wave.open(str(path), "wb") as file:
        file.setparams(parameters)
        quiet = bytes(2 * parameters.framerate)
        file.writeframes(quiet * 8 + b"".join(sound + quiet * gap for gap in GAPS_S))
    return path


@pytest.fixture
def talking(browser: Browser, studio_server: Server, microphone: Path) -> Iterator[BrowserContext]:
    """A browser of its own: which microphone it has is said when it is started."""
    fakes = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    options = [*QUIET, *fakes, f"--use-file-for-fake-audio-capture={microphone}"]
    chromium = browser.browser_type.launch(executable_path=shutil.which("chromium"), args=options)
    context = chromium.new_context(base_url=studio_server.url, viewport={"width": 390, "height": 844}, locale="en-US")
    context.set_default_timeout(90_000)
    context.add_init_script(COUNT)
    yield context
    chromium.close()


def opened(context: BrowserContext) -> Page:
    page = context.new_page()
    page.goto("/")
    page.locator("#ask textarea").wait_for()
    page.locator("#voice-open").click()
    return page


@pytest.mark.timeout(600)
def test_a_spoken_question_is_answered_and_heard_until_somebody_talks_over_it_or_presses_a_key(
    talking: BrowserContext,
) -> None:
    page = opened(talking)
    expect(page.locator("#voice-notes")).to_contain_text("hear English only", timeout=90_000)
    expect(page.locator("#chat-history .user.message").first).to_contain_text(HEARD, timeout=90_000)
    page.wait_for_function("window.played.length > 0", timeout=90_000)
    expect(page.locator(".voice-took")).to_contain_text("first sound after")

    page.wait_for_function("window.cut > 0", timeout=240_000)  # nobody has touched the page
    questions = page.locator("#chat-history .user.message")
    page.wait_for_function("document.querySelectorAll('#chat-history .user.message').length > 1", timeout=90_000)
    expect(questions.last).to_contain_text(HEARD)
    expect(page.locator(".voice")).to_have_attribute("data-state", "speaking", timeout=120_000)

    page.keyboard.press("Escape")
    expect(page.locator(".voice")).to_have_attribute("data-state", "listening", timeout=90_000)
    serious = [each for each in Axe().run(page).response["violations"] if each["impact"] in ("serious", "critical")]
    assert serious == []
    page.locator('#voice [data-talk="close"]').click()
    expect(page.locator("#send")).to_be_visible(timeout=90_000)

    said = page.locator("#chat-history .bot.message").first.inner_text()
    assert said.strip()
    page.reload()
    expect(questions.first).to_contain_text(HEARD, timeout=90_000)
    expect(questions.nth(1)).to_contain_text(HEARD)
    expect(page.locator("#chat-history .bot.message").first).to_contain_text(said[:40])
    assert page.locator("#conversations .conversation.current").count() == 1


def test_each_reason_for_no_microphone_is_one_sentence(page: Page) -> None:
    refused = """Object.defineProperty(navigator, "mediaDevices", { configurable: true, value: {
        getUserMedia: () => Promise.reject(new DOMException("no", "%s")) } })"""
    insecure = 'Object.defineProperty(window, "isSecureContext", { value: false })'
    cases = {
        refused % "NotAllowedError": "may not use the microphone",
        refused % "NotFoundError": "No microphone was found",
        refused % "NotReadableError": "can't be used just now",
        insecure: "only to https addresses",
    }
    for script, told in cases.items():
        page.evaluate(script)
        page.locator("#voice-open").click()
        expect(page.locator(".voice-state")).to_contain_text(told, timeout=90_000)
        page.locator('#voice [data-talk="close"]').click()
        expect(page.locator("#ask textarea")).to_be_visible()
