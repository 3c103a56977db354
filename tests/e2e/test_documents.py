"""A collection in a real browser, with real embeddings and a real model: filled, asked, its citation opened."""

from pathlib import Path

from playwright.sync_api import Page, expect

from tests import files


def test_a_polish_file_is_asked_in_english_and_its_passage_opens_marked(page: Page, tmp_path: Path) -> None:
    path = tmp_path / "dom.pdf"
    path.write_bytes(
        files.pdf(["Kominek przebudowano w 1874 roku.\nZrobiła to Anna Nowak.", "Komin ma dziewięć metrów."])
    )
    page.locator("#chat-documents button").first.click()
    page.locator("#doc-name").locator("input, textarea").fill("House")
    page.locator("#doc-make").click()
    expect(page.locator("#doc-files")).to_contain_text("No file yet")
    page.locator("#chat-documents input[type=file]").set_input_files(str(path))
    expect(page.locator("#doc-files li")).to_contain_text("2 passages", timeout=90_000)

    page.locator("#ask textarea").fill("When was the fireplace rebuilt?")
    page.locator("#ask textarea").press("Enter")
    sources = page.locator("#chat-history .sources")
    expect(sources).to_contain_text("2 sources", timeout=90_000)
    sources.locator("summary").click()
    with page.context.expect_page() as opened:
        sources.locator("a", has_text="page 1").click()
    expect(opened.value.locator("mark")).to_contain_text("Kominek przebudowano w 1874 roku.")
