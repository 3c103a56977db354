"""Files in a real browser: chosen, pasted, looked at, kept over a reload, sent, opened."""

import re
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, expect

from tests import files

PASTE = """(text) => {
  const data = new DataTransfer();
  data.setData("text/plain", text);
  const box = document.querySelector("#ask textarea");
  box.focus();
  return box.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
}"""

# Returns whether the page takes the drop, rather than leaving it to the browser.
DROP = """([place, name]) => {
  const data = new DataTransfer();
  data.items.add(new File([`The ${name} burns well.`], name, { type: "text/plain" }));
  const drag = (kind) => new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true });
  const target = document.querySelector(place);
  return !target.dispatchEvent(drag("dragover")) && !target.dispatchEvent(drag("drop"));
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


def test_a_long_paste_becomes_a_file_as_soon_as_there_is_a_box_and_a_short_one_stays_text(
    context: BrowserContext,
) -> None:
    page = context.new_page()
    page.goto("/")
    page.locator("#ask textarea").wait_for()
    taken = not page.evaluate(PASTE, "A line of text.\n" * 20_000)
    assert taken
    assert page.evaluate(PASTE, "a short paste"), "the browser pastes it as ever"
    chips = page.locator("#chips .chip")
    expect(chips).to_contain_text("pasted-")
    # What the page keeps has been told to it now, and the file that came before is still there.
    expect(page.locator("#side")).to_contain_text(re.compile("Today|will be kept here"))
    expect(chips).to_contain_text("tokens")
    expect(page.locator("#ask textarea")).to_have_value("")
    chips.locator("button").click()
    expect(chips).to_have_count(0)


def test_files_dropped_one_after_the_other_are_all_taken_and_none_takes_the_pages_place(page: Page) -> None:
    chips = page.locator("#chips .chip")
    assert page.evaluate(DROP, ["#chat-scroll", "oak.txt"]) and page.evaluate(DROP, ["#side", "ash.txt"])
    expect(chips).to_have_count(2)
    expect(chips.filter(has_text="oak.txt")).to_contain_text("tokens")
    page.get_by_role("tab", name="Usage", exact=True).click()
    assert page.evaluate(DROP, ["#tab-usage", "elm.txt"]), "the browser would show it in the page's place"
    page.get_by_role("tab", name="Chat", exact=True).click()
    expect(chips).to_have_count(2)
    for left in (1, 0):
        chips.locator("button").first.click()
        expect(chips).to_have_count(left)
