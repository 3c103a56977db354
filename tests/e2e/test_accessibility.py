"""Everybody can use the dashboard: axe over every panel in both themes, keyboard alone, small screens, no motion."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.api.conftest import tone
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


@pytest.fixture
def demo(browser: Browser, echo_server: Server) -> Iterator[Page]:
    """The dashboard on the echo engines, whose model gives back what it gets."""
    echo_server.wait_ready()
    context = browser.new_context(base_url=echo_server.url, viewport={"width": 1440, "height": 900}, locale="en-US")
    context.set_default_timeout(30_000)
    page = context.new_page()
    page.goto("/")
    page.locator("#ask textarea").wait_for()
    yield page
    context.close()


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


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_any_panel(demo: Page, theme: str) -> None:
    demo.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
    say(demo, REPLY)
    demo.locator("#chat-drawer button").first.click()
    found = []
    for panel in PANELS:
        open_panel(demo, panel)
        if panel == "Images":
            demo.locator("#im-drawer button").first.click()
            demo.locator("#im-width input, #im-width textarea").first.wait_for()
        if panel == "Speech":
            edit_a_recording(demo)
        for violation in Axe().run(demo).response["violations"]:
            if violation["impact"] in ("serious", "critical"):
                found += [(panel, violation["id"], node["target"], node["html"][:120]) for node in violation["nodes"]]
    assert found == []


def test_every_panel_is_reached_and_used_by_the_keyboard(demo: Page) -> None:
    seen = set()
    for _ in range(60):
        demo.keyboard.press("Tab")
        at = demo.evaluate(
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
    demo.locator("#tab-chat-button").focus()
    demo.keyboard.press("Alt+2")
    expect(demo.locator("#tr-text textarea")).to_be_visible()
    demo.keyboard.press("Control+k")
    expect(demo.locator("#ask textarea")).to_be_focused()


def test_every_field_and_button_has_a_name(demo: Page) -> None:
    for panel in PANELS:
        open_panel(demo, panel)
        nameless = demo.evaluate(
            """() => [...document.querySelectorAll("button, input, textarea, select, a[href]")]
                .filter((part) => part.getClientRects().length && part.type !== "file")
                .filter((part) => !(part.textContent.trim() || part.getAttribute("aria-label") || part.labels?.length))
                .map((part) => part.outerHTML.slice(0, 120))"""
        )
        assert nameless == [], panel


def test_a_growing_reply_is_not_read_out_with_each_token_but_once(demo: Page) -> None:
    say(demo, "Hello there")
    expect(demo.locator("#chat-history [role=log]")).to_have_attribute("aria-live", "polite")
    demo.wait_for_function(
        "[...document.querySelectorAll('#chat-live [aria-live]')].every((live) => live.ariaLive === 'off')"
    )


def test_nothing_moves_for_who_asked_for_stillness(demo: Page) -> None:
    demo.emulate_media(reduced_motion="reduce")
    moving = demo.evaluate(
        """() => [...document.querySelectorAll("*")].filter((part) => {
            const style = getComputedStyle(part);
            return style.animationName !== "none" || parseFloat(style.transitionDuration) > 0;
        }).length"""
    )
    assert moving == 0


def test_a_drawer_takes_the_focus_and_gives_it_back(demo: Page) -> None:
    demo.set_viewport_size({"width": 390, "height": 844})
    demo.locator("#open-side").click()
    expect(demo.locator("#new-chat")).to_be_focused()
    demo.locator("#close-drawer").click()
    expect(demo.locator("#open-side")).to_be_focused()
    expect(demo.locator("#close-drawer")).to_be_hidden()
    demo.locator("#chat-title .toggle-aside").click()
    expect(demo.locator("#chat-settings")).to_be_focused()
    expect(demo.locator("ul.options")).to_have_count(0)
    demo.keyboard.press("Escape")
    expect(demo.locator("#chat-settings")).to_be_hidden()


def test_fingers_find_every_button_of_a_phone(demo: Page) -> None:
    demo.set_viewport_size({"width": 390, "height": 844})
    for panel in PANELS:
        open_panel(demo, panel)
        small = demo.evaluate(
            """() => [...document.querySelectorAll("#main button, #main input:not([type=range], [type=radio])")]
                .filter((part) => part.getClientRects().length && !part.closest(".messages, .aside, .toast-wrap"))
                .map((part) => [part.outerHTML.slice(0, 90), part.closest(".wrap-inner, label") || part])
                .filter(([, part]) => part.getBoundingClientRect().height < 40)
                .map(([html]) => html)"""
        )
        assert small == [], panel


def test_the_sidebar_and_the_tabs_stay_while_a_long_panel_scrolls(demo: Page) -> None:
    demo.set_viewport_size({"width": 1440, "height": 320})
    open_panel(demo, "Models")
    demo.mouse.move(800, 200)
    demo.mouse.wheel(0, 2000)
    demo.wait_for_function("scrollY > 100")
    for part in ("#side", "#nav .tab-wrapper"):
        box = demo.locator(part).first.bounding_box()
        assert box is not None
        assert box["y"] == 0


def test_panels_share_their_edges(demo: Page) -> None:
    edges = {}
    for panel in PANELS:
        open_panel(demo, panel)
        box = demo.locator(f"#{panel.lower()} h1").bounding_box()
        assert box is not None
        edges[panel] = box["x"]
    assert len(set(edges.values())) == 1, edges


def test_the_open_panel_survives_a_reload_and_names_the_page(demo: Page) -> None:
    open_panel(demo, "Speech")
    expect(demo).to_have_title("Speech · Hearth")
    demo.reload()
    expect(demo.locator("#sp-text textarea")).to_be_visible()
    open_panel(demo, "Chat")
    expect(demo).to_have_title("Chat · Hearth")
    assert demo.url.endswith("/")


def test_the_fonts_of_the_look_are_the_ones_that_are_drawn(demo: Page) -> None:
    demo.wait_for_function("document.fonts.status === 'loaded'")
    loaded = demo.evaluate("[...document.fonts].filter((f) => f.status === 'loaded').map((f) => f.family)")
    assert {"Lora", "IBM Plex Sans"} <= {name.strip('"') for name in loaded}


def test_a_page_in_the_dark_never_flashes_light(demo: Page) -> None:
    demo.emulate_media(color_scheme="light")
    demo.locator('[data-theme-to="dark"]').click()
    # What the page has before Gradio's scripts run.
    demo.route("**/assets/*.js", lambda route: route.abort())
    demo.reload()
    assert demo.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(23, 20, 18)"
    demo.unroute("**/assets/*.js")
    demo.reload()
    demo.locator('[data-theme-to="system"]').click()
    expect(demo.locator("body")).not_to_have_class("dark")
    assert demo.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(250, 247, 242)"


def test_an_image_is_made_with_its_settings_never_opened_and_opened(demo: Page) -> None:
    open_panel(demo, "Images")
    demo.locator("#im-prompt textarea").fill("a small house")
    demo.locator("#im-go").click()
    expect(demo.locator("#im-gallery img")).to_have_count(1)
    demo.locator("#im-drawer button").first.click()
    demo.locator("#im-steps input, #im-steps textarea").first.fill("3")
    demo.locator("#im-go").click()
    expect(demo.locator("#im-gallery img")).to_have_count(2)


def test_nothing_the_page_asks_for_is_missing(demo: Page) -> None:
    missing: list[str] = []
    demo.on(
        "response", lambda answer: missing.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None
    )
    demo.reload()
    demo.locator("#ask textarea").wait_for()
    for panel in PANELS:
        open_panel(demo, panel)
    assert missing == []
