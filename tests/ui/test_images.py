"""Images: the picture that forms, the queue, the gallery, a picture to begin from, a grid, the prompt written out."""

import asyncio
import io
import re
from pathlib import Path

import gradio as gr
import PIL.Image
import pytest
from gradio.components import Component

from studio import Caller, ImageRequest, InvalidRequest, Progress, QueuedImage, Settings, Studio, UpscaleRequest
from tests.echo_models import manifest_of
from tests.ui.conftest import Asked, everything, shown
from tests.ui.test_panels import click, laid_out, wait_for_job
from ui.chat import ChatPanel
from ui.follow import View
from ui.image_gallery import Shown
from ui.image_source import Source
from ui.image_source import masked as masked_by
from ui.images import ImagesPanel, going
from ui.panel import Updates
from ui.sidebar import Sidebar
from ui.words import words_of

LOCAL = Caller(via="ui")


def given(panel: ImagesPanel, prompt: str = "a house", **figures: str) -> dict[Component, object]:
    """What a page sends along: small, quick and always the same, but for what a test says."""
    values = {"width": "64", "height": "64", "num_inference_steps": "6", "seed": "7"} | figures
    return {panel.prompt: prompt, **{panel.form.figures[name]: value for name, value in values.items()}}


def make(panel: ImagesPanel, ask: Asked, prompt: str = "a house", **figures: str) -> "asyncio.Future[list[Updates]]":
    return asyncio.ensure_future(everything(panel.make(given(panel, prompt, **figures), ask())))


def queue_of(studio: Studio) -> list[QueuedImage]:
    """The queue, once all that was submitted to the database is written."""
    studio.preferences.set("test", "flush", None)
    return studio.image_queue(LOCAL)


async def test_a_picture_forms_and_joins_the_gallery(slow_echo: Studio, ask: Asked) -> None:
    panel = laid_out(ImagesPanel, slow_echo)
    updates = await make(panel, ask, num_inference_steps="60")
    told = " ".join(str(update.get(panel.status)) for update in updates)
    assert re.search(r"Step \d+ of 60", told)
    assert any("data:image/png;base64," in str(update.get(panel.preview)) for update in updates)
    page = shown(updates)
    assert page[panel.preview] == ""
    assert "64 × 64 · seed 7" in str(page[panel.status])
    (file,) = slow_echo.artifacts.latest("local", "image/png")
    assert f'src="/files/{file.id}"' in str(page[panel.gallery])


async def test_a_picture_is_cancelled(slow_echo: Studio, ask: Asked) -> None:
    panel = laid_out(ImagesPanel, slow_echo)
    making = make(panel, ask, num_inference_steps="200")
    await wait_for_job(slow_echo)
    panel.stop(ask())
    page = shown(await asyncio.wait_for(making, 30))
    assert "Stopped" in str(page[panel.status])
    assert slow_echo.artifacts.latest("local", "image/png") == []


@pytest.mark.parametrize(
    "odd",
    [{"width": "65"}, {"width": "100000"}, {"num_inference_steps": "0"}, {"seed": "-1"}, {"num_images": "99"},
     {"num_images": "0"}, {"num_inference_steps": "4.5"}, {"guidance_scale": "much"}, {"width": "1e999"}],
)  # fmt: skip
async def test_a_value_that_can_not_be_is_explained(echo: Studio, ask: Asked, odd: dict[str, str]) -> None:
    panel = laid_out(ImagesPanel, echo)
    page = shown(await make(panel, ask, **odd))
    assert 'role="alert"' in str(page[panel.status])


async def test_settings_that_were_never_opened_are_the_models_own(echo: Studio, ask: Asked) -> None:
    panel = laid_out(ImagesPanel, echo)
    page = shown(await everything(panel.make({panel.prompt: "a house"}, ask())))
    assert "<img" in str(page[panel.gallery])


async def test_a_figure_may_have_a_decimal_comma(echo: Studio, ask: Asked) -> None:
    panel = laid_out(ImagesPanel, echo)
    page = shown(await make(panel, ask, guidance_scale="7,5"))
    assert "<img" in str(page[panel.gallery])


