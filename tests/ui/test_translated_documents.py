"""Documents, glossary and memory in the Translate panel: handed in, followed, mended; terms and files by pair."""

import asyncio
from pathlib import Path

import gradio as gr

from studio import Caller, Studio
from tests.studio.translating.papers import PAPERS
from tests.ui.conftest import Asked, everything, shown
from tests.ui.test_panels import click, laid_out
from ui.glossary import GlossaryPart, MemoryPart
from ui.translate_documents import DETECT, DocumentsPart

LOCAL = Caller(via="ui")


def dropped(folder: Path, name: str, data: bytes) -> str:
    path = folder / name
    path.write_bytes(data)
    return str(path)


async def test_a_dropped_document_is_translated_and_can_be_downloaded(echo: Studio, ask: Asked, tmp_path: Path) -> None:
    part = laid_out(DocumentsPart, echo)
    path = dropped(tmp_path, "paper.docx", PAPERS[".docx"])
    page = shown(await everything(part.translate(path, DETECT, "pt", ask())))
    listed = str(page[part.list])
    document = echo.translated_documents(LOCAL)[0]
    assert f"/files/{document.result_id}?download=1" in listed
    assert "English → Portuguese · translated · 12 sentences" in listed
    assert page[part.told] == ""
    assert page[part.file] is None


async def test_without_a_document_or_with_a_bad_one_the_panel_says_what_to_do(
    echo: Studio, ask: Asked, tmp_path: Path
) -> None:
    part = laid_out(DocumentsPart, echo)
    assert "Choose a document" in str(shown(await everything(part.translate(None, "en", "pt", ask())))[part.told])
    for name, data in (("a.exe", b"x"), ("a.docx", b"no zip"), ("a.txt", b"")):
        page = shown(await everything(part.translate(dropped(tmp_path, name, data), "en", "pt", ask())))
        assert 'role="alert"' in str(page[part.told])
    polish = shown(await everything(part.translate(None, "en", "pt", ask(language="pl"))))
    assert "Najpierw wybierz dokument" in str(polish[part.told])


async def test_progress_is_shown_and_the_document_can_be_stopped_and_gone_on_with(
    slow_echo: Studio, ask: Asked, tmp_path: Path
) -> None:
    part = laid_out(DocumentsPart, slow_echo)
    text = "\n".join(f"Line number {number} is here." for number in range(150)).encode()
    path = dropped(tmp_path, "long.txt", text)
    bars = 0
    async for page in part.translate(path, "en", "pt", ask()):
        told = str(page.get(part.told, ""))
        if "of 150 sentences" in told and not bars:
            bars += 1
            job = slow_echo.jobs(LOCAL, "translation")[0]
            assert job.id in told
            await everything(part.act(ask("other tab"), click(act="stop", id=job.id)))
    assert bars
    document = slow_echo.translated_documents(LOCAL)[0]
    assert document.state == "cancelled"
    listed = str(shown(await everything(part.load(ask())))[part.list])
    assert "Go on" in listed
    page = shown(await everything(part.act(ask(), click(act="go", id=document.id))))
    assert slow_echo.translated_document(document.id, LOCAL).state == "done"
    assert "150 sentences" in str(page[part.list])


async def test_flagged_sentences_are_listed_and_mended(echo: Studio, ask: Asked, tmp_path: Path) -> None:
    part = laid_out(DocumentsPart, echo)
    # The echo engine gives every sentence back, which is what the check looks for.
    text = b"These words come back as they are <script>alert(1)</script>."
    await everything(part.translate(dropped(tmp_path, "flags.txt", text), "en", "pt", ask()))
    document = echo.translated_documents(LOCAL)[0]
    report = str(shown(await everything(part.act(ask(), click(act="report", id=document.id))))[part.report])
    assert "not translated" in report
    assert "<script>" not in report
    opened = shown(await everything(part.act(ask(), click(act="mend", id=f"{document.id}:0"))))
    box = opened[part.better]
    assert isinstance(box, gr.Textbox) and str(box.value).startswith("[pt] These words")
    page = await part.mend("Estas palavras <script>alert(1)</script>.", ask())
    assert "No sentence needs a look" in str(page[part.report])
    assert echo.memories("en", "pt", LOCAL)[0].target.startswith("Estas palavras")


