"""Chips of the composer: what is chosen, what it weighs, what is refused; and what stands below a sent message."""

import os
from pathlib import Path

import gradio as gr
import pytest

from studio import Document, Source, Studio
from tests import files
from tests.ui.conftest import Asked, everything, shown, text_of
from tests.ui.test_temporary import written
from ui.attachments import shown_files
from ui.chat import ChatPanel
from ui.citations import linked, listed
from ui.follow import Turns
from ui.held import Temporary
from ui.sidebar import Sidebar
from ui.words import Words

NEW = {"id": "", "revision": 0}


@pytest.fixture
def panel(echo: Studio) -> ChatPanel:
    """The Chat panel, laid out."""
    made = ChatPanel(echo, Turns(), Sidebar(echo))
    with gr.Blocks():
        made.sidebar.build()
        made.build()
    return made


def upload(folder: Path, name: str, content: bytes) -> str:
    path = folder / name
    path.write_bytes(content)
    return str(path)


async def take(panel: ChatPanel, request: gr.Request, *paths: str, chosen: object = ()) -> dict[object, object]:
    given = {panel.attachments.button: list(paths), panel.attachments.chosen: chosen, panel.place: NEW}
    return dict(shown(await everything(panel.attachments.take(given, request))))


async def test_a_chosen_file_becomes_a_chip_with_its_figures_and_what_is_sent(
    panel: ChatPanel, ask: Asked, tmp_path: Path
) -> None:
    path = upload(tmp_path, "notes.txt", b"oak & <birch>")
    updates = await take(panel, ask(), path)
    chips = str(updates[panel.attachments.chips])

    assert len(updates[panel.attachments.chosen]) == 1
    for part in ("notes.txt", "Text", "1 kB", "3 tokens", "oak &amp; &lt;birch&gt;", 'aria-label="Remove notes.txt"'):
        assert part in chips
    assert os.listdir(tmp_path) == ["data"], "the upload is not kept twice"


async def test_chosen_files_survive_a_reload_and_a_strangers_are_left_out(
    panel: ChatPanel, ask: Asked, tmp_path: Path
) -> None:
    chosen = (await take(panel, ask(), upload(tmp_path, "a.txt", b"oak")))[panel.attachments.chosen]
    given = {panel.attachments.chosen: chosen, panel.place: NEW}
    mine = shown(await everything(panel.attachments.weigh(given, ask("other page"))))
    theirs = shown(await everything(panel.attachments.weigh(given, ask(owner="stranger"))))

    assert "a.txt" in str(mine[panel.attachments.chips])
    assert theirs[panel.attachments.chosen] == [] and "a.txt" not in str(theirs[panel.attachments.chips])


async def test_a_removed_chip_is_gone_for_good(panel: ChatPanel, ask: Asked, echo: Studio, tmp_path: Path) -> None:
    chosen = (await take(panel, ask(), upload(tmp_path, "a.txt", b"oak")))[panel.attachments.chosen]
    event = gr.EventData(None, {"act": "remove", "id": chosen[0]})
    given = {panel.attachments.chosen: chosen, panel.place: NEW}
    updates = shown(await everything(panel.attachments.act(given, ask(), event)))

    assert updates[panel.attachments.chosen] == [] and updates[panel.attachments.chips] == ""
    assert echo.documents.some(chosen, "local") == []


async def test_a_file_that_comes_while_another_is_read_or_the_page_is_still_told_of_none_stays(
    panel: ChatPanel, ask: Asked, tmp_path: Path
) -> None:
    attachments, nothing = panel.attachments, {panel.attachments.chosen: [], panel.place: NEW}
    first = attachments.take({**nothing, attachments.button: [upload(tmp_path, "a.txt", b"oak")]}, ask())
    page = await anext(first)
    assert "Reading a.txt" in str(page[attachments.chips])
    page |= await take(panel, ask(), upload(tmp_path, "b.txt", b"ash"), chosen=[])
    page |= shown(await everything(first))
    assert len(page[attachments.chosen]) == 2 and "Reading" not in str(page[attachments.chips])
    assert all(name in str(page[attachments.chips]) for name in ("a.txt", "b.txt"))

    page |= shown(await everything(attachments.weigh(nothing, ask())))
    assert len(page[attachments.chosen]) == 2, "what the page said as it opened is old by now"