async def test_a_reloaded_page_follows_the_picture_that_forms(slow_echo: Studio, ask: Asked) -> None:
    panel = laid_out(ImagesPanel, slow_echo)
    asked = ImageRequest(prompt="a lamp", width=64, height=64, num_inference_steps=30)
    slow_echo.submit(asked, Caller(via="ui"))
    page = shown(await everything(panel.load({}, ask())))
    assert page[panel.prompt] == "a lamp"
    assert "<img" in str(page[panel.gallery])


async def test_pictures_of_others_are_not_shown(echo: Studio, ask: Asked) -> None:
    panel = laid_out(ImagesPanel, echo)
    await make(panel, ask)
    page = shown(await everything(panel.load({}, ask(owner="bob"))))
    assert page[panel.gallery] == ""


async def test_what_waits_is_in_the_queue_and_is_cancelled_and_tried_again(slow_echo: Studio, ask: Asked) -> None:
    panel = laid_out(ImagesPanel, slow_echo)
    making = make(panel, ask, "a lamp", num_inference_steps="200")
    while not (found := queue_of(slow_echo)):
        await asyncio.sleep(0.005)  # polls
    (entry,) = found
    page = await panel.queue.act(ask(), click(act="cancel", id=entry.entry.id))
    assert "a lamp" in str(page[panel.queue.list])
    await asyncio.wait_for(making, 60)

    listed = await panel.queue.drawn(ask())
    assert "cancelled" in listed and 'data-act="retry"' in listed
    assert "a lamp" not in await panel.queue.drawn(ask(owner="bob"))
    retried = panel.retry({}, ask(), click(act="retry", id=entry.entry.id))
    page = shown(await asyncio.wait_for(everything(retried), 120))
    assert page[panel.queue.list] == ""
    assert "<img" in str(page[panel.gallery])
    gone = shown(await everything(panel.retry({}, ask(), click(act="retry", id=entry.entry.id))))
    assert 'role="alert"' in str(gone[panel.status])


async def test_a_picture_fills_the_form_as_it_was_made(echo: Studio, ask: Asked, tmp_path: Path) -> None:
    panel = laid_out(ImagesPanel, echo)
    await make(panel, ask, "a red boat", seed="9")
    (file,) = echo.artifacts.latest("local", "image/png")
    dropped = tmp_path / "dropped.png"
    dropped.write_bytes(file.path.read_bytes())

    by_click = await panel.pick({}, ask(), click(act="again", id=file.id))
    by_drop = await panel.take_file({panel.source.file: str(dropped)}, ask())

    for page in (by_click, by_drop):
        assert page[panel.prompt] == "a red boat"
        assert page[panel.form.figures["seed"]] == "9"
        assert page[panel.form.figures["width"]] == "64"
        assert page[panel.form.figures["num_inference_steps"]] == "6"
    assert "filled" in str(by_drop[panel.source.told])


@pytest.mark.parametrize("bomb", [True, False])
async def test_a_file_that_is_too_much_or_no_picture_is_refused(
    echo: Studio, ask: Asked, tmp_path: Path, bomb: bool
) -> None:
    panel = laid_out(ImagesPanel, echo)
    dropped = tmp_path / "dropped.png"
    if bomb:
        PIL.Image.new("1", (30_000, 30_000)).save(dropped)
    else:
        dropped.write_bytes(b"\x89PNG\r\n\x1a\nnothing more")
    page = await panel.take_file({panel.source.file: str(dropped)}, ask())

    assert 'role="alert"' in str(page[panel.source.told])
    assert ("pixels" in str(page[panel.source.told])) == bomb
    assert page[panel.source.source] == Source()


async def test_a_picture_of_the_gallery_is_enlarged(echo: Studio, ask: Asked) -> None:
    panel = laid_out(ImagesPanel, echo)
    await make(panel, ask)
    (file,) = echo.artifacts.latest("local", "image/png")
    page = await panel.pick({}, ask(), click(act="start", id=file.id))
    source = page[panel.source.source]

    asked = {**given(panel), panel.source.source: source, panel.source.use: "enlarge", panel.source.scale: 3}
    updates = shown(await everything(panel.make(asked, ask())))
    large = echo.artifacts.latest("local", "image/png")[0]
    assert large.details == {"width": 192, "height": 192, "enlarged": 3}
    assert large.name == "hearth-enlarged.png"
    assert "192 × 192 · enlarged 3 ×" in (told := str(updates[panel.status])) and "seed" not in told


