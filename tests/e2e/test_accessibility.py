"""Everybody can use the dashboard: axe over every panel in both themes, keyboard alone, small screens, no motion."""

import re
from collections.abc import Iterator
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.api.conftest import tone
from tests.e2e.conftest import as_found, opened, profile_of
from tests.serving import Server

pytestmark = pytest.mark.e2e
PANELS = ("Chat", "Translate", "Images", "Speech", "Models", "Usage")
REPLY = """Steps:

1. one
2. two

| Tea | Minutes |
|---|---|
| Green | 2 |

```python
def brew(minutes: int = 4) -> str:
    \"\"\"A line that is longer than any phone is wide, and than the column of the conversation is on a screen.\"\"\"
    return f"{minutes}"  # done
```
"""


@pytest.fixture(scope="module")
def shared(browser: Browser, echo_server: Server) -> Iterator[Page]:
    """One page for the tests that only look at it."""
    with profile_of(browser, echo_server) as made:
        yield opened(made)


@pytest.fixture
def looked_at(shared: Page) -> Page:
    """The shared page as one finds it."""
    return as_found(shared)


def open_panel(page: Page, name: str) -> None:
    """Open a panel and wait until it has drawn itself."""
    page.get_by_role("tab", name=name, exact=True).click()
    page.locator(f"#{name.lower()}").wait_for()
    if name == "Models":
        page.locator("#mo-list .model").first.wait_for()
    if name == "Usage":
        page.locator("#us-tiles :is(.tile, .empty)").first.wait_for()


def say(page: Page, text: str) -> None:
    """Send a message and wait for the end of its reply."""
    page.locator("#ask textarea").fill(text)
    page.locator("#ask textarea").press("Enter")
    expect(page.locator("#chat-status")).to_contain_text("tokens")


def edit_a_recording(page: Page) -> None:
    """Open the panel's other half, with a recording that has a step and a plan that waits."""
    page.locator("#sp-part label", has_text="Edit recordings").click()
    sound = {"name": "tone.wav", "mimeType": "audio/wav", "buffer": tone(2)}
    page.locator("#ed-file input[type=file]").set_input_files(sound)  # type: ignore[arg-type]
    page.locator(".ed-more > summary").click()
    page.locator("form[data-op=reverse] button").click()
    page.locator(".ed-steps li").first.wait_for()
    page.locator("#ed-say textarea").fill("fade out over 1 second")
    page.locator("#ed-plan").click()
    page.locator("#ed-planned [data-act=confirm]").wait_for()
    page.locator(".ed-more > summary").click()


def test_axe_finds_nothing_serious_in_any_panel_in_either_theme(echo_page: Page) -> None:
    echo_page.emulate_media(reduced_motion="reduce")
    say(echo_page, REPLY)
    echo_page.locator("#chat-drawer button").first.click()
    found = []
    for panel in PANELS:
        open_panel(echo_page, panel)
        if panel == "Images":
            echo_page.locator("#im-drawer button").first.click()
            echo_page.locator("#im-width input, #im-width textarea").first.wait_for()
        if panel == "Speech":
            edit_a_recording(echo_page)
        found += [(panel, "light", *one) for one in serious(echo_page, "light")]
        found += [(panel, "dark", *one) for one in serious(echo_page, "dark")]
    assert found == []


def serious(page: Page, theme: Literal["light", "dark"]) -> list[tuple[str, str, str]]:
    """What axe finds in a theme that nobody should have to live with: the rule, and which element breaks it."""
    page.emulate_media(color_scheme=theme)
    expect(page.locator("body")).to_have_class(
        re.compile(r"\bdark\b") if theme == "dark" else re.compile(r"^(?!.*\bdark\b)")
    )
    return [
        (violation["id"], str(node["target"]), node["html"][:120])
        for violation in Axe().run(page).response["violations"]
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]


def test_every_panel_is_reached_and_used_by_the_keyboard(echo_page: Page) -> None:
    seen = set()
    for _ in range(60):
        echo_page.keyboard.press("Tab")
        at = echo_page.evaluate(
            """() => {
                const at = document.activeElement;
                const drawn = (part) => part && ["outlineStyle", "boxShadow"].some((name) =>
                    getComputedStyle(part)[name] !== "none");
                const ring = [at, ...["#composer", ".wrap", "label"].map((part) => at.closest(part))].some(drawn);
                return [at.id || at.getAttribute("aria-label") || at.textContent.trim(), ring || at === document.body];
            }"""
        )
        seen.add(at[0])
        assert at[1], f"one does not see that {at[0]!r} has the focus"
    assert {"new-chat", "tab-chat-button", "tab-usage-button", "send"} <= seen
    echo_page.locator("#tab-chat-button").focus()
    echo_page.keyboard.press("Alt+2")
    expect(echo_page.locator("#tr-text textarea")).to_be_visible()
    echo_page.keyboard.press("Control+k")
    expect(echo_page.locator("#ask textarea")).to_be_focused()


def test_every_field_and_button_has_a_name(looked_at: Page) -> None:
    for panel in PANELS:
        open_panel(looked_at, panel)
        nameless = looked_at.evaluate(
            """() => [...document.querySelectorAll("button, input, textarea, select, a[href]")]
                .filter((part) => part.getClientRects().length && part.type !== "file")
                .filter((part) => !(part.textContent.trim() || part.getAttribute("aria-label") || part.labels?.length))
                .map((part) => part.outerHTML.slice(0, 120))"""
        )
        assert nameless == [], panel


def test_a_growing_reply_is_not_read_out_with_each_token_but_once(echo_page: Page) -> None:
    say(echo_page, "Hello there")
    expect(echo_page.locator("#chat-history [role=log]")).to_have_attribute("aria-live", "polite")
    echo_page.wait_for_function(
        "[...document.querySelectorAll('#chat-live [aria-live]')].every((live) => live.ariaLive === 'off')"
    )