async def test_a_removed_chip_does_not_come_back_when_the_files_have_been_weighed(
    panel: ChatPanel, ask: Asked, tmp_path: Path
) -> None:
    page = await take(panel, ask(), upload(tmp_path, "a.txt", b"oak"))
    given = {panel.attachments.chosen: page[panel.attachments.chosen], panel.place: NEW}
    weighing = panel.attachments.weigh(given, ask())
    assert "a.txt" in str((await anext(weighing))[panel.attachments.chips])
    event = gr.EventData(None, {"act": "remove", "id": page[panel.attachments.chosen][0]})
    page |= shown(await everything(panel.attachments.act(given, ask(), event)))
    page |= shown(await everything(weighing))

    assert page[panel.attachments.chosen] == [] and page[panel.attachments.chips] == ""


async def test_a_file_that_comes_while_a_message_is_sent_waits_for_the_next_one(
    panel: ChatPanel, ask: Asked, tmp_path: Path
) -> None:
    page = await take(panel, ask(), upload(tmp_path, "a.txt", b"oak"))
    sent = {panel.ask: "What burns?", panel.place: NEW, panel.attachments.chosen: page[panel.attachments.chosen]}
    page |= await take(panel, ask(), upload(tmp_path, "b.txt", b"ash"), chosen=page[panel.attachments.chosen])
    page |= shown(await everything(panel.send(sent, ask())))

    chips = str(page[panel.attachments.chips])
    assert "b.txt" in chips and "a.txt" not in chips and "a.txt" in str(page[panel.facts])


async def test_ten_files_go_along_however_they_come(panel: ChatPanel, ask: Asked, tmp_path: Path) -> None:
    names = [f"{number}.txt" for number in range(6)]
    paths = [upload(tmp_path, name, name.encode()) for name in names]
    given = {panel.attachments.button: paths, panel.attachments.chosen: [], panel.place: NEW}
    first = panel.attachments.take(given, ask())
    await anext(first)
    more = [upload(tmp_path, f"more-{name}", b"more " + name.encode()) for name in names]
    page = await take(panel, ask(), *more, chosen=[])
    page |= shown(await everything(first))

    assert len(page[panel.attachments.chosen]) == 10
    assert str(page[panel.attachments.chips]).count("notice") >= 2, "each that was left out is told"
    assert os.listdir(tmp_path) == ["data"]


async def test_one_bad_file_is_told_and_the_others_are_taken(panel: ChatPanel, ask: Asked, tmp_path: Path) -> None:
    updates = await take(
        panel,
        ask(),
        upload(tmp_path, "locked.pdf", files.pdf(["x"], password="a")),
        upload(tmp_path, "good.txt", b"oak"),
    )
    chips = str(updates[panel.attachments.chips])

    assert "locked.pdf is locked with a password" in chips and "good.txt" in chips
    assert len(updates[panel.attachments.chosen]) == 1


async def test_what_will_be_cut_is_told_with_the_numbers(panel: ChatPanel, ask: Asked, tmp_path: Path) -> None:
    updates = await take(panel, ask(language="pl"), upload(tmp_path, "long.txt", b"word " * 20_000))
    chips = str(updates[panel.attachments.chips]).replace("\u202f", " ")

    assert "20 000" in chips and "8 192" in chips and "long.txt 3" in chips and "obcinane" in chips


async def test_a_picture_that_the_model_cannot_see_is_told_and_not_sent(
    panel: ChatPanel, ask: Asked, tmp_path: Path
) -> None:
    taken = await take(panel, ask(), upload(tmp_path, "cat.png", files.png()))
    given = {panel.ask: "What is it?", panel.place: NEW, panel.attachments.chosen: taken[panel.attachments.chosen]}
    updates = shown(await everything(panel.send(given, ask())))

    assert "can&#x27;t see pictures" in str(taken[panel.attachments.chips])
    assert "cat.png" in str(updates[panel.status])
    assert updates[panel.ask] == "What is it?" and panel.attachments.chosen not in updates


async def test_a_sent_file_stands_below_its_message_and_leaves_the_composer(
    panel: ChatPanel, ask: Asked, tmp_path: Path
) -> None:
    taken = await take(panel, ask(), upload(tmp_path, "notes.txt", b"oak"))
    given = {panel.ask: "What burns?", panel.place: NEW, panel.attachments.chosen: taken[panel.attachments.chosen]}
    updates = shown(await everything(panel.send(given, ask())))

    assert updates[panel.attachments.chosen] == [] and updates[panel.attachments.chips] == ""
    assert "notes.txt" in str(updates[panel.facts]) and "/documents/" in str(updates[panel.facts])
    assert text_of(updates[panel.history])[0] == "What burns?"