def test_what_is_painted_becomes_the_mask(echo: Studio, ask: Asked) -> None:
    panel = laid_out(ImagesPanel, echo)
    picture, layer = PIL.Image.new("RGB", (64, 32), "red"), PIL.Image.new("RGBA", (32, 16))
    layer.paste((255, 0, 0, 255), (0, 0, 16, 16))
    file = io.BytesIO()
    picture.save(file, "PNG")
    asked = ImageRequest(prompt="a boat", image=file.getvalue())

    masked = masked_by(asked, {"layers": [layer]}, words_of(ask()))

    mask = PIL.Image.open(io.BytesIO(masked.mask or b"")).getchannel("A")
    assert mask.size == (64, 32)
    assert (mask.getpixel((4, 4)), mask.getpixel((60, 4))) == (0, 255)
    with pytest.raises(InvalidRequest, match="Nothing is painted"):
        masked_by(asked, {"layers": [PIL.Image.new("RGBA", (32, 16))]}, words_of(ask()))
    assert panel.source.request(asked, {}, ask()) is asked


async def test_a_grid_draws_each_pair_of_values(echo: Studio, ask: Asked) -> None:
    panel = laid_out(ImagesPanel, echo)
    asked = {
        **given(panel),
        panel.grid.x: "seed",
        panel.grid.x_values: "1, 2, 3",
        panel.grid.y: "num_inference_steps",
        panel.grid.y_values: "2, 4",
    }
    page = shown(await asyncio.wait_for(everything(panel.draw_grid(asked, ask())), 120))

    assert str(page[panel.grid.table]).count("<img") == 6
    assert "Seed × Steps · 6 of 6" in str(page[panel.grid.table])
    reloaded = shown(await everything(panel.load({}, ask("another page"))))
    assert str(reloaded[panel.grid.table]).count("<img") == 6
    assert panel.grid.table in panel.kept_up
    seeds = [file.details["seed"] for file in echo.artifacts.latest("local", "image/png")]
    assert sorted(seeds) == [1, 1, 2, 2, 3, 3]
    assert await panel.grid.act(ask(owner="bob"), click(act="close")) == {panel.grid.table: ""}
    assert "<img" in await panel.grid.drawn(ask())
    assert await panel.grid.act(ask(), click(act="close")) == {panel.grid.table: ""}
    for odd in ({panel.grid.x_values: ""}, {panel.grid.y: "seed"}, {panel.grid.x_values: "1," * 90}):
        refused = shown(await everything(panel.draw_grid({**asked, **odd}, ask())))
        assert 'role="alert"' in str(refused[panel.status])


async def test_what_differs_along_a_grid_is_told_in_the_queue(slow_echo: Studio, ask: Asked) -> None:
    panel = laid_out(ImagesPanel, slow_echo)
    asked = {
        **given(panel),
        panel.form.prompt: "a red house beside the sea, with a long description of all that is to be seen around it",
        panel.grid.x: "prompt",
        panel.grid.x_values: "by day, by night",
        panel.grid.y: "num_inference_steps",
        panel.grid.y_values: "150, 200",
    }
    drawing = asyncio.create_task(everything(panel.draw_grid(asked, ask())))
    while len(queue_of(slow_echo)) < 4:
        await asyncio.sleep(0.005)  # polls
    listed = await panel.queue.drawn(ask(language="pl"))
    assert all(told in listed for told in ("by day", "by night", "Kroki 150", "Kroki 200"))
    assert 'aria-label="Anuluj: a red house' in listed and "Ziarno 7 · Kroki 200" in listed
    await panel.grid.act(ask(), click(act="cancel"))
    await asyncio.wait_for(drawing, 60)


