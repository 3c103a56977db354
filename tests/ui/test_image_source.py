"""A picture to begin from: what there is to paint in, and where what is painted lands."""

from pathlib import Path

import gradio as gr
import PIL.Image
import pytest

from studio import ImageRequest, Studio
from tests.ui.conftest import Asked
from tests.ui.test_panels import laid_out
from ui.image_source import EDITED_PX, PAINTED_PX, Source
from ui.images import ImagesPanel


@pytest.mark.parametrize(
    ("size", "field"),
    [((64, 32), (PAINTED_PX, PAINTED_PX // 2)), ((2, 900), (2, 900)), ((2_048, 1_024), (EDITED_PX, EDITED_PX // 2))],
)
async def test_a_small_picture_is_large_enough_to_paint_in_and_the_mask_lands_on_its_pixels(
    echo: Studio, ask: Asked, tmp_path: Path, size: tuple[int, int], field: tuple[int, int]
) -> None:
    panel = laid_out(ImagesPanel, echo)
    PIL.Image.new("RGB", size, "navy").save(tmp_path / "a.png")
    given = {panel.source.use: "brush", panel.source.source: Source(file=str(tmp_path / "a.png"))}

    editor = (await panel.source.choose_use(given, ask()))[panel.source.editor]
    assert isinstance(editor, gr.ImageEditor) and editor.visible is True
    assert isinstance(editor.value, dict)
    with PIL.Image.open(editor.value["background"]["path"]) as shown:
        assert shown.size == field

    layer = PIL.Image.new("RGBA", field)
    layer.paste((255, 0, 0, 255), (0, 0, field[0] // 2, field[1]))
    asked = panel.source.request(
        ImageRequest(prompt="a boat"), {**given, panel.source.editor: {"layers": [layer]}}, ask()
    )
    assert isinstance(asked, ImageRequest) and asked.mask is not None
    (tmp_path / "mask.png").write_bytes(asked.mask)
    mask = PIL.Image.open(tmp_path / "mask.png").getchannel("A")
    assert mask.size == size
    assert (mask.getpixel((0, size[1] // 2)), mask.getpixel((size[0] - 1, size[1] // 2))) == (0, 255)