async def test_an_edited_message_brings_its_files_back_into_the_composer(
    panel: ChatPanel, ask: Asked, tmp_path: Path
) -> None:
    taken = await take(panel, ask(), upload(tmp_path, "notes.txt", b"oak"))
    given = {panel.ask: "What burns?", panel.place: NEW, panel.attachments.chosen: taken[panel.attachments.chosen]}
    updates = shown(await everything(panel.send(given, ask())))
    place = updates[panel.place]
    message = panel.studio.conversations.messages(place["id"], "local")[0]  # type: ignore[index]
    event = gr.EventData(None, {"act": "edit", "id": message.id})
    edited = shown(await everything(panel.act_on_message({panel.place: place}, ask(), event)))

    assert edited[panel.attachments.chosen] == taken[panel.attachments.chosen]


@pytest.mark.parametrize("end", ["cancel", "send"])
async def test_what_an_edited_message_took_the_place_of_comes_back_with_its_files(
    panel: ChatPanel, ask: Asked, tmp_path: Path, end: str
) -> None:
    page = await take(panel, ask(), upload(tmp_path, "notes.txt", b"oak"))
    page |= shown(await everything(panel.send({**page, panel.ask: "What burns?", panel.place: NEW}, ask())))
    page |= await take(panel, ask(), upload(tmp_path, "half.txt", b"ash"), chosen=[])
    page[panel.ask] = "half a thought"
    message = panel.studio.conversations.messages(page[panel.place]["id"], "local")[0]
    edit = gr.EventData(None, {"act": "edit", "id": message.id})
    for _ in range(2):  # the button can be pressed again
        page |= shown(await everything(panel.act_on_message(page, ask(), edit)))
        assert page[panel.ask] == "What burns?" and "half.txt" not in str(page[panel.attachments.chips])

    if end == "cancel":
        page |= shown(await everything(panel.act_on_message(page, ask(), gr.EventData(None, {"act": "edit_end"}))))
    else:
        page |= shown(await everything(panel.send({**page, panel.ask: "What is burnt?"}, ask())))
        assert "notes.txt" in str(page[panel.facts]) and "2/2" in str(page[panel.facts])
    chips = str(page[panel.attachments.chips])
    assert page[panel.ask] == "half a thought" and "half.txt" in chips and "notes.txt" not in chips
    assert page[panel.editing] == "" and len(page[panel.attachments.chosen]) == 1


async def test_a_file_of_a_temporary_chat_is_read_into_memory_asked_about_and_written_nowhere(
    panel: ChatPanel, ask: Asked, echo: Studio, tmp_path: Path
) -> None:
    page = {panel.temporary: Temporary(), panel.place: NEW, panel.attachments.chosen: []}
    page[panel.attachments.button] = [
        upload(tmp_path, "plan.txt", b"a hidden oak"),
        upload(tmp_path, "shut.pdf", files.pdf(["x"], password="a")),
    ]
    page |= shown(await everything(panel.attachments.take(page, ask())))
    chips = str(page[panel.attachments.chips])
    assert "plan.txt" in chips and "3 tokens" in chips and "a hidden oak" in chips and "shut.pdf is locked" in chips
    assert page[panel.attachments.chosen] == []

    page |= shown(await everything(panel.send({**page, panel.ask: "What is hidden?"}, ask())))
    assert "plan.txt" in str(page[panel.facts]) and page[panel.attachments.held] == ()
    assert text_of(page[panel.history])[0] == "What is hidden?"
    assert "a hidden oak" in text_of(page[panel.history])[1], "echo says what it was sent"
    assert not any(word in written(echo) for word in ("hidden", "oak", "plan.txt", "shut.pdf"))
    assert os.listdir(tmp_path) == ["data"]

    event = gr.EventData(None, {"act": "edit", "id": "0"})
    page |= shown(await everything(panel.act_on_message(page, ask(), event)))
    assert [file.name for file in page[panel.attachments.held]] == ["plan.txt"]
    event = gr.EventData(None, {"act": "remove", "id": "held-0"})
    page |= shown(await everything(panel.attachments.act(page, ask(), event)))
    assert page[panel.attachments.held] == () and page[panel.attachments.chips] == ""


