"""A recording in a real browser: added, a part cut by hand, the rest edited by an instruction that is confirmed."""

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.studio.sound.sounds import tone, write_wav


def test_a_recording_is_cut_by_hand_and_edited_by_an_instruction(page: Page, tmp_path: Path) -> None:
    page.get_by_role("tab", name="Speech", exact=True).click()
    page.locator("#sp-part label", has_text="Edit recordings").click()
    page.locator("#ed-file input[type=file]").set_input_files(str(write_wav(tmp_path / "tone.wav", tone(4))))
    editor = page.locator(".editor")
    expect(editor).to_contain_text("4.00 s · WAV", timeout=90_000)

    wave = page.locator(".ed-wave")
    box = wave.bounding_box()
    assert box is not None
    wave.hover(position={"x": box["width"] / 4, "y": 40})
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 40, steps=4)
    page.mouse.up()
    expect(page.locator(".ed-from")).to_have_value("1.00")
    expect(page.locator(".ed-to")).to_have_value("2.00")
    page.locator("[data-over=cut]").click()
    expect(editor).to_contain_text("3.00 s · WAV", timeout=90_000)
    expect(page.locator("[data-version=edited]")).to_have_attribute("aria-pressed", "true")

    page.locator("#ed-say textarea, #ed-say input").first.fill("keep the first second and fade out over 0.5 s")
    page.locator("#ed-plan").click()
    expect(page.locator("#ed-planned")).to_contain_text("Keep from the beginning to 1 s")
    expect(page.locator(".ed-steps li")).to_have_count(1)
    page.locator("#ed-planned [data-act=confirm]").click()
    expect(page.locator(".ed-steps li")).to_have_count(3)
    expect(editor).to_contain_text("1.00 s · WAV", timeout=90_000)
    page.locator(".editor [data-act=undo]").click()
    expect(editor).to_contain_text("3.00 s · WAV", timeout=90_000)