async def test_a_style_adds_its_words_and_the_chat_model_improves_a_prompt(echo: Studio, ask: Asked) -> None:
    panel = laid_out(ImagesPanel, echo)
    await everything(panel.make({**given(panel), panel.form.style: "pencil"}, ask()))
    (row,) = echo.interactions.page("local", 5)
    assert row.input == "pencil drawing of a house, fine hatching, white paper"

    improved = shown(await everything(panel.improve_prompt({panel.prompt: "a  boat"}, ask())))
    assert improved[panel.prompt] == "a boat"  # what the echo says
    back = shown(await everything(panel.act({}, ask(), click(act="unwrite", id="a  boat"))))
    assert 'data-act="unwrite" data-id="a  boat"' in str(improved[panel.status])
    assert back[panel.prompt] == "a  boat"
    empty = shown(await everything(panel.improve_prompt({}, ask())))
    assert "Write a few words first" in str(empty[panel.status])


async def test_the_writing_of_a_prompt_is_stopped_and_the_persons_words_stay(slow_echo: Studio, ask: Asked) -> None:
    panel = laid_out(ImagesPanel, slow_echo)
    prompt = "a boat " * 500
    writing = asyncio.ensure_future(everything(panel.improve_prompt({panel.prompt: prompt}, ask())))
    while not panel._writing:
        await asyncio.sleep(0.005)  # polls
    panel.stop(ask("another page"))
    panel.stop(ask())
    page = shown(await asyncio.wait_for(writing, 60))
    assert panel.prompt not in page
    assert "Stopped" in str(page[panel.status])


async def test_each_picture_of_a_batch_is_shown_as_soon_as_it_is_done(slow_echo: Studio, ask: Asked) -> None:
    panel = laid_out(ImagesPanel, slow_echo)
    state = Shown()
    asked = {**given(panel, num_images="4", num_inference_steps="40"), panel.found.shown: state}
    counts, told = [], ""
    async for updates in panel.make(asked, ask()):
        if panel.gallery in updates:
            counts.append(str(updates[panel.gallery]).count("<li"))
        told += str(updates.get(panel.status, ""))
        # What a page looks for meanwhile is not undone by the next picture.
        if counts == [1]:
            await panel.found.find({panel.found.search: "nothing like it", panel.found.shown: state}, ask())
            counts.append(-1)
    assert counts[:2] == [1, -1] and set(counts[2:]) == {0} and len(counts) >= 4
    assert re.search(r"Image 2 of 4 · Step \d+ of 40", told)


async def test_what_the_model_says_of_the_whole_prompt_stays_in_sight(echo: Studio, ask: Asked) -> None:
    view = View(echo.submit(ImageRequest(prompt="a house", width=64, height=64), LOCAL))
    for number, event in enumerate((Progress(0, 4, "Its end is left out."), Progress(3, 4)), start=1):
        view.apply(number, event)
    assert "Its end is left out." in going(words_of(ask()), view)


async def test_chosen_pictures_are_compared_and_deleted(echo: Studio, ask: Asked) -> None:
    panel = laid_out(ImagesPanel, echo)
    await make(panel, ask, num_images="2")
    page: dict[Component, object] = {}
    for file in echo.artifacts.latest("local", "image/png"):
        page |= await panel.pick(page, ask(), click(act="choose", id=file.id))
    assert "2 chosen" in str(page[panel.found.tools])
    compared = await panel.found.use_tool(page, ask(), click(act="compare"))
    assert str(compared[panel.found.compared]).count("<img") == 2
    page |= await panel.found.use_tool(page, ask(), click(act="delete"))
    assert page[panel.gallery] == "" and "2 images deleted" in str(page[panel.found.tools])
    assert echo.artifacts.latest("local", "image/png") == []
    for field in (panel.found.search, panel.found.starred):  # nothing is left to look for
        nothing = await panel.found.find({**page, field: "boat" if field is panel.found.search else True}, ask())
        assert nothing[panel.gallery] == ""
    page |= await panel.found.use_tool(page, ask(), click(act="restore"))
    assert str(page[panel.gallery]).count("<li") == 2 and page[panel.found.tools] == ""