async def test_a_file_that_was_chosen_before_a_temporary_chat_leaves_the_disk(
    panel: ChatPanel, ask: Asked, echo: Studio, tmp_path: Path
) -> None:
    page = await take(panel, ask(), upload(tmp_path, "notes.txt", b"oak"))
    ids = page[panel.attachments.chosen]
    assert echo.documents.some(ids, "local")
    page |= {panel.temporary: Temporary(), panel.place: NEW}
    page |= shown(await everything(panel.attachments.weigh(page, ask())))

    assert page[panel.attachments.chosen] == [] and "notes.txt" in str(page[panel.attachments.chips])
    assert echo.documents.some(ids, "local") == [] and not [*echo.documents.folder.glob("*/*")]


async def test_a_message_longer_than_the_context_is_told_with_the_numbers_and_made_a_file_of(
    panel: ChatPanel, ask: Asked, echo: Studio
) -> None:
    long = "word " * 9_000
    page = shown(await everything(panel.send({panel.ask: long, panel.place: NEW}, ask())))
    assert "9,000 tokens" in str(page[panel.status]) and "takes 8,192" in str(page[panel.status])
    assert 'data-act="as_file"' in str(page[panel.status])

    [_, failed] = echo.conversations.messages(page[panel.place]["id"], "local")
    event = gr.EventData(None, {"act": "as_file", "id": failed.id})
    page |= shown(await everything(panel.act_on_message(page, ask(), event)))
    assert page[panel.ask] == "" and "message.txt" in str(page[panel.attachments.chips])
    assert "is a file now" in str(page[panel.note])

    page |= shown(await everything(panel.send({**page, panel.ask: "What is it about?"}, ask())))
    asked, reply = echo.conversations.messages(page[panel.place]["id"], "local")
    assert asked.content == "What is it about?" and reply.state == "done" and "message.txt" in reply.figures["cut"]
    assert "1/2" not in str(page[panel.facts]) and "2/2" in str(page[panel.facts])

    stranger = shown(await everything(panel.act_on_message(page, ask(owner="stranger"), event)))
    assert "no such message" in str(stranger[panel.status]) and panel.attachments.chips not in stranger


async def test_a_long_message_of_a_temporary_chat_goes_back_into_its_box_and_can_be_made_a_file_of(
    panel: ChatPanel, ask: Asked, echo: Studio
) -> None:
    long = "word " * 9_000
    page = {panel.ask: long, panel.temporary: Temporary(), panel.place: NEW}
    page |= shown(await everything(panel.send(page, ask())))
    assert 'data-act="as_file"' in str(page[panel.status]) and page[panel.ask] == long

    event = gr.EventData(None, {"act": "as_file", "id": ""})
    page |= shown(await everything(panel.act_on_message(page, ask(), event)))
    assert page[panel.ask] == "" and [file.name for file in page[panel.attachments.held]] == ["message.txt"]
    assert "message.txt" not in written(echo)


def source(number: int, document: str | None = "d1") -> Source:
    return Source(
        number=number,
        document_id=document,
        name="<b>.pdf",
        page=2,
        label="page 3",
        start=5,
        end=9,
        text="It <i>is</i>.",
    )  # fmt: skip


def test_a_citation_leads_to_its_passage_and_an_invented_one_to_nothing() -> None:
    text = linked("So it is [1], and [7]. `a[1]`\n```\nb[1]\n```\n[1](http://x)", [source(1)], "/documents")

    assert text.startswith(r"So it is [\[1\]](/documents/d1/view?page=2&start=5&end=9#passage), and [7].")
    assert "`a[1]`" in text and "b[1]\n" in text and text.endswith("[1](http://x)")


def test_a_citation_of_a_deleted_file_is_no_link_but_its_text_is_kept() -> None:
    drawn = listed("See [1].", [source(1, None)], Words("pl"), "/documents")

    assert linked("See [1].", [source(1, None)], "/documents") == "See [1]."
    assert "plik został usunięty" in drawn and "It &lt;i&gt;is&lt;/i&gt;." in drawn and "href" not in drawn
    assert "strona 3" in drawn and "&lt;b&gt;.pdf" in drawn


def test_a_hostile_name_is_text_in_every_place(tmp_path: Path) -> None:
    file = Document(
        id="d", owner="local", name='"><img src=x onerror=alert(1)>.txt', form="text", mime="text/plain", sha256="",
        size_bytes=1, path=tmp_path, characters=1, pages=1, created_at="",
    )  # fmt: skip

    assert "<img" not in shown_files([file], Words("en"), "/documents")