def test_a_click_into_code_chooses_no_language_of_the_page(looked_at: Page) -> None:
    say(looked_at, REPLY)
    code = looked_at.locator("#chat-history .code_wrap[data-language=python]").first
    code.locator("pre").click()
    assert "python" not in [cookie["value"] for cookie in looked_at.context.cookies()]


def test_nothing_moves_for_who_asked_for_stillness(looked_at: Page) -> None:
    looked_at.emulate_media(reduced_motion="reduce")
    moving = looked_at.evaluate(
        """() => [...document.querySelectorAll("*")].filter((part) => {
            const style = getComputedStyle(part);
            return style.animationName !== "none" || parseFloat(style.transitionDuration) > 0;
        }).length"""
    )
    assert moving == 0


def test_a_drawer_takes_the_focus_and_gives_it_back(looked_at: Page) -> None:
    looked_at.set_viewport_size({"width": 390, "height": 844})
    looked_at.locator("#open-side").click()
    expect(looked_at.locator("#new-chat")).to_be_focused()
    looked_at.locator("#close-drawer").click()
    expect(looked_at.locator("#open-side")).to_be_focused()
    expect(looked_at.locator("#close-drawer")).to_be_hidden()
    looked_at.locator("#chat-title .toggle-aside").click()
    expect(looked_at.locator("#chat-settings")).to_be_focused()
    expect(looked_at.locator("ul.options")).to_have_count(0)
    looked_at.keyboard.press("Escape")
    expect(looked_at.locator("#chat-settings")).to_be_hidden()


def test_fingers_find_every_button_of_a_phone(looked_at: Page) -> None:
    looked_at.set_viewport_size({"width": 390, "height": 844})
    for panel in PANELS:
        open_panel(looked_at, panel)
        small = looked_at.evaluate(
            """() => [...document.querySelectorAll("#main button, #main input:not([type=range], [type=radio])")]
                .filter((part) => part.getClientRects().length && !part.closest(".messages, .aside, .toast-wrap"))
                .map((part) => [part.outerHTML.slice(0, 90), part.closest(".wrap-inner, label") || part])
                .filter(([, part]) => part.getBoundingClientRect().height < 40)
                .map(([html]) => html)"""
        )
        assert small == [], panel


def test_the_sidebar_and_the_tabs_stay_while_a_long_panel_scrolls(looked_at: Page) -> None:
    looked_at.set_viewport_size({"width": 1440, "height": 320})
    open_panel(looked_at, "Models")
    looked_at.mouse.move(800, 200)
    looked_at.mouse.wheel(0, 2000)
    looked_at.wait_for_function("scrollY > 100")
    for part in ("#side", "#nav .tab-wrapper"):
        box = looked_at.locator(part).first.bounding_box()
        assert box is not None
        assert box["y"] == 0


def test_panels_share_their_edges(looked_at: Page) -> None:
    edges = {}
    for panel in PANELS:
        open_panel(looked_at, panel)
        box = looked_at.locator(f"#{panel.lower()} h1").bounding_box()
        assert box is not None
        edges[panel] = box["x"]
    assert len(set(edges.values())) == 1, edges


def test_the_open_panel_survives_a_reload_and_names_the_page(echo_page: Page) -> None:
    open_panel(echo_page, "Speech")
    expect(echo_page).to_have_title("Speech · Hearth")
    echo_page.reload()
    expect(echo_page.locator("#sp-text textarea")).to_be_visible()
    open_panel(echo_page, "Chat")
    expect(echo_page).to_have_title("Chat · Hearth")
    assert echo_page.url.endswith("/")


def test_the_fonts_of_the_look_are_the_ones_that_are_drawn(looked_at: Page) -> None:
    looked_at.wait_for_function("document.fonts.status === 'loaded'")
    loaded = looked_at.evaluate("[...document.fonts].filter((f) => f.status === 'loaded').map((f) => f.family)")
    assert {"Lora", "IBM Plex Sans"} <= {name.strip('"') for name in loaded}


def test_a_page_in_the_dark_never_flashes_light(echo_page: Page) -> None:
    echo_page.emulate_media(color_scheme="light")
    echo_page.locator('[data-theme-to="dark"]').click()
    # What the page has before Gradio's scripts run.
    echo_page.route("**/assets/*.js", lambda route: route.abort())
    echo_page.reload()
    assert echo_page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(23, 20, 18)"
    echo_page.unroute("**/assets/*.js")
    echo_page.reload()
    echo_page.locator('[data-theme-to="system"]').click()
    expect(echo_page.locator("body")).not_to_have_class("dark")
    assert echo_page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(250, 247, 242)"


def test_an_image_is_made_with_its_settings_never_opened_and_opened(echo_page: Page) -> None:
    open_panel(echo_page, "Images")
    echo_page.locator("#im-prompt textarea").fill("a small house")
    echo_page.locator("#im-go").click()
    expect(echo_page.locator("#im-gallery img")).to_have_count(1)
    echo_page.locator("#im-drawer button").first.click()
    echo_page.locator("#im-steps input, #im-steps textarea").first.fill("3")
    echo_page.locator("#im-go").click()
    expect(echo_page.locator("#im-gallery img")).to_have_count(2)


def test_nothing_the_page_asks_for_is_missing(echo_page: Page) -> None:
    missing: list[str] = []
    echo_page.on(
        "response", lambda answer: missing.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None
    )
    echo_page.reload()
    echo_page.locator("#ask textarea").wait_for()
    for panel in PANELS:
        open_panel(echo_page, panel)
    assert missing == []
