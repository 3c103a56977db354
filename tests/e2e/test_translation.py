"""Translation in a real browser with real models: a document and its report, a sentence edited in its place."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

pytestmark = pytest.mark.e2e
LINES = 400
# Every text that a place on the page shows, for what is gone before one looks.
WATCH = """([place, name]) => {
  const told = (window[name] = []);
  const element = document.querySelector(place);
  const watch = new MutationObserver(() => told.push(element.textContent));
  watch.observe(element, { childList: true, subtree: true, characterData: true });
}"""


def open_translate(page: Page) -> None:
    page.get_by_role("tab", name="Translate", exact=True).click()
    page.locator("#tr-text textarea").wait_for()
    expect(page.locator("#tr-target input")).to_have_value("Portuguese")


def saved(page: Page, link: str) -> bytes:
    with page.expect_download() as download:
        page.locator(link).click()
    return Path(download.value.path()).read_bytes()


def test_a_document_is_translated_reported_mended_and_downloaded(page: Page, tmp_path: Path) -> None:
    path = tmp_path / "story.txt"
    story = [f"The old house number {number} is very beautiful." for number in range(1, LINES)]
    path.write_text("\n\n".join([*story, "Das ist ein Haus und es ist sehr alt."]), encoding="utf-8")
    open_translate(page)
    page.locator("#tr-documents > button").click()
    page.locator("#tr-document input[type=file]").set_input_files(str(path))
    expect(page.locator("#tr-document")).to_contain_text("story")
    page.evaluate(WATCH, ["#tr-document-told", "told"])
    page.locator("#tr-document-start").click()
    row = page.locator("#tr-document-list li", has_text="story.txt")
    expect(row).to_contain_text("English → Portuguese · translated", timeout=120_000)
    assert any(f"of {LINES} sentences" in text for text in page.evaluate("window.told"))

    row.locator("[data-act=report]").click()
    flagged = page.locator("#tr-document-report li")
    expect(flagged).to_have_count(1)
    expect(flagged).to_contain_text("not translated")
    flagged.locator("[data-act=mend]").click()
    page.locator("#tr-better textarea").fill("Esta casa é muito antiga.")
    page.locator("#tr-better-save").click()
    expect(page.locator("#tr-document-report")).to_contain_text("No sentence needs a look")
    file = row.locator("a.second")
    before = str(file.get_attribute("href"))
    row.locator("[data-act=go]").click()
    expect(file).not_to_have_attribute("href", before)

    list_ = "#tr-document-list li"
    text = saved(page, f"{list_} a.second").decode()
    assert text.endswith("Esta casa é muito antiga.") and text.lower().count("casa") == LINES
    row.locator("summary", has_text="Both languages").click()
    memory = saved(page, f"{list_} a[href$='format=tmx']").decode()
    assert memory.startswith("<?xml") and memory.count("<tu ") + memory.count("<tu>") == LINES


def test_what_is_typed_before_the_languages_have_come_is_translated_once_they_have(page: Page) -> None:
    held: list[Route] = []
    go_on: list[bool] = []
    page.route("**/queue/join*", lambda route: route.continue_() if go_on else held.append(route))
    page.reload()
    page.get_by_role("tab", name="Translate", exact=True).click()
    page.locator("#tr-text textarea").fill("The garden is big.")
    while not any('"The garden is big."' in (route.request.post_data or "") for route in held):
        page.wait_for_timeout(50)  # lets the page's own clock go on
    go_on.append(True)
    for route in held:
        route.continue_()
    expect(page.locator("#tr-out .seg")).to_contain_text(re.compile("jardim", re.IGNORECASE))


def test_a_sentence_is_edited_in_its_place_kept_and_used_again(page: Page) -> None:
    open_translate(page)
    text = page.locator("#tr-text textarea")
    text.fill("The garden is big. The dog is small.")
    second = page.locator("#tr-out .seg").nth(1)
    expect(second).to_contain_text(re.compile("pequeno", re.IGNORECASE))
    first = page.locator("#tr-out .seg").first.text_content() or ""
    second.click()
    expect(page.locator("#tr-others")).to_contain_text("Keep this wording")
    expect(second).to_be_focused()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.insert_text("O cachorro é pequenino.")
    expect(page.locator("#tr-out")).to_have_text(f"{first} O cachorro é pequenino.")
    page.keyboard.press("Enter")
    expect(page.locator("#tr-others")).to_contain_text("Kept")
    expect(page.locator("#tr-out .seg.remembered")).to_have_text("O cachorro é pequenino.")

    text.fill("The dog is small. The cat sleeps.")
    remembered = page.locator("#tr-out .seg.remembered")
    expect(remembered).to_have_text("O cachorro é pequenino.")
    expect(page.locator("#tr-status")).to_contain_text("1 sentence from your memory")
    remembered.click()
    expect(page.locator("#tr-others")).to_contain_text("your edit")