async def test_a_translation_is_read_aloud_and_heard_on_the_page(echo: Studio, ask: Asked, tmp_path: Path) -> None:
    part = laid_out(DocumentsPart, echo)
    path = dropped(tmp_path, "aloud.md", b"# O fogo\n\nO fogo esta quente.\n")
    listed = str(shown(await everything(part.translate(path, "pt", "en", ask())))[part.list])
    document = echo.translated_documents(LOCAL)[0]
    assert f'data-act="speak" data-id="{document.id}:ogg"' in listed and "<audio" not in listed
    pages = await everything(part.act(ask(), click(act="speak", id=f"{document.id}:ogg")))
    listed = str(shown(pages)[part.list])
    audio_id = echo.translated_document(document.id, LOCAL).audio_id
    assert f"/files/{audio_id}" in listed and "OGG" in listed and "1 chapter" in listed
    assert shown(pages)[part.heard] == ""
    silent = echo.hand_in(b"The fire is warm.", "silent.txt", "pt", LOCAL, "en")
    await asyncio.to_thread(echo.translate_document(silent.id, LOCAL).wait)
    told = shown(await everything(part.act(ask(language="pl"), click(act="speak", id=f"{silent.id}:mp3"))))
    assert "portugalski" in str(told[part.heard]).lower()


async def test_a_document_is_deleted_once_it_was_confirmed(echo: Studio, ask: Asked, tmp_path: Path) -> None:
    part = laid_out(DocumentsPart, echo)
    await everything(part.translate(dropped(tmp_path, "gone.txt", b"Some words here."), "en", "pt", ask()))
    document = echo.translated_documents(LOCAL)[0]
    page = shown(await everything(part.act(ask(), click(act="delete", id=document.id))))
    assert (
        "Delete gone.txt with its translation" in str(page[part.told]) and 'data-act="delete-none"' in page[part.told]
    )
    assert echo.translated_documents(LOCAL) == [document]
    page = shown(await everything(part.act(ask(), click(act="delete-sure", id=document.id))))
    assert page[part.told] == "" and "gone.txt" not in str(page[part.list])
    assert echo.translated_documents(LOCAL) == []


async def test_another_owners_document_can_not_be_touched(echo: Studio, ask: Asked, tmp_path: Path) -> None:
    part = laid_out(DocumentsPart, echo)
    await everything(part.translate(dropped(tmp_path, "hers.txt", b"Her own words."), "en", "pt", ask(owner="anna")))
    document = echo.translated_documents(Caller(owner="anna", via="ui"))[0]
    assert "hers.txt" not in str(shown(await everything(part.load(ask(owner="boris"))))[part.list])
    for act in ("go", "delete", "delete-sure", "report", "mend", "speak"):
        told = f"{document.id}:0" if act == "mend" else document.id
        page = shown(await everything(part.act(ask(owner="boris"), click(act=act, id=told))))
        assert 'role="alert"' in str(page[part.told])
    assert echo.translated_document(document.id, Caller(owner="anna", via="ui")).state == "done"


async def test_terms_are_added_shown_and_removed_for_the_chosen_pair(echo: Studio, ask: Asked, tmp_path: Path) -> None:
    part = laid_out(GlossaryPart, echo)
    page = await part.put("en", "pt", "fire", "lume", False, ask())
    assert "lume" in str(page[part.list]) and page[part.term] == ""
    page = await part.put("en", "pt", "Hearth", "", True, ask())
    assert "not translated" in str(page[part.list])
    assert "lume" not in str((await part.show("en", "pl", ask()))[part.list])
    assert "Choose both languages" in str((await part.put(DETECT, "pt", "a", "b", False, ask()))[part.told])
    page = await part.take_file("en", "pt", dropped(tmp_path, "terms.csv", b"bus,autocarro\n"), ask())
    assert "1 term added" in str(page[part.told]) and "autocarro" in str(page[part.list])
    page = await part.act("en", "pt", ask(), click(act="remove", id="fire"))
    assert "lume" not in str(page[part.list])


async def test_the_memory_is_shown_imported_and_forgotten(echo: Studio, ask: Asked, tmp_path: Path) -> None:
    part = laid_out(MemoryPart, echo)
    echo.remember([("Good day.", "Bom dia.")], "en", "pt", LOCAL)
    exported = await asyncio.to_thread(echo.export_memory, "en", "pt", LOCAL)
    page = await part.show("en", "pt", ask())
    assert "Bom dia." in str(page[part.list])
    page = await part.act("en", "pt", ask(), click(act="forget", id=echo.memories("en", "pt", LOCAL)[0].id))
    assert "Bom dia." not in str(page[part.list])
    page = await part.take_file("en", "pt", dropped(tmp_path, "memory.tmx", exported), ask())
    assert "1 translation remembered" in str(page[part.told]) and "Bom dia." in str(page[part.list])
