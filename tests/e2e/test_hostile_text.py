"""Text, titles, names and files that would run script if they could, on the pages that show them, in a real browser."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import told
from tests.echo_models import install_echo, recording
from tests.serving import Server

pytestmark = pytest.mark.e2e
RUN = "window.pwned=1"
PAYLOADS = (
    f"<img src=x onerror={RUN}>",
    f"<script>{RUN}</script><svg onload={RUN}><details open ontoggle={RUN}>",
    f"[here](javascript:{RUN}) <a href='javascript:{RUN}' id=bait>there</a> ![x](http://evil.example/a.png)",
    f"$\\href{{javascript:{RUN}}}{{x}}$ $$\\htmlData{{x=1}}{{\\includegraphics{{http://evil.example/b.png}}}}$$",
    f'```mermaid\ngraph TD; A-->B; click A "javascript:{RUN}"\n```',
    f"<iframe srcdoc='<script>parent.{RUN}</script>'></iframe><style>*{{background:url(http://evil.example/c)}}</style>",
    f"<form action=http://evil.example><button autofocus onfocus={RUN}>x</button></form><base href=http://evil.example>",
    f"\"'><img src=x onerror={RUN}> `</code><img src=x onerror={RUN}>`",
)
MODEL_TITLE = f"<img src=x onerror={RUN}>"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Hearth on echo models, which say what they are told; one of them has a hostile title."""
    data_dir = tmp_path_factory.mktemp("hostile")
    install_echo(data_dir, "quick")
    install_echo(data_dir, "hears", "transcription")
    manifest = data_dir / "models" / "echo-chat" / "quick" / "hearth.json"
    manifest.write_text(manifest.read_text().replace('"Quick"', f'"{MODEL_TITLE}"'))
    running = Server(data_dir, "--no-starters").start().wait_ready()
    yield running
    running.stop()


@pytest.fixture
def hostile_page(browser: Browser, server: Server) -> Iterator[Page]:
    """A page that fails the test when a payload ran, a dialog opened or it asked another host."""
    context = browser.new_context(base_url=server.url, viewport={"width": 1440, "height": 900}, locale="en-US")
    page = context.new_page()
    trouble: list[str] = []
    page.on("dialog", lambda dialog: (trouble.append(f"dialog {dialog.message}"), dialog.dismiss()))
    # What the policy blocks fails before it leaves; a real request has an answer or a network error.
    context.route(
        re.compile(r"^https?://evil\.example"), lambda route: (trouble.append(route.request.url), route.abort())
    )
    page.goto("/")
    told(page)
    yield page
    ran = page.evaluate("window.pwned")
    left_for = page.url
    context.close()
    assert ran is None
    assert left_for.startswith(server.url)
    assert trouble == []


def test_no_message_reply_or_title_runs_script(hostile_page: Page) -> None:
    page = hostile_page
    for payload in PAYLOADS:
        page.locator("#new-chat").click()
        page.locator("#ask textarea").fill(payload)
        page.locator("#ask textarea").press("Enter")
        expect(page.locator("#chat-history .bot.message")).to_have_count(1)
        expect(page.locator("#send")).to_be_visible()
        links = page.locator("#chat-history .message a").evaluate_all("all => all.map((a) => a.href)")
        assert not [link for link in links if link.lower().startswith("javascript:")]
        assert page.locator("#chat-history .message :is(script, iframe, style, base)").count() == 0
    page.reload()
    expect(page.locator("#side")).to_contain_text("onerror")  # the titles stand there as text
    assert page.locator("#side img[src='x']").count() == 0


def test_no_models_title_runs_script(hostile_page: Page) -> None:
    hostile_page.get_by_role("tab", name="Models", exact=True).click()
    expect(hostile_page.locator("#models")).to_contain_text("onerror")
    assert hostile_page.locator("#models img[src='x']").count() == 0


def test_a_recordings_name_runs_no_script_and_its_owner_hears_it(
    hostile_page: Page, server: Server, tmp_path: Path
) -> None:
    sound = recording(tmp_path / "<img src=x onerror=window.pwned=1>.wav")
    hostile_page.get_by_role("tab", name="Speech", exact=True).click()
    with hostile_page.expect_response(lambda answer: "/gradio_api/file=" in answer.url) as played:
        hostile_page.locator("#speech input[type=file]").first.set_input_files(sound)
    assert played.value.status in (200, 206)
    assert hostile_page.locator("#speech img[src='x']").count() == 0


def test_a_page_called_a_recording_is_not_shown_as_one(server: Server) -> None:
    page = b"<!doctype html><script>window.pwned=1</script>"
    [path] = httpx.post(
        f"{server.url}/gradio_api/upload", files={"files": ("sound.html", page, "audio/wav")}, timeout=30
    ).json()
    shown = httpx.get(f"{server.url}/gradio_api/file={path}", timeout=30)

    assert shown.headers["content-disposition"].startswith("attachment")
    assert shown.headers["x-content-type-options"] == "nosniff"
