"""Files in a real browser: chosen, pasted, looked at, kept over a reload, sent, opened."""

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests import files

PASTE = """(text) => {
  const data = new DataTransfer();
  data.setData("text/plain", text);
  const box = document.querySelector("#ask textarea");
  box.focus();
  return box.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
}"""


def test_a_file_is_chosen_survives_a_reload_and_opens_from_its_message(page: Page, tmp_path: Path) -> None:
    path = tmp_path / "report.pdf"
    path.write_bytes(files.pdf(["The hearth was rebuilt in 1874 by Anna Nowak."]))
    page.locator("#composer input[type=file]").set_input_files(str(path))
    chip = page.locator("#chips .chip")
    expect(chip).to_contain_text("tokens")
    page.reload()
    expect(chip).to_contain_text("report.pdf")
    chip.locator("summary").click()
    expect(chip.locator("pre")).to_contain_text("1874")

    page.locator("#ask textarea").fill("When was it rebuilt?")
    page.locator("#ask textarea").press("Enter")
    link = page.locator("#chat-history .files a")
    expect(link).to_contain_text("report.pdf")
    expect(chip).to_have_count(0)
    expect(page.locator("#send")).to_be_visible()
    with page.context.expect_page() as opened:
        link.click()
    expect(opened.value.locator("pre")).to_contain_text("Anna Nowak")


def test_a_long_paste_becomes_a_file_and_a_short_one_stays_text(page: Page) -> None:
    # What the page keeps is told to it as it opens; a paste before that would be a race.
    expect(page.locator("#side")).to_contain_text(re.compile("Today|will be kept here"))
    assert page.evaluate(PASTE, "a short paste"), "the browser pastes it as ever"
    taken = not page.evaluate(PASTE, "A line of text.\n" * 20_000)

    assert taken
    expect(page.locator("#chips .chip")).to_contain_text("pasted-")
    expect(page.locator("#ask textarea")).to_have_value("")
    page.locator("#chips .chip button").click()
    expect(page.locator("#chips .chip")).to_have_count(0)
