"""The drawer of collections: made, filled, chosen for a conversation, deleted after asking; each owner's own."""

from pathlib import Path

import gradio as gr
import pytest

from studio import Studio
from tests import files
from tests.ui.conftest import Asked, everything, shown
from ui.chat import ChatPanel
from ui.documents import DocumentsDrawer
from ui.follow import Turns
from ui.sidebar import Sidebar


@pytest.fixture
def drawer(echo: Studio) -> DocumentsDrawer:
    """The drawer, laid out."""
    made = DocumentsDrawer(echo)
    with gr.Blocks():
        made.build()
    return made


async def make(drawer: DocumentsDrawer, request: gr.Request, name: str = "House") -> str:
    updates = shown(await everything(drawer.create(name, [], request)))
    chosen = updates[drawer.collection]
    assert isinstance(chosen, gr.Dropdown) and isinstance(chosen.value, list)
    return str(chosen.value[-1])


async def add(drawer: DocumentsDrawer, request: gr.Request, collection: str, path: Path) -> dict[object, object]:
    return dict(shown(await everything(drawer.take([str(path)], [collection], request))))


async def test_a_collection_is_made_chosen_and_filled(drawer: DocumentsDrawer, ask: Asked, tmp_path: Path) -> None:
    collection = await make(drawer, ask())
    path = tmp_path / "lease.txt"
    path.write_text("The rent is due on the first. <b>Bold</b> tenants pay early.")
    updates = await add(drawer, ask(), collection, path)

    assert "lease.txt" in str(updates[drawer.list]) and "1 passage" in str(updates[drawer.list])
    assert updates[drawer.told] == ""
    assert not path.exists()


async def test_a_bad_file_and_a_bad_name_are_told_in_a_sentence(
    drawer: DocumentsDrawer, ask: Asked, tmp_path: Path
) -> None:
    collection = await make(drawer, ask())
    path = tmp_path / "locked.pdf"
    path.write_bytes(files.pdf(["x"], password="a"))
    updates = await add(drawer, ask(), collection, path)
    taken = shown(await everything(drawer.create("House", [], ask())))

    assert "locked.pdf is locked with a password" in str(updates[drawer.told])
    assert "already" in str(taken[drawer.told])


async def test_a_collection_is_deleted_only_after_asking(drawer: DocumentsDrawer, ask: Asked, echo: Studio) -> None:
    collection = await make(drawer, ask())
    first = gr.EventData(None, {"act": "delete", "id": collection})
    asked = shown(await everything(drawer.act([collection], ask(), first)))
    assert "House" in str(asked[drawer.told]) and "delete_sure" in str(asked[drawer.told])
    assert echo.collections.get(collection, "local").name == "House"

    sure = gr.EventData(None, {"act": "delete_sure", "id": collection})
    await everything(drawer.act([collection], ask(), sure))
    assert echo.collections.page("local", 10) == []


async def test_a_stranger_sees_and_changes_nothing(drawer: DocumentsDrawer, ask: Asked, echo: Studio) -> None:
    collection = await make(drawer, ask())
    stranger = ask("elsewhere", owner="stranger")
    offered = shown(await everything(drawer.load([collection], stranger)))[drawer.collection]
    sure = gr.EventData(None, {"act": "delete_sure", "id": collection})
    refused = shown(await everything(drawer.act([collection], stranger, sure)))

    assert isinstance(offered, gr.Dropdown) and offered.choices == []
    assert "no such collection" in str(refused[drawer.told])
    assert echo.collections.get(collection, "local").name == "House"


async def test_a_conversation_asks_with_its_collection_and_shows_what_it_may_cite(
    echo: Studio, ask: Asked, tmp_path: Path
) -> None:
    panel = ChatPanel(echo, Turns(), Sidebar(echo))
    with gr.Blocks():
        panel.sidebar.build()
        panel.build()
    drawer = panel.drawer.documents
    collection = await make(drawer, ask())
    path = tmp_path / "swans.txt"
    path.write_text("Swans mate for life.")
    await add(drawer, ask(), collection, path)
    given = {panel.ask: "Do swans mate for life? [1]", panel.place: {"id": ""}, drawer.collection: [collection]}
    sent = shown(await everything(panel.send(given, ask())))
    opened = shown(await everything(panel.load(sent[panel.place], ask("other"))))  # type: ignore[arg-type]

    for updates in (sent, opened):
        assert "1 source" in str(updates[panel.facts]) and "swans.txt, lines 1–1" in str(updates[panel.facts])
        assert "view?page=0&start=0&end=20#passage" in str(updates[panel.history])
    chosen = opened[drawer.collection]
    assert isinstance(chosen, gr.Dropdown) and chosen.value == [collection]


async def test_two_collections_are_asked_together_and_each_is_filled_and_emptied_by_itself(
    drawer: DocumentsDrawer, ask: Asked, echo: Studio, tmp_path: Path
) -> None:
    house = await make(drawer, ask())
    second = shown(await everything(drawer.create("Garden", [house], ask())))
    chosen = second[drawer.collection]
    assert isinstance(chosen, gr.Dropdown) and isinstance(chosen.value, list)
    garden = str(chosen.value[-1])
    assert chosen.value == [house, garden]
    assert isinstance(second[drawer.add], gr.UploadButton) and "Garden" in str(second[drawer.add].label)

    path = tmp_path / "roses.txt"
    path.write_text("Roses are pruned in March.")
    filled = shown(await everything(drawer.take([str(path)], [house, garden], ask())))
    assert [file.name for file in echo.collections.files(garden, "local")] == ["roses.txt"]
    assert echo.collections.files(house, "local") == []
    [file] = echo.collections.files(garden, "local")
    assert f"{garden}/{file.id}" in str(filled[drawer.list]) and "House" in str(filled[drawer.list])

    out = gr.EventData(None, {"act": "take_out", "id": f"{garden}/{file.id}"})
    await everything(drawer.act([house, garden], ask(), out))
    assert echo.collections.files(garden, "local") == []
