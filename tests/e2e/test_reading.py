"""A long text is read along in a real browser, a transcript mended beside its waveform; both outlive a reload."""

from playwright.sync_api import Page, expect

STORY = "# Morning\n\nThe kettle sings. The fire is warm.\n\n# Evening\n\nNobody hurries home."
PATIENCE_MS = 120_000


def speech_part(page: Page, name: str) -> None:
    page.get_by_role("tab", name="Speech", exact=True).click()
    page.locator("#sp-part label", has_text=name).click()


def test_a_text_is_read_along_and_a_click_goes_to_its_sentence(page: Page) -> None:
    speech_part(page, "Long texts")
    page.locator("#re-text textarea").fill(STORY)
    page.locator("#re-go").click()
    sound = page.locator(".reading-sound")
    expect(sound).to_be_visible(timeout=PATIENCE_MS)

    page.reload()  # and Speech is open again
    page.locator("#sp-part").wait_for()
    speech_part(page, "Long texts")
    sentences = page.locator(".aloud .say")
    expect(sentences).to_have_text(
        ["Morning", "The kettle sings.", "The fire is warm.", "Evening", "Nobody hurries home."]
    )
    expect(page.locator(".reading-chapters button")).to_have_text(["Morning", "Evening"])
    sentences.nth(2).click()
    marked = page.locator(".aloud .say[aria-current]")
    expect(marked).to_have_text("The fire is warm.")
    expect(marked.locator(".word")).to_have_text(["The", "fire", "is", "warm."])
    sound.evaluate("sound => sound.pause()")

    sentences.nth(2).focus()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    expect(page.locator(".aloud .say[aria-current]")).to_have_text("Nobody hurries home.")
    sound.evaluate("sound => sound.pause()")
    expect(page.locator(".aloud a", has_text="ZIP")).to_be_visible()


def test_a_transcript_is_mended_merged_taken_back_and_kept(page: Page) -> None:
    page.get_by_role("tab", name="Speech", exact=True).click()
    page.locator("#sp-text textarea").fill("The train leaves at noon. It will rain in the evening.")
    page.locator("#sp-go").click()
    expect(page.locator("#sp-status a", has_text="WAV")).to_be_visible(timeout=PATIENCE_MS)
    page.locator("#sp-write-status [data-act=sample]").click()
    page.locator("#sp-transcript [data-act=edit-transcript]").click(timeout=PATIENCE_MS)

    rows = page.locator(".ts-segments > li")
    expect(rows.first).to_be_visible()
    rows.first.locator("[data-ts=change]").click()
    page.locator(".ts-said").fill("One half. The other half.")
    page.locator(".ts-said").evaluate("field => field.setSelectionRange(10, 10)")
    before = rows.count()
    page.locator("[data-ts=split]").click()
    expect(rows).to_have_count(before + 1)
    expect(rows.nth(0).locator(".ts-text")).to_have_text("One half.")
    rows.nth(0).locator("[data-ts=merge]").click()
    expect(rows).to_have_count(before)
    expect(rows.nth(0).locator(".ts-text")).to_have_text("One half. The other half.")
    page.locator(".ts-tools [data-ts=undo]").click()
    expect(rows).to_have_count(before + 1)

    page.reload()  # and Speech is open again
    page.locator("#sp-part").wait_for()
    speech_part(page, "Transcripts")
    expect(rows).to_have_count(before + 1)
    rows.nth(1).locator("[data-ts=play]").first.click()
    expect(page.locator(".ts-segments > li.now .ts-text")).to_have_text("The other half.")
    with page.expect_download() as saved:
        page.locator(".scripted a", has_text="TXT").click()
    assert saved.value.path().read_text().startswith("One half.\nThe other half.\n")
    page.locator(".ts-tools [data-ts=restore]").click()
    expect(rows).to_have_count(before)
    expect(rows.nth(0).locator(".ts-text")).not_to_have_text("One half.")