async def test_a_picture_goes_into_the_chats_composer_and_stays_in_the_gallery(
    echo: Studio, ask: Asked, demo: gr.Blocks
) -> None:
    panel = laid_out(ImagesPanel, echo)
    await make(panel, ask)
    (file,) = echo.artifacts.latest("local", "image/png")
    fill = await panel.pick({}, ask(), click(act="to-chat", id=file.id))
    assert panel.prompt not in fill, "the form stays as it is"

    with gr.Blocks():
        chat = ChatPanel(echo, panel.turns, Sidebar(echo))
        chat.build()
        send = panel.found.sender(chat.attachments)
    page = shown(await everything(send({}, ask(), click(act="to-chat", id=file.id))))
    assert "hearth-7.png" in str(page[chat.attachments.chips])
    assert len(page[chat.attachments.chosen]) == 1
    assert file.path.is_file()
    gone = shown(await everything(send({}, ask(owner="bob"), click(act="to-chat", id=file.id))))
    assert 'role="alert"' in str(gone[chat.attachments.chips])


async def test_a_model_that_is_put_there_while_the_page_is_open_is_offered(tmp_path: Path, ask: Asked) -> None:
    with Studio.open(Settings(data_dir=tmp_path, ollama_host="http://127.0.0.1:9", no_starters=True)) as studio:
        panel = laid_out(ImagesPanel, studio)
        told = panel.start.drawn(words_of(ask(language="pl")), LOCAL)
        assert "python app.py models import FOLDER" in told and "Bez internetu" in told
        assert panel.list_models(None, ask())[panel.form.model].value is None
        folder = tmp_path / "models" / "diffusers" / "painter"
        folder.mkdir(parents=True)
        (folder / "model_index.json").write_text('{"_class_name": "StableDiffusionPipeline"}')
        (folder / "hearth.json").write_text(manifest_of("painter", "diffusers", "image"))
        assert panel.list_models(None, ask())[panel.form.model].value == "painter"


async def test_a_model_that_enlarges_is_offered_there_and_not_for_drawing(
    tmp_path: Path, ask: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, made in (("enlarger", "StableDiffusionUpscalePipeline"), ("painter", "StableDiffusionPipeline")):
        folder = tmp_path / "models" / "diffusers" / name
        folder.mkdir(parents=True)
        (folder / "model_index.json").write_text(f'{{"_class_name": "{made}"}}')
        (folder / "hearth.json").write_text(manifest_of(name, "diffusers", "image"))
    with Studio.open(Settings(data_dir=tmp_path, ollama_host="http://127.0.0.1:9", no_starters=True)) as studio:
        panel = laid_out(ImagesPanel, studio)
        told = panel.form.tell(None, words_of(ask()))
        assert told[panel.form.model].choices == [("Painter", "painter")]
        source = tmp_path / "source.png"
        PIL.Image.new("RGB", (8, 8)).save(source)
        given = {panel.source.use: "enlarge", panel.source.source: Source(file=str(source))}

        page = await panel.source.choose_use(given, ask())
        assert [name for _, name in page[panel.source.enlarger].choices] == ["", "enlarger"]
        by_model = {**given, panel.source.enlarger: "enlarger", panel.source.scale: 2}
        request = panel.source.request(ImageRequest(prompt="a boat"), by_model, ask())
        assert isinstance(request, UpscaleRequest)
        assert (request.model, request.scale, request.prompt) == ("enlarger", 4, "a boat")
        plain = panel.source.request(ImageRequest(prompt=""), {**given, panel.source.scale: 3}, ask())
        assert isinstance(plain, UpscaleRequest) and (plain.model, plain.scale) == (None, 3)


def test_the_same_seed_gives_the_same_pixels_over_every_surface(echo: Studio, ask: Asked) -> None:
    panel = laid_out(ImagesPanel, echo)
    figures = {"width": 64, "height": 64, "num_inference_steps": 6}
    asyncio.run(everything(panel.make(given(panel, num_images="2", seed="6"), ask())))
    of_a_client = echo.submit(ImageRequest(prompt="a house", seed=7, **figures), Caller(via="api"))
    of_a_client.wait()
    echo.image("a house", seed=7, **figures)

    made = [file for file in echo.artifacts.latest("local", "image/png") if file.details["seed"] == 7]
    pixels = [PIL.Image.open(io.BytesIO(file.path.read_bytes())).tobytes() for file in made]
    assert len(pixels) == 3 and len(set(pixels)) == 1
